/* Asking a primary: SOA queries and transfers. */
#include <inttypes.h>
#include <stdlib.h>
#include <urcu/compiler.h>

#include "authd/manage/commit.h"
#include "authd/manage/secondary_state.h"
#include "lib/base/memory.h"

enum { LARGE_ZONE = 100000 };      /* records; receiving a zone of so many leaves a lot of memory free, worth giving back */

/* ---- SOA queries ---------------------------------------------------------------------------------------------------------------------- */

static void on_soa_reply(struct outbound_query *query, const uint8_t *wire, size_t len)
{
	struct secondary *s = caa_container_of(query, struct secondary, query);
	char text[NETADDR_TEXT_SIZE];
	struct message message;
	uint32_t serial;
	unsigned rcode;

	if (message_read(&message, wire, len) != ZT_OK)
		return;
	int status = soa_reply_read(&message, query->id, s->entry->apex, &serial, &rcode);
	if (status == ZT_EMALFORMED)
		return;
	outbound_query_close(s->manage->outbound, query);
	if (status == ZT_OK) {
		refresh_on_soa(&s->refresh, s->ticket, serial, secondary_now(s));
	} else {
		if (log_limit_passes(&s->manage->log_refreshes, s->manage->log))
			log_info(s->manage->log, "zone %s: primary %s answers the SOA query with %s%s", s->entry->name,
				 secondary_primary_text(s, s->primary, text), rcode_to_text(rcode), rcode == RCODE_NOERROR ? " but no authority or no SOA" : "");
		refresh_on_soa_failed(&s->refresh, s->ticket, secondary_now(s));
	}
	secondary_run(s);
}

/* Who goes ahead of whom where many want something of one primary. */
static enum errand_urgency urgency_of(const struct secondary *s)
{
	const struct refresh *refresh = &s->refresh;

	if (refresh->round_notified)
		return ERRAND_NOTIFIED;
	/* Who has been found to be behind is as badly off as who has nothing. */
	return refresh->has_zone && !refresh->expired && !refresh->round_has_serial ? ERRAND_TIMER : ERRAND_UNSERVED;
}

static void on_soa_sent(struct outbound_query *query)
{
	struct secondary *s = caa_container_of(query, struct secondary, query);

	refresh_on_asked(&s->refresh, s->ticket, secondary_now(s));
	secondary_run(s);
}

static void on_soa_fail(struct outbound_query *query, int status)
{
	struct secondary *s = caa_container_of(query, struct secondary, query);

	(void)status;      /* outbound has told of it once for all zones */
	refresh_on_soa_failed(&s->refresh, s->ticket, secondary_now(s));
	secondary_run(s);
}

void secondary_soa_ask(struct secondary *s, const struct refresh_action *action)
{
	struct outbound *outbound = s->manage->outbound;
	bool is_again = s->query.open && s->ticket == action->ticket;
	int status = ZT_OK;

	s->ticket = action->ticket;
	s->primary = action->primary;
	s->query.remote = &s->primaries[action->primary];
	if (!is_again) {
		s->query.urgency = urgency_of(s);
		status = outbound_query_open(outbound, &s->query);
		if (status == ZT_OK)
			status = soa_query_write(s->question, sizeof(s->question), s->query.id, s->entry->apex, &s->question_len);
	}
	if (status == ZT_OK)
		status = outbound_query_send(outbound, &s->query, s->question, s->question_len);
	if (status == ZT_OK && outbound_query_waits(&s->query))
		refresh_on_queued(&s->refresh, action->ticket, secondary_now(s));
	if (status != ZT_OK) {
		char text[NETADDR_TEXT_SIZE];
		if (status != ZT_ETIMEOUT && log_limit_passes(&s->manage->log_refreshes, s->manage->log))
			log_warn(s->manage->log, "zone %s: cannot send a SOA query to primary %s: %s; the next one is asked, is there a route to this?", s->entry->name,
				 secondary_primary_text(s, action->primary, text), status_text(status));
		outbound_query_close(outbound, &s->query);
		refresh_on_soa_failed(&s->refresh, action->ticket, secondary_now(s));
	}
}

/* ---- transfers --------------------------------------------------------------------------------------------------------------------------- */

void secondary_transfer_drop(struct secondary *s)
{
	outbound_transfer_close(s->manage->outbound, &s->transfer);
	xfr_in_free(s->in);
	s->in = NULL;
}

void secondary_failure_note(struct secondary *s, const char *what)
{
	char text[NETADDR_TEXT_SIZE];

	zone_entry_fail(s->entry, "%s from %s failed: %s", s->refresh.rung == REFRESH_AXFR ? "AXFR" : "IXFR",
		 secondary_primary_text(s, s->primary, text), what);
	if (log_limit_passes(&s->manage->log_refreshes, s->manage->log))
		log_warn(s->manage->log, "zone %s: %s", s->entry->name, s->entry->last_error);
}

static void on_transfer_start(struct outbound_transfer *transfer)
{
	struct secondary *s = caa_container_of(transfer, struct secondary, transfer);

	s->asked_at = secondary_now(s);
	refresh_on_progress(&s->refresh, s->ticket, secondary_now(s));
	secondary_run(s);
}

static enum outbound_verdict on_transfer_message(struct outbound_transfer *transfer, const uint8_t *wire, size_t len)
{
	struct secondary *s = caa_container_of(transfer, struct secondary, transfer);

	if (s->group.count > 0 && s->asked_at > 0)
		group_note_rtt(&s->group, s->primary, secondary_now(s) - s->asked_at);
	s->asked_at = 0;
	refresh_on_progress(&s->refresh, s->ticket, secondary_now(s));
	s->result = xfr_in_message(s->in, wire, len);
	if (s->result == XFR_IN_MORE)
		return OUTBOUND_MORE;
	return xfr_in_is_complete(s->in) ? OUTBOUND_DONE : OUTBOUND_DROP;
}

static void committed_note(struct secondary *s, uint32_t from)
{
	char text[NETADDR_TEXT_SIZE];
	bool is_whole = xfr_in_style(s->in) == XFR_IN_WHOLE;

	s->has_transferred = true;
	s->last_style = xfr_in_style(s->in);
	s->last_from = s->primaries[s->primary].address;
	s->last_wall = clock_wall(s->manage->clock);
	zone_entry_clear_error(s->entry);
	s->alarm[0] = '\0';
	log_info(s->manage->log, "zone %s: serial %" PRIu32 " -> %" PRIu32 " by %s from %s: %" PRIu32 " differences, %" PRIu64 " records, %" PRIu64
		 " bytes, %.3f ms", s->entry->name, from, xfr_in_serial(s->in), is_whole ? "AXFR" : "IXFR",
		 secondary_primary_text(s, s->primary, text), xfr_in_differences(s->in), xfr_in_records(s->in), xfr_in_bytes(s->in),
		 (double)(secondary_now(s) - s->started) / USEC_PER_MSEC);
}

/* Makes the received version ours. */
static void received_commit(struct secondary *s)
{
	uint8_t data[SECONDARY_STATE_SIZE];
	struct journal_state state;
	struct commit_item item = {
		.entry = s->entry, .edit = xfr_in_take_edit(s->in), .states = &state, .state_count = 1,
		.source = xfr_in_style(s->in) == XFR_IN_WHOLE ? JOURNAL_AXFR : JOURNAL_IXFR,
	};
	uint32_t from = zone_version_serial(zone_current(s->entry->zone)), ticket = s->ticket;
	struct refresh_timers timers;

	secondary_state_write(s, &state, data);
	commit_edits(s->manage, &item, 1);
	if (item.status == ZT_OK && secondary_timers(zone_current(s->entry->zone), &timers)) {
		atomic_store(&s->entry->served->state, SERVED_OK);
		committed_note(s, from);
		if (s->relay)
			relay_on_change(s->relay, (int)s->primary);
		refresh_on_committed(&s->refresh, ticket, &timers, secondary_now(s));
		return;
	}
	secondary_failure_note(s, item.error);
	bool is_theirs = item.status == ZT_EZONE || item.status == ZT_ESERIAL;
	refresh_on_failed(&s->refresh, ticket, is_theirs ? REFRESH_FAILED_ANSWER : REFRESH_FAILED_LOCAL, secondary_now(s));
}

static void received_failed(struct secondary *s)
{
	const struct xfr_in_failure *failure = xfr_in_failure(s->in);
	bool is_ours = failure->status == ZT_ENOMEM || failure->status == ZT_EBUSY;

	secondary_failure_note(s, failure->text);
	refresh_on_failed(&s->refresh, s->ticket, is_ours ? REFRESH_FAILED_LOCAL : REFRESH_FAILED_ANSWER, secondary_now(s));
}

static void on_transfer_end(struct outbound_transfer *transfer, int status)
{
	struct secondary *s = caa_container_of(transfer, struct secondary, transfer);

	if (status != ZT_OK) {
		secondary_failure_note(s, status_text(status));
		refresh_on_failed(&s->refresh, s->ticket, transfer->answered ? REFRESH_FAILED_ANSWER : REFRESH_FAILED_CONNECT, secondary_now(s));
	} else if (s->result == XFR_IN_DONE) {
		received_commit(s);
	} else if (s->result == XFR_IN_CURRENT) {
		refresh_on_current(&s->refresh, s->ticket, xfr_in_serial(s->in), secondary_now(s));
	} else {
		received_failed(s);
	}
	bool was_large = xfr_in_style(s->in) == XFR_IN_WHOLE && xfr_in_records(s->in) >= LARGE_ZONE;
	xfr_in_free(s->in);
	s->in = NULL;
	if (was_large)
		memory_trim();
	secondary_run(s);
}

void secondary_transfer_begin(struct secondary *s, const struct refresh_action *action)
{
	struct xfr_in_config config = {
		.zone = s->entry->zone, .key = &s->manage->fingerprint_key, .type = action->kind == REFRESH_IXFR ? TYPE_IXFR : TYPE_AXFR,
		.id = secure_rng_u16(&s->manage->secure_rng), .any_serial = action->any_serial,
	};

	secondary_transfer_drop(s);
	s->ticket = action->ticket;
	s->primary = action->primary;
	s->started = secondary_now(s);
	s->transfer.remote = &s->primaries[action->primary];
	s->transfer.urgency = urgency_of(s);
	int status = xfr_in_new(&config, &s->in);
	if (status == ZT_OK)
		status = xfr_in_query(s->in, s->question, sizeof(s->question), &s->question_len);
	if (status == ZT_OK) {
		s->transfer.question = s->question;
		s->transfer.question_len = s->question_len;
		status = outbound_transfer_open(s->manage->outbound, &s->transfer);
	}
	if (status != ZT_OK) {
		secondary_failure_note(s, status_text(status));
		secondary_transfer_drop(s);
		refresh_on_failed(&s->refresh, action->ticket, status == ZT_ENOMEM ? REFRESH_FAILED_LOCAL : REFRESH_FAILED_CONNECT, secondary_now(s));
	} else if (s->transfer.link) {
		s->asked_at = secondary_now(s);
		refresh_on_progress(&s->refresh, action->ticket, secondary_now(s));
	}
}

void secondary_transfer_init(struct secondary *s)
{
	s->query.on_reply = on_soa_reply;
	s->query.on_sent = on_soa_sent;
	s->query.on_fail = on_soa_fail;
	s->transfer.on_start = on_transfer_start;
	s->transfer.on_message = on_transfer_message;
	s->transfer.on_end = on_transfer_end;
}

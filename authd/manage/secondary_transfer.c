/* Transfers from a primary. */
#include <inttypes.h>
#include <stdlib.h>
#include <urcu/compiler.h>

#include "authd/manage/commit.h"
#include "authd/manage/secondary_state.h"
#include "lib/base/memory.h"

enum {
	LARGE_ZONE = 100000,      /* records; receiving a zone of so many leaves a lot of memory free, worth giving back */
	MANY_ZONES = 500,         /* the same: what each of them needs for a moment leaves holes of 64 KiB between what stays */
};

/* ---- transfers --------------------------------------------------------------------------------------------------------------------------- */

void secondary_transfer_drop(struct secondary *s)
{
	outbound_transfer_close(s->manage->outbound, &s->transfer);
	secondary_reconcile_drop(s);
	xfr_in_free(s->in);
	s->in = NULL;
}

static const char *kind_text(const struct secondary *s)
{
	switch (s->action.kind) {
	case REFRESH_IXFR: return "IXFR";
	case REFRESH_RECONCILE: return "reconciliation";
	default: return "AXFR";
	}
}

static enum ladder_kind kind_of(const struct secondary *s)
{
	switch (s->action.kind) {
	case REFRESH_IXFR: return LADDER_IXFR;
	case REFRESH_RECONCILE: return LADDER_RECONCILIATION;
	default: return LADDER_AXFR;
	}
}

void secondary_failure_note(struct secondary *s, const char *what)
{
	char text[NETADDR_TEXT_SIZE];

	secondary_step_note(s, kind_of(s), LADDER_FAILED, what);
	zone_entry_fail(s->entry, "%s from %s failed: %s", kind_text(s), secondary_primary_text(s, s->primary, text), what);
	if (log_limit_passes(&s->manage->log_refreshes, s->manage->log))
		log_warn(s->manage->log, "zone %s: %s", s->entry->name, s->entry->last_error);
}

void secondary_transfer_on_start(struct outbound_transfer *transfer)
{
	struct secondary *s = caa_container_of(transfer, struct secondary, transfer);

	s->asked_at = secondary_now(s);
	refresh_on_progress(&s->refresh, s->ticket, secondary_now(s));
	secondary_run(s);
}

/* Keeps what the options of an answer's first message say. Whether it holds one record and no more. */
static bool first_message_read(struct secondary *s, const uint8_t *wire, size_t len)
{
	struct message message;

	s->said = (struct xfr_edns){ 0 };
	if (message_read(&message, wire, len) != ZT_OK)
		return false;
	xfr_edns_read(&message, &s->said);
	return message.count[SECTION_ANSWER] == 1;
}

static enum outbound_verdict on_transfer_message(struct outbound_transfer *transfer, const uint8_t *wire, size_t len)
{
	struct secondary *s = caa_container_of(transfer, struct secondary, transfer);

	if (s->group.count > 0 && s->asked_at > 0)
		group_note_rtt(&s->group, s->primary, secondary_now(s) - s->asked_at);
	s->asked_at = 0;
	refresh_on_progress(&s->refresh, s->ticket, secondary_now(s));
	bool is_first = s->received == 0, is_soa_alone = is_first && first_message_read(s, wire, len);
	s->received += len;
	s->result = xfr_in_message(s->in, wire, len);
	/* To a question for differences, from who says that it reconciles: there are none from our version to its own. */
	s->is_offered = s->result == XFR_IN_MORE && is_soa_alone && s->action.kind == REFRESH_IXFR && s->said.has_zsync &&
			(s->said.zsync.flags & ZSYNC_RECONCILES);
	if (s->is_offered)
		return OUTBOUND_DONE;
	if (s->result == XFR_IN_MORE)
		return OUTBOUND_MORE;
	return xfr_in_is_complete(s->in) ? OUTBOUND_DONE : OUTBOUND_DROP;
}

/* The seconds that the received version is older already than one that is confirmed now (RFC 7314). */
static usec_t received_age(const struct secondary *s, const struct zone_version *version)
{
	struct refresh_timers timers;

	if (!s->said.has_expire || !secondary_timers(version, &timers) || s->said.expire >= timers.expire)
		return 0;
	return (timers.expire - s->said.expire) * USEC_PER_SEC;
}

void secondary_commit(struct secondary *s, const struct secondary_receipt *receipt)
{
	uint8_t data[SECONDARY_STATE_SIZE];
	struct journal_state state;
	struct commit_item item = {
		.entry = s->entry, .edit = receipt->edit, .states = &state, .state_count = 1, .source = receipt->source,
	};
	uint32_t from = zone_version_serial(zone_current(s->entry->zone)), ticket = s->ticket;
	struct refresh_peer peer = { .has_expire = s->said.has_expire, .expire = s->said.expire };
	struct refresh_timers timers;
	char text[NETADDR_TEXT_SIZE];

	secondary_state_write(s, received_age(s, zone_edit_view(receipt->edit)), &state, data);
	commit_edits(s->manage, &item, 1);
	if (item.status != ZT_OK || !secondary_timers(zone_current(s->entry->zone), &timers)) {
		secondary_failure_note(s, item.error);
		bool is_theirs = item.status == ZT_EZONE || item.status == ZT_ESERIAL;
		refresh_on_failed(&s->refresh, ticket, is_theirs ? REFRESH_FAILED_ANSWER : REFRESH_FAILED_LOCAL, secondary_now(s));
		return;
	}
	atomic_store(&s->entry->served->state, SERVED_OK);
	s->peer_serial = timers.serial;
	s->last_source = receipt->source;
	s->last_from = s->primaries[s->primary].address;
	s->last_wall = clock_wall(s->manage->clock);
	zone_entry_clear_error(s->entry);
	s->alarm[0] = '\0';
	secondary_step_note(s, kind_of(s), LADDER_TAKEN, s->action.any_serial ? "whatever its serial" : "");
	log_info(s->manage->log, "zone %s: serial %" PRIu32 " -> %" PRIu32 " by %s from %s: %" PRIu32 " differences, %" PRIu64 " records, %" PRIu64
		 " bytes, %.3f ms", s->entry->name, from, timers.serial, receipt->what, secondary_primary_text(s, s->primary, text), receipt->differences,
		 receipt->records, s->received, (double)(secondary_now(s) - s->started) / USEC_PER_MSEC);
	if (s->relay)
		relay_on_change(s->relay, (int)s->primary);
	refresh_on_peer(&s->refresh, ticket, &peer);
	refresh_on_committed(&s->refresh, ticket, &timers, secondary_now(s));
}

/* Makes the received version ours. */
static void received_commit(struct secondary *s)
{
	bool is_whole = xfr_in_style(s->in) == XFR_IN_WHOLE;
	struct secondary_receipt receipt = {
		.edit = xfr_in_take_edit(s->in), .source = is_whole ? JOURNAL_AXFR : JOURNAL_IXFR, .what = is_whole ? "AXFR" : "IXFR",
		.differences = xfr_in_differences(s->in), .records = xfr_in_records(s->in),
	};

	secondary_commit(s, &receipt);
}

void secondary_current(struct secondary *s, uint32_t serial)
{
	struct refresh_peer peer = secondary_judge(s, &s->said, serial);

	s->peer_serial = serial;
	secondary_step_note(s, kind_of(s), secondary_result_of(s, serial, peer.content), "");
	refresh_on_peer(&s->refresh, s->ticket, &peer);
	refresh_on_current(&s->refresh, s->ticket, serial, secondary_now(s));
}

void secondary_ladder_down(struct secondary *s, enum refresh_failure failure)
{
	struct refresh_peer peer = secondary_judge(s, &s->said, s->said.zsync.serial);

	refresh_on_peer(&s->refresh, s->ticket, &peer);
	refresh_on_failed(&s->refresh, s->ticket, failure, secondary_now(s));
}

static void received_offer(struct secondary *s)
{
	bool is_foreign = s->said.zsync.flags & ZSYNC_DIVERGED;

	s->peer_serial = xfr_in_serial(s->in);
	secondary_step_note(s, LADDER_IXFR, LADDER_OFFERED, is_foreign ? "our version is none of the primary's" : "the primary's history does not reach back to our version");
	secondary_ladder_down(s, REFRESH_FAILED_ANSWER);
}

static void received_failed(struct secondary *s)
{
	const struct xfr_in_failure *failure = xfr_in_failure(s->in);
	bool is_ours = failure->status == ZT_ENOMEM || failure->status == ZT_EBUSY;

	secondary_failure_note(s, failure->text);
	secondary_ladder_down(s, is_ours ? REFRESH_FAILED_LOCAL : REFRESH_FAILED_ANSWER);
}

/* One that was there and closed says no to the question; without any, others are asked. */
void secondary_connection_failed(struct secondary *s, int status)
{
	secondary_failure_note(s, s->transfer.why ? s->transfer.why : status_text(status));
	if (status == ZT_ECLOSED && !s->transfer.answered)
		secondary_plain_wanted(s, RCODE_FORMERR);
	secondary_ladder_down(s, s->transfer.answered || status == ZT_ECLOSED ? REFRESH_FAILED_ANSWER : REFRESH_FAILED_CONNECT);
}

static void on_transfer_end(struct outbound_transfer *transfer, int status)
{
	struct secondary *s = caa_container_of(transfer, struct secondary, transfer);

	if (status == ZT_OK && s->result == XFR_IN_FAILED && secondary_plain_wanted(s, xfr_in_failure(s->in)->rcode)) {
		secondary_transfer_begin(s, &s->action);
		secondary_run(s);
		return;
	}
	if (status != ZT_OK)
		secondary_connection_failed(s, status);
	else if (s->is_offered)
		received_offer(s);
	else if (s->result == XFR_IN_DONE)
		received_commit(s);
	else if (s->result == XFR_IN_CURRENT)
		secondary_current(s, xfr_in_serial(s->in));
	else
		received_failed(s);
	bool is_whole = xfr_in_style(s->in) == XFR_IN_WHOLE;
	s->manage->whole_transfers += is_whole;
	bool left_much = s->manage->whole_transfers >= MANY_ZONES || (is_whole && xfr_in_records(s->in) >= LARGE_ZONE);
	xfr_in_free(s->in);
	s->in = NULL;
	if (left_much) {
		s->manage->whole_transfers = 0;
		memory_trim();
	}
	secondary_run(s);
}

void secondary_transfer_prepare(struct secondary *s, const struct refresh_action *action)
{
	secondary_transfer_drop(s);
	s->ticket = action->ticket;
	s->primary = action->primary;
	s->started = secondary_now(s);
	s->action = *action;
	s->received = 0;
	s->is_offered = false;
	s->transfer.remote = &s->primaries[action->primary];
	s->transfer.urgency = secondary_urgency(s);
}

/* Of a question that could not be asked. */
static enum refresh_failure failure_of(int status)
{
	switch (status) {
	case ZT_ENOMEM: return REFRESH_FAILED_LOCAL;
	case ZT_ELIMIT: return REFRESH_FAILED_ANSWER;      /* reconciliation can't tell of our version, a whole zone can be asked for */
	default: return REFRESH_FAILED_CONNECT;
	}
}

void secondary_transfer_open(struct secondary *s, int status)
{
	if (status == ZT_OK)
		status = outbound_transfer_open(s->manage->outbound, &s->transfer);
	if (status != ZT_OK) {
		secondary_failure_note(s, status_text(status));
		secondary_transfer_drop(s);
		refresh_on_failed(&s->refresh, s->ticket, failure_of(status), secondary_now(s));
	} else if (s->transfer.link) {
		s->asked_at = secondary_now(s);
		refresh_on_progress(&s->refresh, s->ticket, secondary_now(s));
	}
}

void secondary_transfer_begin(struct secondary *s, const struct refresh_action *action)
{
	struct xfr_in_config config = {
		.zone = s->entry->zone, .type = action->kind == REFRESH_IXFR ? TYPE_IXFR : TYPE_AXFR,
		.id = secure_rng_u16(&s->manage->secure_rng), .any_serial = action->any_serial,
		.max_bytes = s->entry->options->max_transfer_size,
	};

	secondary_transfer_prepare(s, action);
	s->said = (struct xfr_edns){ 0 };
	int status = xfr_in_new(&config, &s->in);
	if (status == ZT_OK)
		status = xfr_in_query(s->in, s->question, sizeof(s->question), &s->question_len);
	if (status == ZT_OK)
		status = secondary_edns_append(s);
	s->transfer.question = s->question;
	s->transfer.question_len = s->question_len;
	s->transfer.on_message = on_transfer_message;
	s->transfer.on_end = on_transfer_end;
	secondary_transfer_open(s, status);
}

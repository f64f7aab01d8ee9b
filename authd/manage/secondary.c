/* Following a primary. */
#include "authd/manage/secondary.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <urcu/compiler.h>

#include "authd/manage/commit.h"
#include "authd/manage/outbound.h"
#include "lib/base/memory.h"
#include "lib/xfr/refresh.h"
#include "lib/xfr/xfr_in.h"

enum {
	QUESTION_MAX = 1024,
	STATE_SIZE = 9,
	STATE_VERSION = 1,
	LARGE_ZONE = 100000,      /* records; receiving a zone of so many leaves a lot of memory free, worth giving back */
};

static const char state_name[] = "confirmed";

struct secondary {
	struct manage *manage;
	struct zone_entry *entry;
	struct refresh refresh;
	struct loop_timer timer;
	struct remote_options *primaries;     /* own copies */
	uint32_t primary_count;

	/* What is under way. */
	uint32_t ticket;
	unsigned primary;
	struct outbound_query query;
	uint8_t question[QUESTION_MAX];
	size_t question_len;
	struct outbound_transfer transfer;
	struct xfr_in *in;                    /* NULL: no transfer */
	enum xfr_in_result result;
	usec_t started;

	/* For people. */
	bool has_transferred;
	enum xfr_in_style last_style;
	struct netaddr last_from;
	usec_t last_wall;
	bool is_failing;                      /* the log knows that no primary confirms the zone */
	char alarm[160];                      /* what an operator should look at; empty when all is well */
};

static void secondary_run(struct secondary *s);

static usec_t now_of(const struct secondary *s)
{
	return clock_now(s->manage->clock);
}

static const char *primary_text(const struct secondary *s, unsigned primary, char out[NETADDR_TEXT_SIZE])
{
	return primary < s->primary_count ? netaddr_to_text(&s->primaries[primary].address, out) : "a former primary";
}

/* ---- what outlives a restart -------------------------------------------------------------------------------------------------------- */

static void state_write(const struct secondary *s, uint8_t out[STATE_SIZE])
{
	out[0] = STATE_VERSION;
	wire_put_u64(out + 1, (uint64_t)clock_wall(s->manage->clock));
}

static void confirmed_save(const struct secondary *s)
{
	uint8_t data[STATE_SIZE];
	struct journal_state state = { .name = state_name, .data = data, .len = sizeof(data) };

	state_write(s, data);
	int status = journal_state_put(s->manage->journal, s->entry->apex, &state);
	if (status != ZT_OK)
		log_warn(s->manage->log, "zone %s: the time of the last refresh is not stored: %s; after a restart the zone would expire too early", s->entry->name, status_text(status));
}

/* The age of the last confirmation; false where none is known. A clock that was set back makes it 0. */
static bool confirmed_load(const struct secondary *s, usec_t *age)
{
	struct buf data;

	buf_init(&data);
	int status = journal_state_get(s->manage->journal, s->entry->apex, state_name, &data);
	bool known = status == ZT_OK && data.len == STATE_SIZE && data.data[0] == STATE_VERSION;
	if (known) {
		*age = clock_wall(s->manage->clock) - (usec_t)wire_get_u64(data.data + 1);
		if (*age < 0)
			*age = 0;
	}
	buf_fini(&data);
	return known;
}

/* False in a zone without a SOA. */
static bool timers_of(const struct zone_version *version, struct refresh_timers *timers)
{
	const uint8_t *at, *data;
	struct rrset set;
	struct soa soa;
	uint16_t len;

	if (!zone_version_soa(version, &set))
		return false;
	at = set.rdata;
	if (!rrset_next(&set, &at, &data, &len) || !soa_from_rdata(&soa, data, len))
		return false;
	*timers = (struct refresh_timers){ .serial = soa.serial, .refresh = soa.refresh, .retry = soa.retry, .expire = soa.expire };
	return true;
}

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
		refresh_on_soa(&s->refresh, s->ticket, serial, now_of(s));
	} else {
		if (log_limit_passes(&s->manage->log_refreshes, s->manage->log))
			log_info(s->manage->log, "zone %s: primary %s answers the SOA query with %s%s", s->entry->name,
				 primary_text(s, s->primary, text), rcode_to_text(rcode), rcode == RCODE_NOERROR ? " but no authority or no SOA" : "");
		refresh_on_soa_failed(&s->refresh, s->ticket, now_of(s));
	}
	secondary_run(s);
}

static void soa_ask(struct secondary *s, const struct refresh_action *action)
{
	struct outbound *outbound = s->manage->outbound;
	bool is_again = s->query.open && s->ticket == action->ticket;
	int status = ZT_OK;

	s->ticket = action->ticket;
	s->primary = action->primary;
	s->query.remote = &s->primaries[action->primary];
	if (!is_again) {
		status = outbound_query_open(outbound, &s->query);
		if (status == ZT_OK)
			status = soa_query_write(s->question, sizeof(s->question), s->query.id, s->entry->apex, &s->question_len);
	}
	if (status == ZT_OK)
		status = outbound_query_send(outbound, &s->query, s->question, s->question_len);
	if (status != ZT_OK) {
		char text[NETADDR_TEXT_SIZE];
		if (log_limit_passes(&s->manage->log_refreshes, s->manage->log))
			log_warn(s->manage->log, "zone %s: cannot send a SOA query to primary %s: %s; the next one is asked, is there a route to this?", s->entry->name,
				 primary_text(s, action->primary, text), status_text(status));
		outbound_query_close(outbound, &s->query);
		refresh_on_soa_failed(&s->refresh, action->ticket, now_of(s));
	}
}

/* ---- transfers --------------------------------------------------------------------------------------------------------------------------- */

static void transfer_drop(struct secondary *s)
{
	outbound_transfer_close(s->manage->outbound, &s->transfer);
	xfr_in_free(s->in);
	s->in = NULL;
}

static void failure_note(struct secondary *s, const char *what)
{
	char text[NETADDR_TEXT_SIZE];

	zone_entry_fail(s->entry, "%s from %s failed: %s", s->refresh.is_axfr ? "AXFR" : "IXFR",
		 primary_text(s, s->primary, text), what);
	if (log_limit_passes(&s->manage->log_refreshes, s->manage->log))
		log_warn(s->manage->log, "zone %s: %s", s->entry->name, s->entry->last_error);
}

static void on_transfer_start(struct outbound_transfer *transfer)
{
	struct secondary *s = caa_container_of(transfer, struct secondary, transfer);
	refresh_on_progress(&s->refresh, s->ticket, now_of(s));
	secondary_run(s);
}

static enum outbound_verdict on_transfer_message(struct outbound_transfer *transfer, const uint8_t *wire, size_t len)
{
	struct secondary *s = caa_container_of(transfer, struct secondary, transfer);

	refresh_on_progress(&s->refresh, s->ticket, now_of(s));
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
		 primary_text(s, s->primary, text), xfr_in_differences(s->in), xfr_in_records(s->in), xfr_in_bytes(s->in),
		 (double)(now_of(s) - s->started) / USEC_PER_MSEC);
}

/* Makes the received version ours. */
static void received_commit(struct secondary *s)
{
	uint8_t data[STATE_SIZE];
	struct journal_state state = { .name = state_name, .data = data, .len = sizeof(data) };
	struct commit_item item = {
		.entry = s->entry, .edit = xfr_in_take_edit(s->in), .states = &state, .state_count = 1,
		.source = xfr_in_style(s->in) == XFR_IN_WHOLE ? JOURNAL_AXFR : JOURNAL_IXFR,
	};
	uint32_t from = zone_version_serial(zone_current(s->entry->zone)), ticket = s->ticket;
	struct refresh_timers timers;

	state_write(s, data);
	commit_edits(s->manage, &item, 1);
	if (item.status == ZT_OK && timers_of(zone_current(s->entry->zone), &timers)) {
		atomic_store(&s->entry->served->state, SERVED_OK);
		committed_note(s, from);
		refresh_on_committed(&s->refresh, ticket, &timers, now_of(s));
		return;
	}
	failure_note(s, item.error);
	bool is_theirs = item.status == ZT_EZONE || item.status == ZT_ESERIAL;
	refresh_on_failed(&s->refresh, ticket, is_theirs ? REFRESH_FAILED_ANSWER : REFRESH_FAILED_LOCAL, now_of(s));
}

static void received_failed(struct secondary *s)
{
	const struct xfr_in_failure *failure = xfr_in_failure(s->in);
	bool is_ours = failure->status == ZT_ENOMEM || failure->status == ZT_EBUSY;

	failure_note(s, failure->text);
	refresh_on_failed(&s->refresh, s->ticket, is_ours ? REFRESH_FAILED_LOCAL : REFRESH_FAILED_ANSWER, now_of(s));
}

static void on_transfer_end(struct outbound_transfer *transfer, int status)
{
	struct secondary *s = caa_container_of(transfer, struct secondary, transfer);

	if (status != ZT_OK) {
		failure_note(s, status_text(status));
		refresh_on_failed(&s->refresh, s->ticket, transfer->answered ? REFRESH_FAILED_ANSWER : REFRESH_FAILED_CONNECT, now_of(s));
	} else if (s->result == XFR_IN_DONE) {
		received_commit(s);
	} else if (s->result == XFR_IN_CURRENT) {
		refresh_on_current(&s->refresh, s->ticket, xfr_in_serial(s->in), now_of(s));
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

static void transfer_begin(struct secondary *s, const struct refresh_action *action)
{
	struct xfr_in_config config = {
		.zone = s->entry->zone, .key = &s->manage->fingerprint_key, .type = action->kind == REFRESH_IXFR ? TYPE_IXFR : TYPE_AXFR,
		.id = secure_rng_u16(&s->manage->secure_rng), .any_serial = action->any_serial,
	};

	transfer_drop(s);
	s->ticket = action->ticket;
	s->primary = action->primary;
	s->started = now_of(s);
	s->transfer.remote = &s->primaries[action->primary];
	int status = xfr_in_new(&config, &s->in);
	if (status == ZT_OK)
		status = xfr_in_query(s->in, s->question, sizeof(s->question), &s->question_len);
	if (status == ZT_OK) {
		s->transfer.question = s->question;
		s->transfer.question_len = s->question_len;
		status = outbound_transfer_open(s->manage->outbound, &s->transfer);
	}
	if (status != ZT_OK) {
		failure_note(s, status_text(status));
		transfer_drop(s);
		refresh_on_failed(&s->refresh, action->ticket, status == ZT_ENOMEM ? REFRESH_FAILED_LOCAL : REFRESH_FAILED_CONNECT, now_of(s));
	} else if (s->transfer.link) {
		refresh_on_progress(&s->refresh, action->ticket, now_of(s));
	}
}

/* ---- the machine's wishes -------------------------------------------------------------------------------------------------------------- */

static void cancel(struct secondary *s, const struct refresh_action *action)
{
	if (action->ticket != s->ticket)
		return;
	outbound_query_close(s->manage->outbound, &s->query);
	if (s->in)
		failure_note(s, "gave up, nothing came for too long or another one is wanted");
	transfer_drop(s);
}

static void expire(struct secondary *s)
{
	atomic_store(&s->entry->served->state, SERVED_EXPIRED);
	snprintf(s->alarm, sizeof(s->alarm), "expired: no primary confirmed serial %" PRIu32 " for %" PRIu32 " s", s->refresh.timers.serial,
		 s->refresh.timers.expire);
	log_error(s->manage->log, "zone %s %s; answering SERVFAIL until one does", s->entry->name, s->alarm);
}

static void confirmed(struct secondary *s)
{
	if (atomic_load(&s->entry->served->state) == SERVED_EXPIRED)
		log_notice(s->manage->log, "zone %s: confirmed again, no longer expired", s->entry->name);
	atomic_store(&s->entry->served->state, SERVED_OK);
	zone_entry_clear_error(s->entry);
	s->alarm[0] = '\0';
	confirmed_save(s);
}

static void behind(struct secondary *s, const struct refresh_action *action)
{
	char text[NETADDR_TEXT_SIZE];

	snprintf(s->alarm, sizeof(s->alarm), "primary %s has serial %" PRIu32 ", older than our %" PRIu32,
		 primary_text(s, action->primary, text), action->serial, s->refresh.timers.serial);
	if (log_limit_passes(&s->manage->log_refreshes, s->manage->log))
		log_warn(s->manage->log, "zone %s: %s; not followed. If the primary is right, use: zonectl retransfer %s", s->entry->name, s->alarm,
			 s->entry->name);
}

static void perform(struct secondary *s, const struct refresh_action *action)
{
	switch (action->kind) {
	case REFRESH_NONE: break;
	case REFRESH_QUERY_SOA: soa_ask(s, action); break;
	case REFRESH_IXFR:
	case REFRESH_AXFR:
		outbound_query_close(s->manage->outbound, &s->query);
		transfer_begin(s, action);
		break;
	case REFRESH_CANCEL: cancel(s, action); break;
	case REFRESH_EXPIRE: expire(s); break;
	case REFRESH_CONFIRMED: confirmed(s); break;
	case REFRESH_BEHIND: behind(s, action); break;
	}
}

/* Tells when it begins that no primary has an answer, and when that ends; each attempt in between would be too much. */
static void failing_tell(struct secondary *s)
{
	const struct log *log = s->manage->log;
	usec_t expires_at = refresh_expires_at(&s->refresh), left = expires_at - now_of(s);
	bool is_failing = s->refresh.failed_rounds > 0;
	char text[NETADDR_TEXT_SIZE];

	if (is_failing == s->is_failing || !log_limit_passes(&s->manage->log_refreshes, log))
		return;
	s->is_failing = is_failing;
	primary_text(s, 0, text);
	if (!is_failing)
		log_notice(log, "zone %s: a primary answers again", s->entry->name);
	else if (s->refresh.has_zone && expires_at != REFRESH_NEVER && left > 0)
		log_warn(log, "zone %s: no primary of %u answers as it should (%s and on); serial %" PRIu32 " is served for %" PRId64 " s more. See that they run, serve the "
			      "zone and can be reached from here", s->entry->name, s->primary_count, text, s->refresh.timers.serial, left / USEC_PER_SEC);
	else
		log_warn(log, "zone %s: no primary of %u answers as it should (%s and on), and there is nothing to serve until one does. See that they run, serve the zone "
			      "and can be reached from here", s->entry->name, s->primary_count, text);
}

/* Does what is due and sleeps until more is. */
static void secondary_run(struct secondary *s)
{
	struct refresh_action action;

	while (refresh_step(&s->refresh, now_of(s), &action))
		perform(s, &action);
	failing_tell(s);
	atomic_store_explicit(&s->entry->served->expires_at, refresh_expires_at(&s->refresh), memory_order_relaxed);
	usec_t wake_at = refresh_wake_at(&s->refresh);
	if (wake_at == REFRESH_NEVER)
		loop_timer_stop(&s->timer);
	else
		loop_timer_at(&s->timer, wake_at);
}

static void on_timer(void *ctx)
{
	secondary_run(ctx);
}

/* ---- life -------------------------------------------------------------------------------------------------------------------------------- */

static void primaries_free(struct remote_options *primaries, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		remote_options_release(&primaries[i]);
	free(primaries);
}

/* Nothing may be under way with the former ones. */
static int primaries_configure(struct secondary *s)
{
	const struct zone_options *options = s->entry->options;
	struct remote_options *primaries = calloc(options->primaries_count, sizeof(*primaries));

	if (!primaries)
		return ZT_ENOMEM;
	for (uint32_t i = 0; i < options->primaries_count; i++) {
		if (remote_options_copy(&primaries[i], &options->primaries[i]) == ZT_OK)
			continue;
		primaries_free(primaries, i);
		return ZT_ENOMEM;
	}
	primaries_free(s->primaries, s->primary_count);
	s->primaries = primaries;
	s->primary_count = options->primaries_count;
	return ZT_OK;
}

static void machine_init(struct secondary *s)
{
	struct refresh_start start = { 0 };

	start.has_zone = timers_of(zone_current(s->entry->zone), &start.timers);
	start.has_confirmed = start.has_zone && confirmed_load(s, &start.confirmed_age);
	refresh_init(&s->refresh, s->primary_count, &start, &s->manage->rng, now_of(s));
}

int secondary_new(struct manage *manage, struct zone_entry *entry, struct secondary **out)
{
	struct secondary *s = calloc(1, sizeof(*s));

	if (!s)
		return ZT_ENOMEM;
	s->manage = manage;
	s->entry = entry;
	s->query.on_reply = on_soa_reply;
	s->transfer.on_start = on_transfer_start;
	s->transfer.on_message = on_transfer_message;
	s->transfer.on_end = on_transfer_end;
	loop_timer_init(&s->timer, manage->loop, on_timer, s);
	if (primaries_configure(s) != ZT_OK) {
		free(s);
		return ZT_ENOMEM;
	}
	machine_init(s);
	*out = entry->secondary = s;
	secondary_run(s);
	return ZT_OK;
}

void secondary_free(struct secondary *s)
{
	if (!s)
		return;
	outbound_query_close(s->manage->outbound, &s->query);
	transfer_drop(s);
	loop_timer_stop(&s->timer);
	primaries_free(s->primaries, s->primary_count);
	free(s);
}

static bool primaries_differ(const struct secondary *s)
{
	const struct zone_options *options = s->entry->options;

	if (options->primaries_count != s->primary_count)
		return true;
	for (uint32_t i = 0; i < s->primary_count; i++) {
		if (!remote_options_equal(&options->primaries[i], &s->primaries[i]))
			return true;
	}
	return false;
}

int secondary_reconfigure(struct zone_entry *entry)
{
	struct secondary *s = entry->secondary;

	if (!primaries_differ(s))
		return ZT_OK;
	/* What is under way with the former ones ends, and the new ones are asked at once. */
	outbound_query_close(s->manage->outbound, &s->query);
	transfer_drop(s);
	int status = primaries_configure(s);
	if (status != ZT_OK)
		return status;
	machine_init(s);
	secondary_run(s);
	return ZT_OK;
}

void secondary_refresh(struct zone_entry *entry)
{
	refresh_force(&entry->secondary->refresh);
	secondary_run(entry->secondary);
}

void secondary_retransfer(struct zone_entry *entry)
{
	refresh_force_axfr(&entry->secondary->refresh, now_of(entry->secondary));
	secondary_run(entry->secondary);
}

/* The number of the only primary at this address, -1 if there is none or more than one: source ports tell nothing. */
static int primary_of_peer(const struct secondary *s, const struct netaddr *peer)
{
	int found = -1;

	for (uint32_t i = 0; i < s->primary_count; i++) {
		if (!netaddr_ip_equal(&s->primaries[i].address, peer))
			continue;
		if (found >= 0)
			return -1;
		found = (int)i;
	}
	return found;
}

void secondary_on_notify(struct zone_entry *entry, const struct netaddr *peer, const uint32_t *serial)
{
	struct secondary *s = entry->secondary;

	refresh_on_notify(&s->refresh, primary_of_peer(s, peer), serial, now_of(s));
	secondary_run(s);
}

static json_t *seconds_until(const struct secondary *s, usec_t at)
{
	double wait = (double)(at - now_of(s)) / USEC_PER_SEC;
	return at == REFRESH_NEVER ? json_null() : json_real(wait > 0 ? wait : 0);
}

json_t *secondary_status(const struct zone_entry *entry)
{
	const struct secondary *s = entry->secondary;
	const struct refresh *refresh = &s->refresh;
	char from[NETADDR_TEXT_SIZE], wall[WALL_TEXT_SIZE];
	const char *style = s->last_style == XFR_IN_WHOLE ? "axfr" : "ixfr";

	return json_pack("{s:o, s:o, s:s?, s:s?, s:s?, s:s?}", "refresh_in_s",
			 seconds_until(s, refresh->state == REFRESH_WAITING ? refresh->next_at : now_of(s)), "expire_in_s",
			 refresh->has_zone ? json_real(refresh_expires_in(refresh, now_of(s))) : json_null(), "last_transfer",
			 s->has_transferred ? style : NULL, "last_transfer_from", s->has_transferred ? netaddr_to_text(&s->last_from, from) : NULL,
			 "last_transfer_at", s->has_transferred ? wall_to_text(s->last_wall, wall) : NULL, "alarm", s->alarm[0] ? s->alarm : NULL);
}

/* Asking a primary for the SOA, and what it says of itself besides. */
#include <inttypes.h>
#include <urcu/compiler.h>

#include "authd/manage/secondary_state.h"
#include "lib/dns/serial.h"

#define PLAIN_TIME (600 * USEC_PER_SEC)      /* a primary that does not take EDNS is asked without for so long */
enum { PLAIN_TRY = 3 };                      /* and the last question of a round is without, for what drops it on the way */

/* ---- what is said with questions and answers --------------------------------------------------------------------------------------------- */

bool secondary_is_plain(const struct secondary *s, unsigned primary)
{
	return secondary_now(s) < s->plain_until[primary];
}

bool secondary_plain_wanted(struct secondary *s, unsigned rcode)
{
	if (!s->with_edns || (rcode != RCODE_FORMERR && rcode != RCODE_NOTIMP && rcode != RCODE_BADVERS))
		return false;
	s->plain_until[s->primary] = secondary_now(s) + PLAIN_TIME;
	return true;
}

int secondary_edns_append(struct secondary *s)
{
	const struct zone_version *version = zone_current(s->entry->zone);
	struct zsync ours = zsync_of_version(version, &s->manage->fingerprint_key);
	bool has_zone = zone_version_apex(version) != NULL;

	ours.flags = ZSYNC_RECONCILES;

	s->with_edns = !secondary_is_plain(s, s->primary);
	return s->with_edns ? xfr_edns_append(has_zone ? &ours : NULL, true, s->question, sizeof(s->question), &s->question_len) : ZT_OK;
}

struct refresh_peer secondary_judge(const struct secondary *s, const struct xfr_edns *said, uint32_t serial)
{
	const struct zone_version *version = zone_current(s->entry->zone);
	struct zsync ours = zsync_of_version(version, &s->manage->fingerprint_key);
	struct refresh_peer peer = { .has_expire = said->has_expire, .expire = said->expire };

	if (!said->has_zsync)
		return peer;
	peer.reconciles = said->zsync.flags & ZSYNC_RECONCILES;
	/* An option about another version than the answer is of no use, nor are fingerprints of another key. */
	if (said->zsync.serial != serial || said->zsync.key_id != ours.key_id || !zone_version_apex(version))
		return peer;
	peer.content = zsync_is_same(&said->zsync, &ours) ? REFRESH_CONTENT_SAME : REFRESH_CONTENT_OTHER;
	peer.was_ours = serial_is_newer(ours.serial, serial) &&
			journal_history_has(s->manage->journal, s->entry->apex, serial, said->zsync.summary.fingerprint) == ZT_OK;
	return peer;
}

void secondary_step_note(struct secondary *s, enum ladder_kind kind, enum ladder_result result, const char *reason)
{
	struct ladder_step step = {
		.kind = kind, .result = result, .from = s->primaries[s->primary].address, .serial = s->peer_serial, .bytes = s->received,
		.duration = secondary_now(s) - s->started, .wall = clock_wall(s->manage->clock),
	};

	ladder_note(&s->ladder, &s->manage->ladder_counters, &step, reason);
}

enum ladder_result secondary_result_of(const struct secondary *s, uint32_t serial, enum refresh_content content)
{
	uint32_t ours = zone_version_serial(zone_current(s->entry->zone));

	if (serial != ours)
		return serial_is_newer(serial, ours) ? LADDER_NEWER : LADDER_OLDER;
	return content == REFRESH_CONTENT_OTHER ? LADDER_DIVERGED : LADDER_CURRENT;
}

/* ---- SOA queries ---------------------------------------------------------------------------------------------------------------------- */

static void soa_failed(struct secondary *s, const char *reason)
{
	char text[NETADDR_TEXT_SIZE];

	secondary_step_note(s, LADDER_SOA, LADDER_FAILED, reason);
	if (log_limit_passes(&s->manage->log_refreshes, s->manage->log))
		log_info(s->manage->log, "zone %s: SOA query to primary %s failed: %s", s->entry->name, secondary_primary_text(s, s->primary, text), reason);
	refresh_on_soa_failed(&s->refresh, s->ticket, secondary_now(s));
}

static void on_soa_reply(struct outbound_query *query, const uint8_t *wire, size_t len)
{
	struct secondary *s = caa_container_of(query, struct secondary, query);
	struct message message;
	struct xfr_edns said;
	uint32_t serial;
	unsigned rcode;
	char reason[80];

	if (message_read(&message, wire, len) != ZT_OK)
		return;
	int status = soa_reply_read(&message, query->id, s->entry->apex, &serial, &rcode);
	if (status == ZT_EMALFORMED)
		return;
	outbound_query_close(s->manage->outbound, query);
	s->received = len;
	if (status == ZT_OK) {
		xfr_edns_read(&message, &said);
		struct refresh_peer peer = secondary_judge(s, &said, serial);
		s->peer_serial = serial;
		s->said = said;
		secondary_step_note(s, LADDER_SOA, secondary_result_of(s, serial, peer.content), "");
		refresh_on_peer(&s->refresh, s->ticket, &peer);
		refresh_on_soa(&s->refresh, s->ticket, serial, secondary_now(s));
	} else if (secondary_plain_wanted(s, rcode)) {
		secondary_soa_ask(s, &s->action);
	} else {
		snprintf(reason, sizeof(reason), "the answer is %s%s", rcode_to_text(rcode), rcode == RCODE_NOERROR ? " but no authority or no SOA" : "");
		soa_failed(s, reason);
	}
	secondary_run(s);
}

enum errand_urgency secondary_urgency(const struct secondary *s)
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

/* Outbound has told of it once for all zones. */
static void on_soa_fail(struct outbound_query *query, int status)
{
	struct secondary *s = caa_container_of(query, struct secondary, query);

	s->received = 0;
	secondary_step_note(s, LADDER_SOA, LADDER_FAILED, status_text(status));
	refresh_on_soa_failed(&s->refresh, s->ticket, secondary_now(s));
	secondary_run(s);
}

static int soa_question_write(struct secondary *s, bool is_last)
{
	int status = soa_query_write(s->question, sizeof(s->question), s->query.id, s->entry->apex, &s->question_len);

	s->with_edns = false;
	return status == ZT_OK && !is_last ? secondary_edns_append(s) : status;
}

void secondary_soa_ask(struct secondary *s, const struct refresh_action *action)
{
	struct outbound *outbound = s->manage->outbound;
	const struct remote_options *remote = &s->primaries[action->primary];
	bool is_again = s->query.open && s->ticket == action->ticket;
	/* A signed question stays the same, so that the answer to any of them is good. */
	bool is_last = is_again && !remote->key && s->refresh.asked >= PLAIN_TRY;
	int status = ZT_OK;

	s->action = *action;
	s->ticket = action->ticket;
	s->primary = action->primary;
	s->query.remote = remote;
	if (!is_again) {
		s->started = secondary_now(s);
		s->query.urgency = secondary_urgency(s);
		status = outbound_query_open(outbound, &s->query);
	}
	if (status == ZT_OK && (!is_again || is_last))
		status = soa_question_write(s, is_last);
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

void secondary_soa_init(struct secondary *s)
{
	s->query.on_reply = on_soa_reply;
	s->query.on_sent = on_soa_sent;
	s->query.on_fail = on_soa_fail;
}

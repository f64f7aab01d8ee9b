/* Serving AXFR and IXFR from a worker. */
#include "authd/serve/transfer.h"

#include <stdlib.h>
#include <urcu/list.h>

#include "authd/serve/evidence.h"
#include "authd/serve/respond.h"
#include "lib/dns/serial.h"
#include "lib/dns/padding.h"
#include "lib/xfr/xfr_out.h"
#include "lib/zone/journal.h"

enum {
	CONDENSE_FACTOR = 4,         /* a history of more than that many zones is not worth condensing */
	CONDENSE_MOST = 1 << 18,     /* records of history that a worker condenses at most, which takes it a tenth of a second or two */
	RECORD_MIN_LEN = 12,         /* bytes of a record in a message, at least: a pointer, the fixed fields, little rdata */
};

struct session {
	struct cds_list_head link;
	struct stream *stream;
	struct netaddr peer;
	uint8_t apex[NAME_MAX_LEN];
	uint16_t type;                       /* as asked: TYPE_AXFR or TYPE_IXFR */
	bool has_key;
	uint8_t key[NAME_MAX_LEN];           /* TSIG key, where has_key */
	enum transfer_reason reason;         /* for the whole zone */
	bool is_condensed;
	usec_t asked_at;
	const struct zone_version *version;
	struct xfr_out *xfr;
	bool pads;                           /* the first message is to be padded */
	struct signing signing;              /* has a reference to its key */
};

/* Why there is no transfer. */
struct refusal {
	enum rcode rcode;
	struct edns_error error;
};

static const struct refusal not_allowed = { RCODE_REFUSED, EDNS_ERROR(EDE_PROHIBITED, "allow-transfer") };
static const struct refusal not_plain = { RCODE_REFUSED, EDNS_ERROR(EDE_PROHIBITED, "transfers over TLS only") };
static const struct refusal too_many = { RCODE_SERVFAIL, EDNS_ERROR(EDE_OTHER, "too many transfers") };
static const struct refusal no_serial = { RCODE_FORMERR, EDNS_ERROR(EDE_OTHER, "IXFR without SOA") };
static const struct refusal trouble = { RCODE_SERVFAIL, EDNS_ERROR(EDE_OTHER, "transfer failed") };

struct transfers {
	struct witness *witness;
	struct journal *journal;
	const struct clock *clock;
	struct serve_counters *counters;     /* the worker's */
	struct cds_list_head sessions;       /* oldest first */
	uint32_t open;
	uint8_t message[MESSAGE_MAX_LEN];
};

int transfers_new(struct transfers **out, struct witness *witness, struct journal *journal, const struct clock *clock, struct serve_counters *counters)
{
	struct transfers *transfers = calloc(1, sizeof(*transfers));

	if (!transfers)
		return ZT_ENOMEM;
	transfers->witness = witness;
	transfers->journal = journal;
	transfers->clock = clock;
	transfers->counters = counters;
	CDS_INIT_LIST_HEAD(&transfers->sessions);
	*out = transfers;
	return ZT_OK;
}

static void session_free(struct transfers *transfers, struct session *session)
{
	cds_list_del(&session->link);
	transfers->open--;
	xfr_out_free(session->xfr);
	zone_version_release(session->version);
	tsig_key_release(session->signing.key);
	free(session);
}

void transfers_free(struct transfers *transfers)
{
	struct session *session, *next;

	if (!transfers)
		return;
	cds_list_for_each_entry_safe(session, next, &transfers->sessions, link)
		session_free(transfers, session);
	free(transfers);
}

/* ---- the differences for an IXFR ---------------------------------------------------------------------------------------------------- */

/* What was found for an answer. */
struct gathered {
	struct xfr_history history;          /* in use where the machine's configuration names it */
	enum transfer_reason reason;         /* for the whole zone */
};

static int on_difference(void *context, const struct journal_version *version, const struct changeset *change)
{
	(void)version;
	return xfr_history_add(context, change);
}

/* How many records of history may be worth sending: not more than the zone has, and over UDP not more than fit, so that a datagram does not make
 * us read a long history for nothing. */
static uint64_t history_limit(const struct xfr_out_config *config)
{
	uint64_t zone = zone_version_record_count(config->version), fit = config->message_size / RECORD_MIN_LEN;
	return config->message_size > 0 && fit < zone ? fit : zone;
}

/* ZT_OK: `history`, which has been initialised, leads from the client's serial to the version's. ZT_ELIMIT: it is too large. */
static int history_read(struct transfers *transfers, const struct xfr_out_config *config, struct xfr_history *history)
{
	struct journal_span span = {
		zone_apex(zone_version_zone(config->version)), config->client_serial, zone_version_serial(config->version),
	};

	int status = journal_history_read(transfers->journal, &span, on_difference, history);
	if (status != ZT_OK)
		xfr_history_fini(history);
	return status;
}

/* The single differences, or where they together are too large, or are not wanted, what is left of them after condensing. */
static int history_gather(struct transfers *transfers, const struct respond *r, const struct xfr_out_config *config, struct xfr_history *history)
{
	bool condensed = acl_allows_address(r->zone->ixfr_condensed, r->peer);
	uint64_t limit = history_limit(config);
	int status;

	if (!condensed) {
		xfr_history_init(history, limit, false);
		status = history_read(transfers, config, history);
		if (status != ZT_ELIMIT || acl_allows_address(r->zone->ixfr_steps, r->peer))
			return status;
	}
	xfr_history_init(history, limit < CONDENSE_MOST / CONDENSE_FACTOR ? limit * CONDENSE_FACTOR : CONDENSE_MOST, true);
	status = history_read(transfers, config, history);
	if (status == ZT_OK)
		history->record_limit = limit;
	return status;
}

/* Differences are only for a peer whose version is one of ours, where it tells what it has: others would not fit or, worse, fit by chance. ZT_OK:
 * as far as is known it is; ZT_EDIFF: it is not; ZT_ENOENT: the history does not reach there. */
static int lineage_check(struct transfers *transfers, struct respond *r, const struct xfr_out_config *config, const struct zsync *theirs)
{
	const struct zone *zone = zone_version_zone(config->version);

	int status = journal_history_has(transfers->journal, zone_apex(zone), theirs->serial, theirs->summary.fingerprint);
	if (status == ZT_EDIFF) {
		r->plan.zsync_flags |= ZSYNC_DIVERGED;
		counter_add(&transfers->counters->transfers_foreign, 1);
	}
	return status;
}

/* Why there are no differences: what the journal said of the client's serial. */
static enum transfer_reason gap_reason(struct transfers *transfers, const struct xfr_out_config *config, int status)
{
	struct journal_history info;

	switch (status) {
	case ZT_OK: return REASON_NONE;
	case ZT_ELIMIT: return REASON_LARGE;
	case ZT_EDIFF: return REASON_LINEAGE;
	case ZT_ENOENT: break;
	default: return REASON_DAMAGED;
	}
	if (journal_history_info(transfers->journal, zone_apex(zone_version_zone(config->version)), &info) != ZT_OK || info.count == 0)
		return REASON_TOO_OLD;
	bool is_older = config->client_serial != info.oldest_serial && !serial_is_newer(config->client_serial, info.oldest_serial);
	return is_older ? REASON_TOO_OLD : REASON_FOREIGN;
}

/* What the machine needs to answer, and why there are no differences where there are none. config->history, where it is set, points to *history, which the
 * caller finishes. */
static int out_prepare(struct transfers *transfers, struct respond *r, struct xfr_out_config *config, struct gathered *gathered)
{
	struct zsync theirs;

	config->history = NULL;
	gathered->reason = REASON_ASKED;
	if (config->query->qtype != TYPE_IXFR)
		return ZT_OK;
	gathered->reason = REASON_NONE;
	int status = xfr_client_serial(config->query, &config->client_serial);
	if (status != ZT_OK)
		return status;
	if (!xfr_is_behind(config->client_serial, zone_version_serial(config->version)))
		return ZT_OK;
	/* Fingerprints of another key say nothing. */
	bool tells = r->plan.says_zsync && zsync_read(&r->message.edns, &theirs) && theirs.serial == config->client_serial &&
		     theirs.key_id == zsync_key_id(zone_fingerprint_key(r->zone->zone));
	if (tells)
		status = lineage_check(transfers, r, config, &theirs);
	if (status == ZT_OK)
		status = history_gather(transfers, r, config, &gathered->history);
	if (status == ZT_OK)
		config->history = &gathered->history;
	gathered->reason = gap_reason(transfers, config, status);
	/* Where the history does not lead from what it has, a peer that can is better off with reconciliation. It is told so by the SOA alone. */
	config->soa_only = status != ZT_OK && status != ZT_ELIMIT && tells && (theirs.flags & r->plan.zsync_flags & ZSYNC_RECONCILES);
	return ZT_OK;
}

/* ---- TCP ------------------------------------------------------------------------------------------------------------------------------- */

static void reply_error(struct transfers *transfers, struct stream *stream, struct respond *r, const struct refusal *refusal)
{
	respond_error(r, refusal->rcode, &refusal->error);
	if (stream_send(stream, r->out, r->out_len) != ZT_OK)
		counter_add(&transfers->counters->transfers_aborted, 1);
}

static struct session *session_of(const struct transfers *transfers, const struct stream *stream)
{
	struct session *session;

	cds_list_for_each_entry(session, &transfers->sessions, link) {
		if (session->stream == stream)
			return session;
	}
	return NULL;
}

static struct evidence_subject session_subject(const struct session *session)
{
	return (struct evidence_subject){ &session->peer, session->has_key ? session->key : NULL, session->apex };
}

static void session_complete(struct transfers *transfers, struct session *session)
{
	struct evidence_subject subject = session_subject(session);
	struct evidence evidence = {
		.event = EVIDENCE_FETCHED, .is_proven = true, .type = session->type, .serial = zone_version_serial(session->version),
		.bytes = xfr_out_bytes(session->xfr), .duration = clock_now(transfers->clock) - session->asked_at,
	};

	switch (xfr_out_style(session->xfr)) {
	case XFR_OUT_ZONE:
		counter_add(&transfers->counters->transfers_whole, 1);
		evidence.kind = TRANSFER_ZONE;
		/* What was gathered may be larger than the zone in the end. */
		evidence.reason = session->reason == REASON_NONE ? REASON_LARGE : session->reason;
		break;
	case XFR_OUT_DIFFERENCES:
		counter_add(&transfers->counters->transfers_difference, 1);
		evidence.kind = session->is_condensed ? TRANSFER_CONDENSED : TRANSFER_STEPS;
		break;
	case XFR_OUT_SOA:
		counter_add(&transfers->counters->transfers_soa, 1);
		break;
	}
	/* A single SOA gives the peer nothing; what it has, it said in its question. */
	if (xfr_out_style(session->xfr) != XFR_OUT_SOA)
		witness_tell(transfers->witness, &subject, &evidence);
	stream_settle(session->stream);
	session_free(transfers, session);
}

/* Every message of a signed transfer is signed (RFC 8945 section 5.3.1). */
static int message_sign(struct transfers *transfers, struct session *session, size_t *len)
{
	struct tsig_message message = { transfers->message, *len, sizeof(transfers->message) };

	if (session->signing.room == 0)
		return ZT_OK;
	int status = signing_sign(&session->signing, &message, clock_wall(transfers->clock));
	*len = message.len;
	return status;
}

/* Only the first message has an OPT record. Most differences are no longer, and nobody sees then how long. */
static void first_pad(struct transfers *transfers, struct session *session, size_t *len)
{
	session->pads = false;
	if (message_pad(transfers->message, len, sizeof(transfers->message) - session->signing.room, PADDING_RESPONSE_BLOCK) != ZT_OK)
		return;      /* it goes as it is */
}

/* Queues messages of the stream's sessions, one after another, until the stream is full. */
static void stream_feed(struct transfers *transfers, struct stream *stream)
{
	struct session *session;

	while (!stream_is_full(stream) && (session = session_of(transfers, stream)) != NULL) {
		size_t len;
		int status = xfr_out_next(session->xfr, transfers->message, &len);
		if (status == ZT_EDONE) {
			session_complete(transfers, session);
			continue;
		}
		if (status == ZT_OK && session->pads)
			first_pad(transfers, session, &len);
		if (status == ZT_OK)
			status = message_sign(transfers, session, &len);
		if (status == ZT_OK)
			status = stream_send_part(stream, transfers->message, len);
		if (status != ZT_OK) {
			/* A transfer cut short must not look complete. This ends its sessions too. */
			stream_close(stream);
			return;
		}
		counter_add(&transfers->counters->transfer_bytes, len);
	}
}

static bool is_allowed_more(const struct transfers *transfers, const struct netaddr *peer)
{
	const struct session *session;
	unsigned count = 0;

	if (transfers->open >= TRANSFERS_MAX)
		return false;
	cds_list_for_each_entry(session, &transfers->sessions, link)
		count += netaddr_ip_equal(&session->peer, peer);
	return count < TRANSFERS_MAX_PER_PEER;
}

/* What the question says of the peer. */
static void question_note(struct transfers *transfers, const struct session *session, const struct xfr_out_config *config, const struct respond *r)
{
	struct evidence_subject subject = session_subject(session);
	struct evidence evidence = { .event = EVIDENCE_SIGN, .is_proven = true, .type = session->type };

	/* The serial alone is no evidence where the content behind it is another. */
	if (session->type == TYPE_IXFR && !(r->plan.zsync_flags & ZSYNC_DIVERGED)) {
		evidence.event = EVIDENCE_HOLDS;
		evidence.serial = config->client_serial;
	}
	witness_tell(transfers->witness, &subject, &evidence);
}

static void session_describe(struct session *session, struct stream *stream, const struct respond *r)
{
	session->stream = stream;
	session->peer = *stream_remote(stream);
	session->type = r->message.qtype;
	session->has_key = r->key != NULL;
	if (r->key)
		name_copy(session->key, r->key);
	name_copy(session->apex, r->zone->apex);
}

static int session_open(struct transfers *transfers, struct stream *stream, struct respond *r)
{
	struct session *session = calloc(1, sizeof(*session));
	uint8_t options[OPTIONS_MAX_LEN];
	struct xfr_out_config config = { .query = &r->message, .options = options };
	struct gathered gathered;

	if (!session)
		return ZT_ENOMEM;
	session->asked_at = clock_now(transfers->clock);
	config.version = session->version = zone_version_acquire(r->version);
	int status = out_prepare(transfers, r, &config, &gathered);
	session->reason = gathered.reason;
	session->is_condensed = config.history && config.history->condense;
	config.options_len = edns_options_write(r, options);
	config.message_size = respond_limit(r);
	if (status == ZT_OK)
		status = xfr_out_new(&config, &session->xfr);
	if (config.history)
		xfr_history_fini(config.history);
	if (status != ZT_OK) {
		zone_version_release(session->version);
		free(session);
		return status;
	}
	session_describe(session, stream, r);
	session->pads = edns_pads(r);
	question_note(transfers, session, &config, r);
	if (r->signing.room > 0) {
		session->signing = r->signing;
		tsig_key_acquire(session->signing.key);
	}
	cds_list_add_tail(&session->link, &transfers->sessions);
	transfers->open++;
	return ZT_OK;
}

/* Counts and tells a question that is refused. */
static const struct refusal *refusal_note(struct transfers *transfers, const struct respond *r)
{
	bool is_plain = !r->is_encrypted && r->zone->transfer_tls_only;

	counter_add(&transfers->counters->transfers_refused, 1);
	counter_add(&transfers->counters->transfers_refused_plain, is_plain);
	witness_tell_refused(transfers->witness, r);
	return is_plain ? &not_plain : &not_allowed;
}

void transfer_start(struct transfers *transfers, struct stream *stream, struct respond *r)
{
	if (!respond_may_transfer(r)) {
		reply_error(transfers, stream, r, refusal_note(transfers, r));
		return;
	}
	if (!is_allowed_more(transfers, r->peer)) {
		counter_add(&transfers->counters->transfers_limited, 1);
		reply_error(transfers, stream, r, &too_many);
		return;
	}
	int status = session_open(transfers, stream, r);
	if (status == ZT_OK)
		stream_feed(transfers, stream);
	else
		reply_error(transfers, stream, r, status == ZT_EMALFORMED ? &no_serial : &trouble);
}

void transfer_on_drained(struct transfers *transfers, struct stream *stream)
{
	stream_feed(transfers, stream);
}

void transfer_on_close(struct transfers *transfers, struct stream *stream)
{
	struct session *session;

	while ((session = session_of(transfers, stream)) != NULL) {
		counter_add(&transfers->counters->transfers_aborted, 1);
		session_free(transfers, session);
	}
}

/* ---- UDP ------------------------------------------------------------------------------------------------------------------------------- */

/* Over UDP anybody can ask in the peer's name: the question is evidence only with a key or a good cookie. As question_note otherwise. */
static void udp_note(struct transfers *transfers, const struct respond *r)
{
	struct evidence evidence = { .event = EVIDENCE_HOLDS, .type = TYPE_IXFR, .is_proven = r->key || r->plan.cookie_kind == COOKIE_GOOD };

	if (!evidence.is_proven || (r->plan.zsync_flags & ZSYNC_DIVERGED)) {
		witness_note(transfers->witness, r);
		return;
	}
	if (xfr_client_serial(&r->message, &evidence.serial) == ZT_OK)
		witness_tell(transfers->witness, &(struct evidence_subject){ r->peer, r->key, r->zone->apex }, &evidence);
}

void transfer_answer_udp(struct transfers *transfers, struct respond *r)
{
	uint8_t options[OPTIONS_MAX_LEN];
	size_t limit = respond_limit(r);
	struct xfr_out_config config = {
		.query = &r->message, .version = r->version, .message_size = limit, .options = options,
	};
	struct gathered gathered;

	if (!respond_may_transfer(r)) {
		const struct refusal *refusal = refusal_note(transfers, r);
		respond_error(r, refusal->rcode, &refusal->error);
		return;
	}
	int status = out_prepare(transfers, r, &config, &gathered);
	udp_note(transfers, r);
	config.options_len = edns_options_write(r, options);
	if (status == ZT_OK)
		status = xfr_out_udp(&config, r->out, limit, &r->out_len);
	if (config.history)
		xfr_history_fini(config.history);
	if (status == ZT_OK) {
		if (r->signing.room > 0)
			signing_end(r);
		counter_add(&transfers->counters->transfer_bytes, r->out_len);
	} else {
		const struct refusal *refusal = status == ZT_EMALFORMED ? &no_serial : &trouble;
		respond_error(r, refusal->rcode, &refusal->error);
	}
}

/* Serving AXFR and IXFR from a worker. */
#include "authd/serve/transfer.h"

#include <stdlib.h>
#include <urcu/list.h>

#include "authd/serve/request.h"
#include "authd/serve/respond.h"
#include "lib/xfr/xfr_out.h"
#include "lib/zone/journal.h"

enum {
	CONDENSE_FACTOR = 4,         /* a history of more than that many zones is not worth condensing */
	EVIDENCE_MAX = 4096,         /* on their way to the manage thread; more are not told */
	RECORD_MIN_LEN = 12,         /* bytes of a record in a message, at least: a pointer, the fixed fields, little rdata */
};

struct session {
	struct cds_list_head link;
	struct stream *stream;
	struct netaddr peer;
	uint8_t apex[NAME_MAX_LEN];
	uint16_t type;                       /* as asked: TYPE_AXFR or TYPE_IXFR */
	const struct zone_version *version;
	struct xfr_out *xfr;
};

/* Why there is no transfer. */
struct refusal {
	enum rcode rcode;
	struct edns_error error;
};

static const struct refusal not_allowed = { RCODE_REFUSED, EDNS_ERROR(EDE_PROHIBITED, "allow-transfer") };
static const struct refusal too_many = { RCODE_SERVFAIL, EDNS_ERROR(EDE_OTHER, "too many transfers") };
static const struct refusal no_serial = { RCODE_FORMERR, EDNS_ERROR(EDE_OTHER, "IXFR without SOA") };
static const struct refusal trouble = { RCODE_SERVFAIL, EDNS_ERROR(EDE_OTHER, "transfer failed") };

struct transfers {
	struct mailbox *manage;
	struct journal *journal;
	const struct clock *clock;
	struct serve_counters *counters;     /* the worker's */
	struct cds_list_head sessions;       /* oldest first */
	uint32_t open;
	_Atomic uint32_t evidence_pending;
	uint8_t message[MESSAGE_MAX_LEN];
};

int transfers_new(struct transfers **out, struct mailbox *manage, struct journal *journal, const struct clock *clock, struct serve_counters *counters)
{
	struct transfers *transfers = calloc(1, sizeof(*transfers));

	if (!transfers)
		return ZT_ENOMEM;
	transfers->manage = manage;
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

/* ---- what the manage thread is told ------------------------------------------------------------------------------------------------ */

struct evidence {
	const struct netaddr *peer;
	const uint8_t *apex;
	uint16_t type;
	uint32_t serial;
	bool completed;
	uint64_t bytes;
};

/* Without memory, or with too much on the way, nobody is told; the manage thread has other ways to learn where a peer stands. */
static void evidence_post(struct transfers *transfers, const struct evidence *evidence)
{
	bool has_room = atomic_load_explicit(&transfers->evidence_pending, memory_order_relaxed) < EVIDENCE_MAX;
	struct request *request = has_room ? request_new(REQUEST_EVIDENCE) : NULL;

	if (!request)
		return;
	request->pending = &transfers->evidence_pending;
	atomic_fetch_add_explicit(&transfers->evidence_pending, 1, memory_order_relaxed);
	request->peer = *evidence->peer;
	request->received = clock_now(transfers->clock);
	name_copy(request->apex, evidence->apex);
	name_lower(request->apex);
	request->evidence_type = evidence->type;
	request->evidence_serial = evidence->serial;
	request->evidence_completed = evidence->completed;
	request->evidence_bytes = evidence->bytes;
	mailbox_post(transfers->manage, &request->node);
}

/* ---- the differences for an IXFR ---------------------------------------------------------------------------------------------------- */

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

/* ZT_OK: `history` leads from the client's serial to the version's. Where the single differences together are too large, what is left of them
 * after condensing may still be small enough; ZT_ELIMIT: it is not. */
static int history_gather(struct transfers *transfers, const struct xfr_out_config *config, struct xfr_history *history)
{
	struct journal_span span = {
		zone_apex(zone_version_zone(config->version)), config->client_serial, zone_version_serial(config->version),
	};
	uint64_t limit = history_limit(config);

	xfr_history_init(history, limit, false);
	int status = journal_history_read(transfers->journal, &span, on_difference, history);
	if (status == ZT_OK)
		return status;
	xfr_history_fini(history);
	xfr_history_init(history, limit * CONDENSE_FACTOR, true);
	if (status == ZT_ELIMIT && journal_history_read(transfers->journal, &span, on_difference, history) == ZT_OK) {
		history->record_limit = limit;
		return ZT_OK;
	}
	xfr_history_fini(history);
	return status;
}

/* Differences are only for a peer whose version is one of ours, where it tells what it has: others would not fit or, worse, fit by chance. ZT_OK:
 * as far as is known it is; ZT_EDIFF: it is not; ZT_ENOENT: the history does not reach there. */
static int lineage_check(struct transfers *transfers, struct respond *r, const struct xfr_out_config *config, const struct zsync *theirs)
{
	const struct zone *zone = zone_version_zone(config->version);

	if (theirs->serial != config->client_serial || theirs->key_id != zsync_key_id(zone_fingerprint_key(zone)))
		return ZT_OK;
	int status = journal_history_has(transfers->journal, zone_apex(zone), theirs->serial, theirs->summary.fingerprint);
	if (status == ZT_EDIFF) {
		r->plan.zsync_flags |= ZSYNC_DIVERGED;
		counter_add(&transfers->counters->transfers_foreign, 1);
	}
	return status;
}

/* What the machine needs to answer. config->history, where it is set, points to *history, which the caller finishes. */
static int out_prepare(struct transfers *transfers, struct respond *r, struct xfr_out_config *config, struct xfr_history *history)
{
	struct zsync theirs;

	config->history = NULL;
	if (config->query->qtype != TYPE_IXFR)
		return ZT_OK;
	int status = xfr_client_serial(config->query, &config->client_serial);
	if (status != ZT_OK)
		return status;
	if (!xfr_is_behind(config->client_serial, zone_version_serial(config->version)))
		return ZT_OK;
	bool tells = r->plan.says_zsync && zsync_read(&r->message.edns, &theirs);
	if (tells)
		status = lineage_check(transfers, r, config, &theirs);
	if (status == ZT_OK)
		status = history_gather(transfers, config, history);
	if (status == ZT_OK)
		config->history = history;
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

static void session_complete(struct transfers *transfers, struct session *session)
{
	struct evidence evidence = {
		.peer = &session->peer, .apex = session->apex, .type = session->type, .serial = zone_version_serial(session->version),
		.completed = true, .bytes = xfr_out_bytes(session->xfr),
	};

	switch (xfr_out_style(session->xfr)) {
	case XFR_OUT_ZONE: counter_add(&transfers->counters->transfers_whole, 1); break;
	case XFR_OUT_DIFFERENCES: counter_add(&transfers->counters->transfers_difference, 1); break;
	case XFR_OUT_SOA: counter_add(&transfers->counters->transfers_soa, 1); break;
	}
	/* A single SOA gives the peer nothing; what it has, it said in its question. */
	if (xfr_out_style(session->xfr) != XFR_OUT_SOA)
		evidence_post(transfers, &evidence);
	stream_settle(session->stream);
	session_free(transfers, session);
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

/* What the question says that the peer has. */
static void question_note(struct transfers *transfers, const struct xfr_out_config *config, const struct served_zone *zone, const struct stream *stream)
{
	struct evidence evidence = { .peer = stream_remote(stream), .apex = zone->apex, .type = TYPE_IXFR, .serial = config->client_serial };

	if (config->query->qtype == TYPE_IXFR)
		evidence_post(transfers, &evidence);
}

static int session_open(struct transfers *transfers, struct stream *stream, struct respond *r)
{
	struct session *session = calloc(1, sizeof(*session));
	uint8_t options[OPTIONS_MAX_LEN];
	struct xfr_out_config config = { .query = &r->message, .options = options };
	struct xfr_history history;

	if (!session)
		return ZT_ENOMEM;
	config.version = session->version = zone_version_acquire(r->version);
	int status = out_prepare(transfers, r, &config, &history);
	config.options_len = edns_options_write(r, options);
	if (status == ZT_OK)
		status = xfr_out_new(&config, &session->xfr);
	if (config.history)
		xfr_history_fini(config.history);
	if (status != ZT_OK) {
		zone_version_release(session->version);
		free(session);
		return status;
	}
	question_note(transfers, &config, r->zone, stream);
	session->stream = stream;
	session->peer = *stream_remote(stream);
	session->type = r->message.qtype;
	name_copy(session->apex, r->zone->apex);
	cds_list_add_tail(&session->link, &transfers->sessions);
	transfers->open++;
	return ZT_OK;
}

void transfer_start(struct transfers *transfers, struct stream *stream, struct respond *r)
{
	if (!respond_allows(r, r->zone->allow_transfer)) {
		counter_add(&transfers->counters->transfers_refused, 1);
		reply_error(transfers, stream, r, &not_allowed);
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

void transfer_answer_udp(struct transfers *transfers, struct respond *r)
{
	uint8_t options[OPTIONS_MAX_LEN];
	size_t limit = respond_limit(r);
	struct xfr_out_config config = {
		.query = &r->message, .version = r->version, .message_size = limit, .options = options,
	};
	struct xfr_history history;

	if (!respond_allows(r, r->zone->allow_transfer)) {
		counter_add(&transfers->counters->transfers_refused, 1);
		respond_error(r, not_allowed.rcode, &not_allowed.error);
		return;
	}
	/* What the question says is no evidence here: anybody can send it in the peer's name. */
	int status = out_prepare(transfers, r, &config, &history);
	config.options_len = edns_options_write(r, options);
	if (status == ZT_OK)
		status = xfr_out_udp(&config, r->out, limit, &r->out_len);
	if (config.history)
		xfr_history_fini(config.history);
	if (status == ZT_OK) {
		counter_add(&transfers->counters->transfer_bytes, r->out_len);
	} else {
		const struct refusal *refusal = status == ZT_EMALFORMED ? &no_serial : &trouble;
		respond_error(r, refusal->rcode, &refusal->error);
	}
}

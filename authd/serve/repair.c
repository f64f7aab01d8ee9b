/* Serving range-based reconciliation from a worker. */
#include "authd/serve/repair.h"

#include <stdlib.h>
#include <urcu/list.h>

#include "authd/serve/evidence.h"
#include "lib/xfr/reconcile_server.h"
#include "lib/zone/digest.h"

enum {
	SLICE_US = 1000,                 /* at a time, before other events get their turn */
	DIGESTED_AT_ONCE = 500,          /* records, well within a slice */
	WAITING_MAX = 64,                /* questions of a session; with more, or more bytes, no more are read */
	WAITING_BYTES_MAX = 1 << 20,
	BYTES_LEAST = 4 << 20,           /* that a session may be sent of one version, and what the zone takes in memory in addition: more than AXFR would cost */
};

/* A question that waits for its turn. */
struct asked {
	struct cds_list_head link;
	const struct zone_version *version;      /* current when it came; pinned */
	struct signing signing;                  /* of its answer; has a reference to the key */
	size_t len;
	uint8_t wire[];
};

struct session {
	struct cds_list_head link;
	struct stream *stream;
	struct netaddr peer;
	struct cds_list_head asked;              /* oldest first */
	unsigned waiting;
	size_t waiting_bytes;
	bool is_paused;                          /* the stream is not read */
	const struct zone_version *version;      /* that its questions are about; NULL before the first */
	struct reconcile_server *server;         /* the question in hand; NULL: take the next */
	struct signing signing;                  /* of its answer; has a reference to the key */
	struct zone_digester *digester;          /* of `version`, under way; NULL: none is needed, or it is known */
	bool ends_with_digest;                   /* the question in hand: the client has all then */
	bool wants_digest;                       /* it waits for nothing else */
	uint64_t bytes;                          /* sent of this version */
	uint64_t bytes_before;                   /* the present version's first question */
	usec_t begun_at;                         /* when that came */
};

struct repairs {
	struct witness *witness;
	struct loop *loop;
	struct loop_timer run;
	struct serve_counters *counters;
	struct cds_list_head sessions;           /* whose turn it is next comes first */
	unsigned open;
	uint8_t message[MESSAGE_MAX_LEN];
};

static void on_run(void *ctx);

int repairs_new(struct repairs **out, struct witness *witness, struct loop *loop, struct serve_counters *counters)
{
	struct repairs *repairs = calloc(1, sizeof(*repairs));

	if (!repairs)
		return ZT_ENOMEM;
	repairs->witness = witness;
	repairs->loop = loop;
	repairs->counters = counters;
	CDS_INIT_LIST_HEAD(&repairs->sessions);
	loop_timer_init(&repairs->run, loop, on_run, repairs);
	*out = repairs;
	return ZT_OK;
}

static void asked_free(struct session *session, struct asked *asked)
{
	cds_list_del(&asked->link);
	session->waiting--;
	session->waiting_bytes -= asked->len;
	tsig_key_release(asked->signing.key);
	zone_version_release(asked->version);
	free(asked);
}

/* The session's version becomes `version`, pinned by the caller; NULL: none. */
static void version_set(struct session *session, const struct zone_version *version)
{
	zone_digester_free(session->digester);
	session->digester = NULL;
	if (session->version)
		zone_version_release(session->version);
	session->version = version;
}

static void session_free(struct repairs *repairs, struct session *session)
{
	struct asked *asked, *next;

	cds_list_for_each_entry_safe(asked, next, &session->asked, link)
		asked_free(session, asked);
	reconcile_server_free(session->server);
	tsig_key_release(session->signing.key);
	version_set(session, NULL);
	cds_list_del(&session->link);
	repairs->open--;
	free(session);
}

void repairs_free(struct repairs *repairs)
{
	struct session *session, *next;

	if (!repairs)
		return;
	cds_list_for_each_entry_safe(session, next, &repairs->sessions, link)
		session_free(repairs, session);
	loop_timer_stop(&repairs->run);
	free(repairs);
}

static struct session *session_of(const struct repairs *repairs, const struct stream *stream)
{
	struct session *session;

	cds_list_for_each_entry(session, &repairs->sessions, link) {
		if (session->stream == stream)
			return session;
	}
	return NULL;
}

/* ---- one question after another ------------------------------------------------------------------------------------------------------- */

/* An answer that cannot go on must not look complete. This ends the session too. */
static void session_abort(struct repairs *repairs, struct session *session)
{
	counter_add(&repairs->counters->repairs_aborted, 1);
	stream_close(session->stream);
}

/* `version` may be NULL, or another zone's. */
static bool is_meant(const struct zone_version *version, const struct asked *asked, const struct reconcile_query *query)
{
	if (!version || zone_version_zone(version) != zone_version_zone(asked->version))
		return false;
	struct zone_summary summary = zone_summary(version);
	return zone_version_serial(version) == query->serial && summary.count == query->summary.count &&
	       fingerprint_equal(summary.fingerprint, query->summary.fingerprint);
}

/* Makes the version that is meant the session's; otherwise what to answer instead. */
static enum reconcile_status version_find(struct session *session, const struct asked *asked, const struct reconcile_query *query)
{
	const struct fingerprint_key *key = zone_fingerprint_key(zone_version_zone(asked->version));
	bool is_first = query->flags & RECONCILE_FIRST;

	if (query->key_id != zsync_key_id(key))
		return RECONCILE_OTHER_KEY;
	bool is_ours = is_first ? session->version == asked->version : is_meant(session->version, asked, query);
	if (!is_ours && !is_first && !is_meant(asked->version, asked, query))
		return RECONCILE_STALE;
	if (!is_ours) {
		version_set(session, zone_version_acquire(asked->version));
		session->bytes = session->bytes_before = 0;      /* one connection may serve for many zones */
	}
	return session->bytes > BYTES_LEAST + zone_version_memory(session->version) ? RECONCILE_BUDGET : RECONCILE_GOES_ON;
}

/* The digest takes long: it is begun when somebody comes who will ask for it. */
static void digest_begin(struct session *session)
{
	struct zone_digest digest;

	if (!session->digester && !zone_digest_get(session->version, &digest) && zone_digester_new(session->version, &session->digester) != ZT_OK)
		session->digester = NULL;      /* tried again when it is needed */
}

/* The answer to the question is signed as the question was. */
static void signing_take(struct session *session, struct asked *asked)
{
	tsig_key_release(session->signing.key);
	session->signing = asked->signing;
	asked->signing = (struct signing){ 0 };
}

static int message_sign(struct repairs *repairs, struct session *session, size_t *len)
{
	struct tsig_message message = { repairs->message, *len, sizeof(repairs->message) };

	if (session->signing.room == 0)
		return ZT_OK;
	int status = signing_sign(&session->signing, &message, clock_wall(repairs->loop->clock));
	*len = message.len;
	return status;
}

static void send_one(struct repairs *repairs, struct session *session, size_t len)
{
	if (message_sign(repairs, session, &len) != ZT_OK || stream_send(session->stream, repairs->message, len) != ZT_OK)
		counter_add(&repairs->counters->send_failed, 1);
	session->bytes += len;
	counter_add(&repairs->counters->repair_bytes, len);
}

static void evidence_tell(struct repairs *repairs, const struct session *session, struct evidence *evidence)
{
	struct evidence_subject subject = {
		&session->peer, session->signing.key ? tsig_key_name(session->signing.key) : NULL, zone_apex(zone_version_zone(session->version)),
	};

	evidence->is_proven = true;
	evidence->type = RECONCILE_TYPE;
	witness_tell(repairs->witness, &subject, evidence);
}

static void first_note(struct repairs *repairs, struct session *session)
{
	counter_add(&repairs->counters->repairs, 1);
	session->bytes_before = session->bytes;
	session->begun_at = loop_now(repairs->loop);
	evidence_tell(repairs, session, &(struct evidence){ .event = EVIDENCE_SIGN });
}

/* The client has been told all, up to the digest. */
static void end_note(struct repairs *repairs, struct session *session)
{
	evidence_tell(repairs, session, &(struct evidence){
		.event = EVIDENCE_FETCHED, .kind = TRANSFER_REPAIR, .serial = zone_version_serial(session->version),
		.bytes = session->bytes - session->bytes_before, .duration = loop_now(repairs->loop) - session->begun_at,
	});
}

/* The question becomes the one in hand, or is answered at once. */
static void question_take(struct repairs *repairs, struct session *session, struct asked *asked)
{
	struct reconcile_server_config config = { 0 };
	struct reconcile_query query;
	struct message message;
	size_t len;

	signing_take(session, asked);
	int status = message_read(&message, asked->wire, asked->len);
	if (status == ZT_OK)
		status = reconcile_query_read(&message.edns, &query);
	enum reconcile_status answer = status == ZT_OK ? version_find(session, asked, &query) : RECONCILE_GOES_ON;
	if (answer != RECONCILE_GOES_ON) {
		status = reconcile_status_write(&message, answer, repairs->message, sizeof(repairs->message), &len);
		if (status == ZT_OK)
			send_one(repairs, session, len);
	} else if (status == ZT_OK) {
		config = (struct reconcile_server_config){ session->version, zone_fingerprint_key(zone_version_zone(session->version)), &message };
		status = reconcile_server_new(&config, &session->server);
		session->ends_with_digest = query.flags & RECONCILE_DIGEST;
		if (query.flags & RECONCILE_FIRST)
			first_note(repairs, session);
		digest_begin(session);
	}
	session->wants_digest = false;
	if (status == ZT_OK)
		return;
	len = respond_error_write(&message, status == ZT_ENOMEM ? RCODE_SERVFAIL : RCODE_FORMERR, repairs->message, sizeof(repairs->message));
	send_one(repairs, session, len);
}

static void waiting_take(struct repairs *repairs, struct session *session)
{
	struct asked *asked = cds_list_first_entry(&session->asked, struct asked, link);

	question_take(repairs, session, asked);
	asked_free(session, asked);
	if (session->is_paused && session->waiting < WAITING_MAX / 2 && session->waiting_bytes < WAITING_BYTES_MAX / 2) {
		session->is_paused = false;
		stream_resume(session->stream);
	}
}

/* False: the session is gone. */
static bool answer_step(struct repairs *repairs, struct session *session)
{
	size_t len;

	int status = reconcile_server_next(session->server, repairs->message, &len);
	if (status == ZT_OK && (status = message_sign(repairs, session, &len)) == ZT_OK &&
	    (status = stream_send_part(session->stream, repairs->message, len)) == ZT_OK) {
		session->bytes += len;
		counter_add(&repairs->counters->repair_bytes, len);
	} else if (status == ZT_EBUSY) {
		session->wants_digest = true;
	} else if (status == ZT_EDONE) {
		if (session->ends_with_digest)
			end_note(repairs, session);
		reconcile_server_free(session->server);
		session->server = NULL;
		stream_settle(session->stream);
	} else if (status != ZT_EAGAIN) {
		session_abort(repairs, session);
		return false;
	}
	return true;
}

/* False: the session is gone. */
static bool digest_step(struct repairs *repairs, struct session *session)
{
	struct zone_digest digest;
	int status = zone_digest_get(session->version, &digest) ? ZT_OK : ZT_EAGAIN;

	if (status == ZT_EAGAIN && !session->digester)
		status = zone_digester_new(session->version, &session->digester) == ZT_OK ? ZT_EAGAIN : ZT_ENOMEM;
	if (status == ZT_EAGAIN)
		status = zone_digester_step(session->digester, DIGESTED_AT_ONCE, &digest);
	if (status == ZT_EAGAIN)
		return true;
	zone_digester_free(session->digester);
	session->digester = NULL;
	if (status != ZT_OK) {
		session_abort(repairs, session);
		return false;
	}
	zone_digest_keep(session->version, &digest);
	if (session->wants_digest)
		reconcile_server_digest(session->server, &digest);
	session->wants_digest = false;
	return true;
}

static bool can_answer(const struct session *session)
{
	return !stream_is_full(session->stream) && !session->wants_digest && (session->server || session->waiting > 0);
}

static bool has_work(const struct session *session)
{
	return can_answer(session) || session->digester || session->wants_digest;
}

/* A piece of work: the answer first, the digest while there is nothing to answer. False: the session is gone. */
static bool session_step(struct repairs *repairs, struct session *session)
{
	if (!can_answer(session))
		return digest_step(repairs, session);
	if (session->server)
		return answer_step(repairs, session);
	waiting_take(repairs, session);
	return true;
}

static struct session *session_with_work(const struct repairs *repairs)
{
	struct session *session;

	cds_list_for_each_entry(session, &repairs->sessions, link) {
		if (has_work(session))
			return session;
	}
	return NULL;
}

static void on_run(void *ctx)
{
	struct repairs *repairs = ctx;
	usec_t end = loop_now(repairs->loop) + SLICE_US;
	struct session *session;

	while ((session = session_with_work(repairs)) != NULL) {
		cds_list_del(&session->link);
		cds_list_add_tail(&session->link, &repairs->sessions);
		bool lives = true;
		while (lives && has_work(session) && loop_now(repairs->loop) < end)
			lives = session_step(repairs, session);
		if (loop_now(repairs->loop) >= end) {
			loop_timer_in(&repairs->run, 0);
			return;
		}
	}
}

/* ---- what comes ------------------------------------------------------------------------------------------------------------------------ */

static void refuse(struct repairs *repairs, struct stream *stream, struct respond *r, const struct edns_error *error)
{
	bool is_denied = error->code == EDE_PROHIBITED;

	counter_add(is_denied ? &repairs->counters->transfers_refused : &repairs->counters->transfers_limited, 1);
	respond_error(r, is_denied ? RCODE_REFUSED : RCODE_SERVFAIL, error);
	if (stream_send(stream, r->out, r->out_len) != ZT_OK)
		counter_add(&repairs->counters->send_failed, 1);
}

static struct session *session_new(struct repairs *repairs, struct stream *stream)
{
	const struct session *other;
	struct session *session;
	unsigned count = 0;

	cds_list_for_each_entry(other, &repairs->sessions, link)
		count += netaddr_ip_equal(&other->peer, stream_remote(stream));
	if (repairs->open >= REPAIRS_MAX || count >= REPAIRS_MAX_PER_PEER || !(session = calloc(1, sizeof(*session))))
		return NULL;
	session->stream = stream;
	session->peer = *stream_remote(stream);
	CDS_INIT_LIST_HEAD(&session->asked);
	cds_list_add_tail(&session->link, &repairs->sessions);
	repairs->open++;
	return session;
}

static bool question_keep(struct session *session, const struct respond *r)
{
	struct asked *asked = malloc(sizeof(*asked) + r->query_len);

	if (!asked)
		return false;
	asked->version = zone_version_acquire(r->version);
	asked->len = r->query_len;
	asked->signing = (struct signing){ 0 };
	if (r->signing.room > 0) {
		asked->signing = r->signing;
		tsig_key_acquire(asked->signing.key);
	}
	memcpy(asked->wire, r->query, r->query_len);
	cds_list_add_tail(&asked->link, &session->asked);
	session->waiting++;
	session->waiting_bytes += asked->len;
	return true;
}

void repair_start(struct repairs *repairs, struct stream *stream, struct respond *r)
{
	static const struct edns_error not_allowed = EDNS_ERROR(EDE_PROHIBITED, "allow-transfer"), too_many = EDNS_ERROR(EDE_OTHER, "too many transfers");

	if (!respond_may_transfer(r)) {
		refuse(repairs, stream, r, &not_allowed);
		return;
	}
	struct session *session = session_of(repairs, stream);
	if (!session)
		session = session_new(repairs, stream);
	if (!session || !question_keep(session, r)) {
		refuse(repairs, stream, r, &too_many);
		return;
	}
	if (!session->is_paused && (session->waiting >= WAITING_MAX || session->waiting_bytes >= WAITING_BYTES_MAX)) {
		session->is_paused = true;
		stream_pause(stream);
	}
	loop_timer_in(&repairs->run, 0);
}

void repair_on_drained(struct repairs *repairs, struct stream *stream)
{
	if (session_of(repairs, stream))
		loop_timer_in(&repairs->run, 0);
}

void repair_on_close(struct repairs *repairs, struct stream *stream)
{
	struct session *session = session_of(repairs, stream);

	if (session)
		session_free(repairs, session);
}

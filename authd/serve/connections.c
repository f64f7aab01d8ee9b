/* TCP: queries answered in the order they come, transfers and forwarded requests when they are ready (RFC 7766 section 7: responses may be
 * reordered). The streams and their limits are lib/net/entrance.h's.
 */
#include "authd/serve/worker.h"

#include <stdlib.h>

#include "lib/base/qsbr.h"
#include "lib/net/tls.h"

#define KEEPALIVE_UNIT (100 * USEC_PER_MSEC)      /* of RFC 7828 */

/* Of one worker, for the client whose turn it is. */
struct stream_buffers {
	struct respond responds[STREAM_BATCH];
	uint8_t early[MESSAGE_MAX_LEN];      /* replies without a look-up */
	uint8_t reply[MESSAGE_MAX_LEN];
};

static void forward(struct worker *worker, struct stream *stream, enum request_kind kind, const struct respond *r, bool is_tapped)
{
	struct request origin = {
		.peer = *stream_remote(stream), .local = *stream_local(stream), .stream = entrance_number(stream), .udp_limit = UINT16_MAX, .is_tapped = is_tapped,
		.is_encrypted = r->is_encrypted,
	};
	if (!worker_forward(worker, kind, r, &origin))
		stream_settle(stream);
}

/* The query, and the response where there is one already, to dnstap. */
static void tell(struct worker *worker, struct stream *stream, const struct respond *r, size_t response_len)
{
	struct tap_exchange exchange = {
		.client = stream_remote(stream), .server = stream_local(stream), .transport = r->is_encrypted ? DNSTAP_TLS : DNSTAP_TCP,
		.query = r->query, .query_len = (uint32_t)r->query_len, .response = r->out, .response_len = (uint32_t)response_len,
	};

	tapping_tell(&worker->tapping, &exchange);
}

/* Sends what r->out holds. */
static void reply(struct worker *worker, struct stream *stream, const struct respond *r, bool is_tapped)
{
	if (is_tapped)
		tell(worker, stream, r, r->out_len);
	worker_count_reply(worker, r);
	if (stream_send(stream, r->out, r->out_len) != ZT_OK)
		counter_add(&worker->counters.send_failed, 1);
}

/* What is not a look-up. It may end the stream. */
static void settle(struct worker *worker, struct stream *stream, struct respond *r, enum respond_verdict verdict)
{
	bool is_tapped = tapping_wants(&worker->tapping);

	if (is_tapped && verdict != RESPOND_REPLY)
		tell(worker, stream, r, 0);
	switch (verdict) {
	case RESPOND_LOOKUP:
		break;
	case RESPOND_REPLY:
		reply(worker, stream, r, is_tapped);
		break;
	case RESPOND_DROP:      /* what came before it is answered */
		counter_add(&worker->counters.dropped, 1);
		stream_finish(stream);
		break;
	case RESPOND_NOTIFY:
		counter_add(&worker->counters.notifies, 1);
		forward(worker, stream, REQUEST_NOTIFY, r, is_tapped);
		break;
	case RESPOND_UPDATE:
		counter_add(&worker->counters.updates, 1);
		forward(worker, stream, REQUEST_UPDATE, r, is_tapped);
		break;
	case RESPOND_TRANSFER:
		counter_add(&worker->counters.transfers, 1);
		transfer_start(worker->transfers, stream, r);
		break;
	case RESPOND_REPAIR:
		repair_start(worker->repairs, stream, r);
		break;
	}
}

/* Look-ups of one client that wait to be run together, so that their cache misses overlap. */
struct lookups {
	struct zone_finder *finders[STREAM_BATCH];
	struct respond *responds[STREAM_BATCH];
	unsigned count;
	const struct respond *left;      /* the first for whose answer there was no room; NULL if none */
};

/* False when there was no room for all answers. */
static bool lookups_answer(struct worker *worker, struct stream *stream, struct lookups *lookups)
{
	zone_finders_run(lookups->finders, lookups->count);
	for (unsigned i = 0; i < lookups->count && !lookups->left; i++) {
		struct respond *r = lookups->responds[i];
		if (!stream_takes(stream)) {
			lookups->left = r;
			break;
		}
		r->out = worker->stream_buffers->reply;
		respond_finish(r);
		witness_note(worker->witness, r);
		reply(worker, stream, r, tapping_wants(&worker->tapping));
	}
	lookups->count = 0;
	return !lookups->left;
}

static unsigned on_batch(struct stream *stream, const struct stream_message *messages, unsigned count, void *ctx)
{
	struct worker *worker = ctx;
	struct stream_buffers *buffers = worker->stream_buffers;
	bool is_encrypted = stream_is_encrypted(stream);
	struct tls_peer *tls_peer = stream_tls_peer(stream);
	uint16_t keepalive = (uint16_t)(entrance_idle_timeout(stream) / KEEPALIVE_UNIT);
	struct lookups lookups;
	unsigned taken;

	lookups.count = 0;
	lookups.left = NULL;
	moment_begin(&worker->moment, worker->loop.clock);
	qsbr_online();
	const struct view *view = worker_view(worker);
	/* Not a message more once too much waits for the client, or it has gone. */
	for (taken = 0; taken < count && stream_takes(stream); taken++) {
		struct respond *r = &buffers->responds[taken];
		r->view = view;
		r->query = messages[taken].data;
		r->query_len = messages[taken].len;
		r->peer = stream_remote(stream);
		r->is_encrypted = is_encrypted;
		r->tls_peer = tls_peer;
		r->keepalive = keepalive;
		r->out = buffers->early;
		enum respond_verdict verdict = respond_begin(r);
		if (r->signing.is_looked_at)
			worker_count_signature(worker, r);
		if (verdict == RESPOND_LOOKUP) {
			lookups.finders[lookups.count] = &r->finder;
			lookups.responds[lookups.count++] = r;
		} else if (lookups_answer(worker, stream, &lookups)) {      /* answers that are ready leave in the order of their questions */
			settle(worker, stream, r, verdict);
		} else {
			break;
		}
	}
	lookups_answer(worker, stream, &lookups);
	qsbr_offline();
	if (lookups.left)
		taken = (unsigned)(lookups.left - buffers->responds);
	counter_add(is_encrypted ? &worker->counters.queries_tls : &worker->counters.queries_tcp, taken);
	return taken;
}

static void on_drained(struct stream *stream, void *ctx)
{
	struct worker *worker = ctx;
	transfer_on_drained(worker->transfers, stream);
	repair_on_drained(worker->repairs, stream);
}

static void on_close(struct stream *stream, int status, void *ctx)
{
	struct worker *worker = ctx;
	bool has_failed = stream_is_encrypted(stream) && stream_messages_in(stream) == 0 && (status == ZT_EDENIED || status == ZT_EMALFORMED);

	counter_add(&worker->counters.tls_failed, has_failed);
	transfer_on_close(worker->transfers, stream);
	repair_on_close(worker->repairs, stream);
}

static struct tls_context *on_tls_acquire(void *ctx)
{
	struct worker *worker = ctx;

	qsbr_online();
	struct tls_context *context = atomic_load_explicit(&worker->set->tls, memory_order_acquire);
	if (context)
		tls_context_acquire(context);
	qsbr_offline();
	return context;
}

static bool on_takes_proxy(const struct netaddr *remote, void *ctx)
{
	struct worker *worker = ctx;

	qsbr_online();
	bool may = acl_allows_address(worker_view(worker)->settings.proxy_allow, remote);
	qsbr_offline();
	return may;
}

static const struct stream_handler handler = { .on_batch = on_batch, .on_drained = on_drained, .on_close = on_close };

int connections_open(struct worker *worker)
{
	const struct workers_config *config = &worker->set->config;
	struct entrance_config entrance = {
		.handler = &handler, .ctx = worker, .counters = &worker->counters.connections, .listen = config->listen, .listen_count = config->listen_count,
		.listen_tls = config->listen_tls, .listen_tls_count = config->listen_tls_count,
		.tls_acquire = on_tls_acquire, .takes_proxy = on_takes_proxy,
		.limits = worker->set->entrance_limits,
	};

	worker->stream_buffers = calloc(1, sizeof(*worker->stream_buffers));
	if (!worker->stream_buffers)
		return ZT_ENOMEM;
	for (unsigned i = 0; i < STREAM_BATCH; i++) {
		struct respond *r = &worker->stream_buffers->responds[i];
		r->moment = &worker->moment;
		r->is_tcp = true;
		r->out_size = MESSAGE_MAX_LEN;
	}
	return entrance_open(&worker->entrance, &worker->loop, &entrance);
}

void connections_close(struct worker *worker)
{
	entrance_close(worker->entrance);
	free(worker->stream_buffers);
	worker->entrance = NULL;
	worker->stream_buffers = NULL;
}

void connections_reply(struct worker *worker, const struct request *request)
{
	/* All were closed when the thread ended. */
	struct stream *stream = worker->entrance ? entrance_find(worker->entrance, request->stream) : NULL;

	if (stream && request->reply.len == 0)
		stream_settle(stream);
	else if (stream && stream_send(stream, request->reply.data, request->reply.len) != ZT_OK)
		counter_add(&worker->counters.send_failed, 1);
}

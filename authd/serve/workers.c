/* Life of the worker threads, and the ways between them and the manage thread.
 *
 * A worker is an RCU reader (QSBR): it is online only while it handles messages and offline while it waits, so an idle worker never delays a
 * grace period.
 */
#include "authd/serve/workers.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "authd/serve/worker.h"
#include "lib/base/qsbr.h"
#include "lib/net/tls.h"

enum { CONNECTIONS_PER_LISTENER = 1024, FORWARDED_MAX = 16 << 20 };

static void rcode_count(struct worker *worker, unsigned rcode)
{
	counter_add(&worker->counters.replies[rcode < COUNTED_RCODES ? rcode : COUNTED_RCODES - 1], 1);
}

static void edns_count(struct worker *worker, const struct edns_plan *plan)
{
	struct serve_counters *counters = &worker->counters;

	counter_add(&counters->edns, 1);
	if (plan->error)
		counter_add(&counters->extended_errors[plan->error->code < COUNTED_ERRORS ? plan->error->code : COUNTED_ERRORS - 1], 1);
	switch (plan->cookie_kind) {
	case COOKIE_CLIENT: counter_add(&counters->cookies_client, 1); break;
	case COOKIE_BAD: counter_add(&counters->cookies_bad, 1); break;
	case COOKIE_GOOD: counter_add(&counters->cookies_good, 1); break;
	}
}

void worker_count_signature(struct worker *worker, const struct respond *r)
{
	struct serve_counters *counters = &worker->counters;

	switch (r->signing.error) {
	case RCODE_NOERROR: counter_add(&counters->tsig_good, 1); break;
	case RCODE_BADKEY: counter_add(&counters->tsig_badkey, 1); break;
	case RCODE_BADSIG: counter_add(&counters->tsig_badsig, 1); break;
	case RCODE_BADTIME: counter_add(&counters->tsig_badtime, 1); break;
	case RCODE_BADTRUNC: counter_add(&counters->tsig_badtrunc, 1); break;
	default: counter_add(&counters->tsig_malformed, 1); break;
	}
}

void worker_count_reply(struct worker *worker, const struct respond *r)
{
	if (r->limited != LIMIT_PASS)
		counter_add(r->limited == LIMIT_DROP ? &worker->counters.limit_dropped : &worker->counters.limit_slipped, 1);
	if (r->limited == LIMIT_DROP)
		return;
	rcode_count(worker, r->rcode);
	if (r->truncated)
		counter_add(&worker->counters.truncated, 1);
	if (r->message.edns.present)
		edns_count(worker, &r->plan);
}

bool worker_forward(struct worker *worker, enum request_kind kind, const struct respond *r, const struct request *origin)
{
	bool has_room = worker->forwarded + sizeof(struct request) + r->query_len <= FORWARDED_MAX;
	struct request *request = has_room ? request_new(kind) : NULL;
	uint8_t *wire = has_room ? malloc(r->query_len) : NULL;

	if (!request || !wire) {
		request_free(request);
		free(wire);
		counter_add(&worker->counters.dropped, 1);
		return false;
	}
	memcpy(wire, r->query, r->query_len);
	request->worker = worker;
	request->peer = origin->peer;
	request->via = origin->via;
	request->local = origin->local;
	request->stream = origin->stream;
	request->udp_limit = origin->udp_limit;
	if (r->message.edns.present)
		request->options_len = edns_options_write(r, request->options);
	if (r->signing.room > 0) {
		request->signing = r->signing;
		tsig_key_acquire(request->signing.key);
	}
	request->is_tapped = origin->is_tapped;
	request->is_encrypted = origin->is_encrypted;
	request->tls_peer = tls_peer_acquire(r->tls_peer);
	request->received = loop_now(&worker->loop);
	request->wire = wire;
	request->wire_len = r->query_len;
	worker->forwarded += sizeof(*request) + request->wire_len;
	mailbox_post(worker->set->config.manage_mailbox, &request->node);
	return true;
}

void worker_reply(struct request *request)
{
	mailbox_post(&request->worker->mailbox, &request->node);
}

_Static_assert((int)OPTIONS_MAX_LEN <= (int)REQUEST_OPTIONS_MAX, "a request has room for all options");

/* The manage thread's replies end with an OPT record without options, where there is one. */
static void options_append(struct request *request, const struct message *reply)
{
	const uint8_t *end = request->reply.data + request->reply.len;

	if (!reply->edns.present || reply->edns.options_len > 0 || reply->edns.options != end || request->options_len == 0 ||
	    request->reply.len + request->options_len > request->udp_limit)
		return;
	size_t length_at = request->reply.len - 2;
	buf_add(&request->reply, request->options, request->options_len);
	if (request->reply.status == ZT_OK)
		wire_put_u16(request->reply.data + length_at, request->options_len);
}

/* The last step, because nothing may change any more. */
static void reply_sign(const struct worker *worker, struct request *request)
{
	struct tsig_message message = { .len = request->reply.len };

	if (request->signing.room == 0 || request->reply.len == 0)
		return;
	message.size = message.len + request->signing.room;
	int status = buf_reserve(&request->reply, request->signing.room) ? ZT_OK : ZT_ENOMEM;
	message.wire = request->reply.data;
	if (status == ZT_OK)
		status = signing_sign(&request->signing, &message, clock_wall(worker->set->config.clock));
	/* Nobody would believe it without. */
	request->reply.len = status == ZT_OK ? message.len : 0;
}

static void on_mail(struct mailbox_node *node, void *ctx)
{
	struct worker *worker = ctx;

	if (node == &worker->stop) {
		loop_stop(&worker->loop);
		return;
	}
	struct request *request = (struct request *)(void *)node;
	worker->forwarded -= sizeof(*request) + request->wire_len;
	struct message reply;
	if (request->reply.len > 0 && message_read(&reply, request->reply.data, request->reply.len) == ZT_OK) {
		rcode_count(worker, message_rcode(&reply));
		options_append(request, &reply);
	}
	reply_sign(worker, request);
	tapping_tell_reply(&worker->tapping, request);
	if (request->stream != 0)
		connections_reply(worker, request);
	else if (request->reply.len > 0)
		datagrams_reply(worker, request);
	request_free(request);
}

static int worker_open(struct worker *worker, struct workers *set, uint32_t index)
{
	const struct workers_config *config = &set->config;
	struct udp_batch_config batch = { .size = BATCH_SIZE, .answer_size = config->udp_payload_size };
	int status = loop_init(&worker->loop, config->clock, LOOP_DEFAULT);

	worker->set = set;
	worker->index = index;
	if (status != ZT_OK)
		return status;
	worker->datagrams = calloc(config->listen_count, sizeof(*worker->datagrams));
	worker->responds = calloc(BATCH_SIZE, sizeof(*worker->responds));
	if (!worker->datagrams || !worker->responds)
		return ZT_ENOMEM;
	for (uint32_t i = 0; i < config->listen_count; i++)
		worker->datagrams[i].socket.fd = -1;
	if ((status = limiter_new(&worker->limiter, config->limit_buckets, config->limit_key)) != ZT_OK)
		return status;
	for (uint32_t i = 0; i < BATCH_SIZE; i++) {
		worker->responds[i].moment = &worker->moment;
		worker->responds[i].limiter = worker->limiter;
	}
	if ((status = udp_batch_init(&worker->batch, &batch)) != ZT_OK ||
	    (status = mailbox_open(&worker->mailbox, &worker->loop, on_mail, worker)) != ZT_OK)
		return status;
	for (uint32_t i = 0; i < config->listen_count; i++) {
		if ((status = datagrams_open(worker, i)) != ZT_OK) {
			char text[NETADDR_TEXT_SIZE];
			log_error(config->log, "cannot listen on %s: %s%s", netaddr_to_text(&config->listen[i], text), status_text(status),
				  listener_hint(status));
			return status;
		}
	}
	if ((status = connections_open(worker)) != ZT_OK) {
		log_error(config->log, "cannot listen for TCP on the addresses of server.listen and listen-tls: %s%s", status_text(status), listener_hint(status));
		return status;
	}
	if ((status = witness_new(&worker->witness, config->manage_mailbox, config->clock)) != ZT_OK)
		return status;
	if ((status = repairs_new(&worker->repairs, worker->witness, &worker->loop, &worker->counters)) != ZT_OK)
		return status;
	return transfers_new(&worker->transfers, worker->witness, config->journal, config->clock, &worker->counters);
}

/* Also cleans up after a worker_open that failed half way. */
static void worker_close(struct worker *worker)
{
	if (!worker->set || !worker->loop.base)
		return;
	/* Before the sockets, so that replies of requests that were under way still leave. */
	if (worker->mailbox.on_message)
		mailbox_close(&worker->mailbox);
	connections_close(worker);
	transfers_free(worker->transfers);
	witness_free(worker->witness);
	repairs_free(worker->repairs);
	free(worker->responds);
	limiter_free(worker->limiter);
	for (uint32_t i = 0; worker->datagrams && i < worker->set->config.listen_count; i++)
		datagrams_close(&worker->datagrams[i]);
	udp_batch_fini(&worker->batch);
	free(worker->datagrams);
	loop_fini(&worker->loop);
}

/* How many connections each listener may have. */
static uint32_t connections_share(const struct workers_config *config, uint32_t listeners)
{
	uint32_t wanted = config->tcp.max_connections, limit = config->connection_limit;
	uint32_t share = (wanted > 0 && wanted < limit ? wanted : limit) / (listeners > 0 ? listeners : 1);

	if (wanted == 0 && share > CONNECTIONS_PER_LISTENER)
		share = CONNECTIONS_PER_LISTENER;
	return share < 1 ? 1 : share;
}

static void *worker_main(void *arg)
{
	struct worker *worker = arg;

	qsbr_register();
	qsbr_offline();
	int status = loop_run(&worker->loop);
	if (status != ZT_OK)
		log_error(worker->set->config.log, "worker %u: event loop failed: %s; it answers nothing any more, restart the daemon", worker->index, status_text(status));
	connections_close(worker);      /* its streams belong to this thread's loop, and their end may post evidence */
	qsbr_unregister();
	return NULL;
}

int workers_open(struct workers **out, const struct workers_config *config)
{
	struct workers *workers = calloc(1, sizeof(*workers));
	int status = ZT_OK;

	if (!workers)
		return ZT_ENOMEM;
	workers->config = *config;
	if (config->count > 0) {
		workers->count = config->count;
	} else {
		long cores = sysconf(_SC_NPROCESSORS_ONLN);
		workers->count = cores > 0 ? (uint32_t)cores : 1;
	}
	workers->entrance_limits = config->tcp;
	if (config->tcp.max_connections > config->connection_limit)
		log_warn(config->log, "tcp-max-clients is %u, but the process may have only %u connections; raise its limit of open files",
			 config->tcp.max_connections, config->connection_limit);
	workers->entrance_limits.max_connections = connections_share(config, workers->count * (config->listen_count + config->listen_tls_count));
	workers->workers = calloc(workers->count, sizeof(*workers->workers));
	if (!workers->workers)
		status = ZT_ENOMEM;
	for (uint32_t i = 0; i < workers->count && status == ZT_OK; i++)
		status = worker_open(&workers->workers[i], workers, i);
	if (status != ZT_OK) {
		workers_close(workers);
		return status;
	}
	*out = workers;
	return ZT_OK;
}

void workers_tap(struct workers *workers, struct tap *tap, double sample)
{
	for (uint32_t i = 0; i < workers->count; i++)
		tapping_init(&workers->workers[i].tapping, tap_lane(tap, i), sample, workers->config.clock);
}

int workers_start(struct workers *workers)
{
	sigset_t all, before;
	int status = ZT_OK;

	/* Signals are the manage thread's business. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	for (uint32_t i = 0; i < workers->count && status == ZT_OK; i++) {
		struct worker *worker = &workers->workers[i];
		for (uint32_t l = 0; l < workers->config.listen_count && status == ZT_OK; l++)
			status = datagrams_start(&worker->datagrams[l]);
		if (status == ZT_OK && pthread_create(&worker->thread, NULL, worker_main, worker) != 0)
			status = ZT_ESYSTEM;
		worker->has_thread = status == ZT_OK;
	}
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return status;
}

void workers_synchronize(struct workers *workers)
{
	(void)workers;
	qsbr_synchronize();
}

void workers_publish(struct workers *workers, struct view *view)
{
	struct view *displaced = atomic_exchange_explicit(&workers->view, view, memory_order_acq_rel);
	if (displaced) {
		workers_synchronize(workers);
		view_free(displaced);
	}
}

void workers_set_tls(struct workers *workers, struct tls_context *context)
{
	struct tls_context *displaced = atomic_exchange_explicit(&workers->tls, tls_context_acquire(context), memory_order_acq_rel);
	if (displaced) {
		workers_synchronize(workers);
		tls_context_release(displaced);
	}
}

void workers_stop(struct workers *workers)
{
	for (uint32_t i = 0; workers && workers->workers && i < workers->count; i++) {
		if (workers->workers[i].has_thread)
			mailbox_post(&workers->workers[i].mailbox, &workers->workers[i].stop);
	}
	for (uint32_t i = 0; workers && workers->workers && i < workers->count; i++) {
		if (workers->workers[i].has_thread)
			pthread_join(workers->workers[i].thread, NULL);
		workers->workers[i].has_thread = false;
	}
}

void workers_close(struct workers *workers)
{
	if (!workers)
		return;
	workers_stop(workers);
	for (uint32_t i = 0; i < workers->count && workers->workers; i++)
		worker_close(&workers->workers[i]);
	view_free(atomic_load(&workers->view));
	tls_context_release(atomic_load(&workers->tls));
	free(workers->workers);
	free(workers);
}

uint32_t workers_count(const struct workers *workers)
{
	return workers->count;
}

bool workers_limited(const struct workers *workers, struct netprefix *out)
{
	uint32_t i = 0;
	while (i < workers->count && !limiter_last(workers->workers[i].limiter, out))
		i++;
	return i < workers->count;
}

void workers_counters(struct workers *workers, struct serve_counters *sum)
{
	/* The structure is nothing but counters, so it can be added up as an array of them. */
	enum { FIELDS = sizeof(struct serve_counters) / sizeof(uint64_t) };
	_Atomic uint64_t *to = (_Atomic uint64_t *)(void *)sum;

	for (size_t f = 0; f < FIELDS; f++)
		atomic_init(&to[f], 0);
	for (uint32_t i = 0; i < workers->count; i++) {
		_Atomic uint64_t *from = (_Atomic uint64_t *)(void *)&workers->workers[i].counters;
		for (size_t f = 0; f < FIELDS; f++)
			counter_add(&to[f], counter_get(&from[f]));
	}
}

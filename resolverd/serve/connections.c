/* TCP: each query answered when its answer is there (RFC 7766 section 7: responses may be reordered). The streams and their limits are
 * lib/net/entrance.h's.
 */
#include "resolverd/serve/worker.h"

enum {
	CONNECTIONS_PER_LISTENER = 1024,
	CONNECTIONS_PER_CLIENT = 256,
	OWED_PER_CONNECTION = 256,
	READ_TIMEOUT_S = 3,
};

static void send_reply(struct worker *worker, struct stream *stream)
{
	if (stream_send(stream, worker->front.out, worker->front.out_len) != ZT_OK)
		counter_add(&worker->counters.send_failed, 1);
}

static void resolve(struct worker *worker, struct stream *stream)
{
	struct client *client = worker_client(worker);

	if (!client) {
		stream_finish(stream);
		return;
	}
	client->connection = entrance_number(stream);
	if (!worker_resolve(worker, client)) {
		send_reply(worker, stream);
		return;
	}
	worker_drain(worker, worker->front.now);
}

static void on_message(struct stream *stream, const uint8_t *data, size_t len, void *ctx)
{
	struct worker *worker = ctx;
	struct front_query query = { .wire = data, .len = len, .remote = stream_remote(stream), .is_tcp = true };

	counter_add(&worker->counters.queries_tcp, 1);
	worker_front(worker, loop_now(&worker->loop), worker->reply, MESSAGE_MAX_LEN);
	switch (front_query(&worker->front, &query)) {
	case FRONT_REPLY:
		worker_count_reply(worker);
		send_reply(worker, stream);
		break;
	case FRONT_DROP:      /* what came before it is answered */
		counter_add(&worker->counters.dropped, 1);
		stream_finish(stream);
		break;
	case FRONT_RESOLVE:
		resolve(worker, stream);
		break;
	}
}

static const struct stream_handler handler = { .on_message = on_message };

int connections_open(struct worker *worker)
{
	const struct workers_config *config = &worker->set->config;
	struct entrance_config entrance = {
		.handler = &handler, .ctx = worker, .counters = &worker->counters.connections, .listen = config->listen, .listen_count = config->listen_count,
		.limits = { .max_connections = CONNECTIONS_PER_LISTENER, .max_per_client = CONNECTIONS_PER_CLIENT, .max_owed = OWED_PER_CONNECTION,
			    .read_timeout = READ_TIMEOUT_S * USEC_PER_SEC },
	};
	return entrance_open(&worker->entrance, &worker->loop, &entrance);
}

void connections_close(struct worker *worker)
{
	entrance_close(worker->entrance);
	worker->entrance = NULL;
}

void connections_reply(struct worker *worker, const struct client *client)
{
	struct stream *stream = entrance_find(worker->entrance, client->connection);

	if (stream)
		send_reply(worker, stream);
}

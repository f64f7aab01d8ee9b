/* TCP: one stream per client, each query answered when its answer is there (RFC 7766 section 7: responses may be reordered).
 *
 * A connection is known by number, so that an answer that arrives after its connection has gone finds nobody.
 */
#include <stdlib.h>
#include <unistd.h>

#include "lib/net/stream.h"
#include "resolverd/serve/worker.h"

enum {
	CONNECTIONS_PER_LISTENER = 1024,
	CONNECTION_BUCKETS = 256,
};

/* One listening address of this worker. */
struct entrance {
	struct connections *connections;
	struct listener *listener;
};

struct connection {
	struct connection *next;      /* in its bucket */
	struct entrance *entrance;
	struct stream *stream;
	uint64_t number;
};

struct connections {
	struct worker *worker;
	struct entrance *entrances;
	struct connection *buckets[CONNECTION_BUCKETS];      /* by number */
	uint64_t last_number;
};

static void send_reply(struct worker *worker, struct stream *stream)
{
	if (stream_send(stream, worker->front.out, worker->front.out_len) != ZT_OK)
		counter_add(&worker->counters.send_failed, 1);
}

static void resolve(struct worker *worker, struct connection *connection)
{
	struct client *client = worker_client(worker);

	if (!client) {
		stream_close(connection->stream);
		return;
	}
	client->connection = connection->number;
	if (!worker_resolve(worker, client)) {
		send_reply(worker, connection->stream);
		return;
	}
	worker_drain(worker, worker->front.now);
}

static void on_message(struct stream *stream, const uint8_t *data, size_t len, void *ctx)
{
	struct connection *connection = ctx;
	struct worker *worker = connection->entrance->connections->worker;
	struct front_query query = { .wire = data, .len = len, .remote = stream_remote(stream), .is_tcp = true };

	counter_add(&worker->counters.queries_tcp, 1);
	worker_front(worker, loop_now(&worker->loop), worker->reply, MESSAGE_MAX_LEN);
	switch (front_query(&worker->front, &query)) {
	case FRONT_REPLY:
		worker_count_reply(worker);
		send_reply(worker, stream);
		break;
	case FRONT_DROP:
		counter_add(&worker->counters.dropped, 1);
		stream_close(stream);
		break;
	case FRONT_RESOLVE:
		resolve(worker, connection);
		break;
	}
}

static struct connection **bucket_of(struct connections *connections, uint64_t number)
{
	return &connections->buckets[number % CONNECTION_BUCKETS];
}

static void on_close(struct stream *stream, int status, void *ctx)
{
	struct connection *connection = ctx;
	struct entrance *entrance = connection->entrance;
	struct connection **at = bucket_of(entrance->connections, connection->number);

	(void)stream;
	(void)status;
	while (*at != connection)
		at = &(*at)->next;
	*at = connection->next;
	free(connection);
	listener_release(entrance->listener);
}

static const struct stream_handler handler = { .on_message = on_message, .on_close = on_close };

static void on_accept(int fd, const struct netaddr *remote, void *ctx)
{
	struct entrance *entrance = ctx;
	struct connections *connections = entrance->connections;
	struct connection *connection = calloc(1, sizeof(*connection));
	struct stream_config config = { .handler = &handler, .ctx = connection };

	(void)remote;
	if (!connection) {
		close(fd);
		listener_release(entrance->listener);
		return;
	}
	connection->entrance = entrance;
	connection->number = ++connections->last_number;
	if (stream_accept(&connection->stream, &connections->worker->loop, fd, &config) != ZT_OK) {
		free(connection);
		listener_release(entrance->listener);
		return;
	}
	struct connection **bucket = bucket_of(connections, connection->number);
	connection->next = *bucket;
	*bucket = connection;
	counter_add(&connections->worker->counters.connections, 1);
}

int connections_open(struct worker *worker)
{
	const struct workers_config *config = &worker->set->config;
	struct connections *connections = calloc(1, sizeof(*connections));

	worker->connections = connections;
	if (!connections)
		return ZT_ENOMEM;
	connections->worker = worker;
	connections->entrances = calloc(config->listen_count, sizeof(*connections->entrances));
	if (!connections->entrances)
		return ZT_ENOMEM;
	for (uint32_t i = 0; i < config->listen_count; i++) {
		struct entrance *entrance = &connections->entrances[i];
		struct listener_config listener = {
			.local = config->listen[i], .reuse_port = true, .max_connections = CONNECTIONS_PER_LISTENER,
			.on_accept = on_accept, .ctx = entrance,
		};
		entrance->connections = connections;
		int status = listener_open(&entrance->listener, &worker->loop, &listener);
		if (status != ZT_OK)
			return status;
	}
	return ZT_OK;
}

void connections_close(struct worker *worker)
{
	struct connections *connections = worker->connections;

	if (!connections)
		return;
	for (unsigned i = 0; i < CONNECTION_BUCKETS; i++) {
		while (connections->buckets[i])
			stream_close(connections->buckets[i]->stream);
	}
	for (uint32_t i = 0; connections->entrances && i < worker->set->config.listen_count; i++)
		listener_close(connections->entrances[i].listener);
	free(connections->entrances);
	free(connections);
	worker->connections = NULL;
}

void connections_reply(struct worker *worker, const struct client *client)
{
	struct connection *connection = *bucket_of(worker->connections, client->connection);

	while (connection && connection->number != client->connection)
		connection = connection->next;
	if (connection)
		send_reply(worker, connection->stream);
}

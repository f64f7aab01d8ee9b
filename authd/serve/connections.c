/* TCP: one stream per client, queries answered in the order they come, transfers and forwarded requests when they are ready
 * (RFC 7766 section 7: responses may be reordered).
 *
 * A connection is known by number, so that an answer that arrives after its connection has gone finds nobody.
 */
#include "authd/serve/worker.h"

#include <stdlib.h>
#include <unistd.h>
#include <urcu/list.h>

#include "lib/base/qsbr.h"
#include "lib/net/stream.h"

/* One listening address of this worker. */
struct entrance {
	struct connections *connections;
	struct listener *listener;
};

struct connection {
	struct cds_list_head link;
	struct entrance *entrance;
	struct stream *stream;
	uint64_t number;
};

struct connections {
	struct worker *worker;
	struct entrance *entrances;
	struct cds_list_head open;
	uint64_t last_number;
	uint8_t *reply;              /* room for the largest message */
};

static void forward(struct connection *connection, enum request_kind kind, const struct respond *r)
{
	struct request origin = {
		.peer = *stream_remote(connection->stream),
		.local = *stream_local(connection->stream),
		.stream = connection->number,
		.udp_limit = UINT16_MAX,
	};
	worker_forward(connection->entrance->connections->worker, kind, r, &origin);
}

static void on_message(struct stream *stream, const uint8_t *data, size_t len, void *ctx)
{
	struct connection *connection = ctx;
	struct worker *worker = connection->entrance->connections->worker;
	struct respond r = {
		.query = data, .query_len = len, .peer = stream_remote(stream), .is_tcp = true, .clock = worker->loop.clock, .out = connection->entrance->connections->reply, .out_size = MESSAGE_MAX_LEN,
	};

	counter_add(&worker->counters.queries_tcp, 1);
	qsbr_online();
	r.view = worker_view(worker);
	switch (respond(&r)) {
	case RESPOND_LOOKUP:      /* respond has run it */
	case RESPOND_REPLY:
		worker_count_reply(worker, &r);
		if (stream_send(stream, r.out, r.out_len) != ZT_OK)
			counter_add(&worker->counters.send_failed, 1);
		break;
	case RESPOND_DROP:
		counter_add(&worker->counters.dropped, 1);
		stream_close(stream);
		break;
	case RESPOND_NOTIFY:
		counter_add(&worker->counters.notifies, 1);
		forward(connection, REQUEST_NOTIFY, &r);
		break;
	case RESPOND_UPDATE:
		counter_add(&worker->counters.updates, 1);
		forward(connection, REQUEST_UPDATE, &r);
		break;
	case RESPOND_TRANSFER:
		counter_add(&worker->counters.transfers, 1);
		transfer_start(worker->transfers, stream, &r);
		break;
	}
	qsbr_offline();
}

static void on_drained(struct stream *stream, void *ctx)
{
	struct connection *connection = ctx;
	transfer_on_drained(connection->entrance->connections->worker->transfers, stream);
}

static void on_close(struct stream *stream, int status, void *ctx)
{
	struct connection *connection = ctx;
	struct entrance *entrance = connection->entrance;

	(void)status;
	transfer_on_close(entrance->connections->worker->transfers, stream);
	cds_list_del(&connection->link);
	free(connection);
	listener_release(entrance->listener);
}

static const struct stream_handler handler = { .on_message = on_message, .on_drained = on_drained, .on_close = on_close };

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
	cds_list_add_tail(&connection->link, &connections->open);
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
	CDS_INIT_LIST_HEAD(&connections->open);
	connections->entrances = calloc(config->listen_count, sizeof(*connections->entrances));
	connections->reply = malloc(MESSAGE_MAX_LEN);
	if (!connections->entrances || !connections->reply)
		return ZT_ENOMEM;
	for (uint32_t i = 0; i < config->listen_count; i++) {
		struct entrance *entrance = &connections->entrances[i];
		struct listener_config listener = {
			.local = config->listen[i], .reuse_port = true, .max_connections = worker->set->connections_per_listener,
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
	struct connection *connection, *next;

	if (!connections)
		return;
	cds_list_for_each_entry_safe(connection, next, &connections->open, link)
		stream_close(connection->stream);
	for (uint32_t i = 0; connections->entrances && i < worker->set->config.listen_count; i++)
		listener_close(connections->entrances[i].listener);
	free(connections->entrances);
	free(connections->reply);
	free(connections);
	worker->connections = NULL;
}

void connections_reply(struct worker *worker, const struct request *request)
{
	struct connection *connection;

	if (!worker->connections)      /* all were closed when the thread ended */
		return;
	cds_list_for_each_entry(connection, &worker->connections->open, link) {
		if (connection->number != request->stream)
			continue;
		if (stream_send(connection->stream, request->reply.data, request->reply.len) != ZT_OK)
			counter_add(&worker->counters.send_failed, 1);
		return;
	}
}

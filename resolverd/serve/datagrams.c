/* UDP: take a batch, answer what can be answered at once and send it off, then let the machine see to the rest. */
#include "resolverd/serve/worker.h"

enum {
	BATCHES_PER_TURN = 16,      /* then the loop looks at TCP, the servers upstream and the mailbox */
};

static void resolve(struct datagrams *datagrams, unsigned i)
{
	struct worker *worker = datagrams->worker;
	struct client *client = worker_client(worker);

	if (!client)
		return;
	client->connection = 0;
	client->datagrams = (uint32_t)(datagrams - worker->datagrams);
	client->remote = worker->batch.slots[i].remote;
	udp_batch_local(&worker->batch, i, &client->local);
	if (!worker_resolve(worker, client))
		worker->batch.slots[i].answer_len = (uint32_t)worker->front.out_len;
}

static void slot_answer(struct datagrams *datagrams, unsigned i)
{
	struct worker *worker = datagrams->worker;
	struct udp_slot *slot = &worker->batch.slots[i];
	struct front_query query = { .wire = slot->query, .len = slot->query_len, .remote = &slot->remote };

	worker->front.out = slot->answer;
	switch (slot->query_is_cut ? FRONT_DROP : front_query(&worker->front, &query)) {
	case FRONT_REPLY:
		slot->answer_len = (uint32_t)worker->front.out_len;
		worker_count_reply(worker);
		break;
	case FRONT_DROP:
		counter_add(&worker->counters.dropped, 1);
		break;
	case FRONT_RESOLVE:
		resolve(datagrams, i);
		break;
	}
}

static void on_readable(void *ctx)
{
	struct datagrams *datagrams = ctx;
	struct worker *worker = datagrams->worker;
	struct udp_batch *batch = &worker->batch;

	for (int turn = 0; turn < BATCHES_PER_TURN; turn++) {
		int count = udp_batch_receive(batch, &datagrams->socket);
		if (count <= 0)
			break;
		counter_add(&worker->counters.queries_udp, (uint64_t)count);
		usec_t now = loop_now(&worker->loop);
		worker_front(worker, now, NULL, batch->answer_size);
		for (int i = 0; i < count; i++)
			slot_answer(datagrams, (unsigned)i);
		uint64_t lost = batch->dropped + batch->failed;
		udp_batch_send(batch);
		counter_add(&worker->counters.send_failed, batch->dropped + batch->failed - lost);
		worker_drain(worker, now);
	}
}

int datagrams_open(struct worker *worker, uint32_t listen_index)
{
	struct datagrams *datagrams = &worker->datagrams[listen_index];

	datagrams->worker = worker;
	loop_io_init(&datagrams->io, on_readable, datagrams);
	return udp_open(&datagrams->socket, &worker->set->config.listen[listen_index], UDP_REUSEPORT | UDP_SERVER);
}

int datagrams_start(struct datagrams *datagrams)
{
	return loop_io_start(&datagrams->io, &datagrams->worker->loop, datagrams->socket.fd, LOOP_READ);
}

void datagrams_close(struct datagrams *datagrams)
{
	loop_io_stop(&datagrams->io);
	udp_close(&datagrams->socket);
}

void datagrams_reply(struct worker *worker, const struct client *client)
{
	const struct udp_socket *sock = &worker->datagrams[client->datagrams].socket;

	if (udp_send_from(sock, &client->local, &client->remote, worker->front.out, worker->front.out_len) != ZT_OK)
		counter_add(&worker->counters.send_failed, 1);
}

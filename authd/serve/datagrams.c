/* UDP: take a batch, answer all of it, send it off. Nothing is allocated and nothing is logged per query. */
#include "authd/serve/worker.h"

#include "lib/base/qsbr.h"
#include "lib/net/proxy.h"

enum {
	BATCHES_PER_TURN = 16,      /* then the loop looks at TCP and the mailbox */
	PAUSE_FROM = 8,             /* queries at once */
};

static void forward(struct worker *worker, enum request_kind kind, unsigned slot, bool is_tapped)
{
	const struct respond *r = &worker->responds[slot];
	struct request origin = { .peer = *r->peer, .via = worker->batch.slots[slot].remote, .udp_limit = (uint16_t)respond_limit(r), .is_tapped = is_tapped };
	udp_batch_local(&worker->batch, slot, &origin.local);
	worker_forward(worker, kind, r, &origin);
}

/* The query, and the response where there is one, to dnstap. */
static void slot_tell(struct worker *worker, unsigned i)
{
	const struct udp_slot *slot = &worker->batch.slots[i];
	const struct respond *r = &worker->responds[i];
	struct netaddr local;
	struct tap_exchange exchange = {
		.client = r->peer, .server = &local, .transport = DNSTAP_UDP, .query = r->query, .query_len = (uint32_t)r->query_len,
		.response = slot->answer, .response_len = slot->answer_len,
	};

	udp_batch_local(&worker->batch, i, &local);
	tapping_tell(&worker->tapping, &exchange);
}

/* What became of slot `i`'s query, but for a look-up that is still to be run. */
static void slot_account(struct worker *worker, unsigned i, enum respond_verdict verdict, bool is_tapped)
{
	struct udp_slot *slot = &worker->batch.slots[i];
	struct respond *r = &worker->responds[i];

	switch (verdict) {
	case RESPOND_LOOKUP:
	case RESPOND_REPLY:
	case RESPOND_REPAIR:      /* by TCP alone */
		break;
	case RESPOND_DROP:
		counter_add(&worker->counters.dropped, 1);
		return;
	case RESPOND_NOTIFY:
		counter_add(&worker->counters.notifies, 1);
		forward(worker, REQUEST_NOTIFY, i, is_tapped);
		return;
	case RESPOND_UPDATE:
		counter_add(&worker->counters.updates, 1);
		forward(worker, REQUEST_UPDATE, i, is_tapped);
		return;
	case RESPOND_TRANSFER:
		counter_add(&worker->counters.transfers, 1);
		transfer_answer_udp(worker->transfers, r);
		break;
	}
	slot->answer_len = (uint32_t)r->out_len;
	worker_count_reply(worker, r);
}

static void slot_settle(struct worker *worker, unsigned i, enum respond_verdict verdict)
{
	bool is_tapped = tapping_wants(&worker->tapping);

	slot_account(worker, i, verdict, is_tapped);
	if (is_tapped)
		slot_tell(worker, i);
}

/* Takes a PROXY header off what a trusted proxy sent. False: the header is no good. */
static bool slot_unwrap(struct worker *worker, const struct acl *proxies, unsigned i)
{
	struct respond *r = &worker->responds[i];
	struct proxy_header header;

	if (!acl_allows_address(proxies, r->peer))
		return true;
	int status = proxy_read(&header, r->query, r->query_len);
	if (status == ZT_ENOENT)
		return true;
	if (status != ZT_OK)
		return false;
	r->query += header.len;
	r->query_len -= header.len;
	if (netaddr_is_set(&header.source)) {
		worker->proxied[i] = header.source;
		r->peer = &worker->proxied[i];
	}
	return true;
}

static enum respond_verdict slot_begin(struct worker *worker, const struct view *view, unsigned i)
{
	struct udp_slot *slot = &worker->batch.slots[i];
	struct respond *r = &worker->responds[i];

	r->query = slot->query;
	r->query_len = slot->query_len;
	r->peer = &slot->remote;
	if (slot->query_is_cut)
		return RESPOND_DROP;
	if (view->settings.proxy_allow && !slot_unwrap(worker, view->settings.proxy_allow, i))
		return RESPOND_DROP;
	r->view = view;
	r->is_tcp = false;
	r->out = slot->answer;
	r->out_size = worker->batch.answer_size;
	enum respond_verdict verdict = respond_begin(r);
	if (r->signing.is_looked_at)
		worker_count_signature(worker, r);
	return verdict;
}

/* Reads all queries, looks all their names up together, so that the cache misses overlap, and writes all answers. */
static void batch_answer(struct worker *worker, const struct view *view)
{
	struct zone_finder *finders[BATCH_SIZE];
	uint16_t waiting[BATCH_SIZE];      /* slots whose look-up is run here */
	unsigned count = 0;

	moment_begin(&worker->moment, worker->set->config.clock);
	for (unsigned i = 0; i < worker->batch.count; i++) {
		enum respond_verdict verdict = slot_begin(worker, view, i);
		if (verdict == RESPOND_LOOKUP) {
			waiting[count] = (uint16_t)i;
			finders[count++] = &worker->responds[i].finder;
		} else {
			slot_settle(worker, i, verdict);
		}
	}
	zone_finders_run(finders, count);
	for (unsigned k = 0; k < count; k++) {
		respond_finish(&worker->responds[waiting[k]]);
		witness_note(worker->witness, &worker->responds[waiting[k]]);
		slot_settle(worker, waiting[k], RESPOND_REPLY);
	}
}

/* Under load the loop stops watching the socket until it is drained: else the kernel would look at the loop's waiting list for each answer
 * that leaves, some 80 ns each. */
static void watch_pause(struct datagrams *datagrams, int turn, int count)
{
	if (datagrams->io.active && (turn > 0 || count >= PAUSE_FROM))
		loop_io_stop(&datagrams->io);
}

static void watch_resume(struct datagrams *datagrams)
{
	if (!datagrams->io.active && datagrams_start(datagrams) != ZT_OK)
		log_error(datagrams->worker->set->config.log, "worker %u: cannot watch a UDP socket any more; restart the daemon",
			  datagrams->worker->index);
}

static void on_readable(void *ctx)
{
	struct datagrams *datagrams = ctx;
	struct worker *worker = datagrams->worker;
	struct udp_batch *batch = &worker->batch;

	qsbr_online();
	/* Until nothing waits: while a batch is answered the next one arrives, and a vain recvmmsg costs less than a turn of the loop. */
	for (int turn = 0; turn < BATCHES_PER_TURN; turn++) {
		int count = udp_batch_receive(batch, &datagrams->socket);
		if (count <= 0)
			break;
		watch_pause(datagrams, turn, count);
		counter_add(&worker->counters.queries_udp, (uint64_t)count);
		batch_answer(worker, worker_view(worker));
		uint64_t lost = batch->dropped + batch->failed;
		udp_batch_send(batch);
		counter_add(&worker->counters.send_failed, batch->dropped + batch->failed - lost);
		qsbr_quiescent();
	}
	qsbr_offline();
	watch_resume(datagrams);
}

int datagrams_open(struct worker *worker, uint32_t listen_index)
{
	struct datagrams *datagrams = &worker->datagrams[listen_index];

	datagrams->worker = worker;
	loop_io_init(&datagrams->io, on_readable, datagrams);
	return udp_open(&datagrams->socket, &worker->set->config.listen[listen_index], UDP_REUSEPORT | UDP_SERVER | UDP_DONT_FRAGMENT);
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

void datagrams_reply(struct worker *worker, const struct request *request)
{
	/* The socket the request came to: bound to its local address, or to the wildcard with its port. */
	for (uint32_t i = 0; i < worker->set->config.listen_count; i++) {
		const struct udp_socket *sock = &worker->datagrams[i].socket;
		bool matches = sock->has_pktinfo ? netaddr_port(&sock->local) == netaddr_port(&request->local) &&
						   sock->local.family == request->local.family
						 : netaddr_equal(&sock->local, &request->local);
		if (!matches)
			continue;
		if (udp_send_from(sock, &request->local, &request->via, request->reply.data, request->reply.len) != ZT_OK)
			counter_add(&worker->counters.send_failed, 1);
		return;
	}
}

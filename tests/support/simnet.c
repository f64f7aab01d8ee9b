/* A network in memory under a manual clock. */
#include "tests/support/simnet.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define RESEND_FIRST (200 * USEC_PER_MSEC)
#define WALL_START (INT64_C(1767225600) * USEC_PER_SEC)

enum event_kind { EVENT_DATAGRAM, EVENT_WAKE, EVENT_STREAM };

struct event {
	usec_t at;
	uint64_t number;          /* order of creation, for events of one moment */
	enum event_kind kind;
	unsigned from, to;
	uint64_t stream;
	uint64_t sequence;        /* EVENT_STREAM: place in its direction. EVENT_WAKE: the node's wish it belongs to */
	unsigned tries;           /* EVENT_STREAM: held up by a partition so often */
	bool is_end;              /* EVENT_STREAM: no message but the end */
	uint8_t *data;
	size_t len;
};

struct stream {
	uint64_t number;
	unsigned ends[2];         /* who opened it, and the other */
	bool ended;
	usec_t open_at;           /* the handshake is done */
	/* By sending end: */
	usec_t last_at[2];        /* when the last message sent will have arrived */
	uint64_t sent[2], delivered[2];
	struct stream *next;
};

struct node {
	struct simnet_node handler;
	bool up;
	uint64_t wake_number;
};

struct simnet {
	struct manual_clock clock;
	struct rng rng;
	unsigned node_count;
	struct node *nodes;
	struct simnet_link *links;
	struct event *heap;
	size_t heap_count, heap_room;
	uint64_t last_number;
	uint64_t packets;
	struct stream *streams;
};

static void *allocate(size_t count, size_t size)
{
	void *memory = calloc(count, size);
	assert(memory);
	return memory;
}

struct simnet *simnet_new(uint64_t seed, unsigned node_count, const struct simnet_link *link)
{
	struct simnet *net = allocate(1, sizeof(*net));

	manual_clock_init(&net->clock, 1000 * USEC_PER_SEC, WALL_START);
	rng_seed(&net->rng, seed);
	net->node_count = node_count;
	net->nodes = allocate(node_count, sizeof(*net->nodes));
	net->links = allocate((size_t)node_count * node_count, sizeof(*net->links));
	for (unsigned i = 0; i < node_count; i++)
		net->nodes[i].up = true;
	simnet_link_all(net, link);
	return net;
}

void simnet_free(struct simnet *net)
{
	for (size_t i = 0; i < net->heap_count; i++)
		free(net->heap[i].data);
	while (net->streams) {
		struct stream *stream = net->streams;
		net->streams = stream->next;
		free(stream);
	}
	free(net->heap);
	free(net->links);
	free(net->nodes);
	free(net);
}

void simnet_node(struct simnet *net, unsigned node, const struct simnet_node *handler)
{
	net->nodes[node].handler = *handler;
}

usec_t simnet_now(const struct simnet *net)
{
	return net->clock.now;
}

const struct clock *simnet_clock(const struct simnet *net)
{
	return &net->clock.clock;
}

struct rng *simnet_rng(struct simnet *net)
{
	return &net->rng;
}

struct simnet_link *simnet_link(struct simnet *net, unsigned from, unsigned to)
{
	return &net->links[(size_t)from * net->node_count + to];
}

void simnet_link_all(struct simnet *net, const struct simnet_link *link)
{
	for (size_t i = 0; i < (size_t)net->node_count * net->node_count; i++)
		net->links[i] = *link;
}

void simnet_cut(struct simnet *net, unsigned a, unsigned b, bool cut)
{
	simnet_link(net, a, b)->cut = simnet_link(net, b, a)->cut = cut;
}

bool simnet_is_up(const struct simnet *net, unsigned node)
{
	return net->nodes[node].up;
}

uint64_t simnet_packets(const struct simnet *net)
{
	return net->packets;
}

/* ---- the queue of events ------------------------------------------------------------------------------------------------------------- */

static bool is_before(const struct event *a, const struct event *b)
{
	return a->at != b->at ? a->at < b->at : a->number < b->number;
}

static void push(struct simnet *net, struct event event)
{
	if (net->heap_count == net->heap_room) {
		net->heap_room = net->heap_room ? 2 * net->heap_room : 64;
		net->heap = realloc(net->heap, net->heap_room * sizeof(*net->heap));
		assert(net->heap);
	}
	event.number = ++net->last_number;
	size_t at = net->heap_count++;
	while (at > 0 && is_before(&event, &net->heap[(at - 1) / 2])) {
		net->heap[at] = net->heap[(at - 1) / 2];
		at = (at - 1) / 2;
	}
	net->heap[at] = event;
}

static struct event pop(struct simnet *net)
{
	struct event first = net->heap[0], last = net->heap[--net->heap_count];
	size_t at = 0;

	for (;;) {
		size_t child = 2 * at + 1;
		if (child >= net->heap_count)
			break;
		if (child + 1 < net->heap_count && is_before(&net->heap[child + 1], &net->heap[child]))
			child++;
		if (!is_before(&net->heap[child], &last))
			break;
		net->heap[at] = net->heap[child];
		at = child;
	}
	net->heap[at] = last;
	return first;
}

/* ---- packets ------------------------------------------------------------------------------------------------------------------------------ */

static usec_t delay_draw(struct simnet *net, const struct simnet_link *link)
{
	return link->delay_min + (usec_t)rng_below(&net->rng, (uint64_t)(link->delay_max - link->delay_min) + 1);
}

static bool is_lost(struct simnet *net, const struct simnet_link *link)
{
	return link->cut || rng_unit(&net->rng) < link->loss;
}

static uint8_t *data_copy(const void *data, size_t len)
{
	uint8_t *copy = allocate(len ? len : 1, 1);
	if (len)
		memcpy(copy, data, len);
	return copy;
}

void simnet_datagram(struct simnet *net, unsigned from, unsigned to, const void *data, size_t len)
{
	const struct simnet_link *link = simnet_link(net, from, to);
	unsigned copies = rng_unit(&net->rng) < link->duplicate ? 2 : 1;

	for (unsigned i = 0; i < copies; i++) {
		net->packets++;
		if (is_lost(net, link))
			continue;
		push(net, (struct event){ .at = net->clock.now + delay_draw(net, link), .kind = EVENT_DATAGRAM, .from = from, .to = to,
					  .data = data_copy(data, len), .len = len });
	}
}

void simnet_wake(struct simnet *net, unsigned node, usec_t at)
{
	uint64_t number = ++net->nodes[node].wake_number;

	if (at == INT64_MAX)
		return;
	push(net, (struct event){ .at = at > net->clock.now ? at : net->clock.now, .kind = EVENT_WAKE, .to = node, .sequence = number });
}

/* ---- streams ------------------------------------------------------------------------------------------------------------------------------- */

static struct stream *stream_get(const struct simnet *net, uint64_t number)
{
	for (struct stream *stream = net->streams; stream; stream = stream->next) {
		if (stream->number == number)
			return stream->ended ? NULL : stream;
	}
	return NULL;
}

uint64_t simnet_stream_open(struct simnet *net, unsigned from, unsigned to)
{
	struct stream *stream = allocate(1, sizeof(*stream));
	const struct simnet_link *there = simnet_link(net, from, to), *back = simnet_link(net, to, from);

	stream->number = ++net->last_number;
	stream->ends[0] = from;
	stream->ends[1] = to;
	net->packets += 2;
	stream->open_at = net->clock.now + delay_draw(net, there) + delay_draw(net, back);
	stream->next = net->streams;
	net->streams = stream;
	return stream->number;
}

/* Sends it until it comes through. What is sent later arrives later. */
static void stream_push(struct simnet *net, struct stream *stream, struct event event)
{
	const struct simnet_link *link = simnet_link(net, event.from, event.to);
	unsigned end = stream->ends[1] == event.from;
	usec_t start = net->clock.now > stream->open_at ? net->clock.now : stream->open_at;
	usec_t arrival = start + delay_draw(net, link), wait = RESEND_FIRST;

	net->packets++;
	for (usec_t lost = 0; !link->cut && lost < SIMNET_STREAM_PATIENCE && is_lost(net, link); wait *= 2) {
		net->packets++;
		arrival += wait;
		lost += wait;
	}
	if (arrival < stream->last_at[end])
		arrival = stream->last_at[end];
	stream->last_at[end] = arrival;
	event.at = arrival;
	event.sequence = stream->sent[end]++;
	event.kind = EVENT_STREAM;
	event.stream = stream->number;
	push(net, event);
}

void simnet_stream_send(struct simnet *net, uint64_t number, unsigned from, const void *data, size_t len)
{
	struct stream *stream = stream_get(net, number);

	if (!stream)
		return;
	unsigned to = stream->ends[0] == from ? stream->ends[1] : stream->ends[0];
	stream_push(net, stream, (struct event){ .from = from, .to = to, .data = data_copy(data, len), .len = len });
}

void simnet_stream_close(struct simnet *net, uint64_t number, unsigned from)
{
	struct stream *stream = stream_get(net, number);

	if (!stream)
		return;
	unsigned to = stream->ends[0] == from ? stream->ends[1] : stream->ends[0];
	stream_push(net, stream, (struct event){ .from = from, .to = to, .is_end = true });
}

static void stream_end(struct simnet *net, struct stream *stream, int except)
{
	stream->ended = true;
	for (unsigned end = 0; end < 2; end++) {
		struct node *node = &net->nodes[stream->ends[end]];
		if ((int)end != except && node->up && node->handler.on_close)
			node->handler.on_close(node->handler.ctx, stream->number, stream->ends[!end]);
	}
}

static void stream_deliver(struct simnet *net, struct event *event)
{
	struct stream *stream = stream_get(net, event->stream);
	struct node *node = &net->nodes[event->to];

	if (!stream)
		return;
	unsigned end = stream->ends[1] == event->from;
	if (!node->up) {      /* refused */
		stream_end(net, stream, -1);
		return;
	}
	/* A partition holds messages up, and with one all that follow; whoever waits too long gives up. */
	if (simnet_link(net, event->from, event->to)->cut || event->sequence != stream->delivered[end]) {
		if (++event->tries * RESEND_FIRST >= SIMNET_STREAM_PATIENCE) {
			stream_end(net, stream, -1);
			return;
		}
		event->at = net->clock.now + RESEND_FIRST;
		push(net, *event);
		event->data = NULL;
		return;
	}
	stream->delivered[end]++;
	if (event->is_end)
		stream_end(net, stream, stream->ends[0] == event->from ? 0 : 1);
	else
		node->handler.on_message(node->handler.ctx, event->stream, event->from, event->data, event->len);
}

void simnet_set_up(struct simnet *net, unsigned number, bool up)
{
	net->nodes[number].up = up;
	if (up)
		return;
	net->nodes[number].wake_number++;
	for (struct stream *stream = net->streams; stream; stream = stream->next) {
		if (!stream->ended && (stream->ends[0] == number || stream->ends[1] == number))
			stream_end(net, stream, -1);
	}
}

static void streams_sweep(struct simnet *net)
{
	for (struct stream **at = &net->streams; *at;) {
		struct stream *stream = *at;
		if (stream->ended) {
			*at = stream->next;
			free(stream);
		} else {
			at = &stream->next;
		}
	}
}

/* ---- running ---------------------------------------------------------------------------------------------------------------------------------- */

static void handle(struct simnet *net, struct event *event)
{
	struct node *node = &net->nodes[event->to];

	switch (event->kind) {
	case EVENT_DATAGRAM:
		if (node->up && !simnet_link(net, event->from, event->to)->cut)
			node->handler.on_datagram(node->handler.ctx, event->from, event->data, event->len);
		break;
	case EVENT_WAKE:
		if (node->up && event->sequence == node->wake_number)
			node->handler.on_wake(node->handler.ctx);
		break;
	case EVENT_STREAM:
		stream_deliver(net, event);
		break;
	}
	free(event->data);
	streams_sweep(net);
}

bool simnet_run_while(struct simnet *net, usec_t until, bool (*done)(void *ctx), void *ctx)
{
	while (net->heap_count > 0 && net->heap[0].at <= until) {
		struct event event = pop(net);
		if (event.at > net->clock.now)
			manual_clock_advance(&net->clock, event.at - net->clock.now);
		handle(net, &event);
		if (done && done(ctx))
			return true;
	}
	if (until > net->clock.now)
		manual_clock_advance(&net->clock, until - net->clock.now);
	return false;
}

void simnet_run_until(struct simnet *net, usec_t until)
{
	bool stopped = simnet_run_while(net, until, NULL, NULL);
	(void)stopped;
}

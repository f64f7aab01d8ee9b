/* Questions on the network. */
#include "resolverd/resolve/upstream.h"

#include <stdlib.h>
#include <string.h>

#include "lib/net/stream.h"
#include "lib/net/udp.h"

enum {
	/* Ports of our own choice; below, servers are likely to want theirs. */
	PORT_FIRST = 10240,
	PORT_TRIES = 8,
	FLIGHTS_KEPT = 256,
};

/* One question under way. */
struct flight {
	struct flight *next, *prev;
	struct upstream *upstream;
	struct exchange *exchange;      /* NULL: the stream is only being closed */
	struct udp_socket socket;
	struct loop_io io;
	struct loop_timer timer;
	struct stream *stream;
};

struct upstream {
	struct upstream_config config;
	struct flight under_way;        /* head of the list */
	struct flight *kept;            /* for reuse */
	unsigned kept_count;
	uint8_t *reply;                 /* room for the largest message */
};

static void flight_unlink(struct flight *flight)
{
	flight->prev->next = flight->next;
	flight->next->prev = flight->prev;
}

static void flight_release(struct flight *flight)
{
	struct upstream *upstream = flight->upstream;

	flight_unlink(flight);
	if (upstream->kept_count >= FLIGHTS_KEPT) {
		free(flight);
		return;
	}
	flight->next = upstream->kept;
	upstream->kept = flight;
	upstream->kept_count++;
}

/* Ends the flight. A stream's memory goes when it says that it has closed. */
static void flight_end(struct flight *flight)
{
	flight->exchange = NULL;
	loop_timer_stop(&flight->timer);
	if (flight->stream) {
		stream_close(flight->stream);
		return;
	}
	loop_io_stop(&flight->io);
	udp_close(&flight->socket);
	flight_release(flight);
}

static void flight_fail(struct flight *flight, usec_t now)
{
	struct upstream *upstream = flight->upstream;
	struct exchange *exchange = flight->exchange;

	flight_end(flight);
	resolver_on_failure(upstream->config.resolver, exchange, now);
}

/* Takes what the socket has. Returns whether the flight is over. */
static bool read_socket(struct flight *flight)
{
	struct upstream *upstream = flight->upstream;
	size_t len = MESSAGE_MAX_LEN;

	int status = udp_receive(&flight->socket, upstream->reply, &len, NULL);
	if (status == ZT_EAGAIN)
		return false;
	usec_t now = loop_now(upstream->config.loop);
	if (status != ZT_OK) {
		flight_fail(flight, now);
	} else {
		if (!resolver_on_reply(upstream->config.resolver, flight->exchange, upstream->reply, len, now))
			return false;
		flight_end(flight);
	}
	upstream->config.on_event(upstream->config.ctx, now);
	return true;
}

static void on_readable(void *ctx)
{
	read_socket(ctx);
}

static void on_timer(void *ctx)
{
	struct flight *flight = ctx;
	struct upstream *upstream = flight->upstream;
	struct exchange *exchange = flight->exchange;

	/* Under load the reply may have come in time and only we are late. */
	if (!flight->stream && read_socket(flight))
		return;
	usec_t now = loop_now(upstream->config.loop);
	flight_end(flight);
	resolver_on_timeout(upstream->config.resolver, exchange, now);
	upstream->config.on_event(upstream->config.ctx, now);
}

static void on_stream_message(struct stream *stream, const uint8_t *message, size_t len, void *ctx)
{
	struct flight *flight = ctx;
	struct upstream *upstream = flight->upstream;

	(void)stream;
	if (!flight->exchange)
		return;
	usec_t now = loop_now(upstream->config.loop);
	resolver_on_reply(upstream->config.resolver, flight->exchange, message, len, now);
	flight_end(flight);
	upstream->config.on_event(upstream->config.ctx, now);
}

static void on_stream_close(struct stream *stream, int status, void *ctx)
{
	struct flight *flight = ctx;
	struct upstream *upstream = flight->upstream;
	struct exchange *exchange = flight->exchange;

	(void)stream;
	(void)status;
	loop_timer_stop(&flight->timer);
	flight_release(flight);
	if (!exchange)
		return;
	usec_t now = loop_now(upstream->config.loop);
	resolver_on_failure(upstream->config.resolver, exchange, now);
	upstream->config.on_event(upstream->config.ctx, now);
}

static const struct stream_handler stream_handler = { .on_message = on_stream_message, .on_close = on_stream_close };

static struct netaddr source_for(const struct policy *policy, const struct netaddr *server)
{
	struct netaddr source = server->family == AF_INET ? policy->source_v4 : policy->source_v6;

	if (!netaddr_is_set(&source))
		source.family = server->family;      /* the wildcard */
	return source;
}

/* Binds to a random port of our own choice; the kernel's choice where ports are scarce. */
static int open_random_port(struct upstream *upstream, struct udp_socket *sock, struct netaddr source)
{
	for (unsigned i = 0; i < PORT_TRIES; i++) {
		netaddr_set_port(&source, (uint16_t)(PORT_FIRST + secure_rng_below(upstream->config.secure_rng, 65536 - PORT_FIRST)));
		int status = udp_open(sock, &source, 0);
		if (status != ZT_EBUSY)
			return status;
	}
	netaddr_set_port(&source, 0);
	return udp_open(sock, &source, 0);
}

/* *unreachable: the system knows no way to the server. */
static int send_udp(struct flight *flight, const struct exchange *x, const struct policy *policy, bool *unreachable)
{
	int status = open_random_port(flight->upstream, &flight->socket, source_for(policy, &x->server));

	if (status != ZT_OK)
		return status;
	status = udp_connect(&flight->socket, &x->server);
	if (status == ZT_OK)
		status = udp_send(&flight->socket, NULL, x->wire, x->wire_len);
	*unreachable = status != ZT_OK;
	if (status == ZT_OK)
		status = loop_io_start(&flight->io, flight->upstream->config.loop, flight->socket.fd, LOOP_READ);
	return status;
}

static int send_tcp(struct flight *flight, const struct exchange *x, const struct policy *policy)
{
	const struct netaddr *source = x->server.family == AF_INET ? &policy->source_v4 : &policy->source_v6;
	struct stream_config config = { .handler = &stream_handler, .ctx = flight };

	int status = stream_connect(&flight->stream, flight->upstream->config.loop, &x->server, netaddr_is_set(source) ? source : NULL, &config);
	if (status != ZT_OK) {
		flight->stream = NULL;
		return status;
	}
	status = stream_send(flight->stream, x->wire, x->wire_len);
	return status;
}

static struct flight *flight_take(struct upstream *upstream, struct exchange *exchange)
{
	struct flight *flight = upstream->kept;

	if (flight) {
		upstream->kept = flight->next;
		upstream->kept_count--;
	} else {
		flight = malloc(sizeof(*flight));
		if (!flight)
			return NULL;
	}
	memset(flight, 0, sizeof(*flight));
	flight->upstream = upstream;
	flight->exchange = exchange;
	flight->socket.fd = -1;
	loop_io_init(&flight->io, on_readable, flight);
	loop_timer_init(&flight->timer, upstream->config.loop, on_timer, flight);
	flight->next = upstream->under_way.next;
	flight->prev = &upstream->under_way;
	flight->next->prev = flight;
	upstream->under_way.next = flight;
	return flight;
}

void upstream_send(struct upstream *upstream, struct exchange *exchange, const struct policy *policy)
{
	struct flight *flight = flight_take(upstream, exchange);

	usec_t now = loop_now(upstream->config.loop);

	if (!flight) {
		resolver_on_unsent(upstream->config.resolver, exchange, false, now);
		return;
	}
	bool unreachable = false;
	int status = exchange->tcp ? send_tcp(flight, exchange, policy) : send_udp(flight, exchange, policy, &unreachable);
	if (status == ZT_OK) {
		loop_timer_at(&flight->timer, exchange->deadline);
		return;
	}
	flight_end(flight);
	resolver_on_unsent(upstream->config.resolver, exchange, unreachable, now);
}

void upstream_report(struct upstream *upstream, const struct sibling_report *report, const struct policy *policy)
{
	uint8_t wire[BEHIND_MESSAGE_MAX];
	struct wcursor out = wcursor_over(wire, sizeof(wire));
	const struct netaddr *to = &report->repair->report_to;
	struct udp_socket sock;

	int status = behind_write(&report->behind, report->repair->zone, (uint16_t)secure_rng_below(upstream->config.secure_rng, UINT16_MAX + 1u), &out);
	if (status != ZT_OK || open_random_port(upstream, &sock, source_for(policy, to)) != ZT_OK)
		return;
	/* What is lost is said again when the server is seen behind again. */
	status = udp_send(&sock, to, wire, out.pos);
	(void)status;
	udp_close(&sock);
}

int upstream_new(struct upstream **out, const struct upstream_config *config)
{
	struct upstream *upstream = calloc(1, sizeof(*upstream));

	if (!upstream)
		return ZT_ENOMEM;
	upstream->config = *config;
	upstream->under_way.next = upstream->under_way.prev = &upstream->under_way;
	upstream->reply = malloc(MESSAGE_MAX_LEN);
	if (!upstream->reply) {
		free(upstream);
		return ZT_ENOMEM;
	}
	*out = upstream;
	return ZT_OK;
}

void upstream_free(struct upstream *upstream)
{
	if (!upstream)
		return;
	while (upstream->under_way.next != &upstream->under_way)
		flight_end(upstream->under_way.next);
	while (upstream->kept) {
		struct flight *flight = upstream->kept;
		upstream->kept = flight->next;
		free(flight);
	}
	free(upstream->reply);
	free(upstream);
}

/* The TCP clients of one server thread: its listening addresses, the open streams, and the limits that keep room for everybody.
 *
 * Each listening address has its share of connections. When it is full, or descriptors run out, the connection that has been idle longest makes
 * room for a new one; where none has been idle for a moment, new ones wait in the backlog. From three quarters on idle connections are closed
 * after a quarter of the usual time. One client (an IPv4 address, an IPv6 /64) has at most max_per_client connections; more are closed at once.
 *
 * Streams are known by number, so that an answer that arrives after its connection has gone finds nobody. All calls come from the loop's thread.
 */
#pragma once

#include <stdatomic.h>
#include <stdint.h>

#include "lib/net/listener.h"
#include "lib/net/stream.h"

struct entrance;

/* Written by the entrance's thread; any thread may read them. */
struct entrance_counters {
	_Atomic uint64_t accepted;
	_Atomic uint64_t refused;      /* by max_per_client */
	_Atomic uint64_t shed;         /* idle ones closed to make room, or early because room was short */
	_Atomic uint64_t open;
};

struct entrance_limits {
	unsigned max_connections;      /* of each listening address; 0 = no limit */
	unsigned max_per_client;       /* over all addresses; 0 = no limit */
	unsigned max_owed;             /* see stream.h; 0 = no limit */
	usec_t idle_timeout;           /* 0 = the stream's defaults, here and below */
	usec_t read_timeout;
	usec_t write_timeout;
};

/* As in stream.h; ctx is the entrance's. */
struct entrance_config {
	const struct stream_handler *handler;      /* borrowed; its on_close need not free anything */
	void *ctx;
	const struct netaddr *listen;              /* read by entrance_open only */
	uint32_t listen_count;
	const struct netaddr *listen_tls;          /* the same, for TLS */
	uint32_t listen_tls_count;
	/* The context for a new TLS client, acquired; NULL: it is closed. */
	struct tls_context *(*tls_acquire)(void *ctx);
	/* Whether the peer is trusted to tell by PROXY headers whose messages it brings; max_per_client does not hold for it. NULL: nobody is. */
	bool (*takes_proxy)(const struct netaddr *remote, void *ctx);
	struct entrance_limits limits;
	struct entrance_counters *counters;        /* borrowed */
};

/* ZT_EBUSY: an address is in use. */
ZT_MUST_CHECK int entrance_open(struct entrance **entrance, struct loop *loop, const struct entrance_config *config);
/* Closes all streams. NULL is fine. */
void entrance_close(struct entrance *entrance);

/* Never 0. For streams of an entrance only. */
uint64_t entrance_number(const struct stream *stream);
/* NULL when it has gone. */
struct stream *entrance_find(struct entrance *entrance, uint64_t number);
/* The idle timeout that holds for the stream now. */
usec_t entrance_idle_timeout(const struct stream *stream);

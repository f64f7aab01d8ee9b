/* Copies of queries and responses for somebody who wants to know: dnstap over Frame Streams, to a Unix socket, a TCP address or a file.
 *
 * Each worker thread has a lane: a ring of bytes with one writer (the worker) and one reader (the tap's own thread). Putting an exchange into a lane is one copy:
 * no lock, no system call, no allocation, no waiting; a full lane loses the exchange and counts it. The tap's thread looks into the lanes a hundred times a
 * second, encodes (dnstap.h) and writes. While nobody reads at the other end it tries to connect once a second; what a lane holds meanwhile is
 * sent then, the rest is lost and counted.
 *
 * The log tells when a reader comes and goes, not each attempt.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "lib/base/log.h"
#include "lib/net/dnstap.h"

struct tap;

enum { TAP_RING_SIZE = 1 << 20 };      /* bytes of a lane */

/* Exactly one of socket, file and address says where to. */
struct tap_config {
	const char *socket;             /* a reader listens there */
	const char *file;               /* written anew at each start; moved to FILE.1 when it has grown past file_limit */
	uint64_t file_limit;
	struct netaddr address;         /* TCP */
	bool queries, responses;        /* which of an exchange is told */
	struct dnstap_origin origin;
	uint32_t lanes;
	const struct log *log;
};

/* One side of an exchange may be missing: len 0. */
struct tap_exchange {
	const struct netaddr *client;
	const struct netaddr *server;
	usec_t wall;
	enum dnstap_transport transport;
	bool is_update;                 /* an UPDATE, which dnstap tells apart */
	const uint8_t *query, *response;
	uint32_t query_len, response_len;
};

/* A worker's end. */
struct tap_lane {
	_Alignas(64) _Atomic uint64_t head;      /* bytes ever put; written by the worker */
	_Atomic uint64_t dropped;                /* exchanges that found no room; written by the worker */
	_Alignas(64) _Atomic uint64_t tail;      /* bytes ever taken; written by the tap's thread */
	uint8_t *ring;
};

struct tap_counters {
	uint64_t frames;                /* written */
	uint64_t dropped;               /* exchanges lost: lanes were full */
	uint64_t failed;                /* frames lost: the connection broke while they were written */
	uint64_t connects;
	bool is_connected;
};

/* Copies the texts. */
int tap_new(struct tap **out, const struct tap_config *config) ZT_MUST_CHECK;
struct tap_lane *tap_lane(struct tap *tap, uint32_t index);
/* Starts the thread; before, exchanges wait in the lanes. */
int tap_start(struct tap *tap) ZT_MUST_CHECK;
/* Writes what is in the lanes, as far as the reader takes it within a second, and ends the stream. Nobody may put any more. NULL is fine. */
void tap_free(struct tap *tap);

/* The lane's own thread. */
void tap_put(struct tap_lane *lane, const struct tap_exchange *exchange);
/* Any thread. */
void tap_counters(struct tap *tap, struct tap_counters *out);

/* What one worker counts. Each counter has one writer, so counting is a plain load and store; any thread may read at any time. */
#pragma once

#include <stdatomic.h>
#include <stdint.h>

#include "lib/net/entrance.h"

enum { COUNTED_RCODES = 24 };      /* by number; the last one counts all that are higher */

struct serve_counters {
	_Atomic uint64_t queries_udp;
	_Atomic uint64_t queries_tcp;
	_Atomic uint64_t replies[COUNTED_RCODES];
	_Atomic uint64_t truncated;
	_Atomic uint64_t dropped;              /* queries not answered on purpose */
	_Atomic uint64_t send_failed;          /* replies the kernel did not take */
	struct entrance_counters connections;
	_Atomic uint64_t hits_ready;           /* answered by a ready-made message */
	_Atomic uint64_t hits_cache;           /* answered from RRsets in the cache or a local zone */
	_Atomic uint64_t misses;               /* had to be resolved */
	_Atomic uint64_t joined;               /* of the misses, joined to an equal question under way */
	_Atomic uint64_t upstream_udp;
	_Atomic uint64_t upstream_tcp;
	_Atomic uint64_t upstream_timeouts;
	_Atomic uint64_t upstream_mismatches;
	_Atomic uint64_t upstream_lame;
	_Atomic uint64_t upstream_behind;
	_Atomic uint64_t failed;               /* questions that ended in SERVFAIL */
	_Atomic uint64_t limited;              /* of them, stopped by a limit of work */
	_Atomic uint64_t tasks;                /* under way now */
};

static inline void counter_set(_Atomic uint64_t *counter, uint64_t value)
{
	atomic_store_explicit(counter, value, memory_order_relaxed);
}

static inline uint64_t counter_get(_Atomic uint64_t *counter)
{
	return atomic_load_explicit(counter, memory_order_relaxed);
}

static inline void counter_add(_Atomic uint64_t *counter, uint64_t by)
{
	counter_set(counter, atomic_load_explicit(counter, memory_order_relaxed) + by);
}

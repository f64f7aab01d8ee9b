/* What one worker counts. Each counter has one writer, so counting is a plain load and store; any thread may read at any time. */
#pragma once

#include <stdatomic.h>
#include <stdint.h>

#include "lib/net/entrance.h"

enum { COUNTED_RCODES = 24, COUNTED_ERRORS = 32 };      /* by number; the last one counts all that are higher */

struct serve_counters {
	_Atomic uint64_t queries_udp;
	_Atomic uint64_t queries_tcp;
	_Atomic uint64_t queries_tls;
	_Atomic uint64_t replies[COUNTED_RCODES];
	_Atomic uint64_t truncated;
	_Atomic uint64_t dropped;              /* requests not answered on purpose */
	_Atomic uint64_t send_failed;          /* replies the kernel did not take */
	_Atomic uint64_t notifies;
	_Atomic uint64_t updates;
	_Atomic uint64_t tsig_good;            /* signed requests, by what their signatures were worth */
	_Atomic uint64_t tsig_badkey;
	_Atomic uint64_t tsig_badsig;
	_Atomic uint64_t tsig_badtime;
	_Atomic uint64_t tsig_badtrunc;
	_Atomic uint64_t tsig_malformed;
	_Atomic uint64_t transfers;            /* AXFR and IXFR requests */
	_Atomic uint64_t transfers_whole;      /* completed: the whole zone */
	_Atomic uint64_t transfers_difference; /* completed: differences */
	_Atomic uint64_t transfers_soa;        /* IXFR answered by the SOA alone: nothing newer, or to be asked by TCP */
	_Atomic uint64_t transfers_foreign;    /* IXFR asked by a peer whose version was never one of ours */
	_Atomic uint64_t transfers_refused;    /* by access control */
	_Atomic uint64_t transfers_refused_plain;      /* of these, because they were to go over TLS */
	_Atomic uint64_t tls_failed;           /* connections that did not come to speak TLS */
	_Atomic uint64_t transfers_limited;    /* too many at once */
	_Atomic uint64_t transfers_aborted;    /* the client left, or an error on our side */
	_Atomic uint64_t transfer_bytes;       /* sent */
	_Atomic uint64_t repairs;              /* reconciliations begun */
	_Atomic uint64_t repairs_aborted;      /* answers of them that could not go on */
	_Atomic uint64_t repair_bytes;         /* sent */
	struct entrance_counters connections;
	_Atomic uint64_t edns;                 /* replies with OPT */
	_Atomic uint64_t cookies_client;       /* queries with a client cookie alone */
	_Atomic uint64_t cookies_bad;          /* with a server cookie that is not good here and now */
	_Atomic uint64_t cookies_good;
	_Atomic uint64_t extended_errors[COUNTED_ERRORS];      /* replies with one, by its code; the last one counts all that are higher */
	_Atomic uint64_t limit_dropped;        /* by the rate limit */
	_Atomic uint64_t limit_slipped;
};

static inline void counter_add(_Atomic uint64_t *counter, uint64_t by)
{
	atomic_store_explicit(counter, atomic_load_explicit(counter, memory_order_relaxed) + by, memory_order_relaxed);
}

static inline uint64_t counter_get(_Atomic uint64_t *counter)
{
	return atomic_load_explicit(counter, memory_order_relaxed);
}

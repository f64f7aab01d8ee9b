/* What is known about upstream servers: how fast they answer, whether they answer, what they can't do.
 *
 * Round trips are smoothed as in RFC 6298 (gain 1/8 and 1/4), but good news is believed sooner. Time-outs in a row double the time a server is given, and from
 * DEAD_AFTER of them on it is left alone for a while that doubles too, from DEAD_FIRST to DEAD_LAST; one answer ends that. An entry is
 * forgotten INFRA_LIFE after its last use, so that old verdicts don't stay.
 */
#pragma once

#include "lib/base/netaddr.h"
#include "resolverd/cache/cache.h"

#define INFRA_LIFE (900 * USEC_PER_SEC)
#define DEAD_FIRST (1 * USEC_PER_SEC)
#define DEAD_LAST (16 * USEC_PER_SEC)
#define RTO_UNKNOWN (400 * USEC_PER_MSEC)
#define RTO_MIN (100 * USEC_PER_MSEC)
#define RTO_MAX (2 * USEC_PER_SEC)
#define EDNS_LIFE (900 * USEC_PER_SEC)
#define LAME_LIFE (10 * USEC_PER_SEC)
enum { DEAD_AFTER = 3 };

/* What a server has shown to understand; a step down after FORMERR, NOTIMP or BADVERS (RFC 6891 section 7). */
enum edns_level { EDNS_FULL, EDNS_NO_OPTIONS, EDNS_NONE };

struct server_state {
	bool known;                   /* a round trip was measured */
	uint8_t timeouts;             /* in a row */
	uint8_t edns;                 /* enum edns_level */
	usec_t edns_until;            /* a step down is tried again after that */
	uint32_t srtt_us;
	uint32_t rttvar_us;
	usec_t dead_until;            /* 0 or past: may be asked */
};

/* How long to wait for this server's answer. */
usec_t infra_rto(const struct server_state *state);

/* The zero state when nothing is known. */
void infra_get(struct cache *cache, const struct netaddr *server, struct server_state *state, usec_t now);
/* An answer came after `rtt`. */
void infra_answered(struct cache *cache, const struct netaddr *server, usec_t rtt, usec_t now);
/* No answer came, or the network said there won't be one. */
void infra_timed_out(struct cache *cache, const struct netaddr *server, usec_t now);
/* There is no way to it: left alone for DEAD_LAST. */
void infra_unreachable(struct cache *cache, const struct netaddr *server, usec_t now);
void infra_set_edns(struct cache *cache, const struct netaddr *server, enum edns_level level, usec_t now);

/* A server that does not serve a zone it should; remembered for LAME_LIFE. */
void infra_set_lame(struct cache *cache, const struct netaddr *server, const uint8_t *zone, usec_t now);
bool infra_is_lame(struct cache *cache, const struct netaddr *server, const uint8_t *zone, usec_t now);

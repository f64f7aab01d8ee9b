/* The hard bounds: instants after which no old answer can come, whatever NOTIFYs are lost.
 *
 * Theorem (TTL-bounded convergence). Let W be the last instant at which any server a cache may use gives old data, D the lifetime of a
 * resolver's query, and hop i of a chain of d caches clamp TTLs to at least m_i, the first hop to at most M. Then no cache gives the old
 * data after W + D + min(TTL, M) + the sum of the m_i + d * 1 s, provided that hops count TTLs down and none serves expired data.
 * W is bounded by the polls: every link on the way counts its whole REFRESH, RETRYs through outages and lost polls, and the transfer.
 */
#pragma once

#include "lib/base/status.h"
#include "tools/propest/model/class.h"
#include "tools/propest/model/network.h"

/* Polls lost in a row are allowed for until their chance falls below this. */
#define BOUND_IMPOSSIBLE 1e-6

/* What the caches are like. Without classes they are one, asked all the time. */
struct cache_facts {
	double ttl_s;             /* of the old data as the servers give it; for an addition the negative TTL */
	double max_ttl_s;         /* clamp of the hop that asks the servers; INFINITY: none */
	double min_ttl_s;         /* clamp of every hop */
	double query_lifetime_s;  /* how long a resolver waits for an answer already on its way */
	unsigned depth;           /* caches in a chain, at least 1 */
	double hold_s;            /* fixed holds that ignore the TTL (browsers, operating systems), added up */
	struct cache_class classes[CLASS_MAX];     /* their clamps and holds replace those above */
	size_t class_count;
};

/* Class `i`; there is always one. Its share is 1 when there are no others. */
struct cache_class cache_facts_class(const struct cache_facts *facts, size_t i);
size_t cache_facts_class_count(const struct cache_facts *facts);

/* The TTL a cache works with: the longest of all classes. */
double cache_facts_ttl(const struct cache_facts *facts);

/* bound[i]: when server i has stopped giving old data at the latest. The network has passed network_check. */
int bound_servers(const struct network *net, double *bound) ZT_MUST_CHECK;

/* The theorem's instant for a given W: the latest of all classes. */
double bound_caches(const struct cache_facts *facts, double last_server);

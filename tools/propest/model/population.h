/* The slowest of N caches: P(all <= t) is the N-th power of one cache's CDF, taken inside each sample, because caches are independent only
 * given what the servers did. */
#pragma once

#include "tools/propest/model/cache.h"

/* Scratch space kept between calls: zero it but for `caches` (>= 1) before the first, free list.kinks after the last. list.status tells of
 * memory running out. */
struct population {
	double caches;
	struct kink_list list;
};

/* Adds one sample's CDF of the slowest cache to the sink's curves. */
void population_add_last_stale(struct population *population, const struct steps *steps, double ttl, struct cache_scratch *scratch,
			       const struct cache_sink *sink);

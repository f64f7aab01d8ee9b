/* The slowest of N caches: P(all <= t) is the N-th power of one cache's CDF, taken inside each sample, because caches are independent only
 * given what the servers did. */
#pragma once

#include "tools/propest/model/sink.h"

/* Zero it but for `caches` (> 1) before the first sample, free list.kinks after the last. list.status tells of memory running out. */
struct population {
	double caches;
	struct kink_list list;     /* one sample's CDF of one cache, in any order; emptied by population_add_slowest */
};

/* Adds one sample's CDF of the slowest cache to the sink's curves. */
void population_add_slowest(struct population *population, const struct cache_sink *sink);

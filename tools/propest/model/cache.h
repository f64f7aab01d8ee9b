/* The cache stage: exact laws of one busy cache given when each server stops being stale.
 *
 * The cache asks again as soon as its copy runs out: at U + kT with U uniform in [0, T), each time a server drawn by weight. With the
 * stale share G (struct steps):
 *   fresh share  1 - (1/T) * integral of G over [t - T, t]
 *   first fresh  P(F <= t) = 1 - (1/T) * integral of Q over [t - T, t],  Q(x) = G(x) Q(x - T), Q = 1 where G = 1
 *   last stale   P(L <= t) = (1/T) * integral of H over [t - T, t],      H(x) = (1 - G(x)) H(x + T), H = 1 where G = 0
 * Q and H are step functions, so all three are piecewise linear; their kinks are found window by window of length T. The number of kinks is
 * at most about servers * ln(1 / CACHE_NEGLIGIBLE) however long the servers take, because each stale (or fresh) server that makes a kink
 * also shrinks the product; parts below CACHE_NEGLIGIBLE are cut off.
 */
#pragma once

#include <stddef.h>

#include "tools/propest/model/sink.h"
#include "tools/propest/model/steps.h"

#define CACHE_NEGLIGIBLE 1e-7

/* Scratch space for step functions of up to `size` steps. */
struct cache_scratch {
	size_t size;
	double *offset[2], *value[2];
};

int cache_scratch_init(struct cache_scratch *scratch, size_t size) ZT_MUST_CHECK;
void cache_scratch_fini(struct cache_scratch *scratch);

/* Each adds one sample's CDF. ttl >= 0; with ttl 0 a cache follows the servers at once. */
void cache_add_fresh_share(const struct steps *steps, double ttl, const struct cache_sink *sink);
void cache_add_first_fresh(const struct steps *steps, double ttl, struct cache_scratch *scratch, const struct cache_sink *sink);
void cache_add_last_stale(const struct steps *steps, double ttl, struct cache_scratch *scratch, const struct cache_sink *sink);

/* The same values at one instant, in O(J log J) whatever the times, by another way (folding all fetches of a phase): for tests and for
 * single points. */
double cache_first_fresh_at(const struct steps *steps, double ttl, double t);
double cache_last_stale_at(const struct steps *steps, double ttl, double t);
double cache_fresh_share_at(const struct steps *steps, double ttl, double t);

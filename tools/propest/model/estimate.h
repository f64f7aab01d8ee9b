/* The whole estimate: server stage drawn, cache stage exact inside each draw, quantiles of the mixture, the largest contributors.
 *
 * The cache stage is summed on a logarithmic grid first; each quantile is then looked up on a fine grid inside its cell, so it is exact to
 * about 1e-6 of its value for the draws made. Same input and seed, same result.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/status.h"
#include "tools/propest/model/bound.h"
#include "tools/propest/model/curve.h"
#include "tools/propest/model/network.h"

struct estimate_input {
	const struct network *net;      /* has passed network_check */
	struct cache_facts caches;
	double cache_count;             /* "all caches" is the slowest of so many; 1: just any cache */
	uint64_t seed;
	size_t samples;
	bool with_contributors;
};

enum { QUANTILE_COUNT = 4, ESTIMATE_MAX_SAMPLES = 10000000 };
extern const double quantile_levels[QUANTILE_COUNT];         /* .5 .9 .99 .999 */
extern const char *const quantile_names[QUANTILE_COUNT];     /* "p50" … "p99.9" */

struct quantiles {
	double at[QUANTILE_COUNT];
	double error[QUANTILE_COUNT];     /* by the number of samples: bootstrap.h */
	double bound;
};

enum estimate_factor { FACTOR_TTL, FACTOR_LOSS, FACTOR_SILENCE, FACTOR_OUTAGE, FACTOR_TRANSFER, FACTOR_PUBLISH, FACTOR_COUNT };

/* How much sooner 99 % of the caches would be done without this factor. */
struct contributor {
	enum estimate_factor factor;
	double seconds;
};

const char *estimate_factor_text(enum estimate_factor factor);

enum { CONTRIBUTOR_COUNT = 3 };

struct estimate {
	struct quantiles authoritative;   /* W: the last server */
	struct quantiles first_fresh;     /* a cache first has the new data */
	struct quantiles last_stale;      /* a cache last gives the old data */
	struct quantiles all_caches;      /* the slowest of cache_count caches last gives the old data */
	/* When a share of .5, .9, .99, .999 of all caches holds no old data, and of all questions gets new data: no one cache's time. */
	struct quantiles stored, client;
	struct quantiles *servers;        /* by server of the network */
	struct contributor contributors[CONTRIBUTOR_COUNT];
	size_t contributor_count;
	double expiry_share;              /* of the samples, those in which a server stopped by expiry */
	/* CDFs on the logarithmic grid: of W, F, L, and the share of questions that get new data. */
	struct curve server_curve, first_curve, last_curve, share_curve;
};

int estimate_run(struct estimate *out, const struct estimate_input *input) ZT_MUST_CHECK;
void estimate_fini(struct estimate *estimate);

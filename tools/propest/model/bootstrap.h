/* How far a quantile may be off because only so many samples were drawn: half the width of the central 95 % of its bootstrap distribution.
 *
 * Of sorted values that distribution is known without drawing: the resampled quantile is the value whose rank is binomial. Of summed curves
 * blocks of samples are drawn again with replacement: each block keeps its mean curve on the grid. What it can't tell of is what no sample
 * happened to meet; a p99.9 of few samples is such a case.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "lib/base/status.h"
#include "tools/propest/model/curve.h"

/* `values` are sorted. */
double bootstrap_sorted(const double *values, size_t count, double level);

enum { BOOTSTRAP_BLOCKS = 50, BOOTSTRAP_ROUNDS = 400 };

/* Mean curves of blocks of samples. */
struct bootstrap {
	size_t blocks, points;
	double samples[BOOTSTRAP_BLOCKS];     /* in each block */
	double *values;                       /* by point, then by block */
};

int bootstrap_init(struct bootstrap *bootstrap, size_t points) ZT_MUST_CHECK;
void bootstrap_fini(struct bootstrap *bootstrap);
/* Takes a block's finished curve; at most BOOTSTRAP_BLOCKS. */
void bootstrap_add(struct bootstrap *bootstrap, const struct curve *curve, size_t samples);
/* error[i] of the quantile levels[i], of at most BOOTSTRAP_LEVELS. `grid` is any curve with the blocks' grid. */
enum { BOOTSTRAP_LEVELS = 8 };
struct bootstrap_levels { const double *levels; size_t count; double *error; };
void bootstrap_errors(const struct bootstrap *bootstrap, const struct curve *grid, uint64_t seed, const struct bootstrap_levels *levels);

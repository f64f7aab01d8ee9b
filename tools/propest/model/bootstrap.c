/* Errors by resampling. */
#include "tools/propest/model/bootstrap.h"

#include <math.h>
#include <stdlib.h>

#include "lib/base/rng.h"

static const double normal_975 = 1.959964;

static double at_rank(const double *values, size_t count, double rank)
{
	double i = fmin(fmax(ceil(rank), 1), (double)count);
	return values[(size_t)i - 1];
}

double bootstrap_sorted(const double *values, size_t count, double level)
{
	double n = (double)count, spread = normal_975 * sqrt(n * level * (1 - level));
	return (at_rank(values, count, n * level + spread) - at_rank(values, count, n * level - spread)) / 2;
}

int bootstrap_init(struct bootstrap *bootstrap, size_t points)
{
	*bootstrap = (struct bootstrap){ .points = points, .values = calloc(points, BOOTSTRAP_BLOCKS * sizeof(double)) };
	return bootstrap->values ? ZT_OK : ZT_ENOMEM;
}

void bootstrap_fini(struct bootstrap *bootstrap)
{
	free(bootstrap->values);
	*bootstrap = (struct bootstrap){ 0 };
}

void bootstrap_add(struct bootstrap *bootstrap, const struct curve *curve, size_t samples)
{
	size_t block = bootstrap->blocks++;

	bootstrap->samples[block] = (double)samples;
	for (size_t i = 0; i < bootstrap->points; i++)
		bootstrap->values[i * BOOTSTRAP_BLOCKS + block] = curve_value_at_point(curve, i);
}

/* The mean of the blocks at a point, each as often as it was drawn. */
static double mean_at(const struct bootstrap *bootstrap, const double *share, size_t point)
{
	const double *values = bootstrap->values + point * BOOTSTRAP_BLOCKS;
	double sum = 0;

	for (size_t i = 0; i < bootstrap->blocks; i++)
		sum += share[i] * values[i];
	return sum;
}

static double cross(const struct bootstrap *bootstrap, const struct curve *grid, const double *share, double level)
{
	size_t low = 0, high = bootstrap->points - 1;

	while (low < high) {
		size_t mid = (low + high) / 2;
		if (mean_at(bootstrap, share, mid) < level)
			low = mid + 1;
		else
			high = mid;
	}
	double to = curve_point(grid, low), from = low > 0 ? curve_point(grid, low - 1) : 0;
	double below = low > 0 ? mean_at(bootstrap, share, low - 1) : 0, rise = mean_at(bootstrap, share, low) - below;
	return rise > 0 && level > below ? fmin(from + (to - from) * (level - below) / rise, to) : to;
}

static void draw_blocks(const struct bootstrap *bootstrap, struct rng *rng, double *share)
{
	double total = 0;

	for (size_t i = 0; i < bootstrap->blocks; i++)
		share[i] = 0;
	for (size_t i = 0; i < bootstrap->blocks; i++) {
		size_t block = rng_below(rng, bootstrap->blocks);
		share[block] += bootstrap->samples[block];
		total += bootstrap->samples[block];
	}
	for (size_t i = 0; i < bootstrap->blocks; i++)
		share[i] /= total;
}

static int ascending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return x < y ? -1 : x > y;
}

void bootstrap_errors(const struct bootstrap *bootstrap, const struct curve *grid, uint64_t seed, const struct bootstrap_levels *levels)
{
	double found[BOOTSTRAP_LEVELS][BOOTSTRAP_ROUNDS], share[BOOTSTRAP_BLOCKS];
	struct rng rng;

	rng_seed(&rng, seed);
	for (size_t round = 0; round < BOOTSTRAP_ROUNDS; round++) {
		draw_blocks(bootstrap, &rng, share);
		for (size_t i = 0; i < levels->count; i++)
			found[i][round] = cross(bootstrap, grid, share, levels->levels[i]);
	}
	for (size_t i = 0; i < levels->count; i++) {
		qsort(found[i], BOOTSTRAP_ROUNDS, sizeof(double), ascending);
		levels->error[i] = (found[i][BOOTSTRAP_ROUNDS - 1 - BOOTSTRAP_ROUNDS / 40] - found[i][BOOTSTRAP_ROUNDS / 40]) / 2;
	}
}

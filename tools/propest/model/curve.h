/* Sums of very many piecewise linear curves (one CDF per sample), exact at the points of a grid, in constant time per kink.
 *
 * A curve is the sum of its kinks: a kink at `at` that changes the slope by `slope` adds slope * (t - at) to every later t, a jump adds a
 * constant, a bend adds by * (t - at)^2. All are gathered by grid cell, and prefix sums give the value at each grid point without keeping the kinks.
 * Life: curve_init, curve_kink / curve_jump / curve_bend as often as wanted, curve_finish once, then curve_value_at_point and curve_cross.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "lib/base/status.h"

enum { CURVE_LOG_STEPS_BITS = 7, CURVE_LOG_LOW = -14, CURVE_LOG_HIGH = 36 };

struct curve_cell {
	double slope, offset, jump, bend;      /* after curve_finish: .jump is the value at the cell's upper end */
};

struct curve {
	size_t count;                    /* cells; cell i ends at point i, cell 0 begins at minus infinity */
	double low, width;               /* even grid: point i is low + i * width; width 0: logarithmic grid */
	struct curve_cell *cells;
};

/* Points at 2^(i / 128)-like steps (0.8 % apart or closer) from 2^-14 to 2^36. */
int curve_init_log(struct curve *curve) ZT_MUST_CHECK;
/* `count` points from `low` to `high`. */
int curve_init_even(struct curve *curve, double low, double high, size_t count) ZT_MUST_CHECK;
void curve_fini(struct curve *curve);

double curve_point(const struct curve *curve, size_t i);

/* The cell `at` lies in; curve->count when it lies past the last point. */
static inline size_t curve_cell_of(const struct curve *curve, double at)
{
	if (curve->width > 0) {
		if (at < curve->low)
			return 0;
		double cell = (at - curve->low) / curve->width;
		return cell < (double)curve->count ? (size_t)cell + 1 : curve->count;
	}
	/* The top bits of a positive double count logarithmically: exponent, then the leading bits of the mantissa. */
	const double lowest = 1.0 / (1 << -CURVE_LOG_LOW);
	if (at < lowest)
		return 0;
	uint64_t bits, base;
	memcpy(&bits, &at, sizeof(bits));
	memcpy(&base, &lowest, sizeof(base));
	return (size_t)((bits >> (52 - CURVE_LOG_STEPS_BITS)) - (base >> (52 - CURVE_LOG_STEPS_BITS))) + 1;
}

static inline void curve_kink(struct curve *curve, double at, double slope)
{
	size_t i = curve_cell_of(curve, at);
	if (i < curve->count) {
		curve->cells[i].slope += slope;
		curve->cells[i].offset += slope * (at - curve->low);
	}
}

static inline void curve_jump(struct curve *curve, double at, double by)
{
	size_t i = curve_cell_of(curve, at);
	if (i < curve->count)
		curve->cells[i].jump += by;
}

static inline void curve_bend(struct curve *curve, double at, double by)
{
	size_t i = curve_cell_of(curve, at);
	if (i < curve->count) {
		double from = at - curve->low;
		curve->cells[i].bend += by;
		curve->cells[i].slope -= 2 * by * from;
		curve->cells[i].offset -= by * from * from;
	}
}

/* Adds what another curve of the same grid was given; neither is finished. */
void curve_add(struct curve *curve, const struct curve *other);
/* No kinks after this. `scale` multiplies all values. */
void curve_finish(struct curve *curve, double scale);
double curve_value_at_point(const struct curve *curve, size_t i);
/* Where a rising curve first reaches `value`: linear between the two points around it, which *low and *high (may be NULL) receive. */
double curve_cross(const struct curve *curve, double value, double *low, double *high);
/* The value at any instant, linear between points. */
double curve_value(const struct curve *curve, double at);

/* Summing piecewise linear curves on a grid. */
#include "tools/propest/model/curve.h"

#include <math.h>
#include <stdlib.h>

static int init(struct curve *curve, size_t count, double low, double width)
{
	*curve = (struct curve){ .count = count, .low = low, .width = width, .cells = calloc(count, sizeof(struct curve_cell)) };
	return curve->cells ? ZT_OK : ZT_ENOMEM;
}

int curve_init_log(struct curve *curve)
{
	return init(curve, (size_t)(CURVE_LOG_HIGH - CURVE_LOG_LOW) << CURVE_LOG_STEPS_BITS, 0, 0);
}

int curve_init_even(struct curve *curve, double low, double high, size_t count)
{
	return init(curve, count, low, (high - low) / (double)(count - 1));
}

void curve_fini(struct curve *curve)
{
	free(curve->cells);
	*curve = (struct curve){ 0 };
}

double curve_point(const struct curve *curve, size_t i)
{
	if (curve->width > 0)
		return curve->low + (double)i * curve->width;
	size_t steps = (size_t)1 << CURVE_LOG_STEPS_BITS;
	return ldexp(1 + (double)(i % steps) / (double)steps, CURVE_LOG_LOW + (int)(i / steps));
}

void curve_add(struct curve *curve, const struct curve *other)
{
	for (size_t i = 0; i < curve->count; i++) {
		curve->cells[i].slope += other->cells[i].slope;
		curve->cells[i].offset += other->cells[i].offset;
		curve->cells[i].jump += other->cells[i].jump;
		curve->cells[i].bend += other->cells[i].bend;
	}
}

void curve_finish(struct curve *curve, double scale)
{
	struct curve_cell sum = { 0 };

	for (size_t i = 0; i < curve->count; i++) {
		struct curve_cell *cell = &curve->cells[i];
		sum.slope += cell->slope;
		sum.offset += cell->offset;
		sum.jump += cell->jump;
		sum.bend += cell->bend;
		double t = curve_point(curve, i) - curve->low;
		cell->jump = scale * ((sum.bend * t + sum.slope) * t - sum.offset + sum.jump);
	}
}

double curve_value_at_point(const struct curve *curve, size_t i)
{
	return curve->cells[i].jump;
}

double curve_cross(const struct curve *curve, double value, double *low, double *high)
{
	size_t begin = 0, end = curve->count - 1;

	while (begin < end) {
		size_t mid = (begin + end) / 2;
		if (curve_value_at_point(curve, mid) < value)
			begin = mid + 1;
		else
			end = mid;
	}
	double to = curve_point(curve, begin);
	/* The first cell has no lower end: on a log grid it begins at 0. */
	double from = begin > 0 ? curve_point(curve, begin - 1) : curve->width > 0 ? to : 0;
	double below = begin > 0 ? curve_value_at_point(curve, begin - 1) : 0;
	double rise = curve_value_at_point(curve, begin) - below;
	if (low)
		*low = from;
	if (high)
		*high = to;
	return rise > 0 && value > below ? fmin(from + (to - from) * (value - below) / rise, to) : to;
}

double curve_value(const struct curve *curve, double at)
{
	size_t i = curve_cell_of(curve, at);

	if (i >= curve->count)
		return curve_value_at_point(curve, curve->count - 1);
	double to = curve_point(curve, i), above = curve_value_at_point(curve, i);
	double from = i > 0 ? curve_point(curve, i - 1) : curve->low;
	double below = i > 0 ? curve_value_at_point(curve, i - 1) : 0;
	return to > from && at > from ? below + (above - below) * (at - from) / (to - from) : below;
}

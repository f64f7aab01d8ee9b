/* The slowest of N caches. */
#include "tools/propest/model/population.h"

#include <math.h>
#include <stdlib.h>

/* Between the kinks of one cache's CDF its power is bent; it is followed by straight pieces between these levels. */
static const double tail_levels[] = { .9, .92, .94, .96, .98, .99, .995, .999, .9995, .9999 };
enum { EVEN_LEVELS = 71, TAIL_LEVELS = sizeof(tail_levels) / sizeof(tail_levels[0]) };

static double level(size_t i)
{
	if (i < EVEN_LEVELS)
		return .0125 * (double)(i + 1);
	return i - EVEN_LEVELS < TAIL_LEVELS ? tail_levels[i - EVEN_LEVELS] : 2;
}

static int by_time(const void *a, const void *b)
{
	const struct kink *x = a, *y = b;
	return x->at < y->at ? -1 : x->at > y->at;
}

/* Adds a curve point by point: each new point gives the slope of the piece before it. */
struct pen {
	const struct cache_sink *sink;
	double at, value, slope;
	bool down;
};

static void pen_to(struct pen *pen, double at, double value)
{
	if (pen->down) {
		double width = at - pen->at;
		if (width <= 1e-12 * at) {
			for (size_t i = 0; i < pen->sink->count; i++)
				curve_jump(&pen->sink->curves[i], at, value - pen->value);
		} else {
			double slope = (value - pen->value) / width;
			for (size_t i = 0; i < pen->sink->count; i++)
				curve_kink(&pen->sink->curves[i], pen->at, slope - pen->slope);
			pen->slope = slope;
		}
	}
	*pen = (struct pen){ pen->sink, at, value, pen->slope, true };
}

static void pen_up(struct pen *pen)
{
	for (size_t i = 0; i < pen->sink->count; i++)
		curve_kink(&pen->sink->curves[i], pen->at, -pen->slope);
}

void population_add_slowest(struct population *population, const struct cache_sink *sink)
{
	struct kink_list *list = &population->list;
	struct pen pen = { .sink = sink };
	double slope = 0, value = 0, last = 0, n = population->caches;
	size_t next = 0;

	qsort(list->kinks, list->count, sizeof(struct kink), by_time);
	for (size_t i = 0; i < list->count; i++) {
		double at = list->kinks[i].at, to = i + 1 < list->count ? value + slope * (at - last) : 1;
		for (double target; slope > 0 && (target = pow(level(next), 1 / n)) < to; next++)
			if (target > value)
				pen_to(&pen, last + (target - value) / slope, pow(target, n));
		pen_to(&pen, at, pow(fmax(to, 0), n));
		value = to;
		last = at;
		slope += list->kinks[i].slope;
	}
	pen_up(&pen);
	list->count = 0;
}

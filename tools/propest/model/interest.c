/* Caches with little interest. */
#include "tools/propest/model/interest.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

#include "tools/propest/model/cache.h"

/* Points of the grid in one TTL, besides the steps; questions of one copy that are told apart. */
enum { CELLS = 64, MOST_ASKED = 256 };

/* A shorter TTL is no TTL. Below this ratio's spread a window is a scaled copy of the one before. */
static const double shortest_ttl = .001, same_shape = 1e-7, drawn_ratio = .98, leapt_ratio = .95;

int interest_scratch_init(struct interest_scratch *scratch, size_t size)
{
	double **parts[] = { &scratch->phase, &scratch->decay, &scratch->late, &scratch->value, &scratch->area };
	bool ok = true;

	*scratch = (struct interest_scratch){ .size = size + CELLS + 4 };
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		*parts[i] = calloc(scratch->size, sizeof(double));
		ok = ok && *parts[i];
	}
	if (!ok)
		interest_scratch_fini(scratch);
	return ok ? ZT_OK : ZT_ENOMEM;
}

void interest_scratch_fini(struct interest_scratch *scratch)
{
	free(scratch->phase);
	free(scratch->decay);
	free(scratch->late);
	free(scratch->value);
	free(scratch->area);
	*scratch = (struct interest_scratch){ 0 };
}

/* How many even intervals pass from one fetch to the next. */
static double intervals(const struct interest *interest, double ttl)
{
	return fmax(ceil(ttl / interest->every_s), 1);
}

double interest_cycle(const struct interest *interest, double ttl)
{
	switch (interest->law) {
	case INTEREST_POISSON:
		return ttl + interest->every_s;
	case INTEREST_EVEN:
		return intervals(interest, ttl) * interest->every_s;
	case INTEREST_BUSY:
		break;
	}
	return ttl;
}

double interest_present(const struct interest *interest, double ttl)
{
	double cycle = interest_cycle(interest, ttl);
	return cycle > 0 ? ttl / cycle : 1;
}

static struct cache_sink weighted(const struct cache_sink *sink, double weight)
{
	struct cache_sink out = *sink;
	out.weight *= weight;
	return out;
}

void interest_add_stored(const struct interest *interest, const struct steps *steps, double ttl, const struct cache_sink *sink)
{
	double present = interest_present(interest, ttl);
	struct cache_sink copies = weighted(sink, present);

	cache_add_fresh_share(steps, ttl, &copies);
	if (present < 1)
		sink_jump(sink, 0, 1 - present);
}

/* 1 - the mean of G over t - m * interval, m from 0: the questions that one copy answers. */
static void add_even_client(const struct interest *interest, const struct steps *steps, double ttl, const struct cache_sink *sink)
{
	double asked = intervals(interest, ttl);

	if (asked > MOST_ASKED) {
		cache_add_fresh_share(steps, ttl, sink);
		return;
	}
	struct cache_sink one = weighted(sink, 1 / asked);
	for (double m = 0; m < asked; m++) {
		one.shift = sink->shift + m * interest->every_s;
		cache_add_fresh_share(steps, 0, &one);
	}
}

void interest_add_client(const struct interest *interest, const struct steps *steps, double ttl, const struct cache_sink *sink)
{
	double present = interest_present(interest, ttl);
	struct cache_sink copies = weighted(sink, present), askers = weighted(sink, 1 - present);

	if (interest->law == INTEREST_EVEN) {
		add_even_client(interest, steps, ttl, sink);
		return;
	}
	cache_add_fresh_share(steps, ttl, &copies);
	if (present < 1)
		cache_add_fresh_share(steps, 0, &askers);
}

/* The solution on its way backwards. z counts from the last server's instant into the past. */
struct solver {
	const struct cache_sink *sink;
	const struct steps *steps;
	struct interest_scratch *grid;
	double rate, ttl, present;
	size_t cells;
	double from;          /* z where the window begins */
	double trail;         /* integral of i over the last TTL */
	double at, value, slope;      /* the last point drawn, and the slope behind it */
};

static int ascending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return x < y ? -1 : x > y;
}

static double phase_of(double z, double ttl)
{
	return fmax(fmod(z, ttl), 0);
}

/* All windows have the same grid: even points, and where steps (and the change itself) lie modulo T. */
static void lay_grid(struct solver *s)
{
	double *phase = s->grid->phase, last = s->steps->at[s->steps->count - 1];
	size_t count = 0, used = 0;

	for (size_t i = 0; i < CELLS; i++)
		phase[count++] = s->ttl * (double)i / CELLS;
	for (size_t i = 0; i + 1 < s->steps->count; i++)
		phase[count++] = phase_of(last - s->steps->at[i], s->ttl);
	phase[count++] = phase_of(last, s->ttl);
	phase[count++] = s->ttl;
	qsort(phase, count, sizeof(*phase), ascending);
	for (size_t i = 0; i < count; i++)
		if (used == 0 || phase[i] > phase[used - 1])
			phase[used++] = phase[i];
	s->cells = used - 1;
	for (size_t i = 0; i < s->cells; i++) {
		double y = s->rate * (phase[i + 1] - phase[i]);
		s->grid->decay[i] = exp(-y);
		/* How much of the cell's far end a step of the equation takes in. */
		s->grid->late[i] = y < 1e-4 ? y / 2 - y * y / 6 : 1 + expm1(-y) / y;
		s->grid->area[i] = phase[i + 1] - phase[i];
	}
	for (size_t i = 0; i <= s->cells; i++)
		s->grid->value[i] = 1;
}

/* A straight piece back to `at`. */
static void draw_to(struct solver *s, double at, double value)
{
	double width = s->at - at;

	if (width <= 1e-12 * s->at)
		return;
	double slope = (s->value - value) / width;
	sink_kink(s->sink, s->at, s->slope - slope);
	s->slope = slope;
	s->at = at;
	s->value = value;
}

static double law_at(const struct solver *s, double value)
{
	return fmin(fmax((1 - s->present) * value + s->present * s->trail / s->ttl, 0), 1);
}

static double stale_before(const struct solver *s, double x)
{
	return steps_stale_at(s->steps, x);
}

/* One window. *ratio is by what it differs from the window before, NAN when not by a factor alone. False at the change. */
static bool solve_window(struct solver *s, double *ratio)
{
	const double *phase = s->grid->phase;
	double *value = s->grid->value, *area = s->grid->area, last = s->steps->at[s->steps->count - 1];
	double now = value[s->cells], lowest = HUGE_VAL, highest = 0;

	double before = value[0];
	value[0] = now;
	for (size_t c = 0; c < s->cells; c++) {
		double width = phase[c + 1] - phase[c], fresh = 1 - stale_before(s, last - s->from - phase[c] - width / 2);
		double behind = value[c + 1], next = s->grid->decay[c] * now;
		next += fresh * ((1 - s->grid->decay[c] - s->grid->late[c]) * before + s->grid->late[c] * behind);
		double covered = s->rate * width < 1e-4 ? width * (now + next) / 2 : fresh * area[c] + (now - next) / s->rate;
		s->trail += covered - area[c];
		area[c] = covered;
		if (behind > 0) {
			lowest = fmin(lowest, next / behind);
			highest = fmax(highest, next / behind);
		}
		value[c + 1] = now = next;
		before = behind;
		double at = last + s->ttl - s->from - phase[c + 1];
		draw_to(s, fmax(at, 0), law_at(s, now));
		if (at <= 1e-9 * last || s->value < CACHE_NEGLIGIBLE)
			return false;
	}
	s->from += s->ttl;
	*ratio = highest > 0 && highest - lowest <= same_shape * highest ? (lowest + highest) / 2 : (double)NAN;
	return true;
}

/* While no step comes, windows go on shrinking by the same factor: many at once, drawn no finer than needed. */
static bool leap(struct solver *s, double ratio)
{
	double last = s->steps->at[s->steps->count - 1], x = last - s->from, until = -s->ttl;

	for (size_t i = s->steps->count; i-- > 0;)
		if (s->steps->at[i] < x) {
			until = s->steps->at[i];
			break;
		}
	double windows = floor((x - fmax(until, 0)) / s->ttl) - 1;
	if (!(windows >= 2) || steps_stale_at(s->steps, x - 1e-9 * s->ttl) != steps_stale_at(s->steps, x + s->ttl))
		return true;
	double chunk = fmax(floor(log(drawn_ratio) / log(fmin(ratio, 1 - 1e-15))), 1), scale = 1, value = s->value, at = s->at;
	for (double done = 0; done < windows && s->value >= CACHE_NEGLIGIBLE;) {
		done = fmin(done + chunk, windows);
		scale = pow(ratio, done);
		draw_to(s, at - done * s->ttl, value * scale);
	}
	for (size_t i = 0; i <= s->cells; i++)
		s->grid->value[i] *= scale;
	for (size_t i = 0; i < s->cells; i++)
		s->grid->area[i] *= scale;
	s->trail *= scale;
	s->from += windows * s->ttl;
	return s->value >= CACHE_NEGLIGIBLE;
}

void interest_add_last_stale(double rate, const struct steps *steps, double ttl, struct interest_scratch *scratch, const struct cache_sink *sink)
{
	double t = fmax(ttl, shortest_ttl), ratio;
	struct solver s = { .sink = sink, .steps = steps, .grid = scratch, .rate = rate, .ttl = t, .present = t * rate / (1 + t * rate),
		.trail = t, .at = steps->at[steps->count - 1] + t, .value = 1 };

	lay_grid(&s);
	while (solve_window(&s, &ratio))
		/* A window that shrinks by more is drawn by its own points; some hundred of them end it. */
		if (ratio >= leapt_ratio && !leap(&s, ratio))
			break;
	/* Caches that have nothing to unlearn are done at once. */
	sink_kink(sink, s.at, s.slope);
	if (s.value > 0)
		sink_jump(sink, s.at, s.value);
}

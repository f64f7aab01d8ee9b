/* The cache stage. */
#include "tools/propest/model/cache.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

int cache_scratch_init(struct cache_scratch *scratch, size_t size)
{
	bool ok = true;

	*scratch = (struct cache_scratch){ .size = size + 4 };
	for (int i = 0; i < 2; i++) {
		scratch->offset[i] = calloc(scratch->size, sizeof(double));
		scratch->value[i] = calloc(scratch->size, sizeof(double));
		ok = ok && scratch->offset[i] && scratch->value[i];
	}
	if (!ok)
		cache_scratch_fini(scratch);
	return ok ? ZT_OK : ZT_ENOMEM;
}

void cache_scratch_fini(struct cache_scratch *scratch)
{
	for (int i = 0; i < 2; i++) {
		free(scratch->offset[i]);
		free(scratch->value[i]);
	}
	*scratch = (struct cache_scratch){ 0 };
}

/* The window integral of a step function that rises by `by` at `at`. */
static inline void window_step(const struct cache_sink *sink, double ttl, double at, double by)
{
	if (by != 0) {
		sink_kink(sink, at, by / ttl);
		sink_kink(sink, at + ttl, -by / ttl);
	}
}

/* The first step after `t`. */
static size_t step_after(const struct steps *steps, double t)
{
	size_t low = 0, high = steps->count;

	while (low < high) {
		size_t mid = (low + high) / 2;
		if (steps->at[mid] > t)
			high = mid;
		else
			low = mid + 1;
	}
	return low;
}

/* The product of Q or H on one window, as pieces by offset from the window's begin: piece i covers offset[i] .. offset[i + 1]. */
struct pieces {
	double *offset, *value;
	size_t count;
};

/* What the products are made of: G, or 1 - G when `fresh`, at steps of one TTL. */
struct factors {
	const struct steps *steps;
	double ttl;
	bool fresh;
};

/* out = in times the factor on the window that begins at `base`. Returns the largest value. */
static double multiply(struct pieces *out, const struct pieces *in, const struct factors *factors, double base)
{
	const struct steps *steps = factors->steps;
	double ttl = factors->ttl;
	size_t step = step_after(steps, base), piece = 0;
	double stale = step == 0 ? 1 : steps->stale[step - 1];
	double offset = 0, largest = 0;

	out->count = 0;
	while (offset < ttl) {
		double value = in->value[piece] * (factors->fresh ? 1 - stale : stale);
		/* Pieces of equal value are one piece, so that stretches without change stay short. */
		if (out->count == 0 || out->value[out->count - 1] != value) {
			out->offset[out->count] = offset;
			out->value[out->count++] = value;
			largest = fmax(largest, value);
		}
		double next_piece = piece + 1 < in->count ? in->offset[piece + 1] : ttl;
		double next_step = step < steps->count ? steps->at[step] - base : ttl;
		offset = fmin(next_piece, next_step);
		if (offset >= ttl)
			break;
		if (next_step <= offset)
			stale = steps->stale[step++];
		if (next_piece <= offset)
			piece++;
	}
	return largest;
}

static struct pieces all_one(struct cache_scratch *scratch)
{
	scratch->offset[0][0] = 0;
	scratch->value[0][0] = 1;
	return (struct pieces){ scratch->offset[0], scratch->value[0], 1 };
}

void cache_add_fresh_share(const struct steps *steps, double ttl, const struct cache_sink *sink)
{
	double before = 1;

	for (size_t i = 0; i < steps->count; i++) {
		if (ttl > 0)
			window_step(sink, ttl, steps->at[i], before - steps->stale[i]);
		else
			sink_jump(sink, steps->at[i], before - steps->stale[i]);
		before = steps->stale[i];
	}
}

void cache_add_first_fresh(const struct steps *steps, double ttl, struct cache_scratch *scratch, const struct cache_sink *sink)
{
	double first = steps->at[0];

	if (ttl <= 0) {
		sink_jump(sink, first, 1);
		return;
	}
	struct factors factors = { steps, ttl, false };
	struct pieces below = all_one(scratch);
	struct pieces window = { scratch->offset[1], scratch->value[1], 0 };
	double before = 1;      /* Q just before the window */
	for (double number = 0;; number++) {
		double base = first + number * ttl;
		double largest = multiply(&window, &below, &factors, base);
		for (size_t i = 0; i < window.count; i++) {
			window_step(sink, ttl, base + window.offset[i], before - window.value[i]);
			before = window.value[i];
		}
		if (largest < CACHE_NEGLIGIBLE) {
			window_step(sink, ttl, base + ttl, before);
			return;
		}
		struct pieces swap = below;
		below = window;
		window = swap;
	}
}

void cache_add_last_stale(const struct steps *steps, double ttl, struct cache_scratch *scratch, const struct cache_sink *sink)
{
	double last = steps->at[steps->count - 1];

	if (ttl <= 0) {
		sink_jump(sink, last, 1);
		return;
	}
	struct factors factors = { steps, ttl, true };
	struct pieces above = all_one(scratch);
	struct pieces window = { scratch->offset[1], scratch->value[1], 0 };
	for (double number = 1;; number++) {
		double base = last - number * ttl;
		double largest = multiply(&window, &above, &factors, base);
		for (size_t i = 1; i < window.count; i++)
			window_step(sink, ttl, base + window.offset[i], window.value[i] - window.value[i - 1]);
		window_step(sink, ttl, base + ttl, above.value[0] - window.value[window.count - 1]);
		if (largest < CACHE_NEGLIGIBLE) {
			window_step(sink, ttl, base, window.value[0]);
			return;
		}
		struct pieces swap = above;
		above = window;
		window = swap;
	}
}

/* How many of the instants x, x + step, x + 2 step … lie in [from, to). */
static double count_in(double x, double step, double from, double to)
{
	double first = from <= x ? 0 : ceil((from - x) / step);
	double end = to <= x ? 0 : ceil((to - x) / step);
	return end > first ? end - first : 0;
}

/* Product over x + kT, k >= 0, of 1 - G. */
static double fresh_upwards(const struct steps *steps, double ttl, double x)
{
	double product = x < steps->at[0] ? 0 : 1;

	for (size_t i = 0; i + 1 < steps->count && product > 0; i++)
		product *= pow(1 - steps->stale[i], count_in(x, ttl, steps->at[i], steps->at[i + 1]));
	return product;
}

/* Product over x - kT, k >= 0, of G. */
static double stale_downwards(const struct steps *steps, double ttl, double x)
{
	double product = x >= steps->at[steps->count - 1] ? 0 : 1;

	for (size_t i = 0; i + 1 < steps->count && product > 0; i++) {
		/* Mirrored, the half-open side changes ends; pieces are looked at in their middle, so no instant lies on an end. */
		double n = count_in(-x, ttl, -steps->at[i + 1], -steps->at[i]);
		product *= pow(steps->stale[i], n);
	}
	return product;
}

static int ascending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return x < y ? -1 : x > y;
}

/* (1/T) times the integral over [t - T, t] of a function that is constant between the instants congruent to a step modulo T. */
static double window_mean(const struct steps *steps, double ttl, double t, double (*value)(const struct steps *, double, double))
{
	double *cut = malloc((steps->count + 2) * sizeof(*cut));
	double sum = 0;

	if (!cut)
		return NAN;
	for (size_t i = 0; i < steps->count; i++) {
		double phase = fmod(steps->at[i] - t, ttl);
		cut[i] = phase < 0 ? phase + ttl : phase;
	}
	cut[steps->count] = 0;
	cut[steps->count + 1] = ttl;
	qsort(cut, steps->count + 2, sizeof(*cut), ascending);
	for (size_t i = 0; i + 1 < steps->count + 2; i++) {
		double width = cut[i + 1] - cut[i];
		if (width > 0)
			sum += width * value(steps, ttl, t - ttl + cut[i] + width / 2);
	}
	free(cut);
	return sum / ttl;
}

static double fresh_now(const struct steps *steps, double ttl, double x)
{
	(void)ttl;
	return 1 - steps_stale_at(steps, x);
}

double cache_first_fresh_at(const struct steps *steps, double ttl, double t)
{
	if (ttl <= 0)
		return t >= steps->at[0];
	return 1 - window_mean(steps, ttl, t, stale_downwards);
}

double cache_last_stale_at(const struct steps *steps, double ttl, double t)
{
	if (ttl <= 0)
		return t >= steps->at[steps->count - 1];
	return window_mean(steps, ttl, t, fresh_upwards);
}

double cache_fresh_share_at(const struct steps *steps, double ttl, double t)
{
	if (ttl <= 0)
		return 1 - steps_stale_at(steps, t);
	return window_mean(steps, ttl, t, fresh_now);
}

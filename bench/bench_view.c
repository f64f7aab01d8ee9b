/* What it costs a worker to find the zone of a name, and to find that there is none, beside how many zones.
 *
 * usage: bench_view ZONES     the zones are zoneN.example, N from 0
 * Prints nanoseconds a look-up, the median of 9 rounds. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "authd/serve/view.h"
#include "lib/base/rng.h"

enum { ROUNDS = 9, NAMES = 1 << 16 };

static uint8_t names[NAMES][64];

static uint64_t now_ns(void)
{
	struct timespec at;
	clock_gettime(CLOCK_MONOTONIC, &at);
	return (uint64_t)at.tv_sec * 1000000000u + (uint64_t)at.tv_nsec;
}

static void name_make(uint8_t *out, const char *before, uint64_t number)
{
	uint8_t name[NAME_MAX_LEN];
	char text[64];

	snprintf(text, sizeof(text), "%s%" PRIu64 ".example.", before, number);
	if (name_from_text(name, text, NULL) != ZT_OK)
		abort();
	name_copy(out, name);
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

static void measure(const struct view *view, const char *what)
{
	double rounds[ROUNDS];
	size_t found = 0;

	for (int round = 0; round < ROUNDS; round++) {
		uint64_t start = now_ns();
		for (size_t i = 0; i < NAMES; i++)
			found += view_find(view, names[i], false) != NULL;
		rounds[round] = (double)(now_ns() - start) / NAMES;
	}
	qsort(rounds, ROUNDS, sizeof(double), by_value);
	printf("%-28s %7.1f ns, %5.1f %% found\n", what, rounds[ROUNDS / 2], 100.0 * (double)found / NAMES / ROUNDS);
}

int main(int argc, char **argv)
{
	uint32_t count = argc > 1 ? (uint32_t)strtoul(argv[1], NULL, 10) : 0;
	struct served_zone **zones = calloc(count ? count : 1, sizeof(*zones));
	struct rng rng;

	if (!zones || count == 0) {
		fprintf(stderr, "usage: bench_view ZONES\n");
		return 2;
	}
	rng_seed(&rng, 1);
	for (uint32_t i = 0; i < count; i++) {
		uint8_t *apex = malloc(32);
		zones[i] = calloc(1, sizeof(**zones));
		if (!apex || !zones[i])
			abort();
		name_make(apex, "zone", i);
		zones[i]->apex = apex;
	}
	struct view *view = view_new(zones, count, rng_u64(&rng));
	if (!view)
		abort();
	for (size_t i = 0; i < NAMES; i++)
		name_make(names[i], "www.zone", rng_below(&rng, count));
	measure(view, "in a zone");
	for (size_t i = 0; i < NAMES; i++)
		name_make(names[i], "www.other", rng_u64(&rng) >> 20);
	measure(view, "in none");
	for (size_t i = 0; i < NAMES; i++)
		name_make(names[i], "a.b.c.d.e.f.other", rng_u64(&rng) >> 20);
	measure(view, "in none, with many labels");
	return 0;
}

/* Scenarios in processes of their own, so that an assertion, a crash or an endless loop is a failure like any other. */
#pragma once

#include "tests/sim/xfr/world.h"

/* What many scenarios came to. */
struct trial_sum {
	unsigned long runs, steps, crashes, expired, retries, ixfr, axfr, repairs, adopted, large, journals;
	usec_t took_sum, took_longest, settled_longest;
	uint64_t took_longest_seed;
};

/* One scenario. True: it fails, and `failure` says how. */
bool trial_fails(const struct scenario *scenario, char failure[320]);
/* The scenarios of `count` seeds from `first` on; stops at the first that fails. True: *seed does, and `failure` says how. */
bool trial_seeds(uint64_t first, unsigned long count, struct trial_sum *sum, uint64_t *seed, char failure[320]);

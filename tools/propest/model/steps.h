/* G(x), the share of the servers (weighted as caches ask them) that still give old data at x: a falling step function.
 *
 * G is 1 before at[0], stale[i] in [at[i], at[i + 1]), and 0 from at[count - 1] on.
 */
#pragma once

#include <stddef.h>

struct steps {
	size_t count;         /* at least 1 */
	const double *at;     /* ascending, no two equal */
	const double *stale;  /* falling; the last is 0 */
};

/* Builds the steps from each server's last stale instant and its weight (0: caches don't ask it) into arrays of `count` elements.
 * Returns how many steps there are. */
size_t steps_build(const double *stale_until, const double *weight, size_t count, double *at, double *stale);

double steps_stale_at(const struct steps *steps, double t);

/* Sorting server times into a step function. */
#include "tools/propest/model/steps.h"

/* Shell sort of pairs: the arrays are short, and often nearly sorted. */
static void sort_pairs(double *key, double *with, size_t count)
{
	static const size_t gaps[] = { 301, 132, 57, 23, 10, 4, 1 };

	for (size_t g = 0; g < sizeof(gaps) / sizeof(gaps[0]); g++) {
		for (size_t i = gaps[g]; i < count; i++) {
			double k = key[i], w = with[i];
			size_t j = i;
			for (; j >= gaps[g] && key[j - gaps[g]] > k; j -= gaps[g]) {
				key[j] = key[j - gaps[g]];
				with[j] = with[j - gaps[g]];
			}
			key[j] = k;
			with[j] = w;
		}
	}
}

size_t steps_build(const double *stale_until, const double *weight, size_t count, double *at, double *stale)
{
	size_t used = 0, steps = 0;
	double total = 0, gone = 0;

	for (size_t i = 0; i < count; i++) {
		if (weight[i] <= 0)
			continue;
		at[used] = stale_until[i];
		stale[used++] = weight[i];
		total += weight[i];
	}
	sort_pairs(at, stale, used);
	for (size_t i = 0; i < used; i++) {
		gone += stale[i];
		if (steps > 0 && at[steps - 1] == at[i])
			steps--;
		at[steps] = at[i];
		stale[steps++] = 1 - gone / total;
	}
	stale[steps - 1] = 0;
	return steps;
}

double steps_stale_at(const struct steps *steps, double t)
{
	size_t low = 0, high = steps->count;

	while (low < high) {
		size_t mid = (low + high) / 2;
		if (steps->at[mid] <= t)
			low = mid + 1;
		else
			high = mid;
	}
	return low == 0 ? 1 : steps->stale[low - 1];
}

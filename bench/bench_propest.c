/* What an estimate costs: 10,000 samples of 50 servers, no contributors, with the errors of its quantiles.
 *
 * usage: bench_propest [SERVERS [SAMPLES]]
 * Prints seconds of CPU, the least and the median of 9 runs. One thread. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "tools/propest/model/estimate.h"

enum { ROUNDS = 9 };

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

static double cpu_seconds(void)
{
	struct timespec at;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &at);
	return (double)at.tv_sec + (double)at.tv_nsec / 1e9;
}

/* One primary that caches don't ask, and secondaries of BIND's laws that lose a fifth of the NOTIFYs. */
static void star(struct network *net, size_t count)
{
	size_t index;

	network_init(net);
	net->timers = (struct network_timers){ 86400, 7200, 604800 };
	for (size_t i = 0; i <= count; i++) {
		if (network_add_server(net, "server", &index) != ZT_OK)
			abort();
		net->servers[index].vendor = vendor_find("bind");
		net->servers[index].primary = i == 0;
		net->servers[index].is_public = i > 0;
		struct network_link *link = i > 0 ? network_add_link(net, 0, index) : NULL;
		if (link)
			link->notify_loss = .2;
	}
}

int main(int argc, char **argv)
{
	size_t servers = argc > 1 ? strtoul(argv[1], NULL, 10) : 50, samples = argc > 2 ? strtoul(argv[2], NULL, 10) : 10000;
	double rounds[ROUNDS];
	struct network net;

	if (servers < 1 || servers >= NETWORK_MAX_SERVERS || samples < 1 || samples > ESTIMATE_MAX_SAMPLES) {
		fprintf(stderr, "usage: bench_propest [SERVERS [SAMPLES]]\n");
		return 2;
	}
	star(&net, servers);
	for (int i = 0; i < ROUNDS; i++) {
		struct estimate_input input = { .net = &net, .caches = { .ttl_s = 300, .max_ttl_s = 1e9, .depth = 1 }, .cache_count = 1,
			.seed = (uint64_t)i, .samples = samples };
		struct estimate estimate;
		double start = cpu_seconds();
		if (estimate_run(&estimate, &input) != ZT_OK)
			abort();
		rounds[i] = cpu_seconds() - start;
		estimate_fini(&estimate);
	}
	qsort(rounds, ROUNDS, sizeof(double), by_value);
	printf("%zu samples of %zu servers: least %.3f s, median %.3f s of CPU\n", samples, servers, rounds[0], rounds[ROUNDS / 2]);
	network_fini(&net);
	return 0;
}

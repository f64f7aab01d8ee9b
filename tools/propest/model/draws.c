/* Drawing all samples. */
#include "tools/propest/model/draws.h"

#include <stdlib.h>

#include "tools/propest/model/spread.h"

static void draw(struct draws *draws, struct spread *spread, const double *weight, double *stale_until)
{
	size_t width = draws->server_count, with_expiry = 0;

	for (size_t i = 0; i < draws->count; i++) {
		double *at = draws->at + i * width, *stale = draws->stale + i * width;
		with_expiry += spread_sample(spread, i, stale_until) > 0;
		for (size_t j = 0; j < width; j++)
			draws->times[j * draws->count + i] = stale_until[j];
		draws->steps[i] = (struct steps){ steps_build(stale_until, weight, width, at, stale), at, stale };
	}
	draws->expiry_share = (double)with_expiry / (double)draws->count;
}

int draws_init(struct draws *draws, const struct network *net, unsigned without, uint64_t seed, size_t count)
{
	size_t width = net->server_count;
	struct spread *spread = NULL;
	double *weight = calloc(width, sizeof(*weight)), *stale_until = calloc(width, sizeof(*stale_until));

	*draws = (struct draws){
		.count = count, .server_count = width,
		.steps = calloc(count, sizeof(struct steps)),
		.times = calloc(count, width * sizeof(double)),
		.at = calloc(count, width * sizeof(double)),
		.stale = calloc(count, width * sizeof(double)),
	};
	int status = ZT_ENOMEM;
	if (weight && stale_until && draws->steps && draws->times && draws->at && draws->stale)
		status = spread_new(&spread, net, without, seed);
	if (status == ZT_OK) {
		for (size_t i = 0; i < width; i++)
			weight[i] = net->servers[i].is_public ? net->servers[i].weight : 0;
		draw(draws, spread, weight, stale_until);
	} else {
		draws_fini(draws);
	}
	spread_free(spread);
	free(weight);
	free(stale_until);
	return status;
}

void draws_fini(struct draws *draws)
{
	free(draws->steps);
	free(draws->times);
	free(draws->at);
	free(draws->stale);
	*draws = (struct draws){ 0 };
}

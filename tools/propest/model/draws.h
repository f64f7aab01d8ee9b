/* All samples of the server stage at once, as step functions ready for the cache stage. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "lib/base/status.h"
#include "tools/propest/model/network.h"
#include "tools/propest/model/steps.h"

struct draws {
	size_t count;             /* samples */
	size_t server_count;
	struct steps *steps;      /* by sample, over the public servers */
	double *times;            /* by server, then by sample: when it stopped giving old data */
	double expiry_share;      /* samples in which a server stopped by expiry */
	double *at, *stale;       /* what the steps point into */
};

/* `without`: enum spread_factor, or'ed. */
int draws_init(struct draws *draws, const struct network *net, unsigned without, uint64_t seed, size_t count) ZT_MUST_CHECK;
void draws_fini(struct draws *draws);

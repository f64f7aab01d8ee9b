/* A worker's side of dnstap: which exchanges are told, and putting them into the worker's lane (lib/net/tap.h).
 *
 * Off, it costs a look at one pointer per query.
 */
#pragma once

#include "authd/serve/request.h"
#include "lib/base/rng.h"
#include "lib/net/tap.h"

struct tapping {
	struct tap_lane *lane;       /* NULL: off */
	uint64_t share;              /* of 2^64; UINT64_MAX: all */
	struct rng rng;
	const struct clock *clock;
};

/* `sample` from 0 to 1. */
void tapping_init(struct tapping *tapping, struct tap_lane *lane, double sample, const struct clock *clock);

static inline bool tapping_wants(struct tapping *tapping)
{
	return tapping->lane && (tapping->share == UINT64_MAX || rng_u64(&tapping->rng) < tapping->share);
}

/* Tells an exchange; addresses, messages and transport are filled in. */
void tapping_tell(struct tapping *tapping, struct tap_exchange *exchange);
/* Tells the reply of a request that the manage thread has answered. */
void tapping_tell_reply(struct tapping *tapping, const struct request *request);

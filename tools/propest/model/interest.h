/* A cache that is asked now and then: what it holds, what its clients see, and when it last gives old data, given the servers' steps.
 *
 * Questions come as a Poisson stream or at even intervals. The first one after a copy has run out fetches the next, so fetches are a renewal
 * process: with cycles of T + Exp(rate) for Poisson questions, of the first multiple of the interval that reaches T for even ones.
 *   present    share of the time that a copy lives: T over the mean cycle
 *   stored(t)  = present * (1/T) * integral of G over [t - T, t]
 *   client(t)  = stored(t) + (1 - present) G(t) for Poisson questions, which see time averages; the mean of G over the instants a
 *                question's copy may have been fetched for even ones
 * Last stale for Poisson questions: with i(x) the chance that all fetches are fresh from an instant x on at which there is no copy,
 *   i' = rate * (i - (1 - G(x)) i(x + T)),  i = 1 after the last server,
 *   P(L <= t) = (1 - present) i(t - T) + present * (1/T) * integral of i over [t - T, t]
 * solved backwards, window by window of length T, exactly but for i(x + T) being taken as straight between the points of a grid. A cache that
 * had nothing to unlearn has L = 0.
 */
#pragma once

#include "tools/propest/model/sink.h"
#include "tools/propest/model/steps.h"

enum interest_law { INTEREST_BUSY, INTEREST_POISSON, INTEREST_EVEN };

struct interest {
	enum interest_law law;
	double every_s;       /* mean time between questions; not of BUSY */
};

/* Scratch space for steps of up to `size`. */
struct interest_scratch {
	size_t size;
	double *phase, *decay, *late, *value, *area;
};

int interest_scratch_init(struct interest_scratch *scratch, size_t size) ZT_MUST_CHECK;
void interest_scratch_fini(struct interest_scratch *scratch);

/* The mean time between two fetches, and the share of the time that a copy lives. */
double interest_cycle(const struct interest *interest, double ttl);
double interest_present(const struct interest *interest, double ttl);

/* Adds 1 - stored(t), 1 - client(t). */
void interest_add_stored(const struct interest *interest, const struct steps *steps, double ttl, const struct cache_sink *sink);
void interest_add_client(const struct interest *interest, const struct steps *steps, double ttl, const struct cache_sink *sink);
/* Adds P(L <= t) of Poisson questions, in straight pieces. */
void interest_add_last_stale(double rate, const struct steps *steps, double ttl, struct interest_scratch *scratch, const struct cache_sink *sink);

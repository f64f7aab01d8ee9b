/* Randomness as an injected dependency.
 *
 * struct rng is a fast generator (xoshiro256**) for jitter, server selection and simulations: seeded, so a run can be repeated.
 * What a stranger must not guess (message ids, ports, cookie secrets) comes from struct secure_rng, which serves
 * bytes of the kernel's generator from a buffer. Neither is thread-safe: one per thread.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct rng {
	uint64_t s[4];
};

void rng_seed(struct rng *rng, uint64_t seed);
/* Seeds from the kernel. */
void rng_seed_system(struct rng *rng);
uint64_t rng_u64(struct rng *rng);
/* Uniform in [0, bound); bound 0 gives 0. */
uint64_t rng_below(struct rng *rng, uint64_t bound);
/* Uniform in [0, 1). */
double rng_unit(struct rng *rng);
void rng_fill(struct rng *rng, void *out, size_t len);

struct secure_rng {
	uint8_t pool[512];
	size_t used;
};

void secure_rng_init(struct secure_rng *rng);
uint16_t secure_rng_u16(struct secure_rng *rng);
uint32_t secure_rng_u32(struct secure_rng *rng);
uint32_t secure_rng_below(struct secure_rng *rng, uint32_t bound);
void secure_rng_fill(struct secure_rng *rng, void *out, size_t len);

/* The seeded generator and the kernel's. */
#include "lib/base/rng.h"

#include <sodium.h>
#include <string.h>

static uint64_t splitmix64(uint64_t *state)
{
	uint64_t z = (*state += UINT64_C(0x9e3779b97f4a7c15));
	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

void rng_seed(struct rng *rng, uint64_t seed)
{
	for (int i = 0; i < 4; i++)
		rng->s[i] = splitmix64(&seed);
}

void rng_seed_system(struct rng *rng)
{
	randombytes_buf(rng->s, sizeof(rng->s));
}

static inline uint64_t rotl(uint64_t x, int k)
{
	return (x << k) | (x >> (64 - k));
}

uint64_t rng_u64(struct rng *rng)
{
	uint64_t *s = rng->s;
	uint64_t result = rotl(s[1] * 5, 7) * 9;
	uint64_t t = s[1] << 17;

	s[2] ^= s[0];
	s[3] ^= s[1];
	s[1] ^= s[2];
	s[0] ^= s[3];
	s[2] ^= t;
	s[3] = rotl(s[3], 45);
	return result;
}

uint64_t rng_below(struct rng *rng, uint64_t bound)
{
	if (bound == 0)
		return 0;
	/* Values under `threshold` would make small results likelier than large ones. */
	uint64_t threshold = (0 - bound) % bound;
	uint64_t x;
	do {
		x = rng_u64(rng);
	} while (x < threshold);
	return x % bound;
}

double rng_unit(struct rng *rng)
{
	return (double)(rng_u64(rng) >> 11) * 0x1.0p-53;
}

void rng_fill(struct rng *rng, void *out, size_t len)
{
	uint8_t *p = out;
	while (len > 0) {
		uint64_t x = rng_u64(rng);
		size_t n = len < sizeof(x) ? len : sizeof(x);
		memcpy(p, &x, n);
		p += n;
		len -= n;
	}
}

void secure_rng_init(struct secure_rng *rng)
{
	rng->used = sizeof(rng->pool);
}

void secure_rng_fill(struct secure_rng *rng, void *out, size_t len)
{
	uint8_t *p = out;
	while (len > 0) {
		if (rng->used == sizeof(rng->pool)) {
			randombytes_buf(rng->pool, sizeof(rng->pool));
			rng->used = 0;
		}
		size_t n = sizeof(rng->pool) - rng->used;
		if (n > len)
			n = len;
		memcpy(p, rng->pool + rng->used, n);
		/* Bytes handed out are forgotten, so a later leak of the pool tells nothing about them. */
		memset(rng->pool + rng->used, 0, n);
		rng->used += n;
		p += n;
		len -= n;
	}
}

uint16_t secure_rng_u16(struct secure_rng *rng)
{
	uint16_t x;
	secure_rng_fill(rng, &x, sizeof(x));
	return x;
}

uint32_t secure_rng_u32(struct secure_rng *rng)
{
	uint32_t x;
	secure_rng_fill(rng, &x, sizeof(x));
	return x;
}

uint32_t secure_rng_below(struct secure_rng *rng, uint32_t bound)
{
	if (bound == 0)
		return 0;
	uint32_t threshold = (0 - bound) % bound;
	uint32_t x;
	do {
		x = secure_rng_u32(rng);
	} while (x < threshold);
	return x % bound;
}

/* Additive 128-bit keyed fingerprints of sets.
 *
 * The fingerprint of a set is the sum mod 2^128 of a keyed hash of its elements: order does not matter, and an element can be added
 * or taken out in O(1). Who does not know the key cannot construct two different sets with one sum (anti-entropy is between
 * members that share it). The hash is SipHash-2-4 with 128-bit output.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct fingerprint {
	uint64_t lo;
	uint64_t hi;
};

struct fingerprint_key {
	uint8_t bytes[16];
};

struct fingerprint fingerprint_of(const struct fingerprint_key *key, const void *data, size_t len);

static inline struct fingerprint fingerprint_add(struct fingerprint a, struct fingerprint b)
{
	struct fingerprint sum = { a.lo + b.lo, a.hi + b.hi };
	sum.hi += sum.lo < a.lo;
	return sum;
}

static inline struct fingerprint fingerprint_sub(struct fingerprint a, struct fingerprint b)
{
	struct fingerprint diff = { a.lo - b.lo, a.hi - b.hi };
	diff.hi -= a.lo < b.lo;
	return diff;
}

static inline bool fingerprint_equal(struct fingerprint a, struct fingerprint b)
{
	return a.lo == b.lo && a.hi == b.hi;
}

/* 32 hexadecimal digits and NUL. */
void fingerprint_to_text(struct fingerprint fp, char out[33]);

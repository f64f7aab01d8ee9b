/* NSEC3 as arithmetic: parameters, hashes of names, their labels, and whether a hash lies in the gap behind a record (RFC 5155).
 *
 * Which records prove what is authd/serve/deny's business. Nothing is allocated. A hash is one SHA-1 of name and salt, and one more for each iteration.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/zone/zone.h"

enum {
	NSEC3_SHA1 = 1,               /* the one hash algorithm there is (RFC 5155 section 11) */
	NSEC3_OPT_OUT = 1,            /* flag of an NSEC3 record */
	NSEC3_HASH_LEN = 20,
	NSEC3_LABEL_LEN = 32,         /* its base32hex digits */
	NSEC3_ITERATIONS_ADVISED = 100,      /* validators may take more as insecure or bogus (RFC 9276 section 3.2) */
	NSEC3_ITERATIONS_MAX = 2500,         /* the most that RFC 5155 section 10.3 allows; by more no proof is made, for it would cost too much */
};

/* What names a chain. The salt is borrowed. */
struct nsec3_params {
	uint8_t algorithm;
	uint8_t salt_len;
	uint16_t iterations;
	const uint8_t *salt;
};

/* An NSEC3 record's parts up to its type bitmap; borrowed. */
struct nsec3 {
	struct nsec3_params params;
	uint8_t flags;
	uint8_t next_len;
	const uint8_t *next;          /* hash of the next name in the chain */
};

/* The parameters of valid NSEC3PARAM rdata. False where no proof is made by them: another algorithm, flags (RFC 5155 section
 * 4.1.2), too many iterations. */
bool nsec3_params_read(struct nsec3_params *params, const uint8_t *rdata);
bool nsec3_params_equal(const struct nsec3_params *a, const struct nsec3_params *b);
/* The record of a node's NSEC3 RRset that belongs to the chain; false if none does. */
bool nsec3_of_chain(const struct znode *node, const struct nsec3_params *params, struct nsec3 *out);

/* The algorithm is NSEC3_SHA1. */
void nsec3_hash(const struct nsec3_params *params, const uint8_t *name, uint8_t hash[NSEC3_HASH_LEN]);
/* The name that owns the NSEC3 record of a hash, in lower case. False where the apex is so long that there is none. */
bool nsec3_owner(const uint8_t hash[NSEC3_HASH_LEN], const uint8_t *apex, uint8_t owner[NAME_MAX_LEN]);
/* The hash that a name's first label spells; false if it spells none. */
bool nsec3_owner_hash(const uint8_t *owner, uint8_t hash[NSEC3_HASH_LEN]);
/* Whether a hash lies strictly between an NSEC3 record's own and its next one, the last of the chain being before the first. */
bool nsec3_covers(const uint8_t own[NSEC3_HASH_LEN], const struct nsec3 *record, const uint8_t hash[NSEC3_HASH_LEN]);

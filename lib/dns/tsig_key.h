/* Keys of TSIG (RFC 8945): a name, an algorithm of HMAC-SHA and a secret that two servers share.
 *
 * A key is made once and then only read, by any number of threads; it is shared by counting. What is kept of the secret is the state of an HMAC that has
 * taken it in, so that a message costs no set-up; it is wiped with the last reference. HMAC-MD5 is not here: it must not be used any more (section 6).
 *
 * The HMACs are Nettle's: their states are plain values, so nothing is allocated for a message and nothing can fail.
 */
#pragma once

#include <nettle/hmac.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/status.h"

struct buf;
struct tsig_key;

enum {
	TSIG_MAC_MAX_LEN = 64,
	TSIG_MAC_MIN_LEN = 10,               /* section 5.2.2.1 */
	/* In wire form; an answer of 512 bytes then has room for any question beside the signature. */
	TSIG_KEY_NAME_MAX_LEN = 120,
	TSIG_SECRET_MAX_LEN = 512,
};

union tsig_hmac {
	struct hmac_sha1_ctx sha1;
	struct hmac_sha256_ctx sha256;       /* of SHA-224 too */
	struct hmac_sha512_ctx sha512;       /* of SHA-384 too */
};

/* A row of section 6. */
struct tsig_algorithm {
	const char *text;                    /* "hmac-sha256", "hmac-sha256-128" */
	const uint8_t *name;                 /* in wire form: of the whole HMAC, also where MACs are cut */
	const uint8_t *cut_name;             /* the other name that some give to the same; NULL where MACs are whole */
	uint8_t hash_len;                    /* of a whole MAC */
	uint8_t mac_len;                     /* of the MACs that we send, and of the shortest that we take */
	void (*set_key)(union tsig_hmac *hmac, const uint8_t *secret, size_t len);
	void (*update)(union tsig_hmac *hmac, const uint8_t *data, size_t len);
	/* The first `len` bytes of the MAC. */
	void (*digest)(union tsig_hmac *hmac, uint8_t *mac, size_t len);
};

/* NULL for what is no algorithm, or one that must not be used. */
const struct tsig_algorithm *tsig_algorithm_from_text(const char *text);

struct tsig_key_config {
	const uint8_t *name;                 /* in wire form, at most TSIG_KEY_NAME_MAX_LEN bytes */
	const struct tsig_algorithm *algorithm;
	const uint8_t *secret;
	size_t secret_len;                   /* not 0 */
};

/* ZT_ELIMIT: the name is too long. */
int tsig_key_new(struct tsig_key **out, const struct tsig_key_config *config) ZT_MUST_CHECK;
/* NULL is fine, and stays NULL. */
struct tsig_key *tsig_key_acquire(struct tsig_key *key);
void tsig_key_release(struct tsig_key *key);

/* Lower case. */
const uint8_t *tsig_key_name(const struct tsig_key *key);
const struct tsig_algorithm *tsig_key_algorithm(const struct tsig_key *key);
/* Takes the secret in. */
void tsig_key_begin(const struct tsig_key *key, union tsig_hmac *hmac);
/* Same name, algorithm and secret; two NULLs are equal. */
bool tsig_key_equal(const struct tsig_key *a, const struct tsig_key *b);

/* Base64 (RFC 4648 section 4). ZT_ESYNTAX; ZT_ELIMIT where it is longer than TSIG_SECRET_MAX_LEN. */
int tsig_secret_from_text(uint8_t out[TSIG_SECRET_MAX_LEN], size_t *len, const char *text) ZT_MUST_CHECK;
/* "[ALGORITHM:]NAME:SECRET" as dig and nsupdate take it; hmac-sha256 where the algorithm is left out. On ZT_ESYNTAX `why` says what was expected; it
 * never shows the secret. */
int tsig_key_from_text(struct tsig_key **out, const char *text, const char **why) ZT_MUST_CHECK;
/* The only key of a file in the style of BIND: key "NAME" { algorithm ALGORITHM; secret "SECRET"; }; with comments of the three kinds. */
int tsig_key_from_file_text(struct tsig_key **out, const char *text, const char **why) ZT_MUST_CHECK;

/* Many, sorted by name. Plain values; the keys are owned. */
struct tsig_keys {
	struct tsig_key **list;
	uint32_t count;
};

/* Before the first look-up. */
void tsig_keys_sort(struct tsig_keys *keys);
/* NULL where there is none of that name, or `keys` is NULL. */
struct tsig_key *tsig_keys_find(const struct tsig_keys *keys, const uint8_t *name);

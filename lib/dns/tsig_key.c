/* Keys of TSIG. */
#include "lib/dns/tsig_key.h"

#include <sodium.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lib/dns/name.h"

struct tsig_key {
	_Atomic unsigned references;
	const struct tsig_algorithm *algorithm;
	uint8_t name[TSIG_KEY_NAME_MAX_LEN];
	union tsig_hmac hmac;                /* has taken the secret in, and nothing else */
};

/* ---- algorithms ------------------------------------------------------------------------------------------------------------------- */

static void begin_sha1(union tsig_hmac *hmac, const uint8_t *secret, size_t len) { hmac_sha1_set_key(&hmac->sha1, len, secret); }
static void add_sha1(union tsig_hmac *hmac, const uint8_t *data, size_t len) { hmac_sha1_update(&hmac->sha1, len, data); }
static void end_sha1(union tsig_hmac *hmac, uint8_t *mac, size_t len) { hmac_sha1_digest(&hmac->sha1, len, mac); }

static void begin_sha224(union tsig_hmac *hmac, const uint8_t *secret, size_t len) { hmac_sha224_set_key(&hmac->sha256, len, secret); }
static void add_sha224(union tsig_hmac *hmac, const uint8_t *data, size_t len) { hmac_sha224_update(&hmac->sha256, len, data); }
static void end_sha224(union tsig_hmac *hmac, uint8_t *mac, size_t len) { hmac_sha224_digest(&hmac->sha256, len, mac); }

static void begin_sha256(union tsig_hmac *hmac, const uint8_t *secret, size_t len) { hmac_sha256_set_key(&hmac->sha256, len, secret); }
static void add_sha256(union tsig_hmac *hmac, const uint8_t *data, size_t len) { hmac_sha256_update(&hmac->sha256, len, data); }
static void end_sha256(union tsig_hmac *hmac, uint8_t *mac, size_t len) { hmac_sha256_digest(&hmac->sha256, len, mac); }

static void begin_sha384(union tsig_hmac *hmac, const uint8_t *secret, size_t len) { hmac_sha384_set_key(&hmac->sha512, len, secret); }
static void add_sha384(union tsig_hmac *hmac, const uint8_t *data, size_t len) { hmac_sha384_update(&hmac->sha512, len, data); }
static void end_sha384(union tsig_hmac *hmac, uint8_t *mac, size_t len) { hmac_sha384_digest(&hmac->sha512, len, mac); }

static void begin_sha512(union tsig_hmac *hmac, const uint8_t *secret, size_t len) { hmac_sha512_set_key(&hmac->sha512, len, secret); }
static void add_sha512(union tsig_hmac *hmac, const uint8_t *data, size_t len) { hmac_sha512_update(&hmac->sha512, len, data); }
static void end_sha512(union tsig_hmac *hmac, uint8_t *mac, size_t len) { hmac_sha512_digest(&hmac->sha512, len, mac); }

#define WIRE(text) ((const uint8_t *)(text))
#define SHA1 .name = WIRE("\011hmac-sha1"), .hash_len = SHA1_DIGEST_SIZE, .set_key = begin_sha1, .update = add_sha1, .digest = end_sha1
#define SHA224 .name = WIRE("\013hmac-sha224"), .hash_len = SHA224_DIGEST_SIZE, .set_key = begin_sha224, .update = add_sha224, .digest = end_sha224
#define SHA256 .name = WIRE("\013hmac-sha256"), .hash_len = SHA256_DIGEST_SIZE, .set_key = begin_sha256, .update = add_sha256, .digest = end_sha256
#define SHA384 .name = WIRE("\013hmac-sha384"), .hash_len = SHA384_DIGEST_SIZE, .set_key = begin_sha384, .update = add_sha384, .digest = end_sha384
#define SHA512 .name = WIRE("\013hmac-sha512"), .hash_len = SHA512_DIGEST_SIZE, .set_key = begin_sha512, .update = add_sha512, .digest = end_sha512

static const struct tsig_algorithm algorithms[] = {
	{ .text = "hmac-sha1", .mac_len = SHA1_DIGEST_SIZE, SHA1 },
	{ .text = "hmac-sha224", .mac_len = SHA224_DIGEST_SIZE, SHA224 },
	{ .text = "hmac-sha256", .mac_len = SHA256_DIGEST_SIZE, SHA256 },
	{ .text = "hmac-sha384", .mac_len = SHA384_DIGEST_SIZE, SHA384 },
	{ .text = "hmac-sha512", .mac_len = SHA512_DIGEST_SIZE, SHA512 },
	{ .text = "hmac-sha256-128", .mac_len = 16, .cut_name = WIRE("\017hmac-sha256-128"), SHA256 },
	{ .text = "hmac-sha384-192", .mac_len = 24, .cut_name = WIRE("\017hmac-sha384-192"), SHA384 },
	{ .text = "hmac-sha512-256", .mac_len = 32, .cut_name = WIRE("\017hmac-sha512-256"), SHA512 },
};

enum { ALGORITHMS = sizeof(algorithms) / sizeof(algorithms[0]) };

const struct tsig_algorithm *tsig_algorithm_from_text(const char *text)
{
	size_t len = strlen(text);

	if (len > 0 && text[len - 1] == '.')      /* as a domain name, which it is on the wire */
		len--;
	for (size_t i = 0; i < ALGORITHMS; i++) {
		if (strncasecmp(algorithms[i].text, text, len) == 0 && algorithms[i].text[len] == '\0')
			return &algorithms[i];
	}
	return NULL;
}

/* ---- keys ---------------------------------------------------------------------------------------------------------------------------- */

int tsig_key_new(struct tsig_key **out, const struct tsig_key_config *config)
{
	struct tsig_key *key;

	if (name_len(config->name) > TSIG_KEY_NAME_MAX_LEN)
		return ZT_ELIMIT;
	/* Zeroed to the last byte of the state, so that equal secrets are equal bytes. */
	key = calloc(1, sizeof(*key));
	if (!key)
		return ZT_ENOMEM;
	atomic_init(&key->references, 1);
	key->algorithm = config->algorithm;
	name_copy(key->name, config->name);
	name_lower(key->name);
	key->algorithm->set_key(&key->hmac, config->secret, config->secret_len);
	*out = key;
	return ZT_OK;
}

struct tsig_key *tsig_key_acquire(struct tsig_key *key)
{
	if (key)
		atomic_fetch_add_explicit(&key->references, 1, memory_order_relaxed);
	return key;
}

void tsig_key_release(struct tsig_key *key)
{
	if (!key || atomic_fetch_sub_explicit(&key->references, 1, memory_order_acq_rel) > 1)
		return;
	sodium_memzero(key, sizeof(*key));
	free(key);
}

const uint8_t *tsig_key_name(const struct tsig_key *key)
{
	return key->name;
}

const struct tsig_algorithm *tsig_key_algorithm(const struct tsig_key *key)
{
	return key->algorithm;
}

void tsig_key_begin(const struct tsig_key *key, union tsig_hmac *hmac)
{
	*hmac = key->hmac;
}

bool tsig_key_equal(const struct tsig_key *a, const struct tsig_key *b)
{
	if (!a || !b)
		return a == b;
	return a->algorithm == b->algorithm && name_equal(a->name, b->name) && sodium_memcmp(&a->hmac, &b->hmac, sizeof(a->hmac)) == 0;
}

/* ---- many ---------------------------------------------------------------------------------------------------------------------------- */

static int by_name(const void *a, const void *b)
{
	return name_cmp((*(const struct tsig_key *const *)a)->name, (*(const struct tsig_key *const *)b)->name);
}

void tsig_keys_sort(struct tsig_keys *keys)
{
	if (keys->count > 1)
		qsort(keys->list, keys->count, sizeof(struct tsig_key *), by_name);
}

struct tsig_key *tsig_keys_find(const struct tsig_keys *keys, const uint8_t *name)
{
	uint32_t from = 0, to = keys ? keys->count : 0;

	while (from < to) {
		uint32_t middle = from + (to - from) / 2;
		int order = name_cmp(name, keys->list[middle]->name);
		if (order == 0)
			return keys->list[middle];
		if (order < 0)
			to = middle;
		else
			from = middle + 1;
	}
	return NULL;
}

/* Keyed element hash behind the additive fingerprints. */
#include "lib/base/fingerprint.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

struct fingerprint fingerprint_of(const struct fingerprint_key *key, const void *data, size_t len)
{
	uint8_t out[crypto_shorthash_siphashx24_BYTES];
	struct fingerprint fp;

	crypto_shorthash_siphashx24(out, data, len, key->bytes);
	memcpy(&fp.lo, out, 8);
	memcpy(&fp.hi, out + 8, 8);
	return fp;
}

void fingerprint_to_text(struct fingerprint fp, char out[33])
{
	snprintf(out, 33, "%016" PRIx64 "%016" PRIx64, fp.hi, fp.lo);
}

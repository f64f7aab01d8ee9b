/* The ZSYNC option and the key that its fingerprints are made with. */
#include "lib/xfr/zsync.h"

#include <openssl/core_names.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <string.h>

#include "lib/base/cursor.h"

enum { VERSION = 1 };

void zsync_write(const struct zsync *zsync, uint8_t out[ZSYNC_OPTION_LEN])
{
	wire_put_u16(out, ZSYNC_OPTION);
	wire_put_u16(out + 2, ZSYNC_LEN);
	out[4] = VERSION;
	out[5] = zsync->flags;
	out[6] = zsync->key_id;
	out[7] = 0;
	wire_put_u32(out + 8, zsync->serial);
	wire_put_u64(out + 12, zsync->summary.count);
	wire_put_u64(out + 20, zsync->summary.fingerprint.hi);
	wire_put_u64(out + 28, zsync->summary.fingerprint.lo);
}

bool zsync_read(const struct edns *edns, struct zsync *out)
{
	const uint8_t *data;
	uint16_t len;

	if (!edns->present || !edns_option(edns, ZSYNC_OPTION, &data, &len) || len != ZSYNC_LEN || data[0] != VERSION)
		return false;
	struct rcursor cur = rcursor_over(data + 1, len - 1u);
	out->flags = rcursor_u8(&cur);
	out->key_id = rcursor_u8(&cur);
	rcursor_take(&cur, 1);
	out->serial = rcursor_u32(&cur);
	out->summary.count = rcursor_u64(&cur);
	out->summary.fingerprint.hi = rcursor_u64(&cur);
	out->summary.fingerprint.lo = rcursor_u64(&cur);
	return true;
}

struct zsync zsync_of_version(const struct zone_version *version, const struct fingerprint_key *key)
{
	return (struct zsync){ .key_id = zsync_key_id(key), .serial = zone_version_serial(version), .summary = zone_summary(version) };
}

bool zsync_is_same(const struct zsync *a, const struct zsync *b)
{
	return a->key_id == b->key_id && a->summary.count == b->summary.count && fingerprint_equal(a->summary.fingerprint, b->summary.fingerprint);
}

uint8_t zsync_key_id(const struct fingerprint_key *key)
{
	static const char text[] = "zsync key id";

	return (uint8_t)fingerprint_of(key, text, sizeof(text) - 1).lo;
}

int zsync_key(const char *secret, struct fingerprint_key *out)
{
	static const struct fingerprint_key well_known = { { 'z', 'o', 'n', 'e', 't', 'i', 'd', 'e', ' ', 'd', 'e', 'f', 'a', 'u', 'l', 't' } };
	char digest[] = "SHA256", salt[] = "zonetide zone sync", info[] = "fingerprint key";

	if (!secret) {
		*out = well_known;
		return ZT_OK;
	}
	EVP_KDF *kdf = EVP_KDF_fetch(NULL, "HKDF", NULL);
	EVP_KDF_CTX *ctx = kdf ? EVP_KDF_CTX_new(kdf) : NULL;
	const OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest, 0),
		/* OpenSSL only reads it, but its type does not say so. */
		OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, (void *)(uintptr_t)secret, strlen(secret)),
		OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SALT, salt, sizeof(salt) - 1),
		OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, info, sizeof(info) - 1),
		OSSL_PARAM_construct_end(),
	};
	bool is_made = ctx && EVP_KDF_derive(ctx, out->bytes, sizeof(out->bytes), params) == 1;
	EVP_KDF_CTX_free(ctx);
	EVP_KDF_free(kdf);
	return is_made ? ZT_OK : ZT_ENOMEM;
}

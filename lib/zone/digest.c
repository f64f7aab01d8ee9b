/* Digests of whole zone versions. */
#include "lib/zone/digest.h"

#include <openssl/evp.h>
#include <stdlib.h>

#include "lib/base/wire.h"
#include "lib/dns/rdata.h"
#include "lib/dns/rrtype.h"
#include "lib/zone/version.h"

enum {
	RECORD_MAX = NAME_MAX_LEN + 10 + RDATA_MAX_LEN,
	BLOCK_SIZE = RECORD_MAX + 65536,                  /* records are hashed by blocks */
};

struct zone_digester {
	struct zone_iter iter;
	EVP_MD_CTX *context;
	bool failed;
	const struct znode *node;          /* in hand; NULL: take the next */
	size_t node_pos;
	struct rrset set;                  /* of the node */
	const uint8_t *set_at;             /* in it; NULL: take the next */
	size_t owner_len;
	uint8_t owner[NAME_MAX_LEN];       /* lower case */
	size_t len;
	uint8_t block[BLOCK_SIZE];
};

int zone_digester_new(const struct zone_version *version, struct zone_digester **out)
{
	struct zone_digester *digester = malloc(sizeof(*digester));

	if (!digester)
		return ZT_ENOMEM;
	digester->context = EVP_MD_CTX_new();
	if (!digester->context || EVP_DigestInit_ex(digester->context, EVP_sha384(), NULL) != 1) {
		zone_digester_free(digester);
		return ZT_ENOMEM;
	}
	digester->failed = false;
	digester->node = NULL;
	digester->set_at = NULL;
	digester->len = 0;
	zone_iter_init(&digester->iter, version, NULL);
	*out = digester;
	return ZT_OK;
}

void zone_digester_free(struct zone_digester *digester)
{
	if (!digester)
		return;
	EVP_MD_CTX_free(digester->context);
	free(digester);
}

static void block_hash(struct zone_digester *digester)
{
	if (EVP_DigestUpdate(digester->context, digester->block, digester->len) != 1)
		digester->failed = true;
	digester->len = 0;
}

static bool next_set(struct zone_digester *digester)
{
	while (!digester->node || !znode_next(digester->node, &digester->node_pos, &digester->set)) {
		digester->node = zone_iter_next(&digester->iter);
		if (!digester->node)
			return false;
		digester->node_pos = 0;
		digester->owner_len = name_copy(digester->owner, znode_owner(digester->node));
		name_lower(digester->owner);
	}
	digester->set_at = digester->set.rdata;
	return true;
}

static bool next_record(struct zone_digester *digester, const uint8_t **data, uint16_t *len)
{
	while (!digester->set_at || !rrset_next(&digester->set, &digester->set_at, data, len)) {
		if (!next_set(digester))
			return false;
	}
	return true;
}

/* The canonical form of RFC 4034 section 6.2. */
static void record_hash(struct zone_digester *digester, const uint8_t *data, uint16_t len)
{
	if (BLOCK_SIZE - digester->len < RECORD_MAX)
		block_hash(digester);
	uint8_t *out = digester->block + digester->len;
	memcpy(out, digester->owner, digester->owner_len);
	out += digester->owner_len;
	wire_put_u16(out, digester->set.type);
	wire_put_u16(out + 2, CLASS_IN);
	wire_put_u32(out + 4, digester->set.ttl);
	wire_put_u16(out + 8, len);
	memcpy(out + 10, data, len);
	rdata_canonical(digester->set.type, out + 10, len);
	digester->len += digester->owner_len + 10u + len;
}

int zone_digester_step(struct zone_digester *digester, size_t records, struct zone_digest *digest)
{
	unsigned digest_len = ZONE_DIGEST_LEN;
	const uint8_t *data;
	uint16_t len;

	for (; records > 0; records--) {
		if (!next_record(digester, &data, &len)) {
			block_hash(digester);
			if (EVP_DigestFinal_ex(digester->context, digest->bytes, &digest_len) != 1)
				digester->failed = true;
			return digester->failed ? ZT_ENOMEM : ZT_OK;
		}
		record_hash(digester, data, len);
	}
	return ZT_EAGAIN;
}

/* ---- kept with the version: once there, it stays as long as the version -------------------------------------------------------------- */

void zone_digest_keep(const struct zone_version *version, const struct zone_digest *digest)
{
	struct zone_version *mutable = (struct zone_version *)(uintptr_t)version;      /* what is added says nothing new about it */
	struct zone_digest *copy = malloc(sizeof(*copy)), *none = NULL;

	if (!copy)
		return;
	*copy = *digest;
	if (!atomic_compare_exchange_strong(&mutable->digest, &none, copy))
		free(copy);
}

bool zone_digest_get(const struct zone_version *version, struct zone_digest *out)
{
	const struct zone_digest *kept = atomic_load_explicit(&version->digest, memory_order_acquire);

	if (kept)
		*out = *kept;
	return kept;
}

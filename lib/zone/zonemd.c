/* Zone digests. */
#include "lib/zone/zonemd.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>

#include "lib/base/wire.h"
#include "lib/dns/rdata.h"
#include "lib/dns/rrtype.h"

enum {
	SCHEME_SIMPLE = 1,
	HASHES = 2,
	HEADER_LEN = 6,                                   /* serial, scheme and hash of ZONEMD rdata; the digest follows */
	RECORD_MAX = NAME_MAX_LEN + 10 + RDATA_MAX_LEN,
	BLOCK_SIZE = RECORD_MAX + 65536,                  /* records are hashed by blocks */
};

static const struct hash {
	uint8_t number;
	const char *name;
	size_t digest_len;
} hashes[HASHES] = { { 1, "SHA-384", 48 }, { 2, "SHA-512", 64 } };

/* The digests wanted, under way. */
struct digester {
	EVP_MD_CTX *contexts[HASHES];      /* NULL where not wanted */
	uint8_t *block;
	size_t len;
	bool failed;
};

/* The ZONEMD records of the apex, sorted into what can be done with them. */
struct statement {
	const uint8_t *digests[HASHES];    /* stated by a sound record of each hash, NULL if by none */
	bool is_repeated[HASHES];          /* two records of one scheme and hash: none counts (RFC 8976 section 4) */
	bool is_understood;                /* some record has a scheme and a hash that we know */
	bool is_of_other_serial;
	bool is_of_wrong_length;
};

static const struct hash *hash_of(uint8_t number)
{
	return number >= 1 && number <= HASHES ? &hashes[number - 1] : NULL;
}

static struct statement statement_read(const struct rrset *zonemd, uint32_t serial)
{
	struct statement it = { 0 };
	bool seen[HASHES] = { false };
	const uint8_t *data;
	uint16_t len;

	for (const uint8_t *at = zonemd->rdata; rrset_next(zonemd, &at, &data, &len);) {
		const struct hash *hash = hash_of(data[5]);
		if (data[4] != SCHEME_SIMPLE || !hash)
			continue;
		size_t index = (size_t)(hash - hashes);
		it.is_understood = true;
		it.is_repeated[index] = seen[index];
		seen[index] = true;
		if (wire_get_u32(data) != serial)
			it.is_of_other_serial = true;
		else if (len != HEADER_LEN + hash->digest_len)
			it.is_of_wrong_length = true;
		else
			it.digests[index] = data + HEADER_LEN;
	}
	for (int i = 0; i < HASHES; i++) {
		if (it.is_repeated[i])
			it.digests[i] = NULL;
	}
	return it;
}

/* ---- hashing ---------------------------------------------------------------------------------------------------------------------- */

static void digester_fini(struct digester *digester)
{
	for (int i = 0; i < HASHES; i++)
		EVP_MD_CTX_free(digester->contexts[i]);
	free(digester->block);
}

static bool digester_init(struct digester *digester, const bool wanted[HASHES])
{
	*digester = (struct digester){ .block = malloc(BLOCK_SIZE) };
	digester->failed = !digester->block;
	for (int i = 0; i < HASHES && !digester->failed; i++) {
		if (!wanted[i])
			continue;
		const EVP_MD *kind = hashes[i].number == 1 ? EVP_sha384() : EVP_sha512();
		digester->contexts[i] = EVP_MD_CTX_new();
		digester->failed = !digester->contexts[i] || EVP_DigestInit_ex(digester->contexts[i], kind, NULL) != 1;
	}
	return !digester->failed;
}

static void block_hash(struct digester *digester)
{
	for (int i = 0; i < HASHES; i++) {
		if (digester->contexts[i] && EVP_DigestUpdate(digester->contexts[i], digester->block, digester->len) != 1)
			digester->failed = true;
	}
	digester->len = 0;
}

/* The records of an RRset in canonical form (RFC 4034 section 6.2), in the order they are kept in. `owner` is lower case. */
static void rrset_hash(struct digester *digester, const uint8_t *owner, size_t owner_len, const struct rrset *set)
{
	const uint8_t *data;
	uint16_t len;

	for (const uint8_t *at = set->rdata; rrset_next(set, &at, &data, &len);) {
		if (BLOCK_SIZE - digester->len < RECORD_MAX)
			block_hash(digester);
		uint8_t *out = digester->block + digester->len;
		memcpy(out, owner, owner_len);
		out += owner_len;
		wire_put_u16(out, set->type);
		wire_put_u16(out + 2, CLASS_IN);
		wire_put_u32(out + 4, set->ttl);
		wire_put_u16(out + 8, len);
		memcpy(out + 10, data, len);
		rdata_canonical(set->type, out + 10, len);
		digester->len += owner_len + 10 + len;
	}
}

/* Everything in the zone's order, which is the canonical one, but the apex ZONEMD RRset and its signatures (RFC 8976 section 3.3.1). */
static void zone_hash(struct digester *digester, const struct zone_version *version)
{
	const struct znode *apex = zone_version_apex(version), *node;
	uint8_t owner[NAME_MAX_LEN];
	struct zone_iter iter;
	struct rrset set;

	zone_iter_init(&iter, version, NULL);
	while ((node = zone_iter_next(&iter)) != NULL) {
		size_t owner_len = name_copy(owner, znode_owner(node));
		name_lower(owner);
		for (size_t pos = 0; znode_next(node, &pos, &set);) {
			if (node != apex || (set.type != TYPE_ZONEMD && set.covers != TYPE_ZONEMD))
				rrset_hash(digester, owner, owner_len, &set);
		}
	}
	block_hash(digester);
}

/* ---- the verdict ------------------------------------------------------------------------------------------------------------------ */

static void report_set(struct zonemd_report *report, enum zonemd_outcome outcome, const char *text)
{
	report->outcome = outcome;
	snprintf(report->text, sizeof(report->text), "%s", text);
}

static int digests_compare(const struct zone_version *version, const struct statement *statement, struct zonemd_report *report)
{
	struct digester digester;
	uint8_t digest[EVP_MAX_MD_SIZE];
	const char *differing = NULL;
	bool wanted[HASHES];

	for (int i = 0; i < HASHES; i++)
		wanted[i] = statement->digests[i] != NULL;
	if (digester_init(&digester, wanted))
		zone_hash(&digester, version);
	for (int i = 0; i < HASHES && !digester.failed; i++) {
		if (!digester.contexts[i])
			continue;
		if (EVP_DigestFinal_ex(digester.contexts[i], digest, NULL) != 1) {
			digester.failed = true;
		} else if (memcmp(digest, statement->digests[i], hashes[i].digest_len) == 0) {
			report->outcome = ZONEMD_VERIFIED;      /* one that agrees is enough */
			snprintf(report->text, sizeof(report->text), "the content has the digest (%s) that ZONEMD states", hashes[i].name);
			break;
		} else {
			differing = hashes[i].name;
		}
	}
	int status = digester.failed ? ZT_ENOMEM : ZT_OK;
	digester_fini(&digester);
	if (status == ZT_OK && report->outcome != ZONEMD_VERIFIED) {
		report->outcome = ZONEMD_MISMATCH;
		snprintf(report->text, sizeof(report->text), "the content's digest (%s) is not the one that ZONEMD states", differing);
	}
	return status;
}

int zonemd_verify(const struct zone_version *version, struct zonemd_report *report)
{
	const struct znode *apex = zone_version_apex(version);
	struct rrset zonemd;

	report_set(report, ZONEMD_ABSENT, "");
	if (!apex || !znode_rrset(apex, TYPE_ZONEMD, 0, &zonemd))
		return ZT_OK;
	struct statement statement = statement_read(&zonemd, zone_version_serial(version));
	for (int i = 0; i < HASHES; i++) {
		if (statement.digests[i])
			return digests_compare(version, &statement, report);
	}
	if (!statement.is_understood)
		report_set(report, ZONEMD_UNSUPPORTED, "no ZONEMD record has a scheme and hash known here (SIMPLE with SHA-384 or SHA-512)");
	else if (statement.is_of_other_serial)
		report_set(report, ZONEMD_MISMATCH, "ZONEMD states the digest of another serial");
	else if (statement.is_of_wrong_length)
		report_set(report, ZONEMD_MISMATCH, "the digest that ZONEMD states has not the length of its hash");
	else
		report_set(report, ZONEMD_MISMATCH, "there are two ZONEMD records of one scheme and hash");
	return ZT_OK;
}

/* ---- making them ------------------------------------------------------------------------------------------------------------------ */

bool zonemd_is_of(const struct zone_version *version, enum zonemd_hash hash)
{
	const struct znode *apex = zone_version_apex(version);
	const uint8_t *at, *data;
	struct rrset zonemd;
	uint16_t len;

	if (!apex || !znode_rrset(apex, TYPE_ZONEMD, 0, &zonemd) || zonemd.count != 1)
		return false;
	at = zonemd.rdata;
	return rrset_next(&zonemd, &at, &data, &len) && wire_get_u32(data) == zone_version_serial(version) && data[4] == SCHEME_SIMPLE && data[5] == hash;
}

int zonemd_put(struct zone_edit *edit, enum zonemd_hash hash)
{
	const struct zone_version *version = zone_edit_view(edit);
	const bool wanted[HASHES] = { hash == ZONEMD_SHA384, hash == ZONEMD_SHA512 };
	uint8_t packed[sizeof(uint16_t) + HEADER_LEN + EVP_MAX_MD_SIZE], *rdata = packed + sizeof(uint16_t);
	struct digester digester;
	struct rrset soa;

	if (!zone_version_soa(version, &soa))
		return ZT_OK;
	struct rrset zonemd = { .type = TYPE_ZONEMD, .count = 1, .ttl = soa.ttl, .rdata = packed };
	uint16_t len = (uint16_t)(HEADER_LEN + hashes[hash - 1].digest_len);
	wire_put_u32(rdata, zone_version_serial(version));
	rdata[4] = SCHEME_SIMPLE;
	rdata[5] = (uint8_t)hash;
	if (digester_init(&digester, wanted))
		zone_hash(&digester, version);
	if (!digester.failed && EVP_DigestFinal_ex(digester.contexts[hash - 1], rdata + HEADER_LEN, NULL) != 1)
		digester.failed = true;
	int status = digester.failed ? ZT_ENOMEM : ZT_OK;
	digester_fini(&digester);
	if (status != ZT_OK)
		return status;
	memcpy(packed, &len, sizeof(len));
	zonemd.rdata_size = sizeof(len) + len;
	return zone_edit_put_rrset(edit, zone_apex(zone_version_zone(version)), &zonemd);
}

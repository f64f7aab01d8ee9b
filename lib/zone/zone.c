/* A zone and its versions: making, pinning, telling what they hold; exact look-up and what a query needs to know of a name. */
#include <assert.h>
#include <stdlib.h>

#include "lib/dns/rdata.h"
#include "lib/dns/rrtype.h"
#include "lib/zone/version.h"

int zone_new(const uint8_t *apex, const struct fingerprint_key *key, struct zone **out)
{
	struct zone *zone = calloc(1, sizeof(*zone) + name_len(apex));
	struct zone_version *version = zone ? version_new(zone) : NULL;

	if (!version) {
		free(zone);
		return ZT_ENOMEM;
	}
	zone->key = *key;
	zone->apex_len = (uint8_t)name_copy(zone->apex, apex);
	zone->oldest = version;
	atomic_init(&zone->current, version);
	*out = zone;
	return ZT_OK;
}

const uint8_t *zone_apex(const struct zone *zone)
{
	return zone->apex;
}

const struct fingerprint_key *zone_fingerprint_key(const struct zone *zone)
{
	return &zone->key;
}

const struct zone_version *zone_current(const struct zone *zone)
{
	return zone_current_mutable(zone);
}

const struct zone_version *zone_version_acquire(const struct zone_version *version)
{
	/* The pin count is the one thing of a published version that changes. */
	atomic_fetch_add(&((struct zone_version *)(uintptr_t)version)->pins, 1);
	return version;
}

void zone_version_release(const struct zone_version *version)
{
	unsigned before = atomic_fetch_sub(&((struct zone_version *)(uintptr_t)version)->pins, 1);
	assert(before > 0);
}

const struct zone *zone_version_zone(const struct zone_version *version)
{
	return version->zone;
}

const struct znode *zone_version_apex(const struct zone_version *version)
{
	return version->apex;
}

bool zone_version_soa(const struct zone_version *version, struct rrset *soa)
{
	return version->apex && znode_rrset(version->apex, TYPE_SOA, 0, soa);
}

bool zone_version_soa_read(const struct zone_version *version, struct soa *soa)
{
	struct rrset set;
	const uint8_t *at, *data;
	uint16_t len;

	if (!zone_version_soa(version, &set))
		return false;
	at = set.rdata;
	return rrset_next(&set, &at, &data, &len) && soa_from_rdata(soa, data, len);
}

uint32_t zone_version_serial(const struct zone_version *version)
{
	return version->serial;
}

size_t zone_version_name_count(const struct zone_version *version)
{
	return version->name_count;
}

size_t zone_version_record_count(const struct zone_version *version)
{
	return version->record_count;
}

size_t zone_version_memory(const struct zone_version *version)
{
	return version->memory;
}

struct zone_summary zone_summary(const struct zone_version *version)
{
	return version->sum;
}

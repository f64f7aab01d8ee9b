/* TTLs of old data. */
#include "authd/manage/staleness.h"

#include "lib/base/wire.h"
#include "lib/dns/rdata.h"
#include "lib/dns/rrtype.h"
#include "lib/zone/changeset.h"
#include "lib/zone/zone.h"

static uint32_t larger(uint32_t a, uint32_t b)
{
	return a > b ? a : b;
}

/* With what TTL caches keep that something does not exist (RFC 2308 section 3). */
static uint32_t negative_ttl(const struct zone_version *version)
{
	struct rrset set;
	struct soa soa;

	if (!zone_version_soa(version, &set) || !zone_version_soa_read(version, &soa))
		return 0;
	return soa.minimum < set.ttl ? soa.minimum : set.ttl;
}

/* What answered a question for this before. */
static uint32_t former_ttl(const struct zone_version *version, const struct change_record *record)
{
	uint16_t covers = record->type == TYPE_RRSIG && record->rdata_len >= 2 ? wire_get_u16(record->rdata) : 0;
	struct zone_lookup look;
	struct rrset set;

	zone_find(version, record->owner, &look);
	const struct znode *node = look.node ? look.node : look.wildcard;
	return node && znode_rrset(node, record->type, covers, &set) ? set.ttl : negative_ttl(version);
}

int staleness_measure(struct zone_edit *edit, const struct zone_version *published, uint32_t *seconds)
{
	struct change_record record;
	struct changeset change;

	*seconds = 0;
	changeset_init(&change);
	int status = zone_edit_changeset(edit, &change);
	for (size_t pos = 0; status == ZT_OK && change_record_next(&change.removed, &pos, &record);) {
		if (record.type != TYPE_SOA)
			*seconds = larger(*seconds, record.ttl);
	}
	for (size_t pos = 0; status == ZT_OK && change_record_next(&change.added, &pos, &record);) {
		if (record.type != TYPE_SOA)
			*seconds = larger(*seconds, former_ttl(published, &record));
	}
	changeset_fini(&change);
	return status;
}

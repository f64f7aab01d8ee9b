/* Writing catalog zones. */
#include <stdlib.h>
#include <string.h>

#include "lib/base/wire.h"
#include "lib/dns/rdata.h"
#include "lib/dns/rrtype.h"
#include "lib/dns/serial.h"
#include "lib/zone/catalog.h"

enum {
	LABEL_DIGITS = 16,                   /* 64 random bits: that two are equal is not to be expected, and looked for all the same */
	REFRESH = 3600, RETRY = 600,
	EXPIRE = 2147483646,                 /* the longest: members must not fall out of service because the catalog could not be asked for */
};

static const uint8_t invalid[] = "\7invalid";

struct writing {
	struct zone_edit *edit;
	const struct catalog_writer *writer;
	struct catalog_outcome *outcome;
	struct catalog before;
	bool *is_wanted;                     /* of each member of before */
	const uint8_t *apex;
};

/* Below the apex: labels in front of $CATZ. */
static int owner_make(const struct writing *writing, const char *prefix, size_t len, uint8_t out[NAME_MAX_LEN])
{
	return name_join(out, (const uint8_t *)prefix, len, writing->apex);
}

/* An RRset of one record. */
static int put(struct writing *writing, const uint8_t *owner, uint16_t type, const uint8_t *rdata, uint16_t len)
{
	uint8_t packed[sizeof(len) + 2 * NAME_MAX_LEN + 20];
	struct rrset set = { .type = type, .count = 1, .rdata = packed, .rdata_size = sizeof(len) + len };

	if (set.rdata_size > sizeof(packed))
		return ZT_ELIMIT;
	memcpy(packed, &len, sizeof(len));
	memcpy(packed + sizeof(len), rdata, len);
	return zone_edit_put_rrset(writing->edit, owner, &set);
}

/* ---- the frame ---------------------------------------------------------------------------------------------------------------------- */

static int soa_put(struct writing *writing, uint32_t serial)
{
	const uint32_t numbers[] = { serial, REFRESH, RETRY, EXPIRE, 0 };
	uint8_t rdata[2 * sizeof(invalid) + sizeof(numbers)], *out = rdata;

	for (int i = 0; i < 2; i++)
		out += name_copy(out, invalid);
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++, out += 4)
		wire_put_u32(out, numbers[i]);
	return put(writing, writing->apex, TYPE_SOA, rdata, (uint16_t)(out - rdata));
}

static int frame_put(struct writing *writing)
{
	uint8_t owner[NAME_MAX_LEN];

	int status = soa_put(writing, zone_version_serial(zone_edit_view(writing->edit)));
	if (status == ZT_OK)
		status = put(writing, writing->apex, TYPE_NS, invalid, sizeof(invalid));
	if (status == ZT_OK)
		status = owner_make(writing, "\7version", 8, owner);
	return status == ZT_OK ? put(writing, owner, TYPE_TXT, (const uint8_t *)"\1" "2", 2) : status;
}

/* ---- members ------------------------------------------------------------------------------------------------------------------------ */

/* Removes a member's name and all below it. */
static int member_remove(struct writing *writing, const uint8_t *owner)
{
	uint8_t name[NAME_MAX_LEN];
	struct zone_iter iter;

	for (;;) {
		zone_iter_init(&iter, zone_edit_view(writing->edit), owner);
		const struct znode *node = zone_iter_next(&iter);
		if (!node || !name_is_within(znode_owner(node), owner))
			return ZT_OK;
		name_copy(name, znode_owner(node));
		int status = zone_edit_remove_name(writing->edit, name);
		if (status != ZT_OK)
			return status;
	}
}

static int members_sweep(struct writing *writing)
{
	int status = ZT_OK;

	for (size_t i = 0; i < writing->before.count && status == ZT_OK; i++) {
		if (writing->is_wanted[i])
			continue;
		status = member_remove(writing, writing->before.members[i].node);
		writing->outcome->removed++;
	}
	return status;
}

/* A label that no name has yet. */
static int label_make(struct writing *writing, uint8_t out[NAME_MAX_LEN])
{
	static const char digits[] = "0123456789abcdef";
	char prefix[1 + LABEL_DIGITS + 6] = { LABEL_DIGITS };
	struct zone_lookup look;

	memcpy(prefix + 1 + LABEL_DIGITS, "\5zones", 6);
	for (;;) {
		uint64_t random = rng_u64(writing->writer->rng);
		for (int i = 0; i < LABEL_DIGITS; i++, random >>= 4)
			prefix[1 + i] = digits[random & 15];
		int status = owner_make(writing, prefix, sizeof(prefix), out);
		if (status != ZT_OK)
			return status;
		zone_find(zone_edit_view(writing->edit), out, &look);
		if (look.match == ZONE_MATCH_NONE)
			return ZT_OK;
	}
}

/* The group property of a member, `owner` being the member's name. *changed: it was another one. */
static int group_put(struct writing *writing, const uint8_t *owner, const char *group, bool *changed)
{
	uint8_t name[NAME_MAX_LEN], rdata[256];
	size_t len = group ? strlen(group) : 0;

	int status = name_join(name, (const uint8_t *)"\5group", 6, owner);
	if (status != ZT_OK)      /* too long to be there */
		return group ? status : ZT_OK;
	struct rrset set;
	const struct znode *node = zone_get(zone_edit_view(writing->edit), name);
	bool is_there = node && znode_rrset(node, TYPE_TXT, 0, &set);
	if (!group) {
		*changed = is_there;
		return is_there ? zone_edit_remove_rrset(writing->edit, name, TYPE_TXT, 0) : ZT_OK;
	}
	if (len > 255)
		return ZT_ELIMIT;
	rdata[0] = (uint8_t)len;
	memcpy(rdata + 1, group, len);
	*changed = !is_there || set.count != 1 || set.rdata_size != sizeof(uint16_t) + len + 1 || memcmp(set.rdata + sizeof(uint16_t), rdata, len + 1) != 0;
	return *changed ? put(writing, name, TYPE_TXT, rdata, (uint16_t)(len + 1)) : ZT_OK;
}

static int wish_grant(struct writing *writing, const struct catalog_wish *wish)
{
	const struct catalog_member *member = catalog_find(&writing->before, wish->zone);
	uint8_t owner[NAME_MAX_LEN], lower[NAME_MAX_LEN];
	bool changed = false;
	int status;

	if (member) {
		writing->is_wanted[member - writing->before.members] = true;
		status = group_put(writing, member->node, wish->group, &changed);
		writing->outcome->changed += changed;
		return status;
	}
	status = label_make(writing, owner);
	if (status != ZT_OK)
		return status;
	size_t len = name_copy(lower, wish->zone);
	name_lower(lower);
	status = put(writing, owner, TYPE_PTR, lower, (uint16_t)len);
	if (status == ZT_OK && wish->group)
		status = group_put(writing, owner, wish->group, &changed);
	writing->outcome->added++;
	return status;
}

/* ---- all of it ---------------------------------------------------------------------------------------------------------------------- */

/* What there is, to go on from; nothing where it is no catalog. */
static int before_read(struct writing *writing)
{
	struct catalog_outcome *outcome = writing->outcome;
	bool is_empty = !zone_version_apex(zone_edit_view(writing->edit));

	int status = catalog_read(&writing->before, zone_edit_view(writing->edit), rng_u64(writing->writer->rng), outcome->error);
	if (status == ZT_EZONE) {
		outcome->was_unusable = !is_empty;
		catalog_fini(&writing->before);
		uint32_t serial = zone_version_serial(zone_edit_view(writing->edit));
		status = zone_edit_clear(writing->edit);
		if (status == ZT_OK)
			status = soa_put(writing, serial);
	}
	writing->is_wanted = calloc(writing->before.count + 1, sizeof(*writing->is_wanted));
	return status == ZT_OK && !writing->is_wanted ? ZT_ENOMEM : status;
}

int catalog_write(struct zone_edit *edit, const struct catalog_writer *writer, struct catalog_outcome *outcome)
{
	struct writing writing = { .edit = edit, .writer = writer, .outcome = outcome };

	*outcome = (struct catalog_outcome){ 0 };
	writing.apex = zone_apex(zone_version_zone(zone_edit_view(edit)));
	int status = before_read(&writing);
	if (status == ZT_OK)
		status = frame_put(&writing);
	for (size_t i = 0; i < writer->count && status == ZT_OK; i++)
		status = wish_grant(&writing, &writer->wishes[i]);
	if (status == ZT_OK)
		status = members_sweep(&writing);
	if (status == ZT_OK && !zone_edit_is_empty(edit)) {
		uint32_t serial = zone_version_serial(zone_edit_view(edit));
		status = soa_put(&writing, serial == 0 || serial_is_newer(writer->serial, serial) ? writer->serial : serial_next(serial));
	}
	free(writing.is_wanted);
	catalog_fini(&writing.before);
	return status;
}

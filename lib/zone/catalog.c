/* Reading catalog zones. */
#include "lib/zone/catalog.h"

#include <stdio.h>
#include <string.h>

#include "lib/dns/rrtype.h"

enum { ARENA_CHUNK = 1 << 16, FIRST_MEMBERS = 64 };

static const uint8_t zones_label[] = "\5zones", version_label[] = "\7version", coo_label[] = "\3coo", group_label[] = "\5group";

/* A reading under way. The zone's order puts a member's properties right behind the member. */
struct reading {
	struct catalog *catalog;
	const struct zone_version *version;
	unsigned apex_labels;
	size_t capacity;                     /* of catalog->members */
	struct catalog_member *current;      /* whose properties may follow; NULL: of no member */
	char *error;
};

static const uint8_t *apex_of(const struct reading *reading)
{
	return zone_apex(zone_version_zone(reading->version));
}

bool catalog_label_equal(const uint8_t *a, const uint8_t *b)
{
	if (*a != *b)
		return false;
	for (unsigned i = 1; i <= *a; i++)
		if (name_fold(a[i]) != name_fold(b[i]))
			return false;
	return true;
}

static int broken(const struct reading *reading, const char *what, const uint8_t *name)
{
	char text[NAME_TEXT_SIZE];

	snprintf(reading->error, CATALOG_ERROR_SIZE, "%s (%.150s)", what, name_to_text(name, text));
	return ZT_EZONE;
}

/* ---- values ------------------------------------------------------------------------------------------------------------------------- */

static const uint8_t *name_keep(struct reading *reading, const uint8_t *name)
{
	uint8_t *own = arena_copy(&reading->catalog->arena, name, name_len(name));

	if (own)
		name_lower(own);
	return own;
}

/* The target of a property's only PTR record. */
static int target_read(struct reading *reading, const uint8_t *owner, const struct rrset *set, const uint8_t **out)
{
	const uint8_t *at = set->rdata, *data = NULL;
	uint16_t len;

	if (set->count != 1)
		return broken(reading, "more than one PTR record at one name", owner);
	if (!rrset_next(set, &at, &data, &len))
		return ZT_EZONE;
	*out = name_keep(reading, data);
	return *out ? ZT_OK : ZT_ENOMEM;
}

static int text_read(struct reading *reading, const uint8_t *data, uint16_t len, struct catalog_text *out)
{
	char *bytes = arena_alloc(&reading->catalog->arena, (size_t)len + 1);
	size_t filled = 0;

	if (!bytes)
		return ZT_ENOMEM;
	for (uint16_t at = 0; at < len; at = (uint16_t)(at + 1 + data[at])) {
		memcpy(bytes + filled, data + at + 1, data[at]);
		filled += data[at];
	}
	bytes[filled] = '\0';
	*out = (struct catalog_text){ bytes, filled };
	return ZT_OK;
}

static int version_check(struct reading *reading)
{
	uint8_t owner[NAME_MAX_LEN];
	const struct znode *node = NULL;
	const uint8_t *data;
	struct rrset set;
	uint16_t len;

	if (name_join(owner, version_label, sizeof(version_label) - 1, apex_of(reading)) == ZT_OK)
		node = zone_get(reading->version, owner);
	if (!node || !znode_rrset(node, TYPE_TXT, 0, &set))
		return broken(reading, "there is no TXT record that tells the catalog's version, 2 was expected", owner);
	if (set.count != 1)
		return broken(reading, "more than one TXT record tells the catalog's version", owner);
	const uint8_t *at = set.rdata;
	if (!rrset_next(&set, &at, &data, &len) || len != 2 || data[0] != 1 || data[1] != '2')
		return broken(reading, "the catalog is of another version than 2", owner);
	return ZT_OK;
}

/* ---- members ------------------------------------------------------------------------------------------------------------------------ */

static struct catalog_member *member_add(struct reading *reading)
{
	struct catalog *catalog = reading->catalog;

	if (catalog->count == reading->capacity) {
		size_t capacity = reading->capacity ? reading->capacity * 2 : FIRST_MEMBERS;
		struct catalog_member *members = arena_alloc(&catalog->arena, capacity * sizeof(*members));
		if (!members)
			return NULL;
		if (catalog->count > 0)
			memcpy(members, catalog->members, catalog->count * sizeof(*members));
		catalog->members = members;
		reading->capacity = capacity;
	}
	struct catalog_member *member = &catalog->members[catalog->count++];
	*member = (struct catalog_member){ 0 };
	return member;
}

static int member_read(struct reading *reading, const struct znode *node)
{
	const uint8_t *owner = znode_owner(node);
	struct rrset set;

	reading->current = NULL;
	if (!znode_rrset(node, TYPE_PTR, 0, &set))
		return ZT_OK;
	struct catalog_member *member = member_add(reading);
	const uint8_t *own = member ? name_keep(reading, owner) : NULL;
	if (!own)
		return ZT_ENOMEM;
	member->node = own;
	reading->current = member;
	return target_read(reading, owner, &set, &member->zone);
}

static int groups_read(struct reading *reading, const struct rrset *set)
{
	struct catalog_member *member = reading->current;
	struct catalog_text *groups = arena_alloc(&reading->catalog->arena, set->count * sizeof(*groups));
	const uint8_t *at = set->rdata, *data;
	int status = groups ? ZT_OK : ZT_ENOMEM;
	uint16_t len;

	while (status == ZT_OK && rrset_next(set, &at, &data, &len))
		status = text_read(reading, data, len, &groups[member->group_count++]);
	member->groups = groups;
	return status;
}

/* Of a member, or of a name that is none. */
static int property_read(struct reading *reading, const struct znode *node)
{
	const uint8_t *owner = znode_owner(node);
	struct rrset set;

	if (!reading->current || !catalog_label_equal(owner + 1 + *owner, reading->current->node))
		return ZT_OK;
	if (catalog_label_equal(owner, coo_label) && znode_rrset(node, TYPE_PTR, 0, &set))
		return target_read(reading, owner, &set, &reading->current->coo);
	if (catalog_label_equal(owner, group_label) && znode_rrset(node, TYPE_TXT, 0, &set))
		return groups_read(reading, &set);
	return ZT_OK;
}

static int members_read(struct reading *reading)
{
	uint8_t top[NAME_MAX_LEN];
	const struct znode *node;
	struct zone_iter iter;
	int status = ZT_OK;

	if (name_join(top, zones_label, sizeof(zones_label) - 1, apex_of(reading)) != ZT_OK)
		return ZT_OK;      /* no name that long, no members */
	zone_iter_init(&iter, reading->version, top);
	while (status == ZT_OK && (node = zone_iter_next(&iter)) != NULL) {
		const uint8_t *owner = znode_owner(node);
		if (!name_is_within(owner, top))
			break;
		unsigned depth = name_label_count(owner) - reading->apex_labels;
		if (depth == 2)
			status = member_read(reading, node);
		else if (depth == 3)
			status = property_read(reading, node);
	}
	return status;
}

/* ---- by zone ------------------------------------------------------------------------------------------------------------------------ */

/* The slot of a zone, or the free one where it belongs. */
static uint32_t slot_of(const struct catalog *catalog, const uint8_t *zone)
{
	uint32_t slot = (uint32_t)name_hash(zone, catalog->seed) & catalog->mask;

	while (catalog->slots[slot] && !name_equal(catalog->members[catalog->slots[slot] - 1].zone, zone))
		slot = (slot + 1) & catalog->mask;
	return slot;
}

/* No zone is a member twice (section 4.1). */
static int index_make(struct reading *reading)
{
	struct catalog *catalog = reading->catalog;
	size_t size = 8;

	while (size < catalog->count * 2)
		size *= 2;
	catalog->slots = arena_calloc(&catalog->arena, size * sizeof(*catalog->slots));
	if (!catalog->slots)
		return ZT_ENOMEM;
	catalog->mask = (uint32_t)(size - 1);
	for (size_t i = 0; i < catalog->count; i++) {
		uint32_t slot = slot_of(catalog, catalog->members[i].zone);
		if (catalog->slots[slot])
			return broken(reading, "a zone is a member twice", catalog->members[i].zone);
		catalog->slots[slot] = (uint32_t)(i + 1);
	}
	return ZT_OK;
}

const struct catalog_member *catalog_find(const struct catalog *catalog, const uint8_t *zone)
{
	uint32_t number = catalog->slots ? catalog->slots[slot_of(catalog, zone)] : 0;
	return number ? &catalog->members[number - 1] : NULL;
}

bool catalog_hands_over(const struct zone_version *catalog, const uint8_t *label, const uint8_t *to)
{
	uint8_t prefix[sizeof(coo_label) + LABEL_MAX_LEN + sizeof(zones_label)], owner[NAME_MAX_LEN], *end = prefix;
	const struct znode *node = NULL;
	const uint8_t *data;
	struct rrset set;
	uint16_t len;

	memcpy(end, coo_label, sizeof(coo_label) - 1);
	end += sizeof(coo_label) - 1;
	memcpy(end, label, (size_t)*label + 1);
	end += *label + 1;
	memcpy(end, zones_label, sizeof(zones_label) - 1);
	end += sizeof(zones_label) - 1;
	if (name_join(owner, prefix, (size_t)(end - prefix), zone_apex(zone_version_zone(catalog))) == ZT_OK)
		node = zone_get(catalog, owner);
	if (!node || !znode_rrset(node, TYPE_PTR, 0, &set) || set.count != 1)
		return false;
	const uint8_t *at = set.rdata;
	return rrset_next(&set, &at, &data, &len) && name_equal(data, to);
}

int catalog_read(struct catalog *catalog, const struct zone_version *version, uint64_t seed, char error[CATALOG_ERROR_SIZE])
{
	struct reading reading = { .catalog = catalog, .version = version, .error = error };

	*catalog = (struct catalog){ .seed = seed };
	error[0] = '\0';
	arena_init(&catalog->arena, ARENA_CHUNK);
	reading.apex_labels = name_label_count(apex_of(&reading));
	int status = version_check(&reading);
	if (status == ZT_OK)
		status = members_read(&reading);
	if (status == ZT_OK)
		status = index_make(&reading);
	if (status == ZT_ENOMEM)
		snprintf(error, CATALOG_ERROR_SIZE, "%s", status_text(status));
	return status;
}

void catalog_fini(struct catalog *catalog)
{
	arena_fini(&catalog->arena);
	*catalog = (struct catalog){ 0 };
}

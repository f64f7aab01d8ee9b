/* Zones of reconciliation tests. */
#include "tests/support/reconcile_zones.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/wire.h"
#include "lib/dns/rdata.h"
#include "lib/dns/rrtype.h"
#include "tests/support/suite.h"

const uint8_t reconcile_apex[9] = "\7example";
const struct fingerprint_key reconcile_key = { "reconcile's key" };

enum { LABELS_MAX = 6 };

void put_soa(struct zone_edit *edit, uint32_t serial)
{
	uint8_t rdata[64], *at = rdata;
	static const uint8_t names[] = "\2ns\7example\0\4mail\7example";

	memcpy(at, names, sizeof(names));
	at += sizeof(names);
	for (unsigned i = 0; i < 5; i++, at += 4)
		wire_put_u32(at, i == 0 ? serial : 3600);
	uint8_t set_bytes[128];
	uint16_t len = (uint16_t)(at - rdata);
	memcpy(set_bytes, &len, 2);
	memcpy(set_bytes + 2, rdata, len);
	struct rrset set = { .type = TYPE_SOA, .count = 1, .ttl = 3600, .rdata = set_bytes, .rdata_size = 2u + len };
	ck_assert_int_eq(zone_edit_put_rrset(edit, reconcile_apex, &set), ZT_OK);
}

void add(struct zone_edit *edit, const uint8_t *owner, const struct change_record *what)
{
	struct change_record record = *what;

	record.owner = owner;
	int status = zone_edit_add(edit, &record);
	ck_assert_msg(status == ZT_OK || status == ZT_EEXIST, "%s", status_text(status));
}

void add_a(struct zone_edit *edit, const uint8_t *owner, uint32_t address)
{
	uint8_t rdata[4];

	wire_put_u32(rdata, address);
	add(edit, owner, &(struct change_record){ .type = TYPE_A, .ttl = 300, .rdata = rdata, .rdata_len = 4 });
}

void add_rrsig(struct zone_edit *edit, const uint8_t *owner, uint16_t covers, uint32_t salt)
{
	uint8_t rdata[18 + 9 + 16] = { 0 };

	wire_put_u16(rdata, covers);
	rdata[2] = 13;
	memcpy(rdata + 18, reconcile_apex, 9);
	wire_put_u32(rdata + 27, salt);
	add(edit, owner, &(struct change_record){ .type = TYPE_RRSIG, .ttl = 300, .rdata = rdata, .rdata_len = sizeof(rdata) });
}

/* Few different labels, of all kinds, so that names meet, nest and begin alike. */
static void random_name(struct rng *rng, uint8_t out[NAME_MAX_LEN])
{
	static const char *const labels[] = { "a", "ab", "abc", "b", "*", "_tcp", "xn--bcher-kva", "0", "\001", "\001\001", "\002", "z", "ZZ", "-" };
	unsigned count = (unsigned)rng_below(rng, LABELS_MAX);
	uint8_t *at = out;

	for (unsigned i = 0; i < count; i++) {
		const char *label = labels[rng_below(rng, sizeof(labels) / sizeof(labels[0]))];
		uint8_t text[LABEL_MAX_LEN];
		size_t len = strlen(label);
		memcpy(text, label, len);
		if (rng_below(rng, 3) == 0)
			len = (size_t)snprintf((char *)text, sizeof(text), "%c%llu", "nhw"[rng_below(rng, 3)], (unsigned long long)rng_below(rng, 1000));
		if (rng_below(rng, 20) == 0)
			text[rng_below(rng, len)] = 0;
		if (rng_below(rng, 40) == 0)
			memset(text, 1, len = LABEL_MAX_LEN);
		if ((size_t)(at - out) + 1 + len + sizeof(reconcile_apex) + 1 > NAME_MAX_LEN)
			break;
		*at++ = (uint8_t)len;
		memcpy(at, text, len);
		at += len;
	}
	memcpy(at, reconcile_apex, sizeof(reconcile_apex));
}

void random_records(struct rng *rng, struct zone_edit *edit, unsigned count)
{
	uint8_t owner[NAME_MAX_LEN];

	for (unsigned i = 0; i < count; i++) {
		random_name(rng, owner);
		add_a(edit, owner, (uint32_t)rng_u64(rng));
		if (rng_below(rng, 3) == 0)
			add(edit, owner, &(struct change_record){ .type = TYPE_TXT, .ttl = 60, .rdata = (const uint8_t *)"\4text", .rdata_len = 5 });
		if (rng_below(rng, 3) == 0)
			add_rrsig(edit, owner, TYPE_A, (uint32_t)rng_u64(rng));
		if (rng_below(rng, 50) == 0) {
			for (uint16_t type = 300; type < 300 + 40; type++)
				add(edit, owner, &(struct change_record){ .type = type, .ttl = 60, .rdata = (const uint8_t *)"x", .rdata_len = 1 });
		}
	}
}

/* One of the zone's names; the reconcile_apex where it has no other. */
static void some_name(struct rng *rng, const struct zone_version *version, uint8_t out[NAME_MAX_LEN])
{
	const struct znode *node = zone_at_rank(version, rng_below(rng, zone_summary(version).count + 1));

	name_copy(out, node ? znode_owner(node) : reconcile_apex);
}

static void remove_below(struct zone_edit *edit, const uint8_t *name)
{
	uint8_t owner[NAME_MAX_LEN];

	for (;;) {
		struct zone_iter iter;
		zone_iter_init(&iter, zone_edit_view(edit), name);
		const struct znode *node = zone_iter_next(&iter);
		if (!node || !name_is_within(znode_owner(node), name))
			return;
		name_copy(owner, znode_owner(node));
		ck_assert_int_eq(zone_edit_remove_name(edit, owner), ZT_OK);
	}
}

/* A subtree gets another first label, its records what they were. */
static void rename_below(struct zone_edit *edit, const uint8_t *name)
{
	uint8_t to[NAME_MAX_LEN], owner[NAME_MAX_LEN];
	struct zone *copy;
	struct zone_edit *copying;
	struct zone_iter iter;
	const struct znode *node;
	struct changeset change;

	if (name_equal(name, reconcile_apex) || name[0] > 60 || name_len(name) > 200)
		return;
	to[0] = (uint8_t)(name[0] + 1);
	to[1] = 'r';
	memcpy(to + 2, name + 1, name_len(name) - 1);
	ck_assert_int_eq(zone_new(reconcile_apex, &reconcile_key, &copy), ZT_OK);
	ck_assert_int_eq(zone_edit_begin(copy, &copying), ZT_OK);
	zone_iter_init(&iter, zone_edit_view(edit), name);
	while ((node = zone_iter_next(&iter)) != NULL && name_is_within(znode_owner(node), name)) {
		if (name_substitute(owner, znode_owner(node), name, to) != ZT_OK && !name_equal(znode_owner(node), name))
			continue;
		if (name_equal(znode_owner(node), name))
			name_copy(owner, to);
		struct rrset set;
		for (size_t pos = 0; znode_next(node, &pos, &set);)
			ck_assert_int_eq(zone_edit_put_rrset(copying, owner, &set), ZT_OK);
	}
	remove_below(edit, name);
	changeset_init(&change);
	ck_assert_int_eq(zone_edit_changeset(copying, &change), ZT_OK);
	struct change_record record;
	for (size_t pos = 0; change_record_next(&change.added, &pos, &record);)
		add(edit, record.owner, &record);
	changeset_fini(&change);
	zone_edit_abort(copying);
	zone_free(copy);
}

/* All signatures become others. */
static void sign_anew(struct rng *rng, struct zone_edit *edit)
{
	uint8_t owner[NAME_MAX_LEN];
	const struct znode *node;
	struct zone_iter iter;
	struct rrset set;

	zone_iter_init(&iter, zone_edit_view(edit), NULL);
	for (unsigned i = 0; i < 200 && (node = zone_iter_next(&iter)) != NULL; i++) {
		if (!znode_rrset(node, TYPE_RRSIG, TYPE_A, &set))
			continue;
		name_copy(owner, znode_owner(node));
		ck_assert_int_eq(zone_edit_remove_rrset(edit, owner, TYPE_RRSIG, TYPE_A), ZT_OK);
		add_rrsig(edit, owner, TYPE_A, (uint32_t)rng_u64(rng));
		zone_iter_init(&iter, zone_edit_view(edit), owner);
		node = zone_iter_next(&iter);
	}
}

void random_step(struct rng *rng, struct zone_edit *edit)
{
	uint8_t name[NAME_MAX_LEN];
	static const uint8_t digest[6 + 48] = { 0, 0, 0, 1, 1, 1 };

	some_name(rng, zone_edit_view(edit), name);
	switch (rng_below(rng, 7)) {
	case 0:
		random_records(rng, edit, (unsigned)rng_below(rng, 30));
		break;
	case 1:
		if (!name_equal(name, reconcile_apex))
			remove_below(edit, name);
		break;
	case 2:
		add_a(edit, name, (uint32_t)rng_u64(rng));
		break;
	case 3: {      /* another TTL */
		struct zone_lookup found;
		struct rrset set;
		zone_find(zone_edit_view(edit), name, &found);
		if (found.node && znode_rrset(found.node, TYPE_A, 0, &set)) {
			uint8_t *rdata = malloc(set.rdata_size);
			set.rdata = memcpy(rdata, set.rdata, set.rdata_size);
			set.ttl++;
			ck_assert_int_eq(zone_edit_put_rrset(edit, name, &set), ZT_OK);
			free(rdata);
		}
		break;
	}
	case 4:
		rename_below(edit, name);
		break;
	case 5:
		sign_anew(rng, edit);
		break;
	default:
		add(edit, reconcile_apex, &(struct change_record){ .type = TYPE_ZONEMD, .ttl = 60, .rdata = digest, .rdata_len = sizeof(digest) });
		add_rrsig(edit, reconcile_apex, TYPE_ZONEMD, (uint32_t)rng_u64(rng));
		add_rrsig(edit, reconcile_apex, TYPE_SOA, (uint32_t)rng_u64(rng));
	}
}

struct zone *zone_with_same(const struct zone_version *version, struct zone_edit **edit)
{
	struct changeset all;
	struct zone *zone;

	ck_assert_int_eq(zone_new(reconcile_apex, &reconcile_key, &zone), ZT_OK);
	ck_assert_int_eq(zone_edit_begin(zone, edit), ZT_OK);
	if (version) {
		changeset_init(&all);
		ck_assert_int_eq(zone_diff(zone_current(zone), version, &all), ZT_OK);
		ck_assert_int_eq(zone_edit_apply(*edit, &all), ZT_OK);
		changeset_fini(&all);
	}
	return zone;
}


struct zone *host_zone(unsigned hosts, const struct zone_version *like, struct zone_edit **edit)
{
	struct zone *zone = zone_with_same(like, edit);
	uint8_t owner[32];

	if (like)
		return zone;
	for (unsigned i = 0; i < hosts; i++) {
		owner[0] = (uint8_t)snprintf((char *)owner + 1, 20, "host%u", i);
		memcpy(owner + 1 + owner[0], reconcile_apex, sizeof(reconcile_apex));
		add_a(*edit, owner, i);
	}
	put_soa(*edit, 1);
	return zone;
}

void change_host(struct zone_edit *edit, unsigned host)
{
	uint8_t owner[32], rdata[4];

	owner[0] = (uint8_t)snprintf((char *)owner + 1, 20, "host%u", host);
	memcpy(owner + 1 + owner[0], reconcile_apex, sizeof(reconcile_apex));
	wire_put_u32(rdata, host);
	ck_assert_int_eq(zone_edit_remove(edit, owner, TYPE_A, rdata, 4), ZT_OK);
	add_a(edit, owner, host + 1);
}

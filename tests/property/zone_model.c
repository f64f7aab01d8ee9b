/* The model's answers, found the slow way, against the zone's. */
#include "tests/property/zone_model.h"

#include <string.h>

#include "lib/dns/rdata.h"
#include "lib/dns/rrtype.h"
#include "tests/support/suite.h"

void must_fail(const char *condition, const char *file, int line)
{
	ck_abort_msg("%s:%d: %s", file, line, condition);
}

bool model_has_name(const struct model *model, unsigned name)
{
	for (unsigned slot = 0; slot < MODEL_SLOTS; slot++) {
		if (model->set[name][slot].present)
			return true;
	}
	return false;
}

static bool has_type(const struct model *model, unsigned name, uint16_t type)
{
	for (unsigned slot = 0; slot < MODEL_SLOTS; slot++) {
		if (model_slot[slot].type == type && model->set[name][slot].present)
			return true;
	}
	return false;
}

/* Whether a set counts and, if so, its hash, made here from the definition. */
static struct zone_summary set_summary(const struct universe *uni, const struct model *model, unsigned name, unsigned slot)
{
	const struct model_set *set = &model->set[name][slot];
	uint16_t type = model_slot[slot].type, covers = model_slot[slot].covers;
	struct zone_summary sum = { 0 };
	uint8_t block[NAME_MAX_LEN + 10 + MODEL_RDATA * 2048];

	if (!set->present)
		return sum;
	if (name == 0 && (type == TYPE_SOA || type == TYPE_ZONEMD || covers == TYPE_SOA || covers == TYPE_ZONEMD))
		return sum;
	size_t at = name_copy(block, uni->name[name]);
	name_lower(block);
	wire_put_u16(block + at, type);
	wire_put_u16(block + at + 2, covers);
	wire_put_u32(block + at + 4, set->ttl);
	wire_put_u16(block + at + 8, (uint16_t)__builtin_popcount(set->present));
	at += 10;
	for (unsigned i = 0; i < MODEL_RDATA; i++) {
		const struct model_rdata *rdata = &uni->rdata[slot][i];
		if (!(set->present >> i & 1))
			continue;
		wire_put_u16(block + at, rdata->len);
		memcpy(block + at + 2, rdata->data, rdata->len);
		rdata_canonical(type, block + at + 2, rdata->len);
		at += 2 + (size_t)rdata->len;
	}
	sum.count = 1;
	sum.fingerprint = fingerprint_of(&uni->key, block, at);
	return sum;
}

static struct zone_summary name_summary(const struct universe *uni, const struct model *model, unsigned name)
{
	struct zone_summary sum = { 0 };

	for (unsigned slot = 0; slot < MODEL_SLOTS; slot++) {
		struct zone_summary one = set_summary(uni, model, name, slot);
		sum.count += one.count;
		sum.fingerprint = fingerprint_add(sum.fingerprint, one.fingerprint);
	}
	return sum;
}

static void check_summary(struct zone_summary got, struct zone_summary expected)
{
	MUST(got.count == expected.count);
	MUST(fingerprint_equal(got.fingerprint, expected.fingerprint));
}

/* ---- content -------------------------------------------------------------------------------------------------------------- */

static unsigned check_set(const struct universe *uni, const struct model_set *expected, unsigned slot, const struct rrset *set)
{
	const uint8_t *p = set->rdata, *data;
	uint16_t len;
	unsigned count = 0;

	MUST(set->ttl == expected->ttl);
	for (unsigned i = 0; i < MODEL_RDATA; i++) {
		if (!(expected->present >> i & 1))
			continue;
		MUST(rrset_next(set, &p, &data, &len));
		MUST(rdata_cmp(set->type, data, len, uni->rdata[slot][i].data, uni->rdata[slot][i].len) == 0);
		count++;
	}
	MUST(!rrset_next(set, &p, &data, &len));
	MUST(set->count == count);
	return count;
}

static unsigned check_node(const struct universe *uni, const struct model *model, unsigned name, const struct znode *node)
{
	unsigned records = 0, sets = 0, flags = 0;
	struct rrset set, got;
	size_t pos = 0;

	MUST(node != NULL);
	MUST(name_equal(znode_owner(node), uni->name[name]));
	for (unsigned slot = 0; slot < MODEL_SLOTS; slot++) {
		const struct model_slot *what = &model_slot[slot];
		bool present = model->set[name][slot].present;
		MUST(znode_rrset(node, what->type, what->covers, &got) == present);
		if (!present)
			continue;
		MUST(znode_next(node, &pos, &set));
		MUST(set.type == what->type);
		MUST(set.covers == what->covers);
		MUST(set.rdata == got.rdata);
		records += check_set(uni, &model->set[name][slot], slot, &set);
		sets++;
		flags |= what->type == TYPE_NS ? ZNODE_HAS_NS : what->type == TYPE_CNAME ? ZNODE_HAS_CNAME
			: what->type == TYPE_DNAME ? ZNODE_HAS_DNAME : what->type == TYPE_DS ? ZNODE_HAS_DS : what->type == TYPE_NSEC3 ? ZNODE_HAS_NSEC3 : 0;
	}
	MUST(!znode_next(node, &pos, &set));
	MUST(znode_rrset_count(node) == sets);
	MUST(znode_flags(node) == flags);
	return records;
}

static uint32_t model_serial(const struct universe *uni, const struct model *model)
{
	const unsigned slot = MODEL_SOA;
	struct soa soa;
	unsigned present = model->set[0][slot].present;

	if (!present)
		return 0;
	const struct model_rdata *first = &uni->rdata[slot][__builtin_ctz(present)];
	MUST(soa_from_rdata(&soa, first->data, first->len));
	return soa.serial;
}

void model_check_content(const struct universe *uni, const struct model *model, const struct zone_version *version)
{
	struct zone_summary sum = { 0 };
	struct zone_iter iter;
	unsigned names = 0, records = 0;

	zone_iter_init(&iter, version, NULL);
	for (unsigned name = 0; name < uni->name_count; name++) {
		if (!model_has_name(model, name))
			continue;
		const struct znode *node = zone_iter_next(&iter);
		records += check_node(uni, model, name, node);
		if (name == 0)
			MUST(node == zone_version_apex(version));
		struct zone_summary one = name_summary(uni, model, name);
		sum.count += one.count;
		sum.fingerprint = fingerprint_add(sum.fingerprint, one.fingerprint);
		names++;
	}
	MUST(zone_iter_next(&iter) == NULL);
	check_summary(zone_summary(version), sum);
	MUST(zone_version_name_count(version) == names);
	MUST(zone_version_record_count(version) == records);
	MUST(zone_version_serial(version) == model_serial(uni, model));
	MUST((zone_version_apex(version) != NULL) == model_has_name(model, 0));
}

/* ---- look-up -------------------------------------------------------------------------------------------------------------- */

/* The index of a present name, -1 when there is none. */
static int index_of(const struct universe *uni, const struct model *model, const uint8_t *name)
{
	for (unsigned i = 0; i < uni->name_count; i++) {
		if (naive_name_cmp(uni->name[i], name) == 0)
			return model_has_name(model, i) ? (int)i : -1;
	}
	return -1;
}

static bool exists(const struct universe *uni, const struct model *model, const uint8_t *name)
{
	for (unsigned i = 0; i < uni->name_count; i++) {
		if (model_has_name(model, i) && name_is_within(uni->name[i], name))
			return true;
	}
	return false;
}

static void check_is(const struct universe *uni, const struct znode *node, int index)
{
	MUST((node != NULL) == (index >= 0));
	if (node)
		MUST(name_equal(znode_owner(node), uni->name[index]));
}

/* The topmost present name at or above `name` with the type; `strictly` leaves the name itself out, `below` is 1 to leave out the apex. */
static int topmost(const struct universe *uni, const struct model *model, const uint8_t *name, uint16_t type)
{
	unsigned apex_labels = name_label_count(uni->apex), labels = name_label_count(name);
	unsigned first = type == TYPE_NS ? apex_labels + 1 : apex_labels, last = type == TYPE_NS ? labels + 1 : labels;

	for (unsigned i = first; i < last; i++) {
		int index = index_of(uni, model, name_strip(name, labels - i));
		if (index >= 0 && has_type(model, (unsigned)index, type))
			return index;
	}
	return -1;
}

void model_check_find(const struct universe *uni, const struct model *model, const struct zone_version *version, const uint8_t *name)
{
	struct zone_lookup look;
	uint8_t star[NAME_MAX_LEN];
	const uint8_t *encloser = name;
	int index = index_of(uni, model, name);
	enum zone_match match = index >= 0 ? ZONE_MATCH_EXACT : exists(uni, model, name) ? ZONE_MATCH_EMPTY : ZONE_MATCH_NONE;

	zone_find(version, name, &look);
	/* The apex of a zone without names counts as existing, for it is where walks up end. */
	if (match == ZONE_MATCH_NONE && name_equal(name, uni->apex))
		match = ZONE_MATCH_EMPTY;
	MUST(look.match == match);
	check_is(uni, look.node, index);
	check_is(uni, zone_get(version, name), index);
	check_is(uni, look.cut, topmost(uni, model, name, TYPE_NS));
	check_is(uni, look.dname, topmost(uni, model, name, TYPE_DNAME));
	while (!name_equal(encloser, uni->apex) && !exists(uni, model, encloser))
		encloser = name_parent(encloser);
	MUST(look.encloser_labels == name_label_count(encloser));
	index = -1;
	bool empty = false;
	if (match == ZONE_MATCH_NONE && name_join(star, (const uint8_t *)"\1*", 2, encloser) == ZT_OK) {
		index = index_of(uni, model, star);
		empty = index < 0 && exists(uni, model, star);
	}
	check_is(uni, look.wildcard, index);
	MUST(look.wildcard_is_empty == empty);
}

void model_check_order(const struct universe *uni, const struct model *model, const struct zone_version *version, const uint8_t *name)
{
	struct zone_iter iter;
	int before = -1, hash_before = -1, last_hash = -1;

	zone_iter_init(&iter, version, name);
	for (unsigned i = 0; i < uni->name_count; i++) {
		if (!model_has_name(model, i))
			continue;
		int order = naive_name_cmp(uni->name[i], name);
		if (order <= 0)
			before = (int)i;
		if (has_type(model, i, TYPE_NSEC3)) {
			hash_before = order <= 0 ? (int)i : hash_before;
			last_hash = (int)i;
		}
		if (order >= 0)
			check_is(uni, zone_iter_next(&iter), (int)i);
	}
	MUST(zone_iter_next(&iter) == NULL);
	check_is(uni, zone_predecessor(version, name), before);
	check_is(uni, zone_nsec3_at_or_before(version, name), hash_before >= 0 ? hash_before : last_hash);
}

void model_check_range(const struct universe *uni, const struct model *model, const struct zone_version *version,
		       const uint8_t *const range[2])
{
	struct zone_summary sum = { 0 };

	for (unsigned i = 0; i < uni->name_count; i++) {
		if ((range[0] && naive_name_cmp(uni->name[i], range[0]) < 0) || (range[1] && naive_name_cmp(uni->name[i], range[1]) >= 0))
			continue;
		struct zone_summary one = name_summary(uni, model, i);
		sum.count += one.count;
		sum.fingerprint = fingerprint_add(sum.fingerprint, one.fingerprint);
	}
	check_summary(zone_summary_range(version, range[0], range[1]), sum);
}

void model_check_rank(const struct universe *uni, const struct model *model, const struct zone_version *version, struct rng *rng)
{
	uint64_t total = zone_summary(version).count, rank = rng_below(rng, total + 1), left = rank;
	int expected = -1;

	for (unsigned i = 0; i < uni->name_count && expected < 0; i++) {
		uint64_t count = name_summary(uni, model, i).count;
		if (left < count)
			expected = (int)i;
		else
			left -= count;
	}
	check_is(uni, zone_at_rank(version, rank), expected);
}

/* ---- differences ---------------------------------------------------------------------------------------------------------- */

struct list_check {
	const struct universe *uni;
	const struct buf *list;
	size_t pos;
	uint32_t count;
};

/* The list goes on with these rdata of a set. */
static void expect(struct list_check *check, unsigned name, unsigned slot, struct model_set set)
{
	struct change_record record;

	for (unsigned i = 0; i < MODEL_RDATA; i++) {
		const struct model_rdata *rdata = &check->uni->rdata[slot][i];
		if (!(set.present >> i & 1))
			continue;
		MUST(change_record_next(check->list, &check->pos, &record));
		MUST(name_equal(record.owner, check->uni->name[name]));
		MUST(record.type == model_slot[slot].type);
		MUST(record.ttl == set.ttl);
		MUST(rdata_cmp(record.type, record.rdata, record.rdata_len, rdata->data, rdata->len) == 0);
		check->count++;
	}
}

static void expect_change(struct list_check *removed, struct list_check *added, struct model_set from, struct model_set to, unsigned at[2])
{
	if (from.ttl == to.ttl) {
		uint8_t both = from.present & to.present;
		from.present &= (uint8_t)~both;
		to.present &= (uint8_t)~both;
	}
	expect(removed, at[0], at[1], from);
	expect(added, at[0], at[1], to);
}

void model_check_changeset(const struct universe *uni, const struct model *from, const struct model *to, const struct changeset *change)
{
	struct list_check removed = { .uni = uni, .list = &change->removed }, added = { .uni = uni, .list = &change->added };
	struct change_record record;
	unsigned soa[2] = { 0, MODEL_SOA };

	expect_change(&removed, &added, from->set[0][MODEL_SOA], to->set[0][MODEL_SOA], soa);
	for (unsigned name = 0; name < uni->name_count; name++) {
		for (unsigned slot = 0; slot < MODEL_SLOTS; slot++) {
			unsigned at[2] = { name, slot };
			if (name != 0 || slot != MODEL_SOA)
				expect_change(&removed, &added, from->set[name][slot], to->set[name][slot], at);
		}
	}
	MUST(!change_record_next(removed.list, &removed.pos, &record));
	MUST(!change_record_next(added.list, &added.pos, &record));
	MUST(change->removed_count == removed.count);
	MUST(change->added_count == added.count);
}

/* Edits: records and RRsets in, a new version out. */
#include "lib/zone/edit.h"

#include <assert.h>
#include <stdlib.h>

#include "lib/dns/rdata.h"
#include "lib/dns/rrtype.h"
#include "lib/zone/diff.h"
#include "lib/zone/graft.h"

enum { LARGE_SET = 2048 };      /* bytes of rdata from which an RRset's hash is put off */

int zone_edit_begin(struct zone *zone, struct zone_edit **out)
{
	struct zone_version *current = zone_current_mutable(zone);

	if (zone->is_edited)
		return ZT_EBUSY;
	struct zone_edit *edit = malloc(sizeof(*edit));
	struct pending *pending = malloc(sizeof(*pending));
	struct zone_version *version = edit && pending ? version_new(zone) : NULL;
	if (!version) {
		free(pending);
		free(edit);
		return ZT_ENOMEM;
	}
	pending->is_open = false;
	edit->pending = pending;
	edit->zone = zone;
	edit->version = version;
	edit->retired = (struct retired){ 0 };
	edit->built = NULL;
	version->root = current->root;
	version->apex = current->apex;
	version->name_count = current->name_count;
	version->record_count = current->record_count;
	version->memory = current->memory;
	version->sum = current->sum;
	version->serial = current->serial;
	version->generation = version_next_generation(zone);
	zone->is_edited = true;
	*out = edit;
	return ZT_OK;
}

static void edit_free(struct zone_edit *edit)
{
	edit->zone->is_edited = false;
	free(edit->retired.twig);
	free(edit->pending);
	free(edit);
}

void zone_edit_abort(struct zone_edit *edit)
{
	if (!edit)
		return;
	graft_undo(edit);
	if (edit->built)
		zone_drop_region(edit->zone, edit->built);
	version_free(edit->version);
	edit_free(edit);
}

static struct zone_summary set_summary(const struct zone_edit *edit, const struct znode *node, const struct rrset *set)
{
	struct zone_summary sum = { 0 };

	if (zone_is_apex(edit->zone, node) && !rrset_is_counted_at_apex(set))
		return sum;
	sum.count = 1;
	sum.fingerprint = rrset_fingerprint(&edit->zone->key, node->bytes, set);
	return sum;
}

/* Takes the hash of the pending RRset, if there is one, into the sums. */
static void settle(const struct zone_edit *edit)
{
	struct pending *pending = edit->pending;
	struct graft_delta delta = { .removed = pending->accounted };
	struct seek seek;
	struct rrset set;

	if (!pending->is_open)
		return;
	pending->is_open = false;
	trie_seek(&seek, edit->version->root, edit->zone->apex_len, &pending->key);
	bool is_there = seek.end == SEEK_EXACT && znode_rrset(seek.leaf, pending->type, pending->covers, &set);
	assert(is_there);
	delta.added = set_summary(edit, seek.leaf, &set);
	graft_account(edit->version, &seek, &delta);
}

void zone_edit_publish(struct zone_edit *edit)
{
	struct zone_version *displaced = zone_current_mutable(edit->zone);

	settle(edit);
	displaced->retired = edit->retired;
	edit->retired = (struct retired){ 0 };
	version_displace(edit->zone, edit->version);
	edit_free(edit);
}

const struct zone_version *zone_edit_view(const struct zone_edit *edit)
{
	settle(edit);
	return edit->version;
}

/* ---- changing one name --------------------------------------------------------------------------------------------------- */

static bool is_pending(const struct zone_edit *edit, uint16_t type, uint16_t covers)
{
	const struct pending *pending = edit->pending;

	return pending->is_open && pending->type == type && pending->covers == covers && pending->key.len == edit->key.len
	       && memcmp(pending->key.sym, edit->key.sym, edit->key.len) == 0;
}

/* Finds the name, one RRset of which is meant, or all (type 0); NULL where it owns nothing yet. */
static const struct znode *locate(struct zone_edit *edit, const uint8_t *owner, uint16_t type, uint16_t covers)
{
	key_make(&edit->key, owner, edit->zone->apex_len);
	if (!is_pending(edit, type, covers))
		settle(edit);
	trie_seek(&edit->seek, edit->version->root, edit->zone->apex_len, &edit->key);
	return edit->seek.end == SEEK_EXACT ? edit->seek.leaf : NULL;
}

static bool is_in_zone(const struct zone_edit *edit, const uint8_t *owner)
{
	return name_is_within(owner, edit->zone->apex);
}

/* Notes which node is the apex now, and its serial. */
static void update_apex(struct zone_version *version, const struct znode *node)
{
	struct rrset set;
	struct soa soa;
	const uint8_t *p, *data;
	uint16_t len;

	version->apex = node;
	version->serial = 0;
	if (!node || !znode_rrset(node, TYPE_SOA, 0, &set))
		return;
	p = set.rdata;
	if (rrset_next(&set, &p, &data, &len) && soa_from_rdata(&soa, data, len))
		version->serial = soa.serial;
}

void edit_adopt(struct zone_edit *edit, struct region *region, const struct graft_whole *whole)
{
	struct zone_version *version = edit->version;

	zone_add_region(edit->zone, region);
	edit->built = region;
	version->root = whole->root;
	version->name_count = whole->name_count;
	version->record_count = whole->record_count;
	version->memory = region->live;
	version->sum = whole->sum;
	update_apex(version, whole->apex);
}

static int remove_node(struct zone_edit *edit, const struct znode *node)
{
	struct zone_version *version = edit->version;
	bool is_apex = zone_is_apex(edit->zone, node);
	struct graft_delta delta = { .removed = znode_summary(node, &edit->zone->key, is_apex) };
	size_t records = znode_record_count(node);

	int status = graft_take_out(edit, &delta);
	if (status != ZT_OK)
		return status;
	version->name_count--;
	version->record_count -= records;
	if (is_apex)
		update_apex(version, NULL);
	return ZT_OK;
}

/* Makes the RRset at the slot what `change` says; edit->seek is where the owner lies, `old` its node. */
static int change_set(struct zone_edit *edit, const uint8_t *owner, const struct znode_slot *slot, const struct znode_change *change)
{
	struct zone_version *version = edit->version;
	const struct znode *old = edit->seek.end == SEEK_EXACT ? edit->seek.leaf : NULL;
	struct graft_delta delta = { 0 };
	struct rrset set;

	if (change->count == 0)
		settle(edit);
	if (change->count == 0 && old && old->rrset_count == 1)
		return remove_node(edit, old);
	if (old && slot->set.count == 0 && old->rrset_count == UINT16_MAX)
		return ZT_ELIMIT;
	struct znode *node = znode_make(old, owner, slot, change);
	if (!node)
		return ZT_ENOMEM;
	bool stays_pending = edit->pending->is_open, turns_pending = false;
	if (!stays_pending && slot->set.count > 0) {
		delta.removed = set_summary(edit, old, &slot->set);
		turns_pending = change->count > 0 && slot->set.rdata_size > LARGE_SET;
	}
	if (turns_pending)
		delta.added = delta.removed;
	else if (!stays_pending && change->count > 0 && znode_rrset(node, slot->type, slot->covers, &set))
		delta.added = set_summary(edit, node, &set);
	uint16_t old_count = slot->set.count;
	int status = graft_put(edit, node, &delta);
	if (status != ZT_OK) {
		free(node);
		return status;
	}
	if (turns_pending)
		*edit->pending = (struct pending){ true, slot->type, slot->covers, delta.removed, edit->key };
	version->name_count += !old;
	version->record_count += change->count;
	version->record_count -= old_count;
	if (zone_is_apex(edit->zone, node))
		update_apex(version, node);
	return ZT_OK;
}

static uint16_t covered_type(uint16_t type, const uint8_t *rdata, uint16_t len)
{
	return type == TYPE_RRSIG && len >= 2 ? wire_get_u16(rdata) : 0;
}

/* Where a record stands in its RRset, or would stand: bytes before it, and whether it is there. */
struct place {
	size_t before;
	bool found;
};

/* Whether rdata of the type are in canonical form as they are, so that their order is that of their bytes. */
static bool is_plain(uint16_t type)
{
	const struct rr_descriptor *descriptor = rr_descriptor(type);
	return !descriptor || !strpbrk(descriptor->fields, "cd");
}

static int compare_bytes(const uint8_t *a, uint16_t a_len, const uint8_t *b, uint16_t b_len)
{
	int order = memcmp(a, b, a_len < b_len ? a_len : b_len);
	return order != 0 ? order : a_len - b_len;
}

static struct place place_of(const struct rrset *set, const uint8_t *rdata, uint16_t len)
{
	struct place place = { 0, false };
	const uint8_t *p = set->rdata, *data;
	bool plain = is_plain(set->type);
	uint16_t data_len;

	while (set->count > 0 && rrset_next(set, &p, &data, &data_len)) {
		int order = plain ? compare_bytes(data, data_len, rdata, len) : rdata_cmp(set->type, data, data_len, rdata, len);
		place.found = order == 0;
		if (order >= 0)
			break;
		place.before = (size_t)(p - set->rdata);
	}
	return place;
}

int zone_edit_add(struct zone_edit *edit, const struct change_record *record)
{
	const uint8_t *owner = record->owner, *rdata = record->rdata;
	uint16_t len = record->rdata_len;

	if (!is_in_zone(edit, owner))
		return ZT_EOUTOFZONE;
	uint16_t covers = covered_type(record->type, rdata, len);
	struct znode_slot slot = znode_locate(locate(edit, owner, record->type, covers), record->type, covers);
	const struct rrset *set = &slot.set;
	struct place place = place_of(set, rdata, len);
	struct znode_change change = { .count = set->count, .ttl = record->ttl };

	if (place.found) {
		if (set->ttl == record->ttl)
			return ZT_EEXIST;
		change.piece[0].data = set->rdata;
		change.piece[0].len = set->rdata_size;
		int status = change_set(edit, owner, &slot, &change);
		return status == ZT_OK ? ZT_EEXIST : status;
	}
	if (set->count == UINT16_MAX || set->rdata_size + len + 2 > UINT32_MAX)
		return ZT_ELIMIT;
	change.count++;
	change.piece[0].data = set->rdata;
	change.piece[0].len = place.before;
	change.piece[1].data = (const uint8_t *)&len;
	change.piece[1].len = sizeof(len);
	change.piece[2].data = rdata;
	change.piece[2].len = len;
	change.piece[3].data = set->rdata + place.before;
	change.piece[3].len = set->rdata_size - place.before;
	return change_set(edit, owner, &slot, &change);
}

int zone_edit_remove(struct zone_edit *edit, const uint8_t *owner, uint16_t type, const uint8_t *rdata, uint16_t len)
{
	uint16_t covers = covered_type(type, rdata, len);
	const struct znode *node = is_in_zone(edit, owner) ? locate(edit, owner, type, covers) : NULL;
	struct znode_slot slot = znode_locate(node, type, covers);
	const struct rrset *set = &slot.set;
	struct place place = place_of(set, rdata, len);
	uint16_t found_len;

	if (!place.found)
		return ZT_ENOENT;
	memcpy(&found_len, set->rdata + place.before, sizeof(found_len));
	struct znode_change change = { .count = (uint16_t)(set->count - 1), .ttl = set->ttl };
	size_t behind = place.before + sizeof(found_len) + found_len;
	change.piece[0].data = set->rdata;
	change.piece[0].len = place.before;
	change.piece[1].data = set->rdata + behind;
	change.piece[1].len = set->rdata_size - behind;
	return change_set(edit, owner, &slot, &change);
}

/* ---- whole RRsets and names ----------------------------------------------------------------------------------------------- */

struct record_at {
	const uint8_t *bytes;      /* its length, then its rdata */
	uint16_t type;
	uint16_t len;
};

static int compare_records(const void *a, const void *b)
{
	const struct record_at *x = a, *y = b;
	return rdata_cmp(x->type, x->bytes + 2, x->len, y->bytes + 2, y->len);
}

/* The RRset's rdata sorted and without duplicates, appended to `out`; how many are left goes to *count. */
static int sort_rdata(const struct rrset *set, struct buf *out, uint16_t *count)
{
	struct record_at *records = malloc(set->count * sizeof(*records));
	const uint8_t *p = set->rdata, *data;
	uint16_t len;
	size_t n = 0;

	if (!records)
		return ZT_ENOMEM;
	while (n < set->count && rrset_next(set, &p, &data, &len))
		records[n++] = (struct record_at){ data - 2, set->type, len };
	qsort(records, n, sizeof(*records), compare_records);
	*count = 0;
	for (size_t i = 0; i < n; i++) {
		if (i > 0 && compare_records(&records[i - 1], &records[i]) == 0)
			continue;
		buf_add(out, records[i].bytes, (size_t)2 + records[i].len);
		(*count)++;
	}
	free(records);
	return out->status;
}

int zone_edit_put_rrset(struct zone_edit *edit, const uint8_t *owner, const struct rrset *set)
{
	struct buf sorted;
	struct znode_change change = { .ttl = set->ttl };

	if (!is_in_zone(edit, owner))
		return ZT_EOUTOFZONE;
	if (set->count == 0)
		return ZT_EINVAL;
	if (set->rdata_size > UINT32_MAX)
		return ZT_ELIMIT;
	buf_init(&sorted);
	int status = sort_rdata(set, &sorted, &change.count);
	if (status == ZT_OK) {
		struct znode_slot slot = znode_locate(locate(edit, owner, set->type, set->covers), set->type, set->covers);
		change.piece[0].data = sorted.data;
		change.piece[0].len = sorted.len;
		bool same = slot.set.count == change.count && slot.set.ttl == change.ttl && slot.set.rdata_size == sorted.len
			    && memcmp(slot.set.rdata, sorted.data, sorted.len) == 0;
		if (!same)
			status = change_set(edit, owner, &slot, &change);
	}
	buf_fini(&sorted);
	return status;
}

int zone_edit_remove_rrset(struct zone_edit *edit, const uint8_t *owner, uint16_t type, uint16_t covers)
{
	const struct znode *node = is_in_zone(edit, owner) ? locate(edit, owner, type, covers) : NULL;
	struct znode_slot slot = znode_locate(node, type, covers);
	struct znode_change nothing = { 0 };

	if (slot.set.count == 0)
		return ZT_ENOENT;
	return change_set(edit, owner, &slot, &nothing);
}

int zone_edit_remove_name(struct zone_edit *edit, const uint8_t *owner)
{
	const struct znode *node = is_in_zone(edit, owner) ? locate(edit, owner, 0, 0) : NULL;

	return node ? remove_node(edit, node) : ZT_ENOENT;
}

int zone_edit_clear(struct zone_edit *edit)
{
	settle(edit);
	int status = graft_clear(edit);

	if (status != ZT_OK)
		return status;
	edit->version->name_count = 0;
	edit->version->record_count = 0;
	update_apex(edit->version, NULL);
	return ZT_OK;
}

/* ---- changesets ----------------------------------------------------------------------------------------------------------- */

int zone_edit_apply(struct zone_edit *edit, const struct changeset *change)
{
	struct change_record record;

	for (size_t pos = 0; change_record_next(&change->removed, &pos, &record);) {
		int status = zone_edit_remove(edit, record.owner, record.type, record.rdata, record.rdata_len);
		if (status != ZT_OK)
			return status == ZT_ENOENT ? ZT_EDIFF : status;
	}
	for (size_t pos = 0; change_record_next(&change->added, &pos, &record);) {
		int status = zone_edit_add(edit, &record);
		if (status != ZT_OK)
			return status == ZT_EEXIST || status == ZT_EOUTOFZONE ? ZT_EDIFF : status;
	}
	return ZT_OK;
}

int zone_edit_changeset(const struct zone_edit *edit, struct changeset *out)
{
	return zone_diff(zone_current(edit->zone), zone_edit_view(edit), out);
}

bool zone_edit_is_empty(const struct zone_edit *edit)
{
	return !diff_exists(zone_current(edit->zone), zone_edit_view(edit));
}

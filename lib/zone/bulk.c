/* A bulk build: records into drafts of names, drafts into leaves. */
#include "lib/zone/bulk.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/wire.h"
#include "lib/dns/rdata.h"
#include "lib/dns/rrtype.h"
#include "lib/zone/bulk_leaves.h"

/* An RRset of the name in hand. */
struct draft {
	uint16_t type;
	uint16_t covers;
	uint32_t ttl;
	uint32_t count;
	uint32_t capacity;
	uint32_t *at;              /* in canonical order, where each rdata (length 16, bytes) lies in bulk->rdata; kept for later drafts */
	size_t size;               /* of all */
};

struct zone_bulk {
	struct zone_edit *edit;
	struct bulk_leaves leaves;
	struct bulk_name name;     /* in hand */
	bool has_name;
	size_t leaf_index;         /* of the name in hand */
	size_t owner_len;
	uint8_t owner[NAME_MAX_LEN];
	struct draft *drafts;
	unsigned draft_count;
	unsigned draft_capacity;
	struct buf rdata;
	size_t dead;               /* bytes of leaves that were packed anew */
};

int zone_bulk_begin(struct zone_edit *edit, struct zone_bulk **out)
{
	if (edit->version->root || edit->built)
		return ZT_EINVAL;
	struct zone_bulk *bulk = calloc(1, sizeof(*bulk));
	if (!bulk)
		return ZT_ENOMEM;
	bulk->edit = edit;
	bulk->leaves.apex_len = edit->zone->apex_len;
	buf_init(&bulk->rdata);
	int status = region_new(0, &bulk->leaves.region);
	if (status != ZT_OK) {
		free(bulk);
		return status;
	}
	*out = bulk;
	return ZT_OK;
}

static void bulk_free(struct zone_bulk *bulk)
{
	for (unsigned i = 0; i < bulk->draft_capacity; i++)
		free(bulk->drafts[i].at);
	free(bulk->drafts);
	buf_fini(&bulk->rdata);
	bulk_leaves_fini(&bulk->leaves);
	free(bulk);
}

void zone_bulk_abort(struct zone_bulk *bulk)
{
	if (!bulk)
		return;
	region_free(bulk->leaves.region);
	bulk_free(bulk);
}

/* ---- drafts -------------------------------------------------------------------------------------------------------------------- */

static struct draft *draft_get(struct zone_bulk *bulk, uint16_t type, uint16_t covers)
{
	for (unsigned i = 0; i < bulk->draft_count; i++) {
		if (bulk->drafts[i].type == type && bulk->drafts[i].covers == covers)
			return &bulk->drafts[i];
	}
	return NULL;
}

/* NULL when memory is out. */
static struct draft *draft_add(struct zone_bulk *bulk, uint16_t type, uint16_t covers)
{
	if (bulk->draft_count == bulk->draft_capacity) {
		unsigned capacity = bulk->draft_capacity ? 2 * bulk->draft_capacity : 4;
		struct draft *grown = realloc(bulk->drafts, capacity * sizeof(*grown));
		if (!grown)
			return NULL;
		memset(grown + bulk->draft_capacity, 0, (capacity - bulk->draft_capacity) * sizeof(*grown));
		bulk->drafts = grown;
		bulk->draft_capacity = capacity;
	}
	struct draft *draft = &bulk->drafts[bulk->draft_count++];
	draft->type = type;
	draft->covers = covers;
	draft->count = 0;
	draft->size = 0;
	return draft;
}

static int order_at(const struct zone_bulk *bulk, const struct draft *draft, unsigned index, const struct change_record *record)
{
	const uint8_t *other = bulk->rdata.data + draft->at[index];
	uint16_t len;

	memcpy(&len, other, sizeof(len));
	return rdata_cmp(draft->type, record->rdata, record->rdata_len, other + sizeof(len), len);
}

/* How many of the draft's rdata lie before the record's; most files have them in order. */
static unsigned place_of(const struct zone_bulk *bulk, const struct draft *draft, const struct change_record *record, bool *is_there)
{
	unsigned begin = 0, end = draft->count;

	*is_there = false;
	if (end > 0) {
		int order = order_at(bulk, draft, end - 1, record);
		if (order > 0)
			return end;
		*is_there = order == 0;
		end--;
	}
	while (begin < end && !*is_there) {
		unsigned middle = begin + (end - begin) / 2;
		int order = order_at(bulk, draft, middle, record);
		*is_there = order == 0;
		if (order > 0)
			begin = middle + 1;
		else
			end = middle;
	}
	return begin;
}

static int draft_insert(struct zone_bulk *bulk, struct draft *draft, unsigned place, const struct change_record *record)
{
	if (draft->count == draft->capacity) {
		uint32_t capacity = draft->capacity ? 2 * draft->capacity : 4;
		uint32_t *grown = realloc(draft->at, capacity * sizeof(*grown));
		if (!grown)
			return ZT_ENOMEM;
		draft->at = grown;
		draft->capacity = capacity;
	}
	memmove(draft->at + place + 1, draft->at + place, (draft->count - place) * sizeof(*draft->at));
	draft->at[place] = (uint32_t)bulk->rdata.len;
	draft->count++;
	draft->size += sizeof(record->rdata_len) + (size_t)record->rdata_len;
	buf_add(&bulk->rdata, &record->rdata_len, sizeof(record->rdata_len));
	buf_add(&bulk->rdata, record->rdata, record->rdata_len);
	return bulk->rdata.status;
}

static int record_draft(struct zone_bulk *bulk, const struct change_record *record, uint32_t *ttl)
{
	uint16_t covers = record->type == TYPE_RRSIG && record->rdata_len >= 2 ? wire_get_u16(record->rdata) : 0;
	struct draft *draft = draft_get(bulk, record->type, covers);
	bool is_there;

	if (!draft) {
		if (bulk->draft_count == UINT16_MAX)
			return ZT_ELIMIT;
		draft = draft_add(bulk, record->type, covers);
		if (!draft)
			return ZT_ENOMEM;
		draft->ttl = record->ttl;
	}
	*ttl = draft->ttl;
	unsigned place = place_of(bulk, draft, record, &is_there);
	if (is_there)
		return ZT_EEXIST;
	if (draft->count == UINT16_MAX || bulk->rdata.len + record->rdata_len > UINT32_MAX - 2u)
		return ZT_ELIMIT;
	return draft_insert(bulk, draft, place, record);
}

/* ---- from and to leaves ---------------------------------------------------------------------------------------------------------- */

static int order_of_drafts(const void *a, const void *b)
{
	const struct draft *x = a, *y = b;
	return x->type != y->type ? x->type - y->type : x->covers - y->covers;
}

static uint8_t *draft_write(const struct zone_bulk *bulk, const struct draft *draft, uint8_t *out)
{
	const uint8_t *rdata = bulk->rdata.data;
	uint16_t len;

	out = znode_set_begin(out, &(struct rrset){ draft->type, draft->covers, (uint16_t)draft->count, draft->ttl, NULL, draft->size });
	for (uint32_t i = 0; i < draft->count; i++) {
		memcpy(&len, rdata + draft->at[i], sizeof(len));
		memcpy(out, rdata + draft->at[i], sizeof(len) + (size_t)len);
		out += sizeof(len) + (size_t)len;
	}
	return out;
}

/* Packs the name in hand as a leaf. */
static int flush(struct zone_bulk *bulk)
{
	struct region *region = bulk->leaves.region;
	size_t size = sizeof(struct znode) + bulk->owner_len;

	if (!bulk->has_name)
		return ZT_OK;
	if (bulk->draft_count > 1)
		qsort(bulk->drafts, bulk->draft_count, sizeof(*bulk->drafts), order_of_drafts);
	for (unsigned i = 0; i < bulk->draft_count; i++)
		size += znode_set_head_size(bulk->drafts[i].type, (uint16_t)bulk->drafts[i].count) + bulk->drafts[i].size;
	size = node_align(size);
	int status = region_reserve(region, size);
	if (status == ZT_OK && (region->used + size) / NODE_ALIGN > UINT32_MAX)
		status = ZT_ELIMIT;
	if (status != ZT_OK)
		return status;
	struct znode *node = (struct znode *)(region->base + region->used);
	*node = (struct znode){ .owner_len = (uint8_t)bulk->owner_len, .rrset_count = (uint16_t)bulk->draft_count };
	memcpy(node->bytes, bulk->owner, bulk->owner_len);
	uint8_t *out = node->bytes + bulk->owner_len;
	for (unsigned i = 0; i < bulk->draft_count; i++) {
		node->flags |= znode_flag_of(bulk->drafts[i].type);
		out = draft_write(bulk, &bulk->drafts[i], out);
	}
	/* The image is made of these bytes, so none is left to chance. */
	memset(out, 0, (size_t)((uint8_t *)node + size - out));
	bulk->leaves.leaf[bulk->leaf_index].at = (uint32_t)(region->used / NODE_ALIGN);
	region->used += size;
	bulk->has_name = false;
	return ZT_OK;
}

/* Takes a leaf's records up again. */
static int unpack(struct zone_bulk *bulk, const struct znode *node)
{
	struct rrset set;
	const uint8_t *p;
	uint32_t ttl;

	for (size_t pos = 0; znode_next(node, &pos, &set);) {
		struct change_record record = { .type = set.type, .ttl = set.ttl };
		p = set.rdata;
		while (rrset_next(&set, &p, &record.rdata, &record.rdata_len)) {
			int status = record_draft(bulk, &record, &ttl);
			if (status != ZT_OK)
				return status;
		}
	}
	bulk->dead += node_align(znode_size(node));
	return ZT_OK;
}

static bool is_in_hand(const struct zone_bulk *bulk, const uint8_t *owner, size_t len)
{
	return bulk->has_name && bulk->owner_len == len && memcmp(bulk->owner, owner, len) == 0;
}

/* Takes a name in hand. */
static int turn_to(struct zone_bulk *bulk, const uint8_t *owner, size_t len)
{
	bool is_new;

	if (bulk->has_name && name_equal(bulk->owner, owner))
		return ZT_OK;
	int status = flush(bulk);
	if (status != ZT_OK)
		return status;
	bulk_name_make(&bulk->name, owner, bulk->leaves.apex_len);
	status = bulk_leaf_find(&bulk->leaves, &bulk->name, &bulk->leaf_index, &is_new);
	if (status != ZT_OK)
		return status;
	bulk->draft_count = 0;
	buf_clear(&bulk->rdata);
	const struct znode *node = is_new ? NULL : bulk_node(&bulk->leaves, &bulk->leaves.leaf[bulk->leaf_index]);
	bulk->owner_len = len;
	memcpy(bulk->owner, node ? node->bytes : owner, len);
	bulk->has_name = true;
	return node ? unpack(bulk, node) : ZT_OK;
}

int zone_bulk_add(struct zone_bulk *bulk, const struct change_record *record, uint32_t *ttl)
{
	size_t len = name_len(record->owner);

	if (!is_in_hand(bulk, record->owner, len)) {
		int status = turn_to(bulk, record->owner, len);
		if (status != ZT_OK)
			return status;
	}
	return record_draft(bulk, record, ttl);
}

/* ---- finishing ------------------------------------------------------------------------------------------------------------------- */

/* Where much of the region is of no use, the leaves move to another, in order. */
static int compact(struct zone_bulk *bulk)
{
	struct bulk_leaves *leaves = &bulk->leaves;
	struct region *region, *old = leaves->region;

	if (bulk->dead <= old->used / 8)
		return ZT_OK;
	int status = region_new(old->used - bulk->dead, &region);
	if (status != ZT_OK)
		return status;
	for (size_t i = 0; i < leaves->count; i++) {
		const struct znode *node = bulk_node(leaves, &leaves->leaf[i]);
		size_t size = node_align(znode_size(node));
		memcpy((void *)(region->base + region->used), node, size);
		leaves->leaf[i].at = (uint32_t)(region->used / NODE_ALIGN);
		region->used += size;
	}
	bulk->dead = 0;
	leaves->region = region;
	region_free(old);
	return ZT_OK;
}

static void adopt(struct zone_bulk *bulk, const struct bulk_tree *tree)
{
	struct zone_edit *edit = bulk->edit;
	struct bulk_leaves *leaves = &bulk->leaves;
	struct region *region = leaves->region;

	region_seal(region, tree->root, bulk->dead);
	const struct znode *first = bulk_node(leaves, &leaves->leaf[0]);
	edit_adopt(edit, region, &(struct graft_whole){ .root = region->root | (tree->root & TWIG_TAGS),
		.apex = first->owner_len == leaves->apex_len ? first : NULL, .name_count = leaves->count,
		.record_count = tree->record_count, .sum = tree->sum });
}

int zone_bulk_finish(struct zone_bulk *bulk)
{
	struct bulk_tree tree;

	int status = flush(bulk);
	if (status == ZT_OK)
		status = bulk_leaves_sort(&bulk->leaves);
	if (status == ZT_OK)
		status = compact(bulk);
	if (status == ZT_OK)
		status = bulk_tree_build(&bulk->leaves, &bulk->edit->zone->key, &tree);
	if (status != ZT_OK || bulk->leaves.count == 0) {
		zone_bulk_abort(bulk);
		return status;
	}
	adopt(bulk, &tree);
	bulk_free(bulk);
	return ZT_OK;
}

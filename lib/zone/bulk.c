/* A bulk build: records into drafts of names, drafts into leaves. */
#include "lib/zone/bulk.h"

#include <stdlib.h>
#include <string.h>

#include "lib/zone/bulk_leaves.h"
#include "lib/zone/draft.h"

struct zone_bulk {
	struct zone_edit *edit;
	struct bulk_leaves leaves;
	struct bulk_name name;     /* in hand */
	bool has_name;
	size_t leaf_index;         /* of the name in hand */
	size_t owner_len;
	uint8_t owner[NAME_MAX_LEN];
	struct drafts drafts;      /* its records */
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
	drafts_init(&bulk->drafts);
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
	drafts_fini(&bulk->drafts);
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

/* ---- from and to leaves ---------------------------------------------------------------------------------------------------------- */

/* Packs the name in hand as a leaf. */
static int flush(struct zone_bulk *bulk)
{
	struct region *region = bulk->leaves.region;
	struct drafts *drafts = &bulk->drafts;
	size_t size = sizeof(struct znode) + bulk->owner_len;

	if (!bulk->has_name)
		return ZT_OK;
	drafts_sort(drafts);
	for (unsigned i = 0; i < drafts->count; i++)
		size += znode_set_head_size(drafts->list[i].type, (uint16_t)drafts->list[i].count) + drafts->list[i].size;
	size = node_align(size);
	int status = region_reserve(region, size);
	if (status == ZT_OK && (region->used + size) / NODE_ALIGN > UINT32_MAX)
		status = ZT_ELIMIT;
	if (status != ZT_OK)
		return status;
	struct znode *node = (struct znode *)(region->base + region->used);
	*node = (struct znode){ .owner_len = (uint8_t)bulk->owner_len, .rrset_count = (uint16_t)drafts->count };
	memcpy(node->bytes, bulk->owner, bulk->owner_len);
	uint8_t *out = node->bytes + bulk->owner_len;
	for (unsigned i = 0; i < drafts->count; i++) {
		const struct draft *draft = &drafts->list[i];
		node->flags |= znode_flag_of(draft->type);
		out = znode_set_begin(out, &(struct rrset){ draft->type, draft->covers, (uint16_t)draft->count, draft->ttl, NULL, draft->size });
		out = draft_write(drafts, draft, out);
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

	for (size_t pos = 0; znode_next(node, &pos, &set);) {
		int status = drafts_add_rrset(&bulk->drafts, &set);
		if (status != ZT_OK)
			return status;
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
	drafts_clear(&bulk->drafts);
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
	return drafts_add(&bulk->drafts, record, ttl);
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

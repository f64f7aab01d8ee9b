/* The inside of a bulk build: the index of leaves, their order, the branches above them. Not for others. */
#pragma once

#include "lib/zone/graft.h"
#include "lib/zone/region.h"

enum {
	PREFIX_SYMBOLS = 10,               /* of a key, in a leaf's prefix */
	RUNS_MAX = 16,
};

struct bulk_leaf {
	uint64_t prefix;                   /* the first symbols of its key, 6 bits each, the first one highest */
	uint32_t at;                       /* its node, in NODE_ALIGN steps from the region's base */
	uint32_t hash;                     /* of the key, where leaves are hashed */
};

/* Leaves in ascending order. */
struct bulk_run {
	size_t begin;
	size_t end;
	size_t cursor;                     /* the first that the name in hand does not lie behind */
};

struct bulk_leaves {
	struct region *region;
	size_t apex_len;
	struct bulk_leaf *leaf;
	size_t count;
	size_t capacity;
	struct bulk_run run[RUNS_MAX];     /* the last one grows */
	unsigned run_count;
	size_t reach;                      /* the leaf up to which the cursors have moved; not before the end of the last run */
	uint32_t *slot;                    /* hash table: index of a leaf + 1, 0 = free; NULL while there are few runs */
	size_t slot_mask;
	struct key scratch;
};

/* The name in hand. */
struct bulk_name {
	uint64_t prefix;
	struct key key;
};

static inline struct znode *bulk_node(const struct bulk_leaves *leaves, const struct bulk_leaf *leaf)
{
	return (struct znode *)(leaves->region->base + (uintptr_t)leaf->at * NODE_ALIGN);
}

void bulk_name_make(struct bulk_name *name, const uint8_t *owner, size_t apex_len);
/* The leaf of that name: an index below leaves->count, or leaves->count where it is new and has been appended (its `at` is to be set). */
int bulk_leaf_find(struct bulk_leaves *leaves, const struct bulk_name *name, size_t *index, bool *is_new) ZT_MUST_CHECK;
/* Sorts them; the order of coming is lost. */
int bulk_leaves_sort(struct bulk_leaves *leaves) ZT_MUST_CHECK;
void bulk_leaves_fini(struct bulk_leaves *leaves);

/* What lies above the leaves. */
struct bulk_tree {
	twig_t root;
	struct zone_summary sum;
	size_t record_count;
};

/* Builds the branches above sorted leaves into their region. */
int bulk_tree_build(struct bulk_leaves *leaves, const struct fingerprint_key *key, struct bulk_tree *out) ZT_MUST_CHECK;

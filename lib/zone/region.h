/* A block of memory that holds many nodes of one zone, made at once: by a bulk load, or read from an image.
 *
 * Its nodes have generation 0 and are never changed in place, so an edit takes them for shared ones. They are not freed singly: the region
 * counts the bytes of those that are still needed and goes when none is left, or with its zone. A branch of a region leads only to nodes
 * of the same region. Only the editing thread looks at regions.
 *
 * A large region is a mapping of its own, aligned to and asking for large pages: a look-up touches a few nodes far apart, and with small
 * pages the processor would have to find each node's page in memory first. A small one is a heap block.
 */
#pragma once

#include "lib/zone/trie.h"

struct region {
	struct region *next;
	uintptr_t base;
	size_t used;               /* bytes from base taken by nodes */
	size_t capacity;           /* bytes that can be written while it is being filled */
	size_t reserved;           /* bytes of address space; 0: a heap block */
	size_t live;               /* bytes of nodes that have not been freed */
	uintptr_t root;            /* address of the node that all others hang below */
};

static inline size_t node_align(size_t size)
{
	return (size + NODE_ALIGN - 1) & ~(size_t)(NODE_ALIGN - 1);
}

static inline bool region_has(const struct region *region, twig_t twig)
{
	return (twig & ~(twig_t)TWIG_TAGS) - region->base < region->used;
}

/* The region of a list that the node lies in, or NULL. */
static inline struct region *region_find(struct region *list, twig_t twig)
{
	while (list && !region_has(list, twig))
		list = list->next;
	return list;
}

/* An empty region with room for `size` bytes at first. */
int region_new(size_t size, struct region **out) ZT_MUST_CHECK;
void region_free(struct region *region);
/* Makes room for `size` more bytes, a multiple of NODE_ALIGN. The base may move until the region is sealed. */
int region_reserve(struct region *region, size_t size) ZT_MUST_CHECK;
/* Gives back what is not used; no more room can be made. `root` leads to all of it; `dead` bytes are of no use already. */
void region_seal(struct region *region, twig_t root, size_t dead);
/* The node is needed no more, nor with TWIG_SUBTREE what lies below it. True: nothing of the region is. */
bool region_release(struct region *region, twig_t twig) ZT_MUST_CHECK;

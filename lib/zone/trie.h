/* The trie's branches and the walks that only read (a qp-trie: path-compressed, popcount-indexed, over the symbols of key.h).
 *
 * A branch tells apart the keys below it by the symbol at one offset, the first at which they differ; offsets grow downwards. Its
 * shape follows from the set of keys alone. A twig is a tagged address to a branch or a znode; the tags say what a descent must know
 * about it. Branches keep their twigs relative to themselves, so that what lies in one block of memory can be moved or mapped
 * anywhere as it is (image.h), and a branch may lead into another block. Nodes are aligned to NODE_ALIGN bytes. Offset, bitmap and the first twigs share a cache line; the fingerprint, which look-ups don't need, comes last.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "lib/zone/key.h"
#include "lib/zone/znode.h"

typedef uintptr_t twig_t;      /* the node's address and tags; 0: no twig */

enum { NODE_ALIGN = 16 };

enum {
	TWIG_LEAF = 1,
	TWIG_NS = 2,               /* leaf only: owns NS */
	TWIG_DNAME = 4,            /* leaf only: owns DNAME */
	TWIG_SUBTREE = 2,          /* branch in a list of retired nodes only: all that hangs below is meant too */
	TWIG_NSEC3 = 8,            /* a leaf that owns NSEC3, or a branch with such a leaf below it */
	TWIG_TAGS = 15,
};

struct branch {
	uint64_t word;             /* bitmap of the symbols present, and above BRANCH_OFFSET_SHIFT the offset */
	uint32_t generation;       /* of the version that made it */
	uint32_t count;            /* RRsets below, see zone.h */
	uintptr_t twig[];          /* by symbol, less the branch's own address; then the struct fingerprint of what lies below */
};

enum { BRANCH_OFFSET_SHIFT = 52 };

static inline bool twig_is_leaf(twig_t twig)
{
	return twig & TWIG_LEAF;
}

static inline struct znode *twig_leaf(twig_t twig)
{
	return (struct znode *)(twig & ~(twig_t)TWIG_TAGS);
}

static inline struct branch *twig_branch(twig_t twig)
{
	return (struct branch *)(twig & ~(twig_t)TWIG_TAGS);
}

static inline twig_t twig_of_leaf(const struct znode *node)
{
	return (twig_t)node | TWIG_LEAF | (node->flags & ZNODE_HAS_NS ? TWIG_NS : 0) | (node->flags & ZNODE_HAS_DNAME ? TWIG_DNAME : 0)
	       | (node->flags & ZNODE_HAS_NSEC3 ? TWIG_NSEC3 : 0);
}

static inline uint32_t twig_generation(twig_t twig)
{
	return twig_is_leaf(twig) ? twig_leaf(twig)->generation : twig_branch(twig)->generation;
}

static inline unsigned bit_count(uint64_t x)
{
	x -= x >> 1 & UINT64_C(0x5555555555555555);
	x = (x & UINT64_C(0x3333333333333333)) + (x >> 2 & UINT64_C(0x3333333333333333));
	x = (x + (x >> 4)) & UINT64_C(0x0f0f0f0f0f0f0f0f);
	return (unsigned)(x * UINT64_C(0x0101010101010101) >> 56);
}

static inline unsigned branch_offset(const struct branch *branch)
{
	return (unsigned)(branch->word >> BRANCH_OFFSET_SHIFT);
}

static inline uint64_t branch_bitmap(const struct branch *branch)
{
	return branch->word & ((UINT64_C(1) << BRANCH_OFFSET_SHIFT) - 1);
}

static inline bool branch_has(const struct branch *branch, unsigned symbol)
{
	return branch->word >> symbol & 1;
}

/* How many twigs lie before the symbol's. */
static inline unsigned branch_index(const struct branch *branch, unsigned symbol)
{
	return bit_count(branch->word & ((UINT64_C(1) << symbol) - 1));
}

static inline unsigned branch_twigs(const struct branch *branch)
{
	return bit_count(branch_bitmap(branch));
}

static inline twig_t branch_twig(const struct branch *branch, unsigned index)
{
	return (uintptr_t)branch + branch->twig[index];
}

static inline void branch_set_twig(struct branch *branch, unsigned index, twig_t twig)
{
	branch->twig[index] = twig - (uintptr_t)branch;
}

/* After the branch's bytes were copied from another address: its twigs lead to where they led there. */
static inline void branch_moved(struct branch *branch, uintptr_t from)
{
	for (unsigned i = 0, twigs = branch_twigs(branch); i < twigs; i++)
		branch->twig[i] += from - (uintptr_t)branch;
}

static inline twig_t twig_of_branch(const struct branch *branch)
{
	twig_t tags = 0;

	for (unsigned i = 0, twigs = branch_twigs(branch); i < twigs; i++)
		tags |= branch->twig[i];
	return (twig_t)branch | (tags & TWIG_NSEC3);
}

static inline size_t branch_size(unsigned twigs)
{
	return sizeof(struct branch) + twigs * sizeof(twig_t) + sizeof(struct fingerprint);
}

static inline struct zone_summary branch_summary(const struct branch *branch)
{
	struct zone_summary sum = { .count = branch->count };
	memcpy(&sum.fingerprint, branch->twig + branch_twigs(branch), sizeof(sum.fingerprint));
	return sum;
}

static inline void branch_set_summary(struct branch *branch, struct zone_summary sum)
{
	branch->count = (uint32_t)sum.count;
	memcpy(branch->twig + branch_twigs(branch), &sum.fingerprint, sizeof(sum.fingerprint));
}

/* The first and the last leaf below a twig. */
const struct znode *twig_first_leaf(twig_t twig);
const struct znode *twig_last_leaf(twig_t twig);

/* Where a key lies, or would lie, in a trie. */
enum seek_end {
	SEEK_EXACT,                /* `leaf` has the key; it is the last branch's twig, or the root */
	SEEK_MISSING,              /* the last branch has no twig for the key's symbol; it would be twig[depth - 1] */
	SEEK_BEFORE,               /* before all that lies below the last branch's twig (or below the root) */
	SEEK_BEHIND,               /* behind all that lies there */
};

struct seek {
	enum seek_end end;
	unsigned depth;            /* branches passed */
	unsigned common;           /* symbols that the key shares with its nearest relations; all when exact */
	const struct znode *leaf;  /* one of these relations; NULL in an empty trie, which ends SEEK_BEFORE */
	struct branch *path[KEY_MAX];
	uint8_t twig[KEY_MAX];     /* index taken at each branch */
	struct key leaf_key;       /* of `leaf`, unless exact */
};

void trie_seek(struct seek *seek, twig_t root, size_t apex_len, const struct key *key);

/* Whether the node's owner is the name that the key was made of. */
bool znode_is_named(const struct znode *node, const uint8_t *name, const struct key *key);

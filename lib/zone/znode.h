/* One owner name with its RRsets, packed in one allocation; made once, then read only.
 *
 *     generation, rrset_count, flags, owner_len | owner | RRset | RRset | …       sorted by (type, covers)
 *     RRset: type 2, TTL 4, count 2, [covers 2 where type is RRSIG], [bytes of rdata 4 where count is not 1], rdata
 *     rdata: count times a 16-bit length and that many bytes, in canonical order
 *
 * Numbers are in host order and unaligned. A change makes a new node from the old one and what is to be put in the place of one RRset.
 */
#pragma once

#include "lib/zone/zone.h"

struct znode {
	uint32_t generation;      /* of the version that made it */
	uint16_t rrset_count;
	uint8_t flags;            /* ZNODE_HAS_… */
	uint8_t owner_len;
	uint8_t bytes[];
};

/* Where an RRset lies in a node, or would lie: bytes [begin, end) of node->bytes; begin == end where there is none. */
struct znode_slot {
	uint16_t type;
	uint16_t covers;
	size_t begin;
	size_t end;
	struct rrset set;         /* count 0 where there is none */
};

/* What an RRset is to become: the rdata pieces, one after another. Count 0: nothing, the RRset goes. */
struct znode_change {
	uint16_t count;
	uint32_t ttl;
	struct { const uint8_t *data; size_t len; } piece[4];
};

static inline size_t znode_owner_len(const struct znode *node)
{
	return node->owner_len;
}

/* Bytes that a heap block of `size` takes, the allocator's own included (glibc: 16-byte steps, 8 bytes of header). */
static inline size_t block_cost(size_t size)
{
	return size <= 24 ? 32 : (size + 8 + 15) & ~(size_t)15;
}

/* Bytes of the node itself. */
size_t znode_size(const struct znode *node);
size_t znode_record_count(const struct znode *node);

/* For who packs nodes itself: what an RRset's head takes, which the rdata follow; writing it (rdata_size is meant to follow);
 * and the flag of a node that has the type. */
size_t znode_set_head_size(uint16_t type, uint16_t count);
uint8_t *znode_set_begin(uint8_t *out, const struct rrset *set);
uint8_t znode_flag_of(uint16_t type);

/* Finds the RRset or its place; `node` may be NULL (a name without records yet). */
struct znode_slot znode_locate(const struct znode *node, uint16_t type, uint16_t covers);
/* The node with `change` in the place of the slot; the owner is the old node's, or `owner` where old is NULL. NULL when memory is out.
 * At least one RRset must remain. */
struct znode *znode_make(const struct znode *old, const uint8_t *owner, const struct znode_slot *slot, const struct znode_change *change)
	ZT_MUST_CHECK;

/* Whether counts and fingerprints cover an RRset of the apex: not SOA, ZONEMD and their signatures. */
bool rrset_is_counted_at_apex(const struct rrset *set);
/* Count and fingerprint of the node's RRsets. */
struct zone_summary znode_summary(const struct znode *node, const struct fingerprint_key *key, bool is_apex);

static inline struct zone_summary summary_add(struct zone_summary a, struct zone_summary b)
{
	return (struct zone_summary){ a.count + b.count, fingerprint_add(a.fingerprint, b.fingerprint) };
}

static inline struct zone_summary summary_sub(struct zone_summary a, struct zone_summary b)
{
	return (struct zone_summary){ a.count - b.count, fingerprint_sub(a.fingerprint, b.fingerprint) };
}

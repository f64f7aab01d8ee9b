/* The store of everything resolverd remembers: a hash table in shards, bounded in bytes, swept by a CLOCK hand.
 *
 * What an entry means is the business of the modules beside this one (rrsets, negative, messages, infra); each entry is one allocation that
 * begins with struct cache_entry and is known by its tag (kind, flags, type) and key bytes. All kinds share one budget, so nothing has to be
 * divided beforehand.
 *
 * Threads: any number. A shard is locked for as long as it takes to find an entry and copy it out (about 0.1 µs, against some 3 µs of
 * system calls a query costs anyway), so locks are as good as lock-free reads here and buy what those can't give: bytes freed at once, exact
 * accounting, and a sweep that is never behind. No pointer to an entry outlives its lock.
 *
 * Accounting: `used` counts for each entry what the allocator really took, plus the slot tables. It never exceeds the budget.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/arena.h"
#include "lib/base/clock.h"
#include "lib/base/status.h"

enum cache_kind { CACHE_RRSET, CACHE_NEGATIVE, CACHE_FAILURE, CACHE_MESSAGE, CACHE_SERVER, CACHE_LAME, CACHE_KINDS };

/* The tag of an entry of a kind; `type` is an RR type or 0. */
static inline uint32_t cache_tag(enum cache_kind kind, uint8_t flags, uint16_t type)
{
	return (uint32_t)kind << 24 | (uint32_t)flags << 16 | type;
}

static inline enum cache_kind cache_tag_kind(uint32_t tag) { return (enum cache_kind)(tag >> 24); }
static inline uint16_t cache_tag_type(uint32_t tag) { return (uint16_t)tag; }

struct cache_entry {
	uint64_t hash;
	usec_t expires;          /* from then on nobody wants it; the sweep takes it first */
	uint32_t cost;           /* bytes; set by cache_entry_new */
	uint32_t tag;
	uint16_t key_len;
	uint8_t key_at;          /* offset of the key in the entry; the key follows the kind's fixed part */
	uint8_t referenced;      /* used since the hand passed */
};

struct cache_key {
	uint64_t hash;
	uint32_t tag;
	uint16_t key_len;
	const uint8_t *key;
};

struct cache_shard;

struct cache {
	struct cache_shard *shards;
	uint32_t shard_count;            /* a power of two */
	uint64_t seed;                   /* of all hashes */
	_Atomic uint32_t generation;     /* of ready-made messages, see messages.h */
};

/* For reading: copies of what is found go to the arena. */
struct cache_reader {
	struct cache *cache;
	struct arena *arena;
	usec_t now;
};

struct cache_stats {
	uint64_t used, budget;                 /* bytes */
	uint64_t entries[CACHE_KINDS];
	uint64_t evicted;                      /* entries that were still good */
};

/* `size`: budget in bytes, at least CACHE_MIN_SIZE. */
enum { CACHE_MIN_SIZE = 64 * 1024 };
int cache_init(struct cache *cache, uint64_t size, uint64_t seed) ZT_MUST_CHECK;
void cache_fini(struct cache *cache);
/* Changes the budget (shards stay as many as they are); evicts at once what is too much. */
void cache_resize(struct cache *cache, uint64_t size, usec_t now);
void cache_stats(struct cache *cache, struct cache_stats *stats);

/* The key of a name, which must be in lower case. */
struct cache_key cache_key_of_name(const struct cache *cache, uint32_t tag, const uint8_t *name);

struct cache_shard *cache_lock(struct cache *cache, uint64_t hash);
void cache_unlock(struct cache_shard *shard);
/* Borrowed while the shard is locked; also entries that have expired. Counts as a use. */
struct cache_entry *cache_find(struct cache_shard *shard, const struct cache_key *key);
/* Takes the entry away from its owner: it is in the table, or freed because it is too large. Replaces the entry of the same key. */
bool cache_put_take(struct cache_shard *shard, struct cache_entry *entry, usec_t now);
bool cache_remove(struct cache_shard *shard, const struct cache_key *key);

/* An entry with `fixed` bytes of the kind's struct, the key, and `extra` bytes behind it. NULL when memory is out. */
struct cache_entry *cache_entry_new(const struct cache_key *key, size_t fixed, size_t extra);
void cache_entry_free(struct cache_entry *entry);
static inline const uint8_t *cache_entry_key(const struct cache_entry *entry)
{
	return (const uint8_t *)entry + entry->key_at;
}
/* The `extra` bytes of cache_entry_new. */
static inline uint8_t *cache_entry_extra(struct cache_entry *entry)
{
	return (uint8_t *)entry + entry->key_at + entry->key_len;
}

enum cache_verdict { CACHE_KEEP, CACHE_DROP };
typedef enum cache_verdict (*cache_visitor)(struct cache_entry *entry, void *ctx);
/* Shows every entry at least once (an entry may be shown twice when others are dropped), a shard locked at a time. Returns how many
 * were dropped. */
uint64_t cache_each(struct cache *cache, cache_visitor visitor, void *ctx);

/* Makes all ready-made messages invalid: after a flush, and when the settings they were made with change. */
static inline void cache_messages_outdate(struct cache *cache)
{
	atomic_fetch_add_explicit(&cache->generation, 1, memory_order_relaxed);
}

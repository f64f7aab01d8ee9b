/* The sharded store: open addressing with linear probing and backward-shift deletion, one mutex a shard. */
#include "resolverd/cache/cache.h"

#include <assert.h>
#include <malloc.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "lib/dns/name.h"

enum {
	SHARD_MAX = 64,
	SHARD_BYTES = 1 << 20,      /* a shard more for each of these bytes of budget */
	FIRST_SLOTS = 64,
	LARGEST_SHARE = 4,          /* an entry above budget / LARGEST_SHARE of its shard is not kept */
};

struct slot {
	uint64_t hash;
	struct cache_entry *entry;      /* NULL = free */
};

struct cache_shard {
	pthread_mutex_t lock;
	struct slot *slots;
	uint32_t mask;
	uint32_t count;
	uint32_t hand;
	uint64_t used;
	uint64_t budget;
	uint64_t evicted;
	uint64_t entries[CACHE_KINDS];
} __attribute__((aligned(64)));

static uint64_t allocated(void *block)
{
	/* The allocator's own word in front of a block counts too. */
	return malloc_usable_size(block) + sizeof(size_t);
}

static int shard_init(struct cache_shard *shard, uint64_t budget)
{
	memset(shard, 0, sizeof(*shard));
	shard->slots = calloc(FIRST_SLOTS, sizeof(*shard->slots));
	if (!shard->slots)
		return ZT_ENOMEM;
	pthread_mutex_init(&shard->lock, NULL);
	shard->mask = FIRST_SLOTS - 1;
	shard->budget = budget;
	shard->used = allocated(shard->slots);
	return ZT_OK;
}

static void shard_fini(struct cache_shard *shard)
{
	for (uint32_t i = 0; i <= shard->mask; i++)
		free(shard->slots[i].entry);
	free(shard->slots);
	pthread_mutex_destroy(&shard->lock);
}

int cache_init(struct cache *cache, uint64_t size, uint64_t seed)
{
	uint32_t count = 1;

	assert(size >= CACHE_MIN_SIZE);
	while (count < SHARD_MAX && (uint64_t)count * 2 * SHARD_BYTES <= size)
		count *= 2;
	*cache = (struct cache){ .seed = seed };
	cache->shards = aligned_alloc(64, count * sizeof(*cache->shards));
	if (!cache->shards)
		return ZT_ENOMEM;
	for (cache->shard_count = 0; cache->shard_count < count; cache->shard_count++) {
		if (shard_init(&cache->shards[cache->shard_count], size / count) != ZT_OK) {
			cache_fini(cache);
			return ZT_ENOMEM;
		}
	}
	return ZT_OK;
}

void cache_fini(struct cache *cache)
{
	for (uint32_t i = 0; i < cache->shard_count; i++)
		shard_fini(&cache->shards[i]);
	free(cache->shards);
	*cache = (struct cache){ 0 };
}

struct cache_shard *cache_lock(struct cache *cache, uint64_t hash)
{
	/* Slots go by the low bits, shards by the high ones. */
	struct cache_shard *shard = &cache->shards[(uint32_t)(hash >> 32) & (cache->shard_count - 1)];
	pthread_mutex_lock(&shard->lock);
	return shard;
}

void cache_unlock(struct cache_shard *shard)
{
	pthread_mutex_unlock(&shard->lock);
}

struct cache_key cache_key_of_name(const struct cache *cache, uint32_t tag, const uint8_t *name)
{
	uint64_t hash = name_hash(name, cache->seed ^ (uint64_t)tag * UINT64_C(0x9e3779b97f4a7c15));
	return (struct cache_key){ .hash = hash, .tag = tag, .key_len = (uint16_t)name_len(name), .key = name };
}

struct cache_entry *cache_entry_new(const struct cache_key *key, size_t fixed, size_t extra)
{
	struct cache_entry *entry = malloc(fixed + key->key_len + extra);
	if (!entry)
		return NULL;
	assert(fixed <= UINT8_MAX);
	memset(entry, 0, fixed);
	entry->hash = key->hash;
	entry->tag = key->tag;
	entry->key_len = key->key_len;
	entry->key_at = (uint8_t)fixed;
	entry->cost = (uint32_t)allocated(entry);
	memcpy((uint8_t *)entry + fixed, key->key, key->key_len);
	return entry;
}

void cache_entry_free(struct cache_entry *entry)
{
	free(entry);
}

static bool entry_matches(const struct cache_entry *entry, const struct cache_key *key)
{
	return entry->tag == key->tag && entry->key_len == key->key_len && memcmp(cache_entry_key(entry), key->key, key->key_len) == 0;
}

/* The key's slot, or the free one where it would go. */
static uint32_t slot_of(const struct cache_shard *shard, const struct cache_key *key)
{
	uint32_t i = (uint32_t)key->hash & shard->mask;
	while (shard->slots[i].entry && !(shard->slots[i].hash == key->hash && entry_matches(shard->slots[i].entry, key)))
		i = (i + 1) & shard->mask;
	return i;
}

struct cache_entry *cache_find(struct cache_shard *shard, const struct cache_key *key)
{
	struct cache_entry *entry = shard->slots[slot_of(shard, key)].entry;
	if (entry && !entry->referenced)
		entry->referenced = 1;
	return entry;
}

/* Takes the entry at slot i out and moves later ones of its run up, so that no mark of deletion is needed. */
static void slot_clear(struct cache_shard *shard, uint32_t i)
{
	struct cache_entry *entry = shard->slots[i].entry;

	shard->used -= entry->cost;
	shard->count--;
	shard->entries[cache_tag_kind(entry->tag)]--;
	free(entry);
	for (uint32_t j = (i + 1) & shard->mask; shard->slots[j].entry; j = (j + 1) & shard->mask) {
		uint32_t home = (uint32_t)shard->slots[j].hash & shard->mask;
		if (((j - home) & shard->mask) >= ((j - i) & shard->mask)) {
			shard->slots[i] = shard->slots[j];
			i = j;
		}
	}
	shard->slots[i].entry = NULL;
}

/* Makes room by one entry: the first under the hand that has expired or was not used since the hand's last round. */
static void evict_one(struct cache_shard *shard, usec_t now)
{
	for (;; shard->hand = (shard->hand + 1) & shard->mask) {
		struct cache_entry *entry = shard->slots[shard->hand & shard->mask].entry;
		if (!entry)
			continue;
		if (entry->expires <= now)
			break;
		if (!entry->referenced) {
			shard->evicted++;
			break;
		}
		entry->referenced = 0;
	}
	slot_clear(shard, shard->hand & shard->mask);
}

static void slot_fill(struct cache_shard *shard, uint32_t i, struct cache_entry *entry)
{
	shard->slots[i] = (struct slot){ .hash = entry->hash, .entry = entry };
	shard->used += entry->cost;
	shard->count++;
	shard->entries[cache_tag_kind(entry->tag)]++;
}

/* Doubles the slots; leaves them alone when the budget or the memory does not allow it. */
static void grow(struct cache_shard *shard)
{
	uint32_t size = (shard->mask + 1) * 2;

	if (shard->used + size * sizeof(struct slot) > shard->budget)
		return;
	struct slot *slots = calloc(size, sizeof(*slots));
	if (!slots)
		return;
	for (uint32_t i = 0; i <= shard->mask; i++) {
		if (!shard->slots[i].entry)
			continue;
		uint32_t at = (uint32_t)shard->slots[i].hash & (size - 1);
		while (slots[at].entry)
			at = (at + 1) & (size - 1);
		slots[at] = shard->slots[i];
	}
	shard->used += allocated(slots);
	shard->used -= allocated(shard->slots);
	free(shard->slots);
	shard->slots = slots;
	shard->mask = size - 1;
	shard->hand = 0;
}

bool cache_put_take(struct cache_shard *shard, struct cache_entry *entry, usec_t now)
{
	struct cache_key key = { .hash = entry->hash, .tag = entry->tag, .key_len = entry->key_len, .key = cache_entry_key(entry) };

	uint32_t at = slot_of(shard, &key);
	if (shard->slots[at].entry)
		slot_clear(shard, at);
	if (entry->cost > shard->budget / LARGEST_SHARE) {
		free(entry);
		return false;
	}
	if ((shard->count + 1) * 4 > (shard->mask + 1) * 3)
		grow(shard);
	while (shard->count > 0 && (shard->used + entry->cost > shard->budget || (shard->count + 1) * 8 > (shard->mask + 1) * 7))
		evict_one(shard, now);
	if (shard->used + entry->cost > shard->budget) {
		free(entry);
		return false;
	}
	slot_fill(shard, slot_of(shard, &key), entry);
	return true;
}

bool cache_remove(struct cache_shard *shard, const struct cache_key *key)
{
	uint32_t at = slot_of(shard, key);
	if (!shard->slots[at].entry)
		return false;
	slot_clear(shard, at);
	return true;
}

void cache_resize(struct cache *cache, uint64_t size, usec_t now)
{
	for (uint32_t i = 0; i < cache->shard_count; i++) {
		struct cache_shard *shard = &cache->shards[i];
		pthread_mutex_lock(&shard->lock);
		shard->budget = size / cache->shard_count;
		while (shard->count > 0 && shard->used > shard->budget)
			evict_one(shard, now);
		pthread_mutex_unlock(&shard->lock);
	}
}

uint64_t cache_each(struct cache *cache, cache_visitor visitor, void *ctx)
{
	uint64_t dropped = 0;

	for (uint32_t s = 0; s < cache->shard_count; s++) {
		struct cache_shard *shard = &cache->shards[s];
		pthread_mutex_lock(&shard->lock);
		for (uint32_t i = 0; i <= shard->mask;) {
			struct cache_entry *entry = shard->slots[i].entry;
			if (entry && visitor(entry, ctx) == CACHE_DROP) {
				slot_clear(shard, i);      /* another entry may stand here now */
				dropped++;
			} else {
				i++;
			}
		}
		pthread_mutex_unlock(&shard->lock);
	}
	return dropped;
}

void cache_stats(struct cache *cache, struct cache_stats *stats)
{
	memset(stats, 0, sizeof(*stats));
	for (uint32_t i = 0; i < cache->shard_count; i++) {
		struct cache_shard *shard = &cache->shards[i];
		pthread_mutex_lock(&shard->lock);
		stats->used += shard->used;
		stats->budget += shard->budget;
		stats->evicted += shard->evicted;
		for (int kind = 0; kind < CACHE_KINDS; kind++)
			stats->entries[kind] += shard->entries[kind];
		pthread_mutex_unlock(&shard->lock);
	}
}

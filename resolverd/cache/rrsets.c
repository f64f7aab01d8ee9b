/* RRsets in memory and in the cache. */
#include "resolverd/cache/rrsets.h"

#include <string.h>

#include "lib/dns/name.h"
#include "resolverd/cache/negative.h"

/* The fixed part of a packed set; packed forms never leave the process. */
struct packed {
	usec_t expires;
	struct origin origin;
	uint32_t rdata_len;
	uint16_t type;
	uint16_t count;
	uint16_t sig_count;
	uint8_t trust;
	uint8_t owner_len;
};

size_t rrset_packed_len(const struct rrset *set)
{
	return sizeof(struct packed) + name_len(set->owner) + set->rdata_len;
}

void rrset_pack(struct wcursor *out, const struct rrset *set)
{
	struct packed packed;

	memset(&packed, 0, sizeof(packed));      /* padding included, so that packed forms can be compared */
	packed.expires = set->expires;
	packed.origin = set->origin;
	packed.rdata_len = set->rdata_len;
	packed.type = set->type;
	packed.count = set->count;
	packed.sig_count = set->sig_count;
	packed.trust = set->trust;
	packed.owner_len = (uint8_t)name_len(set->owner);
	wcursor_put(out, &packed, sizeof(packed));
	wcursor_put(out, set->owner, packed.owner_len);
	wcursor_put(out, set->rdata, set->rdata_len);
}

void rrset_unpack(struct rcursor *cur, struct rrset *view)
{
	struct packed packed;
	const uint8_t *fixed = rcursor_take(cur, sizeof(packed));

	if (!fixed)
		return;
	memcpy(&packed, fixed, sizeof(packed));
	*view = (struct rrset){
		.owner = rcursor_take(cur, packed.owner_len),
		.type = packed.type,
		.trust = packed.trust,
		.count = packed.count,
		.sig_count = packed.sig_count,
		.rdata_len = packed.rdata_len,
		.expires = packed.expires,
		.origin = packed.origin,
	};
	view->rdata = rcursor_take(cur, packed.rdata_len);
}

struct rrset *rrset_copy(struct arena *arena, const struct rrset *set)
{
	size_t owner_len = name_len(set->owner);
	struct rrset *copy = arena_alloc(arena, sizeof(*copy) + owner_len + set->rdata_len);

	if (!copy)
		return NULL;
	uint8_t *bytes = (uint8_t *)(copy + 1);
	*copy = *set;
	copy->owner = bytes;
	copy->rdata = bytes + owner_len;
	memcpy(bytes, set->owner, owner_len);
	memcpy(bytes + owner_len, set->rdata, set->rdata_len);
	return copy;
}

/* The whole packed set stands behind the entry's key. */
static void view_entry(const struct cache_entry *entry, struct rrset *view)
{
	const uint8_t *packed = cache_entry_key(entry) + entry->key_len;
	struct rcursor cur = rcursor_over(packed, SIZE_MAX / 2);
	rrset_unpack(&cur, view);
}

void rrsets_view(const struct cache_entry *entry, struct rrset *view)
{
	view_entry(entry, view);
}

static struct cache_key key_of(const struct cache *cache, const uint8_t *name, uint16_t type)
{
	return cache_key_of_name(cache, cache_tag(CACHE_RRSET, 0, type), name);
}

bool rrsets_put(struct cache *cache, const struct rrset *set, usec_t now)
{
	if (set->expires <= now)
		return false;
	struct cache_key key = key_of(cache, set->owner, set->type);
	size_t packed_len = rrset_packed_len(set);
	struct cache_entry *entry = cache_entry_new(&key, sizeof(*entry), packed_len);
	if (!entry)
		return false;
	entry->expires = set->expires;
	struct wcursor out = wcursor_over(cache_entry_extra(entry), packed_len);
	rrset_pack(&out, set);

	struct cache_shard *shard = cache_lock(cache, key.hash);
	struct cache_entry *old = cache_find(shard, &key);
	struct rrset old_view;
	if (old)
		view_entry(old, &old_view);
	bool better = !old || old->expires <= now || old_view.trust <= set->trust;
	if (better)
		better = cache_put_take(shard, entry, now);
	else
		cache_entry_free(entry);
	cache_unlock(shard);
	if (better && set->trust >= TRUST_ANSWER)
		negatives_contradict(cache, set->owner, set->type);
	return better;
}

struct rrset *rrsets_get(const struct cache_reader *reader, const uint8_t *name, uint16_t type, enum trust least)
{
	struct cache_key key = key_of(reader->cache, name, type);
	struct rrset view, *copy = NULL;

	struct cache_shard *shard = cache_lock(reader->cache, key.hash);
	const struct cache_entry *entry = cache_find(shard, &key);
	if (entry && entry->expires > reader->now) {
		view_entry(entry, &view);
		if (view.trust >= least)
			copy = rrset_copy(reader->arena, &view);
	}
	cache_unlock(shard);
	return copy;
}

bool rrsets_remove(struct cache *cache, const uint8_t *name, uint16_t type)
{
	struct cache_key key = key_of(cache, name, type);
	struct cache_shard *shard = cache_lock(cache, key.hash);
	bool removed = cache_remove(shard, &key);
	cache_unlock(shard);
	return removed;
}

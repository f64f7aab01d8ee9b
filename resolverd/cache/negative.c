/* Negative answers and failures in the cache. */
#include "resolverd/cache/negative.h"

#include <string.h>

struct negative_entry {
	struct cache_entry entry;
	struct origin origin;
	uint32_t packed_len;
	uint8_t rcode;
	uint8_t count;
};

struct failure_entry {
	struct cache_entry entry;     /* expires: when the failures in a row are forgotten */
	usec_t until;
	uint32_t interval_s;
};

static struct cache_key negative_key(const struct cache *cache, const uint8_t *name, uint16_t type, enum rcode rcode)
{
	return cache_key_of_name(cache, cache_tag(CACHE_NEGATIVE, 0, rcode == RCODE_NXDOMAIN ? 0 : type), name);
}

void negatives_put(struct cache *cache, const uint8_t *name, uint16_t type, const struct negative *negative, usec_t now)
{
	struct cache_key key = negative_key(cache, name, type, negative->rcode);
	size_t packed_len = 0;

	if (negative->expires <= now)
		return;
	for (unsigned i = 0; i < negative->count; i++)
		packed_len += rrset_packed_len(negative->sets[i]);
	struct cache_entry *entry = cache_entry_new(&key, sizeof(struct negative_entry), packed_len);
	if (!entry)
		return;
	entry->expires = negative->expires;
	struct negative_entry *self = (struct negative_entry *)entry;
	self->origin = negative->origin;
	self->packed_len = (uint32_t)packed_len;
	self->rcode = (uint8_t)negative->rcode;
	self->count = (uint8_t)negative->count;
	struct wcursor out = wcursor_over(cache_entry_extra(entry), packed_len);
	for (unsigned i = 0; i < negative->count; i++)
		rrset_pack(&out, negative->sets[i]);

	struct cache_shard *shard = cache_lock(cache, key.hash);
	cache_put_take(shard, entry, now);
	cache_unlock(shard);
}

void negatives_view(const struct cache_entry *entry, struct negative *view)
{
	const struct negative_entry *self = (const struct negative_entry *)entry;

	view->rcode = self->rcode;
	view->expires = entry->expires;
	view->origin = self->origin;
	view->count = 0;
}

static bool entry_copy(const struct cache_entry *entry, struct arena *arena, struct negative *out)
{
	const struct negative_entry *self = (const struct negative_entry *)entry;
	struct rcursor cur = rcursor_over(cache_entry_key(entry) + entry->key_len, self->packed_len);
	struct rrset view;

	negatives_view(entry, out);
	for (; out->count < self->count; out->count++) {
		rrset_unpack(&cur, &view);
		out->sets[out->count] = cur.status == ZT_OK ? rrset_copy(arena, &view) : NULL;
		if (!out->sets[out->count])
			return false;
	}
	return true;
}

static bool get_one(const struct cache_reader *reader, const struct cache_key *key, struct negative *out)
{
	struct cache_shard *shard = cache_lock(reader->cache, key->hash);
	const struct cache_entry *entry = cache_find(shard, key);
	bool found = entry && entry->expires > reader->now && entry_copy(entry, reader->arena, out);
	cache_unlock(shard);
	return found;
}

bool negatives_get(const struct cache_reader *reader, const uint8_t *name, uint16_t type, struct negative *out)
{
	struct cache_key nodata = negative_key(reader->cache, name, type, RCODE_NOERROR);
	struct cache_key nxdomain = negative_key(reader->cache, name, type, RCODE_NXDOMAIN);

	return get_one(reader, &nodata, out) || get_one(reader, &nxdomain, out);
}

static void remove_key(struct cache *cache, const struct cache_key *key)
{
	struct cache_shard *shard = cache_lock(cache, key->hash);
	cache_remove(shard, key);
	cache_unlock(shard);
}

void negatives_contradict(struct cache *cache, const uint8_t *name, uint16_t type)
{
	struct cache_key nodata = negative_key(cache, name, type, RCODE_NOERROR);
	struct cache_key nxdomain = negative_key(cache, name, type, RCODE_NXDOMAIN);

	remove_key(cache, &nodata);
	remove_key(cache, &nxdomain);
}

static struct cache_key failure_key(const struct cache *cache, const uint8_t *name, uint16_t type)
{
	return cache_key_of_name(cache, cache_tag(CACHE_FAILURE, 0, type), name);
}

usec_t failures_put(struct cache *cache, const uint8_t *name, uint16_t type, usec_t now)
{
	struct cache_key key = failure_key(cache, name, type);
	usec_t interval = FAILURE_FIRST;
	struct cache_entry *fresh = cache_entry_new(&key, sizeof(struct failure_entry), 0);

	if (!fresh)
		return now;
	struct cache_shard *shard = cache_lock(cache, key.hash);
	const struct failure_entry *old = (const struct failure_entry *)cache_find(shard, &key);
	if (old && old->entry.expires > now)
		interval = 2 * (usec_t)old->interval_s * USEC_PER_SEC;
	if (interval > FAILURE_LAST)
		interval = FAILURE_LAST;
	struct failure_entry *self = (struct failure_entry *)fresh;
	self->until = now + interval;
	self->interval_s = (uint32_t)(interval / USEC_PER_SEC);
	/* "In a row" means within another such interval after it could have been tried again. */
	fresh->expires = now + 2 * interval;
	cache_put_take(shard, fresh, now);
	cache_unlock(shard);
	return now + interval;
}

bool failures_has(struct cache *cache, const uint8_t *name, uint16_t type, usec_t now)
{
	struct cache_key key = failure_key(cache, name, type);
	struct cache_shard *shard = cache_lock(cache, key.hash);
	const struct failure_entry *entry = (const struct failure_entry *)cache_find(shard, &key);
	bool failing = entry && entry->until > now;
	cache_unlock(shard);
	return failing;
}

void failures_clear(struct cache *cache, const uint8_t *name, uint16_t type)
{
	struct cache_key key = failure_key(cache, name, type);
	remove_key(cache, &key);
}

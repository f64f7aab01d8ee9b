/* Ready-made answers in the cache. */
#include "resolverd/cache/messages.h"

#include <string.h>

#include "resolverd/cache/rrsets.h"

struct message_entry {
	struct cache_entry entry;
	uint32_t generation;
	uint16_t body_len;
	uint16_t count[3];
	uint16_t life_count;
	uint16_t offset_count;
	uint8_t rcode;
	bool authoritative;
};

/* Behind the key stand, unaligned: lives, offsets, body. */
struct parts {
	uint8_t *lives;
	uint8_t *offsets;
	uint8_t *body;
};

static struct parts parts_of(struct message_entry *self)
{
	struct parts parts = { .lives = cache_entry_extra(&self->entry) };
	parts.offsets = parts.lives + self->life_count * sizeof(struct message_life);
	parts.body = parts.offsets + self->offset_count * sizeof(uint16_t);
	return parts;
}

void messages_put(struct cache *cache, const struct cache_key *key, const struct message_draft *draft, usec_t now)
{
	usec_t expires = INT64_MAX;

	for (unsigned i = 0; i < draft->life_count; i++) {
		if (draft->lives[i].expires < expires)
			expires = draft->lives[i].expires;
	}
	if (expires <= now || draft->life_count == 0)
		return;
	size_t extra = draft->life_count * sizeof(*draft->lives) + draft->offset_count * sizeof(*draft->offsets) + draft->body_len;
	struct cache_entry *entry = cache_entry_new(key, sizeof(struct message_entry), extra);
	if (!entry)
		return;
	entry->expires = expires;
	struct message_entry *self = (struct message_entry *)entry;
	self->generation = draft->generation;
	self->body_len = draft->body_len;
	memcpy(self->count, draft->count, sizeof(self->count));
	self->life_count = (uint16_t)draft->life_count;
	self->offset_count = (uint16_t)draft->offset_count;
	self->rcode = draft->rcode;
	self->authoritative = draft->authoritative;
	struct parts parts = parts_of(self);
	memcpy(parts.lives, draft->lives, draft->life_count * sizeof(*draft->lives));
	memcpy(parts.offsets, draft->offsets, draft->offset_count * sizeof(*draft->offsets));
	memcpy(parts.body, draft->body, draft->body_len);

	struct cache_shard *shard = cache_lock(cache, key->hash);
	cache_put_take(shard, entry, now);
	cache_unlock(shard);
}

static void copy_out(struct message_entry *self, struct message_found *found, usec_t now)
{
	struct parts parts = parts_of(self);

	memcpy(found->out, parts.body, self->body_len);
	for (unsigned i = 0; i < self->life_count; i++) {
		struct message_life life;
		memcpy(&life, parts.lives + i * sizeof(life), sizeof(life));
		uint32_t ttl = ttl_left(life.expires, now);
		for (unsigned j = life.first; j < (unsigned)life.first + life.count; j++) {
			uint16_t offset;
			memcpy(&offset, parts.offsets + j * sizeof(offset), sizeof(offset));
			wire_put_u32(found->out + offset, ttl);
		}
	}
}

bool messages_get(struct cache *cache, const struct cache_key *key, struct message_found *found, usec_t now)
{
	struct cache_shard *shard = cache_lock(cache, key->hash);
	struct message_entry *self = (struct message_entry *)cache_find(shard, key);
	bool hit = self && self->entry.expires > now && self->generation == messages_generation(cache);

	if (hit) {
		found->body_len = self->body_len;
		memcpy(found->count, self->count, sizeof(found->count));
		found->rcode = self->rcode;
		found->authoritative = self->authoritative;
		if (self->body_len <= found->room)
			copy_out(self, found, now);
	}
	cache_unlock(shard);
	return hit;
}

/* Ready-made answers: the records of a whole response in wire form, so that a repeated question costs one look-up and one copy.
 *
 * A message is derived from RRsets and lives until the first of them ends. It holds what stands behind the question section; name
 * compression inside points at the question, whose length is fixed by the key, or at itself. Each TTL is rewritten while it is copied out.
 * A flush, or new settings, outdates all of them at once (cache_messages_outdate): they are made again from the RRsets at the next question.
 */
#pragma once

#include "resolverd/cache/cache.h"

/* The TTL fields of one RRset of the message. */
struct message_life {
	usec_t expires;
	uint16_t first;              /* index of the first in `offsets` */
	uint16_t count;
};

enum { MESSAGE_MAX_LIVES = 48 };

/* A message to keep; all borrowed. */
struct message_draft {
	const uint8_t *body;         /* the records */
	uint16_t body_len;
	uint16_t count[3];           /* records: answer, authority, additional */
	uint8_t rcode;
	bool authoritative;
	const struct message_life *lives;
	unsigned life_count;
	const uint16_t *offsets;     /* of TTL fields in `body` */
	unsigned offset_count;
	uint32_t generation;         /* messages_generation before the RRsets were read */
};

/* A message that was found. `out` and `room` are given, the rest is the answer. */
struct message_found {
	uint8_t *out;                /* where the records go */
	size_t room;
	size_t body_len;             /* more than `room`: nothing was copied, only the counts are right */
	uint16_t count[3];
	uint8_t rcode;
	bool authoritative;
};

static inline struct cache_key messages_key(const struct cache *cache, const uint8_t *name, uint16_t type, bool with_dnssec)
{
	return cache_key_of_name(cache, cache_tag(CACHE_MESSAGE, with_dnssec, type), name);
}

static inline uint32_t messages_generation(const struct cache *cache)
{
	return atomic_load_explicit(&cache->generation, memory_order_relaxed);
}

/* Keeps nothing when a life is over already, or memory is out. */
void messages_put(struct cache *cache, const struct cache_key *key, const struct message_draft *draft, usec_t now);
/* Allocates nothing. */
bool messages_get(struct cache *cache, const struct cache_key *key, struct message_found *found, usec_t now);

/* RRsets as resolverd holds them: in a task's arena while it works, packed in the cache afterwards.
 *
 * A TTL is an absolute end of life: `expires` is the arrival of the data plus its TTL, and what is left is rounded down to whole seconds, so that
 * each resolver in a chain hands on a life that ends no later than its own.
 *
 * Ranking (RFC 2181 section 5.4.1): data replaces cached data that is still alive only when it is trusted at least as much, and only
 * data from TRUST_ANSWER on is given to clients.
 */
#pragma once

#include "lib/base/arena.h"
#include "lib/base/buf.h"
#include "lib/base/cursor.h"
#include "lib/base/netaddr.h"
#include "resolverd/cache/cache.h"

enum trust {
	TRUST_ADDITIONAL = 1,    /* additional section: addresses of name servers only */
	TRUST_REFERRAL,          /* authority section of a referral */
	TRUST_ANSWER,            /* answer section without AA, or past the first name of an answer with AA */
	TRUST_AUTHORITY_AA,      /* authority section of an authoritative answer */
	TRUST_ANSWER_AA,         /* first name of the answer section of an authoritative answer */
};

/* Where and when data came from; zonectl lookup shows it. */
struct origin {
	usec_t learned;              /* arrival, monotonic */
	struct netaddr server;
	bool has_version;            /* the server told the zone's version (RFC 9660, type SOA-SERIAL) */
	uint8_t version_labels;      /* labels of that zone's name */
	uint32_t version;
};

/* Immutable once made. All memory belongs to an arena or is borrowed from a packed form. */
struct rrset {
	const uint8_t *owner;        /* lower case */
	uint16_t type;
	uint8_t trust;               /* enum trust */
	uint16_t count;              /* records */
	uint16_t sig_count;          /* RRSIG records that cover it; they follow in `rdata` */
	uint32_t rdata_len;
	const uint8_t *rdata;        /* for each: length (2 bytes, network order), uncompressed rdata */
	usec_t expires;
	struct origin origin;
};

/* Whole seconds of life left at `now`, rounded down; 0 when over. */
static inline uint32_t ttl_left(usec_t expires, usec_t now)
{
	return expires > now ? (uint32_t)((uint64_t)(expires - now) / USEC_PER_SEC) : 0;
}

/* One record of a set; `at` starts as set->rdata. Call count (+ sig_count) times. Returns the rdata. */
static inline const uint8_t *rrset_rdata_next(const uint8_t **at, uint16_t *len)
{
	const uint8_t *rdata = *at + 2;
	*len = wire_get_u16(*at);
	*at = rdata + *len;
	return rdata;
}

/* The packed form, self-contained. */
size_t rrset_packed_len(const struct rrset *set);
void rrset_pack(struct wcursor *out, const struct rrset *set);
/* A view of the packed form at the cursor. The cursor's status tells of damage. */
void rrset_unpack(struct rcursor *cur, struct rrset *view);
/* A copy of the set and all it points to. NULL when memory is out. */
struct rrset *rrset_copy(struct arena *arena, const struct rrset *set);

/* Puts the set into the cache, unless better data is there or it has no life left. False when it was not taken. Also removes negative entries
 * that it contradicts. */
bool rrsets_put(struct cache *cache, const struct rrset *set, usec_t now);
/* The live set, copied to the arena; NULL when there is none of at least this trust. `name` in lower case. */
struct rrset *rrsets_get(const struct cache_reader *reader, const uint8_t *name, uint16_t type, enum trust least);
bool rrsets_remove(struct cache *cache, const uint8_t *name, uint16_t type);
/* A view of a cache entry of kind CACHE_RRSET, while its shard is locked. */
void rrsets_view(const struct cache_entry *entry, struct rrset *view);

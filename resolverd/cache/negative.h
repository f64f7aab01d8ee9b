/* What does not exist, and what could not be found out.
 *
 * Negative answers (RFC 2308): NXDOMAIN for a name, NODATA for a name and type, with the SOA (and DNSSEC proofs) that came with them; kept for the
 * smaller of the SOA's TTL and MINIMUM. An answer without SOA is not kept.
 * Failures (RFC 9520): a question that could not be resolved is not tried again for FAILURE_FIRST, twice as long with each failure in a
 * row, up to FAILURE_LAST.
 */
#pragma once

#include "lib/dns/rcode.h"
#include "resolverd/cache/rrsets.h"

#define FAILURE_FIRST (1 * USEC_PER_SEC)
#define FAILURE_LAST (8 * USEC_PER_SEC)

enum { NEGATIVE_MAX_SETS = 12 };

struct negative {
	enum rcode rcode;                    /* RCODE_NXDOMAIN, or RCODE_NOERROR for NODATA */
	usec_t expires;
	struct origin origin;
	unsigned count;
	struct rrset *sets[NEGATIVE_MAX_SETS];      /* [0] is the SOA; then NSEC or NSEC3 with their signatures */
};

/* `type` is ignored for NXDOMAIN. Names in lower case throughout. */
void negatives_put(struct cache *cache, const uint8_t *name, uint16_t type, const struct negative *negative, usec_t now);
/* The live NODATA of the type or NXDOMAIN of the name, in the arena; false when there is none. */
bool negatives_get(const struct cache_reader *reader, const uint8_t *name, uint16_t type, struct negative *out);
/* Data of this name and type has come: forgets that it does not exist. */
void negatives_contradict(struct cache *cache, const uint8_t *name, uint16_t type);
/* What an entry of kind CACHE_NEGATIVE says, while its shard is locked: no sets. cache_tag_type(entry->tag) is 0 for NXDOMAIN. */
void negatives_view(const struct cache_entry *entry, struct negative *view);

/* Counts a failure of the question; returns the time until which it is not to be tried. */
usec_t failures_put(struct cache *cache, const uint8_t *name, uint16_t type, usec_t now);
/* Whether the question is not to be tried yet. */
bool failures_has(struct cache *cache, const uint8_t *name, uint16_t type, usec_t now);
void failures_clear(struct cache *cache, const uint8_t *name, uint16_t type);

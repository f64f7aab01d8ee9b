/* A zone: one chain of immutable versions, each an ordered copy-on-write trie over owner names in canonical DNS order.
 *
 * Life of a version: an edit (lib/zone/edit.h) builds it from the current one in O(changed names), sharing all that did not change;
 * the commit pipeline makes it durable; zone_edit_publish makes it current. Readers are of two kinds. Worker threads are RCU readers (QSBR
 * flavour, lib/base/qsbr.h): they take zone_current() and may use it until their next quiescent state; nothing is counted, nothing written. Long-lived
 * readers (a transfer, a diff) pin a version with zone_version_acquire and give it back with _release. A displaced version's private
 * nodes are freed after a grace period, once it has no pin, and none that shares them.
 *
 * One thread at a time edits and publishes a zone (the manage thread); any number read. The editing thread need not be registered as an RCU
 * reader: nothing that it uses goes away but by its own calls. It never waits for readers: liburcu's call_rcu thread counts the grace periods.
 *
 * What lies in the trie: every name that owns records. Empty non-terminals are implied by the names below them.
 * What is not here: rules of the DNS (check.h), files and journals, which name a query gets (authd/serve/answer).
 *
 * Invariants: owner names keep the letter case of their first record; an RRset's rdata is uncompressed wire form, sorted in canonical
 * order (RFC 4034 section 6.3) without duplicates; RRSIGs form one RRset per covered type; all records of an RRset share one TTL.
 * The count and fingerprint of a range cover its RRsets except the apex SOA and the apex ZONEMD (and their RRSIGs), so that two
 * servers with the same data and different serials compare equal.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "lib/base/fingerprint.h"
#include "lib/base/status.h"
#include "lib/dns/name.h"

struct zone;
struct zone_version;
struct soa;
struct znode;      /* one owner name with its RRsets, packed in one allocation */

/* ---- records of a name ---------------------------------------------------------------------------------------------- */

/* A borrowed RRset. rdata: `count` times a 16-bit length (host order, unaligned) and that many bytes. */
struct rrset {
	uint16_t type;
	uint16_t covers;          /* the covered type of an RRSIG set, otherwise 0 */
	uint16_t count;
	uint32_t ttl;             /* seconds */
	const uint8_t *rdata;
	size_t rdata_size;        /* bytes at rdata, lengths included */
};

/* Steps through an RRset's rdata: const uint8_t *p = set.rdata; while (rrset_next(&set, &p, &data, &len)) … */
static inline bool rrset_next(const struct rrset *set, const uint8_t **at, const uint8_t **data, uint16_t *len)
{
	if (*at == set->rdata + set->rdata_size)
		return false;
	memcpy(len, *at, sizeof(*len));
	*data = *at + sizeof(*len);
	*at = *data + *len;
	return true;
}

const uint8_t *znode_owner(const struct znode *node);
unsigned znode_rrset_count(const struct znode *node);
/* The RRset of a type (covers: 0, or the covered type when type is RRSIG). */
bool znode_rrset(const struct znode *node, uint16_t type, uint16_t covers, struct rrset *out);
/* The RRset of a type and the RRSIG set that covers it, in one walk; sigs->count is 0 where it has none. */
bool znode_rrset_signed(const struct znode *node, uint16_t type, struct rrset *out, struct rrset *sigs);
/* Steps in (type, covers) order: size_t pos = 0; while (znode_next(node, &pos, &set)) … */
bool znode_next(const struct znode *node, size_t *pos, struct rrset *out);

/* Facts kept per name so that queries need not look for them. */
enum {
	ZNODE_HAS_NS = 1,
	ZNODE_HAS_CNAME = 2,
	ZNODE_HAS_DNAME = 4,
	ZNODE_HAS_DS = 8,
	ZNODE_HAS_NSEC3 = 16,
};
unsigned znode_flags(const struct znode *node);

/* ---- the zone and its versions --------------------------------------------------------------------------------------- */

/* A zone with one empty, published version. The key makes fingerprints comparable among servers that share it. */
int zone_new(const uint8_t *apex, const struct fingerprint_key *key, struct zone **out) ZT_MUST_CHECK;
/* A zone of its own that begins with what another one has now, and shares it: a version of the same apex can be built beside it for the memory of
 * the difference. Until it is freed, the other zone must not be edited or reclaimed, but for one edit that is published last. */
int zone_fork(struct zone *source, struct zone **out) ZT_MUST_CHECK;
/* Every pin must have been given back and no worker may be reading. */
void zone_free(struct zone *zone);
const uint8_t *zone_apex(const struct zone *zone);
/* That its fingerprints are made with. */
const struct fingerprint_key *zone_fingerprint_key(const struct zone *zone);

/* The published version; never NULL. Workers: valid until the next quiescent state. The editing thread: until it publishes. */
const struct zone_version *zone_current(const struct zone *zone);
/* Pins a version that is now safe to read. */
const struct zone_version *zone_version_acquire(const struct zone_version *version);
/* Any thread. The memory is freed later by zone_reclaim or the next publish. */
void zone_version_release(const struct zone_version *version);
/* Whether any version is pinned; called by the editing thread. */
bool zone_is_pinned(const struct zone *zone);
/* Frees what no reader can see any more; called by the editing thread (a timer is enough). Never waits; publishing does the same. */
void zone_reclaim(struct zone *zone);

const struct zone *zone_version_zone(const struct zone_version *version);
/* The apex node; NULL in an empty zone. */
const struct znode *zone_version_apex(const struct zone_version *version);
/* False in a zone without an apex SOA. */
bool zone_version_soa(const struct zone_version *version, struct rrset *soa);
/* The same, read (lib/dns/rdata.h). */
bool zone_version_soa_read(const struct zone_version *version, struct soa *soa);
/* The SOA's serial; 0 without SOA. */
uint32_t zone_version_serial(const struct zone_version *version);
size_t zone_version_name_count(const struct zone_version *version);
size_t zone_version_record_count(const struct zone_version *version);
/* Bytes of all nodes reachable from this version. */
size_t zone_version_memory(const struct zone_version *version);

/* ---- look-up ----------------------------------------------------------------------------------------------------------- */

enum zone_match {
	ZONE_MATCH_EXACT,         /* `node` owns records at the name */
	ZONE_MATCH_EMPTY,         /* the name exists as an empty non-terminal: names lie below it, `node` is NULL */
	ZONE_MATCH_NONE,          /* no such name; `wildcard` tells whether *.<closest encloser> exists */
};

/* What one walk learns about a name. All pointers are borrowed from the version. */
struct zone_lookup {
	enum zone_match match;
	const struct znode *node;          /* the name's own node (exact match), otherwise NULL */
	const struct znode *cut;           /* the topmost delegation point at or above the name, below the apex; NULL if none */
	const struct znode *dname;         /* the topmost owner of a DNAME strictly above the name; NULL if none */
	const struct znode *wildcard;      /* no match: the node of the source of synthesis (RFC 4592), NULL if none */
	bool wildcard_is_empty;            /* the source of synthesis exists as an empty non-terminal only */
	unsigned encloser_labels;          /* labels of the closest encloser (the name's own for exact and empty) */
};

/* `name` is at or below the apex. For several names at once see find.h. */
void zone_find(const struct zone_version *version, const uint8_t *name, struct zone_lookup *out);
/* Only the exact node. */
const struct znode *zone_get(const struct zone_version *version, const uint8_t *name);
/* The last node at or before `name` in canonical order; NULL when `name` sorts before all. */
const struct znode *zone_predecessor(const struct zone_version *version, const uint8_t *name);
/* The last node owning NSEC3 at or before `owner` (a hash label under the apex) in canonical order, or the last of all when none is
 * before it (the chain is a ring); NULL in a zone without NSEC3. O(depth), however many other names lie between. */
const struct znode *zone_nsec3_at_or_before(const struct zone_version *version, const uint8_t *owner);

/* ---- order -------------------------------------------------------------------------------------------------------------- */

enum { ZONE_ITER_DEPTH = 512 };

/* In canonical order. The version must stay readable while it is used. */
struct zone_iter {
	const struct zone_version *version;
	unsigned depth;
	bool is_whole;                     /* from the first node: what comes soon is fetched ahead */
	const void *path[ZONE_ITER_DEPTH];
	uint8_t twig[ZONE_ITER_DEPTH];
};

/* From the first node, or from the first at or after `from` when it is not NULL. */
void zone_iter_init(struct zone_iter *iter, const struct zone_version *version, const uint8_t *from);
/* The next node, NULL at the end. */
const struct znode *zone_iter_next(struct zone_iter *iter);

struct zone_summary {
	uint64_t count;                    /* RRsets */
	struct fingerprint fingerprint;
};

/* What one RRset adds to a fingerprint: a keyed hash of owner (lower case), type, covers, TTL, count and sorted rdata, in canonical form. */
struct fingerprint rrset_fingerprint(const struct fingerprint_key *key, const uint8_t *owner, const struct rrset *set);
struct zone_summary zone_summary(const struct zone_version *version);
/* Names n with from <= n < to in canonical order; NULL means "from the first" and "to the end". O(log names). */
struct zone_summary zone_summary_range(const struct zone_version *version, const uint8_t *from, const uint8_t *to);
/* The node that holds the RRset of rank `rank` (0-based, in canonical order, as counted by summaries); NULL past the end. */
const struct znode *zone_at_rank(const struct zone_version *version, uint64_t rank);
/* The same, and in *before the summary of all names before that node, in the same walk. */
const struct znode *zone_at_rank_after(const struct zone_version *version, uint64_t rank, struct zone_summary *before);

/* One side of a reconciliation: a zone version as a list of RRsets that is counted, cut into ranges and listed. Part of both machines.
 *
 * Only reads; costs are in descents of the trie: two to measure a range, three for each range that it is cut into.
 */
#pragma once

#include "lib/xfr/reconcile_entry.h"

struct reconcile_side {
	const struct zone_version *version;      /* borrowed; stays readable */
	const struct fingerprint_key *key;       /* borrowed; of the version's zone */
	const uint8_t *apex;
	size_t apex_len;
	bool has_place;                          /* the last place that was measured: where a range ends, the next often begins */
	struct reconcile_bound place;
	struct zone_summary before_place;
};

/* What lies in a range and before it. */
struct reconcile_measure {
	struct zone_summary before;
	struct zone_summary in;
};

void reconcile_side_init(struct reconcile_side *side, const struct zone_version *version, const struct fingerprint_key *key);
/* ZT_EMALFORMED: a bound of the range is none. */
int reconcile_side_measure(struct reconcile_side *side, const struct reconcile_range *range, struct reconcile_measure *out) ZT_MUST_CHECK;
/* Writes what the other side is told of a range that differs: a LIST where there are few RRsets or one name, else FPs of the ranges it is cut into. *cuts:
 * how many these are, 0 with a LIST. ZT_ELIMIT: one name has too many RRsets to list. */
int reconcile_side_describe(const struct reconcile_side *side, const struct reconcile_range *range, const struct reconcile_measure *measure,
			    struct reconcile_writer *writer, unsigned *cuts) ZT_MUST_CHECK;

/* The RRsets of a measured range, in order. */
struct reconcile_items {
	const struct reconcile_side *side;
	struct zone_iter iter;
	const struct znode *node;                /* of `set`; NULL before the first */
	size_t pos;
	struct rrset set;
	uint64_t left;
};

int reconcile_items_init(struct reconcile_items *items, const struct reconcile_side *side, const struct reconcile_range *range, uint64_t count) ZT_MUST_CHECK;
/* Steps to the next one: items->node and items->set. */
bool reconcile_items_next(struct reconcile_items *items);
uint64_t reconcile_items_hash(const struct reconcile_items *items);

/* Finds hashes in a LIST, and notes which were found. */
struct reconcile_match {
	unsigned count;
	struct { uint64_t hash; uint32_t index; } sorted[RECONCILE_LIST_MAX];
	uint8_t found[RECONCILE_LIST_MAX / 8];      /* a bitmap as in WANT and GIVE, by index in the list */
};

void reconcile_match_init(struct reconcile_match *match, const struct reconcile_entry *list);
bool reconcile_match_find(struct reconcile_match *match, uint64_t hash);
/* Turns `found` into the bitmap of what was not found. Returns how many these are. */
unsigned reconcile_match_invert(struct reconcile_match *match);

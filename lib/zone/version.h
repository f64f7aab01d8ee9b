/* A zone and its versions from inside: the chain, and what becomes of displaced nodes.
 *
 *     oldest -> … -> current        each with the list of the nodes that its successor no longer has
 *
 * A displaced version waits for a grace period (call_rcu sets its `grace`), then until its pins are gone, for then no reader can be at
 * it. Of its retired nodes those are freed that no older version has either (by their generation); the others go to the list of the version
 * before it. So a version that stays pinned for long holds back only what it shows itself. Only the editing thread walks the chain.
 */
#pragma once

#include <stdatomic.h>
#include <urcu/urcu-qsbr.h>

#include "lib/zone/region.h"
#include "lib/zone/trie.h"

/* Nodes to free, as twigs. */
struct retired {
	twig_t *twig;
	size_t count;
	size_t cap;
};

enum grace {
	GRACE_NONE,                /* still current */
	GRACE_PENDING,
	GRACE_OVER,
	GRACE_ABANDONED,           /* the zone is gone; the callback frees the version */
};

struct zone_version {
	struct zone *zone;
	twig_t root;
	const struct znode *apex;
	size_t name_count;
	size_t record_count;
	size_t memory;
	struct zone_summary sum;
	uint32_t serial;
	uint32_t generation;
	atomic_uint pins;
	atomic_int grace;
	struct rcu_head rcu;
	struct zone_version *next;
	struct retired retired;
	_Atomic(struct zone_digest *) digest;      /* see digest.h; NULL: not known */
};

struct zone {
	_Atomic(struct zone_version *) current;
	struct zone_version *oldest;
	bool is_edited;
	bool is_ending;            /* its regions go as a whole */
	struct region *regions;
	const struct zone_version *lender;     /* of a fork: the pinned version that it began with, else NULL */
	uint32_t lent;             /* nodes of this generation or before are the lender's */
	struct fingerprint_key key;
	uint8_t apex_len;
	uint8_t apex[];            /* as long as it is: there may be very many zones */
};

static inline struct zone_version *zone_current_mutable(const struct zone *zone)
{
	return atomic_load_explicit(&zone->current, memory_order_acquire);
}

static inline bool zone_is_apex(const struct zone *zone, const struct znode *node)
{
	return node->owner_len == zone->apex_len;
}

/* The generation for the next edit. When 32 bits run out, all that lives is renumbered. */
uint32_t version_next_generation(struct zone *zone);
struct zone_version *version_new(struct zone *zone);
/* The version's memory, not its nodes'. */
void version_free(struct zone_version *version);
/* The successor becomes the current version; cannot fail. */
void version_displace(struct zone *zone, struct zone_version *successor);

/* Makes room for `more` further entries. */
int retired_reserve(struct retired *list, size_t more) ZT_MUST_CHECK;
static inline void retired_add(struct retired *list, twig_t twig)
{
	list->twig[list->count++] = twig;
}

/* What the node takes, by itself. */
size_t twig_memory(const struct zone *zone, twig_t twig);
/* Frees one node, or with TWIG_SUBTREE all below it too. */
void twig_free(struct zone *zone, twig_t twig);
/* The zone owns the region from now on. */
void zone_add_region(struct zone *zone, struct region *region);
/* Takes the region out and frees it. */
void zone_drop_region(struct zone *zone, struct region *region);

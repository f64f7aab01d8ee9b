/* Grace periods and the freeing of what no reader sees any more. */
#include <assert.h>
#include <stdlib.h>

#include "lib/base/qsbr.h"
#include "lib/zone/version.h"

enum { FORK_EDITS = 1 << 20 };         /* more than a fork ever sees */

int retired_reserve(struct retired *list, size_t more)
{
	if (list->cap - list->count >= more)
		return ZT_OK;
	size_t cap = list->cap ? list->cap * 2 : 32;
	while (cap - list->count < more)
		cap *= 2;
	twig_t *twig = realloc(list->twig, cap * sizeof(*twig));
	if (!twig)
		return ZT_ENOMEM;
	list->twig = twig;
	list->cap = cap;
	return ZT_OK;
}

size_t twig_memory(const struct zone *zone, twig_t twig)
{
	size_t size = twig_is_leaf(twig) ? znode_size(twig_leaf(twig)) : branch_size(branch_twigs(twig_branch(twig)));

	return region_find(zone->regions, twig) ? node_align(size) : block_cost(size);
}

void zone_add_region(struct zone *zone, struct region *region)
{
	region->next = zone->regions;
	zone->regions = region;
}

void zone_drop_region(struct zone *zone, struct region *region)
{
	struct region **at = &zone->regions;

	while (*at != region)
		at = &(*at)->next;
	*at = region->next;
	region_free(region);
}

void twig_free(struct zone *zone, twig_t twig)
{
	if (zone->lender && twig_generation(twig) <= zone->lent)
		return;
	struct region *region = region_find(zone->regions, twig);
	if (region) {
		if (!zone->is_ending && region_release(region, twig))
			zone_drop_region(zone, region);
		return;
	}
	if (twig_is_leaf(twig)) {
		free(twig_leaf(twig));
		return;
	}
	struct branch *branch = twig_branch(twig);
	if (twig & TWIG_SUBTREE) {
		for (unsigned i = 0, count = branch_twigs(branch); i < count; i++)
			twig_free(zone, branch_twig(branch, i) | TWIG_SUBTREE);
	}
	free(branch);
}

/* Nodes of regions have generation 0 already. */
static void clear_generations(const struct zone *zone, twig_t twig)
{
	if (region_find(zone->regions, twig))
		return;
	if (twig_is_leaf(twig)) {
		twig_leaf(twig)->generation = 0;
		return;
	}
	struct branch *branch = twig_branch(twig);
	branch->generation = 0;
	for (unsigned i = 0, count = branch_twigs(branch); i < count; i++)
		clear_generations(zone, branch_twig(branch, i));
}

/* Only the editing thread looks at generations, so they may change under the readers. */
static void begin_anew(const struct zone *zone, struct zone_version *current)
{
	if (current->root)
		clear_generations(zone, current->root);
	current->generation = 0;
}

uint32_t version_next_generation(struct zone *zone)
{
	struct zone_version *current = zone_current_mutable(zone);

	if (current->generation == UINT32_MAX)
		begin_anew(zone, current);
	return current->generation + 1;
}

int zone_fork(struct zone *source, struct zone **out)
{
	struct zone_version *current = zone_current_mutable(source);

	int status = zone_new(source->apex, &source->key, out);
	if (status != ZT_OK || !current->root)
		return status;
	/* A fork must know the lender's nodes by their generation, so it never begins anew itself. */
	if (current->generation > UINT32_MAX - FORK_EDITS)
		begin_anew(source, current);
	struct zone *fork = *out;
	struct zone_version *version = zone_current_mutable(fork);
	version->root = current->root;
	version->apex = current->apex;
	version->name_count = current->name_count;
	version->record_count = current->record_count;
	version->memory = current->memory;
	version->sum = current->sum;
	version->serial = current->serial;
	version->generation = current->generation;
	fork->regions = source->regions;
	fork->lender = zone_version_acquire(current);
	fork->lent = current->generation;
	return ZT_OK;
}

struct zone_version *version_new(struct zone *zone)
{
	struct zone_version *version = calloc(1, sizeof(*version));
	if (version) {
		version->zone = zone;
		atomic_init(&version->pins, 0);
		atomic_init(&version->grace, GRACE_NONE);
		atomic_init(&version->digest, NULL);
	}
	return version;
}

void version_free(struct zone_version *version)
{
	free(version->retired.twig);
	free(atomic_load(&version->digest));
	free(version);
}

/* Runs in liburcu's thread. */
static void on_grace_over(struct rcu_head *head)
{
	struct zone_version *version = (struct zone_version *)(void *)((char *)head - offsetof(struct zone_version, rcu));
	int pending = GRACE_PENDING;

	qsbr_in_callback(head);
	if (!atomic_compare_exchange_strong(&version->grace, &pending, GRACE_OVER))
		version_free(version);
}

/* Nodes at or below a retired twig that were made by `generation` or before, a subtree counted as one. */
static size_t count_older(twig_t twig, uint32_t generation)
{
	size_t count = 0;

	if (twig_generation(twig) <= generation)
		return 1;
	if (twig & TWIG_SUBTREE && !twig_is_leaf(twig)) {
		const struct branch *branch = twig_branch(twig);
		for (unsigned i = 0, twigs = branch_twigs(branch); i < twigs; i++)
			count += count_older(branch_twig(branch, i) | TWIG_SUBTREE, generation);
	}
	return count;
}

/* Frees what is younger than `generation`, adds what is older to the list. A node is never younger than the branch above it. */
static void free_younger(struct zone *zone, twig_t twig, uint32_t generation, struct retired *older)
{
	if (twig_generation(twig) <= generation) {
		retired_add(older, twig);
		return;
	}
	if (twig & TWIG_SUBTREE && !twig_is_leaf(twig)) {
		const struct branch *branch = twig_branch(twig);
		for (unsigned i = 0, twigs = branch_twigs(branch); i < twigs; i++)
			free_younger(zone, branch_twig(branch, i) | TWIG_SUBTREE, generation, older);
	}
	twig_free(zone, twig & ~(twig_t)TWIG_SUBTREE);
}

/* Takes a version that nobody reads out of the chain. What its pinned predecessor still shows is left to the predecessor; false when
 * memory for that note is out. */
static bool remove_behind(struct zone_version *predecessor, struct zone_version *version)
{
	struct retired *list = &version->retired;
	size_t older = 0;

	for (size_t i = 0; i < list->count; i++)
		older += count_older(list->twig[i], predecessor->generation);
	if (retired_reserve(&predecessor->retired, older) != ZT_OK)
		return false;
	for (size_t i = 0; i < list->count; i++)
		free_younger(version->zone, list->twig[i], predecessor->generation, &predecessor->retired);
	predecessor->next = version->next;
	version_free(version);
	return true;
}

static void remove_oldest(struct zone *zone)
{
	struct zone_version *version = zone->oldest;

	for (size_t i = 0; i < version->retired.count; i++)
		twig_free(version->zone, version->retired.twig[i]);
	zone->oldest = version->next;
	version_free(version);
}

/* Frees the displaced versions that nobody can be reading. Grace periods end in the order of the chain, so that what the walk
 * passes over again and again are pinned versions only. */
static void free_unreachable(struct zone *zone)
{
	struct zone_version *current = zone_current_mutable(zone), *predecessor = NULL, *next;

	for (struct zone_version *version = zone->oldest; version != current; version = next) {
		next = version->next;
		if (atomic_load(&version->grace) != GRACE_OVER)
			return;
		qsbr_after_grace();
		/* No reader can pin it for the first time any more, so no pin now means none ever. */
		if (atomic_load(&version->pins) != 0)
			predecessor = version;
		else if (!predecessor)
			remove_oldest(zone);
		else if (!remove_behind(predecessor, version))
			predecessor = version;
	}
}

void version_displace(struct zone *zone, struct zone_version *successor)
{
	struct zone_version *old = zone_current_mutable(zone);

	old->next = successor;
	atomic_store_explicit(&zone->current, successor, memory_order_release);
	atomic_store(&old->grace, GRACE_PENDING);
	qsbr_call(&old->rcu, on_grace_over);
	free_unreachable(zone);
}

bool zone_is_pinned(const struct zone *zone)
{
	for (const struct zone_version *version = zone->oldest; version; version = version->next) {
		if (atomic_load(&version->pins) != 0)
			return true;
	}
	return false;
}

void zone_reclaim(struct zone *zone)
{
	free_unreachable(zone);
}

/* The chain dies with the zone; a version that a callback still points to is left to the callback. */
static void abandon(struct zone_version *version)
{
	int pending = GRACE_PENDING;

	assert(atomic_load(&version->pins) == 0);
	for (size_t i = 0; i < version->retired.count; i++)
		twig_free(version->zone, version->retired.twig[i]);
	version->retired.count = 0;
	if (!atomic_compare_exchange_strong(&version->grace, &pending, GRACE_ABANDONED))
		version_free(version);
}

void zone_free(struct zone *zone)
{
	if (!zone)
		return;
	assert(!zone->is_edited);
	zone->is_ending = true;
	/* A fork has only the lender's, some of which may be gone. */
	if (zone->lender)
		zone->regions = NULL;
	struct zone_version *current = zone_current_mutable(zone);
	if (current->root)
		twig_free(zone, current->root | TWIG_SUBTREE);
	for (struct zone_version *version = zone->oldest, *next; version; version = next) {
		next = version->next;
		abandon(version);
	}
	if (zone->lender)
		zone_version_release(zone->lender);
	while (zone->regions)
		zone_drop_region(zone, zone->regions);
	free(zone);
}

/* Grace periods and the freeing of what no reader sees any more. */
#include <assert.h>
#include <stdlib.h>

#include "lib/base/qsbr.h"
#include "lib/zone/version.h"

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

void twig_free(twig_t twig)
{
	if (twig_is_leaf(twig)) {
		free(twig_leaf(twig));
		return;
	}
	struct branch *branch = twig_branch(twig);
	if (twig & TWIG_SUBTREE) {
		for (unsigned i = 0, count = branch_twigs(branch); i < count; i++)
			twig_free(branch->twig[i] | TWIG_SUBTREE);
	}
	free(branch);
}

static void clear_generations(twig_t twig)
{
	if (twig_is_leaf(twig)) {
		twig_leaf(twig)->generation = 0;
		return;
	}
	struct branch *branch = twig_branch(twig);
	branch->generation = 0;
	for (unsigned i = 0, count = branch_twigs(branch); i < count; i++)
		clear_generations(branch->twig[i]);
}

uint32_t version_next_generation(struct zone *zone)
{
	struct zone_version *current = zone_current_mutable(zone);

	if (current->generation == UINT32_MAX) {
		/* Only the editing thread looks at generations, so they may change under the readers. */
		if (current->root)
			clear_generations(current->root);
		current->generation = 0;
	}
	return current->generation + 1;
}

struct zone_version *version_new(struct zone *zone)
{
	struct zone_version *version = calloc(1, sizeof(*version));
	if (version) {
		version->zone = zone;
		atomic_init(&version->pins, 0);
		atomic_init(&version->grace, GRACE_NONE);
	}
	return version;
}

void version_free(struct zone_version *version)
{
	free(version->retired.twig);
	free(version);
}

/* Runs in liburcu's thread. */
static void on_grace_over(struct rcu_head *head)
{
	struct zone_version *version = (struct zone_version *)(void *)((char *)head - offsetof(struct zone_version, rcu));
	int pending = GRACE_PENDING;

	if (!atomic_compare_exchange_strong(&version->grace, &pending, GRACE_OVER))
		version_free(version);
}

/* Frees displaced versions, oldest first, as far as nobody can be reading them. */
static void free_unreachable(struct zone *zone)
{
	while (zone->oldest != zone_current_mutable(zone)) {
		struct zone_version *version = zone->oldest;
		if (atomic_load(&version->grace) != GRACE_OVER)
			return;
		qsbr_after_grace();
		/* No reader can pin it for the first time any more, so no pin now means none ever. */
		if (atomic_load(&version->pins) != 0)
			return;
		for (size_t i = 0; i < version->retired.count; i++)
			twig_free(version->retired.twig[i]);
		zone->oldest = version->next;
		version_free(version);
	}
}

void version_displace(struct zone *zone, struct zone_version *successor)
{
	struct zone_version *old = zone_current_mutable(zone);

	old->next = successor;
	atomic_store_explicit(&zone->current, successor, memory_order_release);
	atomic_store(&old->grace, GRACE_PENDING);
	urcu_qsbr_call_rcu(&old->rcu, on_grace_over);
	free_unreachable(zone);
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
		twig_free(version->retired.twig[i]);
	version->retired.count = 0;
	if (!atomic_compare_exchange_strong(&version->grace, &pending, GRACE_ABANDONED))
		version_free(version);
}

void zone_free(struct zone *zone)
{
	if (!zone)
		return;
	assert(!zone->is_edited);
	struct zone_version *current = zone_current_mutable(zone);
	if (current->root)
		twig_free(current->root | TWIG_SUBTREE);
	for (struct zone_version *version = zone->oldest, *next; version; version = next) {
		next = version->next;
		abandon(version);
	}
	free(zone);
}

/* The workers' table of zones. */
#include "authd/serve/view.h"

#include <stdlib.h>

#include "lib/dns/name.h"

static uint32_t table_size(uint32_t count)
{
	uint32_t size = 8;
	while (size < count * 2)      /* at most half full, so that misses end soon */
		size *= 2;
	return size;
}

static void insert(struct view *view, struct served_zone *zone)
{
	uint32_t slot = (uint32_t)name_hash(zone->apex, view->seed) & view->mask;
	while (view->slots[slot])
		slot = (slot + 1) & view->mask;
	view->slots[slot] = zone;
}

struct view *view_new(struct served_zone *const *zones, uint32_t count, uint64_t seed)
{
	struct view *view = calloc(1, sizeof(*view));
	uint32_t size = table_size(count);

	if (!view)
		return NULL;
	view->slots = calloc(size, sizeof(*view->slots));
	if (!view->slots) {
		free(view);
		return NULL;
	}
	view->mask = size - 1;
	view->seed = seed;
	view->zone_count = count;
	for (uint32_t i = 0; i < count; i++) {
		unsigned labels = name_label_count(zones[i]->apex);
		if (labels > view->max_labels)
			view->max_labels = labels;
		insert(view, zones[i]);
	}
	return view;
}

void view_free(struct view *view)
{
	if (!view)
		return;
	free(view->slots);
	free(view);
}

struct served_zone *view_get(const struct view *view, const uint8_t *apex)
{
	uint32_t slot = (uint32_t)name_hash(apex, view->seed) & view->mask;
	for (; view->slots[slot]; slot = (slot + 1) & view->mask) {
		if (name_equal(view->slots[slot]->apex, apex))
			return view->slots[slot];
	}
	return NULL;
}

struct served_zone *view_find(const struct view *view, const uint8_t *name, bool parent_side)
{
	unsigned labels = name_label_count(name);
	struct served_zone *at_apex = NULL;
	const uint8_t *candidate = name;

	if (labels > view->max_labels) {
		candidate = name_strip(name, labels - view->max_labels);
		labels = view->max_labels;
	}
	for (;; candidate = name_parent(candidate), labels--) {
		struct served_zone *zone = view_get(view, candidate);
		if (zone && parent_side && candidate == name)
			at_apex = zone;
		else if (zone)
			return zone;
		if (labels == 0)
			return at_apex;
	}
}

/* All zones by apex. */
#include "authd/manage/registry.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { INITIAL_SLOTS = 64, ERROR_SIZE = 512 };

/* ---- one entry ---------------------------------------------------------------------------------------------------------------------- */

/* There may be very many entries, nearly all of them with short names and without an error: texts take the room they need. */
struct zone_entry *zone_entry_new(const uint8_t *apex)
{
	char text[NAME_TEXT_SIZE];
	size_t apex_size = name_len(apex), text_size = strlen(name_to_text(apex, text)) + 1;
	struct zone_entry *entry = calloc(1, sizeof(*entry) + apex_size + text_size);

	if (!entry)
		return NULL;
	uint8_t *own = (uint8_t *)(entry + 1);
	memcpy(own, apex, apex_size);
	name_lower(own);
	memcpy(own + apex_size, name_to_text(own, text), text_size);
	entry->apex = own;
	entry->name = (const char *)(own + apex_size);
	entry->last_error = "";
	return entry;
}

void zone_entry_free(struct zone_entry *entry)
{
	if (!entry)
		return;
	zone_entry_clear_error(entry);
	free(entry);
}

static const char no_memory_text[] = "out of memory";

void zone_entry_clear_error(struct zone_entry *entry)
{
	if (entry->last_error[0] && entry->last_error != no_memory_text)
		free((char *)(uintptr_t)entry->last_error);
	entry->last_error = "";
}

void zone_entry_fail(struct zone_entry *entry, const char *format, ...)
{
	char text[ERROR_SIZE];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	char *copy = text[0] ? strdup(text) : NULL;
	zone_entry_clear_error(entry);
	if (text[0])
		entry->last_error = copy ? copy : no_memory_text;
}

/* ---- the table ---------------------------------------------------------------------------------------------------------------------- */

int registry_init(struct registry *registry, uint64_t seed)
{
	CDS_INIT_LIST_HEAD(&registry->entries);
	registry->count = 0;
	registry->seed = seed;
	registry->mask = INITIAL_SLOTS - 1;
	registry->slots = calloc(INITIAL_SLOTS, sizeof(*registry->slots));
	return registry->slots ? ZT_OK : ZT_ENOMEM;
}

void registry_fini(struct registry *registry)
{
	free(registry->slots);
	registry->slots = NULL;
}

static uint32_t home_slot(const struct registry *registry, const uint8_t *apex)
{
	return (uint32_t)name_hash(apex, registry->seed) & registry->mask;
}

static void insert(struct registry *registry, struct zone_entry *entry)
{
	uint32_t slot = home_slot(registry, entry->apex);
	while (registry->slots[slot])
		slot = (slot + 1) & registry->mask;
	registry->slots[slot] = entry;
}

/* Rebuilds the table from the list; with tables at most half full this is also how removal stays simple. */
static int rebuild(struct registry *registry, uint32_t size)
{
	struct zone_entry **slots = calloc(size, sizeof(*slots));
	struct zone_entry *entry;

	if (!slots)
		return ZT_ENOMEM;
	free(registry->slots);
	registry->slots = slots;
	registry->mask = size - 1;
	cds_list_for_each_entry(entry, &registry->entries, link)
		insert(registry, entry);
	return ZT_OK;
}

struct zone_entry *registry_get(const struct registry *registry, const uint8_t *apex)
{
	uint32_t slot = home_slot(registry, apex);
	for (; registry->slots[slot]; slot = (slot + 1) & registry->mask) {
		if (name_equal(registry->slots[slot]->apex, apex))
			return registry->slots[slot];
	}
	return NULL;
}

int registry_add(struct registry *registry, struct zone_entry *entry)
{
	if (registry_get(registry, entry->apex))
		return ZT_EEXIST;
	if ((registry->count + 1) * 2 > registry->mask + 1) {
		int status = rebuild(registry, (registry->mask + 1) * 2);
		if (status != ZT_OK)
			return status;
	}
	cds_list_add_tail(&entry->link, &registry->entries);
	registry->count++;
	insert(registry, entry);
	return ZT_OK;
}

void registry_remove(struct registry *registry, struct zone_entry *entry)
{
	uint32_t hole = home_slot(registry, entry->apex);

	while (registry->slots[hole] != entry)
		hole = (hole + 1) & registry->mask;
	registry->slots[hole] = NULL;
	cds_list_del(&entry->link);
	registry->count--;
	/* Close the gap: entries after the hole move back unless that would put them before their home slot. */
	for (uint32_t slot = (hole + 1) & registry->mask; registry->slots[slot]; slot = (slot + 1) & registry->mask) {
		uint32_t home = home_slot(registry, registry->slots[slot]->apex);
		if (((slot - home) & registry->mask) >= ((slot - hole) & registry->mask)) {
			registry->slots[hole] = registry->slots[slot];
			registry->slots[slot] = NULL;
			hole = slot;
		}
	}
}

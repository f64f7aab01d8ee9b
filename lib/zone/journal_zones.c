/* The journal's table of zones in memory. */
#include <stdlib.h>
#include <string.h>

#include "lib/zone/journal_store.h"

/* Apexes come from the operator's configuration: the table needs no secret seed. */
enum { TABLE_SEED = 0x5a6f6e65, TABLE_MIN = 16 };

static uint32_t slot_of(const struct journal *journal, const uint8_t *apex)
{
	uint32_t at = (uint32_t)name_hash(apex, TABLE_SEED) & journal->mask;

	while (journal->slots[at] && !name_equal(journal->zones[journal->slots[at] - 1]->apex, apex))
		at = (at + 1) & journal->mask;
	return at;
}

struct journal_zone *journal_zone_get(const struct journal *journal, const uint8_t *apex)
{
	if (!journal->slots)
		return NULL;
	uint32_t slot = journal->slots[slot_of(journal, apex)];
	return slot ? journal->zones[slot - 1] : NULL;
}

/* Makes room for one more at a load of at most one half. */
static bool table_grow(struct journal *journal)
{
	if (journal->slots && (journal->zone_count + 1) * 2 <= journal->mask + 1)
		return true;
	uint32_t size = journal->slots ? (journal->mask + 1) * 2 : TABLE_MIN;
	struct journal_zone **zones = realloc(journal->zones, size / 2 * sizeof(*zones));
	if (!zones)
		return false;
	journal->zones = zones;
	uint32_t *slots = calloc(size, sizeof(*slots));
	if (!slots)
		return false;
	free(journal->slots);
	journal->slots = slots;
	journal->mask = size - 1;
	for (uint32_t i = 0; i < journal->zone_count; i++)
		slots[slot_of(journal, zones[i]->apex)] = i + 1;
	return true;
}

struct journal_zone *journal_zone_ensure(struct journal *journal, const uint8_t *apex)
{
	struct journal_zone *zone = journal_zone_get(journal, apex);
	if (zone)
		return zone;
	if (!table_grow(journal) || !(zone = calloc(1, sizeof(*zone) + name_len(apex))))
		return NULL;
	name_copy(zone->apex, apex);
	name_lower(zone->apex);
	zone->index = journal->zone_count++;
	journal->zones[zone->index] = zone;
	journal->slots[slot_of(journal, zone->apex)] = zone->index + 1;
	return zone;
}

/* Closes the gap: what stands behind it moves back unless that would put it before its home. */
static void slot_free(struct journal *journal, uint32_t gap)
{
	journal->slots[gap] = 0;
	for (uint32_t slot = (gap + 1) & journal->mask; journal->slots[slot]; slot = (slot + 1) & journal->mask) {
		uint32_t home = (uint32_t)name_hash(journal->zones[journal->slots[slot] - 1]->apex, TABLE_SEED) & journal->mask;
		if (((slot - home) & journal->mask) < ((slot - gap) & journal->mask))
			continue;
		journal->slots[gap] = journal->slots[slot];
		journal->slots[slot] = 0;
		gap = slot;
	}
}

void journal_zone_drop(struct journal *journal, struct journal_zone *zone)
{
	uint32_t last = journal->zone_count - 1;

	slot_free(journal, slot_of(journal, zone->apex));
	journal->history_bytes -= zone->meta.history_bytes;
	if (zone->index != last) {
		struct journal_zone *moved = journal->zones[last];
		journal->slots[slot_of(journal, moved->apex)] = zone->index + 1;
		journal->zones[zone->index] = moved;
		moved->index = zone->index;
	}
	journal->zone_count = last;
	free(zone);
}

void journal_zones_fini(struct journal *journal)
{
	for (uint32_t i = 0; i < journal->zone_count; i++)
		free(journal->zones[i]);
	free(journal->zones);
	free(journal->slots);
	journal->zones = NULL;
	journal->slots = NULL;
	journal->zone_count = 0;
}

const uint8_t *journal_zone_next(const struct journal *journal, const uint8_t *apex)
{
	uint32_t at = 0;
	if (apex) {
		const struct journal_zone *zone = journal_zone_get(journal, apex);
		at = zone ? zone->index + 1 : journal->zone_count;
	}
	while (at < journal->zone_count && journal->zones[at]->meta.id == 0)
		at++;
	return at < journal->zone_count ? journal->zones[at]->apex : NULL;
}

/* Making catalog zones. */
#include "authd/manage/producer.h"

#include <stdlib.h>

#include "authd/manage/commit.h"
#include "lib/dns/rrtype.h"
#include "lib/zone/catalog.h"

static bool is_member(const struct zone_options *zone, const struct zone_entry *producer)
{
	return zone->catalog_member && name_equal(zone->catalog_member, producer->apex);
}

size_t producer_member_count(const struct manage *manage, const struct zone_entry *entry)
{
	size_t count = 0;

	for (uint32_t i = 0; i < manage->options->zone_count; i++)
		count += is_member(&manage->options->zones[i], entry);
	return count;
}

static int content_make(struct manage *manage, const struct zone_entry *entry, struct zone_edit *edit, struct catalog_outcome *outcome)
{
	size_t count = producer_member_count(manage, entry), filled = 0;
	struct catalog_wish *wishes = calloc(count + 1, sizeof(*wishes));
	struct catalog_writer writer = { wishes, count, &manage->rng, (uint32_t)(clock_wall(manage->clock) / USEC_PER_SEC) };

	if (!wishes)
		return ZT_ENOMEM;
	for (uint32_t i = 0; i < manage->options->zone_count; i++) {
		const struct zone_options *zone = &manage->options->zones[i];
		if (is_member(zone, entry))
			wishes[filled++] = (struct catalog_wish){ zone->apex, zone->catalog_group };
	}
	/* One that was made here is made anew, one that is no longer asked for goes. */
	int status = entry->options->zonemd_generate == ZONEMD_NO_HASH ? zone_edit_remove_rrset(edit, entry->apex, TYPE_ZONEMD, 0) : ZT_OK;
	if (status == ZT_OK || status == ZT_ENOENT)
		status = catalog_write(edit, &writer, outcome);
	free(wishes);
	return status;
}

static void failed(struct manage *manage, struct zone_entry *entry, const char *why)
{
	zone_entry_fail(entry, "the catalog could not be made: %s", why);
	log_error(manage->log, "catalog %s: not brought up to the configuration: %s; the next reload tries again", entry->name, why);
}

static void producer_run(struct manage *manage, struct zone_entry *entry)
{
	struct commit_item item = { .entry = entry, .source = JOURNAL_RELOAD };
	struct catalog_outcome outcome;

	int status = zone_edit_begin(entry->zone, &item.edit);
	if (status == ZT_OK)
		status = content_make(manage, entry, item.edit, &outcome);
	if (status != ZT_OK) {
		zone_edit_abort(item.edit);
		failed(manage, entry, status == ZT_ELIMIT ? "its name is too long for the names of members; give it a shorter one" : status_text(status));
		return;
	}
	if (outcome.was_unusable)
		log_warn(manage->log, "catalog %s: its content of before was no sound catalog (%s): it is made anew, with new labels for all members", entry->name, outcome.error);
	commit_edits(manage, &item, 1);
	if (item.status != ZT_OK) {
		failed(manage, entry, item.error);
		return;
	}
	zone_entry_clear_error(entry);
	if (item.changed)
		log_notice(manage->log, "catalog %s: serial %u: %zu members, %zu added, %zu removed, %zu changed", entry->name,
			   zone_version_serial(zone_current(entry->zone)), producer_member_count(manage, entry), outcome.added, outcome.removed, outcome.changed);
}

void producers_run(struct manage *manage)
{
	struct zone_entry *entry;

	cds_list_for_each_entry(entry, &manage->registry.entries, link) {
		const struct catalog_options *catalog = entry->options->catalog;
		if (catalog && catalog->role == CATALOG_PRODUCER)
			producer_run(manage, entry);
	}
}

/* The commit pipeline. */
#include "authd/manage/commit.h"

#include <stdio.h>
#include <stdlib.h>

#include "authd/manage/consumer.h"
#include "authd/manage/digest.h"
#include "authd/manage/images.h"
#include "authd/manage/pledge.h"
#include "authd/manage/primary.h"
#include "lib/dns/serial.h"
#include "lib/zone/check.h"
#include "lib/zone/zonemd.h"

/* An item on its way. */
struct passage {
	struct commit_item *item;
	struct changeset change;
	const struct zone_version *from;
	const struct zone_version *to;
	bool replaces;                 /* no difference leads from what is served to what will be */
	bool is_new_version;
};

static void refuse(struct passage *passage, int status)
{
	passage->item->status = status;
	if (!passage->item->error[0])
		snprintf(passage->item->error, sizeof(passage->item->error), "%s", status_text(status));
}

/* ---- before the durable point ---------------------------------------------------------------------------------------------------- */

/* What the item changes, and whether its serial allows it. */
static void measure(struct passage *passage)
{
	struct commit_item *item = passage->item;
	struct rrset soa;
	bool is_first = !zone_version_soa(passage->from, &soa);
	uint32_t old = zone_version_serial(passage->from), fresh = zone_version_serial(passage->to);

	int status = is_first ? ZT_OK : zone_edit_changeset(item->edit, &passage->change);
	if (status != ZT_OK) {
		refuse(passage, status);
		return;
	}
	passage->is_new_version = is_first || !changeset_is_empty(&passage->change);
	passage->replaces = is_first;
	if (!passage->is_new_version || is_first || serial_is_newer(fresh, old))
		return;
	if (item->source == JOURNAL_AXFR || item->source == JOURNAL_REPAIR) {
		passage->replaces = true;
		return;
	}
	snprintf(item->error, sizeof(item->error), "the serial would go from %u to %u, which is not newer (RFC 1982)", old, fresh);
	refuse(passage, ZT_ESERIAL);
}

int commit_digest_check(struct manage *manage, const struct zone_entry *entry, const struct zone_version *version, char error[512])
{
	struct zonemd_report report;

	if (!entry->options->zonemd_verify)
		return ZT_OK;
	int status = zonemd_verify(version, &report);
	if (status != ZT_OK) {
		snprintf(error, 512, "%s", status_text(status));
		return status;
	}
	switch (report.outcome) {
	case ZONEMD_ABSENT:
		return ZT_OK;
	case ZONEMD_VERIFIED:
		log_info(manage->log, "zone %s: serial %u: %s", entry->name, zone_version_serial(version), report.text);
		return ZT_OK;
	case ZONEMD_UNSUPPORTED:
		log_warn(manage->log, "zone %s: serial %u: %s; it is not verified", entry->name, zone_version_serial(version), report.text);
		return ZT_OK;
	case ZONEMD_MISMATCH:
		break;
	}
	snprintf(error, 512, "serial %u: %s (zonemd-verify: no takes it all the same)", zone_version_serial(version), report.text);
	return ZT_EZONE;
}

/* The loader has checked a first load while it had the file's lines at hand. */
static void check(struct manage *manage, struct passage *passage)
{
	struct commit_item *item = passage->item;
	char text[ZONE_FINDING_TEXT_SIZE];

	if (!passage->is_new_version || item->source == JOURNAL_LOAD)
		return;
	struct zone_findings *findings = calloc(1, sizeof(*findings));
	if (!findings) {
		refuse(passage, ZT_ENOMEM);
		return;
	}
	bool is_received = item->source == JOURNAL_AXFR || item->source == JOURNAL_IXFR || item->source == JOURNAL_REPAIR;
	bool whole = passage->replaces || item->source == JOURNAL_AXFR;
	int status = whole ? zone_check(passage->to, findings) : zone_check_changes(passage->to, &passage->change, findings);
	for (unsigned i = 0; i < findings->count && status != ZT_OK; i++) {
		if (!findings->list[i].is_error)
			continue;
		snprintf(item->error, sizeof(item->error), "%s", zone_finding_to_text(&findings->list[i], text));
		break;
	}
	free(findings);
	if (status == ZT_OK && is_received)
		status = commit_digest_check(manage, item->entry, passage->to, item->error);
	if (status != ZT_OK)
		refuse(passage, status);
}

static void prepare(struct manage *manage, struct passage *passage, struct commit_item *item)
{
	passage->item = item;
	item->status = ZT_OK;
	item->changed = false;
	item->error[0] = 0;
	changeset_init(&passage->change);
	passage->from = zone_current(item->entry->zone);
	int status = pledge_redeem(manage, item->entry);
	if (status != ZT_OK)
		snprintf(item->error, sizeof(item->error), "not stored: journal: %s", status_text(status));
	else if (item->source == JOURNAL_UPDATE || item->source == JOURNAL_RELOAD)
		status = digest_renew(item->entry, item->edit, item->error);
	passage->to = zone_edit_view(item->edit);
	if (status != ZT_OK) {
		refuse(passage, status);
		return;
	}
	measure(passage);
	if (item->status == ZT_OK)
		check(manage, passage);
}

static bool is_worth_storing(const struct passage *passage)
{
	const struct commit_item *item = passage->item;
	return item->status == ZT_OK && !item->is_pledged && (passage->is_new_version || item->base || item->state_count > 0);
}

/* Writes all sound items in one transaction; a failure is that of each. */
static void store(struct manage *manage, struct passage *passages, size_t count)
{
	struct journal_commit *commits = calloc(count ? count : 1, sizeof(*commits));
	usec_t wall = clock_wall(manage->clock);
	size_t filled = 0;
	int status = commits ? ZT_OK : ZT_ENOMEM;

	for (size_t i = 0; i < count && commits; i++) {
		const struct commit_item *item = passages[i].item;
		if (passages[i].replaces && item->status == ZT_OK)
			images_on_first(manage, item->entry, passages[i].to);
		if (!is_worth_storing(&passages[i]))
			continue;
		commits[filled++] = (struct journal_commit){
			.apex = item->entry->apex,
			.from = passages[i].from,
			.to = passages[i].to,
			.change = passages[i].replaces ? NULL : &passages[i].change,
			.source = item->source,
			.wall = wall,
			.base = item->base,
			.origin = item->origin,
			.origin_len = item->origin_len,
			.states = item->states,
			.state_count = item->state_count,
		};
	}
	if (filled > 0)
		status = journal_commit(manage->journal, commits, filled);
	free(commits);
	for (size_t i = 0; i < count && status != ZT_OK; i++)
		if (is_worth_storing(&passages[i])) {
			snprintf(passages[i].item->error, sizeof(passages[i].item->error), "not stored: journal: %s", status_text(status));
			refuse(&passages[i], status);
		}
}

/* ---- after it ------------------------------------------------------------------------------------------------------------------------ */

static void announce(struct manage *manage, const struct passage *passage, uint32_t old)
{
	const struct commit_item *item = passage->item;
	const struct zone_entry *entry = item->entry;
	bool is_one_of_many = item->source == JOURNAL_UPDATE || (item->source == JOURNAL_LOAD && manage->registry.count > MANAGE_ZONES_TOLD);
	enum log_level level = is_one_of_many ? LOG_LEVEL_DEBUG : LOG_LEVEL_INFO;
	const struct zone_version *current = zone_current(entry->zone);
	char fingerprint[33];

	if (level > manage->log->level)
		return;
	fingerprint_to_text(zone_summary(current).fingerprint, fingerprint);
	if (passage->replaces)
		log_write(manage->log, level, "zone %s: serial %u (%s), %zu records, fingerprint %s", entry->name, zone_version_serial(current),
			journal_source_text(item->source), zone_version_record_count(current), fingerprint);
	else
		log_write(manage->log, level, "zone %s: serial %u -> %u (%s): %u records removed, %u added, fingerprint %s", entry->name, old,
			zone_version_serial(current), journal_source_text(item->source), passage->change.removed_count, passage->change.added_count,
			fingerprint);
}

/* Makes the outcome of one item visible. Nothing here can fail. */
static void finish(struct manage *manage, struct passage *passage)
{
	struct commit_item *item = passage->item;
	struct zone_entry *entry = item->entry;

	if (item->status != ZT_OK || !passage->is_new_version) {
		if (item->status != ZT_OK && (item->source != JOURNAL_UPDATE || log_limit_passes(&manage->log_updates, manage->log)))
			log_warn(manage->log, "zone %s: %s refused: %s", entry->name, journal_source_text(item->source), item->error);
		zone_edit_abort(item->edit);
	} else {
		uint32_t old = zone_version_serial(passage->from);
		zone_edit_publish(item->edit);
		item->changed = true;
		images_on_change(manage, entry, passage->replaces ? SIZE_MAX : (size_t)passage->change.removed_count + passage->change.added_count);
		entry->loaded_wall = clock_wall(manage->clock);
		if (entry->served)
			atomic_store_explicit(&entry->served->state, SERVED_OK, memory_order_release);
		announce(manage, passage, old);
	}
	item->edit = NULL;
	changeset_fini(&passage->change);
}

void commit_edits(struct manage *manage, struct commit_item *items, size_t count)
{
	struct passage *passages = calloc(count ? count : 1, sizeof(*passages));

	if (!passages) {
		for (size_t i = 0; i < count; i++) {
			items[i].status = ZT_ENOMEM;
			snprintf(items[i].error, sizeof(items[i].error), "%s", status_text(ZT_ENOMEM));
			zone_edit_abort(items[i].edit);
			items[i].edit = NULL;
		}
		return;
	}
	for (size_t i = 0; i < count; i++)
		prepare(manage, &passages[i], &items[i]);
	store(manage, passages, count);
	for (size_t i = 0; i < count; i++)
		finish(manage, &passages[i]);
	/* All are visible before the first is announced. A zone that is being set up has no queue yet and announces itself when it gets one. */
	for (size_t i = 0; i < count; i++) {
		if (items[i].changed && items[i].entry->primary)
			primary_on_change(manage, items[i].entry);
		if (items[i].changed && items[i].entry->consumer)
			consumer_on_change(items[i].entry->consumer);
	}
	free(passages);
}

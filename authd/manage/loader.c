/* Loading and reloading zones. */
#include "authd/manage/loader.h"

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>

#include "authd/manage/commit.h"
#include "authd/manage/images.h"
#include "authd/manage/confine.h"
#include "authd/manage/digest.h"
#include "authd/manage/merge.h"
#include "authd/manage/pledge.h"
#include "lib/zone/zonefile.h"

enum {
	/* A start writes zones to the journal in groups of at most so many, and about so many bytes of memory: each commit waits for the disk. */
	LOADS_PER_COMMIT = 512,
	LOAD_SIZE_PER_COMMIT = 8 << 20,
	TRIM_SIZE = 16 << 20,          /* bytes of a zone read for a comparison that are given back to the system at once */
	YOUNG_NS = 1000000000,         /* a file this young when it was read may still change without its times showing it */
};

/* ---- a zone file as read --------------------------------------------------------------------------------------------------------- */

/* What the journal keeps as a content's origin: 1 where the files were young, then the files. */
static void origin_make(const struct zonefile_report *report, struct buf *origin)
{
	const struct buf *sources = &report->sources;
	/* Files have the system's times, whatever clock the daemon lives by. */
	bool is_young = clock_wall(clock_system()) * 1000 - zonefile_sources_newest_ns(sources->data, sources->len) < YOUNG_NS;

	buf_clear(origin);
	buf_add_u8(origin, is_young);
	buf_add(origin, sources->data, sources->len);
}

/* Whether the files still are what the journal's base was made from. */
static bool file_is_unchanged(struct manage *manage, const struct zone_entry *entry)
{
	struct buf origin;

	buf_init(&origin);
	bool unchanged = journal_content_origin(manage->journal, entry->apex, &origin) == ZT_OK && origin.len > 1 && origin.data[0] == 0 &&
			 zonefile_sources_are_current(entry->options->file, origin.data + 1, origin.len - 1);
	if (unchanged)
		confine_note_sources(manage->confine, origin.data + 1, origin.len - 1);
	buf_fini(&origin);
	return unchanged;
}

static void error_set(struct zone_entry *entry, const char *text)
{
	zone_entry_fail(entry, "%s", text);
}

/* Everything the reader found goes to the log; the first error also to last_error. */
static void report_log(const struct manage *manage, struct zone_entry *entry, const struct zonefile_report *report)
{
	bool has_error = false;

	for (unsigned i = 0; i < report->message_count; i++) {
		const struct zonefile_message *message = &report->messages[i];
		log_write(manage->log, message->is_error ? LOG_LEVEL_ERROR : LOG_LEVEL_WARN, "zone %s: %s", entry->name, message->text);
		if (message->is_error && !has_error)
			error_set(entry, message->text);
		has_error |= message->is_error;
	}
}

static int digest_check(struct manage *manage, struct zone_entry *entry, const struct zone_version *version)
{
	char error[512];

	if (entry->options->zonemd_generate != ZONEMD_NO_HASH)      /* replaced, or looked at then */
		return ZT_OK;
	int status = commit_digest_check(manage, entry, version, error);
	if (status != ZT_OK)
		zone_entry_fail(entry, "%s: %.400s", entry->options->file, error);
	return status;
}

/* Reads the entry's file into an edit. Failures are logged and in last_error. */
static int file_read(struct manage *manage, struct zone_entry *entry, struct zone_edit *edit, struct buf *origin)
{
	struct zonefile_report *report = malloc(sizeof(*report));

	if (!report) {
		error_set(entry, status_text(ZT_ENOMEM));
		return ZT_ENOMEM;
	}
	zonefile_report_init(report);
	int status = zonefile_load(entry->options->file, entry->apex, edit, report);
	if (status == ZT_OK && report->sources.status != ZT_OK)
		status = report->sources.status;
	if (status != ZT_OK)
		error_set(entry, status_text(status));
	if (status == ZT_ENOENT)       /* which elsewhere means that there is no file to read */
		status = ZT_EIO;
	report_log(manage, entry, report);
	if (status == ZT_OK)
		status = digest_check(manage, entry, zone_edit_view(edit));
	confine_note_sources(manage->confine, report->sources.data, report->sources.len);
	origin_make(report, origin);
	if (status == ZT_OK && origin->status != ZT_OK)
		status = origin->status;
	zonefile_report_fini(report);
	free(report);
	return status;
}

/* ---- reload ------------------------------------------------------------------------------------------------------------------------- */

/* What comes of a file that was read again. `fresh` is a zone of its own that nobody serves; it shares what did not change. */
struct reload {
	struct zone *fresh;
	const struct zone_version *file;   /* the file's content; pinned */
	struct buf origin;
	struct merge_result merged;
};

static void reload_init(struct reload *reload)
{
	*reload = (struct reload){ 0 };
	buf_init(&reload->origin);
}

static void reload_fini(struct reload *reload)
{
	size_t memory = reload->file ? zone_version_memory(reload->file) : 0;

	if (reload->file)
		zone_version_release(reload->file);
	if (reload->fresh)
		zone_free(reload->fresh);
	buf_fini(&reload->origin);
	if (memory > TRIM_SIZE)
		malloc_trim(0);
}

static int reload_read(struct manage *manage, struct zone_entry *entry, struct reload *reload)
{
	struct zone_edit *edit = NULL;

	int status = zone_fork(entry->zone, &reload->fresh);
	if (status == ZT_OK)
		status = zone_edit_begin(reload->fresh, &edit);
	if (status != ZT_OK) {
		error_set(entry, status_text(status));
		return status;
	}
	status = file_read(manage, entry, edit, &reload->origin);
	if (status != ZT_OK) {
		zone_edit_abort(edit);
		return status;
	}
	zone_edit_publish(edit);
	reload->file = zone_version_acquire(zone_current(reload->fresh));
	return ZT_OK;
}

/* Makes of the file's content what shall be served. */
static int reload_merge(struct manage *manage, const struct zone_entry *entry, struct reload *reload)
{
	struct merge_sides sides = { .file = reload->file, .served = zone_current(entry->zone) };
	struct zone_edit *edit;

	int status = zone_edit_begin(reload->fresh, &edit);
	if (status != ZT_OK)
		return status;
	status = digest_carry(entry, edit);
	if (status == ZT_OK)
		status = merge_local_changes(manage->journal, &sides, edit, &reload->merged);
	if (status == ZT_OK)
		zone_edit_publish(edit);
	else
		zone_edit_abort(edit);
	return status;
}

/* An edit on the served zone that leads to the fresh one. */
static int reload_edit(const struct zone_entry *entry, const struct reload *reload, struct zone_edit **out)
{
	struct changeset change;
	struct zone_edit *edit = NULL;

	changeset_init(&change);
	int status = zone_diff(zone_current(entry->zone), zone_current(reload->fresh), &change);
	if (status == ZT_OK)
		status = zone_edit_begin(entry->zone, &edit);
	if (status == ZT_OK)
		status = zone_edit_apply(edit, &change);
	changeset_fini(&change);
	if (status == ZT_OK)
		*out = edit;
	else
		zone_edit_abort(edit);
	return status;
}

static void reload_tell(const struct manage *manage, const struct zone_entry *entry, const struct reload *reload)
{
	const struct merge_result *merged = &reload->merged;

	if (merged->serial_was_raised)
		log_notice(manage->log, "zone %s: %s has serial %u, which is not newer than what was served; its content is served with serial %u",
			entry->name, entry->options->file, merged->file_serial, zone_version_serial(zone_current(entry->zone)));
	if (merged->carried_count > 0)
		log_info(manage->log, "zone %s: %u RRsets changed by UPDATE were carried over into the new content of %s", entry->name,
			merged->carried_count, entry->options->file);
	if (merged->dropped_count > 0)
		log_warn(manage->log, "zone %s: %u aliases changed both by UPDATE and in %s are taken from the file", entry->name, merged->dropped_count,
			entry->options->file);
}

static int reload_run(struct manage *manage, struct zone_entry *entry, struct reload *reload, bool *changed)
{
	struct commit_item item = { .entry = entry, .source = JOURNAL_RELOAD };

	int status = reload_read(manage, entry, reload);
	if (status != ZT_OK)
		return status;
	status = reload_merge(manage, entry, reload);
	if (status == ZT_OK)
		status = reload_edit(entry, reload, &item.edit);
	if (status != ZT_OK) {
		error_set(entry, status_text(status));
		return status;
	}
	item.base = reload->file;
	item.origin = reload->origin.data;
	item.origin_len = reload->origin.len;
	commit_edits(manage, &item, 1);
	if (item.status != ZT_OK) {
		zone_entry_fail(entry, "%s: %.400s", entry->options->file, item.error);
		return item.status;
	}
	*changed = item.changed;
	reload_tell(manage, entry, reload);
	return ZT_OK;
}

int loader_reload(struct manage *manage, struct zone_entry *entry, bool *changed)
{
	struct reload reload;
	bool ignored;
	int expired = SERVED_EXPIRED;

	if (!changed)
		changed = &ignored;
	*changed = false;
	if (!entry->options->file || entry->options->primaries_count > 0)
		return ZT_ENOENT;
	/* It expired as the secondary it was before; a primary does not. */
	atomic_compare_exchange_strong(&entry->served->state, &expired, SERVED_OK);
	/* What the file held before must be known to tell what has changed. */
	if (pledge_redeem(manage, entry) != ZT_OK) {
		error_set(entry, "the content of before could not be stored yet");
		return ZT_ENOSPC;
	}
	if (!entry->last_error[0] && file_is_unchanged(manage, entry) && !digest_is_due(manage, entry))
		return ZT_OK;
	reload_init(&reload);
	int status = reload_run(manage, entry, &reload, changed);
	reload_fini(&reload);
	if (status == ZT_OK) {
		zone_entry_clear_error(entry);
		digest_note(manage, entry);
	} else {
		log_error(manage->log, "zone %s: not reloaded, serial %u stays in service: %s", entry->name,
			zone_version_serial(zone_current(entry->zone)), entry->last_error);
	}
	return status;
}

/* ---- first load ------------------------------------------------------------------------------------------------------------------------ */

/* An edit that shows what is stored: out of the image, or else out of the journal. */
static int stored_load(struct manage *manage, struct zone_entry *entry, struct zone_edit **out, const char **source)
{
	int status = zone_edit_begin(entry->zone, out);

	if (status != ZT_OK)
		return status;
	*source = "its image";
	status = images_restore(manage, entry, *out);
	if (status == ZT_OK)
		return status;
	zone_edit_abort(*out);
	*source = "the journal";
	status = zone_edit_begin(entry->zone, out);
	if (status != ZT_OK)
		return status;
	status = journal_content_load(manage->journal, entry->apex, *out);
	if (status != ZT_OK)
		zone_edit_abort(*out);
	return status;
}

/* What the journal holds goes straight into service: it is durable already. */
static int journal_restore(struct manage *manage, struct zone_entry *entry)
{
	struct journal_content info = { 0 };
	struct zone_edit *edit;
	const char *source;

	int status = stored_load(manage, entry, &edit, &source);
	if (status != ZT_OK) {
		if (status != ZT_ENOENT)
			log_error(manage->log, "zone %s: what the journal holds cannot be used: %s; %s", entry->name, status_text(status),
				entry->options->file ? "the zone file is read instead, changes made by UPDATE are lost"
						     : "the zone will be transferred anew");
		return status;
	}
	zone_edit_publish(edit);
	if (journal_content_info(manage->journal, entry->apex, &info) == ZT_OK)
		entry->loaded_wall = info.wall;
	atomic_store_explicit(&entry->served->state, SERVED_OK, memory_order_release);
	enum log_level level = manage->registry.count > MANAGE_ZONES_TOLD ? LOG_LEVEL_DEBUG : LOG_LEVEL_INFO;
	log_write(manage->log, level, "zone %s: serial %u from %s, %zu records", entry->name, zone_version_serial(zone_current(entry->zone)), source,
		zone_version_record_count(zone_current(entry->zone)));
	return ZT_OK;
}

/* Reads the file of a zone of which the journal gave nothing. */
static int file_load(struct manage *manage, struct zone_entry *entry, struct zone_edit *edit, struct buf *origin)
{
	struct journal_content damaged;

	char error[512] = "";

	int status = file_read(manage, entry, edit, origin);
	if (status != ZT_OK)
		return status;
	/* A pledge was made of the content with its digest. */
	status = digest_make(entry, edit, error);
	uint32_t serial = zone_version_serial(zone_edit_view(edit));
	if (status == ZT_OK && journal_content_info(manage->journal, entry->apex, &damaged) == ZT_OK)
		status = merge_raise_serial(edit, damaged.serial);
	else if (status == ZT_OK)
		status = pledge_compare(manage, entry, edit);
	if (status == ZT_OK && zone_version_serial(zone_edit_view(edit)) != serial)
		status = digest_make(entry, edit, error);
	if (status != ZT_OK && error[0])
		zone_entry_fail(entry, "%s: %.400s", entry->options->file, error);
	else if (status != ZT_OK)
		error_set(entry, status_text(status));
	return status;
}

/* A first load under way: what has been read and waits for its commit. */
struct load {
	struct zone_entry *entry;
	struct zone_edit *edit;            /* NULL: nothing is left to do, `status` is final */
	struct buf origin;
	bool is_restored;                  /* the journal had it */
	bool is_pledged;
	int status;
};

static void load_begin(struct manage *manage, struct zone_entry *entry, struct load *load)
{
	*load = (struct load){ .entry = entry };
	buf_init(&load->origin);
	zone_entry_clear_error(entry);
	load->status = journal_restore(manage, entry);
	load->is_restored = load->status == ZT_OK;
	bool is_secondary = entry->options->primaries_count > 0;
	if (load->status == ZT_OK) {
		/* A refused file is told in last_error; the zone is served all the same. */
		bool is_stale = !is_secondary && entry->options->file && (!file_is_unchanged(manage, entry) || digest_is_due(manage, entry));
		if (is_stale && loader_reload(manage, entry, NULL) != ZT_OK)
			log_warn(manage->log, "zone %s: served as it was before %s changed", entry->name, entry->options->file);
		return;
	}
	if (is_secondary || !entry->options->file) {
		load->status = ZT_ENOENT;
		return;
	}
	load->status = zone_edit_begin(entry->zone, &load->edit);
	if (load->status == ZT_OK)
		load->status = file_load(manage, entry, load->edit, &load->origin);
	else
		error_set(entry, status_text(load->status));
	if (load->status != ZT_OK) {
		zone_edit_abort(load->edit);
		load->edit = NULL;
		log_error(manage->log, "zone %s: not served: %s", entry->name, entry->last_error);
	}
}

/* Makes the pledges of large ones durable; where that fails they are stored before they are served. */
static void loads_pledge(struct manage *manage, struct load *loads, size_t count)
{
	bool some = false;

	for (size_t i = 0; i < count; i++) {
		struct load *load = &loads[i];
		if (!load->edit || !pledge_is_apt(manage, load->entry, zone_edit_view(load->edit)))
			continue;
		load->is_pledged = pledge_make(manage, load->entry, zone_edit_view(load->edit)) == ZT_OK;
		some |= load->is_pledged;
	}
	if (!some || journal_flush(manage->journal) == ZT_OK)
		return;
	for (size_t i = 0; i < count; i++)
		loads[i].is_pledged = false;
}

/* What became of one that was committed. */
static void load_end(struct manage *manage, struct load *load, const struct commit_item *item)
{
	load->status = item->status;
	if (item->status == ZT_OK)
		digest_note(manage, load->entry);
	if (item->status != ZT_OK)
		error_set(load->entry, item->error);
	else if (load->is_pledged && pledge_keep(load->entry, &load->origin) != ZT_OK)
		log_error(manage->log, "zone %s: memory is out; its content is stored with the next change only", load->entry->name);
}

/* Commits the loads that were read from files. */
static void loads_commit(struct manage *manage, struct load *loads, size_t count)
{
	struct commit_item *items = calloc(count ? count : 1, sizeof(*items));
	size_t filled = 0;

	loads_pledge(manage, loads, count);
	for (size_t i = 0; i < count; i++) {
		struct load *load = &loads[i];
		if (!load->edit)
			continue;
		if (!items) {
			zone_edit_abort(load->edit);
			load->status = ZT_ENOMEM;
			error_set(load->entry, status_text(ZT_ENOMEM));
			continue;
		}
		items[filled++] = (struct commit_item){
			.entry = load->entry, .edit = load->edit, .source = JOURNAL_LOAD, .base = zone_edit_view(load->edit),
			.origin = load->origin.data, .origin_len = load->origin.len, .is_pledged = load->is_pledged,
		};
	}
	if (filled > 0)
		commit_edits(manage, items, filled);
	filled = 0;
	for (size_t i = 0; i < count; i++) {
		struct load *load = &loads[i];
		if (load->edit && items)
			load_end(manage, load, &items[filled++]);
		buf_fini(&load->origin);
	}
	free(items);
}

int loader_load(struct manage *manage, struct zone_entry *entry)
{
	struct load load;

	load_begin(manage, entry, &load);
	loads_commit(manage, &load, 1);
	return load.status;
}

/* The loads of a start that wait for their commit, and what became of those before. */
struct start {
	struct load loads[LOADS_PER_COMMIT];
	size_t count;
	size_t size;                       /* of the edits' memory */
	unsigned restored, read, absent, failed;
};

static void start_commit(struct manage *manage, struct start *start)
{
	loads_commit(manage, start->loads, start->count);
	for (size_t i = 0; i < start->count; i++) {
		const struct load *load = &start->loads[i];
		start->restored += load->is_restored;
		start->read += load->status == ZT_OK && !load->is_restored;
		start->absent += load->status == ZT_ENOENT;
		start->failed += load->status != ZT_OK && load->status != ZT_ENOENT;
	}
	start->count = start->size = 0;
}

unsigned loader_load_all(struct manage *manage)
{
	struct start start = { .count = 0 };
	struct zone_entry *entry;

	journal_bulk_begin(manage->journal);
	cds_list_for_each_entry(entry, &manage->registry.entries, link) {
		if (atomic_load_explicit(&entry->served->state, memory_order_acquire) != SERVED_LOADING)
			continue;
		struct load *load = &start.loads[start.count++];
		load_begin(manage, entry, load);
		start.size += load->edit ? zone_version_memory(zone_edit_view(load->edit)) : 0;
		if (start.count == LOADS_PER_COMMIT || start.size >= LOAD_SIZE_PER_COMMIT)
			start_commit(manage, &start);
	}
	start_commit(manage, &start);
	/* Nobody has been told of these zones yet: the workers start later. */
	int status = journal_bulk_end(manage->journal);
	if (status != ZT_OK)
		log_error(manage->log, "journal: what was read from zone files is not safely stored: %s", status_text(status));
	journal_trim(manage->journal);
	if (start.restored + start.read + start.absent + start.failed > MANAGE_ZONES_TOLD)
		log_notice(manage->log, "zones: %u from the journal, %u from their files, %u to be transferred, %u failed", start.restored, start.read,
			start.absent, start.failed);
	return start.failed;
}

/* Reload. */
#include "authd/manage/reload.h"

#include <string.h>

#include "authd/manage/confine.h"
#include "authd/manage/encrypt.h"
#include "authd/manage/loader.h"
#include "authd/manage/producer.h"
#include "authd/manage/show.h"
#include "authd/manage/zones.h"
#include "authd/option_table.h"
#include "lib/base/memory.h"
#include "lib/base/readiness.h"

/* What one zone's reload came to. */
struct outcome {
	const char *text;
	uint32_t serial_before;
	bool changed;
};

static int keep_counts(void *ctx, const struct journal_version *version)
{
	*(struct journal_version *)ctx = *version;
	return ZT_OK;
}

static json_t *outcome_row(const struct manage *manage, const struct zone_entry *entry, const struct outcome *outcome)
{
	struct journal_version version = { 0 };
	const struct zone_version *current = zone_current(entry->zone);
	char fingerprint[33];

	fingerprint_to_text(zone_summary(current).fingerprint, fingerprint);
	/* Counts are for people; where the history does not tell them, they are 0. */
	if (outcome->changed && journal_history_list(manage->journal, entry->apex, 1, keep_counts, &version) != ZT_OK)
		version = (struct journal_version){ 0 };
	return json_pack("{s:s, s:s, s:I, s:I, s:s?, s:I, s:I, s:o}", "zone", entry->name, "outcome", outcome->text, "serial_before",
			 (json_int_t)outcome->serial_before, "serial", (json_int_t)zone_version_serial(current), "fingerprint",
			 zone_version_apex(current) ? fingerprint : NULL, "added", (json_int_t)version.added_count, "deleted",
			 (json_int_t)version.removed_count, "error", strcmp(outcome->text, "failed") == 0 ? show_text(entry->last_error) : json_null());
}

/* Loads or reloads one zone. */
static struct outcome reload_one(struct manage *manage, struct zone_entry *entry)
{
	struct outcome outcome = { .text = "unchanged", .serial_before = zone_version_serial(zone_current(entry->zone)) };
	bool is_fresh = atomic_load(&entry->served->state) == SERVED_LOADING;
	int status = is_fresh ? loader_load(manage, entry) : loader_reload(manage, entry, &outcome.changed);

	if (status == ZT_OK && is_fresh)
		outcome.text = "added";
	else if (status == ZT_OK && outcome.changed)
		outcome.text = "changed";
	else if (status != ZT_OK && status != ZT_ENOENT)      /* no entry: a secondary without a file, or not yet transferred */
		outcome.text = "failed";
	return outcome;
}

static json_t *report(json_t *zones, unsigned failed, const char *restart_needed)
{
	json_t *keys = json_array();

	for (const char *at = restart_needed; keys && *at;) {
		size_t len = strcspn(at, ",");
		json_array_append_new(keys, json_stringn(at, len));
		at += len;
		at += strspn(at, ", ");
	}
	return json_pack("{s:i, s:o, s:o}", "failed", (int)failed, "restart_needed", keys, "zones", zones);
}

/* Puts the new configuration in force; the old one is freed. */
static int configuration_swap(struct manage *manage, struct buf *restart_needed, struct buf *errors)
{
	struct authd_options *old = manage->options, *fresh = NULL;
	int status = options_reread(&fresh, old, errors);

	if (status != ZT_OK)
		return status;
	schema_restart_changes(&authd_schema, old->tree.root, fresh->tree.root, restart_needed);
	status = zones_configure(manage, fresh);
	if (status != ZT_OK)      /* memory is out and some zones still have settings of the old one, so it stays */
		return status;
	encrypt_apply(manage);
	manage->configured_wall = clock_wall(manage->clock);
	options_free(old);
	confine_check_reload(manage);
	return ZT_OK;
}

/* The configuration's errors are lines; each becomes one of the log. */
static void failure_log(const struct manage *manage, int status, const struct buf *errors)
{
	size_t at = 0;

	log_error(manage->log, "reload failed, going on with the old settings: %s", status_text(status));
	while (at < errors->len) {
		const uint8_t *line = errors->data + at, *end = memchr(line, '\n', errors->len - at);
		size_t len = end ? (size_t)(end - line) : errors->len - at;
		log_error(manage->log, "%.*s", (int)len, (const char *)line);
		at += len + 1;
	}
}

int reload_all(struct manage *manage, json_t **result, struct buf *errors)
{
	struct buf restart_needed;
	struct zone_entry *entry;
	unsigned failed = 0;
	json_t *rows = json_array();

	log_notice(manage->log, "reloading %s", manage->options->path);
	readiness_notify(manage->readiness_fd, "RELOADING=1");
	buf_init(&restart_needed);
	int status = configuration_swap(manage, &restart_needed, errors);
	buf_add_u8(&restart_needed, 0);
	if (status == ZT_OK) {
		if (restart_needed.len > 1)
			log_warn(manage->log, "reload: these take effect only after a restart: %s", (const char *)restart_needed.data);
		cds_list_for_each_entry(entry, &manage->registry.entries, link) {
			struct outcome outcome = reload_one(manage, entry);
			failed += strcmp(outcome.text, "failed") == 0;
			if (rows && strcmp(outcome.text, "unchanged") != 0)
				json_array_append_new(rows, outcome_row(manage, entry, &outcome));
		}
		producers_run(manage);
		memory_trim();
		status = zones_start(manage);
	}
	if (status != ZT_OK)
		failure_log(manage, status, errors);
	readiness_notify(manage->readiness_fd, "READY=1");
	if (status == ZT_OK && result && rows)
		*result = report(rows, failed, restart_needed.status == ZT_OK ? (const char *)restart_needed.data : "");
	else
		json_decref(rows);
	buf_fini(&restart_needed);
	return status;
}

int reload_zone(struct manage *manage, struct zone_entry *entry, json_t **result)
{
	struct outcome outcome = reload_one(manage, entry);
	json_t *rows = json_array();

	if (!rows)
		return ZT_ENOMEM;
	memory_trim();
	json_array_append_new(rows, outcome_row(manage, entry, &outcome));
	*result = report(rows, strcmp(outcome.text, "failed") == 0, "");
	return ZT_OK;
}

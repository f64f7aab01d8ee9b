/* The journal: opening, closing, and the commit that puts its parts together. */
#include "lib/zone/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "lib/base/status.h"
#include "lib/dns/serial.h"
#include "lib/zone/journal_store.h"

enum {
	COMPACT_MIN = 64 * 1024,           /* bytes of overlay below which a base is not renewed */
	TRIM_COMMITS = 64,                 /* commits until the map's pages are given back */
};

static const uint64_t default_map_size = UINT64_C(64) << 30;
static const uint64_t default_history_limit = UINT64_C(256) << 20;

/* ---- opening ------------------------------------------------------------------------------------------------------------------- */

/* Takes the folder for this process. */
static int dir_lock(struct journal *journal)
{
	struct buf path;

	buf_init(&path);
	buf_printf(&path, "%s/journal.lock", journal->dir);
	buf_add_u8(&path, 0);
	int status = path.status;
	if (status == ZT_OK) {
		journal->lock_fd = open((const char *)path.data, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
		if (journal->lock_fd < 0)
			status = status_from_errno(errno);
		else if (flock(journal->lock_fd, LOCK_EX | LOCK_NB))
			status = errno == EWOULDBLOCK ? ZT_EBUSY : status_from_errno(errno);
	}
	if (status == ZT_EBUSY)
		log_error(journal->log, "%s: another process uses the journal in this folder", journal->dir);
	else if (status != ZT_OK)
		log_error(journal->log, "%s: can't create journal.lock: %s", journal->dir, status_text(status));
	buf_fini(&path);
	return status;
}

/* Renames a file that is no usable journal out of the way. */
static int set_aside(struct journal *journal)
{
	struct buf from, to;
	int status = ZT_EEXIST;

	buf_init(&from);
	buf_init(&to);
	buf_printf(&from, "%s/journal.mdb", journal->dir);
	buf_add_u8(&from, 0);
	for (unsigned i = 1; i < 1000 && status == ZT_EEXIST; i++) {
		buf_clear(&to);
		buf_printf(&to, "%s/journal.mdb.damaged-%u", journal->dir, i);
		buf_add_u8(&to, 0);
		if (from.status != ZT_OK || to.status != ZT_OK)
			status = ZT_ENOMEM;
		else if (access((const char *)to.data, F_OK) != 0)
			status = rename((const char *)from.data, (const char *)to.data) ? status_from_errno(errno) : ZT_OK;
	}
	if (status == ZT_OK)
		log_error(journal->log, "%s is damaged or not a journal of this version: it is kept as %s, and an empty journal takes its place; "
			"zones are read from their files or transferred anew, and what UPDATE changed in them is lost",
			(const char *)from.data, (const char *)to.data);
	buf_fini(&from);
	buf_fini(&to);
	return status;
}

static const char tag_text[] = "journal key tag";

static uint32_t key_tag(const struct fingerprint_key *key)
{
	return (uint32_t)fingerprint_of(key, tag_text, sizeof(tag_text)).lo;
}

int journal_open(struct journal **out, const struct journal_options *options)
{
	struct journal *journal = calloc(1, sizeof(*journal));
	if (!journal)
		return ZT_ENOMEM;
	*journal = (struct journal){
		.map_size = options->map_size ? options->map_size : default_map_size,
		.history_limit = options->history_limit ? options->history_limit : default_history_limit,
		.key_tag = key_tag(options->key),
		.log = options->log,
		.lock_fd = -1,
		.dir = strdup(options->dir),
	};
	CDS_INIT_LIST_HEAD(&journal->pending);
	int status = pthread_rwlock_init(&journal->env_lock, NULL) || !journal->dir ? ZT_ENOMEM : dir_lock(journal);
	if (status == ZT_OK) {
		status = journal_env_open(journal);
		if (status == ZT_ECORRUPT || status == ZT_EUNSUPPORTED) {
			status = set_aside(journal);
			if (status == ZT_OK)
				status = journal_env_open(journal);
		}
		if (status != ZT_OK)
			log_error(journal->log, "%s/journal.mdb: can't be opened: %s", journal->dir, status_text(status));
	}
	if (status != ZT_OK) {
		journal_close(journal);
		journal = NULL;
	}
	*out = journal;
	return status;
}

void journal_close(struct journal *journal)
{
	if (!journal)
		return;
	if (journal->env && journal_flush(journal) != ZT_OK)
		log_warn(journal->log, "%s/journal.mdb: timers and peers' states could not be written", journal->dir);
	journal_pending_clear(journal);
	journal_env_close(journal);
	journal_zones_fini(journal);
	pthread_rwlock_destroy(&journal->env_lock);
	if (journal->lock_fd >= 0)
		close(journal->lock_fd);
	free(journal->dir);
	free(journal);
}

/* ---- committing ------------------------------------------------------------------------------------------------------------------ */

/* What one item comes to. */
struct plan {
	struct journal_zone *zone;
	struct journal_meta *meta;         /* staged */
	struct journal_base base;          /* version NULL: the base stays */
	bool in_step;                      /* the journal holds item->from */
};

/* After a write whose outcome was unknown, or with a content that could not be restored, the journal may hold something else than what is served. */
static bool holds(const struct journal *journal, const struct journal_meta *meta, const struct zone_version *version)
{
	if (!meta->has_content || meta->serial != zone_version_serial(version))
		return false;
	return meta->fingerprint.key_tag != journal->key_tag || fingerprint_equal(meta->fingerprint.value, zone_summary(version).fingerprint);
}

static void plan_make(struct journal_txn *txn, struct plan *plan, const struct journal_commit *item)
{
	plan->zone = journal_zone_ensure(txn->journal, item->apex);
	if (!plan->zone) {
		txn->status = ZT_ENOMEM;
		return;
	}
	plan->meta = journal_txn_stage(txn, plan->zone);
	if (!plan->meta)
		return;
	const struct journal_meta *meta = plan->meta;
	plan->in_step = holds(txn->journal, meta, item->from);
	bool is_received = item->source == JOURNAL_AXFR || item->source == JOURNAL_IXFR || item->source == JOURNAL_REPAIR;
	bool file_fed = meta->has_origin && !is_received;
	bool renew = !file_fed && meta->overlay_bytes > meta->base_bytes / 2 && meta->overlay_bytes > COMPACT_MIN;
	if (item->base)
		plan->base.version = item->base;
	else if (!plan->in_step || !item->change || renew)
		plan->base.version = item->to;
	if (plan->base.version)
		journal_base_write(txn, meta->id, &plan->base);
}

static void origin_put(struct journal_txn *txn, struct journal_meta *meta, const struct journal_commit *item)
{
	struct journal_key key;

	journal_key_origin(&key, meta->id);
	bool has_origin = item->base && item->origin_len > 0;
	if (has_origin) {
		journal_txn_row(txn);
		buf_add(&txn->row, item->origin, item->origin_len);
		journal_txn_put(txn, &key);
	} else if (meta->has_origin) {
		journal_txn_delete(txn, &key);
	}
	meta->has_origin = has_origin;
}

static void base_change(struct journal_txn *txn, const struct plan *plan, const struct journal_commit *item)
{
	struct changeset change;

	journal_base_adopt(txn, plan->meta, &plan->base);
	origin_put(txn, plan->meta, item);
	if (plan->base.version == item->to)
		return;
	changeset_init(&change);
	int status = zone_diff(plan->base.version, item->to, &change);
	if (status == ZT_OK)
		journal_overlay_update(txn, plan->meta, &(struct journal_step){ plan->base.version, item->to, &change });
	else if (txn->status == ZT_OK)
		txn->status = status;
	changeset_fini(&change);
}

/* A damaged overlay row is no reason to refuse changes: what is served is whole, so it becomes the base. */
static void overlay_repair(struct journal_txn *txn, struct plan *plan, const struct journal_commit *item)
{
	char name[NAME_TEXT_SIZE];

	log_error(txn->journal->log, "%s/journal.mdb: a row of zone %s is damaged; its whole content is stored anew%s", txn->journal->dir,
		name_to_text(item->apex, name), plan->meta->has_origin ? ", and the next reload takes the zone file as it is" : "");
	txn->status = ZT_OK;
	plan->base.version = item->to;
	journal_base_write(txn, plan->meta->id, &plan->base);
	base_change(txn, plan, item);
}

static void content_change(struct journal_txn *txn, struct plan *plan, const struct journal_commit *item)
{
	if (plan->base.version) {
		base_change(txn, plan, item);
		return;
	}
	journal_overlay_update(txn, plan->meta, &(struct journal_step){ item->from, item->to, item->change });
	if (txn->status == ZT_ECORRUPT)
		overlay_repair(txn, plan, item);
}

static void item_write(struct journal_txn *txn, struct plan *plan, const struct journal_commit *item)
{
	struct journal_meta *meta = plan->meta;
	bool forward = item->change && serial_is_newer(zone_version_serial(item->to), zone_version_serial(item->from));
	bool same = item->change && changeset_is_empty(item->change);

	content_change(txn, plan, item);
	if (!same || !plan->in_step) {
		if (!plan->in_step || !forward)
			journal_history_clear(txn, meta);
		if (forward && !same)
			journal_history_append(txn, meta, item);
		meta->wall = item->wall;
		meta->source = (uint8_t)item->source;
	}
	meta->serial = zone_version_serial(item->to);
	meta->fingerprint = (struct journal_fingerprint){ txn->journal->key_tag, zone_summary(item->to).fingerprint };
	for (size_t i = 0; i < item->state_count; i++)
		journal_state_write(txn, meta->id, &item->states[i]);
}

int journal_commit(struct journal *journal, const struct journal_commit *items, size_t count)
{
	struct plan *plans = calloc(count ? count : 1, sizeof(*plans));
	struct journal_txn txn;

	if (!plans)
		return ZT_ENOMEM;
	journal_txn_begin(&txn, journal);
	for (size_t i = 0; i < count && txn.status == ZT_OK; i++)
		plan_make(&txn, &plans[i], &items[i]);
	journal_pending_write(&txn);
	for (size_t i = 0; i < count && txn.status == ZT_OK; i++)
		item_write(&txn, &plans[i], &items[i]);
	journal_history_prune(&txn);
	journal_txn_collect(&txn);
	int status = journal_txn_end(&txn);
	if (status == ZT_OK) {
		journal_pending_clear(journal);
		journal_env_grow(journal);
	}
	free(plans);
	if (++journal->commits >= TRIM_COMMITS || txn.touched_much) {
		journal_env_trim(journal);
		journal->commits = 0;
	}
	return status;
}

/* The kinds of rows that carry a zone's id. */
static const char zone_kinds[] = { 'B', 'F', 'H', 'O', 'T' };

static void zone_forget(struct journal_txn *txn, const struct journal_zone *zone)
{
	struct journal_key key, first, end;

	journal_key_meta(&key, zone->apex);
	journal_txn_delete(txn, &key);
	for (size_t i = 0; i < sizeof(zone_kinds); i++) {
		journal_key_first(&first, zone_kinds[i], zone->meta.id);
		journal_key_first(&end, zone_kinds[i], zone->meta.id + 1);
		journal_txn_discard(txn, &first, &end);
	}
}

int journal_zones_forget(struct journal *journal, const uint8_t *const *apexes, size_t count)
{
	struct journal_txn txn;
	bool some_stored = false;
	struct journal_zone *zone;
	int status = ZT_OK;

	for (size_t i = 0; i < count; i++) {
		zone = journal_zone_get(journal, apexes[i]);
		if (zone)
			journal_pending_drop(journal, zone);
		some_stored |= zone && zone->meta.id != 0;
	}
	if (some_stored) {
		journal_txn_begin(&txn, journal);
		for (size_t i = 0; i < count; i++) {
			zone = journal_zone_get(journal, apexes[i]);
			if (zone && zone->meta.id != 0)
				zone_forget(&txn, zone);
		}
		journal_txn_collect(&txn);
		status = journal_txn_end(&txn);
	}
	for (size_t i = 0; i < count && status == ZT_OK; i++) {
		zone = journal_zone_get(journal, apexes[i]);
		if (zone)
			journal_zone_drop(journal, zone);
	}
	return status;
}

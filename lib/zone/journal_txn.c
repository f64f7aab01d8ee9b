/* A write transaction of the journal: rows, staged metas, garbage. */
#include <errno.h>
#include <stdlib.h>
#include <sys/statvfs.h>

#include "lib/zone/journal_store.h"

enum {
	COLLECT_ROWS = 512,                /* garbage rows deleted per commit */
	COLLECT_SIZE = 4 << 20,            /* bytes of them until the map's pages are given back: deleting touches them */
};

static void fail(struct journal_txn *txn, int status)
{
	if (txn->status == ZT_OK)
		txn->status = status;
}

/* LMDB refuses all work after a failed write of its meta page until the environment is opened anew. */
static void env_reopen(struct journal *journal)
{
	pthread_rwlock_wrlock(&journal->env_lock);
	journal_env_close(journal);
	int status = journal_env_open(journal);
	pthread_rwlock_unlock(&journal->env_lock);
	if (status == ZT_OK)
		log_warn(journal->log, "%s/journal.mdb: opened again after a failed write", journal->dir);
	else
		log_error(journal->log, "%s/journal.mdb: can't be opened again after a failed write: %s; every commit will try it", journal->dir,
			status_text(status));
}

/* After a failed commit: makes the environment usable again, so that readers need not wait for the next commit. */
static void env_recover(struct journal *journal)
{
	MDB_txn *txn = NULL;
	int rc = journal->env ? mdb_txn_begin(journal->env, NULL, MDB_RDONLY, &txn) : MDB_PANIC;

	if (rc == 0)
		mdb_txn_abort(txn);
	else if (rc == MDB_PANIC)
		env_reopen(journal);
}

void journal_txn_begin(struct journal_txn *txn, struct journal *journal)
{
	*txn = (struct journal_txn){ .journal = journal, .status = ZT_OK };
	buf_init(&txn->row);
	CDS_INIT_LIST_HEAD(&txn->staged);
	int rc = journal->env ? mdb_txn_begin(journal->env, NULL, 0, &txn->txn) : MDB_PANIC;
	if (rc == MDB_PANIC) {
		env_reopen(journal);
		rc = journal->env ? mdb_txn_begin(journal->env, NULL, 0, &txn->txn) : EIO;
	}
	if (rc)
		fail(txn, journal_status(rc));
}

/* LMDB takes a write that the disk took only in part for an I/O error. */
static int commit_status(const struct journal *journal, int rc)
{
	struct statvfs fs;

	if (rc == EIO && statvfs(journal->dir, &fs) == 0 && fs.f_bavail == 0)
		return ZT_ENOSPC;
	return journal_status(rc);
}

static void write_meta(struct journal_txn *txn, const struct journal_stage *stage)
{
	struct journal_key key;

	journal_key_meta(&key, stage->zone->apex);
	journal_txn_row(txn);
	journal_meta_write(&txn->row, &stage->meta);
	journal_txn_put(txn, &key);
}

static void write_info(struct journal_txn *txn)
{
	struct journal *journal = txn->journal;
	struct journal_key key;
	struct journal_info info = { .next_number = journal->next_number };

	if (txn->status != ZT_OK)
		return;
	info.transaction = mdb_txn_id(txn->txn);
	journal_key_info(&key);
	journal_txn_row(txn);
	journal_info_write(&txn->row, &info);
	journal_txn_put(txn, &key);
}

static void commit(struct journal_txn *txn)
{
	write_info(txn);
	if (txn->status == ZT_OK) {
		int rc = mdb_txn_commit(txn->txn);
		if (rc)
			fail(txn, commit_status(txn->journal, rc));
	} else if (txn->txn) {
		mdb_txn_abort(txn->txn);
	}
	txn->txn = NULL;
}

int journal_txn_end(struct journal_txn *txn)
{
	struct journal_stage *stage, *next;

	cds_list_for_each_entry(stage, &txn->staged, link)
		write_meta(txn, stage);
	commit(txn);
	cds_list_for_each_entry_safe(stage, next, &txn->staged, link) {
		if (txn->status == ZT_OK) {
			txn->journal->history_bytes += stage->meta.history_bytes - stage->zone->meta.history_bytes;
			stage->zone->meta = stage->meta;
		}
		stage->zone->stage = NULL;
		free(stage);
	}
	if (txn->status != ZT_OK) {
		txn->journal->has_garbage = true;      /* perhaps: the next commit looks */
		env_recover(txn->journal);
	}
	buf_fini(&txn->row);
	return txn->status;
}

/* What is committed here counts for nothing before a later commit, whose sync is for all of it: so the meta page after it need not be waited for. (LMDB takes
 * no page of the version before this one until the next commit's data are synced, and this meta page with them.) */
void journal_txn_renew(struct journal_txn *txn)
{
	unsigned flags = MDB_NOMETASYNC;

	if (txn->status == ZT_OK)
		(void)mdb_env_get_flags(txn->journal->env, &flags);
	if (!(flags & MDB_NOMETASYNC))
		(void)mdb_env_set_flags(txn->journal->env, MDB_NOMETASYNC, 1);
	commit(txn);
	if (!(flags & MDB_NOMETASYNC))
		(void)mdb_env_set_flags(txn->journal->env, MDB_NOMETASYNC, 0);
	txn->written = 0;
	if (txn->status == ZT_OK)
		fail(txn, journal_status(mdb_txn_begin(txn->journal->env, NULL, 0, &txn->txn)));
	journal_env_trim(txn->journal);
}

void journal_txn_row(struct journal_txn *txn)
{
	journal_row_begin(&txn->row);
}

void journal_txn_put(struct journal_txn *txn, const struct journal_key *key)
{
	journal_row_seal(&txn->row, key->bytes, key->len);
	if (txn->status == ZT_OK && txn->row.status != ZT_OK)
		fail(txn, txn->row.status);
	if (txn->status != ZT_OK)
		return;
	MDB_val name = { key->len, (void *)(uintptr_t)key->bytes }, value = { txn->row.len, txn->row.data };
	int rc = mdb_put(txn->txn, txn->journal->dbi, &name, &value, 0);
	if (rc)
		fail(txn, journal_status(rc));
	txn->written += txn->row.len;
}

bool journal_txn_delete(struct journal_txn *txn, const struct journal_key *key)
{
	if (txn->status != ZT_OK)
		return false;
	MDB_val name = { key->len, (void *)(uintptr_t)key->bytes };
	int rc = mdb_del(txn->txn, txn->journal->dbi, &name, NULL);
	if (rc && rc != MDB_NOTFOUND)
		fail(txn, journal_status(rc));
	return rc == 0;
}

int journal_txn_read(struct journal_txn *txn, const struct journal_key *key, struct rcursor *payload)
{
	if (txn->status != ZT_OK)
		return txn->status;
	int status = journal_read_row(txn->journal, txn->txn, key, payload);
	if (status != ZT_OK && status != ZT_ENOENT && status != ZT_ECORRUPT)
		fail(txn, status);
	return status;
}

uint64_t journal_txn_number(struct journal_txn *txn)
{
	if (txn->journal->next_number == 0)
		txn->journal->next_number = 1;
	return txn->journal->next_number++;
}

struct journal_meta *journal_txn_stage(struct journal_txn *txn, struct journal_zone *zone)
{
	if (txn->status != ZT_OK)
		return NULL;
	if (!zone->stage) {
		struct journal_stage *stage = malloc(sizeof(*stage));
		if (!stage) {
			fail(txn, ZT_ENOMEM);
			return NULL;
		}
		stage->zone = zone;
		stage->meta = zone->meta;
		zone->stage = stage;
		cds_list_add_tail(&stage->link, &txn->staged);
	}
	if (zone->stage->meta.id == 0)
		zone->stage->meta.id = (uint32_t)journal_txn_number(txn);
	return &zone->stage->meta;
}

/* ---- garbage ------------------------------------------------------------------------------------------------------------------ */

uint64_t journal_txn_discard(struct journal_txn *txn, const struct journal_key *first, const struct journal_key *end)
{
	struct journal_garbage garbage = { first->bytes, first->len, end->bytes, end->len };
	struct journal_key key;
	uint64_t note = journal_txn_number(txn);

	journal_key_garbage(&key, note);
	journal_txn_row(txn);
	journal_garbage_write(&txn->row, &garbage);
	journal_txn_put(txn, &key);
	txn->journal->has_garbage = true;
	return note;
}

void journal_txn_keep(struct journal_txn *txn, uint64_t note)
{
	struct journal_key key;

	journal_key_garbage(&key, note);
	journal_txn_delete(txn, &key);
}

static void key_copy(struct journal_key *key, const uint8_t *bytes, size_t len)
{
	key->len = len < sizeof(key->bytes) ? len : sizeof(key->bytes);
	memcpy(key->bytes, bytes, key->len);
}

/* Deletes the rows of one note, as long as `left` lasts. True when none is left of them. */
static bool collect_range(struct journal_txn *txn, MDB_cursor *cursor, const struct journal_key *bounds, unsigned *left)
{
	MDB_val end = { bounds[1].len, (void *)(uintptr_t)bounds[1].bytes };
	size_t touched = 0;

	for (; *left > 0; --*left) {
		MDB_val key = { bounds[0].len, (void *)(uintptr_t)bounds[0].bytes }, value;
		int rc = mdb_cursor_get(cursor, &key, &value, MDB_SET_RANGE);
		if (rc == MDB_NOTFOUND || (rc == 0 && mdb_cmp(txn->txn, txn->journal->dbi, &key, &end) >= 0))
			return true;
		if (rc == 0)
			rc = mdb_cursor_del(cursor, 0);
		if (rc) {
			fail(txn, journal_status(rc));
			return false;
		}
		touched += value.mv_size;
		if (touched >= COLLECT_SIZE) {
			journal_env_trim(txn->journal);
			touched = 0;
		}
	}
	return false;
}

/* Reads the first note at the cursor. A damaged one is dropped: what it named stays as unused bytes. False when there is none. */
static bool first_note(struct journal_txn *txn, MDB_cursor *cursor, struct journal_key *note, struct journal_key bounds[2])
{
	MDB_val key = { 1, (void *)(uintptr_t)"G" }, value;
	struct rcursor payload;
	struct journal_garbage garbage;

	bounds[0].len = bounds[1].len = 0;
	int rc = mdb_cursor_get(cursor, &key, &value, MDB_SET_RANGE);
	if (rc == MDB_NOTFOUND || (rc == 0 && ((const char *)key.mv_data)[0] != 'G'))
		return false;
	if (rc) {
		fail(txn, journal_status(rc));
		return false;
	}
	key_copy(note, key.mv_data, key.mv_size);
	if (journal_row_open(&payload, key.mv_data, key.mv_size, value.mv_data, value.mv_size) == ZT_OK &&
	    journal_garbage_read(&garbage, &payload) == ZT_OK) {
		key_copy(&bounds[0], garbage.first, garbage.first_len);
		key_copy(&bounds[1], garbage.end, garbage.end_len);
	}
	return true;
}

void journal_txn_collect(struct journal_txn *txn)
{
	struct journal_key note, bounds[2];
	unsigned left = COLLECT_ROWS;
	MDB_cursor *cursor;

	if (txn->status != ZT_OK || !txn->journal->has_garbage)
		return;
	int rc = mdb_cursor_open(txn->txn, txn->journal->dbi, &cursor);
	if (rc) {
		fail(txn, journal_status(rc));
		return;
	}
	txn->touched_much = true;
	bool more = true;
	while (left > 0 && (more = first_note(txn, cursor, &note, bounds))) {
		if (bounds[0].len > 0 && !collect_range(txn, cursor, bounds, &left))
			break;
		journal_txn_delete(txn, &note);
	}
	mdb_cursor_close(cursor);
	txn->journal->has_garbage = more;
}

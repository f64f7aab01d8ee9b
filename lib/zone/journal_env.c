/* The journal's LMDB environment: opening it safely, reading rows, giving map pages back.
 *
 * LMDB syncs data pages (fdatasync) before it writes the meta page that makes them count (O_DSYNC), so a crash at any point leaves the
 * last committed transaction. It trusts what it reads; journal_check.c looks at the file first. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/zone/journal_store.h"

enum {
	LOCK_FILE_SIZE = 64 * 1024,        /* about 1,000 readers at a time */
	MAP_SIZE_LEAST = 256 << 20,
	TRIM_SIZE = 16 << 20,              /* bytes read until the map's pages are given back */
	AHEAD_PART = 16,                   /* the file is grown ahead by that part of what is used… */
	AHEAD_LEAST = 64 << 10,            /* …within these bounds */
	AHEAD_MOST = 1 << 20,
};

static const struct { int mdb; int status; } status_of_mdb[] = {
	{ MDB_SUCCESS, ZT_OK }, { MDB_NOTFOUND, ZT_ENOENT }, { MDB_MAP_FULL, ZT_ENOSPC }, { MDB_PANIC, ZT_EIO }, { MDB_READERS_FULL, ZT_EBUSY },
	{ MDB_TXN_FULL, ZT_ELIMIT }, { MDB_INVALID, ZT_ECORRUPT }, { MDB_VERSION_MISMATCH, ZT_ECORRUPT }, { MDB_CORRUPTED, ZT_ECORRUPT },
	{ MDB_PAGE_NOTFOUND, ZT_ECORRUPT }, { MDB_BAD_VALSIZE, ZT_ELIMIT },
};

int journal_status(int mdb_status)
{
	for (size_t i = 0; i < sizeof(status_of_mdb) / sizeof(*status_of_mdb); i++)
		if (status_of_mdb[i].mdb == mdb_status)
			return status_of_mdb[i].status;
	return mdb_status > 0 ? status_from_errno(mdb_status) : ZT_EIO;
}

/* The lock file is written through a map: it gets its blocks here, where a full disk is an error and not a signal. */
static int lock_file_prepare(const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0)
		return status_from_errno(errno);
	int err = posix_fallocate(fd, 0, LOCK_FILE_SIZE);
	close(fd);
	return err ? status_from_errno(err) : ZT_OK;
}

/* A new name in the folder is durable when the folder is. */
static int dir_sync(const char *dir)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return status_from_errno(errno);
	int status = fsync(fd) ? status_from_errno(errno) : ZT_OK;
	close(fd);
	return status;
}

static int load_zone(struct journal *journal, const MDB_val *key, const MDB_val *value)
{
	const uint8_t *apex = (const uint8_t *)key->mv_data + 1;
	struct rcursor payload;
	struct journal_meta meta;
	char name[NAME_TEXT_SIZE];

	if (!name_is_valid(apex, key->mv_size - 1))
		return ZT_OK;
	struct journal_zone *zone = journal_zone_ensure(journal, apex);
	if (!zone)
		return ZT_ENOMEM;
	int status = journal_row_open(&payload, key->mv_data, key->mv_size, value->mv_data, value->mv_size);
	if (status == ZT_OK)
		status = journal_meta_read(&meta, &payload);
	if (status != ZT_OK) {
		log_error(journal->log, "%s/journal.mdb: the entry of zone %s is damaged; its content and history are lost from the journal",
			journal->dir, name_to_text(apex, name));
	} else {
		zone->meta = meta;
		journal->history_bytes += meta.history_bytes;
	}
	return ZT_OK;
}

static int load_info(struct journal *journal, MDB_txn *txn)
{
	struct journal_key key;
	struct rcursor payload;
	struct journal_info info;
	MDB_stat stat;

	journal_key_info(&key);
	int status = journal_read_row(journal, txn, &key, &payload);
	if (status == ZT_OK)
		status = journal_info_read(&info, &payload);
	if (status == ZT_OK && info.transaction != mdb_txn_id(txn))
		status = ZT_ECORRUPT;
	if (status == ZT_OK) {
		if (journal->next_number < info.next_number)
			journal->next_number = info.next_number;
	} else if (status == ZT_ENOENT) {
		int rc = mdb_stat(txn, journal->dbi, &stat);
		status = rc ? journal_status(rc) : stat.ms_entries == 0 ? ZT_OK : ZT_ECORRUPT;
	}
	return status;
}

/* Reads the info row, every zone's meta, and whether there is garbage. */
static int load_all(struct journal *journal, MDB_txn *txn)
{
	MDB_cursor *cursor;
	MDB_val key, value;
	struct journal_key first;

	int status = load_info(journal, txn);
	if (status != ZT_OK)
		return status;
	for (uint32_t i = 0; i < journal->zone_count; i++)
		journal->zones[i]->meta = (struct journal_meta){ 0 };
	journal->history_bytes = 0;
	int rc = mdb_cursor_open(txn, journal->dbi, &cursor);
	if (rc)
		return journal_status(rc);
	key = (MDB_val){ 1, (void *)(uintptr_t)"G" };
	rc = mdb_cursor_get(cursor, &key, &value, MDB_SET_RANGE);
	journal->has_garbage = rc == 0 && ((const char *)key.mv_data)[0] == 'G';
	journal_key_meta(&first, name_root);
	key = (MDB_val){ 1, first.bytes };
	rc = mdb_cursor_get(cursor, &key, &value, MDB_SET_RANGE);
	while (rc == 0 && status == ZT_OK && ((const char *)key.mv_data)[0] == 'Z') {
		status = load_zone(journal, &key, &value);
		rc = mdb_cursor_get(cursor, &key, &value, MDB_NEXT);
	}
	mdb_cursor_close(cursor);
	return status != ZT_OK ? status : rc && rc != MDB_NOTFOUND ? journal_status(rc) : ZT_OK;
}

static int env_make(struct journal *journal, const char *path)
{
	int rc = mdb_env_create(&journal->env);
	if (rc)
		return rc;
	rc = mdb_env_set_mapsize(journal->env, journal->map_size);
	return rc ? rc : mdb_env_open(journal->env, path, MDB_NOSUBDIR | MDB_NOTLS | MDB_NORDAHEAD, 0600);
}

/* Where address space is short (a limit of it, valgrind) a smaller map does for a smaller journal. */
static int env_make_fitting(struct journal *journal, const char *path)
{
	int rc = env_make(journal, path);

	while ((rc == EINVAL || rc == ENOMEM) && journal->map_size > MAP_SIZE_LEAST) {
		mdb_env_close(journal->env);
		journal->env = NULL;
		journal->map_size /= 4;
		rc = env_make(journal, path);
		if (rc == 0)
			log_warn(journal->log, "%s/journal.mdb: address space is short, so the journal can grow to %u MiB only; raise the limit (ulimit -v)", journal->dir,
				(unsigned)(journal->map_size >> 20));
	}
	return rc ? journal_status(rc) : ZT_OK;
}

/* Where the environment is mapped, which LMDB does not tell; NULL where the system does not either. */
static void *map_find(MDB_env *env)
{
	unsigned long long first, end, inode;
	char line[512], flags[8];
	struct stat st;
	void *map = NULL;
	int fd;

	FILE *maps = mdb_env_get_fd(env, &fd) == 0 && fstat(fd, &st) == 0 ? fopen("/proc/self/maps", "re") : NULL;
	while (maps && !map && fgets(line, sizeof(line), maps))
		if (sscanf(line, "%llx-%llx %7s %*x %*s %llu", &first, &end, flags, &inode) == 4 && inode == st.st_ino && flags[3] == 's')
			map = (void *)(uintptr_t)first;
	if (maps)
		fclose(maps);
	return map;
}

/* Looks through journal.mdb and opens it. */
static int file_open(struct journal *journal)
{
	struct buf path;

	buf_init(&path);
	buf_printf(&path, "%s/journal.mdb-lock", journal->dir);
	buf_add_u8(&path, 0);
	int status = path.status;
	if (status == ZT_OK)
		status = lock_file_prepare((const char *)path.data);
	if (status == ZT_OK) {
		path.data[path.len - sizeof("-lock")] = 0;
		status = journal_file_check((const char *)path.data);
	}
	if (status == ZT_OK)
		status = env_make_fitting(journal, (const char *)path.data);
	buf_fini(&path);
	return status;
}

int journal_env_open(struct journal *journal)
{
	MDB_txn *txn = NULL;

	int status = file_open(journal);
	if (status == ZT_OK) {
		journal->map = map_find(journal->env);
		status = dir_sync(journal->dir);
	}
	if (status == ZT_OK) {
		int rc = mdb_txn_begin(journal->env, NULL, MDB_RDONLY, &txn);
		if (!rc)
			rc = mdb_dbi_open(txn, NULL, 0, &journal->dbi);
		status = rc ? journal_status(rc) : load_all(journal, txn);
		if (txn)
			mdb_txn_abort(txn);
	}
	if (status != ZT_OK)
		journal_env_close(journal);
	return status;
}

void journal_env_close(struct journal *journal)
{
	if (journal->env)
		mdb_env_close(journal->env);
	journal->env = NULL;
	journal->map = NULL;
	journal->grown_to = 0;
}

void journal_env_trim(struct journal *journal)
{
	MDB_envinfo info;
	MDB_stat stat;

	if (!journal->env || !journal->map || mdb_env_info(journal->env, &info) || mdb_env_stat(journal->env, &stat))
		return;
	atomic_store_explicit(&journal->bytes_read, 0, memory_order_relaxed);
	/* A hint: nothing depends on it. */
	(void)madvise(journal->map, (info.me_last_pgno + 1) * stat.ms_psize, MADV_DONTNEED);
}

void journal_env_note_read(struct journal *journal, uint64_t bytes)
{
	if (atomic_fetch_add_explicit(&journal->bytes_read, bytes, memory_order_relaxed) + bytes >= TRIM_SIZE)
		journal_env_trim(journal);
}

static bool zeros_write(int fd, uint64_t at, uint64_t end)
{
	static const uint8_t zeros[64 << 10];

	while (at < end) {
		size_t part = end - at < sizeof(zeros) ? (size_t)(end - at) : sizeof(zeros);
		ssize_t written = pwrite(fd, zeros, part, (off_t)at);
		if (written <= 0)
			return false;
		at += (uint64_t)written;
	}
	return true;
}

void journal_env_grow(struct journal *journal)
{
	MDB_envinfo info;
	MDB_stat stat;
	int fd;

	if (!journal->env || mdb_env_info(journal->env, &info) || mdb_env_stat(journal->env, &stat) || mdb_env_get_fd(journal->env, &fd))
		return;
	uint64_t used = (info.me_last_pgno + 1) * stat.ms_psize, ahead = used / AHEAD_PART;
	ahead = ahead < AHEAD_LEAST ? AHEAD_LEAST : ahead > AHEAD_MOST ? AHEAD_MOST : ahead;
	if (used + ahead / 2 <= journal->grown_to)
		return;
	/* A disk that is full is LMDB's to report, when it needs the space. */
	if (zeros_write(fd, used > journal->grown_to ? used : journal->grown_to, used + ahead))
		journal->grown_to = used + ahead;
}

/* A commit then syncs its data and not the meta page after it: half of the waiting. */
void journal_bulk_begin(struct journal *journal)
{
	if (journal->env)
		(void)mdb_env_set_flags(journal->env, MDB_NOMETASYNC, 1);      /* if it fails, it is only slower */
}

int journal_bulk_end(struct journal *journal)
{
	if (!journal->env)
		return ZT_EIO;
	int rc = mdb_env_set_flags(journal->env, MDB_NOMETASYNC, 0);
	return journal_status(rc ? rc : mdb_env_sync(journal->env, 1));
}

void journal_trim(struct journal *journal)
{
	if (atomic_load_explicit(&journal->bytes_read, memory_order_relaxed) > 0)
		journal_env_trim(journal);
}

int journal_read_begin(struct journal *journal, MDB_txn **txn)
{
	*txn = NULL;
	pthread_rwlock_rdlock(&journal->env_lock);
	if (!journal->env)
		return ZT_EIO;
	return journal_status(mdb_txn_begin(journal->env, NULL, MDB_RDONLY, txn));
}

void journal_read_end(struct journal *journal, MDB_txn *txn)
{
	if (txn)
		mdb_txn_abort(txn);
	pthread_rwlock_unlock(&journal->env_lock);
}

int journal_read_row(struct journal *journal, MDB_txn *txn, const struct journal_key *key, struct rcursor *payload)
{
	MDB_val name = { key->len, (void *)(uintptr_t)key->bytes }, value;

	int rc = mdb_get(txn, journal->dbi, &name, &value);
	return rc ? journal_status(rc) : journal_row_open(payload, key->bytes, key->len, value.mv_data, value.mv_size);
}

int journal_read_meta(struct journal *journal, MDB_txn *txn, const uint8_t *apex, struct journal_meta *meta)
{
	struct journal_key key;
	struct rcursor payload;

	journal_key_meta(&key, apex);
	int status = journal_read_row(journal, txn, &key, &payload);
	return status != ZT_OK ? status : journal_meta_read(meta, &payload);
}

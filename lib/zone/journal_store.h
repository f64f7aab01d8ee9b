/* What the journal's files share: the environment, the zones known in memory, a write transaction. Not for others.
 *
 * The manage thread owns everything but the environment, which other threads read under env_lock (held shared); it is taken exclusively
 * only to reopen the environment, which LMDB demands after a failed write of its meta page.
 *
 * A write transaction stages each zone's meta (journal_stage); the staged ones take effect in memory when the commit has succeeded.
 */
#pragma once

#include <lmdb.h>
#include <pthread.h>
#include <stdatomic.h>
#include <urcu/list.h>

#include "lib/zone/journal.h"
#include "lib/zone/journal_row.h"

/* A zone's meta as the running transaction will leave it. */
struct journal_stage {
	struct cds_list_head link;         /* in journal_txn.staged */
	struct journal_zone *zone;
	struct journal_meta meta;
};

struct journal_zone {
	uint32_t index;                    /* in journal.zones */
	uint32_t hold_serial;              /* journal_history_hold */
	bool has_hold;
	struct journal_meta meta;          /* as on disk */
	struct journal_stage *stage;       /* NULL: the running transaction does not change it */
	uint8_t apex[];                    /* as long as it is: there may be very many */
};

/* A state not written yet. */
struct journal_pending {
	struct cds_list_head link;
	struct journal_zone *zone;
	bool forget;
	size_t len;
	char name[JOURNAL_STATE_NAME_MAX + 1];
	uint8_t data[];
};

/* A history row that a reader found damaged, for the manage thread to drop. One at a time: the others are met again. */
enum journal_damage_state { JOURNAL_DAMAGE_NONE, JOURNAL_DAMAGE_BEING_NOTED, JOURNAL_DAMAGE_NOTED };

struct journal_damage {
	_Atomic int state;
	uint32_t id;                       /* of the zone; both meaningful when NOTED */
	uint64_t sequence;
};

struct journal {
	MDB_env *env;                      /* NULL after a failed reopen */
	MDB_dbi dbi;
	void *map;                         /* where env is mapped; NULL if unknown */
	uint64_t grown_to;                 /* bytes of the file that exist, as far as is known */
	pthread_rwlock_t env_lock;
	char *dir;
	uint64_t map_size;
	uint64_t history_limit;
	uint32_t key_tag;
	const struct log *log;
	int lock_fd;                       /* of journal.lock, -1 */

	struct journal_zone **zones;
	uint32_t zone_count;
	uint32_t *slots;                   /* open addressing by apex: index + 1, 0 = free */
	uint32_t mask;

	uint64_t history_bytes;            /* over all zones, as on disk */
	unsigned commits;                  /* since the map's pages were given back */
	_Atomic uint64_t bytes_read;       /* likewise, of content */
	uint64_t next_number;              /* ids and generations, never used twice */
	bool has_garbage;
	struct journal_damage damage;
	struct cds_list_head pending;
};

int journal_status(int mdb_status);

/* journal_zones.c: the table in memory. */
void journal_zones_fini(struct journal *journal);
/* NULL if unknown. */
struct journal_zone *journal_zone_get(const struct journal *journal, const uint8_t *apex);
/* Creates it where it is missing; NULL when memory is out. */
struct journal_zone *journal_zone_ensure(struct journal *journal, const uint8_t *apex);
void journal_zone_drop(struct journal *journal, struct journal_zone *zone);

/* journal_env.c: the environment. */
int journal_env_open(struct journal *journal) ZT_MUST_CHECK;
void journal_env_close(struct journal *journal);
/* Gives the pages of the map back to the system; they come again when touched. */
void journal_env_trim(struct journal *journal);
/* Keeps the file larger than LMDB has filled it, by pages of zeros: a commit that overwrites what is there changes neither length nor extents, so that it
 * waits for its own data only, and not for the file system's journal with what others have written. After a commit. */
void journal_env_grow(struct journal *journal);
/* So many bytes were read; from time to time this gives the pages back. Any thread. */
void journal_env_note_read(struct journal *journal, uint64_t bytes);
/* A read transaction, any thread; end it with journal_read_end whatever this returned. */
int journal_read_begin(struct journal *journal, MDB_txn **txn) ZT_MUST_CHECK;
void journal_read_end(struct journal *journal, MDB_txn *txn);
/* The payload of a row, borrowed from the map. ZT_ENOENT, ZT_ECORRUPT. */
int journal_read_row(struct journal *journal, MDB_txn *txn, const struct journal_key *key, struct rcursor *payload) ZT_MUST_CHECK;
/* The zone's meta as a transaction sees it; any thread. */
int journal_read_meta(struct journal *journal, MDB_txn *txn, const uint8_t *apex, struct journal_meta *meta) ZT_MUST_CHECK;

/* journal_check.c: whether LMDB can read the file without harm. ZT_OK also where there is none; ZT_ECORRUPT. */
int journal_file_check(const char *path) ZT_MUST_CHECK;

/* A write transaction. Its functions are sticky: after the first failure they do nothing, and journal_txn_end returns it. */
struct journal_txn {
	struct journal *journal;
	MDB_txn *txn;
	struct buf row;                    /* of the row being made */
	size_t written;                    /* bytes of values since the last journal_txn_renew */
	bool touched_much;                 /* many pages of the map */
	struct cds_list_head staged;       /* struct journal_stage: of the zones whose meta this transaction changes */
	int status;
};

/* journal_txn.c: a txn must not move between begin and end. */
void journal_txn_begin(struct journal_txn *txn, struct journal *journal);
/* Commits where status is ZT_OK, else aborts; staged metas take effect or are dropped. */
int journal_txn_end(struct journal_txn *txn) ZT_MUST_CHECK;
/* Commits what is written so far (no meta) and goes on in a new transaction. */
void journal_txn_renew(struct journal_txn *txn);
/* Begins a row in txn->row; journal_txn_put stores it under the key. */
void journal_txn_row(struct journal_txn *txn);
void journal_txn_put(struct journal_txn *txn, const struct journal_key *key);
/* False where there was none. */
bool journal_txn_delete(struct journal_txn *txn, const struct journal_key *key);
/* ZT_ENOENT and ZT_ECORRUPT are returned and not sticky. */
int journal_txn_read(struct journal_txn *txn, const struct journal_key *key, struct rcursor *payload) ZT_MUST_CHECK;
uint64_t journal_txn_number(struct journal_txn *txn);
/* The zone's meta for this transaction to change; a zone new to the disk gets its id. NULL after a failure. */
struct journal_meta *journal_txn_stage(struct journal_txn *txn, struct journal_zone *zone);
/* Rows from `first` to before `end` are of no use any more; returns the number of the note, for journal_txn_keep. */
uint64_t journal_txn_discard(struct journal_txn *txn, const struct journal_key *first, const struct journal_key *end);
/* Takes a note of garbage back. */
void journal_txn_keep(struct journal_txn *txn, uint64_t note);
/* Deletes some of the garbage. */
void journal_txn_collect(struct journal_txn *txn);

/* journal_history.c: parts of a commit. */
void journal_history_append(struct journal_txn *txn, struct journal_meta *meta, const struct journal_commit *item);
void journal_history_clear(struct journal_txn *txn, struct journal_meta *meta);
/* Drops what a reader found damaged, and what is older. */
void journal_history_heal(struct journal_txn *txn);
/* Holds the total to the limit. */
void journal_history_prune(struct journal_txn *txn);

/* journal_content.c: parts of a commit. */
/* Writes a version as chunks of a new generation; large ones through several transactions. */
struct journal_base {
	const struct zone_version *version;
	uint64_t generation;
	uint32_t chunk_count;
	uint64_t bytes;
	uint64_t note;                     /* garbage note that guards an unfinished base, 0 = none */
};
void journal_base_write(struct journal_txn *txn, uint32_t id, struct journal_base *base);
/* Puts the base in force; the former content becomes garbage, the overlay is empty. */
void journal_base_adopt(struct journal_txn *txn, struct journal_meta *meta, const struct journal_base *base);
/* Compares what was put together with what the commit knew. */
int journal_content_verify(const struct journal *journal, const struct journal_meta *meta, const struct zone_edit *edit) ZT_MUST_CHECK;
/* Brings the overlay from one version to another, whose difference is `change`. */
struct journal_step {
	const struct zone_version *from;
	const struct zone_version *to;
	const struct changeset *change;
};
void journal_overlay_update(struct journal_txn *txn, struct journal_meta *meta, const struct journal_step *step);

/* journal_state.c: parts of a commit. */
void journal_state_write(struct journal_txn *txn, uint32_t id, const struct journal_state *state);
void journal_pending_write(struct journal_txn *txn);
/* After the commit. */
void journal_pending_clear(struct journal *journal);
/* Those of one zone, for a zone that is forgotten. */
void journal_pending_drop(struct journal *journal, const struct journal_zone *zone);

/* A file layer between the code under test and the system, for one watched file: it records what is written and synced, so that the images a
 * crash could leave can be built, and makes chosen calls fail.
 *
 * Linking faultfs.c into a test replaces pwrite, write, writev, fdatasync, fsync and ftruncate for the whole program, libraries included. A
 * write through a descriptor opened with O_SYNC or O_DSYNC is its own sync. Writes through a map are not seen (LMDB makes none without MDB_WRITEMAP).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/buf.h"

/* Forgets all records and faults. The file need not exist yet. */
void faultfs_watch(const char *path);
/* A point of the test's own in the record: everything acknowledged up to `number`. */
void faultfs_mark(unsigned number);

/* ---- images ------------------------------------------------------------------------------------------------------------------- */

enum faultfs_kind { FAULTFS_WRITE, FAULTFS_SYNCED_WRITE, FAULTFS_SYNC, FAULTFS_TRUNCATE, FAULTFS_MARK };

struct faultfs_event {
	enum faultfs_kind kind;
	uint64_t offset;               /* truncate: the size; mark: the number */
	size_t len;
	uint8_t *data;
};

size_t faultfs_event_count(void);
const struct faultfs_event *faultfs_event(size_t index);

/* Walks through the record. At each step the disk holds `durable` and any part of the writes not synced yet. */
struct faultfs_walk {
	size_t next;                   /* event */
	struct buf durable;
	size_t pending[4096];          /* events */
	size_t pending_count;
};

void faultfs_walk_init(struct faultfs_walk *walk);
void faultfs_walk_fini(struct faultfs_walk *walk);
/* Takes the next event; false at the end. */
bool faultfs_walk_step(struct faultfs_walk *walk);

enum faultfs_choice {
	FAULTFS_NONE,                  /* of the unsynced writes reached the disk */
	FAULTFS_ALL,
	FAULTFS_SOME,                  /* each by chance */
	FAULTFS_TORN,                  /* each by chance, or only some of its 512-byte sectors */
};
/* What a crash within the next event can leave. `random`: a generator's state. */
void faultfs_walk_image(const struct faultfs_walk *walk, enum faultfs_choice choice, uint64_t *random, struct buf *out);

/* ---- faults --------------------------------------------------------------------------------------------------------------------- */

enum faultfs_fault {
	FAULTFS_FAIL,                  /* nothing is done, -1 and errno are returned */
	FAULTFS_SHORT,                 /* half of a write is done and reported; a sync fails */
	FAULTFS_LIE,                   /* all is done, and yet -1 and errno are returned */
	FAULTFS_LIE_AND_DIE,           /* the same, and every later call fails without effect, whatever `lasting` says */
};

/* Makes the call number `at` (0: the next one) to the watched file fail, with `lasting` all that follow too. */
void faultfs_fail(enum faultfs_fault fault, int err, unsigned at, bool lasting);
/* No more faults. Returns whether one was given. */
bool faultfs_heal(void);

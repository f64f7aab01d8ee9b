/* The journal: what makes changes durable. One LMDB environment holds, per zone, the content, its history and small facts about it.
 *
 * Content is a *base* (all RRsets of some version) plus an *overlay* (the RRsets that differ from it now), so a commit costs O(changed RRsets)
 * and a restart needs neither the history nor a zone file. Where a zone file feeds the zone, the base is exactly what the file held
 * when it was last read, so the overlay is exactly what was changed since by other means; a reload carries that over
 * (journal_local_changes). Elsewhere the base is renewed when the overlay has grown past half of it.
 *
 * History is the chain of changesets that led to the current serial, oldest first, for IXFR. Its bytes are bounded over all zones: the
 * zone with the most gives up its oldest versions first, but never the newest JOURNAL_KEEP. Versions that somebody is known to need
 * (journal_history_hold) go only when no zone has others to give.
 *
 * One journal_commit is one transaction: all of it is on disk when it returns ZT_OK, and nothing of it counts when it fails.
 * Every row carries a checksum over its key and value; a damaged row gives ZT_ECORRUPT, never wrong data.
 *
 * Threads: the manage thread calls everything; any thread may call the functions marked "any thread". Two processes can't share a journal.
 * Memory: rows are read through a memory map whose pages are given back after use, so the process stays small whatever the journal's size.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/buf.h"
#include "lib/base/clock.h"
#include "lib/base/fingerprint.h"
#include "lib/base/log.h"
#include "lib/zone/changeset.h"
#include "lib/zone/edit.h"
#include "lib/zone/zone.h"

struct journal;

enum {
	JOURNAL_KEEP = 8,                  /* versions of each zone that the size limit never takes */
	JOURNAL_STATE_NAME_MAX = 64,       /* bytes in the name of a state */
};

struct journal_options {
	const char *dir;                   /* an existing folder; journal.mdb, journal.mdb-lock and journal.lock go there */
	uint64_t map_size;                 /* most bytes the file may have; 0 = 64 GiB (address space, not disk) */
	uint64_t history_limit;            /* bytes of history over all zones; 0 = 256 MiB */
	const struct fingerprint_key *key; /* of the zones; content of another key is restored without comparing fingerprints */
	const struct log *log;
};

/* Opens or creates. ZT_EBUSY: another process has it. A file that is no journal, or a truncated one, is renamed to journal.mdb.damaged-N with a
 * log line, and an empty journal takes its place. */
int journal_open(struct journal **out, const struct journal_options *options) ZT_MUST_CHECK;
/* Writes what is pending first. NULL is allowed. */
void journal_close(struct journal *journal);

/* ---- committing --------------------------------------------------------------------------------------------------------- */

/* Where a version came from. The numbers are stored. */
enum journal_source { JOURNAL_LOAD = 1, JOURNAL_RELOAD, JOURNAL_UPDATE, JOURNAL_AXFR, JOURNAL_IXFR, JOURNAL_MERGE, JOURNAL_REPAIR };

/* "load", "update", …; never NULL. */
const char *journal_source_text(enum journal_source source);

/* A small fact to store with the zone. data NULL: forget it. */
struct journal_state {
	const char *name;
	const void *data;
	size_t len;
};

/* One zone's new version. All borrowed. At most one item per zone and call. */
struct journal_commit {
	const uint8_t *apex;               /* lower case */
	const struct zone_version *from;   /* what is published */
	const struct zone_version *to;     /* what will be */
	const struct changeset *change;    /* from -> to. NULL: the new version replaces all and the history starts anew (first load, a serial that
	                                    * does not move forward). An empty one stores no new version, only `base` and `states`. */
	enum journal_source source;
	usec_t wall;
	const struct zone_version *base;   /* not NULL: the content of the zone file just read; becomes the base */
	const uint8_t *origin;             /* with base: bytes that identify the file; kept for journal_content_origin */
	size_t origin_len;
	const struct journal_state *states;
	size_t state_count;
};

/* ZT_ENOSPC: the disk or the map is full; ZT_EIO; ZT_ENOMEM. On failure nothing has changed and a later commit may succeed. */
int journal_commit(struct journal *journal, const struct journal_commit *items, size_t count) ZT_MUST_CHECK;

/* Drops all that is known of these zones (each named once), in one transaction. ZT_OK also where nothing was; otherwise all of it is still there, but for states that
 * were not on disk yet. */
int journal_zones_forget(struct journal *journal, const uint8_t *const *apexes, size_t count) ZT_MUST_CHECK;
/* Steps through the zones it holds: NULL gives the first, then the one after `apex` in no particular order; NULL at the end. Borrowed until the next
 * commit, forget or state_put. */
const uint8_t *journal_zone_next(const struct journal *journal, const uint8_t *apex);

/* ---- content -------------------------------------------------------------------------------------------------------------- */

struct journal_content {
	uint32_t serial;
	usec_t wall;                       /* of the last commit */
	enum journal_source source;
	uint64_t base_bytes;
	uint64_t overlay_bytes;
	uint64_t overlay_count;            /* RRsets */
};

/* ZT_ENOENT: no content is held. */
int journal_content_info(const struct journal *journal, const uint8_t *apex, struct journal_content *out) ZT_MUST_CHECK;
/* The `origin` of the last base; empty where the base came from no file. */
int journal_content_origin(struct journal *journal, const uint8_t *apex, struct buf *out) ZT_MUST_CHECK;
/* Puts the current content into an edit on an empty zone. ZT_ENOENT: none is held; ZT_ECORRUPT: damaged (abort the edit). */
int journal_content_load(struct journal *journal, const uint8_t *apex, struct zone_edit *edit) ZT_MUST_CHECK;
/* A number that each new content of the zone gets, growing by one with each version of the history. ZT_ENOENT: no content is held. */
int journal_content_sequence(const struct journal *journal, const uint8_t *apex, uint64_t *out) ZT_MUST_CHECK;
/* Whether the history leads from the content of that number to the current one. */
bool journal_content_reaches(const struct journal *journal, const uint8_t *apex, uint64_t sequence);
/* Brings an edit that holds the content of a number to the current one, by the history (*records: how many it removed and added), and compares the outcome with what the journal knows of it.
 * ZT_ENOENT: the history does not reach back there. ZT_EDIFF: the edit holds something else. ZT_EUNSUPPORTED: what is known was noted under another key, so nothing can be compared. ZT_ECORRUPT: the history is damaged. Abort the edit then. */
int journal_content_follow(struct journal *journal, const uint8_t *apex, uint64_t sequence, struct zone_edit *edit, size_t *records)
	ZT_MUST_CHECK;

/* An RRset that differs from the base. Both carry type and covers; `count` is 0 in one that does not exist. Borrowed for the call. */
struct journal_local_change {
	const uint8_t *owner;
	struct rrset base;
	struct rrset current;
};
typedef int journal_on_local_change(void *context, const struct journal_local_change *change);
/* All RRsets changed since the base. A status other than ZT_OK from the callback ends the walk and is returned. */
int journal_local_changes(struct journal *journal, const uint8_t *apex, journal_on_local_change *on_change, void *context) ZT_MUST_CHECK;

/* ---- history (any thread) ------------------------------------------------------------------------------------------------------ */

/* One step of the history. */
struct journal_version {
	uint32_t from_serial;
	uint32_t to_serial;
	uint32_t removed_count;            /* records */
	uint32_t added_count;
	struct fingerprint fingerprint;    /* of the content at to_serial */
	usec_t wall;
	enum journal_source source;
	uint64_t bytes;                    /* that it takes in the journal */
};

/* change: borrowed for the call. A status other than ZT_OK ends the walk and is returned (ZT_EDONE for a wanted end). */
typedef int journal_on_difference(void *context, const struct journal_version *version, const struct changeset *change);
struct journal_span {
	const uint8_t *apex;
	uint32_t from_serial;
	uint32_t to_serial;
};
/* The differences that lead from one serial to another, in order. ZT_ENOENT, before any call: out of reach. Nothing to do when both are equal. */
int journal_history_read(struct journal *journal, const struct journal_span *span, journal_on_difference *on_difference, void *context)
	ZT_MUST_CHECK;

/* The same without the changes: newest first, at most `limit`. */
typedef int journal_on_version(void *context, const struct journal_version *version);
int journal_history_list(struct journal *journal, const uint8_t *apex, size_t limit, journal_on_version *on_version, void *context)
	ZT_MUST_CHECK;

struct journal_history {
	uint64_t count;                    /* versions one can step back from the current one */
	uint64_t bytes;
	uint32_t oldest_serial;            /* the serial IXFR can start from; meaningful when count > 0 */
	uint32_t serial;                   /* current */
};

/* Whether the zone had a version of this serial and this content (fingerprint under the journal's key), as far as the history reaches, the current version
 * included; a few rows are read. ZT_OK: it had. ZT_EDIFF: it had that serial, with other content. ZT_ENOENT: not known. */
int journal_history_has(struct journal *journal, const uint8_t *apex, uint32_t serial, struct fingerprint fingerprint) ZT_MUST_CHECK;

/* The history is to reach back to this serial, for somebody who may come and ask from there: as long as others have versions to spare, those go first. Not stored.
 * NULL: nobody is known. */
void journal_history_hold(struct journal *journal, const uint8_t *apex, const uint32_t *serial);
/* Of all zones. */
uint64_t journal_history_bytes(const struct journal *journal);

/* What lies between an older version and the current one. */
struct journal_gap {
	uint64_t versions;                 /* 0: it is the current one */
	usec_t wall;                       /* when it was displaced; of the current one, 0 */
};

/* ZT_ENOENT: the history has no such serial. Cheap: some heads of rows are read. */
int journal_history_since(struct journal *journal, const uint8_t *apex, uint32_t serial, struct journal_gap *out) ZT_MUST_CHECK;

/* ZT_ENOENT: nothing is known of the zone. */
int journal_history_info(struct journal *journal, const uint8_t *apex, struct journal_history *out) ZT_MUST_CHECK;

/* ---- state ------------------------------------------------------------------------------------------------------------------ */

/* Seen by journal_state_get at once; on disk with the next commit, journal_flush or close (what must be on disk together with a version goes
 * into its journal_commit). */
int journal_state_put(struct journal *journal, const uint8_t *apex, const struct journal_state *state) ZT_MUST_CHECK;
/* Appends the value to `out`. ZT_ENOENT, ZT_ECORRUPT. */
int journal_state_get(struct journal *journal, const uint8_t *apex, const char *name, struct buf *out) ZT_MUST_CHECK;
typedef int journal_on_state(void *context, const struct journal_state *state);
/* Every state whose name begins with `prefix`, by name. Borrowed for the call. */
int journal_state_list(struct journal *journal, const uint8_t *apex, const char *prefix, journal_on_state *on_state, void *context) ZT_MUST_CHECK;
/* Writes pending states, and drops the history up to a row that a reader found damaged. Cheap when there is nothing to do. */
int journal_flush(struct journal *journal) ZT_MUST_CHECK;
/* Between these, commits may be lost in a power cut, the later before the earlier; what was there before is safe. journal_bulk_end waits until all are on disk:
 * nothing of them may be told to anybody before. For many commits at once; one at a time. */
void journal_bulk_begin(struct journal *journal);
int journal_bulk_end(struct journal *journal) ZT_MUST_CHECK;
/* Gives back what memory the reading of content has filled; it is done by itself only every 16 MiB. */
void journal_trim(struct journal *journal);

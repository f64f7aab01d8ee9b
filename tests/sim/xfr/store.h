/* What a simulated server keeps over a crash: its versions with the differences between them. In memory, or in a real journal (lib/zone/journal).
 *
 * In memory it is a list of changesets; the content itself stays in the server's zone, which a crash does not take. With the real journal a restart
 * builds the zone anew from the file.
 */
#pragma once

#include "lib/base/log.h"
#include "lib/base/rng.h"
#include "lib/xfr/xfr_out.h"
#include "lib/zone/journal.h"

enum { STORE_HISTORY_MAX = 64 };

struct store {
	unsigned history_max;                       /* versions kept for IXFR, at most STORE_HISTORY_MAX */
	struct changeset history[STORE_HISTORY_MAX];      /* oldest first */
	struct fingerprint froms[STORE_HISTORY_MAX];      /* of the content that each starts from */
	unsigned history_count;
	bool is_real;
	struct journal *journal;
	struct log log;
	char dir[64];
};

void store_init(struct store *store, unsigned history_max, bool is_real);
void store_fini(struct store *store);
/* change: NULL where the version replaces all and the history starts anew. */
void store_commit(struct store *store, const struct zone_version *from, const struct zone_version *to, const struct changeset *change);
/* Adds the differences from a serial up to `to`. ZT_ENOENT: the history does not reach; ZT_ELIMIT: it is longer than it is worth. */
int store_history(struct store *store, const struct zone_version *to, uint32_t from, struct xfr_history *out);
/* As journal_history_has: whether `current` or a former version had that serial and content. */
int store_has(struct store *store, const struct zone_version *current, uint32_t serial, struct fingerprint fingerprint);
/* Differences of a confused server, in memory only: from where it likes, at times with one left out. */
bool store_history_confused(struct store *store, struct rng *rng, struct xfr_history *out);
/* After a crash: the zone as it is on the disk. False: nothing is there. */
bool store_load(struct store *store, struct zone *zone);
/* Accidents of the disk. */
void store_lose_history(struct store *store);
void store_lose_all(struct store *store);

/* Brings zones into service: from the journal, from their files, and from their files again when those were edited by hand.
 *
 * The journal is the fast path: where the zone file (with all it includes) still is the one that was read last, it is not read. A file that changed is
 * compared with what is served, so that secondaries get a difference, also over a restart; records changed by UPDATE since the
 * file was last read are carried over (merge.h).
 *
 * A broken file keeps the zone out of service only where nothing of it is stored; else what is stored is served, as it is on a reload.
 */
#pragma once

#include "authd/manage/manage.h"

/* First load of an entry whose zone is empty. ZT_OK: it is served (last_error tells if a changed file could not be taken). ZT_ENOENT: a secondary with
 * nothing stored, to be transferred. Anything else: the reason is logged and in entry->last_error, the zone stays SERVED_LOADING. */
int loader_load(struct manage *manage, struct zone_entry *entry) ZT_MUST_CHECK;
/* First load of every entry in the registry that is still loading, many zones to a transaction. Returns how many could not be loaded (a secondary with
 * nothing stored is no failure). */
unsigned loader_load_all(struct manage *manage);
/* Takes the zone file in again if it has changed or was refused before. On failure the old zone stays in service; the reason is logged and in
 * entry->last_error. ZT_ENOENT: the zone has no file. `changed` (may be NULL): whether a new version came of it. */
int loader_reload(struct manage *manage, struct zone_entry *entry, bool *changed) ZT_MUST_CHECK;

/* Brings zones into service: from the journal, from their files, and from their files again when those were edited by hand.
 *
 * The journal is the fast path: where the zone file is still the one it was made from, the file is not read. A file that changed is
 * compared with what the journal holds, so that secondaries get a difference also over a restart; records changed since by UPDATE are
 * carried over (three-way: what the file changed, and what UPDATE changed).
 */
#pragma once

#include "authd/manage/manage.h"

/* First load of an entry whose zone is empty. ZT_OK: it is served. ZT_ENOENT: a secondary with nothing stored, to be transferred. Anything else: the reason is
 * logged and in entry->last_error, the zone stays SERVED_LOADING. */
int loader_load(struct manage *manage, struct zone_entry *entry) ZT_MUST_CHECK;
/* First load of every entry in the registry, many zones to a transaction. Returns how many could not be loaded (a secondary with nothing stored is no failure). */
unsigned loader_load_all(struct manage *manage);
/* Reads the zone file again, changed or not. On failure the old zone stays in service; the reason is logged and in entry->last_error.
 * ZT_ENOENT: the zone has no file. `changed` (may be NULL): whether a new version came of it. */
int loader_reload(struct manage *manage, struct zone_entry *entry, bool *changed) ZT_MUST_CHECK;

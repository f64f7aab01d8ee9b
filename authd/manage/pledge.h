/* Large zones are served before their content is in the journal, on a pledge: a small durable note of what the content is.
 *
 * A zone file's content is durable already: in the file. What a crash before the journal has it must not do is let another content go out under
 * the serial that others have seen, which would happen if the file were changed in between and its serial were not. So before such a content is published, its
 * serial and fingerprints are noted in the journal (one small transaction). A start that finds the note and no content reads the file, and where that
 * holds something else now gives it a newer serial. The content itself is stored soon after, by the same thread, before any other
 * change of the zone. See doc/decisions/0006-pledges.md.
 */
#pragma once

#include "authd/manage/manage.h"
#include "lib/zone/edit.h"

/* Whether a first content, read from a file, is to be served on a pledge: it is large, and the journal holds nothing of the zone. */
bool pledge_is_apt(const struct manage *manage, const struct zone_entry *entry, const struct zone_version *version);
/* Notes it; on disk with journal_flush. */
int pledge_make(struct manage *manage, const struct zone_entry *entry, const struct zone_version *version) ZT_MUST_CHECK;
/* The pledged content has been published: it is to be stored, with the origin that the journal shall keep. */
int pledge_keep(struct zone_entry *entry, const struct buf *origin) ZT_MUST_CHECK;
/* Holds the content of an edit, read from a file, against a note of before: another content gets a newer serial. */
int pledge_compare(struct manage *manage, const struct zone_entry *entry, struct zone_edit *edit) ZT_MUST_CHECK;
/* Stores the content of a zone that is served on a pledge. ZT_OK where it is not. Failures are logged, the first of a row. */
int pledge_redeem(struct manage *manage, struct zone_entry *entry) ZT_MUST_CHECK;
/* All of them. Cheap where there are none. */
void pledges_redeem(struct manage *manage);
/* Forgets, for an entry that goes. */
void pledge_drop(struct zone_entry *entry);

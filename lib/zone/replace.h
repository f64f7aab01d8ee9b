/* Turns the content of an edit into another one that is told record by record, touching only what differs: a file that was read again.
 *
 *     zone_replace_begin(edit)  ->  zone_replace_add …  ->  zone_replace_finish
 *
 * Records of one name that follow each other are drawn together; each RRset is then compared with what the zone has, and put there only if it
 * is another. What the records never spoke of goes in the end. So the edit shares with the current version all that is the same, and takes memory for
 * the difference and one bit for each eight bytes of the zone. Records may come in any order, but an RRset whose records are scattered counts as
 * changed for a while. The rules are those of zone_bulk_add.
 */
#pragma once

#include "lib/zone/edit.h"

struct zone_replace;

/* The edit must show what is current, and no operation may come to it until finish or abort. */
int zone_replace_begin(struct zone_edit *edit, struct zone_replace **out) ZT_MUST_CHECK;
/* NULL is allowed. The edit is to be aborted then. */
void zone_replace_abort(struct zone_replace *replace);
/* As zone_bulk_add. */
int zone_replace_add(struct zone_replace *replace, const struct change_record *record, uint32_t *ttl) ZT_MUST_CHECK;
/* `replace` is gone, also on failure (ZT_ENOMEM; abort the edit). */
int zone_replace_finish(struct zone_replace *replace) ZT_MUST_CHECK;

/* Builds the content of an empty zone from records in any order, into one region, in linear time where they come in order.
 *
 *     zone_bulk_begin(edit)  ->  zone_bulk_add …  ->  zone_bulk_finish
 *
 * Records of one name that follow each other are drawn together and packed as a node when the next name comes. The nodes lie in the order
 * of their coming; what is sorted in the end is an index of them, by the beginnings of their keys. The order in which most files come is a
 * few ascending runs (host9 before host10), so whether a name has been there before is asked of the runs, each with a cursor that moves
 * along; when there are many runs, of a hash table. A name that comes back is unpacked and packed anew. Branches are built from the
 * sorted leaves in one pass, each when its last twig is known.
 *
 * The rules are those of zone_edit_add but for the TTL: an RRset keeps that of its first record.
 */
#pragma once

#include "lib/zone/edit.h"

struct zone_bulk;

/* The edit's view must be empty, and no operation may come to the edit until finish or abort. */
int zone_bulk_begin(struct zone_edit *edit, struct zone_bulk **out) ZT_MUST_CHECK;
/* Discards everything; NULL is allowed. */
void zone_bulk_abort(struct zone_bulk *bulk);
/* Adds a record whose owner is at or below the apex. *ttl: that of its RRset, which is the record's own where it is the first.
 * ZT_EEXIST: the very record is there already. ZT_ELIMIT past 65535 records. ZT_ENOMEM. */
int zone_bulk_add(struct zone_bulk *bulk, const struct change_record *record, uint32_t *ttl) ZT_MUST_CHECK;
/* Makes the edit show what was added; the bulk is gone, also on failure (ZT_ENOMEM). */
int zone_bulk_finish(struct zone_bulk *bulk) ZT_MUST_CHECK;

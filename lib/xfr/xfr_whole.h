/* A whole zone on its way in: records in any order, an edit on the zone out.
 *
 * An empty zone is built in bulk. Any other is compared record by record with what it holds (lib/zone/replace.h): only what differs goes into the edit, so that
 * it becomes a difference for those who ask us, all else stays shared, and memory goes into the difference only. The edit is open, and keeps others from
 * changing the zone, from begin to finish or drop.
 */
#pragma once

#include "lib/zone/bulk.h"
#include "lib/zone/edit.h"
#include "lib/zone/replace.h"

/* Zeroed at first. */
struct xfr_whole {
	struct zone_edit *edit;            /* NULL: nothing is under way */
	struct zone_bulk *bulk;
	struct zone_replace *replace;
};

int xfr_whole_begin(struct xfr_whole *whole, struct zone *zone) ZT_MUST_CHECK;
/* A record at or below the apex; one that is there already is none more. After a failure nothing but drop may follow. */
int xfr_whole_add(struct xfr_whole *whole, const struct change_record *record) ZT_MUST_CHECK;
/* The edit that leads to what was added, the caller's from now on; NULL where it failed. */
int xfr_whole_finish(struct xfr_whole *whole, struct zone_edit **out) ZT_MUST_CHECK;
/* Leaves the zone as it was. Harmless when nothing is under way. */
void xfr_whole_drop(struct xfr_whole *whole);

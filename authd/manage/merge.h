/* The three-way merge of a reload: what the zone file says now, plus what was changed by other means since it was last read.
 *
 * Record-wise: a record that was added since the file was last read is there afterwards, one that was removed is not, whatever the file says of others in
 * its RRset; a TTL that was changed stays changed. Of types that stand alone (CNAME, DNAME) the file's record wins where it is a new one.
 * The ZONEMD of the apex is the edit's.
 * The SOA's fields follow the same rule; its serial is the file's where that is newer than the served one, else the next after the served one, and
 * stays where nothing else differs.
 */
#pragma once

#include "lib/zone/edit.h"
#include "lib/zone/journal.h"

struct merge_result {
	unsigned carried_count;            /* RRsets carried over */
	unsigned dropped_count;            /* RRsets where the file won */
	bool serial_was_raised;            /* the file's serial was not newer */
	uint32_t file_serial;
};

/* `edit` is on a zone that holds the file's content (which stays readable as `file`); `served` is what is in service. */
struct merge_sides {
	const struct zone_version *file;
	const struct zone_version *served;
};
int merge_local_changes(struct journal *journal, const struct merge_sides *sides, struct zone_edit *edit, struct merge_result *result)
	ZT_MUST_CHECK;

/* Where the served content itself is lost and only its serial is known: gives the edit, which holds the file's content, the next one unless its own is
 * newer. Otherwise who follows us would not take the file's content. */
int merge_raise_serial(struct zone_edit *edit, uint32_t served_serial) ZT_MUST_CHECK;

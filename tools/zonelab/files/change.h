/* Changing a zone of the lab at its primary, whatever that is. */
#pragma once

#include "tools/zonelab/lab/lab.h"
#include "tools/zonelab/lab/update.h"

/* Whether that is done by UPDATE. */
bool change_is_update(const struct topology_zone *zone);
/* By UPDATE where the primary takes one. Where it does not, or the zone is signed, its zone file is edited to the same effect (RFC 2136 section 3.4.2),
 * with the next serial, and the primary told to read it; then `acknowledged` is when it served that. ZT_ETIMEOUT: no answer. What else fails is
 * printed, but for an rcode. */
int change_apply(const struct lab *lab, const struct topology_zone *zone, const struct update_change *change, struct update_result *result) ZT_MUST_CHECK;
/* Makes the file of a zone whose primary has none of its own to read a file in its folder: a whole zone file that the topology names. */
int change_copy_file(const struct lab *lab, const struct topology_zone *zone, const char *name) ZT_MUST_CHECK;

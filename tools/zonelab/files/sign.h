/* Signing a lab's zones with ldns' tools: a key for each zone, its DS in the zone above, the top zone's key for the resolvers that validate.
 *
 * `NODE/ZONE.zone` at the primary is made of `NODE/ZONE.unsigned`; the keys are DIR/keys/ZONE.key, .private and .ds. Two copies of a zone share one key.
 */
#pragma once

#include "tools/zonelab/lab/lab.h"

/* Makes keys and signs every zone that is to be, once all unsigned files are there. Errors are printed; ZT_ENOENT: ldns' tools are missing. */
int sign_all(const struct lab *lab) ZT_MUST_CHECK;
/* Signs one zone again, after an edit of its unsigned file. Errors are printed. */
int sign_zone(const struct lab *lab, const struct topology_zone *zone) ZT_MUST_CHECK;

/* Zone files that a topology names and that are compressed. */
#pragma once

#include "tools/zonelab/lab/lab.h"

/* Writes what xz makes of the zone's file into the primary's folder, as `name`. Errors are printed. */
int unpack_zone(const struct lab *lab, const struct topology_zone *zone, const char *name) ZT_MUST_CHECK;

/* How long caches may give old data after a change: the longest TTL with which they may have it. */
#pragma once

#include <stdint.h>

#include "lib/base/status.h"
#include "lib/zone/edit.h"

/* For the difference between what is published and an edit on it. Of each RRset that changes: the TTL that it had; where it is new, that of the denial or of the
 * wildcard's answer. The SOA is left out, since it changes with everything. */
int staleness_measure(struct zone_edit *edit, const struct zone_version *published, uint32_t *seconds) ZT_MUST_CHECK;

/* Zone text read the quick way and the long way (lib/zone/zonefile_quick.c), which must come to the same. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/buf.h"

enum { BOTH_WAYS_RECORDS_MAX = 200000 };      /* reading stops after so many, both ways; $GENERATE can make very many */

/* Whether both ways give the same records in the same order, with the same lines and hints, the same messages and the same status. What
 * differs first is appended to `difference` as text. `record_count`, which may be NULL: the records read. */
bool read_both_ways(const char *text, size_t len, const uint8_t *origin, struct buf *difference, size_t *record_count);

/* The zone of the reconciliation fuzzers: 300 names with an A record each. */
#pragma once

#include "lib/zone/zone.h"

extern const uint8_t reconcile_fuzz_apex[9];

/* The same one at each call; freed at the end. `same`: so many neighbours have one address. */
struct zone *reconcile_fuzz_zone(const struct fingerprint_key *key, unsigned same);

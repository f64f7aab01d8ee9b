/* Zones for tests, from zone-file text. Everything asserts; nothing returns a failure. */
#pragma once

#include "lib/base/fingerprint.h"
#include "lib/zone/edit.h"
#include "lib/zone/zone.h"

extern const struct fingerprint_key zonekit_key;

/* A zone with these records (names relative to the apex), published. NULL: empty. */
struct zone *zonekit_zone(const char *apex, const char *text);
/* Removes the records of `removed`, adds those of `added` (NULL: none; TTLs of removed records do not matter), publishes. change (initialised; NULL: not
 * wanted) gets the difference. */
void zonekit_change(struct zone *zone, const char *removed, const char *added, struct changeset *change);
/* The same data and the same SOA. */
bool zonekit_equal(const struct zone_version *a, const struct zone_version *b);

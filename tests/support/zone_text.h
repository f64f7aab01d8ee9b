/* Zones of tests as text. Every failure fails the test. */
#pragma once

#include "lib/zone/edit.h"
#include "lib/zone/zone.h"

extern const struct fingerprint_key zone_text_key;

/* Wire form of a name; in static storage of the thread, valid until the 8th next call. */
const uint8_t *zone_text_name(const char *text);

/* A zone with a published version of these records (zone file syntax; NULL: an empty zone). */
struct zone *zone_text_new(const char *apex, const char *text);
/* Lines of zone file syntax, each led by "+" (add) or "-" (remove). Serial: a line "= 5" sets the SOA's. */
void zone_text_change(struct zone_edit *edit, const char *script);
/* The same as a new published version. */
void zone_text_publish(struct zone *zone, const char *script);
/* All records, sorted; free with free(). */
char *zone_text_dump(const struct zone_version *version);
/* Whether fingerprints and SOAs agree; fast enough to ask often. */
bool zone_text_equal(const struct zone_version *a, const struct zone_version *b);
/* Fails with both texts where they differ. */
void zone_text_assert_equal(const struct zone_version *a, const struct zone_version *b);

/* A new temporary folder; removed with all its files by temp_dir_remove. */
void temp_dir_make(char path[64]);
void temp_dir_remove(const char *path);

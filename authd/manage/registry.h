/* All zones the daemon knows, by apex, with what each manage module keeps about them.
 *
 * An entry is created from the configuration and lives until the zone is taken out of it. `served` is what workers see.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <urcu/list.h>

#include "authd/options.h"
#include "authd/serve/view.h"
#include "lib/base/clock.h"
#include "lib/zone/zone.h"

struct manage;
struct secondary;      /* manage/secondary.c */
struct primary;        /* manage/primary.c */
struct event;

struct zone_entry {
	struct cds_list_head link;                /* in registry.entries, configuration order; then in manage.removed */
	uint8_t apex[NAME_MAX_LEN];               /* lower case */
	char name[NAME_TEXT_SIZE];                /* presentation form, for logs and control */
	const struct zone_options *options;       /* borrowed from the configuration in force */
	struct zone *zone;
	struct served_zone *served;
	struct secondary *secondary;              /* NULL on a primary zone */
	struct primary *primary;                  /* NOTIFY queue and peers; every zone has one, its target list may be empty */
	usec_t loaded_wall;                       /* when the content last changed */
	char last_error[512];                     /* of the last load, reload or refresh; empty when it went well */
};

struct registry {
	struct cds_list_head entries;
	uint32_t count;
	struct zone_entry **slots;                /* open addressing by apex */
	uint32_t mask;
	uint64_t seed;
};

int registry_init(struct registry *registry, uint64_t seed) ZT_MUST_CHECK;
void registry_fini(struct registry *registry);
/* NULL if unknown. */
struct zone_entry *registry_get(const struct registry *registry, const uint8_t *apex);
int registry_add(struct registry *registry, struct zone_entry *entry) ZT_MUST_CHECK;
void registry_remove(struct registry *registry, struct zone_entry *entry);

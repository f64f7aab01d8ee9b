/* All zones the daemon knows, by apex, with what each manage module keeps about them.
 *
 * An entry is created from the configuration, or from a catalog zone (consumer.h), and lives until the zone is taken out of it. `served` is what workers see.
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
struct zone_pledge;    /* manage/pledge.c */
struct secondary;      /* manage/secondary.c */
struct primary;        /* manage/primary.c */
struct zone_member;    /* manage/consumer.h */
struct consumer;
struct event;

/* What manage/images.c knows of the zone's image. */
struct zone_image {
	bool is_stored;
	uint64_t sequence;                        /* journal_content_sequence of what is stored */
	size_t changed;                           /* records changed since */
	usec_t tried_at;                          /* monotonic; 0 = never */
};

struct zone_entry {
	struct cds_list_head link;                /* in registry.entries, configuration order; then in manage.removed */
	const uint8_t *apex;                      /* lower case; the entry's own, as is `name` */
	const char *name;                         /* presentation form, for logs and control */
	const struct zone_options *options;       /* borrowed from the configuration in force; of a catalog's member, those of a template */
	struct zone_member *member;               /* of a catalog; NULL: the zone is configured */
	struct consumer *consumer;                /* of a catalog whose members are served here; else NULL */
	struct zone *zone;
	struct served_zone *served;
	struct secondary *secondary;              /* NULL on a primary zone */
	struct primary *primary;                  /* NOTIFY queue and peers; every zone has one, its target list may be empty */
	struct zone_pledge *pledge;               /* manage/pledge.c: the content is not in the journal yet; else NULL */
	struct zone_image image;
	usec_t loaded_wall;                       /* when the content last changed */
	const char *last_error;                   /* of the last load, reload or refresh; "" when it went well */
};

/* An entry that knows its apex, with everything else still missing. NULL when memory is out. */
struct zone_entry *zone_entry_new(const uint8_t *apex);
/* Frees the entry alone; what the modules keep in it is freed before. NULL is fine. */
void zone_entry_free(struct zone_entry *entry);
/* Sets last_error, cut at 511 bytes. The old text may be among the arguments. */
void zone_entry_fail(struct zone_entry *entry, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The last thing tried went well. */
void zone_entry_clear_error(struct zone_entry *entry);

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

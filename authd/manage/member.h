/* What is known of a zone as a member of a catalog: which catalog, its label there, its groups. Stored with the zone in the journal, so that a restart knows whose
 * the zone is before any catalog is read, and whether it still is the same member.
 */
#pragma once

#include "authd/manage/manage.h"
#include "lib/zone/catalog.h"

struct consumer;

struct zone_member {
	struct cds_list_head link;       /* in a list of the consumer; in none where there is no consumer any more */
	struct zone_entry *entry;
	struct consumer *consumer;       /* NULL: the catalog is no longer one */
	size_t len;                      /* as stored */
	uint8_t stored[];
};

/* Makes the entry a member of the consumer's catalog (in none of its lists yet), or tells anew what it is there; noted in the journal. ZT_ENOMEM: nothing is changed. */
int member_set(struct manage *manage, struct zone_entry *entry, struct consumer *consumer, const struct catalog_member *as) ZT_MUST_CHECK;
/* Whether it is told already, word for word. */
bool member_is(const struct zone_entry *entry, const struct consumer *consumer, const struct catalog_member *as);
/* Out of what the journal has; ZT_ENOENT: the zone is no member. */
int member_restore(struct manage *manage, struct zone_entry *entry, struct consumer *consumer) ZT_MUST_CHECK;
/* The catalog that the journal has a zone as a member of, whether that is a consumer or not; false: none. */
bool member_catalog_stored(struct manage *manage, const uint8_t *apex, uint8_t out[NAME_MAX_LEN]);
/* The zone stays as a configured one. */
void member_forget(struct manage *manage, struct zone_entry *entry);
/* Only in memory. Harmless where it is no member. */
void member_free(struct zone_entry *entry);

/* Its unique label, as the first of this name. */
const uint8_t *member_label(const struct zone_entry *entry);
/* The template of its groups. */
const struct zone_options *member_template(const struct zone_entry *entry, const struct catalog_options *catalog);

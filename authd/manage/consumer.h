/* Serving what catalog zones list (RFC 9432, section 5): one consumer for each zone with `catalog: consumer`.
 *
 * Each new version of the catalog is read as a whole (lib/zone/catalog.h), then the zones are made what it says: members that are gone are taken out of
 * service and forgotten, new ones come, others get the template of their groups. That is done in slices of a few milliseconds, between which the manage thread
 * does what else there is; a newer version of the catalog begins anew, for which what is done already costs next to nothing. Workers are shown the zones
 * at the end, and several times a second on the way.
 *
 * A broken catalog changes nothing. Which zone is a member of which catalog is in the journal (member.h), so that a restart serves them whatever
 * state the catalog is in by then.
 */
#pragma once

#include "authd/manage/manage.h"

/* The entry has got settings of a configuration: it begins or ends to be a consumer's, and is no member of a catalog. A consumer looks at its catalog
 * again. */
int consumer_configure(struct manage *manage, struct zone_entry *entry) ZT_MUST_CHECK;
/* Its members belong to no catalog then. NULL is fine. */
void consumer_free(struct consumer *consumer);
/* At the start, before zones are loaded: loads the catalogs themselves, and registers all of their members. */
int consumers_start(struct manage *manage) ZT_MUST_CHECK;
/* The catalog has a new version, or its members new settings. */
void consumer_on_change(struct consumer *consumer);

const uint8_t *consumer_apex(const struct consumer *consumer);
/* The settings of a member by the configuration that its catalog's entry has; NULL: its catalog is none any more. */
const struct zone_options *member_options(const struct zone_entry *entry);

/* For people. */
/* What an operator should look at; NULL when all is well. */
const char *consumer_alarm(const struct consumer *consumer);
size_t consumer_member_count(const struct consumer *consumer);
/* The catalog that a zone comes from, its name in text; NULL: it is configured. */
const char *consumer_of_member(const struct zone_entry *entry);

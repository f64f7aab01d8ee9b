/* Makes the set of zones what the configuration says: new ones come, missing ones go, others get their new settings; then shows the workers.
 *
 * What catalogs list is added and taken away by consumer.h, through here.
 *
 * Data is not touched here (loader, secondary). An entry that stays keeps its zone, its journal and its peers' state.
 */
#pragma once

#include "authd/manage/manage.h"

/* Applies `options`, makes it manage->options (which was owned; the caller frees the old one) and publishes a view. On
 * ZT_ENOMEM what could be applied is in force and consistent. */
int zones_configure(struct manage *manage, struct authd_options *options) ZT_MUST_CHECK;
/* Starts what a loaded entry does on its own: NOTIFY queue, refreshes. Entries already started are left alone. */
int zones_start(struct manage *manage) ZT_MUST_CHECK;

/* One by one, between two publications (catalogs): workers see what came, changed and went with zones_publish. */

/* A new zone, with nothing in it. */
int zones_add(struct manage *manage, const uint8_t *apex, const struct zone_options *options, struct zone_entry **out) ZT_MUST_CHECK;
int zones_start_one(struct manage *manage, struct zone_entry *entry) ZT_MUST_CHECK;
/* Other settings. */
int zones_change(struct zone_entry *entry, const struct zone_options *options) ZT_MUST_CHECK;
/* Out of the registry at once, and all it does on its own ends. */
void zones_remove(struct manage *manage, struct zone_entry *entry);
/* ZT_ENOMEM: workers go on with what they saw. */
int zones_publish(struct manage *manage) ZT_MUST_CHECK;

/* Frees memory of versions and zones that no worker reads any more; for a timer. */
void zones_reclaim(struct manage *manage);
/* Takes every zone out of service and frees it; workers must have ended. */
void zones_clear(struct manage *manage);

/* Makes the set of zones what the configuration says: new ones come, missing ones go, others get their new settings; then shows the workers.
 *
 * Data is not touched here (loader, secondary). An entry that stays keeps its zone, its journal and its peers' state.
 */
#pragma once

#include "authd/manage/manage.h"

/* Applies `options`, makes it manage->options (which was owned; the caller frees the old one) and publishes a view. On
 * ZT_ENOMEM what could be applied is in force and consistent. */
int zones_configure(struct manage *manage, struct authd_options *options) ZT_MUST_CHECK;
/* Shows the workers the settings of now, after a change of manage->cookie_secrets. */
int zones_show_settings(struct manage *manage) ZT_MUST_CHECK;
/* Starts what a loaded entry does on its own: NOTIFY queue, refreshes. Entries already started are left alone. */
int zones_start(struct manage *manage) ZT_MUST_CHECK;
/* Frees memory of versions and zones that no worker reads any more; for a timer. */
void zones_reclaim(struct manage *manage);
/* Takes every zone out of service and frees it; workers must have ended. */
void zones_clear(struct manage *manage);

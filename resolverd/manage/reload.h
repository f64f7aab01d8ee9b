/* Putting a changed configuration in force without losing a query or the cache. */
#pragma once

#include "resolverd/manage/manage.h"

/* Reads the configuration again. On failure the old one stays and `errors` says why. `restart_needed` gets the keys, separated by ", ", whose change
 * takes effect only at the next start. */
int reload(struct manage *manage, struct buf *restart_needed, struct buf *errors) ZT_MUST_CHECK;

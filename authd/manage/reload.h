/* Reload, by SIGHUP or `zonectl reload`: the configuration again, then the zone files. */
#pragma once

#include <jansson.h>

#include "authd/manage/manage.h"

/* Reads the configuration and every zone file again. A configuration with errors changes nothing: ZT_ESYNTAX, all its problems in `errors`.
 * What fails is logged too. Otherwise ZT_OK and, where `result` is not NULL, the report of doc/protocol-control.md (a new reference; zones
 * that did not change are left out). */
int reload_all(struct manage *manage, json_t **result, struct buf *errors) ZT_MUST_CHECK;
/* One zone's file; the report says what came of it. */
int reload_zone(struct manage *manage, struct zone_entry *entry, json_t **result) ZT_MUST_CHECK;

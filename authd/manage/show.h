/* What the daemon tells of itself: the results of control commands as JSON (doc/protocol-control.md). New references; NULL without memory. */
#pragma once

#include <jansson.h>

#include "authd/manage/manage.h"

/* A text for people. A path may hold bytes that are not UTF-8, and a text that was cut may end inside a character: JSON can't, so such bytes become
 * question marks. */
json_t *show_text(const char *text);
json_t *show_status(const struct manage *manage);
json_t *show_zones(const struct manage *manage);
json_t *show_zone(const struct manage *manage, const struct zone_entry *entry);
json_t *show_history(const struct manage *manage, const struct zone_entry *entry);
/* The RRsets at a name in the zone that holds it; `type` TYPE_ANY for all. */
json_t *show_lookup(const struct manage *manage, const uint8_t *name, uint16_t type);
json_t *show_stats(const struct manage *manage);

/* Results of control commands as JSON (doc/protocol-control.md). All return new references, NULL when memory is out. */
#pragma once

#include <jansson.h>

#include "resolverd/manage/manage.h"

json_t *show_status(const struct manage *manage);
/* Stub, forward and local zones. */
json_t *show_zones(const struct manage *manage);
json_t *show_stats(const struct manage *manage);
/* What the cache holds for a name; TYPE_ANY = all types. `name` in lower case. */
json_t *show_lookup(const struct manage *manage, const uint8_t *name, uint16_t type);

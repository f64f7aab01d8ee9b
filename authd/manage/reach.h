/* How far back a zone's history reaches, for whom it does, and who would need more. */
#pragma once

#include <jansson.h>

#include "authd/manage/manage.h"
#include "lib/base/buf.h"

/* The result of `reach`, see doc/protocol-control.md. NULL when memory is out. */
json_t *reach_show(const struct zone_entry *entry);
/* Metrics. */
void reach_fill(struct buf *out, const struct manage *manage);

/* Who has what: what is known of the servers that have a zone from us, for people, for programs and for Prometheus; see doc/protocol-control.md. */
#pragma once

#include <jansson.h>

#include "authd/manage/manage.h"
#include "lib/base/buf.h"

/* The rows of `peers`: those that are behind first, the longest behind at the top, then the others that are notified, then those that are not. NULL when memory
 * is out. */
json_t *peers_list(const struct zone_entry *entry);
/* The rows of those in the notify list that were not seen at `serial`: peer, serial, reason. */
json_t *peers_lagging(const struct zone_entry *entry, uint32_t serial);
/* Metrics. Their number does not grow with zones and peers: totals, and the worst. */
void peers_fill(struct buf *out, const struct manage *manage);

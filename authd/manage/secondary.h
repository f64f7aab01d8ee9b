/* Following a primary: drives lib/xfr/refresh.h and xfr_in.h for one zone with sockets, timers, the journal and the commit pipeline.
 *
 * Restart: the zone is served from the journal at once (the registry loads it) unless it has expired meanwhile; the time of the last
 * confirmation is kept in the journal's state table.
 */
#pragma once

#include <jansson.h>
#include <stdint.h>

#include "authd/manage/manage.h"
#include "authd/serve/request.h"

struct xfr_edns;

/* entry->zone holds what the journal had (or nothing); sets entry->served->state. The first question to a primary leaves at once. */
int secondary_new(struct manage *manage, struct zone_entry *entry, struct secondary **out) ZT_MUST_CHECK;
/* Drops what is under way. NULL is fine. */
void secondary_free(struct secondary *secondary);
/* The entry's options were replaced by a reload. */
int secondary_reconfigure(struct zone_entry *entry) ZT_MUST_CHECK;

/* Ask a primary now. */
void secondary_refresh(struct zone_entry *entry);
/* Take the whole zone from a primary now, whatever its serial. */
void secondary_retransfer(struct zone_entry *entry);
/* A NOTIFY from an allowed address; serial NULL: it carried none. said: its options. */
void secondary_on_notify(struct zone_entry *entry, const struct netaddr *peer, const uint32_t *serial, const struct xfr_edns *said);
/* A primary that was down answers again: zones whose last round failed need not wait for their timers. */
void secondary_on_server_back(struct manage *manage, const struct netaddr *address);

/* State, primaries, timers, last transfer, alarms; see doc/protocol-control.md. NULL when memory is out. */
json_t *secondary_status(const struct zone_entry *entry);

/* Messages to a server that have one answer: that it look for a newer version, that somebody else is behind, what to change. Over TCP, so that they need no
 * repeating. Blocks.
 */
#pragma once

#include "lib/xfr/behind.h"
#include "lib/xfr/zsync.h"
#include "lib/zone/changeset.h"
#include "lib/zone/zone.h"
#include "zonesync/fetch.h"

/* All return ZT_OK when there was an answer, and *rcode; otherwise `error` says what went wrong. `fetch` names server, zone and key; its id counts up. */

/* NOTIFY (RFC 1996) of a version: its serial, and what it holds to who understands that (zsync.h). */
int tell_notify(struct fetch *fetch, const struct zsync *version, unsigned *rcode, char error[FETCH_ERROR_SIZE]) ZT_MUST_CHECK;
int tell_behind(struct fetch *fetch, const struct behind *behind, unsigned *rcode, char error[FETCH_ERROR_SIZE]) ZT_MUST_CHECK;
/* UPDATE (RFC 2136), in as many messages as it takes; each is applied as a whole, all together are not. Ends with the first that is refused. */
int tell_update(struct fetch *fetch, const struct changeset *change, unsigned *rcode, char error[FETCH_ERROR_SIZE]) ZT_MUST_CHECK;

/* Serving range-based reconciliation from a worker (lib/xfr/reconcile_server.h): a client that finds out what differs between its version of a zone and
 * ours.
 *
 * A connection that asks gets a session, which pins the zone version its first question got (RECONCILE_FIRST), so changes meanwhile don't disturb it; a
 * question about a version that is neither that nor the current one is answered by RECONCILE_STALE. Questions are queued and answered one after another.
 * The work goes on in slices of a millisecond between the worker's other events: the descents for answers, and the digest of the whole zone, which is begun
 * with the first question and kept with the version for all who ask later.
 *
 * Access is that of transfers (allow_transfer). Sessions, what waits in them, and bytes sent of one version have limits. All calls come from the worker's
 * thread; repair_start while it is an online RCU reader.
 */
#pragma once

#include "authd/serve/counters.h"
#include "authd/serve/respond.h"
#include "lib/net/loop.h"
#include "lib/net/stream.h"

struct repairs;
struct witness;

enum { REPAIRS_MAX = 64, REPAIRS_MAX_PER_PEER = 8 };      /* sessions in one worker; more get SERVFAIL */

/* One per worker. The loop outlives it. `witness` is told who asks, and who has been told all up to the digest. */
int repairs_new(struct repairs **out, struct witness *witness, struct loop *loop, struct serve_counters *counters) ZT_MUST_CHECK;
/* All streams must have ended. NULL is fine. */
void repairs_free(struct repairs *repairs);

/* Takes a query of type RECONCILE_TYPE that came over TCP, as respond left it; answers it sooner or later. */
void repair_start(struct repairs *repairs, struct stream *stream, struct respond *r);
/* The stream has room again. */
void repair_on_drained(struct repairs *repairs, struct stream *stream);
/* The stream has ended: drops its session. */
void repair_on_close(struct repairs *repairs, struct stream *stream);

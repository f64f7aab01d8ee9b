/* Serving AXFR and IXFR from a worker: one session per request, fed to its stream as fast as the client takes it.
 *
 * A session pins the zone version it sends (zone_version_acquire), so changes meanwhile don't disturb it. Nothing here waits: the next message is
 * made when the stream has drained. Access (allow_transfer), the choice between IXFR and AXFR and evidence for the manage thread are decided here.
 * All calls come from the worker's thread, while it is an online RCU reader.
 */
#pragma once

#include <stdint.h>

#include "authd/serve/counters.h"
#include "authd/serve/respond.h"
#include "lib/net/stream.h"

struct journal;
struct transfers;
struct witness;

enum { TRANSFERS_MAX = 200, TRANSFERS_MAX_PER_PEER = 40 };      /* sessions open at once in one worker; more get SERVFAIL */

/* One per worker. `witness` is told when a transfer begins (IXFR: the serial the client has) and when it was sent whole. */
int transfers_new(struct transfers **out, struct witness *witness, struct journal *journal, const struct clock *clock, struct serve_counters *counters)
	ZT_MUST_CHECK;
/* All streams must have ended. NULL is fine. */
void transfers_free(struct transfers *transfers);

/* Answers an AXFR or IXFR query that came over TCP, as respond left it: the first message (or an error response) is queued before this returns. */
void transfer_start(struct transfers *transfers, struct stream *stream, struct respond *r);
/* The stream has room again: goes on with its sessions. */
void transfer_on_drained(struct transfers *transfers, struct stream *stream);
/* The stream has ended: drops its sessions. */
void transfer_on_close(struct transfers *transfers, struct stream *stream);

/* Answers an IXFR query that came over UDP into r's out: the difference where it fits, otherwise the single SOA that sends the client to TCP
 * (RFC 1995 section 2). */
void transfer_answer_udp(struct transfers *transfers, struct respond *r);

/* A scenario comes true: servers on a network, its events one after another, the invariants after every step, and what must have come about when all is
 * quiet again.
 *
 * Quiet is after the last event, with every fault over. Then, whatever REFRESH and RETRY say:
 *
 *   - within world_bound() all servers that are not dead serve the primary's version, record for record;
 *   - then every server comes to know that of those it tells (its NOTIFY targets);
 *   - from then on nothing is sent but what REFRESH asks for.
 */
#pragma once

#include "tests/sim/xfr/invariants.h"
#include "tests/sim/xfr/scenario.h"

struct world_outcome {
	bool is_sound;
	char failure[320];
	usec_t took;                    /* from quiet to equality */
	usec_t settled;                 /* … to everybody knowing it */
	unsigned long steps;
	unsigned long crashes, expired, retries, ixfr, axfr, repairs, adopted;
};

/* How long it may take after quiet: a NOTIFY target is told again after at most 60 s, a transfer that began before and stalls is given up after 30 s; each further
 * level of servers may have to wait for one answer more. */
usec_t world_bound(const struct scenario *scenario);

/* trace: each event and each new version is told there; NULL: silence. */
void world_run(const struct scenario *scenario, FILE *trace, struct world_outcome *outcome);

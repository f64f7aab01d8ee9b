/* Following a lab's events in one of three ways until something: lines of what changes, the events themselves, or a picture on a terminal. */
#pragma once

#include "tools/zonelab/cli/follow.h"
#include "tools/zonelab/cli/tally.h"

enum watch_style { WATCH_LINES, WATCH_EVENTS, WATCH_SCREEN };

/* Times are seconds since the lab's start. */
struct watch_options {
	enum watch_style style;
	double origin;             /* lines tell times since this moment */
	bool until_converged;      /* end when all servers of the watched zone and caches that are up have what its primary has */
	bool has_serial;           /* but not before the zone has this serial or a newer one */
	uint32_t serial;
	double deadline;           /* give up then; negative: never */
};

/* Begins with what `tally` knows. ZT_OK: it has converged, a signal waits (interrupt.h), q was pressed, or nobody reads the output; ZT_ETIMEOUT at
 * the deadline; ZT_ECLOSED: the lab has ended. */
int watch_run(struct follow *follow, struct tally *tally, const struct watch_options *options) ZT_MUST_CHECK;
/* Takes all events there are by now; whether there was one. */
bool watch_catch_up(struct follow *follow, struct tally *tally);

/* The prediction for a change in a lab, made by propest. */
#pragma once

#include "tools/zonelab/lab/lab.h"

/* Seconds since the change. */
struct prediction_row {
	double p50, p90, p99, bound;
};

struct prediction {
	struct prediction_row servers;         /* all servers have it */
	struct prediction_row first_fresh;     /* a cache has it for the first time */
	struct prediction_row last_stale;      /* a cache hands out the old data for the last time */
	double bound;                          /* nobody has old data after this */
};

/* Runs `propest estimate NAME TYPE --change modify --json` with the lab's facts, against the zone's servers. What goes wrong is printed. */
int predict_change(const struct lab *lab, const struct topology_zone *zone, const char *name, uint16_t type, struct prediction *out) ZT_MUST_CHECK;

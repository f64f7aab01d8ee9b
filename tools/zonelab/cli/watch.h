/* Following a zone and one of its RRsets through all servers and resolvers of a lab, printing what changes when it changes. */
#pragma once

#include "lib/base/clock.h"
#include "tools/zonelab/lab/lab.h"

struct watch_options {
	const struct topology_zone *zone;
	const uint8_t *name;
	uint16_t type;
	bool until_converged;              /* end when all servers and caches that live have `serial` and `rdata` */
	uint32_t serial;
	const uint8_t *rdata;
	uint16_t rdata_len;
	usec_t origin;                     /* times are printed since this moment, monotonic */
	usec_t deadline;                   /* give up then; 0 = never */
};

/* When (microseconds since origin) the last of them got there; -1 while not all have. */
struct watch_result {
	usec_t servers_done;
	usec_t first_fresh;                /* the first resolver that answered with the new record */
	usec_t caches_done;
	uint32_t servers, servers_current;
	uint32_t caches, caches_current;
};

/* Returns ZT_OK when all is done that can be, a signal waits (interrupt.h) or nobody reads the output; ZT_ETIMEOUT at the deadline. `result`
 * may be NULL. */
int watch_run(const struct lab *lab, const struct watch_options *options, struct watch_result *result) ZT_MUST_CHECK;

/* What DNS cannot tell propest about a zone of the lab: who transfers from whom, by whose laws, and how many caches there are. */
#pragma once

#include <stdio.h>

#include "lib/base/clock.h"
#include "tools/zonelab/lab/lab.h"

/* What a primary tells of a record and its zone, seconds. */
struct facts_clocks {
	uint32_t refresh, retry, expire, minimum, soa_ttl;
	uint32_t ttl;      /* of the records, or of their absence */
};

/* What lies between two servers, in the lab's time. */
struct facts_link {
	usec_t round_trip;             /* besides what the daemons take */
	double loss;                   /* of datagrams, each way */
	uint64_t bytes_per_s;          /* 0: no limit */
};

struct facts_known {
	struct facts_clocks clocks;
	/* From a primary to a secondary, indexes into the topology, and back. */
	struct facts_link (*link)(void *ctx, uint32_t from, uint32_t to);
	void *ctx;
};

/* Writes to `to`: with `known` all that there is to know, so that propest need ask nobody; without (NULL) what DNS does not tell. */
void facts_print(FILE *to, const struct lab *lab, const struct topology_zone *zone, const struct facts_known *known);
/* Writes `DIR/ZONE.facts.yaml`, with nothing known, for `propest --topology`. Errors are printed. */
int facts_write(const struct lab *lab, const struct topology_zone *zone) ZT_MUST_CHECK;

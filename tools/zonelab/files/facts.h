/* What DNS cannot tell propest about a zone of the lab: who transfers from whom, by whose laws, and how many caches there are. */
#pragma once

#include <stdio.h>

#include "tools/zonelab/lab/lab.h"

/* What a primary tells of a record and its zone, seconds. */
struct facts_clocks {
	uint32_t refresh, retry, expire, minimum, soa_ttl;
	uint32_t ttl;      /* of the records, or of their absence */
};

/* `DIR/ZONE.facts.yaml`; ZT_ELIMIT when too long. */
int facts_path(const struct lab *lab, const struct topology_zone *zone, char out[4096]) ZT_MUST_CHECK;
/* Writes to `to`: with clocks all that there is to know, so that propest need ask nobody; without (NULL) what DNS does not tell. */
void facts_print(FILE *to, const struct lab *lab, const struct topology_zone *zone, const struct facts_clocks *clocks);
/* Writes that file, without clocks, for `propest --topology`. Errors are printed. */
int facts_write(const struct lab *lab, const struct topology_zone *zone) ZT_MUST_CHECK;

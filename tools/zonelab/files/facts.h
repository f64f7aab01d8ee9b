/* What DNS cannot tell propest about a zone of the lab: who transfers from whom, by whose laws, and how many caches there are. */
#pragma once

#include "tools/zonelab/lab/lab.h"

/* `DIR/ZONE.facts.yaml`; ZT_ELIMIT when too long. */
int facts_path(const struct lab *lab, const struct topology_zone *zone, char out[4096]) ZT_MUST_CHECK;
/* Writes that file, for `propest --topology`. Errors are printed. */
int facts_write(const struct lab *lab, const struct topology_zone *zone) ZT_MUST_CHECK;

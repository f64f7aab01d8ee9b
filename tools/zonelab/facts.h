/* What DNS cannot tell propest about a zone of the lab: who transfers from whom, by whose laws, and how many caches there are. */
#pragma once

#include "tools/zonelab/lab.h"

/* Writes DIR/ZONE.facts.yaml, a file for `propest --topology`, and gives its path. Errors are printed. */
int facts_write(const struct lab *lab, const struct topology_zone *zone, char path[4096]) ZT_MUST_CHECK;

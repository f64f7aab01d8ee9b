/* Writes what the daemons of a lab read: zone files and configurations, one folder a node. */
#pragma once

#include "tools/zonelab/lab/lab.h"

/* For every node, and what propest is told about every zone (facts.h). Errors are printed. */
int write_all(struct lab *lab) ZT_MUST_CHECK;

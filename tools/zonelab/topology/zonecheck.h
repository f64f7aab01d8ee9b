/* Whether the zones of a topology can be served: its records, and the zone files it names, are read as authd reads them. */
#pragma once

#include "tools/zonelab/topology/topology.h"

/* Adds what is wrong to `problems`, at the topology's lines (or as FILE:LINE where a zone file is wrong). ZT_ESYNTAX when anything was;
 * ZT_ENOMEM and the like. */
int zonecheck_all(const struct topology *topology, struct problems *problems) ZT_MUST_CHECK;

/* A topology as a picture: text in Graphviz' language. */
#pragma once

#include <stdio.h>

#include "tools/zonelab/topology/topology.h"

/* One box for each zone, with its servers in it (a server of several zones stands in each), and one for the resolvers, tier by tier.
 * Edges: transfers with their NOTIFY, delegations (dashed to a server that does not serve the zone), forwarders, and where resolvers begin.
 * `serials`: what each server serves, in the order of topology_role_count (zone by zone, primary first), -1 where it is not known; NULL for none.
 * A failure shows in ferror(to). */
void dot_write(FILE *to, const struct topology *topology, const int64_t *serials);

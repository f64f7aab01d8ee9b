/* What zonelab writes as zone files.
 *
 * A made zone has a SOA, the NS set (the zone's servers that are not hidden), addresses of the lab's nodes whose names lie in the zone,
 * delegations of the lab's zones directly below with the glue they need, and at the end the topology's own records.
 */
#pragma once

#include <stdio.h>

#include "tools/zonelab/topology/topology.h"

/* The line before the topology's own records. */
#define ZONETEXT_RECORDS_MARK "; the topology's records\n"

enum { ZONETEXT_FILE_NAME_SIZE = NAME_TEXT_SIZE + 16 };

/* A name for a file about the zone; `ending` has at most 11 bytes. Returns `out`. */
char *zonetext_file_name(const struct topology_zone *zone, const char *ending, char out[ZONETEXT_FILE_NAME_SIZE]);
/* A failure shows in ferror(to). */
void zonetext_write(FILE *to, const struct topology *topology, const struct topology_zone *zone);
/* The root's servers, for resolvers. */
void zonetext_write_hints(FILE *to, const struct topology *topology);

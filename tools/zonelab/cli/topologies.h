/* The topologies that come with zonelab, by name. */
#pragma once

#include <stdbool.h>

/* The file that a word of the command line means: a path, the name of a topology that comes along (two-tier, labs/two-tier), or NULL for the
 * default one. False, printed with the nearest name, when there is none. */
bool topologies_find(const char *word, char out[4096]);

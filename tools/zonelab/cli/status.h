/* The table of a lab's nodes. */
#pragma once

#include "tools/zonelab/lab/lab.h"

/* Asks every server for its serials and prints one line for each node and zone; JSON with `json`. Returns whether every node is alive and every secondary
 * has its primary's serial. */
bool status_print(const struct lab *lab, bool json);

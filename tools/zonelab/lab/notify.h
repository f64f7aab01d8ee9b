/* Telling a secondary to look at its primary (RFC 1996). */
#pragma once

#include "tools/zonelab/lab/lab.h"

/* One NOTIFY from the node's own network, whose answer nobody waits for. */
int notify_send(const struct lab *lab, const struct topology_node *node, const uint8_t *apex) ZT_MUST_CHECK;

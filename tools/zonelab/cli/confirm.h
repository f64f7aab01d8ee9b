/* `zonectl wait --at all` at a zone's primary, beside whatever else goes on: asked now, its answer taken later. */
#pragma once

#include <jansson.h>

#include "tools/zonelab/lab/lab.h"

/* The descriptor of the question; -1 where nobody can be asked (the primary is of another make, or has no control socket). */
int confirm_begin(const struct lab *lab, const struct topology_zone *zone, uint32_t serial, double timeout_s);
/* Waits for the answer for so long and closes. The result of `wait` (doc/protocol-control.md); NULL: there is none. */
json_t *confirm_end(int fd, int timeout_ms);

/* The state document: what the lab consists of and how its nodes are. */
#pragma once

#include "tools/zonelab/keeper/keeper.h"

/* A new reference; NULL without memory. What the parts know is not in it yet. */
json_t *state_make(const struct keeper *keeper);

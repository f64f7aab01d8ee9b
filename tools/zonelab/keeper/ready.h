/* Bringing a lab's nodes to answer, before the keeper's loop runs. */
#pragma once

#include "tools/zonelab/keeper/keeper.h"

/* Writes all files and starts every daemon. What fails is printed. ZT_ECLOSED, silently, where the lab is not wanted any more. */
int ready_start(struct keeper *keeper) ZT_MUST_CHECK;
/* Waits until each answers for its zones (a resolver: for the root). What fails is printed with the end of the daemon's log. ZT_ECLOSED, silently,
 * where the lab is not wanted any more. */
int ready_wait(struct keeper *keeper) ZT_MUST_CHECK;

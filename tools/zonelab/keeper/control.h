/* The keeper's commands and its control socket. */
#pragma once

#include "tools/zonelab/keeper/keeper.h"

/* Opens DIR/zonelab.sock. Errors are printed. */
int control_open(struct keeper *keeper) ZT_MUST_CHECK;
void control_close(struct keeper *keeper);

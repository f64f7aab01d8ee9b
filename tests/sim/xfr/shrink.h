/* Makes a scenario that fails as small as it can be while it still fails in the same way: fewer events, fewer servers, fewer faults, rounder times. */
#pragma once

#include "tests/sim/xfr/scenario.h"

/* `failure` is how it fails; numbers in it may change. Gives up after some seconds with what it has. */
void shrink(struct scenario *scenario, char failure[320]);

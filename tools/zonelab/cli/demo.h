/* `zonelab demo`: a change, from the prediction to the last cache. */
#pragma once

#include "tools/zonelab/lab/lab.h"

/* The lab is up. Prints what happens. ZT_OK only if every server and cache had the change within the predicted bound. */
int demo_run(const struct lab *lab) ZT_MUST_CHECK;

/* A flood of questions from one node to another: a process of its own that sends, each millisecond, as many as the rate wants, each for another name. */
#pragma once

#include "tools/zonelab/scenario/lab_time.h"
#include "tools/zonelab/lab/lab.h"
#include "tools/zonelab/scenario/scenario.h"

/* Begins the flood of a step; it ends by itself, and with this thread; the caller waits for the process. The lab must be entered. ZT_ESYSTEM and the like. */
int flood_start(const struct lab *lab, const struct step *step, const struct lab_time *time, pid_t *pid) ZT_MUST_CHECK;

/* Bringing a lab up and down. */
#pragma once

#include "tools/zonelab/lab/lab.h"

/* Writes all files, starts every daemon and waits until each answers for its zones (a resolver: for the root). What fails is printed with the end of the daemon's
 * log, and everything started is ended again; also when a signal that is held (interrupt.h) comes. */
int run_start(struct lab *lab) ZT_MUST_CHECK;
void run_stop(struct lab *lab);

/* The nodes' processes, as the keeper has them. */
#pragma once

#include "tools/zonelab/keeper/keeper.h"

/* Starts a node's daemon; what it has stored stays. Errors are printed. */
int node_start(struct keeper *keeper, uint32_t i) ZT_MUST_CHECK;
bool node_is_running(const struct keeper *keeper, uint32_t i);
/* Takes note of a child that has ended. False when it is no node's process. */
bool node_reaped(struct keeper *keeper, pid_t pid, int wait_status);
/* A signal for all that run. */
void nodes_signal(const struct keeper *keeper, int number);
bool nodes_are_running(const struct keeper *keeper);

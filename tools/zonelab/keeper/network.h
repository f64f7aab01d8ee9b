/* The lab's namespaces, and in net mode its networks and the switch between them. */
#pragma once

#include "tools/zonelab/keeper/keeper.h"

/* Enters the PID namespace of the lab, where the system has one for us; in net mode gives every node its network and starts the switch. This process
 * then reaches nothing but the lab. Errors are printed. Before there is a thread or a child. */
int network_open(struct keeper *keeper) ZT_MUST_CHECK;
/* Events of messages from now on. */
int network_watch(struct keeper *keeper) ZT_MUST_CHECK;
/* Ends the switch, and the captures. */
void network_close(struct keeper *keeper);

/* Events of the messages that the switch has seen: {"event":"message", …}. */
#pragma once

#include "tools/zonelab/keeper/keeper.h"

/* Takes what is new from the switch; nothing in loopback mode. */
void messages_take(struct keeper *keeper);

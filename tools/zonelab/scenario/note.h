/* What a scenario tells the lab it runs in: the keeper's command `note`, which becomes an event that the page and others show. */
#pragma once

#include "tools/zonelab/keeper/keeper.h"

/* To be given to launch. */
struct keeper_part note_part(void);

/* zonesync repair: makes B, a zone file, hold what A holds; fetches only what differs where A is a server that can tell. */
#pragma once

#include "zonesync/command.h"

enum command_exit repair_run(const struct command *command);

/* zonesync verify: whether two copies of a zone are the same. */
#pragma once

#include "zonesync/command.h"

/* COMMAND_OK when the content is equal, whatever the serials say. */
enum command_exit verify_run(const struct command *command);

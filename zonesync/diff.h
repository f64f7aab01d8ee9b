/* zonesync diff: the records in which two copies of a zone differ. */
#pragma once

#include "zonesync/command.h"

/* COMMAND_OK when there is none. */
enum command_exit diff_run(const struct command *command);

/* zonesync verify-file: whether a zone file can be served. */
#pragma once

#include "zonesync/command.h"

enum command_exit verify_file_run(const struct command *command);

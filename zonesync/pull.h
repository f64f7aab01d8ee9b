/* zonesync pull: a zone of a server as a zone file. */
#pragma once

#include "zonesync/command.h"

/* A zone that breaks the rules of the DNS is not written. */
enum command_exit pull_run(const struct command *command);

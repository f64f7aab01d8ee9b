/* zonesync pull: a zone of a server as a zone file. */
#pragma once

#include "zonesync/command.h"

/* A zone that breaks the rules of the DNS is not written. */
/* COMMAND_OK: the version keeps the rules of the DNS and may be written. Otherwise what is wrong was told. */
enum command_exit pull_check(const struct command *command, const struct source *source, const struct zone_version *version);
enum command_exit pull_run(const struct command *command);

/* zonesync repair where B is a server.
 *
 * It is told of A's version by NOTIFY: one that follows primaries looks, and an authd also notices that it has diverged (zsync.h). Where that is refused, or does
 * not make it equal within the time-out, it is changed by UPDATE. What was done, or why nothing could be, is told.
 */
#pragma once

#include "zonesync/command.h"

/* Both sources are parsed. */
enum command_exit mend_run(const struct command *command, struct command_pair *pair);

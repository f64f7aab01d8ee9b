/* The daemon as a whole: puts the modules together, runs the manage thread's loop, takes them apart again. */
#pragma once

#include "authd/options.h"
#include "lib/base/log.h"

struct authd;

/* Binds sockets, opens the journal, loads all zones, starts the workers. `options` is taken over. What goes wrong is logged.
 * `log` must outlive the daemon, which lives by its clock. */
int authd_open(struct authd **out, struct authd_options *options, struct log *log) ZT_MUST_CHECK;
/* Serves until SIGTERM, SIGINT or the stop command; SIGHUP reloads. */
int authd_run(struct authd *authd) ZT_MUST_CHECK;
/* NULL is fine. */
void authd_close(struct authd *authd);

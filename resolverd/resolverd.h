/* The daemon as a whole: puts the modules together, runs the manage thread's loop, takes them apart again. */
#pragma once

#include "lib/base/log.h"
#include "resolverd/options.h"

struct resolverd;

/* Binds sockets, starts the workers. `options` is taken over. What goes wrong is logged. `log` must outlive the daemon, which lives by its clock. */
int resolverd_open(struct resolverd **out, struct resolverd_options *options, struct log *log) ZT_MUST_CHECK;
/* Serves until SIGTERM, SIGINT or the stop command; SIGHUP reloads. */
int resolverd_run(struct resolverd *resolverd) ZT_MUST_CHECK;
/* NULL is fine. */
void resolverd_close(struct resolverd *resolverd);

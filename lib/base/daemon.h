/* What the daemons' main functions share: the command line (-c, -t, -V, -h, --log-format, --log-level, --no-sandbox), exit codes, and the order of a daemon's life. */
#pragma once

#include "lib/base/buf.h"
#include "lib/base/log.h"

/* One kind of daemon. The pointers that pass through are the daemon's own types. */
struct daemon_kind {
	const char *name;            /* "authd" */
	const char *purpose;         /* a sentence for -h */
	const char *reloads;         /* what SIGHUP reads again: "the configuration and the zone files" */
	/* A configuration with errors gives a status, all problems in `errors`. */
	int (*options_read)(void **options, const char *path, struct buf *errors);
	void (*options_free)(void *options);
	/* --no-sandbox was said. NULL: the daemon has no sandbox, nor that argument. */
	void (*sandbox_off)(void *options);
	/* Takes `options` over; what goes wrong is logged. It lives by the log's clock. */
	int (*open)(void **daemon, void *options, struct log *log);
	/* Serves until it is told to stop. */
	int (*run)(void *daemon);
	/* NULL is fine. */
	void (*close)(void *daemon);
};

/* A whole main: returns 0 after a stop that was asked for, 1 when the daemon could not start or go on, 2 for a wrong command line or configuration. */
int daemon_main(const struct daemon_kind *kind, int argc, char **argv);

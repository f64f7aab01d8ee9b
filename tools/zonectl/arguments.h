/* zonectl's command line, parsed into a request for the daemon. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

#include "lib/base/clock.h"

enum arguments_action { ARGUMENTS_CALL, ARGUMENTS_HELP, ARGUMENTS_VERSION, ARGUMENTS_WRONG };

struct arguments {
	enum arguments_action action;
	const char *socket;             /* borrowed from argv or the environment */
	bool is_default_socket;         /* neither -s nor ZONETIDE_SOCKET */
	bool json;
	const char *command;
	usec_t timeout;                 /* for the daemon's answer */
	json_t *request;                /* owned; for ARGUMENTS_CALL */
	char error[256];                /* for ARGUMENTS_WRONG */
};

/* `environment_socket` is ZONETIDE_SOCKET's value or NULL. argv is permuted (options may stand anywhere). */
void arguments_parse(struct arguments *arguments, int argc, char **argv, const char *environment_socket);
void arguments_fini(struct arguments *arguments);
void arguments_write_help(FILE *to);

/* zonesync's command line. */
#pragma once

#include <stdbool.h>
#include <stdio.h>

#include "lib/base/clock.h"
#include "lib/base/netaddr.h"
#include "lib/dns/tsig_key.h"

enum arguments_action { ARGUMENTS_RUN, ARGUMENTS_HELP, ARGUMENTS_VERSION, ARGUMENTS_WRONG };

enum arguments_command { ARGUMENTS_VERIFY, ARGUMENTS_DIFF, ARGUMENTS_REPAIR, ARGUMENTS_PULL, ARGUMENTS_VERIFY_FILE };

struct arguments {
	enum arguments_action action;
	enum arguments_command command;      /* ARGUMENTS_RUN */
	const char *operands[2];             /* borrowed from argv; both are there */
	const char *output;                  /* -o of pull; "-" is standard output */
	const char *secret_file;             /* --sync-secret-file, or NULL */
	struct netaddr report;               /* --report of verify; not set = nobody */
	bool full;                           /* --full of verify */
	usec_t timeout;
	struct tsig_key *key;                /* -y or -k; NULL = none. The caller releases it */
	bool json;
	char error[256];                     /* ARGUMENTS_WRONG */
};

void arguments_parse(struct arguments *arguments, int argc, char **argv);
void arguments_write_help(FILE *to);

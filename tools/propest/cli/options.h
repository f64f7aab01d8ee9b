/* The command line of propest. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/netaddr.h"
#include "lib/base/status.h"
#include "lib/dns/name.h"
#include "tools/propest/gather/facts.h"

enum { OPTIONS_MAX_ADDRESSES = 256 };

enum exit_code { EXIT_OK = 0, EXIT_FAILED = 1, EXIT_USAGE = 2, EXIT_TIMEOUT = 3 };

enum command { COMMAND_ESTIMATE, COMMAND_WATCH };

enum until { UNTIL_DEFAULT, UNTIL_SERVERS, UNTIL_ALL, UNTIL_BOUND };

struct options {
	enum command command;
	uint8_t name[NAME_MAX_LEN];
	char name_text[NAME_TEXT_SIZE];
	uint16_t type;
	char type_text[16];
	enum change change;
	struct netaddr servers[OPTIONS_MAX_ADDRESSES], resolvers[OPTIONS_MAX_ADDRESSES];
	size_t server_count, resolver_count;
	const char *topology;
	bool no_net, json, textbook;
	const char *csv, *plot;
	uint64_t seed;
	size_t samples;
	double caches;                   /* 0: not given */
	enum until until;
	unsigned interval_ms;
	double timeout_s;
};

/* ZT_OK: go on. ZT_EDONE: help or version was printed, exit 0. Others: a message was printed, exit EXIT_USAGE. */
int options_read(struct options *options, int argc, char **argv) ZT_MUST_CHECK;

/* zonelab's command line. */
#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "tools/zonelab/cli/commands.h"
#include "tools/zonelab/lab/interrupt.h"

enum command_flags {
	TAKES_PORT = 1,
	TAKES_JSON = 2,
	HOLDS_SIGNALS = 4,        /* ends only when it has cleaned up */
};

struct command {
	const char *name;
	const char *arguments;
	const char *help;
	int min_words, max_words;      /* max -1: any number */
	unsigned flags;
	int (*run)(const struct arguments *args);
};

static const struct command commands[] = {
	{ "up", "[TOPOLOGY]", "start a lab and wait until every node answers", 0, 1, TAKES_PORT | TAKES_JSON | HOLDS_SIGNALS, command_up },
	{ "status", "", "nodes, serials, states", 0, 0, TAKES_JSON, command_status },
	{ "dig", "NODE NAME [TYPE] [OPTION]...", "ask a node with dig", 2, -1, 0, command_dig },
	{ "exec", "NODE COMMAND...", "run a program for a node, such as zonectl", 2, -1, 0, command_exec },
	{ "update", "ZONE add NAME TTL TYPE RDATA", "add a record by UPDATE", 3, -1, 0, command_update },
	{ "update", "ZONE delete NAME [TTL] [TYPE [RDATA]]", "delete a record, an RRset, or all at the name", 3, -1, 0, command_update },
	{ "watch", "[NAME [TYPE]]", "print serials and cached answers as they change", 0, 2, HOLDS_SIGNALS, command_watch },
	{ "demo", "[TOPOLOGY]", "start a lab, predict, change, measure, end it", 0, 1, TAKES_PORT | HOLDS_SIGNALS, command_demo },
	{ "kill", "NODE", "end a node's daemon by force", 1, 1, 0, command_kill },
	{ "start", "NODE", "start a node's daemon again", 1, 1, 0, command_start },
	{ "render", "--compose|--kubernetes [--network IP] DIR [TOPOLOGY]", "write manifests that run a lab in containers", 2, 5, 0, command_render },
	{ "graph", "[TOPOLOGY] [-o FILE.svg|.png|.dot]", "draw a topology", 0, 3, 0, command_graph },
	{ "labs", "", "the topologies that come along", 0, 0, 0, command_labs },
	{ "down", "", "end the lab", 0, 0, HOLDS_SIGNALS, command_down },
};

enum { COMMAND_COUNT = sizeof(commands) / sizeof(commands[0]) };

enum { CLIENT_RATE_MAX = 1000 };

int usage_error(const char *what, const char *word)
{
	fprintf(stderr, "zonelab: %s%s; see zonelab -h\n", what, word);
	return EXIT_USAGE;
}

static void usage(FILE *to)
{
	fputs("usage: zonelab [--dir DIR] [--port PORT] [--json] COMMAND ...\n\nA DNS hierarchy on the loopback addresses of one machine.\n", to);
	for (size_t i = 0; i < COMMAND_COUNT; i++)
		fprintf(to, "  %-6s %-38s %s\n", commands[i].name, commands[i].arguments, commands[i].help);
	fputs("  --dir DIR     work folder (default " DEFAULT_DIR ")\n"
	      "  --port PORT   instead of the topology's; for up and demo\n"
	      "  --json        JSON instead of a table; for up and status\n"
	      "  --client-rate N  questions a second at each resolver for what is watched, instead of the topology's\n"
	      "  -V, -h        version, this help\n"
	      "TOPOLOGY is a file or one of those that labs lists, by default zones/lab.yaml. A relative NAME of update is completed with the ZONE.\n"
	      "update may end with --at local|quorum|all|visible and --timeout SECONDS (30): wait until secondaries, or caches too, have the change.\n"
	      "exec sets ZONELAB_NODE, ZONELAB_ADDRESS, ZONELAB_PORT and ZONETIDE_SOCKET.\n"
	      "exit status: 0 done, 1 failed (status: a node is dead or behind; demo: not within the bound), 2 wrong command line or topology,\n"
	      "3 update --at: done, but not as far in that time\n", to);
}

static int port_parse(const char *text, uint16_t *port)
{
	char *end = NULL;
	unsigned long value = text && *text >= '0' && *text <= '9' ? strtoul(text, &end, 10) : 0;
	if (value == 0 || value > UINT16_MAX || *end != '\0')
		return usage_error("--port: expected a number from 1 to 65535, not ", text ? text : "nothing");
	*port = (uint16_t)value;
	return EXIT_OK;
}

static int client_rate_parse(const char *text, double *rate)
{
	char *end = NULL;
	double value = text && *text >= '0' && *text <= '9' ? strtod(text, &end) : -1;
	if (value < 0 || value > CLIENT_RATE_MAX || *end != '\0')
		return usage_error("--client-rate: expected questions a second, 0 to 1000, not ", text ? text : "nothing");
	*rate = value;
	return EXIT_OK;
}

static int dir_parse(const char *text, const char **dir)
{
	if (!text || !*text)
		return usage_error("--dir: expected a folder", "");
	*dir = text;
	return EXIT_OK;
}

/* Options before the command. Returns the index of the command, or -1 with *exit_code set. */
static int options_parse(int argc, char **argv, struct arguments *args, int *exit_code)
{
	int i = 1;

	*exit_code = EXIT_OK;
	for (; i < argc && argv[i][0] == '-'; i++) {
		if (strcmp(argv[i], "-h") == 0 || strcmp(argv[i], "--help") == 0)
			return usage(stdout), -1;
		if (strcmp(argv[i], "-V") == 0 || strcmp(argv[i], "--version") == 0)
			return puts("zonelab (zonetide) " PACKAGE_VERSION "\nbuilt with " ZT_BUILD_FEATURES), -1;
		if (strcmp(argv[i], "--json") == 0)
			args->json = true;
		else if (strcmp(argv[i], "--dir") == 0)
			*exit_code = dir_parse(argv[++i < argc ? i : argc], &args->dir);
		else if (strcmp(argv[i], "--port") == 0)
			*exit_code = port_parse(argv[++i < argc ? i : argc], &args->port);
		else if (strcmp(argv[i], "--client-rate") == 0)
			*exit_code = client_rate_parse(argv[++i < argc ? i : argc], &args->client_rate);
		else
			*exit_code = usage_error("unknown option ", argv[i]);
		if (*exit_code != EXIT_OK)
			return -1;
	}
	if (i < argc)
		return i;
	usage(stderr);
	*exit_code = EXIT_USAGE;
	return -1;
}

static bool is_count_right(const struct command *command, const struct arguments *args)
{
	return args->word_count >= command->min_words && (command->max_words < 0 || args->word_count <= command->max_words);
}

static int wrong_words(const struct command *command, const struct arguments *args)
{
	const char *last = args->word_count > 0 ? args->words[args->word_count - 1] : "";

	if (strcmp(last, "--json") == 0 || strcmp(last, "--dir") == 0 || strcmp(last, "--port") == 0)
		return usage_error("options stand before the command: ", last);
	for (size_t i = 0; i < COMMAND_COUNT; i++) {
		if (strcmp(commands[i].name, command->name) == 0)
			fprintf(stderr, "usage: zonelab %s%s%s\n", commands[i].name, *commands[i].arguments ? " " : "", commands[i].arguments);
	}
	return EXIT_USAGE;
}

/* A reader that goes away is no failure; a full disk is. */
static int output_finish(int exit_code)
{
	errno = 0;
	bool failed = fflush(stdout) != 0;
	int err = errno;
	if (!(failed || ferror(stdout)) || err == EPIPE || err == 0)
		return exit_code;
	fprintf(stderr, "zonelab: cannot write to standard output: %s\n", strerror(err));
	return exit_code != EXIT_OK ? exit_code : EXIT_FAILED;
}

static int command_run(const struct command *command, const struct arguments *args)
{
	if (!is_count_right(command, args))
		return wrong_words(command, args);
	if (args->port != 0 && !(command->flags & TAKES_PORT))
		return usage_error("--port is for up and demo, not for ", command->name);
	if (args->client_rate >= 0 && !(command->flags & TAKES_PORT))
		return usage_error("--client-rate is for up and demo, not for ", command->name);
	if (args->json && !(command->flags & TAKES_JSON))
		return usage_error("--json is for up and status, not for ", command->name);
	if (command->flags & HOLDS_SIGNALS)
		interrupt_hold();
	int exit_code = output_finish(command->run(args));
	if (command->flags & HOLDS_SIGNALS)
		interrupt_release();
	return exit_code;
}

int main(int argc, char **argv)
{
	struct arguments args = { .program = argc > 0 ? argv[0] : "zonelab", .dir = DEFAULT_DIR, .client_rate = -1 };
	int exit_code;

	if (sodium_init() < 0)
		return EXIT_FAILED;
	int at = options_parse(argc, argv, &args, &exit_code);
	if (at < 0)
		return exit_code;
	args.words = argv + at + 1;
	args.word_count = argc - at - 1;
	for (size_t i = 0; i < COMMAND_COUNT; i++) {
		if (strcmp(commands[i].name, argv[at]) == 0)
			return command_run(&commands[i], &args);
	}
	return usage_error("unknown command ", argv[at]);
}

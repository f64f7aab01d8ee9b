/* zonelab's command line. */
#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "lib/base/lab_clock.h"
#include "tools/zonelab/cli/commands.h"
#include "tools/zonelab/lab/interrupt.h"
#include "tools/zonelab/page/page.h"

enum command_flags {
	STARTS_LAB = 1,           /* takes the options of a lab to start */
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
	{ "up", "[TOPOLOGY]", "start a lab and wait until every node answers", 0, 1, STARTS_LAB | TAKES_JSON | HOLDS_SIGNALS, command_up },
	{ "status", "", "nodes, serials, states", 0, 0, TAKES_JSON, command_status },
	{ "dig", "NODE NAME [TYPE] [OPTION]...", "ask a node with dig", 2, -1, 0, command_dig },
	{ "exec", "NODE COMMAND...", "run a program for a node, such as zonectl", 2, -1, 0, command_exec },
	{ "update", "ZONE add NAME TTL TYPE RDATA", "add a record by UPDATE", 3, -1, 0, command_update },
	{ "update", "ZONE replace NAME TTL TYPE RDATA", "put a record in the place of all of its name and type", 3, -1, 0, command_update },
	{ "update", "ZONE delete NAME [TTL] [TYPE [RDATA]]", "delete a record, an RRset, or all at the name", 3, -1, 0, command_update },
	{ "watch", "[NAME [TYPE [NODE]]] [OPTION]...", "show serials and cached answers as they change", 0, -1, TAKES_JSON | HOLDS_SIGNALS, command_watch },
	{ "report", "", "what the latest change took, and what was predicted", 0, 0, TAKES_JSON, command_report },
	{ "demo", "[TOPOLOGY]", "start a lab, predict, change, measure, end it", 0, 1, STARTS_LAB | HOLDS_SIGNALS, command_demo },
	{ "run", "[SCENARIO] [--kind WHO=KIND]... [--report FILE.md]", "run a scenario in a lab of its own; without one: list them", 0, -1,
	  STARTS_LAB | TAKES_JSON | HOLDS_SIGNALS, command_scenario },
	{ "shell", "NODE", "a shell in a node's network", 1, 1, 0, command_shell },
	{ "fault", "LINK [one-way] KEY=VALUE...", "bad weather on links: delay=50ms loss=5% ...", 1, -1, 0, command_fault },
	{ "partition", "A[,A...] [B[,B...]]", "cut all links between two sides", 1, 2, 0, command_partition },
	{ "heal", "[LINK [one-way]]", "give links back what they had at the start", 0, 2, 0, command_heal },
	{ "capture", "LINK|all -w FILE [--seconds N]", "packets of links into a file, until Ctrl-C", 3, 5, HOLDS_SIGNALS, command_capture },
	{ "kill", "NODE", "end a node's daemon by force", 1, 1, 0, command_kill },
	{ "start", "NODE", "start a node's daemon again", 1, 1, 0, command_start },
	{ "render", "--compose|--kubernetes [--network IP] DIR [TOPOLOGY]", "write manifests that run a lab in containers", 2, 5, 0, command_render },
	{ "graph", "[TOPOLOGY] [-o FILE.svg|.png|.dot]", "draw a topology", 0, 3, 0, command_graph },
	{ "new", "[FILE] [--like TOPOLOGY] [--zones|--secondaries|--resolvers N]...", "write a topology to begin with", 0, 7, 0, command_new },
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

static int port_parse(struct arguments *args, const char *text)
{
	char *end = NULL;
	unsigned long value = *text >= '0' && *text <= '9' ? strtoul(text, &end, 10) : 0;
	if (value == 0 || value > UINT16_MAX || *end != '\0')
		return usage_error("--port: expected a number from 1 to 65535, not ", *text ? text : "nothing");
	args->port = (uint16_t)value;
	return EXIT_OK;
}

static int speed_parse(struct arguments *args, const char *text)
{
	char *end = NULL;
	long value = *text >= '0' && *text <= '9' ? strtol(text, &end, 10) : 0;
	if (value < 1 || value > LAB_CLOCK_FASTEST || *end != '\0')
		return usage_error("--speed: expected how many times as fast, a whole number from 1 to 1000, not ", *text ? text : "nothing");
	args->speed = (int)value;
	return EXIT_OK;
}

static int client_rate_parse(struct arguments *args, const char *text)
{
	char *end = NULL;
	double value = *text >= '0' && *text <= '9' ? strtod(text, &end) : -1;
	if (value < 0 || value > CLIENT_RATE_MAX || *end != '\0')
		return usage_error("--client-rate: expected questions a second, 0 to 1000, not ", *text ? text : "nothing");
	args->client_rate = value;
	return EXIT_OK;
}

static int seed_parse(struct arguments *args, const char *text)
{
	char *end = NULL;

	args->seed = *text >= '0' && *text <= '9' ? strtoull(text, &end, 10) : 0;
	return end && *end == '\0' ? EXIT_OK : usage_error("--seed: expected a number, not ", *text ? text : "nothing");
}

static int dir_parse(struct arguments *args, const char *text)
{
	if (!*text)
		return usage_error("--dir: expected a folder", "");
	args->dir = text;
	return EXIT_OK;
}

static int json_take(struct arguments *args, const char *text)
{
	(void)text;
	args->json = true;
	return EXIT_OK;
}

static int mode_parse(struct arguments *args, const char *text)
{
	if (strcmp(text, "net") != 0 && strcmp(text, "loopback") != 0)
		return usage_error("--mode: expected net or loopback, not ", *text ? text : "nothing");
	args->mode = strcmp(text, "net") == 0 ? MODE_NET : MODE_LOOPBACK;
	return EXIT_OK;
}

static int http_parse(struct arguments *args, const char *text)
{
	if (guard_address_from_text(&args->http, text) != ZT_OK)
		return usage_error("--http: expected an address and a port, such as 127.0.0.1:8053, not ", *text ? text : "nothing");
	if (page_is_built())
		return EXIT_OK;
	fputs("zonelab: --http: this program was built without its page, for make could not get D3 from npm; make page tries again\n", stderr);
	return EXIT_FAILED;
}

struct option {
	const char *name;
	const char *argument;          /* "" for none */
	unsigned takers;               /* flags of the commands that take it; 0: all */
	const char *takers_text;
	int (*take)(struct arguments *args, const char *text);      /* `text` is "" where there was none */
	const char *help;
};

static const struct option options[] = {
	{ "--dir", "DIR", 0, "", dir_parse, "work folder (default " DEFAULT_DIR ")" },
	{ "--mode", "MODE", STARTS_LAB, "up, demo and run", mode_parse, "net: a network a node, port 53, weather; or loopback. By default net where that is possible" },
	{ "--port", "PORT", STARTS_LAB, "up, demo and run", port_parse, "loopback mode, with this port instead of the topology's" },
	{ "--speed", "N", STARTS_LAB, "up, demo and run", speed_parse, "clocks that run N times as fast: REFRESH, EXPIRE and TTLs of hours pass in minutes" },
	{ "--seed", "N", STARTS_LAB, "up, demo and run", seed_parse, "of the weather's chances: the same seed and packets, the same fates (default 0)" },
	{ "--client-rate", "N", STARTS_LAB, "up, demo and run", client_rate_parse, "questions a second at each resolver for what is watched, instead of the topology's (1; demo: 20)" },
	{ "--http", "IP:PORT", STARTS_LAB, "up, demo and run", http_parse, "show the lab on a page; on an address that others reach, with a token" },
	{ "--json", "", TAKES_JSON, "up, status, watch, report and run", json_take, "JSON instead of a table" },
};

enum { OPTION_COUNT = sizeof(options) / sizeof(options[0]) };

static void usage(FILE *to)
{
	fputs("usage: zonelab [OPTION]... COMMAND ...\n\nA DNS internet on one machine.\n", to);
	for (size_t i = 0; i < COMMAND_COUNT; i++)
		fprintf(to, "  %-9s %-38s %s\n", commands[i].name, commands[i].arguments, commands[i].help);
	for (size_t i = 0; i < OPTION_COUNT; i++)
		fprintf(to, "  %s %-*s %s%s%s\n", options[i].name, 13 - (int)strlen(options[i].name), options[i].argument, options[i].help,
			*options[i].takers_text ? "; for " : "", options[i].takers_text);
	fputs("  -V, -h         version, this help\n"
	      "LINK is A:B, both ways, A (all its links), or * (all).\n"
	      "TOPOLOGY is a file or one of those that labs lists, by default zones/lab.yaml. A relative NAME of update is completed with the ZONE.\n"
	      "update may end with --at local|quorum|all|visible and --timeout SECONDS (30): wait until secondaries, or caches too, have the change.\n"
	      "watch may end with --until converged and --timeout SECONDS: it ends when all servers and caches have what the primary has.\n"
	      "exec sets ZONELAB_NODE, ZONELAB_ADDRESS, ZONELAB_PORT and ZONETIDE_SOCKET.\n"
	      "run ends its lab; without --dir its folder too, unless something failed.\n"
	      "exit status: 0 done, 1 failed (status: a node is dead or behind; demo: not within the bound), 2 wrong command line or topology,\n"
	      "3 update --at: done, but not as far in that time; watch --until: not converged in that time; run: not possible here, without net mode\n", to);
}

/* Options of the table that `words` begin with; *given gets a bit for each. Returns how many words they are, or -1 with *exit_code set. */
static int options_take(char **words, int count, struct arguments *args, unsigned *given, int *exit_code)
{
	int i = 0;

	*exit_code = EXIT_OK;
	for (; i < count && words[i][0] == '-'; i++) {
		size_t o = 0;
		if (strcmp(words[i], "-h") == 0 || strcmp(words[i], "--help") == 0)
			return usage(stdout), -1;
		if (strcmp(words[i], "-V") == 0 || strcmp(words[i], "--version") == 0)
			return puts("zonelab (zonetide) " PACKAGE_VERSION "\nbuilt with " ZT_BUILD_FEATURES), -1;
		while (o < OPTION_COUNT && strcmp(words[i], options[o].name) != 0)
			o++;
		if (o == OPTION_COUNT)
			break;
		bool has_text = *options[o].argument && ++i < count;
		*given |= 1U << o;
		*exit_code = options[o].take(args, has_text ? words[i] : "");
		if (*exit_code != EXIT_OK)
			return -1;
	}
	return i;
}

/* A lab's options may stand among the command's words, too, since they are none of another program's; what is unknown is the command's. */
static bool options_pick(struct arguments *args, unsigned *given, int *exit_code)
{
	int kept = 0;

	for (int i = 0; i < args->word_count; i++) {
		int taken = options_take(args->words + i, args->word_count - i, args, given, exit_code);
		if (taken < 0)
			return false;
		i += taken;
		if (i < args->word_count)
			args->words[kept++] = args->words[i];
	}
	args->word_count = kept;
	return true;
}

static bool is_count_right(const struct command *command, const struct arguments *args)
{
	return args->word_count >= command->min_words && (command->max_words < 0 || args->word_count <= command->max_words);
}

static int wrong_words(const struct command *command, const struct arguments *args)
{
	const char *last = args->word_count > 0 ? args->words[args->word_count - 1] : "";

	for (size_t i = 0; i < OPTION_COUNT; i++) {
		if (strcmp(last, options[i].name) == 0)
			return usage_error("options stand before the command: ", last);
	}
	for (int i = 0; i < args->word_count; i++) {
		if (strncmp(args->words[i], "--", 2) == 0)
			return usage_error("unknown option ", args->words[i]);
	}
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

static int command_run(const struct command *command, const struct arguments *args, unsigned given)
{
	if (!is_count_right(command, args))
		return wrong_words(command, args);
	for (size_t i = 0; i < OPTION_COUNT; i++) {
		if (!(given & 1U << i) || options[i].takers == 0 || (command->flags & options[i].takers))
			continue;
		fprintf(stderr, "zonelab: %s is for %s, not for %s; see zonelab -h\n", options[i].name, options[i].takers_text, command->name);
		return EXIT_USAGE;
	}
	if (args->port != 0 && args->mode == MODE_NET)
		return usage_error("--port is for loopback mode", "");
	if (command->flags & HOLDS_SIGNALS)
		interrupt_hold();
	int exit_code = output_finish(command->run(args));
	if (command->flags & HOLDS_SIGNALS)
		interrupt_release();
	return exit_code;
}

static const struct command *command_find(const char *name)
{
	for (size_t i = 0; i < COMMAND_COUNT; i++)
		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
	return NULL;
}

int main(int argc, char **argv)
{
	struct arguments args = { .program = argc > 0 ? argv[0] : "zonelab", .dir = DEFAULT_DIR, .client_rate = -1 };
	int exit_code;
	unsigned given = 0;

	if (sodium_init() < 0)
		return EXIT_FAILED;
	int at = options_take(argv + 1, argc - 1, &args, &given, &exit_code);
	if (at < 0)
		return exit_code;
	if (++at >= argc) {
		usage(stderr);
		return EXIT_USAGE;
	}
	if (argv[at][0] == '-')
		return usage_error("unknown option ", argv[at]);
	const struct command *command = command_find(argv[at++]);
	if (!command)
		return usage_error("unknown command ", argv[at - 1]);
	args.words = argv + at;
	args.word_count = argc - at;
	if ((command->flags & STARTS_LAB) && !options_pick(&args, &given, &exit_code))
		return exit_code;
	return command_run(command, &args, given);
}

/* zonelab's command line. */
#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "lib/base/lab_clock.h"
#include "lib/base/nearest.h"
#include "tools/zonelab/cli/commands.h"
#include "tools/zonelab/cli/usage.h"
#include "tools/zonelab/lab/interrupt.h"
#include "tools/zonelab/page/page.h"

enum command_flags {
	STARTS_LAB = 1,           /* takes the options of a lab to start */
	TAKES_JSON = 2,
	HOLDS_SIGNALS = 4,        /* ends only when it has cleaned up */
	HAS_FOREIGN_WORDS = 8,    /* what begins with - after its first word is another program's, or data */
};

#define A_LAB "A lab"
#define LOOKING "Looking, from inside"
#define CHANGING "Changing zones, and what becomes of it"
#define BREAKING "Bad weather, in net mode, and dead daemons"
#define TOPOLOGIES "Topologies"

#define MORE_UP \
	"The lab lives until zonelab down; zonelab new writes a topology of your own to begin with."
#define MORE_RUN \
	"WHO is one of the scenario's roles or a node: --kind secondary=knot. The lab is ended afterwards; its folder goes, too, unless --dir " \
	"named it or something failed. Exit status: 1 a step failed, 2 the scenario or its topology is wrong, 3 not possible here, without net mode."
#define MORE_EXEC \
	"It has ZONELAB_NODE, ZONELAB_ADDRESS, ZONELAB_PORT and ZONETIDE_SOCKET of the node; in net mode it runs in the node's network, " \
	"where /etc/resolv.conf names a resolver of the lab."
#define MORE_UPDATE \
	"A relative NAME is completed with the ZONE. At the end may stand --at local|quorum|all|visible and --timeout SECONDS (30): wait until " \
	"secondaries, or with visible caches, too, have the change; exit status 3 if they have it not in that time."
#define MORE_WATCH \
	"By default what the topology's demo changes is watched. With --until converged it ends when all servers and caches have what the primary has, " \
	"with exit status 3 if that takes longer than --timeout SECONDS."
#define MORE_FAULT \
	"Keys: delay, jitter (50ms), loss (5%), burst (packets in a row), duplicate, reorder (shares), rate (bits per second, 10M), " \
	"queue (bytes), mtu, cut (yes or no). What is not named stays."

static const struct command commands[] = {
	{ A_LAB, "up", "[TOPOLOGY]", "start a lab and wait until every node answers", MORE_UP, 0, 1, STARTS_LAB | TAKES_JSON | HOLDS_SIGNALS, command_up },
	{ A_LAB, "status", "", "nodes, serials, states", "Exit status: 1 when a node is dead, gives no answer or is behind.", 0, 0, TAKES_JSON,
	  command_status },
	{ A_LAB, "down", "", "end the lab; its logs stay", "", 0, 0, HOLDS_SIGNALS, command_down },
	{ A_LAB, "demo", "[TOPOLOGY]", "start a lab, predict, change, measure, end it", "Exit status: 1 when the change took longer than its bound.", 0, 1,
	  STARTS_LAB | HOLDS_SIGNALS, command_demo },
	{ A_LAB, "run", "[SCENARIO] [--kind WHO=KIND]... [--report FILE.md]", "run a scenario in a lab of its own; without one: list them", MORE_RUN, 0, -1,
	  STARTS_LAB | TAKES_JSON | HOLDS_SIGNALS, command_scenario },
	{ LOOKING, "dig", "NODE NAME [TYPE] [OPTION]...", "ask a node with dig", "", 2, -1, HAS_FOREIGN_WORDS, command_dig },
	{ LOOKING, "exec", "NODE COMMAND...", "run a program for a node, such as zonectl", MORE_EXEC, 2, -1, HAS_FOREIGN_WORDS, command_exec },
	{ LOOKING, "shell", "NODE", "a shell in a node's network", "", 1, 1, 0, command_shell },
	{ LOOKING, "capture", "LINK|all -w FILE [--seconds N]", "packets of links into a file, until Ctrl-C", "The file is for tcpdump -r and Wireshark.", 3, 5,
	  HOLDS_SIGNALS, command_capture },
	{ CHANGING, "update", "ZONE add NAME TTL TYPE RDATA", "add a record", "", 3, -1, HAS_FOREIGN_WORDS, command_update },
	{ CHANGING, "update", "ZONE replace NAME TTL TYPE RDATA", "put it in the place of all of its name and type", "", 3, -1, HAS_FOREIGN_WORDS,
	  command_update },
	{ CHANGING, "update", "ZONE delete NAME [TTL] [TYPE [RDATA]]", "delete a record, an RRset, or all at the name", MORE_UPDATE, 3, -1, HAS_FOREIGN_WORDS,
	  command_update },
	{ CHANGING, "watch", "[NAME [TYPE [NODE]]] [--until converged] [--timeout SECONDS]", "show serials and cached answers as they change", MORE_WATCH, 0, -1,
	  TAKES_JSON | HOLDS_SIGNALS, command_watch },
	{ CHANGING, "report", "", "what the latest change took, and what was predicted", "", 0, 0, TAKES_JSON, command_report },
	{ BREAKING, "fault", "LINK [one-way] KEY=VALUE...", "worse links: delay=50ms loss=5% ...", MORE_FAULT, 1, -1, 0, command_fault },
	{ BREAKING, "partition", "A[,A...] [B[,B...]]", "cut all links between two sides, or A and the rest", "", 1, 2, 0, command_partition },
	{ BREAKING, "heal", "[LINK [one-way]]", "give links back what they had at the start", "", 0, 2, 0, command_heal },
	{ BREAKING, "kill", "NODE", "end a node's daemon by force", "", 1, 1, 0, command_kill },
	{ BREAKING, "start", "NODE", "start it again, with what it had stored", "", 1, 1, 0, command_start },
	{ TOPOLOGIES, "labs", "", "list those that come along", "", 0, 0, 0, command_labs },
	{ TOPOLOGIES, "new", "[FILE] [--like TOPOLOGY] [--zones N] [--secondaries N] [--resolvers N]", "write one to begin with (lab.yaml)", "", 0, 9, 0,
	  command_new },
	{ TOPOLOGIES, "graph", "[TOPOLOGY] [-o FILE.svg|.png|.dot]", "draw one, or the lab that runs", "", 0, 3, 0, command_graph },
	{ TOPOLOGIES, "render", "--compose|--kubernetes [--network IP] DIR [TOPOLOGY]", "write manifests that run a lab in containers", "", 2, 5, 0,
	  command_render },
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

static const struct option options[] = {
	{ "--dir", "DIR", 0, "", dir_parse, "the lab's folder (" DEFAULT_DIR ")" },
	{ "-V, --version", "", 0, "", NULL, "version" },
	{ "-h, --help", "", 0, "", NULL, "this help, or a command's" },
	{ "--json", "", TAKES_JSON, "up, status, watch, report and run", json_take, "JSON instead of a table" },
	{ "--mode", "MODE", STARTS_LAB, "up, demo and run", mode_parse, "net or loopback; by default net where it is possible" },
	{ "--port", "PORT", STARTS_LAB, "up, demo and run", port_parse, "loopback mode, with this port" },
	{ "--speed", "N", STARTS_LAB, "up, demo and run", speed_parse, "clocks run N times as fast" },
	{ "--seed", "N", STARTS_LAB, "up, demo and run", seed_parse, "of the weather's chances (0)" },
	{ "--client-rate", "N", STARTS_LAB, "up, demo and run", client_rate_parse, "questions a second at each resolver for what is watched" },
	{ "--http", "IP:PORT", STARTS_LAB, "up, demo and run", http_parse, "show the lab on a page" },
};

enum { OPTION_COUNT = sizeof(options) / sizeof(options[0]) };

static const struct usage tables = { commands, COMMAND_COUNT, options, OPTION_COUNT };

static int unknown_option(const char *word)
{
	const char *nearest = NULL;

	for (size_t i = 0; i < OPTION_COUNT; i++)
		nearest_consider(word, options[i].name, &nearest);
	if (!nearest)
		return usage_error("unknown option ", word);
	fprintf(stderr, "zonelab: unknown option %s; did you mean %s?\n", word, nearest);
	return EXIT_USAGE;
}

struct given {
	const struct command *command;      /* NULL: not seen yet */
	unsigned options;                   /* a bit each */
};

static void help_print(const struct command *command)
{
	if (command)
		usage_print_command(&tables, command->name, stdout);
	else
		usage_print(&tables, stdout);
}

/* Options of the table that `words` begin with. Returns how many words they are, or -1 with *exit_code set. */
static int options_take(char **words, int count, struct arguments *args, struct given *given, int *exit_code)
{
	int i = 0;

	*exit_code = EXIT_OK;
	for (; i < count && words[i][0] == '-'; i++) {
		size_t o = 0;
		if (strcmp(words[i], "-h") == 0 || strcmp(words[i], "--help") == 0)
			return help_print(given->command), -1;
		if (strcmp(words[i], "-V") == 0 || strcmp(words[i], "--version") == 0)
			return puts("zonelab (zonetide) " PACKAGE_VERSION "\nbuilt with " ZT_BUILD_FEATURES), -1;
		while (o < OPTION_COUNT && (!options[o].take || strcmp(words[i], options[o].name) != 0))
			o++;
		if (o == OPTION_COUNT)
			break;
		bool has_text = *options[o].argument && ++i < count;
		given->options |= 1U << o;
		*exit_code = options[o].take(args, has_text ? words[i] : "");
		if (*exit_code != EXIT_OK)
			return -1;
	}
	return i;
}

/* Options may stand among the command's words, too, but for those of another program; what is unknown is the command's. */
static bool options_pick(struct arguments *args, struct given *given, int *exit_code)
{
	const bool is_all = !(given->command->flags & HAS_FOREIGN_WORDS);
	int kept = 0;

	for (int i = 0; i < args->word_count; i++) {
		if (!is_all && kept > 0) {
			args->words[kept++] = args->words[i];
			continue;
		}
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
	for (int i = 0; i < args->word_count; i++) {
		if (strncmp(args->words[i], "--", 2) == 0 && !strstr(command->arguments, args->words[i]))
			return unknown_option(args->words[i]);
	}
	usage_print_lines(&tables, command->name, stderr);
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

static int command_run(const struct given *given, const struct arguments *args)
{
	const struct command *command = given->command;

	if (!is_count_right(command, args))
		return wrong_words(command, args);
	for (size_t i = 0; i < OPTION_COUNT; i++) {
		if (!(given->options & 1U << i) || options[i].takers == 0 || (command->flags & options[i].takers))
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
	const char *nearest = NULL;

	for (size_t i = 0; i < COMMAND_COUNT; i++) {
		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
		nearest_consider(name, commands[i].name, &nearest);
	}
	if (nearest)
		fprintf(stderr, "zonelab: unknown command %s; did you mean %s?\n", name, nearest);
	else
		usage_error("unknown command ", name);
	return NULL;
}

int main(int argc, char **argv)
{
	struct arguments args = { .program = argc > 0 ? argv[0] : "zonelab", .dir = DEFAULT_DIR, .client_rate = -1 };
	struct given given = { 0 };
	int exit_code;

	if (sodium_init() < 0)
		return EXIT_FAILED;
	int at = options_take(argv + 1, argc - 1, &args, &given, &exit_code);
	if (at < 0)
		return exit_code;
	if (++at >= argc) {
		usage_print(&tables, stderr);
		return EXIT_USAGE;
	}
	if (argv[at][0] == '-')
		return unknown_option(argv[at]);
	given.command = command_find(argv[at++]);
	if (!given.command)
		return EXIT_USAGE;
	args.words = argv + at;
	args.word_count = argc - at;
	if (!options_pick(&args, &given, &exit_code))
		return exit_code;
	return command_run(&given, &args);
}

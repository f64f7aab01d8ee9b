/* zonelab's command line. */
#include <errno.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config.h"
#include "lib/dns/present.h"
#include "lib/dns/rcode.h"
#include "tools/zonelab/demo.h"
#include "tools/zonelab/lab.h"
#include "tools/zonelab/process.h"
#include "tools/zonelab/run.h"
#include "tools/zonelab/status.h"
#include "tools/zonelab/update.h"
#include "tools/zonelab/watch.h"

enum { EXIT_OK = 0, EXIT_FAILED = 1, EXIT_USAGE = 2 };

#define DEFAULT_DIR "zonelab-work"

struct arguments {
	const char *dir;
	uint16_t port;            /* 0 = the topology's */
	bool json;
	char **words;             /* what follows the command */
	int word_count;
};

struct command {
	const char *name;
	const char *arguments;
	const char *help;
	int min_words, max_words;      /* max -1: any number */
	int (*run)(const struct arguments *args);
};

static int usage_error(const char *what, const char *word)
{
	fprintf(stderr, "zonelab: %s%s; see zonelab -h\n", what, word);
	return EXIT_USAGE;
}

/* The topology that is used when none is named: of the folder we are in, of the checkout this was built from, or the installed one. */
static bool default_topology(char out[4096])
{
	const char *const places[] = { "zones/lab.yaml", ZT_SRCDIR "/zones/lab.yaml", ZT_DATADIR "/lab.yaml" };

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		if (access(places[i], R_OK) == 0) {
			snprintf(out, 4096, "%s", places[i]);
			return true;
		}
	}
	return false;
}

static int lab_up(const struct arguments *args, struct lab *lab)
{
	struct topology_overrides overrides = { .port = args->port };
	char path[4096];

	if (args->word_count > 0) {
		snprintf(path, sizeof(path), "%s", args->words[0]);
	} else if (!default_topology(path)) {
		fprintf(stderr, "zonelab: cannot find zones/lab.yaml; name a topology file\n");
		return ZT_ENOENT;
	}
	int status = lab_create(lab, args->dir, path, &overrides);
	if (status != ZT_OK)
		return status;
	printf("Starting %u nodes of %s in %s …\n", lab->topology.node_count, path, lab->dir);
	fflush(stdout);
	status = run_start(lab);
	if (status != ZT_OK)
		lab_free(lab);
	return status;
}

static int run_up(const struct arguments *args)
{
	struct lab lab;
	int status = lab_up(args, &lab);

	if (status != ZT_OK)
		return status == ZT_ESYNTAX ? EXIT_USAGE : EXIT_FAILED;
	status_print(&lab, args->json);
	if (!args->json)
		printf("Try: dig -p %u @%s www.shop.example\nEnd: zonelab down\n", lab.topology.port, "127.53.0.20");
	lab_free(&lab);
	return EXIT_OK;
}

static int run_down(const struct arguments *args)
{
	struct lab lab;

	if (lab_find(&lab, args->dir) != ZT_OK)
		return EXIT_FAILED;
	run_stop(&lab);
	printf("All %u nodes have ended; their logs are in %s\n", lab.topology.node_count, lab.dir);
	lab_free(&lab);
	return EXIT_OK;
}

static int run_status(const struct arguments *args)
{
	struct lab lab;

	if (lab_find(&lab, args->dir) != ZT_OK)
		return EXIT_FAILED;
	bool well = status_print(&lab, args->json);
	lab_free(&lab);
	return well ? EXIT_OK : EXIT_FAILED;
}

/* The node a word names; NULL after saying which there are. */
static const struct topology_node *node_named(const struct lab *lab, const char *word)
{
	const struct topology_node *node = topology_node(&lab->topology, word);

	if (node)
		return node;
	fprintf(stderr, "zonelab: there is no node %s; the nodes are:", word);
	for (uint32_t i = 0; i < lab->topology.node_count; i++)
		fprintf(stderr, " %s", lab->topology.nodes[i].name);
	fputc('\n', stderr);
	return NULL;
}

static int replace_by(char *const argv[], const char *package)
{
	execvp(argv[0], argv);
	fprintf(stderr, "zonelab: cannot run %s: %s%s%s\n", argv[0], strerror(errno), package && errno == ENOENT ? "; apt-get install " : "",
		package && errno == ENOENT ? package : "");
	return EXIT_FAILED;
}

static int run_dig(const struct arguments *args)
{
	struct lab lab;
	char server[NETADDR_TEXT_SIZE + 1] = "@", port[8], dig[] = "dig", option[] = "-p";

	if (lab_find(&lab, args->dir) != ZT_OK)
		return EXIT_FAILED;
	const struct topology_node *node = node_named(&lab, args->words[0]);
	char **argv = node ? calloc((size_t)args->word_count + 5, sizeof(*argv)) : NULL;
	int exit_code = EXIT_USAGE;
	if (argv) {
		netaddr_ip_to_text(&node->address, server + 1);
		snprintf(port, sizeof(port), "%u", lab.topology.port);
		int count = 0;
		argv[count++] = dig;
		argv[count++] = option;
		argv[count++] = port;
		argv[count++] = server;
		for (int i = 1; i < args->word_count; i++)
			argv[count++] = args->words[i];
		exit_code = replace_by(argv, "bind9-dnsutils");
	}
	free(argv);
	lab_free(&lab);
	return exit_code;
}

/* Runs a program with the node's address, port and control socket in its environment. */
static int run_exec(const struct arguments *args)
{
	struct lab lab;
	char address[NETADDR_TEXT_SIZE], port[8], socket_path[4096], zonectl[4096];

	if (lab_find(&lab, args->dir) != ZT_OK)
		return EXIT_FAILED;
	const struct topology_node *node = node_named(&lab, args->words[0]);
	int exit_code = EXIT_USAGE;
	if (node && lab_path(&lab, node, "control.sock", socket_path) == ZT_OK) {
		snprintf(port, sizeof(port), "%u", lab.topology.port);
		setenv("ZONELAB_NODE", node->name, 1);
		setenv("ZONELAB_ADDRESS", netaddr_ip_to_text(&node->address, address), 1);
		setenv("ZONELAB_PORT", port, 1);
		setenv("ZONETIDE_SOCKET", socket_path, 1);
		if (strcmp(args->words[1], "zonectl") == 0 && process_find_program("zonectl", zonectl))
			args->words[1] = zonectl;
		exit_code = replace_by(args->words + 1, NULL);
	}
	lab_free(&lab);
	return exit_code;
}

/* update ZONE add|delete NAME TTL TYPE RDATA… , parsed. */
struct update_words {
	const struct topology_zone *zone;
	uint8_t name[NAME_MAX_LEN];
	uint8_t rdata[4096];
	struct update_change change;
};

static bool update_parse(const struct lab *lab, const struct arguments *args, struct update_words *u)
{
	uint8_t apex[NAME_MAX_LEN];
	bool is_add = strcmp(args->words[1], "add") == 0;
	char *end, text[4096] = "";

	if (name_from_text(apex, args->words[0], NULL) != ZT_OK || !(u->zone = topology_zone(&lab->topology, apex)))
		return usage_error("no such zone in the lab: ", args->words[0]), false;
	if (!is_add && strcmp(args->words[1], "delete") != 0)
		return usage_error("expected add or delete, not ", args->words[1]), false;
	if (name_from_text(u->name, args->words[2], apex) != ZT_OK)
		return usage_error("not a domain name: ", args->words[2]), false;
	unsigned long ttl = strtoul(args->words[3], &end, 10);
	if (*end != '\0' || args->words[3][0] == '-' || ttl > INT32_MAX)
		return usage_error("not a TTL in seconds: ", args->words[3]), false;
	u->change = (struct update_change){ .name = u->name, .ttl = (uint32_t)ttl, .type = TYPE_ANY, .rdata = u->rdata };
	if (args->word_count > 4 && !rr_type_from_text(args->words[4], &u->change.type))
		return usage_error("not a record type: ", args->words[4]), false;
	for (int i = 5; i < args->word_count; i++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%s", i > 5 ? " " : "", args->words[i]);
	if (is_add && !*text)
		return usage_error("add needs TYPE and RDATA", ""), false;
	struct wcursor out = wcursor_over(u->rdata, sizeof(u->rdata));
	struct text_error error = { 0 };
	if (*text && rdata_from_text(u->change.type, text, apex, &out, &error) != ZT_OK)
		return usage_error("bad rdata: ", error.text), false;
	u->change.rdata_len = (uint16_t)out.pos;
	u->change.add = is_add;
	u->change.delete_record = !is_add && *text;
	u->change.delete_rrset = !is_add && !*text;
	return true;
}

static int run_update(const struct arguments *args)
{
	struct lab lab;
	struct update_words u;
	struct update_result result;
	int exit_code = EXIT_FAILED;

	if (lab_find(&lab, args->dir) != ZT_OK)
		return EXIT_FAILED;
	if (!update_parse(&lab, args, &u)) {
		lab_free(&lab);
		return EXIT_USAGE;
	}
	int status = update_send(u.zone, &u.change, &result);
	if (status != ZT_OK)
		fprintf(stderr, "zonelab: no answer from %s: %s; see zonelab status\n", u.zone->primary->name, status_text(status));
	else
		printf("%s answered %s after %.3f ms\n", u.zone->primary->name, rcode_to_text(result.rcode),
		       (double)(result.acknowledged - result.sent) / USEC_PER_MSEC);
	if (status == ZT_OK && result.rcode == RCODE_NOERROR)
		exit_code = EXIT_OK;
	lab_free(&lab);
	return exit_code;
}

/* watch [NAME [TYPE]]: by default what the demo changes. */
static int run_watch(const struct arguments *args)
{
	struct lab lab;
	uint8_t name[NAME_MAX_LEN];
	uint16_t type = TYPE_A;

	if (lab_find(&lab, args->dir) != ZT_OK)
		return EXIT_FAILED;
	int exit_code = EXIT_USAGE;
	if (args->word_count > 0 && name_from_text(name, args->words[0], NULL) != ZT_OK) {
		usage_error("not a domain name: ", args->words[0]);
	} else if (args->word_count > 1 && !rr_type_from_text(args->words[1], &type)) {
		usage_error("not a record type: ", args->words[1]);
	} else if (args->word_count == 0 && !lab.topology.has_demo) {
		usage_error("the topology has no demo section; name what to watch", "");
	} else {
		if (args->word_count == 0) {
			name_copy(name, lab.topology.demo.name);
			type = lab.topology.demo.type;
		}
		struct watch_options options = {
			.zone = topology_zone_of(&lab.topology, name), .name = name, .type = type, .origin = clock_now(clock_system()),
		};
		if (!options.zone)
			usage_error("no zone of the lab holds ", args->words[0]);
		else
			exit_code = watch_run(&lab, &options, NULL) == ZT_OK ? EXIT_OK : EXIT_FAILED;
	}
	lab_free(&lab);
	return exit_code;
}

static int run_demo(const struct arguments *args)
{
	struct lab lab;
	sigset_t signals;
	int status = lab_up(args, &lab);

	if (status != ZT_OK)
		return status == ZT_ESYNTAX ? EXIT_USAGE : EXIT_FAILED;
	/* Whatever ends the demo, the lab goes with it. */
	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGHUP);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	status_print(&lab, false);
	status = demo_run(&lab);
	run_stop(&lab);
	lab_free(&lab);
	return status == ZT_OK ? EXIT_OK : EXIT_FAILED;
}

static const struct command commands[] = {
	{ "up", "[TOPOLOGY]", "start a lab and wait until every node answers", 0, 1, run_up },
	{ "status", "", "nodes, serials, states", 0, 0, run_status },
	{ "dig", "NODE NAME TYPE [OPTION]…", "ask a node with dig", 2, -1, run_dig },
	{ "exec", "NODE COMMAND…", "run a program for a node ($ZONELAB_ADDRESS, $ZONELAB_PORT, $ZONETIDE_SOCKET)", 2, -1, run_exec },
	{ "update", "ZONE add|delete NAME TTL TYPE RDATA", "change a zone by UPDATE", 4, -1, run_update },
	{ "watch", "[NAME [TYPE]]", "print serials and cached answers as they change", 0, 2, run_watch },
	{ "demo", "[TOPOLOGY]", "start a lab, predict, change, measure, end it", 0, 1, run_demo },
	{ "down", "", "end the lab", 0, 0, run_down },
};

static void usage(FILE *to)
{
	fputs("usage: zonelab [--dir DIR] [--port PORT] [--json] COMMAND …\n\nA DNS hierarchy on the loopback addresses of one machine.\n", to);
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		fprintf(to, "  %-6s %-36s %s\n", commands[i].name, commands[i].arguments, commands[i].help);
	fputs("  --dir DIR     work folder (default " DEFAULT_DIR ")\n"
	      "  --port PORT   instead of the topology's, for up and demo\n"
	      "  --json        up and status as JSON\n"
	      "  -V, -h        version, this help\n"
	      "TOPOLOGY is by default zones/lab.yaml.\n", to);
}

static int port_parse(const char *text, uint16_t *port)
{
	char *end;
	unsigned long value = text ? strtoul(text, &end, 10) : 0;
	if (value == 0 || value > UINT16_MAX || *end != '\0')
		return usage_error("expected a port from 1 to 65535, not ", text ? text : "nothing");
	*port = (uint16_t)value;
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
		else if (strcmp(argv[i], "--dir") == 0 && i + 1 < argc)
			args->dir = argv[++i];
		else if (strcmp(argv[i], "--port") == 0)
			*exit_code = port_parse(argv[++i < argc ? i : argc], &args->port);
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

int main(int argc, char **argv)
{
	struct arguments args = { .dir = DEFAULT_DIR };
	int exit_code;

	if (sodium_init() < 0)
		return EXIT_FAILED;
	int at = options_parse(argc, argv, &args, &exit_code);
	if (at < 0)
		return exit_code;
	args.words = argv + at + 1;
	args.word_count = argc - at - 1;
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		const struct command *command = &commands[i];
		if (strcmp(command->name, argv[at]) != 0)
			continue;
		if (args.word_count < command->min_words || (command->max_words >= 0 && args.word_count > command->max_words)) {
			fprintf(stderr, "usage: zonelab %s %s\n", command->name, command->arguments);
			return EXIT_USAGE;
		}
		return command->run(&args);
	}
	return usage_error("unknown command ", argv[at]);
}

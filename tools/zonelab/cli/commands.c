/* The commands that are quickly said; update has a file of its own. */
#include "tools/zonelab/cli/commands.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/dns/rrtype.h"
#include "tools/zonelab/cli/demo.h"
#include "tools/zonelab/lab/interrupt.h"
#include "tools/zonelab/lab/lab.h"
#include "tools/zonelab/lab/process.h"
#include "tools/zonelab/keeper/run.h"
#include "tools/zonelab/cli/status.h"
#include "tools/zonelab/cli/watch.h"

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
	char path[4096];

	if (args->word_count > 0) {
		snprintf(path, sizeof(path), "%s", args->words[0]);
	} else if (!default_topology(path)) {
		fprintf(stderr, "zonelab: cannot find zones/lab.yaml; name a topology file\n");
		return ZT_ENOENT;
	}
	int status = lab_create(lab, args->dir, path, args->port);
	if (status != ZT_OK)
		return status;
	if (!args->json) {
		printf("Starting %u nodes of %s in %s …\n", lab->topology.node_count, lab->topology_path, lab->dir);
		fflush(stdout);
	}
	status = run_start(lab);
	if (status != ZT_OK)
		lab_free(lab);
	return status;
}

static int up_exit_code(int status)
{
	return status == ZT_OK ? EXIT_OK : status == ZT_ESYNTAX ? EXIT_USAGE : EXIT_FAILED;
}

/* What one would ask first: the demo's name, or the top zone's SOA, at the resolver that is farthest from the servers; without one, at a server. */
static void hint_print(const struct arguments *args, const struct lab *lab)
{
	const struct topology *topology = &lab->topology;
	const struct topology_node *node = &topology->nodes[0];
	const bool is_named = topology->has_demo;
	char address[NETADDR_TEXT_SIZE], type[RR_TYPE_TEXT_SIZE];
	bool is_default = strcmp(args->dir, DEFAULT_DIR) == 0;

	for (uint32_t i = 0; i < topology->node_count; i++) {
		if (topology->nodes[i].tier > node->tier)
			node = &topology->nodes[i];
	}
	if (!topology_is_resolver(node))
		node = (is_named ? topology->demo.zone : &topology->zones[0])->primary;
	printf("\nTry:  dig -p %u @%s %s %s\n", topology->port, netaddr_ip_to_text(&node->address, address),
	       is_named ? topology->demo.name_text : topology->zones[0].text, is_named ? rr_type_to_text(topology->demo.type, type) : "SOA");
	printf("End:  %s%s%s%s down\n", args->program, is_default ? "" : " --dir '", is_default ? "" : args->dir, is_default ? "" : "'");
}

int command_up(const struct arguments *args)
{
	struct lab lab;
	int status = lab_up(args, &lab);

	if (status != ZT_OK)
		return up_exit_code(status);
	bool well = status_print(&lab, args->json);
	if (!args->json)
		hint_print(args, &lab);
	if (interrupt_is_waiting())
		run_stop(&lab);
	lab_free(&lab);
	return well ? EXIT_OK : EXIT_FAILED;
}

int command_down(const struct arguments *args)
{
	struct lab lab;

	if (lab_find(&lab, args->dir) != ZT_OK)
		return EXIT_FAILED;
	run_stop(&lab);
	printf("All %u nodes have ended; their logs are in %s\n", lab.topology.node_count, lab.dir);
	lab_free(&lab);
	return EXIT_OK;
}

int command_status(const struct arguments *args)
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

int command_dig(const struct arguments *args)
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
int command_exec(const struct arguments *args)
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

/* watch [NAME [TYPE]]: by default what the demo changes. */
int command_watch(const struct arguments *args)
{
	struct lab lab;
	uint8_t name[NAME_MAX_LEN];
	uint16_t type = TYPE_A;

	if (lab_find(&lab, args->dir) != ZT_OK)
		return EXIT_FAILED;
	int exit_code = EXIT_USAGE;
	if (args->word_count > 0 && name_from_text(name, args->words[0], NULL) != ZT_OK) {
		usage_error("not a domain name: ", args->words[0]);
	} else if (args->word_count > 1 && (!rr_type_from_text(args->words[1], &type) || rr_type_is_meta(type))) {
		usage_error("expected a record type, such as A, not ", args->words[1]);
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
		interrupt_take();      /* Ctrl-C is how a watch ends */
	}
	lab_free(&lab);
	return exit_code;
}

int command_demo(const struct arguments *args)
{
	struct lab lab;
	int status = lab_up(args, &lab);

	if (status != ZT_OK)
		return up_exit_code(status);
	status_print(&lab, false);
	status = demo_run(&lab);
	run_stop(&lab);
	lab_free(&lab);
	return status == ZT_OK ? EXIT_OK : EXIT_FAILED;
}

/* The commands that are quickly said; update has a file of its own. */
#include "tools/zonelab/cli/commands.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/dns/rrtype.h"
#include "tools/zonelab/lab/interrupt.h"
#include "tools/zonelab/lab/lab.h"
#include "tools/zonelab/lab/process.h"
#include "tools/zonelab/cli/status.h"
#include "tools/zonelab/cli/watch.h"

int command_status(const struct arguments *args)
{
	struct lab lab;

	if (lab_find(&lab, args->dir) != ZT_OK)
		return EXIT_FAILED;
	bool well = status_print(&lab, args->json);
	lab_free(&lab);
	return well ? EXIT_OK : EXIT_FAILED;
}

const struct topology_node *node_named(const struct lab *lab, const char *word)
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

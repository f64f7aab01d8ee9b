/* Commands that run a program for a node: dig, exec, shell. In net mode it runs in the node's network. */
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "tools/zonelab/cli/commands.h"
#include "tools/zonelab/files/speed.h"
#include "tools/zonelab/lab/door.h"
#include "tools/zonelab/lab/process.h"

/* This program becomes argv, which lives by the lab's clock. Returns only where that fails. */
static int replace_by(const struct lab *lab, char *const argv[], const char *package)
{
	struct speed_environment speed;

	speed_environment_of_program(&speed, lab, argv[0]);
	for (size_t i = 0; speed.list[i]; i++)
		(void)putenv(speed.texts[i]);      /* fails as what follows will: without memory */
	if (speed.is_foreign)
		process_own_memory();
	execvp(argv[0], argv);
	fprintf(stderr, "zonelab: cannot run %s: %s%s%s\n", argv[0], strerror(errno), package && errno == ENOENT ? "; apt-get install " : "",
		package && errno == ENOENT ? package : "");
	return EXIT_FAILED;
}

/* Finds the lab and the node that the first word names, and moves into its network. */
static int node_enter(const struct arguments *args, struct lab *lab, const struct topology_node **node)
{
	if (lab_find(lab, args->dir) != ZT_OK)
		return EXIT_FAILED;
	*node = node_named(lab, args->words[0]);
	int exit_code = *node ? EXIT_OK : EXIT_USAGE;
	if (*node && door_enter(lab) != ZT_OK)
		exit_code = EXIT_FAILED;
	if (exit_code == EXIT_OK && door_move(lab, *node) != ZT_OK) {
		fprintf(stderr, "zonelab: the network of %s cannot be entered\n", (*node)->name);
		exit_code = EXIT_FAILED;
	}
	if (exit_code != EXIT_OK)
		lab_free(lab);
	return exit_code;
}

/* Who resolves for programs of a node: a resolver itself, for a server the resolver that is farthest from the servers; NULL without one. */
static const struct topology_node *resolver_for(const struct lab *lab, const struct topology_node *node)
{
	const struct topology_node *found = NULL;

	if (topology_is_resolver(node))
		return node;
	for (uint32_t i = 0; i < lab->topology.node_count; i++) {
		const struct topology_node *other = &lab->topology.nodes[i];
		if (topology_is_resolver(other) && (!found || other->tier > found->tier))
			found = other;
	}
	return found;
}

/* Gives this process a resolv.conf(5) of the lab's, as far as the system lets us: the machine's own leads nowhere here. */
static void resolver_set(const struct lab *lab, const struct topology_node *node)
{
	const struct topology_node *resolver = resolver_for(lab, node);
	char path[4096], address[NETADDR_TEXT_SIZE];
	FILE *to = resolver && lab_path(lab, node, "resolv.conf", path) == ZT_OK ? fopen(path, "w") : NULL;

	if (!to)
		return;
	for (uint32_t i = 0; i < resolver->address_count; i++)
		fprintf(to, "nameserver %s\n", netaddr_ip_to_text(&resolver->addresses[i], address));
	if (fclose(to) == 0 && unshare(CLONE_NEWNS) == 0 && mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
	    mount(path, "/etc/resolv.conf", NULL, MS_BIND, NULL) == 0)
		return;
	fprintf(stderr, "zonelab: /etc/resolv.conf still is the machine's (%s); name a server to dig and the like\n", strerror(errno));
}

static int environment_set(const struct lab *lab, const struct topology_node *node)
{
	char address[NETADDR_TEXT_SIZE], port[8], socket_path[4096];
	int status = lab_path(lab, node, "control.sock", socket_path);

	snprintf(port, sizeof(port), "%u", netaddr_port(&node->address));
	setenv("ZONELAB_NODE", node->name, 1);
	setenv("ZONELAB_ADDRESS", netaddr_ip_to_text(&node->address, address), 1);
	setenv("ZONELAB_PORT", port, 1);
	setenv("ZONETIDE_SOCKET", socket_path, 1);
	if (lab->topology.mode == TOPOLOGY_NET)
		resolver_set(lab, node);
	return status == ZT_OK ? EXIT_OK : EXIT_FAILED;
}

int command_dig(const struct arguments *args)
{
	struct lab lab;
	const struct topology_node *node;
	char server[NETADDR_TEXT_SIZE + 1] = "@", port[8], dig[] = "dig", option[] = "-p";
	int exit_code = node_enter(args, &lab, &node);

	if (exit_code != EXIT_OK)
		return exit_code;
	char **argv = calloc((size_t)args->word_count + 5, sizeof(*argv));
	if (argv) {
		netaddr_ip_to_text(&node->address, server + 1);
		snprintf(port, sizeof(port), "%u", netaddr_port(&node->address));
		int count = 0;
		argv[count++] = dig;
		argv[count++] = option;
		argv[count++] = port;
		argv[count++] = server;
		for (int i = 1; i < args->word_count; i++)
			argv[count++] = args->words[i];
		exit_code = replace_by(&lab, argv, "bind9-dnsutils");
	}
	free(argv);
	lab_free(&lab);
	return exit_code;
}

/* Runs a program with the node's address, port and control socket in its environment. */
int command_exec(const struct arguments *args)
{
	struct lab lab;
	const struct topology_node *node;
	static const char *const ours[] = { "zonectl", "zonesync", "propest" };      /* of the build that zonelab is of, not of PATH */
	char program[4096];
	int exit_code = node_enter(args, &lab, &node);

	if (exit_code != EXIT_OK)
		return exit_code;
	exit_code = environment_set(&lab, node);
	for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++) {
		if (strcmp(args->words[1], ours[i]) == 0 && process_find_program(ours[i], program)) {
			args->words[1] = program;
			break;
		}
	}
	if (exit_code == EXIT_OK)
		exit_code = replace_by(&lab, args->words + 1, NULL);
	lab_free(&lab);
	return exit_code;
}

int command_shell(const struct arguments *args)
{
	struct lab lab;
	const struct topology_node *node;
	char standard[] = "/bin/sh", prompt[300];
	char *wanted = getenv("SHELL");
	char *argv[] = { wanted && *wanted ? wanted : standard, NULL };
	int exit_code = node_enter(args, &lab, &node);

	if (exit_code != EXIT_OK)
		return exit_code;
	exit_code = environment_set(&lab, node);
	snprintf(prompt, sizeof(prompt), "%s$ ", node->name);
	setenv("PS1", prompt, 1);
	if (exit_code == EXIT_OK)
		exit_code = replace_by(&lab, argv, NULL);
	lab_free(&lab);
	return exit_code;
}

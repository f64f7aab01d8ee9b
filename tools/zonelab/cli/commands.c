/* The commands that are quickly said; update has a file of its own. */
#include "tools/zonelab/cli/commands.h"

#include <stdio.h>

#include "lib/dns/rrtype.h"
#include "tools/zonelab/lab/door.h"
#include "tools/zonelab/lab/interrupt.h"
#include "tools/zonelab/cli/status.h"

int lab_find_inside(struct lab *lab, const char *dir)
{
	int status = lab_find(lab, dir);

	if (status != ZT_OK)
		return status;
	status = door_enter(lab);
	if (status != ZT_OK)
		lab_free(lab);
	return status;
}

int command_status(const struct arguments *args)
{
	struct lab lab;

	if (lab_find_inside(&lab, args->dir) != ZT_OK)
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
	const char *nearest = topology_node_nearest(&lab->topology, word);
	if (nearest) {
		fprintf(stderr, "zonelab: there is no node %s; did you mean %s?\n", word, nearest);
		return NULL;
	}
	fprintf(stderr, "zonelab: there is no node %s; the nodes are:", word);
	for (uint32_t i = 0; i < lab->topology.node_count; i++)
		fprintf(stderr, " %s", lab->topology.nodes[i].name);
	fputc('\n', stderr);
	return NULL;
}

/* The commands that are quickly said; update has a file of its own. */
#include "tools/zonelab/cli/commands.h"

#include <stdio.h>

#include "lib/dns/rrtype.h"
#include "tools/zonelab/lab/door.h"
#include "tools/zonelab/lab/interrupt.h"
#include "tools/zonelab/cli/status.h"
#include "tools/zonelab/cli/watch.h"

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
	fprintf(stderr, "zonelab: there is no node %s; the nodes are:", word);
	for (uint32_t i = 0; i < lab->topology.node_count; i++)
		fprintf(stderr, " %s", lab->topology.nodes[i].name);
	fputc('\n', stderr);
	return NULL;
}

/* watch [NAME [TYPE]]: by default what the demo changes. */
int command_watch(const struct arguments *args)
{
	struct lab lab;
	uint8_t name[NAME_MAX_LEN];
	uint16_t type = TYPE_A;

	if (lab_find_inside(&lab, args->dir) != ZT_OK)
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

/* Commands that begin and end a lab. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/dns/rrtype.h"
#include "tools/zonelab/cli/ask.h"
#include "tools/zonelab/cli/commands.h"
#include "tools/zonelab/cli/demo.h"
#include "tools/zonelab/cli/lab_up.h"
#include "tools/zonelab/cli/status.h"
#include "tools/zonelab/cli/topologies.h"
#include "tools/zonelab/files/speed.h"
#include "tools/zonelab/keeper/observer_part.h"
#include "tools/zonelab/lab/door.h"
#include "tools/zonelab/lab/interrupt.h"
#include "tools/zonelab/lab/process.h"
#include "tools/zonelab/page/page_part.h"

enum { DOWN_PATIENCE_MS = 15000, HANGUP_PATIENCE_MS = 500, DEMO_CLIENT_RATE = 20 };

/* Net mode where it is possible; a port is something of loopback mode. */
static int mode_choose(const struct arguments *args, enum topology_mode *mode)
{
	char reason[SPACE_REASON_SIZE];

	*mode = TOPOLOGY_LOOPBACK;
	if (args->mode == MODE_LOOPBACK || args->port != 0)
		return ZT_OK;
	int status = space_check(reason);
	if (status == ZT_OK) {
		*mode = TOPOLOGY_NET;
		return ZT_OK;
	}
	if (args->mode == MODE_NET)
		fprintf(stderr, "zonelab: net mode is not possible here: %s\n", reason);
	else
		fprintf(stderr, "zonelab: loopback mode (no weather, captures, port 53 or real addresses), for net mode is not possible here: %s\n", reason);
	return args->mode == MODE_NET ? status : ZT_OK;
}

static void page_tell(const struct arguments *args, const struct page_part *page)
{
	char url[GUARD_URL_SIZE];

	if (page)
		fprintf(args->json ? stderr : stdout, "Page: %s\n", page_part_url(page, url));
}

/* With an observer, a page where one is wanted, and one more part if there is one. */
static int lab_launch(const struct arguments *args, struct lab *lab, struct launched *launched, const struct keeper_part *more)
{
	const bool has_page = netaddr_is_set(&args->http);
	struct observer_part *observer = observer_part_new(args->client_rate);
	struct page_part *page = has_page ? page_part_new(&args->http) : NULL;
	struct keeper_part parts[3];
	size_t count = 0;
	int status = ZT_ENOMEM;

	if (observer && (page || !has_page)) {
		parts[count++] = observer_part_get(observer);
		if (page)
			parts[count++] = page_part_get(page);
		if (more)
			parts[count++] = *more;
		status = launch(lab, parts, count, launched);
	}
	if (status == ZT_OK)
		page_tell(args, page);
	observer_part_free(observer);
	page_part_free(page);
	return status;
}

int lab_up(const struct arguments *args, struct lab *lab, struct launched *launched, const struct keeper_part *more)
{
	char path[4096];

	if (!topologies_find(args->word_count > 0 ? args->words[0] : NULL, path))
		return ZT_ENOENT;
	struct lab_wish wish = { .dir = args->dir, .topology_path = path, .port = args->port, .speed = args->speed, .seed = args->seed };
	int status = mode_choose(args, &wish.mode);
	if (status == ZT_OK)
		status = lab_create(lab, &wish);
	if (status != ZT_OK)
		return status;
	if (!args->json) {
		printf("Starting %u nodes of %s in %s, %s mode", lab->topology.node_count, lab->topology_path, lab->dir, lab_mode_text(lab->topology.mode));
		if (args->speed > 1)
			printf(", clocks %d times as fast", args->speed);
		puts(" …");
		fflush(stdout);
	}
	speed_tell(stderr, lab);
	status = lab_launch(args, lab, launched, more);
	/* What runs is in lab.json. */
	lab_free(lab);
	if (status != ZT_OK)
		return status;
	status = lab_find_inside(lab, args->dir);
	if (status != ZT_OK)
		launch_end(launched);
	return status;
}

int lab_up_exit_code(int status)
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
	char program[8192];
	snprintf(program, sizeof(program), "%s%s%s%s", args->program, is_default ? "" : " --dir '", is_default ? "" : args->dir, is_default ? "" : "'");
	if (topology->mode == TOPOLOGY_NET)
		printf("\nTry:  %s dig %s", program, node->name);
	else
		printf("\nTry:  dig -p %u @%s", topology->port, netaddr_ip_to_text(&node->address, address));
	printf(" %s %s\nEnd:  %s down\n", is_named ? topology->demo.name_text : topology->zones[0].text,
	       is_named ? rr_type_to_text(topology->demo.type, type) : "SOA", program);
}

int command_up(const struct arguments *args)
{
	struct lab lab;
	struct launched launched;
	int status = lab_up(args, &lab, &launched, NULL);

	if (status != ZT_OK)
		return lab_up_exit_code(status);
	bool well = status_print(&lab, args->json);
	if (!args->json)
		hint_print(args, &lab);
	if (interrupt_is_waiting())
		launch_end(&launched);
	else
		launch_leave(&launched);
	lab_free(&lab);
	return well ? EXIT_OK : EXIT_FAILED;
}

/* Asks the keeper to end its lab; a keeper that does not is ended, and its daemons with it: false. */
static bool keeper_down(struct lab *lab)
{
	char error[CTL_ERROR_SIZE];
	int status = ask_quietly(lab, "down", error);

	if (status == ZT_OK && process_gone_within(&lab->keeper, DOWN_PATIENCE_MS))
		return true;
	/* Somebody else's down may have ended it while we asked. */
	if (status != ZT_OK && process_gone_within(&lab->keeper, HANGUP_PATIENCE_MS))
		return false;
	if (status == ZT_OK)
		fputs("zonelab: the keeper does not end; it is ended by force\n", stderr);
	else
		fprintf(stderr, "zonelab: the keeper does not answer: %s; it is ended by force\n", error);
	process_kill_all(&lab->keeper, 1);
	return false;
}

int command_down(const struct arguments *args)
{
	struct lab lab;

	if (lab_open(&lab, args->dir) != ZT_OK)
		return EXIT_FAILED;
	bool is_alive = lab_is_alive(&lab);
	/* A keeper takes its record along, and a next lab may have one there already. */
	if (!is_alive || !keeper_down(&lab)) {
		process_kill_all(lab.processes, lab.topology.node_count);
		lab_forget(&lab);
	}
	if (is_alive)
		printf("All %u nodes have ended; their logs are in %s\n", lab.topology.node_count, lab.dir);
	else
		printf("The lab's keeper was gone already; nothing of it runs any more. The logs are in %s\n", lab.dir);
	lab_free(&lab);
	return EXIT_OK;
}

int command_demo(const struct arguments *args)
{
	struct lab lab;
	struct launched launched;
	struct arguments mine = *args;

	if (mine.client_rate < 0)
		mine.client_rate = DEMO_CLIENT_RATE;
	int status = lab_up(&mine, &lab, &launched, NULL);
	if (status != ZT_OK)
		return lab_up_exit_code(status);
	status_print(&lab, false);
	status = demo_run(&lab);
	launch_end(&launched);
	lab_free(&lab);
	return status == ZT_OK ? EXIT_OK : EXIT_FAILED;
}

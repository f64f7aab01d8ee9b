/* Fuzzes the topology reader of zonelab, the zone files made from what it accepts, and their check. */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/zonelab/topology/dot.h"
#include "tools/zonelab/topology/topology.h"
#include "tools/zonelab/topology/zonecheck.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
	if (!holds)
		abort();
}

/* What the rest of zonelab relies on. */
static void look(const struct topology *topology)
{
	require(topology->node_count > 0 && topology->zone_count > 0 && topology_role_count(topology) > 0);
	for (uint32_t i = 0; i < topology->node_count; i++) {
		const struct topology_node *node = &topology->nodes[i];
		require(topology_node(topology, node->name) == node && netaddr_is_loopback(&node->address));
		for (uint32_t j = 0; j < node->forward_count; j++)
			require(topology_is_resolver(node->forward[j]) && node->forward[j]->tier < node->tier);
	}
	for (uint32_t i = 0; i < topology->zone_count; i++) {
		const struct topology_zone *zone = &topology->zones[i];
		require(topology_zone_at(topology, zone->apex, zone->primary) == zone && (zone->parent || zone->apex[0] == 0));
		require(zone->standby ? topology_zone(topology, zone->apex) != NULL : topology_zone(topology, zone->apex) == zone);
		for (uint32_t j = 0; j < zone->secondary_count; j++)
			require(zone->secondaries[j].from_count > 0 && topology_serves(zone, zone->secondaries[j].from[0]));
	}
	for (uint32_t i = 0; i < topology->link_count; i++) {
		const struct topology_link *link = &topology->links[i];
		require((link->from_count == 0 || topology_node(topology, link->from[0]->name)) && (link->to_count == 0 || topology_node(topology, link->to[0]->name)));
	}
	require(!topology->has_demo || topology_zone_of(topology, topology->demo.name) == topology->demo.zone);
}

/* Every zone and node has its box. */
static void draw(const struct topology *topology)
{
	char *text = NULL;
	size_t len;
	FILE *to = open_memstream(&text, &len);

	if (!to)
		return;
	dot_write(to, topology, NULL);
	if (fclose(to) == 0)
		require(strncmp(text, "digraph", 7) == 0 && strcmp(text + len - 2, "}\n") == 0);
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct topology_text source = { "fuzz.yaml", (const char *)data, size };
	struct problems problems;
	struct topology topology;
	bool names_files = false;

	problems_init(&problems, "fuzz.yaml");
	int status = topology_parse(&topology, &source, &problems);
	/* Success and silence are the same thing. */
	require((status == ZT_OK) == (problems.total == 0));
	if (status == ZT_OK) {
		look(&topology);
		draw(&topology);
		for (uint32_t i = 0; i < topology.zone_count; i++)
			names_files = names_files || topology.zones[i].file;
		if (!names_files) {      /* nothing outside the input is read */
			status = zonecheck_all(&topology, &problems);
			require((status == ZT_OK) == (problems.total == 0));
		}
		topology_free(&topology);
	}
	problems_fini(&problems);
	return 0;
}

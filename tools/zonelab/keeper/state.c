/* The state document. */
#include "tools/zonelab/keeper/state.h"

#include "tools/zonelab/keeper/keeper_inner.h"
#include "tools/zonelab/keeper/nodes.h"

static json_t *nodes_make(const struct keeper *keeper)
{
	const struct topology *topology = &keeper->lab->topology;
	json_t *list = json_array();

	for (uint32_t i = 0; i < topology->node_count; i++) {
		const struct topology_node *node = &topology->nodes[i];
		const bool is_up = node_is_running(keeper, i);
		json_t *addresses = json_array();
		for (uint32_t a = 0; a < node->address_count; a++) {
			char text[NETADDR_TEXT_SIZE];
			json_array_append_new(addresses, json_string(netaddr_ip_to_text(&node->addresses[a], text)));
		}
		json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:i, s:o, s:b, s:s, s:o}", "name", node->name, "kind",
						      topology_kind_text(node->kind), "role", topology_is_resolver(node) ? "resolver" : "server", "tier",
						      (int)node->tier, "addresses", addresses, "hidden", (int)node->hidden, "state",
						      is_up ? "up" : "down", "pid", is_up ? json_integer(keeper->lab->processes[i].pid) : json_null()));
	}
	return list;
}

static json_t *zones_make(const struct topology *topology)
{
	json_t *list = json_array();

	for (uint32_t i = 0; i < topology->zone_count; i++) {
		const struct topology_zone *zone = &topology->zones[i];
		json_t *servers = json_array();
		for (uint32_t s = 0; s <= zone->secondary_count; s++)
			json_array_append_new(servers, json_string(topology_server(zone, s)->name));
		json_array_append_new(list, json_pack("{s:s, s:s?, s:s, s:o}", "name", zone->text, "parent", zone->parent ? zone->parent->text : NULL,
						      "primary", zone->primary->name, "servers", servers));
	}
	return list;
}

static void edge_add(json_t *list, const struct topology_node *from, const struct topology_node *to, const char *what)
{
	if (from != to)
		json_array_append_new(list, json_pack("{s:s, s:s, s:s}", "from", from->name, "to", to->name, "what", what));
}

/* Who gives what to whom: zones to secondaries, answers to forwarders, referrals from the parent's primary to the child's. */
static json_t *edges_make(const struct topology *topology)
{
	json_t *list = json_array();

	for (uint32_t i = 0; i < topology->zone_count; i++) {
		const struct topology_zone *zone = &topology->zones[i];
		for (uint32_t s = 0; s < zone->secondary_count; s++) {
			for (uint32_t f = 0; f < zone->secondaries[s].from_count; f++)
				edge_add(list, zone->secondaries[s].from[f], zone->secondaries[s].node, "transfer");
		}
		if (zone->parent && !zone->standby)
			edge_add(list, zone->parent->primary, zone->primary, "delegation");
	}
	for (uint32_t i = 0; i < topology->node_count; i++) {
		const struct topology_node *node = &topology->nodes[i];
		for (uint32_t f = 0; f < node->forward_count; f++)
			edge_add(list, node->forward[f], node, "forward");
	}
	return list;
}

json_t *state_make(const struct keeper *keeper)
{
	const struct lab *lab = keeper->lab;
	const struct events *events = &keeper->events;
	char wall[WALL_TEXT_SIZE];

	return json_pack("{s:s, s:s, s:s, s:i, s:f, s:s, s:f, s:{s:I, s:I}, s:o, s:o, s:o, s:n}", "lab", lab->topology.name, "dir", lab->dir, "mode",
			 lab_mode_text(lab->topology.mode), "speed", lab->clock.clock.speed, "t", events_now(events), "t0_wall",
			 wall_to_text(events->origin_wall, wall), "t0_monotonic", (double)events->origin / USEC_PER_SEC, "events", "count",
			 (json_int_t)events->count, "lost", (json_int_t)events->lost, "nodes", nodes_make(keeper), "zones", zones_make(&lab->topology),
			 "edges", edges_make(&lab->topology), "watched");
}

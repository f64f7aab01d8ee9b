/* What a topology answers. */
#include "tools/zonelab/topology/topology.h"

#include <string.h>
#include <strings.h>

#include "lib/base/nearest.h"

const struct topology_node *topology_node(const struct topology *topology, const char *name)
{
	size_t len = strlen(name);
	if (len > 1 && name[len - 1] == '.')
		len--;
	for (uint32_t i = 0; i < topology->node_count; i++) {
		const char *candidate = topology->nodes[i].name;
		if (candidate && strncasecmp(candidate, name, len) == 0 && candidate[len] == '\0')
			return &topology->nodes[i];
	}
	return NULL;
}

const char *topology_node_nearest(const struct topology *topology, const char *name)
{
	const char *nearest = NULL;

	for (uint32_t i = 0; i < topology->node_count; i++)
		nearest_consider(name, topology->nodes[i].name, &nearest);
	return nearest;
}

const struct topology_zone *topology_zone(const struct topology *topology, const uint8_t *apex)
{
	for (uint32_t i = 0; i < topology->zone_count; i++) {
		if (!topology->zones[i].standby && name_equal(topology->zones[i].apex, apex))
			return &topology->zones[i];
	}
	return NULL;
}

const struct topology_zone *topology_zone_at(const struct topology *topology, const uint8_t *apex, const struct topology_node *node)
{
	for (uint32_t i = 0; i < topology->zone_count; i++) {
		if (name_equal(topology->zones[i].apex, apex) && topology_serves(&topology->zones[i], node))
			return &topology->zones[i];
	}
	return NULL;
}

const struct topology_zone *topology_zone_of(const struct topology *topology, const uint8_t *name)
{
	for (unsigned labels = name_label_count(name);; labels--) {
		const struct topology_zone *zone = topology_zone(topology, name_strip(name, name_label_count(name) - labels));
		if (zone || labels == 0)
			return zone;
	}
}

bool topology_serves(const struct topology_zone *zone, const struct topology_node *node)
{
	for (uint32_t i = 0; i <= zone->secondary_count; i++) {
		if (topology_server(zone, i) == node)
			return true;
	}
	return false;
}

bool topology_transfers(const struct topology_zone *zone, const struct topology_node *node, const struct topology_node *from)
{
	for (uint32_t i = 0; i < zone->secondary_count; i++) {
		const struct topology_secondary *secondary = &zone->secondaries[i];
		for (uint32_t j = 0; secondary->node == node && j < secondary->from_count; j++) {
			if (secondary->from[j] == from)
				return true;
		}
	}
	return false;
}

void topology_free(struct topology *topology)
{
	yaml_tree_fini(&topology->tree);
	*topology = (struct topology){ 0 };
}

void topology_set_mode(struct topology *topology, enum topology_mode mode)
{
	topology->mode = mode;
	for (uint32_t i = 0; i < topology->node_count; i++) {
		struct topology_node *node = &topology->nodes[i];
		node->addresses = node->of_mode[mode];
		node->address_count = node->of_mode_count[mode];
		node->address = node->addresses[0];
	}
}

void topology_set_port(struct topology *topology, uint16_t port)
{
	topology->port = port;
	for (uint32_t i = 0; i < topology->node_count; i++)
		netaddr_set_port(&topology->nodes[i].of_mode[TOPOLOGY_LOOPBACK][0], port);
	topology_set_mode(topology, topology->mode);
}

uint32_t topology_role_count(const struct topology *topology)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < topology->zone_count; i++)
		count += 1 + topology->zones[i].secondary_count;
	for (uint32_t i = 0; i < topology->node_count; i++)
		count += topology_is_resolver(&topology->nodes[i]);
	return count;
}

/* Reading the links of a topology: the weather between its nodes when it comes up. */
#include "tools/zonelab/topology/topology_reader.h"

#include <string.h>

/* Servers and resolvers alike; NULL and *count 0 for everybody. */
static const struct topology_node **ends_read(struct reader *reader, const struct schema_list *list, const struct yaml_node *at, uint32_t *count)
{
	const char *const *names = SCHEMA_ITEMS(*list, const char *);
	const struct topology_node **nodes = reader_take(reader, list->count * sizeof(const struct topology_node *));

	*count = 0;
	if (list->count == 1 && strcmp(names[0], "*") == 0)
		return NULL;
	for (size_t i = 0; nodes && i < list->count; i++) {
		nodes[i] = topology_node(reader->topology, names[i]);
		if (!nodes[i])
			PROBLEM(reader, at, "there is no node %s; expected the name of one under nodes:, or * alone for all", names[i]);
	}
	*count = (uint32_t)list->count;
	return nodes;
}

static bool has_weather(const struct weather_conf *weather)
{
	return weather->delay || weather->jitter || weather->loss || weather->burst || weather->duplicate || weather->reorder || weather->rate ||
	       weather->queue || weather->mtu || weather->cut;
}

void topology_read_link(struct reader *reader, const struct link_conf *conf, struct topology_link *link)
{
	const struct yaml_node *from = yaml_node_get(conf->node, "from"), *to = yaml_node_get(conf->node, "to");

	link->from = ends_read(reader, &conf->from, from, &link->from_count);
	link->to = ends_read(reader, &conf->to, to, &link->to_count);
	link->one_way = conf->one_way;
	link->weather = conf->weather;
	if (!has_weather(&conf->weather))
		PROBLEM(reader, conf->node, "a link without weather; expected a key such as delay: 20ms or loss: 1%%");
	if (link->from_count == 1 && link->to_count == 1 && link->from[0] && link->from[0] == link->to[0])
		PROBLEM(reader, to, "a node has no link to itself; expected another one than %s", link->from[0]->name);
	if (conf->one_way && !to && link->from_count == 0)
		PROBLEM(reader, yaml_node_get(conf->node, "one-way"), "from everybody to everybody is both ways; expected names of nodes");
}

static bool is_end(const struct topology_node *const *nodes, uint32_t count, const struct topology_node *node)
{
	bool is_one = count == 0;

	for (uint32_t i = 0; i < count && !is_one; i++)
		is_one = nodes[i] == node;
	return is_one;
}

void topology_weather(const struct topology *topology, const struct topology_node *from, const struct topology_node *to, struct weather *weather)
{
	*weather = (struct weather){ 0 };
	for (uint32_t i = 0; i < topology->link_count; i++) {
		const struct topology_link *link = &topology->links[i];
		bool forth = is_end(link->from, link->from_count, from) && is_end(link->to, link->to_count, to);
		bool back = !link->one_way && is_end(link->from, link->from_count, to) && is_end(link->to, link->to_count, from);
		if (forth || back)
			weather_apply(weather, &link->weather);
	}
}

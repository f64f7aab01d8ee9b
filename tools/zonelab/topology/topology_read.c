/* Reading and checking the topology file. */
#include "tools/zonelab/topology/topology_reader.h"

void *reader_take(struct reader *reader, size_t size)
{
	void *p = arena_calloc(&reader->topology->tree.arena, size ? size : 1);
	if (!p)
		reader->status = ZT_ENOMEM;
	return p;
}

const struct topology_node *reader_node(struct reader *reader, const char *name, bool is_resolver, const struct yaml_node *at)
{
	const struct topology_node *node = topology_node(reader->topology, name);
	const char *nearest = node ? NULL : topology_node_nearest(reader->topology, name);

	if (nearest)
		PROBLEM(reader, at, "there is no node %s; expected the name of one under nodes:; did you mean \"%s\"?", name, nearest);
	else if (!node)
		PROBLEM(reader, at, "there is no node %s; expected the name of one under nodes:", name);
	else if (topology_is_resolver(node) != is_resolver)
		PROBLEM(reader, at, "node %s is %s; expected a %s", name, topology_kind_text(node->kind), is_resolver ? "resolver, such as resolverd" : "server, such as authd");
	return node && topology_is_resolver(node) == is_resolver ? node : NULL;
}

enum { NODES_MAX = 1000, ZONES_MAX = 1000, ROLES_MAX = 10000 };

static void links_read(struct reader *reader)
{
	const struct link_conf *confs = SCHEMA_ITEMS(reader->conf->links, struct link_conf);
	struct topology *topology = reader->topology;

	topology->links = reader_take(reader, reader->conf->links.count * sizeof(*topology->links));
	for (uint32_t i = 0; topology->links && i < reader->conf->links.count; i++)
		topology_read_link(reader, &confs[i], &topology->links[i]);
	topology->link_count = topology->links ? (uint32_t)reader->conf->links.count : 0;
}

static void all_read(struct reader *reader)
{
	struct topology *topology = reader->topology;
	const struct topology_conf *conf = reader->conf;
	const struct node_conf *nodes = SCHEMA_ITEMS(conf->nodes, struct node_conf);
	const struct zone_conf *zones = SCHEMA_ITEMS(conf->zones, struct zone_conf);

	topology->name = conf->name;
	topology->port = (uint16_t)conf->port;
	topology->clients = (struct topology_clients){ (double)conf->clients.rate, (uint64_t)conf->clients.seed };
	if (conf->nodes.count > NODES_MAX || conf->zones.count > ZONES_MAX) {
		PROBLEM(reader, conf->node, "%zu nodes and %zu zones; expected at most %d and %d", conf->nodes.count, conf->zones.count, NODES_MAX, ZONES_MAX);
		return;
	}
	if (conf->nodes.count == 0 || conf->zones.count == 0) {
		PROBLEM(reader, yaml_node_get(conf->node, conf->nodes.count == 0 ? "nodes" : "zones"), "the list is empty; expected at least one");
		return;
	}
	topology->nodes = reader_take(reader, conf->nodes.count * sizeof(*topology->nodes));
	topology->zones = reader_take(reader, conf->zones.count * sizeof(*topology->zones));
	if (reader->status != ZT_OK)
		return;
	for (uint32_t i = 0; i < conf->nodes.count; i++) {
		topology_read_node(reader, &nodes[i], i);
		topology->node_count = i + 1;
	}
	for (uint32_t i = 0; i < conf->nodes.count; i++)
		topology_read_forward(reader, &nodes[i], &topology->nodes[i]);
	for (uint32_t i = 0; i < conf->zones.count; i++) {
		topology_read_zone(reader, &zones[i], i);
		topology->zone_count = i + 1;
	}
	links_read(reader);
	if (topology_role_count(topology) > ROLES_MAX)
		PROBLEM(reader, conf->node, "%u pairs of a zone and a server of it; expected at most %d", topology_role_count(topology), ROLES_MAX);
	if (reader->problems->total == 0)
		topology_find_tiers(reader);
	if (reader->problems->total == 0)
		topology_find_parents(reader);
	if (reader->problems->total == 0)
		topology_read_demo(reader);
	if (reader->problems->total == 0) {
		topology_find_validation(reader);
		topology_set_mode(topology, TOPOLOGY_LOOPBACK);
	}
}

int topology_parse(struct topology *topology, const struct topology_text *source, struct problems *problems)
{
	struct topology_conf conf = { 0 };
	struct reader reader = { .topology = topology, .conf = &conf, .source = source, .problems = problems };

	*topology = (struct topology){ 0 };
	reader.status = yaml_tree_parse(&topology->tree, source->file, source->text, source->len, problems);
	if (topology->tree.root) {      /* also after a mistake, so that more are found */
		int filled = schema_fill(&topology_schema, &topology->tree, topology->tree.root, &conf, problems);
		reader.status = reader.status != ZT_OK ? reader.status : filled;
	}
	if (reader.status == ZT_OK)
		all_read(&reader);
	if (reader.status == ZT_OK && problems->total > 0)
		reader.status = ZT_ESYNTAX;
	if (reader.status != ZT_OK)
		topology_free(topology);
	return reader.status;
}


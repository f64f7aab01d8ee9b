/* Reading and checking the topology file. */
#include "tools/zonelab/topology/topology.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "lib/base/buf.h"
#include "lib/conf/schema.h"
#include "lib/dns/present.h"
#include "lib/dns/rrtype.h"

struct node_conf {
	const struct yaml_node *node;
	const char *name;
	int kind;
	struct netaddr address;
	bool hidden;
	struct schema_list forward;
};

struct zone_conf {
	const struct yaml_node *node;
	const char *name;
	const char *primary;
	struct schema_list secondaries;
	usec_t ttl, refresh, retry, expire, minimum;
	const char *records;
	const char *file;
};

struct demo_conf {
	const struct yaml_node *node;
	const char *zone;
	const char *name;
	const char *type;
	const char *rdata;
};

struct topology_conf {
	const struct yaml_node *node;
	const char *name;
	int64_t port;
	const char *network;
	struct schema_list nodes;
	struct schema_list zones;
	struct demo_conf demo;
};

enum { NODES_MAX = 1000, ZONES_MAX = 1000, ROLES_MAX = 10000 };

/* A node's name is also a folder's. */
static const char *node_name_check(const char *text)
{
	uint8_t name[NAME_MAX_LEN];
	bool fine = name_from_text(name, text, NULL) == ZT_OK && name[0] != 0;

	for (const char *p = text; *p; p++)
		fine = fine && ((*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') || (*p >= '0' && *p <= '9') || *p == '.' || *p == '-' || *p == '_');
	return fine ? NULL : "a host name of letters, digits, - and _, such as ns1.example";
}

static const char *name_check(const char *text)
{
	uint8_t name[NAME_MAX_LEN];
	return name_from_text(name, text, NULL) == ZT_OK ? NULL : "a domain name, such as ns1.example";
}

static const char *type_check(const char *text)
{
	uint16_t type;
	return rr_type_from_text(text, &type) && !rr_type_is_meta(type) ? NULL : "a record type, such as A";
}

static const char *network_check(const char *text)
{
	struct in_addr addr;
	bool loopback = inet_pton(AF_INET, text, &addr) == 1 && ntohl(addr.s_addr) >> 24 == 127;
	return loopback ? NULL : "an address in 127.0.0.0/8, such as 127.53.0.0";
}

static const struct schema_name kinds[] = { { "authd", NODE_AUTHD }, { "resolverd", NODE_RESOLVERD }, { NULL, 0 } };

static const struct schema_row node_rows[] = {
	{ "name", SCHEMA_TEXT, offsetof(struct node_conf, name), SCHEMA_REQUIRED | SCHEMA_UNIQUE, .check = node_name_check,
	  .help = "The node's name, which is also its host name." },
	{ "kind", SCHEMA_ENUM, offsetof(struct node_conf, kind), SCHEMA_REQUIRED, .names = kinds, .help = "What runs there." },
	{ "address", SCHEMA_ADDRESS, offsetof(struct node_conf, address), .port = 0,
	  .help = "A loopback address of its own; by default the next one of the lab's network." },
	{ "hidden", SCHEMA_BOOL, offsetof(struct node_conf, hidden), .fallback = "no", .help = "Leave the node out of NS records." },
	{ "forward", SCHEMA_TEXT, offsetof(struct node_conf, forward), SCHEMA_LIST,
	  .help = "Resolvers this resolver asks instead of resolving from the root." },
};

static const struct schema node_schema = { .what = "node", .size = sizeof(struct node_conf), .rows = node_rows,
					   .row_count = SCHEMA_COUNT(node_rows) };

#define SECONDS_MAX (INT64_C(0x7fffffff) * USEC_PER_SEC)

static const struct schema_row zone_rows[] = {
	{ "name", SCHEMA_TEXT, offsetof(struct zone_conf, name), SCHEMA_REQUIRED | SCHEMA_UNIQUE, .check = name_check, .help = "The zone's apex." },
	{ "primary", SCHEMA_TEXT, offsetof(struct zone_conf, primary), SCHEMA_REQUIRED, .help = "The node that holds the zone file." },
	{ "secondaries", SCHEMA_TEXT, offsetof(struct zone_conf, secondaries), SCHEMA_LIST, .help = "Nodes that transfer the zone from the primary." },
	{ "ttl", SCHEMA_DURATION, offsetof(struct zone_conf, ttl), .fallback = "1h", .min = 0, .max = SECONDS_MAX, .help = "TTL of the zone's records." },
	{ "refresh", SCHEMA_DURATION, offsetof(struct zone_conf, refresh), .fallback = "30s", .min = USEC_PER_SEC, .max = SECONDS_MAX, .help = "SOA REFRESH." },
	{ "retry", SCHEMA_DURATION, offsetof(struct zone_conf, retry), .fallback = "10s", .min = USEC_PER_SEC, .max = SECONDS_MAX, .help = "SOA RETRY." },
	{ "expire", SCHEMA_DURATION, offsetof(struct zone_conf, expire), .fallback = "1h", .min = USEC_PER_SEC, .max = SECONDS_MAX, .help = "SOA EXPIRE." },
	{ "minimum", SCHEMA_DURATION, offsetof(struct zone_conf, minimum), .fallback = "10s", .min = 0, .max = SECONDS_MAX,
	  .help = "SOA MINIMUM, the TTL of negative answers." },
	{ "records", SCHEMA_TEXT, offsetof(struct zone_conf, records),
	  .help = "Zone-file lines added to the SOA, NS and address records that zonelab makes." },
	{ "file", SCHEMA_PATH, offsetof(struct zone_conf, file), .help = "A whole zone file, instead of a made one." },
};

static const struct schema zone_schema = { .what = "zone", .size = sizeof(struct zone_conf), .rows = zone_rows,
					   .row_count = SCHEMA_COUNT(zone_rows) };

static const struct schema_row demo_rows[] = {
	{ "zone", SCHEMA_TEXT, offsetof(struct demo_conf, zone), SCHEMA_REQUIRED, .check = name_check, .help = "Zone to change." },
	{ "name", SCHEMA_TEXT, offsetof(struct demo_conf, name), SCHEMA_REQUIRED, .check = name_check, .help = "Name whose record is replaced." },
	{ "type", SCHEMA_TEXT, offsetof(struct demo_conf, type), .fallback = "A", .check = type_check, .help = "Its type." },
	{ "rdata", SCHEMA_TEXT, offsetof(struct demo_conf, rdata), SCHEMA_REQUIRED, .help = "The new value." },
};

static const struct schema demo_schema = { .what = "demo", .size = sizeof(struct demo_conf), .rows = demo_rows,
					   .row_count = SCHEMA_COUNT(demo_rows) };

static const struct schema_row topology_rows[] = {
	{ "name", SCHEMA_TEXT, offsetof(struct topology_conf, name), .fallback = "lab", .help = "The lab's name." },
	{ "port", SCHEMA_INT, offsetof(struct topology_conf, port), .fallback = "5300", .min = 1, .max = 65535, .help = "Port of every node." },
	{ "network", SCHEMA_TEXT, offsetof(struct topology_conf, network), .fallback = "127.53.0.0", .check = network_check,
	  .help = "Nodes without an address get the next one after this." },
	{ "nodes", SCHEMA_MAPPING, offsetof(struct topology_conf, nodes), SCHEMA_LIST | SCHEMA_REQUIRED, .mapping = &node_schema, .help = "Servers and resolvers." },
	{ "zones", SCHEMA_MAPPING, offsetof(struct topology_conf, zones), SCHEMA_LIST | SCHEMA_REQUIRED, .mapping = &zone_schema, .help = "Zones and who serves them." },
	{ "demo", SCHEMA_MAPPING, offsetof(struct topology_conf, demo), .mapping = &demo_schema, .help = "What zonelab demo changes." },
};

static const struct schema topology_schema = { .what = "topology", .size = sizeof(struct topology_conf), .rows = topology_rows,
					       .row_count = SCHEMA_COUNT(topology_rows) };

struct reader {
	struct topology *topology;
	const struct topology_conf *conf;
	const struct topology_text *source;
	struct problems *problems;
	int status;
};

static void *take(struct reader *reader, size_t size)
{
	void *p = arena_calloc(&reader->topology->tree.arena, size ? size : 1);
	if (!p)
		reader->status = ZT_ENOMEM;
	return p;
}

#define PROBLEM(reader, at, ...) problems_add((reader)->problems, (at) ? (at)->line : 0, (at) ? (at)->column : 0, __VA_ARGS__)

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

const struct topology_zone *topology_zone(const struct topology *topology, const uint8_t *apex)
{
	for (uint32_t i = 0; i < topology->zone_count; i++) {
		if (name_equal(topology->zones[i].apex, apex))
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

/* The n-th address of the lab's network, from 1; the last byte is never 0 or 255. */
static void address_nth(const char *network, uint32_t n, uint16_t port, struct netaddr *out)
{
	struct in_addr base;
	int parsed = inet_pton(AF_INET, network, &base);
	uint32_t host = ntohl(base.s_addr) + n + (n - 1) / 254 * 2;

	(void)parsed;      /* checked by the table */
	*out = (struct netaddr){ .v4 = { .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(host) } };
}

/* Without a final dot. */
static const char *name_trimmed(struct reader *reader, const char *name)
{
	size_t len = strlen(name);
	char *copy = take(reader, len + 1);

	if (copy)
		memcpy(copy, name, len - (name[len - 1] == '.'));
	return copy;
}

/* The nodes before this one have other names and addresses. */
static void node_compare(struct reader *reader, const struct node_conf *conf, uint32_t index)
{
	const struct topology *topology = reader->topology;
	const struct topology_node *node = &topology->nodes[index];
	const struct yaml_node *address = yaml_node_get(conf->node, "address");
	char text[NETADDR_TEXT_SIZE];

	for (uint32_t i = 0; i < index; i++) {
		const struct topology_node *other = &topology->nodes[i];
		if (other->name && name_equal(other->host, node->host))
			PROBLEM(reader, conf->node, "a second node %s; expected another name", node->name);
		else if (other->name && netaddr_equal(&other->address, &node->address))
			PROBLEM(reader, address ? address : conf->node, "nodes %s and %s have the address %s; expected one for each", other->name, node->name,
				netaddr_ip_to_text(&node->address, text));
	}
}

static void node_read(struct reader *reader, const struct node_conf *conf, uint32_t index)
{
	struct topology *topology = reader->topology;
	struct topology_node *node = &topology->nodes[index];
	char text[NETADDR_TEXT_SIZE];

	node->kind = (enum node_kind)conf->kind;
	node->hidden = conf->hidden;
	if (!conf->name || name_from_text(node->host, conf->name, NULL) != ZT_OK)
		return;
	node->name = name_trimmed(reader, conf->name);
	if (!node->name)
		return;
	name_lower(node->host);
	node->address = conf->address;
	if (!netaddr_is_set(&conf->address))
		address_nth(reader->conf->network, index + 1, topology->port, &node->address);
	const struct yaml_node *address = yaml_node_get(conf->node, "address");
	if (netaddr_port(&conf->address) != 0)
		PROBLEM(reader, address, "a port of a node's own; expected the address alone, the port is the lab's");
	netaddr_set_port(&node->address, topology->port);
	if (!netaddr_is_loopback(&node->address))
		PROBLEM(reader, address ? address : conf->node, "node %s would have the address %s; expected one in 127.0.0.0/8", node->name,
			netaddr_ip_to_text(&node->address, text));
	node_compare(reader, conf, index);
}

/* Resolves a list of node names that must be of one kind. */
static const struct topology_node **references(struct reader *reader, const struct schema_list *list, enum node_kind kind, const struct yaml_node *at)
{
	const char *const *names = SCHEMA_ITEMS(*list, const char *);
	const struct topology_node **nodes = take(reader, list->count * sizeof(*nodes));

	for (size_t i = 0; nodes && i < list->count; i++) {
		nodes[i] = topology_node(reader->topology, names[i]);
		if (!nodes[i])
			PROBLEM(reader, at, "there is no node %s; expected the name of one under nodes:", names[i]);
		else if (nodes[i]->kind != kind)
			PROBLEM(reader, at, "node %s is %s; expected %s", names[i], kinds[nodes[i]->kind].name, kinds[kind].name);
	}
	return nodes;
}

static void forward_read(struct reader *reader, const struct node_conf *conf, struct topology_node *node)
{
	const struct yaml_node *at = yaml_node_get(conf->node, "forward");

	if (conf->forward.count == 0)
		return;
	if (node->kind != NODE_RESOLVERD)
		PROBLEM(reader, at, "only a resolver forwards; expected kind: resolverd");
	node->forward = references(reader, &conf->forward, NODE_RESOLVERD, at);
	node->forward_count = (uint32_t)conf->forward.count;
}

/* A resolver's tier is one above the highest it forwards to. What still grows after as many rounds as there are nodes goes in a circle. */
static void tiers_find(struct reader *reader)
{
	struct topology *topology = reader->topology;
	const struct node_conf *confs = SCHEMA_ITEMS(reader->conf->nodes, struct node_conf);
	uint32_t grown = 0;

	for (uint32_t round = 0; round <= topology->node_count; round++) {
		grown = topology->node_count;
		for (uint32_t i = 0; i < topology->node_count; i++) {
			struct topology_node *node = &topology->nodes[i];
			uint32_t tier = node->kind == NODE_RESOLVERD;
			for (uint32_t j = 0; j < node->forward_count; j++)
				tier = node->forward[j]->tier >= tier ? node->forward[j]->tier + 1 : tier;
			if (tier != node->tier)
				grown = i;
			node->tier = tier;
		}
		if (grown == topology->node_count)
			return;
	}
	PROBLEM(reader, yaml_node_get(confs[grown].node, "forward"), "what %s forwards goes in a circle; expected a resolver that does not forward at the end",
		topology->nodes[grown].name);
}

static uint32_t seconds(usec_t duration)
{
	return (uint32_t)(duration / USEC_PER_SEC);
}

static struct topology_place place_of(const struct yaml_node *node)
{
	return node ? (struct topology_place){ node->line, node->column } : (struct topology_place){ 0 };
}

/* Whether a literal block scalar (`|`) stands there: then its lines are the file's lines below. */
static bool is_block(const struct topology_text *source, struct topology_place place)
{
	const char *at = source->text, *end = source->text + source->len;

	for (unsigned line = 1; line < place.line && at < end; line++) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));
		at = newline ? newline + 1 : end;
	}
	for (unsigned column = 1; column < place.column && at < end; column++) {
		do
			at++;
		while (at < end && ((uint8_t)*at & 0xc0) == 0x80);      /* inside a character of UTF-8 */
	}
	return at < end && *at == '|';
}

/* No zone twice, no server twice in a zone, and somebody to put into the NS set. */
static void zone_compare(struct reader *reader, const struct zone_conf *conf, uint32_t index)
{
	const struct topology_zone *zone = &reader->topology->zones[index];
	const struct yaml_node *at = yaml_node_get(conf->node, "secondaries");
	bool is_public = zone->primary && !zone->primary->hidden;

	for (uint32_t i = 0; i < index; i++) {
		if (reader->topology->zones[i].text && name_equal(reader->topology->zones[i].apex, zone->apex))
			PROBLEM(reader, conf->node, "a second zone %s; expected another name", zone->text);
	}
	for (uint32_t i = 0; zone->secondaries && i < zone->secondary_count; i++) {
		const struct topology_node *node = zone->secondaries[i];
		if (node && node == zone->primary)
			PROBLEM(reader, at, "%s is the primary of %s already; expected other nodes as secondaries", node->name, zone->text);
		for (uint32_t j = 0; node && j < i; j++) {
			if (zone->secondaries[j] == node)
				PROBLEM(reader, at, "%s stands twice among the secondaries of %s", node->name, zone->text);
		}
		is_public = is_public || (node && !node->hidden);
	}
	if (zone->primary && !is_public)
		PROBLEM(reader, conf->node, "every server of %s is hidden; expected one for its NS set", zone->text);
}

static void zone_read(struct reader *reader, const struct zone_conf *conf, struct topology_zone *zone)
{
	struct schema_list primary = { .items = take(reader, sizeof(const char *)), .count = 1 };
	char *text;

	if (!conf->name || !conf->primary || !primary.items || name_from_text(zone->apex, conf->name, NULL) != ZT_OK)
		return;
	name_lower(zone->apex);
	if (!(text = take(reader, NAME_TEXT_SIZE)))
		return;
	zone->text = name_to_text(zone->apex, text);
	*(const char **)primary.items = conf->primary;
	const struct topology_node **primaries = references(reader, &primary, NODE_AUTHD, yaml_node_get(conf->node, "primary"));
	zone->primary = primaries ? primaries[0] : NULL;
	zone->secondaries = references(reader, &conf->secondaries, NODE_AUTHD, yaml_node_get(conf->node, "secondaries"));
	zone->secondary_count = (uint32_t)conf->secondaries.count;
	zone->ttl = seconds(conf->ttl);
	zone->refresh = seconds(conf->refresh);
	zone->retry = seconds(conf->retry);
	zone->expire = seconds(conf->expire);
	zone->minimum = seconds(conf->minimum);
	zone->place = place_of(conf->node);
	zone->records = conf->records;
	zone->records_place = place_of(yaml_node_get(conf->node, "records"));
	zone->records_are_block = conf->records && is_block(reader->source, zone->records_place);
	zone->file = conf->file;
	if (conf->file && conf->records)
		PROBLEM(reader, yaml_node_get(conf->node, "records"), "records and a file for one zone; expected one of the two");
}

static bool serves_any(const struct topology *topology, const struct topology_node *node)
{
	bool serves = false;

	for (uint32_t i = 0; i < topology->zone_count && !serves; i++)
		serves = topology_serves(&topology->zones[i], node);
	return serves;
}

/* Finds each zone's parent; a lab may have one top zone, from which resolvers start. */
static void parents_find(struct reader *reader)
{
	struct topology *topology = reader->topology;
	const struct zone_conf *confs = SCHEMA_ITEMS(reader->conf->zones, struct zone_conf);

	for (uint32_t i = 0; i < topology->zone_count; i++) {
		struct topology_zone *zone = &topology->zones[i];
		if (zone->apex[0] == 0)
			continue;
		zone->parent = topology_zone_of(topology, name_parent(zone->apex));
		if (!zone->parent)
			PROBLEM(reader, confs[i].node, "zone %s has no parent in the lab; expected zone . or another zone above it", zone->text);
	}
	for (uint32_t i = 0; i < topology->node_count; i++) {
		const struct topology_node *node = &topology->nodes[i];
		const struct yaml_node *at = SCHEMA_ITEMS(reader->conf->nodes, struct node_conf)[i].node;
		if (node->kind == NODE_AUTHD && !topology_zone_of(topology, node->host))
			PROBLEM(reader, at, "node %s has no zone to hold its address; expected a zone above its name", node->name);
		if (node->kind == NODE_AUTHD && !serves_any(topology, node))
			PROBLEM(reader, at, "node %s serves no zone; expected it as the primary or a secondary of one", node->name);
	}
}

static void demo_read(struct reader *reader)
{
	const struct demo_conf *conf = &reader->conf->demo;
	struct topology_demo *demo = &reader->topology->demo;
	uint8_t apex[NAME_MAX_LEN], rdata[TOPOLOGY_RDATA_SIZE];
	struct wcursor out = wcursor_over(rdata, sizeof(rdata));
	struct text_error error;

	if (!conf->node || !conf->zone || !conf->name || !conf->type)
		return;
	if (name_from_text(apex, conf->zone, NULL) != ZT_OK || name_from_text(demo->name, conf->name, NULL) != ZT_OK ||
	    !rr_type_from_text(conf->type, &demo->type))
		return;
	demo->zone = topology_zone(reader->topology, apex);
	demo->name_text = conf->name;
	demo->rdata = conf->rdata;
	reader->topology->has_demo = true;
	if (!demo->zone)
		PROBLEM(reader, yaml_node_get(conf->node, "zone"), "zone %s is not in the lab; expected one under zones:", conf->zone);
	else if (topology_zone_of(reader->topology, demo->name) != demo->zone)
		PROBLEM(reader, yaml_node_get(conf->node, "name"), "%s is not in zone %s; expected a name at or below it that no deeper zone holds", conf->name,
			conf->zone);
	else if (conf->rdata && rdata_from_text(demo->type, conf->rdata, demo->zone->apex, &out, &error) != ZT_OK)
		PROBLEM(reader, yaml_node_get(conf->node, "rdata"), "%s", error.text);
}

static void all_read(struct reader *reader)
{
	struct topology *topology = reader->topology;
	const struct topology_conf *conf = reader->conf;
	const struct node_conf *nodes = SCHEMA_ITEMS(conf->nodes, struct node_conf);
	const struct zone_conf *zones = SCHEMA_ITEMS(conf->zones, struct zone_conf);

	topology->name = conf->name;
	topology->port = (uint16_t)conf->port;
	if (conf->nodes.count > NODES_MAX || conf->zones.count > ZONES_MAX) {
		PROBLEM(reader, conf->node, "%zu nodes and %zu zones; expected at most %d and %d", conf->nodes.count, conf->zones.count, NODES_MAX, ZONES_MAX);
		return;
	}
	if (conf->nodes.count == 0 || conf->zones.count == 0) {
		PROBLEM(reader, yaml_node_get(conf->node, conf->nodes.count == 0 ? "nodes" : "zones"), "the list is empty; expected at least one");
		return;
	}
	topology->nodes = take(reader, conf->nodes.count * sizeof(*topology->nodes));
	topology->zones = take(reader, conf->zones.count * sizeof(*topology->zones));
	if (reader->status != ZT_OK)
		return;
	for (uint32_t i = 0; i < conf->nodes.count; i++) {
		node_read(reader, &nodes[i], i);
		topology->node_count = i + 1;
	}
	for (uint32_t i = 0; i < conf->nodes.count; i++)
		forward_read(reader, &nodes[i], &topology->nodes[i]);
	for (uint32_t i = 0; i < conf->zones.count; i++) {
		zone_read(reader, &zones[i], &topology->zones[i]);
		zone_compare(reader, &zones[i], i);
		topology->zone_count = i + 1;
	}
	if (topology_role_count(topology) > ROLES_MAX)
		PROBLEM(reader, conf->node, "%u pairs of a zone and a server of it; expected at most %d", topology_role_count(topology), ROLES_MAX);
	if (reader->problems->total == 0)
		tiers_find(reader);
	if (reader->problems->total == 0)
		parents_find(reader);
	if (reader->problems->total == 0)
		demo_read(reader);
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

void topology_free(struct topology *topology)
{
	yaml_tree_fini(&topology->tree);
	*topology = (struct topology){ 0 };
}

void topology_set_port(struct topology *topology, uint16_t port)
{
	topology->port = port;
	for (uint32_t i = 0; i < topology->node_count; i++)
		netaddr_set_port(&topology->nodes[i].address, port);
}

uint32_t topology_role_count(const struct topology *topology)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < topology->zone_count; i++)
		count += 1 + topology->zones[i].secondary_count;
	for (uint32_t i = 0; i < topology->node_count; i++)
		count += topology->nodes[i].kind == NODE_RESOLVERD;
	return count;
}

/* Reading the zones of a topology, and what its demo changes. */
#include "tools/zonelab/topology/topology_reader.h"

#include <string.h>

#include "lib/base/buf.h"
#include "lib/dns/present.h"
#include "lib/dns/rrtype.h"

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

/* The zones before this one have other names, or one of two is a copy that stands by, at other nodes. */
static void zone_compare(struct reader *reader, const struct zone_conf *conf, uint32_t index)
{
	const struct topology_zone *zone = &reader->topology->zones[index];

	for (uint32_t i = 0; i < index; i++) {
		const struct topology_zone *other = &reader->topology->zones[i];
		if (!other->text || !name_equal(other->apex, zone->apex))
			continue;
		if (!zone->standby && !other->standby)
			PROBLEM(reader, conf->node, "a second zone %s; expected another name, or standby: yes at one of them", zone->text);
		for (uint32_t j = 0; zone->primary && zone->secondaries && j <= zone->secondary_count; j++) {
			const struct topology_node *node = topology_server(zone, j);
			if (node && other->primary && other->secondaries && topology_serves(other, node))
				PROBLEM(reader, conf->node, "%s serves two copies of %s; expected other nodes for the second", node->name, zone->text);
		}
	}
}

/* No server twice in a zone, and somebody to put into the NS set. */
static void servers_check(struct reader *reader, const struct zone_conf *conf, const struct topology_zone *zone)
{
	const struct yaml_node *at = yaml_node_get(conf->node, "secondaries");
	bool is_public = zone->primary && !zone->primary->hidden;

	for (uint32_t i = 0; zone->secondaries && i < zone->secondary_count; i++) {
		const struct topology_node *node = zone->secondaries[i].node;
		if (node && node == zone->primary)
			PROBLEM(reader, at, "%s is the primary of %s already; expected other nodes as secondaries", node->name, zone->text);
		for (uint32_t j = 0; node && j < i; j++) {
			if (zone->secondaries[j].node == node)
				PROBLEM(reader, at, "%s stands twice among the secondaries of %s", node->name, zone->text);
		}
		is_public = is_public || (node && !node->hidden);
	}
	if (zone->primary && !is_public)
		PROBLEM(reader, conf->node, "every server of %s is hidden; expected one for its NS set", zone->text);
}

/* Whom a secondary transfers from: the primary, unless it says others. */
static void from_read(struct reader *reader, const struct secondary_conf *conf, const struct topology_zone *zone, struct topology_secondary *secondary)
{
	const char *const *names = SCHEMA_ITEMS(conf->from, const char *);
	const struct yaml_node *at = yaml_node_get(conf->node, "from");
	size_t count = conf->from.count > 0 ? conf->from.count : 1;

	secondary->from = reader_take(reader, count * sizeof(const struct topology_node *));
	if (!secondary->from)
		return;
	secondary->from_count = (uint32_t)count;
	secondary->from[0] = zone->primary;
	for (size_t i = 0; i < conf->from.count; i++) {
		const struct topology_node *node = secondary->from[i] = reader_node(reader, names[i], false, at);
		if (node && zone->primary && !topology_serves(zone, node))
			PROBLEM(reader, at, "%s does not serve %s; expected its primary or one of its secondaries", node->name, zone->text);
	}
}

static void secondaries_read(struct reader *reader, const struct zone_conf *conf, struct topology_zone *zone)
{
	const struct secondary_conf *confs = SCHEMA_ITEMS(conf->secondaries, struct secondary_conf);

	zone->secondaries = reader_take(reader, conf->secondaries.count * sizeof(*zone->secondaries));
	if (!zone->secondaries)
		return;
	for (size_t i = 0; i < conf->secondaries.count; i++) {
		const struct yaml_node *at = confs[i].node ? confs[i].node : yaml_node_get(conf->node, "secondaries");
		zone->secondaries[i].node = confs[i].name ? reader_node(reader, confs[i].name, false, at) : NULL;
		zone->secondary_count = (uint32_t)i + 1;
	}
	for (size_t i = 0; i < conf->secondaries.count; i++)
		from_read(reader, &confs[i], zone, &zone->secondaries[i]);
}

/* Whether a version reaches the secondary from the primary; `depth` ends walks in circles. */
static bool is_fed(const struct topology_zone *zone, const struct topology_node *node, uint32_t depth)
{
	if (node == zone->primary || !node)      /* a node that is not there has been told */
		return true;
	for (uint32_t i = 0; depth > 0 && i < zone->secondary_count; i++) {
		const struct topology_secondary *secondary = &zone->secondaries[i];
		for (uint32_t j = 0; secondary->node == node && j < secondary->from_count; j++) {
			if (is_fed(zone, secondary->from[j], depth - 1))
				return true;
		}
	}
	return false;
}

enum { CHAIN_MAX = 8 };

static void chains_check(struct reader *reader, const struct zone_conf *conf, const struct topology_zone *zone)
{
	const struct secondary_conf *confs = SCHEMA_ITEMS(conf->secondaries, struct secondary_conf);

	for (uint32_t i = 0; zone->primary && zone->secondaries && i < zone->secondary_count; i++) {
		const struct topology_node *node = zone->secondaries[i].node;
		if (confs[i].from.count > 0 && !is_fed(zone, node, CHAIN_MAX))
			PROBLEM(reader, yaml_node_get(confs[i].node, "from"),
				"no version of %s reaches %s: those it transfers from go in a circle, or are more than %d deep; expected a chain that begins at %s",
				zone->text, node->name, CHAIN_MAX, zone->primary->name);
	}
}

static void delegation_read(struct reader *reader, const struct zone_conf *conf, struct topology_zone *zone)
{
	const char *const *names = SCHEMA_ITEMS(conf->parent_servers, const char *);
	size_t count = conf->parent_servers.count;

	if (count > 0 && conf->standby)
		PROBLEM(reader, yaml_node_get(conf->node, "parent-servers"), "nobody is sent to a copy that stands by; expected parent-servers at the other one");
	zone->parent_servers = reader_take(reader, count * sizeof(*zone->parent_servers));
	if (!zone->parent_servers)
		return;
	for (size_t i = 0; i < count; i++) {
		if (name_from_text(zone->parent_servers[i].host, names[i], NULL) != ZT_OK)
			return;      /* the table has told */
		name_lower(zone->parent_servers[i].host);
		zone->parent_servers[i].node = topology_node(reader->topology, names[i]);
	}
	zone->parent_server_count = (uint32_t)count;
}

static void times_read(const struct zone_conf *conf, struct topology_zone *zone)
{
	zone->ttl = seconds(conf->ttl);
	zone->refresh = seconds(conf->refresh);
	zone->retry = seconds(conf->retry);
	zone->expire = seconds(conf->expire);
	zone->minimum = seconds(conf->minimum);
}

static bool has_ending(const char *text, const char *ending)
{
	size_t len = strlen(text), of_ending = strlen(ending);
	return len > of_ending && strcmp(text + len - of_ending, ending) == 0;
}

void topology_read_zone(struct reader *reader, const struct zone_conf *conf, uint32_t index)
{
	struct topology_zone *zone = &reader->topology->zones[index];
	char *text;

	if (!conf->name || !conf->primary || name_from_text(zone->apex, conf->name, NULL) != ZT_OK)
		return;
	name_lower(zone->apex);
	if (!(text = reader_take(reader, NAME_TEXT_SIZE)))
		return;
	zone->text = name_to_text(zone->apex, text);
	zone->primary = reader_node(reader, conf->primary, false, yaml_node_get(conf->node, "primary"));
	zone->standby = conf->standby;
	zone->signing = (enum zone_signing)conf->signing;
	secondaries_read(reader, conf, zone);
	delegation_read(reader, conf, zone);
	times_read(conf, zone);
	zone->place = place_of(conf->node);
	zone->records = conf->records;
	zone->records_place = place_of(yaml_node_get(conf->node, "records"));
	zone->records_are_block = conf->records && is_block(reader->source, zone->records_place);
	zone->file = conf->file;
	zone->file_is_packed = conf->file && has_ending(conf->file, ".xz");
	if (conf->file && conf->records)
		PROBLEM(reader, yaml_node_get(conf->node, "records"), "records and a file for one zone; expected one of the two");
	servers_check(reader, conf, zone);
	chains_check(reader, conf, zone);
	zone_compare(reader, conf, index);
}

static bool serves_any(const struct topology *topology, const struct topology_node *node)
{
	bool serves = false;

	for (uint32_t i = 0; i < topology->zone_count && !serves; i++)
		serves = topology_serves(&topology->zones[i], node);
	return serves;
}

/* Finds each zone's parent; a lab may have one top zone, from which resolvers start. */
void topology_find_parents(struct reader *reader)
{
	struct topology *topology = reader->topology;
	const struct zone_conf *confs = SCHEMA_ITEMS(reader->conf->zones, struct zone_conf);

	for (uint32_t i = 0; i < topology->zone_count; i++) {
		struct topology_zone *zone = &topology->zones[i];
		if (zone->apex[0] == 0)
			continue;
		zone->parent = topology_zone_of(topology, name_parent(zone->apex));
		if (zone->standby && !topology_zone(topology, zone->apex))
			PROBLEM(reader, confs[i].node, "zone %s only stands by; expected another zone of the name that does not", zone->text);
		if (!zone->parent)
			PROBLEM(reader, confs[i].node, "zone %s has no parent in the lab; expected zone . or another zone above it", zone->text);
	}
	for (uint32_t i = 0; i < topology->node_count; i++) {
		const struct topology_node *node = &topology->nodes[i];
		const struct yaml_node *at = SCHEMA_ITEMS(reader->conf->nodes, struct node_conf)[i].node;
		if (!topology_is_resolver(node) && !topology_zone_of(topology, node->host))
			PROBLEM(reader, at, "node %s has no zone to hold its address; expected a zone above its name", node->name);
		if (!topology_is_resolver(node) && !serves_any(topology, node))
			PROBLEM(reader, at, "node %s serves no zone; expected it as the primary or a secondary of one", node->name);
	}
}

void topology_read_demo(struct reader *reader)
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


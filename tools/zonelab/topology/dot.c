/* The picture of a topology.
 *
 * A zone is a cluster: edges between zones are drawn from and to one of its servers and cut off at the cluster's border (lhead, ltail).
 * Colours are of a palette that the colour-blind can tell apart, and nothing is said by colour alone.
 */
#include "tools/zonelab/topology/dot.h"

#include <inttypes.h>

#include "lib/base/buf.h"

#define COLOUR_DELEGATION "#0072b2"
#define COLOUR_LAME "#d55e00"
#define COLOUR_FORWARD "#009e73"

/* A text between quotes. */
static void write_text(FILE *to, const char *text)
{
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			fputc('\\', to);
		fputc(*text, to);
	}
}

static uint32_t zone_number(const struct topology *topology, const struct topology_zone *zone)
{
	return (uint32_t)(zone - topology->zones);
}

static uint32_t node_number(const struct topology *topology, const struct topology_node *node)
{
	return (uint32_t)(node - topology->nodes);
}

/* The box of a server within a zone. */
static void write_role(FILE *to, const struct topology *topology, const struct topology_zone *zone, const struct topology_node *node)
{
	fprintf(to, "z%" PRIu32 "n%" PRIu32, zone_number(topology, zone), node_number(topology, node));
}

static void write_server(FILE *to, const struct topology *topology, const struct topology_zone *zone, const struct topology_node *node)
{
	fputs("\t\t", to);
	write_role(to, topology, zone, node);
	fputs(" [label=\"", to);
	write_text(to, node->name);
	fprintf(to, "\\n%s%s%s\"%s%s];\n", topology_kind_text(node->kind), zone->primary == node ? ", primary" : "", node->hidden ? ", hidden" : "",
		zone->primary == node ? ", peripheries=2" : "", node->hidden ? ", style=\"filled,dashed\"" : "");
}

static void write_serial(FILE *to, const struct topology *topology, const struct topology_zone *zone, const struct topology_node *node, int64_t serial)
{
	fputs("\t\t", to);
	write_role(to, topology, zone, node);
	if (serial >= 0)
		fprintf(to, " [xlabel=\"%" PRId64 "\"];\n", serial);
	else
		fputs(" [xlabel=\"no answer\", fontcolor=\"" COLOUR_LAME "\"];\n", to);
}

/* Attributes of an edge between two nodes: what is between them at the start, and what else is given. */
static void write_way(FILE *to, const struct topology *topology, const struct topology_node *a, const struct topology_node *b, const char *more)
{
	struct weather weather;
	struct buf text;

	topology_weather(topology, a, b, &weather);
	buf_init(&text);
	if (!weather_equal(&weather, &(struct weather){ 0 }))
		weather_to_text(&weather, &text);
	fprintf(to, " [%s%slabel=\"%.*s\"];\n", more, *more ? ", " : "", (int)text.len, text.data ? (const char *)text.data : "");
	buf_fini(&text);
}

static void write_transfers(FILE *to, const struct topology *topology, const struct topology_zone *zone)
{
	for (uint32_t i = 0; i < zone->secondary_count; i++) {
		const struct topology_secondary *secondary = &zone->secondaries[i];
		for (uint32_t j = 0; j < secondary->from_count; j++) {
			fputs("\t\t", to);
			write_role(to, topology, zone, secondary->from[j]);
			fputs(" -> ", to);
			write_role(to, topology, zone, secondary->node);
			/* The others are asked when the first does not answer. */
			write_way(to, topology, secondary->from[j], secondary->node, j > 0 ? "color=gray60" : "");
		}
	}
}

static void write_zone(FILE *to, const struct topology *topology, const struct topology_zone *zone, const int64_t *serials)
{
	static const char *const signings[] = { [SIGNING_NONE] = "", [SIGNING_NSEC] = ", signed (NSEC)", [SIGNING_NSEC3] = ", signed (NSEC3)" };

	fprintf(to, "\tsubgraph cluster_z%" PRIu32 " {\n\t\tlabel=\"", zone_number(topology, zone));
	write_text(to, zone->text);
	fprintf(to, "%s%s\"; style=\"rounded%s\"; labelloc=t; color=gray60;\n", signings[zone->signing], zone->standby ? ", stands by" : "", zone->standby ? ",dashed" : "");
	for (uint32_t i = 0; i <= zone->secondary_count; i++) {
		write_server(to, topology, zone, topology_server(zone, i));
		if (serials)
			write_serial(to, topology, zone, topology_server(zone, i), serials[i]);
	}
	write_transfers(to, topology, zone);
	fputs("\t}\n", to);
}

/* A server of the zone that stands for the whole in edges from and to it. */
static const struct topology_node *face(const struct topology_zone *zone)
{
	const struct topology_node *node = zone->primary;

	for (uint32_t i = 1; i <= zone->secondary_count && node->hidden; i++)
		node = topology_server(zone, i);
	return node;
}

/* One of those that a parent names: within the zone, elsewhere in the lab, or nowhere. */
static void write_delegate(FILE *to, const struct topology *topology, const struct topology_zone *zone, uint32_t i)
{
	const struct topology_delegate *delegate = &zone->parent_servers[i];
	char text[NAME_TEXT_SIZE];

	fputc('\t', to);
	write_role(to, topology, zone->parent, face(zone->parent));
	fputs(" -> ", to);
	const struct topology_zone *copy = delegate->node ? topology_zone_at(topology, zone->apex, delegate->node) : NULL;
	if (copy) {
		write_role(to, topology, copy, delegate->node);
		fprintf(to, " [ltail=cluster_z%" PRIu32 ", %s];\n", zone_number(topology, zone->parent),
			copy == zone ? "color=\"" COLOUR_DELEGATION "\", style=bold" : "color=\"" COLOUR_LAME "\", style=dashed, label=\"another copy\"");
		return;
	}
	fprintf(to, "z%" PRIu32 "lame%" PRIu32 " [ltail=cluster_z%" PRIu32 ", color=\"" COLOUR_LAME "\", style=dashed, label=\"lame\"];\n\tz%" PRIu32 "lame%" PRIu32 " [label=\"",
		zone_number(topology, zone), i, zone_number(topology, zone->parent), zone_number(topology, zone), i);
	write_text(to, name_to_text(delegate->host, text));
	fprintf(to, "\\n%s ", delegate->node ? "does not serve" : "is nowhere, for");
	write_text(to, zone->text);
	fputs("\", style=dashed, color=\"" COLOUR_LAME "\"];\n", to);
}

static void write_delegation(FILE *to, const struct topology *topology, const struct topology_zone *zone)
{
	if (!zone->parent || zone->standby)
		return;
	for (uint32_t i = 0; i < zone->parent_server_count; i++)
		write_delegate(to, topology, zone, i);
	if (zone->parent_server_count > 0)
		return;
	fputc('\t', to);
	write_role(to, topology, zone->parent, face(zone->parent));
	fputs(" -> ", to);
	write_role(to, topology, zone, face(zone));
	fprintf(to, " [ltail=cluster_z%" PRIu32 ", lhead=cluster_z%" PRIu32 ", color=\"" COLOUR_DELEGATION "\", style=bold];\n",
		zone_number(topology, zone->parent), zone_number(topology, zone));
}

/* Resolvers of one tier stand on one line. */
static void write_tier(FILE *to, const struct topology *topology, uint32_t tier)
{
	fputs("\t\t{ rank=same;\n", to);
	for (uint32_t i = 0; i < topology->node_count; i++) {
		const struct topology_node *node = &topology->nodes[i];
		if (node->tier != tier)
			continue;
		fprintf(to, "\t\t\tn%" PRIu32 " [label=\"", i);
		write_text(to, node->name);
		fprintf(to, "\\n%s%s\", shape=ellipse];\n", topology_kind_text(node->kind), node->validates ? ", validates" : "");
	}
	fputs("\t\t}\n", to);
}

static const struct topology_zone *top_zone(const struct topology *topology)
{
	for (uint32_t i = 0; i < topology->zone_count; i++) {
		if (!topology->zones[i].parent && !topology->zones[i].standby)
			return &topology->zones[i];
	}
	return NULL;
}

static void write_resolvers(FILE *to, const struct topology *topology)
{
	const struct topology_zone *top = top_zone(topology);
	uint32_t depth = 0;

	for (uint32_t i = 0; i < topology->node_count; i++)
		depth = topology->nodes[i].tier > depth ? topology->nodes[i].tier : depth;
	if (depth == 0)
		return;
	fputs("\tsubgraph cluster_resolvers {\n\t\tlabel=\"resolvers\"; style=rounded; labelloc=t; color=gray60;\n", to);
	for (uint32_t tier = depth; tier > 0; tier--)
		write_tier(to, topology, tier);
	fputs("\t}\n", to);
	for (uint32_t i = 0; i < topology->node_count; i++) {
		const struct topology_node *node = &topology->nodes[i];
		for (uint32_t j = 0; j < node->forward_count; j++) {
			fprintf(to, "\tn%" PRIu32 " -> n%" PRIu32, i, node_number(topology, node->forward[j]));
			write_way(to, topology, node, node->forward[j], "color=\"" COLOUR_FORWARD "\", style=dashed");
		}
		if (!topology_is_resolver(node) || node->forward_count > 0 || !top)
			continue;
		fprintf(to, "\tn%" PRIu32 " -> ", i);
		write_role(to, topology, top, face(top));
		fprintf(to, " [lhead=cluster_z%" PRIu32 ", style=dotted];\n", zone_number(topology, top));
	}
}

void dot_write(FILE *to, const struct topology *topology, const int64_t *serials)
{
	fputs("digraph lab {\n\tgraph [compound=true, rankdir=TB, fontname=\"sans-serif\", fontsize=12, labelloc=b, label=\"", to);
	write_text(to, topology->name);
	fprintf(to, ": %" PRIu32 " nodes, %" PRIu32 " zones\\nsolid: NOTIFY and transfer; bold: delegation; dashed: forwards to; dotted: begins at\"];\n",
		topology->node_count, topology->zone_count);
	fputs("\tnode [shape=box, fontname=\"sans-serif\", fontsize=10, margin=\"0.08,0.04\", style=filled, fillcolor=white];\n"
	      "\tedge [fontname=\"sans-serif\", fontsize=9, arrowsize=0.7];\n", to);
	write_resolvers(to, topology);
	for (uint32_t i = 0; i < topology->zone_count; i++) {
		const struct topology_zone *zone = &topology->zones[i];
		write_zone(to, topology, zone, serials);
		serials = serials ? serials + 1 + zone->secondary_count : NULL;
	}
	for (uint32_t i = 0; i < topology->zone_count; i++)
		write_delegation(to, topology, &topology->zones[i]);
	fputs("}\n", to);
}

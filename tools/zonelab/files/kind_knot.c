/* The configuration of Knot DNS. Its shortest REFRESH is 2 s, which cannot be changed. */
#include <stdio.h>

#include "tools/zonelab/files/kinds.h"
#include "tools/zonelab/files/node_file.h"

/* The remotes that any zone names: a node each, known by its name. */
static void write_remotes(FILE *to, const struct lab *lab, const struct topology_node *node)
{
	bool is_first = true;

	for (uint32_t i = 0; i < lab->topology.node_count; i++) {
		const struct topology_node *other = &lab->topology.nodes[i];
		bool is_neighbour = false;
		for (uint32_t z = 0; z < lab->topology.zone_count && !is_neighbour; z++)
			is_neighbour = topology_transfers(&lab->topology.zones[z], node, other) || topology_transfers(&lab->topology.zones[z], other, node);
		if (!is_neighbour)
			continue;
		fprintf(to, "%s  - id: \"%s\"\n    address: ", is_first ? "remote:\n" : "", other->name);
		write_address(to, &other->address, ADDRESS_AT);
		if (source_must_be_told(lab)) {
			fputs("\n    via: ", to);
			write_address(to, &node->address, ADDRESS_IP);
		}
		fputc('\n', to);
		is_first = false;
	}
}

static void write_acls(FILE *to, const struct lab *lab)
{
	static const char *const acls[][2] = { { "readers", "[transfer, notify]" }, { "writers", "[update]" } };

	fputs("acl:\n", to);
	for (size_t i = 0; i < 2; i++) {
		fprintf(to, "  - id: %s\n    address: [", acls[i][0]);
		write_everybody(to, lab, ", ");
		fprintf(to, "]\n    action: %s\n", acls[i][1]);
	}
}

static void write_neighbours(FILE *to, const char *key, const struct topology_zone *zone, const struct topology_node *node, enum direction direction)
{
	const struct topology_node *other;
	uint32_t at = 0, count = 0;

	while ((other = neighbour_next(zone, node, direction, &at)) != NULL) {
		fprintf(to, count++ == 0 ? "    %s: [" : ", ", key);
		fprintf(to, "\"%s\"", other->name);
	}
	if (count > 0)
		fputs("]\n", to);
}

static void write_zone(FILE *to, const struct topology_zone *zone, const struct topology_node *node)
{
	bool is_signed = zone->signing != SIGNING_NONE;

	fprintf(to, "  - domain: \"%s\"\n    file: \"", zone->text);
	write_zone_file_name(to, zone, node);
	fputs("\"\n", to);
	if (zone->primary != node)
		fputs("    acl: readers\n    zonefile-sync: -1\n    zonefile-load: none\n    journal-content: all\n", to);
	else      /* a signed file is made elsewhere */
		fprintf(to, "    acl: %s\n    zonefile-load: difference\n", is_signed ? "readers\n    zonefile-sync: -1" : "[readers, writers]");
	write_neighbours(to, "master", zone, node, UPSTREAM);
	write_neighbours(to, "notify", zone, node, DOWNSTREAM);
}

static int knot_write(const struct lab *lab, const struct topology_node *node)
{
	char folder[4096];
	int status = node_folder(lab, node, folder);
	FILE *to = status == ZT_OK ? node_file_open(lab, node, kind_knot.config) : NULL;

	if (!to)
		return status != ZT_OK ? status : ZT_EIO;
	fprintf(to, "# made by zonelab\nserver:\n  rundir: \"%s/state\"\n  listen: [", folder);
	write_addresses(to, node, ADDRESS_AT, ", ");
	fprintf(to,
		"]\n  udp-workers: 1\n  tcp-workers: 1\n  background-workers: 1\nlog:\n  - target: stderr\n    any: info\n"
		"control:\n  listen: \"%s/control.sock\"\ndatabase:\n  storage: \"%s/state\"\n"
		"  journal-db-max-size: 100M\n  kasp-db-max-size: 10M\n  timer-db-max-size: 10M\n",
		folder, folder);
	write_remotes(to, lab, node);
	write_acls(to, lab);
	fprintf(to, "template:\n  - id: default\n    storage: \"%s\"\nzone:\n", folder);
	for (uint32_t i = 0; i < lab->topology.zone_count; i++) {
		if (topology_serves(&lab->topology.zones[i], node))
			write_zone(to, &lab->topology.zones[i], node);
	}
	return node_file_close(to, kind_knot.config);
}

const struct kind kind_knot = {
	.title = "Knot DNS", .program = "knotd", .package = "knot", .config = "knot.conf", .arguments = { "-c", "CONFIG" }, .takes_updates = true,
	.write = knot_write,
};

/* The configuration of NSD.
 *
 * It takes no UPDATE. What it waits between two reloads (xfrd-reload-timeout, 1 s), between NOTIFYs and before it writes a secondary's zone file
 * (an hour: killed, it comes back with an old one) are its defaults, and its rate limit is, too.
 */
#include <stdio.h>

#include "tools/zonelab/files/kinds.h"
#include "tools/zonelab/files/node_file.h"

static void write_neighbours(FILE *to, const char *key, const struct topology_zone *zone, const struct topology_node *node, enum direction direction)
{
	const struct topology_node *other;
	uint32_t at = 0;

	while ((other = neighbour_next(zone, node, direction, &at)) != NULL) {
		fprintf(to, "\t%s: ", key);
		write_address(to, &other->address, ADDRESS_AT);
		fputs(" NOKEY\n", to);
	}
}

static void write_zone(FILE *to, const struct lab *lab, const struct topology_zone *zone, const struct topology_node *node)
{
	fprintf(to, "zone:\n\tname: \"%s\"\n\tzonefile: \"", zone->text);
	write_zone_file_name(to, zone, node);
	fputs("\"\n\tstore-ixfr: yes\n\tcreate-ixfr: yes\n\tprovide-xfr: ", to);
	write_everybody(to, lab, " NOKEY\n\tprovide-xfr: ");
	fputs(" NOKEY\n", to);
	if (zone->primary != node) {
		fputs("\tallow-notify: ", to);
		write_everybody(to, lab, " NOKEY\n\tallow-notify: ");
		fputs(" NOKEY\n", to);
	}
	write_neighbours(to, "request-xfr", zone, node, UPSTREAM);
	write_neighbours(to, "notify", zone, node, DOWNSTREAM);
	if (source_must_be_told(lab)) {
		fputs("\toutgoing-interface: ", to);
		write_address(to, &node->address, ADDRESS_IP);
		fputc('\n', to);
	}
}

static int nsd_write(const struct lab *lab, const struct topology_node *node)
{
	char folder[4096];
	int status = node_folder(lab, node, folder);
	FILE *to = status == ZT_OK ? node_file_open(lab, node, kind_nsd.config) : NULL;

	if (!to)
		return status != ZT_OK ? status : ZT_EIO;
	fputs("# made by zonelab\nserver:\n\tip-address: ", to);
	write_addresses(to, node, ADDRESS_AT, "\n\tip-address: ");
	fprintf(to,
		"\n\tport: %u\n\tserver-count: 1\n\tusername: \"\"\n\tchroot: \"\"\n\tzonesdir: \"%s\"\n\tdatabase: \"\"\n\tpidfile: \"%s/state/nsd.pid\"\n"
		"\txfrdfile: \"%s/state/xfrd.state\"\n\txfrdir: \"%s/state\"\n\tzonelistfile: \"%s/state/zone.list\"\n\tverbosity: 1\n"
		"remote-control:\n\tcontrol-enable: yes\n\tcontrol-interface: \"%s/control.sock\"\n",
		netaddr_port(&node->address), folder, folder, folder, folder, folder, folder);
	for (uint32_t i = 0; i < lab->topology.zone_count; i++) {
		if (topology_serves(&lab->topology.zones[i], node))
			write_zone(to, lab, &lab->topology.zones[i], node);
	}
	return node_file_close(to, kind_nsd.config);
}

const struct kind kind_nsd = {
	.title = "NSD", .program = "nsd", .package = "nsd", .config = "nsd.conf", .arguments = { "-d", "-c", "CONFIG" }, .write = nsd_write,
};

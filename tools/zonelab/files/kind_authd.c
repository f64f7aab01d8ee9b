/* The configuration of authd. */
#include <stdio.h>

#include "tools/zonelab/files/kinds.h"
#include "tools/zonelab/files/node_file.h"
#include "tools/zonelab/topology/zonetext.h"

static void write_neighbours(FILE *to, const char *key, const struct topology_zone *zone, const struct topology_node *node)
{
	const struct topology_node *other;
	uint32_t at = 0, count = 0;

	while ((other = neighbour_next(zone, node, key[0] == 'p' ? UPSTREAM : DOWNSTREAM, &at)) != NULL) {
		fprintf(to, count++ == 0 ? "    %s: [" : ", ", key);
		write_address(to, &other->address, ADDRESS_YAML);
	}
	if (count > 0)
		fputs("]\n", to);
}

static void write_acl(FILE *to, const char *key, const struct lab *lab)
{
	fprintf(to, "    %s: [", key);
	write_everybody(to, lab, ", ");
	fputs("]\n", to);
}

static void write_zone(FILE *to, const struct lab *lab, const struct topology_zone *zone, const struct topology_node *node)
{
	char file[ZONETEXT_FILE_NAME_SIZE];

	fputs("  - name: ", to);
	write_quoted(to, zone->text);
	fputc('\n', to);
	if (zone->primary == node) {
		zonetext_file_name(zone, ".zone", file);
		fputs("    file: ", to);
		write_quoted(to, zone_file_is_made(zone) ? file : zone->file);
		fputc('\n', to);
		if (zone->signing == SIGNING_NONE)
			write_acl(to, "allow-update", lab);
	} else {
		write_neighbours(to, "primaries", zone, node);
		write_acl(to, "allow-notify", lab);      /* whatever address the primary sends from */
	}
	write_neighbours(to, "notify", zone, node);
	write_acl(to, "allow-transfer", lab);
}

static int authd_write(const struct lab *lab, const struct topology_node *node)
{
	FILE *to = node_file_open(lab, node, kind_authd.config);

	if (!to)
		return ZT_EIO;
	fputs("# made by zonelab\nserver:\n  listen: [", to);
	write_addresses(to, node, ADDRESS_YAML, ", ");
	fputs("]\n  workers: 1\n  state-dir: state\n  control: control.sock\nzone:\n", to);
	for (uint32_t i = 0; i < lab->topology.zone_count; i++) {
		if (topology_serves(&lab->topology.zones[i], node))
			write_zone(to, lab, &lab->topology.zones[i], node);
	}
	return node_file_close(to, kind_authd.config);
}

const struct kind kind_authd = {
	.title = "authd", .program = "authd", .config = "authd.yaml", .arguments = { "-c", "CONFIG" }, .takes_updates = true, .write = authd_write,
};

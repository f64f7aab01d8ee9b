/* The configuration of authd. */
#include <stdio.h>

#include "tools/zonelab/files/kinds.h"
#include "tools/zonelab/files/node_file.h"
#include "tools/zonelab/topology/zonetext.h"

/* Those whom `node` transfers the zone from, or those who transfer it from `node`: their first addresses. */
static void write_neighbours(FILE *to, const char *key, const struct topology_zone *zone, const struct topology_node *node)
{
	bool is_upward = key[0] == 'p';
	char text[NETADDR_TEXT_SIZE];
	unsigned count = 0;

	for (uint32_t i = 0; i <= zone->secondary_count; i++) {
		const struct topology_node *other = topology_server(zone, i);
		if (!(is_upward ? topology_transfers(zone, node, other) : topology_transfers(zone, other, node)))
			continue;
		if (count++ == 0)
			fprintf(to, "    %s: [", key);
		fprintf(to, "%s%s", count > 1 ? ", " : "", netaddr_to_text(&other->address, text));
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
		write_quoted(to, zone->file ? zone->file : file);
		fputc('\n', to);
		write_acl(to, "allow-update", lab);
	} else {
		write_neighbours(to, "primaries", zone, node);
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
	write_addresses(to, node, ", ");
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

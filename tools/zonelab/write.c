/* Zone files and configurations.
 *
 * A made zone file has a SOA, the NS set (the zone's servers that are not hidden), addresses of the lab's nodes whose names lie in the zone, delegations of
 * the lab's zones directly below with the glue they need, and the topology's own records.
 */
#include "tools/zonelab/write.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { FIRST_SERIAL = 1 };

static void write_name(FILE *to, const uint8_t *name)
{
	char text[NAME_TEXT_SIZE];
	fputs(name_to_text(name, text), to);
}

static void write_address(FILE *to, const struct topology_node *node)
{
	char text[NETADDR_TEXT_SIZE];

	write_name(to, node->host);
	fprintf(to, "\t%s\t%s\n", node->address.family == AF_INET6 ? "AAAA" : "A", netaddr_ip_to_text(&node->address, text));
}

/* NS records of `zone`, written at its apex: by itself, and by its parent as the delegation. */
static void write_servers(FILE *to, const struct topology_zone *zone)
{
	for (uint32_t i = 0; i <= zone->secondary_count; i++) {
		const struct topology_node *node = topology_server(zone, i);
		if (node->hidden)
			continue;
		write_name(to, zone->apex);
		fputs("\tNS\t", to);
		write_name(to, node->host);
		fputc('\n', to);
	}
}

/* The delegation of `child`, with the addresses its parent must give (RFC 9471) because they lie in the child or below. */
static void write_delegation(FILE *to, const struct topology_zone *child)
{
	write_servers(to, child);
	for (uint32_t i = 0; i <= child->secondary_count; i++) {
		const struct topology_node *node = topology_server(child, i);
		if (!node->hidden && name_is_within(node->host, child->apex))
			write_address(to, node);
	}
}

static void write_zone(FILE *to, const struct topology *topology, const struct topology_zone *zone)
{
	fprintf(to, "; made by zonelab from the topology\n$ORIGIN %s\n$TTL %" PRIu32 "\n@\tSOA\t", zone->text, zone->ttl);
	write_name(to, zone->primary->host);
	fprintf(to, " hostmaster %d %" PRIu32 " %" PRIu32 " %" PRIu32 " %" PRIu32 "\n", FIRST_SERIAL, zone->refresh, zone->retry, zone->expire,
		zone->minimum);
	write_servers(to, zone);
	for (uint32_t i = 0; i < topology->node_count; i++) {
		if (topology_zone_of(topology, topology->nodes[i].host) == zone)
			write_address(to, &topology->nodes[i]);
	}
	for (uint32_t i = 0; i < topology->zone_count; i++) {
		if (topology->zones[i].parent == zone)
			write_delegation(to, &topology->zones[i]);
	}
	if (zone->records)
		fprintf(to, "%s\n", zone->records);
}

/* `DIR/NODE/zone` files are named by their zone; a slash in a label must not make a folder. */
static void zone_file_name(const struct topology_zone *zone, char out[NAME_TEXT_SIZE + 8])
{
	size_t len = strlen(zone->text);

	snprintf(out, NAME_TEXT_SIZE + 8, "%.*s.zone", (int)(len > 1 ? len - 1 : 4), len > 1 ? zone->text : "root");
	for (char *p = out; *p; p++) {
		if (*p == '/')
			*p = '_';
	}
}

static void write_list(FILE *to, const char *key, const struct topology_zone *zone, uint32_t first, uint32_t end)
{
	char text[NETADDR_TEXT_SIZE];

	fprintf(to, "    %s: [", key);
	for (uint32_t i = first; i < end; i++)
		fprintf(to, "%s%s", i > first ? ", " : "", netaddr_to_text(&topology_server(zone, i)->address, text));
	fputs("]\n", to);
}

static void write_authd_zone(FILE *to, const struct topology_zone *zone, const struct topology_node *node)
{
	fprintf(to, "  - name: %s\n", zone->text);
	if (zone->primary == node) {
		char file[NAME_TEXT_SIZE + 8];
		zone_file_name(zone, file);
		fprintf(to, "    file: %s\n    allow-update: [127.0.0.0/8]\n", zone->file ? zone->file : file);
		if (zone->secondary_count > 0)
			write_list(to, "notify", zone, 1, zone->secondary_count + 1);
	} else {
		write_list(to, "primaries", zone, 0, 1);
	}
	fputs("    allow-transfer: [127.0.0.0/8]\n", to);
}

static void write_authd(FILE *to, const struct lab *lab, const struct topology_node *node)
{
	char text[NETADDR_TEXT_SIZE];

	fprintf(to, "# made by zonelab\nserver:\n  listen: [%s]\n  workers: 1\n  state-dir: state\n  control: control.sock\nzone:\n",
		netaddr_to_text(&node->address, text));
	for (uint32_t i = 0; i < lab->topology.zone_count; i++) {
		if (topology_serves(&lab->topology.zones[i], node))
			write_authd_zone(to, &lab->topology.zones[i], node);
	}
}

static void write_resolverd(FILE *to, const struct lab *lab, const struct topology_node *node)
{
	char text[NETADDR_TEXT_SIZE];

	fprintf(to, "# made by zonelab\nserver:\n  listen: [%s]\n  workers: 1\n  control: control.sock\n  allow-query: [127.0.0.0/8]\n",
		netaddr_to_text(&node->address, text));
	fprintf(to, "resolver:\n  root-hints: root.hints\n  validate: no\n  upstream-port: %u\n  builtin-local-zones: no\n  allow-loopback-upstream: yes\n",
		lab->topology.port);
	if (node->forward_count == 0)
		return;
	fputs("forward:\n  - name: .\n    addresses: [", to);
	for (uint32_t i = 0; i < node->forward_count; i++)
		fprintf(to, "%s%s", i > 0 ? ", " : "", netaddr_to_text(&node->forward[i]->address, text));
	fputs("]\n", to);
}

static void write_hints(FILE *to, const struct lab *lab)
{
	const struct topology_zone *root = topology_zone(&lab->topology, name_root);

	fputs("; made by zonelab\n$TTL 3600\n", to);
	if (!root)
		return;
	write_servers(to, root);
	for (uint32_t i = 0; i <= root->secondary_count; i++) {
		if (!topology_server(root, i)->hidden)
			write_address(to, topology_server(root, i));
	}
}

static FILE *file_open(const struct lab *lab, const struct topology_node *node, const char *name)
{
	char path[4096];
	FILE *file = lab_path(lab, node, name, path) == ZT_OK ? fopen(path, "w") : NULL;
	if (!file)
		fprintf(stderr, "zonelab: cannot write %s/%s/%s: %s\n", lab->dir, node->name, name, strerror(errno));
	return file;
}

static int file_close(FILE *file, const char *name)
{
	bool failed = ferror(file) != 0;
	if (fclose(file) == 0 && !failed)
		return ZT_OK;
	fprintf(stderr, "zonelab: cannot write %s: %s\n", name, strerror(errno));
	return ZT_EIO;
}

static int write_node_zones(const struct lab *lab, const struct topology_node *node)
{
	for (uint32_t i = 0; i < lab->topology.zone_count; i++) {
		const struct topology_zone *zone = &lab->topology.zones[i];
		char name[NAME_TEXT_SIZE + 8];
		if (zone->primary != node || zone->file)
			continue;
		zone_file_name(zone, name);
		FILE *file = file_open(lab, node, name);
		if (!file)
			return ZT_EIO;
		write_zone(file, &lab->topology, zone);
		int status = file_close(file, name);
		if (status != ZT_OK)
			return status;
	}
	return ZT_OK;
}

static int write_node(const struct lab *lab, const struct topology_node *node)
{
	bool is_server = node->kind == NODE_AUTHD;
	const char *name = is_server ? "authd.yaml" : "resolverd.yaml";
	FILE *file = file_open(lab, node, name);

	if (!file)
		return ZT_EIO;
	(is_server ? write_authd : write_resolverd)(file, lab, node);
	int status = file_close(file, name);
	if (status != ZT_OK)
		return status;
	if (is_server)
		return write_node_zones(lab, node);
	file = file_open(lab, node, "root.hints");
	if (!file)
		return ZT_EIO;
	write_hints(file, lab);
	return file_close(file, "root.hints");
}

int write_all(const struct lab *lab)
{
	int status = ZT_OK;
	for (uint32_t i = 0; i < lab->topology.node_count && status == ZT_OK; i++)
		status = write_node(lab, &lab->topology.nodes[i]);
	return status;
}

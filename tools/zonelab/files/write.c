/* Configurations and zone files, one folder a node, and the facts about each zone. */
#include "tools/zonelab/files/write.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "tools/zonelab/files/facts.h"
#include "tools/zonelab/topology/zonetext.h"

void write_quoted(FILE *to, const char *text)
{
	fputc('\'', to);
	for (; *text; text++) {
		if (*text == '\'')
			fputc('\'', to);
		fputc(*text, to);
	}
	fputc('\'', to);
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
	fputs("  - name: ", to);
	write_quoted(to, zone->text);
	fputc('\n', to);
	if (zone->primary == node) {
		char file[ZONETEXT_FILE_NAME_SIZE];
		zonetext_file_name(zone, ".zone", file);
		fputs("    file: ", to);
		write_quoted(to, zone->file ? zone->file : file);
		fputs("\n    allow-update: [127.0.0.0/8]\n", to);
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
		char name[ZONETEXT_FILE_NAME_SIZE];
		if (zone->primary != node || zone->file)
			continue;
		zonetext_file_name(zone, ".zone", name);
		FILE *file = file_open(lab, node, name);
		if (!file)
			return ZT_EIO;
		zonetext_write(file, &lab->topology, zone);
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
	zonetext_write_hints(file, &lab->topology);
	return file_close(file, "root.hints");
}

int write_all(const struct lab *lab)
{
	int status = ZT_OK;
	for (uint32_t i = 0; i < lab->topology.node_count && status == ZT_OK; i++)
		status = write_node(lab, &lab->topology.nodes[i]);
	for (uint32_t i = 0; i < lab->topology.zone_count && status == ZT_OK; i++)
		status = facts_write(lab, &lab->topology.zones[i]);
	return status;
}

/* Files in a node's folder. */
#include "tools/zonelab/files/node_file.h"

#include <dirent.h>
#include <errno.h>
#include <ftw.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "tools/zonelab/topology/zonetext.h"

enum { DNS_PORT = 53 };

FILE *node_file_open(const struct lab *lab, const struct topology_node *node, const char *name)
{
	char path[4096];
	FILE *file = lab_path(lab, node, name, path) == ZT_OK ? fopen(path, "w") : NULL;
	if (!file)
		fprintf(stderr, "zonelab: cannot write %s/%s/%s: %s\n", lab->dir, node->name, name, strerror(errno));
	return file;
}

int node_file_close(FILE *file, const char *name)
{
	bool failed = ferror(file) != 0;
	if (fclose(file) == 0 && !failed)
		return ZT_OK;
	fprintf(stderr, "zonelab: cannot write %s: %s\n", name, strerror(errno));
	return ZT_EIO;
}

static int remove_entry(const char *path, const struct stat *st, int kind, struct FTW *where)
{
	(void)st;
	(void)kind;
	(void)where;
	return remove(path);
}

/* What daemons leave; NSD writes ZONE.zone.ixfr beside a zone file. */
static int is_left_over(const struct dirent *entry)
{
	return strcmp(entry->d_name, "state") == 0 || strcmp(entry->d_name, "log") == 0 || strcmp(entry->d_name, "control.sock") == 0 ||
	       strstr(entry->d_name, ".zone.ixfr") != NULL;
}

int node_folder_clear(const struct lab *lab, const struct topology_node *node)
{
	struct dirent **entries;
	char path[4096];
	int status = lab_path(lab, node, "", path);
	int count = status == ZT_OK ? scandir(path, &entries, is_left_over, NULL) : -1;

	for (int i = 0; i < count; i++) {
		if (status == ZT_OK)
			status = lab_path(lab, node, entries[i]->d_name, path);
		if (status == ZT_OK && nftw(path, remove_entry, 16, FTW_DEPTH | FTW_PHYS) != 0) {
			fprintf(stderr, "zonelab: cannot remove %s\n", path);
			status = ZT_EIO;
		}
		free(entries[i]);
	}
	if (count >= 0)
		free(entries);
	if (status == ZT_OK)
		status = lab_path(lab, node, "state", path);
	if (status == ZT_OK && !lab->inside && mkdir(path, 0755) != 0) {
		fprintf(stderr, "zonelab: cannot make the folder %s: %s\n", path, strerror(errno));
		return ZT_EIO;
	}
	return status;
}

int node_folder(const struct lab *lab, const struct topology_node *node, char out[4096])
{
	if (snprintf(out, 4096, "%s/%s", lab->inside ? lab->inside : lab->dir, node->name) >= 4096) {
		out[0] = '\0';
		return ZT_ELIMIT;
	}
	if (!strpbrk(out, "\"\\\n"))
		return ZT_OK;
	fprintf(stderr, "zonelab: node %s: the folder %s cannot be written into its configuration; choose one without quotes and backslashes with --dir\n",
		node->name, out);
	return ZT_EINVAL;
}

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

void write_everybody(FILE *to, const struct lab *lab, const char *between)
{
	if (lab->topology.mode == TOPOLOGY_LOOPBACK)
		fputs("127.0.0.0/8", to);
	else
		fprintf(to, "0.0.0.0/0%s0::/0", between);
}

void write_address(FILE *to, const struct netaddr *address, enum address_form form)
{
	bool has_brackets = form == ADDRESS_COLON && address->family == AF_INET6;
	char ip[NETADDR_TEXT_SIZE];

	netaddr_ip_to_text(address, ip);
	fprintf(to, has_brackets ? "[%s]" : form == ADDRESS_YAML ? "'%s" : "%s", ip);
	if (form != ADDRESS_IP)
		fprintf(to, "%s%u", form == ADDRESS_COLON ? ":" : form == ADDRESS_BIND ? " port " : "@", netaddr_port(address));
	if (form == ADDRESS_YAML)
		fputc('\'', to);
}

void write_addresses(FILE *to, const struct topology_node *node, enum address_form form, const char *between)
{
	for (uint32_t i = 0; i < node->address_count; i++) {
		fputs(i > 0 ? between : "", to);
		write_address(to, &node->addresses[i], form);
	}
}

bool node_has_family(const struct topology_node *node, sa_family_t family)
{
	for (uint32_t i = 0; i < node->address_count; i++) {
		if (node->addresses[i].family == family)
			return true;
	}
	return false;
}

const struct topology_node *neighbour_next(const struct topology_zone *zone, const struct topology_node *node, enum direction direction, uint32_t *at)
{
	while (*at <= zone->secondary_count) {
		const struct topology_node *other = topology_server(zone, (*at)++);
		if (direction == UPSTREAM ? topology_transfers(zone, node, other) : topology_transfers(zone, other, node))
			return other;
	}
	return NULL;
}

void write_zone_file_name(FILE *to, const struct topology_zone *zone, const struct topology_node *node)
{
	char name[ZONETEXT_FILE_NAME_SIZE];

	fprintf(to, "%s%s", zone->primary == node ? "" : "state/", zonetext_file_name(zone, ".zone", name));
}

const struct topology_node *delegate_next(const struct topology_zone *zone, uint32_t *at)
{
	while (zone->parent_server_count > 0 && *at < zone->parent_server_count) {
		const struct topology_node *node = zone->parent_servers[(*at)++].node;
		if (node)
			return node;
	}
	while (zone->parent_server_count == 0 && *at <= zone->secondary_count) {
		const struct topology_node *node = topology_server(zone, (*at)++);
		if (!node->hidden)
			return node;
	}
	return NULL;
}

/* *at counts through all zones once for each number of labels, from the highest. */
const struct topology_zone *deepest_zone_next(const struct topology *topology, uint64_t *at)
{
	while (*at < (uint64_t)topology->zone_count * (NAME_MAX_LABELS + 1)) {
		const struct topology_zone *zone = &topology->zones[*at % topology->zone_count];
		unsigned labels = NAME_MAX_LABELS - (unsigned)(*at / topology->zone_count);
		(*at)++;
		if (!zone->standby && name_label_count(zone->apex) == labels)
			return zone;
	}
	return NULL;
}

bool resolver_is_told_zones(const struct lab *lab, const struct topology_node *node)
{
	return netaddr_port(&node->address) != DNS_PORT && lab->topology.mode == TOPOLOGY_LOOPBACK && node->forward_count == 0;
}

int root_hints_write(const struct lab *lab, const struct topology_node *node)
{
	FILE *to = node_file_open(lab, node, "root.hints");

	if (!to)
		return ZT_EIO;
	zonetext_write_hints(to, &lab->topology);
	return node_file_close(to, "root.hints");
}

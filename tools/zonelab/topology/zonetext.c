/* The text of a made zone. */
#include "tools/zonelab/topology/zonetext.h"

#include <inttypes.h>
#include <string.h>

enum { FIRST_SERIAL = 1 };

static void write_name(FILE *to, const uint8_t *name)
{
	char text[NAME_TEXT_SIZE];
	fputs(name_to_text(name, text), to);
}

static void write_addresses(FILE *to, const struct topology_node *node)
{
	char text[NETADDR_TEXT_SIZE];

	for (uint32_t i = 0; i < node->address_count; i++) {
		write_name(to, node->host);
		fprintf(to, "\t%s\t%s\n", node->addresses[i].family == AF_INET6 ? "AAAA" : "A", netaddr_ip_to_text(&node->addresses[i], text));
	}
}

static void write_server(FILE *to, const uint8_t *apex, const uint8_t *host)
{
	write_name(to, apex);
	fputs("\tNS\t", to);
	write_name(to, host);
	fputc('\n', to);
}

/* NS records of `zone`, as it has them at its apex. */
static void write_servers(FILE *to, const struct topology_zone *zone)
{
	for (uint32_t i = 0; i <= zone->secondary_count; i++) {
		const struct topology_node *node = topology_server(zone, i);
		if (!node->hidden)
			write_server(to, zone->apex, node->host);
	}
}

/* The delegation of `child`, with the addresses its parent must give (RFC 9471) because they lie in the child or below. */
static void write_delegation(FILE *to, const struct topology_zone *child)
{
	for (uint32_t i = 0; i < child->parent_server_count; i++)
		write_server(to, child->apex, child->parent_servers[i].host);
	if (child->parent_server_count == 0)
		write_servers(to, child);
	for (uint32_t i = 0; i < child->parent_server_count; i++) {
		const struct topology_node *node = child->parent_servers[i].node;
		if (node && name_is_within(node->host, child->apex))
			write_addresses(to, node);
	}
	for (uint32_t i = 0; child->parent_server_count == 0 && i <= child->secondary_count; i++) {
		const struct topology_node *node = topology_server(child, i);
		if (!node->hidden && name_is_within(node->host, child->apex))
			write_addresses(to, node);
	}
}

void zonetext_write(FILE *to, const struct topology *topology, const struct topology_zone *zone)
{
	fprintf(to, "; made by zonelab from the topology\n$ORIGIN %s\n$TTL %" PRIu32 "\n@\tSOA\t", zone->text, zone->ttl);
	write_name(to, zone->primary->host);
	fprintf(to, " hostmaster %d %" PRIu32 " %" PRIu32 " %" PRIu32 " %" PRIu32 "\n", FIRST_SERIAL, zone->refresh, zone->retry, zone->expire,
		zone->minimum);
	write_servers(to, zone);
	for (uint32_t i = 0; i < topology->node_count; i++) {
		const struct topology_zone *of = topology_zone_of(topology, topology->nodes[i].host);
		if (of && name_equal(of->apex, zone->apex))      /* both of two copies */
			write_addresses(to, &topology->nodes[i]);
	}
	for (uint32_t i = 0; i < topology->zone_count; i++) {
		const struct topology_zone *child = &topology->zones[i];
		if (!child->standby && child->parent && name_equal(child->parent->apex, zone->apex))
			write_delegation(to, child);
	}
	if (zone->records)
		fprintf(to, ZONETEXT_RECORDS_MARK "%s\n", zone->records);
}

void zonetext_write_hints(FILE *to, const struct topology *topology)
{
	const struct topology_zone *root = topology_zone(topology, name_root);

	fputs("; made by zonelab\n$TTL 3600\n", to);
	if (!root)
		return;
	write_servers(to, root);
	for (uint32_t i = 0; i <= root->secondary_count; i++) {
		if (!topology_server(root, i)->hidden)
			write_addresses(to, topology_server(root, i));
	}
}

/* A slash in a label must not make a folder. */
char *zonetext_file_name(const struct topology_zone *zone, const char *ending, char out[ZONETEXT_FILE_NAME_SIZE])
{
	size_t len = strlen(zone->text);

	snprintf(out, ZONETEXT_FILE_NAME_SIZE, "%.*s%s", (int)(len > 1 ? len - 1 : 4), len > 1 ? zone->text : "root", ending);
	for (char *p = out; *p; p++) {
		if (*p == '/')
			*p = '_';
	}
	return out;
}

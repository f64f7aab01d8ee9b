/* The configuration of PowerDNS Recursor. */
#include <stdio.h>

#include "tools/zonelab/files/kinds.h"
#include "tools/zonelab/files/node_file.h"

static void write_stubs(FILE *to, const struct lab *lab)
{
	const struct topology_zone *zone;
	const struct topology_node *server;
	bool is_first = true;
	uint64_t at = 0;

	while ((zone = deepest_zone_next(&lab->topology, &at)) != NULL) {
		uint32_t i = 0, count = 0;
		while ((server = delegate_next(zone, &i)) != NULL) {
			if (count == 0)
				fprintf(to, "%s%s=", is_first ? "forward-zones=" : ", ", zone->text);
			fputs(count++ > 0 ? ";" : "", to);
			write_address(to, &server->address, ADDRESS_COLON);
			is_first = false;
		}
	}
	fputc('\n', to);
}

static void write_forwarders(FILE *to, const struct topology_node *node)
{
	fputs("forward-zones-recurse=.=", to);
	for (uint32_t i = 0; i < node->forward_count; i++) {
		fputs(i > 0 ? ";" : "", to);
		write_address(to, &node->forward[i]->address, ADDRESS_COLON);
	}
	fputc('\n', to);
}

static void write_network(FILE *to, const struct lab *lab, const struct topology_node *node)
{
	fputs("local-address=", to);
	write_addresses(to, node, ADDRESS_IP, ",");
	fprintf(to, "\nlocal-port=%u\nquery-local-address=", netaddr_port(&node->address));
	if (source_must_be_told(lab))
		write_address(to, &node->address, ADDRESS_IP);
	else
		fprintf(to, "%s%s", node_has_family(node, AF_INET) ? "0.0.0.0" : "", !node_has_family(node, AF_INET6) ? "" : node_has_family(node, AF_INET) ? ", ::" : "::");
	fputs("\nallow-from=", to);
	write_everybody(to, lab, ",");
	fputs("\ndont-query=\n", to);
}

/* What is trusted stands in a program in Lua. */
static int trust_write(const struct lab *lab, const struct topology_node *node, const char *folder)
{
	FILE *to = node_file_open(lab, node, "trust.lua");

	if (!to)
		return ZT_EIO;
	fputs("-- made by zonelab\nclearTA('.')\n", to);
	if (node->validates)
		fprintf(to, "readTrustAnchorsFromFile(\"%s/" NODE_TRUST_ANCHOR "\")\n", folder);
	return node_file_close(to, "trust.lua");
}

static int recursor_write(const struct lab *lab, const struct topology_node *node)
{
	char folder[4096];
	int status = node_folder(lab, node, folder);
	FILE *to = status == ZT_OK ? node_file_open(lab, node, kind_recursor.config) : NULL;

	if (!to)
		return status != ZT_OK ? status : ZT_EIO;
	fputs("# made by zonelab\n", to);
	write_network(to, lab, node);
	fprintf(to,
		"hint-file=%s/root.hints\nlua-config-file=%s/trust.lua\ndnssec=%s\nserve-rfc1918=no\nsecurity-poll-suffix=\nthreads=1\npdns-distributes-queries=no\n"
		"max-cache-entries=100000\nmax-packetcache-entries=50000\nsocket-dir=.\nwrite-pid=no\ndaemon=no\ndisable-syslog=yes\nloglevel=5\n",
		folder, folder, node->validates ? "validate" : "process-no-validate");
	if (node->forward_count > 0)
		write_forwarders(to, node);
	else if (resolver_is_told_zones(lab, node))
		write_stubs(to, lab);
	status = node_file_close(to, kind_recursor.config);
	if (status == ZT_OK)
		status = trust_write(lab, node, folder);
	return status == ZT_OK ? root_hints_write(lab, node) : status;
}

const struct kind kind_recursor = {
	.title = "PowerDNS Recursor", .program = "pdns_recursor", .package = "pdns-recursor", .config = "recursor.conf", .arguments = { "--config-dir=FOLDER" },
	.write = recursor_write,
};

/* The configuration of Unbound. */
#include <stdio.h>

#include "tools/zonelab/files/kinds.h"
#include "tools/zonelab/files/node_file.h"

static void write_stubs(FILE *to, const struct lab *lab)
{
	const struct topology_zone *zone;
	const struct topology_node *server;
	uint64_t at = 0;

	while ((zone = deepest_zone_next(&lab->topology, &at)) != NULL) {
		uint32_t i = 0, count = 0;
		while ((server = delegate_next(zone, &i)) != NULL) {
			if (count++ == 0)
				fprintf(to, "stub-zone:\n\tname: \"%s\"\n", zone->text);
			fputs("\tstub-addr: ", to);
			write_address(to, &server->address, ADDRESS_AT);
			fputc('\n', to);
		}
	}
}

static void write_forwarders(FILE *to, const struct topology_node *node)
{
	fputs("forward-zone:\n\tname: \".\"\n", to);
	for (uint32_t i = 0; i < node->forward_count; i++) {
		fputs("\tforward-addr: ", to);
		write_address(to, &node->forward[i]->address, ADDRESS_AT);
		fputc('\n', to);
	}
}

/* Zones of its own that it would answer for without asking. */
static void write_no_defaults(FILE *to, const struct lab *lab)
{
	fputs("\tunblock-lan-zones: yes\n\tinsecure-lan-zones: yes\n", to);
	for (uint32_t i = 0; i < lab->topology.zone_count; i++) {
		const struct topology_zone *zone = &lab->topology.zones[i];
		if (zone->parent && !zone->standby)
			fprintf(to, "\tlocal-zone: \"%s\" nodefault\n", zone->text);
	}
}

static void write_server(FILE *to, const struct lab *lab, const struct topology_node *node, const char *folder)
{
	fputs("# made by zonelab\nserver:\n\tinterface: ", to);
	write_addresses(to, node, ADDRESS_AT, "\n\tinterface: ");
	if (source_must_be_told(lab)) {
		fputs("\n\toutgoing-interface: ", to);
		write_address(to, &node->address, ADDRESS_IP);
	}
	fprintf(to, "\n\tdo-ip4: %s\n\tdo-ip6: %s\n\taccess-control: ", node_has_family(node, AF_INET) ? "yes" : "no", node_has_family(node, AF_INET6) ? "yes" : "no");
	write_everybody(to, lab, " allow\n\taccess-control: ");
	fprintf(to,
		" allow\n\tusername: \"\"\n\tchroot: \"\"\n\tdirectory: \"%s\"\n\tpidfile: \"\"\n\tuse-syslog: no\n\tlogfile: \"\"\n\tlog-time-ascii: yes\n"
		"\tverbosity: 1\n\tnum-threads: 1\n\tdo-not-query-localhost: no\n\tmodule-config: \"%siterator\"\n",
		folder, node->validates ? "validator " : "");
	if (!resolver_is_told_zones(lab, node))      /* or it would have two about the root */
		fprintf(to, "\troot-hints: \"%s/root.hints\"\n", folder);
	if (node->validates)
		fprintf(to, "\ttrust-anchor-file: \"%s/" NODE_TRUST_ANCHOR "\"\n", folder);
	write_no_defaults(to, lab);
	fprintf(to, "remote-control:\n\tcontrol-enable: yes\n\tcontrol-interface: \"%s/control.sock\"\n\tcontrol-use-cert: no\n", folder);
}

static int unbound_write(const struct lab *lab, const struct topology_node *node)
{
	char folder[4096];
	int status = node_folder(lab, node, folder);
	FILE *to = status == ZT_OK ? node_file_open(lab, node, kind_unbound.config) : NULL;

	if (!to)
		return status != ZT_OK ? status : ZT_EIO;
	write_server(to, lab, node, folder);
	if (node->forward_count > 0)
		write_forwarders(to, node);
	else if (resolver_is_told_zones(lab, node))
		write_stubs(to, lab);
	status = node_file_close(to, kind_unbound.config);
	return status == ZT_OK ? root_hints_write(lab, node) : status;
}

const struct kind kind_unbound = {
	.title = "Unbound", .program = "unbound", .package = "unbound", .config = "unbound.conf", .arguments = { "-d", "-c", "CONFIG" },
	.write = unbound_write,
};

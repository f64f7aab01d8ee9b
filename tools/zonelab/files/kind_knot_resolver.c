/* The configuration of Knot Resolver, which is a program in Lua.
 *
 * In a lab on another port than 53 it asks the servers of the zone that the question lies in and takes what they say: a CNAME that leads into another
 * zone is not followed, as it would be in net mode. By default it keeps everything 5 s, whatever less a TTL says.
 */
#include <stdio.h>

#include "tools/zonelab/files/kinds.h"
#include "tools/zonelab/files/node_file.h"

/* A table of strings. */
static void write_listed(FILE *to, const struct netaddr *address, bool is_first)
{
	fputs(is_first ? "'" : ", '", to);
	write_address(to, address, ADDRESS_AT);
	fputc('\'', to);
}

static void write_hints(FILE *to, const struct lab *lab)
{
	const struct topology_zone *root = topology_zone(&lab->topology, name_root);
	const struct topology_node *server;
	uint32_t at = 0;

	fputs("hints.root({", to);
	while (root && (server = delegate_next(root, &at)) != NULL) {
		fprintf(to, "\n\t['%s.'] = {", server->name);
		for (uint32_t i = 0; i < server->address_count; i++) {
			fputs(i > 0 ? ", '" : "'", to);
			write_address(to, &server->addresses[i], ADDRESS_IP);
			fputc('\'', to);
		}
		fputs("},", to);
	}
	fputs("\n})\n", to);
}

static void write_stubs(FILE *to, const struct lab *lab)
{
	const struct topology_zone *zone;
	const struct topology_node *server;
	uint64_t at = 0;

	while ((zone = deepest_zone_next(&lab->topology, &at)) != NULL) {
		uint32_t i = 0, count = 0;
		while ((server = delegate_next(zone, &i)) != NULL) {
			fputs(count == 0 ? "policy.add(policy.suffix(policy.STUB({" : "", to);
			write_listed(to, &server->address, count++ == 0);
		}
		if (count > 0)
			fprintf(to, "}), policy.todnames({[[%s]]})))\n", zone->text);
	}
}

static void write_forwarders(FILE *to, const struct topology_node *node)
{
	fprintf(to, "policy.add(policy.all(policy.%s({", node->validates ? "FORWARD" : "STUB");
	for (uint32_t i = 0; i < node->forward_count; i++)
		write_listed(to, &node->forward[i]->address, i == 0);
	fputs("})))\n", to);
}

static void write_network(FILE *to, const struct lab *lab, const struct topology_node *node)
{
	fprintf(to, "net.ipv4 = %s\nnet.ipv6 = %s\n", node_has_family(node, AF_INET) ? "true" : "false", node_has_family(node, AF_INET6) ? "true" : "false");
	for (uint32_t i = 0; i < node->address_count; i++) {
		fputs("net.listen('", to);
		write_address(to, &node->addresses[i], ADDRESS_IP);
		fprintf(to, "', %u, { kind = 'dns' })\n", netaddr_port(&node->addresses[i]));
	}
	if (source_must_be_told(lab)) {
		fputs("net.outgoing_v4('", to);
		write_address(to, &node->address, ADDRESS_IP);
		fputs("')\n", to);
	}
}

/* It starts in its folder. */
static int knot_resolver_write(const struct lab *lab, const struct topology_node *node)
{
	char folder[4096];
	int status = node_folder(lab, node, folder);
	FILE *to = status == ZT_OK ? node_file_open(lab, node, kind_knot_resolver.config) : NULL;

	if (!to)
		return status != ZT_OK ? status : ZT_EIO;
	fputs("-- made by zonelab\nlog_target('stderr')\nlog_level('notice')\n", to);
	write_network(to, lab, node);
	fprintf(to, "net.listen(\"%s/control.sock\", nil, { kind = 'control' })\n", folder);
	fputs("cache.open(10 * MB, 'lmdb://state')\nmodules = { 'hints > iterate', 'policy' }\n", to);
	/* What asks the Internet's root for news. The lab's root is asked for its servers only where it is found on port 53. */
	fprintf(to, "modules.unload('ta_update')\nmodules.unload('ta_signal_query')\nmodules.unload('detect_time_skew')\nmodules.unload('detect_time_jump')\n%s",
		lab->topology.mode == TOPOLOGY_NET ? "" : "modules.unload('priming')\n");
	fputs("trust_anchors.remove('.')\n", to);
	if (node->validates)
		fputs("trust_anchors.add_file('" NODE_TRUST_ANCHOR "', true)\n", to);
	fputs("option('ALLOW_LOCAL', true)\npolicy.special_names = {}\n", to);      /* names such as test. are like others */
	write_hints(to, lab);
	if (node->forward_count > 0)
		write_forwarders(to, node);
	else if (resolver_is_told_zones(lab, node))
		write_stubs(to, lab);
	return node_file_close(to, kind_knot_resolver.config);
}

const struct kind kind_knot_resolver = {
	.title = "Knot Resolver", .program = "kresd", .package = "knot-resolver", .config = "kresd.conf", .arguments = { "-n", "-c", "CONFIG", "FOLDER" },
	.write = knot_resolver_write,
};

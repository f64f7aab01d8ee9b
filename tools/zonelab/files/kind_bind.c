/* The configuration of BIND, as a server and as a resolver.
 *
 * It listens only on addresses that an interface shows: among those of the loopback network this is 127.0.0.1. The waits around NOTIFY are its
 * defaults (notify-delay, 5 s); the shortest REFRESH and RETRY (300 and 500 s) are not, as no lab would last that long.
 */
#include <arpa/inet.h>
#include <stdio.h>

#include "lib/dns/present.h"
#include "lib/dns/rrtype.h"
#include "lib/zone/zonefile.h"
#include "tools/zonelab/files/kinds.h"
#include "tools/zonelab/files/node_file.h"
#include "tools/zonelab/topology/zonetext.h"

static int listening_check(const struct lab *lab, const struct topology_node *node)
{
	char text[NETADDR_TEXT_SIZE];

	if (lab->topology.mode == TOPOLOGY_NET || node->address.v4.sin_addr.s_addr == htonl(INADDR_LOOPBACK))
		return ZT_OK;
	fprintf(stderr, "zonelab: node %s cannot listen on %s: BIND needs net mode (or address: 127.0.0.1)\n", node->name,
		netaddr_ip_to_text(&node->address, text));
	return ZT_EUNSUPPORTED;
}

static void write_listening(FILE *to, const struct topology_node *node, sa_family_t family)
{
	fprintf(to, "\tlisten-on%s port %u {", family == AF_INET6 ? "-v6" : "", netaddr_port(&node->address));
	for (uint32_t i = 0; i < node->address_count; i++) {
		if (node->addresses[i].family != family)
			continue;
		fputc(' ', to);
		if (netaddr_is_wildcard(&node->addresses[i]))
			fputs("any", to);
		else
			write_address(to, &node->addresses[i], ADDRESS_IP);
		fputc(';', to);
	}
	fputs(node_has_family(node, family) ? " };\n" : " none; };\n", to);
}

static void write_acl(FILE *to, const char *key, const struct lab *lab)
{
	fprintf(to, "%s { ", key);
	write_everybody(to, lab, "; ");
	fputs("; };", to);
}

/* What both kinds have in common, up to within the options. */
static FILE *config_open(const struct lab *lab, const struct topology_node *node)
{
	char folder[4096];

	if (listening_check(lab, node) != ZT_OK || node_folder(lab, node, folder) != ZT_OK)
		return NULL;
	FILE *to = node_file_open(lab, node, kind_bind.config);
	if (!to)
		return NULL;
	fprintf(to,
		"// made by zonelab\ncontrols { };\noptions {\n\tdirectory \"%s\";\n\tpid-file \"state/named.pid\";\n\tsession-keyfile \"state/session.key\";\n"
		"\tlock-file none;\n\tmanaged-keys-directory \"state\";\n",
		folder);
	write_listening(to, node, AF_INET);
	write_listening(to, node, AF_INET6);
	fputs("\tempty-zones-enable no;\n\ttrust-anchor-telemetry no;\n\tmax-cache-size 16M;\n\t", to);
	write_acl(to, "allow-query", lab);
	fputc('\n', to);
	return to;
}

static void write_neighbours(FILE *to, const char *key, const struct topology_zone *zone, const struct topology_node *node, enum direction direction)
{
	const struct topology_node *other;
	uint32_t at = 0, count = 0;

	while ((other = neighbour_next(zone, node, direction, &at)) != NULL) {
		fprintf(to, count++ == 0 ? "\t%s { " : "", key);
		write_address(to, &other->address, ADDRESS_BIND);
		fputs("; ", to);
	}
	if (count > 0)
		fputs("};\n", to);
}

static void write_zone(FILE *to, const struct lab *lab, const struct topology_zone *zone, const struct topology_node *node)
{
	char journal[ZONETEXT_FILE_NAME_SIZE];
	bool is_primary = zone->primary == node;

	fprintf(to, "zone \"%s\" {\n\ttype %s;\n\tfile \"", zone->text, is_primary ? "primary" : "secondary");
	write_zone_file_name(to, zone, node);
	fprintf(to, "\";\n\tjournal \"state/%s\";\n", zonetext_file_name(zone, ".jnl", journal));
	if (!is_primary)
		fputs("\tmasterfile-format text;\n", to);
	write_neighbours(to, "primaries", zone, node, UPSTREAM);
	write_neighbours(to, "also-notify", zone, node, DOWNSTREAM);
	if (is_primary && zone->signing == SIGNING_NONE) {      /* one that takes updates would not read its file again */
		fputc('\t', to);
		write_acl(to, "allow-update", lab);
		fputc('\n', to);
	}
	fputs("};\n", to);
}

static int bind_write(const struct lab *lab, const struct topology_node *node)
{
	static const char *const acls[] = { "allow-transfer", "allow-notify" };
	FILE *to = config_open(lab, node);

	if (!to)
		return ZT_EIO;
	for (size_t i = 0; i < 2; i++) {
		fputc('\t', to);
		write_acl(to, acls[i], lab);
		fputc('\n', to);
	}
	fputs("\tdnssec-validation no;\n\trecursion no;\n\tnotify explicit;\n\tmin-refresh-time 1;\n\tmin-retry-time 1;\n\tixfr-from-differences primary;\n};\n", to);
	if (!topology_zone_at(&lab->topology, name_root, node))      /* or it knows the Internet's */
		fputs("zone \".\" { type hint; file \"/dev/null\"; };\n", to);
	for (uint32_t i = 0; i < lab->topology.zone_count; i++) {
		if (topology_serves(&lab->topology.zones[i], node))
			write_zone(to, lab, &lab->topology.zones[i], node);
	}
	return node_file_close(to, kind_bind.config);
}

const struct kind kind_bind = {
	.title = "BIND", .program = "named", .package = "bind9", .config = "named.conf", .arguments = { "-g", "-n", "1", "-U", "1", "-c", "CONFIG" },
	.takes_updates = true, .write = bind_write,
};

/* ---- the resolver -------------------------------------------------------------------------------------------------------- */

/* One trust anchor: its rdata's presentation has the fields in BIND's order, but for the quotes around the last. */
static int anchor_write(void *arg, const struct zonefile_record *record)
{
	FILE *to = arg;
	char name[NAME_TEXT_SIZE];
	struct buf text;

	if (record->type != TYPE_DS && record->type != TYPE_DNSKEY)
		return ZT_OK;
	buf_init(&text);
	rdata_to_text(record->type, record->rdata, record->rdata_len, &text);
	buf_add_u8(&text, 0);
	if (text.status == ZT_OK) {
		const char *at = (const char *)text.data;
		fprintf(to, "\t\"%s\" static-%s", name_to_text(record->owner, name), record->type == TYPE_DS ? "ds" : "key");
		for (int i = 0; i < 3; i++) {
			int len = (int)strcspn(at, " ");
			fprintf(to, " %.*s", len, at);
			at += len + (at[len] == ' ');
		}
		fprintf(to, " \"%s\";\n", at);
	}
	int status = text.status;
	buf_fini(&text);
	return status;
}

static int anchors_write(FILE *to, const struct lab *lab, const struct topology_node *node)
{
	struct zonefile_sink sink = { anchor_write, to };
	struct zonefile_report report;
	char path[4096];
	int status = lab_path(lab, node, NODE_TRUST_ANCHOR, path);

	if (status != ZT_OK)
		return status;
	fputs("trust-anchors {\n", to);
	zonefile_report_init(&report);
	status = zonefile_read(path, name_root, &sink, &report);
	if (status != ZT_OK)
		fprintf(stderr, "zonelab: node %s: no trust anchor: %s\n", node->name, report.message_count > 0 ? report.messages[0].text : status_text(status));
	zonefile_report_fini(&report);
	fputs("};\n", to);
	return status;
}

/* In a lab on another port than 53 `port` lets it find the delegated servers. */
static int bind_resolver_write(const struct lab *lab, const struct topology_node *node)
{
	FILE *to = config_open(lab, node);
	int status = ZT_OK;

	if (!to)
		return ZT_EIO;
	fprintf(to, "\tport %u;\n\trecursion yes;\n\t", netaddr_port(&node->address));
	write_acl(to, "allow-recursion", lab);
	fprintf(to, "\n\tdnssec-validation %s;\n", node->validates ? "yes" : "no");
	if (source_must_be_told(lab)) {
		fputs("\tquery-source address ", to);
		write_address(to, &node->address, ADDRESS_IP);
		fputs(";\n", to);
	}
	if (node->forward_count > 0) {
		fputs("\tforward only;\n\tforwarders { ", to);
		for (uint32_t i = 0; i < node->forward_count; i++) {
			write_address(to, &node->forward[i]->address, ADDRESS_BIND);
			fputs("; ", to);
		}
		fputs("};\n", to);
	}
	fputs("};\nzone \".\" { type hint; file \"root.hints\"; };\n", to);
	if (node->validates)
		status = anchors_write(to, lab, node);
	int closed = node_file_close(to, kind_bind_resolver.config);
	if (status == ZT_OK)
		status = closed;
	return status == ZT_OK ? root_hints_write(lab, node) : status;
}

const struct kind kind_bind_resolver = {
	.title = "BIND resolver", .program = "named", .package = "bind9", .config = "named.conf", .arguments = { "-g", "-n", "1", "-U", "1", "-c", "CONFIG" },
	.write = bind_resolver_write,
};

/* The configuration of PowerDNS's authoritative server.
 *
 * Its backend reads zone files, as BIND's configuration lists them: it takes no UPDATE and gives IXFR to nobody. Once a cycle it looks which zones
 * are due and which have changed; its cycle of 60 s is made one of 1 s, or a lab's REFRESH would not count and a change would be told of a minute late.
 */
#include <stdio.h>

#include "tools/zonelab/files/kinds.h"
#include "tools/zonelab/files/node_file.h"

static void write_neighbours(FILE *to, const char *key, const struct topology_zone *zone, const struct topology_node *node, enum direction direction)
{
	const struct topology_node *other;
	uint32_t at = 0, count = 0;

	while ((other = neighbour_next(zone, node, direction, &at)) != NULL) {
		fprintf(to, count++ == 0 ? "\t%s { " : "", key);
		write_address(to, &other->address, ADDRESS_COLON);
		fputs("; ", to);
	}
	if (count > 0)
		fputs("};\n", to);
}

static int zones_write(const struct lab *lab, const struct topology_node *node, const char *folder)
{
	FILE *to = node_file_open(lab, node, "named.conf");

	if (!to)
		return ZT_EIO;
	for (uint32_t i = 0; i < lab->topology.zone_count; i++) {
		const struct topology_zone *zone = &lab->topology.zones[i];
		if (!topology_serves(zone, node))
			continue;
		fprintf(to, "zone \"%s\" {\n\ttype %s;\n\tfile \"%s/", zone->text, zone->primary == node ? "master" : "slave", folder);
		write_zone_file_name(to, zone, node);
		fputs("\";\n", to);
		write_neighbours(to, "masters", zone, node, UPSTREAM);
		write_neighbours(to, "also-notify", zone, node, DOWNSTREAM);
		fputs("};\n", to);
	}
	return node_file_close(to, "named.conf");
}

static void write_setting(FILE *to, const char *key, const struct lab *lab)
{
	fprintf(to, "%s=", key);
	write_everybody(to, lab, ",");
	fputc('\n', to);
}

/* That a zone comes signed is kept in a data base, which only its own tool makes; the server itself notes it of the zones that it transfers. */
static int signed_note(const struct lab *lab, const struct topology_node *node)
{
	static const char *const create[] = { "pdnsutil", "--config-dir=FOLDER", "create-bind-db", "FOLDER/state/dnssec.db", NULL };
	static const char *const note[] = { "pdnsutil", "--config-dir=FOLDER", "set-presigned", "ZONE", NULL };
	int status = kind_run(lab, node, create, NULL);

	for (uint32_t i = 0; i < lab->topology.zone_count && status == ZT_OK; i++) {
		const struct topology_zone *zone = &lab->topology.zones[i];
		if (zone->primary == node && zone->signing != SIGNING_NONE)
			status = kind_run(lab, node, note, zone);
	}
	return status;
}

static bool has_signed(const struct lab *lab, const struct topology_node *node)
{
	bool found = false;

	for (uint32_t i = 0; i < lab->topology.zone_count; i++)
		found = found || (lab->topology.zones[i].signing != SIGNING_NONE && topology_serves(&lab->topology.zones[i], node));
	return found;
}

static int pdns_write(const struct lab *lab, const struct topology_node *node)
{
	static const char *const acls[] = { "allow-axfr-ips", "allow-notify-from", "trusted-notification-proxy" };
	bool is_signed = has_signed(lab, node);
	char folder[4096];
	int status = node_folder(lab, node, folder);

	if (lab->inside && is_signed) {
		fprintf(stderr, "zonelab: node %s: PowerDNS with a signed zone needs a data base, which cannot be written for elsewhere; expected another kind\n",
			node->name);
		return ZT_EUNSUPPORTED;
	}
	FILE *to = status == ZT_OK ? node_file_open(lab, node, kind_pdns.config) : NULL;
	if (!to)
		return status != ZT_OK ? status : ZT_EIO;
	fprintf(to, "# made by zonelab\nlaunch=bind\nbind-config=%s/named.conf\nlocal-address=", folder);
	write_addresses(to, node, ADDRESS_IP, ",");
	fprintf(to, "\nlocal-port=%u\n", netaddr_port(&node->address));
	if (source_must_be_told(lab)) {
		fputs("query-local-address=", to);
		write_address(to, &node->address, ADDRESS_IP);
		fputc('\n', to);
	}
	for (size_t i = 0; i < sizeof(acls) / sizeof(acls[0]); i++)
		write_setting(to, acls[i], lab);
	fputs("primary=yes\nsecondary=yes\nsecondary-do-renotify=yes\nonly-notify=\nxfr-cycle-interval=1\n"
	      "socket-dir=.\nwrite-pid=no\ndaemon=no\nguardian=no\ndisable-syslog=yes\nloglevel=5\nsecurity-poll-suffix=\n"
	      "receiver-threads=1\ndistributor-threads=1\nretrieval-threads=1\nsigning-threads=1\n", to);
	if (is_signed)
		fprintf(to, "bind-dnssec-db=%s/state/dnssec.db\n", folder);
	status = node_file_close(to, kind_pdns.config);
	if (status == ZT_OK)
		status = zones_write(lab, node, folder);
	return status == ZT_OK && is_signed ? signed_note(lab, node) : status;
}

const struct kind kind_pdns = {
	.title = "PowerDNS", .program = "pdns_server", .package = "pdns-backend-bind", .config = "pdns.conf", .arguments = { "--config-dir=FOLDER" },
	.reload = { "pdns_control", "--socket-dir=FOLDER", "bind-reload-now", "ZONE" }, .write = pdns_write,
};

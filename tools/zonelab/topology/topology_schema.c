/* The tables of the topology file: each key with its type, its default and what it means. */
#include <arpa/inet.h>
#include <string.h>

#include "lib/dns/rrtype.h"
#include "tools/zonelab/topology/topology_reader.h"

/* A node's name is also a folder's. */
static const char *node_name_check(const char *text)
{
	uint8_t name[NAME_MAX_LEN];
	bool fine = name_from_text(name, text, NULL) == ZT_OK && name[0] != 0;

	for (const char *p = text; *p; p++)
		fine = fine && ((*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') || (*p >= '0' && *p <= '9') || *p == '.' || *p == '-' || *p == '_');
	return fine ? NULL : "a host name of letters, digits, - and _, such as ns1.example";
}

/* A zone's name also stands in files of many grammars, and in a shell's command. */
static const char *zone_name_check(const char *text)
{
	uint8_t name[NAME_MAX_LEN];
	bool fine = name_from_text(name, text, NULL) == ZT_OK;

	for (const char *p = text; *p; p++)
		fine = fine && ((*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') || (*p >= '0' && *p <= '9') || strchr(".-_/", *p));
	return fine ? NULL : "a domain name of letters, digits, -, _ and /, such as shop.example";
}

static const char *name_check(const char *text)
{
	uint8_t name[NAME_MAX_LEN];
	return name_from_text(name, text, NULL) == ZT_OK ? NULL : "a domain name, such as ns1.example";
}

static const char *type_check(const char *text)
{
	uint16_t type;
	return rr_type_from_text(text, &type) && !rr_type_is_meta(type) ? NULL : "a record type, such as A";
}

static const char *network_check(const char *text)
{
	struct in_addr addr;
	bool loopback = inet_pton(AF_INET, text, &addr) == 1 && ntohl(addr.s_addr) >> 24 == 127;
	return loopback ? NULL : "an address in 127.0.0.0/8, such as 127.53.0.0";
}

static const char *network6_check(const char *text)
{
	struct in6_addr addr;
	bool is_private = inet_pton(AF_INET6, text, &addr) == 1 && (addr.s6_addr[0] & 0xfe) == 0xfc;
	return is_private ? NULL : "an address in fc00::/7, such as fd53::";
}

const char *topology_network_check(const char *text)
{
	struct in_addr addr;
	bool is_private = inet_pton(AF_INET, text, &addr) == 1 && (ntohl(addr.s_addr) >> 24 == 10 || ntohl(addr.s_addr) >> 20 == 0xac1 || ntohl(addr.s_addr) >> 16 == 0xc0a8);
	return is_private ? NULL : "an address in 10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16, such as 10.53.0.0";
}

static const struct schema_name kinds[] = {
	{ "authd", NODE_AUTHD }, { "nsd", NODE_NSD }, { "knot", NODE_KNOT }, { "bind", NODE_BIND }, { "powerdns", NODE_PDNS },
	{ "resolverd", NODE_RESOLVERD }, { "unbound", NODE_UNBOUND }, { "knot-resolver", NODE_KNOT_RESOLVER },
	{ "bind-resolver", NODE_BIND_RESOLVER }, { "recursor", NODE_RECURSOR }, { NULL, 0 },
};

static const struct schema_name validations[] = { { "where-signed", VALIDATE_WHERE_SIGNED }, { "yes", VALIDATE_YES }, { "no", VALIDATE_NO }, { NULL, 0 } };
static const struct schema_name signings[] = { { "no", SIGNING_NONE }, { "nsec", SIGNING_NSEC }, { "nsec3", SIGNING_NSEC3 }, { NULL, 0 } };

static const struct schema_row node_rows[] = {
	{ "name", SCHEMA_TEXT, offsetof(struct node_conf, name), SCHEMA_REQUIRED | SCHEMA_UNIQUE, .check = node_name_check,
	  .help = "The node's name, which is also its host name." },
	{ "kind", SCHEMA_ENUM, offsetof(struct node_conf, kind), SCHEMA_REQUIRED, .names = kinds, .help = "What runs there." },
	{ "address", SCHEMA_ADDRESS, offsetof(struct node_conf, address), .port = 0,
	  .help = "A loopback address of its own; by default the next one of the lab's network." },
	{ "net-address", SCHEMA_ADDRESS, offsetof(struct node_conf, net_addresses), SCHEMA_LIST, .port = 0,
	  .help = "Its addresses in net mode, of either family; by default the next one of each of the lab's networks." },
	{ "hidden", SCHEMA_BOOL, offsetof(struct node_conf, hidden), .fallback = "no", .help = "Leave the node out of NS records." },
	{ "forward", SCHEMA_TEXT, offsetof(struct node_conf, forward), SCHEMA_LIST,
	  .help = "Resolvers this resolver asks instead of resolving from the root." },
	{ "validate", SCHEMA_ENUM, offsetof(struct node_conf, validate), .names = validations, .fallback = "where-signed",
	  .help = "Whether a resolver validates; by default where the top zone is signed, whose key it is then given. resolverd does not yet." },
};

static const struct schema node_schema = { .what = "node", .size = sizeof(struct node_conf), .rows = node_rows,
					   .row_count = SCHEMA_COUNT(node_rows) };

static const struct schema_row secondary_rows[] = {
	{ "node", SCHEMA_TEXT, offsetof(struct secondary_conf, name), SCHEMA_REQUIRED, .help = "Who serves the zone, too." },
	{ "from", SCHEMA_TEXT, offsetof(struct secondary_conf, from), SCHEMA_LIST, .help = "Whom it transfers from; by default the primary." },
};

static const struct schema secondary_schema = { .what = "secondary", .size = sizeof(struct secondary_conf), .rows = secondary_rows,
						.row_count = SCHEMA_COUNT(secondary_rows), .shorthand = "node" };

#define SECONDS_MAX (INT64_C(0x7fffffff) * USEC_PER_SEC)

static const struct schema_row zone_rows[] = {
	{ "name", SCHEMA_TEXT, offsetof(struct zone_conf, name), SCHEMA_REQUIRED, .check = zone_name_check, .help = "The zone's apex." },
	{ "primary", SCHEMA_TEXT, offsetof(struct zone_conf, primary), SCHEMA_REQUIRED, .help = "The node that holds the zone file." },
	{ "secondaries", SCHEMA_MAPPING, offsetof(struct zone_conf, secondaries), SCHEMA_LIST, .mapping = &secondary_schema,
	  .help = "Nodes that transfer the zone, from the primary or from each other." },
	{ "parent-servers", SCHEMA_TEXT, offsetof(struct zone_conf, parent_servers), SCHEMA_LIST, .check = name_check,
	  .help = "The servers that the parent names; by default those of the zone that are not hidden." },
	{ "standby", SCHEMA_BOOL, offsetof(struct zone_conf, standby), .fallback = "no",
	  .help = "A second copy of the zone, at other nodes, to which the parent does not delegate (yet)." },
	{ "signed", SCHEMA_ENUM, offsetof(struct zone_conf, signing), .names = signings, .fallback = "no", .help = "Sign it, with NSEC or NSEC3." },
	{ "ttl", SCHEMA_DURATION, offsetof(struct zone_conf, ttl), .fallback = "1h", .min = 0, .max = SECONDS_MAX, .help = "TTL of the zone's records." },
	{ "refresh", SCHEMA_DURATION, offsetof(struct zone_conf, refresh), .fallback = "30s", .min = USEC_PER_SEC, .max = SECONDS_MAX, .help = "SOA REFRESH." },
	{ "retry", SCHEMA_DURATION, offsetof(struct zone_conf, retry), .fallback = "10s", .min = USEC_PER_SEC, .max = SECONDS_MAX, .help = "SOA RETRY." },
	{ "expire", SCHEMA_DURATION, offsetof(struct zone_conf, expire), .fallback = "1h", .min = USEC_PER_SEC, .max = SECONDS_MAX, .help = "SOA EXPIRE." },
	{ "minimum", SCHEMA_DURATION, offsetof(struct zone_conf, minimum), .fallback = "10s", .min = 0, .max = SECONDS_MAX,
	  .help = "SOA MINIMUM, the TTL of negative answers." },
	{ "records", SCHEMA_TEXT, offsetof(struct zone_conf, records),
	  .help = "Zone-file lines added to the SOA, NS and address records that zonelab makes." },
	{ "file", SCHEMA_PATH, offsetof(struct zone_conf, file), .help = "A whole zone file, instead of a made one; FILE.xz is unpacked." },
};

static const struct schema zone_schema = { .what = "zone", .size = sizeof(struct zone_conf), .rows = zone_rows,
					   .row_count = SCHEMA_COUNT(zone_rows) };

static const struct schema_row link_rows[] = {
	{ "from", SCHEMA_TEXT, offsetof(struct link_conf, from), SCHEMA_LIST | SCHEMA_REQUIRED, .help = "Nodes at one end; * for all." },
	{ "to", SCHEMA_TEXT, offsetof(struct link_conf, to), SCHEMA_LIST, .fallback = "*", .help = "Those at the other end." },
	{ "one-way", SCHEMA_BOOL, offsetof(struct link_conf, one_way), .fallback = "no", .help = "Only what is sent that way; by default both." },
	WEATHER_ROWS(struct link_conf, weather),
};

static const struct schema link_schema = { .what = "link", .size = sizeof(struct link_conf), .rows = link_rows,
					   .row_count = SCHEMA_COUNT(link_rows) };

static const struct schema_row demo_rows[] = {
	{ "zone", SCHEMA_TEXT, offsetof(struct demo_conf, zone), SCHEMA_REQUIRED, .check = name_check, .help = "Zone to change." },
	{ "name", SCHEMA_TEXT, offsetof(struct demo_conf, name), SCHEMA_REQUIRED, .check = name_check, .help = "Name whose record is replaced." },
	{ "type", SCHEMA_TEXT, offsetof(struct demo_conf, type), .fallback = "A", .check = type_check, .help = "Its type." },
	{ "rdata", SCHEMA_TEXT, offsetof(struct demo_conf, rdata), SCHEMA_REQUIRED, .help = "The new value." },
};

static const struct schema demo_schema = { .what = "demo", .size = sizeof(struct demo_conf), .rows = demo_rows,
					   .row_count = SCHEMA_COUNT(demo_rows) };

static const struct schema_row clients_rows[] = {
	{ "rate", SCHEMA_INT, offsetof(struct clients_conf, rate), .fallback = "1", .min = 0, .max = 1000,
	  .help = "Questions a second that each resolver gets for the watched name, at random moments." },
	{ "seed", SCHEMA_INT, offsetof(struct clients_conf, seed), .fallback = "1", .min = 0, .max = INT64_MAX, .help = "Of the random moments." },
};

static const struct schema clients_schema = { .what = "clients", .size = sizeof(struct clients_conf), .rows = clients_rows,
					      .row_count = SCHEMA_COUNT(clients_rows) };

static const struct schema_row topology_rows[] = {
	{ "name", SCHEMA_TEXT, offsetof(struct topology_conf, name), .fallback = "lab", .help = "The lab's name." },
	{ "port", SCHEMA_INT, offsetof(struct topology_conf, port), .fallback = "5300", .min = 1, .max = 65535, .help = "Port of every node." },
	{ "network", SCHEMA_TEXT, offsetof(struct topology_conf, network), .fallback = "127.53.0.0", .check = network_check,
	  .help = "Nodes without an address get the next one after this." },
	{ "net-network", SCHEMA_TEXT, offsetof(struct topology_conf, net_network), .fallback = "10.53.0.0", .check = topology_network_check,
	  .help = "The same in net mode." },
	{ "net-network6", SCHEMA_TEXT, offsetof(struct topology_conf, net_network6), .fallback = "fd53::", .check = network6_check,
	  .help = "The same in net mode, for IPv6." },
	{ "nodes", SCHEMA_MAPPING, offsetof(struct topology_conf, nodes), SCHEMA_LIST | SCHEMA_REQUIRED, .mapping = &node_schema, .help = "Servers and resolvers." },
	{ "zones", SCHEMA_MAPPING, offsetof(struct topology_conf, zones), SCHEMA_LIST | SCHEMA_REQUIRED, .mapping = &zone_schema, .help = "Zones and who serves them." },
	{ "links", SCHEMA_MAPPING, offsetof(struct topology_conf, links), SCHEMA_LIST, .mapping = &link_schema,
	  .help = "In net mode, the weather between nodes at the start; later entries change what earlier ones have given." },
	{ "demo", SCHEMA_MAPPING, offsetof(struct topology_conf, demo), .mapping = &demo_schema, .help = "What zonelab demo changes." },
	{ "clients", SCHEMA_MAPPING, offsetof(struct topology_conf, clients), .mapping = &clients_schema, .help = "Who asks the resolvers." },
};

const struct schema topology_schema = { .what = "topology", .size = sizeof(struct topology_conf), .rows = topology_rows,
					       .row_count = SCHEMA_COUNT(topology_rows) };

const char *topology_kind_text(enum node_kind kind)
{
	return kinds[kind].name;
}

void topology_keys_write(FILE *to, const char *what)
{
	static const struct schema *const schemas[] = {
		&topology_schema, &node_schema, &zone_schema, &secondary_schema, &link_schema, &clients_schema, &demo_schema,
	};

	for (size_t i = 0; i < SCHEMA_COUNT(schemas); i++) {
		for (size_t j = 0; strcmp(schemas[i]->what, what) == 0 && j < schemas[i]->row_count; j++) {
			const struct schema_row *row = &schemas[i]->rows[j];
			fprintf(to, "#   %-15s %s", row->key, row->help);
			for (const struct schema_name *name = row->names; name && name->name; name++)
				fprintf(to, "%s%s", name == row->names ? " One of: " : ", ", name->name);
			fprintf(to, row->fallback ? " (%s)\n" : "\n", row->fallback);
		}
	}
}

/* The topology file: which nodes there are, which zones, who serves what, which resolver forwards to whom.
 *
 * Reading it checks everything that can be checked without starting anything: unknown nodes, two nodes on one address, a zone whose parent is not
 * in the lab, a forwarder that is no resolver, resolvers that forward or servers that transfer in a circle. All problems are reported as FILE:LINE:COL. What stands in
 * the zones is checked apart (zone_check_all): that can read other files.
 *
 * Limits: 1,000 nodes, 1,000 zones, 10,000 pairs of a node and a zone it serves.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "lib/base/netaddr.h"
#include "lib/base/status.h"
#include "lib/conf/problems.h"
#include "lib/conf/yaml_tree.h"
#include "lib/dns/name.h"
#include "tools/zonelab/weather/weather_text.h"

enum { TOPOLOGY_RDATA_SIZE = 512 };      /* of the demo's record */

/* Servers first; resolvers from NODE_RESOLVERD on. */
enum node_kind {
	NODE_AUTHD, NODE_NSD, NODE_KNOT, NODE_BIND, NODE_PDNS,
	NODE_RESOLVERD, NODE_UNBOUND, NODE_KNOT_RESOLVER, NODE_BIND_RESOLVER, NODE_RECURSOR,
	NODE_KIND_COUNT
};

/* How nodes are reached: on loopback addresses and one port, or in networks of their own, on port 53. */
enum topology_mode { TOPOLOGY_LOOPBACK, TOPOLOGY_NET };

struct topology_node {
	const char *name;                  /* without a final dot; also its host name */
	uint8_t host[NAME_MAX_LEN];        /* the same as a domain name */
	enum node_kind kind;
	struct netaddr address;            /* the first of the addresses */
	const struct netaddr *addresses;   /* in the topology's mode, with its port */
	uint32_t address_count;            /* at least 1 */
	struct netaddr *of_mode[2];        /* by enum topology_mode; see topology_set_mode */
	uint32_t of_mode_count[2];
	bool hidden;                       /* not in the NS set of its zones */
	bool validates;                    /* of a resolver */
	const struct topology_node **forward;      /* resolvers it asks instead of resolving itself */
	uint32_t forward_count;
	uint32_t tier;                     /* of a resolver: how many caches an answer of it has passed, itself included */
};

/* Where something stands in the file, from 1. */
struct topology_place {
	unsigned line, column;
};

enum zone_signing { SIGNING_NONE, SIGNING_NSEC, SIGNING_NSEC3 };

struct topology_secondary {
	const struct topology_node *node;
	const struct topology_node **from;         /* whom it transfers from; at least one */
	uint32_t from_count;
};

/* A server that a parent names. */
struct topology_delegate {
	uint8_t host[NAME_MAX_LEN];
	const struct topology_node *node;          /* NULL: nobody of the lab */
};

struct topology_zone {
	const char *text;                  /* the name as written, with a final dot */
	uint8_t apex[NAME_MAX_LEN];
	const struct topology_node *primary;
	struct topology_secondary *secondaries;
	uint32_t secondary_count;
	const struct topology_zone *parent;        /* the closest zone above; NULL for the top */
	struct topology_delegate *parent_servers;  /* what the parent says instead of the servers that are not hidden */
	uint32_t parent_server_count;              /* 0: they are the same */
	bool standby;                              /* another copy, at other nodes, which nobody is sent to */
	enum zone_signing signing;
	uint32_t ttl, refresh, retry, expire, minimum;      /* seconds */
	struct topology_place place;
	const char *records;               /* zone-file lines; may be NULL */
	struct topology_place records_place;
	bool records_are_block;            /* line n of the records stands n lines below records_place */
	const char *file;                  /* a whole zone file instead; may be NULL */
	bool file_is_packed;               /* by xz */
};

/* The weather between each of some nodes and each of others when the lab comes up; later ones change what earlier ones have given. */
struct topology_link {
	const struct topology_node **from, **to;
	uint32_t from_count, to_count;     /* 0: everybody */
	bool one_way;
	struct weather_conf weather;       /* what is given */
};

/* What `zonelab demo` does. */
struct topology_demo {
	const struct topology_zone *zone;
	uint8_t name[NAME_MAX_LEN];
	const char *name_text;
	uint16_t type;
	const char *rdata;                 /* presentation form of the new record */
};

/* Who asks the resolvers for what is watched. */
struct topology_clients {
	double rate;                       /* questions a second at each resolver; 0 for none */
	uint64_t seed;                     /* of the gaps between them */
};

struct topology {
	struct yaml_tree tree;             /* owns the strings and arrays */
	const char *name;
	enum topology_mode mode;           /* loopback at first */
	uint16_t port;                     /* of all nodes in loopback mode */
	struct topology_node *nodes;
	uint32_t node_count;
	struct topology_zone *zones;
	uint32_t zone_count;
	struct topology_link *links;
	uint32_t link_count;
	bool has_demo;
	struct topology_demo demo;
	struct topology_clients clients;
};

struct topology_text {
	const char *file;                  /* its name for messages; what it names is relative to its folder */
	const char *text;
	size_t len;
};

/* Problems are added; then ZT_ESYNTAX and there is nothing to free. The topology must not move afterwards. */
int topology_parse(struct topology *topology, const struct topology_text *source, struct problems *problems) ZT_MUST_CHECK;
void topology_free(struct topology *topology);
/* Another port for all nodes in loopback mode. */
void topology_set_port(struct topology *topology, uint16_t port);
/* Gives every node the addresses of the mode. */
void topology_set_mode(struct topology *topology, enum topology_mode mode);
/* NULL where `network` can be one for net mode, else what was expected. */
const char *topology_network_check(const char *network);
/* Gives every node, in net mode, the next address of the network, and of the IPv6 one where there is one, whatever the file says. */
void topology_renumber(struct topology *topology, const char *network, const char *network6);
/* The keys of one kind of mapping in topology files ("topology", "node", "zone", "secondary", "link", "clients", "demo") as lines of comment. */
void topology_keys_write(FILE *to, const char *what);
/* The name of a kind as topologies write it. */
const char *topology_kind_text(enum node_kind kind);
static inline bool topology_is_resolver(const struct topology_node *node) { return node->kind >= NODE_RESOLVERD; }

/* Pairs of a node and a zone it serves, and the resolvers: as many questions as there are to ask. */
uint32_t topology_role_count(const struct topology *topology);

/* NULL if there is no such node; a final dot does not matter. */
const struct topology_node *topology_node(const struct topology *topology, const char *name);
/* The name that `name` may be a slip of the fingers for; NULL: none. */
const char *topology_node_nearest(const struct topology *topology, const char *name);
/* The one that is not standing by. */
const struct topology_zone *topology_zone(const struct topology *topology, const uint8_t *apex);
/* The copy that the node serves; NULL if it serves none. */
const struct topology_zone *topology_zone_at(const struct topology *topology, const uint8_t *apex, const struct topology_node *node);
/* The deepest zone that holds the name; NULL if none does. */
const struct topology_zone *topology_zone_of(const struct topology *topology, const uint8_t *name);
bool topology_serves(const struct topology_zone *zone, const struct topology_node *node);
/* Nodes of a zone, primary first: 0 is the primary, i the i-th secondary. */
static inline const struct topology_node *topology_server(const struct topology_zone *zone, uint32_t i)
{
	return i == 0 ? zone->primary : zone->secondaries[i - 1].node;
}
/* Whether `from` is one of those that `node` transfers the zone from. */
bool topology_transfers(const struct topology_zone *zone, const struct topology_node *node, const struct topology_node *from);
/* The weather at the start of what `from` sends to `to`; NULL and NULL: where nothing is said of single nodes. */
void topology_weather(const struct topology *topology, const struct topology_node *from, const struct topology_node *to, struct weather *weather);

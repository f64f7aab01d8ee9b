/* The topology file: which nodes there are, which zones, who serves what, which resolver forwards to whom.
 *
 * Reading it checks everything that can be checked without starting anything: unknown nodes, two nodes on one address, a zone whose parent is not
 * in the lab, a forwarder that is no resolver, resolvers that forward in a circle. All problems are reported as FILE:LINE:COL. What stands in
 * the zones is checked apart (zone_check_all): that can read other files.
 *
 * Limits: 1,000 nodes, 1,000 zones, 10,000 pairs of a node and a zone it serves.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/netaddr.h"
#include "lib/base/status.h"
#include "lib/conf/problems.h"
#include "lib/conf/yaml_tree.h"
#include "lib/dns/name.h"

enum { TOPOLOGY_RDATA_SIZE = 512 };      /* of the demo's record */

enum node_kind { NODE_AUTHD, NODE_RESOLVERD };

struct topology_node {
	const char *name;                  /* without a final dot; also its host name */
	uint8_t host[NAME_MAX_LEN];        /* the same as a domain name */
	enum node_kind kind;
	struct netaddr address;            /* with the lab's port */
	bool hidden;                       /* not in the NS set of its zones */
	const struct topology_node **forward;      /* resolvers it asks instead of resolving itself */
	uint32_t forward_count;
	uint32_t tier;                     /* of a resolver: how many caches an answer of it has passed, itself included */
};

/* Where something stands in the file, from 1. */
struct topology_place {
	unsigned line, column;
};

struct topology_zone {
	const char *text;                  /* the name as written, with a final dot */
	uint8_t apex[NAME_MAX_LEN];
	const struct topology_node *primary;
	const struct topology_node **secondaries;
	uint32_t secondary_count;
	const struct topology_zone *parent;        /* the closest zone above; NULL for the top */
	uint32_t ttl, refresh, retry, expire, minimum;      /* seconds */
	struct topology_place place;
	const char *records;               /* zone-file lines; may be NULL */
	struct topology_place records_place;
	bool records_are_block;            /* line n of the records stands n lines below records_place */
	const char *file;                  /* a whole zone file instead; may be NULL */
};

/* What `zonelab demo` does. */
struct topology_demo {
	const struct topology_zone *zone;
	uint8_t name[NAME_MAX_LEN];
	const char *name_text;
	uint16_t type;
	const char *rdata;                 /* presentation form of the new record */
};

struct topology {
	struct yaml_tree tree;             /* owns the strings and arrays */
	const char *name;
	uint16_t port;
	struct topology_node *nodes;
	uint32_t node_count;
	struct topology_zone *zones;
	uint32_t zone_count;
	bool has_demo;
	struct topology_demo demo;
};

struct topology_text {
	const char *file;                  /* its name for messages; what it names is relative to its folder */
	const char *text;
	size_t len;
};

/* Problems are added; then ZT_ESYNTAX and there is nothing to free. The topology must not move afterwards. */
int topology_parse(struct topology *topology, const struct topology_text *source, struct problems *problems) ZT_MUST_CHECK;
void topology_free(struct topology *topology);
/* Another port for all nodes. */
void topology_set_port(struct topology *topology, uint16_t port);

/* Pairs of a node and a zone it serves, and the resolvers: as many questions as there are to ask. */
uint32_t topology_role_count(const struct topology *topology);

/* NULL if there is no such node; a final dot does not matter. */
const struct topology_node *topology_node(const struct topology *topology, const char *name);
const struct topology_zone *topology_zone(const struct topology *topology, const uint8_t *apex);
/* The deepest zone that holds the name; NULL if none does. */
const struct topology_zone *topology_zone_of(const struct topology *topology, const uint8_t *name);
bool topology_serves(const struct topology_zone *zone, const struct topology_node *node);
/* Nodes of a zone, primary first: 0 is the primary, i the i-th secondary. */
static inline const struct topology_node *topology_server(const struct topology_zone *zone, uint32_t i)
{
	return i == 0 ? zone->primary : zone->secondaries[i - 1];
}

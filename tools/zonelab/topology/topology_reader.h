/* What the parts of the topology's reader share: the values of the file as the tables filled them, and how a problem is told. Not for others. */
#pragma once

#include "lib/base/clock.h"
#include "lib/conf/schema.h"
#include "tools/zonelab/topology/topology.h"

enum { NODE_ADDRESSES_MAX = 8 };

struct node_conf {
	const struct yaml_node *node;
	const char *name;
	int kind;
	struct netaddr address;
	struct schema_list net_addresses;      /* struct netaddr */
	bool hidden;
	struct schema_list forward;
	int validate;                          /* enum validate_choice */
};

enum validate_choice { VALIDATE_WHERE_SIGNED, VALIDATE_YES, VALIDATE_NO };

struct secondary_conf {
	const struct yaml_node *node;
	const char *name;
	struct schema_list from;
};

struct zone_conf {
	const struct yaml_node *node;
	const char *name;
	const char *primary;
	struct schema_list secondaries;        /* struct secondary_conf */
	struct schema_list parent_servers;
	bool standby;
	int signing;
	usec_t ttl, refresh, retry, expire, minimum;
	const char *records;
	const char *file;
};

struct link_conf {
	const struct yaml_node *node;
	struct schema_list from, to;
	bool one_way;
	struct weather_conf weather;
};

struct demo_conf {
	const struct yaml_node *node;
	const char *zone;
	const char *name;
	const char *type;
	const char *rdata;
};

struct clients_conf {
	int64_t rate, seed;
};

struct topology_conf {
	const struct yaml_node *node;
	const char *name;
	int64_t port;
	const char *network;
	const char *net_network;
	const char *net_network6;
	struct schema_list nodes;
	struct schema_list zones;
	struct schema_list links;              /* struct link_conf */
	struct demo_conf demo;
	struct clients_conf clients;
};

extern const struct schema topology_schema;

struct reader {
	struct topology *topology;
	const struct topology_conf *conf;
	const struct topology_text *source;
	struct problems *problems;
	int status;
};

#define PROBLEM(reader, at, ...) problems_add((reader)->problems, (at) ? (at)->line : 0, (at) ? (at)->column : 0, __VA_ARGS__)

/* Zeroed memory that lives as long as the topology; NULL (and reader->status) without any. */
void *reader_take(struct reader *reader, size_t size);
/* The node a word names, which must be a resolver or else a server; NULL with a problem told. */
const struct topology_node *reader_node(struct reader *reader, const char *name, bool is_resolver, const struct yaml_node *at);

/* In this order; from the second on all nodes are there. */
void topology_read_node(struct reader *reader, const struct node_conf *conf, uint32_t index);
void topology_read_forward(struct reader *reader, const struct node_conf *conf, struct topology_node *node);
void topology_read_zone(struct reader *reader, const struct zone_conf *conf, uint32_t index);
void topology_read_link(struct reader *reader, const struct link_conf *conf, struct topology_link *link);
/* Once there are no problems with the single ones. */
void topology_find_tiers(struct reader *reader);
void topology_find_parents(struct reader *reader);
void topology_find_validation(struct reader *reader);
void topology_read_demo(struct reader *reader);

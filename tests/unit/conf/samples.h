/* Schemas like those of authd.yaml and resolverd.yaml, to show that the engine can say all of doc/interfaces' samples. */
#pragma once

#include "lib/conf/schema.h"

struct sample_server {
	const struct yaml_node *node;
	struct schema_list listen;            /* struct netaddr */
	int64_t workers;
	const char *state_dir;
	const char *control;
	struct netaddr metrics;
};

struct sample_key {
	const struct yaml_node *node;
	const char *name;
	int algorithm;
	const char *secret;
};

struct sample_tls {
	const struct yaml_node *node;
	const char *hostname;
};

struct sample_remote {
	const struct yaml_node *node;
	struct netaddr address;
	const char *key;
	struct sample_tls tls;
};

struct sample_zone {
	const struct yaml_node *node;
	const char *name;
	const char *file;
	struct schema_list notify;            /* struct sample_remote */
	struct schema_list primaries;         /* struct sample_remote */
	struct schema_list allow_transfer;    /* struct schema_access */
	struct schema_list allow_update;
	struct schema_list allow_notify;
};

struct sample_authd {
	const struct yaml_node *node;
	struct sample_server server;
	struct schema_list keys;              /* struct sample_key */
	struct schema_list zones;             /* struct sample_zone */
};

extern const struct schema sample_authd_schema;

struct sample_resolver {
	const struct yaml_node *node;
	const char *root_hints;
	bool validate;
	int64_t upstream_port;
	struct schema_list negative_trust_anchors;      /* const char * */
};

struct sample_target {
	const struct yaml_node *node;
	const char *name;
	struct schema_list addresses;         /* struct netaddr */
};

struct sample_cache {
	const struct yaml_node *node;
	uint64_t size;
	usec_t min_ttl;
	usec_t max_ttl;
	double prefetch;
	bool serve_stale;
	const char *snapshot;
};

struct sample_resolverd {
	const struct yaml_node *node;
	struct sample_server server;
	struct sample_resolver resolver;
	struct schema_list stubs;             /* struct sample_target */
	struct schema_list forwards;          /* struct sample_target */
	struct sample_cache cache;
	const struct yaml_node *labels;
};

extern const struct schema sample_resolverd_schema;

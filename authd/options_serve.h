/* The keys of authd.yaml about how to answer, and the step from their texts to what workers use. Part of options.c. */
#pragma once

#include "authd/serve/settings.h"
#include "lib/conf/schema.h"

struct limit_conf {
	const struct yaml_node *node;
	int64_t per_second;
	int64_t slip;
	int64_t ipv4_prefix;
	int64_t ipv6_prefix;
	struct schema_list exempt;
	int64_t table_size;
};

struct serve_conf {
	int64_t udp_payload_size;
	const char *nsid;
	const char *version;
	const char *identity;
	int cookies;
	struct schema_list cookie_secret;
	const char *cookie_secret_file;
	struct limit_conf limit;
};

extern const struct schema limit_schema;
extern const struct schema_name cookie_modes[];

/* Where what is made lives, and where problems go. */
struct serve_sink {
	struct yaml_tree *tree;
	struct problems *problems;
};

/* Fills all but limit.exempt and limit.workers; `server` is the mapping the keys stand in, NULL without one. */
int serve_options_read(struct serve_settings *out, const struct serve_conf *conf, const struct yaml_node *server, const struct serve_sink *sink)
	ZT_MUST_CHECK;

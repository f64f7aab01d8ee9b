/* The keys of authd.yaml about dnstap, and the step from their texts to what the daemon works with. Part of options.c. */
#pragma once

#include "lib/conf/schema.h"

struct dnstap_conf {
	const struct yaml_node *node;
	const char *socket;
	const char *file;
	uint64_t file_limit;
	struct netaddr address;
	double sample;
	bool queries, responses;
	const char *identity, *version;
};

extern const struct schema dnstap_schema;

struct dnstap_options {
	bool is_on;
	const char *socket, *file;       /* one of these, or address */
	uint64_t file_limit;
	struct netaddr address;
	double sample;                   /* share of exchanges told */
	bool queries, responses;
	const char *identity, *version;  /* NULL: not told */
};

/* An absent mapping is off; what is wrong goes to `problems`. */
void dnstap_options_read(struct dnstap_options *out, const struct dnstap_conf *conf, struct yaml_tree *tree, struct problems *problems);

/* The keys of TSIG in authd.yaml. Part of options.c. */
#pragma once

#include "lib/conf/schema.h"
#include "lib/dns/tsig_key.h"

struct options_reader;

/* As the table fills it. */
struct key_conf {
	const struct yaml_node *node;
	const char *name;
	int algorithm;
	const char *secret;
	const char *secret_file;
};

extern const struct schema key_options_schema;
/* From the table's values to keys; from now on the reader knows them. */
void key_options_read(struct options_reader *reader, const struct schema_list *confs, struct tsig_keys *keys);
void key_options_fini(struct tsig_keys *keys);

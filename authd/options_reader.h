/* What the parts of options.c share while a configuration is read: where things are put and problems reported. */
#pragma once

#include "lib/conf/problems.h"
#include "lib/conf/schema.h"
#include "lib/net/acl.h"

struct authd_options;
struct remote_tls;
struct key_conf;
struct tsig_key;
struct tsig_keys;

/* Everything that can go wrong once the table has been filled is memory, or a rule that spans several keys. */
struct options_reader {
	struct authd_options *options;      /* only options.c looks inside */
	struct yaml_tree *tree;             /* of the options */
	struct problems *problems;
	struct remote_tls **contexts;       /* for TLS to other servers (options_tls.h), of the options … */
	struct remote_tls *contexts_before; /* … and of those that they will replace; NULL = none */
	bool has_tls_names;                 /* some access list has tls:NAME … */
	bool has_tls_pins;                  /* … or pin:PIN */
	int status;
	const struct tsig_keys *keys;       /* those that are as they should be */
	const struct schema_list *key_confs;      /* struct key_conf: all that are listed */
};

/* Zeroed memory that lives as long as the configuration. NULL (and reader->status) when memory is out. */
void *options_take(struct options_reader *reader, size_t size);
/* `node` may be NULL. */
void options_problem(struct options_reader *reader, const struct yaml_node *node, const char *what);
/* The access list under `key` of a mapping; NULL where there is none. Lists live outside the arena, because they own their entries: options_free ends them. */
struct acl *options_acl(struct options_reader *reader, const struct yaml_node *mapping, const char *key, const struct schema_list *list);
/* The same where only the address is known, so that keys are of no use. */
struct acl *options_acl_of_addresses(struct options_reader *reader, const struct yaml_node *mapping, const char *key, const struct schema_list *list);
/* The key of that name, borrowed; NULL, and a problem at `node`, where there is none. */
struct tsig_key *options_key(struct options_reader *reader, const struct yaml_node *node, const char *name);
/* Of a name or an address in a certificate: NULL when the text is fine, else what was expected. */
const char *options_hostname_check(const char *text);
/* The 32 bytes of a key's SHA-256 from base64. */
bool options_pin_from_text(uint8_t *pin, const char *text);

/* The `tls` mapping of remote servers in authd.yaml. Part of options.c. */
#pragma once

#include "authd/options_reader.h"
#include "lib/net/tls.h"

struct remote_tls_conf {
	const struct yaml_node *node;
	const char *hostname;
	const char *ca_file;
	struct schema_list pin;
	const char *certificate;
	const char *key;
	bool authenticate;
	bool require_alpn;
};

/* The contexts of a configuration, one for each server and way to speak to it, however many zones name it. */
struct remote_tls {
	struct remote_tls *next;
	const char *text;             /* what makes it, but for what the files hold */
	uint8_t digest[32];           /* over all of it */
	bool uses_system_ca;
	struct tls_context *context;
};

extern const struct schema remote_tls_schema;


/* The context for a server, borrowed from reader->contexts. Where the configuration before had one out of the same, that one is taken, so that sessions go on.
 * NULL when a problem was added, or memory is out. */
struct tls_context *remote_tls_read(struct options_reader *reader, const struct remote_tls_conf *conf, const struct netaddr *address);
void remote_tls_release(struct remote_tls *contexts);
bool remote_tls_uses_system_ca(const struct remote_tls *contexts);

/* Other servers in authd.yaml: whom we tell, ask and transfer from. Part of options.c. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/netaddr.h"
#include "lib/base/status.h"

struct options_reader;
struct tsig_key;
struct schema;
struct schema_list;
struct tls_context;

/* What an IXFR of the server is answered with. */
enum ixfr_form {
	IXFR_AUTO,                    /* the steps of the history; where they are many records, what is left of them */
	IXFR_STEPS,
	IXFR_CONDENSED,
};

/* A server we send to or ask, and how. */
struct remote_options {
	struct netaddr address;
	enum ixfr_form ixfr;          /* what it gets from us; not part of how we speak to it */
	struct tls_context *tls;      /* speak TLS, and nothing else; NULL: plain. Shared by all that speak to the server in this way */
	struct tsig_key *key;         /* signs what we send there, and must sign what comes back; NULL = none. A copy's own reference */
};

/* A copy that may outlive the configuration; remote_options_release ends it. */
ZT_MUST_CHECK int remote_options_copy(struct remote_options *to, const struct remote_options *from);
void remote_options_release(struct remote_options *remote);
/* The same server, spoken to in the same way. */
bool remote_options_equal(const struct remote_options *a, const struct remote_options *b);

extern const struct schema remote_options_schema;
/* The remotes of a list of that schema, in the configuration's memory; NULL and *count 0 when memory is out. */
struct remote_options *remote_options_read(struct options_reader *reader, const struct schema_list *list, uint32_t *count);

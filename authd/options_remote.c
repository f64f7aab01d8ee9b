/* Other servers in authd.yaml. */
#include "authd/options_remote.h"

#include "authd/options_reader.h"
#include "authd/options_tls.h"
#include "lib/dns/tsig_key.h"

struct remote_conf {
	const struct yaml_node *node;
	struct netaddr address;
	struct remote_tls_conf tls;
	const char *key;
	int ixfr;
};

static const struct schema_name ixfr_names[] = { { "auto", IXFR_AUTO }, { "steps", IXFR_STEPS }, { "condensed", IXFR_CONDENSED }, { NULL, 0 } };

enum { PLAIN_PORT = 53, TLS_PORT = 853 };

static const struct schema_row remote_rows[] = {
	{ "address", SCHEMA_ADDRESS, offsetof(struct remote_conf, address), SCHEMA_REQUIRED,
	  .help = "Where the server is. The port is 53 if absent, with tls 853." },
	{ "tls", SCHEMA_MAPPING, offsetof(struct remote_conf, tls), .mapping = &remote_tls_schema,
	  .help = "Speak TLS with the server (RFC 9103): transfers, SOA queries and NOTIFY go over few connections that are kept and resumed, by TLS 1.3 with ALPN dot. "
		  "Never by plain UDP or TCP, also where TLS fails; the log then says why." },
	{ "key", SCHEMA_TEXT, offsetof(struct remote_conf, key),
	  .help = "Name of the key, listed under key, that signs what we send to the server (TSIG, RFC 8945), and that must sign its answers: what is not signed, or "
		  "wrongly, is not believed." },
	{ "ixfr", SCHEMA_ENUM, offsetof(struct remote_conf, ixfr), .names = ixfr_names, .fallback = "auto",
	  .help = "What the server gets when it asks for IXFR, known by its address: with steps each version between as it was, with condensed one difference in which what came and "
		  "went in between is left out (RFC 1995 section 5), so that it learns of those versions nothing. With auto steps, unless they are more records than "
		  "the zone has and condensed they are not. Whatever is more than that, the whole zone is sent for." },
};

const struct schema remote_options_schema = { .what = "remote server", .size = sizeof(struct remote_conf), .rows = remote_rows,
					     .row_count = SCHEMA_COUNT(remote_rows), .shorthand = "address" };

int remote_options_copy(struct remote_options *to, const struct remote_options *from)
{
	*to = *from;
	if (to->tls)
		tls_context_acquire(to->tls);
	tsig_key_acquire(to->key);
	return ZT_OK;
}

void remote_options_release(struct remote_options *remote)
{
	tls_context_release(remote->tls);
	tsig_key_release(remote->key);
	*remote = (struct remote_options){ 0 };
}

bool remote_options_equal(const struct remote_options *a, const struct remote_options *b)
{
	return netaddr_equal(&a->address, &b->address) && a->tls == b->tls && tsig_key_equal(a->key, b->key);
}

struct remote_options *remote_options_read(struct options_reader *reader, const struct schema_list *list, uint32_t *count)
{
	const struct remote_conf *confs = SCHEMA_ITEMS(*list, struct remote_conf);
	struct remote_options *remotes = options_take(reader, list->count * sizeof(*remotes));

	for (size_t i = 0; remotes && i < list->count; i++) {
		remotes[i].address = confs[i].address;
		if (netaddr_is_set(&remotes[i].address) && netaddr_port(&remotes[i].address) == 0)
			netaddr_set_port(&remotes[i].address, confs[i].tls.node ? TLS_PORT : PLAIN_PORT);
		if (confs[i].tls.node)
			remotes[i].tls = remote_tls_read(reader, &confs[i].tls, &remotes[i].address);
		remotes[i].ixfr = (enum ixfr_form)confs[i].ixfr;
		if (confs[i].key)
			remotes[i].key = options_key(reader, yaml_node_get(confs[i].node, "key"), confs[i].key);
	}
	*count = remotes ? (uint32_t)list->count : 0;
	return remotes;
}

/* The keys of authd.yaml about TCP and TLS clients. Part of options.c. */
#pragma once

#include "lib/conf/schema.h"
#include "lib/net/entrance.h"
#include "lib/net/tls.h"

struct stream_conf {
	usec_t idle_timeout;
	usec_t read_timeout;
	usec_t write_timeout;
	int64_t max_clients;
	int64_t max_per_client;
	int64_t max_outstanding;
	struct schema_list listen_tls;
	const char *tls_certificate;
	const char *tls_key;
	const char *tls_client_ca;
	struct schema_list proxy_allow;
};

/* Where problems with the files go; `server` is the mapping the keys stand in. */
struct stream_sink {
	const struct yaml_tree *tree;
	const struct yaml_node *server;
	struct problems *problems;
};

/* What access lists say of clients' certificates. */
struct stream_clients {
	bool has_names, has_pins;
};

/* Reads the certificate and its key, and the authorities of clients. *context stays NULL where the configuration names no certificate, or when a problem
 * was added. */
void stream_options_tls(struct tls_context **context, const struct stream_conf *conf, const struct stream_sink *sink, const struct stream_clients *clients);

static inline struct entrance_limits stream_options_limits(const struct stream_conf *conf)
{
	return (struct entrance_limits){
		.max_connections = (unsigned)conf->max_clients, .max_per_client = (unsigned)conf->max_per_client,
		.max_owed = (unsigned)conf->max_outstanding, .idle_timeout = conf->idle_timeout, .read_timeout = conf->read_timeout,
		.write_timeout = conf->write_timeout,
	};
}

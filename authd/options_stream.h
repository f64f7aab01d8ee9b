/* The keys of authd.yaml about TCP and TLS clients. Part of options.c. */
#pragma once

#include "lib/conf/schema.h"
#include "lib/net/entrance.h"

struct stream_conf {
	usec_t idle_timeout;
	usec_t read_timeout;
	usec_t write_timeout;
	int64_t max_clients;
	int64_t max_per_client;
	int64_t max_outstanding;
};

static inline struct entrance_limits stream_options_limits(const struct stream_conf *conf)
{
	return (struct entrance_limits){
		.max_connections = (unsigned)conf->max_clients, .max_per_client = (unsigned)conf->max_per_client,
		.max_owed = (unsigned)conf->max_outstanding, .idle_timeout = conf->idle_timeout, .read_timeout = conf->read_timeout,
		.write_timeout = conf->write_timeout,
	};
}

/* dnstap (https://dnstap.info): one DNS message as a protocol buffer of the public schema dnstap.proto, the payload of a frame of Frame Streams.
 *
 * Encoded by hand: the dozen fields used here take three kinds of values, and so need neither a generator at build time nor its run-time library; readers of
 * others (dnstap-read, tests) decode what is written here by the real schema. Not here: where frames go (tap.h).
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "lib/base/buf.h"
#include "lib/base/clock.h"
#include "lib/base/netaddr.h"

#define DNSTAP_CONTENT_TYPE "protobuf:dnstap.Dnstap"

/* The schema's numbers. */
enum dnstap_kind { DNSTAP_AUTH_QUERY = 1, DNSTAP_AUTH_RESPONSE = 2, DNSTAP_UPDATE_QUERY = 13, DNSTAP_UPDATE_RESPONSE = 14 };
enum dnstap_transport { DNSTAP_UDP = 1, DNSTAP_TCP = 2, DNSTAP_TLS = 3 };

struct dnstap_event {
	enum dnstap_kind kind;
	enum dnstap_transport transport;
	const struct netaddr *client;
	const struct netaddr *server;
	usec_t query_wall;             /* when the query was read */
	usec_t response_wall;          /* of a response: when it was written */
	const uint8_t *message;        /* the query's or the response's bytes */
	size_t len;
};

/* Who says it; NULL: nothing is told. */
struct dnstap_origin {
	const char *identity;
	const char *version;
};

/* Appends the payload of one frame. */
void dnstap_write(const struct dnstap_event *event, const struct dnstap_origin *origin, struct buf *out);

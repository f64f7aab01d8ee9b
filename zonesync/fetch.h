/* A whole zone from any server, by AXFR over TCP (RFC 5936). Blocks until it is there, or has failed.
 *
 * Not here: the rules a zone must keep (lib/zone/check.h); keys and TLS.
 */
#pragma once

#include "lib/base/clock.h"
#include "lib/base/fingerprint.h"
#include "lib/base/netaddr.h"
#include "lib/base/status.h"
#include "lib/zone/zone.h"

struct fetch {
	struct netaddr server;
	const uint8_t *apex;
	const struct fingerprint_key *key;
	const struct clock *clock;
	usec_t timeout;          /* for the connection, and for each message after it */
	uint16_t id;             /* of the question; unpredictable */
};

enum { FETCH_ERROR_SIZE = 512 };

/* ZT_OK and a zone with the transferred version; otherwise `error` says what went wrong and what to do, without naming server and zone. */
int fetch_zone(const struct fetch *fetch, struct zone **out, char error[FETCH_ERROR_SIZE]) ZT_MUST_CHECK;

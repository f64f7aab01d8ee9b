/* A whole zone from any server, by AXFR over TCP (RFC 5936), or only what differs from a copy that is there already, by reconciliation where the server
 * speaks it (lib/xfr/reconcile_client.h). Blocks until it is there, or has failed.
 *
 * Not here: the rules a zone must keep (lib/zone/check.h); TLS.
 */
#pragma once

#include "lib/base/fingerprint.h"
#include "lib/xfr/zsync.h"
#include "lib/zone/zone.h"
#include "zonesync/talk.h"

struct fetch {
	struct talk_peer peer;
	const uint8_t *apex;
	const struct fingerprint_key *key;      /* of the zones */
	uint16_t id;             /* of the first question; unpredictable */
};

enum { FETCH_ERROR_SIZE = TALK_ERROR_SIZE };

/* What a transfer took. */
struct fetch_cost {
	bool reconciled;         /* else AXFR */
	uint64_t bytes;          /* of messages, both ways, with the two of their length */
	unsigned round_trips;
	char why_not[256];       /* why it was not reconciliation; empty where that was not tried */
	bool is_alarm;           /* and that is no ordinary reason: RECONCILE_MISMATCH */
};

/* ZT_OK and a zone with the transferred version; otherwise `error` says what went wrong and what to do, without naming server and zone. */
int fetch_zone(const struct fetch *fetch, struct zone **out, char error[FETCH_ERROR_SIZE]) ZT_MUST_CHECK;
/* Makes `zone`, a copy made with the fetch's key, what the server has, whatever the serials say. The current version is the old one until it works. */
int fetch_into(const struct fetch *fetch, struct zone *zone, struct fetch_cost *cost, char error[FETCH_ERROR_SIZE]) ZT_MUST_CHECK;

/* What a server says of its version in answer to a SOA query. */
struct fetch_state {
	uint32_t serial;
	bool has_zsync;          /* it speaks the option and tells us */
	struct zsync zsync;
};

/* The same failures. */
int fetch_state(const struct fetch *fetch, struct fetch_state *out, char error[FETCH_ERROR_SIZE]) ZT_MUST_CHECK;

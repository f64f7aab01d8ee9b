/* Sending one dynamic UPDATE (RFC 2136) to a zone's primary. */
#pragma once

#include <stdint.h>

#include "lib/base/clock.h"
#include "lib/xfr/level.h"
#include "tools/zonelab/lab/lab.h"

enum { UPDATE_RDATA_MAX = 3500 };      /* bytes that fit into the message */

/* What to do to one name; each step below is optional, they are applied in this order. */
struct update_change {
	const uint8_t *name;
	uint16_t type;                  /* TYPE_ANY with delete_rrset: everything at the name */
	bool delete_rrset;
	bool delete_record;             /* the record `rdata` */
	bool add;                       /* the record `rdata` with `ttl` */
	uint32_t ttl;
	const uint8_t *rdata;
	uint16_t rdata_len;
	bool has_level;                 /* wait for others before the answer (lib/xfr/level.h) */
	struct level_question level;
};

struct update_result {
	unsigned rcode;
	bool has_receipt;               /* the server knows levels */
	struct level_answer receipt;
	char text[256];                 /* what it says besides; "" for nothing */
	bool has_serials;               /* of the zone before and after: where its file was edited */
	uint32_t before, after;
	usec_t acknowledged;            /* when the answer came, monotonic */
	usec_t sent;
};

/* ZT_ETIMEOUT: no answer, in some seconds or those that the level asks for besides. */
int update_send(const struct lab *lab, const struct topology_zone *zone, const struct update_change *change, struct update_result *result) ZT_MUST_CHECK;

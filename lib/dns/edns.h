/* EDNS(0), RFC 6891: the OPT record as the other side sent it, and options to step through. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/cursor.h"

enum edns_option {
	EDNS_NSID = 3, EDNS_CLIENT_SUBNET = 8, EDNS_EXPIRE = 9, EDNS_COOKIE = 10, EDNS_KEEPALIVE = 11, EDNS_PADDING = 12, EDNS_EDE = 15,
	EDNS_ZONEVERSION = 19,
};

enum { EDNS_FLAG_DO = 0x8000, EDNS_UDP_SIZE = 1232, EDNS_MIN_UDP_SIZE = 512 };

struct edns {
	bool present;
	uint16_t udp_size;          /* as sent; below 512 means 512 */
	uint8_t extended_rcode;     /* upper eight bits */
	uint8_t version;
	uint16_t flags;
	const uint8_t *options;     /* borrowed, boundaries already checked */
	uint16_t options_len;
};

/* Reads the fields of an OPT record; ZT_EMALFORMED when an option overruns. */
int edns_read(struct edns *edns, uint16_t rr_class, uint32_t ttl, const uint8_t *rdata, uint16_t len) ZT_MUST_CHECK;

/* size_t pos = 0; while (edns_option_next(edns, &pos, &code, &data, &len)) … */
bool edns_option_next(const struct edns *edns, size_t *pos, uint16_t *code, const uint8_t **data, uint16_t *len);
/* The first option of a code. */
bool edns_option(const struct edns *edns, uint16_t code, const uint8_t **data, uint16_t *len);

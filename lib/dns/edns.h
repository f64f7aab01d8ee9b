/* EDNS(0), RFC 6891: the OPT record as the other side sent it, and options to step through. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/cursor.h"

enum edns_option {
	EDNS_NSID = 3, EDNS_CLIENT_SUBNET = 8, EDNS_EXPIRE = 9, EDNS_COOKIE = 10, EDNS_KEEPALIVE = 11, EDNS_PADDING = 12, EDNS_EDE = 15,
	EDNS_ZONEVERSION = 19,
};

/* Extended DNS errors (RFC 8914 section 4). */
enum ede_code {
	EDE_OTHER = 0, EDE_NOT_READY = 14, EDE_PROHIBITED = 18, EDE_NOT_AUTHORITATIVE = 20, EDE_NOT_SUPPORTED = 21, EDE_INVALID_DATA = 24,
};

enum { EDNS_FLAG_DO = 0x8000, EDNS_UDP_SIZE = 1232, EDNS_MIN_UDP_SIZE = 512 };

struct edns {
	bool present;
	uint16_t udp_size;          /* as sent; below 512 means 512 */
	uint8_t extended_rcode;     /* upper eight bits */
	uint8_t version;
	uint16_t flags;
	uint16_t options_len;
	uint16_t cookie_len;
	uint32_t codes;             /* bit N: there is an option of code N, for the codes below 32 */
	uint32_t codes_with_data;   /* the same, of the options that are not empty */
	const uint8_t *options;     /* borrowed, boundaries already checked */
	const uint8_t *cookie;      /* of the first COOKIE option, which is the one that counts (RFC 7873 section 5.2); NULL without one */
};

/* Whether there is an option of this code. Known from the one walk that edns_read makes. */
static inline bool edns_has(const struct edns *edns, enum edns_option code)
{
	return edns->present && edns->codes >> code & 1;
}

/* Reads the fields of an OPT record; ZT_EMALFORMED when an option overruns. */
int edns_read(struct edns *edns, uint16_t rr_class, uint32_t ttl, const uint8_t *rdata, uint16_t len) ZT_MUST_CHECK;

/* size_t pos = 0; while (edns_option_next(edns, &pos, &code, &data, &len)) … */
bool edns_option_next(const struct edns *edns, size_t *pos, uint16_t *code, const uint8_t **data, uint16_t *len);
/* The first option of a code. */
bool edns_option(const struct edns *edns, uint16_t code, const uint8_t **data, uint16_t *len);

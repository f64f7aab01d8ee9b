/* The OPT record of our replies: what the client's asks for is decided once, when the query has been read, and written at the end of the reply.
 *
 * NSID (RFC 5001), cookies (RFC 7873, 9018), EXPIRE (RFC 7314), ZONEVERSION (RFC 9660), keepalive (RFC 7828), padding (RFC 7830, 8467), extended
 * errors (RFC 8914), and to who may transfer the zone, ZSYNC (lib/xfr/zsync.h). Options that we do not know are ignored (RFC 6891 section 6.1.2). A query without OPT costs one comparison.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "authd/serve/settings.h"
#include "lib/dns/cookie.h"
#include "lib/dns/writer.h"
#include "lib/xfr/zsync.h"

struct respond;

enum {
	OPT_LEN = 11,                 /* an OPT record without options */
	OPTION_HEAD_LEN = 4,
	/* Of all options but padding and extended errors. */
	OPTIONS_MAX_LEN = 5 * OPTION_HEAD_LEN + NSID_MAX_LEN + COOKIE_LEN + 4 + 6 + 2 + ZSYNC_OPTION_LEN,
};

/* An extended error; the text is short, because it goes to anybody. */
struct edns_error {
	uint16_t code;                /* enum ede_code */
	uint8_t len;
	const char *text;
};

#define EDNS_ERROR(code, text) { (code), sizeof(text) - 1, (text) }

/* What a reply's OPT record will hold. All zero where the query had none. */
struct edns_plan {
	uint32_t codes;               /* bit N: option N is sent */
	uint16_t room;                /* bytes to keep for the record; extended errors and padding take what is left */
	uint8_t cookie_kind;          /* enum cookie_kind: what the client's was worth */
	uint8_t cookie[COOKIE_LEN];
	bool says_zsync;
	uint8_t zsync_flags;          /* enum zsync_flag */
	const struct edns_error *error;
};

/* Plans the reply to a query with OPT, version 0. RCODE_FORMERR where an option is not as its RFC has it. */
enum rcode edns_plan(struct respond *r) ZT_MUST_CHECK;
/* Adds the options that depend on the zone, which is found. */
void edns_plan_zone(struct respond *r);
/* What r's version is, is told to who says what version it has (ZSYNC) and may transfer the zone. */
void edns_plan_zsync(struct respond *r);
/* Writes the OPT record; room for it was kept. Sets the header's rcode. */
void edns_write(const struct respond *r, struct message_writer *writer, enum rcode rcode);
/* The reply is to be padded. */
bool edns_pads(const struct respond *r);
/* The options alone, without padding and extended error, for who writes the reply's OPT elsewhere. Returns their length. */
uint16_t edns_options_write(const struct respond *r, uint8_t out[OPTIONS_MAX_LEN]);

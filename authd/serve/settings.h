/* What the configuration says about answering, for the whole server: part of each view, so that it changes with it. Immutable once shown to workers.
 *
 * Texts are borrowed from the configuration, which outlives every view made from it.
 */
#pragma once

#include <stdint.h>

#include "lib/dns/cookie.h"
#include "lib/net/acl.h"

enum cookie_mode {
	COOKIES_OFF,             /* the option is unknown */
	COOKIES_ON,
	COOKIES_REQUIRED,        /* answers over UDP only to a good cookie */
};

enum { COOKIE_SECRETS_MAX = 8, NSID_MAX_LEN = 128, CHAOS_TEXT_MAX_LEN = 255 };

/* Response rate limiting; see limit.h. */
struct limit_rules {
	uint32_t per_second;             /* answers of one kind to one prefix; 0 = off */
	uint32_t slip;                   /* one in so many limited ones is answered by TC; 0 = none */
	uint8_t ipv4_prefix, ipv6_prefix;
	const struct acl *exempt;        /* NULL = nobody */
	uint32_t workers;                /* among whom per_second is divided */
};

struct tsig_keys;

struct serve_settings {
	uint16_t udp_payload_size;       /* the largest answer over UDP, and what we say we take */
	uint16_t nsid_len;               /* 0 = none */
	enum cookie_mode cookies;
	uint32_t secret_count;           /* not 0 where cookies are on */
	struct cookie_secret secrets[COOKIE_SECRETS_MAX];
	const uint8_t *nsid;             /* RFC 5001 */
	const char *version;             /* of CHAOS version.bind; NULL = not told */
	const char *identity;            /* of CHAOS hostname.bind and id.server; NULL = not told */
	struct limit_rules limit;
	const struct tsig_keys *keys;    /* of TSIG; NULL = none */
	const struct acl *proxy_allow;   /* who may send PROXY headers; NULL = nobody */
};

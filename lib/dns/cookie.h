/* DNS server cookies that all servers make alike (RFC 7873, RFC 9018): a client that sends one back has shown that it receives at its address.
 *
 * Pure: the time and the secrets are arguments. Every server that has a secret of the list accepts the cookies the others make with it.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/netaddr.h"

enum {
	COOKIE_CLIENT_LEN = 8,
	COOKIE_SERVER_LEN = 16,
	COOKIE_LEN = COOKIE_CLIENT_LEN + COOKIE_SERVER_LEN,      /* of the option's data */
	COOKIE_SECRET_LEN = 16,
};

struct cookie_secret {
	uint8_t bytes[COOKIE_SECRET_LEN];
};

enum cookie_kind {
	COOKIE_ABSENT,         /* no option */
	COOKIE_MALFORMED,      /* of a length that no cookie has: FORMERR (RFC 7873 section 5.2.2) */
	COOKIE_CLIENT,         /* the client's half alone */
	COOKIE_BAD,            /* a server's half that we did not make, or not lately, or not for this address */
	COOKIE_GOOD,
};

struct cookie_secrets {
	const struct cookie_secret *list;      /* the first makes cookies, all are accepted */
	unsigned count;                        /* not 0 */
};

/* What came, from whom and when. */
struct cookie_query {
	const uint8_t *option;                 /* the option's data */
	size_t len;
	const struct netaddr *client;
	uint32_t now;                          /* wall clock, seconds */
};

/* What a client's cookie is worth. Unless it is malformed, `reply` becomes the one to send back: the same while it is young and of the first secret,
 * else a fresh one. */
enum cookie_kind cookie_judge(const struct cookie_secrets *secrets, const struct cookie_query *query, uint8_t reply[COOKIE_LEN]);

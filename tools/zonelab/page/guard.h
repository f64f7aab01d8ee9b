/* Who may talk to the page: the rules by which a request is let in, as a function of its headers.
 *
 * A web browser runs other people's scripts, which may send requests to loopback addresses. So the Host header must name the address itself or
 * localhost (a name that somebody has pointed at a loopback address is another site: DNS rebinding), and a request that comes from a page must
 * come from ours (Origin, Sec-Fetch-Site). On an address that other machines reach, everything needs a token besides.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/netaddr.h"

enum {
	GUARD_TOKEN_SIZE = 33,       /* 128 bits in hexadecimal digits, NUL */
	GUARD_HTTP_PORT = 8053,      /* where an address is given without a port */
	GUARD_URL_SIZE = 128,
};

#define GUARD_COOKIE "zonelab-token"

struct guard {
	struct netaddr bound;                  /* with the port that is listened on */
	char token[GUARD_TOKEN_SIZE];          /* "": none is needed */
};

/* What of a request counts; NULL where a header is absent. */
struct guard_request {
	const char *host;
	const char *origin;
	const char *fetch_site;                /* Sec-Fetch-Site */
	const char *cookie;
	const char *authorization;
	const char *query_token;               /* token= in the URL; NULL where the request may not bring it so */
};

enum guard_verdict {
	GUARD_PASSES,
	GUARD_PASSES_WITH_URL,                 /* the token came in the URL: give the cookie */
	GUARD_WRONG_HOST,
	GUARD_FOREIGN_PAGE,
	GUARD_WRONG_TOKEN,
};

/* `IP`, `IP@PORT`, `IP:PORT` or `[IPv6]:PORT`. ZT_ESYNTAX leaves *addr as it was. */
ZT_MUST_CHECK int guard_address_from_text(struct netaddr *addr, const char *text);
/* Makes a token where the address is none of the loopback network. */
void guard_init(struct guard *guard, const struct netaddr *bound);
enum guard_verdict guard_check(const struct guard *guard, const struct guard_request *request);
/* Where people find the page, with the token if one is needed; the loopback address where all are listened on. Returns `out`. */
const char *guard_url(const struct guard *guard, char out[GUARD_URL_SIZE]);

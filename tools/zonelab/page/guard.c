/* Who may talk to the page. */
#include "tools/zonelab/page/guard.h"

#include <arpa/inet.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lib/base/rng.h"

/* Splits `HOST:PORT` or `[HOST]:PORT`; the port is 0 where the text has none. */
static int authority_split(const char *text, char host[INET6_ADDRSTRLEN + 1], uint16_t *port)
{
	const char *end, *digits;

	if (*text == '[') {
		end = strchr(++text, ']');
		if (!end || (end[1] && end[1] != ':'))
			return ZT_ESYNTAX;
		digits = end[1] ? end + 2 : NULL;
	} else {
		end = strchr(text, ':');
		digits = end ? end + 1 : NULL;
		if (!end)
			end = text + strlen(text);
	}
	size_t len = (size_t)(end - text);
	if (len == 0 || len > INET6_ADDRSTRLEN)
		return ZT_ESYNTAX;
	memcpy(host, text, len);
	host[len] = 0;
	*port = 0;
	if (!digits)
		return ZT_OK;
	size_t count = strspn(digits, "0123456789");
	unsigned long value = strtoul(digits, NULL, 10);
	if (count == 0 || count > 5 || digits[count] || value == 0 || value > UINT16_MAX)
		return ZT_ESYNTAX;
	*port = (uint16_t)value;
	return ZT_OK;
}

int guard_address_from_text(struct netaddr *addr, const char *text)
{
	char host[INET6_ADDRSTRLEN + 1];
	uint16_t port;

	if (netaddr_from_text(addr, text, GUARD_HTTP_PORT) == ZT_OK)
		return ZT_OK;
	if (strchr(text, '@') || authority_split(text, host, &port) != ZT_OK)
		return ZT_ESYNTAX;
	return netaddr_from_text(addr, host, port ? port : GUARD_HTTP_PORT);
}

void guard_init(struct guard *guard, const struct netaddr *bound)
{
	struct secure_rng rng;
	uint8_t bytes[(GUARD_TOKEN_SIZE - 1) / 2];

	*guard = (struct guard){ .bound = *bound };
	if (netaddr_is_loopback(bound))
		return;
	secure_rng_init(&rng);
	secure_rng_fill(&rng, bytes, sizeof bytes);
	sodium_bin2hex(guard->token, sizeof guard->token, bytes, sizeof bytes);
}

const char *guard_url(const struct guard *guard, char out[GUARD_URL_SIZE])
{
	const struct netaddr *addr = &guard->bound;
	const bool is_v6 = addr->family == AF_INET6;
	char ip[NETADDR_TEXT_SIZE];

	if (netaddr_is_wildcard(addr))
		snprintf(ip, sizeof ip, "%s", is_v6 ? "::1" : "127.0.0.1");
	else
		netaddr_ip_to_text(addr, ip);
	snprintf(out, GUARD_URL_SIZE, "http://%s%s%s:%u/%s%s", is_v6 ? "[" : "", ip, is_v6 ? "]" : "", netaddr_port(addr),
		 guard->token[0] ? "?token=" : "", guard->token);
	return out;
}

/* Names can be pointed anywhere by anybody, addresses can't: so any address will do where all are listened on. */
static bool host_is_ours(const struct guard *guard, const char *text)
{
	char host[INET6_ADDRSTRLEN + 1];
	struct netaddr named;
	uint16_t port;

	if (!text || authority_split(text, host, &port) != ZT_OK)
		return false;
	if ((port ? port : 80) != netaddr_port(&guard->bound))
		return false;
	if (strcasecmp(host, "localhost") == 0)
		return netaddr_is_loopback(&guard->bound) || netaddr_is_wildcard(&guard->bound);
	if (netaddr_from_text(&named, host, port) != ZT_OK)
		return false;
	return netaddr_is_wildcard(&guard->bound) || netaddr_ip_equal(&named, &guard->bound);
}

/* What no page has sent has no Origin; ours is http:// and the Host. */
static bool page_is_ours(const struct guard_request *request)
{
	if (request->fetch_site && strcasecmp(request->fetch_site, "same-origin") != 0 && strcasecmp(request->fetch_site, "none") != 0)
		return false;
	if (!request->origin)
		return true;
	return strncasecmp(request->origin, "http://", 7) == 0 && strcasecmp(request->origin + 7, request->host) == 0;
}

static bool token_equals(const struct guard *guard, const char *text, size_t len)
{
	return len == GUARD_TOKEN_SIZE - 1 && sodium_memcmp(text, guard->token, len) == 0;
}

static bool cookie_has_token(const struct guard *guard, const char *cookie)
{
	const size_t name_len = strlen(GUARD_COOKIE "=");

	for (const char *at = cookie; at && *at;) {
		size_t len = strcspn(at, "; ");
		if (len > name_len && strncmp(at, GUARD_COOKIE "=", name_len) == 0 && token_equals(guard, at + name_len, len - name_len))
			return true;
		at += len;
		at += strspn(at, "; ");
	}
	return false;
}

enum guard_verdict guard_check(const struct guard *guard, const struct guard_request *request)
{
	static const char bearer[] = "Bearer ";
	const char *given = request->authorization;

	if (!host_is_ours(guard, request->host))
		return GUARD_WRONG_HOST;
	if (guard->token[0] && request->query_token && token_equals(guard, request->query_token, strlen(request->query_token)))
		return GUARD_PASSES_WITH_URL;
	if (!page_is_ours(request))
		return GUARD_FOREIGN_PAGE;
	if (!guard->token[0] || cookie_has_token(guard, request->cookie))
		return GUARD_PASSES;
	if (given && strncasecmp(given, bearer, sizeof bearer - 1) == 0 &&
	    token_equals(guard, given + sizeof bearer - 1, strlen(given + sizeof bearer - 1)))
		return GUARD_PASSES;
	return GUARD_WRONG_TOKEN;
}

/* Internet addresses and prefixes. */
#include "lib/base/netaddr.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

/* A decimal number without sign, space or superfluous digits; false when it is none or above `max`. */
static bool decimal_from_text(const char *text, unsigned max, unsigned *out)
{
	unsigned value = 0;
	size_t len = strlen(text);

	if (len == 0 || len > 5 || (len > 1 && text[0] == '0'))
		return false;
	for (size_t i = 0; i < len; i++) {
		if (text[i] < '0' || text[i] > '9')
			return false;
		value = value * 10 + (unsigned)(text[i] - '0');
	}
	*out = value;
	return value <= max;
}

/* Splits "LEFT<separator>RIGHT"; right is NULL without a separator. False when LEFT is too long for an address. */
static bool text_split(const char *text, char separator, char left[INET6_ADDRSTRLEN], const char **right)
{
	const char *at = strchr(text, separator);
	size_t len = at ? (size_t)(at - text) : strlen(text);

	if (len >= INET6_ADDRSTRLEN)
		return false;
	memcpy(left, text, len);
	left[len] = '\0';
	*right = at ? at + 1 : NULL;
	return true;
}

int netaddr_from_text(struct netaddr *addr, const char *text, uint16_t default_port)
{
	char ip[INET6_ADDRSTRLEN];
	const char *port_text;
	unsigned port = default_port;
	struct netaddr parsed = { 0 };

	if (!text_split(text, '@', ip, &port_text))
		return ZT_ESYNTAX;
	if (port_text && (!decimal_from_text(port_text, UINT16_MAX, &port) || (port == 0 && default_port != 0)))
		return ZT_ESYNTAX;
	if (inet_pton(AF_INET, ip, &parsed.v4.sin_addr) == 1)
		parsed.family = AF_INET;
	else if (inet_pton(AF_INET6, ip, &parsed.v6.sin6_addr) == 1)
		parsed.family = AF_INET6;
	else
		return ZT_ESYNTAX;
	netaddr_set_port(&parsed, (uint16_t)port);
	*addr = parsed;
	return ZT_OK;
}

const char *netaddr_ip_to_text(const struct netaddr *addr, char out[NETADDR_TEXT_SIZE])
{
	size_t len;
	const uint8_t *ip = netaddr_ip(addr, &len);

	if (!ip || !inet_ntop(addr->family, ip, out, NETADDR_TEXT_SIZE))
		snprintf(out, NETADDR_TEXT_SIZE, "none");
	return out;
}

const char *netaddr_to_text(const struct netaddr *addr, char out[NETADDR_TEXT_SIZE])
{
	netaddr_ip_to_text(addr, out);
	if (netaddr_is_set(addr)) {
		size_t len = strlen(out);
		snprintf(out + len, NETADDR_TEXT_SIZE - len, "@%u", netaddr_port(addr));
	}
	return out;
}

int netaddr_from_sockaddr(struct netaddr *addr, const struct sockaddr *sockaddr, socklen_t len)
{
	struct netaddr copied = { 0 };

	if (len >= sizeof(copied.v4) && sockaddr->sa_family == AF_INET)
		memcpy(&copied.v4, sockaddr, sizeof(copied.v4));
	else if (len >= sizeof(copied.v6) && sockaddr->sa_family == AF_INET6)
		memcpy(&copied.v6, sockaddr, sizeof(copied.v6));
	else
		return ZT_EINVAL;
	*addr = copied;
	return ZT_OK;
}

socklen_t netaddr_len(const struct netaddr *addr)
{
	switch (addr->family) {
	case AF_INET: return sizeof(addr->v4);
	case AF_INET6: return sizeof(addr->v6);
	default: return 0;
	}
}

const uint8_t *netaddr_ip(const struct netaddr *addr, size_t *len)
{
	switch (addr->family) {
	case AF_INET:
		*len = 4;
		return (const uint8_t *)&addr->v4.sin_addr;
	case AF_INET6:
		*len = 16;
		return addr->v6.sin6_addr.s6_addr;
	default:
		*len = 0;
		return NULL;
	}
}

uint16_t netaddr_port(const struct netaddr *addr)
{
	switch (addr->family) {
	case AF_INET: return ntohs(addr->v4.sin_port);
	case AF_INET6: return ntohs(addr->v6.sin6_port);
	default: return 0;
	}
}

void netaddr_set_port(struct netaddr *addr, uint16_t port)
{
	if (addr->family == AF_INET)
		addr->v4.sin_port = htons(port);
	else if (addr->family == AF_INET6)
		addr->v6.sin6_port = htons(port);
}

bool netaddr_is_wildcard(const struct netaddr *addr)
{
	const uint8_t zeros[16] = { 0 };
	size_t len;
	const uint8_t *ip = netaddr_ip(addr, &len);
	return ip && memcmp(ip, zeros, len) == 0;
}

bool netaddr_is_loopback(const struct netaddr *addr)
{
	if (addr->family == AF_INET)
		return ((const uint8_t *)&addr->v4.sin_addr)[0] == 127;
	return addr->family == AF_INET6 && IN6_IS_ADDR_LOOPBACK(&addr->v6.sin6_addr);
}

static uint32_t scope_of(const struct netaddr *addr)
{
	return addr->family == AF_INET6 ? addr->v6.sin6_scope_id : 0;
}

static int ip_compare(const struct netaddr *a, const struct netaddr *b)
{
	size_t len;
	const uint8_t *ip = netaddr_ip(a, &len);

	if (a->family != b->family)
		return a->family < b->family ? -1 : 1;
	if (!ip)
		return 0;
	int order = memcmp(ip, netaddr_ip(b, &len), len);
	if (order == 0 && scope_of(a) != scope_of(b))
		order = scope_of(a) < scope_of(b) ? -1 : 1;
	return order;
}

int netaddr_compare(const struct netaddr *a, const struct netaddr *b)
{
	int order = ip_compare(a, b);
	return order ? order : (int)netaddr_port(a) - (int)netaddr_port(b);
}

bool netaddr_equal(const struct netaddr *a, const struct netaddr *b)
{
	return netaddr_compare(a, b) == 0;
}

bool netaddr_ip_equal(const struct netaddr *a, const struct netaddr *b)
{
	return ip_compare(a, b) == 0;
}

/* A 64-bit finaliser (the constants of splitmix64): every input bit reaches every output bit. */
static uint64_t mix(uint64_t x)
{
	x ^= x >> 30;
	x *= UINT64_C(0xbf58476d1ce4e5b9);
	x ^= x >> 27;
	x *= UINT64_C(0x94d049bb133111eb);
	return x ^ x >> 31;
}

uint64_t netaddr_hash(const struct netaddr *addr, uint64_t seed)
{
	size_t len;
	const uint8_t *ip = netaddr_ip(addr, &len);
	uint64_t words[2] = { 0, 0 };

	if (ip)
		memcpy(words, ip, len);
	uint64_t hash = mix(seed ^ words[0]);
	hash = mix(hash ^ words[1] ^ seed >> 32);
	return mix(hash ^ (uint64_t)addr->family << 48 ^ (uint64_t)netaddr_port(addr) << 32 ^ scope_of(addr));
}

/* Zeroes what lies past the first `bits` bits. */
static void mask_apply(uint8_t *ip, size_t len, unsigned bits)
{
	for (size_t i = 0; i < len; i++) {
		if (bits < 8)
			ip[i] &= (uint8_t)(0xff00u >> bits);
		bits = bits > 8 ? bits - 8 : 0;
	}
}

int netprefix_from_text(struct netprefix *prefix, const char *text)
{
	char ip_text[INET6_ADDRSTRLEN];
	const char *bits_text;
	struct netaddr addr;
	size_t len;

	if (!text_split(text, '/', ip_text, &bits_text) || strchr(ip_text, '@'))
		return ZT_ESYNTAX;
	int status = netaddr_from_text(&addr, ip_text, 0);
	if (status != ZT_OK)
		return status;
	const uint8_t *ip = netaddr_ip(&addr, &len);
	unsigned bits = (unsigned)len * 8;
	if (bits_text && !decimal_from_text(bits_text, bits, &bits))
		return ZT_ESYNTAX;
	*prefix = (struct netprefix){ .family = addr.family, .bits = (uint8_t)bits };
	memcpy(prefix->ip, ip, len);
	mask_apply(prefix->ip, len, bits);
	return ZT_OK;
}

const char *netprefix_to_text(const struct netprefix *prefix, char out[NETPREFIX_TEXT_SIZE])
{
	if (!inet_ntop(prefix->family, prefix->ip, out, NETPREFIX_TEXT_SIZE)) {
		snprintf(out, NETPREFIX_TEXT_SIZE, "none");
	} else if (prefix->bits != (prefix->family == AF_INET ? 32 : 128)) {
		size_t len = strlen(out);
		snprintf(out + len, NETPREFIX_TEXT_SIZE - len, "/%u", prefix->bits);
	}
	return out;
}

bool netprefix_matches(const struct netprefix *prefix, const struct netaddr *addr)
{
	size_t len;
	const uint8_t *ip = netaddr_ip(addr, &len);

	if (!ip || prefix->family != addr->family)
		return false;
	size_t whole = prefix->bits / 8;
	unsigned rest = prefix->bits % 8;
	if (memcmp(prefix->ip, ip, whole) != 0)
		return false;
	return rest == 0 || ((prefix->ip[whole] ^ ip[whole]) & (uint8_t)(0xff00u >> rest)) == 0;
}

/* Internet addresses as values: an IPv4 or IPv6 address with a port, and address prefixes.
 *
 * The text form is `IP@PORT`, the one of kdig, Unbound and NSD; it needs no brackets around IPv6. Host names are never looked up.
 * A zeroed struct netaddr is "no address". Sockets of ours are IPv6-only where they are IPv6, so IPv4-mapped addresses don't occur.
 */
#pragma once

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "lib/base/status.h"

struct netaddr {
	union {
		sa_family_t family;          /* AF_UNSPEC, AF_INET or AF_INET6 */
		struct sockaddr any;         /* for the system calls; its size is netaddr_len */
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;
	};
};

enum {
	NETADDR_TEXT_SIZE = INET6_ADDRSTRLEN + 6,     /* address, @, port, NUL */
	NETPREFIX_TEXT_SIZE = INET6_ADDRSTRLEN + 4,   /* address, /, bits, NUL */
};

/* `IP` or `IP@PORT`; default_port is taken where the text has none. Port 0 is accepted only as a default.
 * ZT_ESYNTAX leaves *addr as it was. */
ZT_MUST_CHECK int netaddr_from_text(struct netaddr *addr, const char *text, uint16_t default_port);
/* Always `IP@PORT`; "none" for no address. Returns `out`. */
const char *netaddr_to_text(const struct netaddr *addr, char out[NETADDR_TEXT_SIZE]);
/* Only `IP`. Returns `out`. */
const char *netaddr_ip_to_text(const struct netaddr *addr, char out[NETADDR_TEXT_SIZE]);

/* ZT_EINVAL for other families and short lengths. */
ZT_MUST_CHECK int netaddr_from_sockaddr(struct netaddr *addr, const struct sockaddr *sockaddr, socklen_t len);
/* The length for bind, connect and sendto; 0 for no address. */
socklen_t netaddr_len(const struct netaddr *addr);
/* The address's 4 or 16 bytes in network order, borrowed; NULL and 0 for no address. */
const uint8_t *netaddr_ip(const struct netaddr *addr, size_t *len);
uint16_t netaddr_port(const struct netaddr *addr);
void netaddr_set_port(struct netaddr *addr, uint16_t port);

static inline bool netaddr_is_set(const struct netaddr *addr) { return addr->family != AF_UNSPEC; }
/* 0.0.0.0 or ::. */
bool netaddr_is_wildcard(const struct netaddr *addr);
/* 127.0.0.0/8 or ::1. */
bool netaddr_is_loopback(const struct netaddr *addr);

/* Orders by family, address, IPv6 scope, port: <0, 0, >0. */
int netaddr_compare(const struct netaddr *a, const struct netaddr *b);
bool netaddr_equal(const struct netaddr *a, const struct netaddr *b);
/* The same host, whatever the ports. */
bool netaddr_ip_equal(const struct netaddr *a, const struct netaddr *b);
/* Over what netaddr_compare looks at. `seed` keeps strangers from choosing collisions. */
uint64_t netaddr_hash(const struct netaddr *addr, uint64_t seed);

struct netprefix {
	sa_family_t family;
	uint8_t bits;
	uint8_t ip[16];      /* network order, bits past the prefix are zero */
};

/* `IP` (one host) or `IP/BITS`; bits of IP past the prefix are dropped. */
ZT_MUST_CHECK int netprefix_from_text(struct netprefix *prefix, const char *text);
/* The shortest of the two forms. Returns `out`. */
const char *netprefix_to_text(const struct netprefix *prefix, char out[NETPREFIX_TEXT_SIZE]);
/* False where the families differ. */
bool netprefix_matches(const struct netprefix *prefix, const struct netaddr *addr);

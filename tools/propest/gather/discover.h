/* Finding the authoritative servers of a name without touching any cache with it.
 *
 * A resolver is asked only for the root's servers and for addresses of name servers; from the root on, referrals are followed by questions
 * without RD to the servers themselves. Each server counts once, at its IPv4 address if it has one. Servers are asked at the port of the
 * resolver: 53, or a lab's.
 */
#pragma once

#include "lib/base/status.h"
#include "tools/propest/gather/ask.h"

struct discovery {
	const struct netaddr *resolvers;     /* none: those of /etc/resolv.conf */
	size_t resolver_count;
	struct netaddr *servers;             /* out */
	size_t size, count;
	const char *trouble;                 /* static text; why not */
};

int discover_servers(struct asker *asker, struct discovery *discovery, const uint8_t *name) ZT_MUST_CHECK;

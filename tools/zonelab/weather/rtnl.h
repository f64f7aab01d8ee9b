/* The few requests to the kernel's routing socket (rtnetlink(7)) that make a node's network.
 *
 * A struct rtnl belongs to the network namespace that its thread was in at rtnl_open. Every request waits for the kernel's answer. The first failure stays in
 * `failed` (an errno value), later requests do nothing; so it is looked at once, at the end.
 */
#pragma once

#include "lib/base/netaddr.h"

struct rtnl {
	int fd;
	unsigned sequence;
	int failed;              /* errno of the first failure, 0 = none */
	const char *what;        /* what failed, for people */
};

void rtnl_open(struct rtnl *rtnl);
void rtnl_close(struct rtnl *rtnl);

/* Sets the interface up; mtu 0 leaves it as it is, and so does queue 0 (packets that may wait for the reader of a TUN device). */
void rtnl_link_up(struct rtnl *rtnl, unsigned interface, unsigned mtu, unsigned queue);
/* One address as a host of its own (/32, /128), without duplicate address detection. */
void rtnl_address_add(struct rtnl *rtnl, unsigned interface, const struct netaddr *address);
/* The default route of the address's family through the interface; what goes that way has the address as its source. */
void rtnl_default_route(struct rtnl *rtnl, unsigned interface, const struct netaddr *source);

/* Waits until packets to an IPv6 address of this namespace are taken: the kernel completes rtnl_address_add a moment later. ETIMEDOUT after seconds. */
void rtnl_address_await(struct rtnl *rtnl, const struct netaddr *address);

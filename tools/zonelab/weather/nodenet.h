/* One node's network: a namespace of its own with a TUN device that carries all its addresses and both default routes.
 *
 * Whoever holds the TUN's descriptor is the only way out. Any port may be bound by any user inside, `ping` works without privileges (for the lab's group),
 * and IPv6 configures nothing of itself. The namespace lives as long as its descriptor is open or a process is in it.
 */
#pragma once

#include "lib/base/netaddr.h"
#include "tools/zonelab/weather/space.h"

enum { NODENET_MTU = 1500, NODENET_MTU_MIN = 1280, NODENET_MTU_MAX = 9000 };

struct nodenet_config {
	const struct netaddr *addresses;      /* ports don't matter. The first of a family is the source of what the node sends unbound */
	size_t address_count;                 /* a family without an address has no route */
	unsigned mtu;
};

struct nodenet {
	int netns;       /* for space_move and space_socket; closed on exec */
	int tun;         /* one IP packet a read or write, without a header in front; non-blocking, closed on exec */
};

/* The interface's name inside. */
#define NODENET_INTERFACE "lab0"

/* From a thread that is in the space's hub, where it is again afterwards. ZT_EUNSUPPORTED and a reason; then there is nothing to close. */
ZT_MUST_CHECK int nodenet_make(const struct space *space, const struct nodenet_config *config, struct nodenet *node, char reason[SPACE_REASON_SIZE]);

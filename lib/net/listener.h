/* TCP listeners that hand out connected sockets, and know when to stop accepting.
 *
 * Each thread may own a listener on the same address (SO_REUSEPORT). With max_connections open, or when the process or the system is out
 * of descriptors, make_room is asked to end a connection; where it can't, accepting pauses (new connections wait in the backlog) and goes on when
 * a connection is released or after a short while.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/netaddr.h"
#include "lib/net/loop.h"

struct listener;

/* The descriptor (non-blocking, close-on-exec) is the callee's. It counts as open until listener_release. */
typedef void (*listener_on_accept)(int fd, const struct netaddr *remote, void *ctx);

struct listener_config {
	struct netaddr local;              /* port 0: any, see listener_local */
	bool reuse_port;
	unsigned max_connections;          /* 0 = no limit */
	listener_on_accept on_accept;
	/* Ends a connection of the owner's choice (calls listener_release), or returns false. May be NULL. */
	bool (*make_room)(void *ctx);
	void *ctx;
};

struct listener_counters {
	uint64_t accepted;
	uint64_t paused_full;              /* times max_connections was reached and there was no room to make */
	uint64_t paused_descriptors;       /* the same for descriptors */
	unsigned open;
};

ZT_MUST_CHECK int listener_open(struct listener **listener, struct loop *loop, const struct listener_config *config);
/* Connections handed out live on; NULL is fine. Also allowed inside on_accept. */
void listener_close(struct listener *listener);
/* One connection handed out has ended. NULL is fine: what outlives the listener needs no account. */
void listener_release(struct listener *listener);
/* What an operator can do about an address that can't be listened on, TCP or UDP: a clause that begins with "; ", or "". */
const char *listener_hint(int status);
void listener_local(const struct listener *listener, struct netaddr *local);
struct listener_counters listener_counters(const struct listener *listener);

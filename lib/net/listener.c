/* TCP listeners. */
#include "lib/net/listener.h"

#include <assert.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	BACKLOG = 1024,
	ACCEPTS_PER_TURN = 32,      /* then others on the loop get their turn */
	RETRY_USEC = 100 * 1000,
};

struct listener {
	struct loop *loop;
	struct listener_config config;
	int fd;
	struct netaddr local;
	struct loop_io io;
	struct loop_timer retry;
	struct listener_counters counters;
	bool accepting;             /* on_accept is running */
	bool closed;                /* inside on_accept; freed after it */
};

static bool is_full(const struct listener *listener)
{
	return listener->config.max_connections && listener->counters.open >= listener->config.max_connections;
}

/* For one more connection. */
static bool has_room(struct listener *listener)
{
	if (!is_full(listener))
		return true;
	return listener->config.make_room && listener->config.make_room(listener->config.ctx) && !is_full(listener);
}

static void pause_accepting(struct listener *listener)
{
	loop_io_stop(&listener->io);
	loop_timer_in(&listener->retry, RETRY_USEC);
}

static bool is_out_of_descriptors(int err)
{
	return err == EMFILE || err == ENFILE || err == ENOBUFS || err == ENOMEM;
}

/* Also where it is still full, if that can be changed: then make_room is asked once more. */
static void listener_resume(void *ctx)
{
	struct listener *listener = ctx;

	if (listener->io.active || (is_full(listener) && !listener->config.make_room))
		return;
	loop_timer_stop(&listener->retry);
	if (loop_io_start(&listener->io, listener->loop, listener->fd, LOOP_READ) != ZT_OK)
		loop_timer_in(&listener->retry, RETRY_USEC);
}

static void listener_free(struct listener *listener)
{
	loop_io_stop(&listener->io);
	loop_timer_stop(&listener->retry);
	if (listener->fd >= 0)
		close(listener->fd);
	free(listener);
}

/* False when there is nothing more to take in this turn. Only for the turn's first connection it is certain that one waits, so only then others are
 * asked to make room. */
static bool accept_one(struct listener *listener, bool is_first)
{
	struct netaddr remote = { 0 };
	socklen_t len = sizeof(remote);

	if (!is_first && is_full(listener))
		return false;
	if (!has_room(listener)) {
		listener->counters.paused_full++;
		pause_accepting(listener);
		if (!listener->config.make_room)      /* only a release helps */
			loop_timer_stop(&listener->retry);
		return false;
	}
	int fd = accept4(listener->fd, &remote.any, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (fd >= 0) {
		listener->counters.accepted++;
		listener->counters.open++;
		listener->config.on_accept(fd, &remote, listener->config.ctx);
	} else if (is_out_of_descriptors(errno)) {
		if (is_first && !(listener->config.make_room && listener->config.make_room(listener->config.ctx))) {
			listener->counters.paused_descriptors++;
			pause_accepting(listener);
		}
		return false;
	} else if (errno == EAGAIN) {
		return false;
	}
	/* Other errors are of that one connection, which is gone. */
	return !listener->closed;
}

static void on_readable(void *ctx)
{
	struct listener *listener = ctx;

	listener->accepting = true;
	for (int i = 0; i < ACCEPTS_PER_TURN && accept_one(listener, i == 0); i++)
		continue;
	listener->accepting = false;
	if (listener->closed)
		listener_free(listener);
}

static int socket_listen(struct listener *listener)
{
	const int on = 1;
	const struct netaddr *local = &listener->config.local;
	socklen_t len = sizeof(listener->local);

	listener->fd = socket(local->family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP);
	if (listener->fd < 0)
		return status_from_errno(errno);
	if (setsockopt(listener->fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) != 0 ||
	    (listener->config.reuse_port && setsockopt(listener->fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on)) != 0) ||
	    (local->family == AF_INET6 && setsockopt(listener->fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on)) != 0) ||
	    bind(listener->fd, &local->any, netaddr_len(local)) != 0 || listen(listener->fd, BACKLOG) != 0 ||
	    getsockname(listener->fd, &listener->local.any, &len) != 0)
		return errno == EADDRINUSE ? ZT_EBUSY : status_from_errno(errno);
	return ZT_OK;
}

int listener_open(struct listener **out, struct loop *loop, const struct listener_config *config)
{
	struct listener *listener = calloc(1, sizeof(*listener));
	if (!listener)
		return ZT_ENOMEM;
	listener->loop = loop;
	listener->config = *config;
	loop_io_init(&listener->io, on_readable, listener);
	loop_timer_init(&listener->retry, loop, listener_resume, listener);
	int status = socket_listen(listener);
	if (status == ZT_OK)
		status = loop_io_start(&listener->io, loop, listener->fd, LOOP_READ);
	if (status != ZT_OK) {
		listener_free(listener);
		return status;
	}
	*out = listener;
	return ZT_OK;
}

void listener_close(struct listener *listener)
{
	if (!listener)
		return;
	if (listener->accepting)
		listener->closed = true;
	else
		listener_free(listener);
}

void listener_release(struct listener *listener)
{
	if (!listener)
		return;
	assert(listener->counters.open > 0);
	listener->counters.open--;
	if (!listener->closed)
		listener_resume(listener);
}

void listener_local(const struct listener *listener, struct netaddr *local)
{
	*local = listener->local;
}

struct listener_counters listener_counters(const struct listener *listener)
{
	return listener->counters;
}

const char *listener_hint(int status)
{
	switch (status) {
	case ZT_EBUSY: return "; another server uses it: stop that one, or name another address or port";
	case ZT_EDENIED: return "; ports below 1024 are for root, who then becomes server.user, and for services with the capability NET_BIND_SERVICE";
	case ZT_ENOENT: return "; no interface of this host has that address (ip addr shows which there are)";
	default: return "";
	}
}

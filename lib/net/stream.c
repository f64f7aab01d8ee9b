/* DNS over a byte stream.
 *
 * The flags say all about the state: connected (else connecting), finishing (flush, then end), ended (on_close was called). Callbacks into the
 * owner run between enter and leave; memory is freed by the outermost leave, so the owner may close inside any of them.
 */
#include "lib/net/stream.h"

#include <assert.h>
#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/base/wire.h"

enum {
	LENGTH_LEN = 2,
	MESSAGE_MIN = 12,                     /* a DNS header */
	MESSAGE_MAX = UINT16_MAX,
	WRITE_HIGH_DEFAULT = 256 * 1024,
	SINGLE_IO = 128 * 1024,               /* bytes per read and write call */
	CONNECT_TIMEOUT_DEFAULT = 5,          /* seconds */
	IDLE_TIMEOUT_DEFAULT = 10,
};

struct stream {
	struct loop *loop;
	struct stream_config config;
	struct bufferevent *bev;
	struct netaddr remote;
	struct netaddr local;
	struct event deferred;                /* work that must not run inside the owner's call */
	struct loop_timer timer;              /* connecting, then idling */
	usec_t last_activity;
	uint64_t messages_in;
	uint64_t messages_out;
	uint64_t bytes_in;
	int final_status;                     /* for finishing, and for a failure before the first turn */
	unsigned depth;
	bool is_server;
	bool connected;
	bool failed;                          /* final_status is to be reported by `deferred` */
	bool paused;
	bool full;
	bool peer_done;
	bool finishing;
	bool ended;
};

static struct evbuffer *input_of(const struct stream *stream)
{
	return bufferevent_get_input(stream->bev);
}

static struct evbuffer *output_of(const struct stream *stream)
{
	return bufferevent_get_output(stream->bev);
}

static void activity_note(struct stream *stream)
{
	stream->last_activity = loop_now(stream->loop);
}

static void on_output_change(struct evbuffer *output, const struct evbuffer_cb_info *info, void *ctx)
{
	(void)output;
	if (info->n_deleted > 0)
		activity_note(ctx);
}

static void stream_free(struct stream *stream)
{
	loop_timer_stop(&stream->timer);
	event_del(&stream->deferred);
	/* libevent lets go of a bufferevent only in the loop's next turn. */
	evbuffer_remove_cb(output_of(stream), on_output_change, stream);
	bufferevent_free(stream->bev);
	free(stream);
}

static void enter(struct stream *stream)
{
	stream->depth++;
}

static void leave(struct stream *stream)
{
	assert(stream->depth > 0);
	if (--stream->depth == 0 && stream->ended)
		stream_free(stream);
}

static void end(struct stream *stream, int status)
{
	if (stream->ended)
		return;
	stream->ended = true;
	loop_timer_stop(&stream->timer);
	bufferevent_setcb(stream->bev, NULL, NULL, NULL, NULL);
	bufferevent_disable(stream->bev, EV_READ | EV_WRITE);
	enter(stream);
	stream->config.handler->on_close(stream, status, stream->config.ctx);
	leave(stream);
}

/* Sends what is queued, then ends. */
static void finish(struct stream *stream, int status)
{
	stream->final_status = status;
	if (evbuffer_get_length(output_of(stream)) == 0) {
		end(stream, status);
	} else {
		stream->finishing = true;
		bufferevent_disable(stream->bev, EV_READ);
	}
}

static bool is_reading(const struct stream *stream)
{
	return stream->connected && !stream->ended && !stream->finishing && !stream->paused && !stream->full;
}

static void reading_update(struct stream *stream)
{
	if (stream->ended)
		return;
	if (is_reading(stream) && !stream->peer_done)
		bufferevent_enable(stream->bev, EV_READ);
	else
		bufferevent_disable(stream->bev, EV_READ);
}

/* False when there is no whole message, or the stream ended. */
static bool message_deliver(struct stream *stream)
{
	struct evbuffer *input = input_of(stream);
	uint8_t length[LENGTH_LEN];

	if (!is_reading(stream) || evbuffer_copyout(input, length, LENGTH_LEN) != LENGTH_LEN)
		return false;
	size_t len = wire_get_u16(length);
	if (len < MESSAGE_MIN) {
		end(stream, ZT_EMALFORMED);
		return false;
	}
	if (evbuffer_get_length(input) < LENGTH_LEN + len)
		return false;
	const struct stream_config *config = &stream->config;
	if ((config->max_messages && stream->messages_in >= config->max_messages) ||
	    (config->max_bytes && stream->bytes_in + LENGTH_LEN + len > config->max_bytes)) {
		end(stream, ZT_ELIMIT);
		return false;
	}
	const uint8_t *framed = evbuffer_pullup(input, (ev_ssize_t)(LENGTH_LEN + len));
	if (!framed) {
		end(stream, ZT_ENOMEM);
		return false;
	}
	stream->messages_in++;
	stream->bytes_in += LENGTH_LEN + len;
	activity_note(stream);
	config->handler->on_message(stream, framed + LENGTH_LEN, len, config->ctx);
	evbuffer_drain(input, LENGTH_LEN + len);
	return true;
}

static void peer_done_check(struct stream *stream)
{
	if (!stream->peer_done || !is_reading(stream))
		return;
	if (evbuffer_get_length(input_of(stream)) > 0)
		finish(stream, ZT_ETRUNC);
	else if (!stream->is_server || stream->messages_out >= stream->messages_in)
		finish(stream, ZT_ECLOSED);
}

static void input_process(struct stream *stream)
{
	enter(stream);
	while (message_deliver(stream))
		continue;
	peer_done_check(stream);
	leave(stream);
}

static void on_readable(struct bufferevent *bev, void *ctx)
{
	(void)bev;
	input_process(ctx);
}

static void on_written(struct bufferevent *bev, void *ctx)
{
	struct stream *stream = ctx;
	(void)bev;

	if (stream->finishing) {
		if (evbuffer_get_length(output_of(stream)) == 0)
			end(stream, stream->final_status);
		return;
	}
	if (!stream->full)
		return;
	stream->full = false;
	enter(stream);
	if (stream->config.handler->on_drained)
		stream->config.handler->on_drained(stream, stream->config.ctx);
	reading_update(stream);
	input_process(stream);
	leave(stream);
}

static void local_learn(struct stream *stream)
{
	struct netaddr local = { 0 };
	socklen_t len = sizeof(local);

	if (getsockname(bufferevent_getfd(stream->bev), &local.any, &len) == 0)
		stream->local = local;
}

static void on_connected(struct stream *stream)
{
	stream->connected = true;
	local_learn(stream);
	activity_note(stream);
	loop_timer_at(&stream->timer, stream->last_activity + stream->config.idle_timeout);
	enter(stream);
	if (stream->config.handler->on_connect)
		stream->config.handler->on_connect(stream, stream->config.ctx);
	reading_update(stream);
	leave(stream);
}

static void on_event(struct bufferevent *bev, short what, void *ctx)
{
	struct stream *stream = ctx;
	int err = errno;
	(void)bev;

	if (what & BEV_EVENT_CONNECTED) {
		on_connected(stream);
	} else if (what & BEV_EVENT_EOF) {
		stream->peer_done = true;
		input_process(stream);
	} else {
		end(stream, err ? status_from_errno(err) : ZT_EIO);
	}
}

static void on_timer(void *ctx)
{
	struct stream *stream = ctx;
	usec_t now = loop_now(stream->loop);
	usec_t deadline = stream->last_activity + stream->config.idle_timeout;

	if (!stream->connected)
		end(stream, ZT_ETIMEOUT);
	else if (stream->paused && evbuffer_get_length(output_of(stream)) == 0)
		loop_timer_at(&stream->timer, now + stream->config.idle_timeout);
	else if (now >= deadline)
		end(stream, ZT_ETIMEOUT);
	else
		loop_timer_at(&stream->timer, deadline);
}

static void on_deferred(evutil_socket_t fd, short what, void *ctx)
{
	struct stream *stream = ctx;
	(void)fd;
	(void)what;

	if (stream->failed)
		end(stream, stream->final_status);
	else
		input_process(stream);
}

static void config_complete(struct stream_config *config)
{
	if (!config->connect_timeout)
		config->connect_timeout = CONNECT_TIMEOUT_DEFAULT * USEC_PER_SEC;
	if (!config->idle_timeout)
		config->idle_timeout = IDLE_TIMEOUT_DEFAULT * USEC_PER_SEC;
	if (!config->write_high)
		config->write_high = WRITE_HIGH_DEFAULT;
	if (!config->write_low)
		config->write_low = config->write_high / 4;
}

/* Takes over fd, also on failure. */
static int stream_new(struct stream **out, struct loop *loop, int fd, const struct stream_config *config)
{
	const int on = 1;
	struct stream *stream = calloc(1, sizeof(*stream));
	struct bufferevent *bev = stream ? bufferevent_socket_new(loop->base, fd, BEV_OPT_CLOSE_ON_FREE) : NULL;

	if (!bev) {
		close(fd);
		free(stream);
		return ZT_ENOMEM;
	}
	stream->loop = loop;
	stream->config = *config;
	stream->bev = bev;
	config_complete(&stream->config);
	loop_timer_init(&stream->timer, loop, on_timer, stream);
	event_assign(&stream->deferred, loop->base, -1, 0, on_deferred, stream);
	bufferevent_setcb(bev, on_readable, on_written, on_event, stream);
	/* Room for one whole message, so that reading stops as soon as the owner can't keep up. */
	bufferevent_setwatermark(bev, EV_READ, 0, LENGTH_LEN + MESSAGE_MAX);
	bufferevent_setwatermark(bev, EV_WRITE, stream->config.write_low, 0);
	bufferevent_set_max_single_read(bev, SINGLE_IO);
	bufferevent_set_max_single_write(bev, SINGLE_IO);
	if (!evbuffer_add_cb(bufferevent_get_output(bev), on_output_change, stream)) {
		stream_free(stream);
		return ZT_ENOMEM;
	}
	/* Whole messages are written at once; waiting for more would only delay them. Not vital where it fails. */
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	*out = stream;
	return ZT_OK;
}

int stream_accept(struct stream **out, struct loop *loop, int fd, const struct stream_config *config)
{
	struct stream *stream;
	int status = stream_new(&stream, loop, fd, config);
	if (status != ZT_OK)
		return status;
	socklen_t len = sizeof(stream->remote);
	if (getpeername(fd, &stream->remote.any, &len) != 0)
		stream->remote = (struct netaddr){ 0 };
	local_learn(stream);
	stream->is_server = true;
	stream->connected = true;
	activity_note(stream);
	loop_timer_at(&stream->timer, stream->last_activity + stream->config.idle_timeout);
	reading_update(stream);
	*out = stream;
	return ZT_OK;
}

static int source_bind(int fd, const struct netaddr *source)
{
	const int on = 1;

	/* The port is then chosen by connect, which may share it among different peers. */
	if (netaddr_port(source) == 0)
		(void)setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof(on));
	return bind(fd, &source->any, netaddr_len(source)) == 0 ? ZT_OK : status_from_errno(errno);
}

int stream_connect(struct stream **out, struct loop *loop, const struct netaddr *remote, const struct netaddr *source,
		   const struct stream_config *config)
{
	struct stream *stream;
	int fd = socket(remote->family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP);
	if (fd < 0)
		return status_from_errno(errno);
	int status = source ? source_bind(fd, source) : ZT_OK;
	if (status != ZT_OK) {
		close(fd);
		return status;
	}
	status = stream_new(&stream, loop, fd, config);
	if (status != ZT_OK)
		return status;
	stream->remote = *remote;
	loop_timer_in(&stream->timer, stream->config.connect_timeout);
	if (connect(fd, &remote->any, netaddr_len(remote)) != 0 && errno != EINPROGRESS) {
		stream->failed = true;
		stream->final_status = status_from_errno(errno);
		event_active(&stream->deferred, EV_TIMEOUT, 1);
	} else if (bufferevent_socket_connect(stream->bev, NULL, 0) != 0) {
		stream_free(stream);
		return ZT_ESYSTEM;
	}
	*out = stream;
	return ZT_OK;
}

int stream_send(struct stream *stream, const uint8_t *message, size_t len)
{
	struct evbuffer *output = output_of(stream);
	struct evbuffer_iovec room;

	if (stream->ended || stream->finishing)
		return ZT_ECLOSED;
	if (len > MESSAGE_MAX)
		return ZT_EINVAL;
	if (evbuffer_reserve_space(output, (ev_ssize_t)(LENGTH_LEN + len), &room, 1) != 1)
		return ZT_ENOMEM;
	wire_put_u16(room.iov_base, (uint16_t)len);
	memcpy((uint8_t *)room.iov_base + LENGTH_LEN, message, len);
	room.iov_len = LENGTH_LEN + len;
	if (evbuffer_commit_space(output, &room, 1) != 0)
		return ZT_ENOMEM;
	stream->messages_out++;
	activity_note(stream);
	if (evbuffer_get_length(output) >= stream->config.write_high) {
		stream->full = true;
		reading_update(stream);
	} else if (stream->peer_done) {
		event_active(&stream->deferred, EV_TIMEOUT, 1);
	}
	return ZT_OK;
}

bool stream_is_full(const struct stream *stream)
{
	return stream->full;
}

size_t stream_queued(const struct stream *stream)
{
	return evbuffer_get_length(output_of(stream));
}

void stream_pause(struct stream *stream)
{
	stream->paused = true;
	reading_update(stream);
}

void stream_resume(struct stream *stream)
{
	if (!stream->paused || stream->ended)
		return;
	stream->paused = false;
	activity_note(stream);
	reading_update(stream);
	event_active(&stream->deferred, EV_TIMEOUT, 1);
}

void stream_set_idle_timeout(struct stream *stream, usec_t idle_timeout)
{
	stream->config.idle_timeout = idle_timeout;
	if (!stream->connected || stream->ended)
		return;
	activity_note(stream);
	loop_timer_at(&stream->timer, stream->last_activity + idle_timeout);
}

void stream_finish(struct stream *stream)
{
	if (!stream->ended && !stream->finishing)
		finish(stream, ZT_OK);
}

void stream_close(struct stream *stream)
{
	if (stream)
		end(stream, ZT_OK);
}

void *stream_ctx(const struct stream *stream)
{
	return stream->config.ctx;
}

const struct netaddr *stream_remote(const struct stream *stream)
{
	return &stream->remote;
}

const struct netaddr *stream_local(const struct stream *stream)
{
	return &stream->local;
}

uint64_t stream_messages_in(const struct stream *stream)
{
	return stream->messages_in;
}

uint64_t stream_bytes_in(const struct stream *stream)
{
	return stream->bytes_in;
}

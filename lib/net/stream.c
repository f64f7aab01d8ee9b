/* DNS over a byte stream.
 *
 * The flags say all about the state: connected (else connecting), finishing (flush, then end), ended (on_close was called). Callbacks into the
 * owner run between turn_begin and turn_end; memory is freed by the outermost leave, so the owner may close inside any of them.
 *
 * Input: bytes of a message that is not whole yet, and messages the owner does not want yet, wait in `rest`; the others are delivered out of the
 * loop's buffer. Output: what is sent during the stream's own turn gathers in the loop's buffer, anything else in `queue`; bytes that the
 * kernel does not take move to `queue` too, and the order is kept because the loop's buffer is only used while `queue` is empty.
 */
#include "lib/net/stream_inner.h"

#include <assert.h>
#include <errno.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/base/wire.h"

static void stream_free(struct stream *stream)
{
	loop_timer_stop(&stream->timer);
	event_del(&stream->deferred);
	loop_io_stop(&stream->readable);
	loop_io_stop(&stream->writable);
	transport_close(&stream->transport, stream->aborts);
	buf_fini(&stream->rest);
	buf_fini(&stream->queue);
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

void stream_end(struct stream *stream, int status)
{
	if (stream->ended)
		return;
	stream->ended = true;
	if (stream_is_current(stream))
		stream_shared(stream)->out_len = 0;
	loop_timer_stop(&stream->timer);
	loop_io_stop(&stream->readable);
	loop_io_stop(&stream->writable);
	/* The kernel need not keep for minutes what a peer would not take. */
	stream->aborts = status == ZT_ETIMEOUT && stream_queue_len(stream) > 0;
	enter(stream);
	stream->config.handler->on_close(stream, status, stream->config.ctx);
	leave(stream);
}

/* Runs on_deferred in the loop's next round; what ready descriptors of others bring comes first. */
static void defer(struct stream *stream)
{
	event_add(&stream->deferred, &(struct timeval){ 0 });
}

/* Runs on_deferred in this round of the loop. */
void stream_defer_soon(struct stream *stream)
{
	event_active(&stream->deferred, EV_TIMEOUT, 1);
}

/* For what goes wrong inside the owner's call. */
void stream_fail(struct stream *stream, int status)
{
	if (stream->failed || stream->ended)
		return;
	stream->failed = true;
	stream->final_status = status;
	stream_defer_soon(stream);
}

/* Sends what is queued, then ends. */
void stream_wind_up(struct stream *stream, int status)
{
	stream->final_status = status;
	stream->finishing = true;
	if (stream_queued(stream) == 0)
		stream_end(stream, status);
}

static void peer_done_check(struct stream *stream)
{
	if (!stream->peer_done || !stream_is_reading(stream))
		return;
	if (stream->rest.len > 0)
		stream_wind_up(stream, ZT_ETRUNC);
	else if (stream->owed == 0)
		stream_wind_up(stream, ZT_ECLOSED);
}

/* ---- turns ------------------------------------------------------------------------------------------------------------------------- */

static void interest_set(struct stream *stream, struct loop_io *io, unsigned events, bool wanted)
{
	if (wanted == io->active)
		return;
	if (!wanted)
		loop_io_stop(io);
	else if (loop_io_start(io, stream->loop, stream->transport.fd, events) != ZT_OK)
		stream_fail(stream, ZT_ENOMEM);
}

static void turn_begin(struct stream *stream)
{
	struct stream_shared *shared = stream_shared(stream);

	assert(!shared->current);
	shared->current = stream;
	stream->turn_sent = 0;
	enter(stream);
}

/* Messages in `rest` that are whole, or might be, when nothing keeps us from them. */
static bool has_work(const struct stream *stream)
{
	if (stream->full)
		return !stream->finishing && stream_queue_len(stream) <= stream->config.write_low;
	if (!stream_is_reading(stream))
		return false;
	if (transport_has_more(&stream->transport))
		return true;
	/* A part of a PROXY header is no message, however long. */
	return !stream->takes_proxy && stream->rest.len >= LENGTH_LEN && stream->rest.len >= LENGTH_LEN + (size_t)wire_get_u16(stream->rest.data);
}

static void state_update(struct stream *stream, usec_t now)
{
	if (stream->finishing && stream_queue_len(stream) == 0) {
		stream_end(stream, stream->final_status);
		return;
	}
	stream_mark_update(stream, now);
	interest_set(stream, &stream->readable, LOOP_READ, stream_is_reading(stream) && !stream->peer_done);
	interest_set(stream, &stream->writable, LOOP_WRITE, stream_queue_len(stream) > 0);
	stream_timer_update(stream);
	if (has_work(stream))
		defer(stream);
}

static void turn_end(struct stream *stream, usec_t now)
{
	if (!stream->ended) {
		stream_flush_gathered(stream);
		peer_done_check(stream);
	}
	stream_shared(stream)->current = NULL;
	if (!stream->ended && !stream->failed)
		state_update(stream, now);
	leave(stream);
}

static void drained_check(struct stream *stream)
{
	if (!stream->full || stream_queue_len(stream) > stream->config.write_low || stream->finishing)
		return;
	stream->full = false;
	if (stream->config.handler->on_drained)
		stream->config.handler->on_drained(stream, stream->config.ctx);
}

static void turn(struct stream *stream, bool is_readable)
{
	usec_t now = loop_now(stream->loop);

	turn_begin(stream);
	stream_flush_queue(stream);
	drained_check(stream);
	stream_input_turn(stream, now, is_readable);
	turn_end(stream, now);
}

/* ---- opening ----------------------------------------------------------------------------------------------------------------------- */

static void local_learn(struct stream *stream)
{
	struct netaddr local = { 0 };
	socklen_t len = sizeof(local);

	if (getsockname(stream->transport.fd, &local.any, &len) == 0)
		stream->local = local;
}

static int connected_check(struct stream *stream)
{
	int error = 0;
	socklen_t len = sizeof(error);

	if (getsockopt(stream->transport.fd, SOL_SOCKET, SO_ERROR, &error, &len) != 0 || error != 0)
		return error ? status_from_errno(error) : ZT_ESYSTEM;
	local_learn(stream);
	return ZT_OK;
}

/* ZT_OK: the next phase has come. */
static int opening_step(struct stream *stream)
{
	int status;

	switch (stream->phase) {
	case STREAM_CONNECTING:
		status = connected_check(stream);
		if (status == ZT_OK)
			stream->phase = stream->transport.tls ? STREAM_HANDSHAKE : STREAM_OPEN;
		return status;
	case STREAM_ANNOUNCING:
		status = stream_announcement_read(stream);
		if (status == ZT_OK)
			stream->phase = STREAM_HANDSHAKE;
		return status;
	default:
		status = tls_handshake(stream->transport.tls);
		if (status == ZT_OK)
			stream->phase = STREAM_OPEN;
		return status;
	}
}

static void opened(struct stream *stream)
{
	usec_t now = loop_now(stream->loop);

	stream->last_activity = now;
	turn_begin(stream);
	stream_flush_queue(stream);
	if (!stream->is_server && stream->config.handler->on_connect)
		stream->config.handler->on_connect(stream, stream->config.ctx);
	/* The last bytes of the handshake may have come with the first of a message. */
	if (stream->transport.tls)
		stream_input_turn(stream, now, true);
	turn_end(stream, now);
}

static void opening_turn(struct stream *stream)
{
	int status;

	do {
		status = opening_step(stream);
	} while (status == ZT_OK && !stream_is_open(stream));
	if (status == ZT_OK) {
		opened(stream);
	} else if (status != ZT_EAGAIN) {
		stream_end(stream, status);
	} else {
		bool writes = stream->phase == STREAM_HANDSHAKE && tls_wants_write(stream->transport.tls);
		interest_set(stream, &stream->readable, LOOP_READ, !writes);
		interest_set(stream, &stream->writable, LOOP_WRITE, writes);
	}
}

static void on_readable(void *ctx)
{
	struct stream *stream = ctx;

	if (stream_is_open(stream))
		turn(stream, true);
	else
		opening_turn(stream);
}

static void on_writable(void *ctx)
{
	struct stream *stream = ctx;

	if (stream_is_open(stream))
		turn(stream, false);
	else
		opening_turn(stream);
}

static void on_deferred(evutil_socket_t fd, short what, void *ctx)
{
	struct stream *stream = ctx;
	(void)fd;
	(void)what;

	if (stream->failed)
		stream_end(stream, stream->final_status);
	else if (stream_is_open(stream))
		turn(stream, false);
}

/* ---- life -------------------------------------------------------------------------------------------------------------------------- */

static void config_complete(struct stream_config *config)
{
	if (!config->connect_timeout)
		config->connect_timeout = CONNECT_TIMEOUT_DEFAULT * USEC_PER_SEC;
	if (!config->idle_timeout)
		config->idle_timeout = IDLE_TIMEOUT_DEFAULT * USEC_PER_SEC;
	if (!config->read_timeout)
		config->read_timeout = config->idle_timeout;
	if (!config->write_timeout)
		config->write_timeout = config->idle_timeout;
	if (!config->write_high)
		config->write_high = WRITE_HIGH_DEFAULT;
	if (!config->write_low)
		config->write_low = config->write_high / 4;
}

static bool shared_make(struct loop *loop)
{
	if (!loop->streams)
		loop->streams = malloc(sizeof(*loop->streams));
	if (!loop->streams)
		return false;
	/* The first bytes only: a loop with few streams touches few pages of the buffers. */
	loop->streams->current = NULL;
	loop->streams->out_len = 0;
	return true;
}

static void stream_init(struct stream *stream, struct loop *loop, int fd, const struct stream_config *config)
{
	stream->loop = loop;
	stream->config = *config;
	stream->transport.fd = fd;
	stream->started = stream->last_activity = loop_now(loop);
	config_complete(&stream->config);
	buf_init(&stream->rest);
	buf_init(&stream->queue);
	loop_timer_init(&stream->timer, loop, stream_on_timer, stream);
	loop_io_init(&stream->readable, on_readable, stream);
	loop_io_init(&stream->writable, on_writable, stream);
	event_assign(&stream->deferred, loop->base, -1, 0, on_deferred, stream);
}

/* Takes over fd, also on failure. */
static int stream_new(struct stream **out, struct loop *loop, int fd, const struct stream_config *config)
{
	const int on = 1;
	struct stream *stream = loop->streams || shared_make(loop) ? calloc(1, sizeof(*stream)) : NULL;

	if (!stream) {
		close(fd);
		return ZT_ENOMEM;
	}
	stream_init(stream, loop, fd, config);
	int status = config->tls ? tls_open(&stream->transport.tls, config->tls, fd) : ZT_OK;
	if (status != ZT_OK) {
		stream_free(stream);
		return status;
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
	stream->takes_proxy = config->takes_proxy;
	stream->phase = !config->tls ? STREAM_OPEN : config->takes_proxy ? STREAM_ANNOUNCING : STREAM_HANDSHAKE;
	status = loop_io_start(&stream->readable, loop, fd, LOOP_READ);
	if (status != ZT_OK) {
		stream_free(stream);
		return status;
	}
	stream_timer_update(stream);
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
	if (connect(fd, &remote->any, netaddr_len(remote)) != 0 && errno != EINPROGRESS)
		stream_fail(stream, status_from_errno(errno));
	else
		status = loop_io_start(&stream->writable, loop, fd, LOOP_WRITE);
	if (status != ZT_OK) {
		stream_free(stream);
		return status;
	}
	stream_timer_update(stream);
	*out = stream;
	return ZT_OK;
}

/* ---- the owner's calls --------------------------------------------------------------------------------------------------------------- */

int stream_send_part(struct stream *stream, const uint8_t *message, size_t len)
{
	/* A connection that failed at once has not been reported yet: on_close will say why, so the sender need not. */
	if (stream->failed && !stream->ended && !stream->is_server && stream->phase == STREAM_CONNECTING)
		return ZT_OK;
	if (stream->ended || stream->finishing || stream->failed)
		return ZT_ECLOSED;
	if (len > MESSAGE_MAX)
		return ZT_EINVAL;
	int status = stream_output_add(stream, message, len);
	if (status != ZT_OK) {
		stream_fail(stream, status);      /* half a message may be queued */
		return status;
	}
	stream->turn_sent += stream_is_current(stream) ? LENGTH_LEN + len : 0;
	if (stream_queued(stream) >= stream->config.write_high || stream->turn_sent >= stream->config.write_high)
		stream->full = true;
	return ZT_OK;
}

void stream_settle(struct stream *stream)
{
	if (stream->owed == 0 || stream->ended)
		return;
	/* Where that was all that kept the stream from reading or from ending. */
	if (!stream_is_current(stream) && (stream->peer_done || stream->owed == stream->config.max_owed))
		stream_defer_soon(stream);
	stream->owed--;
}

int stream_send(struct stream *stream, const uint8_t *message, size_t len)
{
	int status = stream_send_part(stream, message, len);
	if (status == ZT_OK)
		stream_settle(stream);
	return status;
}

bool stream_is_full(const struct stream *stream)
{
	return stream->full;
}

bool stream_takes(const struct stream *stream)
{
	return !stream->ended && !stream->failed && !stream->finishing && stream_queued(stream) < TAKES_HIGHS * stream->config.write_high;
}

size_t stream_queued(const struct stream *stream)
{
	return stream_queue_len(stream) + (stream_is_current(stream) ? stream_shared(stream)->out_len : 0);
}

void stream_pause(struct stream *stream)
{
	stream->paused = true;
	if (!stream->ended && !stream_is_current(stream))
		loop_io_stop(&stream->readable);
}

void stream_resume(struct stream *stream)
{
	if (!stream->paused || stream->ended)
		return;
	stream->paused = false;
	stream->last_activity = loop_now(stream->loop);
	if (stream->part_since > 0)
		stream->part_since = stream->last_activity;
	stream_defer_soon(stream);
}

void stream_set_idle_timeout(struct stream *stream, usec_t idle_timeout)
{
	bool follow_read = stream->config.read_timeout == stream->config.idle_timeout;
	bool follow_write = stream->config.write_timeout == stream->config.idle_timeout;

	stream->config.idle_timeout = idle_timeout;
	if (follow_read)
		stream->config.read_timeout = idle_timeout;
	if (follow_write)
		stream->config.write_timeout = idle_timeout;
	if (!stream_is_open(stream) || stream->ended)
		return;
	stream->last_activity = loop_now(stream->loop);
	stream_timer_update(stream);
}

bool stream_is_idle(const struct stream *stream)
{
	return stream_is_open(stream) && stream->owed == 0 && !stream->paused && stream->rest.len == 0 && stream_queued(stream) == 0;
}

usec_t stream_last_activity(const struct stream *stream)
{
	return stream->last_activity;
}

void stream_finish(struct stream *stream)
{
	if (!stream->ended && !stream->finishing)
		stream_wind_up(stream, ZT_OK);
}

void stream_close(struct stream *stream)
{
	if (stream)
		stream_end(stream, ZT_OK);
}

void *stream_ctx(const struct stream *stream)
{
	return stream->config.ctx;
}

const struct netaddr *stream_remote(const struct stream *stream)
{
	return &stream->remote;
}

bool stream_is_encrypted(const struct stream *stream)
{
	return stream->transport.tls != NULL;
}

bool stream_is_resumed(const struct stream *stream)
{
	return stream->transport.tls && tls_is_resumed(stream->transport.tls);
}

struct tls_peer *stream_tls_peer(const struct stream *stream)
{
	return stream->transport.tls ? tls_peer_of(stream->transport.tls) : NULL;
}

const char *stream_problem(const struct stream *stream)
{
	return stream->transport.tls ? tls_problem(stream->transport.tls) : NULL;
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

/* DNS over a byte stream.
 *
 * The flags say all about the state: connected (else connecting), finishing (flush, then end), ended (on_close was called). Callbacks into the
 * owner run between turn_begin and turn_end; memory is freed by the outermost leave, so the owner may close inside any of them.
 *
 * Input: bytes of a message that is not whole yet, and messages the owner does not want yet, wait in `rest`; the others are delivered out of the
 * loop's buffer. Output: what is sent during the stream's own turn gathers in the loop's buffer, anything else in `queue`; bytes that the
 * kernel does not take move to `queue` too, and the order is kept because the loop's buffer is only used while `queue` is empty.
 */
#include "lib/net/stream.h"

#include <assert.h>
#include <errno.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/base/buf.h"
#include "lib/base/wire.h"

enum {
	LENGTH_LEN = 2,
	MESSAGE_MIN = 12,                     /* a DNS header */
	MESSAGE_MAX = UINT16_MAX,
	WRITE_HIGH_DEFAULT = 256 * 1024,
	SERVER_READ = 16 * 1024,              /* bytes per turn: a client that pipelines gets no longer turns than others */
	CLIENT_READ = 64 * 1024,
	REST_COPIED = 16 * 1024,              /* a longer rest is completed in its own place */
	IN_SIZE = REST_COPIED + CLIENT_READ,
	OUT_SIZE = 2 * (LENGTH_LEN + MESSAGE_MAX),
	PROGRESS = 16 * 1024,                 /* bytes a peer must take in each write_timeout */
	CONNECT_TIMEOUT_DEFAULT = 5,          /* seconds */
	IDLE_TIMEOUT_DEFAULT = 10,
	OWED_TIMEOUT = 10,                    /* at least, for answers that take long */
};

/* What the streams of one loop share: the buffers of the turn that is running. */
struct stream_shared {
	struct stream *current;               /* whose turn it is */
	size_t out_len;
	uint8_t in[IN_SIZE];
	uint8_t out[OUT_SIZE];
};

struct stream {
	struct loop *loop;
	struct stream_config config;
	int fd;
	struct netaddr remote;
	struct netaddr local;
	struct loop_io readable;
	struct loop_io writable;
	struct event deferred;                /* work that must not run inside the owner's call */
	struct loop_timer timer;
	struct buf rest;
	struct buf queue;
	size_t queue_start;                   /* bytes of the queue that have left */
	usec_t started;
	usec_t last_activity;
	usec_t part_since;                    /* first byte of the message that is not whole; 0 = none */
	usec_t mark_since;                    /* the peer has until mark_since + write_timeout … */
	uint64_t mark;                        /* … to acknowledge this many bytes; 0 = nothing is waiting */
	uint64_t messages_in;
	uint64_t bytes_in;
	uint64_t owed;
	size_t turn_sent;                     /* bytes queued in this turn */
	int final_status;                     /* for finishing, and for a failure found inside the owner's call */
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

static struct stream_shared *shared_of(const struct stream *stream)
{
	return stream->loop->streams;
}

static bool is_current(const struct stream *stream)
{
	return shared_of(stream)->current == stream;
}

static size_t queue_len(const struct stream *stream)
{
	return stream->queue.len - stream->queue_start;
}

static void stream_free(struct stream *stream)
{
	loop_timer_stop(&stream->timer);
	event_del(&stream->deferred);
	loop_io_stop(&stream->readable);
	loop_io_stop(&stream->writable);
	close(stream->fd);
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

static void end(struct stream *stream, int status)
{
	if (stream->ended)
		return;
	stream->ended = true;
	if (is_current(stream))
		shared_of(stream)->out_len = 0;
	loop_timer_stop(&stream->timer);
	loop_io_stop(&stream->readable);
	loop_io_stop(&stream->writable);
	/* The kernel need not keep for minutes what a peer would not take. */
	if (status == ZT_ETIMEOUT && queue_len(stream) > 0)
		(void)setsockopt(stream->fd, SOL_SOCKET, SO_LINGER, &(struct linger){ .l_onoff = 1 }, sizeof(struct linger));
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
static void defer_soon(struct stream *stream)
{
	event_active(&stream->deferred, EV_TIMEOUT, 1);
}

/* For what goes wrong inside the owner's call. */
static void fail(struct stream *stream, int status)
{
	if (stream->failed || stream->ended)
		return;
	stream->failed = true;
	stream->final_status = status;
	defer_soon(stream);
}

/* ---- deadlines --------------------------------------------------------------------------------------------------------------------- */

/* Bytes that the peer has acknowledged. */
static uint64_t bytes_taken(const struct stream *stream)
{
	struct tcp_info info = { 0 };
	socklen_t len = sizeof(info);

	return getsockopt(stream->fd, IPPROTO_TCP, TCP_INFO, &info, &len) == 0 ? info.tcpi_bytes_acked : 0;
}

static usec_t first_timeout(const struct stream *stream)
{
	const struct stream_config *config = &stream->config;
	return stream->is_server && stream->messages_in == 0 && config->read_timeout < config->idle_timeout ? config->read_timeout :
													      config->idle_timeout;
}

static usec_t deadline_of(const struct stream *stream)
{
	const struct stream_config *config = &stream->config;

	if (!stream->connected)
		return stream->started + config->connect_timeout;
	if (stream->mark > 0)
		return stream->mark_since + config->write_timeout;
	if (stream->paused)
		return stream->last_activity + config->idle_timeout;
	if (stream->part_since > 0)
		return stream->part_since + config->read_timeout;
	if (stream->owed > 0 && config->idle_timeout < OWED_TIMEOUT * USEC_PER_SEC)
		return stream->last_activity + OWED_TIMEOUT * USEC_PER_SEC;
	return stream->last_activity + first_timeout(stream);
}

/* The timer may be early, never late. */
static void timer_update(struct stream *stream)
{
	usec_t deadline = deadline_of(stream);
	if (!stream->timer.armed || deadline < stream->timer.deadline)
		loop_timer_at(&stream->timer, deadline);
}

/* Sets a mark for the peer to pass while something waits for it, and takes it away when nothing does. */
static void mark_update(struct stream *stream, usec_t now)
{
	size_t waiting = queue_len(stream);

	if (waiting == 0) {
		stream->mark = 0;
	} else if (stream->mark == 0) {
		stream->mark = bytes_taken(stream) + (waiting < PROGRESS ? waiting : PROGRESS);
		stream->mark_since = now;
		timer_update(stream);
	}
}

static void on_timer(void *ctx)
{
	struct stream *stream = ctx;
	usec_t now = loop_now(stream->loop);

	if (stream->mark > 0 && bytes_taken(stream) >= stream->mark) {
		stream->mark = 0;
		stream->last_activity = now;
		mark_update(stream, now);
	}
	if (stream->connected && stream->paused && stream->mark == 0)
		loop_timer_at(&stream->timer, now + stream->config.idle_timeout);
	else if (now >= deadline_of(stream))
		end(stream, ZT_ETIMEOUT);
	else
		loop_timer_at(&stream->timer, deadline_of(stream));
}

/* ---- output ------------------------------------------------------------------------------------------------------------------------ */

/* Returns how many bytes the kernel took; fails the stream where it is broken. */
static size_t socket_write(struct stream *stream, const uint8_t *data, size_t len)
{
	ssize_t done = send(stream->fd, data, len, MSG_NOSIGNAL);

	if (done < 0 && errno != EAGAIN && errno != EINTR)
		fail(stream, status_from_errno(errno));
	return done > 0 ? (size_t)done : 0;
}

static int queue_add(struct stream *stream, const uint8_t *data, size_t len)
{
	struct buf *queue = &stream->queue;

	if (stream->queue_start > 0 && stream->queue_start >= queue->len / 2) {
		queue->len -= stream->queue_start;
		memmove(queue->data, queue->data + stream->queue_start, queue->len);
		stream->queue_start = 0;
	}
	buf_add(queue, data, len);
	return queue->status;
}

/* Writes what gathered in the loop's buffer. */
static void gathered_flush(struct stream *stream)
{
	struct stream_shared *shared = shared_of(stream);
	size_t len = shared->out_len;

	shared->out_len = 0;
	if (len == 0 || stream->failed)
		return;
	size_t done = socket_write(stream, shared->out, len);
	if (done < len && queue_add(stream, shared->out + done, len - done) != ZT_OK)
		fail(stream, ZT_ENOMEM);
}

static void queue_flush(struct stream *stream)
{
	size_t len = queue_len(stream);

	if (!stream->connected || len == 0 || stream->failed)
		return;
	stream->queue_start += socket_write(stream, stream->queue.data + stream->queue_start, len);
	if (queue_len(stream) < len)
		stream->last_activity = loop_now(stream->loop);
	if (queue_len(stream) == 0) {
		buf_fini(&stream->queue);
		stream->queue_start = 0;
	}
}

static int output_add(struct stream *stream, const uint8_t *message, size_t len)
{
	struct stream_shared *shared = shared_of(stream);
	uint8_t length[LENGTH_LEN];

	wire_put_u16(length, (uint16_t)len);
	if (is_current(stream) && stream->connected) {
		if (shared->out_len + LENGTH_LEN + len > OUT_SIZE)
			gathered_flush(stream);
		if (queue_len(stream) == 0) {
			memcpy(shared->out + shared->out_len, length, LENGTH_LEN);
			memcpy(shared->out + shared->out_len + LENGTH_LEN, message, len);
			shared->out_len += LENGTH_LEN + len;
			return ZT_OK;
		}
	} else if (!stream->writable.active) {
		defer_soon(stream);
	}
	int status = queue_add(stream, length, LENGTH_LEN);
	return status == ZT_OK ? queue_add(stream, message, len) : status;
}

/* Sends what is queued, then ends. */
static void finish(struct stream *stream, int status)
{
	stream->final_status = status;
	stream->finishing = true;
	if (stream_queued(stream) == 0)
		end(stream, status);
}

/* ---- input ------------------------------------------------------------------------------------------------------------------------- */

static bool is_reading(const struct stream *stream)
{
	return stream->connected && !stream->ended && !stream->failed && !stream->finishing && !stream->paused && !stream->full &&
	       (stream->config.max_owed == 0 || stream->owed < stream->config.max_owed);
}

/* The next whole message of `data`. ZT_EAGAIN: there is none; others: the stream must end. */
static int message_take(struct stream *stream, struct stream_message *data, struct stream_message *message)
{
	const struct stream_config *config = &stream->config;

	if (data->len < LENGTH_LEN)
		return ZT_EAGAIN;
	size_t len = wire_get_u16(data->data);
	if (len < MESSAGE_MIN)
		return ZT_EMALFORMED;
	if (data->len < LENGTH_LEN + len)
		return ZT_EAGAIN;
	if ((config->max_messages && stream->messages_in >= config->max_messages) ||
	    (config->max_bytes && stream->bytes_in + LENGTH_LEN + len > config->max_bytes))
		return ZT_ELIMIT;
	*message = (struct stream_message){ .data = data->data + LENGTH_LEN, .len = len };
	data->data += LENGTH_LEN + len;
	data->len -= LENGTH_LEN + len;
	stream->messages_in++;
	stream->bytes_in += LENGTH_LEN + len;
	stream->owed += stream->is_server;
	return ZT_OK;
}

static bool batch_deliver(struct stream *stream, struct stream_message *data)
{
	const struct stream_handler *handler = stream->config.handler;
	struct stream_message messages[STREAM_BATCH];
	unsigned count = 0, most = handler->on_batch ? STREAM_BATCH : 1;
	int status = ZT_EAGAIN;

	while (count < most && is_reading(stream) && (status = message_take(stream, data, &messages[count])) == ZT_OK)
		count++;
	/* What is wrong is told after the answers to what was right. */
	if (count == 0 && status != ZT_EAGAIN)
		finish(stream, status);
	if (count == 0)
		return false;
	if (handler->on_batch)
		handler->on_batch(stream, messages, count, stream->config.ctx);
	else
		handler->on_message(stream, messages[0].data, messages[0].len, stream->config.ctx);
	return true;
}

/* Delivers the whole messages of data; returns how many bytes they took. */
static size_t messages_deliver(struct stream *stream, const uint8_t *bytes, size_t len, usec_t now)
{
	struct stream_message data = { .data = bytes, .len = len };

	while (batch_deliver(stream, &data))
		continue;
	size_t used = len - data.len;
	if (used > 0)
		stream->last_activity = now;
	if (data.len == 0)
		stream->part_since = 0;
	else if (used > 0 || stream->part_since == 0)
		stream->part_since = now;
	return used;
}

/* Where the next bytes go: behind a copy of a short rest in the loop's buffer, else behind the rest itself. */
struct input {
	uint8_t *data;      /* NULL = no memory */
	size_t len;         /* there already */
	size_t room;        /* more that may come */
	bool is_rest;
};

static struct input input_begin(struct stream *stream)
{
	struct stream_shared *shared = shared_of(stream);
	struct buf *rest = &stream->rest;
	struct input input = { .data = shared->in, .len = rest->len, .room = stream->is_server ? SERVER_READ : CLIENT_READ };

	if (rest->len > REST_COPIED) {
		input.is_rest = true;
		input.data = buf_reserve(rest, input.room) ? rest->data : NULL;
	} else if (rest->len > 0) {
		memcpy(shared->in, rest->data, rest->len);
	}
	return input;
}

/* Keeps what was not used. */
static void input_keep(struct stream *stream, const struct input *input, size_t used)
{
	struct buf *rest = &stream->rest;

	if (used == input->len) {
		buf_fini(rest);
	} else if (input->is_rest) {
		memmove(rest->data, rest->data + used, input->len - used);
		rest->len = input->len - used;
	} else {
		buf_clear(rest);
		buf_add(rest, input->data + used, input->len - used);
		if (rest->status != ZT_OK)
			end(stream, ZT_ENOMEM);
	}
}

static void socket_read(struct stream *stream, struct input *input)
{
	ssize_t got = recv(stream->fd, input->data + input->len, input->room, 0);

	if (got > 0)
		input->len += (size_t)got;
	else if (got == 0)
		stream->peer_done = true;
	else if (errno != EAGAIN && errno != EINTR)
		end(stream, status_from_errno(errno));
}

/* One read at most, and the messages that are there then. */
static void input_turn(struct stream *stream, usec_t now, bool is_readable)
{
	if (!is_reading(stream) || (!is_readable && stream->rest.len == 0))
		return;
	struct input input = input_begin(stream);
	if (!input.data) {
		end(stream, ZT_ENOMEM);
		return;
	}
	if (is_readable && !stream->peer_done)
		socket_read(stream, &input);
	if (stream->ended)
		return;
	if (input.is_rest)
		stream->rest.len = input.len;
	size_t used = messages_deliver(stream, input.data, input.len, now);
	if (!stream->ended)
		input_keep(stream, &input, used);
}

static void peer_done_check(struct stream *stream)
{
	if (!stream->peer_done || !is_reading(stream))
		return;
	if (stream->rest.len > 0)
		finish(stream, ZT_ETRUNC);
	else if (stream->owed == 0)
		finish(stream, ZT_ECLOSED);
}

/* ---- turns ------------------------------------------------------------------------------------------------------------------------- */

static void interest_set(struct stream *stream, struct loop_io *io, unsigned events, bool wanted)
{
	if (wanted == io->active)
		return;
	if (!wanted)
		loop_io_stop(io);
	else if (loop_io_start(io, stream->loop, stream->fd, events) != ZT_OK)
		fail(stream, ZT_ENOMEM);
}

static void turn_begin(struct stream *stream)
{
	struct stream_shared *shared = shared_of(stream);

	assert(!shared->current);
	shared->current = stream;
	stream->turn_sent = 0;
	enter(stream);
}

/* Messages in `rest` that are whole, or might be, when nothing keeps us from them. */
static bool has_work(const struct stream *stream)
{
	if (stream->full)
		return queue_len(stream) <= stream->config.write_low;
	return is_reading(stream) && stream->rest.len >= LENGTH_LEN && stream->rest.len >= LENGTH_LEN + (size_t)wire_get_u16(stream->rest.data);
}

static void state_update(struct stream *stream, usec_t now)
{
	if (stream->finishing && queue_len(stream) == 0) {
		end(stream, stream->final_status);
		return;
	}
	if (stream->connected)
		mark_update(stream, now);
	interest_set(stream, &stream->readable, LOOP_READ, is_reading(stream) && !stream->peer_done);
	interest_set(stream, &stream->writable, LOOP_WRITE, !stream->connected || queue_len(stream) > 0);
	timer_update(stream);
	if (has_work(stream))
		defer(stream);
}

static void turn_end(struct stream *stream, usec_t now)
{
	if (!stream->ended) {
		gathered_flush(stream);
		peer_done_check(stream);
	}
	shared_of(stream)->current = NULL;
	if (!stream->ended && !stream->failed)
		state_update(stream, now);
	leave(stream);
}

static void drained_check(struct stream *stream)
{
	if (!stream->full || queue_len(stream) > stream->config.write_low || stream->finishing)
		return;
	stream->full = false;
	if (stream->config.handler->on_drained)
		stream->config.handler->on_drained(stream, stream->config.ctx);
}

static void turn(struct stream *stream, bool is_readable)
{
	usec_t now = loop_now(stream->loop);

	turn_begin(stream);
	queue_flush(stream);
	drained_check(stream);
	input_turn(stream, now, is_readable);
	turn_end(stream, now);
}

static void on_readable(void *ctx)
{
	turn(ctx, true);
}

static void local_learn(struct stream *stream)
{
	struct netaddr local = { 0 };
	socklen_t len = sizeof(local);

	if (getsockname(stream->fd, &local.any, &len) == 0)
		stream->local = local;
}

static void on_connected(struct stream *stream)
{
	int error = 0;
	socklen_t len = sizeof(error);
	usec_t now = loop_now(stream->loop);

	if (getsockopt(stream->fd, SOL_SOCKET, SO_ERROR, &error, &len) != 0 || error != 0) {
		end(stream, error ? status_from_errno(error) : ZT_ESYSTEM);
		return;
	}
	local_learn(stream);
	stream->connected = true;
	stream->last_activity = now;
	turn_begin(stream);
	queue_flush(stream);
	if (stream->config.handler->on_connect)
		stream->config.handler->on_connect(stream, stream->config.ctx);
	turn_end(stream, now);
}

static void on_writable(void *ctx)
{
	struct stream *stream = ctx;

	if (!stream->connected)
		on_connected(stream);
	else
		turn(stream, false);
}

static void on_deferred(evutil_socket_t fd, short what, void *ctx)
{
	struct stream *stream = ctx;
	(void)fd;
	(void)what;

	if (stream->failed)
		end(stream, stream->final_status);
	else if (stream->connected)
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

/* Takes over fd, also on failure. */
static int stream_new(struct stream **out, struct loop *loop, int fd, const struct stream_config *config)
{
	const int on = 1;
	struct stream *stream = loop->streams || shared_make(loop) ? calloc(1, sizeof(*stream)) : NULL;

	if (!stream) {
		close(fd);
		return ZT_ENOMEM;
	}
	stream->loop = loop;
	stream->config = *config;
	stream->fd = fd;
	stream->started = stream->last_activity = loop_now(loop);
	config_complete(&stream->config);
	buf_init(&stream->rest);
	buf_init(&stream->queue);
	loop_timer_init(&stream->timer, loop, on_timer, stream);
	loop_io_init(&stream->readable, on_readable, stream);
	loop_io_init(&stream->writable, on_writable, stream);
	event_assign(&stream->deferred, loop->base, -1, 0, on_deferred, stream);
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
	status = loop_io_start(&stream->readable, loop, fd, LOOP_READ);
	if (status != ZT_OK) {
		stream_free(stream);
		return status;
	}
	timer_update(stream);
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
		fail(stream, status_from_errno(errno));
	else
		status = loop_io_start(&stream->writable, loop, fd, LOOP_WRITE);
	if (status != ZT_OK) {
		stream_free(stream);
		return status;
	}
	timer_update(stream);
	*out = stream;
	return ZT_OK;
}

/* ---- the owner's calls --------------------------------------------------------------------------------------------------------------- */

int stream_send_part(struct stream *stream, const uint8_t *message, size_t len)
{
	if (stream->ended || stream->finishing || stream->failed)
		return ZT_ECLOSED;
	if (len > MESSAGE_MAX)
		return ZT_EINVAL;
	int status = output_add(stream, message, len);
	if (status != ZT_OK) {
		fail(stream, status);      /* half a message may be queued */
		return status;
	}
	stream->turn_sent += is_current(stream) ? LENGTH_LEN + len : 0;
	if (stream_queued(stream) >= stream->config.write_high || stream->turn_sent >= stream->config.write_high)
		stream->full = true;
	return ZT_OK;
}

void stream_settle(struct stream *stream)
{
	if (stream->owed == 0 || stream->ended)
		return;
	/* Where that was all that kept the stream from reading or from ending. */
	if (!is_current(stream) && (stream->peer_done || stream->owed == stream->config.max_owed))
		defer_soon(stream);
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

size_t stream_queued(const struct stream *stream)
{
	return queue_len(stream) + (is_current(stream) ? shared_of(stream)->out_len : 0);
}

void stream_pause(struct stream *stream)
{
	stream->paused = true;
	if (!stream->ended && !is_current(stream))
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
	defer_soon(stream);
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
	if (!stream->connected || stream->ended)
		return;
	stream->last_activity = loop_now(stream->loop);
	timer_update(stream);
}

bool stream_is_idle(const struct stream *stream)
{
	return stream->connected && stream->owed == 0 && !stream->paused && stream->rest.len == 0 && stream_queued(stream) == 0;
}

usec_t stream_last_activity(const struct stream *stream)
{
	return stream->last_activity;
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

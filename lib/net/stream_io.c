/* Bytes of a stream, in and out, and how long they may take. */
#include <errno.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include "lib/base/wire.h"
#include "lib/net/proxy.h"
#include "lib/net/stream_inner.h"

/* ---- deadlines --------------------------------------------------------------------------------------------------------------------- */

/* Bytes that the peer has acknowledged. */
static uint64_t bytes_taken(const struct stream *stream)
{
	struct tcp_info info = { 0 };
	socklen_t len = sizeof(info);

	return getsockopt(stream->transport.fd, IPPROTO_TCP, TCP_INFO, &info, &len) == 0 ? info.tcpi_bytes_acked : 0;
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

	if (!stream_is_open(stream))
		return stream->started + (stream->is_server ? config->read_timeout : config->connect_timeout);
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
void stream_timer_update(struct stream *stream)
{
	usec_t deadline = deadline_of(stream);
	if (!stream->timer.armed || deadline < stream->timer.deadline)
		loop_timer_at(&stream->timer, deadline);
}

/* Sets a mark for the peer to pass while something waits for it, and takes it away when nothing does. */
void stream_mark_update(struct stream *stream, usec_t now)
{
	size_t waiting = stream_queue_len(stream);

	if (waiting == 0) {
		stream->mark = 0;
	} else if (stream->mark == 0) {
		stream->mark = bytes_taken(stream) + (waiting < PROGRESS ? waiting : PROGRESS);
		stream->mark_since = now;
		stream_timer_update(stream);
	}
}

void stream_on_timer(void *ctx)
{
	struct stream *stream = ctx;
	usec_t now = loop_now(stream->loop);

	if (stream->mark > 0 && bytes_taken(stream) >= stream->mark) {
		stream->mark = 0;
		stream->last_activity = now;
		stream_mark_update(stream, now);
	}
	if (stream_is_open(stream) && stream->paused && stream->mark == 0)
		loop_timer_at(&stream->timer, now + stream->config.idle_timeout);
	else if (now >= deadline_of(stream))
		stream_end(stream, ZT_ETIMEOUT);
	else
		loop_timer_at(&stream->timer, deadline_of(stream));
}

/* ---- output ------------------------------------------------------------------------------------------------------------------------ */

/* Returns how many bytes the kernel took; fails the stream where it is broken. */
static size_t socket_write(struct stream *stream, const uint8_t *data, size_t len)
{
	size_t done;

	int status = transport_write(&stream->transport, data, len, &done);
	if (status != ZT_OK && status != ZT_EAGAIN)
		stream_fail(stream, status);
	return done;
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
void stream_flush_gathered(struct stream *stream)
{
	struct stream_shared *shared = stream_shared(stream);
	size_t len = shared->out_len;

	shared->out_len = 0;
	if (len == 0 || stream->failed)
		return;
	size_t done = socket_write(stream, shared->out, len);
	if (done < len && queue_add(stream, shared->out + done, len - done) != ZT_OK)
		stream_fail(stream, ZT_ENOMEM);
}

void stream_flush_queue(struct stream *stream)
{
	size_t len = stream_queue_len(stream);

	if (!stream_is_open(stream) || len == 0 || stream->failed)
		return;
	stream->queue_start += socket_write(stream, stream->queue.data + stream->queue_start, len);
	if (stream_queue_len(stream) < len)
		stream->last_activity = loop_now(stream->loop);
	if (stream_queue_len(stream) == 0) {
		buf_fini(&stream->queue);
		stream->queue_start = 0;
	}
}

int stream_output_add(struct stream *stream, const uint8_t *message, size_t len)
{
	struct stream_shared *shared = stream_shared(stream);
	uint8_t length[LENGTH_LEN];

	wire_put_u16(length, (uint16_t)len);
	if (stream_is_current(stream) && stream_is_open(stream)) {
		if (shared->out_len + LENGTH_LEN + len > OUT_SIZE)
			stream_flush_gathered(stream);
		if (stream_queue_len(stream) == 0) {
			memcpy(shared->out + shared->out_len, length, LENGTH_LEN);
			memcpy(shared->out + shared->out_len + LENGTH_LEN, message, len);
			shared->out_len += LENGTH_LEN + len;
			return ZT_OK;
		}
	} else if (!stream->writable.active) {
		stream_defer_soon(stream);
	}
	int status = queue_add(stream, length, LENGTH_LEN);
	return status == ZT_OK ? queue_add(stream, message, len) : status;
}

/* ---- input ------------------------------------------------------------------------------------------------------------------------- */

bool stream_is_reading(const struct stream *stream)
{
	return stream_is_open(stream) && !stream->ended && !stream->failed && !stream->finishing && !stream->paused && !stream->full &&
	       (stream->config.max_owed == 0 || stream->owed < stream->config.max_owed);
}

static void announcement_apply(struct stream *stream, const struct proxy_header *header)
{
	if (netaddr_is_set(&header->source))
		stream->remote = header->source;
	stream->takes_proxy = false;
}

int stream_announcement_read(struct stream *stream)
{
	struct buf *rest = &stream->rest;
	struct proxy_header header;
	uint8_t first;
	int status;

	/* What begins otherwise is TLS, which must find all of its bytes. */
	ssize_t got = recv(stream->transport.fd, &first, 1, MSG_PEEK);
	if (got == 1 && rest->len == 0 && first != PROXY_FIRST_BYTE)
		return ZT_OK;
	while (got > 0) {
		status = proxy_read(&header, rest->data, rest->len);
		if (status == ZT_OK) {
			announcement_apply(stream, &header);
			buf_fini(rest);
		}
		if (status != ZT_ETRUNC)
			return status == ZT_ENOENT ? ZT_EMALFORMED : status;
		size_t room = header.len - rest->len;
		if (!buf_reserve(rest, room))
			return ZT_ENOMEM;
		got = recv(stream->transport.fd, rest->data + rest->len, room, 0);
		rest->len += got > 0 ? (size_t)got : 0;
	}
	return got == 0 ? ZT_ETRUNC : errno == EINTR ? ZT_EAGAIN : status_from_errno(errno);
}

/* A PROXY header at the beginning of the messages. ZT_OK: it is taken, or there is none; ZT_EAGAIN: a part of one. */
static int announcement_take(struct stream *stream, struct stream_message *data)
{
	struct proxy_header header;

	if (data->len == 0)
		return ZT_EAGAIN;
	int status = proxy_read(&header, data->data, data->len);
	if (status == ZT_OK) {
		announcement_apply(stream, &header);
		data->data += header.len;
		data->len -= header.len;
	} else if (status == ZT_ENOENT) {
		stream->takes_proxy = false;
		status = ZT_OK;
	}
	return status == ZT_ETRUNC ? ZT_EAGAIN : status;
}

/* A PROXY header from who may not send one: told apart by its length, which none of a first message should be. */
static bool is_forbidden_header(const struct stream *stream, const struct stream_message *data)
{
	struct proxy_header header;

	return stream->messages_in == 0 && stream->is_server && data->data[0] == PROXY_FIRST_BYTE && data->len >= PROXY_SIGNATURE_LEN &&
	       proxy_read(&header, data->data, data->len) != ZT_ENOENT;
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
	if (is_forbidden_header(stream, data))
		return ZT_EDENIED;
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

/* Gives messages that the owner did not take back to `data`, behind whose part they lie. */
static void messages_return(struct stream *stream, struct stream_message *data, const struct stream_message *messages, unsigned count)
{
	for (unsigned i = count; i-- > 0;) {
		size_t len = LENGTH_LEN + messages[i].len;
		data->data -= len;
		data->len += len;
		stream->messages_in--;
		stream->bytes_in -= len;
		stream->owed -= stream->is_server;
	}
}

static bool batch_deliver(struct stream *stream, struct stream_message *data)
{
	const struct stream_handler *handler = stream->config.handler;
	struct stream_message messages[STREAM_BATCH];
	unsigned count = 0, taken = 1, most = handler->on_batch ? STREAM_BATCH : 1;
	int status = ZT_EAGAIN;

	while (count < most && stream_is_reading(stream) && (status = message_take(stream, data, &messages[count])) == ZT_OK)
		count++;
	/* What is wrong is told after the answers to what was right. */
	if (count == 0 && status != ZT_EAGAIN)
		stream_wind_up(stream, status);
	if (count == 0)
		return false;
	if (handler->on_batch)
		taken = handler->on_batch(stream, messages, count, stream->config.ctx);
	else
		handler->on_message(stream, messages[0].data, messages[0].len, stream->config.ctx);
	messages_return(stream, data, messages + taken, count - taken);
	return taken == count;
}

/* Delivers the whole messages of data; returns how many bytes they took. */
static size_t messages_deliver(struct stream *stream, const uint8_t *bytes, size_t len, usec_t now)
{
	struct stream_message data = { .data = bytes, .len = len };
	int status = stream->takes_proxy ? announcement_take(stream, &data) : ZT_OK;

	if (status != ZT_OK && status != ZT_EAGAIN)
		stream_end(stream, status);
	while (status == ZT_OK && batch_deliver(stream, &data))
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
	struct stream_shared *shared = stream_shared(stream);
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
			stream_end(stream, ZT_ENOMEM);
	}
}

static void socket_read(struct stream *stream, struct input *input)
{
	size_t got = 0;

	int status = transport_read(&stream->transport, input->data + input->len, input->room, &got);
	if (status == ZT_OK)
		input->len += got;
	else if (status == ZT_ECLOSED)
		stream->peer_done = true;
	else if (status != ZT_EAGAIN)
		stream_end(stream, status);
}

/* One read at most, and the messages that are there then. */
void stream_input_turn(struct stream *stream, usec_t now, bool is_readable)
{
	bool reads = !stream->peer_done && (is_readable || transport_has_more(&stream->transport));

	if (!stream_is_reading(stream) || (!reads && stream->rest.len == 0))
		return;
	struct input input = input_begin(stream);
	if (!input.data) {
		stream_end(stream, ZT_ENOMEM);
		return;
	}
	if (reads)
		socket_read(stream, &input);
	if (stream->ended)
		return;
	if (input.is_rest)
		stream->rest.len = input.len;
	size_t used = messages_deliver(stream, input.data, input.len, now);
	if (!stream->ended)
		input_keep(stream, &input, used);
}


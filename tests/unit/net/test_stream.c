/* lib/net/stream and lib/net/listener over the loopback. */
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/base/buf.h"
#include "lib/base/rng.h"
#include "lib/base/wire.h"
#include "lib/net/listener.h"
#include "lib/net/stream.h"
#include "tests/unit/net/turns.h"

enum { MESSAGE = 12 };

static struct loop loop;
static struct listener *listener;
static struct netaddr server_addr;

/* One end of a connection: what happened to it, and what it does in its callbacks. */
struct end {
	struct stream *stream;
	unsigned connects;
	unsigned messages;
	unsigned drains;
	unsigned closes;
	int status;
	uint8_t last[UINT16_MAX];
	size_t last_len;
	uint64_t bytes;
	bool echo;
	bool pause_on_message;
	bool close_on_connect;
	bool close_on_message;
	bool finish_on_message;
	unsigned produce;      /* messages to send, as fast as the stream takes them */
	size_t produce_len;
	struct stream_config config;
};

static struct end server, client;

static void produce(struct end *end)
{
	static const uint8_t zeros[UINT16_MAX];

	while (end->produce > 0 && !stream_is_full(end->stream)) {
		end->produce--;
		ck_assert_int_eq(stream_send(end->stream, zeros, end->produce_len), ZT_OK);
	}
}

static void end_on_connect(struct stream *stream, void *ctx)
{
	struct end *end = ctx;
	end->connects++;
	ck_assert_ptr_eq(stream_ctx(stream), ctx);
	if (end->close_on_connect)
		stream_close(stream);
}

static void end_on_message(struct stream *stream, const uint8_t *message, size_t len, void *ctx)
{
	struct end *end = ctx;

	ck_assert_uint_eq(end->closes, 0);
	end->messages++;
	end->bytes += len;
	end->last_len = len;
	memcpy(end->last, message, len);
	if (end->echo)
		ck_assert_int_eq(stream_send(stream, message, len), ZT_OK);
	if (end->pause_on_message)
		stream_pause(stream);
	if (end->finish_on_message) {
		stream_finish(stream);
		ck_assert_int_eq(stream_send(stream, message, len), ZT_ECLOSED);
	}
	if (end->close_on_message) {
		stream_close(stream);
		/* The borrowed message outlives the close. */
		ck_assert_mem_eq(end->last, message, len);
	}
}

static void end_on_drained(struct stream *stream, void *ctx)
{
	struct end *end = ctx;
	(void)stream;
	end->drains++;
	produce(end);
}

static void end_on_close(struct stream *stream, int status, void *ctx)
{
	struct end *end = ctx;
	end->closes++;
	end->status = status;
	end->stream = NULL;
	stream_close(stream);
}

static const struct stream_handler handler = {
	.on_connect = end_on_connect,
	.on_message = end_on_message,
	.on_drained = end_on_drained,
	.on_close = end_on_close,
};

static void on_accept(int fd, const struct netaddr *remote, void *ctx)
{
	(void)ctx;
	ck_assert(netaddr_is_loopback(remote));
	server.config.handler = &handler;
	server.config.ctx = &server;
	ck_assert_int_eq(stream_accept(&server.stream, &loop, fd, &server.config), ZT_OK);
	ck_assert(netaddr_equal(stream_remote(server.stream), remote));
	ck_assert(netaddr_equal(stream_local(server.stream), &server_addr));
	produce(&server);
}

static void setup(void)
{
	struct listener_config config = { .on_accept = on_accept, .reuse_port = true };

	server = (struct end){ 0 };
	client = (struct end){ 0 };
	signal(SIGPIPE, SIG_IGN);
	ck_assert_int_eq(loop_init(&loop, clock_system(), LOOP_PRECISE), ZT_OK);
	ck_assert_int_eq(netaddr_from_text(&config.local, "127.0.0.1", 0), ZT_OK);
	ck_assert_int_eq(listener_open(&listener, &loop, &config), ZT_OK);
	listener_local(listener, &server_addr);
	ck_assert_uint_ne(netaddr_port(&server_addr), 0);
}

static void teardown(void)
{
	stream_close(client.stream);
	stream_close(server.stream);
	listener_close(listener);
	listener = NULL;
	loop_fini(&loop);
}

static void client_connect(void)
{
	client.config.handler = &handler;
	client.config.ctx = &client;
	ck_assert_int_eq(stream_connect(&client.stream, &loop, &server_addr, NULL, &client.config), ZT_OK);
}

/* A peer that does what it likes: a plain blocking socket. */
static int raw_connect(void)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(connect(fd, &server_addr.any, netaddr_len(&server_addr)), 0);
	return fd;
}

static void raw_send(int fd, const void *data, size_t len)
{
	ck_assert_int_eq(send(fd, data, len, MSG_NOSIGNAL), (ssize_t)len);
}

static void raw_send_message(int fd, uint8_t fill, size_t len)
{
	uint8_t framed[2 + 512];
	wire_put_u16(framed, (uint16_t)len);
	memset(framed + 2, fill, len);
	raw_send(fd, framed, 2 + len);
}

static bool server_is_there(void *ctx)
{
	(void)ctx;
	return server.stream != NULL;
}

static bool server_is_closed(void *ctx)
{
	(void)ctx;
	return server.closes > 0;
}

static bool client_is_closed(void *ctx)
{
	(void)ctx;
	return client.closes > 0;
}

static bool both_are_closed(void *ctx)
{
	(void)ctx;
	return server.closes > 0 && client.closes > 0;
}

static bool server_has_messages(void *ctx)
{
	return server.messages >= *(const unsigned *)ctx;
}

static bool client_has_messages(void *ctx)
{
	return client.messages >= *(const unsigned *)ctx;
}

static void server_closes_with(int status)
{
	turns_until(&loop, server_is_closed, NULL);
	ck_assert_uint_eq(server.closes, 1);
	ck_assert_int_eq(server.status, status);
}

START_TEST(messages_of_every_size_go_there_and_back)
{
	static const size_t sizes[] = { 12, 13, 512, 4096, 65534, 65535 };
	uint8_t message[UINT16_MAX];
	unsigned sent = 0;

	server.echo = true;
	client_connect();
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		memset(message, (int)i + 1, sizes[i]);
		ck_assert_int_eq(stream_send(client.stream, message, sizes[i]), ZT_OK);
		sent++;
		turns_until(&loop, client_has_messages, &sent);
		ck_assert_uint_eq(client.last_len, sizes[i]);
		ck_assert_mem_eq(client.last, message, sizes[i]);
	}
	ck_assert_uint_eq(client.connects, 1);
	ck_assert_uint_eq(stream_messages_in(server.stream), sent);
	ck_assert_uint_eq(stream_bytes_in(client.stream), client.bytes + 2 * (uint64_t)sent);
	ck_assert_int_eq(stream_send(client.stream, message, 65536), ZT_EINVAL);
	stream_close(client.stream);
	ck_assert_uint_eq(client.closes, 1);
	ck_assert_int_eq(client.status, ZT_OK);
	server_closes_with(ZT_ECLOSED);
}
END_TEST

START_TEST(messages_in_single_bytes_and_many_at_once_are_put_together)
{
	uint8_t wire[3 * (2 + MESSAGE)] = { 0 };
	unsigned expected = 1;
	int fd = raw_connect();

	for (unsigned i = 0; i < 3; i++)
		wire_put_u16(wire + i * (2 + MESSAGE), MESSAGE);
	server.echo = true;
	turns_until(&loop, server_is_there, NULL);
	for (size_t i = 0; i < 2 + MESSAGE; i++) {
		ck_assert_uint_eq(server.messages, 0);
		raw_send(fd, wire + i, 1);
		ck_assert_int_eq(loop_turn(&loop), ZT_OK);
	}
	turns_until(&loop, server_has_messages, &expected);
	raw_send(fd, wire, sizeof(wire));
	expected = 4;
	turns_until(&loop, server_has_messages, &expected);
	close(fd);
	server_closes_with(ZT_ECLOSED);
}
END_TEST

START_TEST(an_end_inside_a_message_and_a_message_too_short_are_told)
{
	int fd = raw_connect();
	raw_send(fd, "\0\x0cxyz", 5);
	close(fd);
	server_closes_with(ZT_ETRUNC);

	server = (struct end){ 0 };
	fd = raw_connect();
	raw_send(fd, "\0\x0b", 2);
	server_closes_with(ZT_EMALFORMED);
	close(fd);
}
END_TEST

START_TEST(nobody_there_is_told_by_the_loop)
{
	listener_close(listener);
	listener = NULL;
	client_connect();
	ck_assert_uint_eq(client.closes, 0);
	turns_until(&loop, client_is_closed, NULL);
	ck_assert_int_eq(client.status, ZT_EREFUSED);
	ck_assert_uint_eq(client.connects, 0);

	client = (struct end){ 0 };
	client_connect();
	stream_close(client.stream);
	ck_assert_uint_eq(client.closes, 1);
	ck_assert_int_eq(client.status, ZT_OK);
}
END_TEST

START_TEST(a_peer_that_cannot_be_reached_is_told_by_the_loop_with_the_reason)
{
	ck_assert_int_eq(netaddr_from_text(&server_addr, "255.255.255.255@53", 0), ZT_OK);      /* no peer for TCP: refused at once */
	client_connect();
	ck_assert_int_eq(stream_send(client.stream, (const uint8_t[MESSAGE]){ 1 }, MESSAGE), ZT_OK);
	ck_assert_uint_eq(client.closes, 0);
	turns_until(&loop, client_is_closed, NULL);
	ck_assert_int_ne(client.status, ZT_ECLOSED);
	ck_assert_int_ne(client.status, ZT_OK);
	ck_assert_int_ne(client.status, ZT_ETIMEOUT);
}
END_TEST

START_TEST(connecting_gives_up_in_time)
{
	/* A listener that accepts nobody and whose backlog is full leaves connections hanging. */
	enum { FILLERS = 8 };
	int full = socket(AF_INET, SOCK_STREAM, 0), fillers[FILLERS];
	struct netaddr local;
	socklen_t len = sizeof(local);

	ck_assert_int_eq(netaddr_from_text(&local, "127.0.0.1", 0), ZT_OK);
	ck_assert_int_eq(bind(full, &local.any, netaddr_len(&local)), 0);
	ck_assert_int_eq(listen(full, 0), 0);
	ck_assert_int_eq(getsockname(full, &server_addr.any, &len), 0);
	for (int i = 0; i < FILLERS; i++) {
		fillers[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
		if (connect(fillers[i], &server_addr.any, netaddr_len(&server_addr)) != 0) {
			struct pollfd poller = { .fd = fillers[i], .events = POLLOUT };
			(void)poll(&poller, 1, 0);
		}
	}
	client.config.connect_timeout = 30 * USEC_PER_MSEC;
	client_connect();
	turns_until(&loop, client_is_closed, NULL);
	ck_assert_int_eq(client.status, ZT_ETIMEOUT);
	for (int i = 0; i < FILLERS; i++)
		close(fillers[i]);
	close(full);
}
END_TEST

static void set_flag(void *ctx)
{
	*(bool *)ctx = true;
}

START_TEST(idle_and_trickling_peers_are_closed_and_busy_owners_are_not)
{
	server.config.idle_timeout = 30 * USEC_PER_MSEC;
	int fd = raw_connect();
	server_closes_with(ZT_ETIMEOUT);
	close(fd);

	/* Bytes that make no message are no activity. */
	server = (struct end){ .config.idle_timeout = 40 * USEC_PER_MSEC };
	fd = raw_connect();
	turns_until(&loop, server_is_there, NULL);
	usec_t start = loop_now(&loop);
	for (unsigned i = 0; server.closes == 0; i++) {
		if (i < 100)
			(void)send(fd, i == 0 ? "\xff" : "x", 1, MSG_NOSIGNAL);
		ck_assert_int_eq(loop_turn(&loop), ZT_OK);
	}
	ck_assert_int_eq(server.status, ZT_ETIMEOUT);
	ck_assert_int_lt(loop_now(&loop) - start, 10 * USEC_PER_SEC);
	close(fd);

	server = (struct end){ .config.idle_timeout = 10 * USEC_PER_MSEC, .pause_on_message = true, .echo = true };
	fd = raw_connect();
	raw_send_message(fd, 1, MESSAGE);
	struct loop_timer timer;
	unsigned one = 1;
	bool over = false;
	turns_until(&loop, server_has_messages, &one);
	loop_timer_init(&timer, &loop, set_flag, &over);
	loop_timer_in(&timer, 60 * USEC_PER_MSEC);
	turns_until_set(&loop, &over);
	ck_assert_uint_eq(server.closes, 0);
	close(fd);
}
END_TEST

START_TEST(more_messages_or_bytes_than_allowed_end_the_stream)
{
	server.config.max_messages = 2;
	int fd = raw_connect();
	for (int i = 0; i < 3; i++)
		raw_send_message(fd, 1, MESSAGE);
	server_closes_with(ZT_ELIMIT);
	ck_assert_uint_eq(server.messages, 2);
	close(fd);

	server = (struct end){ .config.max_bytes = 2 * (MESSAGE + 2) + 1 };
	fd = raw_connect();
	for (int i = 0; i < 3; i++)
		raw_send_message(fd, 1, MESSAGE);
	server_closes_with(ZT_ELIMIT);
	ck_assert_uint_eq(server.messages, 2);
	close(fd);
}
END_TEST

START_TEST(a_fast_producer_is_paced_and_nothing_is_lost)
{
	enum { COUNT = 2000, LEN = 16000 };
	unsigned expected = COUNT;

	server.produce = COUNT;
	server.produce_len = LEN;
	server.config.write_high = 100000;
	client.config.idle_timeout = 20 * USEC_PER_SEC;
	client_connect();
	turns_until(&loop, server_is_there, NULL);
	ck_assert(stream_is_full(server.stream));
	ck_assert_uint_lt(stream_queued(server.stream), 100000 + 2 * LEN);
	turns_until(&loop, client_has_messages, &expected);
	ck_assert_uint_eq(client.bytes, (uint64_t)COUNT * LEN);
	ck_assert_uint_gt(server.drains, 10);
}
END_TEST

START_TEST(a_peer_that_asks_without_reading_is_not_read_any_more)
{
	enum { QUESTIONS = 20000 };
	int fd = raw_connect();
	int small = 4096;
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
	server.echo = true;
	server.config.write_high = 8192;
	server.config.idle_timeout = 100 * USEC_PER_MSEC;

	uint8_t question[2 + 500] = { 500 >> 8, 500 & 0xff };
	while (server.closes == 0) {
		(void)send(fd, question, sizeof(question), MSG_NOSIGNAL | MSG_DONTWAIT);
		if (server.stream)
			ck_assert_uint_lt(stream_queued(server.stream), 8192 + 502);
		ck_assert_int_eq(loop_turn(&loop), ZT_OK);
	}
	ck_assert_int_eq(server.status, ZT_ETIMEOUT);
	ck_assert_uint_lt(server.messages, QUESTIONS);
	close(fd);
}
END_TEST

START_TEST(closing_inside_callbacks_is_safe_and_told_once)
{
	int fd = raw_connect();
	server.close_on_message = true;
	for (int i = 0; i < 5; i++)
		raw_send_message(fd, 1, MESSAGE);
	server_closes_with(ZT_OK);
	ck_assert_uint_eq(server.messages, 1);
	close(fd);

	server = (struct end){ 0 };
	client.close_on_connect = true;
	client_connect();
	turns_until(&loop, both_are_closed, NULL);
	ck_assert_uint_eq(client.closes, 1);
	ck_assert_int_eq(client.status, ZT_OK);

	client = (struct end){ 0 };
	server = (struct end){ .finish_on_message = true, .echo = true };
	client_connect();
	ck_assert_int_eq(stream_send(client.stream, (const uint8_t[MESSAGE]){ 7 }, MESSAGE), ZT_OK);
	ck_assert_int_eq(stream_send(client.stream, (const uint8_t[MESSAGE]){ 8 }, MESSAGE), ZT_OK);
	turns_until(&loop, both_are_closed, NULL);
	ck_assert_int_eq(server.status, ZT_OK);
	ck_assert_uint_eq(server.messages, 1);
	ck_assert_uint_eq(client.messages, 1);
	ck_assert_uint_eq(client.last[0], 7);
}
END_TEST

START_TEST(a_paused_stream_keeps_its_messages_and_its_peers_end)
{
	unsigned one = 1, two = 2;
	int fd = raw_connect();

	server.pause_on_message = true;
	raw_send_message(fd, 1, MESSAGE);
	raw_send_message(fd, 2, MESSAGE);
	shutdown(fd, SHUT_WR);
	turns_until(&loop, server_has_messages, &one);
	ck_assert_uint_eq(server.messages, 1);
	stream_resume(server.stream);
	/* Never inside resume. */
	ck_assert_uint_eq(server.messages, 1);
	turns_until(&loop, server_has_messages, &two);
	ck_assert_uint_eq(server.last[0], 2);
	/* Both queries are owed an answer; the peer is still there to read them. */
	ck_assert_int_eq(stream_send(server.stream, server.last, MESSAGE), ZT_OK);
	ck_assert_int_eq(stream_send(server.stream, server.last, MESSAGE), ZT_OK);
	stream_resume(server.stream);
	server_closes_with(ZT_ECLOSED);
	uint8_t answers[64];
	ck_assert_int_eq(recv(fd, answers, sizeof(answers), MSG_WAITALL), 2 * (2 + MESSAGE));
	close(fd);
}
END_TEST

START_TEST(a_half_closed_client_still_gets_its_late_answer)
{
	unsigned one = 1;
	bool over = false;
	struct loop_timer timer;
	int fd = raw_connect();

	raw_send_message(fd, 1, MESSAGE);
	shutdown(fd, SHUT_WR);
	turns_until(&loop, server_has_messages, &one);
	/* Time enough for the end of the client's data to be seen. */
	loop_timer_init(&timer, &loop, set_flag, &over);
	loop_timer_in(&timer, 20 * USEC_PER_MSEC);
	turns_until_set(&loop, &over);
	ck_assert_uint_eq(server.closes, 0);
	ck_assert_int_eq(stream_send(server.stream, server.last, MESSAGE), ZT_OK);
	server_closes_with(ZT_ECLOSED);
	uint8_t answer[64];
	ck_assert_int_eq(recv(fd, answer, sizeof(answer), MSG_WAITALL), 2 + MESSAGE);
	close(fd);
}
END_TEST

START_TEST(a_client_may_choose_its_address)
{
	struct netaddr source;
	unsigned one = 1;

	ck_assert_int_eq(netaddr_from_text(&source, "127.4.5.6", 0), ZT_OK);
	client.config = (struct stream_config){ .handler = &handler, .ctx = &client };
	ck_assert_int_eq(stream_connect(&client.stream, &loop, &server_addr, &source, &client.config), ZT_OK);
	server.echo = true;
	ck_assert_int_eq(stream_send(client.stream, (const uint8_t[MESSAGE]){ 0 }, MESSAGE), ZT_OK);
	turns_until(&loop, client_has_messages, &one);
	ck_assert(netaddr_ip_equal(stream_remote(server.stream), &source));
	ck_assert(netaddr_ip_equal(stream_local(client.stream), &source));

	ck_assert_int_eq(netaddr_from_text(&source, "192.0.2.1", 0), ZT_OK);
	struct stream *other;
	ck_assert_int_ne(stream_connect(&other, &loop, &server_addr, &source, &client.config), ZT_OK);
}
END_TEST

/* Writes and reads random pieces of a long conversation, and pauses the server at random. Its echo must be what was sent, to the byte. */
static void random_conversation(struct rng *rng)
{
	struct buf sent, echoed;
	size_t written = 0;

	buf_init(&sent);
	buf_init(&echoed);
	for (uint64_t i = 20 + rng_below(rng, 200); i > 0; i--) {
		uint16_t len = (uint16_t)(MESSAGE + rng_below(rng, rng_below(rng, 10) ? 600 : UINT16_MAX - MESSAGE + 1));
		buf_add_u16(&sent, len);
		rng_fill(rng, buf_reserve(&sent, len), len);
		sent.len += len;
	}
	server = (struct end){ .echo = true, .config.write_high = 1 + rng_below(rng, 100000) };
	int fd = raw_connect();
	turns_until(&loop, server_is_there, NULL);
	while (echoed.len < sent.len) {
		size_t piece = 1 + rng_below(rng, 20000);
		ssize_t done = send(fd, sent.data + written, piece < sent.len - written ? piece : sent.len - written, MSG_NOSIGNAL | MSG_DONTWAIT);
		written += done > 0 ? (size_t)done : 0;
		ck_assert_ptr_nonnull(server.stream);
		if (rng_below(rng, 4) == 0)
			stream_pause(server.stream);
		event_base_loop(loop.base, EVLOOP_NONBLOCK);
		ck_assert_ptr_nonnull(server.stream);
		if (rng_below(rng, 2) == 0)
			stream_resume(server.stream);
		done = recv(fd, buf_reserve(&echoed, piece), piece, MSG_DONTWAIT);
		echoed.len += done > 0 ? (size_t)done : 0;
	}
	ck_assert_uint_eq(echoed.len, sent.len);
	ck_assert_mem_eq(echoed.data, sent.data, sent.len);
	close(fd);
	stream_resume(server.stream);
	server_closes_with(ZT_ECLOSED);
	buf_fini(&sent);
	buf_fini(&echoed);
}

START_TEST(pieces_and_pauses_change_nothing)
{
	struct rng rng;
	rng_seed(&rng, suite_seed("pieces_and_pauses_change_nothing"));
	for (unsigned long i = suite_rounds(20); i > 0; i--)
		random_conversation(&rng);
}
END_TEST

/* ---- answers in parts, batches, deadlines --------------------------------------------------------------------------------------------- */

/* Owes an answer of several messages to the first question and one message to each other. */
struct parts {
	struct stream *stream;
	unsigned batches;
	unsigned messages;
	unsigned closes;
	int status;
};

static unsigned parts_on_batch(struct stream *stream, const struct stream_message *messages, unsigned count, void *ctx)
{
	struct parts *parts = ctx;

	parts->batches++;
	for (unsigned i = 0; i < count; i++) {
		if (parts->messages++ > 0)
			ck_assert_int_eq(stream_send(stream, messages[i].data, messages[i].len), ZT_OK);
	}
	return count;
}

static void parts_on_close(struct stream *stream, int status, void *ctx)
{
	struct parts *parts = ctx;
	(void)stream;
	parts->closes++;
	parts->status = status;
	parts->stream = NULL;
}

static const struct stream_handler parts_handler = { .on_batch = parts_on_batch, .on_close = parts_on_close };

/* Two ends of a connection without a listener: a stream and a plain socket. */
static int pair_open(struct parts *parts, struct stream_config config)
{
	struct netaddr local;
	socklen_t len = sizeof(local);
	int listening = socket(AF_INET, SOCK_STREAM, 0);

	*parts = (struct parts){ 0 };
	config.handler = &parts_handler;
	config.ctx = parts;
	ck_assert_int_eq(netaddr_from_text(&local, "127.0.0.1", 0), ZT_OK);
	ck_assert_int_eq(bind(listening, &local.any, netaddr_len(&local)), 0);
	ck_assert_int_eq(listen(listening, 1), 0);
	ck_assert_int_eq(getsockname(listening, &local.any, &len), 0);
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	ck_assert_int_eq(connect(fd, &local.any, netaddr_len(&local)), 0);
	int accepted = accept4(listening, NULL, NULL, SOCK_NONBLOCK);
	close(listening);
	ck_assert_int_eq(stream_accept(&parts->stream, &loop, accepted, &config), ZT_OK);
	return fd;
}

static bool parts_are_closed(void *ctx)
{
	const struct parts *parts = ctx;
	return parts->closes > 0;
}

static bool parts_have_two(void *ctx)
{
	const struct parts *parts = ctx;
	return parts->messages >= 2;
}

START_TEST(a_half_closed_client_gets_an_answer_of_many_parts_and_all_others)
{
	static const uint8_t part[MESSAGE] = { 9 };
	uint8_t answers[256];
	struct parts parts;
	int fd = pair_open(&parts, (struct stream_config){ 0 });

	raw_send_message(fd, 1, MESSAGE);
	raw_send_message(fd, 2, MESSAGE);
	shutdown(fd, SHUT_WR);
	turns_until(&loop, parts_have_two, &parts);
	ck_assert_uint_eq(parts.batches, 1);
	for (unsigned left = 3; left > 0; left--) {
		ck_assert_int_eq(stream_send_part(parts.stream, part, MESSAGE), ZT_OK);
		for (unsigned i = 0; i < 5; i++)
			event_base_loop(loop.base, EVLOOP_NONBLOCK);
		ck_assert_uint_eq(parts.closes, 0);
	}
	stream_settle(parts.stream);
	turns_until(&loop, parts_are_closed, &parts);
	ck_assert_int_eq(parts.status, ZT_ECLOSED);
	ck_assert_int_eq(recv(fd, answers, sizeof(answers), MSG_WAITALL), 4 * (2 + MESSAGE));
	close(fd);
}
END_TEST

START_TEST(what_came_before_a_bad_length_is_answered)
{
	uint8_t answers[64];
	struct parts parts;
	int fd = pair_open(&parts, (struct stream_config){ 0 });

	parts.messages = 1;      /* so that all are answered */
	raw_send(fd, "\0\x0cquestion 123\0\x01x", 17);
	turns_until(&loop, parts_are_closed, &parts);
	ck_assert_int_eq(parts.status, ZT_EMALFORMED);
	ck_assert_int_eq(recv(fd, answers, 2 + MESSAGE, MSG_WAITALL), 2 + MESSAGE);
	ck_assert_mem_eq(answers + 2, "question 123", MESSAGE);
	close(fd);
}
END_TEST

START_TEST(no_more_is_read_while_too_much_is_owed)
{
	struct parts parts;
	int fd = pair_open(&parts, (struct stream_config){ .max_owed = 1 });

	for (uint8_t i = 0; i < 3; i++)
		raw_send_message(fd, i, MESSAGE);
	for (unsigned i = 0; i < 20; i++)
		event_base_loop(loop.base, EVLOOP_NONBLOCK);
	ck_assert_uint_eq(parts.messages, 1);
	stream_settle(parts.stream);
	turns_until(&loop, parts_have_two, &parts);
	for (unsigned i = 0; i < 20; i++)
		event_base_loop(loop.base, EVLOOP_NONBLOCK);
	ck_assert_uint_eq(parts.messages, 3);
	stream_close(parts.stream);
	close(fd);
}
END_TEST

START_TEST(a_message_that_takes_too_long_ends_the_stream_before_it_is_idle)
{
	struct parts parts;
	usec_t start = loop_now(&loop);
	int fd = pair_open(&parts, (struct stream_config){ .idle_timeout = 60 * USEC_PER_SEC, .read_timeout = 40 * USEC_PER_MSEC });

	/* Silence counts until the first message. */
	turns_until(&loop, parts_are_closed, &parts);
	ck_assert_int_eq(parts.status, ZT_ETIMEOUT);
	close(fd);

	fd = pair_open(&parts, (struct stream_config){ .idle_timeout = 60 * USEC_PER_SEC, .read_timeout = 40 * USEC_PER_MSEC });
	parts.messages = 1;
	raw_send_message(fd, 0, MESSAGE);
	turns_until(&loop, parts_have_two, &parts);
	raw_send(fd, "\0\xff", 2);
	for (unsigned i = 0; parts.closes == 0; i++) {
		if (i < 200)
			(void)send(fd, "x", 1, MSG_NOSIGNAL);
		ck_assert_int_eq(loop_turn(&loop), ZT_OK);
	}
	ck_assert_int_eq(parts.status, ZT_ETIMEOUT);
	ck_assert_int_lt(loop_now(&loop) - start, 10 * USEC_PER_SEC);
	close(fd);
}
END_TEST

/* Queues `len` bytes for a peer with a small window, who then takes `piece` bytes about every 2 ms. Returns how much it got. */
static size_t slow_reader(struct parts *parts, size_t len, size_t piece)
{
	static uint8_t bytes[60000];
	int small = 32768;
	size_t got = 0;
	struct loop_timer tick;
	bool over;
	int fd = pair_open(parts, (struct stream_config){ .idle_timeout = 60 * USEC_PER_SEC, .write_timeout = 400 * USEC_PER_MSEC });

	(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
	loop_timer_init(&tick, &loop, set_flag, &over);
	for (size_t queued = 0; queued < len; queued += sizeof(bytes))
		ck_assert_int_eq(stream_send_part(parts->stream, bytes, sizeof(bytes)), ZT_OK);
	while (parts->closes == 0) {
		over = false;
		loop_timer_in(&tick, 2 * USEC_PER_MSEC);
		turns_until_set(&loop, &over);
		ssize_t done = piece > 0 ? recv(fd, bytes, piece, MSG_DONTWAIT) : 0;
		got += done > 0 ? (size_t)done : 0;
		if (got >= len)
			stream_close(parts->stream);
	}
	close(fd);
	return got;
}

START_TEST(a_peer_must_take_what_waits_for_it_but_may_be_slow)
{
	enum { LEN = 8 << 20 };
	struct parts parts;

	slow_reader(&parts, LEN, 0);
	ck_assert_int_eq(parts.status, ZT_ETIMEOUT);
	/* Much longer than the timeout, all in all. */
	ck_assert_uint_ge(slow_reader(&parts, LEN, 16000), LEN);
	ck_assert_int_eq(parts.status, ZT_OK);
}
END_TEST

START_TEST(a_peer_that_floods_gets_no_longer_turns_than_others)
{
	enum { FLOOD = 400 };
	struct parts flooding, polite;
	int a = pair_open(&flooding, (struct stream_config){ 0 }), b = pair_open(&polite, (struct stream_config){ 0 });
	uint8_t message[2 + 500] = { 500 >> 8, 500 & 0xff };

	for (unsigned i = 0; i < FLOOD; i++)
		raw_send(a, message, sizeof(message));
	raw_send_message(b, 1, MESSAGE);
	while (polite.messages == 0)
		ck_assert_int_eq(loop_turn(&loop), ZT_OK);
	ck_assert_uint_gt(flooding.messages, 0);
	ck_assert_uint_lt(flooding.messages, FLOOD / 2);
	stream_close(flooding.stream);
	stream_close(polite.stream);
	close(a);
	close(b);
}
END_TEST

struct counting {
	unsigned accepted;
	int fds[64];
	bool close_listener;
	struct listener *listener;
};

static void count_accept(int fd, const struct netaddr *remote, void *ctx)
{
	struct counting *counting = ctx;
	(void)remote;
	counting->fds[counting->accepted++] = fd;
	if (counting->close_listener)
		listener_close(counting->listener);
}

static bool has_accepted(void *ctx)
{
	const struct counting *counting = ctx;
	return counting->accepted > 0;
}

static bool is_paused(void *ctx)
{
	const struct counting *counting = ctx;
	return listener_counters(counting->listener).paused_full == 1;
}

static bool has_accepted_four(void *ctx)
{
	const struct counting *counting = ctx;
	return counting->accepted == 4;
}

static bool is_out_of_descriptors(void *ctx)
{
	const struct counting *counting = ctx;
	return listener_counters(counting->listener).paused_descriptors > 0;
}

static void counting_open(struct counting *counting, unsigned max_connections)
{
	struct listener_config config = { .on_accept = count_accept, .ctx = counting, .max_connections = max_connections };
	*counting = (struct counting){ 0 };
	ck_assert_int_eq(netaddr_from_text(&config.local, "127.0.0.1", 0), ZT_OK);
	ck_assert_int_eq(listener_open(&counting->listener, &loop, &config), ZT_OK);
	listener_local(counting->listener, &server_addr);
}

START_TEST(a_full_listener_lets_others_wait_until_one_leaves)
{
	struct counting counting;
	int fds[4];

	counting_open(&counting, 3);
	for (int i = 0; i < 4; i++)
		fds[i] = raw_connect();
	turns_until(&loop, is_paused, &counting);
	ck_assert_uint_eq(counting.accepted, 3);
	listener_release(counting.listener);
	turns_until(&loop, has_accepted_four, &counting);
	ck_assert_uint_eq(listener_counters(counting.listener).open, 3);
	listener_close(counting.listener);
	for (int i = 0; i < 4; i++) {
		close(fds[i]);
		close(counting.fds[i]);
	}
}
END_TEST

START_TEST(without_descriptors_accepting_pauses_and_recovers)
{
	struct counting counting;
	struct rlimit before, none;

	counting_open(&counting, 0);
	int fd = raw_connect();
	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &before), 0);
	int highest = dup(fd);
	close(highest);
	none = (struct rlimit){ .rlim_cur = (rlim_t)highest, .rlim_max = before.rlim_max };
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &none), 0);
	turns_until(&loop, is_out_of_descriptors, &counting);
	ck_assert_uint_eq(counting.accepted, 0);
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &before), 0);
	turns_until(&loop, has_accepted, &counting);
	listener_close(counting.listener);
	close(fd);
	close(counting.fds[0]);
}
END_TEST

START_TEST(a_listener_may_be_closed_while_it_accepts)
{
	struct counting counting;
	int fds[2];

	counting_open(&counting, 0);
	counting.close_listener = true;
	for (int i = 0; i < 2; i++)
		fds[i] = raw_connect();
	turns_until(&loop, has_accepted, &counting);
	ck_assert_uint_eq(counting.accepted, 1);
	for (int i = 0; i < 2; i++)
		close(fds[i]);
	close(counting.fds[0]);
	listener_release(NULL);
	listener_close(NULL);

	struct listener *second;
	struct listener_config config = { .local = server_addr, .on_accept = count_accept };
	listener_local(listener, &config.local);
	ck_assert_int_eq(listener_open(&second, &loop, &config), ZT_EBUSY);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("stream");
	TCase *tests = tcase_create("stream");

	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_test(tests, messages_of_every_size_go_there_and_back);
	tcase_add_test(tests, messages_in_single_bytes_and_many_at_once_are_put_together);
	tcase_add_test(tests, an_end_inside_a_message_and_a_message_too_short_are_told);
	tcase_add_test(tests, nobody_there_is_told_by_the_loop);
	tcase_add_test(tests, a_peer_that_cannot_be_reached_is_told_by_the_loop_with_the_reason);
	tcase_add_test(tests, connecting_gives_up_in_time);
	tcase_add_test(tests, idle_and_trickling_peers_are_closed_and_busy_owners_are_not);
	tcase_add_test(tests, more_messages_or_bytes_than_allowed_end_the_stream);
	tcase_add_test(tests, a_fast_producer_is_paced_and_nothing_is_lost);
	tcase_add_test(tests, a_peer_that_asks_without_reading_is_not_read_any_more);
	tcase_add_test(tests, closing_inside_callbacks_is_safe_and_told_once);
	tcase_add_test(tests, a_paused_stream_keeps_its_messages_and_its_peers_end);
	tcase_add_test(tests, a_half_closed_client_still_gets_its_late_answer);
	tcase_add_test(tests, a_client_may_choose_its_address);
	tcase_add_test(tests, pieces_and_pauses_change_nothing);
	tcase_add_test(tests, a_half_closed_client_gets_an_answer_of_many_parts_and_all_others);
	tcase_add_test(tests, what_came_before_a_bad_length_is_answered);
	tcase_add_test(tests, no_more_is_read_while_too_much_is_owed);
	tcase_add_test(tests, a_message_that_takes_too_long_ends_the_stream_before_it_is_idle);
	tcase_add_test(tests, a_peer_must_take_what_waits_for_it_but_may_be_slow);
	tcase_add_test(tests, a_peer_that_floods_gets_no_longer_turns_than_others);
	tcase_add_test(tests, a_full_listener_lets_others_wait_until_one_leaves);
	tcase_add_test(tests, without_descriptors_accepting_pauses_and_recovers);
	tcase_add_test(tests, a_listener_may_be_closed_while_it_accepts);
	suite_add_tcase(suite, tests);
	return suite_run(suite);
}

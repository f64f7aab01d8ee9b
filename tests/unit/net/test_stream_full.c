/* lib/net/stream with more to send than the peer takes, and with what keeps it waiting. */
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/base/wire.h"
#include "lib/net/stream.h"
#include "tests/unit/net/turns.h"

enum { LEN = 400 };

static struct loop loop;

/* Answers each message by itself while the stream takes answers. */
struct echo {
	struct stream *stream;
	unsigned messages;
	size_t most_queued;
	bool is_closed;
	int status;
};

static unsigned on_batch(struct stream *stream, const struct stream_message *messages, unsigned count, void *ctx)
{
	struct echo *echo = ctx;
	unsigned taken;

	for (taken = 0; taken < count && stream_takes(stream); taken++) {
		ck_assert_int_eq(stream_send(stream, messages[taken].data, messages[taken].len), ZT_OK);
		if (stream_queued(stream) > echo->most_queued)
			echo->most_queued = stream_queued(stream);
	}
	echo->messages += taken;
	return taken;
}

static void on_close(struct stream *stream, int status, void *ctx)
{
	struct echo *echo = ctx;

	ck_assert(!stream_takes(stream));
	echo->is_closed = true;
	echo->status = status;
}

/* A stream over a socket whose kernel buffers are small; returns the peer's end. */
static int echo_open(struct echo *echo, struct stream_config config)
{
	static const struct stream_handler handler = { .on_batch = on_batch, .on_close = on_close };
	int small = 16384, fds[2];

	config.handler = &handler;
	config.ctx = echo;
	*echo = (struct echo){ 0 };
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
	ck_assert_int_eq(setsockopt(fds[0], SOL_SOCKET, SO_SNDBUF, &small, sizeof(small)), 0);
	ck_assert_int_eq(stream_accept(&echo->stream, &loop, fds[0], &config), ZT_OK);
	return fds[1];
}

/* Reads all that the stream sends until it ends; returns how many bytes that is. The peer's end does not block. */
static size_t drain(struct echo *echo, int fd, uint8_t *out, size_t size)
{
	size_t len = 0;
	ssize_t got;

	do {
		if (!echo->is_closed)
			event_base_loop(loop.base, EVLOOP_NONBLOCK);
		got = recv(fd, out + len, size - len, MSG_DONTWAIT);
		len += got > 0 ? (size_t)got : 0;
	} while (!echo->is_closed || got > 0);
	return len;
}

START_TEST(messages_of_a_batch_that_find_no_room_come_again_in_order)
{
	enum { COUNT = 100 };
	static uint8_t asked[COUNT][2 + LEN], answers[COUNT + 1][2 + LEN];
	struct echo echo;
	int fd = echo_open(&echo, (struct stream_config){ .write_high = 3 * LEN });

	for (unsigned i = 0; i < COUNT; i++) {
		memset(asked[i], (int)i, sizeof(asked[i]));
		wire_put_u16(asked[i], LEN);
	}
	ck_assert_int_eq(send(fd, asked, sizeof(asked), 0), (ssize_t)sizeof(asked));
	shutdown(fd, SHUT_WR);
	ck_assert_uint_eq(drain(&echo, fd, answers[0], sizeof(answers)), sizeof(asked));
	ck_assert_mem_eq(answers, asked, sizeof(asked));
	ck_assert_int_eq(echo.status, ZT_ECLOSED);
	ck_assert_uint_eq(echo.messages, COUNT);
	ck_assert_uint_gt(echo.most_queued, 3 * LEN);
	ck_assert_uint_le(echo.most_queued, 7 * (2 + LEN));
	close(fd);
}
END_TEST

static void set_flag(void *ctx)
{
	*(bool *)ctx = true;
}

/* Nothing happens in the next 50 ms, and the loop knows. */
static void assert_waits(void)
{
	struct loop_timer timer;
	bool over = false;
	unsigned turns = 0;

	loop_timer_init(&timer, &loop, set_flag, &over);
	loop_timer_in(&timer, 50 * USEC_PER_MSEC);
	for (; !over; turns++)
		ck_assert_int_eq(loop_turn(&loop), ZT_OK);
	ck_assert_uint_lt(turns, 20);
}

START_TEST(a_full_stream_that_is_to_end_waits_for_its_peer_without_turning)
{
	enum { HIGH = 1 << 20 };
	static const uint8_t zeros[60000];
	static uint8_t taken[2 * HIGH];
	struct echo echo;
	size_t sent = 0;
	int fd = echo_open(&echo, (struct stream_config){ .write_high = HIGH, .write_low = 2 * HIGH });

	for (; !stream_is_full(echo.stream); sent += 2 + sizeof(zeros))
		ck_assert_int_eq(stream_send(echo.stream, zeros, sizeof(zeros)), ZT_OK);
	stream_finish(echo.stream);
	assert_waits();
	ck_assert_uint_eq(drain(&echo, fd, taken, sizeof(taken)), sent);
	ck_assert_int_eq(echo.status, ZT_OK);
	close(fd);
}
END_TEST

START_TEST(the_part_of_a_proxy_header_that_is_as_long_as_a_message_is_waited_with)
{
	static const uint8_t begin[] = { 13, 10, 13, 10, 0, 13, 10, 'Q', 'U', 'I', 'T', 10, 0x20, 0, 4000 >> 8, 4000 & 255 };
	static const uint8_t rest[4000], asked[2 + LEN] = { LEN >> 8, LEN & 255 };
	uint8_t answer[2 * sizeof(asked)];
	struct echo echo;
	int fd = echo_open(&echo, (struct stream_config){ .takes_proxy = true });

	/* Its first two bytes, read as a message's length, are 3338. */
	ck_assert_int_eq(send(fd, begin, sizeof(begin), 0), (ssize_t)sizeof(begin));
	ck_assert_int_eq(send(fd, rest, 3900, 0), 3900);
	assert_waits();
	ck_assert_uint_eq(echo.messages, 0);
	ck_assert_int_eq(send(fd, rest, 100, 0), 100);
	ck_assert_int_eq(send(fd, asked, sizeof(asked), 0), (ssize_t)sizeof(asked));
	shutdown(fd, SHUT_WR);
	ck_assert_uint_eq(drain(&echo, fd, answer, sizeof(answer)), sizeof(asked));
	ck_assert_int_eq(echo.status, ZT_ECLOSED);
	close(fd);
}
END_TEST

static void setup(void)
{
	signal(SIGPIPE, SIG_IGN);
	ck_assert_int_eq(loop_init(&loop, clock_system(), LOOP_PRECISE), ZT_OK);
}

static void teardown(void)
{
	loop_fini(&loop);
}

int main(void)
{
	Suite *suite = suite_create("stream_full");
	TCase *tests = tcase_create("stream_full");

	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_test(tests, messages_of_a_batch_that_find_no_room_come_again_in_order);
	tcase_add_test(tests, a_full_stream_that_is_to_end_waits_for_its_peer_without_turning);
	tcase_add_test(tests, the_part_of_a_proxy_header_that_is_as_long_as_a_message_is_waited_with);
	suite_add_tcase(suite, tests);
	return suite_run(suite);
}

/* lib/net/entrance: who gets in, who has to leave. */
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/net/entrance.h"
#include "tests/unit/net/turns.h"

enum { MOST = 8, MESSAGE = 12 };

static struct loop loop;
static struct entrance *entrance;
static struct entrance_counters counters;
static struct netaddr address;
static unsigned messages, closes;
static uint64_t last_number;
static bool answers;

static void on_message(struct stream *stream, const uint8_t *message, size_t len, void *ctx)
{
	ck_assert_ptr_eq(ctx, &messages);
	messages++;
	last_number = entrance_number(stream);
	ck_assert_ptr_eq(entrance_find(entrance, last_number), stream);
	if (answers)
		ck_assert_int_eq(stream_send(stream, message, len), ZT_OK);
}

static void on_close(struct stream *stream, int status, void *ctx)
{
	(void)stream;
	(void)status;
	(void)ctx;
	closes++;
}

static const struct stream_handler handler = { .on_message = on_message, .on_close = on_close };

static void setup(void)
{
	signal(SIGPIPE, SIG_IGN);
	memset(&counters, 0, sizeof(counters));
	messages = closes = 0;
	answers = true;
	ck_assert_int_eq(loop_init(&loop, clock_system(), LOOP_PRECISE), ZT_OK);
}

static void teardown(void)
{
	entrance_close(entrance);
	entrance = NULL;
	loop_fini(&loop);
}

/* A free port is found by a socket that is closed again; with SO_REUSEADDR the entrance can have it. */
static void open_with(struct entrance_limits limits)
{
	socklen_t len = sizeof(address);
	int probe = socket(AF_INET, SOCK_STREAM, 0);
	struct entrance_config config = {
		.handler = &handler, .ctx = &messages, .listen = &address, .listen_count = 1, .limits = limits, .counters = &counters,
	};

	ck_assert_int_eq(netaddr_from_text(&address, "127.0.0.1", 0), ZT_OK);
	ck_assert_int_eq(bind(probe, &address.any, netaddr_len(&address)), 0);
	ck_assert_int_eq(getsockname(probe, &address.any, &len), 0);
	close(probe);
	ck_assert_int_eq(entrance_open(&entrance, &loop, &config), ZT_OK);
}

static int client_from(const char *ip)
{
	struct netaddr source;
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	ck_assert_int_eq(netaddr_from_text(&source, ip, 0), ZT_OK);
	ck_assert_int_eq(bind(fd, &source.any, netaddr_len(&source)), 0);
	ck_assert_int_eq(connect(fd, &address.any, netaddr_len(&address)), 0);
	return fd;
}

static void ask(int fd)
{
	static const uint8_t question[2 + MESSAGE] = { 0, MESSAGE };
	ck_assert_int_eq(send(fd, question, sizeof(question), MSG_NOSIGNAL), (ssize_t)sizeof(question));
}

static bool is_open(void *ctx)
{
	return counters.open == *(const unsigned *)ctx;
}

static bool is_accepted(void *ctx)
{
	return counters.accepted + counters.refused == *(const unsigned *)ctx;
}

static bool has_messages(void *ctx)
{
	return messages == *(const unsigned *)ctx;
}

static bool is_at_end(void *ctx)
{
	uint8_t byte;
	return recv(*(const int *)ctx, &byte, 1, MSG_DONTWAIT | MSG_PEEK) == 0;
}

static void set_flag(void *ctx)
{
	*(bool *)ctx = true;
}

static void pass_time(usec_t time)
{
	struct loop_timer timer;
	bool over = false;

	loop_timer_init(&timer, &loop, set_flag, &over);
	loop_timer_in(&timer, time);
	turns_until_set(&loop, &over);
}

START_TEST(the_connection_idle_for_longest_makes_room)
{
	int fds[MOST + 1];
	unsigned count = MOST, answered = MOST + 1;
	uint8_t answer[2 + MESSAGE];

	open_with((struct entrance_limits){ .max_connections = MOST, .idle_timeout = 60 * USEC_PER_SEC });
	for (unsigned i = 0; i < MOST; i++)
		fds[i] = client_from("127.0.0.1");
	turns_until(&loop, is_open, &count);
	for (unsigned i = 0; i < MOST; i++)
		ask(fds[i]);
	turns_until(&loop, has_messages, &count);
	/* The first says something again, so that the second is the oldest. */
	ask(fds[0]);
	turns_until(&loop, has_messages, &answered);
	fds[MOST] = client_from("127.0.0.1");
	for (unsigned i = 0; i < MOST; i++)
		ck_assert_int_eq(recv(fds[i], answer, sizeof(answer), MSG_WAITALL), (ssize_t)sizeof(answer));
	turns_until(&loop, is_at_end, &fds[1]);
	ck_assert_uint_eq(counters.shed, 1);
	answered++;
	ask(fds[MOST]);
	turns_until(&loop, has_messages, &answered);
	for (unsigned i = 0; i <= MOST; i++)
		close(fds[i]);
}
END_TEST

START_TEST(who_waits_for_an_answer_is_not_shed)
{
	int fds[MOST + 1];
	unsigned count = MOST;

	answers = false;
	open_with((struct entrance_limits){ .max_connections = MOST, .idle_timeout = 60 * USEC_PER_SEC });
	for (unsigned i = 0; i < MOST; i++) {
		fds[i] = client_from("127.0.0.1");
		ask(fds[i]);
	}
	turns_until(&loop, has_messages, &count);
	fds[MOST] = client_from("127.0.0.1");
	pass_time(600 * USEC_PER_MSEC);
	ck_assert_uint_eq(counters.open, MOST);
	ck_assert_uint_eq(counters.shed, 0);
	/* One leaves, and the new one is taken. */
	unsigned all = MOST + 1;
	stream_close(entrance_find(entrance, last_number));
	turns_until(&loop, is_accepted, &all);
	ck_assert_uint_eq(counters.open, MOST);
	for (unsigned i = 0; i <= MOST; i++)
		close(fds[i]);
}
END_TEST

START_TEST(idle_connections_end_early_while_room_is_short)
{
	int fds[MOST];
	unsigned before = MOST - 2, tight = MOST, left = MOST - 2;

	open_with((struct entrance_limits){ .max_connections = MOST, .idle_timeout = 2 * USEC_PER_SEC });
	for (unsigned i = 0; i < before; i++)
		fds[i] = client_from("127.0.0.1");
	turns_until(&loop, is_open, &before);
	ask(fds[0]);
	turns_until(&loop, has_messages, &(unsigned){ 1 });
	ck_assert_int_eq(entrance_idle_timeout(entrance_find(entrance, last_number)), 2 * USEC_PER_SEC);
	for (unsigned i = before; i < MOST; i++)
		fds[i] = client_from("127.0.0.1");
	turns_until(&loop, is_open, &tight);
	ck_assert_int_eq(entrance_idle_timeout(entrance_find(entrance, last_number)), USEC_PER_SEC / 2);
	usec_t start = loop_now(&loop);
	turns_until(&loop, is_open, &left);
	ck_assert_int_lt(loop_now(&loop) - start, 3 * USEC_PER_SEC / 2);
	ck_assert_uint_eq(counters.shed, 2);
	for (unsigned i = 0; i < MOST; i++)
		close(fds[i]);
}
END_TEST

START_TEST(one_client_has_its_limit_and_others_have_theirs)
{
	int fds[4];
	unsigned three = 3, two = 2, four = 4;

	open_with((struct entrance_limits){ .max_per_client = 2 });
	for (unsigned i = 0; i < 3; i++)
		fds[i] = client_from("127.0.0.1");
	turns_until(&loop, is_accepted, &three);
	ck_assert_uint_eq(counters.refused, 1);
	turns_until(&loop, is_at_end, &fds[2]);
	fds[3] = client_from("127.0.0.2");
	turns_until(&loop, is_accepted, &four);
	ck_assert_uint_eq(counters.open, 3);
	/* Who leaves gives the place back. */
	close(fds[0]);
	turns_until(&loop, is_open, &two);
	fds[0] = client_from("127.0.0.1");
	turns_until(&loop, is_open, &three);
	ck_assert_uint_eq(counters.refused, 1);
	for (unsigned i = 0; i < 4; i++)
		close(fds[i]);
}
END_TEST

START_TEST(without_descriptors_the_oldest_idle_one_makes_room)
{
	struct rlimit before, few;
	unsigned two = 2, three = 3;
	int fds[3];

	open_with((struct entrance_limits){ .idle_timeout = 60 * USEC_PER_SEC });
	for (unsigned i = 0; i < 2; i++)
		fds[i] = client_from("127.0.0.1");
	turns_until(&loop, is_open, &two);
	pass_time(300 * USEC_PER_MSEC);
	fds[2] = client_from("127.0.0.1");
	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &before), 0);
	int highest = dup(fds[2]);
	close(highest);
	few = (struct rlimit){ .rlim_cur = (rlim_t)highest, .rlim_max = before.rlim_max };
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &few), 0);
	turns_until(&loop, is_accepted, &three);
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &before), 0);
	ck_assert_uint_eq(counters.shed, 1);
	turns_until(&loop, is_at_end, &fds[0]);
	for (unsigned i = 0; i < 3; i++)
		close(fds[i]);
}
END_TEST

START_TEST(closing_the_entrance_ends_all_connections)
{
	int fds[3];
	unsigned three = 3;

	open_with((struct entrance_limits){ 0 });
	for (unsigned i = 0; i < 3; i++)
		fds[i] = client_from("127.0.0.1");
	turns_until(&loop, is_open, &three);
	ck_assert_ptr_null(entrance_find(entrance, 99));
	entrance_close(entrance);
	entrance = NULL;
	ck_assert_uint_eq(closes, 3);
	ck_assert_uint_eq(counters.open, 0);
	for (unsigned i = 0; i < 3; i++)
		close(fds[i]);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("entrance");
	TCase *tests = tcase_create("entrance");

	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_test(tests, the_connection_idle_for_longest_makes_room);
	tcase_add_test(tests, who_waits_for_an_answer_is_not_shed);
	tcase_add_test(tests, idle_connections_end_early_while_room_is_short);
	tcase_add_test(tests, one_client_has_its_limit_and_others_have_theirs);
	tcase_add_test(tests, without_descriptors_the_oldest_idle_one_makes_room);
	tcase_add_test(tests, closing_the_entrance_ends_all_connections);
	suite_add_tcase(suite, tests);
	return suite_run(suite);
}

/* lib/ctl: a server in one thread, clients in another. */
#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib/ctl/ctl_client.h"
#include "lib/ctl/ctl_server.h"
#include "tests/support/suite.h"

enum { ROOM = 256 * 1024 };

static char folder[64];
static char path[128];
static char error[CTL_ERROR_SIZE];

/* The daemon. Only its thread touches `server`, `held` and `base` while it runs. */
static struct event_base *base;
static struct ctl_server *server;
static struct ctl_request *held;
static int orders[2], events[2];      /* to the daemon's thread, and what it saw */
static pthread_t thread;

static void tell(char what)
{
	ck_assert_int_eq(write(events[1], &what, 1), 1);
}

static void expect(char what)
{
	struct pollfd poller = { .fd = events[0], .events = POLLIN };
	char got = 0;
	ck_assert_int_eq(poll(&poller, 1, 10000), 1);
	ck_assert_int_eq(read(events[0], &got, 1), 1);
	ck_assert_int_eq(got, what);
}

static void order(char what)
{
	ck_assert_int_eq(write(orders[1], &what, 1), 1);
}

static void on_echo(struct ctl_request *request, void *ctx)
{
	ck_assert_ptr_eq(ctx, path);
	json_t *args = json_array();
	for (size_t i = 0; ctl_request_arg(request, i); i++)
		json_array_append_new(args, json_string(ctl_request_arg(request, i)));
	ck_assert_uint_eq(json_array_size(args), ctl_request_arg_count(request));
	ctl_request_reply(request, json_pack("{s:o, s:s, s:f, s:b}", "args", args, "at", ctl_request_text(request, "at", "all"), "timeout_s",
					     ctl_request_number(request, "timeout_s", 30), "subtree", ctl_request_flag(request, "subtree")));
}

static void on_fail(struct ctl_request *request, void *ctx)
{
	(void)ctx;
	ctl_request_fail(request, ZT_EZONE, "zone %s is broken", ctl_request_arg(request, 0));
}

static void on_nothing(struct ctl_request *request, void *ctx)
{
	(void)ctx;
	ctl_request_reply(request, NULL);
}

static void on_gone(struct ctl_request *request, void *ctx)
{
	ck_assert_ptr_eq(ctx, &held);
	ck_assert_ptr_eq(request, held);
	held = NULL;
	ctl_request_fail(request, ZT_ECLOSED, "nobody reads this");
	tell('g');
}

enum { BIG_REPLY = 256 * 1024 };

static unsigned big_count;

static void on_big(struct ctl_request *request, void *ctx)
{
	char *text = calloc(1, BIG_REPLY + 1);

	(void)ctx;
	memset(text, 'x', BIG_REPLY);
	big_count++;
	ctl_request_reply(request, json_string(text));
	free(text);
}

static void on_hold(struct ctl_request *request, void *ctx)
{
	(void)ctx;
	held = request;
	ctl_request_on_gone(request, on_gone, &held);
	tell('h');
}

static void on_stop(struct ctl_request *request, void *ctx)
{
	(void)ctx;
	ctl_request_reply(request, json_pack("{s:b}", "stopping", 1));
	ctl_server_close(server);
	server = NULL;
	event_base_loopexit(base, NULL);
}

static const struct ctl_command commands[] = {
	{ "echo", 0, 3, "[WORD...]", "Says it again.", on_echo },
	{ "fail", 1, 1, "ZONE", "Fails.", on_fail },
	{ "nothing", 0, 0, "", "Has no memory.", on_nothing },
	{ "hold", 0, 0, "", "Answers later.", on_hold },
	{ "big", 0, 0, "", "Says much.", on_big },
	{ "stop", 0, 0, "", "Ends.", on_stop },
};

static void on_order(evutil_socket_t fd, short what, void *ctx)
{
	char got;
	(void)what;
	(void)ctx;
	if (read(fd, &got, 1) != 1)
		return;
	if (got == 'r') {
		struct ctl_request *request = held;
		held = NULL;
		ctl_request_reply(request, json_string("later"));
	} else {
		event_base_loopexit(base, NULL);
	}
}

static void *daemon_run(void *ctx)
{
	(void)ctx;
	struct event *event = event_new(base, orders[0], EV_READ | EV_PERSIST, on_order, NULL);
	event_add(event, NULL);
	event_base_dispatch(base);
	event_free(event);
	ctl_server_close(server);
	return NULL;
}

static int server_open(struct ctl_server **out, const char *at)
{
	struct ctl_config config = {
		.path = at, .program = "testd", .commands = commands, .command_count = sizeof(commands) / sizeof(commands[0]), .ctx = path,
	};
	return ctl_server_open(out, base, &config, error);
}

static void daemon_start(void)
{
	ck_assert_int_eq(server_open(&server, path), ZT_OK);
	ck_assert_int_eq(pthread_create(&thread, NULL, daemon_run, NULL), 0);
}

static void daemon_stop(void)
{
	order('q');
	pthread_join(thread, NULL);
}

static void setup(void)
{
	const char *tmp = getenv("TMPDIR");
	snprintf(folder, sizeof(folder), "%.40s/ctl-XXXXXX", tmp && strlen(tmp) < 40 ? tmp : "/tmp");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/d.sock", folder);
	ck_assert_int_eq(pipe(orders), 0);
	ck_assert_int_eq(pipe(events), 0);
	signal(SIGPIPE, SIG_IGN);
	base = event_base_new();
	held = NULL;
	server = NULL;
}

static void teardown(void)
{
	event_base_free(base);
	for (int i = 0; i < 2; i++) {
		close(orders[i]);
		close(events[i]);
	}
	unlink(path);
	ck_assert_int_eq(rmdir(folder), 0);
}

static int call(json_t *request, struct ctl_answer *answer)
{
	struct ctl_client client = { .path = path, .timeout = 10 * USEC_PER_SEC, .clock = clock_system() };
	int status = ctl_call(&client, request, answer, error);
	json_decref(request);
	return status;
}

static struct sockaddr_un address_of(const char *at)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	memcpy(address.sun_path, at, strlen(at) + 1);
	return address;
}

static int raw_connect(void)
{
	struct sockaddr_un address = address_of(path);
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	ck_assert_int_eq(connect(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

static void raw_send(int fd, const char *text)
{
	ck_assert_int_eq(send(fd, text, strlen(text), MSG_NOSIGNAL), (ssize_t)strlen(text));
}

/* Everything up to the end of the connection. */
static char *raw_read_all(int fd)
{
	char *text = calloc(1, ROOM);
	ck_assert_int_ge(recv(fd, text, ROOM - 1, MSG_WAITALL), 0);
	close(fd);
	return text;
}

START_TEST(a_command_gets_its_arguments_and_options_and_gives_its_result)
{
	struct ctl_answer answer;
	daemon_start();
	ck_assert_int_eq(call(json_pack("{s:s, s:[s, s], s:s, s:i, s:b}", "command", "echo", "args", "example.", "7", "at", "quorum", "timeout_s", 5,
					"subtree", 1), &answer), ZT_OK);
	char *text = json_dumps(answer.result, JSON_COMPACT);
	ck_assert_str_eq(text, "{\"args\":[\"example.\",\"7\"],\"at\":\"quorum\",\"timeout_s\":5.0,\"subtree\":true}");
	free(text);
	ctl_answer_fini(&answer);
	ck_assert_int_eq(call(json_pack("{s:s}", "command", "echo"), &answer), ZT_OK);
	text = json_dumps(answer.result, JSON_COMPACT);
	ck_assert_str_eq(text, "{\"args\":[],\"at\":\"all\",\"timeout_s\":30.0,\"subtree\":false}");
	free(text);
	ctl_answer_fini(&answer);
	daemon_stop();
}
END_TEST

START_TEST(failures_come_with_their_status_and_their_sentence)
{
	static const struct {
		const char *request;
		int status;
		const char *error;
	} cases[] = {
		{ "{\"command\":\"fail\",\"args\":[\"example.\"]}", ZT_EZONE, "zone example. is broken" },
		{ "{\"command\":\"nothing\"}", ZT_ENOMEM, "out of memory" },
		{ "{\"command\":\"ehco\"}", ZT_ENOENT, "testd has no command \"ehco\", did you mean \"echo\"?" },
		{ "{\"command\":\"quux\"}", ZT_ENOENT, "testd has no command \"quux\"; it has echo, fail, nothing, hold, big and stop" },
		{ "{\"command\":\"fail\"}", ZT_EINVAL, "0 arguments, expected: fail ZONE" },
		{ "{\"command\":\"echo\",\"args\":[\"a\",\"b\",\"c\",\"d\"]}", ZT_EINVAL, "4 arguments, expected: echo [WORD...]" },
		{ "{\"command\":\"echo\",\"args\":\"a\"}", ZT_EMALFORMED, "\"args\" is wrong, expected an array of at most 16 strings" },
		{ "{\"command\":\"echo\",\"args\":[1]}", ZT_EMALFORMED, "item 0 of \"args\" is no string, expected one" },
		{ "{\"args\":[]}", ZT_EMALFORMED, "no command, expected {\"command\": \"NAME\", \"args\": [...]}" },
		{ "[]", ZT_EMALFORMED, "no command, expected {\"command\": \"NAME\", \"args\": [...]}" },
	};
	daemon_start();
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct ctl_answer answer;
		ck_assert_int_eq(call(json_loads(cases[i].request, 0, NULL), &answer), cases[i].status);
		ck_assert_str_eq(error, cases[i].error);
		ck_assert_ptr_null(answer.result);
		ck_assert_ptr_nonnull(answer.reply);
		ctl_answer_fini(&answer);
	}
	daemon_stop();
}
END_TEST

START_TEST(help_lists_the_commands)
{
	struct ctl_answer answer;
	daemon_start();
	ck_assert_int_eq(call(json_pack("{s:s}", "command", "help"), &answer), ZT_OK);
	ck_assert_uint_eq(json_array_size(answer.result), sizeof(commands) / sizeof(commands[0]));
	const json_t *second = json_array_get(answer.result, 1);
	ck_assert_str_eq(json_string_value(json_object_get(second, "command")), "fail");
	ck_assert_str_eq(json_string_value(json_object_get(second, "arguments")), "ZONE");
	ctl_answer_fini(&answer);
	daemon_stop();
}
END_TEST

START_TEST(requests_of_one_connection_are_answered_in_order_also_after_it_half_closed)
{
	daemon_start();
	int fd = raw_connect();
	raw_send(fd, "{\"command\":\"fail\",\"args\":[\"a\"]}\n\n{\"command\":\"hold\"}\n{\"command\":\"fail\",\"args\":[\"b\"]}\nnot json\n");
	shutdown(fd, SHUT_WR);
	expect('h');
	order('r');
	char *text = raw_read_all(fd);
	ck_assert_str_eq(text, "{\"ok\":false,\"error\":\"zone a is broken\",\"status\":\"EZONE\"}\n"
			       "{\"ok\":true,\"result\":\"later\"}\n"
			       "{\"ok\":false,\"error\":\"zone b is broken\",\"status\":\"EZONE\"}\n"
			       "{\"ok\":false,\"error\":\"the request is not JSON ('[' or '{' expected near 'not' at byte 3), expected one object a line\","
			       "\"status\":\"EMALFORMED\"}\n");
	free(text);
	daemon_stop();
}
END_TEST

START_TEST(a_client_that_hangs_up_gives_up_its_request)
{
	daemon_start();
	int fd = raw_connect();
	raw_send(fd, "{\"command\":\"hold\"}\n");
	expect('h');
	close(fd);
	expect('g');
	/* Closing the server gives up what is pending, too. */
	fd = raw_connect();
	raw_send(fd, "{\"command\":\"hold\"}\n{\"command\":\"echo\"}\n");
	expect('h');
	daemon_stop();
	expect('g');
	char *text = raw_read_all(fd);
	ck_assert_str_eq(text, "");
	free(text);
}
END_TEST

START_TEST(a_line_without_end_is_refused)
{
	daemon_start();
	int fd = raw_connect();
	char *line = malloc(CTL_REQUEST_MAX + 1);
	memset(line, ' ', CTL_REQUEST_MAX);
	line[CTL_REQUEST_MAX] = '\0';
	raw_send(fd, line);
	char *text = raw_read_all(fd);
	ck_assert_str_eq(text, "{\"ok\":false,\"error\":\"the request line is longer than 64 KiB\",\"status\":\"ELIMIT\"}\n");
	free(text);
	free(line);
	daemon_stop();
}
END_TEST

START_TEST(the_answer_to_stop_arrives_although_the_server_closes)
{
	struct ctl_answer answer;
	daemon_start();
	ck_assert_int_eq(call(json_pack("{s:s}", "command", "stop"), &answer), ZT_OK);
	ck_assert(json_is_true(json_object_get(answer.result, "stopping")));
	ctl_answer_fini(&answer);
	pthread_join(thread, NULL);
	ck_assert_int_eq(access(path, F_OK), -1);
}
END_TEST

START_TEST(the_socket_is_private_and_goes_with_its_server)
{
	struct stat info;
	ck_assert_int_eq(server_open(&server, path), ZT_OK);
	ck_assert_int_eq(lstat(path, &info), 0);
	ck_assert(S_ISSOCK(info.st_mode));
	ck_assert_uint_eq(info.st_mode & 07777, 0660);
	ctl_server_close(server);
	ck_assert_int_eq(access(path, F_OK), -1);
	ctl_server_close(NULL);
}
END_TEST

START_TEST(a_dead_daemons_socket_is_taken_over_a_living_ones_is_not)
{
	struct sockaddr_un address = address_of(path);
	struct ctl_server *second;
	char expected[CTL_ERROR_SIZE];

	/* Bound and closed, as kill -9 leaves it. */
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	ck_assert_int_eq(bind(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
	close(fd);
	ck_assert_int_eq(server_open(&server, path), ZT_OK);
	ck_assert_int_eq(server_open(&second, path), ZT_EBUSY);
	snprintf(expected, sizeof(expected), "control socket %s: another testd runs there; stop it, or choose another \"control\" path", path);
	ck_assert_str_eq(error, expected);
	/* A file that replaced ours is not ours to remove. */
	unlink(path);
	fd = open(path, O_CREAT | O_WRONLY, 0600);
	close(fd);
	ctl_server_close(server);
	ck_assert_int_eq(access(path, F_OK), 0);
	ck_assert_int_eq(server_open(&second, path), ZT_EEXIST);
	snprintf(expected, sizeof(expected), "control socket %s: a file that is no socket stands there; move it away", path);
	ck_assert_str_eq(error, expected);
	ck_assert_int_eq(access(path, F_OK), 0);
}
END_TEST

static void on_over(evutil_socket_t fd, short what, void *ctx)
{
	(void)fd;
	(void)what;
	*(bool *)ctx = true;
}

START_TEST(without_descriptors_accepting_pauses_and_recovers)
{
	struct rlimit before, none;
	char byte;

	ck_assert_int_eq(server_open(&server, path), ZT_OK);
	int fd = raw_connect();
	raw_send(fd, "{\"command\":\"echo\"}\n");
	int highest = dup(fd);
	close(highest);
	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &before), 0);
	none = (struct rlimit){ .rlim_cur = (rlim_t)highest, .rlim_max = before.rlim_max };
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &none), 0);
	/* The attempt, then nothing until the timer. */
	bool over = false;
	int turns = 0;
	const struct timeval while_ms = { .tv_usec = 30 * 1000 };
	ck_assert_int_eq(event_base_once(base, -1, EV_TIMEOUT, on_over, &over, &while_ms), 0);
	for (; !over; turns++)
		ck_assert_int_eq(event_base_loop(base, EVLOOP_ONCE), 0);
	ck_assert_int_le(turns, 3);
	ck_assert_int_eq(recv(fd, &byte, 1, MSG_DONTWAIT), -1);
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &before), 0);
	for (int turn = 0; turn < 100 && recv(fd, &byte, 1, MSG_DONTWAIT) != 1; turn++)
		ck_assert_int_eq(event_base_loop(base, EVLOOP_ONCE), 0);
	ck_assert_int_eq(byte, '{');
	close(fd);
	ctl_server_close(server);
}
END_TEST

START_TEST(who_asks_without_reading_waits)
{
	enum { REQUESTS = 100 };
	static char bytes[ROOM];
	unsigned replies = 0;

	big_count = 0;
	ck_assert_int_eq(server_open(&server, path), ZT_OK);
	int fd = raw_connect();
	for (int i = 0; i < REQUESTS; i++)
		raw_send(fd, "{\"command\":\"big\"}\n");
	for (int turn = 0; turn < 1000; turn++)
		ck_assert_int_eq(event_base_loop(base, EVLOOP_NONBLOCK), 0);
	ck_assert_uint_ge(big_count, 1);
	ck_assert_uint_le(big_count, 10);
	/* Nothing is lost: as it reads it is answered. */
	while (replies < REQUESTS) {
		ssize_t got = recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT);
		for (ssize_t i = 0; i < got; i++)
			replies += bytes[i] == '\n';
		ck_assert_int_ne(got, 0);
		if (replies < REQUESTS)
			ck_assert_int_eq(event_base_loop(base, got > 0 ? EVLOOP_NONBLOCK : EVLOOP_ONCE), 0);
	}
	ck_assert_uint_eq(big_count, REQUESTS);
	close(fd);
	ctl_server_close(server);
}
END_TEST

START_TEST(impossible_paths_are_explained)
{
	char longest[256], missing[160];

	memset(longest, 'x', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	ck_assert_int_eq(server_open(&server, longest), ZT_ELIMIT);
	ck_assert_ptr_nonnull(strstr(error, "the path has 255 bytes, expected at most 107; choose a shorter folder"));
	snprintf(missing, sizeof(missing), "%s/missing/d.sock", folder);
	ck_assert_int_eq(server_open(&server, missing), ZT_ENOENT);
	ck_assert_ptr_nonnull(strstr(error, "cannot create it: No such file or directory (the folder does not exist)"));
}
END_TEST

START_TEST(a_client_says_why_nobody_answers)
{
	struct ctl_answer answer;
	struct sockaddr_un address = address_of(path);
	char expected[CTL_ERROR_SIZE];

	ck_assert_int_eq(call(json_pack("{s:s}", "command", "status"), &answer), ZT_ENOENT);
	snprintf(expected, sizeof(expected), "%s: there is no such control socket; is the daemon running?", path);
	ck_assert_str_eq(error, expected);
	ck_assert_ptr_null(answer.reply);

	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	ck_assert_int_eq(bind(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
	ck_assert_int_eq(call(json_pack("{s:s}", "command", "status"), &answer), ZT_EREFUSED);
	snprintf(expected, sizeof(expected), "%s: nobody answers at this control socket; the daemon is not running", path);
	ck_assert_str_eq(error, expected);

	/* A backlog that accepts and never answers. */
	ck_assert_int_eq(listen(fd, 4), 0);
	struct ctl_client client = { .path = path, .timeout = 30 * USEC_PER_MSEC, .clock = clock_system() };
	json_t *request = json_pack("{s:s}", "command", "status");
	ck_assert_int_eq(ctl_call(&client, request, &answer, error), ZT_ETIMEOUT);
	json_decref(request);
	ck_assert_ptr_nonnull(strstr(error, "no answer within 0.0 s"));
	close(fd);
}
END_TEST

struct liar {
	int fd;
	const char *reply;
};

static void *lie(void *ctx)
{
	const struct liar *liar = ctx;
	char request[256];
	int fd = accept(liar->fd, NULL, NULL);
	(void)recv(fd, request, sizeof(request), 0);
	(void)send(fd, liar->reply, strlen(liar->reply), MSG_NOSIGNAL);
	close(fd);
	return NULL;
}

START_TEST(a_strange_answer_is_told)
{
	static const struct {
		const char *reply;
		int status;
		const char *part;
	} cases[] = {
		{ "", ZT_ECLOSED, "hung up before it answered" },
		{ "{\"ok\":tr", ZT_ECLOSED, "hung up before it answered" },
		{ "HTTP/1.1 400 Bad Request\n", ZT_EMALFORMED, "not an answer of a Zonetide daemon" },
		{ "{\"ok\":1}\n", ZT_EMALFORMED, "not an answer of a Zonetide daemon" },
		{ "{\"ok\":false}\n", ZT_EIO, "the daemon failed and gave no reason" },
		{ "{\"ok\":false,\"error\":\"x\",\"status\":\"ENEWER\"}\n", ZT_EIO, "x" },
	};
	struct sockaddr_un address = address_of(path);
	struct liar liar = { .fd = socket(AF_UNIX, SOCK_STREAM, 0) };

	ck_assert_int_eq(bind(liar.fd, (const struct sockaddr *)&address, sizeof(address)), 0);
	ck_assert_int_eq(listen(liar.fd, 4), 0);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct ctl_answer answer;
		liar.reply = cases[i].reply;
		ck_assert_int_eq(pthread_create(&thread, NULL, lie, &liar), 0);
		ck_assert_int_eq(call(json_pack("{s:s}", "command", "status"), &answer), cases[i].status);
		ck_assert_msg(strstr(error, cases[i].part), "%s", error);
		pthread_join(thread, NULL);
		ctl_answer_fini(&answer);
	}
	close(liar.fd);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("ctl");
	TCase *tests = tcase_create("ctl");

	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_test(tests, a_command_gets_its_arguments_and_options_and_gives_its_result);
	tcase_add_test(tests, failures_come_with_their_status_and_their_sentence);
	tcase_add_test(tests, help_lists_the_commands);
	tcase_add_test(tests, requests_of_one_connection_are_answered_in_order_also_after_it_half_closed);
	tcase_add_test(tests, a_client_that_hangs_up_gives_up_its_request);
	tcase_add_test(tests, a_line_without_end_is_refused);
	tcase_add_test(tests, the_answer_to_stop_arrives_although_the_server_closes);
	tcase_add_test(tests, the_socket_is_private_and_goes_with_its_server);
	tcase_add_test(tests, a_dead_daemons_socket_is_taken_over_a_living_ones_is_not);
	tcase_add_test(tests, without_descriptors_accepting_pauses_and_recovers);
	tcase_add_test(tests, who_asks_without_reading_waits);
	tcase_add_test(tests, impossible_paths_are_explained);
	tcase_add_test(tests, a_client_says_why_nobody_answers);
	tcase_add_test(tests, a_strange_answer_is_told);
	suite_add_tcase(suite, tests);
	return suite_run(suite);
}

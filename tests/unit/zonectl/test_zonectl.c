/* zonectl: what it prints, and the program itself against a daemon of the test. */
#include <event2/event.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/ctl/ctl_server.h"
#include "tests/support/suite.h"
#include "tools/zonectl/render.h"

enum { ROOM = 64 * 1024 };

static void renders(const char *json, size_t width, const char *expected)
{
	struct buf out;
	json_t *result = json_loads(json, JSON_DECODE_ANY, NULL);

	ck_assert_ptr_nonnull(result);
	buf_init(&out);
	render_result(result, width, &out);
	buf_add_u8(&out, 0);
	ck_assert_str_eq((const char *)out.data, expected);
	buf_fini(&out);
	json_decref(result);
}

START_TEST(a_list_of_objects_is_a_table_without_empty_columns)
{
	static const char zones[] =
		"[{\"zone\":\"example.\",\"state\":\"serving\",\"serial\":5,\"memory_bytes\":1536,\"refresh_in_s\":null,\"error\":null},"
		"{\"zone\":\"m\xc3\xbcnchen.example.\",\"state\":\"failed\",\"serial\":null,\"memory_bytes\":null,\"refresh_in_s\":null,\"error\":null},"
		"{\"zone\":\"b.\",\"state\":\"expired\",\"serial\":4294967295,\"memory_bytes\":1,\"refresh_in_s\":null,\"error\":null,\"new\":true}]";
	renders(zones, 0,
		"ZONE              STATE        SERIAL   MEMORY  NEW\n"
		"example.          serving           5  1.5 KiB\n"
		"m\xc3\xbcnchen.example.  failed            -        -\n"
		"b.                expired  4294967295      1 B  yes\n");
	/* Too wide for the terminal: a block an entry. */
	renders("[{\"peer\":\"127.0.0.1@5301\",\"serial\":1},{\"peer\":\"127.0.0.1@5302\",\"serial\":2}]", 10,
		"peer    127.0.0.1@5301\nserial  1\n\npeer    127.0.0.1@5302\nserial  2\n");
}
END_TEST

START_TEST(an_object_is_lines_with_what_is_nested_below)
{
	renders("{\"program\":\"authd\",\"uptime_s\":3725.2,\"listen\":[\"127.0.0.1@53\",\"::1@53\"],\"key\":[],\"up\":true,"
		"\"queries\":{\"udp\":1,\"tcp\":2},\"zones\":[{\"zone\":\"a.\"}],\"x\":null,\"none\":{}}", 0,
		"program  authd\n"
		"uptime   1h02m05s\n"
		"listen   127.0.0.1@53, ::1@53\n"
		"key      -\n"
		"up       yes\n"
		"x        -\n"
		"none     -\n"
		"\nqueries:\nudp  1\ntcp  2\n"
		"\nzones:\nZONE\na.\n");
	renders("{\"entries\":[{\"name\":\"a.\"}]}", 0, "NAME\na.\n");
	renders("{\"entries\":[]}", 0, "entries  -\n");
	renders("[]", 0, "(none)\n");
	renders("\"done\"", 0, "done\n");
	renders("7", 0, "7\n");
}
END_TEST

START_TEST(values_carry_their_units_and_no_control_characters)
{
	renders("{\"a_s\":0,\"b_s\":0.0123,\"c_s\":59.94,\"d_s\":90,\"e_s\":7200,\"f_s\":864000,\"g_s\":-1.5,\"h_ms\":12.5,\"i_bytes\":1023,"
		"\"j_bytes\":268435456,\"k_at\":\"2026-01-31T12:00:00Z\",\"l\":\"a\\u001b[31m\\nb\",\"m\":0.25}", 0,
		"a  0 s\nb  0.0123 s\nc  59.9 s\nd  1m30s\ne  2h00m00s\nf  10d00h\ng  -1.5 s\nh  12.5 ms\ni  1023 B\n"
		"j  256.0 MiB\nk  2026-01-31T12:00:00Z\nl  a [31m b\nm  0.25\n");
}
END_TEST

/* The daemon: answers what the tests ask for. */
static char folder[64], socket_path[128];
static struct event_base *base;
static struct ctl_server *server;
static int orders[2];
static pthread_t thread;

static void on_zone(struct ctl_request *request, void *ctx)
{
	(void)ctx;
	if (strcmp(ctl_request_arg(request, 0), "example.") == 0)
		ctl_request_reply(request, json_pack("{s:s, s:i}", "zone", "example.", "serial", 7));
	else
		ctl_request_fail(request, ZT_ENOENT, "no zone %s here", ctl_request_arg(request, 0));
}

static void on_wait(struct ctl_request *request, void *ctx)
{
	(void)ctx;
	int needed = strcmp(ctl_request_arg(request, 1), "6") != 0;
	bool reached = !needed || strcmp(ctl_request_arg(request, 1), "7") == 0;
	json_t *lagging = json_array();
	if (!reached)
		json_array_append_new(lagging, json_pack("{s:s, s:i, s:s}", "peer", "127.0.0.1@5301", "serial", 7, "reason",
							 ctl_request_text(request, "at", "?")));
	ctl_request_reply(request, json_pack("{s:s, s:i, s:b, s:f, s:i, s:i, s:o}", "zone", "example.", "serial", reached ? 7 : 8,
					     "reached", reached, "waited_s", ctl_request_number(request, "timeout_s", -1), "confirmed", reached, "needed", needed,
					     "lagging", lagging));
}

static void on_reload(struct ctl_request *request, void *ctx)
{
	(void)ctx;
	ctl_request_reply(request, json_pack("{s:i, s:[], s:[{s:s, s:s}]}", "failed", ctl_request_arg(request, 0) ? 1 : 0, "restart_needed", "zones", "zone",
					     "example.", "outcome", "changed"));
}

static void on_flush(struct ctl_request *request, void *ctx)
{
	(void)ctx;
	ctl_request_reply(request, json_pack("{s:i}", "removed", ctl_request_flag(request, "subtree") ? 17 : 1));
}

static const struct ctl_command commands[] = {
	{ "zone", 1, 1, "ZONE", "One zone.", on_zone },
	{ "wait", 2, 2, "ZONE SERIAL", "Waits.", on_wait },
	{ "reload", 0, 1, "[ZONE]", "Reloads.", on_reload },
	{ "flush", 1, 2, "NAME [TYPE]", "Forgets.", on_flush },
};

static void on_order(evutil_socket_t fd, short what, void *ctx)
{
	(void)fd;
	(void)what;
	(void)ctx;
	event_base_loopexit(base, NULL);
}

static void *daemon_run(void *ctx)
{
	(void)ctx;
	struct event *event = event_new(base, orders[0], EV_READ, on_order, NULL);
	event_add(event, NULL);
	event_base_dispatch(base);
	event_free(event);
	return NULL;
}

static void setup(void)
{
	char error[CTL_ERROR_SIZE];
	const char *tmp = getenv("TMPDIR");
	struct ctl_config config = { .path = socket_path, .program = "testd", .commands = commands, .command_count = sizeof(commands) / sizeof(commands[0]) };

	snprintf(folder, sizeof(folder), "%.40s/zonectl-XXXXXX", tmp && strlen(tmp) < 40 ? tmp : "/tmp");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	snprintf(socket_path, sizeof(socket_path), "%s/d.sock", folder);
	ck_assert_int_eq(pipe(orders), 0);
	base = event_base_new();
	ck_assert_int_eq(ctl_server_open(&server, base, &config, error), ZT_OK);
	ck_assert_int_eq(pthread_create(&thread, NULL, daemon_run, NULL), 0);
	setenv("ZONETIDE_SOCKET", socket_path, 1);
}

static void teardown(void)
{
	ck_assert_int_eq(write(orders[1], "q", 1), 1);
	pthread_join(thread, NULL);
	ctl_server_close(server);
	event_base_free(base);
	close(orders[0]);
	close(orders[1]);
	ck_assert_int_eq(rmdir(folder), 0);
}

/* Runs `zonectl ARGUMENTS` in a shell; checks the exit status and everything printed on both outputs. */
static void zonectl(const char *arguments, int status, const char *expected)
{
	char command[1024], output[ROOM];

	/* In an empty folder, where the default socket is not. */
	snprintf(command, sizeof(command), "cd %s && %s %s 2>&1", folder, ZONECTL, arguments);
	FILE *pipe_end = popen(command, "r");
	ck_assert_ptr_nonnull(pipe_end);
	size_t len = fread(output, 1, sizeof(output) - 1, pipe_end);
	output[len] = '\0';
	int ended = pclose(pipe_end);
	ck_assert_str_eq(output, expected);
	ck_assert(WIFEXITED(ended));
	ck_assert_int_eq(WEXITSTATUS(ended), status);
}

START_TEST(results_are_printed_for_people_or_as_json)
{
	char arguments[256];

	zonectl("zone example.", 0, "zone    example.\nserial  7\n");
	zonectl("zone example. --json", 0, "{\n  \"zone\": \"example.\",\n  \"serial\": 7\n}\n");
	zonectl("flush example. --subtree", 0, "removed  17\n");
	zonectl("flush example. A", 0, "removed  1\n");
	snprintf(arguments, sizeof(arguments), "-s %s zone example.", socket_path);
	setenv("ZONETIDE_SOCKET", "/nonexistent", 1);
	zonectl(arguments, 0, "zone    example.\nserial  7\n");
}
END_TEST

START_TEST(wait_tells_by_its_exit_status_and_its_words)
{
	zonectl("wait example. 7", 0, "example. 7: reached after 30.000 s, confirmed by 1 of the 1 peers needed\n");
	zonectl("wait example. 6", 0, "example. 7: served here; no peer was waited for (zonectl peers lists them)\n");
	zonectl("wait example. 8 --at quorum --timeout 0.5", 3,
		"example. 8: not reached after 0.500 s, confirmed by 0 of the 1 peers needed\n\n"
		"lagging:\nPEER            SERIAL  REASON\n127.0.0.1@5301       7  quorum\n");
	zonectl("wait example. 8 --json | grep reached", 0, "  \"reached\": false,\n");
}
END_TEST

START_TEST(failures_end_with_one_and_are_explained)
{
	zonectl("zone other.", 1, "zonectl: no zone other. here\n");
	zonectl("--json zone other.", 1,
		"zonectl: no zone other. here\n{\n  \"ok\": false,\n  \"error\": \"no zone other. here\",\n  \"status\": \"ENOENT\"\n}\n");
	zonectl("reload example.", 1, "failed          1\nrestart needed  -\n\nzones:\nZONE      OUTCOME\nexample.  changed\n");
	zonectl("reload", 0, "failed          0\nrestart needed  -\n\nzones:\nZONE      OUTCOME\nexample.  changed\n");
	zonectl("-s /nonexistent/d.sock status", 1, "zonectl: /nonexistent/d.sock: there is no such control socket; is the daemon running?\n");
	unsetenv("ZONETIDE_SOCKET");
	zonectl("status", 1,
		"zonectl: ./state/authd.sock: there is no such control socket; is the daemon running?\n"
		"zonectl: -s SOCKET or ZONETIDE_SOCKET name another one: the \"control\" line of the daemon's configuration\n");
}
END_TEST

START_TEST(wrong_usage_ends_with_two_and_is_explained)
{
	static const char *const cases[][2] = {
		{ "", "no command" },
		{ "stauts", "unknown command \"stauts\", did you mean \"status\"?" },
		{ "frobnicate", "unknown command \"frobnicate\"" },
		{ "--jsn status", "unknown option \"--jsn\", did you mean --json?" },
		{ "-x status", "unknown option \"-x\"" },
		{ "-s", "-s needs a value" },
		{ "zone", "zone takes ZONE" },
		{ "status now", "status takes no arguments" },
		{ "wait example. x", "the serial is \"x\", expected a whole number from 0 to 4294967295" },
		{ "wait example. 4294967296", "the serial is \"4294967296\", expected a whole number from 0 to 4294967295" },
		{ "wait example. 1 --at most", "--at is \"most\", expected all, quorum or a number of peers" },
		{ "wait example. 1 --timeout soon", "--timeout is \"soon\", expected seconds from 0 to 1000000" },
		{ "zone example. --at all", "--at belongs to wait, not to zone" },
		{ "zone example. --subtree", "--subtree belongs to flush, not to zone" },
		{ "flush example. A --subtree", "flush takes a type or --subtree, not both" },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char expected[256];
		snprintf(expected, sizeof(expected), "zonectl: %s (see zonectl -h)\n", cases[i][1]);
		zonectl(cases[i][0], 2, expected);
	}
	zonectl("-V | grep -c '^zonectl (zonetide) [0-9]'", 0, "1\n");
	zonectl("--help | grep -c -e 'wait ZONE \\[SERIAL' -e 'usage: '", 0, "2\n");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("zonectl");
	TCase *render = tcase_create("render"), *program = tcase_create("program");

	tcase_add_test(render, a_list_of_objects_is_a_table_without_empty_columns);
	tcase_add_test(render, an_object_is_lines_with_what_is_nested_below);
	tcase_add_test(render, values_carry_their_units_and_no_control_characters);
	suite_add_tcase(suite, render);
	tcase_add_checked_fixture(program, setup, teardown);
	tcase_add_test(program, results_are_printed_for_people_or_as_json);
	tcase_add_test(program, wait_tells_by_its_exit_status_and_its_words);
	tcase_add_test(program, failures_end_with_one_and_are_explained);
	tcase_add_test(program, wrong_usage_ends_with_two_and_is_explained);
	suite_add_tcase(suite, program);
	return suite_run(suite);
}

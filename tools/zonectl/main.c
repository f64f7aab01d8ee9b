/* zonectl: asks a running daemon, prints what it says. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "config.h"
#include "lib/base/buf.h"
#include "lib/base/lab_clock.h"
#include "lib/ctl/ctl_client.h"
#include "tools/zonectl/arguments.h"
#include "tools/zonectl/history.h"
#include "tools/zonectl/peers.h"
#include "tools/zonectl/render.h"

enum { EXIT_OK = 0, EXIT_FAILED = 1, EXIT_USAGE = 2, EXIT_NOT_REACHED = 3 };

static void json_write(const json_t *value)
{
	json_dumpf(value, stdout, JSON_INDENT(2) | JSON_ENCODE_ANY);
	putchar('\n');
}

/* 0 where nobody looks at it. */
static size_t terminal_width(void)
{
	struct winsize size;
	if (!isatty(STDOUT_FILENO) || ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0)
		return 0;
	return size.ws_col;
}

static void wait_outcome_write(const json_t *result, struct buf *out)
{
	const json_t *served = json_object_get(result, "served");
	const char *zone = json_string_value(json_object_get(result, "zone"));
	long long serial = json_integer_value(json_object_get(result, "serial"));
	json_t *lagging = json_object_get(result, "lagging");

	if (json_is_true(json_object_get(result, "reached")) && json_integer_value(json_object_get(result, "needed")) == 0) {
		buf_printf(out, "%s %lld: served here; no peer was waited for (zonectl peers lists them)\n", zone ? zone : "?", serial);
		return;
	}
	buf_printf(out, "%s %lld: %s after %.3f s, confirmed by %lld of the %lld peers needed\n", zone ? zone : "?", serial,
		   json_is_true(json_object_get(result, "reached")) ? "reached" : "not reached", json_number_value(json_object_get(result, "waited_s")),
		   json_integer_value(json_object_get(result, "confirmed")), json_integer_value(json_object_get(result, "needed")));
	if (json_is_integer(served) && !json_is_true(json_object_get(result, "reached")) && json_integer_value(served) != serial)
		buf_printf(out, "the zone is at serial %lld here\n", (long long)json_integer_value(served));
	if (json_array_size(lagging) > 0) {
		buf_printf(out, "\nlagging:\n");
		render_result(lagging, terminal_width(), out);
	}
}

static void peers_write(const json_t *result, struct buf *out)
{
	const struct clock *clock = clock_of_environment();

	if (!clock)
		lab_clock_complain("zonectl");
	json_t *rows = peers_shorten(result, clock_wall(clock ? clock : clock_system()));

	if (rows)
		render_result(rows, 0, out);
	json_decref(rows);
}

/* The table of versions, then what `reach` says of it: a second question to the same daemon. */
static void history_write(const struct arguments *arguments, const json_t *result, struct buf *out)
{
	struct ctl_client client = { .path = arguments->socket, .timeout = arguments->timeout, .clock = clock_system() };
	json_t *rows = history_shorten(result), *request = json_copy(arguments->request);
	struct ctl_answer answer;
	char error[CTL_ERROR_SIZE];

	render_result(rows, terminal_width(), out);
	json_object_set_new(request, "command", json_string("reach"));
	if (ctl_call(&client, request, &answer, error) == ZT_OK) {
		buf_printf(out, "\n");
		reach_write(answer.result, out);
	} else {
		fprintf(stderr, "zonectl: %s\n", error);
	}
	ctl_answer_fini(&answer);
	json_decref(request);
	json_decref(rows);
}

static void human_write(const struct arguments *arguments, json_t *result, struct buf *out)
{
	if (strcmp(arguments->command, "wait") == 0)
		wait_outcome_write(result, out);
	else if (strcmp(arguments->command, "peers") == 0)
		peers_write(result, out);
	else if (strcmp(arguments->command, "history") == 0)
		history_write(arguments, result, out);
	else if (strcmp(arguments->command, "reach") == 0)
		reach_write(result, out);
	else
		render_result(result, terminal_width(), out);
}

static int result_write(const struct arguments *arguments, json_t *result)
{
	bool is_wait = strcmp(arguments->command, "wait") == 0;
	struct buf out;

	if (arguments->json) {
		json_write(result);
	} else {
		buf_init(&out);
		human_write(arguments, result, &out);
		if (out.status == ZT_OK)
			fwrite(out.data, 1, out.len, stdout);
		int status = out.status;
		buf_fini(&out);
		if (status != ZT_OK) {
			fprintf(stderr, "zonectl: %s\n", status_text(status));
			return EXIT_FAILED;
		}
	}
	if (is_wait && !json_is_true(json_object_get(result, "reached")))
		return EXIT_NOT_REACHED;
	return json_integer_value(json_object_get(result, "failed")) > 0 ? EXIT_FAILED : EXIT_OK;
}

static int failure_write(const struct arguments *arguments, int status, const char *error)
{
	fprintf(stderr, "zonectl: %s\n", error);
	if (arguments->is_default_socket && (status == ZT_ENOENT || status == ZT_EREFUSED) && strncmp(error, arguments->socket, strlen(arguments->socket)) == 0)
		fputs("zonectl: -s SOCKET or ZONETIDE_SOCKET name another one: the \"control\" line of the daemon's configuration\n", stderr);
	if (arguments->json) {
		json_t *reply = ctl_message_failure(status, error);
		json_write(reply);
		json_decref(reply);
	}
	return status == ZT_EINVAL ? EXIT_USAGE : EXIT_FAILED;
}

static int call(const struct arguments *arguments)
{
	struct ctl_client client = { .path = arguments->socket, .timeout = arguments->timeout, .clock = clock_system() };
	struct ctl_answer answer;
	char error[CTL_ERROR_SIZE];

	int status = ctl_call(&client, arguments->request, &answer, error);
	int exit_status = status == ZT_OK ? result_write(arguments, answer.result) : failure_write(arguments, status, error);
	ctl_answer_fini(&answer);
	return exit_status;
}

int main(int argc, char **argv)
{
	struct arguments arguments;
	int exit_status = EXIT_OK;

	arguments_parse(&arguments, argc, argv, getenv("ZONETIDE_SOCKET"));
	switch (arguments.action) {
	case ARGUMENTS_HELP: arguments_write_help(stdout); break;
	case ARGUMENTS_VERSION: puts("zonectl (zonetide) " PACKAGE_VERSION "\nbuilt with " ZT_BUILD_FEATURES); break;
	case ARGUMENTS_WRONG:
		fprintf(stderr, "zonectl: %s (see zonectl -h)\n", arguments.error);
		exit_status = EXIT_USAGE;
		break;
	case ARGUMENTS_CALL: exit_status = call(&arguments); break;
	}
	arguments_fini(&arguments);
	if (fflush(stdout) != 0 && exit_status == EXIT_OK) {
		perror("zonectl: cannot write the answer");
		exit_status = EXIT_FAILED;
	}
	return exit_status;
}

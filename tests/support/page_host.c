/* A page without a lab behind it, for tests: page_host IP[@PORT] STATE-FILE EVENTS-FILE.
 *
 * Prints the page's URL, then a line for each command that the page gives (its JSON). A line `STATUS TEXT` on standard input answers the oldest one.
 * The state is read from its file for each request; the events file is looked at every 10 ms. Ends at the end of standard input.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/zonelab/page/page.h"

enum {
	LOOK_USEC = 10 * 1000,
	OPEN_MAX = 16,
};

struct host {
	struct loop loop;
	struct loop_timer look;
	struct loop_io input;
	struct page *page;
	const char *state_path;
	struct page_reply *open[OPEN_MAX];
	size_t open_count;
	char line[1024];
	size_t line_len;
};

static json_t *state_read(void *ctx)
{
	const struct host *host = ctx;
	json_error_t error;
	json_t *state = json_load_file(host->state_path, 0, &error);

	if (!state)
		fprintf(stderr, "%s:%d: %s\n", host->state_path, error.line, error.text);
	return state;
}

static void on_command(void *ctx, const json_t *request, struct page_reply *reply)
{
	struct host *host = ctx;

	if (host->open_count == OPEN_MAX) {
		page_reply_end(reply, 503, "too many commands");
		return;
	}
	host->open[host->open_count++] = reply;
	json_dumpf(request, stdout, JSON_COMPACT);
	putchar('\n');
	fflush(stdout);
}

static void on_look(void *ctx)
{
	struct host *host = ctx;

	page_events_grew(host->page);
	loop_timer_in(&host->look, LOOK_USEC);
}

static void on_line(struct host *host)
{
	char *text;
	long http_status = strtol(host->line, &text, 10);

	if (host->open_count == 0)
		return;
	page_reply_end(host->open[0], (int)http_status, text + strspn(text, " "));
	memmove(host->open, host->open + 1, --host->open_count * sizeof *host->open);
}

static void on_input(void *ctx)
{
	struct host *host = ctx;
	char byte;

	if (read(STDIN_FILENO, &byte, 1) != 1) {
		loop_io_stop(&host->input);
		loop_stop(&host->loop);
		return;
	}
	if (byte != '\n' && host->line_len < sizeof host->line - 1) {
		host->line[host->line_len++] = byte;
		return;
	}
	host->line[host->line_len] = 0;
	host->line_len = 0;
	on_line(host);
}

static int run(struct host *host)
{
	char url[GUARD_URL_SIZE];

	printf("%s\n", guard_url(page_guard(host->page), url));
	fflush(stdout);
	loop_timer_init(&host->look, &host->loop, on_look, host);
	loop_timer_in(&host->look, LOOK_USEC);
	loop_io_init(&host->input, on_input, host);
	if (loop_io_start(&host->input, &host->loop, STDIN_FILENO, LOOP_READ) != ZT_OK || loop_run(&host->loop) != ZT_OK)
		return EXIT_FAILURE;
	loop_timer_stop(&host->look);
	page_close(host->page);
	for (size_t i = 0; i < host->open_count; i++)
		page_reply_end(host->open[i], 503, "the end");
	return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
	struct host host = { 0 };
	struct page_config config = { .hooks = { .state = state_read, .command = on_command, .ctx = &host } };
	struct netaddr address;
	char error[PAGE_ERROR_SIZE];

	signal(SIGPIPE, SIG_IGN);
	if (argc != 4 || netaddr_from_text(&address, argv[1], 0) != ZT_OK) {
		fprintf(stderr, "usage: page_host IP[@PORT] STATE-FILE EVENTS-FILE\n");
		return 2;
	}
	host.state_path = argv[2];
	config.events_path = argv[3];
	if (loop_init(&host.loop, clock_system(), LOOP_PRECISE) != ZT_OK)
		return EXIT_FAILURE;
	guard_init(&config.guard, &address);
	if (page_listen(&address, &config.listener, error) != ZT_OK || page_open(&host.page, &host.loop, &config, error) != ZT_OK) {
		fprintf(stderr, "%s\n", error);
		return EXIT_FAILURE;
	}
	int status = run(&host);
	loop_fini(&host.loop);
	return status;
}

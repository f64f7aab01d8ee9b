/* tools/zonelab/page: the server over real sockets, everything in one thread's loop. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/base/buf.h"
#include "tests/support/suite.h"
#include "tests/unit/net/turns.h"
#include "tools/zonelab/page/files.h"
#include "tools/zonelab/page/page_inner.h"

enum {
	CLIENTS_MAX = PAGE_CONNECTIONS_MAX + 1,
	BEAT_USEC = 100 * 1000,      /* instead of seconds */
};

/* A clock that can be set forward; the rest is the system's. */
struct shifted_clock {
	struct clock clock;
	usec_t by;
};

static struct shifted_clock shifted;
static struct loop loop;
static struct page *page;
static char folder[64], events_path[96];
static struct netaddr server;
static struct page_reply *open_reply;
static char last_command[256];

static usec_t shifted_now(const struct clock *clock)
{
	return clock_now(clock_system()) + ((const struct shifted_clock *)(const void *)clock)->by;
}

static usec_t shifted_wall(const struct clock *clock)
{
	(void)clock;
	return clock_wall(clock_system());
}

static json_t *on_state(void *ctx)
{
	(void)ctx;
	return json_pack("{s:s}", "lab", "default");
}

/* "update" is answered later, the others at once. */
static void on_command(void *ctx, const json_t *request, struct page_reply *reply)
{
	char *text = json_dumps(request, JSON_COMPACT);
	const char *name = json_string_value(json_object_get(request, "command"));

	(void)ctx;
	snprintf(last_command, sizeof last_command, "%s", text);
	free(text);
	if (strcmp(name, "update") == 0)
		open_reply = reply;
	else if (strcmp(name, "kill") == 0)
		page_reply_end(reply, 409, "there is no node x");
	else
		page_reply_end(reply, 200, "healed");
}

static void events_append(const char *text)
{
	int fd = open(events_path, O_WRONLY | O_APPEND | O_CREAT, 0600);

	ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
}

static int page_try(const char *address, char error[PAGE_ERROR_SIZE])
{
	struct page_config config = { .events_path = events_path, .hooks = { .state = on_state, .command = on_command } };

	struct netaddr at;

	ck_assert_int_eq(netaddr_from_text(&at, address, 0), ZT_OK);
	guard_init(&config.guard, &at);
	page = NULL;
	int status = page_listen(&at, &config.listener, error);
	if (status == ZT_OK)
		status = page_open(&page, &loop, &config, error);
	if (status == ZT_OK) {
		page->beat_every = BEAT_USEC;
		loop_timer_in(&page->beat, BEAT_USEC);
	}
	return status;
}

static void set_up(void)
{
	char error[PAGE_ERROR_SIZE], url[GUARD_URL_SIZE];

	signal(SIGPIPE, SIG_IGN);
	shifted = (struct shifted_clock){ .clock = { .now = shifted_now, .wall = shifted_wall, .speed = 1 } };
	ck_assert_int_eq(loop_init(&loop, &shifted.clock, LOOP_PRECISE), ZT_OK);
	snprintf(folder, sizeof folder, "%s/page-XXXXXX", getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	snprintf(events_path, sizeof events_path, "%s/events.jsonl", folder);
	events_append("{\"n\":1}\n{\"n\":2}\n{\"n\":3}\n");
	open_reply = NULL;
	ck_assert_msg(page_try("127.0.0.1", error) == ZT_OK, "%s", error);
	guard_url(page_guard(page), url);
	ck_assert_int_eq(strncmp(url, "http://127.0.0.1:", 17), 0);
	ck_assert_int_eq(netaddr_from_text(&server, "127.0.0.1", (uint16_t)strtoul(url + 17, NULL, 10)), ZT_OK);
}

static void tear_down(void)
{
	page_close(page);
	loop_fini(&loop);
	unlink(events_path);
	rmdir(folder);
}

/* ---- a client */

struct client {
	int fd;
	struct buf got;
	bool closed;
	const char *wanted;
};

static void client_open(struct client *client)
{
	*client = (struct client){ .fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0) };
	buf_init(&client->got);
	ck_assert_int_eq(connect(client->fd, &server.any, netaddr_len(&server)), 0);
	ck_assert_int_eq(fcntl(client->fd, F_SETFL, O_NONBLOCK), 0);
}

static void client_close(struct client *client)
{
	close(client->fd);
	buf_fini(&client->got);
}

static void client_send(struct client *client, const char *text)
{
	ck_assert_int_eq(send(client->fd, text, strlen(text), MSG_NOSIGNAL), (ssize_t)strlen(text));
}

/* `head` without Host and the empty line. */
static void client_ask(struct client *client, const char *head, const char *body)
{
	char text[4096];

	snprintf(text, sizeof text, "%s\r\nHost: 127.0.0.1:%u\r\nContent-Length: %zu\r\n\r\n%s", head, netaddr_port(&server), strlen(body), body);
	client_send(client, text);
}

static void client_read(struct client *client)
{
	char piece[65536];
	ssize_t got;

	while ((got = recv(client->fd, piece, sizeof piece, 0)) > 0)
		buf_add(&client->got, piece, (size_t)got);
	if (got == 0 || (got < 0 && errno != EAGAIN))
		client->closed = true;
}

static bool client_has(struct client *client, const char *text)
{
	return client->got.len > 0 && memmem(client->got.data, client->got.len, text, strlen(text)) != NULL;
}

static bool client_is_served(void *ctx)
{
	struct client *client = ctx;

	client_read(client);
	return client_has(client, client->wanted);
}

static bool client_is_closed(void *ctx)
{
	struct client *client = ctx;

	client_read(client);
	return client->closed;
}

static void on_nothing(void *ctx)
{
	(void)ctx;
}

/* Turns the loop until the condition; a timer keeps it turning. */
static void client_until(struct client *client, bool (*condition)(void *ctx))
{
	struct loop_timer again;
	usec_t give_up = clock_now(clock_system()) + TURNS_LIMIT_S * USEC_PER_SEC;

	loop_timer_init(&again, &loop, on_nothing, NULL);
	while (!condition(client)) {
		ck_assert_msg(clock_now(clock_system()) < give_up, "waited for %s; got %.*s", client->wanted ? client->wanted : "the end",
			      (int)(client->got.len < 1000 ? client->got.len : 1000), (const char *)client->got.data);
		loop_timer_in(&again, USEC_PER_MSEC);
		ck_assert_int_eq(loop_turn(&loop), ZT_OK);
	}
	loop_timer_stop(&again);
}

static void client_expect(struct client *client, const char *text)
{
	client->wanted = text;
	client_until(client, client_is_served);
}

/* A whole exchange of its own. */
static void ask(const char *head, const char *body, const char *expected)
{
	struct client client;

	client_open(&client);
	client_ask(&client, head, body);
	client_expect(&client, expected);
	client_close(&client);
}

/* The clock moves; timers that are armed stay as they are. */
static void pass_seconds(int seconds)
{
	shifted.by += seconds * USEC_PER_SEC;
}

/* ---- tests */

START_TEST(the_state_is_served_with_headers_that_forbid_everything_foreign)
{
	struct client client;

	client_open(&client);
	client_ask(&client, "GET /api/state HTTP/1.1", "");
	client_expect(&client, "\r\n\r\n{\"lab\":\"default\"}");
	ck_assert(client_has(&client, "HTTP/1.1 200 OK\r\n"));
	ck_assert(client_has(&client, "Content-Type: application/json\r\n"));
	ck_assert(client_has(&client, "Cache-Control: no-store\r\n"));
	ck_assert(client_has(&client, "Content-Security-Policy: default-src 'none'; script-src 'self';"));
	ck_assert(client_has(&client, "frame-ancestors 'none'\r\n"));
	ck_assert(client_has(&client, "X-Content-Type-Options: nosniff\r\n"));
	/* The connection goes on. */
	buf_clear(&client.got);
	client_ask(&client, "HEAD /api/state HTTP/1.1", "");
	client_expect(&client, "\r\n\r\n");
	ck_assert(client_has(&client, "Content-Length: 17\r\n"));
	client_ask(&client, "GET /nothing HTTP/1.1", "");
	client_expect(&client, "HTTP/1.1 404 ");
	ck_assert(!client_has(&client, "\r\n\r\n{\"lab\""));
	client_expect(&client, "{\"ok\":false,\"error\":\"nothing is here; the page is at /\"}");
	client_close(&client);
}
END_TEST

START_TEST(the_files_of_the_page_have_their_types)
{
	if (!page_is_built()) {
		ask("GET / HTTP/1.1", "", "HTTP/1.1 404 ");
		return;
	}
	ask("GET / HTTP/1.1", "", "Content-Type: text/html; charset=utf-8\r\n");
	ask("GET /app.js HTTP/1.1", "", "Content-Type: text/javascript; charset=utf-8\r\n");
	ask("GET /style.css HTTP/1.1", "", "Content-Type: text/css; charset=utf-8\r\n");
	ask("GET /d3.js HTTP/1.1", "", "Content-Type: text/javascript; charset=utf-8\r\n");
	ask("GET /../app.js HTTP/1.1", "", "HTTP/1.1 404 ");
}
END_TEST

START_TEST(commands_reach_the_lab_and_their_outcome_the_page)
{
	struct client client;

	ask("POST /api/command HTTP/1.1\r\nContent-Type: application/json", "{\"command\":\"heal\",\"args\":[]}", "{\"ok\":true,\"text\":\"healed\"}");
	ck_assert_str_eq(last_command, "{\"command\":\"heal\",\"args\":[]}");
	client_open(&client);
	client_ask(&client, "POST /api/command HTTP/1.1\r\nContent-Type: application/json", "{\"command\":\"kill\",\"args\":[\"x\"]}");
	client_expect(&client, "{\"ok\":false,\"error\":\"there is no node x\"}");
	ck_assert(client_has(&client, "HTTP/1.1 409 "));
	buf_clear(&client.got);
	client_ask(&client, "POST /api/command HTTP/1.1\r\nContent-Type: application/json", "{\"command\":\"update\"}");
	while (!open_reply)
		ck_assert_int_eq(loop_turn(&loop), ZT_OK);
	page_reply_end(open_reply, 200, "serial 1 -> 2");
	client_expect(&client, "serial 1 -> 2");
	client_close(&client);
}
END_TEST

START_TEST(wrong_commands_are_refused_in_words)
{
	static const char *const bad[][2] = {
		{ "{\"command\":\"down\"}", "no command of the page" },
		{ "{\"args\":[]}", "expected {" },
		{ "[1]", "expected {" },
		{ "{\"command\":\"heal\",\"args\":\"x\"}", "is no list" },
		{ "{\"command\":\"heal\",\"args\":[1]}", "is no text" },
		{ "{\"command\":\"heal\"", "is no JSON" },
		{ "", "is no JSON" },
	};

	last_command[0] = 0;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		ask("POST /api/command HTTP/1.1\r\nContent-Type: application/json", bad[i][0], bad[i][1]);
	ask("POST /api/command HTTP/1.1\r\nContent-Type: text/plain", "{\"command\":\"heal\"}", "HTTP/1.1 415 ");
	ask("GET /api/command HTTP/1.1", "", "HTTP/1.1 405 ");
	ask("PUT /api/command HTTP/1.1", "{}", "HTTP/1.1 405 ");
	ask("DELETE / HTTP/1.1", "", "Allow: GET, HEAD\r\n");
	ck_assert_str_eq(last_command, "");
}
END_TEST

START_TEST(other_sites_pages_and_other_hosts_are_refused)
{
	struct client client;
	char text[256];

	last_command[0] = 0;
	ask("POST /api/command HTTP/1.1\r\nContent-Type: application/json\r\nOrigin: http://evil.example", "{\"command\":\"heal\"}", "HTTP/1.1 403 ");
	ask("GET /api/state HTTP/1.1\r\nSec-Fetch-Site: cross-site", "", "HTTP/1.1 403 ");
	ask("GET / HTTP/1.1\r\nSec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: navigate", "", page_is_built() ? "HTTP/1.1 200 " : "HTTP/1.1 404 ");
	client_open(&client);
	snprintf(text, sizeof text, "GET /api/state HTTP/1.1\r\nHost: evil.example:%u\r\n\r\n", netaddr_port(&server));
	client_send(&client, text);
	client_expect(&client, "HTTP/1.1 421 ");
	client_close(&client);
	ck_assert_str_eq(last_command, "");
}
END_TEST

START_TEST(a_client_that_goes_before_its_command_is_done_does_no_harm)
{
	struct client client;

	client_open(&client);
	client_ask(&client, "POST /api/command HTTP/1.1\r\nContent-Type: application/json", "{\"command\":\"update\"}");
	while (!open_reply)
		ck_assert_int_eq(loop_turn(&loop), ZT_OK);
	client_close(&client);
	ask("GET /api/state HTTP/1.1", "", "default");
	ask("GET /api/state HTTP/1.1", "", "default");
	page_reply_end(open_reply, 200, "done");
	ask("GET /api/state HTTP/1.1", "", "default");
}
END_TEST

START_TEST(a_command_that_is_open_when_the_page_ends_may_end_later)
{
	struct client client;
	char error[PAGE_ERROR_SIZE];

	client_open(&client);
	client_ask(&client, "POST /api/command HTTP/1.1\r\nContent-Type: application/json", "{\"command\":\"update\"}");
	while (!open_reply)
		ck_assert_int_eq(loop_turn(&loop), ZT_OK);
	page_close(page);
	page_reply_end(open_reply, 200, "done");
	client_close(&client);
	ck_assert_int_eq(page_try("127.0.0.1", error), ZT_OK);
}
END_TEST

START_TEST(events_come_as_they_are_written_and_go_on_where_they_were)
{
	struct client client;

	client_open(&client);
	client_ask(&client, "GET /api/events HTTP/1.1", "");
	client_expect(&client, "event: lab\nid: 3\ndata: {\"n\":3}\n\n");
	ck_assert(client_has(&client, "Content-Type: text/event-stream\r\n"));
	ck_assert(client_has(&client, "retry: 1000\n\n"));
	ck_assert(client_has(&client, "id: 1\ndata: {\"n\":1}\n\n"));
	events_append("{\"n\":4}\n{\"n\":");      /* the fifth is not whole yet */
	page_events_grew(page);
	client_expect(&client, "id: 4\ndata: {\"n\":4}\n\n");
	events_append("5}\n");
	page_events_grew(page);
	client_expect(&client, "id: 5\ndata: {\"n\":5}\n\n");
	client_close(&client);
	client_open(&client);
	client_ask(&client, "GET /api/events HTTP/1.1\r\nLast-Event-ID: 4", "");
	client_expect(&client, "id: 5\ndata: {\"n\":5}\n\n");
	ck_assert(!client_has(&client, "id: 4\n"));
	client_close(&client);
	client_open(&client);
	client_ask(&client, "GET /api/events?last=2 HTTP/1.1", "");
	client_expect(&client, "id: 5\n");
	ck_assert(client_has(&client, "id: 4\n") && !client_has(&client, "id: 3\n"));
	client_close(&client);
	client_open(&client);
	/* A number of another lab's file: everything there is. */
	client_ask(&client, "GET /api/events?after=900 HTTP/1.1", "");
	client_expect(&client, "id: 5\n");
	ck_assert(client_has(&client, "id: 1\n"));
	client_close(&client);
	ask("GET /api/events?after=x HTTP/1.1", "", "HTTP/1.1 400 ");
}
END_TEST

START_TEST(thousands_of_events_arrive_whole_from_any_place)
{
	struct client client;
	char text[64];

	for (int i = 4; i <= 3000; i++) {
		snprintf(text, sizeof text, "{\"n\":%d,\"fill\":\"%.*s\"}\n", i, i % 40, "........................................");
		events_append(text);
	}
	for (unsigned after = 0; after < 3000; after += 419) {
		char head[64];
		client_open(&client);
		snprintf(head, sizeof head, "GET /api/events?after=%u HTTP/1.1", after);
		client_ask(&client, head, "");
		client_expect(&client, "id: 3000\n");
		unsigned count = 0;
		const char *at = (const char *)client.got.data, *end = at + client.got.len;
		while ((at = memmem(at, (size_t)(end - at), "event: lab\n", 11)))
			count++, at++;
		ck_assert_uint_eq(count, 3000 - after);
		snprintf(head, sizeof head, "id: %u\ndata: {\"n\":%u", after + 1, after + 1);
		ck_assert(client_has(&client, head));
		client_close(&client);
	}
}
END_TEST

START_TEST(a_client_of_events_is_told_that_the_server_lives)
{
	struct client client;

	client_open(&client);
	client_ask(&client, "GET /api/events?last=0 HTTP/1.1", "");
	client_expect(&client, "retry: ");
	client_expect(&client, "event: beat\ndata: {\"lines\":3}\n\n");
	client_close(&client);
}
END_TEST

START_TEST(who_reads_nothing_is_hung_up_on_and_finds_its_events_again)
{
	struct client client;
	static char line[32 * 1024];

	client_open(&client);
	memset(line, 'x', sizeof line - 2);
	line[sizeof line - 2] = '\n';
	for (int i = 0; i < 1000; i++)
		events_append(line);
	client_ask(&client, "GET /api/events HTTP/1.1", "");
	/* Others are served meanwhile. */
	for (int i = 0; i < 50; i++)
		ask("GET /api/state HTTP/1.1", "", "default");
	/* The kernel's buffers take some megabytes, not all; then time passes. */
	for (uint64_t before = 0; page->watchers[0].page;) {
		if (page->watchers[0].unread && page->watchers[0].place.number == before)
			pass_seconds(1);
		before = page->watchers[0].place.number;
		ck_assert_int_eq(loop_turn(&loop), ZT_OK);
	}
	ck_assert_int_gt(shifted.by, (PAGE_STALL_S - 1) * USEC_PER_SEC);
	ask("GET /api/events?after=1002 HTTP/1.1", "", "id: 1003\n");
	client_until(&client, client_is_closed);
	ck_assert_uint_lt(client.got.len, 1000 * sizeof line);
	client_close(&client);
}
END_TEST

START_TEST(requests_that_do_not_arrive_lose_their_connection)
{
	struct client slow, idle;

	client_open(&slow);
	client_open(&idle);
	client_send(&slow, "GET /api/st");
	client_ask(&idle, "GET /api/state HTTP/1.1", "");
	client_expect(&idle, "default");
	ck_assert(!client_is_closed(&slow) && !client_is_closed(&idle));
	pass_seconds(PAGE_ARRIVAL_S + 1);
	client_until(&slow, client_is_closed);
	client_until(&idle, client_is_closed);
	client_close(&slow);
	client_close(&idle);
	ask("GET /api/state HTTP/1.1", "", "default");
}
END_TEST

START_TEST(too_much_is_refused)
{
	struct client client;
	static char text[PAGE_HEADERS_MAX + PAGE_BODY_MAX];
	int len;

	client_open(&client);
	len = snprintf(text, sizeof text, "GET /api/state HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nX: ", netaddr_port(&server));
	memset(text + len, 'x', PAGE_HEADERS_MAX);
	text[len + PAGE_HEADERS_MAX] = 0;
	client_send(&client, text);
	client_until(&client, client_is_closed);
	ck_assert(!client_has(&client, "200 OK"));
	client_close(&client);
	client_open(&client);
	snprintf(text, sizeof text, "POST /api/command HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n",
		 netaddr_port(&server), PAGE_BODY_MAX + 1);
	client_send(&client, text);
	client_expect(&client, "HTTP/1.1 413 ");
	client_close(&client);
	ask("GET http://evil.example/ HTTP/1.1", "", "HTTP/1.1 400 ");
	ask("GET /api/state HTTP/1.1", "", "default");
}
END_TEST

START_TEST(connections_and_watchers_are_counted)
{
	static struct client clients[CLIENTS_MAX];
	size_t i;

	for (i = 0; i < PAGE_WATCHERS_MAX; i++) {
		client_open(&clients[i]);
		client_ask(&clients[i], "GET /api/events HTTP/1.1", "");
		client_expect(&clients[i], "id: 3\n");
	}
	client_open(&clients[i]);
	client_ask(&clients[i], "GET /api/events HTTP/1.1", "");
	client_expect(&clients[i], "HTTP/1.1 503 ");
	for (i++; i < CLIENTS_MAX; i++)
		client_open(&clients[i]);
	/* The last one waits until somebody goes. */
	struct client *last = &clients[CLIENTS_MAX - 1], *before = &clients[CLIENTS_MAX - 2];
	client_ask(last, "GET /api/state HTTP/1.1", "");
	client_ask(before, "GET /api/state HTTP/1.1", "");
	client_expect(before, "default");
	client_read(last);
	ck_assert_uint_eq(last->got.len, 0);
	client_close(&clients[0]);
	client_expect(last, "default");
	client_open(&clients[0]);
	for (i = 0; i < CLIENTS_MAX; i++)
		client_close(&clients[i]);
	/* All places are free again. */
	for (i = 0; i < CLIENTS_MAX; i++)
		ask("GET /api/events HTTP/1.1", "", "id: 3\n");
}
END_TEST

START_TEST(a_port_in_use_is_told)
{
	struct page *first = page;
	char error[PAGE_ERROR_SIZE], address[NETADDR_TEXT_SIZE], expected[PAGE_ERROR_SIZE];

	netaddr_to_text(&server, address);
	ck_assert_int_ne(page_try(address, error), ZT_OK);
	ck_assert_ptr_null(page);
	snprintf(expected, sizeof expected, "--http %s: another program listens there; choose another port", address);
	ck_assert_str_eq(error, expected);
	snprintf(events_path, sizeof events_path, "%s/absent", folder);
	ck_assert_int_ne(page_try("127.0.0.1", error), ZT_OK);
	ck_assert_ptr_nonnull(strstr(error, "/absent: No such file or directory"));
	snprintf(events_path, sizeof events_path, "%s/events.jsonl", folder);
	page = first;
}
END_TEST

START_TEST(where_others_can_reach_it_a_token_is_needed_once)
{
	char error[PAGE_ERROR_SIZE], url[GUARD_URL_SIZE], head[512];

	page_close(page);
	ck_assert_int_eq(page_try("0.0.0.0", error), ZT_OK);
	guard_url(page_guard(page), url);
	const char *token = strstr(url, "/?token=") + 8;
	netaddr_set_port(&server, (uint16_t)strtoul(strrchr(url, ':') + 1, NULL, 10));
	ask("GET / HTTP/1.1", "", "HTTP/1.1 401 ");
	ask("GET /api/state HTTP/1.1", "", "{\"ok\":false,\"error\":\"a token is needed");
	ask("GET /api/events HTTP/1.1", "", "HTTP/1.1 401 ");
	ask("POST /api/command HTTP/1.1\r\nContent-Type: application/json", "{\"command\":\"heal\"}", "HTTP/1.1 401 ");
	snprintf(head, sizeof head, "GET /?token=%s HTTP/1.1", token);
	ask(head, "", "HTTP/1.1 303 ");
	snprintf(error, sizeof error, "Set-Cookie: zonelab-token=%s; Path=/; HttpOnly; SameSite=Lax\r\n", token);
	ask(head, "", error);
	ask(head, "", "Location: /\r\n");
	snprintf(head, sizeof head, "GET /api/state?token=%s HTTP/1.1", token);
	ask(head, "", "HTTP/1.1 401 ");
	snprintf(head, sizeof head, "GET /api/state HTTP/1.1\r\nCookie: zonelab-token=%s", token);
	ask(head, "", "default");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("page");
	TCase *tcase = tcase_create("server");

	tcase_set_timeout(tcase, 60);
	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_add_test(tcase, the_state_is_served_with_headers_that_forbid_everything_foreign);
	tcase_add_test(tcase, the_files_of_the_page_have_their_types);
	tcase_add_test(tcase, commands_reach_the_lab_and_their_outcome_the_page);
	tcase_add_test(tcase, wrong_commands_are_refused_in_words);
	tcase_add_test(tcase, other_sites_pages_and_other_hosts_are_refused);
	tcase_add_test(tcase, a_client_that_goes_before_its_command_is_done_does_no_harm);
	tcase_add_test(tcase, a_command_that_is_open_when_the_page_ends_may_end_later);
	tcase_add_test(tcase, events_come_as_they_are_written_and_go_on_where_they_were);
	tcase_add_test(tcase, thousands_of_events_arrive_whole_from_any_place);
	tcase_add_test(tcase, a_client_of_events_is_told_that_the_server_lives);
	tcase_add_test(tcase, who_reads_nothing_is_hung_up_on_and_finds_its_events_again);
	tcase_add_test(tcase, requests_that_do_not_arrive_lose_their_connection);
	tcase_add_test(tcase, too_much_is_refused);
	tcase_add_test(tcase, connections_and_watchers_are_counted);
	tcase_add_test(tcase, a_port_in_use_is_told);
	tcase_add_test(tcase, where_others_can_reach_it_a_token_is_needed_once);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}

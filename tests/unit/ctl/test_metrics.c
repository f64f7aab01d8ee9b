/* lib/ctl/metrics: the text format and the endpoint. */
#include <event2/event.h>
#include <fcntl.h>
#include <math.h>
#include <poll.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/ctl/metrics.h"
#include "tests/support/suite.h"

static const char *text_of(struct buf *buf)
{
	buf_add_u8(buf, 0);
	ck_assert_int_eq(buf->status, ZT_OK);
	return (const char *)buf->data;
}

START_TEST(families_and_samples_are_written_with_escapes)
{
	struct buf out;
	buf_init(&out);
	metrics_family(&out, "zt_queries_total", METRICS_COUNTER, "Queries, \"all\" of them.\nBack\\slash.");
	metrics_sample(&out, "zt_queries_total", NULL, 12);
	metrics_sample(&out, "zt_queries_total", (const struct metrics_label[]){ { NULL, NULL } }, 9007199254740992);
	metrics_sample(&out, "zt_queries_total",
		       (const struct metrics_label[]){ { "zone", "a\"b\\c\nd." }, { "protocol", "udp" }, { NULL, NULL } }, 0.5);
	metrics_family(&out, "zt_age_seconds", METRICS_GAUGE, "Age.");
	metrics_sample(&out, "zt_age_seconds", NULL, NAN);
	metrics_sample(&out, "zt_age_seconds", NULL, -INFINITY);
	metrics_sample(&out, "zt_age_seconds", NULL, 0.1);
	ck_assert_str_eq(text_of(&out), "# HELP zt_queries_total Queries, \"all\" of them.\\nBack\\\\slash.\n"
					"# TYPE zt_queries_total counter\n"
					"zt_queries_total 12\n"
					"zt_queries_total 9007199254740992\n"
					"zt_queries_total{zone=\"a\\\"b\\\\c\\nd.\",protocol=\"udp\"} 0.5\n"
					"# HELP zt_age_seconds Age.\n"
					"# TYPE zt_age_seconds gauge\n"
					"zt_age_seconds NaN\n"
					"zt_age_seconds -Inf\n"
					"zt_age_seconds 0.10000000000000001\n");
	buf_fini(&out);
}
END_TEST

static void fill(struct buf *out, void *ctx)
{
	unsigned *scrapes = ctx;
	metrics_family(out, "zt_scrapes_total", METRICS_COUNTER, "Scrapes.");
	metrics_sample(out, "zt_scrapes_total", NULL, ++*scrapes);
}

/* Sends a request and turns the loop until the server closes the connection. */
static void fetch(struct event_base *base, const struct netaddr *server, const char *request, struct buf *answer)
{
	int fd = socket(server->family, SOCK_STREAM | SOCK_NONBLOCK, 0);
	(void)connect(fd, &server->any, netaddr_len(server));
	struct pollfd poller = { .fd = fd, .events = POLLOUT };
	ck_assert_int_eq(poll(&poller, 1, 10000), 1);
	ck_assert_int_eq(send(fd, request, strlen(request), MSG_NOSIGNAL), (ssize_t)strlen(request));
	poller.events = POLLIN;
	for (int turns = 0; turns < 10000; turns++) {
		event_base_loop(base, EVLOOP_NONBLOCK);
		if (poll(&poller, 1, 1) <= 0)
			continue;
		ssize_t got = recv(fd, buf_reserve(answer, 4096), 4096, 0);
		if (got <= 0)
			break;
		answer->len += (size_t)got;
	}
	close(fd);
}

START_TEST(a_scrape_is_answered_and_anything_else_is_not)
{
	struct event_base *base = event_base_new();
	struct metrics_server *server, *second;
	struct netaddr local;
	struct buf answer;
	unsigned scrapes = 0;

	buf_init(&answer);
	ck_assert_int_eq(netaddr_from_text(&local, "127.0.0.1", 0), ZT_OK);
	ck_assert_int_eq(metrics_open(&server, base, &local, fill, &scrapes), ZT_OK);
	metrics_local(server, &local);
	ck_assert_uint_ne(netaddr_port(&local), 0);
	ck_assert_int_eq(metrics_open(&second, base, &local, fill, &scrapes), ZT_EBUSY);

	fetch(base, &local, "GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", &answer);
	const char *text = text_of(&answer);
	ck_assert_ptr_nonnull(strstr(text, "HTTP/1.1 200 OK\r\n"));
	ck_assert_ptr_nonnull(strstr(text, "Content-Type: text/plain; version=0.0.4; charset=utf-8\r\n"));
	ck_assert_ptr_nonnull(strstr(text, "\r\n\r\n# HELP zt_scrapes_total Scrapes.\n# TYPE zt_scrapes_total counter\nzt_scrapes_total 1\n"));

	buf_clear(&answer);
	fetch(base, &local, "GET /other HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", &answer);
	ck_assert_ptr_nonnull(strstr(text_of(&answer), "404 "));
	buf_clear(&answer);
	fetch(base, &local, "POST /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\nConnection: close\r\n\r\n123456789", &answer);
	ck_assert_ptr_null(strstr(text_of(&answer), "200 OK"));
	ck_assert_uint_eq(scrapes, 1);

	metrics_close(server);
	metrics_close(NULL);
	event_base_free(base);
	buf_fini(&answer);
}
END_TEST

enum { IDLERS = 100, DESCRIPTORS = 240 };

static unsigned descriptors_open(void)
{
	unsigned count = 0;
	for (int fd = 0; fd < 1024; fd++)
		count += fcntl(fd, F_GETFD) >= 0;
	return count;
}

static void turn(struct event_base *base, unsigned turns)
{
	while (turns-- > 0)
		event_base_loop(base, EVLOOP_NONBLOCK);
}

START_TEST(clients_that_say_nothing_take_a_bounded_number_of_descriptors_and_make_room_when_they_go)
{
	struct event_base *base = event_base_new();
	struct metrics_server *server;
	struct netaddr local;
	struct buf answer;
	unsigned scrapes = 0;
	struct rlimit limit, small;
	int idlers[IDLERS];

	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
	small = (struct rlimit){ DESCRIPTORS, limit.rlim_max };
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &small), 0);
	buf_init(&answer);
	ck_assert_int_eq(netaddr_from_text(&local, "127.0.0.1", 0), ZT_OK);
	ck_assert_int_eq(metrics_open(&server, base, &local, fill, &scrapes), ZT_OK);
	metrics_local(server, &local);
	unsigned before = descriptors_open();
	for (int i = 0; i < IDLERS; i++) {
		idlers[i] = socket(AF_INET, SOCK_STREAM, 0);
		ck_assert_int_eq(connect(idlers[i], &local.any, netaddr_len(&local)), 0);
		turn(base, 2);
	}
	/* Ours and the server's take turns, until three quarters are gone. */
	unsigned taken = descriptors_open() - before - IDLERS;
	ck_assert_uint_ge(taken, 10);
	ck_assert_uint_le(before + 2 * taken, DESCRIPTORS * 3 / 4 + 2);
	for (int i = 0; i < IDLERS; i++) {
		close(idlers[i]);
		turn(base, 2);
	}
	fetch(base, &local, "GET /metrics HTTP/1.0\r\n\r\n", &answer);
	ck_assert_ptr_nonnull(strstr(text_of(&answer), "zt_scrapes_total 1"));
	turn(base, 10);
	ck_assert_uint_eq(descriptors_open(), before);
	/* Connections that are open when the server closes. */
	idlers[0] = socket(AF_INET, SOCK_STREAM, 0);
	ck_assert_int_eq(connect(idlers[0], &local.any, netaddr_len(&local)), 0);
	turn(base, 2);
	metrics_close(server);
	close(idlers[0]);
	event_base_free(base);
	buf_fini(&answer);
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("metrics");
	TCase *tests = tcase_create("metrics");

	tcase_add_test(tests, families_and_samples_are_written_with_escapes);
	tcase_add_test(tests, a_scrape_is_answered_and_anything_else_is_not);
	tcase_add_test(tests, clients_that_say_nothing_take_a_bounded_number_of_descriptors_and_make_room_when_they_go);
	suite_add_tcase(suite, tests);
	return suite_run(suite);
}

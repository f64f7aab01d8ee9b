/* lib/net/proxy, and streams whose peer sends such headers. */
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/base/wire.h"
#include "lib/net/proxy.h"
#include "lib/net/stream.h"
#include "tests/unit/net/turns.h"

enum { HEAD = PROXY_FIXED_LEN, MESSAGE = 12 };

/* A header for 192.0.2.7@4711 to 198.51.100.1@53 with three more bytes behind the addresses. */
static const uint8_t ipv4[HEAD + 15] = {
	0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a, 0x21, 0x11, 0, 15, 192, 0, 2, 7, 198, 51, 100, 1, 0x12, 0x67, 0, 53, 0x04, 0, 0,
};

static struct loop loop;

static void is_address(const struct netaddr *addr, const char *text)
{
	char out[NETADDR_TEXT_SIZE];
	ck_assert_str_eq(netaddr_to_text(addr, out), text);
}

/* The fixed part of a header with what the caller wants in it. */
static size_t header_make(uint8_t *out, uint8_t command, uint8_t kind, size_t len)
{
	memset(out, 0, HEAD + len);
	memcpy(out, ipv4, PROXY_SIGNATURE_LEN);
	out[12] = command;
	out[13] = kind;
	wire_put_u16(out + 14, (uint16_t)len);
	return HEAD + len;
}

START_TEST(addresses_are_read)
{
	struct proxy_header header;
	uint8_t wire[HEAD + 64];

	ck_assert_int_eq(proxy_read(&header, ipv4, sizeof(ipv4)), ZT_OK);
	ck_assert_uint_eq(header.len, sizeof(ipv4));
	is_address(&header.source, "192.0.2.7@4711");
	is_address(&header.destination, "198.51.100.1@53");

	size_t len = header_make(wire, 0x21, 0x22, 36);
	memcpy(wire + HEAD, "\x20\x01\x0d\xb8", 4);
	wire[HEAD + 15] = 1;
	memcpy(wire + HEAD + 16, "\x20\x01\x0d\xb8", 4);
	wire[HEAD + 31] = 2;
	wire_put_u16(wire + HEAD + 32, 1000);
	wire_put_u16(wire + HEAD + 34, 53);
	ck_assert_int_eq(proxy_read(&header, wire, len), ZT_OK);
	is_address(&header.source, "2001:db8::1@1000");
	is_address(&header.destination, "2001:db8::2@53");

	/* IPv4 in IPv6 must meet the rules for IPv4. */
	memset(wire + HEAD, 0, 16);
	memcpy(wire + HEAD + 10, "\xff\xff\xc0\x00\x02\x07", 6);
	ck_assert_int_eq(proxy_read(&header, wire, len), ZT_OK);
	is_address(&header.source, "192.0.2.7@1000");
}
END_TEST

START_TEST(a_proxy_of_its_own_and_other_families_tell_no_address)
{
	static const struct {
		uint8_t command, kind;
		size_t len;
	} cases[] = { { 0x20, 0x00, 0 }, { 0x20, 0x11, 12 }, { 0x21, 0x00, 0 }, { 0x21, 0x00, 7 }, { 0x21, 0x31, 216 } };
	struct proxy_header header;
	uint8_t wire[HEAD + 256];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		size_t len = header_make(wire, cases[i].command, cases[i].kind, cases[i].len);
		ck_assert_int_eq(proxy_read(&header, wire, len), ZT_OK);
		ck_assert_uint_eq(header.len, len);
		ck_assert(!netaddr_is_set(&header.source));
	}
}
END_TEST

START_TEST(parts_of_a_header_ask_for_more_and_other_bytes_are_none)
{
	struct proxy_header header;
	uint8_t wire[sizeof(ipv4)];

	for (size_t len = 0; len < sizeof(ipv4); len++) {
		/* Its own memory, so that a sanitizer sees a look past the end. */
		memcpy(wire + sizeof(wire) - len, ipv4, len);
		ck_assert_int_eq(proxy_read(&header, wire + sizeof(wire) - len, len), ZT_ETRUNC);
		ck_assert_uint_eq(header.len, len < HEAD ? HEAD : sizeof(ipv4));
	}
	for (size_t at = 0; at < PROXY_SIGNATURE_LEN; at++) {
		memcpy(wire, ipv4, sizeof(wire));
		wire[at] ^= 1;
		ck_assert_int_eq(proxy_read(&header, wire, sizeof(wire)), ZT_ENOENT);
		ck_assert_int_eq(proxy_read(&header, wire, at + 1), ZT_ENOENT);
		ck_assert_int_eq(proxy_read(&header, wire, at), ZT_ETRUNC);
	}
}
END_TEST

START_TEST(headers_that_contradict_themselves_are_malformed)
{
	static const struct {
		uint8_t command, kind;
		size_t len;
	} cases[] = { { 0x11, 0x11, 12 }, { 0x31, 0x11, 12 }, { 0x22, 0x11, 12 }, { 0x21, 0x41, 12 }, { 0x21, 0x13, 12 }, { 0x21, 0x11, 11 },
		      { 0x21, 0x21, 35 }, { 0x21, 0x31, 215 }, { 0x21, 0x11, PROXY_MAX_LEN - HEAD + 1 } };
	struct proxy_header header;
	uint8_t wire[PROXY_MAX_LEN + 1];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		ck_assert_int_eq(proxy_read(&header, wire, header_make(wire, cases[i].command, cases[i].kind, cases[i].len)), ZT_EMALFORMED);
	ck_assert_int_eq(proxy_read(&header, wire, header_make(wire, 0x21, 0x11, PROXY_MAX_LEN - HEAD)), ZT_OK);
}
END_TEST

/* ---- on streams ------------------------------------------------------------------------------------------------------------------------ */

struct seen {
	struct stream *stream;
	unsigned messages;
	uint8_t first;
	char remote[NETADDR_TEXT_SIZE];
	bool closed;
	int status;
};

static void on_message(struct stream *stream, const uint8_t *message, size_t len, void *ctx)
{
	struct seen *seen = ctx;

	ck_assert_uint_eq(len, MESSAGE);
	seen->messages++;
	seen->first = message[0];
	netaddr_to_text(stream_remote(stream), seen->remote);
	stream_settle(stream);
}

static void on_close(struct stream *stream, int status, void *ctx)
{
	struct seen *seen = ctx;
	(void)stream;
	seen->closed = true;
	seen->status = status;
	seen->stream = NULL;
}

static const struct stream_handler handler = { .on_message = on_message, .on_close = on_close };

static int open_pair(struct seen *seen, bool takes_proxy)
{
	struct stream_config config = { .handler = &handler, .ctx = seen, .takes_proxy = takes_proxy };
	int fds[2];

	*seen = (struct seen){ 0 };
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
	ck_assert_int_eq(stream_accept(&seen->stream, &loop, fds[0], &config), ZT_OK);
	return fds[1];
}

static void send_all(int fd, const uint8_t *data, size_t len)
{
	ck_assert_int_eq(send(fd, data, len, MSG_NOSIGNAL), (ssize_t)len);
}

static bool has_two(void *ctx)
{
	const struct seen *seen = ctx;
	return seen->messages == 2;
}

static bool is_closed(void *ctx)
{
	const struct seen *seen = ctx;
	return seen->closed;
}

/* The header, then two messages. */
static size_t conversation(uint8_t *out)
{
	size_t len = sizeof(ipv4);

	memcpy(out, ipv4, sizeof(ipv4));
	for (uint8_t i = 1; i <= 2; i++, len += 2 + MESSAGE) {
		memset(out + len, i, 2 + MESSAGE);
		wire_put_u16(out + len, MESSAGE);
	}
	return len;
}

START_TEST(a_header_in_any_two_pieces_tells_whose_the_messages_are)
{
	uint8_t bytes[256];
	size_t len = conversation(bytes);

	for (size_t cut = 1; cut < len; cut++) {
		struct seen seen;
		int fd = open_pair(&seen, true);
		send_all(fd, bytes, cut);
		event_base_loop(loop.base, EVLOOP_NONBLOCK);
		ck_assert(!seen.closed);
		send_all(fd, bytes + cut, len - cut);
		turns_until(&loop, has_two, &seen);
		ck_assert_str_eq(seen.remote, "192.0.2.7@4711");
		ck_assert_uint_eq(seen.first, 2);
		stream_close(seen.stream);
		close(fd);
	}
}
END_TEST

START_TEST(who_may_send_a_header_need_not)
{
	uint8_t bytes[256];
	size_t len = conversation(bytes);
	struct seen seen;
	int fd = open_pair(&seen, true);

	send_all(fd, bytes + sizeof(ipv4), len - sizeof(ipv4));
	turns_until(&loop, has_two, &seen);
	ck_assert_int_eq(strncmp(seen.remote, "none", 4), 0);      /* a socket pair has no address */
	stream_close(seen.stream);
	close(fd);
}
END_TEST

START_TEST(a_header_of_others_and_a_second_or_bad_one_end_the_stream)
{
	uint8_t bytes[256];
	size_t len = conversation(bytes);
	struct seen seen;
	int fd = open_pair(&seen, false);

	send_all(fd, bytes, len);
	turns_until(&loop, is_closed, &seen);
	ck_assert_int_eq(seen.status, ZT_EDENIED);
	ck_assert_uint_eq(seen.messages, 0);
	close(fd);

	fd = open_pair(&seen, true);
	send_all(fd, ipv4, sizeof(ipv4));
	send_all(fd, bytes, len);
	turns_until(&loop, is_closed, &seen);
	ck_assert_int_eq(seen.status, ZT_EDENIED);
	close(fd);

	fd = open_pair(&seen, true);
	bytes[12] = 0x11;
	send_all(fd, bytes, len);
	turns_until(&loop, is_closed, &seen);
	ck_assert_int_eq(seen.status, ZT_EMALFORMED);
	close(fd);

	fd = open_pair(&seen, true);
	send_all(fd, ipv4, 10);
	close(fd);
	turns_until(&loop, is_closed, &seen);
	ck_assert_int_eq(seen.status, ZT_ETRUNC);
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
	Suite *suite = suite_create("proxy");
	TCase *tests = tcase_create("proxy");

	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_test(tests, addresses_are_read);
	tcase_add_test(tests, a_proxy_of_its_own_and_other_families_tell_no_address);
	tcase_add_test(tests, parts_of_a_header_ask_for_more_and_other_bytes_are_none);
	tcase_add_test(tests, headers_that_contradict_themselves_are_malformed);
	tcase_add_test(tests, a_header_in_any_two_pieces_tells_whose_the_messages_are);
	tcase_add_test(tests, who_may_send_a_header_need_not);
	tcase_add_test(tests, a_header_of_others_and_a_second_or_bad_one_end_the_stream);
	suite_add_tcase(suite, tests);
	return suite_run(suite);
}

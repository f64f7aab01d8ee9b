/* lib/net/udp: sockets and batches over the loopback. */
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

#include "lib/net/udp.h"
#include "tests/support/suite.h"

static struct netaddr addr_of(const char *text)
{
	struct netaddr addr;
	ck_assert_int_eq(netaddr_from_text(&addr, text, 0), ZT_OK);
	return addr;
}

static void open_at(struct udp_socket *sock, const char *text, unsigned flags)
{
	struct netaddr local = addr_of(text);
	ck_assert_int_eq(udp_open(sock, &local, flags), ZT_OK);
	ck_assert_uint_ne(netaddr_port(&sock->local), 0);
}

static void wait_readable(const struct udp_socket *sock)
{
	struct pollfd poller = { .fd = sock->fd, .events = POLLIN };
	ck_assert_int_eq(poll(&poller, 1, 10000), 1);
}

/* Answers every query with its own bytes reversed. */
static void answer_reversed(struct udp_batch *batch)
{
	for (unsigned i = 0; i < batch->count; i++) {
		struct udp_slot *slot = &batch->slots[i];
		for (uint32_t j = 0; j < slot->query_len; j++)
			slot->answer[j] = slot->query[slot->query_len - 1 - j];
		slot->answer_len = slot->query_len;
	}
}

START_TEST(a_batch_answers_many_clients_in_one_turn)
{
	enum { CLIENTS = 100 };
	struct udp_socket server, clients[CLIENTS];
	struct udp_batch batch;
	unsigned answered = 0;

	open_at(&server, "127.0.0.1@0", UDP_SERVER | UDP_REUSEPORT);
	ck_assert_int_eq(udp_batch_init(&batch, NULL), ZT_OK);
	ck_assert_uint_eq(batch.size, 64);
	ck_assert_int_eq(udp_batch_receive(&batch, &server), 0);
	for (uint32_t i = 0; i < CLIENTS; i++) {
		uint8_t query[4] = { 'q', (uint8_t)i, 1, 2 };
		open_at(&clients[i], "127.0.0.1@0", 0);
		ck_assert_int_eq(udp_send(&clients[i], &server.local, query, sizeof(query)), ZT_OK);
	}
	while (answered < CLIENTS) {
		wait_readable(&server);
		ck_assert_int_gt(udp_batch_receive(&batch, &server), 0);
		answer_reversed(&batch);
		answered += udp_batch_send(&batch);
	}
	for (uint32_t i = 0; i < CLIENTS; i++) {
		uint8_t answer[16];
		size_t len = sizeof(answer);
		struct netaddr from;
		wait_readable(&clients[i]);
		ck_assert_int_eq(udp_receive(&clients[i], answer, &len, &from), ZT_OK);
		ck_assert_uint_eq(len, 4);
		ck_assert_uint_eq(answer[2], i);
		ck_assert(netaddr_equal(&from, &server.local));
		udp_close(&clients[i]);
	}
	ck_assert_uint_eq(batch.dropped + batch.failed, 0);
	udp_batch_fini(&batch);
	udp_close(&server);
}
END_TEST

/* One query to a server bound to one address, through a batch that also serves others. */
static void fixed_address_round(struct udp_batch *batch)
{
	struct udp_socket server, client;
	struct netaddr local;

	open_at(&server, "127.0.0.1@0", 0);
	open_at(&client, "127.0.0.1@0", 0);
	ck_assert_int_eq(udp_send(&client, &server.local, "x", 1), ZT_OK);
	wait_readable(&server);
	ck_assert_int_eq(udp_batch_receive(batch, &server), 1);
	udp_batch_local(batch, 0, &local);
	ck_assert(netaddr_equal(&local, &server.local));
	udp_close(&server);
	udp_close(&client);
}

/* Asks a server on a wildcard at `asked` and expects the answer from there. */
static void wildcard_case(const char *wildcard, const char *asked_ip, const char *client_ip)
{
	struct udp_socket server, client;
	struct udp_batch batch;
	uint8_t answer[16];
	size_t len = sizeof(answer);

	open_at(&server, wildcard, UDP_SERVER);
	open_at(&client, client_ip, 0);
	struct netaddr asked = addr_of(asked_ip), local;
	netaddr_set_port(&asked, netaddr_port(&server.local));
	/* A connected client takes nothing that comes from another address. */
	ck_assert_int_eq(udp_connect(&client, &asked), ZT_OK);
	ck_assert_int_eq(udp_batch_init(&batch, &(struct udp_batch_config){ .size = 2, .query_size = 512, .answer_size = 512 }), ZT_OK);
	/* Again, to see that what the kernel changed is reset. */
	for (int round = 0; round < 3; round++) {
		if (round == 2)
			fixed_address_round(&batch);
		ck_assert_int_eq(udp_send(&client, NULL, "abc", 3), ZT_OK);
		wait_readable(&server);
		ck_assert_int_eq(udp_batch_receive(&batch, &server), 1);
		udp_batch_local(&batch, 0, &local);
		ck_assert(netaddr_equal(&local, &asked));
		ck_assert(netaddr_equal(&batch.slots[0].remote, &client.local));
		answer_reversed(&batch);
		ck_assert_uint_eq(udp_batch_send(&batch), 1);
		wait_readable(&client);
		len = sizeof(answer);
		ck_assert_int_eq(udp_receive(&client, answer, &len, NULL), ZT_OK);
		ck_assert_mem_eq(answer, "cba", 3);
	}
	udp_batch_fini(&batch);
	udp_close(&server);
	udp_close(&client);
}

START_TEST(an_answer_leaves_from_the_address_that_was_asked)
{
	wildcard_case("0.0.0.0@0", "127.7.8.9", "127.1.1.1@0");
	wildcard_case("::@0", "::1", "::1@0");
}
END_TEST

START_TEST(slots_without_an_answer_and_long_queries_are_told_apart)
{
	struct udp_socket server, client;
	struct udp_batch batch;
	uint8_t data[600] = { 0 };
	size_t len = sizeof(data);

	open_at(&server, "127.0.0.1@0", UDP_SERVER);
	open_at(&client, "127.0.0.1@0", 0);
	ck_assert_int_eq(udp_batch_init(&batch, &(struct udp_batch_config){ .query_size = 512 }), ZT_OK);
	ck_assert_int_eq(udp_send(&client, &server.local, data, 512), ZT_OK);
	ck_assert_int_eq(udp_send(&client, &server.local, data, 513), ZT_OK);
	ck_assert_int_eq(udp_send(&client, &server.local, data, 0), ZT_OK);
	unsigned seen = 0;
	while (seen < 3) {
		wait_readable(&server);
		int got = udp_batch_receive(&batch, &server);
		for (int i = 0; i < got; i++, seen++) {
			ck_assert_int_eq(batch.slots[i].query_is_cut, seen == 1);
			ck_assert_uint_eq(batch.slots[i].query_len, seen == 2 ? 0 : 512);
			ck_assert_uint_eq(batch.slots[i].answer_len, 0);
		}
		ck_assert_uint_eq(udp_batch_send(&batch), 0);
	}
	ck_assert_int_eq(udp_receive(&client, data, &len, NULL), ZT_EAGAIN);
	udp_batch_fini(&batch);
	udp_close(&server);
	udp_close(&client);
}
END_TEST

START_TEST(an_answer_the_kernel_refuses_does_not_stop_the_others)
{
	struct udp_socket server, client;
	struct udp_batch batch;
	uint8_t data[16];
	size_t len = sizeof(data);

	open_at(&server, "127.0.0.1@0", UDP_SERVER);
	open_at(&client, "127.0.0.1@0", 0);
	ck_assert_int_eq(udp_batch_init(&batch, NULL), ZT_OK);
	for (uint8_t i = 0; i < 3; i++)
		ck_assert_int_eq(udp_send(&client, &server.local, &i, 1), ZT_OK);
	for (int got = 0; got < 3;) {
		wait_readable(&server);
		got = udp_batch_receive(&batch, &server);
		ck_assert_int_eq(got, 3);
	}
	answer_reversed(&batch);
	/* Port 0 is no destination. */
	netaddr_set_port(&batch.slots[1].remote, 0);
	ck_assert_uint_eq(udp_batch_send(&batch), 2);
	ck_assert_uint_eq(batch.failed, 1);
	for (uint8_t i = 0; i < 3; i += 2) {
		wait_readable(&client);
		len = sizeof(data);
		ck_assert_int_eq(udp_receive(&client, data, &len, NULL), ZT_OK);
		ck_assert_uint_eq(data[0], i);
	}
	udp_batch_fini(&batch);
	udp_close(&server);
	udp_close(&client);
}
END_TEST

/* A network of the test's own, whose loopback interface takes no packet longer than `mtu`. False where the kernel forbids it. */
static bool network_make(int mtu)
{
	struct ifreq request = { .ifr_name = "lo" };

	if (unshare(CLONE_NEWNET) != 0 && unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0)
		return false;
	struct udp_socket any;
	struct netaddr local = addr_of("0.0.0.0@0");
	ck_assert_int_eq(udp_open(&any, &local, 0), ZT_OK);
	request.ifr_mtu = mtu;
	bool ok = ioctl(any.fd, SIOCSIFMTU, &request) == 0;
	request.ifr_flags = IFF_UP | IFF_LOOPBACK | IFF_RUNNING;
	ok = ok && ioctl(any.fd, SIOCSIFFLAGS, &request) == 0;
	udp_close(&any);
	return ok;
}

START_TEST(an_answer_longer_than_the_interface_takes_goes_in_fragments)
{
	struct udp_socket server, client;
	struct udp_batch batch;
	uint8_t data[2000] = { 7 };
	size_t len = sizeof(data);

	if (!network_make(1000)) {
		puts("# an answer in fragments: skipped, no right to make a network namespace");
		return;
	}
	open_at(&server, "127.0.0.1@0", UDP_SERVER | UDP_DONT_FRAGMENT);
	open_at(&client, "127.0.0.1@0", 0);
	ck_assert_int_eq(udp_batch_init(&batch, NULL), ZT_OK);
	ck_assert_int_eq(udp_send(&client, &server.local, data, 1), ZT_OK);
	wait_readable(&server);
	ck_assert_int_eq(udp_batch_receive(&batch, &server), 1);
	memset(batch.slots[0].answer, 5, sizeof(data));
	batch.slots[0].answer_len = sizeof(data);
	ck_assert_uint_eq(udp_batch_send(&batch), 1);
	ck_assert_uint_eq(batch.failed, 0);
	wait_readable(&client);
	ck_assert_int_eq(udp_receive(&client, data, &len, NULL), ZT_OK);
	ck_assert_uint_eq(len, sizeof(data));
	udp_batch_fini(&batch);
	udp_close(&server);
	udp_close(&client);
}
END_TEST

START_TEST(a_taken_address_and_a_dead_peer_are_told)
{
	struct udp_socket first, second, client;
	uint8_t data[16];
	size_t len = sizeof(data);

	open_at(&first, "127.0.0.1@0", 0);
	ck_assert_int_eq(udp_open(&second, &first.local, 0), ZT_EBUSY);
	ck_assert_int_eq(second.fd, -1);
	open_at(&client, "127.0.0.1@0", 0);
	ck_assert_int_eq(udp_connect(&client, &first.local), ZT_OK);
	udp_close(&first);
	ck_assert_int_eq(udp_send(&client, NULL, "x", 1), ZT_OK);
	wait_readable(&client);
	ck_assert_int_eq(udp_receive(&client, data, &len, NULL), ZT_EREFUSED);
	udp_close(&client);

	open_at(&first, "127.0.0.1@0", UDP_REUSEPORT);
	ck_assert_int_eq(udp_open(&second, &first.local, UDP_REUSEPORT), ZT_OK);
	udp_close(&first);
	udp_close(&second);
}
END_TEST

START_TEST(a_message_longer_than_the_room_is_told)
{
	struct udp_socket a, b;
	uint8_t data[16] = { 0 };
	size_t len = 8;

	open_at(&a, "127.0.0.1@0", 0);
	open_at(&b, "127.0.0.1@0", 0);
	ck_assert_int_eq(udp_send(&a, &b.local, data, 9), ZT_OK);
	wait_readable(&b);
	ck_assert_int_eq(udp_receive(&b, data, &len, NULL), ZT_ESPACE);
	udp_close(&a);
	udp_close(&b);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("udp");
	TCase *tests = tcase_create("udp");

	tcase_add_test(tests, a_batch_answers_many_clients_in_one_turn);
	tcase_add_test(tests, an_answer_leaves_from_the_address_that_was_asked);
	tcase_add_test(tests, slots_without_an_answer_and_long_queries_are_told_apart);
	tcase_add_test(tests, an_answer_the_kernel_refuses_does_not_stop_the_others);
	tcase_add_test(tests, an_answer_longer_than_the_interface_takes_goes_in_fragments);
	tcase_add_test(tests, a_taken_address_and_a_dead_peer_are_told);
	tcase_add_test(tests, a_message_longer_than_the_room_is_told);
	suite_add_tcase(suite, tests);
	return suite_run(suite);
}

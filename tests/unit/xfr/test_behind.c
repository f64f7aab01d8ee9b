/* lib/xfr/behind: what is written is read, and is a NOTIFY to others. */
#include <string.h>

#include "lib/xfr/behind.h"
#include "lib/xfr/notify.h"
#include "tests/support/suite.h"

static const uint8_t apex[] = "\7example";

static size_t written(const char *server, uint8_t wire[BEHIND_MESSAGE_MAX])
{
	struct behind behind = { .serial = 41, .newest = 0xfffffff0 };
	struct wcursor out = wcursor_over(wire, BEHIND_MESSAGE_MAX);

	ck_assert_int_eq(netaddr_from_text(&behind.server, server, 53), ZT_OK);
	ck_assert_int_eq(behind_write(&behind, apex, 77, &out), ZT_OK);
	return out.pos;
}

static void check_round_trip(const char *server)
{
	uint8_t wire[BEHIND_MESSAGE_MAX];
	char text[NETADDR_TEXT_SIZE];
	struct message message;
	struct notify notify;
	struct behind behind;

	ck_assert_int_eq(message_read(&message, wire, written(server, wire)), ZT_OK);
	ck_assert_uint_eq(message.id, 77);
	ck_assert_int_eq(notify_read(&message, &notify), ZT_OK);
	ck_assert(!notify.has_serial);
	ck_assert_mem_eq(notify.apex, apex, sizeof(apex));
	ck_assert(behind_read(&message.edns, &behind));
	ck_assert_str_eq(netaddr_to_text(&behind.server, text), server);
	ck_assert_uint_eq(behind.serial, 41);
	ck_assert_uint_eq(behind.newest, 0xfffffff0);
}

START_TEST(what_is_written_is_read)
{
	check_round_trip("192.0.2.7@5300");
	check_round_trip("2001:db8::7@53");
}
END_TEST

START_TEST(what_is_not_known_says_nothing)
{
	uint8_t wire[BEHIND_MESSAGE_MAX];
	struct message message;
	struct behind behind;
	size_t len = written("192.0.2.7@5300", wire), data_at = len - 16;

	wire[data_at] = 2;         /* another form */
	ck_assert_int_eq(message_read(&message, wire, len), ZT_OK);
	ck_assert(!behind_read(&message.edns, &behind));
	wire[data_at] = 1;
	wire[data_at + 1] = 6;     /* an IPv6 address of four bytes */
	ck_assert_int_eq(message_read(&message, wire, len), ZT_OK);
	ck_assert(!behind_read(&message.edns, &behind));
	wire[data_at + 1] = 5;
	ck_assert_int_eq(message_read(&message, wire, len), ZT_OK);
	ck_assert(!behind_read(&message.edns, &behind));
	wire[data_at + 1] = 4;
	ck_assert_int_eq(message_read(&message, wire, len), ZT_OK);
	ck_assert(behind_read(&message.edns, &behind));
	wire[data_at - 4] ^= 1;    /* another option */
	ck_assert_int_eq(message_read(&message, wire, len), ZT_OK);
	ck_assert(!behind_read(&message.edns, &behind));
}
END_TEST

START_TEST(too_little_room_and_no_address_are_refused)
{
	uint8_t wire[BEHIND_MESSAGE_MAX];
	struct behind behind = { .serial = 1 };
	struct wcursor out = wcursor_over(wire, sizeof(wire));

	ck_assert_int_eq(behind_write(&behind, apex, 1, &out), ZT_EINVAL);
	ck_assert_int_eq(netaddr_from_text(&behind.server, "192.0.2.1", 53), ZT_OK);
	out = wcursor_over(wire, 40);
	ck_assert_int_eq(behind_write(&behind, apex, 1, &out), ZT_ESPACE);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("xfr/behind");
	TCase *tc = tcase_create("behind");
	tcase_add_test(tc, what_is_written_is_read);
	tcase_add_test(tc, what_is_not_known_says_nothing);
	tcase_add_test(tc, too_little_room_and_no_address_are_refused);
	suite_add_tcase(suite, tc);
	return suite_run(suite);
}

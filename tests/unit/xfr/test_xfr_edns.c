/* lib/xfr/xfr_edns: the options of our questions and of their answers. */
#include <string.h>

#include "lib/dns/writer.h"
#include "lib/xfr/xfr_edns.h"
#include "lib/xfr/xfr_in.h"
#include "tests/support/suite.h"

static const uint8_t apex[] = "\7example";
static const struct zsync ours = { .flags = ZSYNC_RECONCILES, .key_id = 9, .serial = 77, .summary = { 5, { 1, 2 } } };

START_TEST(question_says_what_we_have_and_asks_for_expire)
{
	uint8_t wire[512];
	struct message message;
	struct xfr_edns said;
	size_t len;

	ck_assert_int_eq(soa_query_write(wire, sizeof(wire), 7, apex, &len), ZT_OK);
	ck_assert_int_eq(xfr_edns_append(&ours, true, wire, sizeof(wire), &len), ZT_OK);
	ck_assert_int_eq(message_read(&message, wire, len), ZT_OK);
	ck_assert(message.edns.present);
	ck_assert_uint_eq(message.edns.version, 0);
	ck_assert_uint_eq(message.edns.udp_size, EDNS_UDP_SIZE);
	ck_assert_uint_eq(message.qtype, TYPE_SOA);
	ck_assert(edns_has(&message.edns, EDNS_EXPIRE));
	xfr_edns_read(&message, &said);
	ck_assert(said.has_zsync);
	ck_assert_uint_eq(said.zsync.serial, 77);
	ck_assert(zsync_is_same(&said.zsync, &ours));
	/* An empty option asks, and says nothing. */
	ck_assert(!said.has_expire);
}
END_TEST

START_TEST(options_can_be_left_out)
{
	uint8_t wire[512];
	struct message message;
	struct xfr_edns said;
	size_t len;

	ck_assert_int_eq(soa_query_write(wire, sizeof(wire), 7, apex, &len), ZT_OK);
	ck_assert_int_eq(xfr_edns_append(NULL, false, wire, sizeof(wire), &len), ZT_OK);
	ck_assert_int_eq(message_read(&message, wire, len), ZT_OK);
	ck_assert(message.edns.present);
	ck_assert_uint_eq(message.edns.options_len, 0);
	xfr_edns_read(&message, &said);
	ck_assert(!said.has_zsync && !said.has_expire);
	/* And a message without OPT says nothing. */
	ck_assert_int_eq(soa_query_write(wire, sizeof(wire), 7, apex, &len), ZT_OK);
	ck_assert_int_eq(message_read(&message, wire, len), ZT_OK);
	xfr_edns_read(&message, &said);
	ck_assert(!said.has_zsync && !said.has_expire);
}
END_TEST

START_TEST(message_without_room_stays_as_it_was)
{
	uint8_t wire[512], before[512];
	size_t len, least;

	ck_assert_int_eq(soa_query_write(wire, sizeof(wire), 7, apex, &len), ZT_OK);
	least = len + XFR_EDNS_LEN;
	memcpy(before, wire, len);
	size_t was = len;
	ck_assert_int_ne(xfr_edns_append(&ours, true, wire, least - 1, &len), ZT_OK);
	ck_assert_uint_eq(len, was);
	ck_assert_int_eq(memcmp(before, wire, MESSAGE_HEADER_LEN), 0);
	ck_assert_int_eq(xfr_edns_append(&ours, true, wire, least, &len), ZT_OK);
	ck_assert_uint_eq(len, least);
}
END_TEST

static void read_options(const uint8_t *options, uint16_t options_len, struct xfr_edns *out)
{
	uint8_t wire[512];
	struct message_writer writer;
	struct message message;
	struct edns_out edns = { .udp_size = 1232, .options = options, .options_len = options_len };

	message_writer_init(&writer, wire, sizeof(wire), 7, FLAG_QR);
	ck_assert_int_eq(message_write_question(&writer, apex, TYPE_SOA, CLASS_IN), ZT_OK);
	ck_assert_int_eq(message_write_edns(&writer, &edns), ZT_OK);
	ck_assert_int_eq(message_read(&message, wire, message_writer_finish(&writer)), ZT_OK);
	xfr_edns_read(&message, out);
}

START_TEST(expire_of_an_answer_is_four_bytes_or_nothing)
{
	static const uint8_t right[] = { 0, 9, 0, 4, 0, 1, 0, 2 }, shorter[] = { 0, 9, 0, 3, 0, 1, 0 }, longer[] = { 0, 9, 0, 5, 0, 1, 0, 2, 3 };
	struct xfr_edns said;

	read_options(right, sizeof(right), &said);
	ck_assert(said.has_expire);
	ck_assert_uint_eq(said.expire, 65538);
	read_options(shorter, sizeof(shorter), &said);
	ck_assert(!said.has_expire);
	read_options(longer, sizeof(longer), &said);
	ck_assert(!said.has_expire);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("xfr_edns");
	TCase *tcase = tcase_create("xfr_edns");

	tcase_add_test(tcase, question_says_what_we_have_and_asks_for_expire);
	tcase_add_test(tcase, options_can_be_left_out);
	tcase_add_test(tcase, message_without_room_stays_as_it_was);
	tcase_add_test(tcase, expire_of_an_answer_is_four_bytes_or_nothing);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}

/* lib/xfr/zsync: the option, what it says of a version, and the key. */
#include <string.h>

#include "lib/dns/writer.h"
#include "lib/xfr/zsync.h"
#include "tests/support/suite.h"
#include "tests/support/zone_text.h"

static const uint8_t apex[] = "\7example";

static const struct zsync sample = {
	.flags = ZSYNC_RECONCILES | ZSYNC_DIVERGED, .key_id = 0xab, .serial = 2026112401,
	.summary = { 0x0102030405060708, { 0x1817161514131211, 0x28272625242322 } },
};

/* A message whose OPT record has these options. */
static size_t message_with(const uint8_t *options, size_t len, uint8_t *wire, size_t size)
{
	struct edns_out edns = { .udp_size = EDNS_UDP_SIZE, .options = options, .options_len = (uint16_t)len };
	struct message_writer writer;

	message_writer_init(&writer, wire, size, 1, 0);
	ck_assert_int_eq(message_write_question(&writer, apex, TYPE_SOA, CLASS_IN), ZT_OK);
	ck_assert_int_eq(message_write_edns(&writer, &edns), ZT_OK);
	return message_writer_finish(&writer);
}

static bool read_from(const uint8_t *options, size_t len, struct zsync *out)
{
	uint8_t wire[512];
	struct message message;

	ck_assert_int_eq(message_read(&message, wire, message_with(options, len, wire, sizeof(wire))), ZT_OK);
	return zsync_read(&message.edns, out);
}

START_TEST(the_option_is_read_as_it_was_written)
{
	uint8_t option[ZSYNC_OPTION_LEN];
	struct zsync got;

	zsync_write(&sample, option);
	static const uint8_t expected[] = "\xff\x61\0\x20" "\1\3\xab\0" "\x78\xc4\x05\x91" "\1\2\3\4\5\6\7\x8" "\0\x28\x27\x26\x25\x24\x23\x22"
					  "\x18\x17\x16\x15\x14\x13\x12\x11";
	ck_assert_uint_eq(sizeof(expected) - 1, sizeof(option));
	ck_assert_mem_eq(option, expected, sizeof(option));
	ck_assert(read_from(option, sizeof(option), &got));
	ck_assert_uint_eq(got.flags, sample.flags);
	ck_assert_uint_eq(got.key_id, sample.key_id);
	ck_assert_uint_eq(got.serial, sample.serial);
	ck_assert(zsync_is_same(&got, &sample));
}
END_TEST

START_TEST(an_option_of_another_version_or_length_is_as_good_as_none)
{
	uint8_t option[ZSYNC_OPTION_LEN + 1] = { 0 };
	static const uint8_t other[] = "\xff\x62\0\0";
	struct message message;
	struct zsync got;
	uint8_t wire[64];

	zsync_write(&sample, option);
	option[4] = 2;
	ck_assert(!read_from(option, ZSYNC_OPTION_LEN, &got));
	option[4] = 1;
	ck_assert(read_from(option, ZSYNC_OPTION_LEN, &got));
	option[3] = ZSYNC_LEN + 1;
	ck_assert(!read_from(option, sizeof(option), &got));
	option[3] = ZSYNC_LEN - 1;
	ck_assert(!read_from(option, ZSYNC_OPTION_LEN - 1, &got));
	option[3] = 0;
	ck_assert(!read_from(option, 4, &got));
	ck_assert(!read_from(other, 4, &got));
	struct message_writer writer;
	message_writer_init(&writer, wire, sizeof(wire), 1, 0);
	ck_assert_int_eq(message_write_question(&writer, apex, TYPE_SOA, CLASS_IN), ZT_OK);
	ck_assert_int_eq(message_read(&message, wire, message_writer_finish(&writer)), ZT_OK);
	ck_assert(!zsync_read(&message.edns, &got));
}
END_TEST

START_TEST(versions_with_one_content_say_the_same_whatever_their_serials)
{
	struct zone *a = zone_text_new("example.", "example. 300 SOA ns m 1 1 1 1 1\nexample. 300 NS ns.example.\nb.example. 300 A 192.0.2.1\n");
	struct zone *b = zone_text_new("example.", "example. 300 SOA ns m 7 1 1 1 1\nexample. 300 NS ns.example.\nb.example. 300 A 192.0.2.1\n");
	struct zone *c = zone_text_new("example.", "example. 300 SOA ns m 7 1 1 1 1\nexample. 300 NS ns.example.\nb.example. 300 A 192.0.2.2\n");
	struct zsync of_a = zsync_of_version(zone_current(a), &zone_text_key), of_b = zsync_of_version(zone_current(b), &zone_text_key);
	struct zsync of_c = zsync_of_version(zone_current(c), &zone_text_key);

	ck_assert_uint_eq(of_a.serial, 1);
	ck_assert_uint_eq(of_b.serial, 7);
	ck_assert_uint_eq(of_a.summary.count, 2);
	ck_assert(zsync_is_same(&of_a, &of_b));
	ck_assert(!zsync_is_same(&of_b, &of_c));
	of_b.key_id ^= 1;
	ck_assert_msg(!zsync_is_same(&of_a, &of_b), "fingerprints of two keys say nothing");
	zone_free(a);
	zone_free(b);
	zone_free(c);
}
END_TEST

START_TEST(without_a_secret_all_have_one_key_and_each_secret_makes_another)
{
	struct fingerprint_key none, again, one, two, one_again;

	ck_assert_int_eq(zsync_key(NULL, &none), ZT_OK);
	ck_assert_int_eq(zsync_key(NULL, &again), ZT_OK);
	ck_assert_int_eq(zsync_key("of the first group", &one), ZT_OK);
	ck_assert_int_eq(zsync_key("of the first group", &one_again), ZT_OK);
	ck_assert_int_eq(zsync_key("of the second group", &two), ZT_OK);
	ck_assert_mem_eq(none.bytes, "zonetide default", sizeof(none.bytes));
	ck_assert_mem_eq(&none, &again, sizeof(none));
	ck_assert_mem_eq(&one, &one_again, sizeof(one));
	ck_assert_mem_ne(&one, &two, sizeof(one));
	ck_assert_mem_ne(&one, &none, sizeof(one));
	ck_assert_uint_ne(zsync_key_id(&none), zsync_key_id(&one));
	ck_assert_uint_ne(zsync_key_id(&two), zsync_key_id(&one));
	ck_assert_uint_eq(zsync_key_id(&one), zsync_key_id(&one_again));
	/* HKDF-SHA256 of RFC 5869 with the salt "zonetide zone sync" and the info "fingerprint key"; worked out by another implementation. */
	static const uint8_t expected[] = { 0x61, 0x76, 0x0e, 0xcd, 0x92, 0x88, 0x17, 0x25, 0x91, 0x05, 0x00, 0x94, 0x82, 0x0a, 0x97, 0x75 };
	ck_assert_mem_eq(one.bytes, expected, sizeof(expected));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("zsync");
	TCase *tc = tcase_create("zsync");

	tcase_add_test(tc, the_option_is_read_as_it_was_written);
	tcase_add_test(tc, an_option_of_another_version_or_length_is_as_good_as_none);
	tcase_add_test(tc, versions_with_one_content_say_the_same_whatever_their_serials);
	tcase_add_test(tc, without_a_secret_all_have_one_key_and_each_secret_makes_another);
	suite_add_tcase(suite, tc);
	return suite_run(suite);
}

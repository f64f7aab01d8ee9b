/* lib/xfr/level: the option of an UPDATE and of its answer. */
#include <string.h>

#include "lib/base/wire.h"
#include "lib/xfr/level.h"
#include "tests/support/suite.h"

static struct edns opt(const uint8_t *options, size_t len)
{
	struct edns edns;
	ck_assert_int_eq(edns_read(&edns, 1232, 0, options, (uint16_t)len), ZT_OK);
	return edns;
}

START_TEST(question_is_read_as_it_was_written)
{
	uint8_t wire[LEVEL_QUESTION_LEN];

	for (int level = LEVEL_LOCAL; level <= LEVEL_VISIBLE; level++) {
		struct level_question question = { (enum level)level, 123456789 }, read = { 0 };
		level_question_write(&question, wire);
		struct edns edns = opt(wire, sizeof(wire));
		ck_assert_int_eq(level_question_read(&edns, &read), ZT_OK);
		ck_assert_int_eq(read.level, level);
		ck_assert_uint_eq(read.timeout_ms, 123456789);
	}
	/* As doc/protocol-update-level.md has it. */
	static const uint8_t bytes[] = { 0xff, 0x64, 0, 8, 1, 3, 0, 0, 0x07, 0x5b, 0xcd, 0x15 };
	ck_assert_mem_eq(wire, bytes, sizeof(bytes));
}
END_TEST

START_TEST(other_versions_are_passed_over_and_broken_ones_refused)
{
	struct level_question question;
	uint8_t wire[LEVEL_QUESTION_LEN + 1] = { 0 };
	struct edns none = { 0 };

	ck_assert_int_eq(level_question_read(&none, &question), ZT_ENOENT);
	level_question_write(&(struct level_question){ LEVEL_ALL, 1000 }, wire);
	wire[4] = 2;
	struct edns edns = opt(wire, LEVEL_QUESTION_LEN);
	ck_assert_int_eq(level_question_read(&edns, &question), ZT_ENOENT);
	wire[4] = 1;
	wire[5] = 4;
	ck_assert_int_eq(level_question_read(&edns, &question), ZT_EMALFORMED);
	wire[5] = 2;
	ck_assert_int_eq(level_question_read(&edns, &question), ZT_OK);
	for (size_t len = 1; len <= 9; len++) {
		wire_put_u16(wire + 2, (uint16_t)len);
		edns = opt(wire, 4 + len);
		ck_assert_int_eq(level_question_read(&edns, &question), len == 8 ? ZT_OK : ZT_EMALFORMED);
	}
	wire_put_u16(wire + 2, 0);
	edns = opt(wire, 4);
	ck_assert_int_eq(level_question_read(&edns, &question), ZT_ENOENT);
}
END_TEST

START_TEST(answer_is_read_as_it_was_written)
{
	struct level_answer answer = {
		.asked = LEVEL_VISIBLE, .reached = LEVEL_ALL, .flags = LEVEL_CROWDED, .serial = 4000000000, .fingerprint = { .lo = 7, .hi = UINT64_MAX },
		.confirmed = 3, .total = 500, .visible_in_s = 3600, .waited_ms = 17,
	}, read;
	uint8_t wire[LEVEL_ANSWER_LEN];

	memset(&read, 0, sizeof(read));
	level_answer_write(&answer, wire);
	struct edns edns = opt(wire, sizeof(wire));
	ck_assert(level_answer_read(&edns, &read));
	ck_assert_int_eq(read.asked, answer.asked);
	ck_assert_int_eq(read.reached, answer.reached);
	ck_assert_uint_eq(read.flags, answer.flags);
	ck_assert_uint_eq(read.serial, answer.serial);
	ck_assert(fingerprint_equal(read.fingerprint, answer.fingerprint));
	ck_assert_uint_eq(read.confirmed, 3);
	ck_assert_uint_eq(read.total, 500);
	ck_assert_uint_eq(read.visible_in_s, 3600);
	ck_assert_uint_eq(read.waited_ms, 17);
	wire_put_u16(wire + 2, LEVEL_ANSWER_LEN - 5);
	edns = opt(wire, sizeof(wire) - 1);
	ck_assert(!level_answer_read(&edns, &read));
}
END_TEST

START_TEST(levels_have_names)
{
	enum level level;

	for (int i = LEVEL_LOCAL; i <= LEVEL_VISIBLE; i++) {
		ck_assert(level_from_text(level_to_text((enum level)i), &level));
		ck_assert_int_eq(level, i);
	}
	ck_assert(!level_from_text("most", &level));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("level");
	TCase *tc = tcase_create("level");
	tcase_add_test(tc, question_is_read_as_it_was_written);
	tcase_add_test(tc, other_versions_are_passed_over_and_broken_ones_refused);
	tcase_add_test(tc, answer_is_read_as_it_was_written);
	tcase_add_test(tc, levels_have_names);
	suite_add_tcase(suite, tc);
	return suite_run(suite);
}

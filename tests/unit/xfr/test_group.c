/* lib/xfr/group: who is nearest, who is told, and how news spread. */
#include <string.h>

#include "lib/xfr/group.h"
#include "tests/support/suite.h"

static struct group group;

static void open_group(unsigned primaries, unsigned members)
{
	ck_assert_int_eq(group_init(&group, primaries, members), ZT_OK);
}

static void close_group(void)
{
	group_fini(&group);
}

START_TEST(nobody_is_near_who_does_not_have_it)
{
	open_group(1, 3);
	ck_assert_int_eq(group_nearest(&group, 5, 0), -1);
	group_note_serial(&group, 2, 4);
	ck_assert_int_eq(group_nearest(&group, 5, 0), -1);
	group_note_serial(&group, 2, 6);
	ck_assert_int_eq(group_nearest(&group, 5, 0), 2);
	group_forget_serial(&group, 2);
	ck_assert_int_eq(group_nearest(&group, 5, 0), -1);
}
END_TEST

START_TEST(the_nearest_is_taken_and_skipped)
{
	open_group(1, 3);
	for (unsigned i = 0; i < 4; i++)
		group_note_serial(&group, i, 9);
	usec_t rtt[] = { 40000, 20000, 10000, 30000 };
	for (unsigned i = 0; i < 4; i++)
		group_note_rtt(&group, i, rtt[i]);
	ck_assert_int_eq(group_nearest(&group, 9, 0), 2);
	ck_assert_int_eq(group_nearest(&group, 9, 1 << 2), 1);
	ck_assert_int_eq(group_nearest(&group, 9, 1 << 2 | 1 << 1), 3);
	ck_assert_int_eq(group_nearest(&group, 9, 0xf), -1);
	/* One slow answer does not make it far. */
	group_note_rtt(&group, 2, 50000);
	ck_assert_int_eq(group_nearest(&group, 9, 0), 2);
	for (unsigned i = 0; i < 20; i++)
		group_note_rtt(&group, 2, 50000);
	ck_assert_int_eq(group_nearest(&group, 9, 0), 1);
}
END_TEST

START_TEST(serials_wrap_and_late_messages_do_not_go_back)
{
	open_group(1, 1);
	group_note_serial(&group, 1, UINT32_MAX);
	group_note_serial(&group, 1, 2);
	group_note_serial(&group, 1, UINT32_MAX - 5);
	ck_assert_int_eq(group_nearest(&group, 1, 0), 1);
	ck_assert_int_eq(group_nearest(&group, 3, 0), -1);
}
END_TEST

START_TEST(those_are_told_who_may_not_know)
{
	struct rng rng;
	unsigned out[8], hits[10] = { 0 };

	open_group(2, 8);
	rng_seed(&rng, 1);
	group_note_serial(&group, 3, 7);
	group_note_serial(&group, 4, 6);
	for (unsigned round = 0; round < 7000; round++) {
		unsigned count = group_draw(&group, &(struct group_news){ 7, 5, 3 }, &rng, out);
		ck_assert_uint_eq(count, 3);
		for (unsigned i = 0; i < count; i++) {
			hits[out[i]]++;
			for (unsigned k = 0; k < i; k++)
				ck_assert_uint_ne(out[i], out[k]);
		}
	}
	/* Not the primaries, not who has it, not who told us; the six others alike. */
	unsigned never[] = { 0, 1, 3, 5 };
	for (unsigned i = 0; i < 4; i++)
		ck_assert_uint_eq(hits[never[i]], 0);
	for (unsigned i = 2; i < 10; i++) {
		if (i != 3 && i != 5) {
			ck_assert_uint_gt(hits[i], 3300);
			ck_assert_uint_lt(hits[i], 3700);
		}
	}
	ck_assert_uint_eq(group_draw(&group, &(struct group_news){ 7, -1, 0 }, &rng, out), 0);
	ck_assert_uint_eq(group_draw(&group, &(struct group_news){ 7, -1, 8 }, &rng, out), 7);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("xfr/group");
	TCase *tc = tcase_create("group");
	tcase_add_checked_fixture(tc, NULL, close_group);
	tcase_add_test(tc, nobody_is_near_who_does_not_have_it);
	tcase_add_test(tc, the_nearest_is_taken_and_skipped);
	tcase_add_test(tc, serials_wrap_and_late_messages_do_not_go_back);
	tcase_add_test(tc, those_are_told_who_may_not_know);
	suite_add_tcase(suite, tc);
	return suite_run(suite);
}

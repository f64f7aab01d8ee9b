/* The square-root law: what it learns, and its limits. */
#include <math.h>

#include "lib/xfr/polling.h"
#include "tests/support/suite.h"

#define S USEC_PER_SEC

START_TEST(refresh_holds_until_something_is_known)
{
	struct polling p;
	polling_init(&p);
	ck_assert_int_eq(polling_interval(&p, 3600 * S, 0), 3600 * S);
	polling_on_change(&p, false, 100 * S);
	ck_assert_int_eq(polling_interval(&p, 3600 * S, 100 * S), 3600 * S);
}
END_TEST

/* `count` changes, one every `gap` seconds, of which every `missed_every`-th was found by polling (0: none). */
static usec_t learned(unsigned count, unsigned gap, unsigned missed_every, usec_t refresh)
{
	struct polling p;
	usec_t now = 0;

	polling_init(&p);
	for (unsigned i = 1; i <= count; i++) {
		now += gap * S;
		polling_on_change(&p, missed_every == 0 || i % missed_every != 0, now);
	}
	return polling_interval(&p, refresh, now);
}

START_TEST(the_interval_is_that_of_the_law)
{
	/* One change an hour, all of them missed: sqrt(2 * 1 * 3600 / ~1) = 85 s. */
	usec_t all = learned(200, 3600, 1, 86400 * S);
	ck_assert_int_gt(all, 80 * S);
	ck_assert_int_lt(all, 90 * S);
	/* A quarter of them: twice as long. */
	usec_t quarter = learned(200, 3600, 4, 86400 * S);
	ck_assert_double_eq_tol((double)quarter / (double)all, 2.0, 0.2);
	/* Four times as often changed: half. */
	usec_t often = learned(200, 900, 1, 86400 * S);
	ck_assert_double_eq_tol((double)often / (double)all, 0.5, 0.05);
}
END_TEST

START_TEST(who_is_always_told_hardly_polls)
{
	usec_t told = learned(200, 3600, 0, 86400 * S), missed = learned(200, 3600, 1, 86400 * S);
	ck_assert_int_gt(told, 8 * missed);
}
END_TEST

START_TEST(never_slower_than_refresh_nor_all_the_time)
{
	ck_assert_int_eq(learned(100, 3600, 0, 300 * S), 300 * S);
	ck_assert_int_eq(learned(100, 1, 1, 3600 * S), POLLING_LEAST * S);
	/* A REFRESH below the least is the zone owner's wish. */
	ck_assert_int_eq(learned(100, 1, 1, 2 * S), 2 * S);
}
END_TEST

START_TEST(a_zone_that_falls_silent_is_asked_less)
{
	struct polling p;
	polling_init(&p);
	for (unsigned i = 1; i <= 50; i++)
		polling_on_change(&p, false, i * 60 * S);
	usec_t at = 50 * 60 * S, soon = polling_interval(&p, 86400 * S, at), late = polling_interval(&p, 86400 * S, at + 86400 * S);
	ck_assert_int_gt(late, 20 * soon);
}
END_TEST

START_TEST(what_is_old_fades)
{
	struct polling p;
	usec_t now = 0;
	polling_init(&p);
	for (unsigned i = 0; i < 200; i++)
		polling_on_change(&p, true, now += 3600 * S);
	usec_t before = polling_interval(&p, 86400 * S, now);
	for (unsigned i = 0; i < 64; i++)
		polling_on_change(&p, false, now += 3600 * S);
	ck_assert_int_lt(polling_interval(&p, 86400 * S, now), before / 4);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("xfr/polling");
	TCase *tc = tcase_create("law");
	tcase_add_test(tc, refresh_holds_until_something_is_known);
	tcase_add_test(tc, the_interval_is_that_of_the_law);
	tcase_add_test(tc, who_is_always_told_hardly_polls);
	tcase_add_test(tc, never_slower_than_refresh_nor_all_the_time);
	tcase_add_test(tc, a_zone_that_falls_silent_is_asked_less);
	tcase_add_test(tc, what_is_old_fades);
	suite_add_tcase(suite, tc);
	return suite_run(suite);
}

/* lib/base: the clocks of labs. */
#include <stdlib.h>

#include "lib/base/lab_clock.h"
#include "tests/support/suite.h"

enum { SPEED = 60 };
#define DAY (86400 * USEC_PER_SEC)

/* What passed by the lab's clock between two readings, bounded by real time read outside and inside of them. */
static void passes_so_fast(usec_t (*real)(const struct clock *), usec_t (*lab)(const struct clock *), const struct clock *clock)
{
	const struct clock *sys = clock_system();
	usec_t outer = real(sys), from = lab(clock), inner = real(sys);

	while (real(sys) - inner < 2000)
		continue;
	usec_t inner_end = real(sys), to = lab(clock), outer_end = real(sys);
	ck_assert_int_ge(to - from, (inner_end - inner) * SPEED);
	ck_assert_int_le(to - from, (outer_end - outer) * SPEED);
}

START_TEST(both_times_pass_so_many_times_as_fast)
{
	struct lab_clock lab;

	lab_clock_init(&lab, SPEED, clock_wall(clock_system()) - DAY);
	passes_so_fast(clock_now, clock_now, &lab.clock);
	passes_so_fast(clock_wall, clock_wall, &lab.clock);
}
END_TEST

START_TEST(wall_time_is_the_true_time_at_the_epoch_and_the_same_for_all)
{
	usec_t before = clock_wall(clock_system()), epoch = before - DAY;
	struct lab_clock lab, other;

	lab_clock_init(&lab, SPEED, epoch);
	lab_clock_init(&other, SPEED, epoch);
	usec_t wall = clock_wall(&lab.clock), later = clock_wall(&other.clock), after = clock_wall(clock_system());
	ck_assert_int_ge(wall, epoch + (before - epoch) * SPEED);
	ck_assert_int_ge(later, wall);
	ck_assert_int_le(later, epoch + (after - epoch) * SPEED);
	/* The epoch may lie ahead. */
	lab_clock_init(&lab, SPEED, after + DAY);
	ck_assert_int_lt(clock_wall(&lab.clock), after - (SPEED - 2) * DAY);
}
END_TEST

START_TEST(a_wait_is_never_too_short)
{
	struct lab_clock lab;

	lab_clock_init(&lab, SPEED, 0);
	ck_assert_int_eq(clock_wait(&lab.clock, 0), 0);
	ck_assert_int_eq(clock_wait(&lab.clock, 1), 1);
	ck_assert_int_eq(clock_wait(&lab.clock, 60), 1);
	ck_assert_int_eq(clock_wait(&lab.clock, 61), 2);
	ck_assert_int_eq(clock_wait(&lab.clock, DAY), 1440 * USEC_PER_SEC);
	ck_assert_int_eq(clock_wait(clock_system(), 61), 61);
}
END_TEST

START_TEST(clocks_survive_the_way_through_text)
{
	static const char *const texts[][2] = {
		{ "60@1764036000.000000", "60@1764036000" }, { "60@1764036000.500000", "60@1764036000.5" }, { "1@0.000001", "1@0.000001" },
		{ "1000@4294967295.123456", "1000@4294967295.1234567890" }, { "7@1.000000", "07@1.0000000" },
	};
	char text[LAB_CLOCK_TEXT_SIZE];
	struct lab_clock lab;

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		ck_assert_int_eq(lab_clock_from_text(&lab, texts[i][1]), ZT_OK);
		ck_assert_str_eq(lab_clock_to_text(&lab, text), texts[i][0]);
	}
}
END_TEST

START_TEST(what_is_no_clock_is_refused)
{
	static const char *const wrong[] = {
		"", "@", "60", "60@", "@1764036000", "0@1764036000", "1001@1764036000", "-60@1764036000", "+60@1", " 60@1", "60 @1", "60@ 1", "60@-1", "60@1.",
		"60@.5", "60@1.5s", "60@1,5", "60.5@1", "60x@1", "60@4294967296", "60@99999999999999999999", "99999999999999999999@1", "60@1@2",
	};
	struct lab_clock lab;

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		ck_assert_msg(lab_clock_from_text(&lab, wrong[i]) == ZT_EMALFORMED, "%s is taken for a clock", wrong[i]);
}
END_TEST

START_TEST(the_environment_says_by_which_clock_to_live)
{
	ck_assert_int_eq(unsetenv(LAB_CLOCK_VARIABLE), 0);
	ck_assert_ptr_eq(clock_of_environment(), clock_system());
	ck_assert_int_eq(setenv(LAB_CLOCK_VARIABLE, "", 1), 0);
	ck_assert_ptr_eq(clock_of_environment(), clock_system());
	ck_assert_int_eq(setenv(LAB_CLOCK_VARIABLE, "60@1764036000", 1), 0);
	const struct clock *clock = clock_of_environment();
	ck_assert_ptr_nonnull(clock);
	ck_assert_int_eq(clock->speed, 60);
	ck_assert_int_eq(setenv(LAB_CLOCK_VARIABLE, "60", 1), 0);
	ck_assert_ptr_null(clock_of_environment());
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("lab_clock");
	TCase *tests = tcase_create("lab_clock");

	tcase_add_test(tests, both_times_pass_so_many_times_as_fast);
	tcase_add_test(tests, wall_time_is_the_true_time_at_the_epoch_and_the_same_for_all);
	tcase_add_test(tests, a_wait_is_never_too_short);
	tcase_add_test(tests, clocks_survive_the_way_through_text);
	tcase_add_test(tests, what_is_no_clock_is_refused);
	tcase_add_test(tests, the_environment_says_by_which_clock_to_live);
	suite_add_tcase(suite, tests);
	return suite_run(suite);
}

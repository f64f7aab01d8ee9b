/* lib/net/loop: timers, descriptors, signals. */
#include <signal.h>
#include <unistd.h>

#include "lib/base/lab_clock.h"
#include "lib/net/loop.h"
#include "tests/unit/net/turns.h"

static struct loop loop;

static void setup(void)
{
	ck_assert_int_eq(loop_init(&loop, clock_system(), LOOP_PRECISE), ZT_OK);
}

static void teardown(void)
{
	loop_fini(&loop);
}

static void set_flag(void *ctx)
{
	*(bool *)ctx = true;
}

struct firing {
	usec_t at;
	int order;
	int *counter;
	bool done;
};

static void on_fire(void *ctx)
{
	struct firing *firing = ctx;
	firing->at = loop_now(&loop);
	firing->order = (*firing->counter)++;
	firing->done = true;
}

START_TEST(timers_fire_in_order_and_never_early)
{
	enum { COUNT = 5 };
	struct loop_timer timers[COUNT];
	struct firing firings[COUNT];
	int counter = 0;
	usec_t start = loop_now(&loop);

	for (int i = 0; i < COUNT; i++) {
		firings[i] = (struct firing){ .counter = &counter };
		loop_timer_init(&timers[i], &loop, on_fire, &firings[i]);
		loop_timer_at(&timers[i], start + (COUNT - i) * 3000);
	}
	turns_until_set(&loop, &firings[0].done);
	for (int i = 0; i < COUNT; i++) {
		ck_assert(firings[i].done && !timers[i].armed);
		ck_assert_int_eq(firings[i].order, COUNT - 1 - i);
		ck_assert_int_ge(firings[i].at, start + (COUNT - i) * 3000);
	}
}
END_TEST

START_TEST(timers_stop_move_and_fire_at_once_when_late)
{
	struct loop_timer stopped, moved;
	int counter = 0;
	struct firing none = { .counter = &counter }, late = { .counter = &counter };

	loop_timer_init(&stopped, &loop, on_fire, &none);
	loop_timer_in(&stopped, 0);
	loop_timer_stop(&stopped);
	loop_timer_stop(&stopped);
	loop_timer_init(&moved, &loop, on_fire, &late);
	loop_timer_in(&moved, 3600 * USEC_PER_SEC);
	loop_timer_at(&moved, loop_now(&loop) - USEC_PER_SEC);
	turns_until_set(&loop, &late.done);
	ck_assert(!none.done);
}
END_TEST

START_TEST(timers_obey_the_loops_own_clock)
{
	struct loop timed;
	struct manual_clock manual;
	struct loop_timer timer;
	bool fired = false;

	manual_clock_init(&manual, 1000, 0);
	ck_assert_int_eq(loop_init(&timed, &manual.clock, LOOP_PRECISE), ZT_OK);
	loop_timer_init(&timer, &timed, set_flag, &fired);
	loop_timer_in(&timer, 1000);
	for (int turn = 0; turn < 3; turn++)
		ck_assert_int_eq(loop_turn(&timed), ZT_OK);
	ck_assert(!fired && timer.armed);
	manual_clock_advance(&manual, 1000);
	turns_until_set(&timed, &fired);
	loop_fini(&timed);
}
END_TEST

START_TEST(a_labs_timers_fire_by_its_clock)
{
	enum { SPEED = 200 };
	const usec_t delay = 5 * USEC_PER_SEC;
	struct loop fast;
	struct lab_clock lab;
	struct loop_timer timer;
	bool fired = false;

	lab_clock_init(&lab, SPEED, 0);
	ck_assert_int_eq(loop_init(&fast, &lab.clock, LOOP_DEFAULT), ZT_OK);
	loop_timer_init(&timer, &fast, set_flag, &fired);
	usec_t lab_start = loop_now(&fast), start = clock_now(clock_system());
	loop_timer_in(&timer, delay);
	turns_until_set(&fast, &fired);
	/* 25 ms; less than a second on any machine, and not the 5 that would pass by another clock. */
	ck_assert_int_ge(loop_now(&fast) - lab_start, delay);
	ck_assert_int_lt(clock_now(clock_system()) - start, USEC_PER_SEC);
	loop_fini(&fast);
}
END_TEST

static void on_stop(void *ctx)
{
	*(bool *)ctx = true;
	loop_stop(&loop);
}

START_TEST(a_signal_is_an_event_and_stops_the_run)
{
	struct loop_signal sig;
	bool seen = false;

	loop_signal_init(&sig, on_stop, &seen);
	ck_assert_int_eq(loop_signal_start(&sig, &loop, SIGHUP), ZT_OK);
	raise(SIGHUP);
	ck_assert_int_eq(loop_run(&loop), ZT_OK);
	ck_assert(seen);
	loop_signal_stop(&sig);
}
END_TEST

START_TEST(a_readable_descriptor_calls_back_until_stopped)
{
	struct loop_io io;
	bool seen = false;
	int pipes[2];

	ck_assert_int_eq(pipe(pipes), 0);
	loop_io_init(&io, on_stop, &seen);
	loop_io_stop(&io);
	ck_assert_int_eq(loop_io_start(&io, &loop, pipes[0], LOOP_READ), ZT_OK);
	ck_assert_int_eq(write(pipes[1], "x", 1), 1);
	turns_until_set(&loop, &seen);
	loop_io_stop(&io);
	/* Nothing is left to wait for. */
	ck_assert_int_eq(loop_run(&loop), ZT_OK);
	close(pipes[0]);
	close(pipes[1]);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("loop");
	TCase *tests = tcase_create("loop");

	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_test(tests, timers_fire_in_order_and_never_early);
	tcase_add_test(tests, timers_stop_move_and_fire_at_once_when_late);
	tcase_add_test(tests, timers_obey_the_loops_own_clock);
	tcase_add_test(tests, a_labs_timers_fire_by_its_clock);
	tcase_add_test(tests, a_signal_is_an_event_and_stops_the_run);
	tcase_add_test(tests, a_readable_descriptor_calls_back_until_stopped);
	suite_add_tcase(suite, tests);
	return suite_run(suite);
}

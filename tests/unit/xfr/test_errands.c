/* lib/xfr/errands: who goes first, how many leave, and what a server that is down costs. The simulations have a manual clock and as many zones as a
 * large secondary. */
#include <stdlib.h>

#include "lib/xfr/errands.h"
#include "tests/support/suite.h"

enum { ZONES = 20000 };

static const struct errand_limits limits = { .per_second = 1000, .burst = 64, .in_flight = 64 };

START_TEST(urgent_go_first_and_equals_in_the_order_they_came)
{
	struct errand_queue queue;
	struct errand timer[2] = { 0 }, unserved = { 0 }, notified = { 0 };

	errand_queue_init(&queue);
	ck_assert_ptr_null(errand_queue_take(&queue));
	errand_queue_add(&queue, &timer[0], ERRAND_TIMER);
	errand_queue_add(&queue, &timer[1], ERRAND_TIMER);
	errand_queue_add(&queue, &unserved, ERRAND_UNSERVED);
	errand_queue_add(&queue, &notified, ERRAND_NOTIFIED);
	ck_assert_uint_eq(queue.count, 4);
	ck_assert_ptr_eq(errand_queue_first(&queue), &notified);
	ck_assert_ptr_eq(errand_queue_take(&queue), &notified);
	ck_assert(!notified.is_queued);
	ck_assert_ptr_eq(errand_queue_take(&queue), &unserved);
	ck_assert_ptr_eq(errand_queue_take(&queue), &timer[0]);
	ck_assert_ptr_eq(errand_queue_take(&queue), &timer[1]);
	ck_assert_ptr_null(errand_queue_take(&queue));
	ck_assert_uint_eq(queue.count, 0);
}
END_TEST

START_TEST(one_that_waits_can_become_urgent_or_leave)
{
	struct errand_queue queue;
	struct errand errands[3] = { 0 };

	errand_queue_init(&queue);
	for (unsigned i = 0; i < 3; i++)
		errand_queue_add(&queue, &errands[i], ERRAND_TIMER);
	errand_queue_urge(&queue, &errands[2], ERRAND_NOTIFIED);
	errand_queue_urge(&queue, &errands[2], ERRAND_TIMER);
	ck_assert_int_eq(errands[2].urgency, ERRAND_NOTIFIED);
	ck_assert_ptr_eq(errand_queue_first_of(&queue, ERRAND_NOTIFIED), &errands[2]);
	ck_assert_ptr_null(errand_queue_first_of(&queue, ERRAND_UNSERVED));
	errand_queue_remove(&queue, &errands[0]);
	errand_queue_remove(&queue, &errands[0]);
	errand_queue_urge(&queue, &errands[0], ERRAND_NOTIFIED);
	ck_assert_uint_eq(queue.count, 2);
	ck_assert_ptr_eq(errand_queue_take(&queue), &errands[2]);
	ck_assert_ptr_eq(errand_queue_take(&queue), &errands[1]);
	ck_assert_ptr_null(errand_queue_take(&queue));
}
END_TEST

START_TEST(nobody_waits_for_ever)
{
	struct errand_queue queue;
	struct errand urgent[64] = { 0 }, timer = { 0 };
	unsigned turn = 0;

	errand_queue_init(&queue);
	errand_queue_add(&queue, &timer, ERRAND_TIMER);
	for (unsigned i = 0; i < 64; i++)
		errand_queue_add(&queue, &urgent[i], ERRAND_NOTIFIED);
	while (errand_queue_take(&queue) != &timer)
		turn++;
	ck_assert_uint_eq(turn, ERRANDS_FAVOURED);
	/* Turns while nobody else waited do not count. */
	for (unsigned i = 0; i < 40; i++)
		ck_assert_int_eq(errand_queue_take(&queue)->urgency, ERRAND_NOTIFIED);
	errand_queue_add(&queue, &timer, ERRAND_TIMER);
	ck_assert_int_eq(errand_queue_take(&queue)->urgency, ERRAND_NOTIFIED);
}
END_TEST

START_TEST(rate_burst_and_number_under_way_are_bounded)
{
	struct errand_gate gate;
	usec_t now = 7 * USEC_PER_SEC;
	unsigned count = 0;

	errand_gate_init(&gate, &limits, now);
	while (errand_gate_ask(&gate, now) == ERRAND_GO)
		count++;
	ck_assert_uint_eq(count, 64);
	ck_assert_int_eq(errand_gate_opens_at(&gate), ERRANDS_NEVER);
	errand_gate_done(&gate);
	/* There is room again, but the burst is used up. */
	ck_assert_int_eq(errand_gate_ask(&gate, now), ERRAND_WAIT);
	ck_assert_int_eq(errand_gate_opens_at(&gate), now + 1000);
	ck_assert_int_eq(errand_gate_ask(&gate, now + 999), ERRAND_WAIT);
	ck_assert_int_eq(errand_gate_ask(&gate, now + 1000), ERRAND_GO);
	/* All are answered, and a long time passes: the burst is what it was. */
	while (gate.in_flight > 0)
		errand_gate_done(&gate);
	now += 3600 * USEC_PER_SEC;
	for (count = 0; errand_gate_ask(&gate, now) == ERRAND_GO; count++)
		errand_gate_done(&gate);
	ck_assert_uint_eq(count, 64);
}
END_TEST

START_TEST(silence_makes_a_server_down_and_life_ends_it)
{
	struct errand_gate gate;
	usec_t now = 7 * USEC_PER_SEC;

	errand_gate_init(&gate, &limits, now);
	for (unsigned i = 0; i < ERRANDS_SILENT_MAX - 1; i++)
		ck_assert(!errand_gate_on_silence(&gate, now));
	ck_assert(errand_gate_on_silence(&gate, now));
	ck_assert(!errand_gate_on_silence(&gate, now));      /* told once */
	ck_assert_int_eq(errand_gate_ask(&gate, now), ERRAND_HOPELESS);
	ck_assert_int_eq(errand_gate_try(&gate, now + ERRANDS_PROBE_PAUSE - 1), ERRAND_HOPELESS);
	now += ERRANDS_PROBE_PAUSE;
	ck_assert_int_eq(errand_gate_ask(&gate, now), ERRAND_GO);
	ck_assert_int_eq(errand_gate_ask(&gate, now), ERRAND_HOPELESS);
	ck_assert_int_eq(errand_gate_try(&gate, now), ERRAND_HOPELESS);
	ck_assert(errand_gate_on_life(&gate, now));
	ck_assert(!errand_gate_on_life(&gate, now));
	ck_assert_int_eq(errand_gate_ask(&gate, now), ERRAND_GO);
	/* A lost packet now and then, between answers, means nothing. */
	for (unsigned i = 0; i < 100; i++) {
		now += 10 * USEC_PER_MSEC;
		ck_assert(!errand_gate_on_silence(&gate, now));
		ck_assert(!errand_gate_on_life(&gate, now));
	}
	for (unsigned i = 0; i < 100; i++)
		ck_assert(!errand_gate_on_silence(&gate, now));
	now += USEC_PER_SEC;
	ck_assert(errand_gate_on_failure(&gate, now));
	errand_gate_reset(&gate);
	ck_assert(!errand_gate_on_failure(&gate, now));
	ck_assert(errand_gate_on_failure(&gate, now));
	/* Somebody wants it tried at once: the answer still ends what was. */
	errand_gate_reset(&gate);
	ck_assert_int_eq(errand_gate_ask(&gate, now + USEC_PER_SEC), ERRAND_GO);
	ck_assert(errand_gate_on_life(&gate, now + USEC_PER_SEC));
	ck_assert(!errand_gate_on_life(&gate, now + USEC_PER_SEC));
}
END_TEST

/* ---- many zones --------------------------------------------------------------------------------------------------------------------- */

/* A server that answers after `delay`, or never, and zones that all want to ask it at the same moment. */
struct world {
	struct errand_gate gate;
	struct errand_queue queue;
	struct errand *errands;
	usec_t now, start;
	usec_t delay;                    /* 0 = dead */
	usec_t ends[64 + 8];             /* of questions under way */
	unsigned under_way, most_under_way;
	unsigned sent, hopeless, sent_in_first_second;
};

static void world_begin(struct world *w, usec_t delay)
{
	*w = (struct world){ .now = USEC_PER_SEC, .start = USEC_PER_SEC, .delay = delay };
	errand_gate_init(&w->gate, &limits, w->now);
	errand_queue_init(&w->queue);
	w->errands = calloc(ZONES + 1, sizeof(*w->errands));
	ck_assert_ptr_nonnull(w->errands);
	for (unsigned i = 0; i < ZONES; i++)
		errand_queue_add(&w->queue, &w->errands[i], ERRAND_TIMER);
}

static void answers_come(struct world *w)
{
	for (unsigned i = 0; i < w->under_way;) {
		if (w->now < w->ends[i]) {
			i++;
			continue;
		}
		w->ends[i] = w->ends[--w->under_way];
		errand_gate_done(&w->gate);
		if (w->delay > 0)
			errand_gate_on_life(&w->gate, w->now);
		else
			errand_gate_on_silence(&w->gate, w->now);
	}
}

/* A millisecond. Returns the last errand that left, if any. */
static const struct errand *world_turn(struct world *w)
{
	const struct errand *last = NULL;

	answers_come(w);
	while (w->queue.count > 0) {
		enum errand_verdict verdict = errand_gate_ask(&w->gate, w->now);
		if (verdict == ERRAND_WAIT)
			break;
		const struct errand *errand = errand_queue_take(&w->queue);
		if (verdict == ERRAND_HOPELESS) {
			w->hopeless++;
			continue;
		}
		last = errand;
		w->sent++;
		w->sent_in_first_second += w->now < w->start + USEC_PER_SEC;
		ck_assert_uint_lt(w->under_way, sizeof(w->ends) / sizeof(w->ends[0]));
		w->ends[w->under_way++] = w->now + (w->delay > 0 ? w->delay : 500 * USEC_PER_MSEC);
		if (w->under_way > w->most_under_way)
			w->most_under_way = w->under_way;
	}
	w->now += USEC_PER_MSEC;
	return last;
}

START_TEST(start_of_very_many_zones_is_spread)
{
	struct world w;

	world_begin(&w, 10 * USEC_PER_MSEC);
	while (w.queue.count > 0)
		world_turn(&w);
	ck_assert_uint_eq(w.sent, ZONES);
	ck_assert_uint_le(w.sent_in_first_second, limits.per_second + limits.burst);
	ck_assert_uint_le(w.most_under_way, limits.in_flight);
	double seconds = (double)(w.now - w.start) / USEC_PER_SEC;
	ck_assert_double_ge(seconds, 19.5);
	ck_assert_double_le(seconds, 20.5);
	free(w.errands);
}
END_TEST

START_TEST(what_is_urgent_passes_all_that_wait)
{
	struct world w;
	struct errand *urgent;

	world_begin(&w, 10 * USEC_PER_MSEC);
	urgent = &w.errands[ZONES];
	for (unsigned ms = 0; ms < 5000; ms++)
		world_turn(&w);
	errand_queue_add(&w.queue, urgent, ERRAND_NOTIFIED);
	usec_t since = w.now;
	while (world_turn(&w) != urgent)
		ck_assert_int_le(w.now - since, 5 * USEC_PER_MSEC);
	free(w.errands);
}
END_TEST

START_TEST(dead_server_is_given_up_by_all_after_the_first_silence)
{
	struct world w;

	world_begin(&w, 0);
	while (w.queue.count > 0)
		world_turn(&w);
	/* One burst finds out. */
	ck_assert_uint_le(w.sent, limits.in_flight + 1);
	ck_assert_uint_eq(w.sent + w.hopeless, ZONES);
	ck_assert_int_le(w.now - w.start, 600 * USEC_PER_MSEC);
	/* A minute of zones that come back. */
	unsigned before = w.sent;
	for (unsigned ms = 0; ms < 60000; ms++) {
		if (!w.errands[ms % ZONES].is_queued)
			errand_queue_add(&w.queue, &w.errands[ms % ZONES], ERRAND_UNSERVED);
		world_turn(&w);
	}
	ck_assert_uint_ge(w.sent - before, 110);
	ck_assert_uint_le(w.sent - before, 125);
	free(w.errands);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("errands");
	TCase *tc = tcase_create("errands");
	tcase_add_test(tc, urgent_go_first_and_equals_in_the_order_they_came);
	tcase_add_test(tc, one_that_waits_can_become_urgent_or_leave);
	tcase_add_test(tc, nobody_waits_for_ever);
	tcase_add_test(tc, rate_burst_and_number_under_way_are_bounded);
	tcase_add_test(tc, silence_makes_a_server_down_and_life_ends_it);
	tcase_add_test(tc, start_of_very_many_zones_is_spread);
	tcase_add_test(tc, what_is_urgent_passes_all_that_wait);
	tcase_add_test(tc, dead_server_is_given_up_by_all_after_the_first_silence);
	suite_add_tcase(suite, tc);
	return suite_run(suite);
}

/* lib/xfr/refresh: the secondary's machine, event by event. */
#include "lib/xfr/refresh.h"
#include "tests/support/suite.h"

enum { REFRESH_S = 1000, RETRY_S = 100, EXPIRE_S = 10000 };

struct fixture {
	struct refresh refresh;
	struct rng rng;
	usec_t now;
	struct refresh_action action;
};

static struct refresh_timers timers_of(uint32_t serial)
{
	return (struct refresh_timers){ .serial = serial, .refresh = REFRESH_S, .retry = RETRY_S, .expire = EXPIRE_S };
}

static void begin(struct fixture *f, unsigned primaries, uint32_t serial)
{
	struct refresh_start start = { .has_zone = serial != 0, .timers = timers_of(serial) };
	rng_seed(&f->rng, 7);
	f->now = 1000000 * USEC_PER_SEC;
	refresh_init(&f->refresh, primaries, &start, &f->rng, f->now);
}

/* The next action; fails unless it is of this kind. f->action keeps the last one. */
static void expect(struct fixture *f, enum refresh_action_kind kind)
{
	struct refresh_action action;
	bool any = refresh_step(&f->refresh, f->now, &action);
	ck_assert_int_eq(action.kind, kind);
	ck_assert_int_eq(any, kind != REFRESH_NONE);
	if (any)
		f->action = action;
}

static void sleep_until_due(struct fixture *f)
{
	usec_t at = refresh_wake_at(&f->refresh);
	ck_assert_int_ge(at, f->now);
	ck_assert_int_ne(at, REFRESH_NEVER);
	f->now = at;
}

static void notify(struct fixture *f, int primary, uint32_t serial)
{
	refresh_on_notify(&f->refresh, primary, &serial, f->now);
}

static void commit(struct fixture *f, uint32_t serial)
{
	struct refresh_timers timers = timers_of(serial);
	refresh_on_committed(&f->refresh, f->action.ticket, &timers, f->now);
}

/* With a zone of serial 10, confirmed, waiting. */
static void begin_settled(struct fixture *f, unsigned primaries)
{
	begin(f, primaries, 10);
	expect(f, REFRESH_QUERY_SOA);
	refresh_on_soa(&f->refresh, f->action.ticket, 10, f->now);
	expect(f, REFRESH_CONFIRMED);
	expect(f, REFRESH_NONE);
}

START_TEST(empty_zone_is_transferred_whole_at_once)
{
	struct fixture f;

	begin(&f, 1, 0);
	expect(&f, REFRESH_AXFR);
	expect(&f, REFRESH_NONE);
	commit(&f, 10);
	expect(&f, REFRESH_NONE);
	usec_t wait = refresh_wake_at(&f.refresh) - f.now;
	ck_assert_int_ge(wait, REFRESH_S * USEC_PER_SEC * 9 / 10);
	ck_assert_int_le(wait, REFRESH_S * USEC_PER_SEC);
}
END_TEST

START_TEST(refresh_timer_asks_for_the_soa_and_follows_a_newer_serial)
{
	struct fixture f;

	begin_settled(&f, 1);
	sleep_until_due(&f);
	expect(&f, REFRESH_QUERY_SOA);
	refresh_on_soa(&f.refresh, f.action.ticket, 12, f.now);
	expect(&f, REFRESH_IXFR);
	commit(&f, 12);
	expect(&f, REFRESH_NONE);
	ck_assert_int_eq(f.refresh.state, REFRESH_WAITING);
}
END_TEST

START_TEST(notify_with_a_newer_serial_needs_no_soa_query)
{
	struct fixture f;

	begin_settled(&f, 3);
	notify(&f, 2, 11);
	expect(&f, REFRESH_IXFR);
	ck_assert_uint_eq(f.action.primary, 2);
	commit(&f, 11);
	/* What we have, and what is older, is no news. */
	notify(&f, 2, 11);
	expect(&f, REFRESH_NONE);
	/* Without a serial one has to ask. */
	refresh_on_notify(&f.refresh, 1, NULL, f.now);
	expect(&f, REFRESH_QUERY_SOA);
	ck_assert_uint_eq(f.action.primary, 1);
}
END_TEST

START_TEST(serials_wrap_around)
{
	struct fixture f;
	struct refresh_start start = { .has_zone = true, .timers = timers_of(0xfffffff0) };

	begin(&f, 1, 0);
	refresh_init(&f.refresh, 1, &start, &f.rng, f.now);
	expect(&f, REFRESH_QUERY_SOA);
	refresh_on_soa(&f.refresh, f.action.ticket, 5, f.now);
	expect(&f, REFRESH_IXFR);
}
END_TEST

START_TEST(notify_during_a_transfer_is_remembered)
{
	struct fixture f;

	begin_settled(&f, 1);
	notify(&f, 0, 11);
	expect(&f, REFRESH_IXFR);
	notify(&f, 0, 13);
	notify(&f, 0, 12);
	expect(&f, REFRESH_NONE);
	commit(&f, 11);
	expect(&f, REFRESH_IXFR);
	notify(&f, 0, 14);
	/* The transfer brought what the NOTIFY told of. */
	commit(&f, 14);
	expect(&f, REFRESH_NONE);
}
END_TEST

START_TEST(notify_during_a_soa_query_goes_straight_for_the_transfer)
{
	struct fixture f;

	begin(&f, 2, 10);
	expect(&f, REFRESH_QUERY_SOA);
	uint32_t asked = f.action.ticket;
	notify(&f, 1, 11);
	expect(&f, REFRESH_CANCEL);
	ck_assert_uint_eq(f.action.ticket, asked);
	expect(&f, REFRESH_IXFR);
	ck_assert_uint_eq(f.action.primary, 1);
	/* The late answer means nothing any more. */
	refresh_on_soa(&f.refresh, asked, 10, f.now);
	expect(&f, REFRESH_NONE);
}
END_TEST

START_TEST(ladder_goes_ixfr_axfr_next_primary_retry)
{
	struct fixture f;

	begin_settled(&f, 2);
	notify(&f, 0, 11);
	expect(&f, REFRESH_IXFR);
	refresh_on_failed(&f.refresh, f.action.ticket, REFRESH_FAILED_ANSWER, f.now);
	expect(&f, REFRESH_AXFR);
	ck_assert_uint_eq(f.action.primary, 0);
	refresh_on_failed(&f.refresh, f.action.ticket, REFRESH_FAILED_ANSWER, f.now);
	expect(&f, REFRESH_IXFR);
	ck_assert_uint_eq(f.action.primary, 1);
	refresh_on_failed(&f.refresh, f.action.ticket, REFRESH_FAILED_CONNECT, f.now);
	expect(&f, REFRESH_NONE);
	/* We know that there is something newer, so the first retry comes soon … */
	usec_t wait = refresh_wake_at(&f.refresh) - f.now;
	ck_assert_int_ge(wait, USEC_PER_SEC * 3 / 4);
	ck_assert_int_le(wait, USEC_PER_SEC);
	/* … and the later ones no later than SOA RETRY. */
	for (int i = 0; i < 20; i++) {
		sleep_until_due(&f);
		expect(&f, REFRESH_IXFR);
		refresh_on_failed(&f.refresh, f.action.ticket, REFRESH_FAILED_CONNECT, f.now);
		expect(&f, REFRESH_IXFR);
		refresh_on_failed(&f.refresh, f.action.ticket, REFRESH_FAILED_CONNECT, f.now);
		expect(&f, REFRESH_NONE);
	}
	wait = refresh_wake_at(&f.refresh) - f.now;
	ck_assert_int_ge(wait, RETRY_S * USEC_PER_SEC * 3 / 4);
	ck_assert_int_le(wait, RETRY_S * USEC_PER_SEC);
}
END_TEST

START_TEST(local_trouble_does_not_bother_other_primaries)
{
	struct fixture f;

	begin_settled(&f, 2);
	notify(&f, 0, 11);
	expect(&f, REFRESH_IXFR);
	refresh_on_failed(&f.refresh, f.action.ticket, REFRESH_FAILED_LOCAL, f.now);
	expect(&f, REFRESH_NONE);
	ck_assert_int_eq(f.refresh.state, REFRESH_WAITING);
}
END_TEST

START_TEST(soa_query_is_repeated_then_the_next_primary_is_asked)
{
	struct fixture f;

	begin(&f, 2, 10);
	expect(&f, REFRESH_QUERY_SOA);
	uint32_t ticket = f.action.ticket;
	for (int i = 0; i < 2; i++) {
		sleep_until_due(&f);
		expect(&f, REFRESH_QUERY_SOA);
		ck_assert_uint_eq(f.action.ticket, ticket);
		ck_assert_uint_eq(f.action.primary, 0);
	}
	sleep_until_due(&f);
	expect(&f, REFRESH_CANCEL);
	ck_assert_uint_eq(f.action.ticket, ticket);
	expect(&f, REFRESH_QUERY_SOA);
	ck_assert_uint_eq(f.action.primary, 1);
	refresh_on_soa_failed(&f.refresh, f.action.ticket, f.now);
	expect(&f, REFRESH_NONE);
	usec_t wait = refresh_wake_at(&f.refresh) - f.now;
	ck_assert_int_ge(wait, RETRY_S * USEC_PER_SEC * 3 / 4);
	ck_assert_int_le(wait, RETRY_S * USEC_PER_SEC);
}
END_TEST

START_TEST(transfer_that_stalls_is_cancelled)
{
	struct fixture f;

	begin(&f, 1, 0);
	expect(&f, REFRESH_AXFR);
	uint32_t ticket = f.action.ticket;
	for (int i = 0; i < 100; i++) {
		refresh_on_progress(&f.refresh, ticket, f.now);
		f.now += 20 * USEC_PER_SEC;
		expect(&f, REFRESH_NONE);
	}
	sleep_until_due(&f);
	expect(&f, REFRESH_CANCEL);
	ck_assert_uint_eq(f.action.ticket, ticket);
	expect(&f, REFRESH_NONE);
	/* Without a zone the pauses grow from one second. */
	ck_assert_int_le(refresh_wake_at(&f.refresh) - f.now, USEC_PER_SEC);
}
END_TEST

START_TEST(transfer_that_trickles_is_cancelled_after_two_hours)
{
	struct fixture f;

	begin_settled(&f, 2);
	notify(&f, 0, 11);
	expect(&f, REFRESH_IXFR);
	for (int i = 0; i < 7200 / 20; i++) {
		expect(&f, REFRESH_NONE);
		refresh_on_progress(&f.refresh, f.action.ticket, f.now);
		f.now += 20 * USEC_PER_SEC;
	}
	expect(&f, REFRESH_CANCEL);
	expect(&f, REFRESH_IXFR);
	ck_assert_uint_eq(f.action.primary, 1);
}
END_TEST

START_TEST(primary_with_an_older_serial_is_reported_and_never_followed)
{
	struct fixture f;

	begin(&f, 2, 10);
	expect(&f, REFRESH_QUERY_SOA);
	refresh_on_soa(&f.refresh, f.action.ticket, 9, f.now);
	expect(&f, REFRESH_BEHIND);
	ck_assert_uint_eq(f.action.primary, 0);
	ck_assert_uint_eq(f.action.serial, 9);
	expect(&f, REFRESH_QUERY_SOA);
	ck_assert_uint_eq(f.action.primary, 1);
	refresh_on_soa(&f.refresh, f.action.ticket, 10 + 0x80000000u, f.now);
	expect(&f, REFRESH_BEHIND);
	expect(&f, REFRESH_NONE);
	ck_assert(f.refresh.behind_alarm);
	/* It is no confirmation either. */
	ck_assert_int_le(refresh_wake_at(&f.refresh) - f.now, RETRY_S * USEC_PER_SEC);
	/* Only the operator makes us take it. */
	refresh_force_axfr(&f.refresh, f.now);
	expect(&f, REFRESH_AXFR);
	ck_assert(f.action.any_serial);
	commit(&f, 9);
	expect(&f, REFRESH_NONE);
	ck_assert(!f.refresh.behind_alarm);
}
END_TEST

START_TEST(zone_expires_without_confirmation_and_recovers_with_one)
{
	struct fixture f;
	unsigned rounds = 0;

	begin_settled(&f, 1);
	usec_t confirmed = f.now;
	ck_assert_uint_eq(refresh_expires_in(&f.refresh, f.now), EXPIRE_S);
	for (;;) {
		sleep_until_due(&f);
		if (!refresh_step(&f.refresh, f.now, &f.action) || f.action.kind == REFRESH_CANCEL)
			continue;
		if (f.action.kind == REFRESH_EXPIRE)
			break;
		ck_assert_int_eq(f.action.kind, REFRESH_QUERY_SOA);
		rounds++;
	}
	ck_assert_int_eq(f.now, confirmed + EXPIRE_S * USEC_PER_SEC);
	ck_assert_uint_gt(rounds, 50);
	ck_assert_uint_eq(refresh_expires_in(&f.refresh, f.now), 0);
	/* A NOTIFY of the very serial we had is news now. */
	while (refresh_step(&f.refresh, f.now, &f.action))
		if (f.action.kind == REFRESH_QUERY_SOA)
			refresh_on_soa_failed(&f.refresh, f.action.ticket, f.now);
	refresh_on_soa_failed(&f.refresh, f.refresh.ticket, f.now);
	notify(&f, 0, 10);
	expect(&f, REFRESH_QUERY_SOA);
	refresh_on_soa(&f.refresh, f.action.ticket, 10, f.now);
	expect(&f, REFRESH_CONFIRMED);
	ck_assert(!f.refresh.expired);
	ck_assert_uint_eq(refresh_expires_in(&f.refresh, f.now), EXPIRE_S);
}
END_TEST

/* RFC 1912 section 2.2 wants EXPIRE to be the longest by far; nobody makes sure of it. */
START_TEST(zone_whose_refresh_is_longer_than_its_expire_is_asked_for_in_time)
{
	struct fixture f;
	struct refresh_timers timers = { .serial = 11, .refresh = UINT32_MAX, .retry = UINT32_MAX, .expire = 100 };

	begin_settled(&f, 1);
	notify(&f, 0, 11);
	expect(&f, REFRESH_IXFR);
	refresh_on_committed(&f.refresh, f.action.ticket, &timers, f.now);
	for (unsigned i = 0; i < 10; i++) {
		sleep_until_due(&f);
		expect(&f, REFRESH_QUERY_SOA);
		refresh_on_soa(&f.refresh, f.action.ticket, 11, f.now);
		expect(&f, REFRESH_CONFIRMED);
	}
}
END_TEST

START_TEST(expired_zone_is_asked_for_often_whatever_its_retry)
{
	struct fixture f;
	struct refresh_timers timers = { .serial = 11, .refresh = 100, .retry = UINT32_MAX, .expire = 1000 };

	begin_settled(&f, 1);
	notify(&f, 0, 11);
	expect(&f, REFRESH_IXFR);
	refresh_on_committed(&f.refresh, f.action.ticket, &timers, f.now);
	sleep_until_due(&f);
	expect(&f, REFRESH_QUERY_SOA);
	refresh_on_soa_failed(&f.refresh, f.action.ticket, f.now);
	expect(&f, REFRESH_NONE);
	sleep_until_due(&f);
	expect(&f, REFRESH_EXPIRE);
	for (unsigned i = 0; i < 20; i++) {
		usec_t before = f.now;
		expect(&f, REFRESH_QUERY_SOA);
		refresh_on_soa_failed(&f.refresh, f.action.ticket, f.now);
		expect(&f, REFRESH_NONE);
		sleep_until_due(&f);
		ck_assert_int_le(f.now - before, 60 * USEC_PER_SEC);
	}
	expect(&f, REFRESH_QUERY_SOA);
	refresh_on_soa(&f.refresh, f.action.ticket, 11, f.now);
	expect(&f, REFRESH_CONFIRMED);
}
END_TEST

START_TEST(age_survives_a_restart)
{
	struct fixture f;
	struct refresh_start start = {
		.has_zone = true, .timers = timers_of(10), .has_confirmed = true, .confirmed_age = (EXPIRE_S - 5) * USEC_PER_SEC,
	};

	begin(&f, 1, 0);
	refresh_init(&f.refresh, 1, &start, &f.rng, f.now);
	ck_assert_uint_eq(refresh_expires_in(&f.refresh, f.now), 5);
	start.confirmed_age = EXPIRE_S * USEC_PER_SEC;
	refresh_init(&f.refresh, 1, &start, &f.rng, f.now);
	expect(&f, REFRESH_EXPIRE);
	expect(&f, REFRESH_QUERY_SOA);
}
END_TEST

START_TEST(announced_serial_is_looked_for_at_all_primaries)
{
	struct fixture f;

	begin_settled(&f, 3);
	notify(&f, -1, 11);
	for (unsigned i = 0; i < 2; i++) {
		expect(&f, REFRESH_IXFR);
		ck_assert_uint_eq(f.action.primary, i);
		refresh_on_current(&f.refresh, f.action.ticket, 10, f.now);
	}
	expect(&f, REFRESH_IXFR);
	ck_assert_uint_eq(f.action.primary, 2);
	commit(&f, 11);
	expect(&f, REFRESH_NONE);
}
END_TEST

START_TEST(forged_notifies_cost_few_rounds)
{
	struct fixture f;
	unsigned rounds = 0;

	begin_settled(&f, 1);
	usec_t end = f.now + 60 * USEC_PER_SEC;
	for (uint32_t serial = 11; f.now < end; serial++) {
		notify(&f, 0, serial);
		while (refresh_step(&f.refresh, f.now, &f.action)) {
			if (f.action.kind == REFRESH_IXFR) {
				rounds++;
				refresh_on_current(&f.refresh, f.action.ticket, 10, f.now);
			}
		}
		f.now += USEC_PER_MSEC;
	}
	ck_assert_uint_le(rounds, 25);
	ck_assert_uint_ge(rounds, 10);
	/* A true one is then acted on within the longest pause, and trust returns. */
	notify(&f, 0, 1000000);
	while (!refresh_step(&f.refresh, f.now, &f.action)) {
		sleep_until_due(&f);
		ck_assert_int_le(f.now, end + 6 * USEC_PER_SEC);
	}
	ck_assert_int_eq(f.action.kind, REFRESH_IXFR);
	commit(&f, 1000000);
	notify(&f, 0, 1000001);
	expect(&f, REFRESH_IXFR);
}
END_TEST

START_TEST(older_notify_is_checked_but_rarely)
{
	struct fixture f;

	begin_settled(&f, 1);
	notify(&f, 0, 9);
	expect(&f, REFRESH_QUERY_SOA);
	refresh_on_soa(&f.refresh, f.action.ticket, 10, f.now);
	expect(&f, REFRESH_CONFIRMED);
	f.now += 30 * USEC_PER_SEC;
	notify(&f, 0, 9);
	expect(&f, REFRESH_NONE);
	f.now += 31 * USEC_PER_SEC;
	notify(&f, 0, 9);
	expect(&f, REFRESH_QUERY_SOA);
}
END_TEST

START_TEST(operator_can_force_a_round_and_interrupt_a_transfer)
{
	struct fixture f;

	begin_settled(&f, 1);
	refresh_force(&f.refresh);
	expect(&f, REFRESH_QUERY_SOA);
	refresh_on_soa(&f.refresh, f.action.ticket, 11, f.now);
	expect(&f, REFRESH_IXFR);
	uint32_t ticket = f.action.ticket;
	refresh_force_axfr(&f.refresh, f.now);
	expect(&f, REFRESH_CANCEL);
	ck_assert_uint_eq(f.action.ticket, ticket);
	expect(&f, REFRESH_AXFR);
	ck_assert(f.action.any_serial);
	/* A commit of the cancelled transfer that came through is known, but ends nothing. */
	struct refresh_timers timers = timers_of(11);
	refresh_on_committed(&f.refresh, ticket, &timers, f.now);
	ck_assert_int_eq(f.refresh.state, REFRESH_TRANSFERRING);
}
END_TEST

/* Two primaries and two members (numbers 2 and 3) that have told what they have. */
static void begin_grouped(struct fixture *f, struct group *group)
{
	ck_assert_int_eq(group_init(group, 2, 2), ZT_OK);
	begin_settled(f, 2);
	refresh_set_group(&f->refresh, group);
}

START_TEST(news_are_taken_from_the_nearest_and_the_primaries_come_last)
{
	struct fixture f;
	struct group group;

	begin_grouped(&f, &group);
	group_note_rtt(&group, 0, 50000);
	group_note_rtt(&group, 2, 9000);
	group_note_rtt(&group, 3, 1000);
	group_note_serial(&group, 0, 11);
	group_note_serial(&group, 2, 11);
	group_note_serial(&group, 3, 11);
	notify(&f, 2, 11);
	expect(&f, REFRESH_IXFR);
	ck_assert_uint_eq(f.action.primary, 3);
	/* It has less than it said: the next nearest; a member that is no better than we is no answer. */
	refresh_on_current(&f.refresh, f.action.ticket, 10, f.now);
	expect(&f, REFRESH_IXFR);
	ck_assert_uint_eq(f.action.primary, 2);
	refresh_on_failed(&f.refresh, f.action.ticket, REFRESH_FAILED_CONNECT, f.now);
	expect(&f, REFRESH_IXFR);
	ck_assert_uint_eq(f.action.primary, 0);
	refresh_on_failed(&f.refresh, f.action.ticket, REFRESH_FAILED_CONNECT, f.now);
	expect(&f, REFRESH_IXFR);
	ck_assert_uint_eq(f.action.primary, 1);
	commit(&f, 11);
	expect(&f, REFRESH_NONE);
	group_fini(&group);
}
END_TEST

START_TEST(members_are_not_asked_for_news)
{
	struct fixture f;
	struct group group;

	begin_grouped(&f, &group);
	group_note_serial(&group, 3, 11);
	notify(&f, 3, 11);
	expect(&f, REFRESH_IXFR);
	ck_assert_uint_eq(f.action.primary, 3);
	commit(&f, 11);
	expect(&f, REFRESH_NONE);
	/* The timer, and a NOTIFY that names no serial, lead to a primary. */
	sleep_until_due(&f);
	expect(&f, REFRESH_QUERY_SOA);
	ck_assert_uint_lt(f.action.primary, 2);
	refresh_on_soa(&f.refresh, f.action.ticket, 11, f.now);
	expect(&f, REFRESH_CONFIRMED);
	refresh_on_notify(&f.refresh, 3, NULL, f.now);
	expect(&f, REFRESH_QUERY_SOA);
	ck_assert_uint_lt(f.action.primary, 2);
	group_fini(&group);
}
END_TEST

START_TEST(zone_that_changes_without_notify_is_asked_for_more_often)
{
	struct fixture f;

	begin_settled(&f, 1);
	for (uint32_t serial = 11; serial < 31; serial++) {
		sleep_until_due(&f);
		expect(&f, REFRESH_QUERY_SOA);
		refresh_on_soa(&f.refresh, f.action.ticket, serial, f.now);
		expect(&f, REFRESH_IXFR);
		commit(&f, serial);
		expect(&f, REFRESH_NONE);
		ck_assert_int_le(refresh_wake_at(&f.refresh) - f.now, REFRESH_S * USEC_PER_SEC);
	}
	ck_assert_int_lt(refresh_wake_at(&f.refresh) - f.now, REFRESH_S * USEC_PER_SEC / 10);
	/* Nothing more happens: back to REFRESH. */
	for (unsigned i = 0; i < 1000; i++) {
		sleep_until_due(&f);
		expect(&f, REFRESH_QUERY_SOA);
		refresh_on_soa(&f.refresh, f.action.ticket, 30, f.now);
		expect(&f, REFRESH_CONFIRMED);
		expect(&f, REFRESH_NONE);
	}
	ck_assert_int_ge(refresh_wake_at(&f.refresh) - f.now, REFRESH_S * USEC_PER_SEC * 9 / 10);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("refresh");
	TCase *tc = tcase_create("refresh");
	tcase_add_test(tc, empty_zone_is_transferred_whole_at_once);
	tcase_add_test(tc, refresh_timer_asks_for_the_soa_and_follows_a_newer_serial);
	tcase_add_test(tc, notify_with_a_newer_serial_needs_no_soa_query);
	tcase_add_test(tc, serials_wrap_around);
	tcase_add_test(tc, notify_during_a_transfer_is_remembered);
	tcase_add_test(tc, notify_during_a_soa_query_goes_straight_for_the_transfer);
	tcase_add_test(tc, ladder_goes_ixfr_axfr_next_primary_retry);
	tcase_add_test(tc, local_trouble_does_not_bother_other_primaries);
	tcase_add_test(tc, soa_query_is_repeated_then_the_next_primary_is_asked);
	tcase_add_test(tc, transfer_that_stalls_is_cancelled);
	tcase_add_test(tc, transfer_that_trickles_is_cancelled_after_two_hours);
	tcase_add_test(tc, primary_with_an_older_serial_is_reported_and_never_followed);
	tcase_add_test(tc, zone_expires_without_confirmation_and_recovers_with_one);
	tcase_add_test(tc, zone_whose_refresh_is_longer_than_its_expire_is_asked_for_in_time);
	tcase_add_test(tc, expired_zone_is_asked_for_often_whatever_its_retry);
	tcase_add_test(tc, age_survives_a_restart);
	tcase_add_test(tc, announced_serial_is_looked_for_at_all_primaries);
	tcase_add_test(tc, forged_notifies_cost_few_rounds);
	tcase_add_test(tc, older_notify_is_checked_but_rarely);
	tcase_add_test(tc, operator_can_force_a_round_and_interrupt_a_transfer);
	tcase_add_test(tc, news_are_taken_from_the_nearest_and_the_primaries_come_last);
	tcase_add_test(tc, members_are_not_asked_for_news);
	tcase_add_test(tc, zone_that_changes_without_notify_is_asked_for_more_often);
	suite_add_tcase(suite, tc);
	return suite_run(suite);
}

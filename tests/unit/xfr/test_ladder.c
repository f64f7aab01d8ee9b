/* lib/xfr/refresh: how a secondary heals: the ladder of transfers, diverged and disagreeing primaries, serials that went back, EXPIRE. */
#include "lib/xfr/refresh.h"
#include "tests/support/suite.h"

enum { REFRESH_S = 1000, RETRY_S = 100, EXPIRE_S = 10000 };

struct fixture {
	struct refresh refresh;
	struct rng rng;
	usec_t now;
	struct refresh_action action;
};

static const struct refresh_peer same = { .content = REFRESH_CONTENT_SAME, .reconciles = true };
static const struct refresh_peer other = { .content = REFRESH_CONTENT_OTHER, .reconciles = true };
static const struct refresh_peer other_plain = { .content = REFRESH_CONTENT_OTHER };
static const struct refresh_peer was_ours = { .content = REFRESH_CONTENT_OTHER, .was_ours = true, .reconciles = true };

static struct refresh_timers timers_of(uint32_t serial)
{
	return (struct refresh_timers){ .serial = serial, .refresh = REFRESH_S, .retry = RETRY_S, .expire = EXPIRE_S };
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

static void says(struct fixture *f, const struct refresh_peer *peer)
{
	refresh_on_peer(&f->refresh, f->action.ticket, peer);
}

static void soa(struct fixture *f, uint32_t serial)
{
	refresh_on_soa(&f->refresh, f->action.ticket, serial, f->now);
}

static void fails(struct fixture *f, enum refresh_failure failure)
{
	refresh_on_failed(&f->refresh, f->action.ticket, failure, f->now);
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

/* With a zone of serial 10, which the first primary has confirmed, waiting. */
static void begin(struct fixture *f, unsigned primaries)
{
	struct refresh_start start = { .has_zone = true, .timers = timers_of(10) };
	rng_seed(&f->rng, 7);
	f->now = 1000000 * USEC_PER_SEC;
	refresh_init(&f->refresh, primaries, &start, &f->rng, f->now);
	expect(f, REFRESH_QUERY_SOA);
	says(f, &same);
	soa(f, 10);
	expect(f, REFRESH_CONFIRMED);
	expect(f, REFRESH_NONE);
}

/* ---- the ladder ------------------------------------------------------------------------------------------------------------------------ */

START_TEST(ladder_goes_ixfr_reconciliation_axfr_next_primary)
{
	struct fixture f;

	begin(&f, 2);
	notify(&f, 0, 11);
	expect(&f, REFRESH_IXFR);
	says(&f, &other);
	fails(&f, REFRESH_FAILED_ANSWER);
	expect(&f, REFRESH_RECONCILE);
	ck_assert(!f.action.any_serial);
	ck_assert_uint_eq(f.action.primary, 0);
	fails(&f, REFRESH_FAILED_ANSWER);
	expect(&f, REFRESH_AXFR);
	ck_assert_uint_eq(f.action.primary, 0);
	fails(&f, REFRESH_FAILED_ANSWER);
	/* The next one does not say that it speaks reconciliation. */
	expect(&f, REFRESH_IXFR);
	ck_assert_uint_eq(f.action.primary, 1);
	fails(&f, REFRESH_FAILED_ANSWER);
	expect(&f, REFRESH_AXFR);
	ck_assert_uint_eq(f.action.primary, 1);
	commit(&f, 11);
	expect(&f, REFRESH_NONE);
	ck_assert_int_eq(f.refresh.failed_rounds, 0);
}
END_TEST

START_TEST(reconciliation_without_a_connection_goes_to_the_next_primary)
{
	struct fixture f;

	begin(&f, 2);
	notify(&f, 0, 11);
	expect(&f, REFRESH_IXFR);
	says(&f, &other);
	fails(&f, REFRESH_FAILED_ANSWER);
	expect(&f, REFRESH_RECONCILE);
	fails(&f, REFRESH_FAILED_CONNECT);
	expect(&f, REFRESH_IXFR);
	ck_assert_uint_eq(f.action.primary, 1);
}
END_TEST

START_TEST(silence_after_an_ixfr_question_leads_to_axfr)
{
	struct fixture f;

	begin(&f, 1);
	notify(&f, 0, 11);
	expect(&f, REFRESH_IXFR);
	refresh_on_progress(&f.refresh, f.action.ticket, f.now);
	sleep_until_due(&f);
	expect(&f, REFRESH_CANCEL);
	expect(&f, REFRESH_AXFR);
	commit(&f, 11);
	expect(&f, REFRESH_NONE);
	/* That it is so with IXFR is not remembered. */
	notify(&f, 0, 12);
	expect(&f, REFRESH_IXFR);
}
END_TEST

START_TEST(silence_with_other_primaries_goes_on_there_and_axfr_is_for_the_next_round)
{
	struct fixture f;

	begin(&f, 2);
	notify(&f, 0, 11);
	expect(&f, REFRESH_IXFR);
	refresh_on_progress(&f.refresh, f.action.ticket, f.now);
	sleep_until_due(&f);
	expect(&f, REFRESH_CANCEL);
	expect(&f, REFRESH_IXFR);
	ck_assert_uint_eq(f.action.primary, 1);
	fails(&f, REFRESH_FAILED_CONNECT);
	expect(&f, REFRESH_NONE);
	sleep_until_due(&f);
	expect(&f, REFRESH_AXFR);
	fails(&f, REFRESH_FAILED_CONNECT);
	expect(&f, REFRESH_AXFR);
	fails(&f, REFRESH_FAILED_CONNECT);
	expect(&f, REFRESH_NONE);
	sleep_until_due(&f);
	expect(&f, REFRESH_IXFR);
}
END_TEST

START_TEST(failed_transfer_of_a_notify_is_owed_until_it_is_done)
{
	struct fixture f;
	unsigned tries = 0;

	begin(&f, 1);
	notify(&f, 0, 11);
	usec_t end = f.now + 30 * USEC_PER_SEC;
	while (f.now < end) {
		expect(&f, REFRESH_IXFR);
		fails(&f, REFRESH_FAILED_ANSWER);
		expect(&f, REFRESH_AXFR);
		fails(&f, REFRESH_FAILED_ANSWER);
		expect(&f, REFRESH_NONE);
		tries++;
		sleep_until_due(&f);
	}
	/* Pauses of about 1, 2, 4, 8, 16 s: neither given up nor a storm. */
	ck_assert_uint_ge(tries, 5);
	ck_assert_uint_le(tries, 6);
	expect(&f, REFRESH_IXFR);
	commit(&f, 11);
	expect(&f, REFRESH_NONE);
	ck_assert_int_ge(refresh_wake_at(&f.refresh) - f.now, REFRESH_S * USEC_PER_SEC * 9 / 10);
}
END_TEST

START_TEST(notify_without_serial_that_nobody_could_answer_for_is_owed_too)
{
	struct fixture f;

	begin(&f, 1);
	refresh_on_notify(&f.refresh, 0, NULL, f.now);
	for (unsigned i = 0; i < 3; i++) {
		usec_t before = f.now;
		expect(&f, REFRESH_QUERY_SOA);
		refresh_on_soa_failed(&f.refresh, f.action.ticket, f.now);
		expect(&f, REFRESH_NONE);
		sleep_until_due(&f);
		ck_assert_int_le(f.now - before, (USEC_PER_SEC << i));
	}
	expect(&f, REFRESH_QUERY_SOA);
	soa(&f, 11);
	expect(&f, REFRESH_IXFR);
}
END_TEST

/* All that fails, for a day, with a NOTIFY each second: a bounded number of questions, and never the end of them. */
START_TEST(retries_never_end_and_never_storm)
{
	struct fixture f;
	unsigned questions = 0, late = 0;

	begin(&f, 3);
	usec_t begun = f.now, end = f.now + 86400 * USEC_PER_SEC, next_notify = f.now;
	while (f.now < end) {
		if (f.now >= next_notify) {
			notify(&f, (int)(f.now % 3), 11);
			next_notify = f.now + USEC_PER_SEC;
		}
		while (refresh_step(&f.refresh, f.now, &f.action)) {
			if (f.action.kind == REFRESH_QUERY_SOA)
				refresh_on_soa_failed(&f.refresh, f.action.ticket, f.now);
			else if (f.action.kind == REFRESH_IXFR || f.action.kind == REFRESH_RECONCILE || f.action.kind == REFRESH_AXFR)
				fails(&f, REFRESH_FAILED_ANSWER);
			else
				continue;
			questions++;
			late += f.now > end - 100 * USEC_PER_SEC;
		}
		usec_t wake = refresh_wake_at(&f.refresh);
		ck_assert_int_gt(wake, f.now);
		f.now = wake < next_notify ? wake : next_notify;
	}
	/* At most six questions (IXFR and AXFR at three primaries) in five seconds, where somebody sends a NOTIFY all the time. */
	ck_assert_uint_le(questions, (unsigned)((end - begun) / USEC_PER_SEC / 4 * 6));
	ck_assert_uint_ge(late, 6);
}
END_TEST

/* ---- the same serial, other content --------------------------------------------------------------------------------------------------- */

START_TEST(primary_that_diverged_is_reported_and_followed)
{
	struct fixture f;

	begin(&f, 1);
	sleep_until_due(&f);
	expect(&f, REFRESH_QUERY_SOA);
	says(&f, &other);
	soa(&f, 10);
	expect(&f, REFRESH_DIVERGED);
	ck_assert_uint_eq(f.action.serial, 10);
	expect(&f, REFRESH_RECONCILE);
	ck_assert(f.action.any_serial);
	fails(&f, REFRESH_FAILED_ANSWER);
	expect(&f, REFRESH_AXFR);
	ck_assert(f.action.any_serial);
	commit(&f, 10);
	expect(&f, REFRESH_NONE);
	ck_assert(!f.refresh.has_diverged);
}
END_TEST

START_TEST(divergence_is_seen_in_the_answer_to_an_ixfr_too)
{
	struct fixture f;

	begin(&f, 1);
	notify(&f, 0, 11);
	expect(&f, REFRESH_IXFR);
	says(&f, &other_plain);
	refresh_on_current(&f.refresh, f.action.ticket, 10, f.now);
	expect(&f, REFRESH_DIVERGED);
	expect(&f, REFRESH_AXFR);
	ck_assert(f.action.any_serial);
}
END_TEST

START_TEST(divergence_told_by_notify_is_looked_into)
{
	struct fixture f;

	begin(&f, 2);
	refresh_on_notify_diverged(&f.refresh, 0, f.now);
	expect(&f, REFRESH_QUERY_SOA);
	ck_assert_uint_eq(f.action.primary, 0);
	says(&f, &other);
	soa(&f, 10);
	expect(&f, REFRESH_DIVERGED);
	expect(&f, REFRESH_RECONCILE);
	commit(&f, 10);
	expect(&f, REFRESH_NONE);
}
END_TEST

START_TEST(repair_that_does_not_help_is_not_repeated_all_the_time)
{
	struct fixture f;
	unsigned repairs = 0, looks = 0;

	begin(&f, 1);
	usec_t end = f.now + 86400 * USEC_PER_SEC;
	while (f.now < end) {
		refresh_on_notify_diverged(&f.refresh, 0, f.now);
		while (refresh_step(&f.refresh, f.now, &f.action)) {
			if (f.action.kind == REFRESH_QUERY_SOA) {
				looks++;
				says(&f, &other);
				soa(&f, 10);
			} else if (f.action.kind == REFRESH_RECONCILE) {
				repairs++;
				commit(&f, 10);
			}
		}
		f.now += 5 * USEC_PER_SEC;
	}
	ck_assert_uint_ge(repairs, 20);
	ck_assert_uint_le(repairs, 40);
	ck_assert_uint_ge(looks, repairs);
	ck_assert_uint_le(looks, 3 * repairs + 86400 / (REFRESH_S * 9 / 10));
	ck_assert(!f.refresh.expired);
	/* When they are equal again, all is forgotten. */
	refresh_force(&f.refresh);
	expect(&f, REFRESH_QUERY_SOA);
	says(&f, &same);
	soa(&f, 10);
	expect(&f, REFRESH_CONFIRMED);
	ck_assert(!f.refresh.has_diverged);
	refresh_on_notify_diverged(&f.refresh, 0, f.now);
	expect(&f, REFRESH_QUERY_SOA);
	says(&f, &other);
	soa(&f, 10);
	expect(&f, REFRESH_DIVERGED);
	expect(&f, REFRESH_RECONCILE);
}
END_TEST

START_TEST(primaries_that_disagree_are_reported_and_the_followed_one_stays_followed)
{
	struct fixture f;

	begin(&f, 2);
	refresh_on_notify_diverged(&f.refresh, 1, f.now);
	expect(&f, REFRESH_QUERY_SOA);
	ck_assert_uint_eq(f.action.primary, 1);
	says(&f, &other);
	soa(&f, 10);
	expect(&f, REFRESH_DISAGREE);
	ck_assert_uint_eq(f.action.primary, 1);
	expect(&f, REFRESH_QUERY_SOA);
	ck_assert_uint_eq(f.action.primary, 0);
	says(&f, &same);
	soa(&f, 10);
	expect(&f, REFRESH_CONFIRMED);
	ck_assert(f.refresh.has_diverged);
	expect(&f, REFRESH_NONE);
	/* What is newer is taken from anybody, and then that one is followed. */
	f.now += USEC_PER_SEC;
	notify(&f, 1, 11);
	expect(&f, REFRESH_IXFR);
	ck_assert_uint_eq(f.action.primary, 1);
	says(&f, &other);
	fails(&f, REFRESH_FAILED_ANSWER);
	expect(&f, REFRESH_RECONCILE);
	commit(&f, 11);
	expect(&f, REFRESH_NONE);
	refresh_on_notify_diverged(&f.refresh, 0, f.now);
	expect(&f, REFRESH_QUERY_SOA);
	ck_assert_uint_eq(f.action.primary, 0);
	says(&f, &other);
	soa(&f, 11);
	expect(&f, REFRESH_DISAGREE);
}
END_TEST

START_TEST(expired_zone_takes_what_any_primary_has)
{
	struct fixture f;

	begin(&f, 2);
	while (f.refresh.state != REFRESH_ASKING || !f.refresh.expired) {
		sleep_until_due(&f);
		while (refresh_step(&f.refresh, f.now, &f.action)) {
			if (f.action.kind == REFRESH_QUERY_SOA && f.refresh.expired)
				break;
			if (f.action.kind == REFRESH_QUERY_SOA)
				refresh_on_soa_failed(&f.refresh, f.action.ticket, f.now);
		}
	}
	if (f.action.primary == 0) {
		refresh_on_soa_failed(&f.refresh, f.action.ticket, f.now);
		expect(&f, REFRESH_QUERY_SOA);
	}
	ck_assert_uint_eq(f.action.primary, 1);
	says(&f, &other);
	soa(&f, 10);
	expect(&f, REFRESH_DIVERGED);
	expect(&f, REFRESH_RECONCILE);
}
END_TEST

/* ---- serials that went back ------------------------------------------------------------------------------------------------------------- */

START_TEST(what_was_once_ours_is_adopted_only_where_that_is_the_policy)
{
	struct fixture f;

	for (int adopts = 0; adopts < 2; adopts++) {
		begin(&f, 1);
		refresh_set_adopts(&f.refresh, adopts);
		notify(&f, 0, 8);
		expect(&f, REFRESH_QUERY_SOA);
		says(&f, &was_ours);
		soa(&f, 8);
		expect(&f, adopts ? REFRESH_ADOPT : REFRESH_BEHIND);
		ck_assert_uint_eq(f.action.serial, 8);
		expect(&f, adopts ? REFRESH_RECONCILE : REFRESH_NONE);
		if (!adopts)
			continue;
		ck_assert(f.action.any_serial);
		commit(&f, 8);
		expect(&f, REFRESH_NONE);
		ck_assert(!f.refresh.behind_alarm);
		ck_assert_uint_eq(f.refresh.timers.serial, 8);
	}
}
END_TEST

START_TEST(older_serial_without_proof_of_lineage_is_never_adopted)
{
	struct fixture f;

	begin(&f, 1);
	refresh_set_adopts(&f.refresh, true);
	sleep_until_due(&f);
	expect(&f, REFRESH_QUERY_SOA);
	says(&f, &other);
	soa(&f, 8);
	expect(&f, REFRESH_BEHIND);
	expect(&f, REFRESH_NONE);
	/* Nor where nothing is said of the content. */
	sleep_until_due(&f);
	expect(&f, REFRESH_QUERY_SOA);
	soa(&f, 8);
	expect(&f, REFRESH_BEHIND);
	expect(&f, REFRESH_NONE);
}
END_TEST

START_TEST(primary_that_lags_behind_others_is_not_adopted)
{
	struct fixture f;

	begin(&f, 2);
	refresh_set_adopts(&f.refresh, true);
	/* The other one confirms ours. */
	refresh_on_notify(&f.refresh, 1, NULL, f.now);
	expect(&f, REFRESH_QUERY_SOA);
	says(&f, &was_ours);
	soa(&f, 8);
	expect(&f, REFRESH_BEHIND);
	expect(&f, REFRESH_QUERY_SOA);
	says(&f, &same);
	soa(&f, 10);
	expect(&f, REFRESH_CONFIRMED);
	expect(&f, REFRESH_NONE);
	/* The other one does not answer, and may have ours. */
	f.now += 10 * USEC_PER_SEC;
	refresh_on_notify(&f.refresh, 1, NULL, f.now);
	expect(&f, REFRESH_QUERY_SOA);
	says(&f, &was_ours);
	soa(&f, 8);
	expect(&f, REFRESH_BEHIND);
	expect(&f, REFRESH_QUERY_SOA);
	refresh_on_soa_failed(&f.refresh, f.action.ticket, f.now);
	expect(&f, REFRESH_NONE);
}
END_TEST

START_TEST(of_primaries_that_all_went_back_the_newest_is_adopted)
{
	struct fixture f;

	begin(&f, 2);
	refresh_set_adopts(&f.refresh, true);
	sleep_until_due(&f);
	expect(&f, REFRESH_QUERY_SOA);
	says(&f, &was_ours);
	soa(&f, 9);
	expect(&f, REFRESH_BEHIND);
	expect(&f, REFRESH_QUERY_SOA);
	ck_assert_uint_eq(f.action.primary, 1);
	says(&f, &was_ours);
	soa(&f, 8);
	expect(&f, REFRESH_ADOPT);
	ck_assert_uint_eq(f.action.primary, 0);
	ck_assert_uint_eq(f.action.serial, 9);
	expect(&f, REFRESH_RECONCILE);
	ck_assert_uint_eq(f.action.primary, 0);
	/* Should all fail, the round ends like another. */
	fails(&f, REFRESH_FAILED_ANSWER);
	expect(&f, REFRESH_AXFR);
	ck_assert(f.action.any_serial);
	fails(&f, REFRESH_FAILED_ANSWER);
	expect(&f, REFRESH_NONE);
	ck_assert_int_eq(f.refresh.state, REFRESH_WAITING);
}
END_TEST

/* ---- EXPIRE (RFC 7314) -------------------------------------------------------------------------------------------------------------------- */

static void expect_expiry_in(const struct fixture *f, uint32_t seconds)
{
	ck_assert_uint_eq(refresh_expires_in(&f->refresh, f->now), seconds);
}

START_TEST(what_is_left_at_the_primary_bounds_our_own_time)
{
	struct fixture f;
	struct refresh_peer left = { .has_expire = true, .expire = 50 };

	begin(&f, 1);
	expect_expiry_in(&f, EXPIRE_S);
	notify(&f, 0, 11);
	expect(&f, REFRESH_IXFR);
	says(&f, &left);
	commit(&f, 11);
	expect_expiry_in(&f, 50);
	expect(&f, REFRESH_NONE);
	/* And it is asked for in time. */
	ck_assert_int_le(refresh_wake_at(&f.refresh) - f.now, 25 * USEC_PER_SEC);
	f.now += 40 * USEC_PER_SEC;
	expect(&f, REFRESH_QUERY_SOA);
	left.expire = 30;
	says(&f, &left);
	soa(&f, 11);
	expect(&f, REFRESH_CONFIRMED);
	expect_expiry_in(&f, 30);
	expect(&f, REFRESH_NONE);
	f.now += 31 * USEC_PER_SEC;
	expect(&f, REFRESH_EXPIRE);
}
END_TEST

START_TEST(a_primary_whose_own_version_is_at_its_end_confirms_nothing)
{
	struct fixture f;
	struct refresh_peer nothing_left = { .has_expire = true, .expire = 0 };
	unsigned asked = 0;

	begin(&f, 1);
	/* It expires here, and there it is about to: no flicker, no storm. */
	for (usec_t end = f.now + (2 * EXPIRE_S) * USEC_PER_SEC; f.now < end;) {
		sleep_until_due(&f);
		while (refresh_step(&f.refresh, f.now, &f.action)) {
			ck_assert_int_ne(f.action.kind, REFRESH_CONFIRMED);
			if (f.action.kind != REFRESH_QUERY_SOA)
				continue;
			asked += f.refresh.expired;
			says(&f, &nothing_left);
			soa(&f, 10);
		}
	}
	ck_assert(f.refresh.expired);
	ck_assert_uint_le(asked, EXPIRE_S / 40 + 10);
}
END_TEST

START_TEST(confirmation_never_takes_time_away_and_soa_expire_is_the_most)
{
	struct fixture f;
	struct refresh_peer left = { .has_expire = true, .expire = 50 };

	begin(&f, 1);
	f.now += REFRESH_S * USEC_PER_SEC;
	expect(&f, REFRESH_QUERY_SOA);
	says(&f, &left);
	soa(&f, 10);
	expect(&f, REFRESH_CONFIRMED);
	expect_expiry_in(&f, EXPIRE_S - REFRESH_S);
	expect(&f, REFRESH_NONE);
	sleep_until_due(&f);
	expect(&f, REFRESH_QUERY_SOA);
	left.expire = 10 * EXPIRE_S;
	says(&f, &left);
	soa(&f, 10);
	expect(&f, REFRESH_CONFIRMED);
	expect_expiry_in(&f, EXPIRE_S);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("ladder");
	TCase *tcase = tcase_create("ladder");

	tcase_add_test(tcase, ladder_goes_ixfr_reconciliation_axfr_next_primary);
	tcase_add_test(tcase, reconciliation_without_a_connection_goes_to_the_next_primary);
	tcase_add_test(tcase, silence_after_an_ixfr_question_leads_to_axfr);
	tcase_add_test(tcase, silence_with_other_primaries_goes_on_there_and_axfr_is_for_the_next_round);
	tcase_add_test(tcase, failed_transfer_of_a_notify_is_owed_until_it_is_done);
	tcase_add_test(tcase, notify_without_serial_that_nobody_could_answer_for_is_owed_too);
	tcase_add_test(tcase, retries_never_end_and_never_storm);
	tcase_add_test(tcase, primary_that_diverged_is_reported_and_followed);
	tcase_add_test(tcase, divergence_is_seen_in_the_answer_to_an_ixfr_too);
	tcase_add_test(tcase, divergence_told_by_notify_is_looked_into);
	tcase_add_test(tcase, repair_that_does_not_help_is_not_repeated_all_the_time);
	tcase_add_test(tcase, primaries_that_disagree_are_reported_and_the_followed_one_stays_followed);
	tcase_add_test(tcase, expired_zone_takes_what_any_primary_has);
	tcase_add_test(tcase, what_was_once_ours_is_adopted_only_where_that_is_the_policy);
	tcase_add_test(tcase, older_serial_without_proof_of_lineage_is_never_adopted);
	tcase_add_test(tcase, primary_that_lags_behind_others_is_not_adopted);
	tcase_add_test(tcase, of_primaries_that_all_went_back_the_newest_is_adopted);
	tcase_add_test(tcase, what_is_left_at_the_primary_bounds_our_own_time);
	tcase_add_test(tcase, a_primary_whose_own_version_is_at_its_end_confirms_nothing);
	tcase_add_test(tcase, confirmation_never_takes_time_away_and_soa_expire_is_the_most);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}

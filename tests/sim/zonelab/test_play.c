/* The machine that plays a scenario, under a manual clock and with invented answers. */
#include <stdlib.h>
#include <string.h>

#include "lib/dns/rrtype.h"
#include "tests/support/suite.h"
#include "tools/zonelab/scenario/journal.h"

#define LAB \
	"nodes:\n  - {name: ns1.test, kind: authd}\n  - {name: ns2.test, kind: authd}\n  - {name: edge, kind: resolverd}\n" \
	"zones:\n  - {name: ., primary: ns1.test}\n  - {name: test., primary: ns1.test, secondaries: [ns2.test], records: www A 192.0.2.1}\n"
#define HEAD "title: a title\ntopology: some.yaml\nsteps:\n"
#define MS USEC_PER_MSEC
#define SEC USEC_PER_SEC

enum { NS1, NS2, EDGE, NODES };

/* What the nodes would say. */
struct world {
	struct topology topology;
	struct scenario scenario;
	struct play play;
	usec_t now;
	struct { uint32_t serial; uint8_t www; bool is_silent, is_nxdomain; } nodes[NODES];
};

static void world_new(struct world *w, const char *text)
{
	struct topology_text lab = { "lab.yaml", LAB, strlen(LAB) }, source = { "s.yaml", text, strlen(text) };
	struct problems problems;

	*w = (struct world){ 0 };
	problems_init(&problems, "s.yaml");
	ck_assert_int_eq(topology_parse(&w->topology, &lab, &problems), ZT_OK);
	ck_assert_int_eq(scenario_parse(&w->scenario, &source, &problems), ZT_OK);
	ck_assert_int_eq(scenario_bind(&w->scenario, &w->topology, &problems), ZT_OK);
	ck_assert_int_eq(play_init(&w->play, &w->scenario), ZT_OK);
	for (int i = 0; i < NODES; i++) {
		w->nodes[i].serial = 1;
		w->nodes[i].www = 1;
	}
	problems_fini(&problems);
}

static void world_end(struct world *w)
{
	play_fini(&w->play);
	scenario_free(&w->scenario);
	topology_free(&w->topology);
}

/* Every question that is wanted is answered, with the time it was asked at. */
static void answer_all(struct world *w, usec_t asked)
{
	for (uint32_t i = 0; i < w->scenario.question_count; i++) {
		const struct question *question = &w->scenario.questions[i];
		size_t node = (size_t)(question->node - w->topology.nodes);
		struct sight sight = { .asked = asked, .is_silent = w->nodes[node].is_silent };
		struct probe *probe = &sight.value;
		if (!play_wants(&w->play, i))
			continue;
		*probe = (struct probe){ .type = question->type, .answered = true, .serial = w->nodes[node].serial };
		if (w->nodes[node].is_nxdomain) {
			probe->rcode = 3;
		} else {
			const uint8_t rdata[] = { 192, 0, 2, w->nodes[node].www };
			memcpy(probe->bytes, rdata, sizeof(rdata));
			probe->rdata[0] = probe->bytes;
			probe->rdata_len[0] = sizeof(rdata);
			probe->count = 1;
		}
		play_seen(&w->play, i, &sight, w->now);
	}
}

static void answer_all_once(struct world *w)
{
	ck_assert_int_eq(play_next(&w->play, w->now).want, PLAY_WAIT);
	answer_all(w, w->now);
}

/* Goes on until a step wants to be done, everything has ended, or that time. Answers come every 50 ms. */
static struct play_next go(struct world *w, usec_t until)
{
	for (;;) {
		struct play_next next = play_next(&w->play, w->now);
		if (next.want != PLAY_WAIT || w->now >= until)
			return next;
		answer_all(w, w->now);
		w->now += 50 * MS;
	}
}

/* The next thing is to do that step, which is done. */
static void act(struct world *w, uint32_t step)
{
	struct play_next next = go(w, INT64_MAX);
	ck_assert_int_eq(next.want, PLAY_ACT);
	ck_assert_uint_eq(next.step, step);
	play_acted(&w->play, step, true, "done", w->now);
}

static void check_end(struct world *w, const char *states)
{
	ck_assert_int_eq(go(w, 1000 * SEC).want, PLAY_END);
	for (uint32_t i = 0; i < w->scenario.step_count; i++) {
		const char letters[] = { [PLAY_WAITING] = 'w', [PLAY_OPEN] = 'o', [PLAY_PASSED] = 'p', [PLAY_FAILED] = 'F', [PLAY_SKIPPED] = 's' };
		ck_assert_msg(letters[w->play.steps[i].state] == states[i], "step %u is %c (%s), expected %s", i + 1, letters[w->play.steps[i].state],
			      w->play.steps[i].text, states);
	}
	ck_assert_int_eq(w->play.has_failed, strchr(states, 'F') != NULL || strchr(states, 's') != NULL);
}

static void check_text(const struct world *w, uint32_t step, const char *expected)
{
	ck_assert_msg(strstr(w->play.steps[step].text, expected) != NULL, "expected \"%s\" in \"%s\"", expected, w->play.steps[step].text);
}

START_TEST(steps_begin_at_their_times_or_after_each_other)
{
	struct world w;

	world_new(&w, HEAD "  - kill: edge\n  - {at: 2s, start: edge}\n  - {after: 1s, kill: edge}\n  - {at: 1s, start: edge}\n");
	act(&w, 0);
	ck_assert_int_eq(w.now, 0);
	struct play_next next = play_next(&w.play, w.now);
	ck_assert_int_eq(next.want, PLAY_WAIT);
	ck_assert_int_eq(next.until, 2 * SEC);
	act(&w, 1);
	ck_assert_int_eq(w.now, 2 * SEC);
	act(&w, 2);
	ck_assert_int_eq(w.now, 3 * SEC);
	act(&w, 3);      /* its time is past */
	ck_assert_int_eq(w.now, 3 * SEC);
	check_end(&w, "pppp");
	world_end(&w);
}
END_TEST

START_TEST(an_action_that_fails_ends_the_scenario)
{
	struct world w;

	world_new(&w, HEAD "  - kill: edge\n  - start: edge\n");
	struct play_next next = go(&w, SEC);
	play_acted(&w.play, next.step, false, "no such thing", w.now);
	check_end(&w, "Fs");
	check_text(&w, 0, "no such thing");
	check_text(&w, 1, "step 1 had failed");
	world_end(&w);
}
END_TEST

START_TEST(what_was_asked_before_the_step_does_not_count)
{
	struct world w;

	world_new(&w, HEAD "  - {expect: {converged: test.}, within: 1s}\n  - kill: edge\n  - {expect: {converged: test.}, within: 10s}\n");
	act(&w, 1);
	/* Both still say 1, in answers to questions that were asked before. */
	play_next(&w.play, w.now);
	answer_all(&w, w.now - 1);
	ck_assert_int_eq(play_next(&w.play, w.now).want, PLAY_WAIT);
	w.nodes[NS1].serial = 2;
	ck_assert_int_eq(go(&w, w.now + 3 * SEC).want, PLAY_WAIT);
	w.nodes[NS2].serial = 2;
	check_end(&w, "ppp");
	usec_t took = w.play.steps[2].ended - w.play.steps[2].begun;
	ck_assert_msg(took >= 3 * SEC && took <= 3 * SEC + 100 * MS, "%lld", (long long)took);
	world_end(&w);
}
END_TEST

START_TEST(a_deadline_that_passes_names_who_lags)
{
	struct world w;

	world_new(&w, HEAD "  - {expect: {converged: test.}, within: 2s}\n  - kill: edge\n");
	w.nodes[NS1].serial = 5;
	check_end(&w, "Fs");
	check_text(&w, 0, "not in time: ns2.test has 1; the primary has 5");
	ck_assert_int_eq(w.play.steps[0].ended, 2 * SEC);
	world_end(&w);
}
END_TEST

START_TEST(what_must_hold_fails_with_the_first_answer_against_it)
{
	struct world w;

	world_new(&w, HEAD "  - {expect: {answer: {name: www.test., at: edge, is: stale}, not: yes}, holds-for: 10s}\n");
	ck_assert_int_eq(go(&w, 4 * SEC).want, PLAY_WAIT);
	w.nodes[NS1].www = 2;      /* from now on the cache is stale */
	check_end(&w, "F");
	check_text(&w, 0, "no longer true after 4.000 s: edge says 192.0.2.1; the primary says 192.0.2.2");
	world_end(&w);

	world_new(&w, HEAD "  - {expect: {answer: {name: www.test., at: edge, is: stale}, not: yes}, holds-for: 10s}\n");
	check_end(&w, "p");
	ck_assert_int_eq(w.play.steps[0].ended, 10 * SEC);
	world_end(&w);

	/* Silence is not stale, and nobody who was never seen is fresh. */
	world_new(&w, HEAD "  - {expect: {answer: {name: www.test., at: edge, is: stale}, not: yes}, holds-for: 3s}\n"
		  "  - {expect: {answer: {name: www.test., at: edge, is: fresh}}, holds-for: 3s}\n");
	w.nodes[EDGE].is_silent = true;
	check_end(&w, "pF");
	check_text(&w, 1, "not true at the begin: edge is silent");
	world_end(&w);
}
END_TEST

/* The patience with who is silent may be longer than what has to hold: in a lab that runs fast it is. */
START_TEST(what_must_hold_is_not_believed_of_who_has_not_answered_since)
{
	struct world w;

	world_new(&w, HEAD "  - {expect: {answer: {name: www.test., at: edge, is: fresh}}, holds-for: 1s}\n");
	answer_all_once(&w);
	for (; w.now < 4 * SEC; w.now += 50 * MS)
		ck_assert_int_eq(play_next(&w.play, w.now).want, PLAY_WAIT);
	w.nodes[EDGE].is_silent = true;      /* since it was asked the second time, in that second */
	answer_all(&w, SEC / 2);
	check_end(&w, "F");
	check_text(&w, 0, "edge is silent");
	world_end(&w);

	/* What is said after the time does not count. */
	world_new(&w, HEAD "  - {expect: {answer: {name: www.test., at: edge, is: fresh}}, holds-for: 1s}\n");
	answer_all_once(&w);
	w.now = 2 * SEC;
	w.nodes[EDGE].www = 7;
	check_end(&w, "p");
	world_end(&w);
}
END_TEST

START_TEST(within_and_holds_for_together_are_one_after_the_other)
{
	struct world w;

	world_new(&w, HEAD "  - {expect: {answer: {name: www.test., at: edge, is: 192.0.2.7}}, within: 5s, holds-for: 5s}\n");
	ck_assert_int_eq(go(&w, 4 * SEC).want, PLAY_WAIT);
	w.nodes[EDGE].www = 7;
	check_end(&w, "p");
	ck_assert_int_eq(w.play.steps[0].ended, 9 * SEC);
	world_end(&w);
}
END_TEST

START_TEST(a_silent_primary_counts_with_what_it_said_last)
{
	struct world w;

	world_new(&w, HEAD "  - {expect: {answer: {name: www.test., at: ns1.test, is: silent}}, within: 5s}\n"
		  "  - {expect: {serial: {zone: test., at: ns2.test, is: primary}}, within: 5s}\n"
		  "  - {expect: {answer: {name: www.test., at: ns2.test, is: SERVFAIL}}, within: 5s}\n");
	w.nodes[NS1].is_silent = true;
	/* It has never said anything. */
	ck_assert_int_eq(go(&w, 4 * SEC).want, PLAY_WAIT);
	check_end(&w, "pFs");
	check_text(&w, 1, "the primary is silent");
	world_end(&w);

	world_new(&w, HEAD "  - {expect: {converged: test.}, within: 5s}\n  - kill: ns1.test\n"
		  "  - {expect: {serial: {zone: test., at: ns2.test, is: primary}}, holds-for: 5s}\n");
	act(&w, 1);
	w.nodes[NS1].is_silent = true;
	check_end(&w, "ppp");
	world_end(&w);
}
END_TEST

START_TEST(serials_are_compared_as_serials)
{
	struct world w;

	world_new(&w, HEAD "  - {expect: {serial: {zone: test., at: ns2.test, at-least: 4294967295}}, within: 1s}\n"
		  "  - {expect: {serial: {zone: test., at: ns2.test, below: primary}}, within: 1s}\n"
		  "  - {expect: {serial: {zone: test., at: ns2.test, is: 4}, not: yes}, within: 1s}\n"
		  "  - {expect: {serial: {zone: test., at: servers, is: 3}}, within: 1s}\n");
	w.nodes[NS2].serial = 3;
	w.nodes[NS1].serial = 4;
	check_end(&w, "pppF");
	check_text(&w, 3, "ns1.test has 4");
	world_end(&w);
}
END_TEST

static void hear(struct world *w, const char *kind, const char *from, uint64_t bytes)
{
	struct play_message message = { .kind = kind, .from = from, .to = "ns2.test", .zone = "test.", .bytes = bytes, .at = w->now };
	play_heard(&w->play, &message, w->now);
}

START_TEST(messages_count_from_the_step_before_on)
{
	struct world w;

	world_new(&w, HEAD "  - kill: edge\n  - {after: 1s, start: edge}\n"
		  "  - {expect: {message: {kind: IXFR, from: ns1.test, to: ns2.test, zone: test., bytes-at-most: 500}}, within: 5s}\n"
		  "  - {expect: {message: {kind: AXFR}, not: yes}, holds-for: 2s}\n");
	act(&w, 0);
	hear(&w, "IXFR", "ns1.test", 100);      /* too early */
	act(&w, 1);
	w.now -= 1;
	hear(&w, "IXFR", "ns1.test", 100);      /* of before, and heard of only now */
	w.now += 1;
	hear(&w, "IXFR", "ns1.test", 501);
	hear(&w, "IXFR", "ns2.test", 100);
	hear(&w, "AXFR", "ns1.test", 1000);
	ck_assert_int_eq(go(&w, w.now + SEC).want, PLAY_WAIT);
	ck_assert_int_eq(w.play.steps[2].state, PLAY_OPEN);
	hear(&w, "IXFR", "ns1.test", 500);
	/* An AXFR since the same step was seen already. */
	check_end(&w, "pppF");
	check_text(&w, 3, "not true at the begin: 1 such message");
	world_end(&w);
}
END_TEST

/* On a connection that is kept, the end of an answer is seen when nothing comes for a while. */
START_TEST(an_exchange_counts_by_its_begin_and_not_when_it_was_lost)
{
	char text[] = "{\"t\":12.0,\"begun\":9.9,\"event\":\"message\",\"kind\":\"IXFR\",\"from\":\"ns1.test\",\"to\":\"ns2.test\",\"zone\":\"test.\",\"bytes\":1}\n"
		      "{\"t\":12.1,\"event\":\"message\",\"kind\":\"NOTIFY\",\"from\":\"ns1.test\",\"to\":\"ns2.test\",\"bytes\":1}\n"
		      "{\"t\":12.2,\"event\":\"message\",\"kind\":\"SOA\",\"from\":\"ns2.test\",\"to\":\"ns1.test\",\"dropped\":true}\nno JSON\n";
	struct journal journal = { .behind = 10 * SEC, .speed = 2 };
	struct world w;

	world_new(&w, HEAD "  - kill: edge\n  - {expect: {message: {kind: IXFR}}, within: 1s, background: yes}\n"
		  "  - {expect: {message: {kind: NOTIFY}}, within: 5s, background: yes}\n  - {expect: {message: {kind: SOA}}, within: 5s}\n");
	act(&w, 0);
	ck_assert_int_eq(play_next(&w.play, w.now).want, PLAY_WAIT);
	ck_assert_ptr_nonnull(journal.from = fmemopen(text, strlen(text), "r"));
	journal_step(&journal, &w.play, w.now);
	journal_close(&journal);
	ck_assert_int_eq(w.play.steps[1].state, PLAY_OPEN);
	ck_assert_int_eq(w.play.steps[2].state, PLAY_PASSED);
	ck_assert_int_eq(w.play.steps[3].state, PLAY_OPEN);
	world_end(&w);
}
END_TEST

START_TEST(an_expectation_in_the_background_goes_along_and_is_waited_for)
{
	struct world w;

	world_new(&w, HEAD "  - {expect: {answer: {name: www.test., at: edge, is: nxdomain}, not: yes}, holds-for: 5s, background: yes}\n"
		  "  - kill: ns1.test\n  - {after: 1s, start: ns1.test}\n");
	act(&w, 1);
	act(&w, 2);
	ck_assert_int_eq(w.now, SEC);
	check_end(&w, "ppp");
	ck_assert_int_eq(w.play.steps[0].ended, 5 * SEC);
	world_end(&w);

	world_new(&w, HEAD "  - {expect: {answer: {name: www.test., at: edge, is: nxdomain}, not: yes}, holds-for: 5s, background: yes}\n"
		  "  - {after: 3s, kill: ns1.test}\n");
	ck_assert_int_eq(go(&w, SEC).want, PLAY_WAIT);
	w.nodes[EDGE].is_nxdomain = true;
	check_end(&w, "Fs");
	check_text(&w, 0, "edge says NXDOMAIN");
	world_end(&w);
}
END_TEST

START_TEST(a_program_is_judged_by_its_end_and_its_output)
{
	struct world w;

	world_new(&w, HEAD "  - {expect: {exec: {at: edge, command: [x], exit: 1, prints: differ}}, within: 5s}\n");
	play_next(&w.play, w.now);
	struct sight sight = { .asked = w.now, .exit = 1, .prints = false, .text = "equal" };
	play_seen(&w.play, 0, &sight, w.now);
	ck_assert_int_eq(w.play.steps[0].state, PLAY_OPEN);
	sight.prints = true;
	play_seen(&w.play, 0, &sight, w.now);
	ck_assert_int_eq(play_next(&w.play, w.now).want, PLAY_END);
	check_text(&w, 0, "edge exit 1, equal");
	world_end(&w);
}
END_TEST

START_TEST(a_scenario_that_is_given_up_has_failed)
{
	struct world w;

	world_new(&w, HEAD "  - kill: edge\n  - {expect: {converged: test.}, within: 5s}\n  - start: edge\n");
	act(&w, 0);
	play_next(&w.play, w.now);
	play_abandon(&w.play, "interrupted", w.now);
	check_end(&w, "pss");
	check_text(&w, 1, "interrupted");
	world_end(&w);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("zonelab/play");
	TCase *tcase = tcase_create("play");

	tcase_add_test(tcase, steps_begin_at_their_times_or_after_each_other);
	tcase_add_test(tcase, an_action_that_fails_ends_the_scenario);
	tcase_add_test(tcase, what_was_asked_before_the_step_does_not_count);
	tcase_add_test(tcase, a_deadline_that_passes_names_who_lags);
	tcase_add_test(tcase, what_must_hold_fails_with_the_first_answer_against_it);
	tcase_add_test(tcase, what_must_hold_is_not_believed_of_who_has_not_answered_since);
	tcase_add_test(tcase, within_and_holds_for_together_are_one_after_the_other);
	tcase_add_test(tcase, a_silent_primary_counts_with_what_it_said_last);
	tcase_add_test(tcase, serials_are_compared_as_serials);
	tcase_add_test(tcase, messages_count_from_the_step_before_on);
	tcase_add_test(tcase, an_exchange_counts_by_its_begin_and_not_when_it_was_lost);
	tcase_add_test(tcase, an_expectation_in_the_background_goes_along_and_is_waited_for);
	tcase_add_test(tcase, a_program_is_judged_by_its_end_and_its_output);
	tcase_add_test(tcase, a_scenario_that_is_given_up_has_failed);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}

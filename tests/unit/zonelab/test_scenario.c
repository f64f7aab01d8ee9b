/* The scenario file: what it says, and what is said about mistakes and where. */
#include <stdlib.h>
#include <string.h>

#include "lib/base/buf.h"
#include "tests/support/suite.h"
#include "tools/zonelab/scenario/choice.h"
#include "tools/zonelab/scenario/scenario.h"

#define LAB \
	"nodes:\n  - {name: ns1.test, kind: authd}\n  - {name: ns2.test, kind: authd}\n  - {name: edge, kind: resolverd}\n" \
	"zones:\n  - {name: ., primary: ns1.test}\n  - {name: test., primary: ns1.test, secondaries: [ns2.test], records: www A 192.0.2.1}\n"
#define HEAD "title: a title\ntopology: some.yaml\nsteps:\n"

struct read {
	struct topology topology;
	struct scenario scenario;
	struct buf said;
	int status;
};

static void read_text(struct read *read, const char *text)
{
	struct topology_text lab = { "lab.yaml", LAB, strlen(LAB) }, source = { "s.yaml", text, strlen(text) };
	struct problems none, problems;

	problems_init(&none, "lab.yaml");
	problems_init(&problems, "s.yaml");
	buf_init(&read->said);
	ck_assert_int_eq(topology_parse(&read->topology, &lab, &none), ZT_OK);
	read->status = scenario_parse(&read->scenario, &source, &problems);
	if (read->status == ZT_OK)
		read->status = scenario_bind(&read->scenario, &read->topology, &problems);
	ck_assert_int_eq(read->status == ZT_OK, problems.total == 0);
	problems_write(&problems, &read->said);
	buf_add_u8(&read->said, 0);
	problems_fini(&problems);
	problems_fini(&none);
}

static void read_end(struct read *read)
{
	scenario_free(&read->scenario);
	topology_free(&read->topology);
	buf_fini(&read->said);
}

static void read_fine(struct read *read, const char *text)
{
	read_text(read, text);
	ck_assert_msg(read->status == ZT_OK, "%s", (char *)read->said.data);
}

static void check_words(const struct step *step, const char *expected)
{
	struct buf text;

	buf_init(&text);
	for (uint32_t i = 0; i < step->word_count; i++)
		buf_printf(&text, "%s%s", i ? "|" : "", step->words[i]);
	buf_add_u8(&text, 0);
	ck_assert_str_eq((char *)text.data, expected);
	buf_fini(&text);
}

START_TEST(steps_become_commands)
{
	struct read read;

	read_fine(&read, "title: t\nteaches: much\ntopology: a.yaml\nspeed: 60\nroles: {primary: ns1.test, all: [ns1.test, ns2.test]}\nsteps:\n"
		   "  - {at: 1m, update: {zone: test, add: 'www 10 A 192.0.2.9'}}\n"
		   "  - {after: 2s, update: {zone: test., replace: \"txt 0 TXT  \\\"a  b\\\" c\"}}\n"
		   "  - update: {zone: test., delete: www.test. A}\n"
		   "  - update: {zone: test., delete: www}\n"
		   "  - fault: {link: 'NS1.test:ns2.test', loss: 10%, delay: 50ms, one-way: yes}\n"
		   "  - fault: {link: '*', cut: yes}\n"
		   "  - partition: ns1.test\n"
		   "  - partition: {nodes: [ns1.test, edge], from: [ns2.test]}\n"
		   "  - heal: all\n"
		   "  - heal: ns1.test\n"
		   "  - kill: [ns1.test, ns2.test]\n"
		   "  - start: ns1.test\n"
		   "  - backup: ns1.test\n"
		   "  - restore-backup: ns1.test\n"
		   "  - flood: {target: ns2.test, from: edge, name: test., rate: 2000, for: 5s}\n"
		   "  - exec: {at: edge, command: [dig, '@{ns1.test}', a], exit: 3, prints: word}\n");
	const struct scenario *s = &read.scenario;
	ck_assert_uint_eq(s->step_count, 16);
	ck_assert(s->needs_net && s->speed == 60);
	ck_assert_str_eq(s->teaches, "much");
	ck_assert_uint_eq(s->role_count, 2);
	ck_assert_uint_eq(s->roles[0].node_count, 1);
	ck_assert_str_eq(s->roles[1].nodes[1], "ns2.test");
	ck_assert(s->steps[0].has_at && s->steps[0].at == 60 * USEC_PER_SEC && !s->steps[0].has_after);
	ck_assert(s->steps[1].has_after && s->steps[1].after == 2 * USEC_PER_SEC);
	static const char *const words[] = {
		"test.|add|www|10|A|192.0.2.9", "test.|replace|txt|0|TXT|\"a  b\" c", "test.|delete|www.test.|A", "test.|delete|www",
		"ns1.test:ns2.test|one-way|loss=10%|delay=50ms", "*|cut=yes", "ns1.test", "ns1.test,edge|ns2.test", "", "ns1.test",
	};
	for (uint32_t i = 0; i < 10; i++)
		check_words(&s->steps[i], words[i]);
	ck_assert_uint_eq(s->steps[10].node_count, 2);
	ck_assert_ptr_eq(s->steps[13].nodes[0], &read.topology.nodes[0]);
	ck_assert_uint_eq(s->steps[14].flood_rate, 2000);
	ck_assert_ptr_eq(s->steps[14].from, &read.topology.nodes[2]);
	ck_assert_int_eq(s->steps[15].exec->exit, 3);
	ck_assert_uint_eq(s->steps[15].exec->word_count, 3);
	read_end(&read);
}
END_TEST

START_TEST(expectations_become_questions_that_are_asked_once)
{
	struct read read;

	read_fine(&read, HEAD "  - {expect: {converged: test.}, within: 10s}\n"
		   "  - {expect: {serial: {zone: test., at: ns2.test, is: primary}}, within: 1s}\n"
		   "  - {expect: {serial: {zone: test., at: secondaries, at-least: 7}, not: yes}, holds-for: 1s}\n"
		   "  - {expect: {answer: {name: www.test., at: resolvers, is: fresh}}, within: 5s, holds-for: 2s, background: yes}\n"
		   "  - {expect: {answer: {name: www.test., at: [edge, ns2.test], is: [192.0.2.1, 192.0.2.2]}}, within: 5s}\n"
		   "  - {expect: {answer: {name: x.test., type: TXT, at: edge, is: nxdomain}}, within: 5s}\n"
		   "  - {name: last, kill: edge}\n"
		   "  - {expect: {message: {kind: ixfr, from: ns1.test, to: ns2.test, zone: test., bytes-at-most: 4K}}, within: 5s}\n"
		   "  - {expect: {exec: {at: ns1.test, command: [true]}}, within: 5s}\n"
		   "  - {expect: {message: {kind: NOTIFY, since: last}, not: yes}, holds-for: 5s}\n");
	const struct scenario *s = &read.scenario;
	const struct condition *c = &s->steps[0].condition;
	/* SOA of test. at two servers; www A at three, x TXT at one; a program. */
	ck_assert_uint_eq(s->question_count, 2 + 3 + 1 + 1);
	ck_assert_uint_eq(c->question_count, 2);
	ck_assert_uint_eq(c->reference, c->questions[0]);
	ck_assert_uint_eq(s->steps[1].condition.questions[0], c->questions[1]);
	ck_assert(s->steps[2].condition.inverted && s->steps[2].condition.reference == NO_QUESTION);
	ck_assert_uint_eq(s->steps[2].condition.serial, 7);
	ck_assert(s->steps[3].is_background && s->steps[3].has_within && s->steps[3].has_holds);
	ck_assert_ptr_eq(s->questions[s->steps[3].condition.questions[0]].node, &read.topology.nodes[2]);
	ck_assert_ptr_eq(s->questions[s->steps[3].condition.reference].node, &read.topology.nodes[0]);
	ck_assert_uint_eq(s->steps[4].condition.value_count, 2);
	ck_assert(s->steps[5].condition.answer_test == ANSWER_RCODE && s->steps[5].condition.rcode == 3);
	ck_assert_uint_eq(s->steps[7].condition.since, 6);
	ck_assert_uint_eq(s->steps[7].condition.bytes_at_most, 4096);
	ck_assert_str_eq(s->steps[7].condition.message, "IXFR");
	ck_assert(s->questions[s->steps[8].condition.questions[0]].exec);
	ck_assert_uint_eq(s->steps[9].condition.since, 6);
	ck_assert(s->needs_net);
	read_end(&read);
}
END_TEST

START_TEST(a_mistake_is_reported_at_its_place_with_what_was_expected)
{
	static const struct { const char *text, *expected; } mistakes[] = {
		{ "title: x\nsteps: []\n", "s.yaml:1:1: scenario without \"topology\"" },
		{ "title: x\ntopology: y\nsteps: []\n", "s.yaml:3:8: 0 steps; expected 1 to 500" },
		{ HEAD "  - {}\n", "s.yaml:4:5: the step does nothing; expected update, fault" },
		{ HEAD "  - kill:\n", "s.yaml:4:5: the step does nothing" },
		{ HEAD "  - kill\n", "s.yaml:4:5: steps is \"kill\", expected a mapping" },
		{ HEAD "  - {kill: edge, start: edge}\n", "s.yaml:4:5: the step does 2 things; expected one" },
		{ HEAD "  - {kil: edge}\n", "s.yaml:4:6: unknown key \"kil\" in step, did you mean \"kill\"?" },
		{ HEAD "  - {kill: egde}\n", "s.yaml:4:12: there is no node egde in the lab; did you mean \"edge\"?" },
		{ HEAD "  - {kill: completely.other}\n", "s.yaml:4:12: there is no node completely.other in the lab; expected one such as ns1.test" },
		{ HEAD "  - {kill: []}\n", "s.yaml:4:12: 0 nodes; expected 1 to 32" },
		{ HEAD "  - {kill: edge, within: 3s}\n", "s.yaml:4:26: within belongs to a step with expect, not to kill" },
		{ HEAD "  - {kill: edge, at: 1s, after: 1s}\n", "s.yaml:4:33: after beside at; expected one of the two" },
		{ HEAD "  - {kill: edge, at: soon}\n", "s.yaml:4:22: at is \"soon\", expected a duration" },
		{ HEAD "  - {expect: {converged: test.}}\n", "s.yaml:4:14: an expectation without a time; expected within or holds-for" },
		{ HEAD "  - {expect: {}, within: 1s}\n", "s.yaml:4:14: 0 of serial, answer, converged, message and exec; expected exactly one" },
		{ HEAD "  - {expect: {converged: tset.}, within: 1s}\n", "s.yaml:4:26: there is no zone tset. in the lab; did you mean \"test.\"?" },
		{ HEAD "  - {expect: {serial: {zone: test., at: edge, is: 1}}, within: 1s}\n", "s.yaml:4:41: edge does not serve test.; expected one of its servers" },
		{ HEAD "  - {expect: {serial: {zone: test., at: ns2.test, is: old}}, within: 1s}\n", "s.yaml:4:55: \"old\" is no serial; expected a number or primary" },
		{ HEAD "  - {expect: {serial: {zone: ., at: secondaries, is: 2}}, within: 1s}\n", "s.yaml:4:37: zone . has no secondaries" },
		{ HEAD "  - {expect: {serial: {zone: test., at: ns2.test}}, within: 1s}\n", "s.yaml:4:23: 0 of is, at-least and below; expected exactly one" },
		{ HEAD "  - {expect: {answer: {name: www.test., at: edge, is: 192.0.2}}, within: 1s}\n", "s.yaml:4:55: \"192.0.2\" is no rdata of its type:" },
		{ HEAD "  - {expect: {answer: {name: www.test., at: edge, is: [192.0.2.1, 192.0.2.1]}}, within: 1s}\n", "s.yaml:4:55: \"192.0.2.1\" stands twice" },
		{ HEAD "  - {expect: {answer: {name: a..b, at: edge, is: fresh}}, within: 1s}\n", "s.yaml:4:30: name is \"a..b\", expected a domain name" },
		{ HEAD "  - {expect: {message: {kind: IFXR}}, within: 1s}\n", "s.yaml:4:31: kind is \"IFXR\", expected one of NOTIFY, SOA" },
		{ HEAD "  - {expect: {message: {kind: IXFR, since: x}}, within: 1s}\n", "s.yaml:4:44: no earlier step has the name x" },
		{ HEAD "  - {expect: {message: {kind: IXFR}, not: yes}, within: 1s}\n", "s.yaml:4:43: that there is no message is true at once; expected holds-for" },
		{ HEAD "  - {expect: {exec: {at: edge, command: [dig, '@{ns9}']}}, within: 1s}\n", "s.yaml:4:41: there is no node ns9 in the lab" },
		{ HEAD "  - {name: a, kill: edge}\n  - {name: A, start: edge}\n", "s.yaml:5:12: name is \"A\", which line 4 uses already" },
		{ HEAD "  - {update: {zone: test., add: www 10 A}}\n", "s.yaml:4:33: \"\" is no rdata of its type:" },
		{ HEAD "  - {update: {zone: test., add: www A 192.0.2.1}}\n", "s.yaml:4:33: \"A\" is no TTL; expected NAME TTL TYPE RDATA" },
		{ HEAD "  - {update: {zone: test., add: www 1 B 192.0.2.1}}\n", "s.yaml:4:33: \"B\" is no record type" },
		{ HEAD "  - {update: {zone: test., add: www.org. 1 A 192.0.2.1}}\n", "s.yaml:4:33: \"www.org.\" is no name in zone test." },
		{ HEAD "  - {update: {zone: test., add: a 1 A 192.0.2.1, delete: b}}\n", "s.yaml:4:14: 2 of add, delete and replace; expected exactly one" },
		{ HEAD "  - {fault: {loss: 1}}\n", "s.yaml:4:13: a fault without a link" },
		{ HEAD "  - {fault: {link: edge}}\n", "s.yaml:4:13: a fault without weather; expected delay" },
		{ HEAD "  - {fault: {link: 'edge:edge', loss: 1}}\n", "s.yaml:4:20: a link of edge to itself" },
		{ HEAD "  - {fault: {link: 'edge:ns5.test', loss: 1}}\n", "s.yaml:4:20: there is no node ns5.test in the lab; did you mean" },
		{ HEAD "  - {fault: {link: edge, los: 1}}\n", "s.yaml:4:31: " },
		{ HEAD "  - {fault: {link: edge, loss: much}}\n", "s.yaml:4:32: " },
		{ HEAD "  - {restore-backup: edge}\n", "s.yaml:4:5: no backup of edge by then" },
		{ "title: x\ntopology: y\nroles: [a]\nsteps: [{kill: edge}]\n", "s.yaml:3:8: roles is a sequence; expected a mapping" },
		{ "title: x\ntopology: y\nroles: {a: [egde]}\nsteps: [{kill: edge}]\n", "s.yaml:3:12: there is no node egde" },
		{ "title: x\ntopology: y\nroles: {a: []}\nsteps: [{kill: edge}]\n", "s.yaml:3:12: role a is of nobody" },
		{ "title: x\ntopology: y\nroles: {a: [{}]}\nsteps: [{kill: edge}]\n", "s.yaml:3:13: a mapping in role a; expected the name" },
	};

	for (size_t i = 0; i < sizeof(mistakes) / sizeof(mistakes[0]); i++) {
		struct read read = { 0 };
		read_text(&read, mistakes[i].text);
		ck_assert_msg(strstr((char *)read.said.data, mistakes[i].expected) != NULL, "expected \"%s\" for\n%s, not:\n%s", mistakes[i].expected,
			      mistakes[i].text, (char *)read.said.data);
		read_end(&read);
	}
}
END_TEST

static int choose(const struct choice *items, size_t count, const char *lab, struct buf *out, char error[256])
{
	static const char text[] = "title: t\ntopology: a\nroles: {secondary: [NS2.test., ns3.test], primary: ns1.test}\nsteps: [{kill: ns1.test}]\n";
	struct topology_text source = { "s.yaml", text, strlen(text) }, topology = { "lab.yaml", lab, strlen(lab) };
	struct choices choices = { items, count };
	struct problems problems;
	struct scenario scenario;

	problems_init(&problems, "s.yaml");
	buf_init(out);
	ck_assert_int_eq(scenario_parse(&scenario, &source, &problems), ZT_OK);
	int status = choice_apply(&topology, &scenario, &choices, out, error);
	buf_add_u8(out, 0);
	scenario_free(&scenario);
	problems_fini(&problems);
	return status;
}

START_TEST(kinds_are_chosen_by_role_and_by_node_and_all_else_stays)
{
	static const char lab[] = "# ä comment: kind: authd\nnodes:\n  - {name: ns1.test, kind: authd}  # authd\n  - name: \"ns2.test\"\n    kind:   authd\n"
				  "  - { hidden: yes, name: ns3.test, kind: authd }\nzones: []\n";
	static const struct choice good[] = { { "secondary", "knot" }, { "ns3.test", "nsd" }, { "primary", "bind" } };
	static const struct choice wrong_kind[] = { { "secondary", "knott" } }, wrong_who[] = { { "secundary", "knot" } };
	struct buf out;
	char error[256];

	ck_assert_int_eq(choose(good, 3, lab, &out, error), ZT_OK);
	ck_assert_str_eq((char *)out.data, "# ä comment: kind: authd\nnodes:\n  - {name: ns1.test, kind: bind}  # authd\n  - name: \"ns2.test\"\n    kind:   knot\n"
			 "  - { hidden: yes, name: ns3.test, kind: nsd }\nzones: []\n");
	buf_fini(&out);
	ck_assert_int_eq(choose(NULL, 0, lab, &out, error), ZT_OK);
	ck_assert_str_eq((char *)out.data, lab);
	buf_fini(&out);
	ck_assert_int_eq(choose(wrong_kind, 1, lab, &out, error), ZT_EINVAL);
	ck_assert_str_eq(error, "secondary: there is no kind knott; did you mean \"knot\"?");
	buf_fini(&out);
	ck_assert_int_eq(choose(wrong_who, 1, lab, &out, error), ZT_EINVAL);
	ck_assert_str_eq(error, "secundary is no role of the scenario and no node of its lab");
	buf_fini(&out);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("zonelab/scenario");
	TCase *tcase = tcase_create("scenario");

	tcase_add_test(tcase, steps_become_commands);
	tcase_add_test(tcase, expectations_become_questions_that_are_asked_once);
	tcase_add_test(tcase, a_mistake_is_reported_at_its_place_with_what_was_expected);
	tcase_add_test(tcase, kinds_are_chosen_by_role_and_by_node_and_all_else_stays);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}

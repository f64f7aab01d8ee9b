/* The topology-facts file: what it fills, and what it says about mistakes. */
#include <stdio.h>
#include <string.h>

#include "lib/base/buf.h"
#include "tests/support/suite.h"
#include "tools/propest/gather/topology.h"
#include "tools/propest/model/estimate.h"

static int parse(struct facts *facts, const char *text, struct buf *said)
{
	struct problems problems;

	problems_init(&problems, "facts.yaml");
	facts_init(facts);
	int status = topology_parse(facts, "facts.yaml", text, strlen(text), &problems);
	ck_assert_int_eq(status == ZT_OK, problems.total == 0);
	buf_init(said);
	problems_write(&problems, said);
	buf_add_u8(said, 0);
	problems_fini(&problems);
	return status;
}

static void check_problem(const char *text, const char *expected)
{
	struct facts facts;
	struct buf said;

	ck_assert_int_eq(parse(&facts, text, &said), ZT_ESYNTAX);
	ck_assert_msg(strstr((char *)said.data, expected) != NULL, "expected \"%s\" in:\n%s", expected, (char *)said.data);
	buf_fini(&said);
	facts_fini(&facts);
}

START_TEST(a_file_fills_the_network)
{
	struct facts facts;
	struct buf said;
	int status = parse(&facts,
			   "zone: example.\n"
			   "ttl: 5m\n"
			   "soa: {refresh: 2h, retry: 10m, expire: 3d, minimum: 1h, ttl: 30m}\n"
			   "server:\n"
			   "  - {name: p, address: 192.0.2.1, vendor: bind, hidden: yes, publish-delay: 2s}\n"
			   "  - {name: a, address: 192.0.2.2@5353, from: p, vendor: NSD, loss: 5%, notify-loss: 10%, rtt: 20ms, refresh: 60, poll-age: 7}\n"
			   "  - {name: b, from: [p, a], notify: no, weight: 3, transfer-size: 1M, rate: 2K, holdoff: 5s}\n"
			   "outage: {begin: 10s, end: 1m, probability: 0.5, to: [a, b], from: p}\n"
			   "caches: {count: 50, depth: 3, max-ttl: 1d, min-ttl: 30s, hold: 1m, query-lifetime: 5s}\n", &said);
	ck_assert_msg(status == ZT_OK, "%s", (char *)said.data);
	const struct network *net = &facts.net;
	ck_assert_uint_eq(net->server_count, 3);
	ck_assert_uint_eq(net->link_count, 3);
	ck_assert(net->servers[0].primary && !net->servers[0].is_public && net->servers[1].is_public);
	ck_assert_str_eq(net->servers[0].address, "192.0.2.1@53");
	ck_assert_str_eq(net->servers[1].address, "192.0.2.2@5353");
	ck_assert_str_eq(net->servers[1].vendor->name, "nsd");
	ck_assert_double_eq(net->servers[0].publish_s, 2);
	ck_assert_double_eq(net->servers[1].poll_age_s, 7);
	ck_assert_double_eq(net->servers[1].refresh_s, 60);
	ck_assert(net->servers[2].poll_age_s < 0);
	ck_assert_double_eq_tol(net->links[0].notify_loss, .1, 1e-12);
	ck_assert_double_eq_tol(net->links[0].query_loss, .05, 1e-12);
	ck_assert(net->links[0].notify && !net->links[1].notify);
	ck_assert_uint_eq(net->links[2].from, 1);
	ck_assert_double_eq(net->links[1].bytes_per_s, 2048);
	ck_assert(net->outages[0].hits[0] && net->outages[0].hits[1] && !net->outages[0].hits[2]);
	ck_assert_double_eq(net->timers.refresh_s, 7200);
	ck_assert_double_eq(facts.cache_count, 50);
	ck_assert_int_eq(facts_ttl(&facts, CHANGE_DELETE), ZT_OK);
	ck_assert_double_eq(cache_facts_ttl(&facts.caches), 300);
	/* An addition is about the negative TTL: the smaller of the SOA's TTL and its minimum. */
	ck_assert_int_eq(facts_ttl(&facts, CHANGE_ADD), ZT_OK);
	ck_assert_double_eq(facts.caches.ttl_s, 1800);
	buf_fini(&said);
	facts_fini(&facts);
}
END_TEST

START_TEST(a_servers_own_cycle_replaces_its_vendors)
{
	struct facts facts;
	struct buf said;

	ck_assert_int_eq(parse(&facts,
			       "soa: {refresh: 90s, retry: 30s, expire: 3d, minimum: 1h, ttl: 30m}\n"
			       "server:\n"
			       "  - {name: p, vendor: powerdns}\n"
			       "  - {name: q, vendor: powerdns, from: p, refresh: 90s, retry: 30s, cycle: 1s}\n"
			       "  - {name: k, vendor: knot, from: p, cycle: 1s}\n", &said), ZT_OK);
	ck_assert_double_eq(network_detect_max(&facts.net, 0), 60);
	ck_assert_double_eq(network_timers_of(&facts.net, 0).refresh_s, 120);
	ck_assert_double_eq(network_detect_max(&facts.net, 1), 1);
	ck_assert_double_eq(network_timers_of(&facts.net, 1).refresh_s, 90);
	ck_assert_double_eq(network_timers_of(&facts.net, 1).retry_s, 30);
	/* Others have none. */
	ck_assert_double_eq(network_detect_max(&facts.net, 2), 0);
	ck_assert_double_eq(network_timers_of(&facts.net, 2).retry_s, 30);
	buf_fini(&said);
	facts_fini(&facts);
}
END_TEST

START_TEST(negative_answers_are_kept_no_longer_than_resolvers_keep_them)
{
	struct facts facts;
	struct buf said;
	ck_assert_int_eq(parse(&facts, "server: {name: p}\nsoa: {minimum: 2d, ttl: 1d}\n", &said), ZT_OK);
	ck_assert_int_eq(facts_ttl(&facts, CHANGE_ADD), ZT_OK);
	ck_assert_double_eq(facts.caches.ttl_s, 10800);
	ck_assert_int_eq(facts_ttl(&facts, CHANGE_MODIFY), ZT_ENOENT);
	buf_fini(&said);
	facts_fini(&facts);
}
END_TEST

#define CLASSES(list) "server: {name: p}\ncaches:\n  max-ttl: 1d\n  hold: 5s\n  class:\n" list

START_TEST(classes_of_caches_inherit_and_override)
{
	struct facts facts;
	struct buf said;
	int status = parse(&facts, CLASSES("  - {name: big, share: 60%}\n"
					   "  - {name: small, share: 0.3, interest: poisson, every: 10m, max-ttl: 1h, serve-stale: 1d}\n"
					   "  - {name: watch, share: 10%, interest: even, every: 90s, min-ttl: 30s, hold: 0}\n"
					   "  client-tail: 10%\nttl: 2d\n"), &said);
	ck_assert_msg(status == ZT_OK, "%s", (char *)said.data);
	const struct cache_class *c = facts.caches.classes;
	ck_assert_uint_eq(facts.caches.class_count, 3);
	ck_assert_double_eq_tol(c[0].share, .6, 1e-9);
	ck_assert(c[0].interest.law == INTEREST_BUSY && c[1].interest.law == INTEREST_POISSON && c[2].interest.law == INTEREST_EVEN);
	ck_assert_double_eq(c[0].max_ttl_s, 86400);
	ck_assert_double_eq(c[0].hold_s, 5);
	ck_assert_double_eq(c[1].max_ttl_s, 3600);
	ck_assert_double_eq(c[1].interest.every_s, 600);
	ck_assert_double_eq(c[1].serve_stale_s, 86400);
	ck_assert_double_eq(c[2].min_ttl_s, 30);
	ck_assert_double_eq(c[2].hold_s, 0);
	ck_assert_double_eq(facts.client_tail, .1);
	/* The longest TTL of any class is what all have to wait for. */
	ck_assert_int_eq(facts_ttl(&facts, CHANGE_MODIFY), ZT_OK);
	ck_assert_double_eq(cache_facts_ttl(&facts.caches), 86400);
	buf_fini(&said);
	facts_fini(&facts);
}
END_TEST

START_TEST(mistakes_in_classes_are_told)
{
	check_problem(CLASSES("  - {name: a, share: 60%}\n  - {name: b, share: 30%}\n"), "facts.yaml:6:5: the shares of the classes add up to 0.9; expected 1");
	check_problem(CLASSES("  - {name: a, share: 1, interest: poisson}\n"), "facts.yaml:6:5: expected \"every\"");
	check_problem(CLASSES("  - {name: a, share: 1, interest: even, every: 0}\n"), "above 0");
	check_problem(CLASSES("  - {name: a, share: 1, every: 5s}\n"), "interest: poisson");
	check_problem(CLASSES("  - {name: a, share: 1, interest: often}\n"), "busy");
	check_problem(CLASSES("  - {share: 1}\n"), "name");
	check_problem(CLASSES("  - {name: a, share: 50%}\n  - {name: A, share: 50%}\n"), "facts.yaml:7:");
	check_problem(CLASSES("  - {name: a, share: 1.5}\n"), "facts.yaml:6:");
}
END_TEST

START_TEST(mistakes_are_told_with_their_line)
{
	check_problem("zone: example.\n", "server");
	check_problem("server:\n  - {name: a}\n  - {name: b, from: c}\n", "facts.yaml:3:");
	check_problem("server:\n  - {name: a}\n  - {name: b, from: c}\n", "no server is called \"c\"");
	check_problem("server:\n  - {name: a}\n  - {name: a, from: a}\n", "facts.yaml:3:");
	check_problem("server: {name: a, vendor: djb}\n", "generic, bind, nsd, knot, powerdns or authd");
	check_problem("server: {name: a, from: b}\n", "no server is called \"b\"");
	check_problem("server:\n  - {name: a, from: b}\n  - {name: b, from: a}\n", "no server is the primary");
	check_problem("server:\n  - {name: a}\n  - {name: b, from: c}\n  - {name: c, from: b}\n", "facts.yaml:3:5: b: no chain of transfers");
	check_problem("server: {name: a, hidden: yes}\n", "no public server");
	check_problem("server: {name: a, loss: 150%}\n", "loss");
	check_problem("server: {name: a, weight: 0}\n", "weight");
	check_problem("server: {name: a, colour: red}\n", "colour");
	check_problem("server: {name: a}\nttl: soon\n", "facts.yaml:2:");
	check_problem("server: {name: a}\nttl: 1000000d\n", "ttl");
	check_problem("server:\n  - {name: a}\n  - {name: b, from: a}\noutage: {begin: 10, end: 5}\n", "ends before it begins");
	check_problem("server: {name: a}\noutage: {end: 5}\n", "hits no link");
	check_problem("server: {name: a}\nzone: a..b\n", "a domain name");
	check_problem("server: [", "not valid YAML");
	check_problem("", "server");
}
END_TEST

START_TEST(the_sample_file_gives_an_estimate)
{
	struct facts facts;
	struct problems problems;
	struct estimate estimate;
	char path[4096];

	snprintf(path, sizeof(path), "%s/zones/propest/example.yaml", SOURCE_TOP);
	problems_init(&problems, path);
	facts_init(&facts);
	ck_assert_int_eq(topology_load(&facts, path, &problems), ZT_OK);
	ck_assert_int_eq(facts_ttl(&facts, CHANGE_MODIFY), ZT_OK);
	struct estimate_input input = { .net = &facts.net, .caches = facts.caches, .cache_count = facts.cache_count, .seed = 1, .samples = 1000 };
	ck_assert_int_eq(estimate_run(&estimate, &input), ZT_OK);
	/* The one server without NOTIFY is at the mercy of REFRESH. */
	ck_assert(estimate.last_stale.at[2] > 1800 && estimate.last_stale.at[2] <= 3600 + 300);
	ck_assert(estimate.last_stale.bound > estimate.all_caches.at[3]);
	estimate_fini(&estimate);
	problems_fini(&problems);
	facts_fini(&facts);
}
END_TEST

START_TEST(a_missing_file_is_an_error)
{
	struct facts facts;
	struct problems problems;
	problems_init(&problems, "/nonexistent/facts.yaml");
	facts_init(&facts);
	ck_assert_int_ne(topology_load(&facts, "/nonexistent/facts.yaml", &problems), ZT_OK);
	problems_fini(&problems);
	facts_fini(&facts);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("propest topology");
	TCase *tests = tcase_create("topology");
	tcase_add_test(tests, a_file_fills_the_network);
	tcase_add_test(tests, a_servers_own_cycle_replaces_its_vendors);
	tcase_add_test(tests, negative_answers_are_kept_no_longer_than_resolvers_keep_them);
	tcase_add_test(tests, classes_of_caches_inherit_and_override);
	tcase_add_test(tests, mistakes_in_classes_are_told);
	tcase_add_test(tests, mistakes_are_told_with_their_line);
	tcase_add_test(tests, the_sample_file_gives_an_estimate);
	tcase_add_test(tests, a_missing_file_is_an_error);
	suite_add_tcase(suite, tests);
	return suite_run(suite);
}

/* What watch makes of a lab's events: their sum, and the picture of it on a terminal. */
#include <stdio.h>
#include <string.h>

#include "tests/support/suite.h"
#include "tools/zonelab/cli/screen.h"

static const char topology_text[] =
	"name: tiny\nnodes:\n"
	"  - {name: ns1.shop.example, kind: authd}\n  - {name: ns2.shop.example, kind: nsd}\n  - {name: ns3.a-very-long-name.example, kind: knot}\n"
	"  - {name: a.root, kind: bind}\n  - {name: b.root, kind: bind}\n"
	"  - {name: regional, kind: unbound}\n  - {name: edge, kind: resolverd, forward: regional}\n"
	"zones:\n  - {name: ., primary: a.root, secondaries: b.root}\n"
	"  - {name: shop.example., primary: ns1.shop.example, secondaries: [ns2.shop.example, ns3.a-very-long-name.example]}\n";

static void setup(struct topology *topology, struct tally *tally)
{
	struct topology_text source = { "lab.yaml", topology_text, sizeof(topology_text) - 1 };
	struct problems problems;

	problems_init(&problems, "lab.yaml");
	ck_assert_int_eq(topology_parse(topology, &source, &problems), ZT_OK);
	problems_fini(&problems);
	ck_assert_int_eq(tally_init(tally, topology), ZT_OK);
}

static void teardown(struct topology *topology, struct tally *tally)
{
	tally_fini(tally);
	topology_free(topology);
}

/* Events in JSON with ' for ". */
static void take(struct tally *tally, const char *const events[])
{
	json_error_t error;
	char text[512];

	for (size_t i = 0; events[i]; i++) {
		snprintf(text, sizeof(text), "%s", events[i]);
		for (char *c = text; *c; c++)
			*c = *c == '\'' ? '"' : *c;
		json_t *event = json_loads(text, 0, &error);
		ck_assert_msg(event != NULL, "%s: %s", text, error.text);
		tally_take(tally, event);
		json_decref(event);
	}
}

static const char *const lab_is_up[] = {
	"{'t':0.1,'event':'node','node':'ns1.shop.example','state':'up'}", "{'t':0.1,'event':'node','node':'ns2.shop.example','state':'up'}",
	"{'t':0.1,'event':'node','node':'ns3.a-very-long-name.example','state':'up'}", "{'t':0.1,'event':'node','node':'a.root','state':'up'}",
	"{'t':0.1,'event':'node','node':'b.root','state':'up'}", "{'t':0.1,'event':'node','node':'regional','state':'up'}",
	"{'t':0.1,'event':'node','node':'edge','state':'up'}",
	"{'t':0.2,'event':'serial','zone':'.','node':'a.root','serial':7}", "{'t':0.2,'event':'serial','zone':'.','node':'b.root','serial':7}",
	"{'t':0.2,'event':'serial','zone':'shop.example.','node':'ns1.shop.example','serial':1}",
	"{'t':0.2,'event':'serial','zone':'shop.example.','node':'ns2.shop.example','serial':1}",
	"{'t':0.2,'event':'serial','zone':'shop.example.','node':'ns3.a-very-long-name.example','serial':1}",
	"{'t':0.2,'event':'watched','zone':'shop.example.','name':'www.shop.example.','type':'A','target':['192.0.2.10'],'ttl':10}",
	"{'t':0.3,'event':'answer','node':'regional','value':['192.0.2.10'],'ttl':10,'fresh':true}",
	"{'t':0.4,'event':'answer','node':'edge','value':['192.0.2.10'],'ttl':9,'fresh':true}", NULL,
};

static const char *const one_change[] = {
	"{'t':10.0,'event':'change','zone':'shop.example.','serial':2,'node':'ns1.shop.example','since':9.95}",
	"{'t':10.0,'event':'prediction','zone':'shop.example.','bound':44.02,'servers':{'p50':0.02,'p99':0.03,'bound':30},"
	"'last_stale':{'p50':5.0,'p99':9.9,'bound':44.02}}",
	"{'t':10.0,'event':'serial','zone':'shop.example.','node':'ns1.shop.example','serial':2,'since':9.95}",
	"{'t':10.001,'event':'watched','zone':'shop.example.','name':'www.shop.example.','type':'A','target':['192.0.2.99'],'ttl':10}",
	"{'t':10.05,'event':'serial','zone':'shop.example.','node':'ns2.shop.example','serial':2,'since':10.0}",
	"{'t':12.0,'event':'answer','node':'regional','value':['192.0.2.99'],'ttl':10,'fresh':true,'since':11.75}", NULL,
};

static void check_picture(struct screen *screen, const struct tally *tally, const char *expected)
{
	struct buf out;

	buf_init(&out);
	screen_draw(screen, tally, &out);
	buf_add_u8(&out, '\0');
	ck_assert_str_eq((const char *)out.data, expected);
	buf_fini(&out);
}

START_TEST(a_change_on_its_way_at_80_columns)
{
	struct topology topology;
	struct tally tally;
	struct screen screen = { .width = 80, .height = 24, .now = 14.25, .mode = "loopback" };

	setup(&topology, &tally);
	take(&tally, lab_is_up);
	take(&tally, one_change);
	check_picture(&screen, &tally,
		      "lab tiny, loopback, 14.2 s    q: end\n"
		      "www.shop.example. A is 192.0.2.99 (TTL 10)\n"
		      "serial 2, 4 s ago: 2 of 3 servers, 1 of 2 caches\n"
		      "predicted: servers 0.030 s, caches 5.000 s (p50) 9.900 s (p99), bound 44.020 s\n"
		      "shop.example.  serial 2: 2 of 3\n"
		      "  ns1.shop.example      authd         serial 2                 +0.000 s\n"
		      "  ns2.shop.example      nsd           serial 2                 +0.050 s\n"
		      "  ns3.a-very-long-name… knot          serial 1 (not it)        lags 4 s\n"
		      "caches, tier 1\n"
		      "  regional              unbound       fresh 192.0.2.99         +2.000 s TTL    8\n"
		      "caches, tier 2\n"
		      "  edge                  resolverd     stale 192.0.2.10         lags 4 s TTL    0\n"
		      ".  serial 7: 2 of 2\n");
	teardown(&topology, &tally);
}
END_TEST

START_TEST(nodes_that_are_down_or_in_trouble_say_so_in_words)
{
	struct topology topology;
	struct tally tally;
	struct screen screen = { .width = 80, .height = 24, .now = 14, .mode = "net" };

	setup(&topology, &tally);
	take(&tally, lab_is_up);
	take(&tally, (const char *const[]){
		"{'t':5,'event':'node','node':'b.root','state':'down','why':'killed'}", "{'t':6,'event':'node','node':'edge','state':'down'}",
		"{'t':7,'event':'serial','zone':'shop.example.','node':'ns2.shop.example','serial':null,'trouble':'SERVFAIL','since':6.5}",
		"{'t':8,'event':'answer','node':'regional','value':[],'ttl':0,'fresh':null,'trouble':'no answer'}", NULL });
	check_picture(&screen, &tally,
		      "lab tiny, net, 14.0 s    q: end\n"
		      "www.shop.example. A is 192.0.2.10 (TTL 10)\n"
		      "no change yet\n\n"
		      "shop.example.  serial 1: 2 of 3\n"
		      "  ns1.shop.example      authd         serial 1                         \n"
		      "  ns2.shop.example      nsd           SERVFAIL                         \n"
		      "  ns3.a-very-long-name… knot          serial 1                         \n"
		      "caches, tier 1\n"
		      "  regional              unbound       no answer                        \n"
		      "caches, tier 2\n"
		      "  edge                  resolverd     down                             \n"
		      ".  serial 7: 1 of 2, 1 down\n");
	teardown(&topology, &tally);
}
END_TEST

START_TEST(a_name_without_the_type_is_not_a_name_that_is_not_there)
{
	struct topology topology;
	struct tally tally;
	char text[64];

	setup(&topology, &tally);
	take(&tally, lab_is_up);
	take(&tally, (const char *const[]){ "{'t':8,'event':'answer','node':'regional','value':[],'ttl':5,'fresh':false}",
					    "{'t':8,'event':'answer','node':'edge','value':[],'ttl':5,'fresh':false,'absent':true}", NULL });
	ck_assert_str_eq(tally_cache_to_text(&tally.caches[0], text, sizeof(text)), "no data");
	ck_assert_str_eq(tally_cache_to_text(&tally.caches[1], text, sizeof(text)), "NXDOMAIN");
	teardown(&topology, &tally);
}
END_TEST

START_TEST(a_small_terminal_gets_a_part_of_it_and_no_line_is_wider)
{
	struct topology topology;
	struct tally tally;
	struct screen screen = { .width = 30, .height = 8, .scrolled = 100, .now = 14, .mode = "net" };

	setup(&topology, &tally);
	take(&tally, lab_is_up);
	check_picture(&screen, &tally,
		      "lab tiny, net, 14.0 s    q: en\n"
		      "www.shop.example. A is 192.0.2\n"
		      "no change yet\n\n"
		      "caches, tier 2\n"
		      "  edge                  fresh \n"
		      ".  serial 7: 2 of 2\n"
		      "lines 7 to 9 of 9: arrow keys\n");
	ck_assert_uint_eq(screen.scrolled, 6);
	screen.height = 3;
	check_picture(&screen, &tally, "");
	teardown(&topology, &tally);
}
END_TEST

START_TEST(colours_begin_behind_the_names_and_end_with_the_line)
{
	struct topology topology;
	struct tally tally;
	struct screen screen = { .width = 100, .height = 24, .has_colours = true, .now = 14.25, .mode = "net" };
	struct buf out;

	setup(&topology, &tally);
	take(&tally, lab_is_up);
	take(&tally, one_change);
	buf_init(&out);
	screen_draw(&screen, &tally, &out);
	buf_add_u8(&out, '\0');
	const char *const lines[] = {
		"\033[1mshop.example.  serial 2: 2 of 3\033[0m\n",
		"  ns2.shop.example      nsd           \033[32mserial 2                 +0.050 s\033[0m\n",
		"  ns3.a-very-long-name… knot          \033[33mserial 1 (not it)        lags 4 s\033[0m\n",
		"  regional              unbound       \033[32mfresh 192.0.2.99         +2.000 s TTL    8 ########--\033[0m\n",
	};
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		ck_assert_msg(strstr((const char *)out.data, lines[i]) != NULL, "expected %s in:\n%s", lines[i], (const char *)out.data);
	buf_fini(&out);
	teardown(&topology, &tally);
}
END_TEST

static void check_measured(const struct tally *tally, double servers, double first_fresh, double caches, double last_stale)
{
	struct tally_measured measured = tally_measure(tally);

	ck_assert_double_eq_tol(measured.servers, servers, 1e-6);
	ck_assert_double_eq_tol(measured.first_fresh, first_fresh, 1e-6);
	ck_assert_double_eq_tol(measured.caches, caches, 1e-6);
	ck_assert_double_eq_tol(measured.last_stale, last_stale, 1e-6);
}

START_TEST(a_change_is_measured_until_the_last_cache_stays_with_it)
{
	struct topology topology;
	struct tally tally;

	setup(&topology, &tally);
	take(&tally, lab_is_up);
	check_measured(&tally, -1, -1, -1, 0);
	take(&tally, one_change);
	check_measured(&tally, -1, 2, -1, 1.75);
	take(&tally, (const char *const[]){
		"{'t':10.2,'event':'serial','zone':'shop.example.','node':'ns3.a-very-long-name.example','serial':2,'since':10.15}",
		"{'t':16,'event':'answer','node':'edge','value':['192.0.2.99'],'ttl':9,'fresh':true,'since':15.5}", NULL });
	check_measured(&tally, .2, 2, 6, 5.5);
	ck_assert(tally_zone_is_current(&tally, 1) && tally_caches_are_fresh(&tally));

	/* One falls back to the old data, and has the new again. */
	take(&tally, (const char *const[]){ "{'t':17,'event':'answer','node':'regional','value':['192.0.2.10'],'ttl':9,'fresh':false,'since':16.9}", NULL });
	check_measured(&tally, .2, 2, -1, 5.5);
	take(&tally, (const char *const[]){ "{'t':19,'event':'answer','node':'regional','value':['192.0.2.99'],'ttl':9,'fresh':true,'since':18.5}",
		"{'t':20,'event':'answer','node':'regional','value':['192.0.2.99'],'ttl':10,'fresh':true,'since':18.5}", NULL });
	check_measured(&tally, .2, 2, 9, 8.5);
	ck_assert_uint_eq(tally.caches[0].returns, 1);

	/* The next change begins anew; its caches are stale only when it is known what is true. */
	take(&tally, (const char *const[]){ "{'t':30,'event':'change','zone':'shop.example.','serial':3,'node':'ns1.shop.example','since':29.95}", NULL });
	ck_assert(!tally_caches_are_fresh(&tally));
	ck_assert_ptr_null(tally.prediction);
	take(&tally, (const char *const[]){
		"{'t':30,'event':'watched','zone':'shop.example.','name':'www.shop.example.','type':'A','target':['192.0.2.99'],'ttl':10}", NULL });
	ck_assert(tally_caches_are_fresh(&tally));
	teardown(&topology, &tally);
}
END_TEST

START_TEST(all_servers_have_it_when_the_slowest_has_whichever_it_is)
{
	struct topology topology;
	struct tally tally;

	setup(&topology, &tally);
	take(&tally, lab_is_up);
	take(&tally, (const char *const[]){
		"{'t':10.0,'event':'change','zone':'shop.example.','serial':2,'node':'ns1.shop.example','since':9.95}",
		"{'t':10.0,'event':'serial','zone':'shop.example.','node':'ns1.shop.example','serial':2,'since':9.95}",
		"{'t':10.2,'event':'serial','zone':'shop.example.','node':'ns3.a-very-long-name.example','serial':2,'since':10.15}",
		"{'t':10.5,'event':'serial','zone':'shop.example.','node':'ns2.shop.example','serial':2,'since':10.45}", NULL });
	ck_assert_double_eq_tol(tally_measure(&tally).servers, .5, 1e-6);
	teardown(&topology, &tally);
}
END_TEST

START_TEST(what_is_measured_of_a_fast_lab_is_in_its_own_seconds)
{
	struct topology topology;
	struct tally tally;

	setup(&topology, &tally);
	take(&tally, (const char *const[]){ "{'t':0.1,'event':'observing','speed':60,'client_rate':60}", NULL });
	take(&tally, lab_is_up);
	take(&tally, one_change);
	check_measured(&tally, -1, 120, -1, 105);
	teardown(&topology, &tally);
}
END_TEST

START_TEST(a_node_that_comes_back_is_not_known_before_it_has_answered)
{
	struct topology topology;
	struct tally tally;

	setup(&topology, &tally);
	take(&tally, lab_is_up);
	take(&tally, (const char *const[]){ "{'t':5,'event':'node','node':'ns2.shop.example','state':'down'}", NULL });
	ck_assert(tally_zone_is_current(&tally, 1));      /* who is down is not waited for */
	take(&tally, (const char *const[]){ "{'t':6,'event':'node','node':'ns2.shop.example','state':'up'}", NULL });
	ck_assert(!tally_zone_is_current(&tally, 1));
	take(&tally, (const char *const[]){ "{'t':7,'event':'serial','zone':'shop.example.','node':'ns2.shop.example','serial':1}", NULL });
	ck_assert(tally_zone_is_current(&tally, 1));
	teardown(&topology, &tally);
}
END_TEST

START_TEST(who_comes_back_with_what_it_had_counts_from_when_it_had_it_first)
{
	struct topology topology;
	struct tally tally;

	setup(&topology, &tally);
	take(&tally, lab_is_up);
	take(&tally, one_change);
	take(&tally, (const char *const[]){
		"{'t':10.2,'event':'serial','zone':'shop.example.','node':'ns3.a-very-long-name.example','serial':2,'since':10.15}",
		"{'t':20,'event':'node','node':'ns2.shop.example','state':'down'}", "{'t':21,'event':'node','node':'ns2.shop.example','state':'up'}",
		"{'t':21.1,'event':'serial','zone':'shop.example.','node':'ns2.shop.example','serial':2}",
		"{'t':30,'event':'serial','zone':'shop.example.','node':'ns3.a-very-long-name.example','serial':null,'trouble':'SERVFAIL','since':29.5}", NULL });
	check_measured(&tally, -1, 2, -1, 1.75);
	take(&tally, (const char *const[]){
		"{'t':40,'event':'serial','zone':'shop.example.','node':'ns3.a-very-long-name.example','serial':2,'since':39.5}", NULL });
	check_measured(&tally, .2, 2, -1, 1.75);
	teardown(&topology, &tally);
}
END_TEST

/* Who is quicker, the primary or a cache, is chance. */
START_TEST(caches_may_answer_before_it_is_known_what_is_true)
{
	struct topology topology;
	struct tally tally;

	setup(&topology, &tally);
	take(&tally, (const char *const[]){
		"{'t':0.1,'event':'node','node':'regional','state':'up'}", "{'t':0.1,'event':'node','node':'edge','state':'up'}",
		"{'t':0.2,'event':'watched','zone':'shop.example.','name':'www.shop.example.','type':'A','target':null,'ttl':0}",
		"{'t':0.3,'event':'answer','node':'regional','value':['192.0.2.10'],'ttl':10,'fresh':null}",
		"{'t':0.3,'event':'answer','node':'edge','value':['192.0.2.11'],'ttl':10,'fresh':null}", NULL });
	ck_assert(!tally_caches_are_fresh(&tally) && tally.caches[0].is_known && !tally.caches[0].is_fresh);
	take(&tally, (const char *const[]){
		"{'t':0.4,'event':'watched','zone':'shop.example.','name':'www.shop.example.','type':'A','target':['192.0.2.10'],'ttl':10}", NULL });
	ck_assert(tally.caches[0].is_fresh && !tally.caches[1].is_fresh);
	teardown(&topology, &tally);
}
END_TEST

START_TEST(another_name_is_measured_from_the_next_change_on)
{
	struct topology topology;
	struct tally tally;

	setup(&topology, &tally);
	take(&tally, lab_is_up);
	take(&tally, one_change);
	take(&tally, (const char *const[]){
		"{'t':20,'event':'watched','zone':'shop.example.','name':'mail.shop.example.','type':'A','target':['192.0.2.25'],'ttl':10}",
		"{'t':20.1,'event':'answer','node':'edge','value':['192.0.2.25'],'ttl':9,'fresh':true}",
		"{'t':20.1,'event':'answer','node':'regional','value':['192.0.2.25'],'ttl':9,'fresh':true}", NULL });
	ck_assert(tally_caches_are_fresh(&tally));
	check_measured(&tally, -1, -1, -1, 0);
	teardown(&topology, &tally);
}
END_TEST

START_TEST(events_of_no_concern_and_of_strange_shape_are_passed_over)
{
	struct topology topology;
	struct tally tally;

	setup(&topology, &tally);
	take(&tally, (const char *const[]){ "{}", "{'event':7}", "{'t':1,'event':'weather'}", "{'event':'node'}", "{'event':'serial','zone':'nowhere.'}",
		"{'event':'serial','zone':'a..b','node':'ns1.shop.example'}", "{'event':'answer','node':'a.root'}", "{'event':'change'}",
		"{'event':'watched','zone':'org.'}", "{'event':'prediction','zone':'shop.example.'}", "{'event':'change','zone':'shop.example.'}",
		"{'event':'answer','node':'edge'}", NULL });
	check_measured(&tally, -1, -1, -1, 0);
	ck_assert_double_eq(tally.t, 1);
	teardown(&topology, &tally);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("watch");
	TCase *tcase = tcase_create("watch");

	tcase_add_test(tcase, a_change_on_its_way_at_80_columns);
	tcase_add_test(tcase, nodes_that_are_down_or_in_trouble_say_so_in_words);
	tcase_add_test(tcase, a_name_without_the_type_is_not_a_name_that_is_not_there);
	tcase_add_test(tcase, a_small_terminal_gets_a_part_of_it_and_no_line_is_wider);
	tcase_add_test(tcase, colours_begin_behind_the_names_and_end_with_the_line);
	tcase_add_test(tcase, a_change_is_measured_until_the_last_cache_stays_with_it);
	tcase_add_test(tcase, all_servers_have_it_when_the_slowest_has_whichever_it_is);
	tcase_add_test(tcase, what_is_measured_of_a_fast_lab_is_in_its_own_seconds);
	tcase_add_test(tcase, a_node_that_comes_back_is_not_known_before_it_has_answered);
	tcase_add_test(tcase, who_comes_back_with_what_it_had_counts_from_when_it_had_it_first);
	tcase_add_test(tcase, caches_may_answer_before_it_is_known_what_is_true);
	tcase_add_test(tcase, another_name_is_measured_from_the_next_change_on);
	tcase_add_test(tcase, events_of_no_concern_and_of_strange_shape_are_passed_over);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}

/* The topology file of a lab: what it says, what is said about mistakes and where, and the zone files made from it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/buf.h"
#include "tests/support/suite.h"
#include "tools/zonelab/topology/topology.h"
#include "tools/zonelab/topology/zonecheck.h"
#include "tools/zonelab/topology/zonetext.h"

#define NODES "nodes:\n  - {name: ns1, kind: authd}\n  - {name: ns2.test, kind: authd}\n"
#define ROOT "zones:\n  - {name: ., primary: ns1, secondaries: ns2.test}\n"

/* The topology's own reading, then its zones'. */
static int parse(struct topology *topology, const char *text, struct buf *said)
{
	struct topology_text source = { "lab.yaml", text, strlen(text) };
	struct problems problems;

	problems_init(&problems, "lab.yaml");
	buf_init(said);
	int status = topology_parse(topology, &source, &problems);
	if (status == ZT_OK) {
		status = zonecheck_all(topology, &problems);
		if (status != ZT_OK)
			topology_free(topology);
	}
	ck_assert_int_eq(status == ZT_OK, problems.total == 0);
	problems_write(&problems, said);
	buf_add_u8(said, 0);
	problems_fini(&problems);
	return status;
}

static void check_problem(const char *text, const char *expected)
{
	struct topology topology;
	struct buf said;

	ck_assert_int_eq(parse(&topology, text, &said), ZT_ESYNTAX);
	ck_assert_msg(strstr((char *)said.data, expected) != NULL, "expected \"%s\" in:\n%s", expected, (char *)said.data);
	buf_fini(&said);
}

static void check_fine(struct topology *topology, const char *text)
{
	struct buf said;
	int status = parse(topology, text, &said);

	ck_assert_msg(status == ZT_OK, "%s", (char *)said.data);
	buf_fini(&said);
}

START_TEST(a_topology_says_who_serves_what_and_who_forwards_to_whom)
{
	struct topology t;
	char text[NETADDR_TEXT_SIZE];

	check_fine(&t, "name: tiny\nport: 5333\nnetwork: 127.1.2.0\n" NODES
		   "  - {name: inner, kind: resolverd}\n  - {name: middle., kind: resolverd, forward: inner}\n"
		   "  - {name: outer, kind: resolverd, forward: [inner, middle], address: 127.9.9.9}\n" ROOT
		   "  - {name: Test, primary: ns2.test., ttl: 5m, refresh: 2h, retry: 1m, expire: 3d, minimum: 7}\n"
		   "demo: {zone: test., name: www.test., rdata: 192.0.2.1}\n");
	ck_assert_str_eq(t.name, "tiny");
	ck_assert_uint_eq(t.node_count, 5);
	ck_assert_str_eq(netaddr_to_text(&t.nodes[0].address, text), "127.1.2.1@5333");
	ck_assert_str_eq(netaddr_to_text(&t.nodes[4].address, text), "127.9.9.9@5333");
	ck_assert_str_eq(t.nodes[3].name, "middle");
	ck_assert_uint_eq(t.nodes[0].tier, 0);
	ck_assert_uint_eq(t.nodes[2].tier, 1);
	ck_assert_uint_eq(t.nodes[3].tier, 2);
	ck_assert_uint_eq(t.nodes[4].tier, 3);
	const struct topology_zone *zone = &t.zones[1];
	ck_assert_str_eq(zone->text, "test.");
	ck_assert_ptr_eq(zone->primary, &t.nodes[1]);
	ck_assert_ptr_eq(zone->parent, &t.zones[0]);
	ck_assert_uint_eq(zone->ttl, 300);
	ck_assert_uint_eq(zone->refresh, 7200);
	ck_assert_uint_eq(zone->minimum, 7);
	ck_assert(t.has_demo && t.demo.zone == zone);
	ck_assert_uint_eq(topology_role_count(&t), 3 + 3);
	topology_set_port(&t, 1053);
	ck_assert_str_eq(netaddr_to_text(&t.nodes[4].address, text), "127.9.9.9@1053");
	topology_free(&t);
}
END_TEST

START_TEST(a_node_has_addresses_for_each_mode)
{
	struct topology t;
	char text[NETADDR_TEXT_SIZE];

	check_fine(&t, NODES "  - {name: a.test, kind: bind, net-address: [198.41.0.4, '2001:503:ba3e::2:30']}\n" ROOT "  - {name: test, primary: ns1, secondaries: a.test}\n");
	ck_assert_str_eq(netaddr_to_text(&t.nodes[2].address, text), "127.53.0.3@5300");
	topology_set_mode(&t, TOPOLOGY_NET);
	ck_assert_str_eq(netaddr_to_text(&t.nodes[1].address, text), "10.53.0.2@53");
	ck_assert_uint_eq(t.nodes[1].address_count, 2);
	ck_assert_str_eq(netaddr_to_text(&t.nodes[1].addresses[1], text), "fd53::2@53");
	ck_assert_str_eq(netaddr_to_text(&t.nodes[2].addresses[1], text), "2001:503:ba3e::2:30@53");
	topology_set_mode(&t, TOPOLOGY_LOOPBACK);
	topology_set_port(&t, 1053);
	ck_assert_str_eq(netaddr_to_text(&t.nodes[1].address, text), "127.53.0.2@1053");
	topology_free(&t);
}
END_TEST

START_TEST(secondaries_form_chains_and_a_copy_stands_by)
{
	struct topology t;

	check_fine(&t, NODES "  - {name: ns3, kind: knot}\n  - {name: ns4, kind: powerdns}\n  - {name: r, kind: unbound}\n"
		   "zones:\n  - {name: ., primary: ns1, secondaries: [ns2.test, {node: ns3, from: [ns2.test, ns1]}], signed: nsec}\n"
		   "  - {name: test, primary: ns1, parent-servers: [ns2.test, nobody.test]}\n  - {name: test, primary: ns4, standby: yes}\n");
	const struct topology_zone *root = &t.zones[0], *test = &t.zones[1], *copy = &t.zones[2];
	ck_assert(topology_transfers(root, &t.nodes[1], &t.nodes[0]) && topology_transfers(root, &t.nodes[2], &t.nodes[1]));
	ck_assert(!topology_transfers(root, &t.nodes[1], &t.nodes[2]));
	ck_assert_ptr_eq(topology_zone(&t, test->apex), test);
	ck_assert_ptr_eq(topology_zone_at(&t, test->apex, &t.nodes[3]), copy);
	ck_assert_ptr_eq(copy->parent, root);
	ck_assert_ptr_eq(test->parent_servers[0].node, &t.nodes[1]);
	ck_assert_ptr_null(test->parent_servers[1].node);
	ck_assert(t.nodes[4].validates && root->signing == SIGNING_NSEC);
	topology_free(&t);
}
END_TEST

START_TEST(links_have_weather_from_some_nodes_to_others)
{
	struct topology t;
	struct weather weather = { 0 };

	check_fine(&t, NODES ROOT "links:\n  - {from: '*', delay: 1ms}\n  - {from: [ns1, ns2.test], to: ns2.test, one-way: yes, delay: 50ms, loss: 5%}\n");
	ck_assert_uint_eq(t.link_count, 2);
	ck_assert_uint_eq(t.links[0].from_count + t.links[0].to_count, 0);
	ck_assert(t.links[1].one_way && t.links[1].from_count == 2 && t.links[1].to_count == 1);
	ck_assert_ptr_eq(t.links[1].to[0], &t.nodes[1]);
	topology_weather(&t, &t.nodes[0], &t.nodes[1], &weather);
	ck_assert_int_eq(weather.delay, 50 * USEC_PER_MSEC);
	ck_assert_double_eq(weather.loss, 0.05);
	topology_weather(&t, &t.nodes[1], &t.nodes[0], &weather);
	ck_assert(weather.delay == USEC_PER_MSEC && weather.loss == 0);      /* one way */
	topology_weather(&t, NULL, NULL, &weather);
	ck_assert_int_eq(weather.delay, USEC_PER_MSEC);
	topology_free(&t);
}
END_TEST

START_TEST(a_mistake_is_reported_at_its_place_with_what_was_expected)
{
	static const struct { const char *text, *expected; } mistakes[] = {
		{ "nodes: []\nzones: []\n", "lab.yaml:1:8: the list is empty; expected at least one" },
		{ NODES "zones: []\n", "lab.yaml:4:8: the list is empty" },
		{ "nodes: {name: a/b, kind: authd}\n" ROOT, "lab.yaml:1:15: name is \"a/b\", expected a host name" },
		{ NODES "  - {name: NS1., kind: authd}\n" ROOT, "lab.yaml:4:5: a second node NS1; expected another name" },
		{ NODES "  - {name: ns3, kind: authd, address: 127.53.0.1}\n" ROOT, "lab.yaml:4:39: nodes ns1 and ns3 have the address 127.53.0.1" },
		{ NODES "  - {name: ns3, kind: authd, address: 192.0.2.1}\n" ROOT, "lab.yaml:4:39: node ns3 would have the address 192.0.2.1; expected one in 127" },
		{ NODES "  - {name: ns3, kind: authd, address: 127.1.1.1@53}\n" ROOT, "lab.yaml:4:39: a port of a node's own" },
		{ NODES "  - {name: idle, kind: authd}\n" ROOT, "lab.yaml:4:5: node idle serves no zone; expected it as" },
		{ NODES "  - {name: r, kind: resolverd, forward: r}\n" ROOT, "lab.yaml:4:41: what r forwards goes in a circle" },
		{ NODES "  - {name: r, kind: resolverd, forward: ns1}\n" ROOT, "lab.yaml:4:41: node ns1 is authd; expected a resolver" },
		{ NODES "zones:\n  - {name: ., primary: ns1, secondaries: [ns2.test, ns1]}\n", "lab.yaml:5:42: ns1 is the primary of . already" },
		{ NODES "zones:\n  - {name: ., primary: ns1, secondaries: [ns2.test, ns2.test]}\n", "lab.yaml:5:42: ns2.test stands twice" },
		{ NODES "zones:\n  - {name: ., primary: nsx, secondaries: [ns2.test]}\n", "lab.yaml:5:24: there is no node nsx; expected the name of one" },
		{ NODES ROOT "  - {name: '`a`.test', primary: ns1}\n", "lab.yaml:6:12: name is \"`a`.test\", expected a domain name of letters" },
		{ NODES ROOT "  - {name: TEST., primary: ns1}\n  - {name: test, primary: ns1}\n", "lab.yaml:7:5: a second zone test." },
		{ NODES "zones:\n  - {name: org., primary: ns1, secondaries: ns2.test}\n", "lab.yaml:5:5: zone org. has no parent in the lab" },
		{ "nodes: [{name: ns1, kind: authd, hidden: yes}]\nzones: {name: ., primary: ns1}\n", "lab.yaml:2:8: every server of . is hidden; expected one" },
		{ NODES "  - {name: ns3, kind: nsd, net-address: [10.53.0.1]}\n" ROOT, "lab.yaml:4:41: nodes ns1 and ns3 have the address 10.53.0.1" },
		{ NODES "  - {name: ns3, kind: nsd, net-address: [127.0.0.1]}\n" ROOT, "lab.yaml:4:41: node ns3 would have the address 127.0.0.1" },
		{ NODES "zones:\n  - {name: ., primary: ns1, secondaries: [{node: ns2.test, from: ns2.test}]}\n", "lab.yaml:5:66: no version of . reaches ns2.test" },
		{ NODES "  - {name: ns3, kind: nsd}\n  - {name: ns4, kind: knot}\nzones:\n  - {name: ., primary: ns1, secondaries: [ns2.test, {node: ns3, from: ns4}, {node: ns4, from: [ns3]}]}\n",
		  "lab.yaml:7:71: no version of . reaches ns3: those it transfers from go in a circle" },
		{ NODES "  - {name: ns3, kind: nsd}\nzones:\n  - {name: ., primary: ns1, secondaries: [{node: ns2.test, from: ns3}]}\n", "ns3 does not serve .; expected its primary" },
		{ NODES ROOT "  - {name: test, primary: ns1, standby: yes}\n", "lab.yaml:6:5: zone test. only stands by; expected another zone of the name" },
		{ NODES ROOT "  - {name: test, primary: ns1}\n  - {name: test, primary: ns1, standby: yes}\n", "lab.yaml:7:5: ns1 serves two copies of test." },
		{ NODES ROOT "demo: {zone: test., name: a.test., rdata: 192.0.2.1}\n", "lab.yaml:6:14: zone test. is not in the lab" },
		{ NODES ROOT "  - {name: test, primary: ns1}\ndemo: {zone: ., name: a.test., rdata: 192.0.2.1}\n", "lab.yaml:7:23: a.test. is not in zone .;" },
		{ NODES ROOT "demo: {zone: ., name: a.test., rdata: fast}\n", "lab.yaml:6:39: 'fast' is no IPv4 address" },
		{ NODES ROOT "links: {from: ns7, delay: 1s}\n", "lab.yaml:6:15: there is no node ns7; expected the name of one under nodes:, or *" },
		{ NODES ROOT "links: {from: ns1, to: [ns1], loss: 1%}\n", "lab.yaml:6:24: a node has no link to itself; expected another one than ns1" },
		{ NODES ROOT "links: {from: ns1, one-way: yes}\n", "lab.yaml:6:8: a link without weather; expected a key such as delay: 20ms" },
		{ NODES ROOT "links: {from: '*', one-way: yes, cut: yes}\n", "lab.yaml:6:29: from everybody to everybody is both ways" },
		{ NODES ROOT "links: {from: ns1, loss: 120%}\n", "lab.yaml:6:26: loss is \"120%\"" },
		{ NODES "  - {name: r, kind: resolverd, validate: yes}\n" ROOT, "lab.yaml:4:42: resolverd does not validate; expected it at a resolver that does" },
		{ NODES "  - {name: r, kind: unbound, validate: yes}\n" ROOT, "lab.yaml:4:40: there is no key to validate with; expected the top zone to be signed" },
	};

	for (size_t i = 0; i < sizeof(mistakes) / sizeof(mistakes[0]); i++)
		check_problem(mistakes[i].text, mistakes[i].expected);
}
END_TEST

START_TEST(a_mistake_in_records_is_reported_at_the_line_it_stands_in)
{
	check_problem(NODES "zones:\n  - name: .\n    primary: ns1\n    secondaries: ns2.test\n    records: |\n"
			    "      # not a comment here\n      a A 192.0.2.1\n      b A 192.0.2\n", "lab.yaml:11:1: zone .: '192.0.2' is no IPv4 address");
	check_problem(NODES "zones:\n  - name: .\n    primary: ns1\n    secondaries: ns2.test\n    records: |\n"
			    "      a A 192.0.2.1\n      b A 192.0.2.2\n      a CNAME b\n", "lab.yaml:11:1: a. CNAME: a CNAME record beside other data");
	check_problem(NODES ROOT "  - name: test\n    primary: ns1\n    records: |\n      a A 192.0.2.1\n      a.org. A 192.0.2.1\n",
		      "lab.yaml:10:1: a.org. is outside the zone; expected a name at or below test.");
	check_problem(NODES "zones:\n  - name: .\n    primary: ns1\n    secondaries: ns2.test\n    records: \"x\\ny A 192.0.2.1\"\n",
		      "lab.yaml:8:14: zone .:");
}
END_TEST

START_TEST(a_made_zone_holds_its_servers_and_the_delegations_below_with_glue)
{
	struct topology t;
	char *text = NULL;
	size_t len = 0;

	check_fine(&t, NODES "  - {name: ns.a.test, kind: authd, hidden: yes}\n" ROOT "  - {name: test, primary: ns1, secondaries: ns2.test}\n"
		   "  - {name: a.test, primary: ns.a.test, secondaries: ns2.test, ttl: 5, records: www A 192.0.2.1}\n");
	const char *const expected[] = {
		"; made by zonelab from the topology\n$ORIGIN .\n$TTL 3600\n@\tSOA\tns1. hostmaster 1 30 10 3600 10\n"
		".\tNS\tns1.\n.\tNS\tns2.test.\nns1.\tA\t127.53.0.1\n"
		"test.\tNS\tns1.\ntest.\tNS\tns2.test.\nns2.test.\tA\t127.53.0.2\n",
		"; made by zonelab from the topology\n$ORIGIN test.\n$TTL 3600\n@\tSOA\tns1. hostmaster 1 30 10 3600 10\n"
		"test.\tNS\tns1.\ntest.\tNS\tns2.test.\nns2.test.\tA\t127.53.0.2\n"
		"a.test.\tNS\tns2.test.\n",
		"; made by zonelab from the topology\n$ORIGIN a.test.\n$TTL 5\n@\tSOA\tns.a.test. hostmaster 1 30 10 3600 10\n"
		"a.test.\tNS\tns2.test.\nns.a.test.\tA\t127.53.0.3\n; the topology's records\nwww A 192.0.2.1\n",
	};
	for (uint32_t i = 0; i < 3; i++) {
		FILE *to = open_memstream(&text, &len);
		zonetext_write(to, &t, &t.zones[i]);
		fclose(to);
		ck_assert_str_eq(text, expected[i]);
		free(text);
	}
	topology_free(&t);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("zonelab/topology");
	TCase *tcase = tcase_create("topology");

	tcase_add_test(tcase, a_topology_says_who_serves_what_and_who_forwards_to_whom);
	tcase_add_test(tcase, a_node_has_addresses_for_each_mode);
	tcase_add_test(tcase, secondaries_form_chains_and_a_copy_stands_by);
	tcase_add_test(tcase, links_have_weather_from_some_nodes_to_others);
	tcase_add_test(tcase, a_mistake_is_reported_at_its_place_with_what_was_expected);
	tcase_add_test(tcase, a_mistake_in_records_is_reported_at_the_line_it_stands_in);
	tcase_add_test(tcase, a_made_zone_holds_its_servers_and_the_delegations_below_with_glue);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}

/* A resolver in a simulated hierarchy: what it answers, what it asks, what it keeps. */
#include <stdio.h>

#include "tests/sim/resolver/world.h"
#include "tests/support/suite.h"


/* A root, a TLD, a leaf; each with one server. */
struct hierarchy {
	struct world world;
	struct sim_zone *root, *tld, *leaf, *other;
	struct sim_server *root_server, *tld_server, *leaf_server, *other_server;
	struct sim_resolver *resolver;
	struct sim_client client;
};

static void hierarchy_init(struct hierarchy *h)
{
	world_init(&h->world, suite_seed("hierarchy"));
	h->root = world_zone(&h->world, ".");
	zone_add_lines(h->root, (const char *const[]){
		". 86400 SOA a.root. nobody. 1 1800 900 604800 60", ". 86400 NS a.root.", "a.root. 86400 A 10.0.0.1",
		"example. 3600 NS ns.example.", "ns.example. 3600 A 10.0.1.1",
		"other. 3600 NS ns.leaf.example.", NULL });
	h->tld = world_zone(&h->world, "example.");
	zone_add_lines(h->tld, (const char *const[]){
		"@ 3600 SOA ns hostmaster 1 1800 900 604800 30", "@ 3600 NS ns", "ns 3600 A 10.0.1.1",
		"leaf 600 NS ns.leaf", "ns.leaf 600 A 10.0.2.1", NULL });
	h->leaf = world_zone(&h->world, "leaf.example.");
	zone_add_lines(h->leaf, (const char *const[]){
		"@ 300 SOA ns hostmaster 7 1800 900 604800 20", "@ 300 NS ns", "ns 300 A 10.0.2.1",
		"www 100 A 192.0.2.1", "www 100 A 192.0.2.2", "alias 50 CNAME www", "far 50 CNAME www.other.", "a.b.c.d 60 TXT \"deep\"",
		"d.alias 40 DNAME leaf.example.", "zero 0 A 192.0.2.9", NULL });
	h->other = world_zone(&h->world, "other.");
	zone_add_lines(h->other, (const char *const[]){
		"@ 300 SOA ns.leaf.example. hostmaster 7 1800 900 604800 20", "@ 300 NS ns.leaf.example.", "www 70 A 192.0.2.77", NULL });
	h->root_server = world_server(&h->world, "10.0.0.1");
	server_serve(h->root_server, h->root);
	h->tld_server = world_server(&h->world, "10.0.1.1");
	server_serve(h->tld_server, h->tld);
	h->leaf_server = world_server(&h->world, "10.0.2.1");
	server_serve(h->leaf_server, h->leaf);
	server_serve(h->leaf_server, h->other);
	h->resolver = world_resolver(&h->world, "10.9.0.1", "10.0.0.1", 1 << 20);
	h->client = (struct sim_client){ 0 };
	buf_init(&h->client.text);
}

static void hierarchy_fini(struct hierarchy *h)
{
	client_fini(&h->client);
	world_fini(&h->world);
}

static const char *ask(struct hierarchy *h, const char *name, uint16_t type)
{
	return world_resolve(&h->client, h->resolver, name, type);
}

START_TEST(iterates_from_the_hints_and_counts_ttls_down)
{
	struct hierarchy h;

	hierarchy_init(&h);
	ck_assert_str_eq(ask(&h, "www.leaf.example.", TYPE_A), "NOERROR\nwww.leaf.example. A 192.0.2.1\nwww.leaf.example. A 192.0.2.2\n");
	ck_assert_uint_eq(h.client.max_ttl, 100);
	world_drain(&h.world);
	unsigned questions = h.world.questions;
	usec_t start = h.client.at;
	for (unsigned s = 1; s <= 99; s++) {
		h.world.now = start + s * USEC_PER_SEC;
		ask(&h, "www.leaf.example.", TYPE_A);
		ck_assert_uint_eq(h.client.max_ttl, 100 - s);
		h.world.now = start + s * USEC_PER_SEC + 1;
		ask(&h, "www.leaf.example.", TYPE_A);
		ck_assert_uint_eq(h.client.max_ttl, 99 - s);
	}
	ck_assert_uint_eq(h.world.questions, questions);
	h.world.now = start + 100 * USEC_PER_SEC;
	ask(&h, "www.leaf.example.", TYPE_A);
	ck_assert_uint_eq(h.client.max_ttl, 100);
	ck_assert_uint_eq(h.world.questions, questions + 1);
	hierarchy_fini(&h);
}
END_TEST

START_TEST(caches_nxdomain_and_nodata_for_the_soa_minimum)
{
	struct hierarchy h;

	hierarchy_init(&h);
	ck_assert_str_eq(ask(&h, "nothing.leaf.example.", TYPE_A), "NXDOMAIN\n");
	ck_assert_uint_eq(h.client.max_ttl, 20);
	ck_assert_str_eq(ask(&h, "www.leaf.example.", TYPE_AAAA), "NOERROR\n");
	ck_assert(h.client.negative);
	world_drain(&h.world);
	unsigned questions = h.world.questions;
	usec_t start = h.client.at;
	h.world.now = start + 19 * USEC_PER_SEC;
	ck_assert_str_eq(ask(&h, "www.leaf.example.", TYPE_AAAA), "NOERROR\n");
	ck_assert_uint_eq(h.client.max_ttl, 1);
	ck_assert_uint_eq(h.world.questions, questions);
	/* NXDOMAIN is for all types. */
	ck_assert_str_eq(ask(&h, "nothing.leaf.example.", TYPE_TXT), "NXDOMAIN\n");
	ck_assert_uint_eq(h.world.questions, questions);
	h.world.now = start + 20 * USEC_PER_SEC;
	zone_add(h.leaf, "www 100 AAAA 2001:db8::1");
	ck_assert_str_eq(ask(&h, "www.leaf.example.", TYPE_AAAA), "NOERROR\nwww.leaf.example. AAAA 2001:db8::1\n");
	hierarchy_fini(&h);
}
END_TEST

START_TEST(follows_cname_and_dname_within_and_across_zones)
{
	struct hierarchy h;

	hierarchy_init(&h);
	ck_assert_str_eq(ask(&h, "alias.leaf.example.", TYPE_A),
	                 "NOERROR\nalias.leaf.example. CNAME www.leaf.example.\nwww.leaf.example. A 192.0.2.1\nwww.leaf.example. A 192.0.2.2\n");
	ck_assert_uint_eq(h.client.min_ttl, 50);
	ck_assert_str_eq(ask(&h, "far.leaf.example.", TYPE_A), "NOERROR\nfar.leaf.example. CNAME www.other.\nwww.other. A 192.0.2.77\n");
	ck_assert_str_eq(ask(&h, "www.d.alias.leaf.example.", TYPE_A),
	                 "NOERROR\nd.alias.leaf.example. DNAME leaf.example.\nwww.d.alias.leaf.example. CNAME www.leaf.example.\n"
	                 "www.leaf.example. A 192.0.2.1\nwww.leaf.example. A 192.0.2.2\n");
	/* A DNAME in the cache is enough for other names below it. */
	world_drain(&h.world);
	unsigned questions = h.world.questions;
	ck_assert_str_eq(ask(&h, "alias.d.alias.leaf.example.", TYPE_CNAME),
	                 "NOERROR\nalias.d.alias.leaf.example. CNAME alias.leaf.example.\nalias.leaf.example. CNAME www.leaf.example.\n"
	                 "d.alias.leaf.example. DNAME leaf.example.\n");
	ck_assert_uint_eq(h.world.questions, questions);
	hierarchy_fini(&h);
}
END_TEST

START_TEST(keeps_server_and_zone_version_of_what_it_learns)
{
	struct hierarchy h;
	struct arena arena;
	uint8_t name[NAME_MAX_LEN];

	hierarchy_init(&h);
	arena_init(&arena, 1024);
	ask(&h, "www.leaf.example.", TYPE_A);
	ck_assert_int_eq(name_from_text(name, "www.leaf.example.", NULL), ZT_OK);
	struct cache_reader reader = { .cache = &h.resolver->cache, .arena = &arena, .now = h.world.now };
	struct rrset *set = rrsets_get(&reader, name, TYPE_A, TRUST_ANSWER_AA);
	ck_assert_ptr_nonnull(set);
	ck_assert(set->origin.has_version);
	ck_assert_uint_eq(set->origin.version, h.leaf->serial);
	ck_assert(netaddr_equal(&set->origin.server, &h.leaf_server->addr));
	ck_assert_int_eq(set->origin.learned, h.client.at);
	arena_fini(&arena);
	hierarchy_fini(&h);
}
END_TEST

START_TEST(joins_equal_questions_into_one)
{
	struct hierarchy h;
	struct sim_client clients[20];

	hierarchy_init(&h);
	for (unsigned i = 0; i < 20; i++) {
		buf_init(&clients[i].text);
		client_ask(&clients[i], h.resolver, "www.leaf.example.", TYPE_A);
	}
	world_drain(&h.world);
	for (unsigned i = 0; i < 20; i++) {
		ck_assert(clients[i].done);
		ck_assert_str_eq((char *)clients[i].text.data, (char *)clients[0].text.data);
	}
	for (unsigned i = 0; i < 20; i++)
		client_fini(&clients[i]);
	ck_assert_uint_eq(h.leaf_server->udp_queries, 1);
	ck_assert_uint_eq(resolver_counters(h.resolver->machine)->joined, 19);
	hierarchy_fini(&h);
}
END_TEST

START_TEST(asks_again_by_tcp_when_the_answer_is_truncated)
{
	struct hierarchy h;
	char line[64];

	hierarchy_init(&h);
	for (unsigned i = 0; i < 100; i++) {
		snprintf(line, sizeof(line), "big 60 A 10.1.1.%u", i);
		zone_add(h.leaf, line);
	}
	ask(&h, "big.leaf.example.", TYPE_A);
	ck_assert_int_eq(h.client.rcode, RCODE_NOERROR);
	ck_assert_uint_eq(h.leaf_server->tcp_queries, 1);
	h.leaf_server->no_tcp = true;
	zone_add(h.leaf, "big2 60 A 10.1.1.1");
	h.leaf_server->always_truncate = true;
	ck_assert_str_eq(ask(&h, "big2.leaf.example.", TYPE_A), "SERVFAIL\n");
	hierarchy_fini(&h);
}
END_TEST

START_TEST(steps_down_from_edns_and_remembers_it)
{
	struct hierarchy h;

	hierarchy_init(&h);
	h.leaf_server->no_edns = true;
	ck_assert_str_eq(ask(&h, "alias.leaf.example.", TYPE_CNAME), "NOERROR\nalias.leaf.example. CNAME www.leaf.example.\n");
	ck_assert_uint_eq(h.leaf_server->udp_queries, 3);      /* full, without options, without EDNS */
	ask(&h, "www.leaf.example.", TYPE_A);
	ck_assert_uint_eq(h.leaf_server->udp_queries, 4);
	hierarchy_fini(&h);
}
END_TEST

START_TEST(uses_data_with_ttl_0_once)
{
	struct hierarchy h;

	hierarchy_init(&h);
	ck_assert_str_eq(ask(&h, "zero.leaf.example.", TYPE_A), "NOERROR\nzero.leaf.example. A 192.0.2.9\n");
	unsigned before = h.leaf_server->udp_queries;
	ck_assert_str_eq(ask(&h, "zero.leaf.example.", TYPE_A), "NOERROR\nzero.leaf.example. A 192.0.2.9\n");
	ck_assert_uint_eq(h.leaf_server->udp_queries, before + 1);
	hierarchy_fini(&h);
}
END_TEST

START_TEST(fails_when_nobody_answers_and_does_not_try_again_at_once)
{
	struct hierarchy h;

	hierarchy_init(&h);
	h.leaf_server->dead = true;
	usec_t start = h.world.now;
	ck_assert_str_eq(ask(&h, "www.leaf.example.", TYPE_A), "SERVFAIL\n");
	ck_assert_int_le(h.world.now - start, LIMIT_TIME + USEC_PER_SEC);
	world_drain(&h.world);
	unsigned questions = h.world.questions;
	ck_assert_str_eq(ask(&h, "www.leaf.example.", TYPE_A), "SERVFAIL\n");
	ck_assert_uint_eq(h.world.questions, questions);
	/* Alive again: found soon. */
	h.leaf_server->dead = false;
	h.world.now += 20 * USEC_PER_SEC;
	ck_assert_str_eq(ask(&h, "alias.leaf.example.", TYPE_CNAME), "NOERROR\nalias.leaf.example. CNAME www.leaf.example.\n");
	hierarchy_fini(&h);
}
END_TEST

START_TEST(servers_that_cannot_be_reached_cost_nothing)
{
	struct hierarchy h;
	char line[80], ip[32];

	hierarchy_init(&h);
	for (unsigned i = 0; i < 20; i++) {
		snprintf(line, sizeof(line), "ns.example. 3600 AAAA 2001:db8::%u", i + 1);
		zone_add(h.root, line);
		snprintf(line, sizeof(line), "ns.leaf 600 AAAA 2001:db8:1::%u", i + 1);
		zone_add(h.tld, line);
		snprintf(ip, sizeof(ip), "2001:db8::%u", i + 1);
		world_server(&h.world, ip)->unreachable = true;
		snprintf(ip, sizeof(ip), "2001:db8:1::%u", i + 1);
		world_server(&h.world, ip)->unreachable = true;
	}
	ask(&h, "www.leaf.example.", TYPE_A);
	ck_assert_int_eq(h.client.rcode, RCODE_NOERROR);
	ask(&h, "nothing.leaf.example.", TYPE_A);
	ck_assert_int_eq(h.client.rcode, RCODE_NXDOMAIN);
	ck_assert_uint_eq(resolver_counters(h.resolver->machine)->limited, 0);
	/* Each is tried once at most, and then known. */
	for (unsigned i = 0; i < 40; i++) {
		snprintf(line, sizeof(line), "n%u.leaf.example.", i);
		ask(&h, line, TYPE_A);
	}
	unsigned before = h.world.questions;
	ask(&h, "alias.leaf.example.", TYPE_CNAME);
	ck_assert_uint_eq(h.world.questions, before + 1);
	hierarchy_fini(&h);
}
END_TEST

/* Asks `count` fresh names, one after the other; returns how many questions `server` got for them. */
static unsigned share_of(struct hierarchy *h, const struct sim_server *server, unsigned first, unsigned count)
{
	unsigned before = server->udp_queries;
	char name[80];

	for (unsigned i = first; i < first + count; i++) {
		snprintf(name, sizeof(name), "n%u.leaf.example.", i);
		ask(h, name, TYPE_A);
		ck_assert_int_eq(h->client.rcode, RCODE_NXDOMAIN);
		world_drain(&h->world);
	}
	return server->udp_queries - before;
}

START_TEST(prefers_fast_servers_and_finds_out_when_that_changes)
{
	struct hierarchy h;

	hierarchy_init(&h);
	cache_resize(&h.resolver->cache, 16 << 20, h.world.now);
	zone_add_lines(h.tld, (const char *const[]){ "leaf 600 NS ns2.leaf", "ns2.leaf 600 A 10.0.2.2", NULL });
	struct sim_server *other = world_server(&h.world, "10.0.2.2");
	server_serve(other, h.leaf);
	h.leaf_server->delay = 5 * USEC_PER_MSEC;
	other->delay = 200 * USEC_PER_MSEC;
	share_of(&h, other, 0, 20);
	/* One in forty: explored, and then half of the time. */
	unsigned slow = share_of(&h, other, 100, 400);
	ck_assert_uint_ge(slow, 1);
	ck_assert_uint_le(slow, 40);
	other->delay = 5 * USEC_PER_MSEC;
	ck_assert_uint_ge(share_of(&h, other, 1000, 2000), 400);
	hierarchy_fini(&h);
}
END_TEST

START_TEST(leaves_a_dead_server_alone_and_comes_back)
{
	struct hierarchy h;

	hierarchy_init(&h);
	cache_resize(&h.resolver->cache, 16 << 20, h.world.now);
	zone_add_lines(h.tld, (const char *const[]){ "leaf 600 NS ns2.leaf", "ns2.leaf 600 A 10.0.2.2", NULL });
	struct sim_server *other = world_server(&h.world, "10.0.2.2");
	server_serve(other, h.leaf);
	other->dead = true;
	share_of(&h, other, 0, 200);
	usec_t start = h.world.now;
	unsigned wasted = share_of(&h, other, 1000, 500);
	ck_assert_uint_le(wasted, 10 + (unsigned)((h.world.now - start) / (4 * USEC_PER_SEC)));
	other->dead = false;
	h.world.now += DEAD_LAST;
	ck_assert_uint_gt(share_of(&h, other, 2000, 400), 50);
	hierarchy_fini(&h);
}
END_TEST

START_TEST(finds_a_server_again_whose_address_ended_before_the_delegation)
{
	struct hierarchy h;

	hierarchy_init(&h);
	zone_add_lines(h.tld, (const char *const[]){ "leaf 600 NS ns2.leaf", "ns2.leaf 10 A 10.0.2.2", NULL });
	zone_add(h.leaf, "ns2 300 A 10.0.2.2");
	struct sim_server *other = world_server(&h.world, "10.0.2.2");
	server_serve(other, h.leaf);
	share_of(&h, other, 0, 10);
	h.world.now += 20 * USEC_PER_SEC;
	ck_assert_uint_gt(share_of(&h, other, 100, 100), 10);
	hierarchy_fini(&h);
}
END_TEST

START_TEST(shortens_the_names_it_asks_of_servers_above)
{
	struct hierarchy h;

	hierarchy_init(&h);
	ck_assert_str_eq(ask(&h, "a.b.c.d.leaf.example.", TYPE_TXT), "NOERROR\na.b.c.d.leaf.example. TXT \"deep\"\n");
	/* Nobody but the zone's own server may have seen a name below the zone. */
	struct negative negative;
	struct arena arena;
	uint8_t name[NAME_MAX_LEN];
	arena_init(&arena, 1024);
	ck_assert_int_eq(name_from_text(name, "c.d.leaf.example.", NULL), ZT_OK);
	struct cache_reader reader = { .cache = &h.resolver->cache, .arena = &arena, .now = h.world.now };
	ck_assert(negatives_get(&reader, name, TYPE_A, &negative));
	ck_assert(netaddr_equal(&negative.origin.server, &h.leaf_server->addr));
	arena_fini(&arena);
	hierarchy_fini(&h);
}
END_TEST

START_TEST(goes_to_the_parent_when_all_servers_of_a_cached_delegation_are_gone)
{
	struct hierarchy h;

	hierarchy_init(&h);
	ask(&h, "www.leaf.example.", TYPE_A);
	/* The zone moves; nothing answers at the old place. */
	struct sim_server *moved = world_server(&h.world, "10.0.3.1");
	server_serve(moved, h.leaf);
	h.leaf_server->dead = true;
	zone_remove(h.tld, "ns.leaf", TYPE_A);
	zone_add(h.tld, "ns.leaf 600 A 10.0.3.1");
	ck_assert_str_eq(ask(&h, "alias.leaf.example.", TYPE_CNAME), "NOERROR\nalias.leaf.example. CNAME www.leaf.example.\n");
	hierarchy_fini(&h);
}
END_TEST

START_TEST(a_zones_old_servers_lose_it_when_the_parents_delegation_ends)
{
	struct hierarchy h;

	hierarchy_init(&h);
	/* The child says its NS set lives a day and repeats it in every answer; the parent says 600 s, and moves the zone. The old server goes on. */
	zone_remove(h.leaf, "@", TYPE_NS);
	zone_add(h.leaf, "@ 86400 NS old.example.");
	zone_remove(h.tld, "leaf", TYPE_NS);
	zone_add_lines(h.tld, (const char *const[]){ "leaf 600 NS old", "old 86400 A 10.0.2.1", "new 86400 A 10.0.3.1", NULL });
	ask(&h, "leaf.example.", TYPE_NS);
	usec_t start = h.world.now;
	struct sim_server *moved = world_server(&h.world, "10.0.3.1");
	server_serve(moved, h.leaf);
	zone_remove(h.tld, "leaf", TYPE_NS);
	zone_add(h.tld, "leaf 600 NS new");
	for (unsigned minute = 1; minute <= 12; minute++) {
		h.world.now = start + minute * 60 * USEC_PER_SEC;
		ask(&h, minute % 2 ? "alias.leaf.example." : "leaf.example.", minute % 2 ? TYPE_CNAME : TYPE_NS);
	}
	ck_assert_uint_gt(moved->udp_queries, 0);
	hierarchy_fini(&h);
}
END_TEST

START_TEST(answers_local_zones_itself)
{
	struct hierarchy h;

	hierarchy_init(&h);
	ck_assert_str_eq(ask(&h, "localhost.", TYPE_A), "NOERROR\nlocalhost. A 127.0.0.1\n");
	ck_assert_str_eq(ask(&h, "x.localhost.", TYPE_AAAA), "NOERROR\nx.localhost. AAAA ::1\n");
	ck_assert_str_eq(ask(&h, "1.0.0.127.in-addr.arpa.", TYPE_PTR), "NOERROR\n1.0.0.127.in-addr.arpa. PTR localhost.\n");
	ck_assert_str_eq(ask(&h, "4.3.2.10.in-addr.arpa.", TYPE_PTR), "NXDOMAIN\n");
	ck_assert_str_eq(ask(&h, "1.1.20.172.in-addr.arpa.", TYPE_PTR), "NXDOMAIN\n");
	ck_assert_str_eq(ask(&h, "1.1.99.100.in-addr.arpa.", TYPE_PTR), "NXDOMAIN\n");
	ck_assert_str_eq(ask(&h, "x.onion.", TYPE_A), "NXDOMAIN\n");
	ck_assert_str_eq(ask(&h, "test.", TYPE_A), "NOERROR\n");
	ck_assert_uint_eq(h.world.questions, 0);
	/* 32.172.in-addr.arpa is public. */
	ck_assert_str_eq(ask(&h, "1.1.32.172.in-addr.arpa.", TYPE_PTR), "NXDOMAIN\n");
	ck_assert_uint_gt(h.world.questions, 0);
	hierarchy_fini(&h);
}
END_TEST

START_TEST(asks_stub_zones_at_their_servers_and_forwards_at_theirs)
{
	struct hierarchy h;

	hierarchy_init(&h);
	struct sim_zone *inner = world_zone(&h.world, "corp.test.");
	zone_add_lines(inner, (const char *const[]){ "@ 300 SOA ns nobody 1 1 1 1 1", "@ 300 NS ns", "ns 300 A 10.0.5.1", "www 30 A 10.1.1.1", NULL });
	struct sim_server *server = world_server(&h.world, "10.0.5.1");
	server_serve(server, inner);
	resolver_forward_to(h.resolver, "corp.test.", "10.0.5.1", ROUTE_STUB);
	ck_assert_str_eq(ask(&h, "www.corp.test.", TYPE_A), "NOERROR\nwww.corp.test. A 10.1.1.1\n");
	ck_assert_uint_eq(h.root_server->udp_queries, 0);

	struct sim_resolver *edge = world_resolver(&h.world, "10.9.0.2", NULL, 1 << 20);
	resolver_forward_to(edge, ".", "10.9.0.1", ROUTE_FORWARD);
	ck_assert_str_eq(world_resolve(&h.client, edge, "far.leaf.example.", TYPE_A),
	                 "NOERROR\nfar.leaf.example. CNAME www.other.\nwww.other. A 192.0.2.77\n");
	ck_assert_str_eq(world_resolve(&h.client, edge, "none.leaf.example.", TYPE_A), "NXDOMAIN\n");
	ck_assert_uint_le(h.client.max_ttl, 20);
	hierarchy_fini(&h);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("sim/resolver/basic");
	TCase *tcase = tcase_create("basic");

	tcase_add_test(tcase, iterates_from_the_hints_and_counts_ttls_down);
	tcase_add_test(tcase, caches_nxdomain_and_nodata_for_the_soa_minimum);
	tcase_add_test(tcase, follows_cname_and_dname_within_and_across_zones);
	tcase_add_test(tcase, keeps_server_and_zone_version_of_what_it_learns);
	tcase_add_test(tcase, joins_equal_questions_into_one);
	tcase_add_test(tcase, asks_again_by_tcp_when_the_answer_is_truncated);
	tcase_add_test(tcase, steps_down_from_edns_and_remembers_it);
	tcase_add_test(tcase, uses_data_with_ttl_0_once);
	tcase_add_test(tcase, fails_when_nobody_answers_and_does_not_try_again_at_once);
	tcase_add_test(tcase, servers_that_cannot_be_reached_cost_nothing);
	tcase_add_test(tcase, prefers_fast_servers_and_finds_out_when_that_changes);
	tcase_add_test(tcase, leaves_a_dead_server_alone_and_comes_back);
	tcase_add_test(tcase, finds_a_server_again_whose_address_ended_before_the_delegation);
	tcase_add_test(tcase, shortens_the_names_it_asks_of_servers_above);
	tcase_add_test(tcase, goes_to_the_parent_when_all_servers_of_a_cached_delegation_are_gone);
	tcase_add_test(tcase, a_zones_old_servers_lose_it_when_the_parents_delegation_ends);
	tcase_add_test(tcase, answers_local_zones_itself);
	tcase_add_test(tcase, asks_stub_zones_at_their_servers_and_forwards_at_theirs);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}

/* Caches in a row, and caches after a change: nothing lives longer than its owner said. */
#include <stdio.h>
#include <string.h>

#include "tests/sim/resolver/world.h"
#include "tests/support/suite.h"

/* One zone at three servers; resolvers 0 (iterates), 1 (asks 0), 2 (asks 1). */
struct row {
	struct world world;
	struct sim_zone *root, *zones[3];
	struct sim_server *servers[3];
	struct sim_resolver *resolvers[3];
	struct sim_client client;
};

static void row_init(struct row *r, uint64_t seed)
{
	char line[80];

	world_init(&r->world, seed);
	r->root = world_zone(&r->world, ".");
	zone_add_lines(r->root, (const char *const[]){ ". 86400 SOA a.root. nobody. 1 1 1 1 60", ". 86400 NS a.root.", "a.root. 86400 A 10.0.0.1", NULL });
	server_serve(world_server(&r->world, "10.0.0.1"), r->root);
	for (unsigned i = 0; i < 3; i++) {
		snprintf(line, sizeof(line), "zone. 600 NS ns%u.zone.", i);
		zone_add(r->root, line);
		snprintf(line, sizeof(line), "ns%u.zone. 600 A 10.0.1.%u", i, i);
		zone_add(r->root, line);
	}
	for (unsigned i = 0; i < 3; i++) {
		/* A copy each, so that they can be changed at different times. */
		r->zones[i] = world_zone(&r->world, "zone.");
		zone_add_lines(r->zones[i], (const char *const[]){ "@ 300 SOA ns0 host 1 1 1 1 7", "@ 600 NS ns0", "@ 600 NS ns1", "@ 600 NS ns2",
			"ns0 600 A 10.0.1.0", "ns1 600 A 10.0.1.1", "ns2 600 A 10.0.1.2", "www 10 A 192.0.2.1", "alias 20 CNAME www", NULL });
		char ip[20];
		snprintf(ip, sizeof(ip), "10.0.1.%u", i);
		r->servers[i] = world_server(&r->world, ip);
		server_serve(r->servers[i], r->zones[i]);
	}
	r->resolvers[0] = world_resolver(&r->world, "10.9.0.1", "10.0.0.1", 1 << 20);
	r->resolvers[1] = world_resolver(&r->world, "10.9.0.2", NULL, 1 << 20);
	resolver_forward_to(r->resolvers[1], ".", "10.9.0.1", ROUTE_FORWARD);
	r->resolvers[2] = world_resolver(&r->world, "10.9.0.3", NULL, 1 << 20);
	resolver_forward_to(r->resolvers[2], ".", "10.9.0.2", ROUTE_FORWARD);
	r->client = (struct sim_client){ 0 };
	buf_init(&r->client.text);
}

static void row_fini(struct row *r)
{
	client_fini(&r->client);
	world_fini(&r->world);
}

START_TEST(three_caches_in_a_row_do_not_lengthen_a_life)
{
	struct row r;

	row_init(&r, suite_seed("row"));
	for (unsigned long round = 0; round < suite_rounds(300); round++) {
		unsigned which = (unsigned)rng_below(&r.world.rng, 3);
		world_resolve(&r.client, r.resolvers[which], "www.zone.", TYPE_A);
		ck_assert_int_eq(r.client.rcode, RCODE_NOERROR);
		ck_assert_uint_le(r.client.max_ttl, 10);
		/* What a cache further down says ends no later than what the ones above say: each hop may add its network trip, no more. */
		struct arena arena;
		uint8_t name[NAME_MAX_LEN];
		usec_t ends[3] = { 0 };
		arena_init(&arena, 4096);
		ck_assert_int_eq(name_from_text(name, "www.zone.", NULL), ZT_OK);
		for (unsigned i = 0; i < 3; i++) {
			struct cache_reader reader = { .cache = &r.resolvers[i]->cache, .arena = &arena, .now = r.world.now };
			struct rrset *set = rrsets_get(&reader, name, TYPE_A, TRUST_ANSWER);
			ends[i] = set ? set->expires : 0;
		}
		for (unsigned i = 1; i < 3; i++) {
			if (ends[i] > 0 && ends[i - 1] > 0)
				ck_assert_int_le(ends[i], ends[i - 1] + 20 * USEC_PER_MSEC);
		}
		arena_fini(&arena);
		r.world.now += (usec_t)rng_below(&r.world.rng, 4000) * USEC_PER_MSEC;
		world_drain(&r.world);
	}
	row_fini(&r);
}
END_TEST

/* Change the zone at its three servers at times of their own; W is the last. After W + TTL + the time of an answer under way nobody says the old
 * thing, however deep. `old` and `fresh` are the texts; `set` makes the change in one copy. */
struct change {
	const char *name;
	uint32_t ttl;
	const char *old, *fresh;
	void (*set)(struct sim_zone *zone);
};

static void modify(struct sim_zone *zone)
{
	zone_remove(zone, "www", TYPE_A);
	zone_add(zone, "www 10 A 192.0.2.2");
}

static void add_name(struct sim_zone *zone)
{
	zone_add(zone, "new 10 A 192.0.2.3");
}

static void delete_name(struct sim_zone *zone)
{
	zone_remove(zone, "www", TYPE_A);
}

static const struct change changes[] = {
	{ "www.zone.", 10, "NOERROR\nwww.zone. A 192.0.2.1\n", "NOERROR\nwww.zone. A 192.0.2.2\n", modify },
	{ "new.zone.", 7, "NXDOMAIN\n", "NOERROR\nnew.zone. A 192.0.2.3\n", add_name },
	{ "www.zone.", 10, "NOERROR\nwww.zone. A 192.0.2.1\n", "NXDOMAIN\n", delete_name },
};

static void converge(const struct change *change, uint64_t seed)
{
	struct row r;
	usec_t when[3], last = 0;
	bool changed[3] = { false };

	row_init(&r, seed);
	usec_t start = r.world.now + 5 * USEC_PER_SEC;
	for (unsigned i = 0; i < 3; i++) {
		when[i] = start + (usec_t)rng_below(&r.world.rng, 20000) * USEC_PER_MSEC;
		if (when[i] > last)
			last = when[i];
	}
	/* An answer under way when the last server changes, and its way down two more hops. */
	usec_t bound = last + change->ttl * USEC_PER_SEC + 200 * USEC_PER_MSEC;
	while (r.world.now < bound + 20 * USEC_PER_SEC) {
		for (unsigned i = 0; i < 3; i++) {
			if (!changed[i] && r.world.now >= when[i]) {
				change->set(r.zones[i]);
				changed[i] = true;
			}
		}
		usec_t asked = r.world.now;
		const char *text = world_resolve(&r.client, r.resolvers[rng_below(&r.world.rng, 3)], change->name, TYPE_A);
		bool is_old = strcmp(text, change->old) == 0;
		ck_assert(is_old || strcmp(text, change->fresh) == 0);
		if (is_old)
			ck_assert_int_lt(asked, bound);
		r.world.now += (usec_t)rng_below(&r.world.rng, 1000) * USEC_PER_MSEC;
		world_drain(&r.world);
	}
	row_fini(&r);
}

START_TEST(no_old_answer_is_given_after_the_last_server_and_one_ttl)
{
	uint64_t seed = suite_seed("convergence");

	for (unsigned long round = 0; round < suite_rounds(60); round++)
		converge(&changes[_i], seed + round);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("sim/resolver/chain");
	TCase *tcase = tcase_create("chain");

	tcase_add_test(tcase, three_caches_in_a_row_do_not_lengthen_a_life);
	tcase_add_loop_test(tcase, no_old_answer_is_given_after_the_last_server_and_one_ttl, 0, 3);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}

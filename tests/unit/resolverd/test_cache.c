/* The cache: accounting and eviction, ranking, life to the second, negative answers, failures, ready-made messages, servers. */
#include <malloc.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/rng.h"
#include "lib/dns/name.h"
#include "lib/dns/rrtype.h"
#include "resolverd/cache/infra.h"
#include "resolverd/cache/messages.h"
#include "resolverd/cache/negative.h"
#include "tests/support/suite.h"

#define S USEC_PER_SEC

static struct cache cache;
static struct arena arena;

static void setup(void)
{
	ck_assert_int_eq(cache_init(&cache, 4 << 20, 42), ZT_OK);
	arena_init(&arena, 4096);
}

static void teardown(void)
{
	cache_fini(&cache);
	arena_fini(&arena);
}

static const uint8_t *name_of(const char *text)
{
	uint8_t name[NAME_MAX_LEN];
	ck_assert_int_eq(name_from_text(name, text, NULL), ZT_OK);
	return arena_copy(&arena, name, name_len(name));
}

/* One record of `len` bytes that begin with `mark`. */
static struct rrset set_of(const char *owner, uint16_t type, uint8_t mark, usec_t expires)
{
	uint8_t *rdata = arena_calloc(&arena, 6);
	wire_put_u16(rdata, 4);
	rdata[2] = mark;
	return (struct rrset){
		.owner = name_of(owner), .type = type, .trust = TRUST_ANSWER_AA, .count = 1, .rdata = rdata, .rdata_len = 6, .expires = expires,
	};
}

static struct rrset *get(const char *name, uint16_t type, enum trust least, usec_t now)
{
	struct cache_reader reader = { .cache = &cache, .arena = &arena, .now = now };
	return rrsets_get(&reader, name_of(name), type, least);
}

static bool get_negative(const char *name, uint16_t type, struct negative *out, usec_t now)
{
	struct cache_reader reader = { .cache = &cache, .arena = &arena, .now = now };
	return negatives_get(&reader, name_of(name), type, out);
}

START_TEST(ttl_left_is_rounded_down_and_ends_at_zero)
{
	ck_assert_uint_eq(ttl_left(100 * S, 0), 100);
	ck_assert_uint_eq(ttl_left(100 * S, 1), 99);
	ck_assert_uint_eq(ttl_left(100 * S, 1 * S), 99);
	ck_assert_uint_eq(ttl_left(100 * S, 99 * S + 1), 0);
	ck_assert_uint_eq(ttl_left(100 * S, 100 * S), 0);
	ck_assert_uint_eq(ttl_left(100 * S, 200 * S), 0);
}
END_TEST

START_TEST(rrset_lives_until_its_last_microsecond)
{
	struct rrset set = set_of("www.example.", TYPE_A, 1, 10 * S);

	ck_assert(rrsets_put(&cache, &set, 0));
	ck_assert_ptr_nonnull(get("www.example.", TYPE_A, TRUST_ANSWER, 10 * S - 1));
	ck_assert_ptr_null(get("www.example.", TYPE_A, TRUST_ANSWER, 10 * S));
	ck_assert_ptr_null(get("www.example.", TYPE_AAAA, TRUST_ANSWER, 0));
	ck_assert_ptr_null(get("w.example.", TYPE_A, TRUST_ANSWER, 0));
	set.expires = 5 * S;
	ck_assert(!rrsets_put(&cache, &set, 5 * S));
}
END_TEST

START_TEST(better_data_stays_while_it_lives)
{
	struct rrset answer = set_of("ns.example.", TYPE_A, 1, 100 * S), glue = set_of("ns.example.", TYPE_A, 2, 1000 * S);

	glue.trust = TRUST_ADDITIONAL;
	ck_assert(rrsets_put(&cache, &glue, 0));
	ck_assert_ptr_null(get("ns.example.", TYPE_A, TRUST_ANSWER, 0));
	ck_assert_ptr_nonnull(get("ns.example.", TYPE_A, TRUST_ADDITIONAL, 0));
	ck_assert(rrsets_put(&cache, &answer, 0));
	ck_assert(!rrsets_put(&cache, &glue, 99 * S));
	ck_assert_uint_eq(get("ns.example.", TYPE_A, TRUST_ADDITIONAL, 99 * S)->rdata[2], 1);
	ck_assert(rrsets_put(&cache, &glue, 100 * S));
	ck_assert_uint_eq(get("ns.example.", TYPE_A, TRUST_ADDITIONAL, 100 * S)->rdata[2], 2);
	/* Each rank against each other. */
	for (int old = TRUST_ADDITIONAL; old <= TRUST_ANSWER_AA; old++) {
		for (int fresh = TRUST_ADDITIONAL; fresh <= TRUST_ANSWER_AA; fresh++) {
			struct rrset a = set_of("rank.example.", TYPE_A, 1, 2000 * S), b = set_of("rank.example.", TYPE_A, 2, 2000 * S);
			rrsets_remove(&cache, a.owner, TYPE_A);
			a.trust = (uint8_t)old;
			b.trust = (uint8_t)fresh;
			ck_assert(rrsets_put(&cache, &a, 0));
			ck_assert_int_eq(rrsets_put(&cache, &b, 0), fresh >= old);
		}
	}
}
END_TEST

START_TEST(packed_sets_come_back_whole)
{
	struct rrset set = set_of("x.example.", TYPE_MX, 7, 100 * S);

	set.sig_count = 1;
	set.rdata_len = 12;
	uint8_t *rdata = arena_calloc(&arena, 12);
	memcpy(rdata, set.rdata, 6);
	wire_put_u16(rdata + 6, 4);
	rdata[8] = 9;
	set.rdata = rdata;
	set.origin = (struct origin){ .learned = 3 * S, .has_version = true, .version = 77, .version_labels = 1 };
	ck_assert_int_eq(netaddr_from_text(&set.origin.server, "192.0.2.1@53", 53), ZT_OK);
	ck_assert(rrsets_put(&cache, &set, 0));
	struct rrset *got = get("x.example.", TYPE_MX, TRUST_ANSWER, 0);
	ck_assert_ptr_nonnull(got);
	ck_assert(name_equal(got->owner, set.owner));
	ck_assert_uint_eq(got->count, 1);
	ck_assert_uint_eq(got->sig_count, 1);
	ck_assert_mem_eq(got->rdata, set.rdata, 12);
	ck_assert(got->origin.has_version);
	ck_assert_uint_eq(got->origin.version, 77);
	ck_assert_int_eq(got->origin.learned, 3 * S);
	ck_assert(netaddr_equal(&got->origin.server, &set.origin.server));
}
END_TEST

static struct negative negative_of(enum rcode rcode, struct rrset *soa, usec_t expires)
{
	soa->expires = expires;
	return (struct negative){ .rcode = rcode, .expires = expires, .count = 1, .sets = { soa } };
}

START_TEST(nodata_is_for_a_type_nxdomain_for_a_name)
{
	struct rrset soa = set_of("example.", TYPE_SOA, 1, 0);
	struct negative nodata = negative_of(RCODE_NOERROR, &soa, 30 * S), got;

	negatives_put(&cache, name_of("a.example."), TYPE_A, &nodata, 0);
	ck_assert(get_negative("a.example.", TYPE_A, &got, 29 * S));
	ck_assert_int_eq(got.rcode, RCODE_NOERROR);
	ck_assert_uint_eq(got.count, 1);
	ck_assert_uint_eq(ttl_left(got.sets[0]->expires, 29 * S), 1);
	ck_assert(!get_negative("a.example.", TYPE_MX, &got, 0));
	ck_assert(!get_negative("a.example.", TYPE_A, &got, 30 * S));

	struct negative nxdomain = negative_of(RCODE_NXDOMAIN, &soa, 60 * S);
	negatives_put(&cache, name_of("b.example."), TYPE_A, &nxdomain, 0);
	ck_assert(get_negative("b.example.", TYPE_TXT, &got, 0));
	ck_assert_int_eq(got.rcode, RCODE_NXDOMAIN);
	ck_assert(!get_negative("c.b.example.", TYPE_TXT, &got, 0));
}
END_TEST

START_TEST(data_ends_what_denied_it)
{
	struct rrset soa = set_of("example.", TYPE_SOA, 1, 0);
	struct negative nxdomain = negative_of(RCODE_NXDOMAIN, &soa, 600 * S), got;

	negatives_put(&cache, name_of("a.example."), TYPE_A, &nxdomain, 0);
	struct rrset set = set_of("a.example.", TYPE_TXT, 1, 10 * S);
	ck_assert(rrsets_put(&cache, &set, 0));
	ck_assert(!get_negative("a.example.", TYPE_A, &got, 1 * S));
	/* Glue proves nothing. */
	negatives_put(&cache, name_of("a.example."), TYPE_A, &nxdomain, 0);
	set = set_of("a.example.", TYPE_A, 1, 10 * S);
	set.trust = TRUST_ADDITIONAL;
	ck_assert(rrsets_put(&cache, &set, 0));
	ck_assert(get_negative("a.example.", TYPE_A, &got, 1 * S));
}
END_TEST

START_TEST(failures_in_a_row_wait_longer_and_are_forgotten)
{
	const uint8_t *name = name_of("bad.example.");
	usec_t now = 100 * S, last = 0;

	ck_assert(!failures_has(&cache, name, TYPE_A, now));
	for (int i = 0; i < 8; i++) {
		usec_t until = failures_put(&cache, name, TYPE_A, now);
		ck_assert(failures_has(&cache, name, TYPE_A, until - 1));
		ck_assert(!failures_has(&cache, name, TYPE_A, until));
		ck_assert_int_ge(until - now, last);
		ck_assert_int_le(until - now, FAILURE_LAST);
		last = until - now;
		now = until;
	}
	ck_assert_int_eq(last, FAILURE_LAST);
	now += 3 * FAILURE_LAST;
	ck_assert_int_eq(failures_put(&cache, name, TYPE_A, now), now + FAILURE_FIRST);
	failures_clear(&cache, name, TYPE_A);
	ck_assert(!failures_has(&cache, name, TYPE_A, now));
	ck_assert(!failures_has(&cache, name, TYPE_MX, now));
}
END_TEST

static void put_message(const char *name, uint32_t generation, usec_t first, usec_t second)
{
	uint8_t body[20] = { 0 };
	struct message_life lives[] = { { .expires = first, .first = 0, .count = 1 }, { .expires = second, .first = 1, .count = 2 } };
	uint16_t offsets[] = { 0, 8, 16 };
	struct message_draft draft = {
		.body = body, .body_len = sizeof(body), .count = { 3, 0, 0 }, .lives = lives, .life_count = 2, .offsets = offsets, .offset_count = 3,
		.generation = generation,
	};
	struct cache_key key = messages_key(&cache, name_of(name), TYPE_A, false);
	messages_put(&cache, &key, &draft, 0);
}

static bool get_message(const char *name, uint8_t *out, size_t room, usec_t now)
{
	struct cache_key key = messages_key(&cache, name_of(name), TYPE_A, false);
	struct message_found found = { .out = out, .room = room };
	return messages_get(&cache, &key, &found, now) && found.body_len <= room;
}

START_TEST(ready_messages_count_each_ttl_down_and_end_with_the_first)
{
	uint8_t out[20];

	put_message("m.example.", messages_generation(&cache), 100 * S, 50 * S);
	ck_assert(get_message("m.example.", out, sizeof(out), 10 * S));
	ck_assert_uint_eq(wire_get_u32(out), 90);
	ck_assert_uint_eq(wire_get_u32(out + 8), 40);
	ck_assert_uint_eq(wire_get_u32(out + 16), 40);
	ck_assert(get_message("m.example.", out, sizeof(out), 50 * S - 1));
	ck_assert_uint_eq(wire_get_u32(out), 50);
	ck_assert_uint_eq(wire_get_u32(out + 8), 0);
	ck_assert(!get_message("m.example.", out, sizeof(out), 50 * S));
	ck_assert(!get_message("m.example.", out, 19, 10 * S));
}
END_TEST

START_TEST(a_flush_outdates_ready_messages_also_those_being_made)
{
	uint8_t out[20];
	uint32_t before = messages_generation(&cache);

	put_message("m.example.", before, 100 * S, 100 * S);
	cache_messages_outdate(&cache);
	ck_assert(!get_message("m.example.", out, sizeof(out), 0));
	put_message("m.example.", before, 100 * S, 100 * S);
	ck_assert(!get_message("m.example.", out, sizeof(out), 0));
	put_message("m.example.", messages_generation(&cache), 100 * S, 100 * S);
	ck_assert(get_message("m.example.", out, sizeof(out), 0));
}
END_TEST

START_TEST(servers_are_measured_and_left_alone_when_dead)
{
	struct netaddr server, other;
	struct server_state state;
	usec_t now = 10 * S;

	ck_assert_int_eq(netaddr_from_text(&server, "192.0.2.1", 53), ZT_OK);
	ck_assert_int_eq(netaddr_from_text(&other, "192.0.2.1@54", 53), ZT_OK);
	infra_get(&cache, &server, &state, now);
	ck_assert(!state.known);
	ck_assert_int_eq(infra_rto(&state), RTO_UNKNOWN);
	for (int i = 0; i < 50; i++)
		infra_answered(&cache, &server, 200 * USEC_PER_MSEC, now);
	infra_get(&cache, &server, &state, now);
	ck_assert_uint_eq(state.srtt_us, 200000);
	ck_assert_int_lt(infra_rto(&state), 210 * USEC_PER_MSEC);
	infra_get(&cache, &other, &state, now);
	ck_assert(!state.known);
	usec_t rto = RTO_MIN;
	for (int i = 1; i <= 10; i++) {
		infra_timed_out(&cache, &server, now);
		infra_get(&cache, &server, &state, now);
		ck_assert_int_ge(infra_rto(&state), rto);
		rto = infra_rto(&state);
		ck_assert_int_eq(state.dead_until > now, i >= DEAD_AFTER);
		ck_assert_int_le(state.dead_until, now + DEAD_LAST);
	}
	ck_assert_int_eq(rto, RTO_MAX);
	infra_answered(&cache, &server, 100 * USEC_PER_MSEC, now);
	infra_get(&cache, &server, &state, now);
	ck_assert_int_eq(state.dead_until, 0);
	infra_set_edns(&cache, &server, EDNS_NONE, now);
	infra_get(&cache, &server, &state, now + EDNS_LIFE - 1);
	ck_assert_uint_eq(state.edns, EDNS_NONE);
	infra_answered(&cache, &server, 100 * USEC_PER_MSEC, now + EDNS_LIFE - 1);
	infra_get(&cache, &server, &state, now + EDNS_LIFE);
	ck_assert_uint_eq(state.edns, EDNS_FULL);
	infra_set_lame(&cache, &server, name_of("example."), now);
	ck_assert(infra_is_lame(&cache, &server, name_of("example."), now));
	ck_assert(!infra_is_lame(&cache, &server, name_of("example.org."), now));
	ck_assert(!infra_is_lame(&cache, &other, name_of("example."), now));
	ck_assert(!infra_is_lame(&cache, &server, name_of("example."), now + LAME_LIFE));
}
END_TEST

static enum cache_verdict add_cost(struct cache_entry *entry, void *ctx)
{
	*(uint64_t *)ctx += malloc_usable_size(entry) + sizeof(size_t);
	return CACHE_KEEP;
}

static enum cache_verdict drop_odd(struct cache_entry *entry, void *ctx)
{
	(void)ctx;
	return entry->hash & 1 ? CACHE_DROP : CACHE_KEEP;
}

static enum cache_verdict drop_all(struct cache_entry *entry, void *ctx)
{
	(void)entry;
	(void)ctx;
	return CACHE_DROP;
}

/* Random puts and removals of all sizes, in a store that is much too small. */
START_TEST(accounting_is_exact_and_the_budget_holds)
{
	struct rng rng;
	struct cache_stats stats;
	uint8_t *blob = calloc(1, 70000);

	rng_seed(&rng, suite_seed("accounting"));
	uint64_t budget = 256 * 1024 + rng_below(&rng, 4 << 20);
	cache_fini(&cache);
	ck_assert_int_eq(cache_init(&cache, budget, rng_u64(&rng)), ZT_OK);
	cache_stats(&cache, &stats);
	uint64_t empty = stats.used;
	for (unsigned long i = 0; i < suite_rounds(30000); i++) {
		char text[40];
		snprintf(text, sizeof(text), "n%u.example.", (unsigned)rng_below(&rng, 5000));
		struct rrset set = set_of(text, TYPE_TXT, 0, (usec_t)rng_below(&rng, 1000 * S) + 1);
		set.rdata = blob;
		set.rdata_len = (uint32_t)(rng_below(&rng, 100) == 0 ? rng_below(&rng, 65000) : rng_below(&rng, 300));
		usec_t now = (usec_t)rng_below(&rng, 100 * S);
		if (rng_below(&rng, 4) > 0)
			rrsets_put(&cache, &set, now);
		else
			rrsets_remove(&cache, set.owner, TYPE_TXT);
		if (i % 1000 == 0) {
			uint64_t cost = 0;
			arena_reset(&arena);
			cache_each(&cache, add_cost, &cost);
			cache_stats(&cache, &stats);
			ck_assert_uint_le(stats.used, stats.budget);
			ck_assert_uint_le(stats.budget, budget);
			ck_assert_uint_ge(stats.used, cost);
			/* What is more than the entries is the slot tables: a few per cent, and what they are when empty. */
			ck_assert_uint_le(stats.used - cost, empty + stats.budget / 4);
		}
	}
	cache_stats(&cache, &stats);
	uint64_t before = stats.entries[CACHE_RRSET], dropped = cache_each(&cache, drop_odd, NULL);
	cache_stats(&cache, &stats);
	ck_assert_uint_eq(stats.entries[CACHE_RRSET], before - dropped);
	ck_assert_uint_eq(cache_each(&cache, drop_all, NULL), before - dropped);
	cache_stats(&cache, &stats);
	ck_assert_uint_eq(stats.entries[CACHE_RRSET], 0);
	uint64_t cost = 0;
	cache_each(&cache, add_cost, &cost);
	ck_assert_uint_eq(cost, 0);
	free(blob);
}
END_TEST

START_TEST(what_is_used_outlives_what_is_not)
{
	struct cache_stats stats;
	char text[40];

	cache_fini(&cache);
	ck_assert_int_eq(cache_init(&cache, CACHE_MIN_SIZE, 1), ZT_OK);
	struct rrset hot = set_of("hot.example.", TYPE_A, 1, 1000 * S);
	ck_assert(rrsets_put(&cache, &hot, 0));
	for (int i = 0; i < 5000; i++) {
		snprintf(text, sizeof(text), "cold%d.example.", i);
		struct rrset cold = set_of(text, TYPE_A, 1, 1000 * S);
		ck_assert(rrsets_put(&cache, &cold, 0));
		ck_assert_ptr_nonnull(get("hot.example.", TYPE_A, TRUST_ANSWER, 0));
	}
	cache_stats(&cache, &stats);
	ck_assert_uint_gt(stats.evicted, 1000);
	ck_assert_uint_le(stats.used, CACHE_MIN_SIZE);
	cache_resize(&cache, CACHE_MIN_SIZE / 2, 0);
	cache_stats(&cache, &stats);
	ck_assert_uint_le(stats.used, CACHE_MIN_SIZE / 2);
}
END_TEST

START_TEST(every_entry_can_be_found_through_growth_and_removal)
{
	char text[40];
	enum { COUNT = 3000 };

	for (int i = 0; i < COUNT; i++) {
		snprintf(text, sizeof(text), "n%d.example.", i);
		struct rrset set = set_of(text, TYPE_A, (uint8_t)i, 1000 * S);
		ck_assert(rrsets_put(&cache, &set, 0));
	}
	for (int i = 0; i < COUNT; i += 3) {
		snprintf(text, sizeof(text), "n%d.example.", i);
		ck_assert(rrsets_remove(&cache, name_of(text), TYPE_A));
	}
	for (int i = 0; i < COUNT; i++) {
		snprintf(text, sizeof(text), "n%d.example.", i);
		struct rrset *set = get(text, TYPE_A, TRUST_ANSWER, 0);
		ck_assert_int_eq(set != NULL, i % 3 != 0);
		if (set)
			ck_assert_uint_eq(set->rdata[2], (uint8_t)i);
	}
}
END_TEST

struct racer {
	struct cache *cache;
	uint64_t seed;
};

static void *race(void *ctx)
{
	struct racer *racer = ctx;
	struct rng rng;
	struct arena own;

	rng_seed(&rng, racer->seed);
	arena_init(&own, 4096);
	for (unsigned long i = 0; i < suite_rounds(20000); i++) {
		uint8_t name[] = { 1, (uint8_t)('a' + rng_below(&rng, 26)), 1, (uint8_t)('a' + rng_below(&rng, 26)), 0 };
		uint8_t rdata[6] = { 0, 4, name[1], name[3] };
		struct rrset set = { .owner = name, .type = TYPE_A, .trust = TRUST_ANSWER, .count = 1, .rdata = rdata, .rdata_len = 6, .expires = 1000 };
		struct cache_reader reader = { .cache = racer->cache, .arena = &own, .now = (usec_t)rng_below(&rng, 1200) };
		if (rng_below(&rng, 3) == 0) {
			rrsets_put(racer->cache, &set, reader.now);
		} else {
			struct rrset *got = rrsets_get(&reader, name, TYPE_A, TRUST_ANSWER);
			if (got && (got->rdata[2] != name[1] || got->rdata[3] != name[3]))
				abort();
		}
		if (rng_below(&rng, 1000) == 0)
			cache_each(racer->cache, drop_odd, NULL);
		arena_reset(&own);
	}
	arena_fini(&own);
	return NULL;
}

START_TEST(threads_share_it)
{
	pthread_t threads[3];
	struct racer racers[3];
	uint64_t seed = suite_seed("threads");

	cache_fini(&cache);
	ck_assert_int_eq(cache_init(&cache, CACHE_MIN_SIZE, seed), ZT_OK);
	for (unsigned i = 0; i < 3; i++) {
		racers[i] = (struct racer){ .cache = &cache, .seed = seed + i };
		ck_assert_int_eq(pthread_create(&threads[i], NULL, race, &racers[i]), 0);
	}
	for (unsigned i = 0; i < 3; i++)
		pthread_join(threads[i], NULL);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("unit/resolverd/cache");
	TCase *tcase = tcase_create("cache");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, ttl_left_is_rounded_down_and_ends_at_zero);
	tcase_add_test(tcase, rrset_lives_until_its_last_microsecond);
	tcase_add_test(tcase, better_data_stays_while_it_lives);
	tcase_add_test(tcase, packed_sets_come_back_whole);
	tcase_add_test(tcase, nodata_is_for_a_type_nxdomain_for_a_name);
	tcase_add_test(tcase, data_ends_what_denied_it);
	tcase_add_test(tcase, failures_in_a_row_wait_longer_and_are_forgotten);
	tcase_add_test(tcase, ready_messages_count_each_ttl_down_and_end_with_the_first);
	tcase_add_test(tcase, a_flush_outdates_ready_messages_also_those_being_made);
	tcase_add_test(tcase, servers_are_measured_and_left_alone_when_dead);
	tcase_add_test(tcase, accounting_is_exact_and_the_budget_holds);
	tcase_add_test(tcase, what_is_used_outlives_what_is_not);
	tcase_add_test(tcase, every_entry_can_be_found_through_growth_and_removal);
	tcase_add_test(tcase, threads_share_it);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}

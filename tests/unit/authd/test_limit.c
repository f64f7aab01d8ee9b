/* authd/serve/limit: who is limited, how fast that ends, and what a flood of strangers does to the table. */
#include <stdio.h>
#include <string.h>

#include "authd/serve/limit.h"
#include "lib/base/rng.h"
#include "tests/support/suite.h"
#include "tests/support/zone_text.h"

static struct limiter *limiter;
static struct limit_rules rules;
static uint32_t now_ms;

static void set_up(void)
{
	static const uint8_t key[16] = { 7, 7, 7 };

	ck_assert_int_eq(limiter_new(&limiter, LIMIT_TABLE_MIN, key), ZT_OK);
	rules = (struct limit_rules){ .per_second = 100, .slip = 2, .ipv4_prefix = 24, .ipv6_prefix = 56, .workers = 1 };
	now_ms = UINT32_MAX - 500;      /* the clock's overrun comes early */
}

static void tear_down(void)
{
	limiter_free(limiter);
}

static enum limit_verdict take(const char *peer, enum limit_kind kind, const char *name)
{
	struct netaddr addr = { 0 };
	struct limit_item item = { &addr, kind, zone_text_name(name) };

	ck_assert_int_eq(netaddr_from_text(&addr, peer, 53), ZT_OK);
	return limiter_check(limiter, &rules, &addr, limiter_hash(limiter, &rules, &item), now_ms);
}

/* How many of `count` answers at one time pass. */
static unsigned passed(const char *peer, const char *name, unsigned count)
{
	unsigned pass = 0;
	for (unsigned i = 0; i < count; i++)
		pass += take(peer, LIMIT_ANSWER, name) == LIMIT_PASS;
	return pass;
}

START_TEST(a_second_gives_what_the_limit_says)
{
	ck_assert_uint_eq(passed("192.0.2.1", "a.", 1000), 100);
	now_ms += 10;
	ck_assert_uint_eq(passed("192.0.2.1", "a.", 1000), 1);
	now_ms += 500;
	ck_assert_uint_eq(passed("192.0.2.1", "a.", 1000), 50);
	now_ms += 60000;
	ck_assert_uint_eq(passed("192.0.2.1", "a.", 1000), 100);
	/* Steadily at the limit nothing is lost, at twice the limit half. */
	now_ms += 60000;
	unsigned pass = 0;
	for (int i = 0; i < 1000; i++, now_ms += 10)
		pass += passed("192.0.2.1", "a.", 1);
	ck_assert_uint_eq(pass, 1000);
	for (int i = 0; i < 2000; i++, now_ms += 5)
		pass += passed("192.0.2.1", "a.", 1);
	ck_assert_uint_ge(pass, 1000 + 1000);
	ck_assert_uint_le(pass, 1000 + 1100);
}
END_TEST

START_TEST(networks_names_and_kinds_are_counted_apart)
{
	ck_assert_uint_eq(passed("192.0.2.1", "a.", 200), 100);
	ck_assert_uint_eq(passed("192.0.2.255", "A.", 200), 0);
	ck_assert_uint_eq(passed("192.0.3.1", "a.", 200), 100);
	ck_assert_uint_eq(passed("192.0.2.1", "b.", 200), 100);
	ck_assert_int_eq(take("192.0.2.1", LIMIT_NO_NAME, "a."), LIMIT_PASS);
	ck_assert_int_eq(take("192.0.2.1", LIMIT_ERROR, "a."), LIMIT_PASS);
	ck_assert_uint_eq(passed("2001:db8:0:1::1", "a.", 200), 100);
	ck_assert_uint_eq(passed("2001:db8:0:ff:1:2:3:4", "a.", 200), 0);
	ck_assert_uint_eq(passed("2001:db8:0:100::1", "a.", 200), 100);
	rules.ipv4_prefix = 31;
	ck_assert_uint_eq(passed("192.0.2.3", "a.", 200), 100);
	ck_assert_uint_eq(passed("192.0.2.2", "a.", 200), 0);
	ck_assert_uint_eq(passed("192.0.2.4", "a.", 200), 100);
}
END_TEST

START_TEST(the_network_limited_last_is_known)
{
	struct netprefix network;
	char text[NETPREFIX_TEXT_SIZE];

	passed("192.0.2.1", "a.", 100);
	ck_assert(!limiter_last(limiter, &network));
	passed("192.0.2.1", "a.", 1);
	ck_assert(limiter_last(limiter, &network));
	ck_assert_str_eq(netprefix_to_text(&network, text), "192.0.2.0/24");
	passed("2001:db8:0:1ff::1", "a.", 101);
	passed("192.0.3.1", "a.", 1);
	ck_assert(limiter_last(limiter, &network));
	ck_assert_str_eq(netprefix_to_text(&network, text), "2001:db8:0:100::/56");
}
END_TEST

START_TEST(one_in_so_many_limited_answers_slips)
{
	for (rules.slip = 0; rules.slip <= 3; rules.slip++) {
		char name[8];
		unsigned slipped = 0;
		snprintf(name, sizeof(name), "s%u.", rules.slip);
		passed("192.0.2.1", name, 100);
		for (int i = 0; i < 60; i++)
			slipped += take("192.0.2.1", LIMIT_ANSWER, name) == LIMIT_SLIP;
		ck_assert_uint_eq(slipped, rules.slip ? 60 / rules.slip : 0);
	}
}
END_TEST

START_TEST(the_exempt_are_never_limited)
{
	struct acl acl;

	acl_init(&acl);
	ck_assert_int_eq(acl_add_text(&acl, "192.0.2.8/29"), ZT_OK);
	rules.exempt = &acl;
	ck_assert_uint_eq(passed("192.0.2.9", "a.", 1000), 1000);
	ck_assert_uint_eq(passed("192.0.2.7", "a.", 1000), 100);
	acl_fini(&acl);
}
END_TEST

START_TEST(workers_share_the_limit_but_a_few_answers_always_pass)
{
	rules.workers = 4;
	ck_assert_uint_eq(passed("192.0.2.1", "a.", 1000), 25);
	now_ms += 1000;
	ck_assert_uint_eq(passed("192.0.2.1", "a.", 1000), 25);
	rules.workers = 256;
	ck_assert_uint_eq(passed("192.0.2.1", "b.", 1000), 4);
	rules.per_second = 1000000;
	ck_assert_uint_eq(passed("192.0.2.1", "c.", 10000), 1000000 / 256);
}
END_TEST

START_TEST(strangers_do_not_push_the_limited_out_of_the_table)
{
	struct rng rng;

	rng_seed(&rng, suite_seed("limit"));
	passed("192.0.2.1", "victim.", 1000);
	/* 100 times as many as the table holds, each once. */
	for (unsigned i = 0; i < 100 * LIMIT_TABLE_MIN; i++) {
		struct netaddr addr = { .v4 = { .sin_family = AF_INET, .sin_addr.s_addr = (uint32_t)rng_u64(&rng) } };
		limiter_check(limiter, &rules, &addr, limiter_hash(limiter, &rules, &(struct limit_item){ &addr, LIMIT_ANSWER, name_root }), now_ms);
	}
	ck_assert_uint_eq(passed("192.0.2.1", "victim.", 100), 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("authd/limit");
	TCase *tc = tcase_create("limit");
	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, a_second_gives_what_the_limit_says);
	tcase_add_test(tc, networks_names_and_kinds_are_counted_apart);
	tcase_add_test(tc, the_network_limited_last_is_known);
	tcase_add_test(tc, one_in_so_many_limited_answers_slips);
	tcase_add_test(tc, the_exempt_are_never_limited);
	tcase_add_test(tc, workers_share_the_limit_but_a_few_answers_always_pass);
	tcase_add_test(tc, strangers_do_not_push_the_limited_out_of_the_table);
	suite_add_tcase(suite, tc);
	return suite_run(suite);
}

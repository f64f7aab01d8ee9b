/* lib/base: addresses, prefixes, nearest words. */
#include <arpa/inet.h>
#include <string.h>

#include "lib/base/nearest.h"
#include "lib/base/netaddr.h"
#include "tests/support/suite.h"

static struct netaddr addr_of(const char *text)
{
	struct netaddr addr;
	ck_assert_int_eq(netaddr_from_text(&addr, text, 53), ZT_OK);
	return addr;
}

static struct netprefix prefix_of(const char *text)
{
	struct netprefix prefix;
	ck_assert_int_eq(netprefix_from_text(&prefix, text), ZT_OK);
	return prefix;
}

START_TEST(addresses_survive_the_way_through_text)
{
	static const char *const texts[][2] = {
		{ "127.0.0.1", "127.0.0.1@53" },
		{ "127.0.0.1@5300", "127.0.0.1@5300" },
		{ "::1", "::1@53" },
		{ "2001:db8::53@853", "2001:db8::53@853" },
		{ "0.0.0.0@65535", "0.0.0.0@65535" },
		{ "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff@65535", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff@65535" },
	};
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct netaddr addr = addr_of(texts[i][0]);
		char out[NETADDR_TEXT_SIZE];
		ck_assert_str_eq(netaddr_to_text(&addr, out), texts[i][1]);
		struct netaddr copy;
		ck_assert_int_eq(netaddr_from_sockaddr(&copy, &addr.any, netaddr_len(&addr)), ZT_OK);
		ck_assert(netaddr_equal(&copy, &addr));
	}
}
END_TEST

START_TEST(what_is_no_address_is_refused_and_changes_nothing)
{
	static const char *const texts[] = {
		"", "@", "@53", "localhost", "127.0.0.1@", "127.0.0.1@0", "127.0.0.1@65536", "127.0.0.1@-1", "127.0.0.1@+53", "127.0.0.1@ 53",
		"127.0.0.1@053", "127.0.0.1:53", "[::1]@53", "127.0.0", "127.0.0.1.2", "::1@53@53", "1234:5678:9abc:def0:1234:5678:9abc:def0:1234:5678:9abc",
	};
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct netaddr addr = addr_of("192.0.2.1@7");
		ck_assert_msg(netaddr_from_text(&addr, texts[i], 53) == ZT_ESYNTAX, "accepted: %s", texts[i]);
		ck_assert_uint_eq(netaddr_port(&addr), 7);
	}
	struct netaddr any_port;
	ck_assert_int_eq(netaddr_from_text(&any_port, "127.0.0.1@0", 0), ZT_OK);
}
END_TEST

START_TEST(addresses_are_ordered_and_hashed_by_value)
{
	static const char *const ascending[] = { "9.0.0.1@54", "10.0.0.1@53", "10.0.0.1@54", "::@1", "::1@1", "2001:db8::1@1" };
	size_t count = sizeof(ascending) / sizeof(ascending[0]);
	for (size_t i = 0; i < count; i++) {
		for (size_t j = 0; j < count; j++) {
			struct netaddr a = addr_of(ascending[i]), b = addr_of(ascending[j]);
			int order = netaddr_compare(&a, &b);
			ck_assert_int_eq((order > 0) - (order < 0), (i > j) - (i < j));
			ck_assert_int_eq(netaddr_equal(&a, &b), i == j);
			ck_assert_int_eq(netaddr_hash(&a, 7) == netaddr_hash(&b, 7), i == j);
		}
	}
	struct netaddr a = addr_of("10.0.0.1@53"), b = addr_of("10.0.0.1@54"), none = { 0 };
	ck_assert(netaddr_ip_equal(&a, &b));
	ck_assert(netaddr_hash(&a, 1) != netaddr_hash(&a, 2));
	ck_assert(!netaddr_is_set(&none));
	ck_assert_uint_eq(netaddr_len(&none), 0);
	char out[NETADDR_TEXT_SIZE];
	ck_assert_str_eq(netaddr_to_text(&none, out), "none");
}
END_TEST

START_TEST(wildcard_and_loopback_are_told_apart)
{
	struct netaddr any4 = addr_of("0.0.0.0"), any6 = addr_of("::"), lo4 = addr_of("127.255.0.1"), lo6 = addr_of("::1"), far = addr_of("192.0.2.1");
	ck_assert(netaddr_is_wildcard(&any4) && netaddr_is_wildcard(&any6) && !netaddr_is_wildcard(&lo4) && !netaddr_is_wildcard(&lo6));
	ck_assert(netaddr_is_loopback(&lo4) && netaddr_is_loopback(&lo6) && !netaddr_is_loopback(&any4) && !netaddr_is_loopback(&far));
}
END_TEST

START_TEST(prefixes_match_bit_by_bit)
{
	static const struct {
		const char *prefix, *canonical, *inside, *outside;
	} cases[] = {
		{ "127.0.0.0/8", "127.0.0.0/8", "127.255.255.255", "128.0.0.0" },
		{ "10.1.2.3/8", "10.0.0.0/8", "10.255.0.1", "11.0.0.0" },
		{ "192.0.2.1", "192.0.2.1", "192.0.2.1@99", "192.0.2.2" },
		{ "192.0.2.130/25", "192.0.2.128/25", "192.0.2.255", "192.0.2.127" },
		{ "0.0.0.0/0", "0.0.0.0/0", "255.1.2.3", "::1" },
		{ "::/0", "::/0", "2001:db8::1", "127.0.0.1" },
		{ "::1", "::1", "::1", "::2" },
		{ "2001:db8:8000::/33", "2001:db8:8000::/33", "2001:db8:ffff::1", "2001:db8:7fff::1" },
		{ "2001:db8::ff/127", "2001:db8::fe/127", "2001:db8::ff", "2001:db8::100" },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct netprefix prefix = prefix_of(cases[i].prefix);
		struct netaddr inside = addr_of(cases[i].inside), outside = addr_of(cases[i].outside), none = { 0 };
		char out[NETPREFIX_TEXT_SIZE];
		ck_assert_str_eq(netprefix_to_text(&prefix, out), cases[i].canonical);
		ck_assert(netprefix_matches(&prefix, &inside));
		ck_assert(!netprefix_matches(&prefix, &outside));
		ck_assert(!netprefix_matches(&prefix, &none));
	}
	static const char *const wrong[] = { "", "/8", "127.0.0.0/", "127.0.0.0/33", "::/129", "10.0.0.0/08", "10.0.0.0/-1", "10.0.0.1@53", "ten/8" };
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct netprefix prefix;
		ck_assert_msg(netprefix_from_text(&prefix, wrong[i]) == ZT_ESYNTAX, "accepted: %s", wrong[i]);
	}
}
END_TEST

START_TEST(the_nearest_word_is_found_and_nonsense_has_none)
{
	static const char *const known[] = { "listen", "workers", "control", "state-dir" };
	static const char *const cases[][2] = {
		{ "lsiten", "listen" }, { "worker", "workers" }, { "state_dir", "state-dir" }, { "contrll", "control" }, { "Listen", "listen" },
		{ "zzz", NULL }, { "", NULL },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *best = NULL;
		for (size_t j = 0; j < sizeof(known) / sizeof(known[0]); j++)
			nearest_consider(cases[i][0], known[j], &best);
		ck_assert_pstr_eq(best, cases[i][1]);
	}
	ck_assert_uint_eq(nearest_distance("ab", "ba"), 1);
	ck_assert_uint_eq(nearest_distance("", "abc"), 3);
	ck_assert_uint_eq(nearest_distance("kitten", "sitting"), 3);
	char longest[70];
	memset(longest, 'x', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	ck_assert_uint_eq(nearest_distance(longest, "x"), 69);
	longest[63] = '\0';
	ck_assert_uint_eq(nearest_distance(longest, ""), 63);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("netaddr");
	TCase *tests = tcase_create("netaddr");

	tcase_add_test(tests, addresses_survive_the_way_through_text);
	tcase_add_test(tests, what_is_no_address_is_refused_and_changes_nothing);
	tcase_add_test(tests, addresses_are_ordered_and_hashed_by_value);
	tcase_add_test(tests, wildcard_and_loopback_are_told_apart);
	tcase_add_test(tests, prefixes_match_bit_by_bit);
	tcase_add_test(tests, the_nearest_word_is_found_and_nonsense_has_none);
	suite_add_tcase(suite, tests);
	return suite_run(suite);
}

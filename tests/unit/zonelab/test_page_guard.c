/* tools/zonelab/page/guard: addresses as people write them, and whose requests are let in. */
#include <stdio.h>
#include <string.h>

#include "tests/support/suite.h"
#include "tools/zonelab/page/guard.h"

static struct guard guard_at(const char *address)
{
	struct guard guard;
	struct netaddr addr;

	ck_assert_int_eq(guard_address_from_text(&addr, address), ZT_OK);
	guard_init(&guard, &addr);
	return guard;
}

START_TEST(an_address_is_read_in_the_ways_people_write_it)
{
	static const struct {
		const char *text, *read;
	} good[] = {
		{ "127.0.0.1@8053", "127.0.0.1@8053" }, { "127.0.0.1:8100", "127.0.0.1@8100" }, { "127.0.0.1", "127.0.0.1@8053" },
		{ "::1@80", "::1@80" },                 { "[::1]:81", "::1@81" },               { "[::1]", "::1@8053" },
		{ "::1", "::1@8053" },                  { "0.0.0.0:80", "0.0.0.0@80" },
	};
	static const char *const bad[] = { "", "localhost:80", "127.0.0.1:", "127.0.0.1:0", "127.0.0.1:65536", "127.0.0.1:80x", "127.0.0.1:-1",
					   "[::1", "[::1]80", "127.0.0.1@80:80", ":80", "[]:80", "127.0.0.1:8080808080" };
	char text[NETADDR_TEXT_SIZE];
	struct netaddr addr;

	for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
		ck_assert_int_eq(guard_address_from_text(&addr, good[i].text), ZT_OK);
		ck_assert_str_eq(netaddr_to_text(&addr, text), good[i].read);
	}
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		ck_assert_msg(guard_address_from_text(&addr, bad[i]) == ZT_ESYNTAX, "%s was taken", bad[i]);
}
END_TEST

START_TEST(the_host_must_be_the_address_or_localhost)
{
	static const struct {
		const char *bound, *host;
		bool passes;
	} cases[] = {
		{ "127.0.0.1@8053", "127.0.0.1:8053", true },  { "127.0.0.1@8053", "localhost:8053", true },
		{ "127.0.0.1@8053", "LocalHost:8053", true },  { "127.0.0.1@8053", "127.0.0.1", false },
		{ "127.0.0.1@80", "127.0.0.1", true },         { "127.0.0.1@8053", "127.0.0.1:8054", false },
		{ "127.0.0.1@8053", "evil.example:8053", false }, { "127.0.0.1@8053", "127.0.0.2:8053", false },
		{ "127.0.0.1@8053", "127.0.0.1.evil.example:8053", false }, { "127.0.0.1@8053", NULL, false },
		{ "127.0.0.1@8053", "", false },               { "127.0.0.1@8053", "[127.0.0.1:8053", false },
		{ "::1@8053", "[::1]:8053", true },            { "::1@8053", "localhost:8053", true },
		{ "::1@8053", "::1:8053", false },
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct guard guard = guard_at(cases[i].bound);
		enum guard_verdict verdict = guard_check(&guard, &(struct guard_request){ .host = cases[i].host });
		ck_assert_msg(verdict == (cases[i].passes ? GUARD_PASSES : GUARD_WRONG_HOST), "%s at %s", cases[i].host, cases[i].bound);
	}
}
END_TEST

START_TEST(pages_of_other_sites_are_kept_out)
{
	static const struct {
		const char *origin, *fetch_site;
		bool passes;
	} cases[] = {
		{ NULL, NULL, true },
		{ "http://127.0.0.1:8053", "same-origin", true },
		{ NULL, "none", true },
		{ "null", NULL, false },
		{ "http://127.0.0.1:8054", NULL, false },
		{ "https://127.0.0.1:8053", NULL, false },
		{ "http://localhost:8053", NULL, false },      /* another origin than the Host's */
		{ "http://evil.example", NULL, false },
		{ NULL, "cross-site", false },
		{ NULL, "same-site", false },
	};
	struct guard guard = guard_at("127.0.0.1@8053");

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct guard_request request = { .host = "127.0.0.1:8053", .origin = cases[i].origin, .fetch_site = cases[i].fetch_site };
		ck_assert_msg(guard_check(&guard, &request) == (cases[i].passes ? GUARD_PASSES : GUARD_FOREIGN_PAGE), "case %zu", i);
	}
}
END_TEST

START_TEST(an_address_that_others_reach_asks_for_the_token)
{
	struct guard guard = guard_at("192.0.2.1@8053"), other = guard_at("0.0.0.0@8053");
	struct guard_request request = { .host = "192.0.2.1:8053" };
	char text[128];

	ck_assert_uint_eq(strlen(guard.token), GUARD_TOKEN_SIZE - 1);
	ck_assert_str_ne(guard.token, other.token);
	ck_assert_int_eq(guard_check(&guard, &request), GUARD_WRONG_TOKEN);
	request.query_token = guard.token;
	ck_assert_int_eq(guard_check(&guard, &request), GUARD_PASSES_WITH_URL);
	request.query_token = other.token;
	ck_assert_int_eq(guard_check(&guard, &request), GUARD_WRONG_TOKEN);
	request.query_token = NULL;
	snprintf(text, sizeof text, "theme=dark; " GUARD_COOKIE "=%s", guard.token);
	request.cookie = text;
	ck_assert_int_eq(guard_check(&guard, &request), GUARD_PASSES);
	snprintf(text, sizeof text, "x" GUARD_COOKIE "=%s; " GUARD_COOKIE "=%.31s", guard.token, guard.token);
	ck_assert_int_eq(guard_check(&guard, &request), GUARD_WRONG_TOKEN);
	request.cookie = NULL;
	snprintf(text, sizeof text, "Bearer %s", guard.token);
	request.authorization = text;
	ck_assert_int_eq(guard_check(&guard, &request), GUARD_PASSES);
	snprintf(text, sizeof text, "Bearer %s0", guard.token);
	ck_assert_int_eq(guard_check(&guard, &request), GUARD_WRONG_TOKEN);
	snprintf(text, sizeof text, "Basic %s", guard.token);
	ck_assert_int_eq(guard_check(&guard, &request), GUARD_WRONG_TOKEN);
}
END_TEST

START_TEST(where_all_addresses_are_listened_on_any_address_is_a_host_but_no_name)
{
	struct guard guard = guard_at("0.0.0.0@8053");
	struct guard_request request = { .host = "198.51.100.7:8053" };

	ck_assert_int_eq(guard_check(&guard, &request), GUARD_WRONG_TOKEN);
	request.host = "evil.example:8053";
	ck_assert_int_eq(guard_check(&guard, &request), GUARD_WRONG_HOST);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("page_guard");
	TCase *tcase = tcase_create("guard");

	tcase_add_test(tcase, an_address_is_read_in_the_ways_people_write_it);
	tcase_add_test(tcase, the_host_must_be_the_address_or_localhost);
	tcase_add_test(tcase, pages_of_other_sites_are_kept_out);
	tcase_add_test(tcase, an_address_that_others_reach_asks_for_the_token);
	tcase_add_test(tcase, where_all_addresses_are_listened_on_any_address_is_a_host_but_no_name);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}

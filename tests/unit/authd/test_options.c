/* authd/options: what the keys about answering become, and what is said of bad ones. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "authd/options.h"
#include "authd/options_catalog.h"
#include "lib/xfr/zsync.h"
#include "tests/support/suite.h"
#include "tests/support/zone_text.h"

static char dir[64], path[128];

static void set_up(void)
{
	temp_dir_make(dir);
	snprintf(path, sizeof(path), "%s/authd.yaml", dir);
}

static void tear_down(void)
{
	temp_dir_remove(dir);
}

static void file_write(const char *name, const char *text)
{
	char file[128];
	snprintf(file, sizeof(file), "%s/%s", dir, name);
	FILE *out = fopen(file, "w");
	ck_assert_ptr_nonnull(out);
	ck_assert_int_ge(fputs(text, out), 0);
	ck_assert_int_eq(fclose(out), 0);
}

static struct authd_options *read_good(const char *text)
{
	struct authd_options *options = NULL;
	struct buf errors;

	buf_init(&errors);
	file_write("authd.yaml", text);
	int status = options_read(&options, path, &errors);
	ck_assert_msg(status == ZT_OK && options, "%.*s", (int)errors.len, (const char *)errors.data);
	buf_fini(&errors);
	return options;
}

static const char *const secret_1 = "e5e973e5a6b2a43f48e7dc849e37bfcf";

START_TEST(defaults_are_as_documented)
{
	struct authd_options *options = read_good("server:\n");
	const struct serve_settings *serve = &options->serve;

	ck_assert_uint_eq(serve->udp_payload_size, 1232);
	ck_assert_int_eq(serve->cookies, COOKIES_ON);
	ck_assert_uint_eq(serve->secret_count, 0);
	ck_assert_uint_eq(serve->nsid_len, 0);
	ck_assert_str_eq(serve->version, "zonetide");
	ck_assert_ptr_null(serve->identity);
	ck_assert_uint_eq(serve->limit.per_second, 0);
	ck_assert_uint_eq(serve->limit.slip, 2);
	ck_assert_uint_eq(serve->limit.ipv4_prefix, 24);
	ck_assert_uint_eq(serve->limit.ipv6_prefix, 56);
	ck_assert_ptr_null(serve->limit.exempt);
	ck_assert_ptr_null(options->allow_query);
	options_free(options);
}
END_TEST

START_TEST(each_key_is_taken)
{
	struct netaddr peer;
	struct authd_options *options = read_good(
		"server:\n  udp-payload-size: 4096\n  nsid: 0x00ff20\n  version: none\n  identity: ns1\n  cookies: required\n"
		"  cookie-secret: [e5e973e5a6b2a43f48e7dc849e37bfcf, DD3BDF9344B678B185A6F5CB60FCA715]\n"
		"  rate-limit: {responses-per-second: 200, slip: 3, ipv4-prefix: 28, ipv6-prefix: 64, exempt: [192.0.2.0/24], table-size: 2048}\n"
		"  allow-query: 198.51.100.1\n"
		"zone:\n  - {name: a, file: a}\n  - {name: b, file: b, allow-query: []}\n");
	const struct serve_settings *serve = &options->serve;

	ck_assert_uint_eq(serve->udp_payload_size, 4096);
	ck_assert_uint_eq(serve->nsid_len, 3);
	ck_assert_mem_eq(serve->nsid, "\0\xff ", 3);
	ck_assert_ptr_null(serve->version);
	ck_assert_str_eq(serve->identity, "ns1");
	ck_assert_int_eq(serve->cookies, COOKIES_REQUIRED);
	ck_assert_uint_eq(serve->secret_count, 2);
	ck_assert_mem_eq(serve->secrets[0].bytes, "\xe5\xe9\x73\xe5\xa6\xb2\xa4\x3f\x48\xe7\xdc\x84\x9e\x37\xbf\xcf", 16);
	ck_assert_uint_eq(serve->secrets[1].bytes[0], 0xdd);
	ck_assert_uint_eq(serve->limit.per_second, 200);
	ck_assert_uint_eq(serve->limit.slip, 3);
	ck_assert_uint_eq(serve->limit.ipv4_prefix, 28);
	ck_assert_uint_eq(serve->limit.ipv6_prefix, 64);
	ck_assert_uint_eq(options->limit_buckets, 2048);
	ck_assert_int_eq(netaddr_from_text(&peer, "192.0.2.9", 53), ZT_OK);
	ck_assert(acl_allows_address(serve->limit.exempt, &peer));
	ck_assert(!acl_allows_address(options->allow_query, &peer));
	/* Absent is the server's; empty is nobody. */
	ck_assert_ptr_null(options->zones[0].allow_query);
	ck_assert_ptr_nonnull(options->zones[1].allow_query);
	ck_assert_uint_eq(options->zones[1].allow_query->count, 0);
	options_free(options);
}
END_TEST

START_TEST(a_number_alone_is_the_rate)
{
	struct authd_options *options = read_good("server:\n  rate-limit: 50\n  nsid: a text\n  identity: hostname\n");

	ck_assert_uint_eq(options->serve.limit.per_second, 50);
	ck_assert_uint_eq(options->serve.limit.slip, 2);
	ck_assert_uint_eq(options->serve.nsid_len, 6);
	ck_assert_ptr_nonnull(options->serve.identity);
	ck_assert_str_ne(options->serve.identity, "hostname");
	options_free(options);
}
END_TEST

START_TEST(secrets_may_stand_in_a_file)
{
	file_write("secrets", "# shared with ns2\n\ne5e973e5a6b2a43f48e7dc849e37bfcf\n  \ndd3bdf9344b678b185a6f5cb60fca715");
	struct authd_options *options = read_good("server:\n  cookie-secret-file: secrets\n");

	ck_assert_uint_eq(options->serve.secret_count, 2);
	ck_assert_uint_eq(options->serve.secrets[0].bytes[0], 0xe5);
	ck_assert_uint_eq(options->serve.secrets[1].bytes[0], 0xdd);
	options_free(options);
}
END_TEST

START_TEST(servers_share_one_key_unless_they_are_given_a_secret)
{
	struct fingerprint_key expected;

	struct authd_options *options = read_good("server:\n  nsid: a\n");
	ck_assert_int_eq(zsync_key(NULL, &expected), ZT_OK);
	ck_assert_mem_eq(&options->sync_key, &expected, sizeof(expected));
	ck_assert(!options->holds_secrets);
	options_free(options);
	options = read_good("server:\n  sync-secret: sixteen letters!\n");
	ck_assert_int_eq(zsync_key("sixteen letters!", &expected), ZT_OK);
	ck_assert_mem_eq(&options->sync_key, &expected, sizeof(expected));
	ck_assert(options->holds_secrets);
	options_free(options);
	file_write("sync", "# of the group\n \nsixteen letters!\r\nanother line that says nothing\n");
	options = read_good("server:\n  sync-secret-file: sync\n");
	ck_assert_mem_eq(&options->sync_key, &expected, sizeof(expected));
	ck_assert(options->holds_secrets);
	options_free(options);
}
END_TEST

/* The address that a template's members get their first primary at. */
static const char *first_primary(const struct zone_options *zone)
{
	static char text[NETADDR_TEXT_SIZE];
	return netaddr_to_text(&zone->primaries[0].address, text);
}

START_TEST(a_consumer_has_a_template_for_each_group)
{
	static const struct catalog_text gold = { "gold", 4 }, goldener = { "goldener", 8 }, silver = { "silver", 6 };
	const struct catalog_text unknown_and_gold[] = { goldener, gold }, all[] = { gold, silver };
	struct netaddr peer;
	struct authd_options *options = read_good(
		"zone:\n  - {name: cat.invalid, primaries: [192.0.2.1, 192.0.2.2], catalog: consumer, catalog-template: [plain, silver, gold]}\n"
		"template:\n  - {name: gold, primaries: [192.0.2.9], allow-transfer: [198.51.100.0/24]}\n  - {name: plain}\n"
		"  - {name: silver, zonemd-verify: no, allow-query: []}\n");
	const struct catalog_options *catalog = options->zones[0].catalog;

	ck_assert_int_eq(catalog->role, CATALOG_CONSUMER);
	ck_assert_uint_eq(catalog->member_count, 3);
	const struct zone_options *plain = catalog_template(catalog, NULL, 0);
	ck_assert_str_eq(plain->template_name, "plain");
	ck_assert_ptr_eq(catalog_template(catalog, &goldener, 1), plain);
	/* Without primaries of its own it has the catalog's, who may send NOTIFY. */
	ck_assert_uint_eq(plain->primaries_count, 2);
	ck_assert_str_eq(first_primary(plain), "192.0.2.1@53");
	ck_assert_int_eq(netaddr_from_text(&peer, "192.0.2.2", 53), ZT_OK);
	ck_assert(acl_allows_address(plain->allow_notify, &peer));
	const struct zone_options *best = catalog_template(catalog, unknown_and_gold, 2);
	ck_assert_str_eq(best->template_name, "gold");
	ck_assert_str_eq(first_primary(best), "192.0.2.9@53");
	ck_assert(!acl_allows_address(best->allow_notify, &peer));
	/* The order of the templates counts, not that of the groups. */
	ck_assert_str_eq(catalog_template(catalog, all, 2)->template_name, "silver");
	ck_assert(!catalog_template(catalog, all, 2)->zonemd_verify);
	options_free(options);
}
END_TEST

START_TEST(servers_are_known_by_the_form_of_ixfr_they_get)
{
	struct authd_options *options = read_good(
		"server:\nzone:\n  - name: example.\n    file: example.zone\n    notify:\n      - 192.0.2.1\n      - {address: 192.0.2.2, ixfr: steps}\n"
		"      - {address: 192.0.2.3, ixfr: condensed}\n  - name: other.\n    file: other.zone\n    notify: [192.0.2.2]\n");
	struct netaddr peer;

	for (unsigned last = 1; last <= 3; last++) {
		char text[32];
		snprintf(text, sizeof(text), "192.0.2.%u", last);
		ck_assert_int_eq(netaddr_from_text(&peer, text, 1234), ZT_OK);
		ck_assert_int_eq(acl_allows_address(options->zones[0].ixfr_steps, &peer), last == 2);
		ck_assert_int_eq(acl_allows_address(options->zones[0].ixfr_condensed, &peer), last == 3);
	}
	ck_assert_ptr_null(options->zones[1].ixfr_steps);
	options_free(options);
}
END_TEST

START_TEST(zones_name_the_producer_that_lists_them)
{
	struct authd_options *options = read_good(
		"zone:\n  - {name: a.example, file: a, catalog-member: CAT.invalid., catalog-group: gold}\n  - {name: b.example, primaries: 192.0.2.1, catalog-member: cat.invalid}\n"
		"  - {name: c.example, file: c}\n  - {name: Cat.Invalid, catalog: producer}\n");
	const struct zone_options *zones = options->zones;

	ck_assert_int_eq(zones[3].catalog->role, CATALOG_PRODUCER);
	ck_assert_ptr_eq(zones[0].catalog_member, zones[3].apex);
	ck_assert_str_eq(zones[0].catalog_group, "gold");
	ck_assert_ptr_eq(zones[1].catalog_member, zones[3].apex);
	ck_assert_ptr_null(zones[1].catalog_group);
	ck_assert_ptr_null(zones[2].catalog_member);
	ck_assert_ptr_null(zones[2].catalog);
	options_free(options);
}
END_TEST

#define PLAIN "template:\n  - {name: plain}\nzone:\n"

static const struct {
	const char *text, *expected;
} bad_catalogs[] = {
	{ PLAIN "  - {name: c, primaries: 192.0.2.1, catalog: consumer}\n", ":4:46: a consumer needs catalog-template" },
	{ PLAIN "  - {name: c, primaries: 192.0.2.1, catalog: consumer, catalog-template: [plain, other]}\n", ":4:74: there is no such template" },
	{ PLAIN "  - {name: c, file: c, catalog: consumer, catalog-template: plain}\n", ":4:61: neither the template nor the catalog has primaries" },
	{ PLAIN "  - {name: c, catalog: consumer, catalog-template: plain}\n", "the zone has neither file nor primaries" },
	{ PLAIN "  - {name: c, file: c, catalog-template: plain}\n", ":4:42: templates are for the members of a catalog" },
	{ PLAIN "  - {name: c, catalog: producer, file: c}\n", ":4:40: not for a producer" },
	{ PLAIN "  - {name: c, catalog: producer, primaries: 192.0.2.1}\n", "not for a producer" },
	{ PLAIN "  - {name: c, catalog: producer, allow-update: 192.0.2.1}\n", "not for a producer" },
	{ PLAIN "  - {name: c, catalog: producer, catalog-member: c}\n", ":4:50: a catalog can't be a member of itself" },
	{ PLAIN "  - {name: c, file: c, catalog-member: nobody}\n", ":4:40: there is no such catalog" },
	{ PLAIN "  - {name: a, primaries: 192.0.2.1, catalog: consumer, catalog-template: plain}\n  - {name: c, file: c, catalog-member: a}\n",
	  ":5:40: there is no such catalog" },
	{ PLAIN "  - {name: c, file: c, catalog-group: g}\n", ":4:39: a group of no catalog" },
	{ "template:\n  - {name: plain, file: f}\n", ":2:25: not for a template" },
	{ "zone:\n  - {name: c, primaries: 192.0.2.1, zonemd-generate: sha384}\n", ":2:54: a secondary serves what its primaries have" },
	{ "zone:\n  - {name: c, file: c, zonemd-generate: yes}\n", "expected one of none, sha384 or sha512" },
	{ "template:\n  - {name: plain, zonemd-generate: sha384}\n", ":2:36: not for a template" },
	{ "template:\n  - {name: plain, catalog: producer}\n", ":2:28: not for a template" },
	{ "template:\n  - {name: plain}\n  - {name: plain}\n", "plain" },
};

START_TEST(bad_catalogs_are_told_with_their_place)
{
	struct authd_options *options = NULL;
	struct buf errors;

	buf_init(&errors);
	file_write("authd.yaml", bad_catalogs[_i].text);
	ck_assert_int_eq(options_read(&options, path, &errors), ZT_ESYNTAX);
	buf_add_u8(&errors, 0);
	ck_assert_msg(strstr((const char *)errors.data, bad_catalogs[_i].expected), "%s", (const char *)errors.data);
	buf_fini(&errors);
}
END_TEST

static const struct {
	const char *text, *expected;
} bad[] = {
	{ "  udp-payload-size: 511\n", ":2:21: udp-payload-size is \"511\", expected a whole number from 512 to 4096" },
	{ "  cookies: maybe\n", ":2:12: cookies is \"maybe\", expected one of yes, no or required" },
	{ "  cookie-secret: e5e973e5a6b2a43f48e7dc849e37bf\n", ":2:18: cookie-secret holds what is no secret, expected 32 hexadecimal digits" },
	{ "  cookie-secret: e5e973e5a6b2a43f48e7dc849e37bfcg\n", ":2:18: cookie-secret holds what is no secret" },
	{ "  cookie-secret: [e5e973e5a6b2a43f48e7dc849e37bfcf, x]\n", ":2:18: cookie-secret holds what is no secret" },
	{ "  cookie-secret-file: none\n", ":2:23: cookie-secret-file: cannot open" },
	{ "  cookie-secret-file: bad\n", ":2:23: cookie-secret-file: line 2 of" },
	{ "  cookie-secret-file: empty\n", ":2:23: cookie-secret-file holds no secret" },
	{ "  cookie-secret: e5e973e5a6b2a43f48e7dc849e37bfcf\n  cookie-secret-file: good\n", ":3:23: cookie-secret-file stands beside cookie-secret" },
	{ "  sync-secret: fifteen letters\n", ":2:16: sync-secret is too short, expected at least 16 characters" },
	{ "  sync-secret-file: none\n", ":2:21: sync-secret-file: cannot open" },
	{ "  sync-secret-file: empty\n", "empty holds no secret, expected a line of at least 16 characters" },
	{ "  sync-secret: e5e973e5a6b2a43f48e7dc849e37bfcf\n  sync-secret-file: good\n", ":3:21: sync-secret-file stands beside sync-secret" },
	{ "  nsid: 0x123\n", ":2:9: nsid begins with 0x, expected pairs of hexadecimal digits" },
	{ "  nsid: 0x\n", ":2:9: nsid begins with 0x" },
	{ "  rate-limit: {responses-per-second: 1, ipv4-prefix: 33}\n", ":2:54: ipv4-prefix is \"33\", expected a whole number from 1 to 32" },
	{ "  rate-limit: {slips: 1}\n", ":2:16: unknown key \"slips\" in rate limit, did you mean \"slip\"?" },
	{ "zone:\n  - name: a.\n    primaries: [{address: 192.0.2.1, ixfr: steps}]\n", ":4:16: ixfr says what a server gets from us; expected it in notify or group" },
	{ "zone:\n  - name: a.\n    file: x\n    notify: [{address: 192.0.2.1, ixfr: step}]\n", ":5:41: ixfr is \"step\", expected one of auto, steps or condensed" },
	{ "  allow-query: [key:k]\n", ":2:17: no key is named \"k\", expected one of those under \"key\"" },
};

START_TEST(bad_values_are_told_with_their_place_and_no_secret)
{
	struct authd_options *options = NULL;
	char text[512];
	struct buf errors;

	file_write("bad", "e5e973e5a6b2a43f48e7dc849e37bfcf\ne5e973e5a6b2a43f48e7dc849e37bfcf0\n");
	file_write("good", secret_1);
	file_write("empty", "# nothing yet\n");
	buf_init(&errors);
	snprintf(text, sizeof(text), "server:\n%s", bad[_i].text);
	file_write("authd.yaml", text);
	ck_assert_int_eq(options_read(&options, path, &errors), ZT_ESYNTAX);
	buf_add_u8(&errors, 0);
	ck_assert_msg(strstr((const char *)errors.data, bad[_i].expected) != NULL, "%s", (const char *)errors.data);
	ck_assert_ptr_null(strstr((const char *)errors.data, "e5e973"));
	buf_fini(&errors);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("authd/options");
	TCase *tc = tcase_create("options");
	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, defaults_are_as_documented);
	tcase_add_test(tc, each_key_is_taken);
	tcase_add_test(tc, a_number_alone_is_the_rate);
	tcase_add_test(tc, secrets_may_stand_in_a_file);
	tcase_add_test(tc, servers_share_one_key_unless_they_are_given_a_secret);
	tcase_add_loop_test(tc, bad_values_are_told_with_their_place_and_no_secret, 0, sizeof(bad) / sizeof(bad[0]));
	tcase_add_test(tc, a_consumer_has_a_template_for_each_group);
	tcase_add_test(tc, zones_name_the_producer_that_lists_them);
	tcase_add_test(tc, servers_are_known_by_the_form_of_ixfr_they_get);
	tcase_add_loop_test(tc, bad_catalogs_are_told_with_their_place, 0, sizeof(bad_catalogs) / sizeof(bad_catalogs[0]));
	suite_add_tcase(suite, tc);
	return suite_run(suite);
}

/* authd/options: keys of TSIG, who names them, and what is said of bad ones. */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "authd/options.h"
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

static void file_write(const char *name, const char *text, mode_t mode)
{
	char file[128];
	snprintf(file, sizeof(file), "%s/%s", dir, name);
	FILE *out = fopen(file, "w");
	ck_assert_ptr_nonnull(out);
	ck_assert_int_ge(fputs(text, out), 0);
	ck_assert_int_eq(fclose(out), 0);
	ck_assert_int_eq(chmod(file, mode), 0);
}

static struct authd_options *read_good(const char *text)
{
	struct authd_options *options = NULL;
	struct buf errors;

	buf_init(&errors);
	file_write("authd.yaml", text, 0600);
	int status = options_read(&options, path, &errors);
	ck_assert_msg(status == ZT_OK && options, "%.*s", (int)errors.len, (const char *)errors.data);
	buf_fini(&errors);
	return options;
}

static bool may(const struct acl *acl, const char *address, const char *key)
{
	struct netaddr remote;
	uint8_t name[NAME_MAX_LEN];

	ck_assert_int_eq(netaddr_from_text(&remote, address, 53), ZT_OK);
	if (key)
		ck_assert_int_eq(name_from_text(name, key, NULL), ZT_OK);
	return acl_allows(acl, &(struct acl_subject){ .remote = &remote, .key = key ? name : NULL });
}

static const char good[] =
	"key:\n"
	"  - {name: xfr-key, algorithm: hmac-sha512, secret: \"c2VjcmV0IG9uZSBzZWNyZXQgb25l\"}\n"
	"  - {name: Other.Key., secret-file: secret}\n"
	"zone:\n"
	"  - name: example.\n"
	"    file: example.zone\n"
	"    notify: [127.0.0.1@5301, {address: 127.0.0.2, key: XFR-KEY}]\n"
	"    allow-transfer: [key:xfr-key, 192.0.2.0/24 key:other.key]\n"
	"  - name: example.net.\n"
	"    primaries: {address: 127.0.0.3, key: other.key}\n"
	"    group: [{address: 127.0.0.4, key: xfr-key}, 127.0.0.5]\n";

START_TEST(keys_are_named_by_remotes_and_access_lists)
{
	file_write("secret", "c2VjcmV0IG9uZSBzZWNyZXQgb25l  \n", 0640);
	struct authd_options *options = read_good(good);
	const struct zone_options *zone = &options->zones[0];

	ck_assert_uint_eq(options->keys.count, 2);
	ck_assert_ptr_eq(options->serve.keys, &options->keys);
	ck_assert(options->holds_secrets);
	const struct tsig_key *key = zone->notify[1].key;
	ck_assert_ptr_null(zone->notify[0].key);
	ck_assert_str_eq(tsig_key_algorithm(key)->text, "hmac-sha512");
	ck_assert(name_equal(tsig_key_name(key), (const uint8_t *)"\7xfr-key"));
	ck_assert_str_eq(tsig_key_algorithm(options->zones[1].primaries[0].key)->text, "hmac-sha256");
	ck_assert(may(zone->allow_transfer, "198.51.100.1", "xfr-key"));
	ck_assert(!may(zone->allow_transfer, "198.51.100.1", "other.key"));
	ck_assert(may(zone->allow_transfer, "192.0.2.9", "other.key"));
	ck_assert(!may(zone->allow_transfer, "192.0.2.9", NULL));
	/* A primary may send NOTIFY, signed or not. */
	ck_assert(may(options->zones[1].allow_notify, "127.0.0.3", NULL));
	options_free(options);
}
END_TEST

START_TEST(members_of_a_group_transfer_with_the_key_they_have)
{
	file_write("secret", "c2VjcmV0IG9uZSBzZWNyZXQgb25l", 0600);
	struct authd_options *options = read_good(good);
	const struct zone_options *zone = &options->zones[1];

	ck_assert(may(zone->allow_transfer, "127.0.0.4", "xfr-key"));
	ck_assert(!may(zone->allow_transfer, "127.0.0.4", NULL));
	ck_assert(!may(zone->allow_transfer, "127.0.0.4", "other.key"));
	ck_assert(may(zone->allow_transfer, "127.0.0.5", NULL));
	ck_assert(!may(zone->allow_transfer, "127.0.0.3", "other.key"));
	ck_assert(may(zone->allow_notify, "127.0.0.4", NULL));
	options_free(options);
}
END_TEST

START_TEST(copies_of_a_remote_keep_its_key)
{
	file_write("secret", "c2VjcmV0IG9uZSBzZWNyZXQgb25l", 0600);
	struct authd_options *one = read_good(good), *two = read_good(good);
	struct remote_options copy;

	ck_assert_int_eq(remote_options_copy(&copy, &one->zones[0].notify[1]), ZT_OK);
	options_free(one);
	ck_assert(remote_options_equal(&copy, &two->zones[0].notify[1]));
	copy.address = two->zones[0].notify[0].address;
	ck_assert(!remote_options_equal(&copy, &two->zones[0].notify[0]));
	remote_options_release(&copy);
	options_free(two);
}
END_TEST

#define KEY "{name: k, secret: c2VjcmV0}"

static const struct {
	const char *text, *expected;
} bad[] = {
	{ "key: {name: k}\n", ":1:6: key without a secret or with two; expected secret or secret-file" },
	{ "key: {name: k, secret: c2VjcmV0, secret-file: good}\n", ":1:6: key without a secret or with two" },
	{ "key: {secret: c2VjcmV0}\n", ":1:6: key without \"name\", expected that key" },
	{ "key: {name: k, secret: c2VjcmV}\n", ":1:24: secret is no base64" },
	{ "key: {name: k, secret-file: none}\n", "none cannot be opened" },
	{ "key: {name: k, secret-file: open}\n", "open can be read by others; expected none but its owner and group to" },
	{ "key: {name: k, secret-file: bad}\n", "bad does not begin with a line of base64" },
	{ "key: {name: a..b, secret: c2VjcmV0}\n", ":1:13: name is \"a..b\", expected a name like a domain's" },
	{ "key: {name: k, algorithm: hmac-md5, secret: c2VjcmV0}\n", ":1:27: algorithm is \"hmac-md5\", expected one of hmac-sha1, hmac-sha224," },
	{ "key: [" KEY ", {name: K., secret: c2VjcmV0}]\n", "the key is listed twice; expected one entry for each name" },
	{ "key: [{name: xfr-key, secret: c2VjcmV0}]\nzone: [{name: a., file: a, allow-update: [127.0.0.1, key:xfr-kez]}]\n",
	  ":2:54: no key is named \"xfr-kez\", did you mean \"xfr-key\"?" },
	{ "zone: [{name: a., file: a, notify: {address: 127.0.0.1, key: k}}]\n", ":1:62: no key is named \"k\", expected one of those under \"key\"" },
	{ "key: [" KEY "]\nserver: {proxy-allow: key:k}\n", ":2:23: keys are of no use here; expected an address or a prefix" },
	{ "key: [" KEY "]\nserver: {allow-query: [127.0.0.1 key]}\n", "allow-query is \"127.0.0.1 key\", expected an address IP, a prefix IP/BITS, key:NAME, tls:NAME" },
};

START_TEST(bad_keys_are_told_with_their_place_and_no_secret)
{
	struct authd_options *options = NULL;
	struct buf errors;

	file_write("good", "c2VjcmV0", 0600);
	file_write("open", "c2VjcmV0", 0604);
	file_write("bad", "no c2VjcmV0", 0600);
	buf_init(&errors);
	file_write("authd.yaml", bad[_i].text, 0600);
	ck_assert_int_eq(options_read(&options, path, &errors), ZT_ESYNTAX);
	buf_add_u8(&errors, 0);
	ck_assert_msg(strstr((const char *)errors.data, bad[_i].expected) != NULL, "%s", (const char *)errors.data);
	ck_assert_ptr_null(strstr((const char *)errors.data, "c2Vj"));
	buf_fini(&errors);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("authd/options_key");
	TCase *tc = tcase_create("keys");
	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, keys_are_named_by_remotes_and_access_lists);
	tcase_add_test(tc, members_of_a_group_transfer_with_the_key_they_have);
	tcase_add_test(tc, copies_of_a_remote_keep_its_key);
	tcase_add_loop_test(tc, bad_keys_are_told_with_their_place_and_no_secret, 0, sizeof(bad) / sizeof(bad[0]));
	suite_add_tcase(suite, tc);
	return suite_run(suite);
}

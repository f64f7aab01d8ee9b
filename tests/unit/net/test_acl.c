/* lib/net/acl. */
#include "lib/dns/name.h"
#include "lib/net/acl.h"
#include "tests/support/suite.h"

static bool allows(const struct acl *acl, const char *remote_text, const char *key_text)
{
	struct netaddr remote;
	uint8_t key[NAME_MAX_LEN];

	ck_assert_int_eq(netaddr_from_text(&remote, remote_text, 53), ZT_OK);
	if (key_text)
		ck_assert_int_eq(name_from_text(key, key_text, NULL), ZT_OK);
	return acl_allows(acl, &(struct acl_subject){ .remote = &remote, .key = key_text ? key : NULL });
}

START_TEST(an_absent_or_empty_list_allows_nobody)
{
	struct acl acl;
	acl_init(&acl);
	ck_assert(!allows(NULL, "127.0.0.1", "any-key"));
	ck_assert(!allows(&acl, "127.0.0.1", "any-key"));
	acl_fini(&acl);
}
END_TEST

START_TEST(any_one_entry_is_enough)
{
	struct acl acl;
	acl_init(&acl);
	ck_assert_int_eq(acl_add_text(&acl, "127.0.0.0/8"), ZT_OK);
	ck_assert_int_eq(acl_add_text(&acl, "2001:db8::1"), ZT_OK);
	ck_assert_int_eq(acl_add_text(&acl, "key:Xfr-Key"), ZT_OK);
	ck_assert_uint_eq(acl.count, 3);
	ck_assert(allows(&acl, "127.3.2.1@9999", NULL));
	ck_assert(allows(&acl, "2001:db8::1", NULL));
	ck_assert(!allows(&acl, "2001:db8::2", NULL));
	ck_assert(allows(&acl, "192.0.2.1", "xfr-key."));
	ck_assert(!allows(&acl, "192.0.2.1", "other-key."));
	ck_assert(!allows(&acl, "192.0.2.1", NULL));
	acl_fini(&acl);
}
END_TEST

START_TEST(a_pair_needs_both)
{
	struct acl acl;
	acl_init(&acl);
	ck_assert_int_eq(acl_add_text(&acl, "127.0.0.0/8 key:xfr-key"), ZT_OK);
	ck_assert(allows(&acl, "127.3.2.1@9999", "XFR-key."));
	ck_assert(!allows(&acl, "127.3.2.1@9999", NULL));
	ck_assert(!allows(&acl, "127.3.2.1@9999", "other-key."));
	ck_assert(!allows(&acl, "192.0.2.1", "xfr-key."));
	acl_fini(&acl);
}
END_TEST

START_TEST(what_is_neither_address_nor_key_is_refused)
{
	static const char *const wrong[] = { "", "key:", "any", "127.0.0.1@53", "key:a..b", "10.0.0.0/33", "127.0.0.1 key", "127.0.0.1 key:", "127.0.0.1 127.0.0.2", "key:a 127.0.0.1" };
	struct acl acl;
	acl_init(&acl);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		ck_assert_msg(acl_add_text(&acl, wrong[i]) == ZT_ESYNTAX, "accepted: %s", wrong[i]);
	ck_assert_uint_eq(acl.count, 0);
	acl_fini(&acl);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("acl");
	TCase *tests = tcase_create("acl");

	tcase_add_test(tests, an_absent_or_empty_list_allows_nobody);
	tcase_add_test(tests, any_one_entry_is_enough);
	tcase_add_test(tests, a_pair_needs_both);
	tcase_add_test(tests, what_is_neither_address_nor_key_is_refused);
	suite_add_tcase(suite, tests);
	return suite_run(suite);
}

/* Which server is reported, when, and how often. */
#include <stdlib.h>
#include <string.h>

#include "resolverd/resolve/siblings.h"
#include "tests/support/suite.h"

#define S USEC_PER_SEC

static struct repair repairs[2];
static struct policy policy = { .repairs = repairs };
static struct siblings *siblings;
static struct sibling_report report;
static struct netaddr one, two;

static void setup(void)
{
	siblings = siblings_new();
	ck_assert_ptr_nonnull(siblings);
	memcpy(repairs[0].zone, "\3org", 5);
	memcpy(repairs[1].zone, "\7example\3org", 13);
	policy.repair_count = 2;
	ck_assert_int_eq(netaddr_from_text(&one, "192.0.2.1@53", 53), ZT_OK);
	ck_assert_int_eq(netaddr_from_text(&two, "192.0.2.2@53", 53), ZT_OK);
}

static void teardown(void)
{
	siblings_free(siblings);
}

static bool note(const struct netaddr *server, uint32_t serial, usec_t now)
{
	struct sibling_version version = { (const uint8_t *)"\7Example\3ORG", (const uint8_t *)"\7example\3org", server, serial };
	return siblings_note(siblings, &policy, &version, now, &report);
}

START_TEST(a_server_behind_is_reported_after_a_moment)
{
	ck_assert(!note(&one, 10, 0));
	ck_assert(!note(&two, 9, 1 * S));      /* the change may be on its way */
	ck_assert(note(&two, 9, 3 * S));
	ck_assert_ptr_eq(report.repair, &repairs[1]);
	ck_assert(netaddr_equal(&report.behind.server, &two));
	ck_assert_uint_eq(report.behind.serial, 9);
	ck_assert_uint_eq(report.behind.newest, 10);
	ck_assert(!note(&one, 10, 4 * S));
}
END_TEST

START_TEST(not_again_and_again)
{
	ck_assert(!note(&one, 10, 0));
	ck_assert(note(&two, 9, 5 * S));
	for (usec_t now = 6 * S; now < 35 * S; now += S)
		ck_assert(!note(&two, 9, now));
	ck_assert(note(&two, 9, 36 * S));
}
END_TEST

START_TEST(serials_wrap)
{
	ck_assert(!note(&one, UINT32_MAX, 0));
	ck_assert(!note(&one, 3, 10 * S));
	ck_assert(note(&two, UINT32_MAX, 20 * S));
	ck_assert_uint_eq(report.behind.newest, 3);
}
END_TEST

START_TEST(strangers_zones_are_left_alone_and_a_reset_forgets)
{
	struct sibling_version version = { (const uint8_t *)"\3com", (const uint8_t *)"\3com", &one, 5 };

	ck_assert(!siblings_note(siblings, &policy, &version, 0, &report));
	version.serial = 4;
	ck_assert(!siblings_note(siblings, &policy, &version, 9 * S, &report));
	ck_assert(!note(&one, 10, 0));
	siblings_reset(siblings);
	ck_assert(!note(&two, 9, 9 * S));
	policy.repair_count = 0;
	ck_assert(!note(&one, 10, 10 * S));
}
END_TEST

START_TEST(a_server_has_no_say_over_the_zones_above_its_own)
{
	struct sibling_version version = { (const uint8_t *)"\7example\3org", (const uint8_t *)"\4evil\7example\3org", &two, 99 };

	ck_assert(!note(&one, 10, 0));
	ck_assert(!siblings_note(siblings, &policy, &version, 1 * S, &report));
	ck_assert(!note(&one, 10, 9 * S));      /* nobody is ahead of it */
	/* Over those below it has, where it was found to serve them too. */
	version.asked = (const uint8_t *)"\3org";
	ck_assert(!siblings_note(siblings, &policy, &version, 10 * S, &report));
	ck_assert(note(&one, 10, 19 * S));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("resolverd/siblings");
	TCase *tc = tcase_create("siblings");
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, a_server_behind_is_reported_after_a_moment);
	tcase_add_test(tc, not_again_and_again);
	tcase_add_test(tc, serials_wrap);
	tcase_add_test(tc, strangers_zones_are_left_alone_and_a_reset_forgets);
	tcase_add_test(tc, a_server_has_no_say_over_the_zones_above_its_own);
	suite_add_tcase(suite, tc);
	return suite_run(suite);
}

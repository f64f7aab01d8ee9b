/* lib/zone/check: the rules of the DNS, over whole zones and over changes. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/zone/check.h"
#include "lib/dns/rrtype.h"
#include "lib/zone/edit.h"
#include "lib/zone/nsec3.h"
#include "tests/support/sign_zone.h"
#include "tests/support/suite.h"
#include "tests/support/zone_text.h"

#define APEX "@ 60 SOA ns h 1 2 3 4 5\n@ 60 NS ns\nns 60 A 127.0.0.1\n"

static struct zone_findings findings;

/* All findings as lines, errors marked with !. */
static const char *listed(void)
{
	static char text[2 * ZONE_FINDINGS_MAX * 256];
	char line[ZONE_FINDING_TEXT_SIZE];
	size_t len = 0;
	text[0] = '\0';
	for (unsigned i = 0; i < findings.count; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%s\n", findings.list[i].is_error ? "!" : "",
					zone_finding_to_text(&findings.list[i], line));
	return text;
}

static void whole_zone_gives(const char *records, const char *expected)
{
	struct zone *zone = zone_text_new("example.", records);
	int status = zone_check(zone_current(zone), &findings);
	ck_assert_str_eq(listed(), expected);
	ck_assert_int_eq(status, findings.error_count > 0 ? ZT_EZONE : ZT_OK);
	zone_free(zone);
}

/* What a change to a zone gives; the whole zone must be judged alike. */
static void change_gives(const char *records, const char *script, const char *expected)
{
	struct zone *zone = zone_text_new("example.", records);
	struct zone_edit *edit;
	struct changeset change;
	changeset_init(&change);
	ck_assert_int_eq(zone_edit_begin(zone, &edit), ZT_OK);
	zone_text_change(edit, script);
	ck_assert_int_eq(zone_edit_changeset(edit, &change), ZT_OK);
	int status = zone_check_changes(zone_edit_view(edit), &change, &findings);
	ck_assert_str_eq(listed(), expected);
	ck_assert_int_eq(status, findings.error_count > 0 ? ZT_EZONE : ZT_OK);
	ck_assert_int_eq(zone_check(zone_edit_view(edit), &findings), status);
	zone_edit_abort(edit);
	changeset_fini(&change);
	zone_free(zone);
}

START_TEST(a_sound_zone_has_no_findings)
{
	whole_zone_gives(APEX, "");
	whole_zone_gives(APEX "a CNAME b\na RRSIG CNAME 8 2 60 20300101000000 20200101000000 1 @ AQ==\na NSEC b CNAME\n"
			 "d NS ns.d\nns.d A 1.1.1.1\ne NS ns.d\nf NS out.side.\ng NS x.f\nx DNAME y.\nm MX 10 ns\nm MX 20 mail.other.\n"
			 "*.w A 1.1.1.1\nv NS a.w\n", "");
}
END_TEST

START_TEST(the_apex_needs_one_soa_and_ns)
{
	whole_zone_gives(NULL, "!example. SOA: the zone has no SOA record at its apex\n!example. NS: the zone has no NS record at its apex\n");
	whole_zone_gives("a 1 A 1.1.1.1\n", "!example. SOA: the zone has no SOA record at its apex\n"
			 "!example. NS: the zone has no NS record at its apex\n");
	whole_zone_gives("@ 60 SOA ns h 1 2 3 4 5\n", "!example. NS: the zone has no NS record at its apex\n");
	whole_zone_gives(APEX "@ SOA ns h 2 2 3 4 5\n", "!example. SOA: the apex has more than one SOA record\n");
	whole_zone_gives(APEX "sub SOA ns h 1 2 3 4 5\n", "!sub.example. SOA: an SOA record below the apex\n");
}
END_TEST

START_TEST(a_cname_stands_alone)
{
	whole_zone_gives(APEX "a CNAME b\na A 1.1.1.1\na TXT x\n", "!a.example. CNAME: a CNAME record beside other data\n");
	whole_zone_gives(APEX "a CNAME b\na CNAME c\n", "!a.example. CNAME: more than one CNAME record at one name\n");
	whole_zone_gives("@ 60 SOA ns.o. h 1 2 3 4 5\n@ NS ns.o.\n@ CNAME x\n", "!example. CNAME: a CNAME record beside other data\n");
}
END_TEST

START_TEST(a_dname_stands_above_nothing)
{
	whole_zone_gives(APEX "a DNAME b.\na DNAME c.\n", "!a.example. DNAME: more than one DNAME record at one name\n");
	whole_zone_gives(APEX "a DNAME b.\nb.a A 1.1.1.1\nc.b.a TXT x\nab A 1.1.1.1\n",
			 "!b.a.example. A: a name below the DNAME record of a.example.\n!c.b.a.example. TXT: a name below the DNAME record of a.example.\n");
	whole_zone_gives(APEX "a DNAME b.\na NS ns\n", "!a.example. DNAME: a DNAME record beside a delegation\n");
	whole_zone_gives("@ 60 SOA ns.o. h 1 2 3 4 5\n@ NS ns.o.\n@ DNAME other.\n", "");
}
END_TEST

#define BARE_APEX "@ 60 SOA ns.o. h 1 2 3 4 5\n@ 60 NS ns.o.\n"
#define HASHED "2vptu5timamqttgl4luu9kg21e0aor3s"
#define HASHED_NSEC3 HASHED " NSEC3 1 0 0 - 3vptu5timamqttgl4luu9kg21e0aor3s DNAME\n"
#define HASHED_RRSIG HASHED " RRSIG NSEC3 13 2 60 20300101000000 20200101000000 1 example. AQID\n"

START_TEST(a_dname_at_the_apex_may_stand_above_hashed_names)
{
	whole_zone_gives(BARE_APEX "@ DNAME other.\n" HASHED_NSEC3 HASHED_RRSIG, "");
	whole_zone_gives(BARE_APEX "@ DNAME other.\n" HASHED_NSEC3 HASHED " A 1.1.1.1\n",
			 "!" HASHED ".example. A: a name below the DNAME record of example.\n");
	change_gives(BARE_APEX HASHED_NSEC3, "+ @ 60 DNAME other.\n", "");
	change_gives(BARE_APEX HASHED_NSEC3 "x A 1.1.1.1\n", "+ @ 60 DNAME other.\n", "!x.example. DNAME: a name below the DNAME record of example.\n");
	change_gives(BARE_APEX "@ DNAME other.\n", "+ " HASHED " 60 NSEC3 1 0 0 - 3vptu5timamqttgl4luu9kg21e0aor3s DNAME\n", "");
}
END_TEST

START_TEST(servers_without_addresses_are_warned_of)
{
	whole_zone_gives(APEX "d NS ns.d\n", "d.example. NS: no glue (A or AAAA record) for the server ns.d.example.\n");
	whole_zone_gives(APEX "d NS none\n", "d.example. NS: no A or AAAA record in this zone for the server none.example.\n");
	whole_zone_gives(APEX "@ NS t\nt TXT x\n", "example. NS: no A or AAAA record in this zone for the server t.example.\n");
	whole_zone_gives(APEX "@ NS c\nc CNAME ns\nm MX 1 c\n",
			 "example. NS: the server's name is an alias: c.example.\nm.example. MX: the mail exchange's name is an alias: c.example.\n");
}
END_TEST

START_TEST(findings_beyond_the_limit_are_counted)
{
	char records[8192] = APEX;
	size_t len = strlen(records);
	for (int i = 0; i < 50; i++)
		len += (size_t)snprintf(records + len, sizeof(records) - len, "c%d CNAME x\nc%d A 1.1.1.1\nn%d NS z%d\n", i, i, i, i);
	struct zone *zone = zone_text_new("example.", records);
	ck_assert_int_eq(zone_check(zone_current(zone), &findings), ZT_EZONE);
	ck_assert_uint_eq(findings.error_count, 50);
	ck_assert_uint_eq(findings.warning_count, 50);
	ck_assert_uint_eq(findings.count, 2 * ZONE_FINDINGS_MAX);
	zone_free(zone);
}
END_TEST

START_TEST(changes_that_break_a_rule_are_found)
{
	change_gives(APEX "a A 1.1.1.1\n", "+ a 60 CNAME b\n", "!a.example. CNAME: a CNAME record beside other data\n");
	change_gives(APEX "a CNAME b\n", "+ a 60 A 1.1.1.1\n", "!a.example. CNAME: a CNAME record beside other data\n");
	change_gives(APEX "a CNAME b\n", "+ a 60 CNAME c\n", "!a.example. CNAME: more than one CNAME record at one name\n");
	change_gives(APEX "b.a A 1.1.1.1\n", "+ a 60 DNAME b.\n", "!b.a.example. DNAME: a name below the DNAME record of a.example.\n");
	change_gives(APEX "a DNAME b.\n", "+ c.b.a 60 A 1.1.1.1\n", "!c.b.a.example. ANY: a name below the DNAME record of a.example.\n");
	change_gives(APEX, "- @ 60 NS ns\n", "!example. NS: the zone has no NS record at its apex\n");
	change_gives(APEX, "+ d 60 NS ns.d\n", "d.example. NS: no glue (A or AAAA record) for the server ns.d.example.\n");
	change_gives(APEX, "+ d 60 SOA a b 1 2 3 4 5\n", "!d.example. SOA: an SOA record below the apex\n");
}
END_TEST

START_TEST(changes_that_break_nothing_give_nothing)
{
	change_gives(APEX "a CNAME b\n", "- a 60 CNAME b\n+ a 60 A 1.1.1.1\n", "");
	change_gives(APEX "b.a A 1.1.1.1\n", "- b.a 60 A 1.1.1.1\n+ a 60 DNAME b.\n", "");
	change_gives(APEX "d NS ns.d\nns.d A 1.1.1.1\n", "+ e 60 TXT x\n", "");
	change_gives(APEX, "= 2\n", "");
}
END_TEST

/* A signed zone with a wildcard, a cut with glue and an empty non-terminal, after a change; what a check of all of it says. */
static void signed_zone_gives(enum sign_way way, const char *script, const char *expected)
{
	struct zone *zone = zone_text_new("example.", APEX "b.a A 1.1.1.1\n*.w TXT x\nd NS ns.d\nns.d A 1.1.1.1\nold DNAME new\n");
	sign_zone(zone, way);
	if (script)
		zone_text_publish(zone, script);
	ck_assert_int_eq(zone_check(zone_current(zone), &findings), ZT_OK);
	ck_assert_msg(strcmp(listed(), expected) == 0, "%s\n%s", script ? script : "", listed());
	zone_free(zone);
}

START_TEST(a_well_signed_zone_has_no_findings)
{
	signed_zone_gives(SIGN_NSEC, NULL, "");
	signed_zone_gives(SIGN_NSEC3, NULL, "");
	signed_zone_gives(SIGN_OPT_OUT, NULL, "");
}
END_TEST

#define RRSIG_TAIL " 13 2 300 20380119031407 19700101000000 12345 example. c2lnbmF0dXJl\n"

START_TEST(unsigned_data_in_a_signed_zone_is_warned_of)
{
	signed_zone_gives(SIGN_NSEC, "- ns 300 RRSIG A" RRSIG_TAIL, "ns.example. A: no signature, in a zone that is signed\n");
	signed_zone_gives(SIGN_NSEC, "- d 300 RRSIG NSEC" RRSIG_TAIL, "d.example. NSEC: no signature, in a zone that is signed\n");
	signed_zone_gives(SIGN_NSEC3, "+ new 300 A 1.1.1.1\n", "new.example. A: no signature, in a zone that is signed\n");
}
END_TEST

START_TEST(a_broken_nsec_chain_is_warned_of)
{
	signed_zone_gives(SIGN_NSEC, "- d 300 NSEC ns NS RRSIG NSEC\n", "d.example. NSEC: no NSEC record, in a zone that has them\n"
			  "b.a.example. NSEC: the chain is broken here; the next name is ns.example.\n");
	signed_zone_gives(SIGN_NSEC, "- d 300 NSEC ns NS RRSIG NSEC\n+ d 300 NSEC old NS RRSIG NSEC\n",
			  "d.example. NSEC: the chain is broken here; the next name is ns.example.\n");
	signed_zone_gives(SIGN_NSEC, "- *.w 300 NSEC @ TXT RRSIG NSEC\n+ *.w 300 NSEC z TXT RRSIG NSEC\n",
			  "*.w.example. NSEC: the chain is broken here; the next name is example.\n");
}
END_TEST

START_TEST(a_broken_nsec3_chain_is_warned_of)
{
	struct zone *zone = zone_text_new("example.", APEX);
	struct zone_edit *edit;
	struct rrset set;

	/* The apex's own record goes: no chain. Another's: a gap. */
	sign_zone(zone, SIGN_NSEC3);
	uint8_t hash[NSEC3_HASH_LEN], owner[NAME_MAX_LEN];
	struct nsec3_params params = { NSEC3_SHA1, sizeof(sign_zone_salt), SIGN_ITERATIONS, sign_zone_salt };
	for (int i = 0; i < 2; i++) {
		nsec3_hash(&params, zone_text_name(i == 0 ? "ns.example." : "example."), hash);
		ck_assert(nsec3_owner(hash, zone_text_name("example."), owner));
		ck_assert(znode_rrset(zone_get(zone_current(zone), owner), TYPE_NSEC3, 0, &set));
		ck_assert_int_eq(zone_edit_begin(zone, &edit), ZT_OK);
		ck_assert_int_eq(zone_edit_remove_name(edit, owner), ZT_OK);
		zone_edit_publish(edit);
		ck_assert_int_eq(zone_check(zone_current(zone), &findings), ZT_OK);
		ck_assert_uint_eq(findings.count, 1);
		ck_assert_int_eq(findings.list[0].rule, i == 0 ? ZONE_RULE_NSEC3_BROKEN : ZONE_RULE_NSEC3_NO_CHAIN);
	}
	zone_free(zone);
}
END_TEST

START_TEST(parameters_that_validators_dislike_are_warned_of)
{
	whole_zone_gives(APEX "@ NSEC3PARAM 1 0 101 -\n",
			 "example. NSEC3PARAM: more than 100 iterations; validators may take the zone as unsigned (RFC 9276)\n"
			 "example. NSEC3PARAM: no chain of NSEC3 records has the apex in it, so nothing is proved not to exist\n");
	whole_zone_gives(APEX "@ NSEC3PARAM 1 0 2501 -\n@ NSEC @ NS SOA\n",
			 "example. NSEC3PARAM: parameters by which no proof is made (another hash, flags, more than 2500 iterations)\n");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("check");
	TCase *whole = tcase_create("whole"), *changes = tcase_create("changes");
	tcase_add_test(whole, a_sound_zone_has_no_findings);
	tcase_add_test(whole, the_apex_needs_one_soa_and_ns);
	tcase_add_test(whole, a_cname_stands_alone);
	tcase_add_test(whole, a_dname_stands_above_nothing);
	tcase_add_test(whole, a_dname_at_the_apex_may_stand_above_hashed_names);
	tcase_add_test(whole, servers_without_addresses_are_warned_of);
	tcase_add_test(whole, findings_beyond_the_limit_are_counted);
	tcase_add_test(whole, a_well_signed_zone_has_no_findings);
	tcase_add_test(whole, unsigned_data_in_a_signed_zone_is_warned_of);
	tcase_add_test(whole, a_broken_nsec_chain_is_warned_of);
	tcase_add_test(whole, a_broken_nsec3_chain_is_warned_of);
	tcase_add_test(whole, parameters_that_validators_dislike_are_warned_of);
	suite_add_tcase(suite, whole);
	tcase_add_test(changes, changes_that_break_a_rule_are_found);
	tcase_add_test(changes, changes_that_break_nothing_give_nothing);
	suite_add_tcase(suite, changes);
	return suite_run(suite);
}

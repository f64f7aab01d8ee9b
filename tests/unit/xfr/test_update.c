/* lib/xfr/update: every rule of RFC 2136 sections 3.1 to 3.4. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/xfr/update.h"
#include "tests/support/suite.h"
#include "tests/support/update_message.h"
#include "tests/support/zone_text.h"

static const char example[] =
	"@ 300 IN SOA ns hostmaster 10 3600 600 86400 300\n"
	"@ 300 IN NS ns\n"
	"@ 300 IN NS ns2\n"
	"@ 300 IN MX 10 mail\n"
	"ns 300 IN A 127.0.0.1\n"
	"ns2 300 IN A 127.0.0.1\n"
	"www 300 IN A 127.0.0.2\n"
	"www 300 IN A 127.0.0.3\n"
	"www 300 IN TXT \"a\"\n"
	"www 300 IN RRSIG A 8 2 300 20300101000000 20200101000000 1 @ YWJj\n"
	"www 300 IN RRSIG TXT 8 2 300 20300101000000 20200101000000 1 @ YWJj\n"
	"alias 300 IN CNAME www\n"
	"tree 300 IN DNAME elsewhere.test.\n"
	"deep.empty 300 IN A 127.0.0.4\n"
	"wks 300 IN WKS 127.0.0.5 6 25\n";

/* The rcode of a script on the example zone; the edit's outcome as text in *after (NULL: not wanted), serial moved on where due. */
static enum rcode run(const char *script, char **after)
{
	struct zone *zone = zone_text_new("example.", example);
	struct zone_edit *edit;
	struct update update;
	struct buf wire;

	update_message_make(&wire, "example.", script);
	enum rcode rcode = update_read(&update, wire.data, wire.len);
	if (rcode == RCODE_NOERROR)
		rcode = update_check(&update, zone_current(zone));
	if (rcode == RCODE_NOERROR) {
		ck_assert_int_eq(zone_edit_begin(zone, &edit), ZT_OK);
		ck_assert_int_eq(update_apply(&update, edit), ZT_OK);
		ck_assert_int_eq(update_serial(edit, zone_current(zone)), ZT_OK);
		zone_edit_publish(edit);
	}
	if (after)
		*after = zone_text_dump(zone_current(zone));
	update_fini(&update);
	buf_fini(&wire);
	zone_free(zone);
	return rcode;
}

#define assert_rcode(script, expected) ck_assert_msg(run(script, NULL) == (expected), "%s: %s", script, rcode_to_text(run(script, NULL)))

/* The script succeeds and does to the zone what the lines of `change` do; an empty one: nothing. */
static void assert_change(const char *script, const char *change)
{
	struct zone *zone = zone_text_new("example.", example);
	char *after, *expected;

	ck_assert_msg(run(script, &after) == RCODE_NOERROR, "%s: %s", script, rcode_to_text(run(script, NULL)));
	zone_text_publish(zone, change);
	expected = zone_text_dump(zone_current(zone));
	ck_assert_msg(strcmp(after, expected) == 0, "%s gave\n%s\nand not\n%s", script, after, expected);
	free(after);
	free(expected);
	zone_free(zone);
}

START_TEST(the_zone_section_is_checked)
{
	struct update update;
	struct buf wire;

	update_message_make(&wire, "Example.", "");
	ck_assert_int_eq(update_read(&update, wire.data, wire.len), RCODE_NOERROR);
	ck_assert(name_equal(update.apex, zone_text_name("example.")));
	update_fini(&update);
	wire.data[wire.len - 3] = TYPE_A;      /* ZTYPE is not SOA */
	ck_assert_int_eq(update_read(&update, wire.data, wire.len), RCODE_FORMERR);
	update_fini(&update);
	wire.data[wire.len - 3] = TYPE_SOA;
	wire.data[wire.len - 1] = CLASS_CH;
	ck_assert_int_eq(update_read(&update, wire.data, wire.len), RCODE_NOTAUTH);
	update_fini(&update);
	wire.data[wire.len - 1] = CLASS_IN;
	wire.data[5] = 0;                      /* no zone */
	ck_assert_int_eq(update_read(&update, wire.data, wire.len), RCODE_FORMERR);
	update_fini(&update);
	wire.data[5] = 1;
	for (size_t len = 0; len < wire.len; len++) {
		ck_assert_int_eq(update_read(&update, wire.data, len), RCODE_FORMERR);
		update_fini(&update);
	}
	buf_fini(&wire);
}
END_TEST

START_TEST(prerequisites_are_judged_in_all_five_forms)
{
	assert_rcode("p yxdomain www.example.", RCODE_NOERROR);
	assert_rcode("p yxdomain none.example.", RCODE_NXDOMAIN);
	assert_rcode("p yxdomain empty.example.", RCODE_NXDOMAIN);
	assert_rcode("p yxdomain *.example.", RCODE_NXDOMAIN);
	assert_rcode("p nxdomain none.example.", RCODE_NOERROR);
	assert_rcode("p nxdomain empty.example.", RCODE_NOERROR);
	assert_rcode("p nxdomain WWW.example.", RCODE_YXDOMAIN);
	assert_rcode("p yxrrset www.example. A", RCODE_NOERROR);
	assert_rcode("p yxrrset www.example. AAAA", RCODE_NXRRSET);
	assert_rcode("p yxrrset alias.example. A", RCODE_NXRRSET);      /* aliases are not followed */
	assert_rcode("p yxrrset www.example. RRSIG", RCODE_NOERROR);
	assert_rcode("p yxrrset ns.example. RRSIG", RCODE_NXRRSET);
	assert_rcode("p nxrrset www.example. AAAA", RCODE_NOERROR);
	assert_rcode("p nxrrset none.example. A", RCODE_NOERROR);
	assert_rcode("p nxrrset www.example. A", RCODE_YXRRSET);
}
END_TEST

START_TEST(a_value_dependent_prerequisite_wants_the_whole_rrset)
{
	assert_rcode("p yxrrset www.example. A 127.0.0.2\np yxrrset WWW.example. A 127.0.0.3", RCODE_NOERROR);
	assert_rcode("p yxrrset www.example. A 127.0.0.3\np yxrrset www.example. TXT \"a\"\np yxrrset www.example. A 127.0.0.2", RCODE_NOERROR);
	assert_rcode("p yxrrset www.example. A 127.0.0.2\np yxrrset www.example. A 127.0.0.2\np yxrrset www.example. A 127.0.0.3", RCODE_NOERROR);
	assert_rcode("p yxrrset www.example. A 127.0.0.2", RCODE_NXRRSET);
	assert_rcode("p yxrrset www.example. A 127.0.0.2\np yxrrset www.example. A 127.0.0.3\np yxrrset www.example. A 127.0.0.4", RCODE_NXRRSET);
	assert_rcode("p yxrrset none.example. A 127.0.0.2", RCODE_NXRRSET);
	assert_rcode("p yxrrset example. MX 10 MAIL.example.", RCODE_NOERROR);
	assert_rcode("p yxrrset www.example. TXT \"A\"", RCODE_NXRRSET);
	assert_rcode("p yxrrset example. SOA ns.example. hostmaster.example. 10 3600 600 86400 300", RCODE_NOERROR);
	assert_rcode("p yxrrset example. SOA ns.example. hostmaster.example. 9 3600 600 86400 300", RCODE_NXRRSET);
}
END_TEST

START_TEST(malformed_prerequisites_are_format_errors)
{
	assert_rcode("p raw www.example. ANY 1 A", RCODE_FORMERR);
	assert_rcode("p raw www.example. NONE 1 A", RCODE_FORMERR);
	assert_rcode("p raw www.example. IN 1 A 7f000002", RCODE_FORMERR);
	assert_rcode("p raw www.example. ANY 0 A 7f000002", RCODE_FORMERR);
	assert_rcode("p raw www.example. NONE 0 A 7f000002", RCODE_FORMERR);
	assert_rcode("p raw www.example. CH 0 A", RCODE_FORMERR);
	assert_rcode("p raw www.example. IN 0 A 7f0000", RCODE_FORMERR);
	assert_rcode("p raw www.example. IN 0 A", RCODE_FORMERR);
	assert_rcode("p raw www.example. IN 0 AXFR", RCODE_FORMERR);
	assert_rcode("p raw www.example. ANY 0 AXFR", RCODE_FORMERR);
	assert_rcode("p yxdomain www.test.", RCODE_NOTZONE);
	assert_rcode("p yxrrset ample. A", RCODE_NOTZONE);
	/* The first one at fault decides. */
	assert_rcode("p yxdomain none.example.\np yxdomain www.test.", RCODE_NXDOMAIN);
	assert_rcode("p yxdomain www.test.\np yxdomain none.example.", RCODE_NOTZONE);
	/* Whole RRsets are compared after all others. */
	assert_rcode("p yxrrset www.example. A 127.0.0.2\np nxdomain www.example.", RCODE_YXDOMAIN);
}
END_TEST

START_TEST(the_update_section_is_checked_before_anything_is_done)
{
	assert_rcode("u add www.test. 300 A 127.0.0.1", RCODE_NOTZONE);
	assert_rcode("u del www.test.", RCODE_NOTZONE);
	assert_rcode("u raw www.example. IN 300 ANY", RCODE_FORMERR);
	assert_rcode("u raw www.example. IN 300 AXFR", RCODE_FORMERR);
	assert_rcode("u raw www.example. IN 300 A 7f0000", RCODE_FORMERR);
	assert_rcode("u raw www.example. IN 300 A", RCODE_FORMERR);
	assert_rcode("u raw www.example. ANY 1 A", RCODE_FORMERR);
	assert_rcode("u raw www.example. ANY 0 A 7f000001", RCODE_FORMERR);
	assert_rcode("u raw www.example. ANY 0 AXFR", RCODE_FORMERR);
	assert_rcode("u raw www.example. NONE 1 A 7f000001", RCODE_FORMERR);
	assert_rcode("u raw www.example. NONE 0 ANY", RCODE_FORMERR);
	assert_rcode("u raw www.example. NONE 0 A 7f0000", RCODE_FORMERR);
	assert_rcode("u raw www.example. CH 0 A 7f000001", RCODE_FORMERR);
	assert_rcode("u raw www.example. IN 300 TSIG", RCODE_FORMERR);
	/* Prerequisites come first. */
	assert_rcode("p nxdomain www.example.\nu add www.test. 300 A 127.0.0.1", RCODE_YXDOMAIN);
	/* And the first part of a refused section is not done. */
	char *after;
	ck_assert_int_eq(run("u add new.example. 300 A 127.0.0.1\nu add www.test. 300 A 127.0.0.1", &after), RCODE_NOTZONE);
	ck_assert_ptr_null(strstr(after, "new.example."));
	free(after);
}
END_TEST

START_TEST(records_behind_a_name_that_leads_nowhere_are_not_passed_over)
{
	static const char *const scripts[] = { "p nxdomain lost.example.\np yxdomain nobody.example.\nu add a.example. 300 A 127.0.0.1",
					       "u add lost.example. 300 A 127.0.0.1\nu add b.example. 300 A 127.0.0.1" };
	struct update update;
	struct buf wire;

	for (unsigned i = 0; i < 2; i++) {
		update_message_make(&wire, "example.", scripts[i]);
		uint8_t *at = memmem(wire.data, wire.len, "\4lost\300", 6);
		ck_assert_ptr_nonnull(at);
		wire_put_u16(at + 5, (uint16_t)(0xC000 | (at + 5 - wire.data)));
		ck_assert_int_eq(update_read(&update, wire.data, wire.len), RCODE_FORMERR);
		update_fini(&update);
		buf_fini(&wire);
	}
}
END_TEST

START_TEST(records_are_added)
{
	assert_change("u add new.example. 60 A 127.0.0.9", "+ new 60 IN A 127.0.0.9\n= 11");
	assert_change("u add new.example. 60 A 127.0.0.9\nu add new.example. 60 AAAA ::1\nu add a.b.new.example. 60 TXT x",
		"+ new 60 IN A 127.0.0.9\n+ new 60 IN AAAA ::1\n+ a.b.new 60 IN TXT x\n= 11");
	assert_change("u add www.example. 300 A 127.0.0.2", "");      /* a duplicate */
	assert_change("u add www.example. 300 A 127.0.0.9", "+ www 300 IN A 127.0.0.9\n= 11");
	assert_change("u add example. 300 NS ns3.example.", "+ @ 300 IN NS ns3\n= 11");
	assert_change("u add *.example. 60 A 127.0.0.9", "+ * 60 IN A 127.0.0.9\n= 11");
	assert_change("u raw ttl.example. IN 4294967295 A 7f000009", "+ ttl 0 IN A 127.0.0.9\n= 11");
	assert_change("", "");
	/* A new TTL is that of the whole RRset. */
	assert_change("u add www.example. 60 TXT \"a\"", "- www 300 IN TXT \"a\"\n+ www 60 IN TXT \"a\"\n= 11");
}
END_TEST

START_TEST(aliases_and_other_data_do_not_mix)
{
	assert_change("u add www.example. 300 CNAME ns.example.", "");
	assert_change("u add alias.example. 300 A 127.0.0.9", "");
	assert_change("u add alias.example. 60 CNAME ns.example.", "- alias 300 IN CNAME www\n+ alias 60 IN CNAME ns\n= 11");
	assert_change("u add alias.example. 300 RRSIG CNAME 8 2 300 20300101000000 20200101000000 1 example. YWJj",
		"+ alias 300 IN RRSIG CNAME 8 2 300 20300101000000 20200101000000 1 @ YWJj\n= 11");
	assert_change("u del www.example. A\nu del www.example. TXT\nu add www.example. 300 CNAME ns.example.",
		"- www 300 IN A 127.0.0.2\n- www 300 IN A 127.0.0.3\n- www 300 IN TXT \"a\"\n+ www 300 IN CNAME ns\n= 11");
	assert_change("u del alias.example. CNAME\nu add alias.example. 300 A 127.0.0.9",
		"- alias 300 IN CNAME www\n+ alias 300 IN A 127.0.0.9\n= 11");
	assert_change("u add tree.example. 60 DNAME other.test.", "- tree 300 IN DNAME elsewhere.test.\n+ tree 60 IN DNAME other.test.\n= 11");
	assert_change("u add alias.example. 60 DNAME other.test.", "");
	assert_change("u add tree.example. 60 CNAME www.example.", "");
}
END_TEST

START_TEST(a_wks_record_of_the_same_service_is_replaced)
{
	assert_change("u add wks.example. 300 WKS 127.0.0.5 6 80", "- wks 300 IN WKS 127.0.0.5 6 25\n+ wks 300 IN WKS 127.0.0.5 6 80\n= 11");
	assert_change("u add wks.example. 300 WKS 127.0.0.5 17 80", "+ wks 300 IN WKS 127.0.0.5 17 80\n= 11");
}
END_TEST

START_TEST(the_soa_is_taken_when_it_is_newer)
{
	const char *old = "- @ 300 IN SOA ns hostmaster 10 3600 600 86400 300\n";
	char change[512];

	snprintf(change, sizeof(change), "%s+ @ 60 IN SOA ns2 other 20 1 2 3 4\n", old);
	assert_change("u add example. 60 SOA ns2.example. other.example. 20 1 2 3 4", change);
	assert_change("u add example. 60 SOA ns2.example. other.example. 10 1 2 3 4", "");
	assert_change("u add example. 60 SOA ns2.example. other.example. 9 1 2 3 4", "");
	assert_change("u add example. 60 SOA ns2.example. other.example. 2147483658 1 2 3 4", "");      /* 2^31 away: not newer */
	assert_change("u add www.example. 60 SOA ns2.example. other.example. 20 1 2 3 4", "");
	/* The client's serial is kept, whatever else changed, before or after. */
	snprintf(change, sizeof(change), "%s+ @ 60 IN SOA ns2 other 20 1 2 3 4\n+ a 60 IN A 127.0.0.9\n+ b 60 IN A 127.0.0.9", old);
	assert_change("u add a.example. 60 A 127.0.0.9\nu add example. 60 SOA ns2.example. other.example. 20 1 2 3 4\n"
		"u add b.example. 60 A 127.0.0.9", change);
	/* An old one is passed over, the rest is done with the next serial. */
	assert_change("u add a.example. 60 A 127.0.0.9\nu add example. 60 SOA ns2.example. other.example. 9 1 2 3 4",
		"+ a 60 IN A 127.0.0.9\n= 11");
}
END_TEST

START_TEST(names_rrsets_and_records_are_deleted)
{
	assert_change("u del www.example. A 127.0.0.2", "- www 300 IN A 127.0.0.2\n= 11");
	assert_change("u del www.example. A 127.0.0.99", "");
	assert_change("u del none.example. A 127.0.0.2", "");
	assert_change("u del www.example. A", "- www 300 IN A 127.0.0.2\n- www 300 IN A 127.0.0.3\n= 11");
	assert_change("u del www.example. AAAA", "");
	assert_change("u del none.example.", "");
	assert_change("u del empty.example.", "");
	assert_change("u del alias.example.", "- alias 300 IN CNAME www\n= 11");
	assert_change("u del www.example. RRSIG", "- www 300 IN RRSIG A 8 2 300 20300101000000 20200101000000 1 @ YWJj\n"
		"- www 300 IN RRSIG TXT 8 2 300 20300101000000 20200101000000 1 @ YWJj\n= 11");
	assert_change("u del www.example.", "- www 300 IN A 127.0.0.2\n- www 300 IN A 127.0.0.3\n- www 300 IN TXT \"a\"\n"
		"- www 300 IN RRSIG A 8 2 300 20300101000000 20200101000000 1 @ YWJj\n"
		"- www 300 IN RRSIG TXT 8 2 300 20300101000000 20200101000000 1 @ YWJj\n= 11");
	assert_change("u del www.example. A 127.0.0.2\nu add www.example. 300 A 127.0.0.2", "");      /* nothing in the end */
	assert_change("u raw www.example. NONE 0 NULL", "");
}
END_TEST

START_TEST(the_apex_keeps_its_soa_and_a_name_server)
{
	assert_change("u del example.", "- @ 300 IN MX 10 mail\n= 11");
	assert_change("u del example. SOA", "");
	assert_change("u del example. NS", "");
	assert_change("u del example. MX", "- @ 300 IN MX 10 mail\n= 11");
	assert_change("u del example. SOA ns.example. hostmaster.example. 10 3600 600 86400 300", "");
	assert_change("u del example. NS ns.example.", "- @ 300 IN NS ns\n= 11");
	assert_change("u del example. NS ns.example.\nu del example. NS ns2.example.", "- @ 300 IN NS ns\n= 11");
	assert_change("u add example. 300 NS ns3.example.\nu del example. NS ns.example.\nu del example. NS ns2.example.",
		"- @ 300 IN NS ns\n- @ 300 IN NS ns2\n+ @ 300 IN NS ns3\n= 11");
}
END_TEST

START_TEST(changes_happen_in_order_and_see_one_another)
{
	assert_change("u del www.example.\nu add www.example. 60 A 127.0.0.9\nu add www.example. 60 CNAME ns.example.",
		"- www 300 IN A 127.0.0.2\n- www 300 IN A 127.0.0.3\n- www 300 IN TXT \"a\"\n"
		"- www 300 IN RRSIG A 8 2 300 20300101000000 20200101000000 1 @ YWJj\n"
		"- www 300 IN RRSIG TXT 8 2 300 20300101000000 20200101000000 1 @ YWJj\n+ www 60 IN A 127.0.0.9\n= 11");
	assert_change("u add x.example. 60 A 127.0.0.9\nu del x.example.\nu add x.example. 60 TXT y", "+ x 60 IN TXT y\n= 11");
	/* Prerequisites see the zone before the update. */
	assert_rcode("p nxdomain x.example.\nu add x.example. 60 A 127.0.0.9", RCODE_NOERROR);
	assert_rcode("p yxdomain x.example.\nu add x.example. 60 A 127.0.0.9", RCODE_NXDOMAIN);
}
END_TEST

START_TEST(the_serial_skips_zero_when_it_wraps)
{
	struct zone *zone = zone_text_new("example.", "@ 300 IN SOA ns hostmaster 4294967295 3600 600 86400 300\n@ 300 IN NS ns\n");
	struct zone_edit *edit;

	ck_assert_int_eq(zone_edit_begin(zone, &edit), ZT_OK);
	ck_assert_int_eq(update_serial(edit, zone_current(zone)), ZT_OK);
	ck_assert(zone_edit_is_empty(edit));
	zone_text_change(edit, "+ a 60 IN A 127.0.0.9");
	ck_assert_int_eq(update_serial(edit, zone_current(zone)), ZT_OK);
	ck_assert_uint_eq(zone_version_serial(zone_edit_view(edit)), 1);
	zone_edit_publish(edit);
	zone_free(zone);
}
END_TEST

/* Adds record after record to one RRset until that is refused; returns how many went in. */
static unsigned fill_rrset(const char *data, size_t *wire_len)
{
	struct zone *zone = zone_text_new("example.", example);
	struct zone_edit *edit;
	struct rrset set;
	unsigned count = 0;
	int status = ZT_OK;

	ck_assert_int_eq(zone_edit_begin(zone, &edit), ZT_OK);
	while (status == ZT_OK) {
		struct update update;
		struct buf wire;
		char script[400];
		snprintf(script, sizeof(script), "u add full.example. 300 TXT %u-%s", count, data);
		update_message_make(&wire, "example.", script);
		ck_assert_int_eq(update_read(&update, wire.data, wire.len), RCODE_NOERROR);
		status = update_apply(&update, edit);
		count += status == ZT_OK;
		update_fini(&update);
		buf_fini(&wire);
	}
	ck_assert_int_eq(status, ZT_ELIMIT);
	ck_assert(znode_rrset(zone_get(zone_edit_view(edit), zone_text_name("full.example.")), TYPE_TXT, 0, &set));
	*wire_len = set.rdata_size + set.count * 10;
	zone_edit_abort(edit);
	zone_free(zone);
	return count;
}

START_TEST(an_rrset_does_not_grow_past_what_a_message_can_hold)
{
	static const char *const texts[] = { "x", "0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789" };
	size_t wire_len;

	for (size_t i = 0; i < 2; i++) {
		unsigned count = fill_rrset(texts[i], &wire_len);
		ck_assert_uint_gt(count, 500);
		ck_assert_uint_le(wire_len, 65535 - 12 - 2 * 255);
		ck_assert_uint_gt(wire_len, 64700);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("update");
	TCase *tcase = tcase_create("update");

	tcase_add_test(tcase, the_zone_section_is_checked);
	tcase_add_test(tcase, prerequisites_are_judged_in_all_five_forms);
	tcase_add_test(tcase, a_value_dependent_prerequisite_wants_the_whole_rrset);
	tcase_add_test(tcase, malformed_prerequisites_are_format_errors);
	tcase_add_test(tcase, the_update_section_is_checked_before_anything_is_done);
	tcase_add_test(tcase, records_behind_a_name_that_leads_nowhere_are_not_passed_over);
	tcase_add_test(tcase, records_are_added);
	tcase_add_test(tcase, aliases_and_other_data_do_not_mix);
	tcase_add_test(tcase, a_wks_record_of_the_same_service_is_replaced);
	tcase_add_test(tcase, the_soa_is_taken_when_it_is_newer);
	tcase_add_test(tcase, names_rrsets_and_records_are_deleted);
	tcase_add_test(tcase, the_apex_keeps_its_soa_and_a_name_server);
	tcase_add_test(tcase, changes_happen_in_order_and_see_one_another);
	tcase_add_test(tcase, the_serial_skips_zero_when_it_wraps);
	tcase_add_test(tcase, an_rrset_does_not_grow_past_what_a_message_can_hold);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}

/* lib/zone/zonemd: the zones of RFC 8976 appendix A, and what must not pass. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/zone/zonemd.h"
#include "tests/support/suite.h"
#include "tests/support/zone_text.h"

#define APEX "@ 86400 SOA ns1 admin 2018031900 1800 900 604800 86400\n@ 86400 NS ns1\n@ 86400 NS ns2\n"

/* A.1 */
#define SIMPLE_DIGEST "c68090d90a7aed716bc459f9340e3d7c1370d4d24b7e2fc3a1ddc0b9a87153b9a9713b3c9ae5cc27777f98b8e730044c"
#define SIMPLE_DATA APEX "ns1 3600 A 203.0.113.63\nns2 3600 AAAA 2001:db8::63\n"
/* A.2, without what no zone here can hold: a record twice, and one from outside. */
#define COMPLEX_DIGEST "a3b69bad980a3504e1cffcb0fd6397f93848071c93151f552ae2f6b1711d4bd2d8b39808226d7b9db71e34b72077f8fe"
#define COMPLEX_DATA APEX \
	"ns1 3600 A 203.0.113.63\nNS2 3600 AAAA 2001:db8::63\n" \
	"occluded.sub 7200 TXT \"I'm occluded but must be digested\"\nsub 7200 NS ns1\n" \
	"duplicate 300 TXT \"I must be digested just once\"\nUPPERCASE 3600 TXT \"canonicalize uppercase owner names\"\n" \
	"* 777 PTR dont-forget-about-wildcards\nmail 3600 MX 20 MAIL1\nmail 3600 MX 10 Mail2.Example.\n" \
	"sortme 3600 AAAA 2001:db8::5:61\nsortme 3600 AAAA 2001:db8::3:62\nsortme 3600 AAAA 2001:db8::4:63\n" \
	"sortme 3600 AAAA 2001:db8::1:65\nsortme 3600 AAAA 2001:db8::2:64\n" \
	"non-apex 900 ZONEMD 2018031900 1 1 " \
	"616c6c6f776564206275742069676e6f7265642e20616c6c6f776564206275742069676e6f7265642e20616c6c6f7765\n"
/* A.3 */
#define SHA384_DIGEST "62e6cf51b02e54b9b5f967d547ce43136792901f9f88e637493daaf401c92c279dd10f0edb1c56f8080211f8480ee306"
#define SHA512_DIGEST "08cfa1115c7b948c4163a901270395ea226a930cd2cbcf2fa9a5e6eb85f37c8a" \
		      "4e114d884e66f176eab121cb02db7d652e0cc4827e7a3204f166b47e5613fd27"
#define MANY_DATA APEX "ns1 3600 A 203.0.113.63\nns2 86400 TXT \"This example has multiple digests\"\nNS2 3600 AAAA 2001:db8::63\n"
#define PRIVATE_HASH "@ 86400 ZONEMD 2018031900 1 240 e2d523f654b9422a96c5a8f44607bbee\n"
#define PRIVATE_SCHEME "@ 86400 ZONEMD 2018031900 241 1 " \
		       "e1846540e33a9e4189792d18d5d131f605fc283eaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n"
#define ZONEMD(serial, hash, digest) "@ 86400 ZONEMD " serial " 1 " hash " " digest "\n"
#define SERIAL "2018031900"
#define ZEROS48 "000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000"

static const struct row {
	const char *what;
	const char *text;
	enum zonemd_outcome outcome;
	const char *says;
} rows[] = {
	{ "A.1", SIMPLE_DATA ZONEMD(SERIAL, "1", SIMPLE_DIGEST), ZONEMD_VERIFIED, "SHA-384" },
	{ "A.2", COMPLEX_DATA ZONEMD(SERIAL, "1", COMPLEX_DIGEST), ZONEMD_VERIFIED, "SHA-384" },
	{ "A.3", MANY_DATA ZONEMD(SERIAL, "1", SHA384_DIGEST) ZONEMD(SERIAL, "2", SHA512_DIGEST) PRIVATE_HASH PRIVATE_SCHEME, ZONEMD_VERIFIED, "SHA-384" },
	{ "A.3 with SHA-512 alone", MANY_DATA ZONEMD(SERIAL, "2", SHA512_DIGEST) PRIVATE_HASH PRIVATE_SCHEME, ZONEMD_VERIFIED, "SHA-512" },
	{ "one of two agrees", MANY_DATA ZONEMD(SERIAL, "1", ZEROS48) ZONEMD(SERIAL, "2", SHA512_DIGEST), ZONEMD_VERIFIED, "SHA-512" },
	{ "no ZONEMD", SIMPLE_DATA, ZONEMD_ABSENT, "" },
	{ "only unknown ones", MANY_DATA PRIVATE_HASH PRIVATE_SCHEME, ZONEMD_UNSUPPORTED, "known here" },
	{ "a wrong digest", SIMPLE_DATA ZONEMD(SERIAL, "1", ZEROS48), ZONEMD_MISMATCH, "SHA-384" },
	{ "a wrong digest beside unknown ones", MANY_DATA ZONEMD(SERIAL, "1", ZEROS48) PRIVATE_HASH, ZONEMD_MISMATCH, "SHA-384" },
	{ "other content", SIMPLE_DATA "more 3600 A 192.0.2.1\n" ZONEMD(SERIAL, "1", SIMPLE_DIGEST), ZONEMD_MISMATCH, "SHA-384" },
	{ "another TTL", APEX "ns1 3601 A 203.0.113.63\nns2 3600 AAAA 2001:db8::63\n" ZONEMD(SERIAL, "1", SIMPLE_DIGEST), ZONEMD_MISMATCH, "SHA-384" },
	{ "another serial", SIMPLE_DATA ZONEMD("2018031901", "1", SIMPLE_DIGEST), ZONEMD_MISMATCH, "another serial" },
	{ "a short digest", SIMPLE_DATA ZONEMD(SERIAL, "1", "c68090d90a7aed716bc459f9"), ZONEMD_MISMATCH, "length" },
	{ "two of one hash", SIMPLE_DATA ZONEMD(SERIAL, "1", SIMPLE_DIGEST) ZONEMD(SERIAL, "1", ZEROS48), ZONEMD_MISMATCH, "two ZONEMD" },
};

START_TEST(the_outcome_is_as_the_rfc_says)
{
	const struct row *row = &rows[_i];
	struct zone *zone = zone_text_new("example.", row->text);
	struct zonemd_report report;

	ck_assert_int_eq(zonemd_verify(zone_current(zone), &report), ZT_OK);
	ck_assert_msg(report.outcome == row->outcome, "%s: %d, %s", row->what, report.outcome, report.text);
	ck_assert_msg(strstr(report.text, row->says), "%s: %s", row->what, report.text);
	zone_free(zone);
}
END_TEST

START_TEST(an_empty_zone_has_no_digest)
{
	struct zone *zone = zone_text_new("example.", NULL);
	struct zonemd_report report;

	ck_assert_int_eq(zonemd_verify(zone_current(zone), &report), ZT_OK);
	ck_assert_int_eq(report.outcome, ZONEMD_ABSENT);
	zone_free(zone);
}
END_TEST

/* A version of the zone with a digest made here; what was at its place before is gone. */
static void make(struct zone *zone, enum zonemd_hash hash)
{
	struct zone_edit *edit;

	ck_assert_int_eq(zone_edit_begin(zone, &edit), ZT_OK);
	ck_assert_int_eq(zonemd_put(edit, hash), ZT_OK);
	zone_edit_publish(edit);
}

static const struct {
	const char *data;
	enum zonemd_hash hash;
	const char *digest;
} made[] = {
	{ SIMPLE_DATA, ZONEMD_SHA384, SIMPLE_DIGEST }, { COMPLEX_DATA, ZONEMD_SHA384, COMPLEX_DIGEST }, { MANY_DATA, ZONEMD_SHA512, SHA512_DIGEST },
	{ MANY_DATA PRIVATE_HASH PRIVATE_SCHEME ZONEMD(SERIAL, "1", ZEROS48), ZONEMD_SHA384, SHA384_DIGEST },
};

START_TEST(the_digests_of_the_rfc_are_made)
{
	struct zone *zone = zone_text_new("example.", made[_i].data);
	char line[400];
	struct zonemd_report report;

	make(zone, made[_i].hash);
	char *dump = zone_text_dump(zone_current(zone));
	snprintf(line, sizeof(line), "%s 1 %d", SERIAL, made[_i].hash);
	ck_assert_msg(strstr(dump, line), "%s", dump);
	for (char *at = dump; *at; at++)
		*at = *at >= 'A' && *at <= 'F' ? (char)(*at | 0x20) : *at;
	ck_assert_msg(strstr(dump, made[_i].digest), "%s", dump);
	ck_assert_ptr_null(strstr(dump, "e2d523f6"));
	free(dump);
	ck_assert_int_eq(zonemd_verify(zone_current(zone), &report), ZT_OK);
	ck_assert_int_eq(report.outcome, ZONEMD_VERIFIED);
	ck_assert(zonemd_is_of(zone_current(zone), made[_i].hash));
	ck_assert(!zonemd_is_of(zone_current(zone), made[_i].hash == ZONEMD_SHA384 ? ZONEMD_SHA512 : ZONEMD_SHA384));
	/* Of another serial it is none. */
	zone_text_publish(zone, "= 2018031901");
	ck_assert(!zonemd_is_of(zone_current(zone), made[_i].hash));
	zone_free(zone);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("zone/zonemd");
	TCase *tc = tcase_create("zonemd");
	tcase_add_loop_test(tc, the_outcome_is_as_the_rfc_says, 0, sizeof(rows) / sizeof(rows[0]));
	tcase_add_loop_test(tc, the_digests_of_the_rfc_are_made, 0, sizeof(made) / sizeof(made[0]));
	tcase_add_test(tc, an_empty_zone_has_no_digest);
	suite_add_tcase(suite, tc);
	return suite_run(suite);
}

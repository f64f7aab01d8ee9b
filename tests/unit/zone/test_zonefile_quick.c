/* lib/zone/zonefile_quick, lib/dns/quick: plain lines come out as the long way would have them. */
#include <stdlib.h>
#include <string.h>

#include "lib/dns/present.h"
#include "lib/dns/quick_run.h"
#include "lib/zone/zonefile.h"
#include "tests/support/both_ways.h"
#include "tests/support/random_rdata.h"
#include "tests/support/suite.h"

static const uint8_t origin[] = "\7example";

static size_t agrees(const char *text, size_t len)
{
	struct buf difference;
	size_t count = 0;

	/* An exact copy, so that a sanitizer sees a read past the end. */
	char *copy = malloc(len > 0 ? len : 1);
	ck_assert_ptr_nonnull(copy);
	memcpy(copy, text, len);
	buf_init(&difference);
	bool is_same = read_both_ways(copy, len, origin, &difference, &count);
	buf_add_u8(&difference, '\0');
	if (!is_same) {
		FILE *out = fopen("both_ways.failed", "wb");
		if (out) {
			fwrite(text, 1, len, out);
			fclose(out);
		}
	}
	ck_assert_msg(is_same, "%s; the text is in both_ways.failed and begins with: %.300s", (const char *)difference.data, text);
	buf_fini(&difference);
	free(copy);
	return count;
}

/* ---- lines that look plain ------------------------------------------------------------------------------------------------- */

/* Data with something at or over an edge. */
static const char *const edges[] = {
	"A 1.2.3.4", "A 0.0.0.0", "A 255.255.255.255", "A 256.1.1.1", "A 1.2.3.04", "A 1.2.3", "A 1.2.3.4.", "A 1.2.3.4.5", "A 1..2.3", "A 1.2.3.4x",
	"A 00.1.1.1", "A 1.1.1.1 x", "A", "A \\# 4 01020304", "A \"1.2.3.4\"", "A 1.2.3.1000",
	"AAAA ::", "AAAA ::1", "AAAA 1::", "AAAA 1:2:3:4:5:6:7:8", "AAAA 1:2:3:4:5:6:7:8:", "AAAA 1:2:3:4:5:6:7::", "AAAA ::2:3:4:5:6:7:8",
	"AAAA 1:2:3:4:5:6:7:8::", "AAAA ::1:2:3:4:5:6:7:8", "AAAA 1::2::3", "AAAA :::1", "AAAA :1", "AAAA 1:", "AAAA 12345::", "AAAA 0fFf::A",
	"AAAA ::ffff:1.2.3.4", "AAAA 1:2:3:4:5:6:7:8:9", "AAAA g::", "AAAA 1:::2", "AAAA 1:2:3:4::5:6:7:8", "AAAA 1:2:3::5:6:7:8",
	"NS a", "NS a.", "NS .", "NS @", "NS @.", "NS a@b", "NS a..b", "NS .a", "NS ..", "NS a\\.b", "NS a.b c", "NS \"a\"", "NS a\"b\"", "NS a;b",
	"NS a(b)", "NS $a", "NS a=\"b c\"",
	"MX 10 a", "MX 65535 a", "MX 65536 a", "MX 0000000010 a", "MX 00000000010 a", "MX -1 a", "MX 1", "MX 1.0 a",
	"SRV 1 2 3 a", "SRV 1 2 3", "SOA a b 1 2 3 4 5", "SOA a b 1 1h 3 4 5", "SOA a b 4294967295 4294967295 0 0 0", "SOA a b 4294967296 1 1 1 1",
	"SOA a b 1 2 3 4 5 6", "SOA @ . 1 2 3 4 4294967295",
	"TXT a", "TXT a b c", "TXT \"a b\" \"c\"", "TXT \"a\"\"b\"", "TXT \"a\"b", "TXT a\"b\"", "TXT \"\"", "TXT", "TXT \"a", "TXT \"a\\\"b\"", "TXT \"a;b()\"",
	"TXT a;b", "TXT \"a\";b", "TXT k=\"v w\"", "TXT k=v", "TXT \"\t\"", "TXT \\000", "TXT a.b.c", "TXT \"\1\377\"", "TXT a\1b", "TXT \"a\" ; \"b\"",
	"CAA 0 issue \"ca.example\"", "CAA 0 issue \"\"", "CAA 0 is-sue \"x\"", "CAA 0 issue ca", "CAA 256 issue x", "CAA 0 \"issue\" x", "CAA 0 issue a b",
	"URI 1 2 \"http://a\"", "URI 1 2 \"\"", "URI 1 2 a",
	"DS 1 8 2 abCD", "DS 1 8 2 ab cd", "DS 1 8 2 abc", "DS 1 8 2 a bcd", "DS 1 RSASHA256 2 ab", "DS 1 8 2", "DS 1 8 2 xx",
	"DNSKEY 256 3 8 AQID", "DNSKEY 256 3 8 AQIDBA==", "DNSKEY 256 3 8 AQIDBAU=", "DNSKEY 256 3 8 AQID BAUG", "DNSKEY 256 3 8 AQ IDBA==",
	"DNSKEY 256 3 8 AQ==AQ==", "DNSKEY 256 3 8 AQ== AQID", "DNSKEY 256 3 8 AR==", "DNSKEY 256 3 8 AQJ=", "DNSKEY 256 3 8 AQ=", "DNSKEY 256 3 8 A",
	"DNSKEY 256 3 8 =", "DNSKEY 256 3 8 AQI= =", "DNSKEY 256 3 8", "DNSKEY 256 3 8 AQID;x", "DNSKEY 256 3 8 AQID=", "DNSKEY 256 3 8 AQ=A",
	"RRSIG A 8 2 3600 20300101000000 20200101000000 12345 @ AQID", "RRSIG TYPE731 8 2 1h 20300101000000 20200101000000 1 . AQ==",
	"RRSIG A 8 2 3600 1577836800 4294967295 1 a. AQ==", "RRSIG A 8 2 3600 20300229000000 20200101000000 1 . AQ==", "RRSIG a 8 2 1 1 1 1 . AQ==",
	"NSEC a A MX RRSIG NSEC", "NSEC a", "NSEC a TYPE256 CAA TYPE511", "NSEC a TYPE512", "NSEC a A A", "NSEC a BAD", "NSEC a A ; MX", "NSEC a type1 aaaa",
	"NSEC3 1 1 12 aabb 2t7b4g4vsa5smi47k61mv5bv1a22bojr A RRSIG", "NSEC3 1 0 0 - 2T7B4G4VSA5SMI47K61MV5BV1A22BOJR", "NSEC3 1 0 0 - 2t7!",
	"NSEC3 1 0 0 a 2t", "NSEC3 1 0 0 -- 2t", "NSEC3PARAM 1 0 0 -", "NSEC3PARAM 1 0 0 abcd", "NSEC3PARAM 1 0 0", "TLSA 3 1 1 ab cd", "CSYNC 66 3 A NS",
	"NAPTR 1 2 s \"x\" \"\" .", "HINFO a \"b c\"", "ISDN 1", "IPN 5", "TYPE1 \\# 4 01020304", "TYPE731 \\# 1 00", "ANY x", "CH TXT a", "IN IN A 1.1.1.1",
	"5 5 A 1.1.1.1", "5 IN A 1.1.1.1", "IN 5 A 1.1.1.1", "in a 1.1.1.1", "I A 1.1.1.1", "1h A 1.1.1.1", "2147483647 A 1.1.1.1", "2147483648 A 1.1.1.1",
	"5x A 1.1.1.1", "NONE A 1.1.1.1", "CLASS1 A 1.1.1.1", "\311\316 A 1.1.1.1", "CNAME a ; \1", "SMIMEA 1 1 1 00", "OPENPGPKEY AQID", "NSEC3PARAMX 1",
};

static const char *const owners[] = {
	"a", "a.b", "a.", ".", "@", "@@", "a@", "*", "\\a", "a\\.b", "a..b", ".a", "$a", "a$", "\"a\"", "a;", "(", "a(b", "a)", "", " ", "\t ", "\r", "A",
	"123", "IN", "MX", "\1", "\377\200", "a=b", "a=\"b\"", "a\fb", "\v",
	"123456789012345678901234567890123456789012345678901234567890123", "1234567890123456789012345678901234567890123456789012345678901234",
	"123456789012345678901234567890123456789012345678901234567890123.123456789012345678901234567890123456789012345678901234567890123."
	"123456789012345678901234567890123456789012345678901234567890123.1234567890123456789012345678901234567890123456789012",
	"123456789012345678901234567890123456789012345678901234567890123.123456789012345678901234567890123456789012345678901234567890123."
	"123456789012345678901234567890123456789012345678901234567890123.12345678901234567890123456789012345678901234567890123",
	"123456789012345678901234567890123456789012345678901234567890123.123456789012345678901234567890123456789012345678901234567890123."
	"123456789012345678901234567890123456789012345678901234567890123.123456789012345678901234567890123456789012345678901234",
	"123456789012345678901234567890123456789012345678901234567890123.123456789012345678901234567890123456789012345678901234567890123."
	"123456789012345678901234567890123456789012345678901234567890123.1234567890123456789012345678901234567890123456789012345678901.",
	"123456789012345678901234567890123456789012345678901234567890123.123456789012345678901234567890123456789012345678901234567890123."
	"123456789012345678901234567890123456789012345678901234567890123.12345678901234567890123456789012345678901234567890123456789012.",
};

static const char *const ends[] = { "\n", "", "\r\n", " \t\n", " ; comment\n", ";c", ";\n", "\f\n", "\v \n", " \r", "\r\r\n", ")\n", " (\n)\n", " \\\n", " \1\n" };

START_TEST(every_edge_reads_the_same_both_ways)
{
	struct buf text;
	size_t plain = 0;
	buf_init(&text);
	for (size_t i = 0; i < sizeof(edges) / sizeof(edges[0]); i++) {
		for (size_t j = 0; j < sizeof(ends) / sizeof(ends[0]); j++) {
			buf_clear(&text);
			buf_printf(&text, "$TTL 60\nx %s%s", edges[i], ends[j]);
			agrees((const char *)text.data, text.len);
			buf_printf(&text, "y A 9.9.9.9\n\tA 8.8.8.8\n");
			plain += agrees((const char *)text.data, text.len);
		}
	}
	for (size_t i = 0; i < sizeof(owners) / sizeof(owners[0]); i++) {
		buf_clear(&text);
		buf_printf(&text, "%s A 1.1.1.1\n%s 5 A 1.1.1.1\n A 2.2.2.2\n%s\n A 3.3.3.3\n", owners[i], owners[i], owners[i]);
		agrees((const char *)text.data, text.len);
		buf_clear(&text);
		buf_printf(&text, "$TTL 5\nx NS %s\n MX 5 %s\n $ORIGIN a\n@ A 1.1.1.1\n", owners[i], owners[i]);
		plain += agrees((const char *)text.data, text.len);
	}
	ck_assert_uint_gt(plain, 4000);
	buf_fini(&text);
}
END_TEST

START_TEST(owners_go_on_through_what_is_not_plain)
{
	static const char *const texts[] = {
		" A 1.1.1.1\na 5 A 1.1.1.1\n", "a 5 A 1.1.1.1\nb..c A 1.1.1.1\n A 2.2.2.2\nc A 3.3.3.3\n A 4.4.4.4\n",
		"a 5 A 1.1.1.1\nb A bad\n A 2.2.2.2\n", "a 5 A 1.1.1.1\n$ORIGIN x\n A 2.2.2.2\nb A 3.3.3.3\n", "a 5 ( A\n 1.1.1.1 )\n A 2.2.2.2\nb ( A\n",
		"$TTL 5\na A 1.1.1.1\nb TXT \"\n A 2.2.2.2\n", "$GENERATE 1-3 g$ 5 A 1.1.1.$\n A 2.2.2.2\n", "a CH 5 TXT x\nb TXT y\nc IN TXT z\nd TXT w\n",
		"a A 1.1.1.1\n@ SOA a b 1 2 3 4 7\nb A 1.1.1.1\nc 9 A 1.1.1.1\nd A 1.1.1.1\n$TTL 3\ne A 1.1.1.1\n", "a 5 A 1.1.1.1\n\n;\n  ; x\n\t\n A 2.2.2.2",
		"\xef\xbb\xbf$TTL 5\na A 1.1.1.1\n", "a 5 A 1.1.1.1\n\0\nb A 1.1.1.1\n",
	};
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		agrees(texts[i], strlen(texts[i]));
	static const char with_nul[] = "a 5 A 1.1.1.1 ; \0\nb A 1.1.1.1\0\nc TXT \"\0\"\nd\0 A 1.1.1.1\n\0\ne A 1.1.1.1\n";
	ck_assert_uint_ge(agrees(with_nul, sizeof(with_nul) - 1), 2);
}
END_TEST

START_TEST(runs_are_found_the_same_with_and_without_the_processors_help)
{
	static const char alphabet[] = "abcz019AZ-_()\";\\. \t\n\r\1\37!/:\177\200\377";
	struct rng rng;
	char text[QUICK_RUN];
	rng_seed(&rng, suite_seed("runs_are_found_the_same_with_and_without_the_processors_help"));
	for (unsigned long round = suite_rounds(200000); round > 0; round--) {
		unsigned plain = (unsigned)rng_below(&rng, QUICK_RUN + 1);
		for (unsigned i = 0; i < QUICK_RUN; i++)
			text[i] = i < plain ? (char)('0' + rng_below(&rng, 10)) : alphabet[rng_below(&rng, sizeof(alphabet))];
		ck_assert_uint_eq(quick_run_word(text), quick_run_word_plainly(text));
		ck_assert_uint_eq(quick_run_not_digit(text), quick_run_not_digit_plainly(text));
	}
}
END_TEST

/* ---- random zones ---------------------------------------------------------------------------------------------------------- */

static void random_line(struct rng *rng, struct buf *text)
{
	static const char *const blanks[] = { " ", "\t", "  ", " \t\t " };
	uint8_t name[NAME_MAX_LEN], rdata[RANDOM_RDATA_MAX];
	char owner[NAME_TEXT_SIZE], type_text[RR_TYPE_TEXT_SIZE];
	uint16_t type = random_type(rng);
	size_t len = random_rdata(rng, type, rdata);
	const char *blank = blanks[rng_below(rng, 4)];

	random_name(rng, name);
	name_to_text(name, owner);
	if (rng_below(rng, 3) == 0 && owner[1] != '\0')
		owner[strlen(owner) - 1] = '\0';
	buf_printf(text, "%s", rng_below(rng, 4) == 0 ? "" : owner);
	if (rng_below(rng, 2))
		buf_printf(text, "%s%u", blank, (unsigned)rng_below(rng, 100000));
	if (rng_below(rng, 2))
		buf_printf(text, "%s%s", blank, rng_below(rng, 20) ? "IN" : "CH");
	buf_printf(text, "%s%s%s", blank, rr_type_to_text(type, type_text), blank);
	rdata_to_text(type, rdata, len, text);
	buf_printf(text, "%s%s\n", rng_below(rng, 5) ? "" : blank, rng_below(rng, 8) ? "" : "; a comment");
}

static void random_zone(struct rng *rng, struct buf *text)
{
	buf_clear(text);
	buf_printf(text, "$TTL 300\n@ SOA ns host 1 2 3 4 5\n");
	for (unsigned count = 1 + (unsigned)rng_below(rng, 30); count > 0; count--)
		random_line(rng, text);
}

/* A few bytes changed, taken out or doubled; often to what means something. */
static void mutate(struct rng *rng, struct buf *text)
{
	static const char special[] = " \t\n\r\f;()\"\\.@$=\0-0129afAZ/+\x80";
	for (unsigned count = 1 + (unsigned)rng_below(rng, 4); count > 0 && text->len > 2; count--) {
		size_t at = rng_below(rng, text->len - 1), len = 1 + rng_below(rng, text->len - at < 12 ? text->len - at : 12);
		uint8_t *p = text->data + at;
		switch (rng_below(rng, 4)) {
		case 0:
			*p = (uint8_t)special[rng_below(rng, sizeof(special) - 1)];
			break;
		case 1:
			*p = (uint8_t)rng_below(rng, 256);
			break;
		case 2:
			memmove(p, p + len, text->len - at - len);
			text->len -= len;
			break;
		default:
			if (!buf_reserve(text, len))
				return;
			p = text->data + at;
			memmove(p + len, p, text->len - at);
			text->len += len;
			break;
		}
	}
}

START_TEST(random_zones_and_their_mutations_read_the_same_both_ways)
{
	struct rng rng;
	struct buf text;
	size_t count = 0;
	rng_seed(&rng, suite_seed("random_zones_and_their_mutations_read_the_same_both_ways"));
	buf_init(&text);
	for (unsigned long round = suite_rounds(1500); round > 0; round--) {
		random_zone(&rng, &text);
		count += agrees((const char *)text.data, text.len);
		for (unsigned i = 0; i < 4; i++) {
			mutate(&rng, &text);
			agrees((const char *)text.data, text.len);
		}
	}
	ck_assert_uint_gt(count, 0);
	buf_fini(&text);
}
END_TEST

/* ---- files ------------------------------------------------------------------------------------------------------------------ */

enum { ROOT_BYTES_MAX = 24 << 20 };

/* What a command prints, up to some megabytes. */
static void output_read(const char *command, struct buf *out)
{
	FILE *in = popen(command, "r");
	ck_assert_ptr_nonnull(in);
	while (out->len < ROOT_BYTES_MAX) {
		uint8_t *p = buf_reserve(out, 1 << 20);
		ck_assert_ptr_nonnull(p);
		size_t got = fread(p, 1, 1 << 20, in);
		out->len += got;
		if (got == 0)
			break;
	}
	pclose(in);
}

/* The root zone as it was, if the test data are there. Concatenated versions are one text as good as another. */
START_TEST(the_root_zone_of_many_days_reads_the_same_both_ways)
{
	const char *shared = getenv("ZT_SHARED");
	struct buf text;
	char command[1024];
	size_t count = 0;
	buf_init(&text);
	snprintf(command, sizeof(command), "xz -dc '%s/data/root-zone-2014-07-13-signed.zone.xz' 2>/dev/null", shared ? shared : "../../shared");
	output_read(command, &text);
	snprintf(command, sizeof(command), "tar -xJOf '%s/data/root-zone-2018-history.tar.xz' 2>/dev/null", shared ? shared : "../../shared");
	output_read(command, &text);
	const char *at = (const char *)text.data, *end = at + text.len;
	/* In pieces, for the records are kept in memory. */
	while (end - at > 0) {
		size_t len = end - at > 4 << 20 ? 4 << 20 : (size_t)(end - at);
		const char *newline = memrchr(at, '\n', len);
		len = newline ? (size_t)(newline + 1 - at) : len;
		count += agrees(at, len);
		at += len;
	}
	ck_assert(text.len == 0 || count > 300000);
	if (text.len == 0)
		printf("# no root zones in %s/data\n", shared ? shared : "../../shared");
	buf_fini(&text);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("zonefile_quick");
	TCase *lines = tcase_create("lines"), *zones = tcase_create("zones");
	tcase_add_test(lines, every_edge_reads_the_same_both_ways);
	tcase_add_test(lines, owners_go_on_through_what_is_not_plain);
	tcase_add_test(lines, runs_are_found_the_same_with_and_without_the_processors_help);
	suite_add_tcase(suite, lines);
	tcase_set_timeout(zones, 300);
	tcase_add_test(zones, random_zones_and_their_mutations_read_the_same_both_ways);
	tcase_add_test(zones, the_root_zone_of_many_days_reads_the_same_both_ways);
	suite_add_tcase(suite, zones);
	return suite_run(suite);
}

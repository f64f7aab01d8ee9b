/* lib/zone/zonefile, lib/zone/generate: reading, loading and writing zone files. */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/buf.h"
#include "lib/dns/present.h"
#include "lib/zone/edit.h"
#include "lib/zone/generate.h"
#include "lib/zone/zonefile.h"
#include "tests/support/suite.h"

static uint8_t origin[NAME_MAX_LEN] = "\7example";

/* ---- a folder for files -------------------------------------------------------------------------------------------------- */

static char folder[64];
static char path_text[256];

static const char *path_of(const char *name)
{
	snprintf(path_text, sizeof(path_text), "%s/%s", folder, name);
	return path_text;
}

static void folder_make(void)
{
	snprintf(folder, sizeof(folder), "/tmp/zt-zonefile-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	ck_assert_int_eq(mkdir(path_of("sub"), 0700), 0);
}

static void folder_remove(void)
{
	char command[80];
	snprintf(command, sizeof(command), "rm -rf %s", folder);
	ck_assert_int_eq(system(command), 0);
}

static void file_write(const char *name, const void *data, size_t len)
{
	FILE *file = fopen(path_of(name), "wb");
	ck_assert_ptr_nonnull(file);
	ck_assert_uint_eq(fwrite(data, 1, len, file), len);
	ck_assert_int_eq(fclose(file), 0);
}

static void file_text(const char *name, const char *text)
{
	file_write(name, text, strlen(text));
}

/* ---- reading into text ---------------------------------------------------------------------------------------------------- */

struct result {
	int status;
	struct buf records;        /* "LINE OWNER TTL CLASS TYPE RDATA\n" each, NUL-terminated */
	struct zonefile_report report;
};

static int note_record(void *arg, const struct zonefile_record *record)
{
	struct result *result = arg;
	buf_printf(&result->records, "%u ", record->line);
	record_to_text(&(struct record_out){ record->owner, record->type, record->rr_class, record->ttl, record->rdata, record->rdata_len, false },
		       &result->records);
	buf_add_u8(&result->records, '\n');
	return ZT_OK;
}

static void result_init(struct result *result)
{
	buf_init(&result->records);
	zonefile_report_init(&result->report);
}

static void result_fini(struct result *result)
{
	buf_fini(&result->records);
	zonefile_report_fini(&result->report);
}

static struct result read_bytes(const char *data, size_t len)
{
	struct result result;
	struct zonefile_sink sink = { note_record, &result };
	struct zonefile_text text = { "text", data, len };
	result_init(&result);
	result.status = zonefile_read_text(&text, origin, &sink, &result.report);
	buf_add_u8(&result.records, '\0');
	return result;
}

static struct result read_file(const char *name)
{
	struct result result;
	struct zonefile_sink sink = { note_record, &result };
	result_init(&result);
	result.status = zonefile_read(path_of(name), origin, &sink, &result.report);
	buf_add_u8(&result.records, '\0');
	return result;
}

static void result_expect(struct result *result, const char *records)
{
	for (unsigned i = 0; i < result->report.message_count; i++)
		ck_assert_msg(!result->report.messages[i].is_error, "%s", result->report.messages[i].text);
	ck_assert_int_eq(result->status, ZT_OK);
	ck_assert_str_eq((const char *)result->records.data, records);
	result_fini(result);
}

static void reads_as(const char *text, const char *records)
{
	struct result result = read_bytes(text, strlen(text));
	result_expect(&result, records);
}

/* Each error must contain the expected text, in order: as many as given, NULL ends them. */
static void errors_are(const char *text, size_t len, const char *records, ...)
{
	struct result result = read_bytes(text, len);
	va_list args;
	const char *expected;
	unsigned i = 0;
	va_start(args, records);
	for (; (expected = va_arg(args, const char *)) != NULL; i++) {
		ck_assert_msg(i < result.report.message_count, "no error %s", expected);
		ck_assert_msg(strstr(result.report.messages[i].text, expected), "%s", result.report.messages[i].text);
	}
	va_end(args);
	for (; i < result.report.message_count; i++)
		ck_abort_msg("more: %s", result.report.messages[i].text);
	ck_assert_int_eq(result.status, ZT_ESYNTAX);
	ck_assert_str_eq((const char *)result.records.data, records);
	result_fini(&result);
}

START_TEST(the_example_of_rfc_1035_reads)
{
	reads_as("@   IN  SOA     VENERA      Action\\.domains (\n"
		 "                                 20     ; SERIAL\n"
		 "                                 7200   ; REFRESH\n"
		 "                                 600    ; RETRY\n"
		 "                                 3600000; EXPIRE\n"
		 "                                 60)    ; MINIMUM\n"
		 "\n"
		 "        NS      A.ISI.EDU.\n"
		 "        NS      VENERA\n"
		 "        MX      10      VENERA\n"
		 "\n"
		 "A       A       26.3.0.103\n"
		 "VENERA  A       10.1.0.52\n"
		 "        A       128.9.0.32\n",
		 "1 example. 60 IN SOA VENERA.example. Action\\.domains.example. 20 7200 600 3600000 60\n"
		 "8 example. 60 IN NS A.ISI.EDU.\n"
		 "9 example. 60 IN NS VENERA.example.\n"
		 "10 example. 60 IN MX 10 VENERA.example.\n"
		 "12 A.example. 60 IN A 26.3.0.103\n"
		 "13 VENERA.example. 60 IN A 10.1.0.52\n"
		 "14 VENERA.example. 60 IN A 128.9.0.32\n");
}
END_TEST

START_TEST(ttl_and_class_come_in_any_order_or_not_at_all)
{
	reads_as("$TTL 1h\na A 1.1.1.1\nb 5 A 1.1.1.1\nc IN A 1.1.1.1\nd 1m30s IN A 1.1.1.1\ne in 7 a 1.1.1.1\nf A 1.1.1.1\n"
		 "g CH 3 TXT x\nh TXT y\ni CLASS1 TYPE1 \\# 4 01010101\n",
		 "2 a.example. 3600 IN A 1.1.1.1\n3 b.example. 5 IN A 1.1.1.1\n4 c.example. 3600 IN A 1.1.1.1\n"
		 "5 d.example. 90 IN A 1.1.1.1\n6 e.example. 7 IN A 1.1.1.1\n7 f.example. 3600 IN A 1.1.1.1\n"
		 "8 g.example. 3 CH TXT \"x\"\n9 h.example. 3600 CH TXT \"y\"\n10 i.example. 3600 IN A 1.1.1.1\n");
}
END_TEST

START_TEST(without_a_ttl_line_the_last_ttl_counts)
{
	reads_as("a 9 A 1.1.1.1\nb A 1.1.1.1\n", "1 a.example. 9 IN A 1.1.1.1\n2 b.example. 9 IN A 1.1.1.1\n");
	errors_are("a A 1.1.1.1\n", 12, "", "text:1: the record has no TTL", NULL);
	reads_as("$TTL 2147483647\na A 1.1.1.1", "2 a.example. 2147483647 IN A 1.1.1.1\n");
	errors_are("$TTL 2147483648\n", 16, "", "text:1: '2147483648' is no TTL", NULL);
}
END_TEST

START_TEST(origin_changes_owners_and_names_in_data)
{
	reads_as("$TTL 1\n$ORIGIN sub\na NS b\n$ORIGIN org.\n@ NS c\n$ORIGIN .\nnet NS d\n",
		 "3 a.sub.example. 1 IN NS b.sub.example.\n5 org. 1 IN NS c.org.\n7 net. 1 IN NS d.\n");
}
END_TEST

START_TEST(owner_tokens_that_look_like_types_are_owners)
{
	reads_as("IN 1 IN A 1.1.1.1\nA A 1.1.1.1\n3600 A 1.1.1.1\n\\$TTL A 1.1.1.1\n\\@ A 1.1.1.1\n",
		 "1 IN.example. 1 IN A 1.1.1.1\n2 A.example. 1 IN A 1.1.1.1\n3 3600.example. 1 IN A 1.1.1.1\n"
		 "4 \\$TTL.example. 1 IN A 1.1.1.1\n5 \\@.example. 1 IN A 1.1.1.1\n");
}
END_TEST

START_TEST(line_ends_of_any_kind_are_fine)
{
	static const char text[] = "\xef\xbb\xbf$TTL 1\r\na A 1.1.1.1\r\n\r\nb TXT ( x\r\n y )\r\n c TXT\n  A 2.2.2.2";
	struct result result = read_bytes(text, sizeof(text) - 1);
	result_fini(&result);
	file_write("crlf", text, sizeof(text) - 1);
	result = read_file("crlf");
	ck_assert_int_eq(result.status, ZT_ESYNTAX);      /* " c TXT" has no data */
	ck_assert_str_eq((const char *)result.records.data,
			 "2 a.example. 1 IN A 1.1.1.1\n4 b.example. 1 IN TXT \"x\" \"y\"\n7 b.example. 1 IN A 2.2.2.2\n");
	result_fini(&result);
	reads_as("", "");
	reads_as("\n\n; only a comment", "");
	reads_as("   \n\t; blank\n", "");
}
END_TEST

START_TEST(all_errors_are_told_with_their_lines)
{
	static const char text[] =
		"$TTL 1\n"                       /* 1 */
		"a A 1.2.3\n"
		"b FOO x\n"
		"c\n"
		"d 99999999999 A 1.1.1.1\n"      /* 5 */
		"e A 1.1.1.1 junk\n"
		"f TXT \"open\n"
		"g..h A 1.1.1.1\n"
		" A 1.1.1.1\n"                   /* the owner is unknown: said once */
		"$FOO bar\n"                     /* 10 */
		"$TTL\n"
		"$ORIGIN a..b\n"
		"$INCLUDE other\n"
		"h ANY x\n"
		"i A 1.1.1.1\0\n"                /* 15 */
		"j ( A\n"
		"k\\\n"
		"l A 1.1.1.1 )\n"
		"m AXFR\n"
		"ok A 1.1.1.1\n"                 /* 20 */
		"n TXT ( x\n";
	errors_are(text, sizeof(text) - 1, "20 ok.example. 1 IN A 1.1.1.1\n", "text:2: '1.2.3' is no IPv4 address", "text:3: 'FOO' is no record type",
		   "text:4: the record ends too early", "text:5: '99999999999' is no TTL", "text:6: 'junk'", "text:7: a quote is not closed",
		   "text:8: 'g..h' is no domain name", "text:10: '$FOO' is no directive", "text:11: $TTL with 0 arguments; expected $TTL SECONDS",
		   "text:12: 'a..b' is no domain name", "text:13: $INCLUDE is not allowed here", "text:14: 'ANY' cannot stand in a zone",
		   "text:15: a NUL byte", "text:17: a backslash at the end", "text:17: ", "text:18: ')' without", "text:19: 'AXFR' cannot stand",
		   "text:21: a parenthesis is never closed", NULL);
	errors_are(" A 1.1.1.1\n A 1.1.1.1\n", 22, "", "text:1: the first record has no owner", NULL);
}
END_TEST

START_TEST(foreign_bytes_do_not_reach_the_terminal)
{
	static const char text[] = "a 1 A \x1b[31m\x07\n";
	struct result result = read_bytes(text, sizeof(text) - 1);
	ck_assert_ptr_null(strchr(result.report.messages[0].text, 0x1b));
	result_fini(&result);
}
END_TEST

START_TEST(reading_stops_after_fifty_errors)
{
	struct buf text;
	buf_init(&text);
	for (int i = 0; i < 10000; i++)
		buf_add(&text, "x BAD\n", 6);
	struct result result = read_bytes((const char *)text.data, text.len);
	ck_assert_int_eq(result.status, ZT_ESYNTAX);
	ck_assert_uint_eq(result.report.message_count, ZONEFILE_ERRORS_MAX + 1);
	ck_assert_ptr_nonnull(strstr(result.report.messages[ZONEFILE_ERRORS_MAX].text, "the rest was not read"));
	result_fini(&result);
	buf_fini(&text);
}
END_TEST

START_TEST(generate_makes_numbered_records)
{
	reads_as("$TTL 1\n$GENERATE 1-3 h$ A 10.0.0.$\n", "2 h1.example. 1 IN A 10.0.0.1\n2 h2.example. 1 IN A 10.0.0.2\n2 h3.example. 1 IN A 10.0.0.3\n");
	reads_as("$TTL 1\n$GENERATE 0-10/5 ${10,4,d} 7 IN CNAME ${-0,2,x}.${1,3,n}.\n",
		 "2 0010.example. 7 IN CNAME 00.1.0.\n2 0015.example. 7 IN CNAME 05.6.0.\n2 0020.example. 7 IN CNAME 0a.b.0.\n");
	reads_as("$TTL 1\n$GENERATE 255-255 ${0,0,X}${0,0,o} MX \"10 m$.\"\n", "2 FF377.example. 1 IN MX 10 m255.\n");
	reads_as("$TTL 1\n$GENERATE 171-171 ${0,4,N}a TXT \\$ \"$$ $\"\n", "2 B.A.a.example. 1 IN TXT \"$\" \"$ 171\"\n");
	reads_as("$TTL 1\n$GENERATE 2-2 a PTR $.${0,3}\n", "2 a.example. 1 IN PTR 2.002.example.\n");
}
END_TEST

START_TEST(bad_generate_lines_are_told_once)
{
	static const char text[] = "$TTL 1\n$GENERATE 3-1 a A 1.1.1.1\n$GENERATE 1-3/0 a A 1.1.1.1\n$GENERATE 0-9999999 a A 1.1.1.1\n"
				   "$GENERATE 1-2\n$GENERATE 1-9 a${-5} A 1.1.1.1\n$GENERATE 1-9 a${1,2,z} A 1.1.1.1\n$GENERATE 1-9 a${1 A 1.1.1.1\n"
				   "$GENERATE 1-9 a$ A 1.1.1.999\n$GENERATE 250-300 a$ A 1.1.1.$\n$GENERATE 0-99 ${2147483600} A 1.1.1.1\n"
				   "$GENERATE x-9 a$ A 1.1.1.1\n";
	struct result result = read_bytes(text, sizeof(text) - 1);
	ck_assert_uint_eq(result.report.error_count, 11);
	ck_assert_ptr_nonnull(strstr(result.report.messages[8].text, "text:10: '1.1.1.256' is no IPv4 address"));
	result_fini(&result);
}
END_TEST

START_TEST(includes_are_relative_to_the_including_file)
{
	file_text("main", "$TTL 1\na A 1.1.1.1\n$INCLUDE sub/one other\nb A 4.4.4.4\n A 5.5.5.5\n$INCLUDE \"sub/two\"\n");
	file_text("sub/one", "c A 2.2.2.2\n$INCLUDE two\n$ORIGIN lost\n");
	file_text("sub/two", "d A 3.3.3.3\n$TTL 2");
	struct result result = read_file("main");
	result_expect(&result, "2 a.example. 1 IN A 1.1.1.1\n1 c.other.example. 1 IN A 2.2.2.2\n1 d.other.example. 1 IN A 3.3.3.3\n"
			       "4 b.example. 2 IN A 4.4.4.4\n5 b.example. 2 IN A 5.5.5.5\n1 d.example. 2 IN A 3.3.3.3\n");
}
END_TEST

START_TEST(include_faults_are_errors_of_the_including_line)
{
	file_text("faults", "$TTL 1\n$INCLUDE nowhere\n$INCLUDE faults\n$INCLUDE sub\n$INCLUDE /dev/zero\n$INCLUDE loop\na A 1.1.1.1\n");
	file_text("loop", "\n$INCLUDE faults\n$INCLUDE loop\n");
	struct result result = read_file("faults");
	static const char *const expected[] = { "faults:2: cannot include", "faults:3: ", "faults:4: cannot include", "faults:5: cannot include",
						"loop:2: ", "loop:3: " };
	ck_assert_uint_eq(result.report.message_count, 6);
	for (unsigned i = 0; i < 6; i++)
		ck_assert_msg(strstr(result.report.messages[i].text, expected[i]), "%s", result.report.messages[i].text);
	ck_assert_str_eq((const char *)result.records.data, "7 a.example. 1 IN A 1.1.1.1\n");
	result_fini(&result);
	char name[8], text[32];
	for (int i = 0; i < 20; i++) {
		snprintf(name, sizeof(name), "d%d", i);
		snprintf(text, sizeof(text), "$INCLUDE d%d\n", i + 1);
		file_text(name, text);
	}
	result = read_file("d0");
	ck_assert_uint_eq(result.report.error_count, 1);
	ck_assert_ptr_nonnull(strstr(result.report.messages[0].text, "d16:1: $INCLUDE nested deeper"));
	result_fini(&result);
}
END_TEST

START_TEST(a_file_that_cannot_be_read_is_told)
{
	struct result result = read_file("missing");
	ck_assert_int_eq(result.status, ZT_ENOENT);
	ck_assert_ptr_nonnull(strstr(result.report.messages[0].text, "missing: cannot be opened"));
	result_fini(&result);
	result = read_file("sub");
	ck_assert_int_ne(result.status, ZT_OK);
	result_fini(&result);
}
END_TEST

START_TEST(files_larger_than_a_block_read_whole)
{
	struct buf text;
	buf_init(&text);
	buf_printf(&text, "$TTL 1\n");
	/* An entry of a megabyte in parentheses, then many records of odd lengths. */
	buf_printf(&text, "big TXT ( a ;");
	for (int i = 0; i < 1 << 20; i++)
		buf_add_u8(&text, "x(\")"[i % 4]);
	buf_printf(&text, "\n b )\n");
	for (int i = 0; i < 50000; i++)
		buf_printf(&text, "h%d A 1.1.1.1 ;%.*s\n", i, i % 13, "0123456789abc");
	file_write("large", text.data, text.len);
	struct result result = read_file("large");
	ck_assert_int_eq(result.status, ZT_OK);
	ck_assert_uint_eq(result.report.record_count, 50001);
	ck_assert_ptr_nonnull(strstr((const char *)result.records.data, "2 big.example. 1 IN TXT \"a\" \"b\"\n4 h0.example. 1 IN A 1.1.1.1\n"));
	ck_assert_ptr_nonnull(strstr((const char *)result.records.data, "\n50003 h49999.example. 1 IN A 1.1.1.1\n"));
	result_fini(&result);
	buf_fini(&text);
}
END_TEST

START_TEST(endless_lines_and_parentheses_are_errors_with_a_line)
{
	struct buf text;
	buf_init(&text);
	buf_printf(&text, "$TTL 1\na A 1.1.1.1\nb TXT ");
	for (int i = 0; i < 3 * ZONEFILE_ENTRY_MAX; i++)
		buf_add_u8(&text, 'x');
	buf_printf(&text, "\nc A 2.2.2.2\nd ( A 3.3.3.3\n");
	for (int i = 0; i < 400000; i++)
		buf_printf(&text, "; a long comment\n");
	buf_printf(&text, "e A 4.4.4.4\n");
	file_write("endless", text.data, text.len);
	struct result result = read_file("endless");
	ck_assert_str_eq((const char *)result.records.data,
			 "2 a.example. 1 IN A 1.1.1.1\n4 c.example. 1 IN A 2.2.2.2\n400006 e.example. 1 IN A 4.4.4.4\n");
	ck_assert_uint_eq(result.report.error_count, 2);
	ck_assert_ptr_nonnull(strstr(result.report.messages[0].text, "endless:3: the entry that begins here is longer"));
	ck_assert_ptr_nonnull(strstr(result.report.messages[1].text, "endless:5: the entry that begins here is longer"));
	result_fini(&result);
	buf_fini(&text);
}
END_TEST

static int stop_at_once(void *arg, const struct zonefile_record *record)
{
	unsigned *count = arg;
	++*count;
	return record->type == TYPE_A ? ZT_EBUSY : ZT_OK;
}

START_TEST(a_sink_can_stop_the_reading)
{
	unsigned count = 0;
	struct zonefile_sink sink = { stop_at_once, &count };
	struct zonefile_report report;
	zonefile_report_init(&report);
	ck_assert_int_eq(zonefile_read_text(&(struct zonefile_text){ "t", "a 1 NS b\na A 1.1.1.1\na A 1.1.1.2\n", 32 }, origin, &sink, &report), ZT_EBUSY);
	ck_assert_uint_eq(count, 2);
	zonefile_report_fini(&report);
}
END_TEST

/* ---- zones ----------------------------------------------------------------------------------------------------------------- */

struct loaded {
	struct zone *zone;
	struct zone_edit *edit;
	struct zonefile_report report;
	int status;
};

static struct loaded load(const char *name)
{
	static const struct fingerprint_key key = { { 1 } };
	struct loaded loaded;
	zonefile_report_init(&loaded.report);
	ck_assert_int_eq(zone_new(origin, &key, &loaded.zone), ZT_OK);
	ck_assert_int_eq(zone_edit_begin(loaded.zone, &loaded.edit), ZT_OK);
	loaded.status = zonefile_load(path_of(name), origin, loaded.edit, &loaded.report);
	return loaded;
}

static void loaded_fini(struct loaded *loaded)
{
	zone_edit_abort(loaded->edit);
	zone_free(loaded->zone);
	zonefile_report_fini(&loaded->report);
}

static bool has_message(const struct loaded *loaded, bool is_error, const char *text)
{
	for (unsigned i = 0; i < loaded->report.message_count; i++) {
		if (loaded->report.messages[i].is_error == is_error && strstr(loaded->report.messages[i].text, text))
			return true;
	}
	return false;
}

static char *written(const struct zone_version *version)
{
	char *text;
	size_t len;
	FILE *out = open_memstream(&text, &len);
	ck_assert_int_eq(zonefile_write(version, out), ZT_OK);
	ck_assert_int_eq(fclose(out), 0);
	return text;
}

#define APEX "$TTL 60\n@ SOA ns h 1 2 3 4 5\n@ NS ns\nns A 127.0.0.1\n"

START_TEST(a_zone_is_loaded_and_written_in_canonical_order)
{
	file_text("zone", "$TTL 60\nz A 2.2.2.2\n@ NS ns\nns A 127.0.0.1\nb.a TXT x\n@ SOA ns h 1 2 3 4 5\nz A 1.1.1.1\n"
			  "* RRSIG TXT 8 1 60 20300101000000 20200101000000 1 @ AQ==\n* TXT w\na 5 TXT y\n");
	struct loaded loaded = load("zone");
	ck_assert_int_eq(loaded.status, ZT_OK);
	ck_assert_uint_eq(loaded.report.message_count, 0);
	char *text = written(zone_edit_view(loaded.edit));
	ck_assert_str_eq(text, "example. 60 IN SOA ns.example. h.example. 1 2 3 4 5\n"
			       "example. 60 IN NS ns.example.\n"
			       "*.example. 60 IN TXT \"w\"\n"
			       "*.example. 60 IN RRSIG TXT 8 1 60 20300101000000 20200101000000 1 example. AQ==\n"
			       "a.example. 5 IN TXT \"y\"\n"
			       "b.a.example. 60 IN TXT \"x\"\n"
			       "ns.example. 60 IN A 127.0.0.1\n"
			       "z.example. 60 IN A 1.1.1.1\n"
			       "z.example. 60 IN A 2.2.2.2\n");
	/* What is written loads to the same zone. */
	file_text("again", text);
	struct loaded again = load("again");
	ck_assert_int_eq(again.status, ZT_OK);
	struct zone_summary a = zone_summary(zone_edit_view(loaded.edit)), b = zone_summary(zone_edit_view(again.edit));
	ck_assert(a.count == b.count && fingerprint_equal(a.fingerprint, b.fingerprint));
	free(text);
	loaded_fini(&again);
	loaded_fini(&loaded);
}
END_TEST

START_TEST(duplicates_and_mixed_ttls_are_warnings)
{
	file_text("warn", APEX "a A 1.1.1.1\na A 1.1.1.1\na 5 A 1.1.1.2\nb 7 TXT x\nc A 1.1.1.1\nB 9 TXT y\na 5 TXT z\na 5 A 1.1.1.3\n"
			       "a RRSIG A 8 1 60 20300101000000 20200101000000 1 @ AQ==\na 5 RRSIG TXT 8 1 60 20300101000000 20200101000000 1 @ AQ==\n");
	struct loaded loaded = load("warn");
	ck_assert_int_eq(loaded.status, ZT_OK);
	ck_assert_uint_eq(loaded.report.warning_count, 4);
	ck_assert(has_message(&loaded, false, "warn:6: a.example. A: the same record"));
	ck_assert(has_message(&loaded, false, "warn:7: a.example. A: TTL 5 differs from the 60"));
	ck_assert(has_message(&loaded, false, "warn:12: a.example. A: TTL 5 differs from the 60"));
	ck_assert(has_message(&loaded, false, "warn:10: B.example. TXT: TTL 9 differs from the 7"));
	char *text = written(zone_edit_view(loaded.edit));
	ck_assert_ptr_nonnull(strstr(text, "a.example. 60 IN A 1.1.1.2\n"));
	ck_assert_ptr_nonnull(strstr(text, "b.example. 7 IN TXT \"y\"\n"));
	free(text);
	loaded_fini(&loaded);
}
END_TEST

START_TEST(strangers_in_the_file_are_errors)
{
	file_text("strange", APEX "www.other. A 1.1.1.1\nx CH TXT y\nxexample. IN A 1.1.1.1\n. A 1.1.1.1\n");
	struct loaded loaded = load("strange");
	ck_assert_int_eq(loaded.status, ZT_ESYNTAX);
	ck_assert(has_message(&loaded, true, "strange:5: www.other. is outside the zone; expected a name at or below example."));
	ck_assert(has_message(&loaded, true, "strange:6: a record of class CH; expected IN"));
	ck_assert(has_message(&loaded, true, "strange:7: xexample. is outside"));
	ck_assert_uint_eq(loaded.report.error_count, 4);
	loaded_fini(&loaded);
}
END_TEST

START_TEST(broken_rules_are_told_with_file_and_line)
{
	file_text("rules", APEX "\nw A 1.1.1.1\n$INCLUDE sub/rules\nd NS ns.d\n");
	file_text("sub/rules", "v TXT x\nw CNAME v\n");
	struct loaded loaded = load("rules");
	ck_assert_int_eq(loaded.status, ZT_EZONE);
	ck_assert_uint_eq(loaded.report.error_count, 1);
	ck_assert(has_message(&loaded, true, "sub/rules:2: w.example. CNAME: a CNAME record beside other data"));
	ck_assert(has_message(&loaded, false, "rules:8: d.example. NS: no glue (A or AAAA record) for the server ns.d.example."));
	loaded_fini(&loaded);
	file_text("empty", "");
	loaded = load("empty");
	ck_assert_int_eq(loaded.status, ZT_EZONE);
	ck_assert(has_message(&loaded, true, "empty: example. SOA: the zone has no SOA record at its apex"));
	ck_assert(has_message(&loaded, true, "empty: example. NS: the zone has no NS record at its apex"));
	loaded_fini(&loaded);
}
END_TEST

START_TEST(a_full_disk_fails_the_writing)
{
	file_text("zone2", APEX);
	struct loaded loaded = load("zone2");
	FILE *full = fopen("/dev/full", "w");
	if (full) {
		ck_assert_int_eq(zonefile_write(zone_edit_view(loaded.edit), full), ZT_ENOSPC);
		fclose(full);
	}
	loaded_fini(&loaded);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("zonefile");
	TCase *reader = tcase_create("reader"), *files = tcase_create("files"), *zones = tcase_create("zones");
	tcase_add_test(reader, the_example_of_rfc_1035_reads);
	tcase_add_test(reader, ttl_and_class_come_in_any_order_or_not_at_all);
	tcase_add_test(reader, without_a_ttl_line_the_last_ttl_counts);
	tcase_add_test(reader, origin_changes_owners_and_names_in_data);
	tcase_add_test(reader, owner_tokens_that_look_like_types_are_owners);
	tcase_add_test(reader, all_errors_are_told_with_their_lines);
	tcase_add_test(reader, foreign_bytes_do_not_reach_the_terminal);
	tcase_add_test(reader, reading_stops_after_fifty_errors);
	tcase_add_test(reader, generate_makes_numbered_records);
	tcase_add_test(reader, bad_generate_lines_are_told_once);
	tcase_add_test(reader, a_sink_can_stop_the_reading);
	suite_add_tcase(suite, reader);
	tcase_add_unchecked_fixture(files, folder_make, folder_remove);
	tcase_add_test(files, line_ends_of_any_kind_are_fine);
	tcase_add_test(files, includes_are_relative_to_the_including_file);
	tcase_add_test(files, include_faults_are_errors_of_the_including_line);
	tcase_add_test(files, a_file_that_cannot_be_read_is_told);
	tcase_add_test(files, files_larger_than_a_block_read_whole);
	tcase_add_test(files, endless_lines_and_parentheses_are_errors_with_a_line);
	suite_add_tcase(suite, files);
	tcase_add_unchecked_fixture(zones, folder_make, folder_remove);
	tcase_add_test(zones, a_zone_is_loaded_and_written_in_canonical_order);
	tcase_add_test(zones, duplicates_and_mixed_ttls_are_warnings);
	tcase_add_test(zones, strangers_in_the_file_are_errors);
	tcase_add_test(zones, broken_rules_are_told_with_file_and_line);
	tcase_add_test(zones, a_full_disk_fails_the_writing);
	suite_add_tcase(suite, zones);
	return suite_run(suite);
}

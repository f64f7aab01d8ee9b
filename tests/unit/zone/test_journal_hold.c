/* lib/zone/journal: what of the history is let go first, and how far back a serial is. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/zone/journal.h"
#include "tests/support/suite.h"
#include "tests/support/zone_text.h"

enum { VERSIONS = 40 };

static char dir[64];
static struct log quiet;

static const char example[] =
	"@ 300 IN SOA ns hostmaster 1 3600 600 86400 300\n"
	"@ 300 IN NS ns\n"
	"ns 300 IN A 127.0.0.1\n";

/* A zone of serial 1 .. VERSIONS in a journal. */
struct line {
	struct journal *journal;
	struct zone *zone;
};

static struct journal *open_with(uint64_t history_limit, const struct fingerprint_key *key)
{
	struct journal_options options = { .dir = dir, .map_size = 1 << 28, .history_limit = history_limit, .key = key, .log = &quiet };
	struct journal *journal;
	ck_assert_int_eq(journal_open(&journal, &options), ZT_OK);
	return journal;
}

static void commit_first(struct line *line)
{
	struct zone *empty;
	ck_assert_int_eq(zone_new(zone_apex(line->zone), &zone_text_key, &empty), ZT_OK);
	struct journal_commit item = {
		.apex = zone_apex(line->zone), .from = zone_current(empty), .to = zone_current(line->zone), .source = JOURNAL_LOAD, .wall = 1000,
	};
	ck_assert_int_eq(journal_commit(line->journal, &item, 1), ZT_OK);
	zone_free(empty);
}

static void commit_script(struct line *line, const char *script)
{
	struct zone_edit *edit;
	struct changeset change;

	ck_assert_int_eq(zone_edit_begin(line->zone, &edit), ZT_OK);
	zone_text_change(edit, script);
	changeset_init(&change);
	ck_assert_int_eq(zone_edit_changeset(edit, &change), ZT_OK);
	struct journal_commit item = {
		.apex = zone_apex(line->zone), .from = zone_current(line->zone), .to = zone_edit_view(edit), .change = &change,
		.source = JOURNAL_UPDATE, .wall = 2000,
	};
	ck_assert_int_eq(journal_commit(line->journal, &item, 1), ZT_OK);
	changeset_fini(&change);
	zone_edit_publish(edit);
}

/* Versions first .. last. */
static void fill(struct line *line, unsigned first, unsigned last)
{
	for (unsigned serial = first; serial <= last; serial++) {
		char script[80];
		snprintf(script, sizeof(script), "+ host%u 60 IN A 127.0.0.9\n= %u", serial, serial);
		commit_script(line, script);
	}
}

static void line_begin(struct line *line, struct journal *journal, const char *apex)
{
	line->journal = journal;
	line->zone = zone_text_new(apex, example);
	commit_first(line);
}

static uint32_t oldest(const struct line *line)
{
	struct journal_history info;
	ck_assert_int_eq(journal_history_info(line->journal, zone_apex(line->zone), &info), ZT_OK);
	return info.oldest_serial;
}

static void setup(void)
{
	log_init(&quiet, -1, "test");
	temp_dir_make(dir);
}

static void teardown(void)
{
	temp_dir_remove(dir);
}

/* What a version of these zones takes. */
static uint64_t version_bytes(const struct line *line)
{
	struct journal_history info;
	ck_assert_int_eq(journal_history_info(line->journal, zone_apex(line->zone), &info), ZT_OK);
	return info.bytes / info.count;
}

START_TEST(what_somebody_may_need_goes_when_there_is_nothing_else)
{
	struct line big, small;
	struct journal *journal = open_with(1 << 20, &zone_text_key);
	uint32_t serial = 1;

	line_begin(&big, journal, "example.");
	fill(&big, 2, 11);
	uint64_t one = version_bytes(&big);
	journal_close(journal);
	zone_free(big.zone);
	teardown();
	setup();

	/* Room for some fifty versions. The larger zone has a secondary at its first. */
	journal = open_with(one * 50, &zone_text_key);
	line_begin(&big, journal, "example.");
	line_begin(&small, journal, "other.");
	journal_history_hold(journal, zone_apex(big.zone), &serial);
	fill(&big, 2, 31);
	fill(&small, 2, VERSIONS);
	ck_assert_uint_eq(oldest(&big), 1);
	ck_assert_uint_gt(oldest(&small), 1);
	ck_assert_uint_ge(journal_history_bytes(journal), one * 40);
	/* The smaller one keeps its last versions; then the other must give after all. */
	fill(&big, 32, 60);
	ck_assert_uint_gt(oldest(&big), 1);
	ck_assert_uint_eq(zone_version_serial(zone_current(small.zone)) - oldest(&small), JOURNAL_KEEP);
	ck_assert_uint_le(journal_history_bytes(journal), one * 50);

	/* Nobody is known any more: the zone with the most gives. */
	journal_history_hold(journal, zone_apex(big.zone), NULL);
	uint32_t before = oldest(&small);
	fill(&big, 61, 70);
	ck_assert_uint_eq(oldest(&small), before);
	/* Of a zone without a history nothing is held. */
	static const uint8_t nowhere[] = "\7nowhere";
	journal_history_hold(journal, nowhere, &serial);
	journal_close(journal);
	zone_free(big.zone);
	zone_free(small.zone);
}
END_TEST

START_TEST(a_server_past_the_oldest_version_holds_it_no_more)
{
	struct line big, small;
	struct journal *journal = open_with(1 << 20, &zone_text_key);

	line_begin(&big, journal, "example.");
	fill(&big, 2, 11);
	uint64_t one = version_bytes(&big);
	journal_close(journal);
	zone_free(big.zone);
	teardown();
	setup();

	journal = open_with(one * 50, &zone_text_key);
	line_begin(&big, journal, "example.");
	line_begin(&small, journal, "other.");
	uint32_t serial = 20;
	journal_history_hold(journal, zone_apex(big.zone), &serial);
	fill(&small, 2, 20);
	fill(&big, 2, VERSIONS);
	/* What lies before it went, of the larger zone; what it needs is there. */
	ck_assert_uint_gt(oldest(&big), 1);
	ck_assert_uint_le(oldest(&big), 20);
	fill(&big, VERSIONS + 1, VERSIONS + 15);
	ck_assert_uint_eq(oldest(&big), 20);
	ck_assert_uint_gt(oldest(&small), 1);
	journal_close(journal);
	zone_free(big.zone);
	zone_free(small.zone);
}
END_TEST

START_TEST(how_far_back_a_serial_is)
{
	struct line line;
	struct journal_gap gap;
	struct journal *journal = open_with(0, &zone_text_key);

	line_begin(&line, journal, "example.");
	fill(&line, 2, VERSIONS);
	for (uint32_t serial = 1; serial < VERSIONS; serial++) {
		ck_assert_int_eq(journal_history_since(journal, zone_apex(line.zone), serial, &gap), ZT_OK);
		ck_assert_uint_eq(gap.versions, VERSIONS - serial);
		ck_assert_int_eq(gap.wall, 2000);
	}
	ck_assert_int_eq(journal_history_since(journal, zone_apex(line.zone), VERSIONS, &gap), ZT_OK);
	ck_assert_uint_eq(gap.versions, 0);
	ck_assert_int_eq(gap.wall, 0);
	ck_assert_int_eq(journal_history_since(journal, zone_apex(line.zone), VERSIONS + 1, &gap), ZT_ENOENT);
	ck_assert_int_eq(journal_history_since(journal, zone_apex(line.zone), 0, &gap), ZT_ENOENT);
	ck_assert_int_eq(journal_history_since(journal, (const uint8_t *)"\7nowhere", 1, &gap), ZT_ENOENT);
	journal_close(journal);
	zone_free(line.zone);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("journal_hold");
	TCase *tc = tcase_create("journal_hold");
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, what_somebody_may_need_goes_when_there_is_nothing_else);
	tcase_add_test(tc, a_server_past_the_oldest_version_holds_it_no_more);
	tcase_add_test(tc, how_far_back_a_serial_is);
	suite_add_tcase(suite, tc);
	return suite_run(suite);
}

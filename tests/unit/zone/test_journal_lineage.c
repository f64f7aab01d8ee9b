/* lib/zone/journal: which (serial, content) was ever a version of ours, and what becomes of a history with a damaged row. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/zone/journal.h"
#include "lib/zone/journal_store.h"
#include "tests/support/suite.h"
#include "tests/support/zone_text.h"

enum { VERSIONS = 40 };

static char dir[64];
static struct log quiet;

static const char example[] =
	"@ 300 IN SOA ns hostmaster 1 3600 600 86400 300\n"
	"@ 300 IN NS ns\n"
	"ns 300 IN A 127.0.0.1\n";

/* A zone of serial 1 .. VERSIONS in a journal; what each version was is in `print`. */
struct line {
	struct journal *journal;
	struct zone *zone;
	struct fingerprint print[VERSIONS + 1];
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

static void line_open(struct line *line, uint64_t history_limit)
{
	line->journal = open_with(history_limit, &zone_text_key);
	line->zone = zone_text_new("example.", example);
	commit_first(line);
	line->print[1] = zone_summary(zone_current(line->zone)).fingerprint;
	for (unsigned serial = 2; serial <= VERSIONS; serial++) {
		char script[80];
		snprintf(script, sizeof(script), "+ host%u 60 IN A 127.0.0.9\n= %u", serial, serial);
		commit_script(line, script);
		line->print[serial] = zone_summary(zone_current(line->zone)).fingerprint;
	}
}

static void line_close(struct line *line)
{
	journal_close(line->journal);
	zone_free(line->zone);
}

static int has(const struct line *line, uint32_t serial, struct fingerprint print)
{
	return journal_history_has(line->journal, zone_apex(line->zone), serial, print);
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

START_TEST(every_version_of_the_history_is_known_by_serial_and_content)
{
	struct line line;

	line_open(&line, 0);
	for (int round = 0; round < 2; round++) {
		for (unsigned serial = 1; serial <= VERSIONS; serial++) {
			ck_assert_int_eq(has(&line, serial, line.print[serial]), ZT_OK);
			ck_assert_int_eq(has(&line, serial, line.print[serial % VERSIONS + 1]), ZT_EDIFF);
		}
		ck_assert_int_eq(has(&line, 0, line.print[1]), ZT_ENOENT);
		ck_assert_int_eq(has(&line, VERSIONS + 1, line.print[VERSIONS]), ZT_ENOENT);
		ck_assert_int_eq(journal_history_has(line.journal, (const uint8_t *)"\3foo", 1, line.print[1]), ZT_ENOENT);
		journal_close(line.journal);
		line.journal = open_with(0, &zone_text_key);
	}
	line_close(&line);
}
END_TEST

START_TEST(what_a_bounded_history_has_dropped_is_not_known_and_its_first_version_is)
{
	struct line line;
	struct journal_history info;

	line_open(&line, 600);
	ck_assert_int_eq(journal_history_info(line.journal, zone_apex(line.zone), &info), ZT_OK);
	ck_assert_uint_gt(info.oldest_serial, 1);
	ck_assert_int_eq(has(&line, info.oldest_serial - 1, line.print[info.oldest_serial - 1]), ZT_ENOENT);
	ck_assert_int_eq(has(&line, info.oldest_serial, line.print[info.oldest_serial]), ZT_OK);
	ck_assert_int_eq(has(&line, info.oldest_serial, line.print[1]), ZT_EDIFF);
	line_close(&line);
}
END_TEST

START_TEST(fingerprints_of_another_key_say_nothing)
{
	static const struct fingerprint_key other = { { 1 } };
	struct line line;

	line_open(&line, 0);
	journal_close(line.journal);
	line.journal = open_with(0, &other);
	for (unsigned serial = 1; serial <= VERSIONS; serial++)
		ck_assert_int_eq(has(&line, serial, line.print[serial]), ZT_ENOENT);
	line_close(&line);
}
END_TEST

/* ---- damage ------------------------------------------------------------------------------------------------------------------------ */

/* Flips a bit in the history row of a number, behind the journal's back. */
static void damage(struct journal *journal, const uint8_t *apex, uint64_t sequence)
{
	const struct journal_zone *zone = journal_zone_get(journal, apex);
	struct journal_key key;
	struct journal_txn txn;
	MDB_val value;

	journal_txn_begin(&txn, journal);
	journal_key_history(&key, zone->meta.id, sequence);
	MDB_val name = { key.len, key.bytes };
	ck_assert_int_eq(mdb_get(txn.txn, journal->dbi, &name, &value), 0);
	uint8_t *copy = malloc(value.mv_size);
	memcpy(copy, value.mv_data, value.mv_size);
	copy[value.mv_size - 3] ^= 4;
	value.mv_data = copy;
	ck_assert_int_eq(mdb_put(txn.txn, journal->dbi, &name, &value, 0), 0);
	ck_assert_int_eq(journal_txn_end(&txn), ZT_OK);
	free(copy);
}

static int count(void *context, const struct journal_version *version, const struct changeset *change)
{
	(void)version;
	(void)change;
	++*(unsigned *)context;
	return ZT_OK;
}

static int read_from(const struct line *line, uint32_t serial, unsigned *out)
{
	struct journal_span span = { zone_apex(line->zone), serial, zone_version_serial(zone_current(line->zone)) };
	*out = 0;
	return journal_history_read(line->journal, &span, count, out);
}

START_TEST(a_damaged_row_is_dropped_with_all_before_it_and_the_rest_serves_on)
{
	struct journal_history before, after;
	struct line line;
	unsigned n;

	line_open(&line, 0);
	const uint8_t *apex = zone_apex(line.zone);
	uint64_t first = journal_zone_get(line.journal, apex)->meta.first_sequence;
	ck_assert_int_eq(journal_history_info(line.journal, apex, &before), ZT_OK);
	damage(line.journal, apex, first + 9);                             /* the difference from serial 10 to 11 */
	ck_assert_int_eq(journal_flush(line.journal), ZT_OK);              /* nobody has met it */
	ck_assert_int_eq(read_from(&line, 1, &n), ZT_ECORRUPT);
	ck_assert_int_eq(journal_flush(line.journal), ZT_OK);
	ck_assert_int_eq(journal_history_info(line.journal, apex, &after), ZT_OK);
	ck_assert_uint_eq(after.oldest_serial, 11);
	ck_assert_uint_eq(after.count, before.count - 10);
	ck_assert_uint_lt(after.bytes, before.bytes);
	ck_assert_int_eq(read_from(&line, 10, &n), ZT_ENOENT);
	ck_assert_int_eq(read_from(&line, 11, &n), ZT_OK);
	ck_assert_uint_eq(n, VERSIONS - 11);
	/* What serial 11 was, only the damaged row knew. */
	ck_assert_int_eq(has(&line, 11, line.print[11]), ZT_ENOENT);
	ck_assert_int_eq(has(&line, 12, line.print[12]), ZT_OK);
	commit_script(&line, "+ more 60 IN A 127.0.0.9\n= 41");
	journal_close(line.journal);
	line.journal = open_with(0, &zone_text_key);
	ck_assert_int_eq(read_from(&line, 11, &n), ZT_OK);
	ck_assert_uint_eq(n, VERSIONS - 10);
	line_close(&line);
}
END_TEST

START_TEST(a_damaged_newest_row_ends_the_history)
{
	struct journal_history info;
	struct line line;
	unsigned n;

	line_open(&line, 0);
	const uint8_t *apex = zone_apex(line.zone);
	damage(line.journal, apex, journal_zone_get(line.journal, apex)->meta.next_sequence - 1);
	ck_assert_int_eq(read_from(&line, 1, &n), ZT_ECORRUPT);
	ck_assert_int_eq(journal_flush(line.journal), ZT_OK);
	ck_assert_int_eq(journal_history_info(line.journal, apex, &info), ZT_OK);
	ck_assert_uint_eq(info.count, 0);
	/* The content is whole, and its fingerprint stands elsewhere. */
	ck_assert_int_eq(has(&line, VERSIONS, line.print[VERSIONS]), ZT_OK);
	commit_script(&line, "+ more 60 IN A 127.0.0.9\n= 41");
	ck_assert_int_eq(read_from(&line, VERSIONS, &n), ZT_OK);
	ck_assert_uint_eq(n, 1);
	ck_assert_int_eq(has(&line, VERSIONS, line.print[VERSIONS]), ZT_OK);
	line_close(&line);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("journal lineage");
	TCase *tcase = tcase_create("lineage");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, every_version_of_the_history_is_known_by_serial_and_content);
	tcase_add_test(tcase, what_a_bounded_history_has_dropped_is_not_known_and_its_first_version_is);
	tcase_add_test(tcase, fingerprints_of_another_key_say_nothing);
	tcase_add_test(tcase, a_damaged_row_is_dropped_with_all_before_it_and_the_rest_serves_on);
	tcase_add_test(tcase, a_damaged_newest_row_ends_the_history);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}

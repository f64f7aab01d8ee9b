/* lib/zone/journal: what is committed comes back, history is a chain within its bounds, damage is told and never served. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/zone/journal.h"
#include "lib/zone/journal_store.h"
#include "tests/support/suite.h"
#include "tests/support/zone_text.h"

static char dir[64];
static struct log quiet;

static void setup(void)
{
	log_init(&quiet, -1, "test");
	temp_dir_make(dir);
}

static void teardown(void)
{
	temp_dir_remove(dir);
}

static struct journal *open_with(uint64_t map_size, uint64_t history_limit)
{
	struct journal_options options = {
		.dir = dir, .map_size = map_size, .history_limit = history_limit, .key = &zone_text_key, .log = &quiet,
	};
	struct journal *journal;
	ck_assert_int_eq(journal_open(&journal, &options), ZT_OK);
	return journal;
}

static struct journal *open_journal(void)
{
	return open_with(1 << 30, 0);
}

static const char example[] =
	"@ 300 IN SOA ns hostmaster 1 3600 600 86400 300\n"
	"@ 300 IN NS ns\n"
	"ns 300 IN A 127.0.0.1\n"
	"WWW 300 IN A 127.0.0.2\n"
	"www 300 IN A 127.0.0.3\n"
	"text 300 IN TXT \"a\" \"b c\"\n"
	"www 300 IN RRSIG A 8 2 300 20300101000000 20200101000000 1 @ YWJj\n"
	"www 300 IN RRSIG TXT 8 2 300 20300101000000 20200101000000 1 @ YWJj\n";

/* Commits what zone's current version is as a first content. */
static void commit_first(struct journal *journal, struct zone *zone)
{
	struct zone *empty;
	ck_assert_int_eq(zone_new(zone_apex(zone), &zone_text_key, &empty), ZT_OK);
	struct journal_commit item = {
		.apex = zone_apex(zone), .from = zone_current(empty), .to = zone_current(zone), .source = JOURNAL_LOAD, .wall = 1000,
	};
	ck_assert_int_eq(journal_commit(journal, &item, 1), ZT_OK);
	zone_free(empty);
}

/* Commits and publishes a change; returns the journal's status (nothing is published when it fails). */
static int commit_script(struct journal *journal, struct zone *zone, const char *script)
{
	struct zone_edit *edit;
	struct changeset change;

	ck_assert_int_eq(zone_edit_begin(zone, &edit), ZT_OK);
	zone_text_change(edit, script);
	changeset_init(&change);
	ck_assert_int_eq(zone_edit_changeset(edit, &change), ZT_OK);
	struct journal_commit item = {
		.apex = zone_apex(zone), .from = zone_current(zone), .to = zone_edit_view(edit), .change = &change, .source = JOURNAL_UPDATE, .wall = 2000,
	};
	int status = journal_commit(journal, &item, 1);
	changeset_fini(&change);
	if (status == ZT_OK)
		zone_edit_publish(edit);
	else
		zone_edit_abort(edit);
	return status;
}

static int load(struct journal *journal, const uint8_t *apex, struct zone **out)
{
	struct zone_edit *edit;

	ck_assert_int_eq(zone_new(apex, &zone_text_key, out), ZT_OK);
	ck_assert_int_eq(zone_edit_begin(*out, &edit), ZT_OK);
	int status = journal_content_load(journal, apex, edit);
	if (status == ZT_OK)
		zone_edit_publish(edit);
	else
		zone_edit_abort(edit);
	return status;
}

static void assert_holds(struct journal *journal, const struct zone *zone)
{
	struct zone *copy;

	ck_assert_int_eq(load(journal, zone_apex(zone), &copy), ZT_OK);
	zone_text_assert_equal(zone_current(copy), zone_current(zone));
	ck_assert(fingerprint_equal(zone_summary(zone_current(copy)).fingerprint, zone_summary(zone_current(zone)).fingerprint));
	zone_free(copy);
}

START_TEST(what_was_committed_comes_back_after_a_restart)
{
	struct journal *journal = open_journal();
	struct zone *zone = zone_text_new("example.", example);

	commit_first(journal, zone);
	assert_holds(journal, zone);
	ck_assert_int_eq(commit_script(journal, zone, "+ new 60 IN A 127.0.0.9\n- text 300 IN TXT \"a\" \"b c\"\n= 2"), ZT_OK);
	ck_assert_int_eq(commit_script(journal, zone, "+ new 60 IN A 127.0.0.10\n+ www 300 IN A 127.0.0.4\n= 3"), ZT_OK);
	ck_assert_int_eq(commit_script(journal, zone, "- www 300 IN RRSIG TXT 8 2 300 20300101000000 20200101000000 1 @ YWJj\n= 4"), ZT_OK);
	assert_holds(journal, zone);
	journal_close(journal);
	journal = open_journal();
	assert_holds(journal, zone);
	ck_assert_ptr_nonnull(journal_zone_next(journal, NULL));
	journal_close(journal);
	zone_free(zone);
}
END_TEST

START_TEST(a_change_taken_back_leaves_no_overlay)
{
	struct journal *journal = open_journal();
	struct zone *zone = zone_text_new("example.", example);
	struct journal_content before, after;

	commit_first(journal, zone);
	ck_assert_int_eq(commit_script(journal, zone, "+ x 60 IN A 127.0.0.9\n= 2"), ZT_OK);
	ck_assert_int_eq(journal_content_info(journal, zone_apex(zone), &before), ZT_OK);
	ck_assert_uint_eq(before.overlay_count, 2);
	ck_assert_int_eq(commit_script(journal, zone, "- www 300 IN A 127.0.0.2\n= 3"), ZT_OK);
	ck_assert_int_eq(commit_script(journal, zone, "+ WWW 300 IN A 127.0.0.2\n- x 60 IN A 127.0.0.9\n= 4"), ZT_OK);
	ck_assert_int_eq(journal_content_info(journal, zone_apex(zone), &after), ZT_OK);
	ck_assert_uint_eq(after.overlay_count, 1);      /* the SOA */
	ck_assert_uint_eq(after.serial, 4);
	assert_holds(journal, zone);
	journal_close(journal);
	zone_free(zone);
}
END_TEST

/* ---- history ------------------------------------------------------------------------------------------------------------------ */

struct replay {
	struct zone *zone;
	unsigned calls;
};

static int replay_one(void *context, const struct journal_version *version, const struct changeset *change)
{
	struct replay *replay = context;
	struct zone_edit *edit;

	ck_assert_uint_eq(zone_version_serial(zone_current(replay->zone)), version->from_serial);
	ck_assert_int_eq(zone_edit_begin(replay->zone, &edit), ZT_OK);
	ck_assert_int_eq(zone_edit_apply(edit, change), ZT_OK);
	zone_edit_publish(edit);
	ck_assert_uint_eq(zone_version_serial(zone_current(replay->zone)), version->to_serial);
	ck_assert(fingerprint_equal(version->fingerprint, zone_summary(zone_current(replay->zone)).fingerprint));
	replay->calls++;
	return ZT_OK;
}

static int count_one(void *context, const struct journal_version *version, const struct changeset *change)
{
	ck_assert_uint_ne(version->bytes, 0);
	ck_assert(!changeset_is_empty(change));
	++*(unsigned *)context;
	return ZT_OK;
}

static int history_count(struct journal *journal, const struct zone *zone, uint32_t from, unsigned *count)
{
	*count = 0;
	struct journal_span span = { zone_apex(zone), from, zone_version_serial(zone_current(zone)) };
	return journal_history_read(journal, &span, count_one, count);
}

START_TEST(history_leads_from_any_kept_serial_to_the_current_one)
{
	struct journal *journal = open_journal();
	struct zone *zone = zone_text_new("example.", example), *old = zone_text_new("example.", example);
	struct replay replay = { .zone = old };
	struct journal_history info;
	char script[128];
	unsigned count;

	commit_first(journal, zone);
	/* Steps of many sizes, over the wrap of the serial. */
	uint32_t serial = 1;
	for (unsigned i = 0; i < 50; i++) {
		serial += UINT32_C(1) << (i % 26);
		snprintf(script, sizeof(script), "+ h%u 60 IN A 127.0.0.9\n= %u", i, serial);
		ck_assert_int_eq(commit_script(journal, zone, script), ZT_OK);
	}
	struct journal_span span = { zone_apex(zone), 1, serial };
	ck_assert_int_eq(journal_history_read(journal, &span, replay_one, &replay), ZT_OK);
	ck_assert_uint_eq(replay.calls, 50);
	zone_text_assert_equal(zone_current(old), zone_current(zone));
	ck_assert_int_eq(history_count(journal, zone, serial, &count), ZT_OK);
	ck_assert_uint_eq(count, 0);
	ck_assert_int_eq(history_count(journal, zone, 2, &count), ZT_OK);
	ck_assert_uint_eq(count, 49);
	ck_assert_int_eq(history_count(journal, zone, 3, &count), ZT_ENOENT);
	ck_assert_int_eq(history_count(journal, zone, serial + 1, &count), ZT_ENOENT);
	ck_assert_int_eq(history_count(journal, zone, 0, &count), ZT_ENOENT);
	ck_assert_int_eq(journal_history_info(journal, zone_apex(zone), &info), ZT_OK);
	ck_assert_uint_eq(info.count, 50);
	ck_assert_uint_eq(info.oldest_serial, 1);
	ck_assert_uint_eq(info.serial, serial);
	ck_assert_int_eq(journal_history_info(journal, zone_text_name("other."), &info), ZT_ENOENT);
	journal_close(journal);
	zone_free(zone);
	zone_free(old);
}
END_TEST

START_TEST(serials_that_cannot_be_ordered_are_dropped_from_the_history)
{
	struct journal *journal = open_journal();
	struct zone *zone = zone_text_new("example.", example);
	char script[128];
	uint32_t serial = 1;
	unsigned count;

	commit_first(journal, zone);
	for (unsigned i = 0; i < 12; i++) {
		serial += UINT32_C(0x30000000);
		snprintf(script, sizeof(script), "+ h%u 60 IN A 127.0.0.9\n= %u", i, serial);
		ck_assert_int_eq(commit_script(journal, zone, script), ZT_OK);
	}
	ck_assert_int_eq(history_count(journal, zone, serial - 2 * UINT32_C(0x30000000), &count), ZT_OK);
	ck_assert_uint_eq(count, 2);
	ck_assert_int_eq(history_count(journal, zone, serial - 3 * UINT32_C(0x30000000), &count), ZT_ENOENT);
	journal_close(journal);
	zone_free(zone);
}
END_TEST

START_TEST(history_is_bounded_by_bytes_and_keeps_the_newest)
{
	struct journal *journal = open_with(1 << 30, 64 * 1024);
	struct zone *big = zone_text_new("big.", example), *small = zone_text_new("small.", example);
	struct journal_history info;
	char script[512];
	unsigned count;

	commit_first(journal, big);
	commit_first(journal, small);
	for (unsigned i = 2; i < 6; i++) {
		snprintf(script, sizeof(script), "+ h%u 60 IN A 127.0.0.9\n= %u", i, i);
		ck_assert_int_eq(commit_script(journal, small, script), ZT_OK);
	}
	for (unsigned i = 2; i < 1000; i++) {
		snprintf(script, sizeof(script), "+ h%u 60 IN TXT \"%0200u\"\n= %u", i, i, i);
		ck_assert_int_eq(commit_script(journal, big, script), ZT_OK);
	}
	ck_assert_int_eq(history_count(journal, small, 1, &count), ZT_OK);
	ck_assert_uint_eq(count, 4);
	ck_assert_int_eq(journal_history_info(journal, zone_apex(big), &info), ZT_OK);
	ck_assert_uint_le(info.bytes, 64 * 1024);
	ck_assert_uint_gt(info.bytes, 48 * 1024);
	ck_assert_int_eq(history_count(journal, big, info.oldest_serial, &count), ZT_OK);
	ck_assert_uint_eq(count, info.count);
	assert_holds(journal, big);
	journal_close(journal);

	/* However small the bound, the newest few stay. */
	journal = open_with(1 << 30, 1);
	ck_assert_int_eq(commit_script(journal, big, "+ last 60 IN A 127.0.0.9\n= 1000"), ZT_OK);
	ck_assert_int_eq(journal_history_info(journal, zone_apex(big), &info), ZT_OK);
	ck_assert_uint_eq(info.count, JOURNAL_KEEP);
	ck_assert_int_eq(history_count(journal, small, 1, &count), ZT_OK);
	journal_close(journal);
	zone_free(big);
	zone_free(small);
}
END_TEST

START_TEST(a_replaced_content_starts_a_new_history)
{
	struct journal *journal = open_journal();
	struct zone *zone = zone_text_new("example.", example), *other = zone_text_new("example.", example);
	unsigned count;

	commit_first(journal, zone);
	ck_assert_int_eq(commit_script(journal, zone, "+ x 60 IN A 127.0.0.9\n= 9"), ZT_OK);
	zone_text_publish(other, "+ y 60 IN A 127.0.0.9\n= 3");
	struct journal_commit item = {
		.apex = zone_apex(zone), .from = zone_current(zone), .to = zone_current(other), .source = JOURNAL_AXFR, .wall = 3000,
	};
	ck_assert_int_eq(journal_commit(journal, &item, 1), ZT_OK);
	assert_holds(journal, other);
	ck_assert_int_eq(history_count(journal, other, 1, &count), ZT_ENOENT);
	ck_assert_int_eq(commit_script(journal, other, "+ z 60 IN A 127.0.0.9\n= 4"), ZT_OK);
	ck_assert_int_eq(history_count(journal, other, 3, &count), ZT_OK);
	ck_assert_uint_eq(count, 1);
	journal_close(journal);
	zone_free(zone);
	zone_free(other);
}
END_TEST

/* ---- base and overlay ------------------------------------------------------------------------------------------------------------ */

/* What follows from an older content, or why nothing does. */
static int follow(struct journal *journal, const struct zone_version *old, uint64_t sequence, const struct zone *expected)
{
	struct zone *copy;
	struct zone_edit *edit;
	struct changeset all;
	size_t records;

	/* `old` may be of the same zone; the copy starts as what it shows. */
	ck_assert_int_eq(zone_new(zone_apex(expected), &zone_text_key, &copy), ZT_OK);
	ck_assert_int_eq(zone_edit_begin(copy, &edit), ZT_OK);
	changeset_init(&all);
	ck_assert_int_eq(zone_diff(zone_current(copy), old, &all), ZT_OK);
	ck_assert_int_eq(zone_edit_apply(edit, &all), ZT_OK);
	changeset_fini(&all);
	int status = journal_content_follow(journal, zone_apex(expected), sequence, edit, &records);
	if (status == ZT_OK) {
		zone_edit_publish(edit);
		zone_text_assert_equal(zone_current(copy), zone_current(expected));
	} else {
		zone_edit_abort(edit);
	}
	zone_free(copy);
	return status;
}

START_TEST(the_history_leads_from_a_content_s_number_to_the_current_content)
{
	struct journal *journal = open_with(1 << 30, 1);
	struct zone *zone = zone_text_new("example.", example);
	const struct zone_version *old[16];
	uint64_t number[16];
	char script[64];

	commit_first(journal, zone);
	for (unsigned i = 0; i < 16; i++) {
		old[i] = zone_version_acquire(zone_current(zone));
		ck_assert_int_eq(journal_content_sequence(journal, zone_apex(zone), &number[i]), ZT_OK);
		ck_assert(i == 0 || number[i] == number[i - 1] + 1);
		snprintf(script, sizeof(script), "+ x%u 60 IN A 127.0.0.9\n= %u", i, i + 2);
		ck_assert_int_eq(commit_script(journal, zone, script), ZT_OK);
	}
	for (unsigned i = 0; i < 16; i++) {
		bool reaches = i >= 16 - JOURNAL_KEEP;
		ck_assert_int_eq(journal_content_reaches(journal, zone_apex(zone), number[i]), reaches);
		ck_assert_int_eq(follow(journal, old[i], number[i], zone), reaches ? ZT_OK : ZT_ENOENT);
		/* A content that is not what its number says. */
		if (i + 1 < 16 && reaches)
			ck_assert_int_eq(follow(journal, old[i + 1], number[i], zone), ZT_EDIFF);
	}
	ck_assert_int_eq(follow(journal, zone_current(zone), number[15] + 2, zone), ZT_ENOENT);
	/* The same serial, and all of the counted content: but another content has taken its place, which nothing leads to. */
	uint64_t before, after;
	ck_assert_int_eq(journal_content_sequence(journal, zone_apex(zone), &before), ZT_OK);
	commit_first(journal, zone);
	ck_assert_int_eq(journal_content_sequence(journal, zone_apex(zone), &after), ZT_OK);
	ck_assert_uint_gt(after, before);
	ck_assert_int_eq(follow(journal, zone_current(zone), before, zone), ZT_ENOENT);
	ck_assert_int_eq(follow(journal, zone_current(zone), after, zone), ZT_OK);
	struct zone *other = zone_text_new("example.", example);
	zone_text_publish(other, "+ y 60 IN A 127.0.0.9\n= 17");
	ck_assert_int_eq(follow(journal, zone_current(other), after, zone), ZT_EDIFF);
	zone_free(other);
	for (unsigned i = 0; i < 16; i++)
		zone_version_release(old[i]);
	journal_close(journal);
	zone_free(zone);
}
END_TEST

static int collect_changes(void *context, const struct journal_local_change *change)
{
	char name[NAME_TEXT_SIZE];
	char *out = context;
	size_t len = strlen(out);

	snprintf(out + len, 1024 - len, "%s %u: %u -> %u; ", name_to_text(change->owner, name), change->current.type, change->base.count,
		change->current.count);
	return ZT_OK;
}

START_TEST(the_base_of_a_zone_file_stays_and_local_changes_are_told)
{
	struct journal *journal = open_journal();
	struct zone *zone = zone_text_new("example.", example), *empty = zone_text_new("example.", NULL);
	struct zone *file = zone_text_new("example.", example);
	char changes[1024] = "";
	struct buf origin;

	struct journal_commit item = {
		.apex = zone_apex(zone), .from = zone_current(empty), .to = zone_current(zone), .source = JOURNAL_LOAD,
		.base = zone_current(zone), .origin = (const uint8_t *)"file 1", .origin_len = 6,
	};
	ck_assert_int_eq(journal_commit(journal, &item, 1), ZT_OK);
	ck_assert_int_eq(commit_script(journal, zone, "+ new 60 IN A 127.0.0.9\n- www 300 IN A 127.0.0.3\n"
		"- text 300 IN TXT \"a\" \"b c\"\n= 2"), ZT_OK);
	ck_assert_int_eq(journal_local_changes(journal, zone_apex(zone), collect_changes, changes), ZT_OK);
	ck_assert_str_eq(changes, "new.example. 1: 0 -> 1; WWW.example. 1: 2 -> 1; text.example. 16: 1 -> 0; example. 6: 1 -> 1; ");

	/* A reload: the file has lost `new`'s place nowhere, gained `more`; what is served is file plus changes. */
	zone_text_publish(file, "+ more 60 IN A 127.0.0.7\n= 2");
	struct zone_edit *edit;
	struct changeset change;
	ck_assert_int_eq(zone_edit_begin(zone, &edit), ZT_OK);
	zone_text_change(edit, "+ more 60 IN A 127.0.0.7\n= 3");
	changeset_init(&change);
	ck_assert_int_eq(zone_edit_changeset(edit, &change), ZT_OK);
	item = (struct journal_commit){
		.apex = zone_apex(zone), .from = zone_current(zone), .to = zone_edit_view(edit), .change = &change, .source = JOURNAL_RELOAD,
		.base = zone_current(file), .origin = (const uint8_t *)"file 2", .origin_len = 6,
	};
	ck_assert_int_eq(journal_commit(journal, &item, 1), ZT_OK);
	zone_edit_publish(edit);
	changeset_fini(&change);
	changes[0] = 0;
	ck_assert_int_eq(journal_local_changes(journal, zone_apex(zone), collect_changes, changes), ZT_OK);
	ck_assert_str_eq(changes, "new.example. 1: 0 -> 1; WWW.example. 1: 2 -> 1; text.example. 16: 1 -> 0; example. 6: 1 -> 1; ");
	assert_holds(journal, zone);
	buf_init(&origin);
	ck_assert_int_eq(journal_content_origin(journal, zone_apex(zone), &origin), ZT_OK);
	ck_assert_uint_eq(origin.len, 6);
	ck_assert_mem_eq(origin.data, "file 2", 6);
	buf_fini(&origin);
	journal_close(journal);
	zone_free(zone);
	zone_free(empty);
	zone_free(file);
}
END_TEST

START_TEST(a_large_overlay_becomes_part_of_a_new_base_where_no_file_feeds_the_zone)
{
	struct journal *journal = open_journal();
	struct zone *zone = zone_text_new("example.", example);
	struct journal_content info;
	char script[512];

	commit_first(journal, zone);
	uint64_t most = 0;
	for (unsigned i = 2; i < 600; i++) {
		snprintf(script, sizeof(script), "+ h%u 60 IN TXT \"%0200u\"\n= %u", i, i, i);
		ck_assert_int_eq(commit_script(journal, zone, script), ZT_OK);
		ck_assert_int_eq(journal_content_info(journal, zone_apex(zone), &info), ZT_OK);
		most = info.overlay_bytes > most ? info.overlay_bytes : most;
	}
	ck_assert_uint_gt(most, 64 * 1024);
	ck_assert_uint_lt(most, 80 * 1024);
	ck_assert_uint_gt(info.base_bytes, 100 * 1024);
	assert_holds(journal, zone);
	journal_close(journal);
	journal = open_journal();
	assert_holds(journal, zone);
	journal_close(journal);
	zone_free(zone);
}
END_TEST

/* ---- several, forgetting, states ---------------------------------------------------------------------------------------------------- */

static uint64_t row_count(struct journal *journal)
{
	MDB_stat stat;
	mdb_env_stat(journal->env, &stat);
	return stat.ms_entries;
}

START_TEST(a_forgotten_zone_leaves_nothing_behind)
{
	struct journal *journal = open_journal();
	struct zone *zone = zone_text_new("example.", example), *other = zone_text_new("other.", example), *copy;
	char script[128];

	commit_first(journal, other);
	uint64_t rows = row_count(journal);
	commit_first(journal, zone);
	for (unsigned i = 2; i < 2000; i++) {
		snprintf(script, sizeof(script), "+ h%u 60 IN A 127.0.0.9\n= %u", i, i);
		ck_assert_int_eq(commit_script(journal, zone, script), ZT_OK);
	}
	ck_assert_int_eq(journal_state_put(journal, zone_apex(zone), &(struct journal_state){ "timer", "x", 1 }), ZT_OK);
	ck_assert_int_eq(journal_flush(journal), ZT_OK);
	const uint8_t *const apexes[] = { zone_text_name("never."), zone_apex(zone) };
	ck_assert_int_eq(journal_zones_forget(journal, apexes, 2), ZT_OK);
	ck_assert_int_eq(load(journal, zone_apex(zone), &copy), ZT_ENOENT);
	zone_free(copy);
	for (unsigned i = 0; i < 40 && row_count(journal) > rows; i++)
		ck_assert_int_eq(journal_flush(journal), ZT_OK);
	ck_assert_uint_eq(row_count(journal), rows);
	assert_holds(journal, other);
	/* It may come back, with nothing of before. */
	commit_first(journal, zone);
	assert_holds(journal, zone);
	ck_assert_int_eq(journal_zones_forget(journal, apexes, 1), ZT_OK);
	journal_close(journal);
	zone_free(zone);
	zone_free(other);
}
END_TEST

static int join_states(void *context, const struct journal_state *state)
{
	char *out = context;
	size_t len = strlen(out);
	snprintf(out + len, 256 - len, "%s=%.*s ", state->name, (int)state->len, (const char *)state->data);
	return ZT_OK;
}

static void assert_state(struct journal *journal, const uint8_t *apex, const char *name, const char *expected)
{
	struct buf value;
	buf_init(&value);
	int status = journal_state_get(journal, apex, name, &value);
	ck_assert_int_eq(status, expected ? ZT_OK : ZT_ENOENT);
	if (expected) {
		ck_assert_uint_eq(value.len, strlen(expected));
		ck_assert_mem_eq(value.data, expected, value.len);
	}
	buf_fini(&value);
}

static void put_state(struct journal *journal, const uint8_t *apex, const char *name, const char *value)
{
	struct journal_state state = { name, value, value ? strlen(value) : 0 };
	ck_assert_int_eq(journal_state_put(journal, apex, &state), ZT_OK);
}

START_TEST(states_are_seen_at_once_and_survive)
{
	struct journal *journal = open_journal();
	const uint8_t *apex = zone_text_name("example.");
	char all[256] = "";

	put_state(journal, apex, "peer/2", "20");
	put_state(journal, apex, "peer/1", "10");
	put_state(journal, apex, "refresh", "now");
	put_state(journal, apex, "peer/1", "11");
	assert_state(journal, apex, "peer/1", "11");
	assert_state(journal, apex, "peer/3", NULL);
	ck_assert_int_eq(journal_flush(journal), ZT_OK);
	put_state(journal, apex, "peer/2", NULL);
	put_state(journal, apex, "peer/0", "");
	assert_state(journal, apex, "peer/2", NULL);
	ck_assert_int_eq(journal_state_list(journal, apex, "peer/", join_states, all), ZT_OK);
	ck_assert_str_eq(all, "peer/0= peer/1=11 ");
	journal_close(journal);

	journal = open_journal();
	assert_state(journal, apex, "peer/1", "11");
	assert_state(journal, apex, "peer/2", NULL);
	assert_state(journal, apex, "refresh", "now");
	all[0] = 0;
	ck_assert_int_eq(journal_state_list(journal, apex, "", join_states, all), ZT_OK);
	ck_assert_str_eq(all, "peer/0= peer/1=11 refresh=now ");
	struct zone *copy;
	ck_assert_int_eq(load(journal, apex, &copy), ZT_ENOENT);
	zone_free(copy);
	journal_close(journal);
}
END_TEST

START_TEST(a_commit_carries_states_and_other_zones_with_it)
{
	struct journal *journal = open_journal();
	struct zone *a = zone_text_new("a.", example), *b = zone_text_new("b.", example), *none_a = zone_text_new("a.", NULL),
		*none_b = zone_text_new("b.", NULL);
	struct journal_state state = { "serial", "1", 1 };

	put_state(journal, zone_apex(b), "pending", "p");
	struct journal_commit items[] = {
		{ .apex = zone_apex(a), .from = zone_current(none_a), .to = zone_current(a), .source = JOURNAL_AXFR, .states = &state, .state_count = 1 },
		{ .apex = zone_apex(b), .from = zone_current(none_b), .to = zone_current(b), .source = JOURNAL_AXFR },
	};
	ck_assert_int_eq(journal_commit(journal, items, 2), ZT_OK);
	ck_assert(cds_list_empty(&journal->pending));
	assert_holds(journal, a);
	assert_holds(journal, b);
	assert_state(journal, zone_apex(a), "serial", "1");
	assert_state(journal, zone_apex(b), "pending", "p");
	journal_close(journal);
	zone_free(a);
	zone_free(b);
	zone_free(none_a);
	zone_free(none_b);
}
END_TEST

START_TEST(a_full_map_fails_cleanly_and_later_commits_work)
{
	struct journal *journal = open_with(512 * 1024, 1);
	struct zone *zone = zone_text_new("example.", example), *big = zone_text_new("big.", example);
	struct zone_edit *edit;
	char script[512];

	commit_first(journal, zone);
	ck_assert_int_eq(zone_edit_begin(big, &edit), ZT_OK);
	for (unsigned i = 0; i < 5000; i++) {
		snprintf(script, sizeof(script), "+ h%u 60 IN TXT \"%0200u\"", i, i);
		zone_text_change(edit, script);
	}
	zone_edit_publish(edit);
	struct zone *none = zone_text_new("big.", NULL);
	struct journal_commit item = { .apex = zone_apex(big), .from = zone_current(none), .to = zone_current(big), .source = JOURNAL_AXFR };
	for (unsigned i = 0; i < 3; i++)
		ck_assert_int_eq(journal_commit(journal, &item, 1), ZT_ENOSPC);
	for (unsigned i = 2; i < 30; i++) {
		snprintf(script, sizeof(script), "+ h%u 60 IN A 127.0.0.9\n= %u", i, i);
		ck_assert_int_eq(commit_script(journal, zone, script), ZT_OK);
	}
	assert_holds(journal, zone);
	journal_close(journal);
	zone_free(zone);
	zone_free(big);
	zone_free(none);
}
END_TEST

START_TEST(a_base_written_in_several_transactions_is_whole_or_absent)
{
	struct journal *journal = open_journal();
	struct zone *zone = zone_text_new("example.", example);
	struct zone_edit *edit;
	char script[512];

	ck_assert_int_eq(zone_edit_begin(zone, &edit), ZT_OK);
	for (unsigned i = 0; i < 60000; i++) {
		snprintf(script, sizeof(script), "+ h%u 60 IN TXT \"%0250u\"", i, i);
		zone_text_change(edit, script);
	}
	zone_edit_publish(edit);
	commit_first(journal, zone);
	assert_holds(journal, zone);
	struct journal_content info;
	ck_assert_int_eq(journal_content_info(journal, zone_apex(zone), &info), ZT_OK);
	ck_assert_uint_gt(info.base_bytes, 16 << 20);
	ck_assert_ptr_nonnull(journal->map);      /* else its pages would stay resident */
	uint64_t rows = row_count(journal);
	/* Again, as a replacement: the old base goes. */
	struct journal_commit item = { .apex = zone_apex(zone), .from = zone_current(zone), .to = zone_current(zone), .source = JOURNAL_AXFR };
	ck_assert_int_eq(journal_commit(journal, &item, 1), ZT_OK);
	for (unsigned i = 0; i < 10; i++)
		ck_assert_int_eq(journal_flush(journal), ZT_OK);
	ck_assert_uint_eq(row_count(journal), rows);
	assert_holds(journal, zone);
	journal_close(journal);
	zone_free(zone);
}
END_TEST

/* ---- threads ------------------------------------------------------------------------------------------------------------------------- */

struct reader {
	struct journal *journal;
	const uint8_t *apex;
	_Atomic uint32_t serial;               /* committed */
	_Atomic bool stop;
	_Atomic unsigned reads;
	pthread_t thread;
};

static int expect_next(void *context, const struct journal_version *version, const struct changeset *change)
{
	uint32_t *at = context;
	if (version->from_serial != *at || changeset_is_empty(change))
		return ZT_EINVAL;
	*at = version->to_serial;
	return ZT_OK;
}

/* What a worker does for IXFR, over and over. */
static void *read_on(void *context)
{
	struct reader *reader = context;

	while (!atomic_load(&reader->stop)) {
		uint32_t to = atomic_load(&reader->serial), at = to > 20 ? to - 20 : 1;
		struct journal_span span = { reader->apex, at, to };
		struct journal_history info;
		int status = journal_history_read(reader->journal, &span, expect_next, &at);
		if (status != ZT_OK || at != to || journal_history_info(reader->journal, reader->apex, &info) != ZT_OK)
			return reader;
		atomic_fetch_add(&reader->reads, 1);
	}
	return NULL;
}

START_TEST(other_threads_read_the_history_while_it_grows)
{
	struct journal *journal = open_journal();
	struct zone *zone = zone_text_new("example.", example);
	struct reader readers[2];
	char script[128];

	commit_first(journal, zone);
	for (unsigned i = 0; i < 2; i++) {
		readers[i].journal = journal;
		readers[i].apex = zone_apex(zone);
		atomic_init(&readers[i].serial, 1);
		atomic_init(&readers[i].stop, false);
		atomic_init(&readers[i].reads, 0);
		ck_assert_int_eq(pthread_create(&readers[i].thread, NULL, read_on, &readers[i]), 0);
	}
	for (uint32_t serial = 2; serial < 1000 || atomic_load(&readers[0].reads) < 20 || atomic_load(&readers[1].reads) < 20; serial++) {
		snprintf(script, sizeof(script), "+ h%u 60 IN A 127.0.0.9\n= %u", serial, serial);
		ck_assert_int_eq(commit_script(journal, zone, script), ZT_OK);
		for (unsigned i = 0; i < 2; i++)
			atomic_store(&readers[i].serial, serial);
	}
	for (unsigned i = 0; i < 2; i++) {
		void *result;
		atomic_store(&readers[i].stop, true);
		ck_assert_int_eq(pthread_join(readers[i].thread, &result), 0);
		ck_assert_ptr_null(result);
	}
	journal_close(journal);
	zone_free(zone);
}
END_TEST

/* ---- damage ---------------------------------------------------------------------------------------------------------------------- */

/* Flips one byte of the value of every row, one row after another, and looks what the journal makes of it. */
static void damage_row(uint64_t index, size_t at, char *kind)
{
	struct journal *journal = open_journal();
	struct journal_txn txn;
	MDB_cursor *cursor;
	MDB_val key, value;

	journal_txn_begin(&txn, journal);
	ck_assert_int_eq(mdb_cursor_open(txn.txn, journal->dbi, &cursor), 0);
	ck_assert_int_eq(mdb_cursor_get(cursor, &key, &value, MDB_FIRST), 0);
	while (index-- > 0)
		ck_assert_int_eq(mdb_cursor_get(cursor, &key, &value, MDB_NEXT), 0);
	*kind = *(const char *)key.mv_data;
	uint8_t *copy = malloc(value.mv_size), *name = malloc(key.mv_size);
	memcpy(copy, value.mv_data, value.mv_size);
	memcpy(name, key.mv_data, key.mv_size);
	copy[at % value.mv_size] ^= 0x10;
	mdb_cursor_close(cursor);
	value.mv_data = copy;
	key.mv_data = name;
	if (*kind == 'I')              /* every commit writes it anew */
		txn.status = ZT_EDONE;
	else
		ck_assert_int_eq(mdb_put(txn.txn, journal->dbi, &key, &value, 0), 0);
	ck_assert_int_eq(journal_txn_end(&txn), *kind == 'I' ? ZT_EDONE : ZT_OK);
	free(copy);
	free(name);
	journal_close(journal);
}

static void rebuild(struct zone *zone)
{
	struct journal *journal;

	temp_dir_remove(dir);
	temp_dir_make(dir);
	journal = open_journal();
	commit_first(journal, zone);
	put_state(journal, zone_apex(zone), "refresh", "now");
	ck_assert_int_eq(commit_script(journal, zone, "+ d1 60 IN A 127.0.0.9\n- text 300 IN TXT \"a\" \"b c\"\n= 2"), ZT_OK);
	ck_assert_int_eq(commit_script(journal, zone, "+ d2 60 IN A 127.0.0.9\n= 3"), ZT_OK);
	ck_assert_int_eq(commit_script(journal, zone, "- d2 60 IN A 127.0.0.9\n= 4"), ZT_OK);
	journal_close(journal);
}

START_TEST(a_damaged_row_never_gives_wrong_data)
{
	unsigned long long seed = suite_seed("a_damaged_row_never_gives_wrong_data");
	struct zone *zone = zone_text_new("example.", example);
	rebuild(zone);
	struct journal *journal = open_journal();
	uint64_t rows = row_count(journal);
	journal_close(journal);
	zone_free(zone);
	srand48((long)seed);
	unsigned seen[256] = { 0 };
	for (uint64_t i = 0; i < rows; i++) {
		char kind;
		struct zone *copy;
		unsigned count;
		zone = zone_text_new("example.", example);
		rebuild(zone);
		damage_row(i, (size_t)lrand48(), &kind);
		seen[(uint8_t)kind]++;
		journal = open_journal();
		int status = load(journal, zone_apex(zone), &copy);
		ck_assert_msg(status == (kind == 'B' || kind == 'O' || kind == 'Z' ? ZT_ECORRUPT : ZT_OK), "%c: %d", kind, status);
		if (status == ZT_OK)
			zone_text_assert_equal(zone_current(copy), zone_current(zone));
		zone_free(copy);
		status = history_count(journal, zone, 1, &count);
		ck_assert_msg(status == (kind == 'H' || kind == 'Z' ? ZT_ECORRUPT : ZT_OK), "%c: %d", kind, status);
		/* And the journal goes on to work. */
		ck_assert_int_eq(commit_script(journal, zone, "+ after 60 IN A 127.0.0.9\n+ d1 60 IN A 127.0.0.10\n+ text 60 IN TXT x\n= 5"), ZT_OK);
		if (kind != 'B')
			assert_holds(journal, zone);
		journal_close(journal);
		zone_free(zone);
	}
	ck_assert(seen['B'] && seen['O'] && seen['H'] && seen['Z'] && seen['T'] && seen['I']);
}
END_TEST

static void write_file(const char *name, const void *data, size_t len)
{
	char path[128];
	snprintf(path, sizeof(path), "%s/%s", dir, name);
	FILE *out = fopen(path, "wb");
	ck_assert_ptr_nonnull(out);
	ck_assert_uint_eq(fwrite(data, 1, len, out), len);
	fclose(out);
}

START_TEST(a_file_that_is_no_journal_is_set_aside)
{
	static char junk[3 * 4096] = "this is no journal";
	struct stat st;
	char path[128];

	for (unsigned i = 0; i < 2; i++) {
		write_file("journal.mdb", junk, i ? sizeof(junk) : 100);
		struct journal *journal = open_journal();
		struct zone *zone = zone_text_new("example.", example);
		commit_first(journal, zone);
		assert_holds(journal, zone);
		journal_close(journal);
		zone_free(zone);
		snprintf(path, sizeof(path), "%s/journal.mdb.damaged-%u", dir, i + 1);
		ck_assert_int_eq(stat(path, &st), 0);
	}
}
END_TEST

START_TEST(a_truncated_journal_is_set_aside)
{
	struct zone *zone = zone_text_new("example.", example);
	struct journal *journal;
	char path[128];

	rebuild(zone);
	snprintf(path, sizeof(path), "%s/journal.mdb", dir);
	ck_assert_int_eq(truncate(path, 4 * 4096), 0);
	journal = open_journal();
	ck_assert_ptr_null(journal_zone_next(journal, NULL));
	journal_close(journal);
	zone_free(zone);
}
END_TEST

/* What is left of a damaged file is right or told to be damaged, and the journal goes on; nothing crashes. */
static void live_with_damage(struct zone *zone)
{
	struct journal *journal = open_journal();
	struct zone *copy, *current = zone_text_new("example.", example);
	unsigned count;

	zone_text_publish(current, "+ d1 60 IN A 127.0.0.9\n- text 300 IN TXT \"a\" \"b c\"\n= 4");
	int status = load(journal, zone_apex(zone), &copy);
	ck_assert(status == ZT_OK || status == ZT_ECORRUPT || status == ZT_ENOENT);
	if (status == ZT_OK)
		zone_text_assert_equal(zone_current(copy), zone_current(current));
	status = history_count(journal, current, 1, &count);
	ck_assert(status == ZT_OK || status == ZT_ECORRUPT || status == ZT_ENOENT);
	ck_assert(status != ZT_OK || count == 3);
	ck_assert_int_eq(commit_script(journal, current, "+ after 60 IN A 127.0.0.9\n= 5"), ZT_OK);
	ck_assert_int_eq(commit_script(journal, current, "+ after2 60 IN A 127.0.0.9\n= 6"), ZT_OK);
	journal_close(journal);
	zone_free(copy);
	zone_free(current);
}

START_TEST(a_file_damaged_anywhere_never_crashes_and_never_gives_wrong_data)
{
	unsigned long long seed = suite_seed("a_file_damaged_anywhere_never_crashes_and_never_gives_wrong_data");
	struct zone *zone = zone_text_new("example.", example);
	char path[128];
	long size;

	srand48((long)seed);
	rebuild(zone);
	snprintf(path, sizeof(path), "%s/journal.mdb", dir);
	FILE *in = fopen(path, "rb");
	ck_assert_ptr_nonnull(in);
	static uint8_t whole[1 << 20], damaged[1 << 20];
	size = (long)fread(whole, 1, sizeof(whole), in);
	fclose(in);
	for (unsigned long round = suite_rounds(600); round > 0; round--) {
		memcpy(damaged, whole, (size_t)size);
		if (round % 3 == 0) {
			long at = lrand48() % (size / 512) * 512;
			for (long i = 0; i < 512; i++)
				damaged[at + i] = (uint8_t)(round % 2 ? lrand48() : 0);
		} else {
			for (long flips = 1 + lrand48() % 4; flips > 0; flips--) {
				long page = lrand48() % (size / 4096);
				/* The heads of the pages are the most interesting. */
				long at = page * 4096 + lrand48() % (flips % 2 ? 4096 : 160);
				damaged[at] ^= (uint8_t)(1u << lrand48() % 8);
			}
		}
		write_file("journal.mdb", damaged, (size_t)size);
		live_with_damage(zone);
		char aside[160];
		for (unsigned i = 1; i < 3; i++) {
			snprintf(aside, sizeof(aside), "%s.damaged-%u", path, i);
			unlink(aside);
		}
	}
	zone_free(zone);
}
END_TEST

START_TEST(two_processes_cannot_share_a_journal)
{
	struct journal *journal = open_journal(), *second;
	struct journal_options options = { .dir = dir, .key = &zone_text_key, .log = &quiet };
	ck_assert_int_eq(journal_open(&second, &options), ZT_EBUSY);
	ck_assert_ptr_null(second);
	journal_close(journal);
	journal = open_journal();
	journal_close(journal);
}
END_TEST

START_TEST(another_fingerprint_key_does_not_make_content_look_damaged)
{
	struct fingerprint_key other = { "another key" };
	struct zone *zone = zone_text_new("example.", example), *copy;
	struct zone_edit *edit;
	struct journal *journal;
	rebuild(zone);
	struct journal_options options = { .dir = dir, .map_size = 1 << 30, .key = &other, .log = &quiet };
	ck_assert_int_eq(journal_open(&journal, &options), ZT_OK);
	ck_assert_int_eq(zone_new(zone_apex(zone), &other, &copy), ZT_OK);
	ck_assert_int_eq(zone_edit_begin(copy, &edit), ZT_OK);
	ck_assert_int_eq(journal_content_load(journal, zone_apex(zone), edit), ZT_OK);
	zone_edit_publish(edit);
	zone_text_assert_equal(zone_current(copy), zone_current(zone));
	uint64_t sequence;      /* what comes from elsewhere has to be compared with what the journal knows, which can't be done */
	ck_assert_int_eq(journal_content_sequence(journal, zone_apex(zone), &sequence), ZT_OK);
	ck_assert_int_eq(follow(journal, zone_current(copy), sequence, copy), ZT_EUNSUPPORTED);
	ck_assert_int_eq(commit_script(journal, copy, "+ k 60 IN A 127.0.0.9\n= 5"), ZT_OK);
	struct journal_history info;
	ck_assert_int_eq(journal_history_info(journal, zone_apex(zone), &info), ZT_OK);
	ck_assert_uint_eq(info.count, 4);
	journal_close(journal);
	zone_free(zone);
	zone_free(copy);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("journal");
	TCase *tcase = tcase_create("journal");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_set_timeout(tcase, 60);
	tcase_add_test(tcase, what_was_committed_comes_back_after_a_restart);
	tcase_add_test(tcase, a_change_taken_back_leaves_no_overlay);
	tcase_add_test(tcase, history_leads_from_any_kept_serial_to_the_current_one);
	tcase_add_test(tcase, serials_that_cannot_be_ordered_are_dropped_from_the_history);
	tcase_add_test(tcase, history_is_bounded_by_bytes_and_keeps_the_newest);
	tcase_add_test(tcase, a_replaced_content_starts_a_new_history);
	tcase_add_test(tcase, the_history_leads_from_a_content_s_number_to_the_current_content);
	tcase_add_test(tcase, the_base_of_a_zone_file_stays_and_local_changes_are_told);
	tcase_add_test(tcase, a_large_overlay_becomes_part_of_a_new_base_where_no_file_feeds_the_zone);
	tcase_add_test(tcase, a_forgotten_zone_leaves_nothing_behind);
	tcase_add_test(tcase, states_are_seen_at_once_and_survive);
	tcase_add_test(tcase, a_commit_carries_states_and_other_zones_with_it);
	tcase_add_test(tcase, a_full_map_fails_cleanly_and_later_commits_work);
	tcase_add_test(tcase, a_base_written_in_several_transactions_is_whole_or_absent);
	tcase_add_test(tcase, other_threads_read_the_history_while_it_grows);
	tcase_add_test(tcase, a_damaged_row_never_gives_wrong_data);
	tcase_add_test(tcase, a_file_that_is_no_journal_is_set_aside);
	tcase_add_test(tcase, a_truncated_journal_is_set_aside);
	tcase_add_test(tcase, a_file_damaged_anywhere_never_crashes_and_never_gives_wrong_data);
	tcase_add_test(tcase, two_processes_cannot_share_a_journal);
	tcase_add_test(tcase, another_fingerprint_key_does_not_make_content_look_damaged);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}

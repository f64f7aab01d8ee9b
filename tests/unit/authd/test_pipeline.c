/* authd/manage: commit, loader, merge and updater with a real journal and real zone files, without sockets. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "authd/manage/commit.h"
#include "authd/manage/consumer.h"
#include "authd/manage/loader.h"
#include "authd/manage/pledge.h"
#include "authd/manage/levels.h"
#include "authd/manage/primary.h"
#include "authd/manage/updater.h"
#include "lib/dns/message.h"
#include "lib/net/acl.h"
#include "tests/support/suite.h"
#include "tests/support/update_message.h"
#include "tests/support/zone_text.h"

static char dir[64];
static struct log quiet;
static unsigned announced;             /* calls of primary_on_change */

/* The daemon's would send NOTIFY. */
void primary_on_change(struct manage *manage, struct zone_entry *entry)
{
	(void)manage;
	(void)entry;
	announced++;
}

/* Nor does anybody wait for others. */
bool levels_take(struct levels *levels, struct request *request, struct zone_entry *entry, const struct level_question *question, uint32_t old_ttl)
{
	(void)levels;
	(void)request;
	(void)entry;
	(void)question;
	(void)old_ttl;
	return false;
}

/* No zone here is a catalog. */
void consumer_on_change(struct consumer *consumer)
{
	(void)consumer;
	abort();
}

/* ---- a daemon's manage side with one or more zones ---------------------------------------------------------------------------------- */

enum { ZONES = 3 };

struct rig {
	struct manage manage;
	struct manual_clock clock;
	struct zone_options options[ZONES];
	uint8_t apexes[ZONES][NAME_MAX_LEN];
	struct zone_entry *entries[ZONES];
	struct served_zone served[ZONES];
	char paths[ZONES][96];
	struct acl local;
	unsigned count;
	int primary;                   /* what entries[].primary points at: a zone that is set up */
};

static void rig_open(struct rig *rig)
{
	*rig = (struct rig){ 0 };
	manual_clock_init(&rig->clock, 0, INT64_C(4000000000) * USEC_PER_SEC);      /* later than any file here, so none looks young */
	rig->manage.clock = &rig->clock.clock;
	rig->manage.log = &quiet;
	rig->manage.fingerprint_key = zone_text_key;
	struct journal_options options = { .dir = dir, .map_size = 1 << 28, .key = &zone_text_key, .log = &quiet };
	ck_assert_int_eq(journal_open(&rig->manage.journal, &options), ZT_OK);
	ck_assert_int_eq(registry_init(&rig->manage.registry, 1), ZT_OK);
	acl_init(&rig->local);
	ck_assert_int_eq(acl_add_text(&rig->local, "127.0.0.0/8"), ZT_OK);
}

/* file: NULL, or a name in `dir`. */
static struct zone_entry *rig_zone(struct rig *rig, const char *apex, const char *file)
{
	unsigned i = rig->count++;
	struct zone_options *options = &rig->options[i];
	name_copy(rig->apexes[i], zone_text_name(apex));
	options->apex = rig->apexes[i];
	struct zone_entry *entry = zone_entry_new(options->apex);

	ck_assert_ptr_nonnull(entry);
	if (file) {
		snprintf(rig->paths[i], sizeof(rig->paths[i]), "%s/%s", dir, file);
		options->file = rig->paths[i];
	}
	options->allow_update = &rig->local;
	entry->options = options;
	ck_assert_int_eq(zone_new(entry->apex, &zone_text_key, &entry->zone), ZT_OK);
	rig->served[i] = (struct served_zone){ .apex = entry->apex, .zone = entry->zone };
	entry->served = &rig->served[i];
	entry->primary = (struct primary *)(void *)&rig->primary;
	ck_assert_int_eq(registry_add(&rig->manage.registry, entry), ZT_OK);
	return rig->entries[i] = entry;
}

static void rig_close(struct rig *rig)
{
	for (unsigned i = 0; i < rig->count; i++) {
		registry_remove(&rig->manage.registry, rig->entries[i]);
		pledge_drop(rig->entries[i]);
		zone_free(rig->entries[i]->zone);
		zone_entry_free(rig->entries[i]);
	}
	registry_fini(&rig->manage.registry);
	journal_close(rig->manage.journal);
	acl_fini(&rig->local);
}

static void setup(void)
{
	log_init(&quiet, getenv("ZT_LOG") ? 2 : -1, "test");
	announced = 0;
	temp_dir_make(dir);
}

static void teardown(void)
{
	temp_dir_remove(dir);
}

static void write_file(const char *name, const char *text)
{
	char path[128];
	snprintf(path, sizeof(path), "%s/%s", dir, name);
	unlink(path);      /* a new inode, so that the change is seen whatever the clock's grain */
	FILE *out = fopen(path, "w");
	ck_assert_ptr_nonnull(out);
	ck_assert_int_ge(fputs(text, out), 0);
	fclose(out);
}

#define SOA(serial) "@ 300 IN SOA ns hostmaster " serial " 3600 600 86400 300\n@ 300 IN NS ns\nns 300 IN A 127.0.0.1\n"

static uint32_t serial_of(const struct zone_entry *entry)
{
	return zone_version_serial(zone_current(entry->zone));
}

/* The zone is what these records are. */
static void assert_zone(const struct zone_entry *entry, const char *text)
{
	char apex[NAME_TEXT_SIZE];
	struct zone *expected = zone_text_new(name_to_text(entry->apex, apex), text);
	zone_text_assert_equal(zone_current(entry->zone), zone_current(expected));
	zone_free(expected);
}

static enum rcode send_from(struct rig *rig, const char *peer, const char *apex, const char *script)
{
	struct request *request = request_new(REQUEST_UPDATE);
	struct buf wire;

	update_message_make(&wire, apex, script);
	request->wire = buf_take(&wire, &request->wire_len);
	ck_assert_int_eq(netaddr_from_text(&request->peer, peer, 53), ZT_OK);
	updater_run(&rig->manage, &request, 1);
	ck_assert_uint_ge(request->reply.len, MESSAGE_HEADER_LEN);
	ck_assert_mem_eq(request->reply.data, "\x12\x34", 2);
	ck_assert_uint_eq(request->reply.data[2], 0xa8);
	enum rcode rcode = request->reply.data[3] & 0xf;
	request_free(request);
	return rcode;
}

static enum rcode update(struct rig *rig, const char *script)
{
	return send_from(rig, "127.0.0.1", "example.", script);
}

/* Sends several at once; their rcodes as text, one digit each. */
static void update_many(struct rig *rig, const char *const scripts[], size_t count, char *rcodes)
{
	struct request *requests[16];

	for (size_t i = 0; i < count; i++) {
		struct buf wire;
		requests[i] = request_new(REQUEST_UPDATE);
		update_message_make(&wire, strstr(scripts[i], "other.") ? "other." : "example.", scripts[i]);
		requests[i]->wire = buf_take(&wire, &requests[i]->wire_len);
		ck_assert_int_eq(netaddr_from_text(&requests[i]->peer, "127.0.0.1", 53), ZT_OK);
	}
	updater_run(&rig->manage, requests, count);
	for (size_t i = 0; i < count; i++) {
		rcodes[i] = (char)('0' + (requests[i]->reply.data[3] & 0xf));
		request_free(requests[i]);
	}
	rcodes[count] = 0;
}

static int count_version(void *context, const struct journal_version *version, const struct changeset *change)
{
	(void)version;
	(void)change;
	++*(unsigned *)context;
	return ZT_OK;
}

static unsigned versions_since(struct rig *rig, const struct zone_entry *entry, uint32_t serial)
{
	unsigned count = 0;
	struct journal_span span = { entry->apex, serial, serial_of(entry) };
	int status = journal_history_read(rig->manage.journal, &span, count_version, &count);
	return status == ZT_OK ? count : 999;
}

/* ---- first load and restart ----------------------------------------------------------------------------------------------------------- */

START_TEST(a_zone_file_is_loaded_and_served)
{
	struct rig rig;
	write_file("example.zone", SOA("7") "www 60 IN A 127.0.0.2\n");
	rig_open(&rig);
	struct zone_entry *entry = rig_zone(&rig, "example.", "example.zone");
	ck_assert_uint_eq(loader_load_all(&rig.manage), 0);
	ck_assert_int_eq(atomic_load(&entry->served->state), SERVED_OK);
	assert_zone(entry, SOA("7") "www 60 IN A 127.0.0.2\n");
	ck_assert_int_eq(entry->loaded_wall, clock_wall(rig.manage.clock));
	rig_close(&rig);
}
END_TEST

START_TEST(a_broken_file_refuses_its_zone_and_no_other)
{
	struct rig rig;
	write_file("bad.zone", SOA("7") "www 60 IN A 127.0.0.2\nwww 60 IN CNAME ns\n");
	write_file("good.zone", SOA("7"));
	rig_open(&rig);
	struct zone_entry *bad = rig_zone(&rig, "bad.", "bad.zone"), *good = rig_zone(&rig, "good.", "good.zone"),
		*missing = rig_zone(&rig, "missing.", "missing.zone");
	ck_assert_uint_eq(loader_load_all(&rig.manage), 2);
	ck_assert_int_eq(atomic_load(&bad->served->state), SERVED_LOADING);
	ck_assert_int_eq(atomic_load(&missing->served->state), SERVED_LOADING);
	ck_assert_int_eq(atomic_load(&good->served->state), SERVED_OK);
	ck_assert_ptr_nonnull(strstr(bad->last_error, "bad.zone:"));
	ck_assert_ptr_nonnull(strstr(missing->last_error, "missing.zone"));
	/* Mended, it comes. */
	write_file("bad.zone", SOA("8"));
	ck_assert_int_eq(loader_load(&rig.manage, bad), ZT_OK);
	ck_assert_int_eq(atomic_load(&bad->served->state), SERVED_OK);
	ck_assert_str_eq(bad->last_error, "");
	rig_close(&rig);
}
END_TEST

START_TEST(a_secondary_with_nothing_stored_waits_for_its_transfer)
{
	struct rig rig;
	struct remote_options primaries = { 0 };
	rig_open(&rig);
	struct zone_entry *entry = rig_zone(&rig, "example.", NULL);
	rig.options[0].primaries = &primaries;
	rig.options[0].primaries_count = 1;
	ck_assert_uint_eq(loader_load_all(&rig.manage), 0);
	ck_assert_int_eq(atomic_load(&entry->served->state), SERVED_LOADING);
	ck_assert_int_eq(loader_load(&rig.manage, entry), ZT_ENOENT);
	ck_assert_int_eq(loader_reload(&rig.manage, entry, NULL), ZT_ENOENT);
	ck_assert_int_eq(update(&rig, "u add a.example. 60 A 127.0.0.9"), RCODE_REFUSED);
	rig_close(&rig);
}
END_TEST

START_TEST(updates_survive_a_restart_without_reading_the_file)
{
	struct rig rig;
	write_file("example.zone", SOA("7") "www 60 IN A 127.0.0.2\n");
	rig_open(&rig);
	rig_zone(&rig, "example.", "example.zone");
	ck_assert_uint_eq(loader_load_all(&rig.manage), 0);
	ck_assert_int_eq(update(&rig, "u add new.example. 60 A 127.0.0.9\nu del www.example."), RCODE_NOERROR);
	rig_close(&rig);
	for (unsigned i = 0; i < 2; i++) {
		rig_open(&rig);
		struct zone_entry *entry = rig_zone(&rig, "example.", "example.zone");
		ck_assert_uint_eq(loader_load_all(&rig.manage), 0);
		assert_zone(entry, SOA("8") "new 60 IN A 127.0.0.9\n");
		ck_assert_uint_eq(versions_since(&rig, entry, 7), 1);
		rig_close(&rig);
	}
}
END_TEST

START_TEST(a_file_that_changed_over_a_restart_gives_a_difference)
{
	struct rig rig;
	write_file("example.zone", SOA("7") "www 60 IN A 127.0.0.2\nold 60 IN A 127.0.0.3\n");
	rig_open(&rig);
	rig_zone(&rig, "example.", "example.zone");
	ck_assert_uint_eq(loader_load_all(&rig.manage), 0);
	ck_assert_int_eq(update(&rig, "u add new.example. 60 A 127.0.0.9"), RCODE_NOERROR);
	rig_close(&rig);
	write_file("example.zone", SOA("20") "www 60 IN A 127.0.0.2\nmore 60 IN A 127.0.0.4\n");
	rig_open(&rig);
	struct zone_entry *entry = rig_zone(&rig, "example.", "example.zone");
	ck_assert_uint_eq(loader_load_all(&rig.manage), 0);
	assert_zone(entry, SOA("20") "www 60 IN A 127.0.0.2\nmore 60 IN A 127.0.0.4\nnew 60 IN A 127.0.0.9\n");
	ck_assert_uint_eq(versions_since(&rig, entry, 7), 2);
	rig_close(&rig);
	/* Broken since: what was served before is served again. */
	write_file("example.zone", SOA("21") "www 60 IN A\n");
	rig_open(&rig);
	entry = rig_zone(&rig, "example.", "example.zone");
	ck_assert_uint_eq(loader_load_all(&rig.manage), 0);
	ck_assert_uint_eq(serial_of(entry), 20);
	ck_assert_ptr_nonnull(strstr(entry->last_error, "example.zone:4"));
	rig_close(&rig);
}
END_TEST

START_TEST(without_a_journal_the_file_is_read_again)
{
	struct rig rig;
	char path[128];
	write_file("example.zone", SOA("7"));
	rig_open(&rig);
	rig_zone(&rig, "example.", "example.zone");
	ck_assert_uint_eq(loader_load_all(&rig.manage), 0);
	rig_close(&rig);
	for (unsigned i = 0; i < 2; i++) {
		snprintf(path, sizeof(path), "%s/journal.mdb", dir);
		if (i == 0)
			ck_assert_int_eq(unlink(path), 0);
		else
			ck_assert_int_eq(truncate(path, 10000), 0);
		rig_open(&rig);
		struct zone_entry *entry = rig_zone(&rig, "example.", "example.zone");
		ck_assert_uint_eq(loader_load_all(&rig.manage), 0);
		assert_zone(entry, SOA("7"));
		rig_close(&rig);
	}
}
END_TEST

/* A file large enough to be served on a pledge: `head` and many addresses. */
static void write_large(const char *head)
{
	enum { COUNT = 12000, LINE = 40 };
	size_t at = strlen(head);
	char *text = malloc(at + COUNT * LINE + 1);
	ck_assert_ptr_nonnull(text);
	memcpy(text, head, at);
	for (unsigned i = 0; i < COUNT; i++)
		at += (size_t)snprintf(text + at, LINE, "large%u 60 IN A 127.0.%u.%u\n", i, i >> 8, i & 255);
	write_file("example.zone", text);
	free(text);
}

/* Starts with what is in the folder. */
static struct zone_entry *start_large(struct rig *rig)
{
	rig_open(rig);
	struct zone_entry *entry = rig_zone(rig, "example.", "example.zone");
	ck_assert_uint_eq(loader_load_all(&rig->manage), 0);
	ck_assert_int_eq(atomic_load(&entry->served->state), SERVED_OK);
	return entry;
}

static bool is_stored(const struct rig *rig, const struct zone_entry *entry)
{
	struct journal_content content;
	return journal_content_info(rig->manage.journal, entry->apex, &content) == ZT_OK;
}

START_TEST(a_large_file_is_served_before_its_content_is_stored)
{
	struct rig rig;
	struct zone_entry *entry;

	write_large(SOA("7"));
	for (unsigned i = 0; i < 2; i++) {      /* as after a crash: it is served with the same serial */
		entry = start_large(&rig);
		ck_assert(!is_stored(&rig, entry));
		ck_assert_uint_eq(serial_of(entry), 7);
		rig_close(&rig);
	}
	entry = start_large(&rig);
	pledges_redeem(&rig.manage);
	ck_assert(is_stored(&rig, entry));
	ck_assert_ptr_null(entry->pledge);
	size_t records = zone_version_record_count(zone_current(entry->zone));
	rig_close(&rig);
	/* From now on the journal is enough, and the file is known to be unchanged. */
	entry = start_large(&rig);
	ck_assert_ptr_null(entry->pledge);
	ck_assert_uint_eq(zone_version_record_count(zone_current(entry->zone)), records);
	ck_assert_uint_eq(announced, 3);
	bool changed = true;
	ck_assert_int_eq(loader_reload(&rig.manage, entry, &changed), ZT_OK);
	ck_assert(!changed);
	rig_close(&rig);
}
END_TEST

START_TEST(another_content_than_the_pledged_one_gets_a_newer_serial)
{
	static const struct { const char *head; uint32_t serial; } then[] = {
		{ SOA("7") "more 60 IN A 127.0.0.2\n", 8 },
		{ "@ 300 IN SOA ns hostmaster 7 3601 600 86400 300\n@ 300 IN NS ns\nns 300 IN A 127.0.0.1\n", 8 },
		{ SOA("6") "more 60 IN A 127.0.0.2\n", 8 },
		{ SOA("9") "more 60 IN A 127.0.0.2\n", 9 },
		{ SOA("7"), 7 },
	};

	for (unsigned i = 0; i < sizeof(then) / sizeof(*then); i++) {
		struct rig rig;
		write_large(SOA("7"));
		start_large(&rig);
		rig_close(&rig);
		write_large(then[i].head);
		struct zone_entry *entry = start_large(&rig);
		ck_assert_uint_eq(serial_of(entry), then[i].serial);
		pledges_redeem(&rig.manage);
		rig_close(&rig);
		teardown();
		setup();
	}
}
END_TEST

START_TEST(a_change_of_a_pledged_zone_is_stored_behind_its_content)
{
	struct rig rig;
	struct zone_entry *entry;

	write_large(SOA("7"));
	entry = start_large(&rig);
	ck_assert(!is_stored(&rig, entry));
	ck_assert_int_eq(update(&rig, "u add new.example. 60 A 127.0.0.9"), RCODE_NOERROR);
	ck_assert(is_stored(&rig, entry));
	rig_close(&rig);
	entry = start_large(&rig);
	ck_assert_uint_eq(serial_of(entry), 8);
	ck_assert_uint_eq(versions_since(&rig, entry, 7), 1);
	/* What was changed since the file is known, and carried over. */
	write_large(SOA("20"));
	ck_assert_int_eq(loader_reload(&rig.manage, entry, NULL), ZT_OK);
	ck_assert_uint_eq(serial_of(entry), 20);
	ck_assert_ptr_nonnull(zone_get(zone_current(entry->zone), zone_text_name("new.example.")));
	rig_close(&rig);
	/* A file that changes before the content is stored. */
	teardown();
	setup();
	write_large(SOA("7"));
	entry = start_large(&rig);
	write_large(SOA("7") "more 60 IN A 127.0.0.2\n");
	ck_assert_int_eq(loader_reload(&rig.manage, entry, NULL), ZT_OK);
	ck_assert_uint_eq(serial_of(entry), 8);
	ck_assert_uint_eq(versions_since(&rig, entry, 7), 1);
	rig_close(&rig);
}
END_TEST

/* Changes a byte in each copy of the text in the journal's file. */
static void damage_journal(const char *text)
{
	char path[128], *data = calloc(1, 1 << 20), *at;

	snprintf(path, sizeof(path), "%s/journal.mdb", dir);
	FILE *file = fopen(path, "r+");
	ck_assert_ptr_nonnull(file);
	ck_assert_ptr_nonnull(data);
	size_t len = fread(data, 1, 1 << 20, file), found = 0;
	for (at = data; (at = memmem(at, len - (size_t)(at - data), text, strlen(text))) != NULL; found++)
		*at ^= 1;
	ck_assert_uint_gt(found, 0);
	rewind(file);
	ck_assert_uint_eq(fwrite(data, 1, len, file), len);
	ck_assert_int_eq(fclose(file), 0);
	free(data);
}

START_TEST(with_a_damaged_content_the_file_is_read_and_the_serial_goes_on)
{
	struct rig rig;

	write_file("example.zone", SOA("7") "text 60 IN TXT \"known\"\n");
	rig_open(&rig);
	rig_zone(&rig, "example.", "example.zone");
	ck_assert_uint_eq(loader_load_all(&rig.manage), 0);
	ck_assert_int_eq(update(&rig, "u add www.example. 60 A 127.0.0.2"), RCODE_NOERROR);
	rig_close(&rig);
	damage_journal("known");
	rig_open(&rig);
	struct zone_entry *entry = rig_zone(&rig, "example.", "example.zone");
	ck_assert_uint_eq(loader_load_all(&rig.manage), 0);
	assert_zone(entry, SOA("9") "text 60 IN TXT \"known\"\n");
	rig_close(&rig);
}
END_TEST

/* ---- reload ------------------------------------------------------------------------------------------------------------------------------ */

/* A zone loaded from `before`, changed by `script`, its file then replaced by `after` and reloaded. */
static struct zone_entry *reloaded(struct rig *rig, const char *before, const char *script, const char *after, int expected)
{
	bool changed;

	write_file("example.zone", before);
	rig_open(rig);
	struct zone_entry *entry = rig_zone(rig, "example.", "example.zone");
	ck_assert_uint_eq(loader_load_all(&rig->manage), 0);
	if (script)
		ck_assert_int_eq(update(rig, script), RCODE_NOERROR);
	write_file("example.zone", after);
	announced = 0;
	uint32_t serial = serial_of(entry);
	ck_assert_int_eq(loader_reload(&rig->manage, entry, &changed), expected);
	ck_assert_int_eq(changed, serial_of(entry) != serial);
	ck_assert_uint_eq(announced, changed);
	return entry;
}

START_TEST(an_edited_file_becomes_a_difference)
{
	struct rig rig;
	struct zone_entry *entry = reloaded(&rig, SOA("7") "www 60 IN A 127.0.0.2\n", NULL, SOA("9") "www 60 IN A 127.0.0.3\n", ZT_OK);
	assert_zone(entry, SOA("9") "www 60 IN A 127.0.0.3\n");
	ck_assert_uint_eq(versions_since(&rig, entry, 7), 1);
	rig_close(&rig);
}
END_TEST

START_TEST(a_file_whose_serial_did_not_move_is_served_with_the_next_one)
{
	struct rig rig;
	struct zone_entry *entry = reloaded(&rig, SOA("7"), NULL, SOA("7") "www 60 IN A 127.0.0.3\n", ZT_OK);
	assert_zone(entry, SOA("8") "www 60 IN A 127.0.0.3\n");
	rig_close(&rig);
	/* Also over a restart, the served serial counts. */
	rig_open(&rig);
	entry = rig_zone(&rig, "example.", "example.zone");
	ck_assert_uint_eq(loader_load_all(&rig.manage), 0);
	ck_assert_uint_eq(serial_of(entry), 8);
	rig_close(&rig);
}
END_TEST

START_TEST(an_older_serial_alone_makes_no_new_version)
{
	struct rig rig;
	struct zone_entry *entry = reloaded(&rig, SOA("7"), NULL, SOA("5"), ZT_OK);
	ck_assert_uint_eq(serial_of(entry), 7);
	rig_close(&rig);
	entry = reloaded(&rig, SOA("7"), "u add new.example. 60 A 127.0.0.9", SOA("7") "; a comment\n", ZT_OK);
	ck_assert_uint_eq(serial_of(entry), 8);
	assert_zone(entry, SOA("8") "new 60 IN A 127.0.0.9\n");
	rig_close(&rig);
}
END_TEST

START_TEST(a_newer_serial_alone_makes_a_new_version)
{
	struct rig rig;
	struct zone_entry *entry = reloaded(&rig, SOA("7"), NULL, SOA("4000"), ZT_OK);
	ck_assert_uint_eq(serial_of(entry), 4000);
	rig_close(&rig);
}
END_TEST

START_TEST(a_broken_file_leaves_the_old_zone_serving_and_says_so)
{
	struct rig rig;
	struct zone_entry *entry = reloaded(&rig, SOA("7"), NULL, SOA("8") "www 60 IN A 300.0.0.1\n", ZT_ESYNTAX);
	assert_zone(entry, SOA("7"));
	ck_assert_ptr_nonnull(strstr(entry->last_error, "example.zone:4:"));
	ck_assert_int_eq(atomic_load(&entry->served->state), SERVED_OK);
	/* The same file again is tried again, and told again. */
	ck_assert_int_eq(loader_reload(&rig.manage, entry, NULL), ZT_ESYNTAX);
	write_file("example.zone", SOA("7"));
	ck_assert_int_eq(loader_reload(&rig.manage, entry, NULL), ZT_OK);
	ck_assert_str_eq(entry->last_error, "");
	rig_close(&rig);
}
END_TEST

START_TEST(an_include_that_changed_is_noticed)
{
	struct rig rig;
	bool changed;
	write_file("example.zone", SOA("7") "$INCLUDE more\n");
	write_file("more", "www 60 IN A 127.0.0.2\n");
	rig_open(&rig);
	struct zone_entry *entry = rig_zone(&rig, "example.", "example.zone");
	ck_assert_uint_eq(loader_load_all(&rig.manage), 0);
	ck_assert_int_eq(loader_reload(&rig.manage, entry, &changed), ZT_OK);
	ck_assert(!changed);
	write_file("more", "www 60 IN A 127.0.0.3\n");
	ck_assert_int_eq(loader_reload(&rig.manage, entry, &changed), ZT_OK);
	ck_assert(changed);
	assert_zone(entry, SOA("8") "www 60 IN A 127.0.0.3\n");
	rig_close(&rig);
}
END_TEST

START_TEST(updates_are_carried_over_a_hand_edit)
{
	struct rig rig;
	struct zone_entry *entry = reloaded(&rig,
		SOA("7") "www 60 IN A 127.0.0.2\nwww 60 IN A 127.0.0.3\ngone 60 IN A 127.0.0.4\nttl 60 IN A 127.0.0.5\nc1 60 IN CNAME a\nc2 60 IN CNAME a\n",
		"u add www.example. 60 A 127.0.0.9\nu del www.example. A 127.0.0.3\nu del gone.example.\nu add ttl.example. 30 A 127.0.0.5\n"
		"u add new.example. 60 TXT \"x\"\nu add c1.example. 60 CNAME b.example.\nu add c2.example. 60 CNAME b.example.",
		SOA("7") "www 90 IN A 127.0.0.2\nwww 90 IN A 127.0.0.3\nwww 90 IN A 127.0.0.6\ngone 60 IN A 127.0.0.4\nttl 60 IN A 127.0.0.5\n"
		"c1 60 IN CNAME a\nc2 60 IN CNAME z\nadded 60 IN A 127.0.0.7\n", ZT_OK);
	assert_zone(entry, SOA("9") "www 90 IN A 127.0.0.2\nwww 90 IN A 127.0.0.6\nwww 90 IN A 127.0.0.9\nttl 30 IN A 127.0.0.5\nnew 60 IN TXT \"x\"\n"
		"c1 60 IN CNAME b\nc2 60 IN CNAME z\nadded 60 IN A 127.0.0.7\n");
	ck_assert_uint_eq(versions_since(&rig, entry, 7), 2);
	/* And over the next. */
	write_file("example.zone", SOA("50") "www 60 IN A 127.0.0.2\n");
	ck_assert_int_eq(loader_reload(&rig.manage, entry, NULL), ZT_OK);
	assert_zone(entry, SOA("50") "www 60 IN A 127.0.0.2\nwww 60 IN A 127.0.0.9\nnew 60 IN TXT \"x\"\nc1 60 IN CNAME b\n");
	rig_close(&rig);
	rig_open(&rig);
	entry = rig_zone(&rig, "example.", "example.zone");
	ck_assert_uint_eq(loader_load_all(&rig.manage), 0);
	assert_zone(entry, SOA("50") "www 60 IN A 127.0.0.2\nwww 60 IN A 127.0.0.9\nnew 60 IN TXT \"x\"\nc1 60 IN CNAME b\n");
	rig_close(&rig);
}
END_TEST

START_TEST(what_update_made_of_the_soa_is_carried_over_unless_the_file_changes_it)
{
	struct rig rig;
	const char *script = "u add example. 300 SOA ns.example. admin.example. 30 3600 600 86400 60";
	struct zone_entry *entry = reloaded(&rig, SOA("7"), script, SOA("31") "www 60 IN A 127.0.0.2\n", ZT_OK);
	assert_zone(entry, "@ 300 IN SOA ns admin 31 3600 600 86400 60\n@ 300 IN NS ns\nns 300 IN A 127.0.0.1\nwww 60 IN A 127.0.0.2\n");
	rig_close(&rig);
	temp_dir_remove(dir);
	temp_dir_make(dir);
	entry = reloaded(&rig, SOA("7"), script,
		"@ 300 IN SOA ns third 8 3600 600 86400 300\n@ 300 IN NS ns\nns 300 IN A 127.0.0.1\n", ZT_OK);
	assert_zone(entry, "@ 300 IN SOA ns third 31 3600 600 86400 300\n@ 300 IN NS ns\nns 300 IN A 127.0.0.1\n");
	rig_close(&rig);
}
END_TEST

START_TEST(a_hand_edit_that_collides_with_an_update_is_refused)
{
	struct rig rig;
	struct zone_entry *entry = reloaded(&rig, SOA("7"), "u add x.example. 60 A 127.0.0.9", SOA("9") "x 60 IN CNAME ns\n", ZT_EZONE);
	assert_zone(entry, SOA("8") "x 60 IN A 127.0.0.9\n");
	ck_assert_ptr_nonnull(strstr(entry->last_error, "x.example."));
	rig_close(&rig);
}
END_TEST

START_TEST(a_zone_that_expired_as_a_secondary_is_served_once_it_is_a_primary)
{
	struct rig rig;

	write_file("example.zone", SOA("7"));
	rig_open(&rig);
	struct zone_entry *entry = rig_zone(&rig, "example.", "example.zone");
	ck_assert_uint_eq(loader_load_all(&rig.manage), 0);
	atomic_store(&entry->served->state, SERVED_EXPIRED);
	ck_assert_int_eq(loader_reload(&rig.manage, entry, NULL), ZT_OK);
	ck_assert_int_eq(atomic_load(&entry->served->state), SERVED_OK);
	rig_close(&rig);
}
END_TEST

/* ---- commit ------------------------------------------------------------------------------------------------------------------------------ */

static struct zone_edit *edit_of(struct zone_entry *entry, const char *script)
{
	struct zone_edit *edit;
	ck_assert_int_eq(zone_edit_begin(entry->zone, &edit), ZT_OK);
	zone_text_change(edit, script);
	return edit;
}

START_TEST(each_item_of_a_commit_is_judged_on_its_own)
{
	struct rig rig;
	write_file("z", SOA("7"));
	rig_open(&rig);
	struct zone_entry *a = rig_zone(&rig, "a.", "z"), *b = rig_zone(&rig, "b.", "z"), *c = rig_zone(&rig, "c.", "z");
	ck_assert_uint_eq(loader_load_all(&rig.manage), 0);
	announced = 0;
	struct journal_state state = { "refreshed", "now", 3 };
	struct commit_item items[] = {
		{ .entry = a, .edit = edit_of(a, "+ x 60 IN A 127.0.0.2\n+ x 60 IN CNAME ns\n= 8"), .source = JOURNAL_IXFR },
		{ .entry = b, .edit = edit_of(b, "+ x 60 IN A 127.0.0.2\n= 8"), .source = JOURNAL_IXFR },
		{ .entry = c, .edit = edit_of(c, "+ x 60 IN A 127.0.0.2\n= 7"), .source = JOURNAL_IXFR, .states = &state, .state_count = 1 },
	};
	commit_edits(&rig.manage, items, 3);
	ck_assert_int_eq(items[0].status, ZT_EZONE);
	ck_assert_ptr_nonnull(strstr(items[0].error, "x.a."));
	ck_assert_int_eq(items[1].status, ZT_OK);
	ck_assert(items[1].changed);
	ck_assert_int_eq(items[2].status, ZT_ESERIAL);
	ck_assert_uint_eq(announced, 1);
	assert_zone(a, SOA("7"));
	assert_zone(b, SOA("8") "x 60 IN A 127.0.0.2\n");
	assert_zone(c, SOA("7"));

	/* Nothing changed: only the state is stored. */
	items[2] = (struct commit_item){ .entry = c, .edit = edit_of(c, ""), .source = JOURNAL_IXFR, .states = &state, .state_count = 1 };
	commit_edits(&rig.manage, &items[2], 1);
	ck_assert_int_eq(items[2].status, ZT_OK);
	ck_assert(!items[2].changed);
	struct buf value;
	buf_init(&value);
	ck_assert_int_eq(journal_state_get(rig.manage.journal, c->apex, "refreshed", &value), ZT_OK);
	buf_fini(&value);

	/* AXFR may go anywhere; the history starts anew then. */
	items[2] = (struct commit_item){ .entry = c, .edit = edit_of(c, "+ y 60 IN A 127.0.0.2\n= 3"), .source = JOURNAL_AXFR };
	commit_edits(&rig.manage, &items[2], 1);
	ck_assert_int_eq(items[2].status, ZT_OK);
	assert_zone(c, SOA("3") "y 60 IN A 127.0.0.2\n");
	ck_assert_uint_eq(versions_since(&rig, c, 7), 999);
	/* And with a newer serial it is a difference. */
	items[2] = (struct commit_item){ .entry = c, .edit = edit_of(c, "+ z 60 IN A 127.0.0.2\n= 4"), .source = JOURNAL_AXFR };
	commit_edits(&rig.manage, &items[2], 1);
	ck_assert_uint_eq(versions_since(&rig, c, 3), 1);
	rig_close(&rig);
}
END_TEST

/* ---- updater ------------------------------------------------------------------------------------------------------------------------------- */

static void rig_with_zones(struct rig *rig)
{
	write_file("example.zone", SOA("7") "www 60 IN A 127.0.0.2\n");
	write_file("other.zone", SOA("7"));
	rig_open(rig);
	rig_zone(rig, "example.", "example.zone");
	rig_zone(rig, "other.", "other.zone");
	ck_assert_uint_eq(loader_load_all(&rig->manage), 0);
	announced = 0;
}

START_TEST(who_may_update_what_is_decided_first)
{
	struct rig rig;
	rig_with_zones(&rig);
	ck_assert_int_eq(send_from(&rig, "127.0.0.1", "www.example.", "u add a.www.example. 60 A 127.0.0.9"), RCODE_NOTAUTH);
	ck_assert_int_eq(send_from(&rig, "127.0.0.1", "test.", ""), RCODE_NOTAUTH);
	ck_assert_int_eq(send_from(&rig, "192.0.2.1", "example.", "p yxdomain none.example."), RCODE_REFUSED);
	ck_assert_int_eq(update(&rig, "p yxdomain none.example."), RCODE_NXDOMAIN);
	ck_assert_int_eq(update(&rig, "u add a.test. 60 A 127.0.0.9"), RCODE_NOTZONE);
	rig.options[0].allow_update = NULL;
	ck_assert_int_eq(update(&rig, "u add a.example. 60 A 127.0.0.9"), RCODE_REFUSED);
	rig.options[0].allow_update = &rig.local;
	ck_assert_int_eq(update(&rig, "u add a.example. 60 A 127.0.0.9"), RCODE_NOERROR);
	ck_assert_uint_eq(announced, 1);
	ck_assert_uint_eq(serial_of(rig.entries[0]), 8);
	/* Nothing to do is success without a new version. */
	ck_assert_int_eq(update(&rig, "u add a.example. 60 A 127.0.0.9"), RCODE_NOERROR);
	ck_assert_uint_eq(announced, 1);
	ck_assert_uint_eq(serial_of(rig.entries[0]), 8);
	rig_close(&rig);
}
END_TEST

START_TEST(waiting_updates_share_a_version_and_see_one_another)
{
	struct rig rig;
	char rcodes[17];
	const char *scripts[] = {
		"u add a.example. 60 A 127.0.0.9",
		"p nxdomain a.example.\nu add b.example. 60 A 127.0.0.9",
		"p yxdomain a.example.\nu add c.example. 60 A 127.0.0.9",
		"u add d.other. 60 A 127.0.0.9",
		"u add e.example. 60 A 127.0.0.9\nu add f.test. 60 A 127.0.0.9",
		"u del a.example.",
	};
	rig_with_zones(&rig);
	update_many(&rig, scripts, 6, rcodes);
	char expected[] = { '0', '0' + RCODE_YXDOMAIN, '0', '0', '0' + RCODE_NOTZONE, '0', 0 };
	ck_assert_str_eq(rcodes, expected);
	ck_assert_uint_eq(announced, 2);
	assert_zone(rig.entries[0], SOA("8") "www 60 IN A 127.0.0.2\nc 60 IN A 127.0.0.9\n");
	assert_zone(rig.entries[1], SOA("8") "d 60 IN A 127.0.0.9\n");
	ck_assert_uint_eq(versions_since(&rig, rig.entries[0], 7), 1);
	rig_close(&rig);
}
END_TEST

START_TEST(an_update_that_breaks_the_zones_rules_leaves_no_trace_in_its_batch)
{
	struct rig rig;
	char rcodes[17];
	const char *scripts[] = {
		"u add a.example. 60 A 127.0.0.9",
		"u add ok.example. 60 A 127.0.0.9\nu add d.example. 60 DNAME test.\nu add below.d.example. 60 A 127.0.0.9",
		"p nxdomain ok.example.\nu add b.example. 60 A 127.0.0.9",
		"u add e.other. 60 A 127.0.0.9",
	};
	rig_with_zones(&rig);
	update_many(&rig, scripts, 4, rcodes);
	ck_assert_str_eq(rcodes, "0500");
	assert_zone(rig.entries[0], SOA("9") "www 60 IN A 127.0.0.2\na 60 IN A 127.0.0.9\nb 60 IN A 127.0.0.9\n");
	assert_zone(rig.entries[1], SOA("8") "e 60 IN A 127.0.0.9\n");
	rig_close(&rig);
}
END_TEST

START_TEST(malformed_messages_get_format_errors_and_headerless_ones_silence)
{
	struct rig rig;
	struct request *request = request_new(REQUEST_UPDATE);
	struct buf wire;
	rig_with_zones(&rig);
	update_message_make(&wire, "example.", "u add a.example. 60 A 127.0.0.9");
	request->wire = buf_take(&wire, &request->wire_len);
	request->wire_len -= 2;
	ck_assert_int_eq(netaddr_from_text(&request->peer, "127.0.0.1", 53), ZT_OK);
	updater_run(&rig.manage, &request, 1);
	ck_assert_uint_eq(request->reply.data[3] & 0xf, RCODE_FORMERR);
	buf_clear(&request->reply);
	request->wire_len = 11;
	updater_run(&rig.manage, &request, 1);
	ck_assert_uint_eq(request->reply.len, 0);
	request_free(request);
	rig_close(&rig);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("pipeline");
	TCase *tcase = tcase_create("pipeline");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, a_zone_file_is_loaded_and_served);
	tcase_add_test(tcase, a_broken_file_refuses_its_zone_and_no_other);
	tcase_add_test(tcase, a_secondary_with_nothing_stored_waits_for_its_transfer);
	tcase_add_test(tcase, updates_survive_a_restart_without_reading_the_file);
	tcase_add_test(tcase, a_file_that_changed_over_a_restart_gives_a_difference);
	tcase_add_test(tcase, without_a_journal_the_file_is_read_again);
	tcase_add_test(tcase, a_large_file_is_served_before_its_content_is_stored);
	tcase_add_test(tcase, another_content_than_the_pledged_one_gets_a_newer_serial);
	tcase_add_test(tcase, a_change_of_a_pledged_zone_is_stored_behind_its_content);
	tcase_add_test(tcase, with_a_damaged_content_the_file_is_read_and_the_serial_goes_on);
	tcase_add_test(tcase, an_edited_file_becomes_a_difference);
	tcase_add_test(tcase, a_file_whose_serial_did_not_move_is_served_with_the_next_one);
	tcase_add_test(tcase, an_older_serial_alone_makes_no_new_version);
	tcase_add_test(tcase, a_newer_serial_alone_makes_a_new_version);
	tcase_add_test(tcase, a_broken_file_leaves_the_old_zone_serving_and_says_so);
	tcase_add_test(tcase, an_include_that_changed_is_noticed);
	tcase_add_test(tcase, updates_are_carried_over_a_hand_edit);
	tcase_add_test(tcase, what_update_made_of_the_soa_is_carried_over_unless_the_file_changes_it);
	tcase_add_test(tcase, a_hand_edit_that_collides_with_an_update_is_refused);
	tcase_add_test(tcase, a_zone_that_expired_as_a_secondary_is_served_once_it_is_a_primary);
	tcase_add_test(tcase, each_item_of_a_commit_is_judged_on_its_own);
	tcase_add_test(tcase, who_may_update_what_is_decided_first);
	tcase_add_test(tcase, waiting_updates_share_a_version_and_see_one_another);
	tcase_add_test(tcase, an_update_that_breaks_the_zones_rules_leaves_no_trace_in_its_batch);
	tcase_add_test(tcase, malformed_messages_get_format_errors_and_headerless_ones_silence);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}

/* lib/zone/journal under crashes and failing disks: at every boundary between two writes or syncs, whatever part of the unsynced writes got to
 * the disk, every acknowledged change is there, each transaction whole; and a call that fails changes nothing. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/wire.h"
#include "lib/zone/journal.h"
#include "lib/zone/journal_row.h"
#include "tests/support/faultfs.h"
#include "tests/support/suite.h"
#include "tests/support/zone_text.h"

enum { OPS_MAX = 200, FILE_ZONE = 0, SECONDARY_ZONE = 1, ZONES = 2 };

static const char *const apexes[ZONES] = { "file.", "secondary." };
static char dir[64], crash_dir[64];
static struct log quiet;

/* What the journal holds after a number of operations. */
struct snapshot {
	uint32_t serial[ZONES];
	struct fingerprint fingerprint[ZONES];
	char state;
};

struct world {
	struct journal *journal;
	struct zone *zones[ZONES];
	struct zone *file;                     /* the zone file's content */
	char state;
	unsigned done;                         /* operations acknowledged */
	struct snapshot after[OPS_MAX + 1];
};

static struct journal *open_in(const char *folder)
{
	struct journal_options options = { .dir = folder, .map_size = 1 << 28, .history_limit = 24 * 1024, .key = &zone_text_key, .log = &quiet };
	struct journal *journal;
	ck_assert_int_eq(journal_open(&journal, &options), ZT_OK);
	return journal;
}

static struct snapshot snapshot_of(const struct world *world)
{
	struct snapshot snapshot = { .state = world->state };
	for (unsigned i = 0; i < ZONES; i++) {
		snapshot.serial[i] = zone_version_serial(zone_current(world->zones[i]));
		snapshot.fingerprint[i] = zone_summary(zone_current(world->zones[i])).fingerprint;
	}
	return snapshot;
}

static void world_open(struct world *world)
{
	memset(world, 0, sizeof(*world));
	temp_dir_make(dir);
	char path[128];
	snprintf(path, sizeof(path), "%s/journal.mdb", dir);
	faultfs_watch(path);
	world->journal = open_in(dir);
	for (unsigned i = 0; i < ZONES; i++)
		world->zones[i] = zone_text_new(apexes[i], NULL);
	world->file = zone_text_new(apexes[FILE_ZONE], NULL);
	world->state = '0';
	world->after[0] = snapshot_of(world);
}

static void world_close(struct world *world)
{
	journal_close(world->journal);
	for (unsigned i = 0; i < ZONES; i++)
		zone_free(world->zones[i]);
	zone_free(world->file);
	faultfs_watch("");
	temp_dir_remove(dir);
}

/* ---- operations ------------------------------------------------------------------------------------------------------------------- */

/* Zones of a transaction under way. */
struct transaction {
	struct world *world;
	struct journal_commit items[ZONES];
	struct zone_edit *edits[ZONES];
	struct changeset changes[ZONES];
	struct journal_state state;
	char state_value;
	unsigned count;
};

static void transaction_add(struct transaction *transaction, unsigned zone, const char *script, enum journal_source source)
{
	unsigned at = transaction->count++;
	struct zone *target = transaction->world->zones[zone];
	struct rrset soa;

	ck_assert_int_eq(zone_edit_begin(target, &transaction->edits[at]), ZT_OK);
	zone_text_change(transaction->edits[at], script);
	changeset_init(&transaction->changes[at]);
	bool is_first = !zone_version_soa(zone_current(target), &soa);
	if (!is_first)
		ck_assert_int_eq(zone_edit_changeset(transaction->edits[at], &transaction->changes[at]), ZT_OK);
	transaction->items[at] = (struct journal_commit){
		.apex = zone_apex(target), .from = zone_current(target), .to = zone_edit_view(transaction->edits[at]),
		.change = is_first ? NULL : &transaction->changes[at], .source = source, .wall = 1,
	};
}

static void transaction_state(struct transaction *transaction, char value)
{
	transaction->state_value = value;
	transaction->state = (struct journal_state){ "state", &transaction->state_value, 1 };
	transaction->items[0].states = &transaction->state;
	transaction->items[0].state_count = 1;
}

/* Commits; publishes where the journal took it. */
static int transaction_end(struct transaction *transaction)
{
	int status = journal_commit(transaction->world->journal, transaction->items, transaction->count);

	for (unsigned i = 0; i < transaction->count; i++) {
		changeset_fini(&transaction->changes[i]);
		if (status == ZT_OK)
			zone_edit_publish(transaction->edits[i]);
		else
			zone_edit_abort(transaction->edits[i]);
	}
	if (status == ZT_OK && transaction->state.name)
		transaction->world->state = transaction->state_value;
	return status;
}

static const char first_content[] =
	"+ @ 300 IN SOA ns hostmaster 1 3600 600 86400 300\n"
	"+ @ 300 IN NS ns\n"
	"+ ns 300 IN A 127.0.0.1\n";

/* Adds a name, drops an earlier one now and then, moves the serial on. */
static void small_script(const struct world *world, unsigned zone, char out[512])
{
	uint32_t serial = zone_version_serial(zone_current(world->zones[zone])) + 1;
	char name[64];
	int len = snprintf(out, 512, "+ n%u 60 IN A 127.0.0.2\n= %u", world->done, serial);

	snprintf(name, sizeof(name), "n%u.%s", world->done - 5, apexes[zone]);
	if (world->done > 5 && zone_get(zone_current(world->zones[zone]), zone_text_name(name)))
		snprintf(out + len, 512 - (size_t)len, "\n- n%u 60 IN A 127.0.0.2", world->done - 5);
}

static void large_script(const struct world *world, char *out, size_t size)
{
	size_t len = 0;

	for (unsigned i = 0; i < 40; i++)
		len += (size_t)snprintf(out + len, size - len, "+ big%u-%u 60 IN TXT \"%0200u\"\n", world->done, i, i);
	snprintf(out + len, size - len, "= %u", zone_version_serial(zone_current(world->zones[SECONDARY_ZONE])) + 1);
}

static int do_file_operation(struct world *world, struct transaction *transaction, const char *script)
{
	if (!zone_version_apex(zone_current(world->file)))
		zone_text_publish(world->file, first_content);
	transaction_add(transaction, FILE_ZONE, script, JOURNAL_RELOAD);
	transaction->items[0].base = zone_current(world->file);
	transaction->items[0].origin = (const uint8_t *)"origin";
	transaction->items[0].origin_len = 6;
	return transaction_end(transaction);
}

/* Operation number world->done. */
static int do_operation(struct world *world)
{
	struct transaction transaction = { .world = world };
	char script[512];
	char *large = malloc(16384);
	int status;

	switch (world->done < 2 ? world->done : 2 + world->done % 8) {
	case 0:
		status = do_file_operation(world, &transaction, first_content);
		break;
	case 1:
		transaction_add(&transaction, SECONDARY_ZONE, first_content, JOURNAL_AXFR);
		transaction_state(&transaction, 'a');
		status = transaction_end(&transaction);
		break;
	case 4:          /* both zones and a state in one */
		small_script(world, FILE_ZONE, script);
		transaction_add(&transaction, FILE_ZONE, script, JOURNAL_UPDATE);
		small_script(world, SECONDARY_ZONE, script);
		transaction_add(&transaction, SECONDARY_ZONE, script, JOURNAL_IXFR);
		transaction_state(&transaction, (char)('A' + world->done % 26));
		status = transaction_end(&transaction);
		break;
	case 5:
		large_script(world, large, 16384);
		transaction_add(&transaction, SECONDARY_ZONE, large, JOURNAL_IXFR);
		status = transaction_end(&transaction);
		break;
	case 7:          /* the file is read again; nothing but its identity is new in it */
		small_script(world, FILE_ZONE, script);
		status = do_file_operation(world, &transaction, script);
		break;
	case 8:          /* replaced without a difference */
		small_script(world, SECONDARY_ZONE, script);
		transaction_add(&transaction, SECONDARY_ZONE, script, JOURNAL_AXFR);
		transaction.items[0].change = NULL;
		status = transaction_end(&transaction);
		break;
	default:
		small_script(world, FILE_ZONE, script);
		transaction_add(&transaction, FILE_ZONE, script, JOURNAL_UPDATE);
		status = transaction_end(&transaction);
		break;
	}
	free(large);
	if (status == ZT_OK) {
		world->after[++world->done] = snapshot_of(world);
		faultfs_mark(world->done);
	}
	return status;
}

/* ---- checking ----------------------------------------------------------------------------------------------------------------------- */

struct chain {
	const struct world *world;
	unsigned zone;
	uint32_t serial;                       /* expected as the next one's to_serial */
};

/* Every step of the history is one that was made. */
static int check_version(void *context, const struct journal_version *version)
{
	struct chain *chain = context;
	bool known = false;

	ck_assert_uint_eq(version->to_serial, chain->serial);
	for (unsigned i = 0; i <= chain->world->done + 1 && i <= OPS_MAX && !known; i++)
		known = chain->world->after[i].serial[chain->zone] == version->to_serial &&
			fingerprint_equal(chain->world->after[i].fingerprint[chain->zone], version->fingerprint);
	ck_assert_msg(known, "a version of %s that never was: %u", apexes[chain->zone], version->to_serial);
	chain->serial = version->from_serial;
	return ZT_OK;
}

static int count_difference(void *context, const struct journal_version *version, const struct changeset *change)
{
	ck_assert_uint_eq(version->added_count, change->added_count);
	++*(uint64_t *)context;
	return ZT_OK;
}

static void check_history(const struct world *world, struct journal *journal, unsigned zone, uint32_t serial)
{
	struct chain chain = { world, zone, serial };
	struct journal_history info;
	uint64_t count = 0;
	const uint8_t *apex = zone_text_name(apexes[zone]);

	int status = journal_history_info(journal, apex, &info);
	if (status == ZT_ENOENT)
		return;
	ck_assert_int_eq(status, ZT_OK);
	ck_assert_uint_eq(info.serial, serial);
	ck_assert_int_eq(journal_history_list(journal, apex, SIZE_MAX, check_version, &chain), ZT_OK);
	if (info.count == 0)
		return;
	ck_assert_uint_eq(chain.serial, info.oldest_serial);
	struct journal_span span = { apex, info.oldest_serial, serial };
	ck_assert_int_eq(journal_history_read(journal, &span, count_difference, &count), ZT_OK);
	ck_assert_uint_eq(count, info.count);
}

/* What a journal holds. */
static struct snapshot look(struct journal *journal, struct zone *zones[ZONES])
{
	struct snapshot found = { .state = '0' };
	struct zone_edit *edit;
	struct buf state;

	for (unsigned i = 0; i < ZONES; i++) {
		zones[i] = zone_text_new(apexes[i], NULL);
		ck_assert_int_eq(zone_edit_begin(zones[i], &edit), ZT_OK);
		int status = journal_content_load(journal, zone_apex(zones[i]), edit);
		ck_assert_msg(status == ZT_OK || status == ZT_ENOENT, "%s: %s", apexes[i], status_text(status));
		if (status == ZT_OK)
			zone_edit_publish(edit);
		else
			zone_edit_abort(edit);
		found.serial[i] = zone_version_serial(zone_current(zones[i]));
		found.fingerprint[i] = zone_summary(zone_current(zones[i])).fingerprint;
	}
	buf_init(&state);
	/* The state is stored with one zone or the other, always the same way. */
	for (unsigned i = 0; i < ZONES; i++) {
		buf_clear(&state);
		int status = journal_state_get(journal, zone_apex(zones[i]), "state", &state);
		ck_assert(status == ZT_OK || status == ZT_ENOENT);
		if (status == ZT_OK && (i == FILE_ZONE || found.state == '0'))
			found.state = (char)state.data[0];
	}
	buf_fini(&state);
	return found;
}

static bool same(const struct snapshot *a, const struct snapshot *b)
{
	for (unsigned i = 0; i < ZONES; i++)
		if (a->serial[i] != b->serial[i] || !fingerprint_equal(a->fingerprint[i], b->fingerprint[i]))
			return false;
	return a->state == b->state;
}

static void free_zones(struct zone *zones[ZONES])
{
	for (unsigned i = 0; i < ZONES; i++)
		zone_free(zones[i]);
}

/* A commit on what was restored. */
static void check_goes_on(struct journal *journal, struct zone *zone)
{
	struct zone_edit *edit;
	struct changeset change;
	struct rrset soa;

	if (!zone_version_soa(zone_current(zone), &soa))
		return;
	char script[64];
	snprintf(script, sizeof(script), "+ after 60 IN A 127.0.0.7\n= %u", zone_version_serial(zone_current(zone)) + 1);
	ck_assert_int_eq(zone_edit_begin(zone, &edit), ZT_OK);
	zone_text_change(edit, script);
	changeset_init(&change);
	ck_assert_int_eq(zone_edit_changeset(edit, &change), ZT_OK);
	struct journal_commit item = {
		.apex = zone_apex(zone), .from = zone_current(zone), .to = zone_edit_view(edit), .change = &change, .source = JOURNAL_UPDATE,
	};
	ck_assert_int_eq(journal_commit(journal, &item, 1), ZT_OK);
	zone_edit_publish(edit);
	changeset_fini(&change);
}

/* Opens an image as a restarted daemon would. `acked`: operations that must be there; at most one more may be. */
static void check_image(const struct world *world, const struct buf *image, unsigned acked, bool go_on)
{
	struct zone *zones[ZONES];
	char path[128];

	snprintf(path, sizeof(path), "%s/journal.mdb", crash_dir);
	FILE *out = fopen(path, "wb");
	ck_assert_ptr_nonnull(out);
	ck_assert_uint_eq(fwrite(image->data, 1, image->len, out), image->len);
	fclose(out);
	struct journal *journal = open_in(crash_dir);
	struct snapshot found = look(journal, zones);
	bool is_next = acked < world->done && same(&found, &world->after[acked + 1]);
	ck_assert_msg(is_next || same(&found, &world->after[acked]), "after operation %u: serials %u and %u, state %c", acked, found.serial[0],
		found.serial[1], found.state);
	for (unsigned i = 0; i < ZONES; i++)
		check_history(world, journal, i, found.serial[i]);
	if (go_on)
		check_goes_on(journal, zones[FILE_ZONE]);
	free_zones(zones);
	journal_close(journal);
}

/* ---- tests ---------------------------------------------------------------------------------------------------------------------------- */

static void setup(void)
{
	log_init(&quiet, -1, "test");
	temp_dir_make(crash_dir);
}

static void teardown(void)
{
	temp_dir_remove(crash_dir);
}

static const enum faultfs_choice choices[] = { FAULTFS_NONE, FAULTFS_ALL, FAULTFS_SOME, FAULTFS_TORN, FAULTFS_TORN };

START_TEST(a_crash_at_any_boundary_loses_nothing_acknowledged_and_leaves_nothing_half)
{
	uint64_t random = suite_seed("a_crash_at_any_boundary_loses_nothing_acknowledged_and_leaves_nothing_half") | 1;
	unsigned operations = (unsigned)suite_rounds(40), acked = 0, images = 0;
	struct world *world = malloc(sizeof(*world));
	struct faultfs_walk *walk = malloc(sizeof(*walk));
	struct buf image;

	world_open(world);
	while (world->done < operations && world->done < OPS_MAX)
		ck_assert_int_eq(do_operation(world), ZT_OK);
	buf_init(&image);
	faultfs_walk_init(walk);
	do {
		if (walk->next > 0 && faultfs_event(walk->next - 1)->kind == FAULTFS_MARK)
			acked = (unsigned)faultfs_event(walk->next - 1)->offset;
		for (unsigned i = 0; i < sizeof(choices) / sizeof(*choices); i++) {
			faultfs_walk_image(walk, choices[i], &random, &image);
			check_image(world, &image, acked, images++ % 7 == 0);
		}
	} while (faultfs_walk_step(walk));
	ck_assert_uint_eq(acked, operations);
	printf("# %u images of %zu boundaries\n", images, faultfs_event_count());
	faultfs_walk_fini(walk);
	buf_fini(&image);
	world_close(world);
	free(walk);
	free(world);
}
END_TEST

START_TEST(a_crash_while_a_large_base_is_written_leaves_the_old_content)
{
	uint64_t random = suite_seed("a_crash_while_a_large_base_is_written_leaves_the_old_content") | 1;
	struct world *world = malloc(sizeof(*world));
	struct faultfs_walk *walk = malloc(sizeof(*walk));
	char *script = malloc(16 << 20);
	struct buf image;
	unsigned acked = 0;
	size_t len = 0;

	world_open(world);
	for (unsigned i = 0; i < 4; i++)
		ck_assert_int_eq(do_operation(world), ZT_OK);
	struct transaction transaction = { .world = world };
	for (unsigned i = 0; i < 40000; i++)
		len += (size_t)snprintf(script + len, (16 << 20) - len, "+ big%u 60 IN TXT \"%0250u\"\n", i, i);
	snprintf(script + len, (16 << 20) - len, "= 77");
	transaction_add(&transaction, SECONDARY_ZONE, script, JOURNAL_AXFR);
	transaction.items[0].change = NULL;
	ck_assert_int_eq(transaction_end(&transaction), ZT_OK);
	world->after[++world->done] = snapshot_of(world);
	faultfs_mark(world->done);
	ck_assert_int_eq(journal_flush(world->journal), ZT_OK);
	buf_init(&image);
	faultfs_walk_init(walk);
	unsigned images = 0;
	while (faultfs_walk_step(walk)) {
		const struct faultfs_event *event = faultfs_event(walk->next - 1);
		if (event->kind == FAULTFS_MARK)
			acked = (unsigned)event->offset;
		/* Every boundary at a sync, and some of the others. */
		if (acked < 4 || (event->kind == FAULTFS_WRITE && random % 16 != 0 && (random = random * 6364136223846793005u + 1442695040888963407u)))
			continue;
		faultfs_walk_image(walk, images++ % 2 ? FAULTFS_TORN : FAULTFS_NONE, &random, &image);
		check_image(world, &image, acked, images % 8 == 0);
	}
	ck_assert_uint_eq(acked, 5);
	faultfs_walk_fini(walk);
	buf_fini(&image);
	world_close(world);
	free(script);
	free(walk);
	free(world);
}
END_TEST

/* The running journal holds what was acknowledged. */
static void check_running(const struct world *world)
{
	struct zone *zones[ZONES];
	struct snapshot found = look(world->journal, zones);

	ck_assert_msg(same(&found, &world->after[world->done]), "operation %u: serials %u and %u", world->done, found.serial[0], found.serial[1]);
	free_zones(zones);
}

/* How often a meta page, which makes a commit count, has been written. */
static unsigned meta_writes(void)
{
	unsigned count = 0;

	for (size_t i = 0; i < faultfs_event_count(); i++)
		count += faultfs_event(i)->kind == FAULTFS_SYNCED_WRITE;
	return count;
}

static void fail_everywhere(enum faultfs_fault fault, int err, bool lasting)
{
	struct world *world = malloc(sizeof(*world));
	unsigned given = 0;

	world_open(world);
	while (world->done < 18) {
		for (unsigned at = 0;; at++) {
			unsigned done = world->done, metas = meta_writes();
			faultfs_fail(fault, err, at, lasting);
			int status = do_operation(world);
			if (!faultfs_heal()) {
				ck_assert_int_eq(status, ZT_OK);
				break;
			}
			given++;
			/* After a lie the operation may be on disk though its answer was an error: that is for the next one to find out. What fails after
			 * the commit counts was only to make the next one quicker. */
			bool may_succeed = fault >= FAULTFS_LIE || meta_writes() > metas;
			ck_assert_msg(status == ZT_EIO || status == ZT_ENOSPC || (may_succeed && status == ZT_OK), "operation %u, call %u: %s", done, at,
				status_text(status));
			if (status == ZT_OK)
				break;
			if (fault == FAULTFS_FAIL && err == ENOSPC)
				ck_assert_msg(status == ZT_ENOSPC || lasting, "operation %u, call %u: %s", done, at, status_text(status));
			if (fault < FAULTFS_LIE)
				check_running(world);
		}
		check_running(world);
	}
	ck_assert_uint_gt(given, 50);
	journal_close(world->journal);
	world->journal = open_in(dir);
	check_running(world);
	for (unsigned i = 0; i < ZONES; i++)
		check_history(world, world->journal, i, world->after[world->done].serial[i]);
	world_close(world);
	free(world);
}

START_TEST(a_full_disk_at_any_call_changes_nothing)
{
	fail_everywhere(FAULTFS_FAIL, ENOSPC, false);
	fail_everywhere(FAULTFS_FAIL, ENOSPC, true);
	fail_everywhere(FAULTFS_SHORT, ENOSPC, false);
	fail_everywhere(FAULTFS_SHORT, ENOSPC, true);
}
END_TEST

START_TEST(an_io_error_at_any_call_changes_nothing)
{
	fail_everywhere(FAULTFS_FAIL, EIO, false);
	fail_everywhere(FAULTFS_FAIL, EIO, true);
}
END_TEST

START_TEST(an_error_after_the_fact_at_any_call_is_survived)
{
	fail_everywhere(FAULTFS_LIE, EIO, false);
	fail_everywhere(FAULTFS_LIE, EIO, true);
	fail_everywhere(FAULTFS_LIE_AND_DIE, EIO, true);
}
END_TEST

/* Where the last page of the file ends that is not all zeros. */
static off_t filled_size(const char *path)
{
	static const uint8_t zeros[4096];
	uint8_t page[sizeof(zeros)];
	int fd = open(path, O_RDONLY);
	off_t filled = 0;

	ck_assert_int_ge(fd, 0);
	for (off_t at = 0; pread(fd, page, sizeof(page), at) == (ssize_t)sizeof(page); at += (off_t)sizeof(page))
		if (memcmp(page, zeros, sizeof(page)) != 0)
			filled = at + (off_t)sizeof(page);
	close(fd);
	return filled;
}

/* Commits that only overwrite are quick where the file system has a journal of its own. */
START_TEST(the_file_is_longer_than_what_fills_it)
{
	struct world *world = malloc(sizeof(*world));
	char path[128];
	struct stat st;

	world_open(world);
	while (world->done < 18)
		ck_assert_int_eq(do_operation(world), ZT_OK);
	snprintf(path, sizeof(path), "%s/journal.mdb", dir);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_int_ge(st.st_size, filled_size(path) + 16 * 1024);
	/* Nor does it grow with each opening. */
	for (unsigned i = 0; i < 20; i++) {
		journal_close(world->journal);
		world->journal = open_in(dir);
		ck_assert_int_eq(do_operation(world), ZT_OK);
	}
	off_t before = st.st_size;
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_int_le(st.st_size, before + 128 * 1024);
	world_close(world);
	free(world);
}
END_TEST

/* Former releases had one hash for all rows. */
START_TEST(chunks_of_former_releases_are_read_and_damaged_ones_are_not)
{
	static const struct fingerprint_key sum_key = { { 'z', 'o', 'n', 'e', 't', 'i', 'd', 'e', ' ', 'j', 'o', 'u', 'r', 'n', 'a', 'l' } };
	struct journal_key key;
	struct rcursor payload;
	struct buf row;

	journal_key_chunk(&key, 1, 2, 3);
	buf_init(&row);
	journal_row_begin(&row);
	buf_add(&row, "some records", 12);
	journal_row_seal(&row, key.bytes, key.len);
	uint64_t now = wire_get_u64(row.data);
	uint64_t former = fingerprint_of(&sum_key, key.bytes, key.len).lo + fingerprint_of(&sum_key, "some records", 12).hi;
	ck_assert_uint_ne(now, former);
	for (unsigned i = 0; i < 2; i++) {
		wire_put_u64(row.data, i ? former : now);
		ck_assert_int_eq(journal_row_open(&payload, key.bytes, key.len, row.data, row.len), ZT_OK);
		ck_assert_uint_eq(payload.len, 12);
		row.data[row.len - 1] ^= 1;
		ck_assert_int_eq(journal_row_open(&payload, key.bytes, key.len, row.data, row.len), ZT_ECORRUPT);
		row.data[row.len - 1] ^= 1;
		key.bytes[key.len - 1] ^= 1;
		ck_assert_int_eq(journal_row_open(&payload, key.bytes, key.len, row.data, row.len), ZT_ECORRUPT);
		key.bytes[key.len - 1] ^= 1;
	}
	buf_fini(&row);
}
END_TEST

/* LMDB numbers pages that a transaction takes and gives back, and does not write them. */
START_TEST(a_file_that_ends_before_a_page_not_in_use_is_sound)
{
	enum { LAST_PAGE_AT = 136, PAGE = 4096 };      /* in the meta pages, which are the first two */
	const struct journal_state state = { "note", (const uint8_t *)"x", 1 };
	char path[128];
	uint64_t last;
	struct buf kept;

	temp_dir_make(dir);
	struct zone *zone = zone_text_new("example.", NULL);
	struct journal *journal = open_in(dir);
	ck_assert_int_eq(journal_state_put(journal, zone_apex(zone), &state), ZT_OK);
	ck_assert_int_eq(journal_flush(journal), ZT_OK);
	journal_close(journal);
	snprintf(path, sizeof(path), "%s/journal.mdb", dir);
	int fd = open(path, O_RDWR);
	for (off_t at = LAST_PAGE_AT; at < 2 * PAGE; at += PAGE) {
		ck_assert_int_eq(pread(fd, &last, sizeof(last), at), sizeof(last));
		last += 100;
		ck_assert_int_eq(pwrite(fd, &last, sizeof(last), at), sizeof(last));
	}
	close(fd);
	journal = open_in(dir);
	buf_init(&kept);
	ck_assert_int_eq(journal_state_get(journal, zone_apex(zone), "note", &kept), ZT_OK);
	buf_fini(&kept);
	journal_close(journal);
	zone_free(zone);
	temp_dir_remove(dir);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("journal_crash");
	TCase *tcase = tcase_create("journal_crash");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_set_timeout(tcase, 300);
	tcase_add_test(tcase, a_crash_at_any_boundary_loses_nothing_acknowledged_and_leaves_nothing_half);
	tcase_add_test(tcase, a_crash_while_a_large_base_is_written_leaves_the_old_content);
	tcase_add_test(tcase, chunks_of_former_releases_are_read_and_damaged_ones_are_not);
	tcase_add_test(tcase, the_file_is_longer_than_what_fills_it);
	tcase_add_test(tcase, a_full_disk_at_any_call_changes_nothing);
	tcase_add_test(tcase, an_io_error_at_any_call_changes_nothing);
	tcase_add_test(tcase, an_error_after_the_fact_at_any_call_is_survived);
	tcase_add_test(tcase, a_file_that_ends_before_a_page_not_in_use_is_sound);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}

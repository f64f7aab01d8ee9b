/* lib/zone/changeset: what a difference says, how two become one, and what of a stored one is refused. */
#include <stdlib.h>
#include <string.h>

#include "lib/base/fingerprint.h"
#include "lib/dns/name.h"
#include "lib/dns/rrtype.h"
#include "lib/zone/changeset.h"
#include "tests/support/suite.h"

static const uint8_t *const owner = (const uint8_t *)"\1a\7example";

static struct change_record record_of(char address, uint32_t ttl)
{
	static const uint8_t addresses[] = "AAAABBBBCCCCDDDD";
	return (struct change_record){ owner, TYPE_A, ttl, addresses + 4 * (address - 'A'), 4 };
}

/* SOA rdata with root names and the serial. */
static struct change_record soa_of(uint8_t rdata[22], uint32_t serial)
{
	memset(rdata, 0, 22);
	wire_put_u32(rdata + 2, serial);
	return (struct change_record){ owner + 2, TYPE_SOA, 60, rdata, 22 };
}

/* Letters A to D name records; a digit after one gives its TTL: changed(&change, "A1B1", "C2"). */
static void fill(struct changeset *change, const char *removed, const char *added)
{
	struct change_record record;

	changeset_init(change);
	for (const char *p = removed; *p; p += 2) {
		record = record_of(p[0], (uint32_t)(p[1] - '0'));
		changeset_remove(change, &record);
	}
	for (const char *p = added; *p; p += 2) {
		record = record_of(p[0], (uint32_t)(p[1] - '0'));
		changeset_add(change, &record);
	}
	ck_assert_int_eq(changeset_status(change), ZT_OK);
}

static void check_list(const struct buf *list, const char *expected)
{
	struct change_record record;
	size_t pos = 0;

	for (; *expected; expected += 2) {
		ck_assert(change_record_next(list, &pos, &record));
		ck_assert_int_eq(record.rdata[0], expected[0]);
		ck_assert_uint_eq(record.ttl, (uint32_t)(expected[1] - '0'));
	}
	ck_assert(!change_record_next(list, &pos, &record));
}

/* Each row: two changesets and what they come to. */
static const struct condense_case {
	const char *removed[2];
	const char *added[2];
	const char *net_removed, *net_added;
} condense_cases[] = {
	{ { "", "" }, { "A1", "B1" }, "", "A1B1" },
	{ { "A1", "" }, { "", "A1" }, "", "" },
	{ { "", "A1" }, { "A1", "" }, "", "" },
	{ { "A1", "" }, { "", "A2" }, "A1", "A2" },
	{ { "A1", "A2" }, { "A2", "A3" }, "A1", "A3" },
	{ { "A1", "A2" }, { "A2", "A1" }, "", "" },
	{ { "A1B1", "C1" }, { "C1", "B1" }, "A1", "" },
	{ { "D1A1", "C1" }, { "B1", "" }, "A1C1D1", "B1" },
};

START_TEST(two_changesets_become_one_without_what_cancels_out)
{
	const struct condense_case *row = &condense_cases[_i];
	struct changeset change, next;
	fill(&change, row->removed[0], row->added[0]);
	fill(&next, row->removed[1], row->added[1]);
	ck_assert_int_eq(changeset_condense(&change, &next), ZT_OK);
	check_list(&change.removed, row->net_removed);
	check_list(&change.added, row->net_added);
	ck_assert_uint_eq(change.removed_count, strlen(row->net_removed) / 2);
	ck_assert_uint_eq(change.added_count, strlen(row->net_added) / 2);
	changeset_fini(&change);
	changeset_fini(&next);
}
END_TEST

START_TEST(the_soa_comes_first_and_gives_the_serials)
{
	struct changeset change, next;
	uint8_t rdata[3][22];
	uint32_t serial;
	struct change_record soa[3] = { soa_of(rdata[0], 1), soa_of(rdata[1], 2), soa_of(rdata[2], 3) }, record;
	fill(&change, "A1", "B1");
	ck_assert(!changeset_from_serial(&change, &serial));
	changeset_remove(&change, &soa[0]);
	changeset_add(&change, &soa[1]);
	fill(&next, "B1", "C1");
	changeset_remove(&next, &soa[1]);
	changeset_add(&next, &soa[2]);
	ck_assert_int_eq(changeset_condense(&change, &next), ZT_OK);
	ck_assert(changeset_from_serial(&change, &serial));
	ck_assert_uint_eq(serial, 1);
	ck_assert(changeset_to_serial(&change, &serial));
	ck_assert_uint_eq(serial, 3);
	size_t pos = 0;
	ck_assert(change_record_next(&change.added, &pos, &record));
	ck_assert_uint_eq(record.type, TYPE_SOA);
	ck_assert_uint_eq(change.added_count, 2);
	changeset_fini(&change);
	changeset_fini(&next);
}
END_TEST

static void write(const struct changeset *change, struct buf *bytes)
{
	buf_init(bytes);
	ck_assert_int_eq(changeset_write(change, bytes), ZT_OK);
}

START_TEST(what_is_written_is_read_again)
{
	struct changeset change, read;
	struct buf bytes;
	fill(&change, "A1B2", "C3");
	write(&change, &bytes);
	changeset_init(&read);
	ck_assert_int_eq(changeset_read(&read, bytes.data, bytes.len), ZT_OK);
	check_list(&read.removed, "A1B2");
	check_list(&read.added, "C3");
	ck_assert_uint_eq(read.removed_count, 2);
	ck_assert_uint_eq(read.added_count, 1);
	changeset_clear(&change);
	ck_assert(changeset_is_empty(&change));
	buf_clear(&bytes);
	ck_assert_int_eq(changeset_write(&change, &bytes), ZT_OK);
	ck_assert_int_eq(changeset_read(&read, bytes.data, bytes.len), ZT_OK);
	ck_assert(changeset_is_empty(&read));
	changeset_fini(&change);
	changeset_fini(&read);
	buf_fini(&bytes);
}
END_TEST

START_TEST(a_stored_changeset_with_any_bit_wrong_or_any_end_missing_is_refused)
{
	struct changeset change, read;
	struct buf bytes;
	fill(&change, "A1B2", "C3");
	write(&change, &bytes);
	changeset_init(&read);
	for (size_t bit = 0; bit < bytes.len * 8; bit++) {
		bytes.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
		ck_assert_int_eq(changeset_read(&read, bytes.data, bytes.len), ZT_ECORRUPT);
		ck_assert(changeset_is_empty(&read));
		bytes.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	for (size_t len = 0; len < bytes.len; len++)
		ck_assert_int_eq(changeset_read(&read, bytes.data, len), ZT_ECORRUPT);
	buf_add_u8(&bytes, 0);
	ck_assert_int_eq(changeset_read(&read, bytes.data, bytes.len), ZT_ECORRUPT);
	changeset_fini(&change);
	changeset_fini(&read);
	buf_fini(&bytes);
}
END_TEST

/* Bytes whose check is right, but which are no changeset. */
static int read_resealed(const struct buf *bytes)
{
	static const struct fingerprint_key key = { "zonetide journal" };
	struct changeset read;
	struct fingerprint check = fingerprint_of(&key, bytes->data, bytes->len - 16);

	wire_put_u64(bytes->data + bytes->len - 16, check.hi);
	wire_put_u64(bytes->data + bytes->len - 8, check.lo);
	changeset_init(&read);
	int status = changeset_read(&read, bytes->data, bytes->len);
	changeset_fini(&read);
	return status;
}

START_TEST(a_stored_changeset_that_is_none_inside_is_refused)
{
	/* Where in the bytes, and what to put there: counts, sizes, a label's length, the class, the rdata length. */
	static const struct { size_t at; uint8_t value; } damage[] = {
		{ 7, 2 }, { 11, 0 }, { 19, 26 }, { 19, 24 }, { 27, 0 }, { 12, 0xff }, { 28, 64 }, { 28, 30 }, { 42, 3 }, { 48, 5 }, { 48, 3 },
	};
	struct changeset change;
	struct buf bytes;
	fill(&change, "A1", "B1");
	write(&change, &bytes);
	ck_assert_int_eq(read_resealed(&bytes), ZT_OK);
	for (size_t i = 0; i < sizeof(damage) / sizeof(damage[0]); i++) {
		uint8_t good = bytes.data[damage[i].at];
		ck_assert_int_ne(good, damage[i].value);
		bytes.data[damage[i].at] = damage[i].value;
		ck_assert_int_eq(read_resealed(&bytes), ZT_ECORRUPT);
		bytes.data[damage[i].at] = good;
	}
	changeset_fini(&change);
	buf_fini(&bytes);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("changeset");
	TCase *tc = tcase_create("changeset");
	tcase_add_loop_test(tc, two_changesets_become_one_without_what_cancels_out, 0, sizeof(condense_cases) / sizeof(condense_cases[0]));
	tcase_add_test(tc, the_soa_comes_first_and_gives_the_serials);
	tcase_add_test(tc, what_is_written_is_read_again);
	tcase_add_test(tc, a_stored_changeset_with_any_bit_wrong_or_any_end_missing_is_refused);
	tcase_add_test(tc, a_stored_changeset_that_is_none_inside_is_refused);
	suite_add_tcase(suite, tc);
	return suite_run(suite);
}

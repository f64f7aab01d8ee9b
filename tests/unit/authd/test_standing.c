/* authd/manage/standing: what is known of a server, and its row. */
#include <string.h>

#include "authd/manage/standing.h"
#include "lib/dns/rrtype.h"
#include "tests/support/suite.h"

static const struct evidence whole = {
	.event = EVIDENCE_FETCHED, .type = TYPE_IXFR, .kind = TRANSFER_ZONE, .reason = REASON_TOO_OLD, .serial = 7, .bytes = UINT64_C(5000000000), .duration = 2499,
};

START_TEST(row_brings_back_all_of_it)
{
	struct standing standing = { 0 }, read;
	uint8_t row[STANDING_ROW_LEN];
	uint32_t told;

	standing_see(&standing, 4000000000, TYPE_SOA, INT64_C(1764000000123456));
	standing_fetch(&standing, &whole, INT64_C(1764000000000001));
	ck_assert(standing.is_dirty);
	standing_write(&standing, 77, row);
	ck_assert_int_eq(standing_read(&read, &told, row, sizeof(row)), ZT_OK);
	ck_assert_uint_eq(told, 77);
	ck_assert(!read.is_dirty);
	ck_assert(read.has_seen);
	ck_assert_uint_eq(read.seen_serial, 4000000000);
	ck_assert_uint_eq(read.seen_by, TYPE_SOA);
	ck_assert_int_eq(read.seen_wall, INT64_C(1764000000123456));
	ck_assert_int_eq(read.fetched_wall, INT64_C(1764000000000001));
	ck_assert_uint_eq(read.fetched_serial, 7);
	ck_assert_uint_eq(read.fetched_bytes, UINT64_C(5000000000));
	ck_assert_uint_eq(read.fetched_ms, 2);
	ck_assert_str_eq(standing_transfer_text(&read), "axfr for ixfr");
	ck_assert_str_eq(standing_reason_text(&read), "the journal does not reach back to its serial");
	/* Rows of another version or length say nothing. */
	ck_assert_int_eq(standing_read(&read, &told, row, sizeof(row) - 1), ZT_ECORRUPT);
	ck_assert(!read.has_seen);
	row[0]++;
	ck_assert_int_eq(standing_read(&read, &told, row, sizeof(row)), ZT_ECORRUPT);
	ck_assert_uint_eq(read.fetched_kind, TRANSFER_NONE);
}
END_TEST

START_TEST(a_newer_serial_counts_as_reached)
{
	struct standing standing = { 0 };

	ck_assert(!standing_has_reached(&standing, 0));
	standing_see(&standing, 2, TYPE_IXFR, 1);
	ck_assert(standing_has_reached(&standing, 2));
	ck_assert(standing_has_reached(&standing, 4294967290));      /* RFC 1982 */
	ck_assert(!standing_has_reached(&standing, 3));
	ck_assert(!standing_has_reached(&standing, 2000000000));
}
END_TEST

START_TEST(differences_have_no_reason)
{
	struct standing standing = { 0 };
	struct evidence steps = whole;

	ck_assert_ptr_null(standing_transfer_text(&standing));
	steps.kind = TRANSFER_STEPS;
	standing_fetch(&standing, &steps, 1);
	ck_assert_str_eq(standing_transfer_text(&standing), "ixfr");
	ck_assert_ptr_null(standing_reason_text(&standing));
	steps.kind = TRANSFER_CONDENSED;
	steps.duration = INT64_MAX / 2;
	standing_fetch(&standing, &steps, 1);
	ck_assert_str_eq(standing_transfer_text(&standing), "ixfr condensed");
	ck_assert_uint_eq(standing.fetched_ms, UINT32_MAX);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("standing");
	TCase *tc = tcase_create("standing");
	tcase_add_test(tc, row_brings_back_all_of_it);
	tcase_add_test(tc, a_newer_serial_counts_as_reached);
	tcase_add_test(tc, differences_have_no_reason);
	suite_add_tcase(suite, tc);
	return suite_run(suite);
}

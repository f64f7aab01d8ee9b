/* lib/base: cursors, buffers, arenas, clocks, generators, fingerprints, statuses. */
#include <stdlib.h>
#include <string.h>

#include "lib/base/arena.h"
#include "lib/base/buf.h"
#include "lib/base/clock.h"
#include "lib/base/cursor.h"
#include "lib/base/fingerprint.h"
#include "lib/base/rng.h"
#include "lib/base/status.h"
#include "tests/support/suite.h"

START_TEST(cursor_reads_in_network_order_and_stops_at_the_end)
{
	const uint8_t bytes[] = { 1, 2, 3, 4, 5, 6, 7, 8, 9 };
	struct rcursor cur = rcursor_over(bytes, sizeof(bytes));
	ck_assert_uint_eq(rcursor_u8(&cur), 1);
	ck_assert_uint_eq(rcursor_u16(&cur), 0x0203);
	ck_assert_uint_eq(rcursor_u32(&cur), 0x04050607);
	ck_assert_uint_eq(rcursor_left(&cur), 2);
	ck_assert_uint_eq(rcursor_u32(&cur), 0);
	ck_assert_int_eq(cur.status, ZT_ETRUNC);
	/* The error stays, even where a smaller read would fit. */
	ck_assert_uint_eq(rcursor_u8(&cur), 0);
	ck_assert_int_eq(cur.status, ZT_ETRUNC);
}
END_TEST

START_TEST(cursor_never_writes_past_the_end)
{
	uint8_t bytes[6] = { 0, 0, 0, 0, 0xaa, 0xbb };
	struct wcursor cur = wcursor_over(bytes, 4);
	wcursor_u16(&cur, 0x0102);
	wcursor_u32(&cur, 0x01020304);
	ck_assert_int_eq(cur.status, ZT_ESPACE);
	wcursor_u8(&cur, 9);
	ck_assert_mem_eq(bytes, ((const uint8_t[]){ 1, 2, 0, 0, 0xaa, 0xbb }), 6);
}
END_TEST

START_TEST(buffer_grows_and_formats)
{
	struct buf buf;
	buf_init(&buf);
	for (int i = 0; i < 1000; i++)
		buf_add_u16(&buf, (uint16_t)i);
	ck_assert_int_eq(buf.status, ZT_OK);
	ck_assert_uint_eq(buf.len, 2000);
	ck_assert_uint_eq(wire_get_u16(buf.data + 2 * 700), 700);
	buf_clear(&buf);
	buf_printf(&buf, "%s-%d", "serial", 7);
	ck_assert_uint_eq(buf.len, 8);
	ck_assert_mem_eq(buf.data, "serial-7", 8);
	size_t len;
	uint8_t *taken = buf_take(&buf, &len);
	ck_assert_uint_eq(len, 8);
	ck_assert_ptr_null(buf.data);
	free(taken);
}
END_TEST

START_TEST(buffer_reports_an_impossible_size_and_stays_failed)
{
	struct buf buf;
	buf_init(&buf);
	buf_add_u8(&buf, 1);
	ck_assert_ptr_null(buf_reserve(&buf, SIZE_MAX - 1));
	ck_assert_int_eq(buf.status, ZT_ENOMEM);
	buf_add_u8(&buf, 2);
	ck_assert_uint_eq(buf.len, 1);
	buf_fini(&buf);
}
END_TEST

START_TEST(arena_aligns_and_resets)
{
	struct arena arena;
	arena_init(&arena, 128);
	for (size_t size = 1; size < 500; size += 7) {
		uint8_t *p = arena_alloc(&arena, size);
		ck_assert_uint_eq((uintptr_t)p % 16, 0);
		memset(p, 0xff, size);
	}
	arena_reset(&arena);
	ck_assert_str_eq(arena_strdup(&arena, "again"), "again");
	arena_fini(&arena);
	ck_assert_uint_eq(arena.total, 0);
}
END_TEST

START_TEST(a_moment_lasts_until_the_next_begins)
{
	struct manual_clock manual;
	struct moment moment;

	manual_clock_init(&manual, 5, 1000);
	moment_begin(&moment, &manual.clock);
	ck_assert_int_eq(moment_now(&moment), 5);
	manual_clock_advance(&manual, 10);
	ck_assert_int_eq(moment_now(&moment), 5);
	ck_assert_int_eq(moment_wall(&moment), 1010);      /* not asked before */
	moment_begin(&moment, &manual.clock);
	ck_assert_int_eq(moment_now(&moment), 15);
}
END_TEST

START_TEST(manual_clock_moves_only_when_told)
{
	struct manual_clock manual;
	manual_clock_init(&manual, 5, 1000);
	ck_assert_int_eq(clock_now(&manual.clock), 5);
	manual_clock_advance(&manual, USEC_PER_SEC);
	ck_assert_int_eq(clock_now(&manual.clock), 5 + USEC_PER_SEC);
	ck_assert_int_eq(clock_wall(&manual.clock), 1000 + USEC_PER_SEC);
}
END_TEST

START_TEST(rng_repeats_by_seed_and_stays_in_bounds)
{
	struct rng a, b;
	rng_seed(&a, 42);
	rng_seed(&b, 42);
	unsigned seen[7] = { 0 };
	for (int i = 0; i < 7000; i++) {
		uint64_t x = rng_below(&a, 7);
		ck_assert_uint_eq(x, rng_below(&b, 7));
		seen[x]++;
		double u = rng_unit(&a);
		ck_assert(u >= 0 && u < 1);
		ck_assert(u == rng_unit(&b));
	}
	for (int i = 0; i < 7; i++)
		ck_assert_uint_gt(seen[i], 800);
	ck_assert_uint_eq(rng_below(&a, 0), 0);
}
END_TEST

START_TEST(secure_rng_serves_across_its_pool)
{
	struct secure_rng rng;
	uint8_t big[1500] = { 0 };
	secure_rng_init(&rng);
	secure_rng_fill(&rng, big, sizeof(big));
	int zeroes = 0;
	for (size_t i = 0; i < sizeof(big); i++)
		zeroes += big[i] == 0;
	ck_assert_int_lt(zeroes, 60);
	for (int i = 0; i < 1000; i++)
		ck_assert_uint_lt(secure_rng_below(&rng, 10), 10);
}
END_TEST

START_TEST(fingerprint_is_a_sum_that_forgets_order)
{
	struct fingerprint_key key = { { 1, 2, 3 } }, other = { { 9 } };
	struct fingerprint a = fingerprint_of(&key, "a", 1), b = fingerprint_of(&key, "b", 1);
	struct fingerprint ab = fingerprint_add(a, b);
	ck_assert(fingerprint_equal(ab, fingerprint_add(b, a)));
	ck_assert(fingerprint_equal(fingerprint_sub(ab, a), b));
	ck_assert(!fingerprint_equal(a, fingerprint_of(&other, "a", 1)));
	struct fingerprint max = { UINT64_MAX, UINT64_MAX }, one = { 1, 0 };
	ck_assert(fingerprint_equal(fingerprint_add(max, one), (struct fingerprint){ 0, 0 }));
	ck_assert(fingerprint_equal(fingerprint_sub((struct fingerprint){ 0, 0 }, one), max));
	char text[33];
	fingerprint_to_text((struct fingerprint){ 0xabc, 1 }, text);
	ck_assert_str_eq(text, "00000000000000010000000000000abc");
}
END_TEST

START_TEST(statuses_have_texts)
{
	ck_assert_str_eq(status_name(ZT_ENOSPC), "ENOSPC");
	ck_assert_str_eq(status_text(-9999), "unknown status");
	ck_assert(status_is_retryable(ZT_ETIMEOUT));
	ck_assert(!status_is_retryable(ZT_ECORRUPT));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("base");
	TCase *tc = tcase_create("base");
	tcase_add_test(tc, cursor_reads_in_network_order_and_stops_at_the_end);
	tcase_add_test(tc, cursor_never_writes_past_the_end);
	tcase_add_test(tc, buffer_grows_and_formats);
	tcase_add_test(tc, buffer_reports_an_impossible_size_and_stays_failed);
	tcase_add_test(tc, arena_aligns_and_resets);
	tcase_add_test(tc, a_moment_lasts_until_the_next_begins);
	tcase_add_test(tc, manual_clock_moves_only_when_told);
	tcase_add_test(tc, rng_repeats_by_seed_and_stays_in_bounds);
	tcase_add_test(tc, secure_rng_serves_across_its_pool);
	tcase_add_test(tc, fingerprint_is_a_sum_that_forgets_order);
	tcase_add_test(tc, statuses_have_texts);
	suite_add_tcase(suite, tc);
	return suite_run(suite);
}

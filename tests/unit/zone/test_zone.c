/* lib/zone: the zone structure's contract, case by case. What random edits do to it is in tests/property/test_zone_trie.c. */
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/clock.h"
#include "lib/dns/rrtype.h"
#include "lib/zone/edit.h"
#include "lib/zone/version.h"
#include "tests/support/suite.h"

static const struct fingerprint_key key = { "0123456789abcdef" };

struct name {
	uint8_t wire[NAME_MAX_LEN];
};

static struct name name_of(const char *text)
{
	struct name name;
	ck_assert_int_eq(name_from_text(name.wire, text, (const uint8_t *)"\7example"), ZT_OK);
	return name;
}

static struct zone *new_zone(void)
{
	struct zone *zone;
	ck_assert_int_eq(zone_new((const uint8_t *)"\7example", &key, &zone), ZT_OK);
	return zone;
}

static struct zone_edit *begin(struct zone *zone)
{
	struct zone_edit *edit;
	ck_assert_int_eq(zone_edit_begin(zone, &edit), ZT_OK);
	return edit;
}

static int add(struct zone_edit *edit, const char *owner, uint16_t type, const char *rdata, uint16_t len)
{
	struct name name = name_of(owner);
	struct change_record record = { name.wire, type, 300, (const uint8_t *)rdata, len };
	return zone_edit_add(edit, &record);
}

/* A zone of names separated by blanks; NAME/NS and NAME/DNAME give these types, other names get an A record. */
static struct zone *zone_with(const char *names)
{
	struct zone *zone = new_zone();
	struct zone_edit *edit = begin(zone);
	char copy[1024], *save, *mark;
	ck_assert_uint_lt(strlen(names), sizeof(copy));
	memcpy(copy, names, strlen(names) + 1);
	for (char *name = strtok_r(copy, " ", &save); name; name = strtok_r(NULL, " ", &save)) {
		int status;
		if ((mark = strchr(name, '/'))) {
			*mark = 0;
			status = add(edit, name, strcmp(mark + 1, "NS") == 0 ? TYPE_NS : TYPE_DNAME, "\2ns\7example", 12);
		} else {
			status = add(edit, name, TYPE_A, "\177\0\0\1", 4);
		}
		ck_assert_int_eq(status, ZT_OK);
	}
	zone_edit_publish(edit);
	return zone;
}

/* Asserts that the node exists and has this owner. */
static void check_owner(const struct znode *node, const char *text)
{
	char owner[NAME_TEXT_SIZE];
	ck_assert_ptr_nonnull(node);
	ck_assert_str_eq(name_to_text(znode_owner(node), owner), text);
}

static struct zone_lookup find(const struct zone *zone, const char *text)
{
	struct zone_lookup look;
	struct name name = name_of(text);
	zone_find(zone_current(zone), name.wire, &look);
	return look;
}

START_TEST(keys_sort_as_canonical_names_for_every_pair_of_bytes)
{
	struct key a_key, b_key;
	for (unsigned a = 0; a < 256; a++) {
		for (unsigned b = 0; b < 256; b++) {
			const uint8_t x[] = { 1, (uint8_t)a, 0 }, y[] = { 1, (uint8_t)b, 0 };
			key_make(&a_key, x, 1);
			key_make(&b_key, y, 1);
			unsigned common = key_common(&a_key, &b_key);
			int order = common == a_key.len ? 0 : (int)a_key.sym[common] - (int)b_key.sym[common];
			int expected = name_cmp(x, y);
			ck_assert_msg((order > 0) - (order < 0) == (expected > 0) - (expected < 0), "bytes %u and %u", a, b);
		}
	}
}
END_TEST

START_TEST(the_longest_key_fits)
{
	uint8_t name[NAME_MAX_LEN];
	struct key made;
	memset(name, 0xff, sizeof(name));
	name[0] = name[64] = name[128] = 63;
	name[192] = 61;
	name[254] = 0;
	key_make(&made, name, 1);
	ck_assert_uint_eq(made.len, 2 * 250 + 4 + 1);
	ck_assert_uint_le(made.len, KEY_MAX);
}
END_TEST

START_TEST(an_empty_zone_answers_every_question)
{
	struct zone *zone = new_zone();
	const struct zone_version *version = zone_current(zone);
	struct zone_lookup look = find(zone, "www");
	struct zone_iter iter;
	struct rrset soa;
	ck_assert_int_eq(look.match, ZONE_MATCH_NONE);
	ck_assert_uint_eq(look.encloser_labels, 1);
	ck_assert_ptr_null(zone_version_apex(version));
	ck_assert(!zone_version_soa(version, &soa));
	ck_assert_uint_eq(zone_version_serial(version), 0);
	ck_assert_ptr_null(zone_predecessor(version, name_of("x").wire));
	zone_iter_init(&iter, version, NULL);
	ck_assert_ptr_null(zone_iter_next(&iter));
	ck_assert_ptr_null(zone_at_rank(version, 0));
	ck_assert_uint_eq(zone_summary(version).count, 0);
	ck_assert_uint_eq(zone_version_memory(version), 0);
	zone_free(zone);
}
END_TEST

START_TEST(find_tells_exact_empty_and_missing_names_apart)
{
	struct zone *zone = zone_with("@ www a.b.c *.w x.*.v");
	struct zone_lookup look = find(zone, "WWW");
	ck_assert_int_eq(look.match, ZONE_MATCH_EXACT);
	check_owner(look.node, "www.example.");
	ck_assert_uint_eq(look.encloser_labels, 2);
	look = find(zone, "b.c");
	ck_assert_int_eq(look.match, ZONE_MATCH_EMPTY);
	ck_assert_ptr_null(look.node);
	ck_assert_uint_eq(look.encloser_labels, 3);
	look = find(zone, "z.b.c");
	ck_assert_int_eq(look.match, ZONE_MATCH_NONE);
	ck_assert_uint_eq(look.encloser_labels, 3);
	ck_assert_ptr_null(look.wildcard);
	/* A label that begins like another is not that label. */
	look = find(zone, "ww");
	ck_assert_int_eq(look.match, ZONE_MATCH_NONE);
	ck_assert_uint_eq(look.encloser_labels, 1);
	look = find(zone, "wwww");
	ck_assert_int_eq(look.match, ZONE_MATCH_NONE);
	zone_free(zone);
}
END_TEST

START_TEST(find_names_the_source_of_synthesis_at_the_closest_encloser_only)
{
	struct zone *zone = zone_with("@ *.w host.w x.*.v");
	check_owner(find(zone, "a.b.w").wildcard, "*.w.example.");
	check_owner(find(zone, "a.w").wildcard, "*.w.example.");
	/* host.w exists, so it is the encloser, and it has no wildcard below. */
	ck_assert_ptr_null(find(zone, "a.host.w").wildcard);
	ck_assert_int_eq(find(zone, "*.w").match, ZONE_MATCH_EXACT);
	struct zone_lookup look = find(zone, "q.v");
	ck_assert_int_eq(look.match, ZONE_MATCH_NONE);
	ck_assert_ptr_null(look.wildcard);
	ck_assert(look.wildcard_is_empty);
	zone_free(zone);
}
END_TEST

START_TEST(find_reports_the_topmost_cut_and_the_topmost_dname)
{
	struct zone *zone = zone_with("@/NS sub/NS deep.sub/NS d/DNAME e.d/DNAME host www.deep.sub");
	ck_assert_ptr_null(find(zone, "@").cut);
	ck_assert_ptr_null(find(zone, "host").cut);
	check_owner(find(zone, "sub").cut, "sub.example.");
	check_owner(find(zone, "x.deep.sub").cut, "sub.example.");
	check_owner(find(zone, "www.deep.sub").cut, "sub.example.");
	ck_assert_ptr_null(find(zone, "subs").cut);
	ck_assert_ptr_null(find(zone, "d").dname);
	check_owner(find(zone, "e.d").dname, "d.example.");
	check_owner(find(zone, "a.e.d").dname, "d.example.");
	zone_free(zone);
	zone = zone_with("@/DNAME www");
	check_owner(find(zone, "www").dname, "example.");
	ck_assert_ptr_null(find(zone, "@").dname);
	zone_free(zone);
}
END_TEST

START_TEST(order_functions_take_names_outside_the_zone)
{
	struct zone *zone = zone_with("@ a b");
	const struct zone_version *version = zone_current(zone);
	const uint8_t *before = (const uint8_t *)"\1a", *behind = (const uint8_t *)"\1z";
	struct zone_iter iter;
	ck_assert_ptr_null(zone_predecessor(version, before));
	check_owner(zone_predecessor(version, behind), "b.example.");
	zone_iter_init(&iter, version, before);
	check_owner(zone_iter_next(&iter), "example.");
	zone_iter_init(&iter, version, behind);
	ck_assert_ptr_null(zone_iter_next(&iter));
	ck_assert_uint_eq(zone_summary_range(version, before, behind).count, 3);
	ck_assert_uint_eq(zone_summary_range(version, behind, before).count, 0);
	ck_assert_ptr_null(zone_get(version, behind));
	zone_free(zone);
}
END_TEST

START_TEST(adding_and_removing_tell_what_was_there)
{
	struct zone *zone = new_zone();
	struct zone_edit *edit = begin(zone), *second;
	ck_assert_int_eq(zone_edit_begin(zone, &second), ZT_EBUSY);
	ck_assert_int_eq(add(edit, "a", TYPE_A, "\1\2\3\4", 4), ZT_OK);
	ck_assert_int_eq(add(edit, "A", TYPE_A, "\1\2\3\4", 4), ZT_EEXIST);
	ck_assert_int_eq(add(edit, "other.", TYPE_A, "\1\2\3\4", 4), ZT_EOUTOFZONE);
	struct name a = name_of("a"), b = name_of("b");
	ck_assert_int_eq(zone_edit_remove(edit, a.wire, TYPE_A, (const uint8_t *)"\1\2\3\5", 4), ZT_ENOENT);
	ck_assert_int_eq(zone_edit_remove(edit, b.wire, TYPE_A, (const uint8_t *)"\1\2\3\4", 4), ZT_ENOENT);
	ck_assert_int_eq(zone_edit_remove_rrset(edit, a.wire, TYPE_AAAA, 0), ZT_ENOENT);
	ck_assert_int_eq(zone_edit_remove_name(edit, b.wire), ZT_ENOENT);
	ck_assert(!zone_edit_is_empty(edit));
	ck_assert_int_eq(zone_edit_remove(edit, a.wire, TYPE_A, (const uint8_t *)"\1\2\3\4", 4), ZT_OK);
	ck_assert(zone_edit_is_empty(edit));
	ck_assert_uint_eq(zone_version_memory(zone_edit_view(edit)), 0);
	zone_edit_abort(edit);
	ck_assert_uint_eq(zone_version_name_count(zone_current(zone)), 0);
	zone_free(zone);
}
END_TEST

START_TEST(a_new_ttl_replaces_that_of_the_whole_rrset)
{
	struct zone *zone = zone_with("a");
	struct zone_edit *edit = begin(zone);
	struct name a = name_of("a");
	struct rrset set;
	struct change_record record = { a.wire, TYPE_A, 60, (const uint8_t *)"\177\0\0\2", 4 };
	ck_assert_int_eq(zone_edit_add(edit, &record), ZT_OK);
	ck_assert(znode_rrset(zone_get(zone_edit_view(edit), a.wire), TYPE_A, 0, &set));
	ck_assert_uint_eq(set.ttl, 60);
	ck_assert_uint_eq(set.count, 2);
	record.ttl = 61;
	ck_assert_int_eq(zone_edit_add(edit, &record), ZT_EEXIST);
	ck_assert(znode_rrset(zone_get(zone_edit_view(edit), a.wire), TYPE_A, 0, &set));
	ck_assert_uint_eq(set.ttl, 61);
	zone_edit_publish(edit);
	zone_free(zone);
}
END_TEST

START_TEST(a_pinned_version_stays_as_it_was)
{
	struct zone *zone = zone_with("a b c");
	const struct zone_version *pinned = zone_version_acquire(zone_current(zone));
	struct zone_summary before = zone_summary(pinned);
	for (int i = 0; i < 100; i++) {
		struct zone_edit *edit = begin(zone);
		if (i % 2 == 0)
			ck_assert_int_eq(zone_edit_clear(edit), ZT_OK);
		else
			ck_assert_int_eq(add(edit, i % 4 == 1 ? "a" : "d", TYPE_A, "\1\1\1\1", 4), ZT_OK);
		zone_edit_publish(edit);
		zone_reclaim(zone);
	}
	struct zone_iter iter;
	unsigned count = 0;
	zone_iter_init(&iter, pinned, NULL);
	while (zone_iter_next(&iter))
		count++;
	ck_assert_uint_eq(count, 3);
	ck_assert(fingerprint_equal(zone_summary_range(pinned, NULL, NULL).fingerprint, before.fingerprint));
	zone_version_release(pinned);
	zone_free(zone);
}
END_TEST

static unsigned chain_length(const struct zone *zone)
{
	unsigned length = 1;
	for (const struct zone_version *version = zone->oldest; version != zone_current(zone); version = version->next)
		length++;
	return length;
}

/* Grace periods end in liburcu's own time. */
static void reclaim_until(struct zone *zone, unsigned length)
{
	usec_t deadline = clock_now(clock_system()) + 30 * USEC_PER_SEC;
	for (zone_reclaim(zone); chain_length(zone) > length; zone_reclaim(zone)) {
		ck_assert_msg(clock_now(clock_system()) < deadline, "%u versions are left, not %u", chain_length(zone), length);
		sched_yield();
	}
}

START_TEST(a_pinned_version_holds_back_no_later_ones)
{
	struct zone *zone = zone_with("a b c");
	const struct zone_version *first = zone_version_acquire(zone_current(zone)), *middle = NULL;
	for (unsigned i = 0; i < 1000; i++) {
		struct zone_edit *edit = begin(zone);
		char address[5] = { 1, (char)i, (char)(i >> 8), 1, 0 };
		if (i % 100 == 50)
			ck_assert_int_eq(zone_edit_clear(edit), ZT_OK);
		ck_assert_int_eq(add(edit, i % 2 ? "a" : "d", TYPE_A, address, 4), ZT_OK);
		zone_edit_publish(edit);
		if (i == 500)
			middle = zone_version_acquire(zone_current(zone));
	}
	reclaim_until(zone, 3);
	ck_assert_uint_eq(first->retired.count, 4);
	ck_assert_uint_eq(zone_version_name_count(first), 3);
	check_owner(zone_predecessor(first, name_of("zzz").wire), "c.example.");
	check_owner(zone_predecessor(middle, name_of("zzz").wire), "d.example.");
	zone_version_release(first);
	reclaim_until(zone, 2);
	zone_version_release(middle);
	reclaim_until(zone, 1);
	zone_free(zone);
}
END_TEST

/* Rdata number i of a type without a format, 40,000 bytes long. */
static struct change_record large_record(uint8_t rdata[40000], const uint8_t *owner, unsigned i)
{
	memset(rdata, (int)i, 40000);
	return (struct change_record){ owner, 65280, 300, rdata, 40000 };
}

START_TEST(the_fingerprint_of_a_large_rrset_tells_its_content_not_its_history)
{
	struct zone *up = zone_with("@ a b"), *down = zone_with("@ a b");
	struct zone_edit *up_edit = begin(up), *down_edit = begin(down);
	struct name a = name_of("a");
	static uint8_t rdata[40000];
	for (unsigned i = 0; i < 8; i++) {
		struct change_record record = large_record(rdata, a.wire, i);
		ck_assert_int_eq(zone_edit_add(up_edit, &record), ZT_OK);
		record = large_record(rdata, a.wire, 7 - i);
		ck_assert_int_eq(zone_edit_add(down_edit, &record), ZT_OK);
		/* Looking in between must not matter either. */
		if (i % 3 == 0)
			ck_assert_uint_eq(zone_summary(zone_edit_view(down_edit)).count, 4);
	}
	ck_assert(fingerprint_equal(zone_summary(zone_edit_view(up_edit)).fingerprint, zone_summary(zone_edit_view(down_edit)).fingerprint));
	struct change_record record = large_record(rdata, a.wire, 5);
	ck_assert_int_eq(zone_edit_remove(up_edit, a.wire, 65280, record.rdata, record.rdata_len), ZT_OK);
	ck_assert(!fingerprint_equal(zone_summary(zone_edit_view(up_edit)).fingerprint, zone_summary(zone_edit_view(down_edit)).fingerprint));
	ck_assert_int_eq(zone_edit_add(up_edit, &record), ZT_OK);
	ck_assert_int_eq(zone_edit_remove_name(down_edit, a.wire), ZT_OK);
	ck_assert_uint_eq(zone_summary(zone_edit_view(down_edit)).count, 2);
	zone_edit_publish(up_edit);
	zone_edit_abort(down_edit);
	ck_assert(fingerprint_equal(zone_summary_range(zone_current(up), a.wire, name_of("b").wire).fingerprint,
				    fingerprint_sub(zone_summary(zone_current(up)).fingerprint,
						    fingerprint_sub(zone_summary(zone_current(down)).fingerprint,
								    zone_summary_range(zone_current(down), a.wire, name_of("b").wire).fingerprint))));
	zone_free(up);
	zone_free(down);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("zone");
	TCase *tc = tcase_create("structure");
	tcase_add_test(tc, keys_sort_as_canonical_names_for_every_pair_of_bytes);
	tcase_add_test(tc, the_longest_key_fits);
	tcase_add_test(tc, an_empty_zone_answers_every_question);
	tcase_add_test(tc, find_tells_exact_empty_and_missing_names_apart);
	tcase_add_test(tc, find_names_the_source_of_synthesis_at_the_closest_encloser_only);
	tcase_add_test(tc, find_reports_the_topmost_cut_and_the_topmost_dname);
	tcase_add_test(tc, order_functions_take_names_outside_the_zone);
	tcase_add_test(tc, adding_and_removing_tell_what_was_there);
	tcase_add_test(tc, a_new_ttl_replaces_that_of_the_whole_rrset);
	tcase_add_test(tc, a_pinned_version_stays_as_it_was);
	tcase_add_test(tc, a_pinned_version_holds_back_no_later_ones);
	tcase_add_test(tc, the_fingerprint_of_a_large_rrset_tells_its_content_not_its_history);
	suite_add_tcase(suite, tc);
	return suite_run(suite);
}

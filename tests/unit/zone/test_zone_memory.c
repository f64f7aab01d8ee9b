/* lib/zone when memory runs out: every allocation of an edit fails once; nothing is lost, and nothing but the failed operation is undone.
 *
 * Linked with --wrap for malloc, calloc and realloc, so that the library's calls come here.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/dns/rrtype.h"
#include "lib/zone/edit.h"
#include "lib/zone/version.h"
#include "tests/support/suite.h"

static const struct fingerprint_key key = { "0123456789abcdef" };
static const uint8_t *const apex = (const uint8_t *)"\7example";

/* Allocations that succeed before one fails; negative: all do. */
static long allocations_left = -1;

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);

static bool may_allocate(void)
{
	return allocations_left < 0 || allocations_left-- > 0;
}

void *__wrap_malloc(size_t size)
{
	return may_allocate() ? __real_malloc(size) : NULL;
}

void *__wrap_calloc(size_t count, size_t size)
{
	return may_allocate() ? __real_calloc(count, size) : NULL;
}

void *__wrap_realloc(void *old, size_t size)
{
	return may_allocate() ? __real_realloc(old, size) : NULL;
}

/* ---- a script that goes through every way of changing a trie ----------------------------------------------------------------- */

enum verb { ADD, REMOVE, PUT, REMOVE_RRSET, REMOVE_NAME, CLEAR };

static const struct operation {
	enum verb verb;
	const char *owner;
	const char *address;       /* four bytes */
} script[] = {
	{ ADD, "new", "aaaa" }, { ADD, "new", "bbbb" }, { ADD, "old1", "bbbb" }, { ADD, "old12", "cccc" }, { ADD, "a.b.c.d", "cccc" },
	{ ADD, "ol", "cccc" }, { ADD, "\\255\\000", "cccc" }, { PUT, "old2", "zzzz" }, { PUT, "put", "zzzz" }, { REMOVE, "old3", "base" },
	{ REMOVE, "new", "aaaa" }, { REMOVE_RRSET, "old4", "" }, { REMOVE_NAME, "old5", "" }, { REMOVE_NAME, "x.old6", "" },
	{ REMOVE_NAME, "old6", "" }, { ADD, "@", "aaaa" }, { CLEAR, "@", "" }, { ADD, "www", "aaaa" }, { ADD, "wwv", "aaaa" },
};

static int run(struct zone_edit *edit, const struct operation *op)
{
	uint8_t owner[NAME_MAX_LEN], rdata[6];
	uint16_t len = 4;
	const uint8_t *address = (const uint8_t *)op->address;
	struct rrset set = { .type = TYPE_A, .count = 1, .ttl = 60, .rdata = rdata, .rdata_size = sizeof(rdata) };

	/* No assertion here: Check allocates too. */
	if (name_from_text(owner, op->owner, apex) != ZT_OK)
		return ZT_ESYNTAX;
	struct change_record record = { owner, TYPE_A, 300, address, len };
	switch (op->verb) {
	case ADD: return zone_edit_add(edit, &record);
	case REMOVE: return zone_edit_remove(edit, owner, TYPE_A, address, len);
	case REMOVE_RRSET: return zone_edit_remove_rrset(edit, owner, TYPE_A, 0);
	case REMOVE_NAME: return zone_edit_remove_name(edit, owner);
	case CLEAR: return zone_edit_clear(edit);
	default: break;
	}
	memcpy(rdata, &len, sizeof(len));
	memcpy(rdata + 2, address, 4);
	return zone_edit_put_rrset(edit, owner, &set);
}

static struct zone *base_zone(void)
{
	static const char *const owners[] = { "@", "old1", "old2", "old3", "old4", "old5", "old6", "x.old6", "other" };
	struct zone *zone;
	struct zone_edit *edit;

	ck_assert_int_eq(zone_new(apex, &key, &zone), ZT_OK);
	ck_assert_int_eq(zone_edit_begin(zone, &edit), ZT_OK);
	for (size_t i = 0; i < sizeof(owners) / sizeof(owners[0]); i++) {
		struct operation op = { ADD, owners[i], "base" };
		ck_assert_int_eq(run(edit, &op), ZT_OK);
	}
	zone_edit_publish(edit);
	return zone;
}

static void check_sums(const struct zone_version *version)
{
	struct zone_summary sum = { 0 };
	struct zone_iter iter;
	const struct znode *node;
	size_t names = 0;

	zone_iter_init(&iter, version, NULL);
	while ((node = zone_iter_next(&iter))) {
		sum = summary_add(sum, znode_summary(node, &key, false));
		names++;
	}
	ck_assert_uint_eq(names, zone_version_name_count(version));
	ck_assert_uint_eq(sum.count, zone_summary(version).count);
	ck_assert(fingerprint_equal(sum.fingerprint, zone_summary(version).fingerprint));
}

/* The operation with the n-th allocation failing; then, if that made it fail, once more without. True if it failed. */
static bool run_with_failure(struct zone_edit *edit, const struct operation *op, long n)
{
	struct zone_summary before = zone_summary(zone_edit_view(edit));

	allocations_left = n;
	int status = run(edit, op);
	allocations_left = -1;
	check_sums(zone_edit_view(edit));
	if (status == ZT_OK)
		return false;
	ck_assert_int_eq(status, ZT_ENOMEM);
	ck_assert(fingerprint_equal(zone_summary(zone_edit_view(edit)).fingerprint, before.fingerprint));
	ck_assert_int_eq(run(edit, op), ZT_OK);
	return true;
}

static void check_same(const struct zone_version *a, const struct zone_version *b)
{
	struct changeset diff;

	changeset_init(&diff);
	ck_assert_int_eq(zone_diff(a, b, &diff), ZT_OK);
	ck_assert(changeset_is_empty(&diff));
	ck_assert_uint_eq(zone_version_memory(a), zone_version_memory(b));
	changeset_fini(&diff);
}

START_TEST(an_operation_that_runs_out_of_memory_changes_nothing)
{
	struct zone *zone = base_zone(), *reference = base_zone(), *untouched = base_zone();
	size_t length = sizeof(script) / sizeof(script[0]);
	bool failed = true;

	for (long n = 0; failed; n++) {
		struct zone_edit *edit, *plain;
		failed = false;
		ck_assert_int_eq(zone_edit_begin(zone, &edit), ZT_OK);
		ck_assert_int_eq(zone_edit_begin(reference, &plain), ZT_OK);
		for (size_t i = 0; i < length; i++) {
			failed |= run_with_failure(edit, &script[i], n);
			ck_assert_int_eq(run(plain, &script[i]), ZT_OK);
			check_same(zone_edit_view(edit), zone_edit_view(plain));
		}
		zone_edit_abort(edit);
		zone_edit_abort(plain);
		check_same(zone_current(zone), zone_current(untouched));
		ck_assert_int_lt(n, 100);
	}
	zone_free(zone);
	zone_free(reference);
	zone_free(untouched);
}
END_TEST

/* An edit that is given up in the middle of every operation. */
START_TEST(an_edit_without_memory_can_be_aborted_at_any_point)
{
	struct zone *zone = base_zone(), *untouched = base_zone();
	bool failed = true;

	for (long n = 0; failed; n++) {
		struct zone_edit *edit = NULL;
		struct changeset change;
		changeset_init(&change);
		allocations_left = n;
		int status = zone_edit_begin(zone, &edit);
		for (size_t i = 0; status == ZT_OK && i < sizeof(script) / sizeof(script[0]); i++)
			status = run(edit, &script[i]);
		if (status == ZT_OK)
			status = zone_edit_changeset(edit, &change);
		allocations_left = -1;
		failed = status != ZT_OK;
		ck_assert(status == ZT_OK || status == ZT_ENOMEM);
		zone_edit_abort(status == ZT_ENOMEM && !edit ? NULL : edit);
		changeset_fini(&change);
		check_same(zone_current(zone), zone_current(untouched));
		check_sums(zone_current(zone));
	}
	zone_free(zone);
	zone_free(untouched);
}
END_TEST

START_TEST(a_zone_is_made_whole_or_not_at_all)
{
	struct zone *zone = NULL;
	int status = ZT_ENOMEM;

	for (long n = 0; status == ZT_ENOMEM; n++) {
		ck_assert_ptr_null(zone);
		allocations_left = n;
		status = zone_new(apex, &key, &zone);
		allocations_left = -1;
	}
	ck_assert_int_eq(status, ZT_OK);
	zone_free(zone);
}
END_TEST

START_TEST(changesets_report_lack_of_memory)
{
	struct zone *zone = base_zone(), *empty;
	struct changeset all, copy;
	struct buf bytes;
	int status = ZT_ENOMEM;

	ck_assert_int_eq(zone_new(apex, &key, &empty), ZT_OK);
	changeset_init(&all);
	ck_assert_int_eq(zone_diff(zone_current(empty), zone_current(zone), &all), ZT_OK);
	for (long n = 0; status == ZT_ENOMEM; n++) {
		changeset_init(&copy);
		buf_init(&bytes);
		allocations_left = n;
		status = changeset_write(&all, &bytes);
		if (status == ZT_OK)
			status = changeset_read(&copy, bytes.data, bytes.len);
		if (status == ZT_OK)
			status = changeset_condense(&copy, &all);
		allocations_left = -1;
		ck_assert(status == ZT_OK || status == ZT_ENOMEM);
		changeset_fini(&copy);
		buf_fini(&bytes);
	}
	changeset_fini(&all);
	zone_free(zone);
	zone_free(empty);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("zone_memory");
	TCase *tc = tcase_create("out of memory");
	tcase_add_test(tc, an_operation_that_runs_out_of_memory_changes_nothing);
	tcase_add_test(tc, an_edit_without_memory_can_be_aborted_at_any_point);
	tcase_add_test(tc, a_zone_is_made_whole_or_not_at_all);
	tcase_add_test(tc, changesets_report_lack_of_memory);
	suite_add_tcase(suite, tc);
	return suite_run(suite);
}

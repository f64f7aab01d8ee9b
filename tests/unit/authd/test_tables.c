/* authd's two tables of zones: what workers search (view) and what the manage thread keeps (registry). */
#include <stdio.h>
#include <stdlib.h>

#include "authd/manage/registry.h"
#include "authd/serve/view.h"
#include "lib/base/rng.h"
#include "tests/support/suite.h"

static const uint8_t *name_of(const char *text)
{
	uint8_t *name = malloc(NAME_MAX_LEN);
	ck_assert_int_eq(name_from_text(name, text, NULL), ZT_OK);
	return name;
}

START_TEST(the_longest_apex_above_a_name_answers)
{
	struct served_zone zones[] = { { .apex = name_of("example.") }, { .apex = name_of("sub.example.") }, { .apex = name_of("net.") } };
	struct served_zone *list[] = { &zones[0], &zones[1], &zones[2] };
	struct view *view = view_new(list, 3, 5);
	const struct {
		const char *name;
		bool parent_side;
		struct served_zone *expected;
	} cases[] = {
		{ "example.", false, &zones[0] }, { "a.b.example.", false, &zones[0] },	   { "sub.example.", false, &zones[1] },
		{ "x.SUB.example.", false, &zones[1] }, { "org.", false, NULL },	   { ".", false, NULL },
		{ "sub.example.", true, &zones[0] },    { "a.sub.example.", true, &zones[1] }, { "net.", true, &zones[2] },
		{ "a.b.c.d.e.f.g.h.i.net.", false, &zones[2] },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const uint8_t *name = name_of(cases[i].name);
		ck_assert_msg(view_find(view, name, cases[i].parent_side) == cases[i].expected, "%s", cases[i].name);
		free((void *)(uintptr_t)name);
	}
	ck_assert_ptr_null(view_get(view, name_root));
	view_free(view);
	for (int i = 0; i < 3; i++)
		free((void *)(uintptr_t)zones[i].apex);
}
END_TEST

START_TEST(an_empty_view_finds_nothing)
{
	struct view *view = view_new(NULL, 0, 1);
	ck_assert_ptr_null(view_find(view, name_root, false));
	view_free(view);
}
END_TEST

enum { ENTRIES = 500 };

START_TEST(entries_come_and_go_without_losing_others)
{
	struct registry registry;
	struct zone_entry *entries[ENTRIES];
	bool present[ENTRIES] = { false };
	struct rng rng;

	rng_seed(&rng, suite_seed("registry"));
	ck_assert_int_eq(registry_init(&registry, rng_u64(&rng)), ZT_OK);
	for (int i = 0; i < ENTRIES; i++) {
		char text[32];
		uint8_t apex[NAME_MAX_LEN];
		snprintf(text, sizeof(text), "zone%d.Example.", i);
		ck_assert_int_eq(name_from_text(apex, text, NULL), ZT_OK);
		ck_assert_ptr_nonnull(entries[i] = zone_entry_new(apex));
		ck_assert_int_eq(strcasecmp(entries[i]->name, text), 0);
	}
	for (int step = 0; step < 20000; step++) {
		int i = (int)rng_below(&rng, ENTRIES);
		if (present[i])
			registry_remove(&registry, entries[i]);
		else
			ck_assert_int_eq(registry_add(&registry, entries[i]), ZT_OK);
		present[i] = !present[i];
		int j = (int)rng_below(&rng, ENTRIES);
		ck_assert_ptr_eq(registry_get(&registry, entries[j]->apex), present[j] ? entries[j] : NULL);
	}
	for (int i = 0; i < ENTRIES; i++)
		ck_assert_ptr_eq(registry_get(&registry, entries[i]->apex), present[i] ? entries[i] : NULL);
	for (int i = 0; i < ENTRIES; i++) {
		if (present[i])
			ck_assert_int_eq(registry_add(&registry, entries[i]), ZT_EEXIST);
	}
	registry_fini(&registry);
	for (int i = 0; i < ENTRIES; i++)
		zone_entry_free(entries[i]);
}
END_TEST

START_TEST(an_error_stays_until_it_is_cleared)
{
	uint8_t apex[NAME_MAX_LEN];
	char long_text[1024];

	ck_assert_int_eq(name_from_text(apex, "example.", NULL), ZT_OK);
	struct zone_entry *entry = zone_entry_new(apex);
	ck_assert_ptr_nonnull(entry);
	ck_assert_str_eq(entry->last_error, "");
	zone_entry_fail(entry, "line %d", 7);
	zone_entry_fail(entry, "%s, again", entry->last_error);
	ck_assert_str_eq(entry->last_error, "line 7, again");
	zone_entry_fail(entry, "%s", "");
	ck_assert_str_eq(entry->last_error, "");
	memset(long_text, 'x', sizeof(long_text));
	long_text[sizeof(long_text) - 1] = 0;
	zone_entry_fail(entry, "%s", long_text);
	ck_assert_uint_eq(strlen(entry->last_error), 511);
	zone_entry_clear_error(entry);
	ck_assert_str_eq(entry->last_error, "");
	zone_entry_free(entry);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("authd/tables");
	TCase *tc = tcase_create("tables");
	tcase_add_test(tc, the_longest_apex_above_a_name_answers);
	tcase_add_test(tc, an_empty_view_finds_nothing);
	tcase_add_test(tc, entries_come_and_go_without_losing_others);
	tcase_add_test(tc, an_error_stays_until_it_is_cleared);
	suite_add_tcase(suite, tc);
	return suite_run(suite);
}

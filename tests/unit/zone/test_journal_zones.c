/* lib/zone/journal: its table of zones, where many come and go. */
#include <stdio.h>

#include "lib/zone/journal.h"
#include "tests/support/suite.h"
#include "tests/support/zone_text.h"

static char dir[64];
static struct log quiet;

static struct journal *open_journal(void)
{
	struct journal_options options = { .dir = dir, .map_size = 1 << 28, .key = &zone_text_key, .log = &quiet };
	struct journal *journal;

	ck_assert_int_eq(journal_open(&journal, &options), ZT_OK);
	return journal;
}

static void set_up(void)
{
	temp_dir_make(dir);
}

static void tear_down(void)
{
	temp_dir_remove(dir);
}

START_TEST(any_of_many_zones_are_forgotten_and_the_others_found)
{
	enum { MANY = 300 };
	struct journal *journal = open_journal();
	const uint8_t *apexes[MANY];
	uint8_t names[MANY][NAME_MAX_LEN];
	struct buf data;
	char text[32];
	size_t gone = 0;

	for (int i = 0; i < MANY; i++) {
		snprintf(text, sizeof(text), "z%d.example.", i);
		name_copy(names[i], zone_text_name(text));
		ck_assert_int_eq(journal_state_put(journal, names[i], &(struct journal_state){ "number", &names[i][2], 1 }), ZT_OK);
	}
	ck_assert_int_eq(journal_flush(journal), ZT_OK);
	for (int i = 0; i < MANY; i++)
		if (i % 7 % 2 == 0)
			apexes[gone++] = names[i];
	ck_assert_int_eq(journal_zones_forget(journal, apexes, gone), ZT_OK);
	for (int i = 0; i < MANY; i++) {
		buf_init(&data);
		ck_assert_int_eq(journal_state_get(journal, names[i], "number", &data), i % 7 % 2 == 0 ? ZT_ENOENT : ZT_OK);
		ck_assert_uint_eq(data.len, i % 7 % 2 == 0 ? 0 : 1);
		buf_fini(&data);
	}
	journal_close(journal);
	journal = open_journal();
	size_t left = 0;
	for (const uint8_t *apex = journal_zone_next(journal, NULL); apex; apex = journal_zone_next(journal, apex))
		left++;
	ck_assert_uint_eq(left, MANY - gone);
	journal_close(journal);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("zone/journal_zones");
	TCase *tc = tcase_create("zones");
	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, any_of_many_zones_are_forgotten_and_the_others_found);
	suite_add_tcase(suite, tc);
	return suite_run(suite);
}

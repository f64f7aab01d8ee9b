/* lib/zone/catalog: what a catalog zone says, what breaks one, and writing them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/zone/catalog.h"
#include "tests/support/suite.h"
#include "tests/support/zone_text.h"

#define APEX "catalog.invalid."
#define FRAME "@ 0 SOA invalid. invalid. 7 3600 600 2147483646 0\n@ 0 NS invalid.\n"
#define HEAD FRAME "version 0 TXT 2\n"

/* ---- reading ------------------------------------------------------------------------------------------------------------------------ */

/* "zone label [>coo] [group,group…]", a line each, in the order of the catalog. */
static void describe(const struct catalog *catalog, char *out, size_t size)
{
	char text[NAME_TEXT_SIZE];
	size_t at = 0;

	out[0] = '\0';
	for (size_t i = 0; i < catalog->count; i++) {
		const struct catalog_member *member = &catalog->members[i];
		at += (size_t)snprintf(out + at, size - at, "%s %.*s", name_to_text(member->zone, text), *member->node, (const char *)member->node + 1);
		if (member->coo)
			at += (size_t)snprintf(out + at, size - at, " >%s", name_to_text(member->coo, text));
		for (size_t k = 0; k < member->group_count; k++)
			at += (size_t)snprintf(out + at, size - at, "%s%s", k ? "," : " ", member->groups[k].bytes);
		at += (size_t)snprintf(out + at, size - at, "\n");
	}
}

static const struct reading_row {
	const char *what;
	const char *text;
	const char *members;       /* NULL: broken */
	const char *error;
} reading_rows[] = {
	{ "no members", HEAD, "", NULL },
	{ "members, whatever their letter case", HEAD "b.zones 0 PTR Two.Example.\nA.ZONES 5 PTR one.example.\n", "one.example. a\ntwo.example. b\n", NULL },
	{ "properties", HEAD "a.zones 0 PTR one.example.\ngroup.a.zones 0 TXT gold\ncoo.a.zones 0 PTR New.invalid.\nb.zones 0 PTR two.example.\n",
	  "one.example. a >new.invalid. gold\ntwo.example. b\n", NULL },
	{ "several groups, and strings of one that belong together", HEAD "a.zones 0 PTR one.example.\ngroup.a.zones 0 TXT x\ngroup.a.zones 0 TXT y \"z w\"\n",
	  "one.example. a x,yz w\n", NULL },
	{ "an empty group", HEAD "a.zones 0 PTR one.example.\ngroup.a.zones 0 TXT \"\"\n", "one.example. a \n", NULL },
	{ "custom properties, other types and other names have no meaning",
	  HEAD "a.zones 0 PTR one.example.\nx.ext.a.zones 0 PTR a.\nx.ext.a.zones 0 PTR b.\next 0 TXT y\ngroup.a.zones 0 A 192.0.2.1\ncoo.a.zones 0 TXT n\n"
	  "deep.group.a.zones 0 TXT n\na.zones 0 TXT t\nzones 0 PTR apex.\na.other 0 PTR other.example.\nversion 0 A 192.0.2.1\n",
	  "one.example. a\n", NULL },
	{ "properties of what is no member", HEAD "coo.a.zones 0 PTR x.\ncoo.a.zones 0 PTR y.\ngroup.a.zones 0 TXT g\nb.zones 0 PTR two.example.\n",
	  "two.example. b\n", NULL },
	{ "no version", FRAME "a.zones 0 PTR one.example.\n", NULL, "no TXT record that tells the catalog's version" },
	{ "a version of another type", FRAME "version 0 PTR \\050.\n", NULL, "no TXT record that tells the catalog's version" },
	{ "two versions", HEAD "version 0 TXT 1\n", NULL, "more than one TXT record" },
	{ "version 1", FRAME "version 0 TXT 1\n", NULL, "another version than 2" },
	{ "version 22", FRAME "version 0 TXT 22\n", NULL, "another version than 2" },
	{ "an empty version", FRAME "version 0 TXT \"\"\n", NULL, "another version than 2" },
	{ "version 2 and more", FRAME "version 0 TXT 2 2\n", NULL, "another version than 2" },
	{ "a member with two zones", HEAD "a.zones 0 PTR one.example.\na.zones 0 PTR two.example.\n", NULL, "more than one PTR record at one name (a.zones." APEX },
	{ "a zone that is a member twice", HEAD "a.zones 0 PTR one.example.\nb.zones 0 PTR two.example.\nc.zones 0 PTR ONE.example.\n", NULL,
	  "a zone is a member twice (one.example.)" },
	{ "two new owners", HEAD "a.zones 0 PTR one.example.\ncoo.a.zones 0 PTR x.\ncoo.a.zones 0 PTR y.\n", NULL, "more than one PTR record at one name (coo.a." },
};

START_TEST(a_catalog_is_read_as_the_rfc_says)
{
	const struct reading_row *row = &reading_rows[_i];
	struct zone *zone = zone_text_new(APEX, row->text);
	char error[CATALOG_ERROR_SIZE], text[2000];
	struct catalog catalog;

	int status = catalog_read(&catalog, zone_current(zone), 1, error);
	if (row->members) {
		describe(&catalog, text, sizeof(text));
		ck_assert_msg(status == ZT_OK, "%s: %s", row->what, error);
		ck_assert_msg(strcmp(text, row->members) == 0, "%s:\n%s", row->what, text);
		ck_assert_str_eq(error, "");
	} else {
		ck_assert_msg(status == ZT_EZONE, "%s: %d", row->what, status);
		ck_assert_msg(strstr(error, row->error), "%s: %s", row->what, error);
	}
	catalog_fini(&catalog);
	zone_free(zone);
}
END_TEST

START_TEST(a_zone_without_content_is_a_broken_catalog)
{
	struct zone *zone = zone_text_new(APEX, NULL);
	char error[CATALOG_ERROR_SIZE];
	struct catalog catalog;

	ck_assert_int_eq(catalog_read(&catalog, zone_current(zone), 1, error), ZT_EZONE);
	ck_assert_ptr_null(catalog_find(&catalog, zone_text_name("one.example.")));
	catalog_fini(&catalog);
	zone_free(zone);
}
END_TEST

/* ---- writing ------------------------------------------------------------------------------------------------------------------------ */

struct scene {
	struct zone *zone;
	struct rng rng;
	struct catalog_outcome outcome;
};

static void scene_init(struct scene *scene, const char *text)
{
	scene->zone = zone_text_new(APEX, text);
	rng_seed(&scene->rng, suite_seed("catalog"));
}

/* "zone" or "zone=group" words; the time is the serial's. */
static uint32_t write_words(struct scene *scene, const char *words, uint32_t now)
{
	struct catalog_wish wishes[16];
	char copy[400], *rest = copy;
	size_t count = 0;
	struct zone_edit *edit;

	snprintf(copy, sizeof(copy), "%s", words);
	for (char *word; (word = strsep(&rest, " ")) != NULL;) {
		if (!*word)
			continue;
		char *group = strchr(word, '=');
		if (group)
			*group++ = '\0';
		wishes[count++] = (struct catalog_wish){ memcpy(malloc(NAME_MAX_LEN), zone_text_name(word), NAME_MAX_LEN), group };
	}
	struct catalog_writer writer = { wishes, count, &scene->rng, now };
	ck_assert_int_eq(zone_edit_begin(scene->zone, &edit), ZT_OK);
	ck_assert_int_eq(catalog_write(edit, &writer, &scene->outcome), ZT_OK);
	zone_edit_publish(edit);
	for (size_t i = 0; i < count; i++)
		free((void *)(uintptr_t)wishes[i].zone);
	return zone_version_serial(zone_current(scene->zone));
}

/* The label of a zone in the catalog, "" if it is no member; checks the rest. */
static void label_of(const struct scene *scene, const char *zone, const char *group, char out[64])
{
	char error[CATALOG_ERROR_SIZE];
	struct catalog catalog;

	ck_assert_int_eq(catalog_read(&catalog, zone_current(scene->zone), 1, error), ZT_OK);
	const struct catalog_member *member = catalog_find(&catalog, zone_text_name(zone));
	snprintf(out, 64, "%.*s", member ? *member->node : 0, member ? (const char *)member->node + 1 : "");
	if (member && group)
		ck_assert_str_eq(member->group_count == 1 ? member->groups[0].bytes : "(none or more)", group);
	else if (member)
		ck_assert_uint_eq(member->group_count, 0);
	catalog_fini(&catalog);
}

START_TEST(members_keep_their_labels_and_come_back_with_new_ones)
{
	char one[64], two[64], again[64];
	struct scene scene;

	scene_init(&scene, NULL);
	ck_assert_uint_eq(write_words(&scene, "one.example. TWO.example.=gold", 1000), 1000);
	ck_assert_uint_eq(scene.outcome.added, 2);
	ck_assert(!scene.outcome.was_unusable);
	label_of(&scene, "one.example.", NULL, one);
	label_of(&scene, "two.example.", "gold", two);
	ck_assert_str_ne(one, two);
	ck_assert_uint_eq(write_words(&scene, "two.example.=gold one.example.", 2000), 1000);
	ck_assert_uint_eq(write_words(&scene, "two.example.=gold", 2000), 2000);
	ck_assert_uint_eq(scene.outcome.removed, 1);
	label_of(&scene, "one.example.", NULL, again);
	ck_assert_str_eq(again, "");
	ck_assert_uint_eq(write_words(&scene, "one.example. two.example.=gold", 2000), 2001);
	label_of(&scene, "one.example.", NULL, again);
	ck_assert_str_ne(again, "");
	ck_assert_str_ne(again, one);
	label_of(&scene, "two.example.", "gold", again);
	ck_assert_str_eq(again, two);
	zone_free(scene.zone);
}
END_TEST

START_TEST(a_change_of_the_group_keeps_the_label)
{
	static const char *const groups[] = { "silver", NULL, "gold", "gold" };
	static const size_t changed[] = { 1, 1, 1, 0 };
	char label[64], again[64], words[64];
	struct scene scene;

	scene_init(&scene, NULL);
	write_words(&scene, "one.example.=gold", 1000);
	label_of(&scene, "one.example.", "gold", label);
	for (size_t i = 0; i < 4; i++) {
		snprintf(words, sizeof(words), "one.example.%s%s", groups[i] ? "=" : "", groups[i] ? groups[i] : "");
		write_words(&scene, words, 1000);
		ck_assert_uint_eq(scene.outcome.changed, changed[i]);
		label_of(&scene, "one.example.", groups[i], again);
		ck_assert_str_eq(again, label);
	}
	ck_assert_uint_eq(zone_version_serial(zone_current(scene.zone)), 1003);
	zone_free(scene.zone);
}
END_TEST

START_TEST(a_sound_catalog_of_somebody_else_is_gone_on_from)
{
	struct scene scene;
	char label[64];

	scene_init(&scene, HEAD "a.zones 0 PTR one.example.\nx.ext.a.zones 0 TXT x\nb.zones 0 PTR two.example.\ngroup.b.zones 0 TXT g\nx.ext.b.zones 0 TXT x\n");
	ck_assert_uint_eq(write_words(&scene, "one.example.", 5), 8);
	label_of(&scene, "one.example.", NULL, label);
	ck_assert_str_eq(label, "a");
	ck_assert_uint_eq(scene.outcome.removed, 1);
	/* SOA, NS, version, the member and its custom property. */
	ck_assert_uint_eq(zone_version_record_count(zone_current(scene.zone)), 5);
	zone_free(scene.zone);
}
END_TEST

START_TEST(what_is_no_catalog_is_written_anew_with_a_newer_serial)
{
	struct scene scene;
	char label[64];

	scene_init(&scene, FRAME "a.zones 0 PTR one.example.\nwww A 192.0.2.1\n");
	ck_assert_uint_eq(write_words(&scene, "one.example.", 5), 8);
	ck_assert(scene.outcome.was_unusable);
	ck_assert_ptr_nonnull(strstr(scene.outcome.error, "version"));
	label_of(&scene, "one.example.", NULL, label);
	ck_assert_uint_eq(strlen(label), 16);
	ck_assert_uint_eq(zone_version_record_count(zone_current(scene.zone)), 4);
	zone_free(scene.zone);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("zone/catalog");
	TCase *tc = tcase_create("catalog");
	tcase_add_loop_test(tc, a_catalog_is_read_as_the_rfc_says, 0, sizeof(reading_rows) / sizeof(reading_rows[0]));
	tcase_add_test(tc, a_zone_without_content_is_a_broken_catalog);
	tcase_add_test(tc, members_keep_their_labels_and_come_back_with_new_ones);
	tcase_add_test(tc, a_change_of_the_group_keeps_the_label);
	tcase_add_test(tc, a_sound_catalog_of_somebody_else_is_gone_on_from);
	tcase_add_test(tc, what_is_no_catalog_is_written_anew_with_a_newer_serial);
	suite_add_tcase(suite, tc);
	return suite_run(suite);
}

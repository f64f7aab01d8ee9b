/* lib/zone/image: what was written is read back, and nothing else is. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/zone/edit.h"
#include "lib/zone/image.h"
#include "tests/support/suite.h"
#include "tests/support/zone_text.h"

static const char apex[] = "example.";
static const char records[] =
	"example. 300 SOA ns.example. admin.example. 7 3600 600 86400 60\n"
	"example. 300 NS ns.example.\nexample. 300 NS ns.other.\n"
	"ns.example. 300 A 192.0.2.1\nns.example. 300 AAAA 2001:db8::1\n"
	"*.wild.example. 60 TXT \"a\" \"b\"\nsub.example. 300 NS ns.sub.example.\nns.sub.example. 300 A 192.0.2.2\n"
	"d.example. 300 DNAME other.\nABCDEFGH.example. 300 NSEC3 1 0 0 - 2T7B4G4VSA5SMI47K61MV5BV1A22BOJR A\n"
	"a.very.long.name.that.fills.a.prefix.example. 1 A 192.0.2.3\na.very.long.name.that.fills.a.prefiy.example. 1 A 192.0.2.4\n";

struct place {
	char folder[64];
	char path[96];
	struct zone *zone;
};

static void place_make(struct place *place, const char *text)
{
	temp_dir_make(place->folder);
	snprintf(place->path, sizeof(place->path), "%s/zone.image", place->folder);
	place->zone = zone_text_new(apex, text);
}

static void place_remove(struct place *place)
{
	zone_free(place->zone);
	temp_dir_remove(place->folder);
}

static int write_image(const struct place *place, uint64_t sequence)
{
	return image_write(&(struct image_job){ zone_current(place->zone), sequence, place->path, NULL, NULL });
}

/* Reads the image into a new zone of that name; NULL, and the reason, where it is refused. */
static struct zone *read_as(const char *path, const char *name, const struct fingerprint_key *key, const char **why)
{
	struct image *image;
	struct zone_edit *edit;
	struct zone *zone;

	*why = NULL;
	ck_assert_int_eq(zone_new(zone_text_name(name), key, &zone), ZT_OK);
	int status = image_open(path, zone, &image, why);
	if (status == ZT_OK) {
		ck_assert_int_eq(zone_edit_begin(zone, &edit), ZT_OK);
		status = image_load(image, edit, why);
		image_close(image);
		if (status == ZT_OK)
			zone_edit_publish(edit);
		else
			zone_edit_abort(edit);
	}
	if (status == ZT_OK)
		return zone;
	ck_assert_ptr_nonnull(*why);
	zone_free(zone);
	return NULL;
}

static struct zone *read_image(const struct place *place)
{
	const char *why;
	struct zone *zone = read_as(place->path, apex, &zone_text_key, &why);
	ck_assert_msg(zone != NULL, "refused: %s", why);
	return zone;
}

START_TEST(what_was_written_is_read_back)
{
	struct place place;
	struct image *image;
	const char *why;

	place_make(&place, records);
	ck_assert_int_eq(write_image(&place, 12), ZT_OK);
	ck_assert_int_eq(image_open(place.path, place.zone, &image, &why), ZT_OK);
	ck_assert_uint_eq(image_info(image)->sequence, 12);
	ck_assert_uint_eq(image_info(image)->serial, 7);
	image_close(image);
	struct zone *copy = read_image(&place);
	zone_text_assert_equal(zone_current(place.zone), zone_current(copy));
	ck_assert_uint_eq(zone_version_record_count(zone_current(copy)), zone_version_record_count(zone_current(place.zone)));
	ck_assert_uint_eq(zone_version_name_count(zone_current(copy)), zone_version_name_count(zone_current(place.zone)));
	ck_assert_uint_eq(zone_version_serial(zone_current(copy)), 7);
	ck_assert_ptr_nonnull(zone_nsec3_at_or_before(zone_current(copy), zone_text_name("zzz.example.")));
	zone_free(copy);
	place_remove(&place);
}
END_TEST

START_TEST(a_zone_of_one_name_and_one_without_an_apex_are_read_back)
{
	static const char *const texts[] = { "example. 300 NS ns.other.\n", "www.example. 300 A 192.0.2.1\n" };

	for (unsigned i = 0; i < 2; i++) {
		struct place place;
		place_make(&place, texts[i]);
		ck_assert_int_eq(write_image(&place, 1), ZT_OK);
		struct zone *copy = read_image(&place);
		zone_text_assert_equal(zone_current(place.zone), zone_current(copy));
		ck_assert_int_eq(zone_version_apex(zone_current(copy)) != NULL, i == 0);
		zone_free(copy);
		place_remove(&place);
	}
}
END_TEST

START_TEST(a_zone_read_back_is_edited_and_written_again)
{
	struct place place;

	place_make(&place, records);
	for (int round = 0; round < 4; round++) {
		ck_assert_int_eq(write_image(&place, 1), ZT_OK);
		struct zone *copy = read_image(&place);
		zone_text_publish(place.zone, "+ more.example. 300 A 192.0.2.9\n- ns.example. 300 A 192.0.2.1\n");
		zone_text_publish(copy, "+ more.example. 300 A 192.0.2.9\n- ns.example. 300 A 192.0.2.1\n");
		zone_text_assert_equal(zone_current(place.zone), zone_current(copy));
		zone_text_publish(copy, "- more.example. 300 A 192.0.2.9\n+ ns.example. 300 A 192.0.2.1\n");
		zone_free(place.zone);
		place.zone = copy;
	}
	place_remove(&place);
}
END_TEST

static size_t file_read(const char *path, uint8_t *out, size_t size)
{
	int fd = open(path, O_RDONLY);
	ck_assert_int_ge(fd, 0);
	ssize_t len = read(fd, out, size);
	close(fd);
	ck_assert_int_gt((int)len, 0);
	return (size_t)len;
}

static void file_write(const char *path, const uint8_t *data, size_t len)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq((int)write(fd, data, len), (int)len);
	close(fd);
}

START_TEST(every_flipped_bit_and_every_cut_is_refused)
{
	static uint8_t good[1 << 16], bad[1 << 16];
	struct place place;
	const char *why;

	place_make(&place, records);
	ck_assert_int_eq(write_image(&place, 1), ZT_OK);
	size_t len = file_read(place.path, good, sizeof(good));
	ck_assert_uint_lt(len, sizeof(good) - 1);
	for (size_t i = 0; i < 8 * len; i++) {
		memcpy(bad, good, len);
		bad[i / 8] ^= (uint8_t)(1 << i % 8);
		file_write(place.path, bad, len);
		ck_assert_msg(read_as(place.path, apex, &zone_text_key, &why) == NULL, "bit %zu is not missed", i);
	}
	for (size_t cut = 0; cut < len; cut++) {
		file_write(place.path, good, cut);
		ck_assert_ptr_null(read_as(place.path, apex, &zone_text_key, &why));
	}
	memcpy(bad, good, len);
	bad[len] = 0;
	file_write(place.path, bad, len + 1);
	ck_assert_ptr_null(read_as(place.path, apex, &zone_text_key, &why));
	file_write(place.path, good, len);
	zone_free(read_image(&place));
	place_remove(&place);
}
END_TEST

START_TEST(the_image_of_another_zone_or_key_is_refused)
{
	static const struct fingerprint_key other_key = { "another key 1234" };
	struct place place;
	const char *why;

	place_make(&place, records);
	ck_assert_int_eq(write_image(&place, 1), ZT_OK);
	ck_assert_ptr_null(read_as(place.path, "example.org.", &zone_text_key, &why));
	ck_assert_str_eq(why, "it is of another zone");
	ck_assert_ptr_null(read_as(place.path, apex, &other_key, &why));
	ck_assert_str_eq(why, "it was made with another fingerprint key");
	place_remove(&place);
}
END_TEST

START_TEST(a_full_disk_leaves_the_image_of_before)
{
	struct place place;
	struct rlimit limit, small;
	char left[128];

	place_make(&place, records);
	ck_assert_int_eq(write_image(&place, 1), ZT_OK);
	zone_text_publish(place.zone, "+ more.example. 300 A 192.0.2.9\n");
	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &limit);
	small = limit;
	small.rlim_cur = 700;
	setrlimit(RLIMIT_FSIZE, &small);
	ck_assert_int_ne(write_image(&place, 2), ZT_OK);
	setrlimit(RLIMIT_FSIZE, &limit);
	struct zone *copy = read_image(&place);
	ck_assert_uint_eq(zone_version_record_count(zone_current(copy)) + 1, zone_version_record_count(zone_current(place.zone)));
	zone_free(copy);
	snprintf(left, sizeof(left), "%s.new", place.path);
	ck_assert_int_ne(access(left, F_OK), 0);
	place_remove(&place);
}
END_TEST

START_TEST(writing_can_be_cancelled)
{
	struct place place;
	atomic_bool cancel = true;

	place_make(&place, records);
	ck_assert_int_eq(image_write(&(struct image_job){ zone_current(place.zone), 1, place.path, &cancel, NULL }), ZT_EDONE);
	ck_assert_int_ne(access(place.path, F_OK), 0);
	place_remove(&place);
}
END_TEST

/* A clock that tells how often it was asked; each sync seems to take a microsecond. */
struct counting_clock {
	struct clock clock;
	usec_t asked;
};

static usec_t counting_now(const struct clock *clock)
{
	return ++((struct counting_clock *)(uintptr_t)clock)->asked;
}

static void add_texts(struct zone *zone, unsigned count)
{
	struct zone_edit *edit;
	uint8_t rdata[201] = { 200 };      /* TXT */
	char name[32];

	ck_assert_int_eq(zone_edit_begin(zone, &edit), ZT_OK);
	for (unsigned i = 0; i < count; i++) {
		snprintf(name, sizeof(name), "n%u.example.", i);
		memcpy(rdata + 1, name, strlen(name));
		struct change_record record = { zone_text_name(name), 16, 60, rdata, sizeof(rdata) };
		ck_assert_int_eq(zone_edit_add(edit, &record), ZT_OK);
	}
	zone_edit_publish(edit);
}

START_TEST(a_large_image_is_synced_slice_by_slice)
{
	struct counting_clock counting = { .clock = { .now = counting_now, .speed = 1 } };
	struct place place;
	struct stat st;

	place_make(&place, records);
	add_texts(place.zone, 12000);      /* of 200 bytes and more */
	ck_assert_int_eq(image_write(&(struct image_job){ zone_current(place.zone), 1, place.path, NULL, &counting.clock }), ZT_OK);
	ck_assert_int_eq(stat(place.path, &st), 0);
	usec_t slices = st.st_size / (1 << 20);
	ck_assert_int_ge(slices, 2);
	ck_assert_int_ge(counting.asked, 2 * (slices - 1));
	ck_assert_int_le(counting.asked, 2 * slices);
	struct zone *copy = read_image(&place);
	zone_text_assert_equal(zone_current(copy), zone_current(place.zone));
	zone_free(copy);
	place_remove(&place);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("image");
	TCase *tc = tcase_create("image");
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, what_was_written_is_read_back);
	tcase_add_test(tc, a_zone_of_one_name_and_one_without_an_apex_are_read_back);
	tcase_add_test(tc, a_zone_read_back_is_edited_and_written_again);
	tcase_add_test(tc, every_flipped_bit_and_every_cut_is_refused);
	tcase_add_test(tc, the_image_of_another_zone_or_key_is_refused);
	tcase_add_test(tc, a_full_disk_leaves_the_image_of_before);
	tcase_add_test(tc, writing_can_be_cancelled);
	tcase_add_test(tc, a_large_image_is_synced_slice_by_slice);
	suite_add_tcase(suite, tc);
	return suite_run(suite);
}

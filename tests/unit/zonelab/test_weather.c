/* The weather of a link: what it does to many packets, that a seed repeats it, and how it is written. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/suite.h"
#include "tools/zonelab/weather/weather_text.h"

enum { MANY = 200000, GAP = 1000 };

struct tally {
	unsigned delivered, lost, copies, overtakers, full;
	unsigned bursts, longest;
	usec_t least, most;
	double mean_delay;
};

/* MANY packets of 100 bytes, one each GAP microseconds. */
static struct tally observe(const struct weather *weather, uint64_t seed)
{
	struct weather_state state;
	struct tally tally = { .least = INT64_MAX };
	usec_t latest = 0;
	unsigned row = 0;

	weather_state_init(&state, seed, 1, 2);
	for (unsigned i = 0; i < MANY; i++) {
		struct weather_fate fate;
		usec_t now = (usec_t)i * GAP;
		weather_step(weather, &state, 100, now, &fate);
		tally.full += fate.fate == FATE_QUEUE;
		if (fate.fate != FATE_DELIVERED) {
			ck_assert_uint_eq(fate.count, 0);
			tally.lost++;
			tally.bursts += row == 0;
			row++;
			tally.longest = row > tally.longest ? row : tally.longest;
			continue;
		}
		row = 0;
		tally.delivered++;
		tally.copies += fate.count - 1;
		for (unsigned j = 0; j < fate.count; j++) {
			usec_t delay = fate.at[j] - now;
			ck_assert_int_ge(delay, 0);
			tally.least = delay < tally.least ? delay : tally.least;
			tally.most = delay > tally.most ? delay : tally.most;
			tally.mean_delay += (double)delay;
			tally.overtakers += fate.at[j] < latest;
			latest = fate.at[j] > latest ? fate.at[j] : latest;
		}
	}
	tally.mean_delay /= tally.delivered + tally.copies;
	return tally;
}

static struct weather weather_of(const char *text)
{
	struct weather weather = { .delay = 0 };
	char error[WEATHER_ERROR_SIZE], copy[256], *save = NULL;

	snprintf(copy, sizeof(copy), "%s", text);
	for (char *word = strtok_r(copy, " ", &save); word; word = strtok_r(NULL, " ", &save))
		ck_assert_msg(weather_set_word(&weather, word, error) == ZT_OK, "%s: %s", word, error);
	return weather;
}

static void about(double value, double expected, double tolerance)
{
	ck_assert_msg(value >= expected * (1 - tolerance) && value <= expected * (1 + tolerance), "%g, expected %g within %g%%", value, expected,
		      100 * tolerance);
}

START_TEST(fine_weather_delivers_everything_at_once)
{
	const struct weather fine = { .delay = 0 };
	struct tally tally = observe(&fine, 1);
	ck_assert_uint_eq(tally.delivered, MANY);
	ck_assert_uint_eq(tally.copies, 0);
	ck_assert_int_eq(tally.most, 0);
}
END_TEST

START_TEST(delay_and_jitter_keep_their_bounds_and_the_order_of_packets)
{
	/* Packets are 1 ms apart and the jitter is less than half of that, so that order changes no delay. */
	struct weather weather = weather_of("delay=50ms jitter=0.4ms");
	struct tally tally = observe(&weather, 2);
	ck_assert_int_eq(tally.least, 49600);
	ck_assert_int_eq(tally.most, 50400);
	about(tally.mean_delay, 50000, 0.0001);
	ck_assert_uint_eq(tally.overtakers, 0);
	weather = weather_of("delay=5ms jitter=20ms");
	tally = observe(&weather, 3);
	ck_assert_int_le(tally.most, 25000);
	ck_assert_uint_eq(tally.overtakers, 0);
}
END_TEST

START_TEST(independent_losses_have_their_share_and_come_mostly_alone)
{
	struct weather weather = weather_of("loss=5%");
	struct tally tally = observe(&weather, 4);
	about(tally.lost, 0.05 * MANY, 0.05);
	about((double)tally.lost / tally.bursts, 1 / 0.95, 0.02);
	weather.loss = 1;
	tally = observe(&weather, 5);
	ck_assert_uint_eq(tally.lost, MANY);
}
END_TEST

START_TEST(bursts_keep_the_share_of_losses_and_have_their_mean_length)
{
	static const struct {
		double loss, burst;
	} cases[] = { { 0.01, 10 }, { 0.05, 4 }, { 0.3, 2.5 }, { 0.5, 20 } };
	for (size_t i = 0; i < 4; i++) {
		struct weather weather = { .loss = cases[i].loss, .burst = cases[i].burst };
		struct tally tally = observe(&weather, 10 + i);
		about(tally.lost, cases[i].loss * MANY, 0.1);
		about((double)tally.lost / tally.bursts, cases[i].burst, 0.1);
	}
	/* With nine of ten lost, rows of two can't be: a good packet comes only each tenth time. */
	struct weather weather = { .loss = 0.9, .burst = 2 };
	struct tally tally = observe(&weather, 20);
	about(tally.lost, 0.9 * MANY, 0.02);
	about((double)tally.lost / tally.bursts, 9, 0.05);
}
END_TEST

START_TEST(duplicates_and_overtakers_have_their_share)
{
	struct weather weather = weather_of("delay=10ms duplicate=1% reorder=2%");
	struct tally tally = observe(&weather, 6);
	about(tally.copies, 0.01 * MANY, 0.1);
	about(tally.overtakers, 0.02 * MANY, 0.1);
	ck_assert_int_eq(tally.least, 0);
	ck_assert_int_eq(tally.most, 10000);
}
END_TEST

START_TEST(a_narrow_link_sends_at_its_rate_and_drops_what_its_queue_cannot_hold)
{
	/* 100 bytes each ms are 800 kbit/s; half of that passes, behind a queue that is always full: 16 KiB at 400 kbit/s take 328 ms. */
	struct weather weather = weather_of("rate=400K");
	struct tally tally = observe(&weather, 7);
	about(tally.delivered, MANY / 2, 0.01);
	ck_assert_uint_eq(tally.full, tally.lost);
	about((double)tally.most, 16384 * 8 / 0.4, 0.01);
	weather = weather_of("rate=400K queue=1000");
	tally = observe(&weather, 7);
	about((double)tally.most, 1000 * 8 / 0.4, 0.02);
	/* Twice the rate that is needed: no packet waits for another, each takes 0.5 ms. */
	weather = weather_of("rate=1600K");
	tally = observe(&weather, 7);
	ck_assert_uint_eq(tally.delivered, MANY);
	ck_assert_int_eq(tally.least, 500);
	ck_assert_int_eq(tally.most, 500);
}
END_TEST

START_TEST(a_packet_larger_than_an_empty_queue_still_passes)
{
	struct weather weather = weather_of("rate=1M queue=100");
	struct weather_state state;
	struct weather_fate fate;

	weather_state_init(&state, 1, 0, 1);
	weather_step(&weather, &state, 1500, 0, &fate);
	ck_assert_int_eq(fate.fate, FATE_DELIVERED);
	ck_assert_int_eq(fate.at[0], 12000);
	weather_step(&weather, &state, 1500, 0, &fate);
	ck_assert_int_eq(fate.fate, FATE_QUEUE);
}
END_TEST

START_TEST(after_a_change_nothing_waits_for_what_was_before)
{
	struct weather weather = weather_of("rate=8K");
	struct weather_state state;
	struct weather_fate fate;

	weather_state_init(&state, 1, 0, 1);
	for (unsigned i = 0; i < 2; i++) {
		weather_step(&weather, &state, 1000, 0, &fate);
		ck_assert_int_eq(fate.at[0], USEC_PER_SEC);
		weather_state_changed(&state);
	}
	/* A burst of losses has its end there, too. */
	weather = weather_of("loss=50% burst=100000");
	do {
		weather_step(&weather, &state, 100, 0, &fate);
	} while (fate.fate != FATE_LOSS);
	weather_state_changed(&state);
	weather_step(&weather, &state, 100, 0, &fate);
	ck_assert_int_eq(fate.fate, FATE_DELIVERED);
}
END_TEST

START_TEST(each_link_has_chances_of_its_own)
{
	static const unsigned links[][2] = { { 0, 1 }, { 1, 0 }, { 2, 1 }, { 0, 2 } };
	struct weather weather = weather_of("delay=1s jitter=1s");
	usec_t at[4];

	for (size_t i = 0; i < 4; i++) {
		struct weather_state state;
		struct weather_fate fate;
		weather_state_init(&state, 1, links[i][0], links[i][1]);
		weather_step(&weather, &state, 100, 0, &fate);
		at[i] = fate.at[0];
		for (size_t j = 0; j < i; j++)
			ck_assert_int_ne(at[i], at[j]);
	}
}
END_TEST

START_TEST(cut_comes_before_all_else_and_the_mtu_counts_whole_packets)
{
	struct weather weather = weather_of("mtu=1280 loss=100%");
	struct weather_state state;
	struct weather_fate fate;

	weather_state_init(&state, 1, 0, 1);
	weather_step(&weather, &state, 1281, 0, &fate);
	ck_assert_int_eq(fate.fate, FATE_TOO_BIG);
	weather_step(&weather, &state, 1280, 0, &fate);
	ck_assert_int_eq(fate.fate, FATE_LOSS);
	weather.cut = true;
	weather_step(&weather, &state, 1281, 0, &fate);
	ck_assert_int_eq(fate.fate, FATE_CUT);
}
END_TEST

static uint64_t digest(uint64_t seed, unsigned from, unsigned to)
{
	struct weather weather = weather_of("delay=10ms jitter=5ms loss=5% burst=3 duplicate=2% reorder=1% rate=10M");
	struct weather_state state;
	uint64_t sum = 0;

	weather_state_init(&state, seed, from, to);
	for (unsigned i = 0; i < 1000; i++) {
		struct weather_fate fate;
		weather_step(&weather, &state, 40 + i % 1400, (usec_t)i * 700, &fate);
		sum = sum * 31 + (uint64_t)fate.fate * 7 + fate.count + (uint64_t)fate.at[0] * 3 + (uint64_t)fate.at[1];
	}
	return sum;
}

START_TEST(a_seed_repeats_every_fate_and_links_differ)
{
	ck_assert_uint_eq(digest(1, 2, 3), digest(1, 2, 3));
	ck_assert_uint_ne(digest(1, 2, 3), digest(2, 2, 3));
	ck_assert_uint_ne(digest(1, 2, 3), digest(1, 3, 2));
	ck_assert_uint_ne(digest(1, 2, 3), digest(1, 2, 4));
}
END_TEST

START_TEST(weather_that_has_cleared_holds_nothing_back)
{
	struct weather slow = weather_of("delay=10s rate=1K"), fine = weather_of("delay=1ms");
	struct weather_state state;
	struct weather_fate fate;

	weather_state_init(&state, 1, 0, 1);
	weather_step(&slow, &state, 1000, 0, &fate);
	ck_assert_int_eq(fate.at[0], 18 * USEC_PER_SEC);
	weather_state_changed(&state);
	weather_step(&fine, &state, 1000, 10, &fate);
	ck_assert_int_eq(fate.at[0], 1010);
}
END_TEST

START_TEST(a_faster_lab_has_shorter_delays_and_the_same_losses)
{
	struct weather weather = weather_of("delay=60ms jitter=6ms loss=5% rate=1M mtu=1280");
	weather_speed_up(&weather, 60);
	const struct weather expected = weather_of("delay=1ms jitter=0.1ms loss=5% rate=60M mtu=1280");
	ck_assert(weather_equal(&weather, &expected));
}
END_TEST

START_TEST(words_are_read_and_written)
{
	static const char *const texts[] = {
		"delay=50ms jitter=5ms loss=5% burst=4 duplicate=1% reorder=2% rate=10M queue=65536 mtu=1280",
		"delay=0.25ms", "delay=1.5s", "loss=0.1% cut", "rate=1500", "rate=64K", "cut", "fine",
	};
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct weather weather = strcmp(texts[i], "fine") == 0 ? (struct weather){ .delay = 0 } : weather_of(texts[i]);
		struct buf out;
		buf_init(&out);
		weather_to_text(&weather, &out);
		buf_add_u8(&out, 0);
		ck_assert_int_eq(out.status, ZT_OK);
		ck_assert_str_eq((char *)out.data, texts[i]);
		buf_fini(&out);
	}
	const struct weather same = weather_of("delay=250us loss=0.05 cut=no rate=2G"), other = weather_of("delay=0.25ms loss=5% cut=off rate=2000M");
	ck_assert(weather_equal(&same, &other));
	ck_assert_int_eq(weather_of("delay=2").delay, 2 * USEC_PER_SEC);
	/* Several at a time change what they name and nothing else. */
	static const char *const words[] = { "loss=5%", "rate=2G" };
	struct weather weather = weather_of("delay=0.25ms loss=1%");
	char error[WEATHER_ERROR_SIZE];
	ck_assert_int_eq(weather_set_words(&weather, words, 2, error), ZT_OK);
	ck_assert(weather_equal(&weather, &same));
}
END_TEST

START_TEST(what_cannot_be_read_is_said_and_changes_nothing)
{
	static const char *const cases[][2] = {
		{ "delya=5ms", "unknown key \"delya\", did you mean \"delay\"?" },
		{ "colour=red", "unknown key \"colour\", expected one of delay, jitter, loss, burst, duplicate, reorder, rate, queue, mtu, cut" },
		{ "delay", "\"delay\" says no value, expected delay=VALUE, a time up to an hour, such as 50ms, 0.5ms or 2s" },
		{ "", "\"\" says no value, expected KEY=VALUE, such as delay=50ms" },
		{ "=5", "\"=5\" says no value, expected KEY=VALUE, such as delay=50ms" },
		{ "delay=", "delay is \"\", expected a time up to an hour, such as 50ms, 0.5ms or 2s" },
		{ "delay=-5ms", NULL }, { "delay=5x", NULL }, { "delay=1..5s", NULL }, { "delay=.", NULL }, { "delay=61m", NULL }, { "delay=0x10", NULL },
		{ "delay=1e3", NULL }, { "delay=nan", NULL }, { "delay=99999999999999999999999999", NULL },
		{ "loss=101%", "loss is \"101%\", expected a share of the packets, such as 5% or 0.05" },
		{ "loss=5", NULL }, { "loss=5%%", NULL }, { "burst=0", NULL }, { "burst=inf", NULL },
		{ "rate=10X", "rate is \"10X\", expected bits per second, such as 10M, 64K or 0 for no limit" },
		{ "rate=0.5", NULL }, { "queue=-1", NULL }, { "queue=65M", NULL },
		{ "mtu=67", "mtu is \"67\", expected bytes from 68 to 65535, or 0 for the devices' own" },
		{ "mtu=65536", NULL }, { "mtu=1280.5", NULL },
		{ "cut=maybe", "cut is \"maybe\", expected yes or no" },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct weather before = weather_of("delay=7ms");
		struct weather weather = before;
		const char *const words[] = { "loss=50%", cases[i][0] };
		char error[WEATHER_ERROR_SIZE] = "";
		ck_assert_msg(weather_set_words(&weather, words, 2, error) == ZT_ESYNTAX, "%s was taken", cases[i][0]);
		ck_assert(weather_equal(&weather, &before));
		if (cases[i][1])
			ck_assert_str_eq(error, cases[i][1]);
		ck_assert(strstr(error, "expected") || strstr(error, "did you mean"));
	}
	struct weather weather = { .delay = 0 };
	char error[WEATHER_ERROR_SIZE];
	ck_assert_int_eq(weather_set_words(&weather, NULL, 0, error), ZT_ESYNTAX);
	ck_assert_str_eq(error, "no weather given, expected words such as delay=50ms loss=5%");
}
END_TEST

struct link_conf {
	const struct yaml_node *node;
	const char *to;
	struct weather_conf weather;
};

START_TEST(a_topology_file_says_it_with_the_same_keys)
{
	static const struct schema_row rows[] = {
		{ "to", SCHEMA_TEXT, offsetof(struct link_conf, to), SCHEMA_REQUIRED, .help = "…" },
		WEATHER_ROWS(struct link_conf, weather),
	};
	static const struct schema schema = { .what = "link", .size = sizeof(struct link_conf), .rows = rows, .row_count = SCHEMA_COUNT(rows) };
	static const char good[] = "to: b\ndelay: 50ms\nloss: 5%\nmtu: 1280\ncut: yes\nrate: 10M\n", bad[] = "to: b\ndelay: soon\nlos: 1%\n";
	struct problems problems;
	struct yaml_tree tree;
	struct link_conf conf;
	struct weather weather = { .delay = 7, .jitter = 9 };
	const struct weather expected = { .delay = 50000, .jitter = 9, .loss = 0.05, .mtu = 1280, .cut = true, .rate = 10000000 };

	problems_init(&problems, "lab.yaml");
	ck_assert_int_eq(yaml_tree_parse(&tree, "lab.yaml", good, strlen(good), &problems), ZT_OK);
	ck_assert_int_eq(schema_fill(&schema, &tree, tree.root, &conf, &problems), ZT_OK);
	weather_apply(&weather, &conf.weather);
	ck_assert(weather_equal(&weather, &expected));
	yaml_tree_fini(&tree);

	ck_assert_int_eq(yaml_tree_parse(&tree, "lab.yaml", bad, strlen(bad), &problems), ZT_OK);
	ck_assert_int_eq(schema_fill(&schema, &tree, tree.root, &conf, &problems), ZT_ESYNTAX);
	struct buf out;
	buf_init(&out);
	problems_write(&problems, &out);
	buf_add_u8(&out, 0);
	ck_assert_str_eq((char *)out.data, "lab.yaml:2:8: delay is \"soon\", expected a time up to an hour, such as 50ms, 0.5ms or 2s\n"
					   "lab.yaml:3:1: unknown key \"los\" in link, did you mean \"loss\"?\n");
	buf_fini(&out);
	yaml_tree_fini(&tree);
	problems_fini(&problems);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("weather");
	TCase *tests = tcase_create("weather");

	tcase_add_test(tests, fine_weather_delivers_everything_at_once);
	tcase_add_test(tests, delay_and_jitter_keep_their_bounds_and_the_order_of_packets);
	tcase_add_test(tests, independent_losses_have_their_share_and_come_mostly_alone);
	tcase_add_test(tests, bursts_keep_the_share_of_losses_and_have_their_mean_length);
	tcase_add_test(tests, duplicates_and_overtakers_have_their_share);
	tcase_add_test(tests, a_narrow_link_sends_at_its_rate_and_drops_what_its_queue_cannot_hold);
	tcase_add_test(tests, a_packet_larger_than_an_empty_queue_still_passes);
	tcase_add_test(tests, after_a_change_nothing_waits_for_what_was_before);
	tcase_add_test(tests, each_link_has_chances_of_its_own);
	tcase_add_test(tests, cut_comes_before_all_else_and_the_mtu_counts_whole_packets);
	tcase_add_test(tests, a_seed_repeats_every_fate_and_links_differ);
	tcase_add_test(tests, weather_that_has_cleared_holds_nothing_back);
	tcase_add_test(tests, a_faster_lab_has_shorter_delays_and_the_same_losses);
	tcase_add_test(tests, words_are_read_and_written);
	tcase_add_test(tests, what_cannot_be_read_is_said_and_changes_nothing);
	tcase_add_test(tests, a_topology_file_says_it_with_the_same_keys);
	suite_add_tcase(suite, tests);
	return suite_run(suite);
}

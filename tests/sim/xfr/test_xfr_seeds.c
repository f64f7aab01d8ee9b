/* Replication under every fault that a seed can draw: 10,000 scenarios, each checked after every step. A failing one is shrunk and shown.
 *
 *     ZT_SEED=17 ZT_SCALE=500     50,000 scenarios from seed 17 on (1 if absent)
 *     ZT_SCENARIO=17              the one of seed 17, told step by step
 *     ZT_SCENARIO=FILE            one written down (scenario.h); put it into scenarios/ once it is mended
 */
#include <ctype.h>
#include <dirent.h>
#include <stdlib.h>
#include <string.h>

#include "tests/sim/xfr/shrink.h"
#include "tests/sim/xfr/trial.h"
#include "tests/support/suite.h"

enum { SCENARIOS = 10000 };

static void scenario_show(const struct scenario *scenario)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	ck_assert_ptr_nonnull(out);
	scenario_write(scenario, out);
	fclose(out);
	for (char *line = text, *end; (end = strchr(line, '\n')); line = end + 1)
		printf("#     %.*s\n", (int)(end - line), line);
	free(text);
}

static void failure_show(uint64_t seed, char failure[320])
{
	struct scenario scenario;

	scenario_draw(&scenario, seed);
	printf("# seed %llu fails: %s\n# to see it: ZT_SCENARIO=%llu tests/sim/xfr/test_xfr_seeds\n", (unsigned long long)seed, failure,
	       (unsigned long long)seed);
	unsigned servers = scenario.server_count, events = scenario.event_count;
	shrink(&scenario, failure);
	printf("# %u servers and %u events, shrunk to %u and %u: %s\n", servers, events, scenario.server_count, scenario.event_count, failure);
	scenario_show(&scenario);
	printf("# to see that: put these lines into FILE, then ZT_SCENARIO=FILE tests/sim/xfr/test_xfr_seeds\n");
	fflush(stdout);
}

static uint64_t first_seed(void)
{
	const char *text = getenv("ZT_SEED");
	return text ? strtoull(text, NULL, 0) : 1;
}

START_TEST(whatever_happens_nothing_is_lost_made_up_or_left_behind)
{
	unsigned long count = suite_rounds(SCENARIOS);
	uint64_t first = first_seed(), seed;
	struct trial_sum sum;
	char failure[320];

	bool fails = trial_seeds(first, count, &sum, &seed, failure);
	printf("# %lu scenarios from seed %llu on (%lu of more than 12 servers, %lu with real journals): %lu steps, %lu crashes, %lu failed transfers, %lu IXFR, "
	       "%lu AXFR, %lu reconciliations, %lu versions adopted, %lu zones expired\n", sum.runs, (unsigned long long)first, sum.large, sum.journals, sum.steps, sum.crashes, sum.retries, sum.ixfr,
	       sum.axfr, sum.repairs, sum.adopted, sum.expired);
	printf("# all equal after %.2f s of quiet on average, %.1f s at most (seed %llu); everybody knew after %.1f s at most\n",
	       (double)sum.took_sum / (double)sum.runs / USEC_PER_SEC, (double)sum.took_longest / USEC_PER_SEC,
	       (unsigned long long)sum.took_longest_seed, (double)sum.settled_longest / USEC_PER_SEC);
	fflush(stdout);
	if (fails)
		failure_show(seed, failure);
	ck_assert_msg(!fails, "seed %llu: %s", (unsigned long long)seed, failure);
}
END_TEST

/* Those of the folder beside this file: field cases, and what once failed. */
START_TEST(the_scenarios_that_are_written_down_stay_sound)
{
	char folder[512], path[1024], failure[320];
	struct scenario scenario;
	struct dirent *entry;
	unsigned count = 0;

	snprintf(folder, sizeof(folder), "%.*sscenarios", (int)(strrchr(__FILE__, '/') + 1 - __FILE__), __FILE__);
	DIR *dir = opendir(folder);
	ck_assert_msg(dir != NULL, "%s", folder);
	while ((entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
		FILE *file = fopen(path, "r");
		ck_assert_ptr_nonnull(file);
		ck_assert_msg(scenario_read(&scenario, file), "%s", path);
		fclose(file);
		ck_assert_msg(!trial_fails(&scenario, failure), "%s: %s; to see it: ZT_SCENARIO=%s tests/sim/xfr/test_xfr_seeds", entry->d_name, failure, path);
		count++;
	}
	closedir(dir);
	ck_assert_uint_ge(count, 9);
}
END_TEST

/* What is written is read as the same. */
START_TEST(scenarios_survive_being_written_and_read)
{
	struct scenario *scenario = calloc(2, sizeof(*scenario));

	ck_assert_ptr_nonnull(scenario);
	for (uint64_t seed = 1; seed <= 200; seed++) {
		FILE *file = tmpfile();
		ck_assert_ptr_nonnull(file);
		scenario_draw(&scenario[0], seed);
		scenario_write(&scenario[0], file);
		rewind(file);
		ck_assert(scenario_read(&scenario[1], file));
		fclose(file);
		char *texts[2] = { NULL, NULL };
		size_t len;
		for (unsigned i = 0; i < 2; i++) {
			FILE *out = open_memstream(&texts[i], &len);
			scenario_write(&scenario[i], out);
			fclose(out);
		}
		ck_assert_str_eq(texts[0], texts[1]);
		ck_assert_uint_eq(scenario[1].event_count, scenario[0].event_count);
		free(texts[0]);
		free(texts[1]);
	}
	free(scenario);
}
END_TEST

/* One scenario, told. */
static int scenario_run(const char *which)
{
	struct world_outcome outcome;
	struct scenario scenario;
	FILE *file;

	if (isdigit((unsigned char)which[0]) && !strpbrk(which, "/.")) {
		scenario_draw(&scenario, strtoull(which, NULL, 0));
	} else {
		bool is_sound = (file = fopen(which, "r")) && scenario_read(&scenario, file);
		if (!file)
			perror(which);
		else
			fclose(file);
		if (!is_sound)
			return EXIT_FAILURE;
	}
	scenario_write(&scenario, stdout);
	fflush(stdout);
	world_run(&scenario, stdout, &outcome);
	if (outcome.is_sound)
		printf("sound: all equal %.3f s after quiet, known to all after %.3f s\n", (double)outcome.took / USEC_PER_SEC,
		       (double)outcome.settled / USEC_PER_SEC);
	else
		printf("FAILED: %s\n", outcome.failure);
	return outcome.is_sound ? EXIT_SUCCESS : EXIT_FAILURE;
}

int main(void)
{
	const char *scenario = getenv("ZT_SCENARIO");

	if (scenario)
		return scenario_run(scenario);
	Suite *suite = suite_create("xfr_seeds");
	TCase *tc = tcase_create("xfr_seeds");
	tcase_add_test(tc, whatever_happens_nothing_is_lost_made_up_or_left_behind);
	tcase_add_test(tc, the_scenarios_that_are_written_down_stay_sound);
	tcase_add_test(tc, scenarios_survive_being_written_and_read);
	suite_add_tcase(suite, tc);
	return suite_run(suite);
}

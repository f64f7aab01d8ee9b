/* Check programs as TAP producers. */
#include "tests/support/suite.h"

#include <stdio.h>
#include <stdlib.h>

#include "lib/base/rng.h"

/* Check's default limit of 4 s a test is read while test cases are made, before main can do anything about it. */
__attribute__((constructor)) static void allow_long_tests(void)
{
	setenv("CK_DEFAULT_TIMEOUT", "900", 0);
}

int suite_run(Suite *suite)
{
	SRunner *runner = srunner_create(suite);
	srunner_set_tap(runner, "-");
	srunner_run_all(runner, CK_SILENT);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

unsigned long long suite_seed(const char *test)
{
	const char *text = getenv("ZT_SEED");
	unsigned long long seed;

	if (text) {
		seed = strtoull(text, NULL, 0);
	} else {
		struct rng rng;
		rng_seed_system(&rng);
		seed = rng_u64(&rng);
	}
	printf("# %s: repeat with ZT_SEED=%llu\n", test, seed);
	fflush(stdout);
	return seed;
}

unsigned long suite_rounds(unsigned long count)
{
	const char *text = getenv("ZT_SCALE");
	unsigned long percent = text ? strtoul(text, NULL, 10) : 100;
	unsigned long rounds = count * percent / 100;
	return rounds > 0 ? rounds : 1;
}

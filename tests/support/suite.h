/* What every Check program of the tests shares: results as TAP on standard output, so that one runner counts all kinds. */
#pragma once

#include <check.h>

/* Runs the suite and returns main's value. */
int suite_run(Suite *suite);

/* The seed of a randomised test: ZT_SEED from the environment, else from the kernel. Printed, so that a failure can be repeated. */
unsigned long long suite_seed(const char *test);

/* How often a randomised test repeats: `count`, times ZT_SCALE percent from the environment (sanitizer builds run fewer). At least 1. */
unsigned long suite_rounds(unsigned long count);

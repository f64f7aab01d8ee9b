# Unit, property and simulation tests are Check programs that print TAP; each code folder lists its own in its local.mk.
noinst_LIBRARIES += tests/support/libsuite.a
tests_support_libsuite_a_SOURCES = tests/support/suite.c tests/support/suite.h
tests_support_libsuite_a_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
LIBS_SUITE = tests/support/libsuite.a $(CHECK_LIBS)

# A fuzz target's main: libFuzzer's, or the corpus replay.
if FUZZERS
FUZZ_MAIN =
FUZZ_LDFLAGS = $(AM_LDFLAGS) $(FUZZER_LDFLAGS)
else
FUZZ_MAIN = tests/support/replay.c
FUZZ_LDFLAGS = $(AM_LDFLAGS)
endif
fuzz_programs =
check_PROGRAMS += $(fuzz_programs)

check_PROGRAMS += tests/unit/base/test_base
tests_unit_base_test_base_SOURCES = tests/unit/base/test_base.c
tests_unit_base_test_base_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_base_test_base_LDADD = $(LIBS_SUITE) $(LIBS_BASE)

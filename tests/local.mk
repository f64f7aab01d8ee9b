# Unit, property and simulation tests are Check programs that print TAP; each code folder lists its own in its local.mk.
noinst_LIBRARIES += tests/support/libsuite.a
tests_support_libsuite_a_SOURCES = tests/support/suite.c tests/support/suite.h
tests_support_libsuite_a_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
LIBS_SUITE = tests/support/libsuite.a $(CHECK_LIBS)

noinst_LIBRARIES += tests/support/libsimnet.a
tests_support_libsimnet_a_SOURCES = tests/support/simnet.c tests/support/simnet.h
LIBS_SIMNET = tests/support/libsimnet.a

# A fuzz target's main: libFuzzer's, or the corpus replay.
if FUZZERS
FUZZ_MAIN =
FUZZ_LINK = $(AM_LDFLAGS) $(FUZZER_LDFLAGS)
else
FUZZ_MAIN = tests/support/replay.c
FUZZ_LINK = $(AM_LDFLAGS)
endif
check_PROGRAMS += $(fuzz_programs)

check_PROGRAMS += tests/unit/base/test_base
tests_unit_base_test_base_SOURCES = tests/unit/base/test_base.c
tests_unit_base_test_base_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_base_test_base_LDADD = $(LIBS_SUITE) $(LIBS_BASE)

# The lints and the Python system tests are found by their place (tests/lint/*, tests/system/test_*.py); programs come from check_PROGRAMS.
RUN_TESTS = $(PYTHON3) -B $(srcdir)/tests/run --srcdir=$(srcdir) --builddir=.

check-local:
	$(RUN_TESTS) $(check_PROGRAMS)

.PHONY: lint fuzz bench differential differences-page lab-survey
lint:
	ZT_FILTER='^tests/lint/' $(RUN_TESTS)

# Builds every fuzz target with clang in fuzz-build/ and runs each for FUZZ_SECONDS.
FUZZ_SECONDS = 60
fuzz:
	FUZZ_SECONDS=$(FUZZ_SECONDS) $(srcdir)/tests/fuzz/run $(srcdir) fuzz-build $(fuzz_programs)

# The long run of the differential test: ROUNDS times 20,000 questions, from SEED on (the day's if empty); ROOT=FILE asks for the root zone in the file.
SEED =
ROUNDS = 10
ROOT =
DIFFERENTIAL = ZT_SRC=$(abs_srcdir) ZT_BUILD=$(abs_builddir) PYTHONPATH=$(abs_srcdir)/tests/support $(PYTHON3) -B -m differential
differential: all
	$(DIFFERENTIAL) --rounds "$(ROUNDS)" --seed "$(SEED)" --root "$(ROOT)"

# doc/differences.md out of the rules.
differences-page:
	$(DIFFERENTIAL) --page >$(srcdir)/doc/differences.md.new && mv $(srcdir)/doc/differences.md.new $(srcdir)/doc/differences.md

# Who survives what: the scenarios of zonelab with each kind of daemon, as a table in doc/lab.md. Some ten minutes; with LAB_SURVEY="--seconds 200" a piece of it,
# and the next make goes on. Results lie in lab-survey/; remove it to begin anew.
LAB_SURVEY =
lab-survey: all
	$(PYTHON3) -B $(srcdir)/tests/support/lab_survey.py --top $(abs_srcdir) --program $(abs_builddir)/tools/zonelab/zonelab \
		--folder lab-survey $(LAB_SURVEY)

bench: all $(bench_programs)
	@if test -x $(srcdir)/bench/run; then ZT_SRC=$(abs_srcdir) ZT_BUILD=$(abs_builddir) $(srcdir)/bench/run; \
	else echo "bench/run is missing from this checkout" >&2; exit 1; fi

clean-local:
	rm -rf test-logs fuzz-build lab-survey

# Whole folders, so that a new test, corpus file or page needs no entry here.
DIST_FOLDERS = .ci bench doc tests zones
EXTRA_DIST += packages.txt
dist-hook:
	tar -C $(srcdir) -cf - --mode=u+w --exclude=__pycache__ --exclude='*.o' $(DIST_FOLDERS) | tar -C $(distdir) -xf -

noinst_LIBRARIES += lib/libctl.a
lib_libctl_a_SOURCES = \
	%D%/ctl_client.c %D%/ctl_client.h \
	%D%/ctl_message.c %D%/ctl_message.h \
	%D%/ctl_server.c %D%/ctl_server.h \
	%D%/metrics.c %D%/metrics.h

check_PROGRAMS += tests/unit/ctl/test_ctl
tests_unit_ctl_test_ctl_SOURCES = tests/unit/ctl/test_ctl.c
tests_unit_ctl_test_ctl_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_ctl_test_ctl_LDADD = $(LIBS_SUITE) $(LIBS_CTL)

check_PROGRAMS += tests/unit/ctl/test_metrics
tests_unit_ctl_test_metrics_SOURCES = tests/unit/ctl/test_metrics.c
tests_unit_ctl_test_metrics_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_ctl_test_metrics_LDADD = $(LIBS_SUITE) $(LIBS_CTL)

fuzz_programs += tests/fuzz/fuzz_ctl
tests_fuzz_fuzz_ctl_SOURCES = tests/fuzz/fuzz_ctl.c $(FUZZ_MAIN)
tests_fuzz_fuzz_ctl_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_fuzz_ctl_LDADD = $(LIBS_CTL)

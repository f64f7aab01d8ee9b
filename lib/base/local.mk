noinst_LIBRARIES += lib/libbase.a
lib_libbase_a_SOURCES = \
	%D%/arena.c %D%/arena.h \
	%D%/buf.c %D%/buf.h \
	%D%/clock.c %D%/clock.h \
	%D%/cursor.h \
	%D%/descriptors.c %D%/descriptors.h \
	%D%/daemon.c %D%/daemon.h \
	%D%/fingerprint.c %D%/fingerprint.h \
	%D%/folders.c %D%/folders.h \
	%D%/lab_clock.c %D%/lab_clock.h \
	%D%/landlock.c %D%/landlock.h \
	%D%/log.c %D%/log.h \
	%D%/nearest.c %D%/nearest.h \
	%D%/memory.c %D%/memory.h \
	%D%/netaddr.c %D%/netaddr.h \
	%D%/privileges.c %D%/privileges.h \
	%D%/qsbr.c %D%/qsbr.h \
	%D%/readiness.c %D%/readiness.h \
	%D%/rng.c %D%/rng.h \
	%D%/secret_line.c %D%/secret_line.h \
	%D%/sandbox.c %D%/sandbox.h \
	%D%/status.c %D%/status.h \
	%D%/syscalls.c %D%/syscalls.h \
	%D%/wire.h

check_PROGRAMS += tests/unit/base/test_netaddr
tests_unit_base_test_netaddr_SOURCES = tests/unit/base/test_netaddr.c
tests_unit_base_test_netaddr_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_base_test_netaddr_LDADD = $(LIBS_SUITE) $(LIBS_BASE)

check_PROGRAMS += tests/unit/base/test_lab_clock
tests_unit_base_test_lab_clock_SOURCES = tests/unit/base/test_lab_clock.c
tests_unit_base_test_lab_clock_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_base_test_lab_clock_LDADD = $(LIBS_SUITE) $(LIBS_BASE)

check_PROGRAMS += tests/unit/base/test_sandbox
tests_unit_base_test_sandbox_SOURCES = tests/unit/base/test_sandbox.c
tests_unit_base_test_sandbox_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_base_test_sandbox_LDADD = $(LIBS_SUITE) $(LIBS_BASE)

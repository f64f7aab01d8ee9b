noinst_LIBRARIES += lib/libbase.a
lib_libbase_a_SOURCES = \
	%D%/arena.c %D%/arena.h \
	%D%/buf.c %D%/buf.h \
	%D%/clock.c %D%/clock.h \
	%D%/cursor.h \
	%D%/descriptors.c %D%/descriptors.h \
	%D%/daemon.c %D%/daemon.h \
	%D%/fingerprint.c %D%/fingerprint.h \
	%D%/log.c %D%/log.h \
	%D%/nearest.c %D%/nearest.h \
	%D%/memory.c %D%/memory.h \
	%D%/netaddr.c %D%/netaddr.h \
	%D%/qsbr.c %D%/qsbr.h \
	%D%/readiness.c %D%/readiness.h \
	%D%/rng.c %D%/rng.h \
	%D%/status.c %D%/status.h \
	%D%/wire.h

check_PROGRAMS += tests/unit/base/test_netaddr
tests_unit_base_test_netaddr_SOURCES = tests/unit/base/test_netaddr.c
tests_unit_base_test_netaddr_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_base_test_netaddr_LDADD = $(LIBS_SUITE) $(LIBS_BASE)

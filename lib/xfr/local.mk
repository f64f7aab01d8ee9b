noinst_LIBRARIES += lib/libxfr.a
lib_libxfr_a_SOURCES = \
	%D%/notify.c %D%/notify.h \
	%D%/refresh.c %D%/refresh.h \
	%D%/update.c %D%/update.h \
	%D%/xfr_in.c %D%/xfr_in.h \
	%D%/xfr_out.c %D%/xfr_out.h

check_PROGRAMS += tests/unit/xfr/test_notify
tests_unit_xfr_test_notify_SOURCES = tests/unit/xfr/test_notify.c
tests_unit_xfr_test_notify_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_xfr_test_notify_LDADD = $(LIBS_SUITE) $(LIBS_XFR)

check_PROGRAMS += tests/unit/xfr/test_refresh
tests_unit_xfr_test_refresh_SOURCES = tests/unit/xfr/test_refresh.c
tests_unit_xfr_test_refresh_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_xfr_test_refresh_LDADD = $(LIBS_SUITE) $(LIBS_XFR)

check_PROGRAMS += tests/unit/xfr/test_xfr
tests_unit_xfr_test_xfr_SOURCES = tests/unit/xfr/test_xfr.c
tests_unit_xfr_test_xfr_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_xfr_test_xfr_LDADD = $(LIBS_ZONEKIT) $(LIBS_SUITE) $(LIBS_XFR)

check_PROGRAMS += tests/unit/xfr/test_update
tests_unit_xfr_test_update_SOURCES = tests/unit/xfr/test_update.c tests/support/update_message.c tests/support/update_message.h \
	tests/support/zone_text.c tests/support/zone_text.h
tests_unit_xfr_test_update_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_xfr_test_update_LDADD = $(LIBS_SUITE) $(LIBS_XFR)

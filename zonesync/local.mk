noinst_LIBRARIES += zonesync/libzonesync.a
zonesync_libzonesync_a_SOURCES = \
	%D%/arguments.c %D%/arguments.h \
	%D%/command.c %D%/command.h \
	%D%/diff.c %D%/diff.h \
	%D%/fetch.c %D%/fetch.h \
	%D%/mend.c %D%/mend.h \
	%D%/pull.c %D%/pull.h \
	%D%/repair.c %D%/repair.h \
	%D%/save.c %D%/save.h \
	%D%/source.c %D%/source.h \
	%D%/talk.c %D%/talk.h \
	%D%/tell.c %D%/tell.h \
	%D%/verify.c %D%/verify.h \
	%D%/verify_file.c %D%/verify_file.h

LIBS_ZONESYNC = zonesync/libzonesync.a lib/libxfr.a lib/libnet.a $(LIBS_ZONE) $(LIBS_SOCKETS) $(JANSSON_LIBS)

bin_PROGRAMS += zonesync/zonesync
zonesync_zonesync_SOURCES = %D%/main.c
zonesync_zonesync_LDADD = $(LIBS_ZONESYNC) -lm
dist_man_MANS += doc/man/zonesync.1

check_PROGRAMS += tests/unit/zonesync/test_source
tests_unit_zonesync_test_source_SOURCES = tests/unit/zonesync/test_source.c
tests_unit_zonesync_test_source_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_zonesync_test_source_LDADD = $(LIBS_SUITE) $(LIBS_ZONESYNC)

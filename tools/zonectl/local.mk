bin_PROGRAMS += tools/zonectl/zonectl
tools_zonectl_zonectl_SOURCES = \
	%D%/arguments.c %D%/arguments.h \
	%D%/history.c %D%/history.h \
	%D%/main.c \
	%D%/peers.c %D%/peers.h \
	%D%/render.c %D%/render.h
tools_zonectl_zonectl_LDADD = $(LIBS_CTL) -lm
dist_man_MANS += doc/man/zonectl.1

check_PROGRAMS += tests/unit/zonectl/test_zonectl
tests_unit_zonectl_test_zonectl_SOURCES = tests/unit/zonectl/test_zonectl.c %D%/render.c %D%/render.h
tests_unit_zonectl_test_zonectl_CPPFLAGS = $(AM_CPPFLAGS) -DZONECTL='"$(abs_top_builddir)/tools/zonectl/zonectl"'
tests_unit_zonectl_test_zonectl_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_zonectl_test_zonectl_LDADD = $(LIBS_SUITE) $(LIBS_CTL) -lm

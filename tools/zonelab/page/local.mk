# The page: its server as a library, and the files it shows, which embed writes as C. D3 comes from npm; fetch-d3 says what happens without it.
noinst_LIBRARIES += tools/zonelab/page/libpage.a
tools_zonelab_page_libpage_a_SOURCES = \
	%D%/connections.c \
	%D%/feed.c %D%/feed.h \
	%D%/files.h \
	%D%/guard.c %D%/guard.h \
	%D%/page.c %D%/page.h %D%/page_inner.h \
	%D%/watchers.c
nodist_tools_zonelab_page_libpage_a_SOURCES = %D%/files.c
LIBS_PAGE = tools/zonelab/page/libpage.a lib/libnet.a $(LIBS_DNS) $(EVENT_LIBS) $(EVENT_EXTRA_LIBS) $(JANSSON_LIBS)

tools_zonelab_zonelab_SOURCES += %D%/page_part.c %D%/page_part.h
tools_zonelab_zonelab_LDADD += $(LIBS_PAGE)

PAGE_FILES = \
	%D%/web/app.js \
	%D%/web/controls.js \
	%D%/web/curve.js \
	%D%/web/graph.js \
	%D%/web/icon.svg \
	%D%/web/index.html \
	%D%/web/layout.js \
	%D%/web/model.js \
	%D%/web/stream.js \
	%D%/web/style.css \
	%D%/web/timeline.js
EXTRA_DIST += $(PAGE_FILES) %D%/embed %D%/fetch-d3 %D%/web/package.json %D%/web/package-lock.json
CLEANFILES += %D%/files.c %D%/d3.js

%D%/d3.js: %D%/fetch-d3 %D%/web/package.json %D%/web/package-lock.json
	$(AM_V_GEN)$(MKDIR_P) %D% && $(srcdir)/%D%/fetch-d3 $(srcdir)/%D%/web $@
%D%/files.c: $(PAGE_FILES) %D%/d3.js %D%/embed
	$(AM_V_GEN)$(MKDIR_P) %D% && $(PYTHON3) -B $(srcdir)/%D%/embed $@ $(PAGE_FILES:%=$(srcdir)/%) %D%/d3.js

# Once more, where D3 could not be had before.
.PHONY: page
page:
	rm -f %D%/d3.js
	$(MAKE) all

check_PROGRAMS += tests/unit/zonelab/test_page
tests_unit_zonelab_test_page_SOURCES = tests/unit/zonelab/test_page.c tests/unit/net/turns.h
tests_unit_zonelab_test_page_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_zonelab_test_page_LDADD = $(LIBS_SUITE) $(LIBS_PAGE)

check_PROGRAMS += tests/unit/zonelab/test_page_guard
tests_unit_zonelab_test_page_guard_SOURCES = tests/unit/zonelab/test_page_guard.c
tests_unit_zonelab_test_page_guard_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_zonelab_test_page_guard_LDADD = $(LIBS_SUITE) $(LIBS_PAGE)

# A page without a lab behind it, for tests: what it shows is told on its standard input.
noinst_PROGRAMS += tests/support/page_host
tests_support_page_host_SOURCES = tests/support/page_host.c
tests_support_page_host_LDADD = $(LIBS_PAGE)

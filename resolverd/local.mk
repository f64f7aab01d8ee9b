# The daemon's parts as a library, so that tests can take what they need; main.c alone is the program.
noinst_LIBRARIES += resolverd/libresolverd.a
resolverd_libresolverd_a_SOURCES = \
	%D%/option_table.h \
	%D%/options.c %D%/options.h \
	%D%/resolverd.c %D%/resolverd.h \
	%D%/cache/cache.c %D%/cache/cache.h \
	%D%/cache/infra.c %D%/cache/infra.h \
	%D%/cache/messages.c %D%/cache/messages.h \
	%D%/cache/negative.c %D%/cache/negative.h \
	%D%/cache/rrsets.c %D%/cache/rrsets.h \
	%D%/manage/commands.c %D%/manage/commands.h \
	%D%/manage/exporter.c %D%/manage/exporter.h \
	%D%/manage/manage.h \
	%D%/manage/reload.c %D%/manage/reload.h \
	%D%/manage/show.c %D%/manage/show.h \
	%D%/resolve/ask.c %D%/resolve/ask.h \
	%D%/resolve/context.h \
	%D%/resolve/deleg.c %D%/resolve/deleg.h \
	%D%/resolve/iterate.c %D%/resolve/iterate.h \
	%D%/resolve/local.c %D%/resolve/local.h \
	%D%/resolve/lookup.c %D%/resolve/lookup.h \
	%D%/resolve/policy.c %D%/resolve/policy.h \
	%D%/resolve/scrub.c %D%/resolve/scrub.h \
	%D%/resolve/select.c %D%/resolve/select.h \
	%D%/resolve/siblings.c %D%/resolve/siblings.h \
	%D%/resolve/task.c %D%/resolve/task.h \
	%D%/resolve/upstream.c %D%/resolve/upstream.h \
	%D%/serve/connections.c \
	%D%/serve/counters.h \
	%D%/serve/datagrams.c \
	%D%/serve/front.c %D%/serve/front.h \
	%D%/serve/respond.c %D%/serve/respond.h \
	%D%/serve/view.c %D%/serve/view.h \
	%D%/serve/worker.c %D%/serve/worker.h \
	%D%/serve/workers.h

sbin_PROGRAMS += resolverd/resolverd
resolverd_resolverd_SOURCES = %D%/main.c
resolverd_resolverd_LDADD = resolverd/libresolverd.a lib/libxfr.a lib/libctl.a lib/libconf.a lib/libnet.a $(LIBS_ZONE) \
	$(YAML_LIBS) $(LIBS_SOCKETS) $(EVENT_EXTRA_LIBS) $(JANSSON_LIBS)

LIBS_RESOLVERD = resolverd/libresolverd.a $(LIBS_XFR)

RESOLVER_WORLD = tests/sim/resolver/world.c tests/sim/resolver/world.h
check_PROGRAMS += tests/sim/resolver/resolver_basic
tests_sim_resolver_resolver_basic_SOURCES = tests/sim/resolver/resolver_basic.c $(RESOLVER_WORLD)
tests_sim_resolver_resolver_basic_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_sim_resolver_resolver_basic_LDADD = $(LIBS_SUITE) $(LIBS_RESOLVERD)

check_PROGRAMS += tests/unit/resolverd/test_cache tests/unit/resolverd/test_scrub
tests_unit_resolverd_test_cache_SOURCES = tests/unit/resolverd/test_cache.c
tests_unit_resolverd_test_cache_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_resolverd_test_cache_LDADD = $(LIBS_SUITE) $(LIBS_RESOLVERD)
tests_unit_resolverd_test_scrub_SOURCES = tests/unit/resolverd/test_scrub.c
tests_unit_resolverd_test_scrub_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_resolverd_test_scrub_LDADD = $(LIBS_SUITE) $(LIBS_RESOLVERD)

check_PROGRAMS += tests/sim/resolver/resolver_random
tests_sim_resolver_resolver_random_SOURCES = tests/sim/resolver/resolver_random.c $(RESOLVER_WORLD)
tests_sim_resolver_resolver_random_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_sim_resolver_resolver_random_LDADD = $(LIBS_SUITE) $(LIBS_RESOLVERD)

check_PROGRAMS += tests/sim/resolver/resolver_hostile tests/sim/resolver/resolver_chain
tests_sim_resolver_resolver_hostile_SOURCES = tests/sim/resolver/resolver_hostile.c $(RESOLVER_WORLD)
tests_sim_resolver_resolver_hostile_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_sim_resolver_resolver_hostile_LDADD = $(LIBS_SUITE) $(LIBS_RESOLVERD)
tests_sim_resolver_resolver_chain_SOURCES = tests/sim/resolver/resolver_chain.c $(RESOLVER_WORLD)
tests_sim_resolver_resolver_chain_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_sim_resolver_resolver_chain_LDADD = $(LIBS_SUITE) $(LIBS_RESOLVERD)

fuzz_programs += tests/fuzz/fuzz_query tests/fuzz/fuzz_response
tests_fuzz_fuzz_query_SOURCES = tests/fuzz/fuzz_query.c $(FUZZ_MAIN)
tests_fuzz_fuzz_query_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_fuzz_query_LDADD = resolverd/libresolverd.a lib/libxfr.a lib/libnet.a $(LIBS_ZONE) $(LIBS_SOCKETS)
tests_fuzz_fuzz_response_SOURCES = tests/fuzz/fuzz_response.c $(FUZZ_MAIN)
tests_fuzz_fuzz_response_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_fuzz_response_LDADD = $(LIBS_RESOLVERD)

noinst_PROGRAMS += resolverd/manual
resolverd_manual_SOURCES = %D%/manual.c
resolverd_manual_LDADD = resolverd/libresolverd.a lib/libconf.a lib/libnet.a $(LIBS_ZONE) $(YAML_LIBS) $(LIBS_SOCKETS)
dist_man_MANS += doc/man/resolverd.8
nodist_man_MANS += doc/man/resolverd.yaml.5
CLEANFILES += doc/man/resolverd.yaml.5
doc/man/resolverd.yaml.5: resolverd/manual$(EXEEXT)
	$(AM_V_GEN)$(MKDIR_P) doc/man && resolverd/manual$(EXEEXT) > $@.tmp && mv $@.tmp $@

check_PROGRAMS += tests/unit/resolverd/test_front tests/unit/resolverd/test_options
tests_unit_resolverd_test_front_SOURCES = tests/unit/resolverd/test_front.c
tests_unit_resolverd_test_front_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_resolverd_test_front_LDADD = $(LIBS_SUITE) resolverd/libresolverd.a lib/libnet.a $(LIBS_ZONE) $(LIBS_SOCKETS)
tests_unit_resolverd_test_options_SOURCES = tests/unit/resolverd/test_options.c
tests_unit_resolverd_test_options_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_resolverd_test_options_LDADD = $(LIBS_SUITE) resolverd/libresolverd.a lib/libconf.a lib/libnet.a $(LIBS_ZONE) $(YAML_LIBS) $(LIBS_SOCKETS)

check_PROGRAMS += tests/unit/resolverd/test_siblings
tests_unit_resolverd_test_siblings_SOURCES = tests/unit/resolverd/test_siblings.c
tests_unit_resolverd_test_siblings_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_resolverd_test_siblings_LDADD = $(LIBS_SUITE) $(LIBS_RESOLVERD)

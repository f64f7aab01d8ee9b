# resolverd: all but main is a library, for the daemon, the simulations and the fuzzers.
noinst_LIBRARIES += resolverd/libresolverd.a
resolverd_libresolverd_a_SOURCES = \
	%D%/cache/cache.c %D%/cache/cache.h \
	%D%/cache/infra.c %D%/cache/infra.h \
	%D%/cache/messages.c %D%/cache/messages.h \
	%D%/cache/negative.c %D%/cache/negative.h \
	%D%/cache/rrsets.c %D%/cache/rrsets.h \
	%D%/resolve/ask.c %D%/resolve/ask.h \
	%D%/resolve/deleg.c %D%/resolve/deleg.h \
	%D%/resolve/iterate.c %D%/resolve/iterate.h \
	%D%/resolve/local.c %D%/resolve/local.h \
	%D%/resolve/lookup.c %D%/resolve/lookup.h \
	%D%/resolve/policy.c %D%/resolve/policy.h \
	%D%/resolve/scrub.c %D%/resolve/scrub.h \
	%D%/resolve/select.c %D%/resolve/select.h \
	%D%/resolve/task.c %D%/resolve/task.h

LIBS_RESOLVERD = resolverd/libresolverd.a $(LIBS_ZONE)

RESOLVER_WORLD = tests/sim/resolver/world.c tests/sim/resolver/world.h
check_PROGRAMS += tests/sim/resolver/resolver_basic
tests_sim_resolver_resolver_basic_SOURCES = tests/sim/resolver/resolver_basic.c $(RESOLVER_WORLD)
tests_sim_resolver_resolver_basic_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_sim_resolver_resolver_basic_LDADD = $(LIBS_SUITE) $(LIBS_RESOLVERD)

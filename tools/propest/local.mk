# The estimator: a pure model, gatherers of live facts, reports, the command line.
noinst_LIBRARIES += tools/propest/libpropest.a
tools_propest_libpropest_a_SOURCES = \
	%D%/gather/ask.c %D%/gather/ask.h \
	%D%/gather/discover.c %D%/gather/discover.h \
	%D%/gather/facts.c %D%/gather/facts.h \
	%D%/gather/probe.c %D%/gather/probe.h \
	%D%/gather/topology.c %D%/gather/topology.h \
	%D%/model/bootstrap.c %D%/model/bootstrap.h \
	%D%/model/bound.c %D%/model/bound.h \
	%D%/model/cache.c %D%/model/cache.h \
	%D%/model/class.c %D%/model/class.h \
	%D%/model/curve.c %D%/model/curve.h \
	%D%/model/draws.c %D%/model/draws.h \
	%D%/model/estimate.c %D%/model/estimate.h \
	%D%/model/interest.c %D%/model/interest.h \
	%D%/model/network.c %D%/model/network.h \
	%D%/model/population.c %D%/model/population.h \
	%D%/model/sink.c %D%/model/sink.h \
	%D%/model/spread.c %D%/model/spread.h \
	%D%/model/steps.c %D%/model/steps.h \
	%D%/model/tail.h \
	%D%/model/textbook.c %D%/model/textbook.h \
	%D%/model/transfer.c %D%/model/transfer.h \
	%D%/model/vendor.c %D%/model/vendor.h \
	%D%/report/csv.c \
	%D%/report/json.c \
	%D%/report/plot.c \
	%D%/report/report.h \
	%D%/report/text.c
LIBS_PROPEST = tools/propest/libpropest.a lib/libdns.a lib/libconf.a $(LIBS_BASE) $(LDNS_LIBS) $(YAML_LIBS) $(JANSSON_LIBS) -lm

bin_PROGRAMS += tools/propest/propest
tools_propest_propest_SOURCES = \
	%D%/cli/cli.h \
	%D%/cli/estimate.c \
	%D%/cli/gather.c \
	%D%/cli/options.c %D%/cli/options.h \
	%D%/cli/watch.c \
	%D%/main.c
tools_propest_propest_LDADD = $(LIBS_PROPEST)

check_PROGRAMS += tests/sim/propest/test_oracle
tests_sim_propest_test_oracle_SOURCES = tests/sim/propest/test_oracle.c tests/sim/propest/oracle.c tests/sim/propest/oracle.h
tests_sim_propest_test_oracle_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_sim_propest_test_oracle_LDADD = $(LIBS_SUITE) $(LIBS_PROPEST)

check_PROGRAMS += tests/unit/propest/test_model
tests_unit_propest_test_model_SOURCES = tests/unit/propest/test_model.c
tests_unit_propest_test_model_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_propest_test_model_LDADD = $(LIBS_SUITE) $(LIBS_PROPEST)

check_PROGRAMS += tests/unit/propest/test_topology
tests_unit_propest_test_topology_SOURCES = tests/unit/propest/test_topology.c
tests_unit_propest_test_topology_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_propest_test_topology_CPPFLAGS = $(AM_CPPFLAGS) -DSOURCE_TOP='"$(abs_top_srcdir)"'
tests_unit_propest_test_topology_LDADD = $(LIBS_SUITE) $(LIBS_PROPEST)

fuzz_programs += tests/fuzz/fuzz_topology_facts
tests_fuzz_fuzz_topology_facts_SOURCES = tests/fuzz/fuzz_topology_facts.c $(FUZZ_MAIN)
tests_fuzz_fuzz_topology_facts_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_fuzz_topology_facts_LDADD = $(LIBS_PROPEST)

noinst_PROGRAMS += tools/propest/manual
tools_propest_manual_SOURCES = %D%/manual.c
tools_propest_manual_LDADD = $(LIBS_PROPEST)
dist_man_MANS += doc/man/propest.1
nodist_man_MANS += doc/man/propest-topology.5
CLEANFILES += doc/man/propest-topology.5
doc/man/propest-topology.5: tools/propest/manual$(EXEEXT)
	$(AM_V_GEN)$(MKDIR_P) doc/man && tools/propest/manual$(EXEEXT) > $@.tmp && mv $@.tmp $@

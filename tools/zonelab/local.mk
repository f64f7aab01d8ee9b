# Everything but the command line as a library, so that tests can take what they need.
noinst_LIBRARIES += tools/zonelab/libzonelab.a
tools_zonelab_libzonelab_a_SOURCES = \
	%D%/cli/screen.c %D%/cli/screen.h \
	%D%/cli/tally.c %D%/cli/tally.h \
	%D%/files/facts.c %D%/files/facts.h \
	%D%/lab/door.c %D%/lab/door.h \
	%D%/lab/interrupt.c %D%/lab/interrupt.h \
	%D%/lab/lab.c %D%/lab/lab.h \
	%D%/cli/pending.c %D%/cli/pending.h \
	%D%/lab/probe.c %D%/lab/probe.h \
	%D%/lab/notify.c %D%/lab/notify.h \
	%D%/lab/process.c %D%/lab/process.h \
	%D%/keeper/captures.c %D%/keeper/captures.h \
	%D%/keeper/control.c %D%/keeper/control.h \
	%D%/keeper/events.c %D%/keeper/events.h \
	%D%/keeper/faults.c %D%/keeper/faults.h \
	%D%/keeper/jobs.c %D%/keeper/jobs.h \
	%D%/keeper/keeper.c %D%/keeper/keeper.h %D%/keeper/keeper_inner.h \
	%D%/keeper/launch.c %D%/keeper/launch.h \
	%D%/keeper/messages.c %D%/keeper/messages.h \
	%D%/keeper/network.c %D%/keeper/network.h \
	%D%/keeper/nodes.c %D%/keeper/nodes.h \
	%D%/keeper/observer.c %D%/keeper/observer.h %D%/keeper/observer_inner.h \
	%D%/keeper/observer_caches.c \
	%D%/keeper/observer_part.c %D%/keeper/observer_part.h \
	%D%/keeper/observer_servers.c \
	%D%/keeper/predictor.c %D%/keeper/predictor.h \
	%D%/keeper/ready.c %D%/keeper/ready.h \
	%D%/keeper/seen.c %D%/keeper/seen.h \
	%D%/keeper/state.c %D%/keeper/state.h \
	%D%/topology/dot.c %D%/topology/dot.h \
	%D%/topology/topology.c %D%/topology/topology.h \
	%D%/topology/topology_links.c \
	%D%/topology/topology_nodes.c \
	%D%/topology/topology_read.c %D%/topology/topology_reader.h \
	%D%/topology/topology_schema.c \
	%D%/topology/topology_zones.c \
	%D%/render/compose.c \
	%D%/render/files.c \
	%D%/render/kubernetes.c \
	%D%/render/render.h \
	%D%/lab/update.c %D%/lab/update.h \
	%D%/files/change.c %D%/files/change.h \
	%D%/files/kind_authd.c \
	%D%/files/kind_bind.c \
	%D%/files/kind_knot.c \
	%D%/files/kind_knot_resolver.c \
	%D%/files/kind_nsd.c \
	%D%/files/kind_pdns.c \
	%D%/files/kind_recursor.c \
	%D%/files/kind_resolverd.c \
	%D%/files/kind_unbound.c \
	%D%/files/kinds.c %D%/files/kinds.h \
	%D%/files/node_file.c %D%/files/node_file.h \
	%D%/files/sign.c %D%/files/sign.h \
	%D%/files/speed.c %D%/files/speed.h \
	%D%/files/unpack.c %D%/files/unpack.h \
	%D%/files/write.c %D%/files/write.h \
	%D%/topology/zonecheck.c %D%/topology/zonecheck.h \
	%D%/topology/zonetext.c %D%/topology/zonetext.h
LIBS_ZONELAB = tools/zonelab/libzonelab.a tools/zonelab/weather/libweather.a lib/libctl.a lib/libconf.a lib/libxfr.a lib/libnet.a $(LIBS_ZONE) $(YAML_LIBS) $(LIBS_SOCKETS) \
	$(JANSSON_LIBS) -lm

bin_PROGRAMS += tools/zonelab/zonelab
tools_zonelab_zonelab_SOURCES = \
	%D%/cli/ask.c %D%/cli/ask.h \
	%D%/cli/command_capture.c \
	%D%/cli/command_exec.c \
	%D%/cli/command_keeper.c \
	%D%/cli/command_up.c %D%/cli/lab_up.h \
	%D%/cli/command_run.c \
	%D%/cli/command_render.c \
	%D%/cli/command_graph.c \
	%D%/cli/command_new.c \
	%D%/cli/command_update.c \
	%D%/cli/command_watch.c \
	%D%/cli/commands.c %D%/cli/commands.h \
	%D%/cli/confirm.c %D%/cli/confirm.h \
	%D%/cli/demo.c %D%/cli/demo.h \
	%D%/cli/follow.c %D%/cli/follow.h \
	%D%/cli/report.c %D%/cli/report.h \
	%D%/cli/status.c %D%/cli/status.h \
	%D%/cli/terminal.c %D%/cli/terminal.h \
	%D%/cli/scenarios.c %D%/cli/scenarios.h \
	%D%/cli/topologies.c %D%/cli/topologies.h \
	%D%/cli/usage.c %D%/cli/usage.h \
	%D%/cli/watch.c %D%/cli/watch.h \
	%D%/main.c
tools_zonelab_zonelab_CPPFLAGS = $(AM_CPPFLAGS) -DZT_SRCDIR='"$(abs_top_srcdir)"' -DZT_DATADIR='"$(pkgdatadir)"'
tools_zonelab_zonelab_LDADD = $(LIBS_SCENARIO)
dist_man_MANS += doc/man/zonelab.1

check_PROGRAMS += tests/unit/zonelab/test_topology
tests_unit_zonelab_test_topology_SOURCES = tests/unit/zonelab/test_topology.c
tests_unit_zonelab_test_topology_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_zonelab_test_topology_LDADD = $(LIBS_SUITE) $(LIBS_ZONELAB)

check_PROGRAMS += tests/unit/zonelab/test_kinds
tests_unit_zonelab_test_kinds_SOURCES = tests/unit/zonelab/test_kinds.c
tests_unit_zonelab_test_kinds_CPPFLAGS = $(AM_CPPFLAGS) -DGOLDEN_DIR='"$(abs_top_srcdir)/tests/golden/kinds"'
tests_unit_zonelab_test_kinds_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_zonelab_test_kinds_LDADD = $(LIBS_SUITE) $(LIBS_ZONELAB)

check_PROGRAMS += tests/unit/zonelab/test_events
tests_unit_zonelab_test_events_SOURCES = tests/unit/zonelab/test_events.c
tests_unit_zonelab_test_events_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_zonelab_test_events_LDADD = $(LIBS_SUITE) $(LIBS_ZONELAB)

check_PROGRAMS += tests/unit/zonelab/test_watch
tests_unit_zonelab_test_watch_SOURCES = tests/unit/zonelab/test_watch.c
tests_unit_zonelab_test_watch_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_zonelab_test_watch_LDADD = $(LIBS_SUITE) $(LIBS_ZONELAB)

check_PROGRAMS += tests/sim/zonelab/test_observer
tests_sim_zonelab_test_observer_SOURCES = tests/sim/zonelab/test_observer.c
tests_sim_zonelab_test_observer_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_sim_zonelab_test_observer_LDADD = $(LIBS_SUITE) $(LIBS_ZONELAB)

fuzz_programs += tests/fuzz/fuzz_lab_topology
tests_fuzz_fuzz_lab_topology_SOURCES = tests/fuzz/fuzz_lab_topology.c $(FUZZ_MAIN)
tests_fuzz_fuzz_lab_topology_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_fuzz_lab_topology_LDADD = $(LIBS_ZONELAB)

include tools/zonelab/page/local.mk

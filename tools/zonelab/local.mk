# Everything but the command line as a library, so that tests can take what they need.
noinst_LIBRARIES += tools/zonelab/libzonelab.a
tools_zonelab_libzonelab_a_SOURCES = \
	%D%/confirm.c %D%/confirm.h \
	%D%/demo.c %D%/demo.h \
	%D%/facts.c %D%/facts.h \
	%D%/interrupt.c %D%/interrupt.h \
	%D%/lab.c %D%/lab.h \
	%D%/predict.c %D%/predict.h \
	%D%/probe.c %D%/probe.h \
	%D%/process.c %D%/process.h \
	%D%/run.c %D%/run.h \
	%D%/status.c %D%/status.h \
	%D%/topology.c %D%/topology.h \
	%D%/update.c %D%/update.h \
	%D%/watch.c %D%/watch.h \
	%D%/write.c %D%/write.h \
	%D%/zonecheck.c %D%/zonecheck.h \
	%D%/zonetext.c %D%/zonetext.h
LIBS_ZONELAB = tools/zonelab/libzonelab.a lib/libconf.a lib/libxfr.a lib/libnet.a $(LIBS_ZONE) $(YAML_LIBS) $(LIBS_SOCKETS) $(JANSSON_LIBS)

bin_PROGRAMS += tools/zonelab/zonelab
tools_zonelab_zonelab_SOURCES = \
	%D%/command_update.c \
	%D%/commands.c %D%/commands.h \
	%D%/main.c
tools_zonelab_zonelab_CPPFLAGS = $(AM_CPPFLAGS) -DZT_SRCDIR='"$(abs_top_srcdir)"' -DZT_DATADIR='"$(pkgdatadir)"'
tools_zonelab_zonelab_LDADD = $(LIBS_ZONELAB)
dist_man_MANS += doc/man/zonelab.1

check_PROGRAMS += tests/unit/zonelab/test_topology
tests_unit_zonelab_test_topology_SOURCES = tests/unit/zonelab/test_topology.c
tests_unit_zonelab_test_topology_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_zonelab_test_topology_LDADD = $(LIBS_SUITE) $(LIBS_ZONELAB)

fuzz_programs += tests/fuzz/fuzz_lab_topology
tests_fuzz_fuzz_lab_topology_SOURCES = tests/fuzz/fuzz_lab_topology.c $(FUZZ_MAIN)
tests_fuzz_fuzz_lab_topology_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_fuzz_lab_topology_LDADD = $(LIBS_ZONELAB)

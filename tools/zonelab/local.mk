bin_PROGRAMS += tools/zonelab/zonelab
tools_zonelab_zonelab_SOURCES = \
	%D%/demo.c %D%/demo.h \
	%D%/lab.c %D%/lab.h \
	%D%/main.c \
	%D%/predict.c %D%/predict.h \
	%D%/probe.c %D%/probe.h \
	%D%/process.c %D%/process.h \
	%D%/run.c %D%/run.h \
	%D%/status.c %D%/status.h \
	%D%/topology.c %D%/topology.h \
	%D%/update.c %D%/update.h \
	%D%/watch.c %D%/watch.h \
	%D%/write.c %D%/write.h
tools_zonelab_zonelab_CPPFLAGS = $(AM_CPPFLAGS) -DZT_SRCDIR='"$(abs_top_srcdir)"' -DZT_DATADIR='"$(pkgdatadir)"'
tools_zonelab_zonelab_LDADD = lib/libconf.a lib/libnet.a $(LIBS_DNS) $(YAML_LIBS) $(EVENT_LIBS) $(JANSSON_LIBS)
dist_man_MANS += doc/man/zonelab.1

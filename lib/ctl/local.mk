noinst_LIBRARIES += lib/libctl.a
lib_libctl_a_SOURCES = \
	%D%/ctl_client.c %D%/ctl_client.h \
	%D%/ctl_message.c %D%/ctl_message.h \
	%D%/ctl_server.c %D%/ctl_server.h \
	%D%/metrics.c %D%/metrics.h

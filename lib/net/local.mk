noinst_LIBRARIES += lib/libnet.a
lib_libnet_a_SOURCES = \
	%D%/acl.c %D%/acl.h \
	%D%/listener.c %D%/listener.h \
	%D%/loop.c %D%/loop.h \
	%D%/mailbox.c %D%/mailbox.h \
	%D%/stream.c %D%/stream.h \
	%D%/udp.c %D%/udp.h

noinst_LIBRARIES += lib/libdns.a
lib_libdns_a_SOURCES = \
	%D%/edns.c %D%/edns.h \
	%D%/message.c %D%/message.h \
	%D%/name.c %D%/name.h \
	%D%/rcode.c %D%/rcode.h \
	%D%/rdata.c %D%/rdata.h \
	%D%/rrtype.c %D%/rrtype.h \
	%D%/serial.h \
	%D%/writer.c %D%/writer.h

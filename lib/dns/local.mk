noinst_LIBRARIES += lib/libdns.a
lib_libdns_a_SOURCES = \
	%D%/edns.c %D%/edns.h \
	%D%/escape.h \
	%D%/lexer.c %D%/lexer.h \
	%D%/message.c %D%/message.h \
	%D%/name.c %D%/name.h \
	%D%/present.c %D%/present.h \
	%D%/rcode.c %D%/rcode.h \
	%D%/rdata.c %D%/rdata.h \
	%D%/rrtype.c %D%/rrtype.h \
	%D%/serial.h \
	%D%/shape.c %D%/shape.h \
	%D%/writer.c %D%/writer.h

noinst_LIBRARIES += lib/libdns.a
lib_libdns_a_SOURCES = \
	%D%/cookie.c %D%/cookie.h \
	%D%/edns.c %D%/edns.h \
	%D%/encoding.c %D%/encoding.h \
	%D%/escape.h \
	%D%/layout.c %D%/layout.h \
	%D%/lexer.c %D%/lexer.h \
	%D%/message.c %D%/message.h \
	%D%/name.c %D%/name.h \
	%D%/padding.c %D%/padding.h \
	%D%/present.c %D%/present.h \
	%D%/quick.c %D%/quick.h %D%/quick_run.h \
	%D%/rcode.c %D%/rcode.h \
	%D%/rdata.c %D%/rdata.h \
	%D%/rrtype.c %D%/rrtype.h \
	%D%/serial.h \
	%D%/shape.c %D%/shape.h \
	%D%/shape_write.c \
	%D%/svcb.c %D%/svcb.h \
	%D%/svcb_read.c \
	%D%/syntax.c %D%/syntax.h \
	%D%/tsig.c %D%/tsig.h \
	%D%/tsig_key.c %D%/tsig_key.h \
	%D%/tsig_text.c \
	%D%/writer.c %D%/writer.h

RANDOM_RDATA = tests/support/random_rdata.c tests/support/random_rdata.h

check_PROGRAMS += tests/unit/dns/test_name
tests_unit_dns_test_name_SOURCES = tests/unit/dns/test_name.c
tests_unit_dns_test_name_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_dns_test_name_LDADD = $(LIBS_SUITE) $(LIBS_DNS)

check_PROGRAMS += tests/unit/dns/test_rdata
tests_unit_dns_test_rdata_SOURCES = tests/unit/dns/test_rdata.c $(RANDOM_RDATA)
tests_unit_dns_test_rdata_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_dns_test_rdata_LDADD = $(LIBS_SUITE) $(LIBS_DNS)

check_PROGRAMS += tests/unit/dns/test_present
tests_unit_dns_test_present_SOURCES = tests/unit/dns/test_present.c $(RANDOM_RDATA)
tests_unit_dns_test_present_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_dns_test_present_LDADD = $(LIBS_SUITE) $(LIBS_DNS)

check_PROGRAMS += tests/unit/dns/test_message
tests_unit_dns_test_message_SOURCES = tests/unit/dns/test_message.c $(RANDOM_RDATA)
tests_unit_dns_test_message_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_dns_test_message_LDADD = $(LIBS_SUITE) $(LIBS_DNS)

check_PROGRAMS += tests/unit/dns/test_tsig
tests_unit_dns_test_tsig_SOURCES = tests/unit/dns/test_tsig.c tests/unit/dns/tsig_vectors.h
tests_unit_dns_test_tsig_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_dns_test_tsig_LDADD = $(LIBS_SUITE) $(LIBS_DNS)

fuzz_programs += tests/fuzz/fuzz_tsig
tests_fuzz_fuzz_tsig_SOURCES = tests/fuzz/fuzz_tsig.c $(FUZZ_MAIN)
tests_fuzz_fuzz_tsig_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_fuzz_tsig_LDADD = $(LIBS_DNS)

fuzz_programs += tests/fuzz/fuzz_message tests/fuzz/fuzz_name tests/fuzz/fuzz_rdata
tests_fuzz_fuzz_message_SOURCES = tests/fuzz/fuzz_message.c $(FUZZ_MAIN)
tests_fuzz_fuzz_message_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_fuzz_message_LDADD = $(LIBS_DNS)
tests_fuzz_fuzz_name_SOURCES = tests/fuzz/fuzz_name.c $(FUZZ_MAIN)
tests_fuzz_fuzz_name_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_fuzz_name_LDADD = $(LIBS_DNS)
tests_fuzz_fuzz_rdata_SOURCES = tests/fuzz/fuzz_rdata.c $(FUZZ_MAIN)
tests_fuzz_fuzz_rdata_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_fuzz_rdata_LDADD = $(LIBS_DNS)

check_PROGRAMS += tests/unit/dns/test_cookie
tests_unit_dns_test_cookie_SOURCES = tests/unit/dns/test_cookie.c
tests_unit_dns_test_cookie_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_dns_test_cookie_LDADD = $(LIBS_SUITE) $(LIBS_DNS)

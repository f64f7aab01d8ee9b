noinst_LIBRARIES += lib/libnet.a
lib_libnet_a_SOURCES = \
	%D%/acl.c %D%/acl.h \
	%D%/entrance.c %D%/entrance.h \
	%D%/listener.c %D%/listener.h \
	%D%/loop.c %D%/loop.h \
	%D%/mailbox.c %D%/mailbox.h \
	%D%/dnstap.c %D%/dnstap.h \
	%D%/proxy.c %D%/proxy.h \
	%D%/stream.c %D%/stream.h %D%/stream_inner.h %D%/stream_io.c \
	%D%/tap.c %D%/tap.h \
	%D%/tap_link.c %D%/tap_link.h \
	%D%/tls.c %D%/tls.h %D%/tls_inner.h %D%/tls_peer.c \
	%D%/transport.c %D%/transport.h \
	%D%/udp.c %D%/udp.h

check_PROGRAMS += tests/unit/net/test_acl
tests_unit_net_test_acl_SOURCES = tests/unit/net/test_acl.c
tests_unit_net_test_acl_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_net_test_acl_LDADD = $(LIBS_SUITE) $(LIBS_NET)

check_PROGRAMS += tests/unit/net/test_loop
tests_unit_net_test_loop_SOURCES = tests/unit/net/test_loop.c tests/unit/net/turns.h
tests_unit_net_test_loop_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_net_test_loop_LDADD = $(LIBS_SUITE) $(LIBS_NET)

check_PROGRAMS += tests/unit/net/test_mailbox
tests_unit_net_test_mailbox_SOURCES = tests/unit/net/test_mailbox.c tests/unit/net/turns.h
tests_unit_net_test_mailbox_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_net_test_mailbox_LDADD = $(LIBS_SUITE) $(LIBS_NET)

check_PROGRAMS += tests/unit/net/test_udp
tests_unit_net_test_udp_SOURCES = tests/unit/net/test_udp.c
tests_unit_net_test_udp_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_net_test_udp_LDADD = $(LIBS_SUITE) $(LIBS_NET)

check_PROGRAMS += tests/unit/net/test_stream
tests_unit_net_test_stream_SOURCES = tests/unit/net/test_stream.c tests/unit/net/turns.h
tests_unit_net_test_stream_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_net_test_stream_LDADD = $(LIBS_SUITE) $(LIBS_NET)

check_PROGRAMS += tests/unit/net/test_stream_full
tests_unit_net_test_stream_full_SOURCES = tests/unit/net/test_stream_full.c tests/unit/net/turns.h
tests_unit_net_test_stream_full_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_net_test_stream_full_LDADD = $(LIBS_SUITE) $(LIBS_NET)

check_PROGRAMS += tests/unit/net/test_entrance
tests_unit_net_test_entrance_SOURCES = tests/unit/net/test_entrance.c tests/unit/net/turns.h
tests_unit_net_test_entrance_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_net_test_entrance_LDADD = $(LIBS_SUITE) $(LIBS_NET)

check_PROGRAMS += tests/unit/net/test_tap
tests_unit_net_test_tap_SOURCES = tests/unit/net/test_tap.c
tests_unit_net_test_tap_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_net_test_tap_LDADD = $(LIBS_SUITE) $(LIBS_NET)

check_PROGRAMS += tests/unit/net/test_proxy
tests_unit_net_test_proxy_SOURCES = tests/unit/net/test_proxy.c tests/unit/net/turns.h
tests_unit_net_test_proxy_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_net_test_proxy_LDADD = $(LIBS_SUITE) $(LIBS_NET)

check_PROGRAMS += tests/unit/net/test_tls
tests_unit_net_test_tls_SOURCES = tests/unit/net/test_tls.c tests/unit/net/turns.h
tests_unit_net_test_tls_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_net_test_tls_LDADD = $(LIBS_SUITE) $(LIBS_NET)

fuzz_programs += tests/fuzz/fuzz_proxy
tests_fuzz_fuzz_proxy_SOURCES = tests/fuzz/fuzz_proxy.c $(FUZZ_MAIN)
tests_fuzz_fuzz_proxy_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_fuzz_proxy_LDADD = $(LIBS_NET)

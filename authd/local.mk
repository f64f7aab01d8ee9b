# The daemon's parts as a library, so that tests can take what they need; main.c alone is the program.
noinst_LIBRARIES += authd/libauthd.a
authd_libauthd_a_SOURCES = \
	%D%/authd.c %D%/authd.h \
	%D%/option_table.h \
	%D%/options_catalog.c %D%/options_catalog.h \
	%D%/options_dnstap.c %D%/options_dnstap.h \
	%D%/options.c %D%/options.h \
	%D%/options_key.c %D%/options_key.h \
	%D%/options_reader.c %D%/options_reader.h \
	%D%/options_remote.c %D%/options_remote.h \
	%D%/options_serve.c %D%/options_serve.h \
	%D%/options_stream.c %D%/options_stream.h \
	%D%/options_tls.c %D%/options_tls.h \
	%D%/options_sync.c %D%/options_sync.h \
	%D%/options_zone.c %D%/options_zone.h \
	%D%/manage/commit.c %D%/manage/commit.h \
	%D%/manage/commands.c %D%/manage/commands.h \
	%D%/manage/courier.c %D%/manage/courier.h \
	%D%/manage/confine.c %D%/manage/confine.h \
	%D%/manage/consumer.c %D%/manage/consumer.h \
	%D%/manage/digest.c %D%/manage/digest.h \
	%D%/manage/encrypt.c %D%/manage/encrypt.h \
	%D%/manage/exporter.c %D%/manage/exporter.h \
	%D%/manage/hosts.c %D%/manage/hosts.h \
	%D%/manage/images.c %D%/manage/images.h \
	%D%/manage/levels.c %D%/manage/levels.h \
	%D%/manage/loader.c %D%/manage/loader.h \
	%D%/manage/manage.h \
	%D%/manage/member.c %D%/manage/member.h \
	%D%/manage/merge.c %D%/manage/merge.h \
	%D%/manage/notified.c %D%/manage/notified.h \
	%D%/manage/outbound.c %D%/manage/outbound.h %D%/manage/outbound_inner.h \
	%D%/manage/outbound_link.c \
	%D%/manage/outbound_sign.c \
	%D%/manage/peers.c %D%/manage/peers.h \
	%D%/manage/pledge.c %D%/manage/pledge.h \
	%D%/manage/primary.c %D%/manage/primary.h %D%/manage/primary_inner.h \
	%D%/manage/producer.c %D%/manage/producer.h \
	%D%/manage/reach.c %D%/manage/reach.h \
	%D%/manage/registry.c %D%/manage/registry.h \
	%D%/manage/relay.c %D%/manage/relay.h \
	%D%/manage/reload.c %D%/manage/reload.h \
	%D%/manage/replays.c %D%/manage/replays.h \
	%D%/manage/requests.c %D%/manage/requests.h \
	%D%/manage/secondary.c %D%/manage/secondary.h %D%/manage/secondary_state.h \
	%D%/manage/secondary_reconcile.c %D%/manage/secondary_soa.c %D%/manage/secondary_transfer.c \
	%D%/manage/ladder.c %D%/manage/ladder.h \
	%D%/manage/show.c %D%/manage/show.h \
	%D%/manage/staleness.c %D%/manage/staleness.h \
	%D%/manage/standing.c %D%/manage/standing.h \
	%D%/manage/strangers.c \
	%D%/manage/taps.c %D%/manage/taps.h \
	%D%/manage/updater.c %D%/manage/updater.h \
	%D%/manage/wait.c %D%/manage/wait.h \
	%D%/manage/watch.c %D%/manage/watch.h \
	%D%/manage/zones.c %D%/manage/zones.h \
	%D%/serve/answer.c %D%/serve/answer.h \
	%D%/serve/chaos.c %D%/serve/chaos.h \
	%D%/serve/connections.c \
	%D%/serve/counters.h \
	%D%/serve/datagrams.c \
	%D%/serve/deny.c %D%/serve/deny.h \
	%D%/serve/edns.c %D%/serve/edns.h \
	%D%/serve/evidence.c %D%/serve/evidence.h \
	%D%/serve/limit.c %D%/serve/limit.h \
	%D%/serve/repair.c %D%/serve/repair.h \
	%D%/serve/request.c %D%/serve/request.h \
	%D%/serve/respond.c %D%/serve/respond.h \
	%D%/serve/settings.h \
	%D%/serve/signing.c %D%/serve/signing.h \
	%D%/serve/tapping.c %D%/serve/tapping.h \
	%D%/serve/transfer.c %D%/serve/transfer.h \
	%D%/serve/view.c %D%/serve/view.h \
	%D%/serve/worker.h \
	%D%/serve/workers.c %D%/serve/workers.h

LIBS_AUTHD = authd/libauthd.a lib/libctl.a lib/libconf.a lib/libxfr.a lib/libnet.a $(LIBS_ZONE) \
	$(YAML_LIBS) $(LIBS_SOCKETS) $(EVENT_EXTRA_LIBS) $(JANSSON_LIBS) $(FSTRM_LIBS) -lm

check_PROGRAMS += tests/unit/authd/test_answer tests/unit/authd/test_tables
tests_unit_authd_test_answer_SOURCES = tests/unit/authd/test_answer.c
tests_unit_authd_test_answer_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_authd_test_answer_LDADD = $(LIBS_SUITE) authd/libauthd.a lib/libxfr.a lib/libnet.a $(LIBS_ZONE) $(LIBS_SOCKETS)
tests_unit_authd_test_tables_SOURCES = tests/unit/authd/test_tables.c
tests_unit_authd_test_tables_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_authd_test_tables_LDADD = $(LIBS_SUITE) authd/libauthd.a $(LIBS_XFR)

check_PROGRAMS += tests/unit/authd/test_deny
tests_unit_authd_test_deny_SOURCES = tests/unit/authd/test_deny.c tests/support/sign_zone.c tests/support/sign_zone.h tests/support/zone_text.c \
	tests/support/zone_text.h
tests_unit_authd_test_deny_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_authd_test_deny_LDADD = $(LIBS_SUITE) authd/libauthd.a $(LIBS_XFR)

ZONE_TEXT = tests/support/zone_text.c tests/support/zone_text.h
check_PROGRAMS += tests/unit/authd/test_signing
tests_unit_authd_test_signing_SOURCES = tests/unit/authd/test_signing.c $(ZONE_TEXT)
tests_unit_authd_test_signing_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_authd_test_signing_LDADD = $(LIBS_SUITE) authd/libauthd.a lib/libxfr.a lib/libnet.a $(LIBS_ZONE) $(LIBS_SOCKETS)

check_PROGRAMS += tests/unit/authd/test_replays
tests_unit_authd_test_replays_SOURCES = tests/unit/authd/test_replays.c
tests_unit_authd_test_replays_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_authd_test_replays_LDADD = $(LIBS_SUITE) authd/libauthd.a $(LIBS_BASE)

check_PROGRAMS += tests/unit/authd/test_options_key
tests_unit_authd_test_options_key_SOURCES = tests/unit/authd/test_options_key.c $(ZONE_TEXT)
tests_unit_authd_test_options_key_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_authd_test_options_key_LDADD = $(LIBS_SUITE) $(LIBS_AUTHD)

check_PROGRAMS += tests/unit/authd/test_edns tests/unit/authd/test_limit tests/unit/authd/test_options
tests_unit_authd_test_options_SOURCES = tests/unit/authd/test_options.c $(ZONE_TEXT)
tests_unit_authd_test_options_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_authd_test_options_LDADD = $(LIBS_SUITE) $(LIBS_AUTHD)
tests_unit_authd_test_edns_SOURCES = tests/unit/authd/test_edns.c $(ZONE_TEXT)
tests_unit_authd_test_edns_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_authd_test_edns_LDADD = $(LIBS_SUITE) authd/libauthd.a lib/libxfr.a lib/libnet.a $(LIBS_ZONE) $(LIBS_SOCKETS)
tests_unit_authd_test_limit_SOURCES = tests/unit/authd/test_limit.c $(ZONE_TEXT)
tests_unit_authd_test_limit_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_authd_test_limit_LDADD = $(LIBS_SUITE) authd/libauthd.a lib/libxfr.a lib/libnet.a $(LIBS_ZONE) $(LIBS_SOCKETS)

noinst_PROGRAMS += authd/manual
authd_manual_SOURCES = %D%/manual.c
authd_manual_LDADD = authd/libauthd.a lib/libconf.a lib/libxfr.a lib/libnet.a $(LIBS_ZONE) $(YAML_LIBS) $(LIBS_SOCKETS)
dist_man_MANS += doc/man/authd.8
nodist_man_MANS = doc/man/authd.yaml.5
CLEANFILES += doc/man/authd.yaml.5
doc/man/authd.yaml.5: authd/manual$(EXEEXT)
	$(AM_V_GEN)$(MKDIR_P) doc/man && authd/manual$(EXEEXT) > $@.tmp && mv $@.tmp $@

check_PROGRAMS += tests/unit/authd/test_standing
tests_unit_authd_test_standing_SOURCES = tests/unit/authd/test_standing.c
tests_unit_authd_test_standing_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_authd_test_standing_LDADD = $(LIBS_SUITE) $(LIBS_AUTHD)
check_PROGRAMS += tests/unit/authd/test_pipeline
tests_unit_authd_test_pipeline_SOURCES = tests/unit/authd/test_pipeline.c tests/support/update_message.c tests/support/update_message.h \
	tests/support/zone_text.c tests/support/zone_text.h
tests_unit_authd_test_pipeline_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_authd_test_pipeline_LDADD = $(LIBS_SUITE) $(LIBS_AUTHD)

sbin_PROGRAMS += authd/authd
authd_authd_SOURCES = %D%/main.c
authd_authd_LDADD = $(LIBS_AUTHD)

fuzz_programs += tests/fuzz/fuzz_respond
tests_fuzz_fuzz_respond_SOURCES = tests/fuzz/fuzz_respond.c $(FUZZ_MAIN)
tests_fuzz_fuzz_respond_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_fuzz_respond_LDADD = authd/libauthd.a lib/libxfr.a lib/libnet.a $(LIBS_ZONE) $(LIBS_SOCKETS)

fuzz_programs += tests/fuzz/fuzz_answer
tests_fuzz_fuzz_answer_SOURCES = tests/fuzz/fuzz_answer.c $(FUZZ_MAIN)
tests_fuzz_fuzz_answer_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_fuzz_answer_LDADD = authd/libauthd.a lib/libxfr.a lib/libnet.a $(LIBS_ZONE) $(LIBS_SOCKETS)

noinst_LIBRARIES += lib/libxfr.a
lib_libxfr_a_SOURCES = \
	%D%/behind.c %D%/behind.h \
	%D%/group.c %D%/group.h \
	%D%/errands.c %D%/errands.h \
	%D%/level.c %D%/level.h \
	%D%/notify.c %D%/notify.h \
	%D%/polling.c %D%/polling.h \
	%D%/reconcile.c %D%/reconcile.h \
	%D%/reconcile_bound.c %D%/reconcile_bound.h \
	%D%/reconcile_client.c %D%/reconcile_client.h \
	%D%/reconcile_client_apply.c \
	%D%/reconcile_client_read.c %D%/reconcile_client_state.h \
	%D%/reconcile_entry.c %D%/reconcile_entry.h \
	%D%/reconcile_estimate.c \
	%D%/reconcile_server.c %D%/reconcile_server.h \
	%D%/reconcile_side.c %D%/reconcile_side.h \
	%D%/refresh.c %D%/refresh.h \
	%D%/refresh_inner.h %D%/refresh_round.c \
	%D%/update.c %D%/update.h \
	%D%/xfr_in.c %D%/xfr_in.h \
	%D%/xfr_edns.c %D%/xfr_edns.h \
	%D%/xfr_out.c %D%/xfr_out.h \
	%D%/xfr_whole.c %D%/xfr_whole.h \
	%D%/zsync.c %D%/zsync.h

check_PROGRAMS += tests/unit/xfr/test_errands
tests_unit_xfr_test_errands_SOURCES = tests/unit/xfr/test_errands.c
tests_unit_xfr_test_errands_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_xfr_test_errands_LDADD = $(LIBS_SUITE) $(LIBS_XFR)

check_PROGRAMS += tests/unit/xfr/test_level
tests_unit_xfr_test_level_SOURCES = tests/unit/xfr/test_level.c
tests_unit_xfr_test_level_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_xfr_test_level_LDADD = $(LIBS_SUITE) $(LIBS_XFR)

check_PROGRAMS += tests/unit/xfr/test_notify
tests_unit_xfr_test_notify_SOURCES = tests/unit/xfr/test_notify.c
tests_unit_xfr_test_notify_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_xfr_test_notify_LDADD = $(LIBS_SUITE) $(LIBS_XFR)

check_PROGRAMS += tests/unit/xfr/test_group
tests_unit_xfr_test_group_SOURCES = tests/unit/xfr/test_group.c
tests_unit_xfr_test_group_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_xfr_test_group_LDADD = $(LIBS_SUITE) $(LIBS_XFR)

check_PROGRAMS += tests/unit/xfr/test_polling
tests_unit_xfr_test_polling_SOURCES = tests/unit/xfr/test_polling.c
tests_unit_xfr_test_polling_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_xfr_test_polling_LDADD = $(LIBS_SUITE) $(LIBS_XFR)

check_PROGRAMS += tests/unit/xfr/test_ladder
tests_unit_xfr_test_ladder_SOURCES = tests/unit/xfr/test_ladder.c
tests_unit_xfr_test_ladder_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_xfr_test_ladder_LDADD = $(LIBS_SUITE) $(LIBS_XFR)

check_PROGRAMS += tests/unit/xfr/test_behind
tests_unit_xfr_test_behind_SOURCES = tests/unit/xfr/test_behind.c
tests_unit_xfr_test_behind_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_xfr_test_behind_LDADD = $(LIBS_SUITE) $(LIBS_XFR)

check_PROGRAMS += tests/unit/xfr/test_xfr_edns
tests_unit_xfr_test_xfr_edns_SOURCES = tests/unit/xfr/test_xfr_edns.c
tests_unit_xfr_test_xfr_edns_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_xfr_test_xfr_edns_LDADD = $(LIBS_SUITE) $(LIBS_XFR)

check_PROGRAMS += tests/unit/xfr/test_refresh
tests_unit_xfr_test_refresh_SOURCES = tests/unit/xfr/test_refresh.c
tests_unit_xfr_test_refresh_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_xfr_test_refresh_LDADD = $(LIBS_SUITE) $(LIBS_XFR)

check_PROGRAMS += tests/unit/xfr/test_xfr
tests_unit_xfr_test_xfr_SOURCES = tests/unit/xfr/test_xfr.c tests/support/zone_text.c tests/support/zone_text.h
tests_unit_xfr_test_xfr_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_xfr_test_xfr_LDADD = $(LIBS_SUITE) $(LIBS_XFR)

check_PROGRAMS += tests/unit/xfr/test_xfr_whole
tests_unit_xfr_test_xfr_whole_SOURCES = tests/unit/xfr/test_xfr_whole.c tests/support/zone_text.c tests/support/zone_text.h
tests_unit_xfr_test_xfr_whole_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_xfr_test_xfr_whole_LDADD = $(LIBS_SUITE) $(LIBS_XFR)

check_PROGRAMS += tests/unit/xfr/test_update
tests_unit_xfr_test_update_SOURCES = tests/unit/xfr/test_update.c tests/support/update_message.c tests/support/update_message.h \
	tests/support/zone_text.c tests/support/zone_text.h
tests_unit_xfr_test_update_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_xfr_test_update_LDADD = $(LIBS_SUITE) $(LIBS_XFR)

fuzz_programs += tests/fuzz/fuzz_xfr_in
tests_fuzz_fuzz_xfr_in_SOURCES = tests/fuzz/fuzz_xfr_in.c $(FUZZ_MAIN)
tests_fuzz_fuzz_xfr_in_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_fuzz_xfr_in_LDADD = $(LIBS_XFR)

fuzz_programs += tests/fuzz/fuzz_refresh
tests_fuzz_fuzz_refresh_SOURCES = tests/fuzz/fuzz_refresh.c $(FUZZ_MAIN)
tests_fuzz_fuzz_refresh_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_fuzz_refresh_LDADD = $(LIBS_XFR)

fuzz_programs += tests/fuzz/fuzz_notify_sender
tests_fuzz_fuzz_notify_sender_SOURCES = tests/fuzz/fuzz_notify_sender.c $(FUZZ_MAIN)
tests_fuzz_fuzz_notify_sender_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_fuzz_notify_sender_LDADD = $(LIBS_XFR)

fuzz_programs += tests/fuzz/fuzz_xfr_messages
tests_fuzz_fuzz_xfr_messages_SOURCES = tests/fuzz/fuzz_xfr_messages.c $(FUZZ_MAIN)
tests_fuzz_fuzz_xfr_messages_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_fuzz_xfr_messages_LDADD = $(LIBS_XFR)

check_PROGRAMS += tests/sim/xfr/test_xfr_sim
SIM_REPLICA = tests/sim/xfr/replica.c tests/sim/xfr/replica.h tests/sim/xfr/replica_inner.h tests/sim/xfr/replica_repair.c tests/sim/xfr/replica_serve.c \
	tests/sim/xfr/replica_versions.c tests/sim/xfr/store.c tests/sim/xfr/store.h tests/support/zone_text.c tests/support/zone_text.h
tests_sim_xfr_test_xfr_sim_SOURCES = tests/sim/xfr/test_xfr_sim.c $(SIM_REPLICA)
tests_sim_xfr_test_xfr_sim_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_sim_xfr_test_xfr_sim_LDADD = $(LIBS_SIMNET) $(LIBS_SUITE) $(LIBS_XFR)

check_PROGRAMS += tests/sim/xfr/test_xfr_seeds
tests_sim_xfr_test_xfr_seeds_SOURCES = tests/sim/xfr/test_xfr_seeds.c tests/sim/xfr/faults.c tests/sim/xfr/faults.h tests/sim/xfr/invariants.c \
	tests/sim/xfr/invariants.h tests/sim/xfr/scenario.c tests/sim/xfr/scenario.h tests/sim/xfr/scenario_draw.c tests/sim/xfr/shrink.c \
	tests/sim/xfr/shrink.h tests/sim/xfr/trial.c tests/sim/xfr/trial.h tests/sim/xfr/world.c tests/sim/xfr/world.h $(SIM_REPLICA)
tests_sim_xfr_test_xfr_seeds_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_sim_xfr_test_xfr_seeds_LDADD = $(LIBS_SIMNET) $(LIBS_SUITE) $(LIBS_XFR)

fuzz_programs += tests/fuzz/fuzz_update
tests_fuzz_fuzz_update_SOURCES = tests/fuzz/fuzz_update.c $(FUZZ_MAIN)
tests_fuzz_fuzz_update_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_fuzz_update_LDADD = $(LIBS_XFR)

check_PROGRAMS += tests/unit/xfr/test_zsync
tests_unit_xfr_test_zsync_SOURCES = tests/unit/xfr/test_zsync.c tests/support/zone_text.c tests/support/zone_text.h
tests_unit_xfr_test_zsync_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_xfr_test_zsync_LDADD = $(LIBS_SUITE) $(LIBS_XFR)

fuzz_programs += tests/fuzz/fuzz_level
tests_fuzz_fuzz_level_SOURCES = tests/fuzz/fuzz_level.c $(FUZZ_MAIN)
tests_fuzz_fuzz_level_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_fuzz_level_LDADD = $(LIBS_XFR)

fuzz_programs += tests/fuzz/fuzz_zsync
tests_fuzz_fuzz_zsync_SOURCES = tests/fuzz/fuzz_zsync.c $(FUZZ_MAIN)
tests_fuzz_fuzz_zsync_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_fuzz_zsync_LDADD = $(LIBS_XFR)

check_PROGRAMS += tests/property/test_reconcile
RECONCILE_PAIR = tests/support/reconcile_pair.c tests/support/reconcile_pair.h tests/support/reconcile_zones.c tests/support/reconcile_zones.h
tests_property_test_reconcile_SOURCES = tests/property/test_reconcile.c $(RECONCILE_PAIR)
tests_property_test_reconcile_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_property_test_reconcile_LDADD = $(LIBS_SUITE) $(LIBS_XFR)

check_PROGRAMS += tests/property/test_reconcile_faults
tests_property_test_reconcile_faults_SOURCES = tests/property/test_reconcile_faults.c $(RECONCILE_PAIR)
tests_property_test_reconcile_faults_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_property_test_reconcile_faults_LDADD = $(LIBS_SUITE) $(LIBS_XFR)

fuzz_programs += tests/fuzz/fuzz_reconcile_server
tests_fuzz_fuzz_reconcile_server_SOURCES = tests/fuzz/fuzz_reconcile_server.c tests/fuzz/reconcile_zone.c tests/fuzz/reconcile_zone.h $(FUZZ_MAIN)
tests_fuzz_fuzz_reconcile_server_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_fuzz_reconcile_server_LDADD = $(LIBS_XFR)

fuzz_programs += tests/fuzz/fuzz_reconcile_client
tests_fuzz_fuzz_reconcile_client_SOURCES = tests/fuzz/fuzz_reconcile_client.c tests/fuzz/reconcile_zone.c tests/fuzz/reconcile_zone.h $(FUZZ_MAIN)
tests_fuzz_fuzz_reconcile_client_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_fuzz_reconcile_client_LDADD = $(LIBS_XFR)

check_PROGRAMS += tests/unit/xfr/test_reconcile_example
tests_unit_xfr_test_reconcile_example_SOURCES = tests/unit/xfr/test_reconcile_example.c $(RECONCILE_PAIR) tests/support/zone_text.c tests/support/zone_text.h
tests_unit_xfr_test_reconcile_example_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_xfr_test_reconcile_example_LDADD = $(LIBS_SUITE) $(LIBS_XFR)

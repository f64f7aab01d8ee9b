# files of bench
# What an UPDATE costs authd's manage side and a query its worker, without a network; what reading a zone file costs; the least that a UDP server can do. bench/run starts
# the last beside whole servers.
bench_programs = bench/bench_update bench/bench_respond bench/bench_echo bench/bench_zonefile bench/bench_view bench/bench_transfer bench/bench_switch bench/bench_propest
EXTRA_PROGRAMS += $(bench_programs)
bench_bench_update_SOURCES = bench/bench_update.c
bench_bench_update_LDADD = $(LIBS_AUTHD)
bench_bench_respond_SOURCES = bench/bench_respond.c
bench_bench_respond_LDADD = $(LIBS_AUTHD)
bench_bench_echo_SOURCES = bench/bench_echo.c
bench_bench_echo_LDADD = lib/libnet.a $(LIBS_BASE) $(EVENT_LIBS)
bench_bench_zonefile_SOURCES = bench/bench_zonefile.c
bench_bench_zonefile_LDADD = $(LIBS_ZONE)
bench_bench_view_SOURCES = bench/bench_view.c
bench_bench_view_LDADD = authd/libauthd.a $(LIBS_ZONE)
bench_bench_transfer_SOURCES = bench/bench_transfer.c
bench_bench_transfer_LDADD = $(LIBS_XFR)
bench_bench_switch_SOURCES = bench/bench_switch.c
bench_bench_switch_LDADD = $(LIBS_WEATHER)
bench_bench_propest_SOURCES = bench/bench_propest.c
bench_bench_propest_LDADD = $(LIBS_PROPEST)

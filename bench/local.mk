# files of bench
# What an UPDATE costs authd's manage side; bench/run compares whole servers.
EXTRA_PROGRAMS += bench/bench_update
bench_bench_update_SOURCES = bench/bench_update.c
bench_bench_update_LDADD = $(LIBS_AUTHD)
# What a query costs authd's worker, without a network.
EXTRA_PROGRAMS += bench/bench_respond
bench_bench_respond_SOURCES = bench/bench_respond.c
bench_bench_respond_LDADD = $(LIBS_AUTHD)

# files of bench
# What an UPDATE costs authd's manage side; bench/run compares whole servers.
EXTRA_PROGRAMS += bench/bench_update
bench_bench_update_SOURCES = bench/bench_update.c
bench_bench_update_LDADD = $(LIBS_AUTHD)

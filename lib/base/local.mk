noinst_LIBRARIES += lib/libbase.a
lib_libbase_a_SOURCES = \
	%D%/arena.c %D%/arena.h \
	%D%/buf.c %D%/buf.h \
	%D%/clock.c %D%/clock.h \
	%D%/cursor.h \
	%D%/fingerprint.c %D%/fingerprint.h \
	%D%/log.c %D%/log.h \
	%D%/nearest.c %D%/nearest.h \
	%D%/netaddr.c %D%/netaddr.h \
	%D%/readiness.c %D%/readiness.h \
	%D%/rng.c %D%/rng.h \
	%D%/status.c %D%/status.h \
	%D%/wire.h

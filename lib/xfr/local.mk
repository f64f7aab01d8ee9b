noinst_LIBRARIES += lib/libxfr.a
lib_libxfr_a_SOURCES = \
	%D%/notify.c %D%/notify.h \
	%D%/refresh.c %D%/refresh.h \
	%D%/update.c %D%/update.h \
	%D%/xfr_in.c %D%/xfr_in.h \
	%D%/xfr_out.c %D%/xfr_out.h

noinst_LIBRARIES += lib/libzone.a
lib_libzone_a_SOURCES = \
	%D%/changeset.h \
	%D%/check.c %D%/check.h \
	%D%/edit.h \
	%D%/generate.c %D%/generate.h \
	%D%/zone.h \
	%D%/zonefile.c %D%/zonefile.h \
	%D%/zonefile_load.c \
	%D%/zonefile_write.c

noinst_LIBRARIES += lib/libconf.a
lib_libconf_a_SOURCES = \
	%D%/problems.c %D%/problems.h \
	%D%/schema.c %D%/schema.h \
	%D%/values.c %D%/values.h \
	%D%/yaml_tree.c %D%/yaml_tree.h

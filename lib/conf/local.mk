noinst_LIBRARIES += lib/libconf.a
lib_libconf_a_SOURCES = \
	%D%/problems.c %D%/problems.h \
	%D%/schema.c %D%/schema.h \
	%D%/values.c %D%/values.h \
	%D%/yaml_tree.c %D%/yaml_tree.h

check_PROGRAMS += tests/unit/conf/test_conf
tests_unit_conf_test_conf_SOURCES = tests/unit/conf/test_conf.c tests/unit/conf/samples.c tests/unit/conf/samples.h
tests_unit_conf_test_conf_CPPFLAGS = $(AM_CPPFLAGS) -DGOLDEN_DIR='"$(abs_top_srcdir)/tests/golden/conf"'
tests_unit_conf_test_conf_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_conf_test_conf_LDADD = $(LIBS_SUITE) $(LIBS_CONF)

fuzz_programs += tests/fuzz/fuzz_yaml
tests_fuzz_fuzz_yaml_SOURCES = tests/fuzz/fuzz_yaml.c tests/unit/conf/samples.c tests/unit/conf/samples.h $(FUZZ_MAIN)
tests_fuzz_fuzz_yaml_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_fuzz_yaml_LDADD = $(LIBS_CONF)

# Net mode's engine, of use without the rest of zonelab.
noinst_LIBRARIES += tools/zonelab/weather/libweather.a
tools_zonelab_weather_libweather_a_SOURCES = \
	%D%/capture.c %D%/capture.h \
	%D%/fabric.c %D%/fabric.h \
	%D%/ip.h \
	%D%/nodenet.c %D%/nodenet.h \
	%D%/oversize.c %D%/oversize.h \
	%D%/proc.h \
	%D%/rtnl.c %D%/rtnl.h \
	%D%/sniff.c %D%/sniff.h %D%/sniff_inner.h %D%/sniff_tcp.c \
	%D%/space.c %D%/space.h \
	%D%/switch.c %D%/switch.h \
	%D%/weather.c %D%/weather.h \
	%D%/weather_text.c %D%/weather_text.h
LIBS_WEATHER = tools/zonelab/weather/libweather.a lib/libconf.a $(LIBS_DNS) $(YAML_LIBS)

check_PROGRAMS += tests/unit/zonelab/test_space
tests_unit_zonelab_test_space_SOURCES = tests/unit/zonelab/test_space.c
tests_unit_zonelab_test_space_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_zonelab_test_space_LDADD = $(LIBS_SUITE) $(LIBS_WEATHER)

check_PROGRAMS += tests/unit/zonelab/test_weather
tests_unit_zonelab_test_weather_SOURCES = tests/unit/zonelab/test_weather.c
tests_unit_zonelab_test_weather_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_zonelab_test_weather_LDADD = $(LIBS_SUITE) $(LIBS_WEATHER)

fuzz_programs += tests/fuzz/fuzz_weather
tests_fuzz_fuzz_weather_SOURCES = tests/fuzz/fuzz_weather.c $(FUZZ_MAIN)
tests_fuzz_fuzz_weather_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_fuzz_weather_LDADD = $(LIBS_WEATHER) -lm

check_PROGRAMS += tests/sim/zonelab/test_switch
tests_sim_zonelab_test_switch_SOURCES = tests/sim/zonelab/test_switch.c
tests_sim_zonelab_test_switch_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_sim_zonelab_test_switch_LDADD = $(LIBS_SUITE) $(LIBS_WEATHER)

check_PROGRAMS += tests/unit/zonelab/test_sniff
tests_unit_zonelab_test_sniff_SOURCES = tests/unit/zonelab/test_sniff.c
tests_unit_zonelab_test_sniff_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_zonelab_test_sniff_LDADD = $(LIBS_SUITE) $(LIBS_WEATHER)

check_PROGRAMS += tests/unit/zonelab/test_capture
tests_unit_zonelab_test_capture_SOURCES = tests/unit/zonelab/test_capture.c
tests_unit_zonelab_test_capture_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_zonelab_test_capture_LDADD = $(LIBS_SUITE) $(LIBS_WEATHER)

fuzz_programs += tests/fuzz/fuzz_sniff
tests_fuzz_fuzz_sniff_SOURCES = tests/fuzz/fuzz_sniff.c $(FUZZ_MAIN)
tests_fuzz_fuzz_sniff_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_fuzz_sniff_LDADD = $(LIBS_WEATHER)

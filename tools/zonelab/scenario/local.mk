noinst_LIBRARIES += tools/zonelab/scenario/libscenario.a
tools_zonelab_scenario_libscenario_a_SOURCES = \
	%D%/asker.c %D%/asker.h \
	%D%/backup.c %D%/backup.h \
	%D%/choice.c %D%/choice.h \
	%D%/flood.c %D%/flood.h \
	%D%/journal.c %D%/journal.h \
	%D%/judge.c %D%/judge.h \
	%D%/lab_time.h \
	%D%/note.c %D%/note.h \
	%D%/play.c %D%/play.h \
	%D%/program.c %D%/program.h \
	%D%/report.c %D%/report.h \
	%D%/runner.c %D%/runner.h \
	%D%/scenario.h \
	%D%/scenario_bind.c \
	%D%/scenario_condition.c \
	%D%/scenario_read.c %D%/scenario_reader.h \
	%D%/scenario_schema.c \
	%D%/sight.h
LIBS_SCENARIO = tools/zonelab/scenario/libscenario.a $(LIBS_ZONELAB)

check_PROGRAMS += tests/unit/zonelab/test_scenario
tests_unit_zonelab_test_scenario_SOURCES = tests/unit/zonelab/test_scenario.c
tests_unit_zonelab_test_scenario_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_zonelab_test_scenario_LDADD = $(LIBS_SUITE) $(LIBS_SCENARIO)

check_PROGRAMS += tests/sim/zonelab/test_play
tests_sim_zonelab_test_play_SOURCES = tests/sim/zonelab/test_play.c
tests_sim_zonelab_test_play_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_sim_zonelab_test_play_LDADD = $(LIBS_SUITE) $(LIBS_SCENARIO)

fuzz_programs += tests/fuzz/fuzz_lab_scenario
tests_fuzz_fuzz_lab_scenario_SOURCES = tests/fuzz/fuzz_lab_scenario.c $(FUZZ_MAIN)
tests_fuzz_fuzz_lab_scenario_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_fuzz_lab_scenario_LDADD = $(LIBS_SCENARIO)

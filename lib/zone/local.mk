noinst_LIBRARIES += lib/libzone.a
lib_libzone_a_SOURCES = \
	%D%/bulk.c %D%/bulk.h \
	%D%/bulk_leaves.c %D%/bulk_leaves.h \
	%D%/bulk_tree.c \
	%D%/catalog.c %D%/catalog.h \
	%D%/catalog_write.c \
	%D%/changeset.c %D%/changeset.h \
	%D%/check.c %D%/check.h \
	%D%/condense.c \
	%D%/diff.c %D%/diff.h \
	%D%/digest.c %D%/digest.h \
	%D%/draft.c %D%/draft.h \
	%D%/edit.c %D%/edit.h \
	%D%/find.c %D%/find.h \
	%D%/generate.c %D%/generate.h \
	%D%/graft.c %D%/graft.h \
	%D%/image.h %D%/image_format.h \
	%D%/image_read.c \
	%D%/image_write.c \
	%D%/journal.c %D%/journal.h \
	%D%/journal_check.c \
	%D%/journal_content.c \
	%D%/journal_env.c \
	%D%/journal_history.c \
	%D%/journal_row.c %D%/journal_row.h \
	%D%/journal_state.c %D%/journal_store.h \
	%D%/journal_txn.c \
	%D%/journal_zones.c \
	%D%/key.c %D%/key.h \
	%D%/nsec3.c %D%/nsec3.h \
	%D%/order.c \
	%D%/reclaim.c \
	%D%/region.c %D%/region.h \
	%D%/replace.c %D%/replace.h \
	%D%/trie.c %D%/trie.h \
	%D%/version.h \
	%D%/znode.c %D%/znode.h \
	%D%/zone.c %D%/zone.h \
	%D%/zonefile.c %D%/zonefile.h \
	%D%/zonefile_directive.c \
	%D%/zonefile_load.c \
	%D%/zonefile_quick.c \
	%D%/zonefile_reader.h \
	%D%/zonefile_record.c \
	%D%/zonefile_report.c \
	%D%/zonefile_sources.c \
	%D%/zonefile_write.c \
	%D%/zonemd.c %D%/zonemd.h

check_PROGRAMS += tests/unit/zone/test_zone
tests_unit_zone_test_zone_SOURCES = tests/unit/zone/test_zone.c
tests_unit_zone_test_zone_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_zone_test_zone_LDADD = $(LIBS_SUITE) $(LIBS_ZONE)

check_PROGRAMS += tests/property/test_zone_trie
tests_property_test_zone_trie_SOURCES = tests/property/test_zone_trie.c tests/property/zone_model.c tests/property/zone_model.h \
	tests/property/zone_universe.c
tests_property_test_zone_trie_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_property_test_zone_trie_LDADD = $(LIBS_SUITE) $(LIBS_ZONE)

check_PROGRAMS += tests/unit/zone/test_journal
tests_unit_zone_test_journal_SOURCES = tests/unit/zone/test_journal.c tests/support/zone_text.c tests/support/zone_text.h
tests_unit_zone_test_journal_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_zone_test_journal_LDADD = $(LIBS_SUITE) $(LIBS_ZONE)

check_PROGRAMS += tests/unit/zone/test_zonefile
tests_unit_zone_test_zonefile_SOURCES = tests/unit/zone/test_zonefile.c
tests_unit_zone_test_zonefile_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_zone_test_zonefile_LDADD = $(LIBS_SUITE) $(LIBS_ZONE)

check_PROGRAMS += tests/unit/zone/test_zonefile_quick
tests_unit_zone_test_zonefile_quick_SOURCES = tests/unit/zone/test_zonefile_quick.c tests/support/both_ways.c tests/support/both_ways.h \
	tests/support/random_rdata.c tests/support/random_rdata.h
tests_unit_zone_test_zonefile_quick_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_zone_test_zonefile_quick_LDADD = $(LIBS_SUITE) $(LIBS_ZONE)

check_PROGRAMS += tests/unit/zone/test_check
tests_unit_zone_test_check_SOURCES = tests/unit/zone/test_check.c tests/support/sign_zone.c tests/support/sign_zone.h \
	tests/support/zone_text.c tests/support/zone_text.h
tests_unit_zone_test_check_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_zone_test_check_LDADD = $(LIBS_SUITE) $(LIBS_ZONE)

check_PROGRAMS += tests/unit/zone/test_zone_threads
tests_unit_zone_test_zone_threads_SOURCES = tests/unit/zone/test_zone_threads.c
tests_unit_zone_test_zone_threads_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_zone_test_zone_threads_LDADD = $(LIBS_SUITE) $(LIBS_ZONE)

check_PROGRAMS += tests/unit/zone/test_zone_memory
tests_unit_zone_test_zone_memory_SOURCES = tests/unit/zone/test_zone_memory.c
tests_unit_zone_test_zone_memory_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_zone_test_zone_memory_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc
tests_unit_zone_test_zone_memory_LDADD = $(LIBS_SUITE) $(LIBS_ZONE)

check_PROGRAMS += tests/unit/zone/test_changeset
tests_unit_zone_test_changeset_SOURCES = tests/unit/zone/test_changeset.c
tests_unit_zone_test_changeset_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_zone_test_changeset_LDADD = $(LIBS_SUITE) $(LIBS_ZONE)

fuzz_programs += tests/fuzz/fuzz_changeset
tests_fuzz_fuzz_changeset_SOURCES = tests/fuzz/fuzz_changeset.c $(FUZZ_MAIN)
tests_fuzz_fuzz_changeset_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_fuzz_changeset_LDADD = $(LIBS_ZONE)

fuzz_programs += tests/fuzz/fuzz_zonefile
tests_fuzz_fuzz_zonefile_SOURCES = tests/fuzz/fuzz_zonefile.c tests/support/both_ways.c tests/support/both_ways.h $(FUZZ_MAIN)
tests_fuzz_fuzz_zonefile_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_fuzz_zonefile_LDADD = $(LIBS_ZONE)

check_PROGRAMS += tests/unit/zone/test_image
tests_unit_zone_test_image_SOURCES = tests/unit/zone/test_image.c tests/support/zone_text.c tests/support/zone_text.h
tests_unit_zone_test_image_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_zone_test_image_LDADD = $(LIBS_SUITE) $(LIBS_ZONE)

check_PROGRAMS += tests/unit/zone/test_journal_lineage
tests_unit_zone_test_journal_lineage_SOURCES = tests/unit/zone/test_journal_lineage.c tests/support/zone_text.c tests/support/zone_text.h
tests_unit_zone_test_journal_lineage_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_zone_test_journal_lineage_LDADD = $(LIBS_SUITE) $(LIBS_ZONE)
check_PROGRAMS += tests/unit/zone/test_journal_hold
tests_unit_zone_test_journal_hold_SOURCES = tests/unit/zone/test_journal_hold.c tests/support/zone_text.c tests/support/zone_text.h
tests_unit_zone_test_journal_hold_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_zone_test_journal_hold_LDADD = $(LIBS_SUITE) $(LIBS_ZONE)
check_PROGRAMS += tests/unit/zone/test_journal_crash
tests_unit_zone_test_journal_crash_SOURCES = tests/unit/zone/test_journal_crash.c tests/support/faultfs.c tests/support/faultfs.h \
	tests/support/zone_text.c tests/support/zone_text.h
tests_unit_zone_test_journal_crash_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_zone_test_journal_crash_LDADD = $(LIBS_SUITE) $(LIBS_ZONE)

fuzz_programs += tests/fuzz/fuzz_journal
tests_fuzz_fuzz_journal_SOURCES = tests/fuzz/fuzz_journal.c $(FUZZ_MAIN)
tests_fuzz_fuzz_journal_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_fuzz_journal_LDADD = $(LIBS_ZONE)

check_PROGRAMS += tests/unit/zone/test_nsec3
tests_unit_zone_test_nsec3_SOURCES = tests/unit/zone/test_nsec3.c tests/support/zone_text.c tests/support/zone_text.h
tests_unit_zone_test_nsec3_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_zone_test_nsec3_LDADD = $(LIBS_SUITE) $(LIBS_ZONE)

check_PROGRAMS += tests/unit/zone/test_zonemd
tests_unit_zone_test_zonemd_SOURCES = tests/unit/zone/test_zonemd.c tests/support/zone_text.c tests/support/zone_text.h
tests_unit_zone_test_zonemd_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_zone_test_zonemd_LDADD = $(LIBS_SUITE) $(LIBS_ZONE)

check_PROGRAMS += tests/unit/zone/test_journal_zones
tests_unit_zone_test_journal_zones_SOURCES = tests/unit/zone/test_journal_zones.c tests/support/zone_text.c tests/support/zone_text.h
tests_unit_zone_test_journal_zones_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_zone_test_journal_zones_LDADD = $(LIBS_SUITE) $(LIBS_ZONE)

check_PROGRAMS += tests/unit/zone/test_catalog
tests_unit_zone_test_catalog_SOURCES = tests/unit/zone/test_catalog.c tests/support/zone_text.c tests/support/zone_text.h
tests_unit_zone_test_catalog_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_zone_test_catalog_LDADD = $(LIBS_SUITE) $(LIBS_ZONE)

fuzz_programs += tests/fuzz/fuzz_catalog
tests_fuzz_fuzz_catalog_SOURCES = tests/fuzz/fuzz_catalog.c $(FUZZ_MAIN)
tests_fuzz_fuzz_catalog_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_fuzz_catalog_LDADD = $(LIBS_ZONE)

/* Fuzzes the zone-file reader, whose two ways must agree, and the loader's path into a zone and out again. */
#include <stdlib.h>
#include <string.h>

#include "lib/dns/rdata.h"
#include "lib/zone/edit.h"
#include "lib/zone/zonefile.h"
#include "tests/support/both_ways.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { RECORDS_MAX = 2000 };      /* of one input; $GENERATE can make very many */

static void require(bool holds)
{
	if (!holds)
		abort();
}

struct target {
	struct zone_edit *edit;
	unsigned count;
};

static int take_record(void *arg, const struct zonefile_record *record)
{
	struct target *target = arg;

	require(rdata_is_valid(record->type, record->rdata, record->rdata_len));
	require(name_is_valid(record->owner, name_len(record->owner)) && record->ttl <= 0x7fffffff && record->line > 0);
	if (++target->count > RECORDS_MAX)
		return ZT_ELIMIT;
	int status = zone_edit_add(target->edit, &(struct change_record){ record->owner, record->type, record->ttl, record->rdata, record->rdata_len });
	return status == ZT_EEXIST || status == ZT_EOUTOFZONE ? ZT_OK : status;
}

/* What is written reads to the same zone. */
static void round_trip(const uint8_t *apex, const struct zone_version *version, struct zone_edit *edit)
{
	struct target target = { .edit = edit };
	struct zonefile_sink sink = { take_record, &target };
	struct zonefile_report report;
	char *text;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	require(out && zonefile_write(version, out) == ZT_OK && fclose(out) == 0);
	zonefile_report_init(&report);
	require(zonefile_read_text(&(struct zonefile_text){ "written", text, len }, apex, &sink, &report) == ZT_OK);
	zonefile_report_fini(&report);
	free(text);
	struct zone_summary a = zone_summary(version), b = zone_summary(zone_edit_view(edit));
	require(a.count == b.count && fingerprint_equal(a.fingerprint, b.fingerprint));
}

static void agree(const uint8_t *data, size_t size, const uint8_t *origin)
{
	struct buf difference;

	buf_init(&difference);
	bool is_same = read_both_ways((const char *)data, size, origin, &difference, NULL);
	if (!is_same)
		fprintf(stderr, "%.*s\n", (int)difference.len, (const char *)difference.data);
	require(is_same);
	buf_fini(&difference);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t apex[] = "\7example";
	static const struct fingerprint_key key = { { 1 } };
	struct zone *zone, *again;
	struct target target = { 0 };
	struct zone_edit *edit;
	struct zonefile_sink sink = { take_record, &target };
	struct zonefile_report report;

	agree(data, size, apex);
	require(zone_new(apex, &key, &zone) == ZT_OK);
	require(zone_new(apex, &key, &again) == ZT_OK);
	require(zone_edit_begin(zone, &target.edit) == ZT_OK);
	require(zone_edit_begin(again, &edit) == ZT_OK);
	zonefile_report_init(&report);
	int status = zonefile_read_text(&(struct zonefile_text){ "fuzz", (const char *)data, size }, apex, &sink, &report);
	require(status != ZT_OK || report.error_count == 0);
	require(status != ZT_ESYNTAX || (report.error_count > 0 && report.message_count > 0));
	if (target.count <= RECORDS_MAX)
		round_trip(apex, zone_edit_view(target.edit), edit);
	zonefile_report_fini(&report);
	zone_edit_abort(edit);
	zone_edit_abort(target.edit);
	zone_free(again);
	zone_free(zone);
	return 0;
}

/* Zone text read the quick way and the long way. */
#include "tests/support/both_ways.h"

#include <string.h>

#include "lib/dns/name.h"
#include "lib/dns/present.h"
#include "lib/zone/zonefile.h"

struct way {
	struct buf records;        /* as bytes, one after the other */
	struct buf starts;         /* where each begins, 8 bytes each */
	struct zonefile_report report;
	int status;
	uint8_t last_owner[NAME_MAX_LEN];
	bool has_bad_hint;
};

static int note_record(void *arg, const struct zonefile_record *record)
{
	struct way *way = arg;

	buf_add_u64(&way->starts, way->records.len);
	buf_add_u32(&way->records, record->line);
	buf_add_u32(&way->records, record->ttl);
	buf_add_u16(&way->records, record->rr_class);
	buf_add_u16(&way->records, record->type);
	buf_add(&way->records, record->owner, name_len(record->owner));
	buf_add_u8(&way->records, record->owner_len);
	buf_add_u8(&way->records, record->is_same_owner);
	buf_add_u16(&way->records, record->rdata_len);
	buf_add(&way->records, record->rdata, record->rdata_len);
	way->has_bad_hint |= record->owner_len != name_len(record->owner);
	if (record->is_same_owner)
		way->has_bad_hint |= way->report.record_count == 1 || memcmp(way->last_owner, record->owner, record->owner_len) != 0;
	memcpy(way->last_owner, record->owner, record->owner_len);
	return way->report.record_count < BOTH_WAYS_RECORDS_MAX ? ZT_OK : ZT_ELIMIT;
}

static void way_init(struct way *way)
{
	*way = (struct way){ .status = ZT_OK };
	buf_init(&way->records);
	buf_init(&way->starts);
	zonefile_report_init(&way->report);
}

static void way_fini(struct way *way)
{
	buf_fini(&way->records);
	buf_fini(&way->starts);
	zonefile_report_fini(&way->report);
}

static size_t record_end(const struct way *way, size_t i)
{
	return 8 * (i + 1) < way->starts.len ? wire_get_u64(way->starts.data + 8 * (i + 1)) : way->records.len;
}

/* The first record that differs, by the line that it says. */
static bool records_agree(const struct way *a, const struct way *b, struct buf *difference)
{
	for (size_t i = 0; 8 * i < a->starts.len && 8 * i < b->starts.len; i++) {
		size_t start = wire_get_u64(a->starts.data + 8 * i), len = record_end(a, i) - start;
		size_t other = wire_get_u64(b->starts.data + 8 * i);
		if (len != record_end(b, i) - other || memcmp(a->records.data + start, b->records.data + other, len) != 0) {
			buf_printf(difference, "record %zu differs: of line %u the quick way, line %u the long way", i, wire_get_u32(a->records.data + start),
				   wire_get_u32(b->records.data + other));
			return false;
		}
	}
	if (a->starts.len != b->starts.len)
		buf_printf(difference, "%zu records the quick way, %zu the long way", a->starts.len / 8, b->starts.len / 8);
	return a->starts.len == b->starts.len;
}

static bool messages_agree(const struct zonefile_report *a, const struct zonefile_report *b, struct buf *difference)
{
	for (unsigned i = 0; i < a->message_count && i < b->message_count; i++) {
		if (strcmp(a->messages[i].text, b->messages[i].text) != 0) {
			buf_printf(difference, "'%s' the quick way, '%s' the long way", a->messages[i].text, b->messages[i].text);
			return false;
		}
	}
	if (a->message_count != b->message_count)
		buf_printf(difference, "%u messages the quick way, %u the long way", a->message_count, b->message_count);
	return a->message_count == b->message_count && a->error_count == b->error_count && a->warning_count == b->warning_count &&
	       a->record_count == b->record_count;
}

static bool ways_agree(const struct way *a, const struct way *b, struct buf *difference)
{
	if (!records_agree(a, b, difference) || !messages_agree(&a->report, &b->report, difference))
		return false;
	if (a->has_bad_hint || b->has_bad_hint)
		buf_printf(difference, "a hint is wrong, %s way", a->has_bad_hint ? "the quick" : "the long");
	if (a->status != b->status)
		buf_printf(difference, "status %d the quick way, %d the long way", a->status, b->status);
	return a->status == b->status && !a->has_bad_hint && !b->has_bad_hint;
}

bool read_both_ways(const char *text, size_t len, const uint8_t *origin, struct buf *difference, size_t *record_count)
{
	struct zonefile_text source = { "text", text, len };
	struct way quick, thorough;

	way_init(&quick);
	way_init(&thorough);
	quick.status = zonefile_read_text(&source, origin, &(struct zonefile_sink){ note_record, &quick }, &quick.report);
	thorough.status = zonefile_read_text_thoroughly(&source, origin, &(struct zonefile_sink){ note_record, &thorough }, &thorough.report);
	bool agree = ways_agree(&quick, &thorough, difference);
	if (record_count)
		*record_count = quick.report.record_count;
	way_fini(&quick);
	way_fini(&thorough);
	return agree;
}

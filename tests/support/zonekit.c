/* Zones for tests. */
#include "tests/support/zonekit.h"

#include <check.h>
#include <string.h>

#include "lib/zone/zonefile.h"

const struct fingerprint_key zonekit_key = { "zonekit-zonekit" };

struct target {
	struct zone_edit *edit;
	bool remove;
};

static int on_record(void *arg, const struct zonefile_record *record)
{
	const struct target *target = arg;
	int status = target->remove ?
		zone_edit_remove(target->edit, record->owner, record->type, record->rdata, record->rdata_len) :
		zone_edit_add(target->edit, &(struct change_record){ record->owner, record->type, record->ttl, record->rdata, record->rdata_len });
	ck_assert_msg(status == ZT_OK, "line %u: %s", record->line, status_text(status));
	return ZT_OK;
}

static void text_apply(struct zone_edit *edit, const uint8_t *apex, const char *text, bool remove)
{
	struct target target = { edit, remove };
	struct zonefile_sink sink = { on_record, &target };
	struct zonefile_report report;
	struct zonefile_text source = { "text", text, strlen(text) };

	zonefile_report_init(&report);
	int status = zonefile_read_text(&source, apex, &sink, &report);
	ck_assert_msg(status == ZT_OK, "%s", report.message_count > 0 ? report.messages[0].text : status_text(status));
	zonefile_report_fini(&report);
}

struct zone *zonekit_zone(const char *apex, const char *text)
{
	uint8_t name[NAME_MAX_LEN];
	struct zone *zone;

	ck_assert_int_eq(name_from_text(name, apex, NULL), ZT_OK);
	ck_assert_int_eq(zone_new(name, &zonekit_key, &zone), ZT_OK);
	if (text)
		zonekit_change(zone, NULL, text, NULL);
	return zone;
}

void zonekit_change(struct zone *zone, const char *removed, const char *added, struct changeset *change)
{
	struct zone_edit *edit;

	ck_assert_int_eq(zone_edit_begin(zone, &edit), ZT_OK);
	if (removed)
		text_apply(edit, zone_apex(zone), removed, true);
	if (added)
		text_apply(edit, zone_apex(zone), added, false);
	if (change)
		ck_assert_int_eq(zone_edit_changeset(edit, change), ZT_OK);
	zone_edit_publish(edit);
}

bool zonekit_equal(const struct zone_version *a, const struct zone_version *b)
{
	struct zone_summary x = zone_summary(a), y = zone_summary(b);
	struct rrset soa_a = { 0 }, soa_b = { 0 };
	bool has_a = zone_version_soa(a, &soa_a), has_b = zone_version_soa(b, &soa_b);

	return x.count == y.count && fingerprint_equal(x.fingerprint, y.fingerprint) && has_a == has_b && soa_a.ttl == soa_b.ttl &&
	       soa_a.rdata_size == soa_b.rdata_size && (!has_a || memcmp(soa_a.rdata, soa_b.rdata, soa_a.rdata_size) == 0);
}

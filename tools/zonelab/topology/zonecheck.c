/* Reading the zones as the server will.
 *
 * A made zone is read from memory. What is found behind the mark that precedes the topology's own records is reported at their place in the
 * topology; the rest is zonelab's own making and can only be wrong together with them, so it is reported at the zone.
 */
#include "tools/zonelab/topology/zonecheck.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/dns/rrtype.h"
#include "lib/zone/check.h"
#include "lib/zone/edit.h"
#include "lib/zone/zonefile.h"
#include "tools/zonelab/topology/zonetext.h"

struct check {
	const struct topology_zone *zone;
	struct problems *problems;
	uint32_t made_lines;           /* before the topology's own */
	struct zone_edit *edit;
};

static const struct fingerprint_key key;

static struct topology_place place_of_line(const struct check *check, uint32_t line)
{
	const struct topology_zone *zone = check->zone;

	if (line <= check->made_lines || !zone->records)
		return zone->place;
	if (!zone->records_are_block)
		return zone->records_place;
	return (struct topology_place){ zone->records_place.line + line - check->made_lines, 1 };
}

#define PROBLEM(check, at, ...) \
	problems_add((check)->problems, place_of_line(check, at).line, place_of_line(check, at).column, __VA_ARGS__)

static int record_take(void *arg, const struct zonefile_record *record)
{
	struct check *check = arg;
	char owner[NAME_TEXT_SIZE];

	if (record->rr_class != CLASS_IN) {
		PROBLEM(check, record->line, "a record of another class; expected IN");
		return ZT_OK;
	}
	struct change_record added = {
		.owner = record->owner, .type = record->type, .ttl = record->ttl, .rdata = record->rdata, .rdata_len = record->rdata_len,
	};
	int status = zone_edit_add(check->edit, &added);
	if (status == ZT_EOUTOFZONE)
		PROBLEM(check, record->line, "%s is outside the zone; expected a name at or below %s", name_to_text(record->owner, owner),
			check->zone->text);
	else if (status == ZT_ELIMIT)
		PROBLEM(check, record->line, "%s has too many records of one type", name_to_text(record->owner, owner));
	return status == ZT_EEXIST || status == ZT_EOUTOFZONE || status == ZT_ELIMIT ? ZT_OK : status;
}

/* The reader's messages are "NAME:LINE: text" with the name it was given, here an empty one. */
static void syntax_report(const struct check *check, const struct zonefile_report *report)
{
	for (unsigned i = 0; i < report->message_count; i++) {
		const char *text = report->messages[i].text;
		char *end;
		unsigned long line = *text == ':' ? strtoul(text + 1, &end, 10) : 0;
		if (!report->messages[i].is_error)
			continue;
		if (line > 0 && strncmp(end, ": ", 2) == 0)
			text = end + 2;
		PROBLEM(check, (uint32_t)line, "zone %s: %s", check->zone->text, text);
	}
}

/* The lines of records that break a rule are found by reading once more. */
struct locate {
	const struct zone_finding *finding;
	uint32_t line;
};

static int record_compare(void *arg, const struct zonefile_record *record)
{
	struct locate *locate = arg;

	if (record->type == locate->finding->type && name_equal(record->owner, locate->finding->owner))
		locate->line = record->line;      /* the last one: the topology's own stand at the end */
	return ZT_OK;
}

static int rules_check(struct check *check, const struct zonefile_text *text)
{
	struct zone_findings *findings = calloc(1, sizeof(*findings));
	char said[ZONE_FINDING_TEXT_SIZE];
	int status = findings ? zone_check(zone_edit_view(check->edit), findings) : ZT_ENOMEM;

	for (unsigned i = 0; status == ZT_EZONE && i < findings->count; i++) {
		struct locate locate = { .finding = &findings->list[i] };
		struct zonefile_sink sink = { record_compare, &locate };
		struct zonefile_report report;
		if (!findings->list[i].is_error)
			continue;
		zonefile_report_init(&report);
		int again = zonefile_read_text(text, check->zone->apex, &sink, &report);
		zonefile_report_fini(&report);
		if (again == ZT_ENOMEM)
			status = again;
		PROBLEM(check, locate.line, "%s", zone_finding_to_text(&findings->list[i], said));
	}
	free(findings);
	return status == ZT_EZONE ? ZT_ESYNTAX : status;
}

static uint32_t lines_before_records(const char *text)
{
	const char *mark = strstr(text, "\n" ZONETEXT_RECORDS_MARK);
	uint32_t lines = 0;

	for (const char *p = text; mark && p < mark + strlen("\n" ZONETEXT_RECORDS_MARK); p++)
		lines += *p == '\n';
	return mark ? lines : UINT32_MAX;
}

static int made_check(struct check *check, const struct topology *topology)
{
	struct zonefile_text text = { .name = "" };
	struct zonefile_sink sink = { record_take, check };
	struct zonefile_report report;
	char *bytes = NULL;
	size_t before = check->problems->total;
	FILE *to = open_memstream(&bytes, &text.len);

	if (!to)
		return ZT_ENOMEM;
	zonetext_write(to, topology, check->zone);
	bool failed = ferror(to) != 0;
	if (fclose(to) != 0 || failed) {
		free(bytes);
		return ZT_ENOMEM;
	}
	text.text = bytes;
	check->made_lines = lines_before_records(bytes);
	zonefile_report_init(&report);
	int status = zonefile_read_text(&text, check->zone->apex, &sink, &report);
	syntax_report(check, &report);
	zonefile_report_fini(&report);
	if (status == ZT_OK && check->problems->total == before)
		status = rules_check(check, &text);
	free(bytes);
	return status != ZT_OK ? status : check->problems->total > before ? ZT_ESYNTAX : ZT_OK;
}

/* What is packed is only unpacked when the lab comes up; its primary reads it then. */
static int packed_check(struct check *check)
{
	if (access(check->zone->file, R_OK) == 0)
		return ZT_OK;
	problems_add(check->problems, check->zone->place.line, check->zone->place.column, "zone %s: cannot read %s: %s", check->zone->text, check->zone->file,
		     strerror(errno));
	return ZT_ESYNTAX;
}

static int file_check(struct check *check)
{
	struct zonefile_report report;

	zonefile_report_init(&report);
	int status = zonefile_load(check->zone->file, check->zone->apex, check->edit, &report);
	for (unsigned i = 0; i < report.message_count; i++) {
		if (report.messages[i].is_error)
			problems_add(check->problems, check->zone->place.line, check->zone->place.column, "zone %s: %s", check->zone->text,
				     report.messages[i].text);
	}
	bool has_errors = report.error_count > 0;
	zonefile_report_fini(&report);
	return has_errors ? ZT_ESYNTAX : status;
}

static int zone_check_one(const struct topology *topology, const struct topology_zone *of, struct problems *problems)
{
	struct check check = { .zone = of, .problems = problems };
	struct zone *zone;
	int status = zone_new(of->apex, &key, &zone);

	if (status != ZT_OK)
		return status;
	status = zone_edit_begin(zone, &check.edit);
	if (status == ZT_OK) {
		status = of->file_is_packed ? packed_check(&check) : of->file ? file_check(&check) : made_check(&check, topology);
		zone_edit_abort(check.edit);
	}
	zone_free(zone);
	return status;
}

int zonecheck_all(const struct topology *topology, struct problems *problems)
{
	int status = ZT_OK;

	for (uint32_t i = 0; i < topology->zone_count; i++) {
		int one = zone_check_one(topology, &topology->zones[i], problems);
		if (one != ZT_OK && one != ZT_ESYNTAX)
			return one;
		status = one != ZT_OK ? one : status;
	}
	return status;
}

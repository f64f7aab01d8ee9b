/* From a zone file into an edit. */
#include <stdlib.h>
#include <string.h>

#include "lib/dns/rrtype.h"
#include "lib/zone/bulk.h"
#include "lib/zone/check.h"
#include "lib/zone/edit.h"
#include "lib/zone/replace.h"
#include "lib/zone/zonefile.h"

struct load {
	struct zone_bulk *bulk;            /* an empty zone is built in bulk, */
	struct zone_replace *replace;      /* any other is compared with the file */
	struct zone_edit *edit;
	struct zonefile_report *report;
	const uint8_t *apex;
};

static bool record_belongs(const struct load *load, const struct zonefile_record *record)
{
	char text[NAME_TEXT_SIZE], apex[NAME_TEXT_SIZE], rr_class[RR_CLASS_TEXT_SIZE];

	if (record->rr_class != CLASS_IN) {
		zonefile_error(load->report, record->file, record->line, "a record of class %s; expected IN",
			       rr_class_to_text(record->rr_class, rr_class));
		return false;
	}
	if (!name_is_within(record->owner, load->apex)) {
		zonefile_error(load->report, record->file, record->line, "%s is outside the zone; expected a name at or below %s",
			       name_to_text(record->owner, text), name_to_text(load->apex, apex));
		return false;
	}
	return true;
}

static int add(struct load *load, const struct change_record *record, uint32_t *ttl)
{
	return load->bulk ? zone_bulk_add(load->bulk, record, ttl) : zone_replace_add(load->replace, record, ttl);
}

static int load_record(void *arg, const struct zonefile_record *record)
{
	struct load *load = arg;
	char owner[NAME_TEXT_SIZE], type[RR_TYPE_TEXT_SIZE];

	if (!record_belongs(load, record))
		return ZT_OK;
	uint32_t ttl = record->ttl;
	int status = add(load, &(struct change_record){ record->owner, record->type, ttl, record->rdata, record->rdata_len }, &ttl);
	if (ttl != record->ttl)
		zonefile_warning(load->report, record->file, record->line, "%s %s: TTL %u differs from the %u of the records before it, which is used",
				 name_to_text(record->owner, owner), rr_type_to_text(record->type, type), record->ttl, ttl);
	if (status == ZT_EEXIST) {
		zonefile_warning(load->report, record->file, record->line, "%s %s: the same record stands above; this one is dropped",
				 name_to_text(record->owner, owner), rr_type_to_text(record->type, type));
		return ZT_OK;
	}
	if (status == ZT_ELIMIT) {
		zonefile_error(load->report, record->file, record->line, "%s %s: more records than an RRset can hold (65535)",
			       name_to_text(record->owner, owner), rr_type_to_text(record->type, type));
		return ZT_OK;
	}
	return status;
}

/* ---- where a rule is broken ---------------------------------------------------------------------------------------------- */

/* A second pass over the file, to give findings their lines. */
struct locate {
	const struct zone_findings *findings;
	bool is_located[2 * ZONE_FINDINGS_MAX];
	unsigned left;
	struct zonefile_report *report;
};

static void finding_report(struct zonefile_report *report, const struct zone_finding *finding, const char *file, uint32_t line)
{
	char text[ZONE_FINDING_TEXT_SIZE];
	zone_finding_to_text(finding, text);
	if (finding->is_error)
		zonefile_error(report, file, line, "%s", text);
	else
		zonefile_warning(report, file, line, "%s", text);
}

static int locate_record(void *arg, const struct zonefile_record *record)
{
	struct locate *locate = arg;

	for (unsigned i = 0; i < locate->findings->count; i++) {
		const struct zone_finding *finding = &locate->findings->list[i];
		if (locate->is_located[i] || finding->type != record->type || !name_equal(finding->owner, record->owner))
			continue;
		finding_report(locate->report, finding, record->file, record->line);
		locate->is_located[i] = true;
		locate->left--;
	}
	return locate->left > 0 ? ZT_OK : ZT_EDONE;
}

static int findings_report(const char *path, const uint8_t *apex, const struct zone_findings *findings, struct zonefile_report *report)
{
	struct locate locate = { .findings = findings, .left = findings->count, .report = report };
	struct zonefile_sink sink = { .on_record = locate_record, .arg = &locate };
	struct zonefile_report *again = malloc(sizeof(*again));

	if (!again)
		return ZT_ENOMEM;
	zonefile_report_init(again);
	int status = zonefile_read(path, apex, &sink, again);
	for (unsigned i = 0; i < findings->count; i++) {
		if (!locate.is_located[i])      /* about what is not there, or the file cannot be read twice */
			finding_report(report, &findings->list[i], path, 0);
	}
	zonefile_report_fini(again);
	free(again);
	return status == ZT_ENOMEM ? status : ZT_OK;
}

/* ---- public --------------------------------------------------------------------------------------------------------------- */

static int rules_check(const char *path, const struct load *load)
{
	struct zone_findings *findings = malloc(sizeof(*findings));
	if (!findings)
		return ZT_ENOMEM;
	int broken = zone_check(zone_edit_view(load->edit), findings);
	int status = findings->count > 0 ? findings_report(path, load->apex, findings, load->report) : ZT_OK;
	free(findings);
	return status != ZT_OK ? status : broken;
}

int zonefile_load(const char *path, const uint8_t *apex, struct zone_edit *edit, struct zonefile_report *report)
{
	struct load load = { .edit = edit, .report = report, .apex = apex };
	struct zonefile_sink sink = { .on_record = load_record, .arg = &load };

	bool is_empty = zone_version_name_count(zone_edit_view(edit)) == 0;
	int status = is_empty ? zone_bulk_begin(edit, &load.bulk) : zone_replace_begin(edit, &load.replace);
	if (status != ZT_OK)
		return status;
	status = zonefile_read(path, apex, &sink, report);
	if (status != ZT_OK) {
		zone_bulk_abort(load.bulk);
		zone_replace_abort(load.replace);
		return status;
	}
	status = is_empty ? zone_bulk_finish(load.bulk) : zone_replace_finish(load.replace);
	return status == ZT_OK ? rules_check(path, &load) : status;
}

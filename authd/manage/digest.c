/* ZONEMD that is made here. */
#include "authd/manage/digest.h"

#include <stdio.h>

#include "authd/manage/merge.h"
#include "lib/dns/rrtype.h"
#include "lib/zone/zonemd.h"

static const char state_name[] = "zonemd-generated";

static enum zonemd_hash wanted(const struct zone_entry *entry)
{
	return entry->options->zonemd_generate;
}

static bool is_signed(const struct zone_version *version)
{
	const struct znode *apex = zone_version_apex(version);
	struct rrset set;

	return apex && (znode_rrset(apex, TYPE_DNSKEY, 0, &set) || znode_rrset(apex, TYPE_RRSIG, TYPE_SOA, &set));
}

/* A digest that came with its zone, and is right. */
static int presigned_check(const struct zone_version *version, char error[512])
{
	struct zonemd_report report;

	int status = zonemd_verify(version, &report);
	if (status != ZT_OK) {
		snprintf(error, 512, "%s", status_text(status));
		return status;
	}
	if (report.outcome == ZONEMD_VERIFIED)
		return ZT_OK;
	snprintf(error, 512, "serial %u: zonemd-generate: the zone is signed, and a ZONEMD record made here would have no signature%s%s; sign the zone with one in it "
		 "(ldns-signzone -z sha384), or set zonemd-generate: none", zone_version_serial(version), report.text[0] ? "; as it is, " : "", report.text);
	return ZT_EZONE;
}

int digest_make(const struct zone_entry *entry, struct zone_edit *edit, char error[512])
{
	if (wanted(entry) == ZONEMD_NO_HASH)
		return ZT_OK;
	if (is_signed(zone_edit_view(edit)))
		return presigned_check(zone_edit_view(edit), error);
	int status = zonemd_put(edit, wanted(entry));
	if (status != ZT_OK)
		snprintf(error, 512, "%s", status_text(status));
	return status;
}

int digest_renew(const struct zone_entry *entry, struct zone_edit *edit, char error[512])
{
	const struct zone_version *served = zone_current(entry->zone);
	int status = ZT_OK;

	if (wanted(entry) == ZONEMD_NO_HASH)
		return ZT_OK;
	if (zone_edit_is_empty(edit)) {
		if (is_signed(served) || zonemd_is_of(served, wanted(entry)))
			return ZT_OK;
		status = merge_raise_serial(edit, zone_version_serial(served));
	}
	if (status != ZT_OK) {
		snprintf(error, 512, "%s", status_text(status));
		return status;
	}
	return digest_make(entry, edit, error);
}

int digest_carry(const struct zone_entry *entry, struct zone_edit *edit)
{
	const struct znode *apex = zone_version_apex(zone_current(entry->zone));
	struct rrset zonemd;

	if (wanted(entry) == ZONEMD_NO_HASH || is_signed(zone_edit_view(edit)))
		return ZT_OK;
	if (apex && znode_rrset(apex, TYPE_ZONEMD, 0, &zonemd))
		return zone_edit_put_rrset(edit, entry->apex, &zonemd);
	int status = zone_edit_remove_rrset(edit, entry->apex, TYPE_ZONEMD, 0);
	return status == ZT_ENOENT ? ZT_OK : status;
}

static bool is_noted(struct manage *manage, const struct zone_entry *entry)
{
	struct buf data;

	buf_init(&data);
	bool noted = journal_state_get(manage->journal, entry->apex, state_name, &data) == ZT_OK;
	buf_fini(&data);
	return noted;
}

bool digest_is_due(struct manage *manage, const struct zone_entry *entry)
{
	const struct zone_version *served = zone_current(entry->zone);

	if (wanted(entry) == ZONEMD_NO_HASH)
		return is_noted(manage, entry);
	return !is_signed(served) && !zonemd_is_of(served, wanted(entry));
}

void digest_note(struct manage *manage, const struct zone_entry *entry)
{
	bool is_made = wanted(entry) != ZONEMD_NO_HASH && !is_signed(zone_current(entry->zone));
	struct journal_state state = { .name = state_name, .data = is_made ? "1" : NULL, .len = is_made };

	if (is_made == is_noted(manage, entry))
		return;
	int status = journal_state_put(manage->journal, entry->apex, &state);
	if (status != ZT_OK)
		log_warn(manage->log, "zone %s: that its ZONEMD %s made here is not stored: %s", entry->name, is_made ? "is" : "is no longer", status_text(status));
}

/* An UPDATE, or an edit of the zone file. */
#include "tools/zonelab/files/change.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "lib/dns/rcode.h"
#include "lib/dns/rdata.h"
#include "lib/dns/rrtype.h"
#include "lib/dns/serial.h"
#include "lib/zone/check.h"
#include "lib/zone/edit.h"
#include "lib/zone/zonefile.h"
#include "tools/zonelab/files/kinds.h"
#include "tools/zonelab/files/node_file.h"
#include "tools/zonelab/files/sign.h"
#include "tools/zonelab/lab/probe.h"
#include "tools/zonelab/topology/zonetext.h"

enum { LOOK_MS = 100, LOOK_PAUSE_MS = 10, PATIENCE_S = 10 };

static const struct fingerprint_key key;

/* ---- the file ------------------------------------------------------------------------------------------------------------ */

/* A zone read from a file, to be edited. */
struct open_zone {
	struct zone *zone;
	struct zone_edit *edit;
};

static void zone_close(struct open_zone *open)
{
	zone_edit_abort(open->edit);
	if (open->zone)
		zone_free(open->zone);
}

static int zone_open(struct open_zone *open, const struct topology_zone *zone, const char *path)
{
	struct zonefile_report report;

	*open = (struct open_zone){ 0 };
	int status = zone_new(zone->apex, &key, &open->zone);
	if (status == ZT_OK)
		status = zone_edit_begin(open->zone, &open->edit);
	if (status != ZT_OK)
		return status;
	zonefile_report_init(&report);
	status = zonefile_load(path, zone->apex, open->edit, &report);
	if (status != ZT_OK)
		fprintf(stderr, "zonelab: cannot read the zone file of %s: %s\n", zone->text, report.message_count > 0 ? report.messages[0].text : status_text(status));
	zonefile_report_fini(&report);
	return status;
}

/* In place of the one that is there, at once. */
static int zone_save(const struct open_zone *open, const struct lab *lab, const struct topology_node *node, const char *name)
{
	char fresh[ZONETEXT_FILE_NAME_SIZE + 8], from[4096], to[4096];

	snprintf(fresh, sizeof(fresh), "%s.new", name);
	int status = lab_path(lab, node, fresh, from);
	if (status == ZT_OK)
		status = lab_path(lab, node, name, to);
	FILE *file = status == ZT_OK ? node_file_open(lab, node, fresh) : NULL;
	if (!file)
		return status != ZT_OK ? status : ZT_EIO;
	int written = zonefile_write(zone_edit_view(open->edit), file);
	status = node_file_close(file, fresh);
	if (status == ZT_OK)
		status = written;
	if (status == ZT_OK && rename(from, to) != 0) {
		perror("zonelab: cannot replace a zone file");
		status = ZT_EIO;
	}
	return status;
}

int change_copy_file(const struct lab *lab, const struct topology_zone *zone, const char *name)
{
	struct open_zone open;
	int status = zone_open(&open, zone, zone->file);

	if (status == ZT_OK)
		status = zone_save(&open, lab, zone->primary, name);
	zone_close(&open);
	return status;
}

/* ---- the edit ------------------------------------------------------------------------------------------------------------ */

/* "Not there" and "there already" are as good as done. */
static int done_or(int status)
{
	return status == ZT_ENOENT || status == ZT_EEXIST ? ZT_OK : status;
}

/* A zone keeps its SOA and its last NS record (RFC 2136 sections 3.4.2.3 and 3.4.2.4). */
static bool is_kept(const struct zone_edit *edit, const struct update_change *change, uint16_t type, const uint8_t *apex)
{
	struct rrset set;

	if (!name_equal(change->name, apex))
		return false;
	if (type != TYPE_NS || change->delete_rrset)
		return type == TYPE_NS || type == TYPE_SOA;
	return znode_rrset(zone_version_apex(zone_edit_view(edit)), TYPE_NS, 0, &set) && set.count == 1;
}

static int name_delete(struct zone_edit *edit, const struct update_change *change, const uint8_t *apex)
{
	const struct znode *node = zone_get(zone_edit_view(edit), change->name);
	int status = ZT_OK;
	struct rrset set;
	size_t pos = 0;

	while (status == ZT_OK && node && znode_next(node, &pos, &set)) {
		if (is_kept(edit, change, set.type, apex))
			continue;
		status = done_or(zone_edit_remove_rrset(edit, change->name, set.type, set.covers));
		node = zone_get(zone_edit_view(edit), change->name);
		pos = 0;
	}
	return status;
}

static int edit_apply(struct zone_edit *edit, const struct update_change *change, const uint8_t *apex)
{
	struct change_record record = {
		.owner = change->name, .type = change->type, .ttl = change->ttl, .rdata = change->rdata, .rdata_len = change->rdata_len,
	};
	int status = ZT_OK;

	if (change->delete_rrset && change->type == TYPE_ANY)
		status = name_delete(edit, change, apex);
	else if (change->delete_rrset && !is_kept(edit, change, change->type, apex))
		status = done_or(zone_edit_remove_rrset(edit, change->name, change->type, 0));
	if (status == ZT_OK && change->delete_record && !is_kept(edit, change, change->type, apex))
		status = done_or(zone_edit_remove(edit, change->name, change->type, change->rdata, change->rdata_len));
	if (status == ZT_OK && change->add && change->type != TYPE_SOA)
		status = done_or(zone_edit_add(edit, &record));
	return status;
}

static int serial_bump(struct zone_edit *edit, const uint8_t *apex, uint32_t *serial)
{
	const struct zone_version *view = zone_edit_view(edit);
	const uint8_t *at, *rdata;
	uint8_t bytes[RDATA_MAX_LEN];
	struct rrset set;
	uint16_t len;

	if (!zone_version_soa(view, &set))
		return ZT_EZONE;
	at = set.rdata;
	if (!rrset_next(&set, &at, &rdata, &len))
		return ZT_EZONE;
	*serial = serial_next(zone_version_serial(view));
	memcpy(bytes, rdata, len);
	soa_set_serial(bytes, len, *serial);
	struct change_record record = { .owner = apex, .type = TYPE_SOA, .ttl = set.ttl, .rdata = bytes, .rdata_len = len };
	int status = zone_edit_remove_rrset(edit, apex, TYPE_SOA, 0);
	return status == ZT_OK ? zone_edit_add(edit, &record) : status;
}

/* Whether the zone may be as it is now; what is wrong is printed. */
static int rules_check(const struct zone_edit *edit)
{
	struct zone_findings *findings = calloc(1, sizeof(*findings));
	char said[ZONE_FINDING_TEXT_SIZE];
	int status = findings ? zone_check(zone_edit_view(edit), findings) : ZT_ENOMEM;

	for (unsigned i = 0; status == ZT_EZONE && i < findings->count; i++) {
		if (findings->list[i].is_error)
			fprintf(stderr, "zonelab: %s\n", zone_finding_to_text(&findings->list[i], said));
	}
	free(findings);
	return status;
}

static int file_edit(const struct lab *lab, const struct topology_zone *zone, const struct update_change *change, struct update_result *result)
{
	char name[ZONETEXT_FILE_NAME_SIZE], path[4096];
	struct open_zone open;
	bool is_changed = false;

	zonetext_file_name(zone, zone_file_ending(zone), name);
	int status = lab_path(lab, zone->primary, name, path);
	if (status != ZT_OK)
		return status;
	status = zone_open(&open, zone, path);
	struct zone_summary old = { 0 }, new = { 0 };
	if (status == ZT_OK) {
		result->before = zone_version_serial(zone_edit_view(open.edit));
		old = zone_summary(zone_edit_view(open.edit));
		status = edit_apply(open.edit, change, zone->apex);
	}
	if (status == ZT_OK)
		new = zone_summary(zone_edit_view(open.edit));
	result->has_serials = true;
	result->after = result->before;
	is_changed = old.count != new.count || memcmp(&old.fingerprint, &new.fingerprint, sizeof(old.fingerprint)) != 0;
	if (status == ZT_OK && is_changed)
		status = rules_check(open.edit);
	if (status == ZT_OK && is_changed)
		status = serial_bump(open.edit, zone->apex, &result->after);
	if (status == ZT_OK && is_changed)
		status = zone_save(&open, lab, zone->primary, name);
	zone_close(&open);
	return status;
}

/* Until the primary serves the serial. */
static int served_wait(const struct lab *lab, const struct topology_zone *zone, uint32_t serial)
{
	const struct clock *clock = clock_system();
	usec_t deadline = clock_now(clock) + PATIENCE_S * USEC_PER_SEC;

	do {
		struct probe probe = { .node = zone->primary, .name = zone->apex, .type = TYPE_SOA };
		int status = probe_all(lab, &probe, 1, LOOK_MS * USEC_PER_MSEC);
		if (status != ZT_OK || (probe.answered && probe.count > 0 && probe.serial == serial))
			return status;
		poll(NULL, 0, LOOK_PAUSE_MS);
	} while (clock_now(clock) < deadline);
	return ZT_ETIMEOUT;
}

/* Edits of one node's files come one after the other: the page, scenarios and people may ask for some at the same time. The lock is let go with the
 * descriptor; negative, printed, without one. */
static int folder_lock(const struct lab *lab, const struct topology_node *node)
{
	char path[4096];
	int fd = lab_path(lab, node, "", path) == ZT_OK ? open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;

	while (fd >= 0 && flock(fd, LOCK_EX) != 0) {
		if (errno == EINTR)
			continue;
		close(fd);
		fd = -1;
	}
	if (fd < 0)
		fprintf(stderr, "zonelab: node %s: cannot lock its folder: %s\n", node->name, strerror(errno));
	return fd;
}

static int file_change(const struct lab *lab, const struct topology_zone *zone, const struct update_change *change, struct update_result *result)
{
	int status = file_edit(lab, zone, change, result);
	bool is_changed = result->after != result->before;

	if (status == ZT_OK && is_changed && zone->signing != SIGNING_NONE)
		status = sign_zone(lab, zone);
	if (status == ZT_OK && is_changed)
		status = kind_reload(lab, zone);
	return status == ZT_OK ? served_wait(lab, zone, result->after) : status;
}

bool change_is_update(const struct topology_zone *zone)
{
	return kind_of(zone->primary)->takes_updates && zone->signing == SIGNING_NONE;
}

int change_apply(const struct lab *lab, const struct topology_zone *zone, const struct update_change *change, struct update_result *result)
{
	*result = (struct update_result){ .rcode = RCODE_NOERROR, .sent = clock_now(clock_system()) };
	if (change_is_update(zone))
		return update_send(lab, zone, change, result);
	int lock = folder_lock(lab, zone->primary), status = lock >= 0 ? file_change(lab, zone, change, result) : ZT_EIO;
	if (lock >= 0)
		close(lock);
	result->acknowledged = clock_now(clock_system());
	return status;
}

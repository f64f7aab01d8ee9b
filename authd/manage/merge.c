/* Three-way merge of a reload. */
#include "authd/manage/merge.h"

#include <string.h>

#include "lib/dns/rdata.h"
#include "lib/dns/rrtype.h"
#include "lib/dns/serial.h"

enum { SOA_MAX_LEN = 2 * NAME_MAX_LEN + 20 };

struct merge {
	const struct merge_sides *sides;
	struct zone_edit *edit;
	struct merge_result *result;
	bool has_soa_base;                 /* the SOA was changed since: as the file had it then */
	uint8_t soa_base[SOA_MAX_LEN];
	uint16_t soa_base_len;
};

static bool set_has(const struct rrset *set, const uint8_t *rdata, uint16_t rdata_len)
{
	const uint8_t *at = set->rdata, *data;
	uint16_t len;

	while (set->count > 0 && rrset_next(set, &at, &data, &len))
		if (rdata_cmp(set->type, data, len, rdata, rdata_len) == 0)
			return true;
	return false;
}

static bool same_records(const struct rrset *a, const struct rrset *b)
{
	const uint8_t *at = a->rdata, *data;
	uint16_t len;

	if (a->count != b->count)
		return false;
	while (a->count > 0 && rrset_next(a, &at, &data, &len))
		if (!set_has(b, data, len))
			return false;
	return true;
}

/* What the new file has of the RRset, perhaps nothing. */
static struct rrset file_rrset(const struct merge *merge, const struct journal_local_change *change)
{
	struct rrset set;
	const struct znode *node = zone_get(merge->sides->file, change->owner);

	if (!node || !znode_rrset(node, change->current.type, change->current.covers, &set))
		set = (struct rrset){ .type = change->current.type, .covers = change->current.covers };
	return set;
}

/* ---- one RRset -------------------------------------------------------------------------------------------------------------------- */

static int remove_gone(struct merge *merge, const struct journal_local_change *change)
{
	const struct rrset *base = &change->base;
	const uint8_t *at = base->rdata, *data;
	uint16_t len;
	int status = ZT_OK;

	while (status == ZT_OK && base->count > 0 && rrset_next(base, &at, &data, &len)) {
		if (set_has(&change->current, data, len))
			continue;
		status = zone_edit_remove(merge->edit, change->owner, base->type, data, len);
		if (status == ZT_ENOENT)
			status = ZT_OK;
	}
	return status;
}

static int add_new(struct merge *merge, const struct journal_local_change *change, const struct rrset *file)
{
	const struct rrset *current = &change->current;
	const uint8_t *at = current->rdata, *data;
	bool ttl_changed = change->base.count > 0 && current->ttl != change->base.ttl;
	uint32_t ttl = file->count > 0 && change->base.count > 0 && !ttl_changed ? file->ttl : current->ttl;
	uint16_t len;
	int status = ZT_OK;

	while (status == ZT_OK && current->count > 0 && rrset_next(current, &at, &data, &len)) {
		bool is_new = !set_has(&change->base, data, len);
		if (!is_new && !(ttl_changed && set_has(file, data, len)))
			continue;
		status = zone_edit_add(merge->edit, &(struct change_record){ change->owner, current->type, ttl, data, len });
		if (status == ZT_EEXIST)
			status = ZT_OK;
	}
	return status;
}

static void soa_remember(struct merge *merge, const struct rrset *base)
{
	const uint8_t *at = base->rdata, *data;
	uint16_t len;

	if (base->count == 0 || !rrset_next(base, &at, &data, &len) || len > SOA_MAX_LEN)
		return;
	memcpy(merge->soa_base, data, len);
	merge->soa_base_len = len;
	merge->has_soa_base = true;
}

static int on_change(void *context, const struct journal_local_change *change)
{
	struct merge *merge = context;
	struct rrset file = file_rrset(merge, change);
	uint16_t type = change->current.type;

	/* A digest is of the content it came with. */
	if (type == TYPE_ZONEMD && name_equal(change->owner, zone_apex(zone_version_zone(merge->sides->file))))
		return ZT_OK;
	if (type == TYPE_SOA) {
		soa_remember(merge, &change->base);
		return ZT_OK;
	}
	if ((type == TYPE_CNAME || type == TYPE_DNAME) && file.count > 0 && !same_records(&file, &change->base)) {
		merge->result->dropped_count++;
		return ZT_OK;
	}
	merge->result->carried_count++;
	int status = remove_gone(merge, change);
	return status == ZT_OK ? add_new(merge, change, &file) : status;
}

/* ---- the SOA ---------------------------------------------------------------------------------------------------------------------- */

struct soa_bytes {
	uint8_t rdata[SOA_MAX_LEN];
	uint16_t len;
	uint32_t ttl;
};

static bool soa_take(const struct zone_version *version, struct soa_bytes *out)
{
	struct rrset set;
	const uint8_t *at, *data;

	if (!zone_version_soa(version, &set))
		return false;
	at = set.rdata;
	if (!rrset_next(&set, &at, &data, &out->len) || out->len > SOA_MAX_LEN)
		return false;
	memcpy(out->rdata, data, out->len);
	out->ttl = set.ttl;
	return true;
}

/* Whether two SOAs agree in all but the serial. */
static bool soa_same_fields(const uint8_t *a, uint16_t a_len, const uint8_t *b, uint16_t b_len)
{
	uint8_t x[SOA_MAX_LEN], y[SOA_MAX_LEN];

	memcpy(x, a, a_len);
	memcpy(y, b, b_len);
	soa_set_serial(x, a_len, 0);
	soa_set_serial(y, b_len, 0);
	return rdata_cmp(TYPE_SOA, x, a_len, y, b_len) == 0;
}

static int soa_put(struct zone_edit *edit, const struct soa_bytes *soa)
{
	uint8_t rdata[sizeof(soa->len) + SOA_MAX_LEN];
	struct rrset set = { .type = TYPE_SOA, .count = 1, .ttl = soa->ttl, .rdata = rdata, .rdata_size = sizeof(soa->len) + soa->len };

	memcpy(rdata, &soa->len, sizeof(soa->len));
	memcpy(rdata + sizeof(soa->len), soa->rdata, soa->len);
	return zone_edit_put_rrset(edit, zone_apex(zone_version_zone(zone_edit_view(edit))), &set);
}

/* Of which the fingerprints know nothing. */
static bool same_digest(const struct zone_version *a, const struct zone_version *b)
{
	struct rrset sets[2];
	const struct zone_version *versions[] = { a, b };

	for (int i = 0; i < 2; i++) {
		const struct znode *apex = zone_version_apex(versions[i]);
		if (!apex || !znode_rrset(apex, TYPE_ZONEMD, 0, &sets[i]))
			sets[i] = (struct rrset){ .type = TYPE_ZONEMD };
	}
	return sets[0].count == sets[1].count && (sets[0].count == 0 || sets[0].ttl == sets[1].ttl) && same_records(&sets[0], &sets[1]);
}

/* Whether the edit holds what is served, but for the serial. */
static bool same_content(const struct merge *merge, const struct soa_bytes *mine, const struct soa_bytes *served)
{
	struct zone_summary a = zone_summary(zone_edit_view(merge->edit)), b = zone_summary(merge->sides->served);

	return a.count == b.count && fingerprint_equal(a.fingerprint, b.fingerprint) && mine->ttl == served->ttl &&
	       same_digest(zone_edit_view(merge->edit), merge->sides->served) &&
	       soa_same_fields(mine->rdata, mine->len, served->rdata, served->len);
}

static int soa_merge(struct merge *merge)
{
	struct soa_bytes file, served;

	if (!soa_take(merge->sides->file, &file) || !soa_take(merge->sides->served, &served))
		return ZT_OK;
	uint32_t file_serial = zone_version_serial(merge->sides->file), served_serial = zone_version_serial(merge->sides->served);
	struct soa_bytes *mine = merge->has_soa_base && soa_same_fields(file.rdata, file.len, merge->soa_base, merge->soa_base_len) ? &served : &file;
	bool same = same_content(merge, mine, &served);
	merge->result->file_serial = file_serial;
	uint32_t serial = file_serial;
	if (!serial_is_newer(file_serial, served_serial)) {
		merge->result->serial_was_raised = !same;
		serial = same ? served_serial : serial_next(served_serial);
	}
	soa_set_serial(mine->rdata, mine->len, serial);
	return soa_put(merge->edit, mine);
}

int merge_raise_serial(struct zone_edit *edit, uint32_t served_serial)
{
	struct soa_bytes soa;

	if (serial_is_newer(zone_version_serial(zone_edit_view(edit)), served_serial) || !soa_take(zone_edit_view(edit), &soa))
		return ZT_OK;
	soa_set_serial(soa.rdata, soa.len, serial_next(served_serial));
	return soa_put(edit, &soa);
}

int merge_local_changes(struct journal *journal, const struct merge_sides *sides, struct zone_edit *edit, struct merge_result *result)
{
	struct merge merge = { .sides = sides, .edit = edit, .result = result };
	struct buf origin;

	*result = (struct merge_result){ 0 };
	buf_init(&origin);
	/* Only a base that came from the file tells what was changed since the file. */
	const uint8_t *apex = zone_apex(zone_version_zone(sides->file));
	int status = journal_content_origin(journal, apex, &origin);
	if (status == ZT_OK && origin.len > 0)
		status = journal_local_changes(journal, apex, on_change, &merge);
	buf_fini(&origin);
	if (status == ZT_ENOENT)
		status = ZT_OK;
	return status == ZT_OK ? soa_merge(&merge) : status;
}

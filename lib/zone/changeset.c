/* Lists of records removed and added: filling, stepping, joining, storing. */
#include "lib/zone/changeset.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/fingerprint.h"
#include "lib/base/wire.h"
#include "lib/dns/name.h"
#include "lib/dns/rdata.h"
#include "lib/dns/rrtype.h"

enum {
	RECORD_FIXED = 10,         /* type, class, TTL, rdata length */
	HEADER_LEN = 28,           /* magic, two counts, two sizes */
	CHECK_LEN = 16,
};

static const uint8_t magic[4] = { 'Z', 'T', 'C', '1' };

void changeset_init(struct changeset *change)
{
	buf_init(&change->removed);
	buf_init(&change->added);
	change->removed_count = 0;
	change->added_count = 0;
}

void changeset_fini(struct changeset *change)
{
	buf_fini(&change->removed);
	buf_fini(&change->added);
}

void changeset_clear(struct changeset *change)
{
	buf_clear(&change->removed);
	buf_clear(&change->added);
	change->removed_count = 0;
	change->added_count = 0;
}

static void append(struct buf *list, uint32_t *count, const struct change_record *record)
{
	size_t owner_len = name_len(record->owner);
	uint8_t *p = buf_reserve(list, owner_len + RECORD_FIXED + record->rdata_len);

	if (!p)
		return;
	memcpy(p, record->owner, owner_len);
	p += owner_len;
	wire_put_u16(p, record->type);
	wire_put_u16(p + 2, CLASS_IN);
	wire_put_u32(p + 4, record->ttl);
	wire_put_u16(p + 8, record->rdata_len);
	if (record->rdata_len > 0)
		memcpy(p + RECORD_FIXED, record->rdata, record->rdata_len);
	list->len += owner_len + RECORD_FIXED + record->rdata_len;
	(*count)++;
}

void changeset_remove(struct changeset *change, const struct change_record *record)
{
	append(&change->removed, &change->removed_count, record);
}

void changeset_add(struct changeset *change, const struct change_record *record)
{
	append(&change->added, &change->added_count, record);
}

int changeset_status(const struct changeset *change)
{
	return change->removed.status != ZT_OK ? change->removed.status : change->added.status;
}

bool changeset_is_empty(const struct changeset *change)
{
	return change->removed_count == 0 && change->added_count == 0;
}

/* Bytes of the name at `wire`; 0 when the bytes there are no whole name. */
static size_t name_extent(const uint8_t *wire, size_t len)
{
	size_t at = 0;

	while (at < len && wire[at] != 0) {
		if (wire[at] > LABEL_MAX_LEN)
			return 0;
		at += (size_t)1 + wire[at];
	}
	return at < len && at < NAME_MAX_LEN ? at + 1 : 0;
}

bool change_record_next(const struct buf *list, size_t *pos, struct change_record *out)
{
	if (*pos >= list->len)
		return false;
	const uint8_t *p = list->data + *pos;
	size_t left = list->len - *pos, owner_len = name_extent(p, left);
	if (owner_len == 0 || left - owner_len < RECORD_FIXED)
		return false;
	out->owner = p;
	p += owner_len;
	out->type = wire_get_u16(p);
	out->ttl = wire_get_u32(p + 4);
	out->rdata_len = wire_get_u16(p + 8);
	out->rdata = p + RECORD_FIXED;
	if (wire_get_u16(p + 2) != CLASS_IN || left - owner_len - RECORD_FIXED < out->rdata_len)
		return false;
	*pos += owner_len + RECORD_FIXED + out->rdata_len;
	return true;
}

static bool first_serial(const struct buf *list, uint32_t *serial)
{
	struct change_record record;
	struct soa soa;

	for (size_t pos = 0; change_record_next(list, &pos, &record);) {
		if (record.type == TYPE_SOA && soa_from_rdata(&soa, record.rdata, record.rdata_len)) {
			*serial = soa.serial;
			return true;
		}
	}
	return false;
}

bool changeset_from_serial(const struct changeset *change, uint32_t *serial)
{
	return first_serial(&change->removed, serial);
}

bool changeset_to_serial(const struct changeset *change, uint32_t *serial)
{
	return first_serial(&change->added, serial);
}

/* ---- storing: magic, counts, sizes, both lists, a hash of all before it ------------------------------------------------------ */

static struct fingerprint check_of(const uint8_t *data, size_t len)
{
	/* Damage is to be noticed, not malice: the key is no secret. */
	static const struct fingerprint_key key = { "zonetide journal" };
	return fingerprint_of(&key, data, len);
}

int changeset_write(const struct changeset *change, struct buf *out)
{
	size_t start = out->len;

	if (changeset_status(change) != ZT_OK)
		return changeset_status(change);
	buf_add(out, magic, sizeof(magic));
	buf_add_u32(out, change->removed_count);
	buf_add_u32(out, change->added_count);
	buf_add_u64(out, change->removed.len);
	buf_add_u64(out, change->added.len);
	buf_add(out, change->removed.data, change->removed.len);
	buf_add(out, change->added.data, change->added.len);
	if (out->status != ZT_OK)
		return out->status;
	struct fingerprint check = check_of(out->data + start, out->len - start);
	buf_add_u64(out, check.hi);
	buf_add_u64(out, check.lo);
	return out->status;
}

static int read_list(struct buf *list, const uint8_t *data, size_t len, uint32_t count)
{
	struct change_record record;
	size_t pos = 0;
	uint32_t seen = 0;

	buf_add(list, data, len);
	if (list->status != ZT_OK)
		return list->status;
	while (change_record_next(list, &pos, &record)) {
		if (!rdata_is_valid(record.type, record.rdata, record.rdata_len))
			return ZT_ECORRUPT;
		seen++;
	}
	return pos == len && seen == count ? ZT_OK : ZT_ECORRUPT;
}

int changeset_read(struct changeset *change, const uint8_t *data, size_t len)
{
	changeset_clear(change);
	if (len < HEADER_LEN + CHECK_LEN || memcmp(data, magic, sizeof(magic)) != 0)
		return ZT_ECORRUPT;
	size_t body = len - HEADER_LEN - CHECK_LEN;
	uint64_t removed_len = wire_get_u64(data + 12), added_len = wire_get_u64(data + 20);
	struct fingerprint check = check_of(data, len - CHECK_LEN);
	if (wire_get_u64(data + len - 16) != check.hi || wire_get_u64(data + len - 8) != check.lo)
		return ZT_ECORRUPT;
	if (removed_len > body || added_len != body - removed_len)
		return ZT_ECORRUPT;
	change->removed_count = wire_get_u32(data + 4);
	change->added_count = wire_get_u32(data + 8);
	int status = read_list(&change->removed, data + HEADER_LEN, removed_len, change->removed_count);
	if (status == ZT_OK)
		status = read_list(&change->added, data + HEADER_LEN + removed_len, added_len, change->added_count);
	if (status != ZT_OK)
		changeset_clear(change);
	return status;
}

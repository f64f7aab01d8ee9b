/* Keys and values of the journal's rows. */
#include "lib/zone/journal_row.h"

#include <string.h>
#include <xxhash.h>

#include "lib/dns/rdata.h"

/* ---- keys ------------------------------------------------------------------------------------------------------------------ */

static void key_begin(struct journal_key *key, char kind)
{
	key->bytes[0] = (uint8_t)kind;
	key->len = 1;
}

static void key_add(struct journal_key *key, const void *data, size_t len)
{
	memcpy(key->bytes + key->len, data, len);
	key->len += len;
}

static void key_add_u16(struct journal_key *key, uint16_t x)
{
	wire_put_u16(key->bytes + key->len, x);
	key->len += 2;
}

static void key_add_u32(struct journal_key *key, uint32_t x)
{
	wire_put_u32(key->bytes + key->len, x);
	key->len += 4;
}

static void key_add_u64(struct journal_key *key, uint64_t x)
{
	wire_put_u64(key->bytes + key->len, x);
	key->len += 8;
}

void journal_key_info(struct journal_key *key)
{
	key_begin(key, 'I');
}

void journal_key_meta(struct journal_key *key, const uint8_t *apex)
{
	key_begin(key, 'Z');
	key_add(key, apex, name_len(apex));
}

void journal_key_first(struct journal_key *key, char kind, uint32_t id)
{
	key_begin(key, kind);
	key_add_u32(key, id);
}

void journal_key_origin(struct journal_key *key, uint32_t id)
{
	journal_key_first(key, 'F', id);
}

void journal_key_chunk(struct journal_key *key, uint32_t id, uint64_t generation, uint32_t chunk)
{
	journal_key_first(key, 'B', id);
	key_add_u64(key, generation);
	key_add_u32(key, chunk);
}

void journal_key_overlays(struct journal_key *key, uint32_t id, uint64_t generation)
{
	journal_key_first(key, 'O', id);
	key_add_u64(key, generation);
}

void journal_key_overlay(struct journal_key *key, uint32_t id, uint64_t generation, const struct rrset *set, const uint8_t *owner)
{
	journal_key_overlays(key, id, generation);
	uint8_t *at = key->bytes + key->len;
	key->len += name_copy(at, owner);
	name_lower(at);
	key_add_u16(key, set->type);
	key_add_u16(key, set->covers);
}

void journal_key_history(struct journal_key *key, uint32_t id, uint64_t sequence)
{
	journal_key_first(key, 'H', id);
	key_add_u64(key, sequence);
}

void journal_key_state(struct journal_key *key, uint32_t id, const char *name)
{
	journal_key_first(key, 'T', id);
	key_add(key, name, strlen(name));
}

void journal_key_garbage(struct journal_key *key, uint64_t number)
{
	key_begin(key, 'G');
	key_add_u64(key, number);
}

/* ---- the checksum -------------------------------------------------------------------------------------------------------------- */

/* Not a secret: it finds damage, it does not resist forgers. */
static const struct fingerprint_key sum_key = { { 'z', 'o', 'n', 'e', 't', 'i', 'd', 'e', ' ', 'j', 'o', 'u', 'r', 'n', 'a', 'l' } };

static uint64_t row_sum(const void *key, size_t key_len, const uint8_t *payload, size_t len)
{
	return fingerprint_of(&sum_key, key, key_len).lo + fingerprint_of(&sum_key, payload, len).hi;
}

/* Chunks of a base are long and many: a hash ten times as fast. Those of former releases have the other one. */
static bool is_chunk(const void *key)
{
	return *(const char *)key == 'B';
}

static uint64_t chunk_sum(const void *key, size_t key_len, const uint8_t *payload, size_t len)
{
	return XXH3_64bits_withSeed(payload, len, XXH3_64bits(key, key_len));
}

void journal_row_begin(struct buf *row)
{
	buf_clear(row);
	buf_add_u64(row, 0);
}

void journal_row_seal(struct buf *row, const void *key, size_t key_len)
{
	if (row->status != ZT_OK)
		return;
	const uint8_t *payload = row->data + JOURNAL_SUM_LEN;
	size_t len = row->len - JOURNAL_SUM_LEN;
	wire_put_u64(row->data, is_chunk(key) ? chunk_sum(key, key_len, payload, len) : row_sum(key, key_len, payload, len));
}

int journal_row_open(struct rcursor *payload, const void *key, size_t key_len, const void *value, size_t len)
{
	const uint8_t *bytes = value;

	if (len < JOURNAL_SUM_LEN)
		return ZT_ECORRUPT;
	uint64_t sum = wire_get_u64(bytes);
	*payload = rcursor_over(bytes + JOURNAL_SUM_LEN, len - JOURNAL_SUM_LEN);
	if (is_chunk(key) && sum == chunk_sum(key, key_len, payload->base, payload->len))
		return ZT_OK;
	return sum == row_sum(key, key_len, payload->base, payload->len) ? ZT_OK : ZT_ECORRUPT;
}

/* What a payload's reader returns: all bytes must have been there and, with `whole`, been used. */
static int payload_status(const struct rcursor *payload, bool whole)
{
	return payload->status != ZT_OK || (whole && rcursor_left(payload) != 0) ? ZT_ECORRUPT : ZT_OK;
}

/* ---- I, Z -------------------------------------------------------------------------------------------------------------------------- */

void journal_info_write(struct buf *row, const struct journal_info *info)
{
	buf_add_u32(row, JOURNAL_FORMAT);
	buf_add_u64(row, info->next_number);
	buf_add_u64(row, info->transaction);
}

int journal_info_read(struct journal_info *info, struct rcursor *payload)
{
	uint32_t format = rcursor_u32(payload);
	if (payload->status == ZT_OK && format != JOURNAL_FORMAT)
		return ZT_EUNSUPPORTED;
	info->next_number = rcursor_u64(payload);
	info->transaction = rcursor_u64(payload);
	return payload_status(payload, true);
}

static void fingerprint_write(struct buf *row, uint32_t key_tag, struct fingerprint value)
{
	buf_add_u32(row, key_tag);
	buf_add_u64(row, value.hi);
	buf_add_u64(row, value.lo);
}

static struct journal_fingerprint fingerprint_read(struct rcursor *payload)
{
	struct journal_fingerprint fp;
	fp.key_tag = rcursor_u32(payload);
	fp.value.hi = rcursor_u64(payload);
	fp.value.lo = rcursor_u64(payload);
	return fp;
}

enum { META_HAS_CONTENT = 1, META_HAS_ORIGIN = 2, META_HAS_FIRST = 4 };

void journal_meta_write(struct buf *row, const struct journal_meta *meta)
{
	buf_add_u32(row, meta->id);
	buf_add_u8(row, (uint8_t)((meta->has_content ? META_HAS_CONTENT : 0) | (meta->has_origin ? META_HAS_ORIGIN : 0) |
				  (meta->has_first ? META_HAS_FIRST : 0)));
	buf_add_u8(row, meta->source);
	buf_add_u32(row, meta->serial);
	fingerprint_write(row, meta->fingerprint.key_tag, meta->fingerprint.value);
	buf_add_u64(row, (uint64_t)meta->wall);
	buf_add_u64(row, meta->generation);
	buf_add_u32(row, meta->chunk_count);
	buf_add_u64(row, meta->base_bytes);
	buf_add_u64(row, meta->overlay_count);
	buf_add_u64(row, meta->overlay_bytes);
	buf_add_u32(row, meta->first_serial);
	buf_add_u64(row, meta->first_sequence);
	buf_add_u64(row, meta->next_sequence);
	buf_add_u64(row, meta->history_bytes);
	if (meta->has_first)
		fingerprint_write(row, meta->first_fingerprint.key_tag, meta->first_fingerprint.value);
}

int journal_meta_read(struct journal_meta *meta, struct rcursor *payload)
{
	*meta = (struct journal_meta){ 0 };
	meta->id = rcursor_u32(payload);
	uint8_t flags = rcursor_u8(payload);
	meta->has_content = flags & META_HAS_CONTENT;
	meta->has_origin = flags & META_HAS_ORIGIN;
	meta->has_first = flags & META_HAS_FIRST;
	meta->source = rcursor_u8(payload);
	meta->serial = rcursor_u32(payload);
	meta->fingerprint = fingerprint_read(payload);
	meta->wall = (usec_t)rcursor_u64(payload);
	meta->generation = rcursor_u64(payload);
	meta->chunk_count = rcursor_u32(payload);
	meta->base_bytes = rcursor_u64(payload);
	meta->overlay_count = rcursor_u64(payload);
	meta->overlay_bytes = rcursor_u64(payload);
	meta->first_serial = rcursor_u32(payload);
	meta->first_sequence = rcursor_u64(payload);
	meta->next_sequence = rcursor_u64(payload);
	meta->history_bytes = rcursor_u64(payload);
	if (meta->has_first)
		meta->first_fingerprint = fingerprint_read(payload);
	if (meta->id == 0 || meta->first_sequence > meta->next_sequence)
		return ZT_ECORRUPT;
	return payload_status(payload, true);
}

/* ---- H ------------------------------------------------------------------------------------------------------------------------------ */

void journal_row_history_write(struct buf *row, const struct journal_row_history *history)
{
	const struct journal_version *version = &history->version;
	buf_add_u32(row, version->from_serial);
	buf_add_u32(row, version->to_serial);
	buf_add_u32(row, version->removed_count);
	buf_add_u32(row, version->added_count);
	fingerprint_write(row, history->key_tag, version->fingerprint);
	buf_add_u64(row, (uint64_t)version->wall);
	buf_add_u8(row, (uint8_t)version->source);
}

int journal_row_history_read(struct journal_row_history *history, struct rcursor *payload)
{
	struct journal_version *version = &history->version;
	*history = (struct journal_row_history){ 0 };
	version->from_serial = rcursor_u32(payload);
	version->to_serial = rcursor_u32(payload);
	version->removed_count = rcursor_u32(payload);
	version->added_count = rcursor_u32(payload);
	struct journal_fingerprint fp = fingerprint_read(payload);
	version->fingerprint = fp.value;
	history->key_tag = fp.key_tag;
	version->wall = (usec_t)rcursor_u64(payload);
	version->source = (enum journal_source)rcursor_u8(payload);
	return payload_status(payload, false);
}

enum { RRSET_HEAD_LEN = 14 };      /* type, covers, TTL, count, bytes of rdata */

/* ---- RRsets, B, O -------------------------------------------------------------------------------------------------------------------- */

void journal_rrset_write(struct buf *row, const struct rrset *set)
{
	const uint8_t *at = set->rdata, *data;
	uint8_t *out = buf_reserve(row, RRSET_HEAD_LEN + set->rdata_size);
	uint16_t len;

	if (!out)
		return;
	wire_put_u16(out, set->type);
	wire_put_u16(out + 2, set->covers);
	wire_put_u32(out + 4, set->ttl);
	wire_put_u16(out + 8, set->count);
	wire_put_u32(out + 10, (uint32_t)set->rdata_size);
	out += RRSET_HEAD_LEN;
	while (set->count > 0 && rrset_next(set, &at, &data, &len)) {
		wire_put_u16(out, len);
		memcpy(out + 2, data, len);
		out += 2 + len;
	}
	row->len += RRSET_HEAD_LEN + set->rdata_size;
}

int journal_rrset_read(struct rrset *set, struct rcursor *payload, struct buf *rdata)
{
	*set = (struct rrset){ 0 };
	set->type = rcursor_u16(payload);
	set->covers = rcursor_u16(payload);
	set->ttl = rcursor_u32(payload);
	set->count = rcursor_u16(payload);
	set->rdata_size = rcursor_u32(payload);
	const uint8_t *bytes = rcursor_take(payload, set->rdata_size);
	if (!bytes)
		return ZT_ECORRUPT;
	buf_clear(rdata);
	struct rcursor cur = rcursor_over(bytes, set->rdata_size);
	for (unsigned i = 0; i < set->count; i++) {
		uint16_t len = rcursor_u16(&cur);
		const uint8_t *data = rcursor_take(&cur, len);
		if (!data || !rdata_is_valid(set->type, data, len))
			return ZT_ECORRUPT;
		buf_add(rdata, &len, sizeof(len));
		buf_add(rdata, data, len);
	}
	if (rcursor_left(&cur) != 0)
		return ZT_ECORRUPT;
	set->rdata = rdata->data;
	return rdata->status;
}

bool journal_rrset_is_none(const uint8_t *bytes, size_t len)
{
	return len < 10 || wire_get_u16(bytes + 8) == 0;
}

int journal_owner_read(const uint8_t **owner, struct rcursor *payload)
{
	const uint8_t *name = payload->base + payload->pos;
	size_t left = rcursor_left(payload), len = 0;

	while (len < left && name[len] != 0)
		len += 1u + name[len];
	if (len >= left || !name_is_valid(name, len + 1))
		return ZT_ECORRUPT;
	*owner = rcursor_take(payload, len + 1);
	return ZT_OK;
}

void journal_overlay_write(struct buf *row, const struct journal_overlay *overlay)
{
	buf_add(row, overlay->owner, name_len(overlay->owner));
	buf_add_u32(row, (uint32_t)overlay->base_len);
	buf_add(row, overlay->base, overlay->base_len);
	buf_add(row, overlay->current, overlay->current_len);
}

int journal_overlay_read(struct journal_overlay *overlay, struct rcursor *payload)
{
	int status = journal_owner_read(&overlay->owner, payload);
	if (status != ZT_OK)
		return status;
	overlay->base_len = rcursor_u32(payload);
	overlay->base = rcursor_take(payload, overlay->base_len);
	overlay->current_len = rcursor_left(payload);
	overlay->current = rcursor_take(payload, overlay->current_len);
	return payload_status(payload, true);
}

/* ---- G ---------------------------------------------------------------------------------------------------------------------------------- */

void journal_garbage_write(struct buf *row, const struct journal_garbage *garbage)
{
	buf_add_u16(row, (uint16_t)garbage->first_len);
	buf_add(row, garbage->first, garbage->first_len);
	buf_add(row, garbage->end, garbage->end_len);
}

int journal_garbage_read(struct journal_garbage *garbage, struct rcursor *payload)
{
	garbage->first_len = rcursor_u16(payload);
	garbage->first = rcursor_take(payload, garbage->first_len);
	garbage->end_len = rcursor_left(payload);
	garbage->end = rcursor_take(payload, garbage->end_len);
	if (garbage->first_len == 0 || garbage->end_len == 0)
		return ZT_ECORRUPT;
	return payload_status(payload, true);
}

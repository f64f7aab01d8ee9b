/* Entries: bytes to ranges and back. */
#include "lib/xfr/reconcile_entry.h"

enum { MORE = 0x80, HASH_LEN = 8, FINGERPRINT_LEN = 16 };

/* ---- reading ------------------------------------------------------------------------------------------------------------------------ */

static uint64_t varint(struct rcursor *cur)
{
	uint64_t value = 0;

	for (unsigned shift = 0; shift < 64; shift += 7) {
		uint8_t byte = rcursor_u8(cur);
		if (shift == 63 && byte > 1)
			break;
		value |= (uint64_t)(byte & ~MORE) << shift;
		if (!(byte & MORE))
			return value;
	}
	cur->status = ZT_EMALFORMED;
	return 0;
}

static void bound_read(struct rcursor *cur, struct reconcile_range *range)
{
	uint64_t shared = varint(cur), more = varint(cur);

	if (shared > range->from.len || more > RECONCILE_BOUND_MAX - shared) {
		cur->status = ZT_EMALFORMED;
		return;
	}
	const uint8_t *bytes = rcursor_take(cur, more);
	if (!bytes)
		return;
	memcpy(range->to.bytes, range->from.bytes, shared);
	memcpy(range->to.bytes + shared, bytes, more);
	range->to.len = (uint16_t)(shared + more);
	if (reconcile_bound_cmp(&range->from, &range->to) >= 0)
		cur->status = ZT_EMALFORMED;
}

static void body_read(struct rcursor *cur, struct reconcile_entry *entry)
{
	if (entry->kind == RECONCILE_SKIP)
		return;
	entry->count = varint(cur);
	if (entry->kind != RECONCILE_FP && entry->count > RECONCILE_LIST_MAX) {
		cur->status = ZT_EMALFORMED;
		return;
	}
	switch (entry->kind) {
	case RECONCILE_FP:
		entry->fingerprint.hi = rcursor_u64(cur);
		entry->fingerprint.lo = rcursor_u64(cur);
		break;
	case RECONCILE_LIST:
		entry->data = rcursor_take(cur, entry->count * HASH_LEN);
		break;
	case RECONCILE_WANT:
	case RECONCILE_GIVE:
		entry->data = rcursor_take(cur, (entry->count + 7) / 8);
		break;
	default:
		cur->status = ZT_EMALFORMED;
	}
}

void reconcile_reader_init(struct reconcile_reader *reader, const uint8_t *entries, size_t len)
{
	reader->cur = rcursor_over(entries, len);
	reader->entry.range.from.len = reader->entry.range.to.len = 0;
	reader->entry.range.to_end = false;
}

bool reconcile_reader_next(struct reconcile_reader *reader)
{
	struct reconcile_entry *entry = &reader->entry;
	struct rcursor *cur = &reader->cur;

	do {
		if (rcursor_left(cur) == 0)
			return false;
		if (entry->range.to_end) {
			cur->status = ZT_EMALFORMED;      /* nothing lies behind the end */
			return false;
		}
		uint8_t kind = rcursor_u8(cur);
		entry->kind = kind & ~RECONCILE_TO_END;
		entry->range.from.len = entry->range.to.len;
		memcpy(entry->range.from.bytes, entry->range.to.bytes, entry->range.to.len);
		entry->range.to_end = kind & RECONCILE_TO_END;
		if (!entry->range.to_end)
			bound_read(cur, &entry->range);
		body_read(cur, entry);
		if (cur->status != ZT_OK)
			return false;
	} while (entry->kind == RECONCILE_SKIP);
	return true;
}

int reconcile_range_order(const struct reconcile_range *a, const struct reconcile_range *b)
{
	if (!a->to_end && reconcile_bound_cmp(&a->to, &b->from) <= 0)
		return -1;
	return !b->to_end && reconcile_bound_cmp(&b->to, &a->from) <= 0;
}

bool reconcile_range_within(const struct reconcile_range *inner, const struct reconcile_range *outer)
{
	if (reconcile_bound_cmp(&inner->from, &outer->from) < 0)
		return false;
	return outer->to_end || (!inner->to_end && reconcile_bound_cmp(&inner->to, &outer->to) <= 0);
}

bool reconcile_range_equal(const struct reconcile_range *a, const struct reconcile_range *b)
{
	return reconcile_bound_cmp(&a->from, &b->from) == 0 && a->to_end == b->to_end && (a->to_end || reconcile_bound_cmp(&a->to, &b->to) == 0);
}

/* ---- writing ------------------------------------------------------------------------------------------------------------------------ */

static void varint_add(struct buf *out, uint64_t value)
{
	for (; value >= MORE; value >>= 7)
		buf_add_u8(out, (uint8_t)(value | MORE));
	buf_add_u8(out, (uint8_t)value);
}

void reconcile_writer_init(struct reconcile_writer *writer, struct buf *out)
{
	writer->out = out;
	writer->at.len = 0;
}

static void head_add(struct reconcile_writer *writer, enum reconcile_kind kind, const struct reconcile_bound *to)
{
	unsigned shared = reconcile_bound_shared(&writer->at, to);

	buf_add_u8(writer->out, (uint8_t)kind);
	varint_add(writer->out, shared);
	varint_add(writer->out, to->len - shared);
	buf_add(writer->out, to->bytes + shared, to->len - shared);
	writer->at.len = to->len;
	memcpy(writer->at.bytes + shared, to->bytes + shared, to->len - shared);
}

void reconcile_entry_begin(struct reconcile_writer *writer, enum reconcile_kind kind, const struct reconcile_range *range, uint64_t count)
{
	if (reconcile_bound_cmp(&writer->at, &range->from) != 0)
		head_add(writer, RECONCILE_SKIP, &range->from);
	if (range->to_end)
		buf_add_u8(writer->out, (uint8_t)(kind | RECONCILE_TO_END));
	else
		head_add(writer, kind, &range->to);
	varint_add(writer->out, count);
}

void reconcile_entry_fp(struct reconcile_writer *writer, const struct reconcile_range *range, const struct zone_summary *summary)
{
	reconcile_entry_begin(writer, RECONCILE_FP, range, summary->count);
	buf_add_u64(writer->out, summary->fingerprint.hi);
	buf_add_u64(writer->out, summary->fingerprint.lo);
}

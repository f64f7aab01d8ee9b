/* The entries of reconciliation messages, one after another.
 *
 *     kind u8 | unless the kind has ENTRY_TO_END: shared varint, more varint, more bytes | what the kind says
 *
 * An entry is about the names from where the one before it ended (the first: from the apex) up to its bound, or to the end of the zone. The bound is
 * the first `shared` bytes of that earlier bound and the bytes given (reconcile_bound.h); bounds only go forward. What lies behind the last entry is not
 * spoken of. Varints have 7 bits in each byte, the lowest first, and the top bit set in all but the last byte.
 *
 *     SKIP   nothing
 *     FP     count varint, fingerprint 16: what the sender has there
 *     LIST   count varint, count times hash 8: each RRset the sender has there, in order (name, type, covered type)
 *     WANT   count varint, bitmap: which RRsets of the other side's LIST of this range are wanted; the first is the top bit of the first byte
 *     GIVE   count varint, bitmap: which RRsets of the other side's LIST of this range are not to stay; what else it lacks is in the Answer sections
 *
 * A hash is the first 8 bytes of the RRset's fingerprint (its low half, network order).
 */
#pragma once

#include "lib/base/buf.h"
#include "lib/xfr/reconcile.h"
#include "lib/xfr/reconcile_bound.h"

enum reconcile_kind {
	RECONCILE_SKIP = 0,
	RECONCILE_FP = 1,
	RECONCILE_LIST = 2,
	RECONCILE_WANT = 3,
	RECONCILE_GIVE = 4,
	RECONCILE_TO_END = 0x80,
};

struct reconcile_range {
	struct reconcile_bound from;
	struct reconcile_bound to;
	bool to_end;                     /* `to` says nothing: up to the end of the zone */
};

struct reconcile_entry {
	enum reconcile_kind kind;
	struct reconcile_range range;
	uint64_t count;
	struct fingerprint fingerprint;  /* FP */
	const uint8_t *data;             /* LIST: the hashes; WANT, GIVE: the bitmap. Borrowed */
};

struct reconcile_reader {
	struct rcursor cur;              /* its status tells malformed entries from their end */
	struct reconcile_entry entry;
};

void reconcile_reader_init(struct reconcile_reader *reader, const uint8_t *entries, size_t len);
/* The next entry, SKIPs aside, into reader->entry. False at the end, and where the bytes are no entry (the cursor's status). */
bool reconcile_reader_next(struct reconcile_reader *reader);
/* -1: `a` ends where `b` begins or before; 1: the other way; 0: they overlap. */
int reconcile_range_order(const struct reconcile_range *a, const struct reconcile_range *b);
/* Whether `inner` lies inside `outer`. */
bool reconcile_range_within(const struct reconcile_range *inner, const struct reconcile_range *outer);
bool reconcile_range_equal(const struct reconcile_range *a, const struct reconcile_range *b);

struct reconcile_writer {
	struct buf *out;                 /* borrowed */
	struct reconcile_bound at;       /* where the last entry ended */
};

void reconcile_writer_init(struct reconcile_writer *writer, struct buf *out);
/* The heads; what the kind says is appended by the caller for LIST, WANT and GIVE. Ranges come in order. */
void reconcile_entry_begin(struct reconcile_writer *writer, enum reconcile_kind kind, const struct reconcile_range *range, uint64_t count);
void reconcile_entry_fp(struct reconcile_writer *writer, const struct reconcile_range *range, const struct zone_summary *summary);

static inline bool reconcile_bit(const uint8_t *bitmap, size_t at)
{
	return bitmap[at / 8] >> (7 - at % 8) & 1;
}

static inline void reconcile_bit_set(uint8_t *bitmap, size_t at)
{
	bitmap[at / 8] |= (uint8_t)(1 << (7 - at % 8));
}

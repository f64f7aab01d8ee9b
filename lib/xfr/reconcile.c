/* The heads of reconciliation messages. */
#include "lib/xfr/reconcile.h"

int reconcile_query_read(const struct edns *edns, struct reconcile_query *out)
{
	const uint8_t *data;
	uint16_t len;

	if (!edns->present || !edns_option(edns, RECONCILE_OPTION, &data, &len))
		return ZT_ENOENT;
	struct rcursor cur = rcursor_over(data, len);
	if (rcursor_u8(&cur) != RECONCILE_VERSION)
		return ZT_ENOENT;
	out->flags = rcursor_u8(&cur);
	out->key_id = rcursor_u8(&cur);
	rcursor_take(&cur, 1);
	out->serial = rcursor_u32(&cur);
	out->summary.count = rcursor_u64(&cur);
	out->summary.fingerprint.hi = rcursor_u64(&cur);
	out->summary.fingerprint.lo = rcursor_u64(&cur);
	out->entries_len = rcursor_left(&cur);
	out->entries = rcursor_take(&cur, out->entries_len);
	return cur.status == ZT_OK ? ZT_OK : ZT_EMALFORMED;
}

int reconcile_answer_read(const struct edns *edns, struct reconcile_answer *out)
{
	const uint8_t *data;
	uint16_t len;

	if (!edns->present || !edns_option(edns, RECONCILE_OPTION, &data, &len))
		return ZT_ENOENT;
	struct rcursor cur = rcursor_over(data, len);
	if (rcursor_u8(&cur) != RECONCILE_VERSION)
		return ZT_ENOENT;
	out->flags = rcursor_u8(&cur);
	out->status = rcursor_u8(&cur);
	rcursor_take(&cur, 1);
	if (out->flags & RECONCILE_HAS_DIGEST) {
		const uint8_t *digest = rcursor_take(&cur, ZONE_DIGEST_LEN);
		if (digest)
			memcpy(out->digest.bytes, digest, ZONE_DIGEST_LEN);
	}
	out->entries_len = rcursor_left(&cur);
	out->entries = rcursor_take(&cur, out->entries_len);
	return cur.status == ZT_OK ? ZT_OK : ZT_EMALFORMED;
}

void reconcile_query_head_write(const struct reconcile_query *query, uint8_t out[RECONCILE_QUERY_HEAD])
{
	out[0] = RECONCILE_VERSION;
	out[1] = query->flags;
	out[2] = query->key_id;
	out[3] = 0;
	wire_put_u32(out + 4, query->serial);
	wire_put_u64(out + 8, query->summary.count);
	wire_put_u64(out + 16, query->summary.fingerprint.hi);
	wire_put_u64(out + 24, query->summary.fingerprint.lo);
}

size_t reconcile_answer_head_write(const struct reconcile_answer *answer, uint8_t out[RECONCILE_ANSWER_HEAD + ZONE_DIGEST_LEN])
{
	out[0] = RECONCILE_VERSION;
	out[1] = answer->flags;
	out[2] = answer->status;
	out[3] = 0;
	if (!(answer->flags & RECONCILE_HAS_DIGEST))
		return RECONCILE_ANSWER_HEAD;
	memcpy(out + RECONCILE_ANSWER_HEAD, answer->digest.bytes, ZONE_DIGEST_LEN);
	return RECONCILE_ANSWER_HEAD + ZONE_DIGEST_LEN;
}

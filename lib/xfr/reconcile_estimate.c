/* When to stop and let AXFR do it: how many RRsets seem to differ, and what it will cost to find and fetch them. */
#include "lib/xfr/reconcile_client_state.h"

enum {
	SAMPLES = 64,
	FP_BYTES = 26,                   /* of an entry with a short bound */
	LIST_BYTES = 12,                 /* the same, without its hashes */
	HASH_BYTES = 8,
	NOT_WORTH_IT = 4096,             /* bytes that are not worth the thought */
	COUNTED_MAX = 1 << 16,           /* ranges up to which the sum below is made */
};

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* Bytes that an RRset of ours takes in a transfer, on average: an owner of one label and a pointer, and the records. */
static uint64_t rrset_bytes(const struct reconcile_client *client)
{
	uint64_t count = zone_summary(client->version).count, samples = least(count, SAMPLES), bytes = 0, sets = 0;
	const uint8_t *data;
	struct rrset set;
	uint16_t len;

	for (uint64_t i = 0; i < samples; i++) {
		const struct znode *node = zone_at_rank(client->version, count * i / samples);
		for (size_t pos = 0; node && znode_next(node, &pos, &set); sets++) {
			bytes += znode_owner(node)[0] + 1u;
			for (const uint8_t *at = set.rdata; rrset_next(&set, &at, &data, &len);)
				bytes += 12u + len;
		}
	}
	return sets > 0 ? bytes / sets : 64;
}

/* Of `ranges` equally large ones `hit` were met by differences that fell blindly: how many fell (the coupon collector's sum; -m ln(1 - k/m)). */
static uint64_t fallen(uint64_t ranges, uint64_t hit)
{
	double sum = 0;

	if (hit >= COUNTED_MAX || ranges == 0)
		return hit;
	for (uint64_t i = ranges - hit + 1; i <= ranges; i++)
		sum += (double)ranges / (double)i;
	return (uint64_t)sum;
}

bool reconcile_is_too_much(const struct reconcile_client *client, uint64_t *differing)
{
	uint64_t count = client->target.summary.count > 0 ? client->target.summary.count : 1, ranges = 1, each = rrset_bytes(client);

	for (unsigned i = 0; i < client->levels && ranges < count; i++)
		ranges *= RECONCILE_WAYS * RECONCILE_WAYS;
	ranges = least(ranges, count);
	uint64_t differ = fallen(ranges, least(client->differing, ranges)), left = 0, size = count / ranges;
	for (; size > RECONCILE_LEAF; size /= RECONCILE_WAYS, ranges *= RECONCILE_WAYS)
		left += least(ranges, differ) * RECONCILE_WAYS * FP_BYTES;
	left += least(ranges, differ) * (LIST_BYTES + HASH_BYTES * size) + differ * each;
	*differing = differ;
	uint64_t spent = client->bytes_in + client->bytes_out, whole = count * each;
	return left > NOT_WORTH_IT && (differ > count / 4 || spent + left > whole / 2);
}

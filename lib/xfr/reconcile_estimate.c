/* When to stop and let AXFR do it: how many RRsets seem to differ, and what it will cost to find and fetch them. */
#include "lib/xfr/reconcile_client_state.h"

enum {
	SAMPLES = 64,
	FP_BYTES = 26,                   /* of an entry with a short bound */
	LIST_BYTES = 12,                 /* the same, without its hashes */
	HASH_BYTES = 8,
	NOT_WORTH_IT = 4096,             /* bytes that are not worth the thought */
	CHEAP_PART = 6,                  /* of AXFR, that may be spent to know more */
	COUNTED_MAX = 1 << 16,           /* ranges with which the sum below is made; more are scaled down to so many */
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

static uint64_t square_root(uint64_t x)
{
	uint64_t root = 0;

	for (uint64_t bit = UINT64_C(1) << 31; bit > 0; bit >>= 1) {
		if ((root + bit) * (root + bit) <= x)
			root += bit;
	}
	return root;
}

/* One or two of 256 ranges that do not differ may well be of another kind than the rest. */
static bool is_nearly_all(uint64_t ranges, uint64_t hit)
{
	return hit >= ranges - ranges / 128;
}

/* Of `ranges` equally large ones `hit` were met by differences that fell blindly: how many fell (the coupon collector's sum; -m ln(1 - k/m)). Where nearly all
 * were met, that is the least; it may be any number up to all RRsets, and the middle of that (on a scale of factors) is taken. */
static uint64_t fallen(uint64_t ranges, uint64_t hit, uint64_t count)
{
	double scale = ranges > COUNTED_MAX ? (double)ranges / COUNTED_MAX : 1, sum = 0;
	uint64_t of = (uint64_t)((double)ranges / scale), met = (uint64_t)((double)hit / scale);

	for (uint64_t i = of - met + 1; i <= of; i++)
		sum += (double)of / (double)i;
	uint64_t fell = least((uint64_t)(sum * scale), count);
	return is_nearly_all(ranges, hit) ? square_root(fell * count) : fell;
}

/* Ranges that the zone is in, and how large they are. */
struct level {
	uint64_t ranges, size;
};

/* Bytes that it takes to cut or list so many of the level's ranges; the level becomes the next one. */
static uint64_t level_bytes(struct level *level, uint64_t differ)
{
	uint64_t hit = least(level->ranges, differ);

	if (level->size <= RECONCILE_LEAF)
		return hit * (LIST_BYTES + HASH_BYTES * level->size);
	uint64_t pieces = least(RECONCILE_WAYS, (level->size + RECONCILE_LEAF - 1) / RECONCILE_LEAF);
	level->size /= pieces;
	level->ranges *= pieces;
	return hit * pieces * FP_BYTES;
}

/* What the next round costs where everything differs: a level of ours and one of the server's. */
static uint64_t round_bytes(struct level level)
{
	uint64_t bytes = level_bytes(&level, UINT64_MAX);
	return level.size > RECONCILE_LEAF ? bytes + level_bytes(&level, UINT64_MAX) : bytes + level.ranges * HASH_BYTES * level.size;
}

bool reconcile_is_too_much(const struct reconcile_client *client, uint64_t *differing)
{
	uint64_t ours = zone_summary(client->version).count, theirs = client->target.summary.count, count = theirs > ours ? theirs : ours;
	uint64_t in_them = client->differing_rrsets > 0 ? client->differing_rrsets : 1, each = rrset_bytes(client), left = 0;

	*differing = 0;
	if (client->differing == 0 || count == 0)
		return false;
	/* All ranges of a round are about as large as those that differed. */
	struct level level = { .size = (in_them + client->differing - 1) / client->differing, .ranges = (ours * client->differing + in_them / 2) / in_them };
	if (level.ranges < client->differing)
		level.ranges = client->differing;
	*differing = fallen(level.ranges, client->differing, count);
	/* Where nearly all differ little is known, and a round that is cheap will tell more. */
	if (is_nearly_all(level.ranges, client->differing) && level.size > RECONCILE_LEAF && round_bytes(level) < theirs * each / CHEAP_PART)
		return false;
	while (level.size > RECONCILE_LEAF)
		left += level_bytes(&level, *differing);
	left += level_bytes(&level, *differing) + *differing * each;
	uint64_t spent = client->bytes_in + client->bytes_out;
	return left > NOT_WORTH_IT && (*differing > count / 4 || spent + left > theirs * each / 2);
}

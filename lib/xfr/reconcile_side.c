/* A zone version as one side of a reconciliation. */
#include "lib/xfr/reconcile_side.h"

#include <stdlib.h>

#include "lib/zone/znode.h"

void reconcile_side_init(struct reconcile_side *side, const struct zone_version *version, const struct fingerprint_key *key)
{
	side->version = version;
	side->key = key;
	side->apex = zone_apex(zone_version_zone(version));
	side->apex_len = name_len(side->apex);
	side->has_place = false;
}

static int measure_before(struct reconcile_side *side, const struct reconcile_bound *bound, struct zone_summary *out)
{
	uint8_t name[NAME_MAX_LEN];

	if (bound->len == 0) {
		*out = (struct zone_summary){ 0 };
		return ZT_OK;
	}
	if (!side->has_place || reconcile_bound_cmp(bound, &side->place) != 0) {
		if (reconcile_bound_name(bound, side->apex, name) != ZT_OK)
			return ZT_EMALFORMED;
		side->before_place = zone_summary_range(side->version, NULL, name);
		side->place = *bound;
		side->has_place = true;
	}
	*out = side->before_place;
	return ZT_OK;
}

int reconcile_side_measure(struct reconcile_side *side, const struct reconcile_range *range, struct reconcile_measure *out)
{
	struct zone_summary end = zone_summary(side->version);

	int status = measure_before(side, &range->from, &out->before);
	if (status == ZT_OK && !range->to_end)
		status = measure_before(side, &range->to, &end);
	out->in = summary_sub(end, out->before);
	return status;
}

/* ---- telling ------------------------------------------------------------------------------------------------------------------------ */

static int list_write(const struct reconcile_side *side, const struct reconcile_range *range, uint64_t count, struct reconcile_writer *writer)
{
	struct reconcile_items items;

	if (count > RECONCILE_LIST_MAX)
		return ZT_ELIMIT;
	int status = reconcile_items_init(&items, side, range, count);
	if (status != ZT_OK)
		return status;
	reconcile_entry_begin(writer, RECONCILE_LIST, range, count);
	while (reconcile_items_next(&items))
		buf_add_u64(writer->out, reconcile_items_hash(&items));
	return ZT_OK;
}

static uint64_t pieces_of(uint64_t count)
{
	return count > RECONCILE_WAYS * RECONCILE_LEAF ? RECONCILE_WAYS : (count + RECONCILE_LEAF - 1) / RECONCILE_LEAF;
}

int reconcile_side_describe(const struct reconcile_side *side, const struct reconcile_range *range, const struct reconcile_measure *measure,
			    struct reconcile_writer *writer, unsigned *cuts)
{
	struct reconcile_range piece = { .from = range->from };
	struct zone_summary start = measure->before, at;
	uint64_t count = measure->in.count, pieces = pieces_of(count);

	*cuts = 0;
	for (uint64_t i = 1; i < pieces; i++) {
		const struct znode *node = zone_at_rank_after(side->version, measure->before.count + count * i / pieces, &at);
		if (at.count <= start.count)
			continue;      /* in the middle of a name that is in the piece before */
		const struct znode *before = zone_at_rank(side->version, at.count - 1);
		reconcile_bound_between(&piece.to, znode_owner(before), znode_owner(node), side->apex_len);
		reconcile_entry_fp(writer, &piece, &(struct zone_summary){ at.count - start.count, fingerprint_sub(at.fingerprint, start.fingerprint) });
		++*cuts;
		piece.from = piece.to;
		start = at;
	}
	if (*cuts == 0)
		return list_write(side, range, count, writer);
	piece.to = range->to;
	piece.to_end = range->to_end;
	at = summary_add(measure->before, measure->in);
	reconcile_entry_fp(writer, &piece, &(struct zone_summary){ at.count - start.count, fingerprint_sub(at.fingerprint, start.fingerprint) });
	++*cuts;
	return ZT_OK;
}

/* ---- RRsets one after another ------------------------------------------------------------------------------------------------------- */

int reconcile_items_init(struct reconcile_items *items, const struct reconcile_side *side, const struct reconcile_range *range, uint64_t count)
{
	uint8_t name[NAME_MAX_LEN];

	items->side = side;
	items->node = NULL;
	items->left = count;
	if (range->from.len > 0 && reconcile_bound_name(&range->from, side->apex, name) != ZT_OK)
		return ZT_EMALFORMED;
	zone_iter_init(&items->iter, side->version, range->from.len > 0 ? name : NULL);
	return ZT_OK;
}

bool reconcile_items_next(struct reconcile_items *items)
{
	const struct znode *apex = zone_version_apex(items->side->version);

	while (items->left > 0) {
		if (items->node && znode_next(items->node, &items->pos, &items->set)) {
			if (items->node == apex && !rrset_is_counted_at_apex(&items->set))
				continue;
			items->left--;
			return true;
		}
		items->node = zone_iter_next(&items->iter);
		items->pos = 0;
		if (!items->node)
			items->left = 0;
	}
	return false;
}

uint64_t reconcile_items_hash(const struct reconcile_items *items)
{
	return rrset_fingerprint(items->side->key, znode_owner(items->node), &items->set).lo;
}

/* ---- finding ------------------------------------------------------------------------------------------------------------------------ */

static int by_hash(const void *a, const void *b)
{
	uint64_t x, y;

	memcpy(&x, a, sizeof(x));
	memcpy(&y, b, sizeof(y));
	return x < y ? -1 : x > y;
}

void reconcile_match_init(struct reconcile_match *match, const struct reconcile_entry *list)
{
	match->count = (unsigned)list->count;
	for (unsigned i = 0; i < match->count; i++) {
		match->sorted[i].hash = wire_get_u64(list->data + 8 * i);
		match->sorted[i].index = i;
	}
	qsort(match->sorted, match->count, sizeof(match->sorted[0]), by_hash);
	memset(match->found, 0, (match->count + 7) / 8);
}

bool reconcile_match_find(struct reconcile_match *match, uint64_t hash)
{
	unsigned low = 0, high = match->count;

	while (low < high) {
		unsigned middle = (low + high) / 2;
		if (match->sorted[middle].hash < hash)
			low = middle + 1;
		else
			high = middle;
	}
	bool is_there = low < match->count && match->sorted[low].hash == hash;
	for (; low < match->count && match->sorted[low].hash == hash; low++)
		reconcile_bit_set(match->found, match->sorted[low].index);
	return is_there;
}

unsigned reconcile_match_invert(struct reconcile_match *match)
{
	unsigned missing = 0;

	for (unsigned i = 0; i < match->count; i += 8) {
		unsigned valid = match->count - i < 8 ? 0xff00u >> (match->count - i) & 0xff : 0xff;
		match->found[i / 8] = (uint8_t)(~match->found[i / 8] & valid);
		missing += (unsigned)__builtin_popcount(match->found[i / 8]);
	}
	return missing;
}

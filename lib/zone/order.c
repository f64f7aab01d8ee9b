/* Canonical order: predecessors, iteration, ranks, summaries of ranges. */
#include "lib/zone/version.h"

/* Finds where `name` belongs in the order. Names outside the zone lie before or behind all of it. */
static void seek_name(struct seek *seek, const struct zone_version *version, const uint8_t *name)
{
	struct key key;

	if (name_is_within(name, version->zone->apex)) {
		key_make(&key, name, version->zone->apex_len);
		trie_seek(seek, version->root, version->zone->apex_len, &key);
		return;
	}
	seek->depth = 0;
	seek->leaf = NULL;
	seek->end = name_cmp(name, version->zone->apex) < 0 ? SEEK_BEFORE : SEEK_BEHIND;
}

const struct znode *zone_predecessor(const struct zone_version *version, const uint8_t *name)
{
	struct seek seek;

	if (!version->root)
		return NULL;
	seek_name(&seek, version, name);
	if (seek.end == SEEK_EXACT)
		return seek.leaf;
	if (seek.depth == 0)
		return seek.end == SEEK_BEHIND ? twig_last_leaf(version->root) : NULL;
	if (seek.end == SEEK_BEHIND)
		seek.twig[seek.depth - 1]++;
	for (; seek.depth > 0; seek.depth--) {
		if (seek.twig[seek.depth - 1] > 0)
			return twig_last_leaf(branch_twig(seek.path[seek.depth - 1], seek.twig[seek.depth - 1] - 1u));
	}
	return NULL;
}

/* ---- owners of NSEC3 ------------------------------------------------------------------------------------------------------ */

/* The last of the branch's first `count` twigs that leads to an owner of NSEC3; 0 when none does. */
static twig_t nsec3_twig_before(const struct branch *branch, unsigned count)
{
	while (count > 0) {
		if (branch->twig[--count] & TWIG_NSEC3)
			return branch_twig(branch, count);
	}
	return 0;
}

/* The last owner of NSEC3 below a twig that has one. */
static const struct znode *nsec3_last(twig_t twig)
{
	while (!twig_is_leaf(twig))
		twig = nsec3_twig_before(twig_branch(twig), branch_twigs(twig_branch(twig)));
	return twig_leaf(twig);
}

const struct znode *zone_nsec3_at_or_before(const struct zone_version *version, const uint8_t *owner)
{
	struct seek seek;

	if (!(version->root & TWIG_NSEC3))
		return NULL;
	seek_name(&seek, version, owner);
	if (seek.end == SEEK_EXACT && seek.leaf->flags & ZNODE_HAS_NSEC3)
		return seek.leaf;
	if (seek.depth > 0 && seek.end == SEEK_BEHIND)
		seek.twig[seek.depth - 1]++;
	for (; seek.depth > 0; seek.depth--) {
		twig_t twig = nsec3_twig_before(seek.path[seek.depth - 1], seek.twig[seek.depth - 1]);
		if (twig)
			return nsec3_last(twig);
	}
	return nsec3_last(version->root);
}

/* ---- iteration: a stack of branches, each with the index of the twig that comes next; a zone of one name has its leaf there -------- */

void zone_iter_init(struct zone_iter *iter, const struct zone_version *version, const uint8_t *from)
{
	struct seek seek;

	iter->version = version;
	iter->depth = 0;
	iter->is_whole = !from;
	if (!version->root)
		return;
	seek.depth = 0;
	seek.end = SEEK_BEFORE;
	if (from)
		seek_name(&seek, version, from);
	if (seek.depth == 0) {
		if (seek.end == SEEK_BEHIND)
			return;
		iter->depth = 1;
		iter->path[0] = (const void *)version->root;
		iter->twig[0] = 0;
		return;
	}
	iter->depth = seek.depth;
	for (unsigned i = 0; i < seek.depth; i++) {
		iter->path[i] = seek.path[i];
		iter->twig[i] = (uint8_t)(seek.twig[i] + 1);
	}
	if (seek.end != SEEK_BEHIND)
		iter->twig[seek.depth - 1]--;
}

/* Nodes lie in the order of their coming, not in that of the walk: each would be waited for. */
static void twigs_prefetch(const struct branch *branch, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		__builtin_prefetch((const void *)branch_twig(branch, i));
}

const struct znode *zone_iter_next(struct zone_iter *iter)
{
	while (iter->depth > 0) {
		twig_t top = (twig_t)iter->path[iter->depth - 1];
		if (twig_is_leaf(top)) {
			iter->depth--;
			return twig_leaf(top);
		}
		const struct branch *branch = twig_branch(top);
		unsigned next = iter->twig[iter->depth - 1];
		unsigned count = branch_twigs(branch);
		if (next == count) {
			iter->depth--;
			continue;
		}
		if (next == 0 && iter->is_whole)
			twigs_prefetch(branch, count);
		iter->twig[iter->depth - 1]++;
		twig_t twig = branch_twig(branch, next);
		if (twig_is_leaf(twig))
			return twig_leaf(twig);
		iter->path[iter->depth] = twig_branch(twig);
		iter->twig[iter->depth++] = 0;
	}
	return NULL;
}

/* ---- counting ------------------------------------------------------------------------------------------------------------- */

static struct zone_summary twig_summary(const struct zone *zone, twig_t twig)
{
	if (!twig_is_leaf(twig))
		return branch_summary(twig_branch(twig));
	const struct znode *node = twig_leaf(twig);
	return znode_summary(node, &zone->key, zone_is_apex(zone, node));
}

/* Summary of the first `count` twigs of a branch. */
static struct zone_summary summary_of_first(const struct zone *zone, const struct branch *branch, unsigned count)
{
	struct zone_summary sum = { 0 };

	for (unsigned i = 0; i < count; i++)
		sum = summary_add(sum, twig_summary(zone, branch_twig(branch, i)));
	return sum;
}

/* Summary of all names before `name`. */
static struct zone_summary summary_before(const struct zone_version *version, const uint8_t *name)
{
	struct zone_summary sum = { 0 };
	struct seek seek;

	if (!version->root)
		return sum;
	seek_name(&seek, version, name);
	if (seek.depth == 0)
		return seek.end == SEEK_BEHIND ? version->sum : sum;
	if (seek.end == SEEK_BEHIND)
		seek.twig[seek.depth - 1]++;
	for (unsigned i = 0; i < seek.depth; i++)
		sum = summary_add(sum, summary_of_first(version->zone, seek.path[i], seek.twig[i]));
	return sum;
}

struct zone_summary zone_summary_range(const struct zone_version *version, const uint8_t *from, const uint8_t *to)
{
	if (from && to && name_cmp(from, to) >= 0)
		return (struct zone_summary){ 0 };
	struct zone_summary sum = to ? summary_before(version, to) : version->sum;
	return from ? summary_sub(sum, summary_before(version, from)) : sum;
}

static uint64_t twig_count(const struct zone *zone, twig_t twig)
{
	if (!twig_is_leaf(twig))
		return twig_branch(twig)->count;
	const struct znode *node = twig_leaf(twig);
	if (!zone_is_apex(zone, node))
		return node->rrset_count;
	uint64_t count = 0;
	struct rrset set;
	for (size_t pos = 0; znode_next(node, &pos, &set);)
		count += rrset_is_counted_at_apex(&set);
	return count;
}

const struct znode *zone_at_rank_after(const struct zone_version *version, uint64_t rank, struct zone_summary *before)
{
	twig_t twig = version->root;

	if (before)
		*before = (struct zone_summary){ 0 };
	if (rank >= version->sum.count)
		return NULL;
	while (!twig_is_leaf(twig)) {
		const struct branch *branch = twig_branch(twig);
		uint64_t count;
		unsigned i = 0;
		while (rank >= (count = twig_count(version->zone, branch_twig(branch, i)))) {
			rank -= count;
			i++;
		}
		if (before)
			*before = summary_add(*before, summary_of_first(version->zone, branch, i));
		twig = branch_twig(branch, i);
	}
	return twig_leaf(twig);
}

const struct znode *zone_at_rank(const struct zone_version *version, uint64_t rank)
{
	return zone_at_rank_after(version, rank, NULL);
}

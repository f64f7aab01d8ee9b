/* The difference of two versions: one walk down both tries at once, past all that they share.
 *
 * The shape of a trie follows from its keys, so equal parts meet. A subtree is skipped when both sides have the very same node, or when
 * count and fingerprint agree under one key. The apex node is compared first and by itself: fingerprints do not cover its SOA
 * and ZONEMD, and the SOA has to come first in both lists.
 */
#include "lib/zone/diff.h"

#include "lib/dns/rdata.h"
#include "lib/dns/rrtype.h"
#include "lib/zone/edit.h"
#include "lib/zone/version.h"

struct diff {
	const struct zone *from;
	const struct zone *to;
	bool same_key;             /* fingerprints are comparable */
	bool stop_at_first;        /* only whether there is a difference is asked */
	bool found;
	struct changeset *out;     /* NULL with stop_at_first */
	struct key from_key, to_key;
};

typedef void (*emit_fn)(struct changeset *out, const struct change_record *record);

static void emit(struct diff *diff, emit_fn fn, const struct change_record *record)
{
	diff->found = true;
	if (diff->out)
		fn(diff->out, record);
}

static void emit_set(struct diff *diff, emit_fn fn, const struct znode *node, const struct rrset *set)
{
	struct change_record record = { .owner = node->bytes, .type = set->type, .ttl = set->ttl };
	const uint8_t *p = set->rdata;

	while (rrset_next(set, &p, &record.rdata, &record.rdata_len))
		emit(diff, fn, &record);
}

static bool is_done(const struct diff *diff)
{
	return diff->found && diff->stop_at_first;
}

/* ---- one RRset, one name ---------------------------------------------------------------------------------------------- */

struct side {
	const struct znode *node;
	struct rrset set;
	const uint8_t *at;         /* within set */
	struct change_record record;
	bool has;                  /* `record` is one */
};

static void side_step(struct side *side)
{
	side->has = rrset_next(&side->set, &side->at, &side->record.rdata, &side->record.rdata_len);
}

static void side_start(struct side *side)
{
	side->record = (struct change_record){ .owner = side->node->bytes, .type = side->set.type, .ttl = side->set.ttl };
	side->at = side->set.rdata;
	side_step(side);
}

static int order_of_records(const struct change_record *a, const struct change_record *b)
{
	return rdata_cmp(a->type, a->rdata, a->rdata_len, b->rdata, b->rdata_len);
}

static void compare_sets(struct diff *diff, struct side *from, struct side *to)
{
	if (from->set.ttl != to->set.ttl) {
		emit_set(diff, changeset_remove, from->node, &from->set);
		emit_set(diff, changeset_add, to->node, &to->set);
		return;
	}
	side_start(from);
	side_start(to);
	while (from->has || to->has) {
		int order = !from->has ? 1 : !to->has ? -1 : order_of_records(&from->record, &to->record);
		if (order < 0)
			emit(diff, changeset_remove, &from->record);
		else if (order > 0)
			emit(diff, changeset_add, &to->record);
		if (order <= 0)
			side_step(from);
		if (order >= 0)
			side_step(to);
	}
}

static int order_of_sets(const struct rrset *a, const struct rrset *b)
{
	return a->type != b->type ? a->type - b->type : a->covers - b->covers;
}

/* Either node may be NULL. skip_soa: the SOA has been dealt with. */
static void compare_nodes(struct diff *diff, const struct znode *from_node, const struct znode *to_node, bool skip_soa)
{
	struct side from = { .node = from_node }, to = { .node = to_node };
	size_t from_pos = 0, to_pos = 0;
	bool from_more = from_node && znode_next(from_node, &from_pos, &from.set);
	bool to_more = to_node && znode_next(to_node, &to_pos, &to.set);

	while (from_more || to_more) {
		int order = !from_more ? 1 : !to_more ? -1 : order_of_sets(&from.set, &to.set);
		uint16_t type = order <= 0 ? from.set.type : to.set.type;
		if (skip_soa && type == TYPE_SOA)
			;
		else if (order == 0)
			compare_sets(diff, &from, &to);
		else if (order < 0)
			emit_set(diff, changeset_remove, from_node, &from.set);
		else
			emit_set(diff, changeset_add, to_node, &to.set);
		if (order <= 0)
			from_more = znode_next(from_node, &from_pos, &from.set);
		if (order >= 0)
			to_more = znode_next(to_node, &to_pos, &to.set);
	}
}

static void compare_apexes(struct diff *diff, const struct znode *from_node, const struct znode *to_node)
{
	struct side from = { .node = from_node }, to = { .node = to_node };
	bool from_has = from_node && znode_rrset(from_node, TYPE_SOA, 0, &from.set);
	bool to_has = to_node && znode_rrset(to_node, TYPE_SOA, 0, &to.set);

	if (from_node == to_node)
		return;
	if (from_has && to_has)
		compare_sets(diff, &from, &to);
	else if (from_has)
		emit_set(diff, changeset_remove, from_node, &from.set);
	else if (to_has)
		emit_set(diff, changeset_add, to_node, &to.set);
	compare_nodes(diff, from_node, to_node, true);
}

/* ---- the tries ------------------------------------------------------------------------------------------------------------ */

/* All of a subtree is on one side only. */
static void emit_all(struct diff *diff, emit_fn fn, const struct zone *zone, twig_t twig)
{
	if (twig_is_leaf(twig)) {
		const struct znode *node = twig_leaf(twig);
		struct rrset set;
		for (size_t pos = 0; !zone_is_apex(zone, node) && znode_next(node, &pos, &set);)
			emit_set(diff, fn, node, &set);
		return;
	}
	const struct branch *branch = twig_branch(twig);
	for (unsigned i = 0, count = branch_twigs(branch); i < count && !is_done(diff); i++)
		emit_all(diff, fn, zone, branch_twig(branch, i));
}

/* A leaf tells its names apart nowhere. */
static unsigned twig_offset(twig_t twig)
{
	return twig_is_leaf(twig) ? KEY_MAX : branch_offset(twig_branch(twig));
}

static bool is_known_equal(const struct diff *diff, twig_t from, twig_t to)
{
	if ((from & ~(twig_t)TWIG_TAGS) == (to & ~(twig_t)TWIG_TAGS))
		return true;
	if (!diff->same_key || twig_is_leaf(from) || twig_is_leaf(to))
		return false;
	struct zone_summary a = branch_summary(twig_branch(from)), b = branch_summary(twig_branch(to));
	return a.count == b.count && fingerprint_equal(a.fingerprint, b.fingerprint);
}

static void compare_twigs(struct diff *diff, twig_t from, twig_t to);

/* Both branches tell their names apart at the same place. */
static void compare_branches(struct diff *diff, const struct branch *from, const struct branch *to)
{
	uint64_t symbols = branch_bitmap(from) | branch_bitmap(to);

	for (unsigned i = 0, j = 0; symbols && !is_done(diff); symbols &= symbols - 1) {
		unsigned symbol = (unsigned)__builtin_ctzll(symbols);
		bool in_from = branch_has(from, symbol), in_to = branch_has(to, symbol);
		if (in_from && in_to)
			compare_twigs(diff, branch_twig(from, i), branch_twig(to, j));
		else if (in_from)
			emit_all(diff, changeset_remove, diff->from, branch_twig(from, i));
		else
			emit_all(diff, changeset_add, diff->to, branch_twig(to, j));
		i += in_from;
		j += in_to;
	}
}

/* `to` as a whole belongs below the twig of `symbol` of the branch, which is on the other side. */
static void compare_inside_from(struct diff *diff, const struct branch *from, twig_t to, unsigned symbol)
{
	unsigned index = branch_index(from, symbol);
	bool has = branch_has(from, symbol);

	for (unsigned i = 0, count = branch_twigs(from); i < count && !is_done(diff); i++) {
		if (has && i == index)
			compare_twigs(diff, branch_twig(from, i), to);
		else
			emit_all(diff, changeset_remove, diff->from, branch_twig(from, i));
	}
	if (!has)
		emit_all(diff, changeset_add, diff->to, to);
}

static void compare_inside_to(struct diff *diff, twig_t from, const struct branch *to, unsigned symbol)
{
	unsigned index = branch_index(to, symbol);
	bool has = branch_has(to, symbol);

	for (unsigned i = 0, count = branch_twigs(to); i < count && !is_done(diff); i++) {
		if (has && i == index)
			compare_twigs(diff, from, branch_twig(to, i));
		else
			emit_all(diff, changeset_add, diff->to, branch_twig(to, i));
	}
	if (!has)
		emit_all(diff, changeset_remove, diff->from, from);
}

static void compare_twigs(struct diff *diff, twig_t from, twig_t to)
{
	unsigned from_offset = twig_offset(from), to_offset = twig_offset(to);
	unsigned least = from_offset < to_offset ? from_offset : to_offset;

	if (is_done(diff) || is_known_equal(diff, from, to))
		return;
	key_make(&diff->from_key, twig_first_leaf(from)->bytes, diff->from->apex_len);
	key_make(&diff->to_key, twig_first_leaf(to)->bytes, diff->to->apex_len);
	unsigned common = key_common(&diff->from_key, &diff->to_key);
	if (common == diff->from_key.len && least == KEY_MAX) {
		if (!zone_is_apex(diff->from, twig_leaf(from)))
			compare_nodes(diff, twig_leaf(from), twig_leaf(to), false);
	} else if (common < least) {
		emit_all(diff, changeset_remove, diff->from, from);
		emit_all(diff, changeset_add, diff->to, to);
	} else if (from_offset == to_offset) {
		compare_branches(diff, twig_branch(from), twig_branch(to));
	} else if (from_offset < to_offset) {
		compare_inside_from(diff, twig_branch(from), to, key_at(&diff->to_key, from_offset));
	} else {
		compare_inside_to(diff, from, twig_branch(to), key_at(&diff->from_key, to_offset));
	}
}

static void compare_versions(struct diff *diff, const struct zone_version *from, const struct zone_version *to)
{
	diff->from = from->zone;
	diff->to = to->zone;
	diff->same_key = memcmp(&from->zone->key, &to->zone->key, sizeof(from->zone->key)) == 0;
	compare_apexes(diff, from->apex, to->apex);
	if (from->root && to->root)
		compare_twigs(diff, from->root, to->root);
	else if (from->root)
		emit_all(diff, changeset_remove, diff->from, from->root);
	else if (to->root)
		emit_all(diff, changeset_add, diff->to, to->root);
}

int zone_diff(const struct zone_version *from, const struct zone_version *to, struct changeset *out)
{
	struct diff diff = { .out = out };

	changeset_clear(out);
	compare_versions(&diff, from, to);
	return changeset_status(out);
}

bool diff_exists(const struct zone_version *from, const struct zone_version *to)
{
	struct diff diff = { .stop_at_first = true };

	compare_versions(&diff, from, to);
	return diff.found;
}

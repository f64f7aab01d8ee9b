/* Path copying, widening and narrowing of branches. */
#include "lib/zone/graft.h"

#include <stdlib.h>

static bool is_own(const struct zone_edit *edit, twig_t twig)
{
	return twig_generation(twig) == edit->version->generation;
}

/* The edited version no longer has this node. There is room in the list. */
static void drop(struct zone_edit *edit, twig_t twig)
{
	edit->version->memory -= twig_memory(edit->zone, twig);
	if (is_own(edit, twig))
		twig_free(edit->zone, twig);
	else
		retired_add(&edit->retired, twig);
}

/* The twig that leads to depth `level` of the path. */
static twig_t get_twig(const struct zone_edit *edit, unsigned level)
{
	const struct seek *seek = &edit->seek;

	return level == 0 ? edit->version->root : branch_twig(seek->path[level - 1], seek->twig[level - 1]);
}

/* Replaces it. */
static void set_twig(struct zone_edit *edit, unsigned level, twig_t twig)
{
	struct seek *seek = &edit->seek;

	if (level == 0)
		edit->version->root = twig;
	else
		branch_set_twig(seek->path[level - 1], seek->twig[level - 1], twig);
}

/* Makes the first `levels` branches of the path private. */
static int own_path(struct zone_edit *edit, unsigned levels)
{
	struct seek *seek = &edit->seek;
	/* The branches, the leaf, and the last branch where it goes too. */
	int status = retired_reserve(&edit->retired, (size_t)levels + 2);

	for (unsigned i = 0; status == ZT_OK && i < levels; i++) {
		struct branch *branch = seek->path[i];
		if (branch->generation == edit->version->generation)
			continue;
		size_t size = branch_size(branch_twigs(branch));
		struct branch *copy = malloc(size);
		if (!copy) {
			status = ZT_ENOMEM;
			break;
		}
		memcpy(copy, branch, size);
		branch_moved(copy, (uintptr_t)branch);
		copy->generation = edit->version->generation;
		edit->version->memory += block_cost(size) - twig_memory(edit->zone, (twig_t)branch);
		seek->path[i] = copy;
		set_twig(edit, i, (twig_t)copy | (get_twig(edit, i) & TWIG_NSEC3));
		retired_add(&edit->retired, (twig_t)branch);
	}
	return status;
}

/* Makes the tags on the path, whose branches are private, say what lies below now that a leaf has come, gone or changed. */
static void retag(struct zone_edit *edit)
{
	const struct seek *seek = &edit->seek;

	for (unsigned level = seek->depth; level-- > 0;) {
		twig_t twig = twig_of_branch(seek->path[level]);
		if (twig == get_twig(edit, level))
			break;
		set_twig(edit, level, twig);
	}
}

static void account(struct zone_summary *sum, const struct graft_delta *delta)
{
	*sum = summary_sub(summary_add(*sum, delta->added), delta->removed);
}

void graft_account(struct zone_version *version, const struct seek *seek, const struct graft_delta *delta)
{
	for (unsigned i = 0; i < seek->depth; i++) {
		struct zone_summary sum = branch_summary(seek->path[i]);
		account(&sum, delta);
		branch_set_summary(seek->path[i], sum);
	}
	account(&version->sum, delta);
}

/* Gives the last branch of the path one more twig. */
static int widen(struct zone_edit *edit, twig_t twig)
{
	struct seek *seek = &edit->seek;
	unsigned level = seek->depth - 1, index = seek->twig[level];
	struct branch *branch = seek->path[level];
	unsigned count = branch_twigs(branch);

	uintptr_t was_at = (uintptr_t)branch;
	branch = realloc(branch, branch_size(count + 1));
	if (!branch)
		return ZT_ENOMEM;
	branch_moved(branch, was_at);
	memmove(branch->twig + index + 1, branch->twig + index, (count - index) * sizeof(twig_t) + sizeof(struct fingerprint));
	branch_set_twig(branch, index, twig);
	branch->word |= UINT64_C(1) << key_at(&edit->key, branch_offset(branch));
	seek->path[level] = branch;
	set_twig(edit, level, (twig_t)branch | (get_twig(edit, level) & TWIG_NSEC3));
	edit->version->memory += block_cost(branch_size(count + 1)) - block_cost(branch_size(count));
	return ZT_OK;
}

/* Takes the path's twig from its last branch, which keeps two at least. */
static void narrow(struct zone_edit *edit)
{
	struct seek *seek = &edit->seek;
	unsigned level = seek->depth - 1, index = seek->twig[level];
	struct branch *branch = seek->path[level];
	unsigned count = branch_twigs(branch);

	memmove(branch->twig + index, branch->twig + index + 1, (count - index - 1) * sizeof(twig_t) + sizeof(struct fingerprint));
	branch->word &= ~(UINT64_C(1) << key_at(&edit->key, branch_offset(branch)));
	uintptr_t was_at = (uintptr_t)branch;
	struct branch *shrunk = realloc(branch, branch_size(count - 1));
	if (shrunk)
		branch_moved(shrunk, was_at);
	seek->path[level] = shrunk ? shrunk : branch;
	set_twig(edit, level, (twig_t)seek->path[level] | (get_twig(edit, level) & TWIG_NSEC3));
	edit->version->memory -= block_cost(branch_size(count)) - block_cost(branch_size(count - 1));
}

/* Puts a branch of two in the place of what the path leads to: that, and the new leaf. */
static int split(struct zone_edit *edit, const struct znode *node, const struct graft_delta *delta)
{
	struct seek *seek = &edit->seek;
	struct zone *zone = edit->zone;
	unsigned other_symbol = seek->leaf_key.sym[seek->common], symbol = edit->key.sym[seek->common];
	bool first = seek->end == SEEK_BEFORE;
	twig_t other = get_twig(edit, seek->depth);
	struct branch *branch = malloc(branch_size(2));
	struct zone_summary sum;

	if (!branch)
		return ZT_ENOMEM;
	if (twig_is_leaf(other))
		sum = znode_summary(twig_leaf(other), &zone->key, zone_is_apex(zone, twig_leaf(other)));
	else
		sum = branch_summary(twig_branch(other));
	branch->word = UINT64_C(1) << symbol | UINT64_C(1) << other_symbol | (uint64_t)seek->common << BRANCH_OFFSET_SHIFT;
	branch->generation = edit->version->generation;
	branch_set_twig(branch, first ? 0 : 1, twig_of_leaf(node));
	branch_set_twig(branch, first ? 1 : 0, other);
	account(&sum, delta);
	branch_set_summary(branch, sum);
	set_twig(edit, seek->depth, twig_of_branch(branch));
	edit->version->memory += block_cost(branch_size(2));
	return ZT_OK;
}

int graft_put(struct zone_edit *edit, struct znode *node, const struct graft_delta *delta)
{
	struct seek *seek = &edit->seek;
	int status = own_path(edit, seek->depth);

	if (status != ZT_OK)
		return status;
	node->generation = edit->version->generation;
	if (!edit->version->root) {
		edit->version->root = twig_of_leaf(node);
	} else if (seek->end == SEEK_EXACT) {
		set_twig(edit, seek->depth, twig_of_leaf(node));
		drop(edit, twig_of_leaf(seek->leaf));
	} else if (seek->end == SEEK_MISSING) {
		status = widen(edit, twig_of_leaf(node));
	} else {
		status = split(edit, node, delta);
	}
	if (status != ZT_OK)
		return status;
	retag(edit);
	edit->version->memory += block_cost(znode_size(node));
	graft_account(edit->version, seek, delta);
	return ZT_OK;
}

int graft_take_out(struct zone_edit *edit, const struct graft_delta *delta)
{
	struct seek *seek = &edit->seek;
	struct branch *last = seek->depth > 0 ? seek->path[seek->depth - 1] : NULL;
	/* A branch of two goes altogether, the sibling takes its place. */
	bool last_goes = last && branch_twigs(last) == 2;
	unsigned kept = last_goes ? seek->depth - 1 : seek->depth;
	int status = own_path(edit, kept);

	if (status != ZT_OK)
		return status;
	seek->depth = kept;
	graft_account(edit->version, seek, delta);
	if (last_goes) {
		set_twig(edit, kept, branch_twig(last, 1u - seek->twig[kept]));
		drop(edit, (twig_t)last);
	} else if (last) {
		narrow(edit);
	} else {
		edit->version->root = 0;
	}
	retag(edit);
	drop(edit, twig_of_leaf(seek->leaf));
	return ZT_OK;
}

/* Shared nodes that hang directly below private ones. */
static size_t count_shared_tops(const struct zone_edit *edit, twig_t twig)
{
	size_t count = 0;

	if (!is_own(edit, twig))
		return 1;
	if (!twig_is_leaf(twig)) {
		const struct branch *branch = twig_branch(twig);
		for (unsigned i = 0, twigs = branch_twigs(branch); i < twigs; i++)
			count += count_shared_tops(edit, branch_twig(branch, i));
	}
	return count;
}

/* Frees private nodes; what is shared goes to `tops` as whole subtrees, or stays untouched where that is NULL. */
static void dismantle(const struct zone_edit *edit, twig_t twig, struct retired *tops)
{
	if (!is_own(edit, twig)) {
		if (tops)
			retired_add(tops, twig | TWIG_SUBTREE);
		return;
	}
	if (!twig_is_leaf(twig)) {
		const struct branch *branch = twig_branch(twig);
		for (unsigned i = 0, twigs = branch_twigs(branch); i < twigs; i++)
			dismantle(edit, branch_twig(branch, i), tops);
	}
	twig_free(edit->zone, twig);
}

int graft_clear(struct zone_edit *edit)
{
	struct zone_version *version = edit->version;

	if (!version->root)
		return ZT_OK;
	int status = retired_reserve(&edit->retired, count_shared_tops(edit, version->root));
	if (status != ZT_OK)
		return status;
	dismantle(edit, version->root, &edit->retired);
	version->root = 0;
	version->memory = 0;
	version->sum = (struct zone_summary){ 0 };
	return ZT_OK;
}

void graft_undo(struct zone_edit *edit)
{
	if (edit->version->root)
		dismantle(edit, edit->version->root, NULL);
}

/* The branches above sorted leaves, in one pass.
 *
 * A branch is open while names are coming that differ first at its offset; open ones form a stack of growing offsets. Where two neighbours differ
 * first tells which branches end between them: those with a larger offset.
 */
#include <stdlib.h>

#include "lib/zone/bulk_leaves.h"

enum {
	BRANCH_COST_MAX = 48,          /* bytes of branches for each leaf, at most */
	AHEAD = 8,                     /* leaves whose memory is asked for before their turn: they lie in the order of their coming */
};

struct child {
	twig_t twig;
	uint8_t symbol;
};

struct open_branch {
	unsigned offset;
	uint8_t symbol;                /* of the child that is growing */
	size_t first_child;
	struct zone_summary sum;
};

/* Where two neighbours differ, and by what. */
struct difference {
	unsigned offset;
	uint8_t before;
	uint8_t after;
};

struct builder {
	struct bulk_leaves *leaves;
	const struct fingerprint_key *key;
	struct bulk_tree *out;
	twig_t twig;                   /* complete, and not yet below an open branch */
	struct zone_summary sum;
	unsigned depth;
	size_t child_count;
	struct key keys[2];
	struct open_branch open[KEY_MAX];
	struct child child[KEY_MAX * KEY_SYMBOLS];
};

static struct difference difference_of(struct builder *builder, const struct bulk_leaf *a, const struct bulk_leaf *b)
{
	uint64_t bits = a->prefix ^ b->prefix;

	if (bits) {
		unsigned offset = ((unsigned)__builtin_clzll(bits) - 4) / 6, shift = 6 * (PREFIX_SYMBOLS - 1 - offset);
		return (struct difference){ offset, a->prefix >> shift & 63, b->prefix >> shift & 63 };
	}
	struct key *before = &builder->keys[0], *after = &builder->keys[1];
	key_make(before, bulk_node(builder->leaves, a)->bytes, builder->leaves->apex_len);
	key_make(after, bulk_node(builder->leaves, b)->bytes, builder->leaves->apex_len);
	unsigned offset = key_common(before, after);
	return (struct difference){ offset, (uint8_t)key_at(before, offset), (uint8_t)key_at(after, offset) };
}

static void child_push(struct builder *builder, uint8_t symbol)
{
	struct open_branch *open = &builder->open[builder->depth - 1];

	builder->child[builder->child_count++] = (struct child){ builder->twig, symbol };
	open->sum = summary_add(open->sum, builder->sum);
}

/* The last open branch is complete. There is room for it. */
static void branch_close(struct builder *builder)
{
	const struct open_branch *open = &builder->open[builder->depth - 1];
	struct region *region = builder->leaves->region;
	struct branch *branch = (struct branch *)(region->base + region->used);
	unsigned count = (unsigned)(builder->child_count - open->first_child);
	const struct child *child = builder->child + open->first_child;

	branch->word = (uint64_t)open->offset << BRANCH_OFFSET_SHIFT;
	branch->generation = 0;
	for (unsigned i = 0; i < count; i++) {
		branch->word |= UINT64_C(1) << child[i].symbol;
		branch_set_twig(branch, i, child[i].twig);
	}
	branch_set_summary(branch, open->sum);
	region->used += node_align(branch_size(count));
	builder->child_count = open->first_child;
	builder->twig = twig_of_branch(branch);
	builder->sum = open->sum;
	builder->depth--;
}

/* Puts what is complete below the branch that the next leaf shares with it. */
static void divide(struct builder *builder, struct difference difference)
{
	while (builder->depth > 0 && builder->open[builder->depth - 1].offset > difference.offset) {
		child_push(builder, builder->open[builder->depth - 1].symbol);
		branch_close(builder);
	}
	if (builder->depth == 0 || builder->open[builder->depth - 1].offset < difference.offset)
		builder->open[builder->depth++] = (struct open_branch){ .offset = difference.offset, .first_child = builder->child_count };
	child_push(builder, difference.before);
	builder->open[builder->depth - 1].symbol = difference.after;
}

static void leaf_take(struct builder *builder, const struct znode *node)
{
	bool is_apex = node->owner_len == builder->leaves->apex_len;

	builder->twig = twig_of_leaf(node);
	builder->sum = znode_summary(node, builder->key, is_apex);
	builder->out->record_count += znode_record_count(node);
}

int bulk_tree_build(struct bulk_leaves *leaves, const struct fingerprint_key *key, struct bulk_tree *out)
{
	int status = region_reserve(leaves->region, leaves->count * BRANCH_COST_MAX);
	struct builder *builder = status == ZT_OK ? malloc(sizeof(*builder)) : NULL;

	*out = (struct bulk_tree){ 0 };
	if (!builder || leaves->count == 0) {
		free(builder);
		return builder ? ZT_OK : ZT_ENOMEM;
	}
	builder->leaves = leaves;
	builder->key = key;
	builder->out = out;
	builder->depth = 0;
	builder->child_count = 0;
	leaf_take(builder, bulk_node(leaves, &leaves->leaf[0]));
	for (size_t i = 1; i < leaves->count; i++) {
		if (i + AHEAD < leaves->count)
			__builtin_prefetch(bulk_node(leaves, &leaves->leaf[i + AHEAD]));
		divide(builder, difference_of(builder, &leaves->leaf[i - 1], &leaves->leaf[i]));
		leaf_take(builder, bulk_node(leaves, &leaves->leaf[i]));
	}
	while (builder->depth > 0) {
		child_push(builder, builder->open[builder->depth - 1].symbol);
		branch_close(builder);
	}
	out->root = builder->twig;
	out->sum = builder->sum;
	free(builder);
	return ZT_OK;
}

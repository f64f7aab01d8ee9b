/* Walks down the trie. */
#include "lib/zone/trie.h"

const struct znode *twig_first_leaf(twig_t twig)
{
	while (!twig_is_leaf(twig))
		twig = branch_twig(twig_branch(twig), 0);
	return twig_leaf(twig);
}

const struct znode *twig_last_leaf(twig_t twig)
{
	while (!twig_is_leaf(twig)) {
		const struct branch *branch = twig_branch(twig);
		twig = branch_twig(branch, branch_twigs(branch) - 1);
	}
	return twig_leaf(twig);
}

/* Goes down along the key, noting the path, to one of the leaves that share the most with it. */
static const struct znode *descend(struct seek *seek, twig_t twig, const struct key *key)
{
	while (!twig_is_leaf(twig)) {
		struct branch *branch = twig_branch(twig);
		unsigned symbol = key_at(key, branch_offset(branch));
		unsigned index = branch_index(branch, symbol);

		seek->path[seek->depth] = branch;
		seek->twig[seek->depth++] = (uint8_t)index;
		if (!branch_has(branch, symbol))
			return twig_first_leaf(branch_twig(branch, 0));
		twig = branch_twig(branch, index);
	}
	return twig_leaf(twig);
}

void trie_seek(struct seek *seek, twig_t root, size_t apex_len, const struct key *key)
{
	seek->depth = 0;
	seek->common = 0;
	seek->leaf = NULL;
	seek->end = SEEK_BEFORE;
	if (!root)
		return;
	seek->leaf = descend(seek, root, key);
	key_make(&seek->leaf_key, seek->leaf->bytes, apex_len);
	seek->common = key_common(key, &seek->leaf_key);
	if (seek->common == key->len) {
		seek->end = SEEK_EXACT;
		return;
	}
	/* Branches past the first difference tell nothing about the key. */
	while (seek->depth > 0 && branch_offset(seek->path[seek->depth - 1]) > seek->common)
		seek->depth--;
	if (seek->depth > 0 && branch_offset(seek->path[seek->depth - 1]) == seek->common)
		seek->end = SEEK_MISSING;
	else
		seek->end = key->sym[seek->common] < seek->leaf_key.sym[seek->common] ? SEEK_BEFORE : SEEK_BEHIND;
}

bool znode_is_named(const struct znode *node, const uint8_t *name, const struct key *key)
{
	if (node->owner_len != key->name_len)
		return false;
	return memcmp(node->bytes, name, key->name_len) == 0 || name_equal(node->bytes, name);
}

/* Look-up: one descent tells all about a name, a second one finds the wildcard where there is no such name.
 *
 * Ancestors with names below them are met on the way down, as the KEY_END twigs of branches that stand at the beginning of a label. Whether
 * they are ancestors of this name is known at the end, from how much of its key the leaf that was reached has in common with it.
 */
#include "lib/zone/version.h"

/* The topmost ancestors met that own NS or DNAME, and where. */
struct ancestors {
	twig_t cut, dname;
	unsigned cut_offset, dname_offset;
};

static inline void note_ancestor(struct ancestors *above, twig_t twig, unsigned offset)
{
	if (twig & TWIG_NS && !above->cut && offset > 0) {
		above->cut = twig;
		above->cut_offset = offset;
	}
	if (twig & TWIG_DNAME && !above->dname) {
		above->dname = twig;
		above->dname_offset = offset;
	}
}

/* The leaf that shares the most with the key; `above` may be NULL. */
static inline const struct znode *descend(twig_t twig, const struct key *key, struct ancestors *above)
{
	while (!twig_is_leaf(twig)) {
		const struct branch *branch = twig_branch(twig);
		unsigned offset = branch_offset(branch);
		unsigned symbol = key_at(key, offset);

		if (above && symbol != KEY_END && branch->twig[0] & (TWIG_NS | TWIG_DNAME) && branch_has(branch, KEY_END)
		    && key_is_label_start(key, offset))
			note_ancestor(above, branch->twig[0], offset);
		if (!branch_has(branch, symbol))
			return twig_first_leaf(branch->twig[0]);
		twig = branch->twig[branch_index(branch, symbol)];
	}
	return twig_leaf(twig);
}

/* How many symbols the key shares with any name of the zone, the leaf being one that shares the most. The leaf may turn out to be an
 * ancestor that has nothing below it, and so was not met on the way. */
static unsigned shared_symbols(const struct zone_version *version, const struct znode *leaf, const struct key *key, struct ancestors *above)
{
	struct key leaf_key;

	if (!leaf)
		return 0;
	key_make(&leaf_key, leaf->bytes, version->zone->apex_len);
	unsigned common = key_common(key, &leaf_key);
	if (common == leaf_key.len - 1 && key_is_label_start(key, common))
		note_ancestor(above, twig_of_leaf(leaf), common);
	return common;
}

/* *.<closest encloser>, where the encloser's key is the first `at` symbols of the name's. */
static void find_wildcard(const struct zone_version *version, const struct key *key, unsigned at, struct zone_lookup *out)
{
	struct key star;

	memcpy(star.sym, key->sym, at);
	star.sym[at] = KEY_STAR;
	star.sym[at + 1] = KEY_END;
	star.sym[at + 2] = KEY_END;
	star.len = at + 3;
	struct ancestors above = { 0 };
	const struct znode *leaf = descend(version->root, &star, NULL);
	unsigned common = shared_symbols(version, leaf, &star, &above);
	if (common == star.len)
		out->wildcard = leaf;
	else
		out->wildcard_is_empty = common == star.len - 1;
}

void zone_find(const struct zone_version *version, const uint8_t *name, struct zone_lookup *out)
{
	const struct zone *zone = version->zone;
	struct ancestors above = { 0 };
	struct key key;

	*out = (struct zone_lookup){ .match = ZONE_MATCH_NONE };
	key_make(&key, name, zone->apex_len);
	const struct znode *leaf = version->root ? descend(version->root, &key, &above) : NULL;
	unsigned common = key.len, encloser = key.len - 1;

	if (leaf && znode_is_named(leaf, name, &key)) {
		out->match = ZONE_MATCH_EXACT;
		out->node = leaf;
	} else {
		common = shared_symbols(version, leaf, &key, &above);
		for (encloser = common; !key_is_label_start(&key, encloser); encloser--)
			;
	}
	if (above.cut && above.cut_offset <= common)
		out->cut = twig_leaf(above.cut);
	else if (out->node && out->node->flags & ZNODE_HAS_NS && !zone_is_apex(zone, out->node))
		out->cut = out->node;
	if (above.dname && above.dname_offset <= common)
		out->dname = twig_leaf(above.dname);
	out->encloser_labels = name_label_count(zone->apex);
	for (unsigned i = 0; i < encloser; i++)
		out->encloser_labels += key.sym[i] == KEY_END;
	if (out->node)
		return;
	if (encloser == key.len - 1)
		out->match = ZONE_MATCH_EMPTY;
	else if (version->root)
		find_wildcard(version, &key, encloser, out);
}

const struct znode *zone_get(const struct zone_version *version, const uint8_t *name)
{
	struct key key;

	if (!version->root || !name_is_within(name, version->zone->apex))
		return NULL;
	key_make(&key, name, version->zone->apex_len);
	const struct znode *leaf = descend(version->root, &key, NULL);
	return znode_is_named(leaf, name, &key) ? leaf : NULL;
}

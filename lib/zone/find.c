/* Look-up: one descent tells all about a name, a second one finds the wildcard where there is no such name.
 *
 * Ancestors with names below them are met on the way down, as the KEY_END twigs of branches that stand at the beginning of a label. Whether
 * they are ancestors of this name is known at the end, from how much of its key the leaf that was reached has in common with it.
 */
#include "lib/zone/find.h"

#include "lib/zone/version.h"

static inline void note_ancestor(struct zone_finder *finder, twig_t twig, unsigned offset)
{
	if (twig & TWIG_NS && !finder->cut && offset > 0) {
		finder->cut = twig;
		finder->cut_offset = (uint16_t)offset;
	}
	if (twig & TWIG_DNAME && !finder->dname) {
		finder->dname = twig;
		finder->dname_offset = (uint16_t)offset;
	}
}

/* One branch further down. */
static inline twig_t step(struct zone_finder *finder, twig_t twig)
{
	const struct branch *branch = twig_branch(twig);
	unsigned offset = branch_offset(branch);
	unsigned symbol = offset < finder->limit ? finder->key.sym[offset] : KEY_END;

	if (symbol != KEY_END && branch->twig[0] & (TWIG_NS | TWIG_DNAME) && branch_has(branch, KEY_END)
	    && key_is_label_start(&finder->key, offset))
		note_ancestor(finder, branch_twig(branch, 0), offset);
	if (branch_has(branch, symbol))
		return branch_twig(branch, branch_index(branch, symbol));
	/* Any leaf below will do, for all share the same with the key: take the first, which is likely to be in the cache. */
	finder->limit = 0;
	return branch_twig(branch, 0);
}

/* Nodes seldom lie in one cache line. */
static inline void prefetch(twig_t twig)
{
	const char *node = (const char *)(twig & ~(twig_t)TWIG_TAGS);

	__builtin_prefetch(node);
	__builtin_prefetch(node + 64);
}

void zone_finder_start(struct zone_finder *finder, const struct zone_version *version, const uint8_t *name)
{
	finder->version = version;
	finder->name = name;
	finder->twig = version->root;
	finder->cut = 0;
	finder->dname = 0;
	key_make(&finder->key, name, version->zone->apex_len);
	finder->limit = finder->key.len;
	prefetch(finder->twig);
}

void zone_finders_run(struct zone_finder **finders, unsigned count)
{
	/* Those that have arrived leave the array, so that the last rounds touch only the deep ones. */
	while (count > 0) {
		unsigned left = 0;
		for (unsigned i = 0; i < count; i++) {
			struct zone_finder *finder = finders[i];
			if (!finder->twig || twig_is_leaf(finder->twig))
				continue;
			finder->twig = step(finder, finder->twig);
			prefetch(finder->twig);
			finders[left++] = finder;
		}
		count = left;
	}
}

/* The leaf that shares the most with the key. */
static const struct znode *descend(twig_t twig, const struct key *key)
{
	while (!twig_is_leaf(twig)) {
		const struct branch *branch = twig_branch(twig);
		unsigned symbol = key_at(key, branch_offset(branch));
		if (!branch_has(branch, symbol))
			return twig_first_leaf(branch_twig(branch, 0));
		twig = branch_twig(branch, branch_index(branch, symbol));
	}
	return twig_leaf(twig);
}

/* How many symbols the key shares with any name of the zone, the leaf being one that shares the most. The leaf may turn out to be an
 * ancestor that has nothing below it, and so was not met on the way. */
static unsigned shared_symbols(struct zone_finder *finder, const struct znode *leaf)
{
	struct key leaf_key;

	if (!leaf)
		return 0;
	key_make(&leaf_key, leaf->bytes, finder->version->zone->apex_len);
	unsigned common = key_common(&finder->key, &leaf_key);
	if (common == leaf_key.len - 1 && key_is_label_start(&finder->key, common))
		note_ancestor(finder, twig_of_leaf(leaf), common);
	return common;
}

/* *.<closest encloser>, where the encloser's key is the first `at` symbols of the name's. */
static void find_wildcard(const struct zone_version *version, const struct key *key, unsigned at, struct zone_lookup *out)
{
	struct key star, leaf_key;

	memcpy(star.sym, key->sym, at);
	star.sym[at] = KEY_STAR;
	star.sym[at + 1] = KEY_END;
	star.sym[at + 2] = KEY_END;
	star.len = at + 3;
	const struct znode *leaf = descend(version->root, &star);
	key_make(&leaf_key, leaf->bytes, version->zone->apex_len);
	unsigned common = key_common(&star, &leaf_key);
	if (common == star.len)
		out->wildcard = leaf;
	else
		out->wildcard_is_empty = common == star.len - 1;
}

/* The name is in no node: tells what there is instead; returns how many symbols of its key are in the zone. */
static unsigned finish_missing(struct zone_finder *finder, const struct znode *leaf, struct zone_lookup *out)
{
	const struct key *key = &finder->key;
	unsigned common = shared_symbols(finder, leaf), encloser = common;

	while (!key_is_label_start(key, encloser))
		encloser--;
	for (unsigned i = encloser; i < key->len - 1; i++)
		out->encloser_labels -= key->sym[i] == KEY_END;
	if (encloser == key->len - 1)
		out->match = ZONE_MATCH_EMPTY;
	else if (leaf)
		find_wildcard(finder->version, key, encloser, out);
	return common;
}

void zone_finder_finish(struct zone_finder *finder, struct zone_lookup *out)
{
	const struct zone *zone = finder->version->zone;
	const struct znode *leaf = finder->twig ? twig_leaf(finder->twig) : NULL;
	unsigned common = finder->key.len;

	*out = (struct zone_lookup){ .match = ZONE_MATCH_NONE, .encloser_labels = name_label_count(finder->name) };
	if (leaf && znode_is_named(leaf, finder->name, &finder->key)) {
		out->match = ZONE_MATCH_EXACT;
		out->node = leaf;
	} else {
		common = finish_missing(finder, leaf, out);
	}
	/* What was met on the way is above the name only as far as the two agree. */
	if (finder->cut && finder->cut_offset <= common)
		out->cut = twig_leaf(finder->cut);
	else if (out->node && out->node->flags & ZNODE_HAS_NS && !zone_is_apex(zone, out->node))
		out->cut = out->node;
	if (finder->dname && finder->dname_offset <= common)
		out->dname = twig_leaf(finder->dname);
}

void zone_find(const struct zone_version *version, const uint8_t *name, struct zone_lookup *out)
{
	struct zone_finder finder;

	zone_finder_start(&finder, version, name);
	while (finder.twig && !twig_is_leaf(finder.twig))
		finder.twig = step(&finder, finder.twig);
	zone_finder_finish(&finder, out);
}

const struct znode *zone_get(const struct zone_version *version, const uint8_t *name)
{
	struct key key;

	if (!version->root || !name_is_within(name, version->zone->apex))
		return NULL;
	key_make(&key, name, version->zone->apex_len);
	const struct znode *leaf = descend(version->root, &key);
	return znode_is_named(leaf, name, &key) ? leaf : NULL;
}

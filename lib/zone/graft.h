/* The open edit's hand on the trie: puts and takes out leaves, copying each branch of the path that is not the edit's own yet.
 *
 * A node whose generation is that of the edited version is private and changed in place; any other is shared with older versions, and goes
 * to the retired list when a copy takes its place. A failure for lack of memory may leave copies behind, but changes no content.
 */
#pragma once

#include "lib/zone/edit.h"
#include "lib/zone/version.h"

/* A large RRset that is being changed record by record: its hash is taken once, when something else is looked at. */
struct pending {
	bool is_open;
	uint16_t type;
	uint16_t covers;
	struct zone_summary accounted;     /* what the sums above it still hold for it */
	struct key key;                    /* of its owner */
};

struct zone_edit {
	struct zone *zone;
	struct zone_version *version;      /* being built */
	struct pending *pending;
	struct retired retired;            /* shared nodes that it no longer has */
	struct region *built;              /* a region of the zone that only the edited version has, or NULL */
	struct key key;                    /* of the name in hand */
	struct seek seek;                  /* its place */
};

/* What a change of one name does to the sums above it. */
struct graft_delta {
	struct zone_summary added;
	struct zone_summary removed;
};

/* A trie that was made at once. */
struct graft_whole {
	twig_t root;
	const struct znode *apex;
	size_t name_count;
	size_t record_count;
	struct zone_summary sum;
};

/* The edit, which is empty, gets all that a sealed region holds, and the zone the region. */
void edit_adopt(struct zone_edit *edit, struct region *region, const struct graft_whole *whole);

/* Changes the sums on the path to a leaf, whose branches are private. */
void graft_account(struct zone_version *version, const struct seek *seek, const struct graft_delta *delta);
/* Both work at edit->seek, which is spent afterwards. Puts `node` there, in the place of the leaf that seek found if it was exact. */
int graft_put(struct zone_edit *edit, struct znode *node, const struct graft_delta *delta) ZT_MUST_CHECK;
/* Takes the leaf out that seek found. */
int graft_take_out(struct zone_edit *edit, const struct graft_delta *delta) ZT_MUST_CHECK;
/* Empties the trie. */
int graft_clear(struct zone_edit *edit) ZT_MUST_CHECK;
/* Frees what only the edited version has. */
void graft_undo(struct zone_edit *edit);

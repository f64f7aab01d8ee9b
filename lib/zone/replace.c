/* Replacing a content by one that is mostly the same. */
#include "lib/zone/replace.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/wire.h"
#include "lib/dns/rrtype.h"
#include "lib/zone/draft.h"
#include "lib/zone/graft.h"

enum { CELL = 8, SLOTS_LEAST = 64 };   /* bytes of a region for one mark: RRsets lie further apart */

/* The current version's RRsets that were spoken of, by the address of their rdata: a bit each where they lie in regions, a hash table of the
 * others. */
struct region_marks {
	const struct region *region;
	uint64_t *bits;
};

struct marks {
	struct region_marks *regions;
	unsigned region_count;
	uintptr_t *slot;               /* open addressing, 0 = free */
	size_t slot_mask;
	size_t count;
};

struct zone_replace {
	struct zone_edit *edit;
	const struct zone_version *current;
	struct marks marks;
	struct drafts drafts;          /* records of the name in hand */
	struct buf rdata;
	bool has_name;
	size_t owner_len;
	uint8_t owner[NAME_MAX_LEN];
	const struct znode *node;      /* the edit's, and the current version's; NULL where there is none */
	const struct znode *before;
};

/* ---- marks -------------------------------------------------------------------------------------------------------------------- */

static int marks_init(struct marks *marks, const struct region *regions)
{
	unsigned count = 0;

	for (const struct region *region = regions; region; region = region->next)
		count++;
	marks->regions = calloc(count ? count : 1, sizeof(*marks->regions));
	if (!marks->regions)
		return ZT_ENOMEM;
	for (const struct region *region = regions; region; region = region->next) {
		struct region_marks *own = &marks->regions[marks->region_count++];
		own->region = region;
		own->bits = calloc(region->used / (CELL * 64) + 1, sizeof(*own->bits));
		if (!own->bits)
			return ZT_ENOMEM;
	}
	return ZT_OK;
}

static void marks_fini(struct marks *marks)
{
	for (unsigned i = 0; i < marks->region_count; i++)
		free(marks->regions[i].bits);
	free(marks->regions);
	free(marks->slot);
}

static const struct region_marks *region_marks_of(const struct marks *marks, uintptr_t at)
{
	for (unsigned i = 0; i < marks->region_count; i++) {
		if (at - marks->regions[i].region->base < marks->regions[i].region->used)
			return &marks->regions[i];
	}
	return NULL;
}

/* The slot of an address, or the free one where it belongs. */
static uintptr_t *slot_of(const struct marks *marks, uintptr_t at)
{
	size_t i = (size_t)((uint64_t)at * UINT64_C(0x9e3779b97f4a7c15) >> 20) & marks->slot_mask;

	while (marks->slot[i] && marks->slot[i] != at)
		i = (i + 1) & marks->slot_mask;
	return &marks->slot[i];
}

static int slots_grow(struct marks *marks)
{
	size_t size = marks->slot ? 2 * (marks->slot_mask + 1) : SLOTS_LEAST;
	struct marks grown = { .slot = calloc(size, sizeof(*grown.slot)), .slot_mask = size - 1 };

	if (!grown.slot)
		return ZT_ENOMEM;
	for (size_t i = 0; marks->slot && i <= marks->slot_mask; i++) {
		if (marks->slot[i])
			*slot_of(&grown, marks->slot[i]) = marks->slot[i];
	}
	free(marks->slot);
	marks->slot = grown.slot;
	marks->slot_mask = grown.slot_mask;
	return ZT_OK;
}

static int mark_set(struct marks *marks, const struct rrset *set)
{
	uintptr_t at = (uintptr_t)set->rdata;
	const struct region_marks *own = region_marks_of(marks, at);

	if (own) {
		size_t cell = (at - own->region->base) / CELL;
		own->bits[cell / 64] |= UINT64_C(1) << cell % 64;
		return ZT_OK;
	}
	if (!marks->slot || 2 * marks->count > marks->slot_mask) {
		int status = slots_grow(marks);
		if (status != ZT_OK)
			return status;
	}
	uintptr_t *slot = slot_of(marks, at);
	marks->count += *slot == 0;
	*slot = at;
	return ZT_OK;
}

static bool mark_has(const struct marks *marks, const struct rrset *set)
{
	uintptr_t at = (uintptr_t)set->rdata;
	const struct region_marks *own = region_marks_of(marks, at);

	if (own) {
		size_t cell = (at - own->region->base) / CELL;
		return own->bits[cell / 64] >> cell % 64 & 1;
	}
	return marks->slot && *slot_of(marks, at) == at;
}

/* ---- names ---------------------------------------------------------------------------------------------------------------------- */

int zone_replace_begin(struct zone_edit *edit, struct zone_replace **out)
{
	struct zone_replace *replace = calloc(1, sizeof(*replace));

	if (!replace)
		return ZT_ENOMEM;
	replace->edit = edit;
	replace->current = zone_current(edit->zone);
	drafts_init(&replace->drafts);
	buf_init(&replace->rdata);
	int status = marks_init(&replace->marks, edit->zone->regions);
	if (status != ZT_OK) {
		zone_replace_abort(replace);
		return status;
	}
	*out = replace;
	return ZT_OK;
}

void zone_replace_abort(struct zone_replace *replace)
{
	if (!replace)
		return;
	marks_fini(&replace->marks);
	drafts_fini(&replace->drafts);
	buf_fini(&replace->rdata);
	free(replace);
}

/* Looks the name in hand up on both sides. */
static void locate(struct zone_replace *replace)
{
	const struct zone_version *version = replace->edit->version;

	replace->node = zone_get(version, replace->owner);
	bool is_shared = replace->node && replace->node->generation != version->generation;
	replace->before = is_shared ? replace->node : zone_get(replace->current, replace->owner);
}

/* What the edit has of the type at the name, if the records have spoken of it already. */
static bool has_been_told(const struct zone_replace *replace, uint16_t type, uint16_t covers, struct rrset *told)
{
	struct rrset before;

	if (!replace->node || !znode_rrset(replace->node, type, covers, told))
		return false;
	return !replace->before || !znode_rrset(replace->before, type, covers, &before) || mark_has(&replace->marks, &before);
}

/* Puts an RRset of the name in hand where it is not the same already. */
static int draft_put(struct zone_replace *replace, const struct draft *draft)
{
	struct rrset set, before;
	int status = ZT_OK;

	if (replace->before && znode_rrset(replace->before, draft->type, draft->covers, &before))
		status = mark_set(&replace->marks, &before);
	if (status != ZT_OK || (replace->node && znode_rrset(replace->node, draft->type, draft->covers, &set)
				&& draft_equals(&replace->drafts, draft, &set)))
		return status;
	buf_clear(&replace->rdata);
	uint8_t *bytes = buf_reserve(&replace->rdata, draft->size);
	if (!bytes)
		return ZT_ENOMEM;
	draft_write(&replace->drafts, draft, bytes);
	set = (struct rrset){ draft->type, draft->covers, (uint16_t)draft->count, draft->ttl, bytes, draft->size };
	status = zone_edit_put_rrset(replace->edit, replace->owner, &set);
	if (status == ZT_OK)
		locate(replace);
	return status;
}

static int flush(struct zone_replace *replace)
{
	int status = ZT_OK;

	for (unsigned i = 0; replace->has_name && i < replace->drafts.count && status == ZT_OK; i++)
		status = draft_put(replace, &replace->drafts.list[i]);
	replace->has_name = false;
	return status;
}

static int turn_to(struct zone_replace *replace, const uint8_t *owner, size_t len)
{
	int status = flush(replace);

	if (status != ZT_OK)
		return status;
	drafts_clear(&replace->drafts);
	memcpy(replace->owner, owner, len);
	replace->owner_len = len;
	replace->has_name = true;
	locate(replace);
	return ZT_OK;
}

int zone_replace_add(struct zone_replace *replace, const struct change_record *record, uint32_t *ttl)
{
	size_t len = name_len(record->owner);
	uint16_t covers = record->type == TYPE_RRSIG && record->rdata_len >= 2 ? wire_get_u16(record->rdata) : 0;
	struct rrset told;
	int status = ZT_OK;

	bool is_in_hand = replace->has_name && replace->owner_len == len
			  && (memcmp(replace->owner, record->owner, len) == 0 || name_equal(replace->owner, record->owner));
	if (!is_in_hand)
		status = turn_to(replace, record->owner, len);
	if (status == ZT_OK && !drafts_have(&replace->drafts, record->type, covers) && has_been_told(replace, record->type, covers, &told))
		status = drafts_add_rrset(&replace->drafts, &told);
	return status == ZT_OK ? drafts_add(&replace->drafts, record, ttl) : status;
}

/* ---- the end ---------------------------------------------------------------------------------------------------------------------- */

/* Takes out what was never spoken of. */
static int untold_remove(struct zone_replace *replace)
{
	struct zone_iter iter;
	const struct znode *node;
	struct rrset set;
	int status = ZT_OK;

	zone_iter_init(&iter, replace->current, NULL);
	while (status == ZT_OK && (node = zone_iter_next(&iter)) != NULL) {
		for (size_t pos = 0; status == ZT_OK && znode_next(node, &pos, &set);) {
			if (!mark_has(&replace->marks, &set))
				status = zone_edit_remove_rrset(replace->edit, node->bytes, set.type, set.covers);
		}
	}
	return status;
}

int zone_replace_finish(struct zone_replace *replace)
{
	int status = flush(replace);

	if (status == ZT_OK)
		status = untold_remove(replace);
	zone_replace_abort(replace);
	return status;
}

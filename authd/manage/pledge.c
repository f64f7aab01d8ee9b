/* Serving on a pledge. */
#include "authd/manage/pledge.h"

#include <stdlib.h>
#include <string.h>

#include "authd/manage/images.h"
#include "authd/manage/merge.h"
#include "lib/base/memory.h"
#include "lib/base/wire.h"
#include "lib/zone/journal.h"

enum { LEAST_MEMORY = 512 << 10, NOTE_LEN = 4 + 4 * 8 };

static const char note_name[] = "pledge";

struct zone_pledge {
	struct buf origin;
	bool has_failed;               /* the last attempt to store it */
};

/* Serial, fingerprint of what counts, and one of the apex, whose SOA and ZONEMD don't. */
static void note_write(const struct manage *manage, uint8_t out[NOTE_LEN], const struct zone_version *version)
{
	struct fingerprint content = zone_summary(version).fingerprint, apex = { 0 };
	const struct znode *node = zone_version_apex(version);
	struct rrset set;

	for (size_t pos = 0; node && znode_next(node, &pos, &set);)
		apex = fingerprint_add(apex, rrset_fingerprint(&manage->fingerprint_key, znode_owner(node), &set));
	wire_put_u32(out, zone_version_serial(version));
	wire_put_u64(out + 4, content.lo);
	wire_put_u64(out + 12, content.hi);
	wire_put_u64(out + 20, apex.lo);
	wire_put_u64(out + 28, apex.hi);
}

bool pledge_is_apt(const struct manage *manage, const struct zone_entry *entry, const struct zone_version *version)
{
	struct journal_content content;

	return zone_version_memory(version) >= LEAST_MEMORY && journal_content_info(manage->journal, entry->apex, &content) == ZT_ENOENT;
}

int pledge_make(struct manage *manage, const struct zone_entry *entry, const struct zone_version *version)
{
	uint8_t note[NOTE_LEN];

	note_write(manage, note, version);
	return journal_state_put(manage->journal, entry->apex, &(struct journal_state){ note_name, note, sizeof(note) });
}

int pledge_keep(struct zone_entry *entry, const struct buf *origin)
{
	struct zone_pledge *pledge = calloc(1, sizeof(*pledge));

	if (!pledge)
		return ZT_ENOMEM;
	buf_init(&pledge->origin);
	buf_add(&pledge->origin, origin->data, origin->len);
	int status = pledge->origin.status;
	if (status != ZT_OK) {
		buf_fini(&pledge->origin);
		free(pledge);
		return status;
	}
	entry->pledge = pledge;
	return ZT_OK;
}

void pledge_drop(struct zone_entry *entry)
{
	if (!entry->pledge)
		return;
	buf_fini(&entry->pledge->origin);
	free(entry->pledge);
	entry->pledge = NULL;
}

int pledge_compare(struct manage *manage, const struct zone_entry *entry, struct zone_edit *edit)
{
	uint8_t note[NOTE_LEN];
	struct buf noted;

	buf_init(&noted);
	int status = journal_state_get(manage->journal, entry->apex, note_name, &noted);
	if (status == ZT_OK && noted.len == NOTE_LEN) {
		note_write(manage, note, zone_edit_view(edit));
		if (memcmp(note, noted.data, NOTE_LEN) != 0)
			status = merge_raise_serial(edit, wire_get_u32(noted.data));
	} else if (status == ZT_ENOENT) {
		status = ZT_OK;
	}
	buf_fini(&noted);
	return status;
}

int pledge_redeem(struct manage *manage, struct zone_entry *entry)
{
	struct zone_pledge *pledge = entry->pledge;
	struct changeset nothing;

	if (!pledge)
		return ZT_OK;
	const struct zone_version *version = zone_current(entry->zone);
	const struct journal_state forget = { note_name, NULL, 0 };
	changeset_init(&nothing);
	int status = journal_commit(manage->journal, &(struct journal_commit){
		.apex = entry->apex, .from = version, .to = version, .change = &nothing, .source = JOURNAL_LOAD,
		.wall = entry->loaded_wall, .base = version, .origin = pledge->origin.data, .origin_len = pledge->origin.len,
		.states = &forget, .state_count = 1,
	}, 1);
	changeset_fini(&nothing);
	if (status == ZT_OK) {
		pledge_drop(entry);
		images_on_change(manage, entry, 0);
	} else if (!pledge->has_failed) {
		pledge->has_failed = true;
		log_error(manage->log, "zone %s: its content cannot be stored: journal: %s; it is served, and stored as soon as that is possible; until then no change of it "
			"is accepted", entry->name, status_text(status));
	}
	return status;
}

void pledges_redeem(struct manage *manage)
{
	struct zone_entry *entry;
	bool some = false;

	cds_list_for_each_entry(entry, &manage->registry.entries, link) {
		/* A failure is logged, and tried again. */
		some |= entry->pledge && pledge_redeem(manage, entry) == ZT_OK;
	}
	if (some)
		memory_trim();
}

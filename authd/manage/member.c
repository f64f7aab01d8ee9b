/* Members of catalogs, in memory and in the journal. */
#include "authd/manage/member.h"

#include <stdlib.h>
#include <string.h>

#include "authd/manage/consumer.h"
#include "authd/options_catalog.h"

enum {
	STORED_VERSION = 1,
	GROUPS_MAX = 16,                 /* groups of one member that are looked at */
};

static const char state_name[] = "catalog";

/* Stored: the version, the catalog's apex, the label as a name of its own, and each group as a 16-bit length and that many bytes. */
static int encode(const struct consumer *consumer, const struct catalog_member *as, struct buf *out)
{
	const uint8_t *catalog = consumer_apex(consumer);

	buf_add_u8(out, STORED_VERSION);
	buf_add(out, catalog, name_len(catalog));
	buf_add(out, as->node, (size_t)*as->node + 1);
	buf_add_u8(out, 0);
	for (size_t i = 0; i < as->group_count && i < GROUPS_MAX; i++) {
		buf_add_u16(out, (uint16_t)as->groups[i].len);
		buf_add(out, as->groups[i].bytes, as->groups[i].len);
	}
	return out->status;
}

/* What is stored, taken apart; borrowed. */
struct parts {
	const uint8_t *catalog;
	const uint8_t *label;
	struct catalog_text groups[GROUPS_MAX];
	size_t group_count;
};

/* False for what is no such record. */
static bool decode(const uint8_t *data, size_t len, struct parts *parts)
{
	struct rcursor cur = rcursor_over(data, len);
	uint8_t name[NAME_MAX_LEN];

	*parts = (struct parts){ 0 };
	if (rcursor_u8(&cur) != STORED_VERSION)
		return false;
	parts->catalog = data + cur.pos;
	name_read_plain(&cur, name);
	parts->label = data + cur.pos;
	name_read_plain(&cur, name);
	while (cur.status == ZT_OK && rcursor_left(&cur) > 0 && parts->group_count < GROUPS_MAX) {
		uint16_t size = rcursor_u16(&cur);
		const uint8_t *bytes = rcursor_take(&cur, size);
		if (bytes)
			parts->groups[parts->group_count++] = (struct catalog_text){ (const char *)bytes, size };
	}
	return cur.status == ZT_OK && name_label_count(parts->label) == 1;
}

static int put(struct zone_entry *entry, struct consumer *consumer, const struct buf *stored)
{
	struct zone_member *member = malloc(sizeof(*member) + stored->len);

	if (!member)
		return ZT_ENOMEM;
	member_free(entry);
	CDS_INIT_LIST_HEAD(&member->link);
	member->entry = entry;
	member->consumer = consumer;
	member->len = stored->len;
	memcpy(member->stored, stored->data, stored->len);
	entry->member = member;
	return ZT_OK;
}

int member_set(struct manage *manage, struct zone_entry *entry, struct consumer *consumer, const struct catalog_member *as)
{
	struct buf stored;

	buf_init(&stored);
	int status = encode(consumer, as, &stored);
	if (status == ZT_OK)
		status = journal_state_put(manage->journal, entry->apex, &(struct journal_state){ state_name, stored.data, stored.len });
	if (status == ZT_OK)
		status = put(entry, consumer, &stored);
	buf_fini(&stored);
	return status;
}

bool member_is(const struct zone_entry *entry, const struct consumer *consumer, const struct catalog_member *as)
{
	const struct zone_member *member = entry->member;
	struct buf stored;

	if (!member || member->consumer != consumer)
		return false;
	buf_init(&stored);
	bool same = encode(consumer, as, &stored) == ZT_OK && stored.len == member->len && memcmp(stored.data, member->stored, stored.len) == 0;
	buf_fini(&stored);
	return same;
}

int member_restore(struct manage *manage, struct zone_entry *entry, struct consumer *consumer)
{
	struct parts parts;
	struct buf stored;

	buf_init(&stored);
	int status = journal_state_get(manage->journal, entry->apex, state_name, &stored);
	if (status == ZT_OK && !decode(stored.data, stored.len, &parts))
		status = ZT_ENOENT;
	if (status == ZT_OK)
		status = put(entry, consumer, &stored);
	buf_fini(&stored);
	return status;
}

bool member_catalog_stored(struct manage *manage, const uint8_t *apex, uint8_t out[NAME_MAX_LEN])
{
	struct parts parts;
	struct buf stored;

	buf_init(&stored);
	bool found = journal_state_get(manage->journal, apex, state_name, &stored) == ZT_OK && decode(stored.data, stored.len, &parts);
	if (found)
		name_copy(out, parts.catalog);
	buf_fini(&stored);
	return found;
}

void member_forget(struct manage *manage, struct zone_entry *entry)
{
	int status = journal_state_put(manage->journal, entry->apex, &(struct journal_state){ .name = state_name });

	/* Then it is once more taken for a member at the next start, and forgotten, because it is configured. */
	if (status != ZT_OK)
		log_warn(manage->log, "zone %s: that it was a member of a catalog stays stored: %s", entry->name, status_text(status));
	member_free(entry);
}

void member_free(struct zone_entry *entry)
{
	if (!entry->member)
		return;
	cds_list_del(&entry->member->link);
	free(entry->member);
	entry->member = NULL;
}

const uint8_t *member_label(const struct zone_entry *entry)
{
	struct parts parts;
	return decode(entry->member->stored, entry->member->len, &parts) ? parts.label : name_root;
}

const struct zone_options *member_template(const struct zone_entry *entry, const struct catalog_options *catalog)
{
	struct parts parts;

	if (!decode(entry->member->stored, entry->member->len, &parts))
		parts.group_count = 0;
	return catalog_template(catalog, parts.groups, parts.group_count);
}

/* The journal's content rows: base chunks and the overlay. */
#include <stdlib.h>

#include "lib/dns/rrtype.h"
#include "lib/zone/bulk.h"
#include "lib/zone/journal_store.h"

enum {
	CHUNK_SIZE = 128 * 1024,           /* bytes; a chunk ends with the RRset that reaches it */
	RENEW_SIZE = 8 * 1024 * 1024,      /* bytes of a base in one transaction, which LMDB holds in memory */
};

/* ---- writing a base ---------------------------------------------------------------------------------------------------------- */

static void chunk_put(struct journal_txn *txn, uint32_t id, struct journal_base *base)
{
	struct journal_key key;

	journal_key_chunk(&key, id, base->generation, base->chunk_count++);
	base->bytes += txn->row.len;
	journal_txn_put(txn, &key);
}

/* A base too large for one transaction is noted as garbage until it is adopted, so that a crash leaves nothing behind. */
static void base_renew(struct journal_txn *txn, uint32_t id, struct journal_base *base)
{
	struct journal_key first, end;

	if (base->note == 0) {
		journal_key_chunk(&first, id, base->generation, 0);
		journal_key_chunk(&end, id, base->generation + 1, 0);
		base->note = journal_txn_discard(txn, &first, &end);
	}
	journal_txn_renew(txn);
}

void journal_base_write(struct journal_txn *txn, uint32_t id, struct journal_base *base)
{
	struct zone_iter iter;
	const struct znode *node;
	struct rrset set;

	base->generation = journal_txn_number(txn);
	txn->touched_much = true;
	zone_iter_init(&iter, base->version, NULL);
	journal_txn_row(txn);
	while (txn->status == ZT_OK && (node = zone_iter_next(&iter))) {
		const uint8_t *owner = znode_owner(node);
		size_t pos = 0;
		while (znode_next(node, &pos, &set)) {
			buf_add(&txn->row, owner, name_len(owner));
			journal_rrset_write(&txn->row, &set);
		}
		if (txn->row.len < CHUNK_SIZE)
			continue;
		chunk_put(txn, id, base);
		if (txn->written >= RENEW_SIZE)
			base_renew(txn, id, base);
		journal_txn_row(txn);
	}
	if (txn->row.len > JOURNAL_SUM_LEN)
		chunk_put(txn, id, base);
}

static void discard_generation(struct journal_txn *txn, const struct journal_meta *meta)
{
	struct journal_key first, end;

	journal_key_chunk(&first, meta->id, meta->generation, 0);
	journal_key_chunk(&end, meta->id, meta->generation + 1, 0);
	journal_txn_discard(txn, &first, &end);
	if (meta->overlay_count == 0)
		return;
	journal_key_overlays(&first, meta->id, meta->generation);
	journal_key_overlays(&end, meta->id, meta->generation + 1);
	journal_txn_discard(txn, &first, &end);
}

void journal_base_adopt(struct journal_txn *txn, struct journal_meta *meta, const struct journal_base *base)
{
	if (meta->has_content)
		discard_generation(txn, meta);
	if (base->note)
		journal_txn_keep(txn, base->note);
	meta->has_content = true;
	meta->generation = base->generation;
	meta->chunk_count = base->chunk_count;
	meta->base_bytes = base->bytes;
	meta->overlay_count = 0;
	meta->overlay_bytes = 0;
}

/* ---- the overlay ------------------------------------------------------------------------------------------------------------------ */

/* An RRset that a changeset touches. */
struct touched {
	const uint8_t *owner;
	uint16_t type;
	uint16_t covers;
};

static int touched_cmp(const void *a, const void *b)
{
	const struct touched *x = a, *y = b;
	int order = name_cmp(x->owner, y->owner);

	if (order == 0)
		order = (int)x->type - (int)y->type;
	return order ? order : (int)x->covers - (int)y->covers;
}

static size_t touched_collect(struct touched *out, const struct buf *list)
{
	struct change_record record;
	size_t pos = 0, count = 0;

	while (change_record_next(list, &pos, &record)) {
		uint16_t covers = record.type == TYPE_RRSIG && record.rdata_len >= 2 ? wire_get_u16(record.rdata) : 0;
		out[count++] = (struct touched){ record.owner, record.type, covers };
	}
	return count;
}

/* What a version has there, perhaps nothing. The owner is taken as the version writes it. */
static void side_write(struct buf *side, const struct zone_version *version, const struct touched *touched, const uint8_t **owner)
{
	struct rrset set;
	const struct znode *node = zone_get(version, touched->owner);

	if (node)
		*owner = znode_owner(node);
	if (!node || !znode_rrset(node, touched->type, touched->covers, &set))
		set = (struct rrset){ .type = touched->type, .covers = touched->covers };
	journal_rrset_write(side, &set);
}

/* The base's side of an overlay row: as the row says, or, where there is none yet, what `from` has. */
static bool overlay_base(struct journal_txn *txn, const struct journal_key *key, struct buf *base, size_t *old_len)
{
	struct rcursor payload;
	struct journal_overlay overlay;

	int status = journal_txn_read(txn, key, &payload);
	*old_len = 0;
	if (status == ZT_ENOENT)
		return false;
	if (status == ZT_OK) {
		*old_len = payload.len + JOURNAL_SUM_LEN;
		status = journal_overlay_read(&overlay, &payload);
	}
	if (status == ZT_OK)
		buf_add(base, overlay.base, overlay.base_len);
	else if (txn->status == ZT_OK)
		txn->status = status;
	return true;
}

static void overlay_touch(struct journal_txn *txn, struct journal_meta *meta, const struct journal_step *step, const struct touched *touched,
	struct buf sides[2])
{
	struct journal_key key;
	struct rrset set = { .type = touched->type, .covers = touched->covers };
	const uint8_t *owner = touched->owner;
	size_t old_len;

	buf_clear(&sides[0]);
	buf_clear(&sides[1]);
	journal_key_overlay(&key, meta->id, meta->generation, &set, touched->owner);
	if (!overlay_base(txn, &key, &sides[0], &old_len))
		side_write(&sides[0], step->from, touched, &owner);
	side_write(&sides[1], step->to, touched, &owner);
	if (txn->status == ZT_OK && (sides[0].status != ZT_OK || sides[1].status != ZT_OK))
		txn->status = ZT_ENOMEM;
	if (txn->status != ZT_OK)
		return;
	meta->overlay_bytes -= old_len;
	meta->overlay_count -= old_len != 0;
	if (sides[0].len == sides[1].len && memcmp(sides[0].data, sides[1].data, sides[0].len) == 0) {
		if (old_len)
			journal_txn_delete(txn, &key);
		return;
	}
	struct journal_overlay overlay = { owner, sides[0].data, sides[0].len, sides[1].data, sides[1].len };
	journal_txn_row(txn);
	journal_overlay_write(&txn->row, &overlay);
	meta->overlay_bytes += txn->row.len;
	meta->overlay_count++;
	journal_txn_put(txn, &key);
}

void journal_overlay_update(struct journal_txn *txn, struct journal_meta *meta, const struct journal_step *step)
{
	size_t most = (size_t)step->change->removed_count + step->change->added_count;
	struct touched *touched = calloc(most ? most : 1, sizeof(*touched));
	struct buf sides[2];

	if (!touched) {
		txn->status = ZT_ENOMEM;
		return;
	}
	buf_init(&sides[0]);
	buf_init(&sides[1]);
	size_t count = touched_collect(touched, &step->change->removed);
	count += touched_collect(touched + count, &step->change->added);
	qsort(touched, count, sizeof(*touched), touched_cmp);
	for (size_t i = 0; i < count && txn->status == ZT_OK; i++)
		if (i == 0 || touched_cmp(&touched[i - 1], &touched[i]) != 0)
			overlay_touch(txn, meta, step, &touched[i], sides);
	buf_fini(&sides[0]);
	buf_fini(&sides[1]);
	free(touched);
}

/* ---- reading ------------------------------------------------------------------------------------------------------------------------ */

static int rrset_load(struct zone_bulk *bulk, const uint8_t *owner, const struct rrset *set)
{
	struct change_record record = { .owner = owner, .type = set->type, .ttl = set->ttl };
	const uint8_t *p = set->rdata;
	uint32_t ttl;
	int status = set->count > 0 ? ZT_OK : ZT_EINVAL;

	while (status == ZT_OK && rrset_next(set, &p, &record.rdata, &record.rdata_len)) {
		status = zone_bulk_add(bulk, &record, &ttl);
		if (status == ZT_EEXIST)
			status = ZT_OK;
	}
	return status;
}

static int chunk_load(struct rcursor *payload, const uint8_t *apex, struct zone_bulk *bulk, struct buf *rdata)
{
	const uint8_t *owner;
	struct rrset set;
	int status = ZT_OK;

	while (status == ZT_OK && rcursor_left(payload) > 0) {
		status = journal_owner_read(&owner, payload);
		if (status == ZT_OK)
			status = journal_rrset_read(&set, payload, rdata);
		if (status == ZT_OK)
			status = name_is_within(owner, apex) ? rrset_load(bulk, owner, &set) : ZT_EOUTOFZONE;
	}
	return status;
}

static int base_load(struct journal *journal, MDB_txn *txn, const struct journal_meta *meta, struct zone_edit *edit)
{
	const uint8_t *apex = zone_apex(zone_version_zone(zone_edit_view(edit)));
	struct zone_bulk *bulk;
	struct journal_key key;
	struct rcursor payload;
	struct buf rdata;

	int status = zone_bulk_begin(edit, &bulk);
	if (status != ZT_OK)
		return status;
	buf_init(&rdata);
	for (uint32_t i = 0; i < meta->chunk_count && status == ZT_OK; i++) {
		journal_key_chunk(&key, meta->id, meta->generation, i);
		status = journal_read_row(journal, txn, &key, &payload);
		if (status == ZT_OK)
			status = chunk_load(&payload, apex, bulk, &rdata);
		if (i % 64 == 63)
			journal_env_trim(journal);
	}
	buf_fini(&rdata);
	if (status == ZT_OK)
		status = zone_bulk_finish(bulk);
	else
		zone_bulk_abort(bulk);
	return status == ZT_ENOENT ? ZT_ECORRUPT : status;
}

struct overlay_walk {
	const struct journal_meta *meta;
	int (*on_row)(void *context, const struct journal_overlay *overlay);
	void *context;
};

static int overlay_walk_row(const struct overlay_walk *walk, const MDB_val *key, const MDB_val *value)
{
	struct rcursor payload;
	struct journal_overlay overlay;

	int status = journal_row_open(&payload, key->mv_data, key->mv_size, value->mv_data, value->mv_size);
	if (status == ZT_OK)
		status = journal_overlay_read(&overlay, &payload);
	return status == ZT_OK ? walk->on_row(walk->context, &overlay) : status;
}

/* All overlay rows; ZT_ECORRUPT when they are not as many as the meta says. */
static int overlay_walk(struct journal *journal, MDB_txn *txn, const struct overlay_walk *walk)
{
	struct journal_key prefix;
	MDB_cursor *cursor;
	MDB_val value;
	uint64_t count = 0;
	int status = ZT_OK;

	journal_key_overlays(&prefix, walk->meta->id, walk->meta->generation);
	int rc = mdb_cursor_open(txn, journal->dbi, &cursor);
	if (rc)
		return journal_status(rc);
	MDB_val key = { prefix.len, prefix.bytes };
	for (rc = mdb_cursor_get(cursor, &key, &value, MDB_SET_RANGE); rc == 0; rc = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) {
		if (key.mv_size < prefix.len || memcmp(key.mv_data, prefix.bytes, prefix.len) != 0)
			break;
		status = overlay_walk_row(walk, &key, &value);
		if (status != ZT_OK)
			break;
		count++;
	}
	mdb_cursor_close(cursor);
	if (status == ZT_OK && rc && rc != MDB_NOTFOUND)
		status = journal_status(rc);
	return status == ZT_OK && count != walk->meta->overlay_count ? ZT_ECORRUPT : status;
}

struct overlay_target {
	struct zone_edit *edit;
	struct buf rdata[2];
};

static int overlay_load(void *context, const struct journal_overlay *overlay)
{
	struct overlay_target *target = context;
	struct rcursor base = rcursor_over(overlay->base, overlay->base_len);
	struct rcursor current = rcursor_over(overlay->current, overlay->current_len);
	struct rrset set;

	if (!journal_rrset_is_none(overlay->current, overlay->current_len)) {
		int status = journal_rrset_read(&set, &current, &target->rdata[0]);
		return status == ZT_OK ? zone_edit_put_rrset(target->edit, overlay->owner, &set) : status;
	}
	int status = journal_rrset_read(&set, &base, &target->rdata[0]);
	if (status == ZT_OK)
		status = zone_edit_remove_rrset(target->edit, overlay->owner, set.type, set.covers);
	return status == ZT_ENOENT ? ZT_ECORRUPT : status;
}

int journal_content_verify(const struct journal *journal, const struct journal_meta *meta, const struct zone_edit *edit)
{
	const struct zone_version *version = zone_edit_view(edit);

	if (zone_version_serial(version) != meta->serial)
		return ZT_ECORRUPT;
	if (meta->fingerprint.key_tag != journal->key_tag)
		return ZT_OK;
	return fingerprint_equal(zone_summary(version).fingerprint, meta->fingerprint.value) ? ZT_OK : ZT_ECORRUPT;
}

int journal_content_load(struct journal *journal, const uint8_t *apex, struct zone_edit *edit)
{
	struct overlay_target target = { .edit = edit };
	struct journal_meta meta;
	MDB_txn *txn;

	buf_init(&target.rdata[0]);
	int status = journal_read_begin(journal, &txn);
	if (status == ZT_OK)
		status = journal_read_meta(journal, txn, apex, &meta);
	if (status == ZT_OK && !meta.has_content)
		status = ZT_ENOENT;
	if (status == ZT_OK)
		status = base_load(journal, txn, &meta, edit);
	if (status == ZT_OK) {
		struct overlay_walk walk = { &meta, overlay_load, &target };
		status = overlay_walk(journal, txn, &walk);
	}
	if (status == ZT_OK)
		status = journal_content_verify(journal, &meta, edit);
	if (status == ZT_OK)
		journal_env_note_read(journal, meta.base_bytes + meta.overlay_bytes);
	journal_read_end(journal, txn);
	buf_fini(&target.rdata[0]);
	return status;
}

struct local_walk {
	journal_on_local_change *on_change;
	void *context;
	struct buf rdata[2];
};

static int local_change(void *context, const struct journal_overlay *overlay)
{
	struct local_walk *walk = context;
	struct rcursor base = rcursor_over(overlay->base, overlay->base_len);
	struct rcursor current = rcursor_over(overlay->current, overlay->current_len);
	struct journal_local_change change = { .owner = overlay->owner };

	int status = journal_rrset_read(&change.base, &base, &walk->rdata[0]);
	if (status == ZT_OK)
		status = journal_rrset_read(&change.current, &current, &walk->rdata[1]);
	return status == ZT_OK ? walk->on_change(walk->context, &change) : status;
}

int journal_local_changes(struct journal *journal, const uint8_t *apex, journal_on_local_change *on_change, void *context)
{
	struct local_walk local = { .on_change = on_change, .context = context };
	struct journal_meta meta;
	MDB_txn *txn;

	buf_init(&local.rdata[0]);
	buf_init(&local.rdata[1]);
	int status = journal_read_begin(journal, &txn);
	if (status == ZT_OK)
		status = journal_read_meta(journal, txn, apex, &meta);
	if (status == ZT_OK && !meta.has_content)
		status = ZT_ENOENT;
	if (status == ZT_OK) {
		struct overlay_walk walk = { &meta, local_change, &local };
		status = overlay_walk(journal, txn, &walk);
		journal_env_note_read(journal, meta.overlay_bytes);
	}
	journal_read_end(journal, txn);
	buf_fini(&local.rdata[0]);
	buf_fini(&local.rdata[1]);
	return status;
}

int journal_content_info(const struct journal *journal, const uint8_t *apex, struct journal_content *out)
{
	const struct journal_zone *zone = journal_zone_get(journal, apex);

	if (!zone || !zone->meta.has_content)
		return ZT_ENOENT;
	*out = (struct journal_content){
		.serial = zone->meta.serial,
		.wall = zone->meta.wall,
		.source = (enum journal_source)zone->meta.source,
		.base_bytes = zone->meta.base_bytes,
		.overlay_bytes = zone->meta.overlay_bytes,
		.overlay_count = zone->meta.overlay_count,
	};
	return ZT_OK;
}

int journal_content_origin(struct journal *journal, const uint8_t *apex, struct buf *out)
{
	const struct journal_zone *zone = journal_zone_get(journal, apex);
	struct journal_key key;
	struct rcursor payload;
	MDB_txn *txn;

	buf_clear(out);
	if (!zone || !zone->meta.has_content)
		return ZT_ENOENT;
	if (!zone->meta.has_origin)
		return ZT_OK;
	journal_key_origin(&key, zone->meta.id);
	int status = journal_read_begin(journal, &txn);
	if (status == ZT_OK)
		status = journal_read_row(journal, txn, &key, &payload);
	if (status == ZT_OK) {
		buf_add(out, payload.base, payload.len);
		status = out->status;
	}
	journal_read_end(journal, txn);
	return status;
}

/* The journal's state rows: small named facts per zone, written behind. */
#include <stdlib.h>
#include <string.h>

#include "lib/base/arena.h"
#include "lib/zone/journal_store.h"

void journal_state_write(struct journal_txn *txn, uint32_t id, const struct journal_state *state)
{
	struct journal_key key;

	journal_key_state(&key, id, state->name);
	if (!state->data) {
		journal_txn_delete(txn, &key);
		return;
	}
	journal_txn_row(txn);
	buf_add(&txn->row, state->data, state->len);
	journal_txn_put(txn, &key);
}

/* ---- pending ones ---------------------------------------------------------------------------------------------------------------- */

static struct journal_pending *pending_find(const struct journal *journal, const struct journal_zone *zone, const char *name)
{
	struct journal_pending *pending;

	cds_list_for_each_entry(pending, &journal->pending, link)
		if (pending->zone == zone && strcmp(pending->name, name) == 0)
			return pending;
	return NULL;
}

static void pending_free(struct journal_pending *pending)
{
	cds_list_del(&pending->link);
	free(pending);
}

void journal_pending_clear(struct journal *journal)
{
	struct journal_pending *pending, *next;

	cds_list_for_each_entry_safe(pending, next, &journal->pending, link)
		pending_free(pending);
}

void journal_pending_drop(struct journal *journal, const struct journal_zone *zone)
{
	struct journal_pending *pending, *next;

	cds_list_for_each_entry_safe(pending, next, &journal->pending, link)
		if (pending->zone == zone)
			pending_free(pending);
}

void journal_pending_write(struct journal_txn *txn)
{
	struct journal_pending *pending;

	cds_list_for_each_entry(pending, &txn->journal->pending, link) {
		struct journal_state state = { pending->name, pending->forget ? NULL : pending->data, pending->len };
		const struct journal_meta *meta = journal_txn_stage(txn, pending->zone);
		if (meta)
			journal_state_write(txn, meta->id, &state);
	}
}

int journal_state_put(struct journal *journal, const uint8_t *apex, const struct journal_state *state)
{
	if (strlen(state->name) > JOURNAL_STATE_NAME_MAX)
		return ZT_EINVAL;
	struct journal_zone *zone = journal_zone_ensure(journal, apex);
	struct journal_pending *pending = zone ? malloc(sizeof(*pending) + (state->data ? state->len : 0)) : NULL;
	if (!pending)
		return ZT_ENOMEM;
	struct journal_pending *former = pending_find(journal, zone, state->name);
	if (former)
		pending_free(former);
	pending->zone = zone;
	pending->forget = !state->data;
	pending->len = state->data ? state->len : 0;
	memcpy(pending->name, state->name, strlen(state->name) + 1);
	if (pending->len)
		memcpy(pending->data, state->data, pending->len);
	cds_list_add_tail(&pending->link, &journal->pending);
	return ZT_OK;
}

int journal_flush(struct journal *journal)
{
	struct journal_txn txn;

	bool is_damaged = atomic_load(&journal->damage.state) == JOURNAL_DAMAGE_NOTED;
	if (cds_list_empty(&journal->pending) && !journal->has_garbage && !is_damaged)
		return ZT_OK;
	journal_txn_begin(&txn, journal);
	journal_pending_write(&txn);
	journal_history_heal(&txn);
	journal_txn_collect(&txn);
	int status = journal_txn_end(&txn);
	if (status == ZT_OK)
		journal_pending_clear(journal);
	return status;
}

/* ---- reading ------------------------------------------------------------------------------------------------------------------------ */

int journal_state_get(struct journal *journal, const uint8_t *apex, const char *name, struct buf *out)
{
	struct journal_zone *zone = journal_zone_get(journal, apex);
	struct journal_key key;
	struct rcursor payload;
	MDB_txn *txn;

	if (!zone || strlen(name) > JOURNAL_STATE_NAME_MAX)
		return ZT_ENOENT;
	const struct journal_pending *pending = pending_find(journal, zone, name);
	if (pending) {
		buf_add(out, pending->data, pending->len);
		return pending->forget ? ZT_ENOENT : out->status;
	}
	if (zone->meta.id == 0)
		return ZT_ENOENT;
	journal_key_state(&key, zone->meta.id, name);
	int status = journal_read_begin(journal, &txn);
	if (status == ZT_OK)
		status = journal_read_row(journal, txn, &key, &payload);
	if (status == ZT_OK) {
		buf_add(out, payload.base + payload.pos, rcursor_left(&payload));
		status = out->status;
	}
	journal_read_end(journal, txn);
	return status;
}

/* What is stored and pending under a prefix; the pending value wins. All of it lies in the arena. */
struct state_list {
	struct arena arena;
	struct journal_state *states;
	size_t count;
	size_t cap;
	const struct journal *journal;
	const struct journal_zone *zone;
	const char *prefix;
};

static int list_add(struct state_list *list, const char *name, size_t name_len, const struct rcursor *data)
{
	if (list->count == list->cap) {
		size_t cap = list->cap ? list->cap * 2 : 16;
		struct journal_state *states = arena_alloc(&list->arena, cap * sizeof(*states));
		if (!states)
			return ZT_ENOMEM;
		if (list->count > 0)
			memcpy(states, list->states, list->count * sizeof(*states));
		list->states = states;
		list->cap = cap;
	}
	char *text = arena_calloc(&list->arena, name_len + 1);
	void *copy = arena_alloc(&list->arena, data->len ? data->len : 1);
	if (!text || !copy)
		return ZT_ENOMEM;
	memcpy(text, name, name_len);
	if (data->len > 0)
		memcpy(copy, data->base, data->len);
	list->states[list->count++] = (struct journal_state){ text, copy, data->len };
	return ZT_OK;
}

static int list_pending(struct state_list *list)
{
	const struct journal_pending *pending;
	int status = ZT_OK;

	cds_list_for_each_entry(pending, &list->journal->pending, link) {
		struct rcursor data = rcursor_over(pending->data, pending->len);
		if (pending->zone != list->zone || pending->forget || strncmp(pending->name, list->prefix, strlen(list->prefix)) != 0)
			continue;
		status = list_add(list, pending->name, strlen(pending->name), &data);
		if (status != ZT_OK)
			break;
	}
	return status;
}

/* A damaged row is left out: states are facts that come again. */
static int list_row(struct state_list *list, const MDB_val *key, const MDB_val *value)
{
	struct rcursor payload;
	struct journal_key zone_key;
	char name[JOURNAL_STATE_NAME_MAX + 1] = "";

	journal_key_first(&zone_key, 'T', list->zone->meta.id);
	size_t len = key->mv_size - zone_key.len;
	if (len > JOURNAL_STATE_NAME_MAX || journal_row_open(&payload, key->mv_data, key->mv_size, value->mv_data, value->mv_size) != ZT_OK)
		return ZT_OK;
	memcpy(name, (const char *)key->mv_data + zone_key.len, len);
	return pending_find(list->journal, list->zone, name) ? ZT_OK : list_add(list, name, len, &payload);
}

static int list_stored(struct state_list *list, MDB_txn *txn)
{
	struct journal_key prefix;
	MDB_cursor *cursor;
	MDB_val value;
	int status = ZT_OK;

	journal_key_state(&prefix, list->zone->meta.id, list->prefix);
	int rc = mdb_cursor_open(txn, list->journal->dbi, &cursor);
	if (rc)
		return journal_status(rc);
	MDB_val key = { prefix.len, prefix.bytes };
	for (rc = mdb_cursor_get(cursor, &key, &value, MDB_SET_RANGE); rc == 0 && status == ZT_OK;
	     rc = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) {
		if (key.mv_size < prefix.len || memcmp(key.mv_data, prefix.bytes, prefix.len) != 0)
			break;
		status = list_row(list, &key, &value);
	}
	mdb_cursor_close(cursor);
	return status == ZT_OK && rc && rc != MDB_NOTFOUND ? journal_status(rc) : status;
}

static int state_cmp(const void *a, const void *b)
{
	return strcmp(((const struct journal_state *)a)->name, ((const struct journal_state *)b)->name);
}

int journal_state_list(struct journal *journal, const uint8_t *apex, const char *prefix, journal_on_state *on_state, void *context)
{
	struct state_list list = { .journal = journal, .zone = journal_zone_get(journal, apex), .prefix = prefix };
	MDB_txn *txn;

	if (!list.zone)
		return ZT_OK;
	arena_init(&list.arena, 4096);
	int status = list_pending(&list);
	if (status == ZT_OK && list.zone->meta.id != 0) {
		status = journal_read_begin(journal, &txn);
		if (status == ZT_OK)
			status = list_stored(&list, txn);
		journal_read_end(journal, txn);
	}
	if (list.count > 0)
		qsort(list.states, list.count, sizeof(*list.states), state_cmp);
	for (size_t i = 0; i < list.count && status == ZT_OK; i++)
		status = on_state(context, &list.states[i]);
	arena_fini(&list.arena);
	return status;
}

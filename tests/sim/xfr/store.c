/* What a simulated server keeps over a crash. */
#include "tests/sim/xfr/store.h"

#include <assert.h>
#include <string.h>

#include "tests/support/zone_text.h"

static void journal_start(struct store *store)
{
	struct journal_options options = { .dir = store->dir, .map_size = 16 << 20, .key = &zone_text_key, .log = &store->log };
	int status = journal_open(&store->journal, &options);
	assert(status == ZT_OK);
}

void store_init(struct store *store, unsigned history_max, bool is_real)
{
	memset(store, 0, sizeof(*store));
	assert(history_max <= STORE_HISTORY_MAX);
	store->history_max = history_max;
	store->is_real = is_real;
	if (!is_real)
		return;
	log_init(&store->log, -1, "sim");
	temp_dir_make(store->dir);
	journal_start(store);
}

static void history_drop_oldest(struct store *store)
{
	changeset_fini(&store->history[0]);
	store->history_count--;
	memmove(&store->history[0], &store->history[1], store->history_count * sizeof(store->history[0]));
	memmove(&store->froms[0], &store->froms[1], store->history_count * sizeof(store->froms[0]));
}

void store_fini(struct store *store)
{
	store_lose_history(store);
	if (!store->is_real)
		return;
	journal_close(store->journal);
	temp_dir_remove(store->dir);
}

static void journal_write(struct store *store, const struct zone_version *from, const struct zone_version *to, const struct changeset *change)
{
	struct journal_commit item = {
		.apex = zone_apex(zone_version_zone(to)), .from = from, .to = to, .change = change, .wall = 1000,
		.source = change ? JOURNAL_IXFR : JOURNAL_AXFR,
	};
	int status = journal_commit(store->journal, &item, 1);
	assert(status == ZT_OK);
}

void store_commit(struct store *store, const struct zone_version *from, const struct zone_version *to, const struct changeset *change)
{
	if (store->is_real) {
		journal_write(store, from, to, change);
		return;
	}
	if (!change)
		store_lose_history(store);
	if (!change || store->history_max == 0)
		return;
	if (store->history_count == store->history_max)
		history_drop_oldest(store);
	store->froms[store->history_count] = zone_summary(from).fingerprint;
	struct changeset *kept = &store->history[store->history_count++];
	changeset_init(kept);
	buf_add(&kept->removed, change->removed.data, change->removed.len);
	buf_add(&kept->added, change->added.data, change->added.len);
	kept->removed_count = change->removed_count;
	kept->added_count = change->added_count;
	assert(changeset_status(kept) == ZT_OK);
}

static int on_difference(void *context, const struct journal_version *version, const struct changeset *change)
{
	(void)version;
	return xfr_history_add(context, change);
}

int store_history(struct store *store, const struct zone_version *to, uint32_t from, struct xfr_history *out)
{
	uint32_t serial;
	unsigned i = 0;

	if (store->is_real) {
		struct journal_span span = { zone_apex(zone_version_zone(to)), from, zone_version_serial(to) };
		return journal_history_read(store->journal, &span, on_difference, out);
	}
	while (i < store->history_count && !(changeset_from_serial(&store->history[i], &serial) && serial == from))
		i++;
	if (i == store->history_count)
		return ZT_ENOENT;
	for (; i < store->history_count; i++) {
		int status = xfr_history_add(out, &store->history[i]);
		if (status != ZT_OK)
			return status;
	}
	return ZT_OK;
}

int store_has(struct store *store, const struct zone_version *current, uint32_t serial, struct fingerprint fingerprint)
{
	int status = ZT_ENOENT;
	uint32_t from;

	if (store->is_real)
		return journal_history_has(store->journal, zone_apex(zone_version_zone(current)), serial, fingerprint);
	if (zone_version_serial(current) == serial)
		return fingerprint_equal(zone_summary(current).fingerprint, fingerprint) ? ZT_OK : ZT_EDIFF;
	for (unsigned i = 0; i < store->history_count; i++) {
		if (!changeset_from_serial(&store->history[i], &from) || from != serial)
			continue;
		if (fingerprint_equal(store->froms[i], fingerprint))
			return ZT_OK;
		status = ZT_EDIFF;
	}
	return status;
}

bool store_history_confused(struct store *store, struct rng *rng, struct xfr_history *out)
{
	unsigned start = (unsigned)rng_below(rng, store->history_count), skipped = start + 1 + (unsigned)rng_below(rng, store->history_count);

	if (store->history_count == 0)
		return false;
	for (unsigned i = start; i < store->history_count; i++) {
		if (i == skipped && i + 1 < store->history_count)
			continue;
		/* It does not look whether they fit. */
		bool has_serial = changeset_from_serial(&store->history[i], &out->to_serial);
		assert(has_serial);
		if (xfr_history_add(out, &store->history[i]) != ZT_OK)
			return false;
	}
	return true;
}

bool store_load(struct store *store, struct zone *zone)
{
	struct zone_edit *edit;

	assert(store->is_real);
	journal_close(store->journal);
	journal_start(store);
	int status = zone_edit_begin(zone, &edit);
	assert(status == ZT_OK);
	status = journal_content_load(store->journal, zone_apex(zone), edit);
	if (status == ZT_ENOENT) {
		zone_edit_abort(edit);
		return false;
	}
	assert(status == ZT_OK);
	zone_edit_publish(edit);
	return true;
}

void store_lose_history(struct store *store)
{
	while (store->history_count > 0)
		history_drop_oldest(store);
}

void store_lose_all(struct store *store)
{
	store_lose_history(store);
	if (!store->is_real)
		return;
	journal_close(store->journal);
	temp_dir_remove(store->dir);
	temp_dir_make(store->dir);
	journal_start(store);
}

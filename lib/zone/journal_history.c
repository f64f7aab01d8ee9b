/* The journal's history rows: appending, holding to the limit, reading.
 *
 * Rows first_sequence .. next_sequence - 1 form one chain that ends at the current serial. All its serials lie within 2^31 of one another
 * (RFC 1982 can't order others), so "how far from the chain's first serial" grows along it and a serial is found by bisection. */
#include "lib/zone/journal_store.h"

#include "lib/dns/serial.h"

static const char *const source_names[] = {
	[JOURNAL_LOAD] = "load", [JOURNAL_RELOAD] = "reload", [JOURNAL_UPDATE] = "update", [JOURNAL_AXFR] = "axfr", [JOURNAL_IXFR] = "ixfr",
	[JOURNAL_MERGE] = "merge", [JOURNAL_REPAIR] = "repair",
};

const char *journal_source_text(enum journal_source source)
{
	return (unsigned)source < sizeof(source_names) / sizeof(*source_names) && source_names[source] ? source_names[source] : "unknown";
}

/* ---- parts of a commit ---------------------------------------------------------------------------------------------------------- */

void journal_history_clear(struct journal_txn *txn, struct journal_meta *meta)
{
	struct journal_key first, end;

	if (meta->first_sequence < meta->next_sequence) {
		journal_key_history(&first, meta->id, meta->first_sequence);
		journal_key_history(&end, meta->id, meta->next_sequence);
		journal_txn_discard(txn, &first, &end);
	}
	/* What was numbered so far leads nowhere. */
	meta->first_sequence = ++meta->next_sequence;
	meta->history_bytes = 0;
}

static uint64_t row_bytes(const struct journal_key *key, size_t payload_len)
{
	return key->len + JOURNAL_SUM_LEN + payload_len;
}

/* Takes the oldest version away. A chain that is damaged there is dropped as a whole. */
static void drop_oldest(struct journal_txn *txn, struct journal_meta *meta)
{
	struct journal_key key;
	struct rcursor payload;
	struct journal_row_history row = { 0 };

	journal_key_history(&key, meta->id, meta->first_sequence);
	int status = journal_txn_read(txn, &key, &payload);
	if (status == ZT_OK)
		status = journal_row_history_read(&row, &payload);
	if (status != ZT_OK) {
		journal_history_clear(txn, meta);
		return;
	}
	uint64_t bytes = row_bytes(&key, payload.len);
	meta->history_bytes -= bytes < meta->history_bytes ? bytes : meta->history_bytes;
	meta->first_sequence++;
	meta->first_serial = row.version.to_serial;
	meta->has_first = true;
	meta->first_fingerprint = (struct journal_fingerprint){ row.key_tag, row.version.fingerprint };
	journal_txn_delete(txn, &key);
}

void journal_history_append(struct journal_txn *txn, struct journal_meta *meta, const struct journal_commit *item)
{
	struct journal_key key;
	struct journal_row_history row = {
		.version = {
			.from_serial = zone_version_serial(item->from),
			.to_serial = zone_version_serial(item->to),
			.removed_count = item->change->removed_count,
			.added_count = item->change->added_count,
			.fingerprint = zone_summary(item->to).fingerprint,
			.wall = item->wall,
			.source = item->source,
		},
		.key_tag = txn->journal->key_tag,
	};

	while (meta->first_sequence < meta->next_sequence && txn->status == ZT_OK &&
	       (uint64_t)(row.version.from_serial - meta->first_serial) + (row.version.to_serial - row.version.from_serial) >= UINT32_C(1) << 31)
		drop_oldest(txn, meta);
	if (meta->first_sequence == meta->next_sequence) {
		meta->first_serial = row.version.from_serial;
		meta->has_first = true;
		meta->first_fingerprint = (struct journal_fingerprint){ row.key_tag, zone_summary(item->from).fingerprint };
	}
	journal_key_history(&key, meta->id, meta->next_sequence++);
	journal_txn_row(txn);
	journal_row_history_write(&txn->row, &row);
	int status = changeset_write(item->change, &txn->row);
	if (status != ZT_OK && txn->status == ZT_OK)
		txn->status = status;
	meta->history_bytes += key.len + txn->row.len;
	journal_txn_put(txn, &key);
}

static const struct journal_meta *meta_of(const struct journal_zone *zone)
{
	return zone->stage ? &zone->stage->meta : &zone->meta;
}

/* Bytes over all zones as this transaction will leave them. */
static uint64_t total_bytes(const struct journal_txn *txn)
{
	uint64_t total = txn->journal->history_bytes;
	const struct journal_stage *stage;

	cds_list_for_each_entry(stage, &txn->staged, link)
		total += stage->meta.history_bytes - stage->zone->meta.history_bytes;
	return total;
}

/* Whether somebody may ask from the oldest version. Who stands at a later one, or before it, does not need it. */
static bool oldest_is_held(const struct journal_zone *zone, const struct journal_meta *meta)
{
	return zone->has_hold && zone->hold_serial == meta->first_serial;
}

/* The zone with the most bytes of those that have versions to give, held or not; NULL if none has. */
static struct journal_zone *biggest_zone(const struct journal *journal, bool takes_held)
{
	struct journal_zone *biggest = NULL;

	for (uint32_t i = 0; i < journal->zone_count; i++) {
		struct journal_zone *zone = journal->zones[i];
		const struct journal_meta *meta = meta_of(zone);
		if (meta->next_sequence - meta->first_sequence <= JOURNAL_KEEP || (!takes_held && oldest_is_held(zone, meta)))
			continue;
		if (!biggest || meta->history_bytes > meta_of(biggest)->history_bytes)
			biggest = zone;
	}
	return biggest;
}

void journal_history_prune(struct journal_txn *txn)
{
	while (txn->status == ZT_OK && total_bytes(txn) > txn->journal->history_limit) {
		struct journal_zone *zone = biggest_zone(txn->journal, false);
		if (!zone && !(zone = biggest_zone(txn->journal, true)))
			return;
		struct journal_meta *meta = journal_txn_stage(txn, zone);
		if (meta)
			drop_oldest(txn, meta);
	}
}

void journal_history_hold(struct journal *journal, const uint8_t *apex, const uint32_t *serial)
{
	struct journal_zone *zone = journal_zone_get(journal, apex);

	if (!zone)      /* so it has no history */
		return;
	zone->has_hold = serial != NULL;
	zone->hold_serial = serial ? *serial : 0;
}

uint64_t journal_history_bytes(const struct journal *journal)
{
	return journal->history_bytes;
}

/* The rows up to the damaged one lead nowhere. What the chain's new beginning holds, only the damaged row knew. */
static void damaged_drop(struct journal_txn *txn, struct journal_zone *zone, uint64_t sequence)
{
	struct journal_meta *meta = journal_txn_stage(txn, zone);
	struct journal_row_history next = { 0 };
	char name[NAME_TEXT_SIZE];
	struct journal_key key, first;
	struct rcursor payload;

	if (!meta || sequence < meta->first_sequence || sequence >= meta->next_sequence)
		return;
	log_error(txn->journal->log, "%s/journal.mdb: a difference of zone %s is damaged; it is dropped with all before it, and IXFR reaches back less far",
		txn->journal->dir, name_to_text(zone->apex, name));
	journal_key_history(&key, meta->id, sequence + 1);
	int status = sequence + 1 == meta->next_sequence ? ZT_ENOENT : journal_txn_read(txn, &key, &payload);
	if (status == ZT_OK)
		status = journal_row_history_read(&next, &payload);
	if (status != ZT_OK) {
		journal_history_clear(txn, meta);
		return;
	}
	journal_key_history(&first, meta->id, meta->first_sequence);
	journal_txn_discard(txn, &first, &key);
	/* Of the bytes only an estimate is left: what a row takes on the average. */
	meta->history_bytes -= meta->history_bytes / (meta->next_sequence - meta->first_sequence) * (sequence + 1 - meta->first_sequence);
	meta->first_sequence = sequence + 1;
	meta->first_serial = next.version.from_serial;
	meta->has_first = false;
}

void journal_history_heal(struct journal_txn *txn)
{
	struct journal *journal = txn->journal;

	if (atomic_load(&journal->damage.state) != JOURNAL_DAMAGE_NOTED)
		return;
	for (uint32_t i = 0; i < journal->zone_count; i++) {
		if (journal->zones[i]->meta.id == journal->damage.id)
			damaged_drop(txn, journal->zones[i], journal->damage.sequence);
	}
	atomic_store(&journal->damage.state, JOURNAL_DAMAGE_NONE);
}

/* ---- reading ------------------------------------------------------------------------------------------------------------------------ */

struct history_walk {
	struct journal *journal;
	MDB_txn *txn;
	struct journal_meta meta;
	struct changeset change;
};

static void damage_note(struct journal *journal, uint32_t id, uint64_t sequence)
{
	int none = JOURNAL_DAMAGE_NONE;

	if (!atomic_compare_exchange_strong(&journal->damage.state, &none, JOURNAL_DAMAGE_BEING_NOTED))
		return;
	journal->damage.id = id;
	journal->damage.sequence = sequence;
	atomic_store(&journal->damage.state, JOURNAL_DAMAGE_NOTED);
}

/* A row and, where wanted, its changeset. */
static int row_read(struct history_walk *walk, uint64_t sequence, struct journal_row_history *row, bool with_change)
{
	struct journal_key key;
	struct rcursor payload;

	journal_key_history(&key, walk->meta.id, sequence);
	int status = journal_read_row(walk->journal, walk->txn, &key, &payload);
	if (status == ZT_OK)
		status = journal_row_history_read(row, &payload);
	if (status == ZT_OK)
		row->version.bytes = row_bytes(&key, payload.len);
	if (status == ZT_OK && with_change)
		status = changeset_read(&walk->change, payload.base + payload.pos, payload.len - payload.pos);
	if (status == ZT_ENOENT)
		status = ZT_ECORRUPT;
	if (status == ZT_ECORRUPT)
		damage_note(walk->journal, walk->meta.id, sequence);
	return status;
}

/* Only the head of a row, without the cost of its checksum; what is found by it is checked when it is read. */
static int row_peek(struct history_walk *walk, uint64_t sequence, struct journal_row_history *row)
{
	struct journal_key key;
	MDB_val value;

	journal_key_history(&key, walk->meta.id, sequence);
	MDB_val name = { key.len, key.bytes };
	int rc = mdb_get(walk->txn, walk->journal->dbi, &name, &value);
	if (rc || value.mv_size < JOURNAL_SUM_LEN)
		return rc == MDB_NOTFOUND || !rc ? ZT_ECORRUPT : journal_status(rc);
	struct rcursor payload = rcursor_over((const uint8_t *)value.mv_data + JOURNAL_SUM_LEN, value.mv_size - JOURNAL_SUM_LEN);
	return journal_row_history_read(row, &payload);
}

/* Looks for the row that starts at a serial, by heads alone or with the checksum of each row it passes. */
static int row_search(struct history_walk *walk, uint32_t serial, bool checked, uint64_t *sequence)
{
	const struct journal_meta *meta = &walk->meta;
	uint64_t low = meta->first_sequence, high = meta->next_sequence;
	struct journal_row_history row = { 0 };

	while (low < high) {
		uint64_t middle = low + (high - low) / 2;
		int status = checked ? row_read(walk, middle, &row, false) : row_peek(walk, middle, &row);
		if (status != ZT_OK)
			return status;
		if (row.version.from_serial == serial) {
			*sequence = middle;
			return ZT_OK;
		}
		if (row.version.from_serial - meta->first_serial < serial - meta->first_serial)
			low = middle + 1;
		else
			high = middle;
	}
	return ZT_ENOENT;
}

/* The row that starts at a serial; next_sequence for the current serial. */
static int row_find(struct history_walk *walk, uint32_t serial, uint64_t *sequence)
{
	if (serial == walk->meta.serial) {
		*sequence = walk->meta.next_sequence;
		return ZT_OK;
	}
	int status = row_search(walk, serial, false, sequence);
	/* A damaged head may have led astray. */
	return status == ZT_ENOENT || status == ZT_ECORRUPT ? row_search(walk, serial, true, sequence) : status;
}

static int walk_begin(struct history_walk *walk, struct journal *journal, const uint8_t *apex)
{
	walk->journal = journal;
	changeset_init(&walk->change);
	int status = journal_read_begin(journal, &walk->txn);
	if (status == ZT_OK)
		status = journal_read_meta(journal, walk->txn, apex, &walk->meta);
	return status;
}

static void walk_end(struct history_walk *walk)
{
	journal_read_end(walk->journal, walk->txn);
	changeset_fini(&walk->change);
}

enum { TRIM_SIZE = 1024 * 1024 };      /* bytes read until the map's pages are given back */

int journal_history_read(struct journal *journal, const struct journal_span *span, journal_on_difference *on_difference, void *context)
{
	struct history_walk walk = { 0 };
	struct journal_row_history row = { 0 };
	uint64_t sequence = 0, end = 0;
	size_t bytes = 0;

	int status = walk_begin(&walk, journal, span->apex);
	if (status == ZT_OK)
		status = row_find(&walk, span->from_serial, &sequence);
	if (status == ZT_OK)
		status = row_find(&walk, span->to_serial, &end);
	if (status == ZT_OK && sequence > end)
		status = ZT_ENOENT;
	uint32_t at = span->from_serial;
	for (; status == ZT_OK && sequence < end; sequence++) {
		status = row_read(&walk, sequence, &row, true);
		if (status == ZT_OK && row.version.from_serial != at)
			status = ZT_ECORRUPT;
		if (status == ZT_OK)
			status = on_difference(context, &row.version, &walk.change);
		at = row.version.to_serial;
		bytes += row.version.bytes;
		if (bytes >= TRIM_SIZE) {
			journal_env_trim(journal);
			bytes = 0;
		}
	}
	if (status == ZT_OK && at != span->to_serial)
		status = ZT_ECORRUPT;
	walk_end(&walk);
	return status;
}

int journal_content_sequence(const struct journal *journal, const uint8_t *apex, uint64_t *out)
{
	const struct journal_zone *zone = journal_zone_get(journal, apex);

	if (!zone || !zone->meta.has_content)
		return ZT_ENOENT;
	*out = zone->meta.next_sequence;
	return ZT_OK;
}

/* Applies rows from `sequence` on. */
static int rows_apply(struct history_walk *walk, uint64_t sequence, struct zone_edit *edit, size_t *records)
{
	struct journal_row_history row = { 0 };
	uint32_t at = zone_version_serial(zone_edit_view(edit));
	int status = ZT_OK;

	for (; status == ZT_OK && sequence < walk->meta.next_sequence; sequence++) {
		status = row_read(walk, sequence, &row, true);
		if (status == ZT_OK && row.version.from_serial != at)
			status = ZT_EDIFF;
		if (status == ZT_OK)
			status = zone_edit_apply(edit, &walk->change);
		at = row.version.to_serial;
		*records += (size_t)row.version.removed_count + row.version.added_count;
	}
	return status;
}

bool journal_content_reaches(const struct journal *journal, const uint8_t *apex, uint64_t sequence)
{
	const struct journal_zone *zone = journal_zone_get(journal, apex);
	return zone && zone->meta.has_content && sequence >= zone->meta.first_sequence && sequence <= zone->meta.next_sequence;
}

int journal_content_follow(struct journal *journal, const uint8_t *apex, uint64_t sequence, struct zone_edit *edit, size_t *records)
{
	struct history_walk walk = { 0 };

	*records = 0;
	int status = walk_begin(&walk, journal, apex);
	if (status == ZT_OK && (!walk.meta.has_content || sequence < walk.meta.first_sequence || sequence > walk.meta.next_sequence))
		status = ZT_ENOENT;
	if (status == ZT_OK)
		status = rows_apply(&walk, sequence, edit, records);
	if (status == ZT_OK && walk.meta.fingerprint.key_tag != journal->key_tag)
		status = ZT_EUNSUPPORTED;
	if (status == ZT_OK && journal_content_verify(journal, &walk.meta, edit) != ZT_OK)
		status = ZT_EDIFF;
	journal_env_trim(journal);
	walk_end(&walk);
	return status;
}

/* The content that the chain has at a serial, where it is known under our key. */
static int fingerprint_at(struct history_walk *walk, uint32_t serial, struct fingerprint *out)
{
	const struct journal_meta *meta = &walk->meta;
	struct journal_fingerprint known = meta->fingerprint;
	struct journal_row_history row = { 0 };
	uint64_t sequence;

	int status = row_find(walk, serial, &sequence);
	if (status == ZT_OK && sequence < meta->next_sequence) {
		if (sequence > meta->first_sequence) {
			status = row_read(walk, sequence - 1, &row, false);
			known = (struct journal_fingerprint){ row.key_tag, row.version.fingerprint };
		} else {
			status = meta->has_first ? ZT_OK : ZT_ENOENT;
			known = meta->first_fingerprint;
		}
	}
	if (status != ZT_OK || known.key_tag != walk->journal->key_tag)
		return ZT_ENOENT;
	*out = known.value;
	return ZT_OK;
}

int journal_history_has(struct journal *journal, const uint8_t *apex, uint32_t serial, struct fingerprint fingerprint)
{
	struct history_walk walk = { 0 };
	struct fingerprint ours;

	int status = walk_begin(&walk, journal, apex);
	if (status == ZT_OK)
		status = fingerprint_at(&walk, serial, &ours);
	walk_end(&walk);
	if (status != ZT_OK)
		return ZT_ENOENT;
	return fingerprint_equal(ours, fingerprint) ? ZT_OK : ZT_EDIFF;
}

int journal_history_list(struct journal *journal, const uint8_t *apex, size_t limit, journal_on_version *on_version, void *context)
{
	struct history_walk walk = { 0 };
	struct journal_row_history row = { 0 };

	int status = walk_begin(&walk, journal, apex);
	for (uint64_t at = walk.meta.next_sequence; status == ZT_OK && limit > 0 && at > walk.meta.first_sequence; limit--) {
		status = row_read(&walk, --at, &row, false);
		if (status == ZT_OK)
			status = on_version(context, &row.version);
	}
	walk_end(&walk);
	return status;
}

int journal_history_since(struct journal *journal, const uint8_t *apex, uint32_t serial, struct journal_gap *out)
{
	struct history_walk walk = { 0 };
	struct journal_row_history row = { 0 };
	uint64_t sequence = 0;

	*out = (struct journal_gap){ 0 };
	int status = walk_begin(&walk, journal, apex);
	if (status == ZT_OK)
		status = row_find(&walk, serial, &sequence);
	if (status == ZT_OK && sequence < walk.meta.next_sequence) {
		status = row_peek(&walk, sequence, &row);
		out->versions = walk.meta.next_sequence - sequence;
		out->wall = row.version.wall;
	}
	walk_end(&walk);
	return status;
}

int journal_history_info(struct journal *journal, const uint8_t *apex, struct journal_history *out)
{
	struct history_walk walk = { 0 };

	int status = walk_begin(&walk, journal, apex);
	if (status == ZT_OK)
		*out = (struct journal_history){
			.count = walk.meta.next_sequence - walk.meta.first_sequence,
			.bytes = walk.meta.history_bytes,
			.oldest_serial = walk.meta.first_serial,
			.serial = walk.meta.serial,
		};
	walk_end(&walk);
	return status;
}

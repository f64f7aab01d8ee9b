/* A server of one zone on a simulated network: its versions, from the edit to what is served. */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "lib/dns/serial.h"
#include "tests/sim/xfr/replica_inner.h"
#include "tests/support/zone_text.h"

enum { HOSTS = 60 };

void replica_announce(struct replica *r)
{
	for (unsigned i = 0; i < r->config.target_count; i++)
		notify_sender_announce(&r->targets[i].sender, replica_serial(r), now_of(r));
}

static bool crashes_here(struct replica *r, enum replica_crash point)
{
	if (r->crash_at != point)
		return false;
	r->crash_at = REPLICA_SOUND;
	replica_crash(r);
	return true;
}

/* As in authd/manage/secondary_transfer.c. */
static usec_t received_age(const struct replica *r)
{
	bool is_bounded = r->said.has_expire && r->said.expire < r->config.soa_expire;
	return is_bounded ? (r->config.soa_expire - r->said.expire) * USEC_PER_SEC : 0;
}

/* What the commit pipeline does around the durable point. Takes the edit. Crashes where it was told to: false. */
static bool edit_pass(struct replica *r, struct zone_edit *edit, const struct changeset *change)
{
	if (crashes_here(r, REPLICA_CRASH_BEFORE_STORE)) {
		zone_edit_abort(edit);
		return false;
	}
	store_commit(&r->store, zone_current(r->zone), zone_edit_view(edit), change);
	replica_confirm(r, received_age(r));      /* in the same transaction */
	if (r->crash_at == REPLICA_CRASH_AFTER_STORE) {
		r->stored = edit;
		return !crashes_here(r, REPLICA_CRASH_AFTER_STORE);
	}
	zone_edit_publish(edit);
	if (crashes_here(r, REPLICA_CRASH_AFTER_PUBLISH))
		return false;
	replica_announce(r);
	return true;
}

bool replica_commit(struct replica *r, struct zone_edit *edit, bool any_serial)
{
	bool is_first = !zone_version_apex(zone_current(r->zone)), is_sound = true;
	uint32_t before = replica_serial(r), after = zone_version_serial(zone_edit_view(edit));
	struct changeset change;

	changeset_init(&change);
	int status = is_first ? ZT_OK : zone_edit_changeset(edit, &change);
	assert(status == ZT_OK);
	if (!is_first && changeset_is_empty(&change)) {
		zone_edit_abort(edit);
		changeset_fini(&change);
		return true;
	}
	bool is_newer = is_first || serial_is_newer(after, before);
	if (!is_newer && !any_serial) {
		replica_broken(r, "server %u: a transfer from serial %u to %u was taken", r->config.node, before, after);
		zone_edit_abort(edit);
	} else {
		r->set_back += !is_newer;
		is_sound = edit_pass(r, edit, is_first || !is_newer ? NULL : &change);
	}
	changeset_fini(&change);
	return is_sound;
}

static void soa_put(const struct replica *r, struct zone_edit *edit, uint32_t serial)
{
	uint8_t rdata[] = "\2ns\7example\0\4mail\7example\0" "ssss" "rrrr" "tttt" "eeee" "\0\0\1\54";
	uint8_t set_bytes[2 + sizeof(rdata)];
	uint16_t len = sizeof(rdata) - 1;

	wire_put_u32(rdata + len - 20, serial);
	wire_put_u32(rdata + len - 16, r->config.soa_refresh);
	wire_put_u32(rdata + len - 12, r->config.soa_retry);
	wire_put_u32(rdata + len - 8, r->config.soa_expire);
	memcpy(set_bytes, &len, 2);
	memcpy(set_bytes + 2, rdata, len);
	struct rrset set = { .type = TYPE_SOA, .count = 1, .ttl = 300, .rdata = set_bytes, .rdata_size = 2u + len };
	int status = zone_edit_put_rrset(edit, replica_apex, &set);
	assert(status == ZT_OK);
}

static void name_of(uint8_t out[NAME_MAX_LEN], unsigned number)
{
	char text[64];
	snprintf(text, sizeof(text), "host-%u.example.", number);
	int status = name_from_text(out, text, NULL);
	assert(status == ZT_OK);
}

/* Puts or takes one address of a random host. */
static void address_toggle(struct replica *r, struct zone_edit *edit)
{
	uint8_t name[NAME_MAX_LEN], address[4] = { 10, 0, 0, (uint8_t)rng_below(&r->rng, 4) };
	uint32_t ttl = rng_below(&r->rng, 8) ? 300 : 60;

	name_of(name, (unsigned)rng_below(&r->rng, HOSTS));
	int status = zone_edit_remove(edit, name, TYPE_A, address, 4);
	if (status == ZT_ENOENT)
		status = zone_edit_add(edit, &(struct change_record){ name, TYPE_A, ttl, address, 4 });
	assert(status == ZT_OK);
}

static void records_put(const struct replica *r, struct zone_edit *edit, uint32_t serial, unsigned count)
{
	uint8_t name[NAME_MAX_LEN];

	soa_put(r, edit, serial);
	int status = zone_edit_add(edit, &(struct change_record){ replica_apex, TYPE_NS, 300, (const uint8_t *)"\2ns\7example", 12 });
	for (unsigned i = 0; i < count && status == ZT_OK; i++) {
		name_of(name, i);
		status = zone_edit_add(edit, &(struct change_record){ name, TYPE_A, 300, (const uint8_t *)"\12\0\0\1", 4 });
	}
	assert(status == ZT_OK);
}

static struct zone_edit *edit_begin(struct zone *zone)
{
	struct zone_edit *edit;
	int status = zone_edit_begin(zone, &edit);
	assert(status == ZT_OK);
	return edit;
}

void replica_fill(struct replica *r, uint32_t serial, unsigned records)
{
	struct zone_edit *edit = edit_begin(r->zone);

	records_put(r, edit, serial, records);
	replica_commit(r, edit, false);
	replica_run(r);
}

/* Mostly the next serial, at times a leap; all leaps of a test together must stay below 2^31 (RFC 1982). */
static uint32_t serial_draw(struct replica *r)
{
	return replica_serial(r) + (rng_below(&r->rng, 4) ? 1 : 1 + (uint32_t)rng_below(&r->rng, 0x1000000));
}

void replica_change(struct replica *r)
{
	struct zone_edit *edit = edit_begin(r->zone);
	unsigned count = 1 + (unsigned)rng_below(&r->rng, 5);

	for (unsigned i = 0; i < count; i++)
		address_toggle(r, edit);
	soa_put(r, edit, serial_draw(r));
	replica_commit(r, edit, false);
	replica_run(r);
}

void replica_reload(struct replica *r)
{
	struct zone *beside;
	struct changeset change;

	int status = zone_new(replica_apex, &zone_text_key, &beside);
	assert(status == ZT_OK);
	struct zone_edit *fresh = edit_begin(beside);
	records_put(r, fresh, serial_draw(r), (unsigned)rng_below(&r->rng, HOSTS));
	for (unsigned i = 0; i < 10; i++)
		address_toggle(r, fresh);
	changeset_init(&change);
	status = zone_diff(zone_current(r->zone), zone_edit_view(fresh), &change);
	assert(status == ZT_OK);
	zone_edit_abort(fresh);
	struct zone_edit *edit = edit_begin(r->zone);
	status = zone_edit_apply(edit, &change);
	assert(status == ZT_OK);
	changeset_fini(&change);
	zone_free(beside);
	replica_commit(r, edit, false);
	replica_run(r);
}

void replica_change_past(struct replica *r, uint32_t serial)
{
	struct zone_edit *edit = edit_begin(r->zone);

	address_toggle(r, edit);
	soa_put(r, edit, (serial_is_newer(serial, replica_serial(r)) ? serial : replica_serial(r)) + 1);
	replica_commit(r, edit, false);
	replica_run(r);
}

/* ---- what operators do to files ------------------------------------------------------------------------------------------------------- */

/* Makes `to` what `from` is. */
static struct zone_edit *zone_copy(struct zone *to, const struct zone_version *from)
{
	struct zone_edit *edit = edit_begin(to);
	struct changeset change;

	changeset_init(&change);
	int status = zone_diff(zone_current(to), from, &change);
	assert(status == ZT_OK);
	status = zone_edit_apply(edit, &change);
	assert(status == ZT_OK);
	changeset_fini(&change);
	return edit;
}

void replica_backup(struct replica *r)
{
	if (!r->backup) {
		int status = zone_new(replica_apex, &zone_text_key, &r->backup);
		assert(status == ZT_OK);
	}
	zone_edit_publish(zone_copy(r->backup, zone_current(r->zone)));
}

/* The content of another file: the history begins anew. */
static void file_take(struct replica *r, struct zone_edit *edit)
{
	store_commit(&r->store, zone_current(r->zone), zone_edit_view(edit), NULL);
	zone_edit_publish(edit);
	r->set_back++;
}

void replica_restore(struct replica *r)
{
	zone_edit_abort(r->stored);
	r->stored = NULL;
	if (r->backup)
		file_take(r, zone_copy(r->zone, zone_current(r->backup)));
}

void replica_change_in_place(struct replica *r)
{
	zone_edit_abort(r->stored);
	r->stored = NULL;
	struct zone_edit *edit = edit_begin(r->zone);
	address_toggle(r, edit);
	file_take(r, edit);
}

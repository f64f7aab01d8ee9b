/* The queue of one zone. */
#include "authd/manage/primary.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "authd/manage/primary_inner.h"
#include "authd/manage/watch.h"
#include "lib/dns/serial.h"
#include "lib/dns/tsig.h"

enum {
	ROWS_PER_FLUSH = 1000,           /* pending states are a list that is searched */
	ROWS_PER_TICK = 10000,
};

#define STARVED_PAUSE USEC_PER_SEC
#define HELD_FOR USEC_PER_SEC      /* what others have to tell a server in, before we do */

/* ---- what outlives a restart ----------------------------------------------------------------------------------------------------- */

static const char *state_name(const struct netaddr *address, char out[JOURNAL_STATE_NAME_MAX])
{
	char text[NETADDR_TEXT_SIZE];
	snprintf(out, JOURNAL_STATE_NAME_MAX, "notify/%s", netaddr_to_text(address, text));
	return out;
}

static bool is_older(uint32_t a, uint32_t b)
{
	return a != b && !serial_is_newer(a, b);
}

static void target_restore(struct primary *primary, struct target *target)
{
	const struct zone_version *version = zone_current(primary->entry->zone);
	char name[JOURNAL_STATE_NAME_MAX];
	struct buf data;
	uint32_t told = 0;

	buf_init(&data);
	int status = journal_state_get(primary->manage->journal, primary->entry->apex, state_name(&target->host->remote.address, name), &data);
	if (status == ZT_OK)
		status = standing_read(&target->standing, &told, data.data, data.len);
	/* Serials that went back tell that what is known of the target is of another line of versions. */
	if (status == ZT_OK && zone_version_apex(version) && is_older(zone_version_serial(version), told))
		target->standing.has_seen = false;
	buf_fini(&data);
}

static void target_save(struct primary *primary, struct target *target)
{
	uint8_t data[STANDING_ROW_LEN];
	char name[JOURNAL_STATE_NAME_MAX];

	standing_write(&target->standing, primary->serial, data);
	struct journal_state state = { .name = state_name(&target->host->remote.address, name), .data = data, .len = sizeof(data) };
	int status = journal_state_put(primary->manage->journal, primary->entry->apex, &state);
	if (status == ZT_OK)
		target->standing.is_dirty = false;
	else
		log_warn(primary->manage->log, "zone %s: the state of a peer is not stored: %s; after a restart it would be told once too often",
			 primary->entry->name, status_text(status));
}

void primary_mark(struct primary *primary)
{
	if (primary->is_dirty)
		return;
	primary->is_dirty = true;
	cds_list_add_tail(&primary->dirty, hosts_dirty(primary->manage->hosts));
}

/* Stores what is dirty; returns how many rows that were. */
static unsigned primary_save(struct primary *primary)
{
	unsigned rows = 0;

	for (uint32_t i = 0; i < primary->count; i++) {
		if (!primary->targets[i].standing.is_dirty)
			continue;
		target_save(primary, &primary->targets[i]);
		rows++;
	}
	rows += strangers_save(primary);
	primary->is_dirty = false;
	cds_list_del(&primary->dirty);
	primary_hold(primary);
	return rows;
}

static void rows_save(struct manage *manage, unsigned most)
{
	unsigned since_flush = 0, rows = 0;

	while (!cds_list_empty(hosts_dirty(manage->hosts)) && rows < most) {
		unsigned count = primary_save(cds_list_first_entry(hosts_dirty(manage->hosts), struct primary, dirty));
		rows += count;
		since_flush += count;
		if (since_flush < ROWS_PER_FLUSH)
			continue;
		since_flush = 0;
		if (journal_flush(manage->journal) != ZT_OK)      /* the caller's own flush fails too, and is told of */
			return;
	}
}

void primaries_tick(struct manage *manage)
{
	rows_save(manage, ROWS_PER_TICK);
}

void primaries_finish(struct manage *manage)
{
	if (manage->hosts)      /* else there was no start */
		rows_save(manage, UINT_MAX);
}

/* ---- who is to be told ----------------------------------------------------------------------------------------------------------------- */

bool primary_is_ahead(const struct primary *primary, const struct standing *standing)
{
	return !primary->entry->secondary && primary->has_serial && standing->has_seen && serial_is_newer(standing->seen_serial, primary->serial);
}

static bool is_current(const struct primary *primary, const struct target *target)
{
	return !primary->has_serial || standing_has_reached(&target->standing, primary->serial);
}

/* Keeps the counts when some of the targets come or go, or are current or not. */
static void behind_set(struct primary *primary, uint32_t behind)
{
	struct hosts_counts *counts = hosts_counts(primary->manage->hosts);

	counts->behind += (uint64_t)behind - primary->behind;
	counts->zones_behind += (uint64_t)(behind > 0) - (uint64_t)(primary->behind > 0);
	primary->behind = behind;
}

static void behind_count(struct primary *primary)
{
	uint32_t behind = 0;

	for (uint32_t i = 0; i < primary->count; i++)
		behind += !is_current(primary, &primary->targets[i]);
	behind_set(primary, behind);
}

static void courier_end(struct target *target)
{
	courier_free(target->courier);
	target->courier = NULL;
}

/* The target's courier, knowing what is known of it; NULL when memory is out. */
static struct courier *courier_get(struct primary *primary, struct target *target)
{
	usec_t now = clock_now(primary->manage->clock);

	if (target->courier)
		return target->courier;
	target->courier = courier_new(primary, target);
	if (!target->courier) {
		primary->is_starved = true;
		primary_wake_by(primary, now + STARVED_PAUSE);
		return NULL;
	}
	if (target->standing.has_seen)
		notify_sender_on_evidence(&target->courier->sender, target->standing.seen_serial, now);
	return target->courier;
}

/* Tells the target of the newest version, unless it has it. `held`: it is left to others at first. */
static void target_announce(struct primary *primary, struct target *target, bool held)
{
	struct courier *courier = target->courier;

	if (!courier && is_current(primary, target))
		return;
	courier = courier_get(primary, target);
	if (!courier)
		return;
	notify_sender_announce(&courier->sender, primary->serial, clock_now(primary->manage->clock));
	if (held)
		notify_sender_hold(&courier->sender, clock_now(primary->manage->clock) + HELD_FOR);
	if (courier->sender.state == NOTIFY_SETTLED)
		courier_end(target);
	else
		courier_run(courier);
}

/* With notify-first so many, drawn anew each time, are told at once; they pass the word on (relay.h). */
static void targets_announce(struct primary *primary)
{
	uint32_t first = primary->entry->options->notify_first, left = primary->count;

	primary->is_starved = false;
	if (first == 0 || first > left)
		first = left;
	for (uint32_t i = 0; i < primary->count; i++, left--) {
		bool is_first = rng_below(&primary->manage->rng, left) < first;
		first -= is_first;
		target_announce(primary, &primary->targets[i], !is_first);
	}
}

/* Does what is due. */
static void on_timer(void *ctx)
{
	struct primary *primary = ctx;
	struct courier *courier, *next;

	if (primary->is_starved)
		targets_announce(primary);
	cds_list_for_each_entry_safe(courier, next, &primary->couriers, of_primary)
		courier_run(courier);
}

void primary_wake_by(struct primary *primary, usec_t at)
{
	if (at != NOTIFY_NEVER && (!primary->timer->armed || at < primary->timer->deadline))
		loop_timer_at(primary->timer, at);
}

/* Makes of what was seen of a target what is to be done for it. */
static void target_follow(struct primary *primary, struct target *target, uint32_t serial)
{
	usec_t now = clock_now(primary->manage->clock);

	if (!target->courier && is_current(primary, target))
		return;
	if (!target->courier) {      /* it has lost what it had, and is about to fetch it again */
		struct courier *courier = courier_get(primary, target);
		if (!courier)
			return;
		notify_sender_on_evidence(&courier->sender, primary->serial, now);
		notify_sender_announce(&courier->sender, primary->serial, now);
	}
	notify_sender_on_evidence(&target->courier->sender, serial, now);
	if (target->courier->sender.state == NOTIFY_SETTLED)
		courier_end(target);
	else
		primary_wake_by(primary, target->courier->sender.wake_at);
}

void primary_see(struct primary *primary, struct target *target, uint32_t serial, uint16_t by)
{
	bool was_current = is_current(primary, target);

	standing_see(&target->standing, serial, by, clock_wall(primary->manage->clock));
	primary_mark(primary);
	behind_set(primary, primary->behind + was_current - is_current(primary, target));
	target_follow(primary, target, serial);
	watches_look(&primary->watches);
}

struct cds_list_head *primary_watches(struct primary *primary)
{
	return &primary->watches;
}

/* ---- life ------------------------------------------------------------------------------------------------------------------------------ */

static struct target *target_get(const struct primary *primary, const struct remote_options *remote)
{
	for (uint32_t i = 0; i < primary->count; i++) {
		if (remote_options_equal(&primary->targets[i].host->remote, remote))
			return &primary->targets[i];
	}
	return NULL;
}

/* The same, however it is spoken to. */
static struct target *target_at(const struct primary *primary, const struct netaddr *address)
{
	for (uint32_t i = 0; i < primary->count; i++) {
		if (netaddr_equal(&primary->targets[i].host->remote.address, address))
			return &primary->targets[i];
	}
	return NULL;
}

static bool is_address_listed(const struct zone_options *options, const struct netaddr *address)
{
	for (uint32_t i = 0; i < options->notify_count; i++) {
		if (netaddr_equal(&options->notify[i].address, address))
			return true;
	}
	return false;
}

/* Who was taken out of the configuration is forgotten for good. */
static void target_forget(struct primary *primary, const struct target *target)
{
	char name[JOURNAL_STATE_NAME_MAX];
	struct journal_state state = { .name = state_name(&target->host->remote.address, name) };
	int status = journal_state_put(primary->manage->journal, primary->entry->apex, &state);

	if (status != ZT_OK)
		log_warn(primary->manage->log, "zone %s: the state of a former peer stays stored: %s", primary->entry->name, status_text(status));
}

static bool timer_ensure(struct primary *primary)
{
	if (!primary->timer && (primary->timer = malloc(sizeof(*primary->timer))))
		loop_timer_init(primary->timer, primary->manage->loop, on_timer, primary);
	return primary->timer;
}

/* What is known of a server that is new in the list, or is spoken to in another way than before. */
static void target_begin(struct primary *primary, struct target *target)
{
	const struct target *former = target_at(primary, &target->host->remote.address);

	if (former)
		target->standing = former->standing;
	else
		target_restore(primary, target);
}

static void targets_drop(struct primary *primary)
{
	for (uint32_t i = 0; i < primary->count; i++) {
		courier_free(primary->targets[i].courier);
		host_release(primary->targets[i].host);
	}
	free(primary->targets);
	hosts_counts(primary->manage->hosts)->pairs -= primary->count;
	primary->targets = NULL;
	primary->count = 0;
}

/* Puts the new list in the place of the old one. Couriers of servers that stay go on. */
static void targets_adopt(struct primary *primary, struct target *targets, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		struct target *former = target_get(primary, &targets[i].host->remote);
		if (!former) {
			target_begin(primary, &targets[i]);
			continue;
		}
		targets[i].standing = former->standing;
		targets[i].courier = former->courier;
		former->courier = NULL;
		if (targets[i].courier)
			targets[i].courier->target = &targets[i];
	}
	for (uint32_t i = 0; i < primary->count; i++) {
		if (!is_address_listed(primary->entry->options, &primary->targets[i].host->remote.address))
			target_forget(primary, &primary->targets[i]);
	}
	targets_drop(primary);
	primary->targets = targets;
	primary->count = count;
	hosts_counts(primary->manage->hosts)->pairs += count;
	behind_count(primary);
}

/* Makes the targets those of the configuration, in its order. Without memory all stays as it was. */
static int targets_configure(struct primary *primary)
{
	const struct zone_options *options = primary->entry->options;
	struct target *targets = NULL;
	uint32_t count = 0;

	if (options->notify_count > 0 && (!timer_ensure(primary) || !(targets = calloc(options->notify_count, sizeof(*targets)))))
		return ZT_ENOMEM;
	while (count < options->notify_count && (targets[count].host = hosts_acquire(primary->manage->hosts, &options->notify[count])))
		count++;
	if (count < options->notify_count) {
		while (count-- > 0)
			host_release(targets[count].host);
		free(targets);
		return ZT_ENOMEM;
	}
	targets_adopt(primary, targets, count);
	return ZT_OK;
}

int primary_new(struct manage *manage, struct zone_entry *entry, struct primary **out)
{
	struct primary *primary = calloc(1, sizeof(*primary));

	if (!primary)
		return ZT_ENOMEM;
	primary->manage = manage;
	primary->entry = entry;
	CDS_INIT_LIST_HEAD(&primary->couriers);
	CDS_INIT_LIST_HEAD(&primary->watches);
	int status = targets_configure(primary);
	if (status != ZT_OK) {
		primary_free(primary);
		return status;
	}
	strangers_restore(primary);
	*out = entry->primary = primary;
	primary_on_change(manage, entry);
	primary_hold(primary);
	return ZT_OK;
}

void primary_free(struct primary *primary)
{
	if (!primary)
		return;
	watches_fail(&primary->watches);
	if (primary->is_dirty)
		primary_save(primary);
	behind_set(primary, 0);
	targets_drop(primary);
	strangers_free(primary);
	if (primary->timer)
		loop_timer_stop(primary->timer);
	free(primary->timer);
	free(primary);
}

int primary_reconfigure(struct zone_entry *entry)
{
	int status = targets_configure(entry->primary);

	/* New targets are told where we stand. */
	if (status == ZT_OK)
		primary_on_change(entry->primary->manage, entry);
	return status;
}

/* ---- events ---------------------------------------------------------------------------------------------------------------------------- */

void primary_on_change(struct manage *manage, struct zone_entry *entry)
{
	struct primary *primary = entry->primary;
	const struct zone_version *version = zone_current(entry->zone);
	uint32_t serial = zone_version_serial(version);

	(void)manage;
	/* Zones are loaded before anybody is told; primary_new catches up. */
	if (!primary || !zone_version_apex(version))
		return;
	if (primary->has_serial && is_older(serial, primary->serial)) {      /* as in target_restore */
		for (uint32_t i = 0; i < primary->count; i++) {
			primary->targets[i].standing.has_seen = false;
			primary->targets[i].standing.is_dirty = true;
		}
		primary_mark(primary);
	}
	for (uint32_t i = 0; i < primary->count && primary->has_serial; i++) {      /* as in notify_sender_announce */
		struct standing *standing = &primary->targets[i].standing;
		if (!standing->has_seen || !is_older(primary->serial, standing->seen_serial))
			continue;
		standing->has_seen = false;
		standing->is_dirty = true;
		primary_mark(primary);
	}
	primary->has_serial = true;
	primary->serial = serial;
	behind_count(primary);
	targets_announce(primary);
	watches_look(&primary->watches);
}

static bool has_key(const struct target *target, const uint8_t *key)
{
	const struct tsig_key *own = target->host->remote.key;
	return key && own && name_equal(tsig_key_name(own), key);
}

/* The target that asked, where it can be told: a port tells nothing, and two servers on one host are told apart only by their keys. */
static struct target *target_of_peer(const struct primary *primary, const struct evidence_subject *subject)
{
	struct target *found = NULL, *by_key = NULL;
	unsigned count = 0, key_count = 0;

	for (uint32_t i = 0; i < primary->count; i++) {
		struct target *target = &primary->targets[i];
		if (!netaddr_ip_equal(&target->host->remote.address, subject->peer))
			continue;
		found = target;
		count++;
		if (has_key(target, subject->key)) {
			by_key = target;
			key_count++;
		}
	}
	return key_count == 1 ? by_key : count == 1 ? found : NULL;
}

/* One of the targets on this host took a transfer; which one, they must say themselves. False: there are none on it. */
static bool peers_ask(struct primary *primary, const struct netaddr *peer, bool has_fetched)
{
	bool some = false;

	for (uint32_t i = 0; i < primary->count; i++) {
		struct target *target = &primary->targets[i];
		if (!netaddr_ip_equal(&target->host->remote.address, peer))
			continue;
		some = true;
		if (!has_fetched || !target->courier)
			continue;
		notify_sender_ask(&target->courier->sender, clock_now(primary->manage->clock));
		primary_wake_by(primary, target->courier->sender.wake_at);
	}
	return some;
}

static void target_fetched(struct primary *primary, struct target *target, const struct evidence *evidence)
{
	standing_fetch(&target->standing, evidence, clock_wall(primary->manage->clock));
	primary_mark(primary);
	if (!target->courier)
		return;
	target->courier->has_diverged = false;
	notify_sender_on_fetched(&target->courier->sender, evidence->serial, clock_now(primary->manage->clock));
	primary_wake_by(primary, target->courier->sender.wake_at);
}

void primary_on_evidence(struct manage *manage, struct zone_entry *entry, const struct evidence_subject *subject, const struct evidence *evidence)
{
	struct primary *primary = entry->primary;
	struct target *target = primary ? target_of_peer(primary, subject) : NULL;

	if (target && evidence->event == EVIDENCE_HOLDS)
		primary_see(primary, target, evidence->serial, evidence->type);
	else if (target && evidence->event == EVIDENCE_FETCHED)
		target_fetched(primary, target, evidence);
	else if (primary && !target && evidence->event != EVIDENCE_SIGN && !peers_ask(primary, subject->peer, evidence->event == EVIDENCE_FETCHED))
		strangers_note(primary, subject, evidence);
	hosts_on_sign(manage->hosts, subject->peer, evidence->is_proven);
}

void primary_on_request(struct manage *manage, const struct request *request)
{
	struct zone_entry *entry = registry_get(&manage->registry, request->apex);

	if (entry)
		primary_on_evidence(manage, entry, &(struct evidence_subject){ &request->peer, request->has_key ? request->key : NULL, entry->apex },
				    &request->evidence);
}

unsigned primary_requeue(struct zone_entry *entry, const struct netaddr *address)
{
	struct primary *primary = entry->primary;
	usec_t now = clock_now(primary->manage->clock);
	unsigned count = 0;

	for (uint32_t i = 0; i < primary->count && primary->has_serial; i++) {
		struct target *target = &primary->targets[i];
		if (address && !netaddr_equal(&target->host->remote.address, address))
			continue;
		struct courier *courier = courier_get(primary, target);
		if (!courier)
			continue;
		notify_sender_announce(&courier->sender, primary->serial, now);
		notify_sender_requeue(&courier->sender, now);
		courier_run(courier);
		count++;
	}
	return count;
}

void primary_count_at(const struct zone_entry *entry, uint32_t serial, uint32_t *reached, uint32_t *total)
{
	const struct primary *primary = entry->primary;

	*reached = 0;
	*total = primary->count;
	for (uint32_t i = 0; i < primary->count; i++) {
		const struct standing *standing = &primary->targets[i].standing;
		*reached += standing_has_reached(standing, serial) && !primary_is_ahead(primary, standing);
	}
}

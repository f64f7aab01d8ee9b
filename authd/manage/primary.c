/* Telling others about changes. */
#include "authd/manage/primary.h"

#include <stdlib.h>
#include <string.h>
#include <urcu/compiler.h>

#include "authd/manage/outbound.h"
#include "lib/dns/serial.h"
#include "lib/xfr/notify.h"
#include "lib/xfr/xfr_in.h"

enum { MESSAGE_MAX = 1024, TARGET_STATE_SIZE = NOTIFY_STATE_SIZE + 2 + 8 };

/* One server of the zone's notify list. */
struct target {
	struct primary *primary;
	struct remote_options remote;    /* own copy */
	struct notify_sender sender;
	struct outbound_query notify;
	struct outbound_query probe;
	uint16_t seen_by;                /* TYPE_SOA (asked by us), TYPE_IXFR or TYPE_AXFR; 0 = never seen */
	usec_t seen_wall;
};

struct primary {
	struct manage *manage;
	struct zone_entry *entry;
	struct target **targets;
	uint32_t count;
	struct loop_timer *timer;        /* NULL as long as there have been no targets: most zones of very many have none */
};

static void primary_run(struct primary *primary);

/* ---- what outlives a restart ----------------------------------------------------------------------------------------------------- */

static const char *state_name(const struct target *target, char out[JOURNAL_STATE_NAME_MAX])
{
	char address[NETADDR_TEXT_SIZE];
	snprintf(out, JOURNAL_STATE_NAME_MAX, "notify/%s", netaddr_to_text(&target->remote.address, address));
	return out;
}

static void target_save(const struct target *target)
{
	const struct primary *primary = target->primary;
	uint8_t data[TARGET_STATE_SIZE];
	char name[JOURNAL_STATE_NAME_MAX];

	notify_sender_save(&target->sender, data);
	wire_put_u16(data + NOTIFY_STATE_SIZE, target->seen_by);
	wire_put_u64(data + NOTIFY_STATE_SIZE + 2, (uint64_t)target->seen_wall);
	struct journal_state state = { .name = state_name(target, name), .data = data, .len = sizeof(data) };
	int status = journal_state_put(primary->manage->journal, primary->entry->apex, &state);
	if (status != ZT_OK)
		log_warn(primary->manage->log, "zone %s: the state of a peer is not stored: %s; after a restart it would be told once too often", primary->entry->name, status_text(status));
}

static void target_restore(struct target *target)
{
	const struct primary *primary = target->primary;
	char name[JOURNAL_STATE_NAME_MAX];
	struct buf data;

	buf_init(&data);
	int status = journal_state_get(primary->manage->journal, primary->entry->apex, state_name(target, name), &data);
	if (status == ZT_OK && data.len == TARGET_STATE_SIZE)
		status = notify_sender_restore(&target->sender, data.data, NOTIFY_STATE_SIZE, clock_now(primary->manage->clock));
	else if (status == ZT_OK)
		status = ZT_ECORRUPT;
	if (status == ZT_OK) {
		target->seen_by = wire_get_u16(data.data + NOTIFY_STATE_SIZE);
		target->seen_wall = (usec_t)wire_get_u64(data.data + NOTIFY_STATE_SIZE + 2);
	} else {
		notify_sender_init(&target->sender);
	}
	buf_fini(&data);
}

/* ---- messages ---------------------------------------------------------------------------------------------------------------------- */

static void target_seen(struct target *target, uint16_t by)
{
	target->seen_by = by;
	target->seen_wall = clock_wall(target->primary->manage->clock);
	target_save(target);
}

static void on_notify_reply(struct outbound_query *query, const uint8_t *wire, size_t len)
{
	struct target *target = caa_container_of(query, struct target, notify);
	struct primary *primary = target->primary;
	char address[NETADDR_TEXT_SIZE];
	struct message message;

	if (message_read(&message, wire, len) != ZT_OK || !notify_is_reply(&message, query->id, primary->entry->apex))
		return;
	unsigned rcode = message_rcode(&message);
	outbound_query_close(primary->manage->outbound, query);
	if (rcode != RCODE_NOERROR && rcode != target->sender.last_rcode)
		log_warn(primary->manage->log, "zone %s: %s answers NOTIFY with %s; it will not be told of changes until it accepts them from here",
			 primary->entry->name, netaddr_to_text(&target->remote.address, address), rcode_to_text(rcode));
	notify_sender_on_reply(&target->sender, rcode, clock_now(primary->manage->clock));
	primary_run(primary);
}

static void on_probe_reply(struct outbound_query *query, const uint8_t *wire, size_t len)
{
	struct target *target = caa_container_of(query, struct target, probe);
	struct primary *primary = target->primary;
	struct message message;
	uint32_t serial;
	unsigned rcode;

	if (message_read(&message, wire, len) != ZT_OK)
		return;
	int status = soa_reply_read(&message, query->id, primary->entry->apex, &serial, &rcode);
	if (status == ZT_EMALFORMED)
		return;
	outbound_query_close(primary->manage->outbound, query);
	if (status != ZT_OK)
		return;
	notify_sender_on_probe(&target->sender, serial, clock_now(primary->manage->clock));
	target_seen(target, TYPE_SOA);
	primary_run(primary);
}

static void notify_send(struct target *target, bool again)
{
	struct primary *primary = target->primary;
	struct outbound *outbound = primary->manage->outbound;
	const struct zone_version *version = zone_current(primary->entry->zone);
	uint8_t wire[MESSAGE_MAX];
	struct rrset soa;
	size_t len;
	int status = ZT_OK;

	if (!again || !target->notify.open)
		status = outbound_query_open(outbound, &target->notify);
	struct notify_out notify = { target->notify.id, primary->entry->apex, zone_version_soa(version, &soa) ? &soa : NULL };
	if (status == ZT_OK)
		status = notify_write(&notify, wire, sizeof(wire), &len);
	if (status == ZT_OK)
		status = outbound_query_send(outbound, &target->notify, wire, len);
	if (status != ZT_OK) {
		char address[NETADDR_TEXT_SIZE];
		log_warn(primary->manage->log, "zone %s: cannot send NOTIFY to %s: %s; trying again, is there a route to it?", primary->entry->name,
			 netaddr_to_text(&target->remote.address, address), status_text(status));
		notify_sender_on_unreachable(&target->sender, clock_now(primary->manage->clock));
	}
}

static void probe_send(struct target *target)
{
	struct primary *primary = target->primary;
	struct outbound *outbound = primary->manage->outbound;
	uint8_t wire[MESSAGE_MAX];
	size_t len;

	/* A probe that is lost is followed by the next one. */
	int status = outbound_query_open(outbound, &target->probe);
	if (status == ZT_OK)
		status = soa_query_write(wire, sizeof(wire), target->probe.id, primary->entry->apex, &len);
	if (status == ZT_OK)
		status = outbound_query_send(outbound, &target->probe, wire, len);
	if (status != ZT_OK)
		outbound_query_close(outbound, &target->probe);
}

/* Does what is due and sleeps until more is. */
static void primary_run(struct primary *primary)
{
	usec_t now = clock_now(primary->manage->clock), wake_at = NOTIFY_NEVER;

	for (uint32_t i = 0; i < primary->count; i++) {
		struct target *target = primary->targets[i];
		switch (notify_sender_step(&target->sender, now, &primary->manage->rng)) {
		case NOTIFY_WAIT: break;
		case NOTIFY_SEND: notify_send(target, false); break;
		case NOTIFY_RESEND: notify_send(target, true); break;
		case NOTIFY_PROBE: probe_send(target); break;
		}
		if (target->sender.wake_at < wake_at)
			wake_at = target->sender.wake_at;
	}
	if (wake_at != NOTIFY_NEVER)
		loop_timer_at(primary->timer, wake_at);
	else if (primary->timer)
		loop_timer_stop(primary->timer);
}

static void on_timer(void *ctx)
{
	primary_run(ctx);
}

/* ---- life ------------------------------------------------------------------------------------------------------------------------------ */

static struct target *target_new(struct primary *primary, const struct remote_options *remote)
{
	struct target *target = calloc(1, sizeof(*target));

	if (!target)
		return NULL;
	if (remote_options_copy(&target->remote, remote) != ZT_OK) {
		free(target);
		return NULL;
	}
	target->primary = primary;
	target->notify.remote = target->probe.remote = &target->remote;
	target->notify.on_reply = on_notify_reply;
	target->probe.on_reply = on_probe_reply;
	target_restore(target);
	return target;
}

static void target_free(struct target *target)
{
	struct outbound *outbound = target->primary->manage->outbound;

	outbound_query_close(outbound, &target->notify);
	outbound_query_close(outbound, &target->probe);
	remote_options_release(&target->remote);
	free(target);
}

static struct target *target_get(const struct primary *primary, const struct remote_options *remote)
{
	for (uint32_t i = 0; i < primary->count; i++) {
		if (remote_options_equal(&primary->targets[i]->remote, remote))
			return primary->targets[i];
	}
	return NULL;
}

static bool is_listed(const struct zone_options *options, const struct remote_options *remote)
{
	for (uint32_t i = 0; i < options->notify_count; i++) {
		if (remote_options_equal(&options->notify[i], remote))
			return true;
	}
	return false;
}

/* Who was taken out of the configuration is forgotten for good. */
static void target_forget(struct target *target)
{
	char name[JOURNAL_STATE_NAME_MAX];
	struct journal_state state = { .name = state_name(target, name) };
	int status = journal_state_put(target->primary->manage->journal, target->primary->entry->apex, &state);

	if (status != ZT_OK)
		log_warn(target->primary->manage->log, "zone %s: the state of a former peer stays stored: %s", target->primary->entry->name,
			 status_text(status));
	target_free(target);
}

static bool timer_ensure(struct primary *primary)
{
	if (!primary->timer && (primary->timer = malloc(sizeof(*primary->timer))))
		loop_timer_init(primary->timer, primary->manage->loop, on_timer, primary);
	return primary->timer;
}

/* Makes the targets those of the configuration, in its order. Without memory all stays as it was. */
static int targets_configure(struct primary *primary)
{
	const struct zone_options *options = primary->entry->options;
	struct target **targets = NULL;
	uint32_t count = 0;

	if (options->notify_count > 0 && (!timer_ensure(primary) || !(targets = calloc(options->notify_count, sizeof(struct target *)))))
		return ZT_ENOMEM;
	for (uint32_t i = 0; i < options->notify_count; i++) {
		const struct remote_options *remote = &options->notify[i];
		struct target *target = target_get(primary, remote);
		targets[count] = target ? target : target_new(primary, remote);
		if (!targets[count])
			break;
		count++;
	}
	if (count < options->notify_count) {
		while (count-- > 0) {
			if (!target_get(primary, &targets[count]->remote))
				target_free(targets[count]);
		}
		free(targets);
		return ZT_ENOMEM;
	}
	for (uint32_t i = 0; i < primary->count; i++) {
		if (!is_listed(options, &primary->targets[i]->remote))
			target_forget(primary->targets[i]);
	}
	free(primary->targets);
	primary->targets = targets;
	primary->count = count;
	return ZT_OK;
}

int primary_new(struct manage *manage, struct zone_entry *entry, struct primary **out)
{
	struct primary *primary = calloc(1, sizeof(*primary));

	if (!primary)
		return ZT_ENOMEM;
	primary->manage = manage;
	primary->entry = entry;
	int status = targets_configure(primary);
	if (status != ZT_OK) {
		primary_free(primary);
		return status;
	}
	*out = entry->primary = primary;
	primary_on_change(manage, entry);
	return ZT_OK;
}

void primary_free(struct primary *primary)
{
	if (!primary)
		return;
	for (uint32_t i = 0; i < primary->count; i++)
		target_free(primary->targets[i]);
	if (primary->timer)
		loop_timer_stop(primary->timer);
	free(primary->timer);
	free(primary->targets);
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

	/* Zones are loaded before anybody is told; primary_new catches up. */
	if (!primary || !zone_version_apex(version))
		return;
	for (uint32_t i = 0; i < primary->count; i++)
		notify_sender_announce(&primary->targets[i]->sender, zone_version_serial(version), clock_now(manage->clock));
	primary_run(primary);
}

/* The target at the peer's address, where there is only one: a port tells nothing, and two servers on one host can't be told apart. */
static struct target *target_of_peer(const struct primary *primary, const struct netaddr *peer)
{
	struct target *found = NULL;

	for (uint32_t i = 0; i < primary->count; i++) {
		if (!netaddr_ip_equal(&primary->targets[i]->remote.address, peer))
			continue;
		if (found)
			return NULL;
		found = primary->targets[i];
	}
	return found;
}

/* One of the targets on this host took a transfer; which one, they must say themselves. */
static void peers_ask(struct primary *primary, const struct netaddr *peer)
{
	for (uint32_t i = 0; i < primary->count; i++) {
		if (netaddr_ip_equal(&primary->targets[i]->remote.address, peer))
			notify_sender_on_sign(&primary->targets[i]->sender, clock_now(primary->manage->clock));
	}
}

void primary_on_evidence(struct manage *manage, struct zone_entry *entry, const struct primary_evidence *evidence)
{
	struct target *target = entry->primary ? target_of_peer(entry->primary, &evidence->peer) : NULL;
	bool is_question = evidence->type == TYPE_IXFR && !evidence->completed;

	/* A question for the SOA, and the beginning of an AXFR, say nothing of what the peer has. */
	if (!entry->primary || (!is_question && !evidence->completed))
		return;
	if (target) {
		notify_sender_on_evidence(&target->sender, evidence->serial, clock_now(manage->clock));
		target_seen(target, evidence->type);
	} else if (evidence->completed) {
		peers_ask(entry->primary, &evidence->peer);
	}
	primary_run(entry->primary);
}

void primary_on_request(struct manage *manage, const struct request *request)
{
	struct zone_entry *entry = registry_get(&manage->registry, request->apex);
	struct primary_evidence evidence = {
		.peer = request->peer, .type = request->evidence_type, .serial = request->evidence_serial,
		.completed = request->evidence_completed, .bytes = request->evidence_bytes,
	};

	if (entry)
		primary_on_evidence(manage, entry, &evidence);
}

/* ---- status ------------------------------------------------------------------------------------------------------------------------------ */

void primary_count_at(const struct zone_entry *entry, uint32_t serial, uint32_t *reached, uint32_t *total)
{
	const struct primary *primary = entry->primary;

	*reached = 0;
	*total = primary->count;
	for (uint32_t i = 0; i < primary->count; i++)
		*reached += notify_sender_has_reached(&primary->targets[i]->sender, serial);
}

static const char *seen_by_text(const struct target *target)
{
	switch (target->seen_by) {
	case TYPE_SOA: return "soa";
	case TYPE_IXFR: return "ixfr";
	case TYPE_AXFR: return "axfr";
	default: return NULL;
	}
}

/* Why a target is not where it should be. */
static void reason_text(const struct target *target, char *out, size_t size)
{
	const struct notify_sender *sender = &target->sender;

	if (sender->state == NOTIFY_ACKNOWLEDGED)
		snprintf(out, size, "acknowledged NOTIFY, not yet seen with the serial");
	else if (sender->last_rcode != RCODE_NOERROR)
		snprintf(out, size, "answers NOTIFY with %s", rcode_to_text(sender->last_rcode));
	else if (sender->unanswered > 1)
		snprintf(out, size, "no answer to NOTIFY");
	else
		snprintf(out, size, "NOTIFY sent, no answer yet");
}

static json_t *target_json(const struct target *target, uint32_t serial)
{
	const struct manage *manage = target->primary->manage;
	const struct notify_sender *sender = &target->sender;
	bool is_current = notify_sender_has_reached(sender, serial);
	char address[NETADDR_TEXT_SIZE], reason[128], wall[WALL_TEXT_SIZE];
	double wait = (double)(sender->wake_at - clock_now(manage->clock)) / USEC_PER_SEC;

	reason_text(target, reason, sizeof(reason));
	return json_pack("{s:s, s:s, s:o, s:s?, s:s?, s:I, s:o, s:s?}", "peer", netaddr_to_text(&target->remote.address, address), "state",
			 !sender->has_seen ? "unknown" : is_current ? "current" : "behind", "serial",
			 sender->has_seen ? json_integer(sender->seen_serial) : json_null(), "confirmed_at",
			 target->seen_by ? wall_to_text(target->seen_wall, wall) : NULL, "confirmed_by", seen_by_text(target), "tries",
			 (json_int_t)sender->attempts, "next_try_in_s",
			 is_current || sender->wake_at == NOTIFY_NEVER ? json_null() : json_real(wait > 0 ? wait : 0), "reason",
			 is_current ? NULL : reason);
}

json_t *primary_status(const struct zone_entry *entry)
{
	const struct primary *primary = entry->primary;
	uint32_t serial = zone_version_serial(zone_current(entry->zone));
	json_t *list = json_array();

	for (uint32_t i = 0; list && i < primary->count; i++) {
		if (json_array_append_new(list, target_json(primary->targets[i], serial)) != 0) {
			json_decref(list);
			list = NULL;
		}
	}
	return list;
}

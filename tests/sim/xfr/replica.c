/* A server of one zone on a simulated network: how it follows, changes and tells. */
#include "tests/sim/xfr/replica.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "lib/dns/serial.h"
#include "tests/sim/xfr/replica_inner.h"
#include "tests/support/zone_text.h"

enum { SOA_REFRESH = 300, SOA_RETRY = 60, SOA_EXPIRE = 3000, RELAY = 3 };

void replica_broken(struct replica *r, const char *format, ...)
{
	va_list args;

	if (r->broken[0])
		return;
	va_start(args, format);
	vsnprintf(r->broken, sizeof(r->broken), format, args);
	va_end(args);
}

static uint16_t new_id(struct replica *r)
{
	return (uint16_t)rng_u64(&r->rng);
}

static bool is_up(const struct replica *r)
{
	return simnet_is_up(r->net, r->config.node);
}

static usec_t wall_of(const struct replica *r)
{
	return clock_wall(simnet_clock(r->net)) + r->wall_offset;
}

static bool has_zone(const struct replica *r)
{
	return zone_version_apex(zone_current(r->zone)) != NULL;
}

uint32_t replica_serial(const struct replica *r)
{
	return zone_version_serial(zone_current(r->zone));
}

static struct refresh_timers timers_of(const struct replica *r)
{
	const struct replica_config *config = &r->config;
	return (struct refresh_timers){ .serial = replica_serial(r), .refresh = config->soa_refresh, .retry = config->soa_retry, .expire = config->soa_expire };
}

/* ---- what we send by ourselves ------------------------------------------------------------------------------------------------------------ */

static void notify_write_to(struct replica *r, unsigned node, uint16_t id)
{
	uint8_t wire[512];
	struct rrset soa;
	size_t len;
	bool has_soa = zone_version_soa(zone_current(r->zone), &soa);
	struct notify_out notify = { id, replica_apex, has_soa && !r->config.notifies_without_serial ? &soa : NULL };
	int status = notify_write(&notify, wire, sizeof(wire), &len);

	assert(status == ZT_OK);
	simnet_datagram(r->net, r->config.node, node, wire, len);
	r->counters.sent++;
}

static void notify_send(struct replica *r, struct replica_target *target, bool again)
{
	if (!again)
		target->notify_id = new_id(r);
	notify_write_to(r, target->node, target->notify_id);
}

/* Tells some of the group, as authd/manage/relay.c. */
static void relay(struct replica *r, unsigned from)
{
	unsigned members[RELAY];
	struct group_news news = { .serial = replica_serial(r), .from = (int)from, .most = RELAY };
	unsigned count = r->config.member_count > 0 ? group_draw(&r->group, &news, &r->rng, members) : 0;

	for (unsigned i = 0; i < count; i++)
		notify_write_to(r, node_of(r, members[i]), new_id(r));
}

void replica_options_append(const struct replica *r, uint8_t *wire, size_t size, size_t *len)
{
	struct zsync ours = zsync_of_version(zone_current(r->zone), &zone_text_key);
	int status = ZT_OK;

	ours.flags = ZSYNC_RECONCILES;
	if (!r->config.is_foreign)
		status = xfr_edns_append(has_zone(r) ? &ours : NULL, true, wire, size, len);
	assert(status == ZT_OK);
}

/* As secondary_judge in authd/manage/secondary_soa.c. */
struct refresh_peer replica_judge(struct replica *r, const struct xfr_edns *said, uint32_t serial)
{
	struct zsync ours = zsync_of_version(zone_current(r->zone), &zone_text_key);
	struct refresh_peer peer = { .has_expire = said->has_expire, .expire = said->expire };

	if (!said->has_zsync)
		return peer;
	peer.reconciles = said->zsync.flags & ZSYNC_RECONCILES;
	if (said->zsync.serial != serial || !has_zone(r))
		return peer;
	peer.content = zsync_is_same(&said->zsync, &ours) ? REFRESH_CONTENT_SAME : REFRESH_CONTENT_OTHER;
	peer.was_ours = serial_is_newer(ours.serial, serial) &&
			store_has(&r->store, zone_current(r->zone), serial, said->zsync.summary.fingerprint) == ZT_OK;
	return peer;
}

/* is_probe: a plain question of the NOTIFY machine. */
static void soa_ask(struct replica *r, unsigned node, uint16_t id, bool is_probe)
{
	uint8_t wire[512];
	size_t len;

	int status = soa_query_write(wire, sizeof(wire), id, replica_apex, &len);
	assert(status == ZT_OK);
	if (!is_probe)
		replica_options_append(r, wire, sizeof(wire), &len);
	simnet_datagram(r->net, r->config.node, node, wire, len);
	r->counters.sent++;
}

void replica_transfer_drop(struct replica *r)
{
	if (!r->in && !r->repair)
		return;
	simnet_stream_close(r->net, r->stream, r->config.node);
	xfr_in_free(r->in);
	reconcile_client_free(r->repair);
	r->in = NULL;
	r->repair = NULL;
	r->stream = 0;
}

static void transfer_begin(struct replica *r, const struct refresh_action *action)
{
	struct xfr_in_config config = {
		.zone = r->zone, .type = action->kind == REFRESH_IXFR ? TYPE_IXFR : TYPE_AXFR, .id = new_id(r),
		.any_serial = action->any_serial,
	};
	uint8_t wire[512];
	size_t len;

	replica_transfer_drop(r);
	r->ticket = action->ticket;
	r->asked = node_of(r, action->primary);
	r->any_serial = action->any_serial;
	r->asks_for = action->kind;
	r->was_answered = false;
	r->said = (struct xfr_edns){ 0 };
	int status = xfr_in_new(&config, &r->in);
	assert(status == ZT_OK);
	status = xfr_in_query(r->in, wire, sizeof(wire), &len);
	assert(status == ZT_OK);
	replica_options_append(r, wire, sizeof(wire), &len);
	r->stream = simnet_stream_open(r->net, r->config.node, r->asked);
	simnet_stream_send(r->net, r->stream, r->config.node, wire, len);
	r->counters.sent++;
	refresh_on_progress(&r->refresh, r->ticket, now_of(r));
}

void replica_confirm(struct replica *r, usec_t age)
{
	r->has_confirmed = true;
	r->confirmed_wall = wall_of(r) - age;
}

static void perform(struct replica *r, const struct refresh_action *action)
{
	switch (action->kind) {
	case REFRESH_NONE:
		break;
	case REFRESH_QUERY_SOA:
		if (r->ticket != action->ticket || r->soa_id == 0)
			r->soa_id = new_id(r) | 1;
		r->ticket = action->ticket;
		r->asked = node_of(r, action->primary);
		soa_ask(r, r->asked, r->soa_id, false);
		break;
	case REFRESH_IXFR:
	case REFRESH_AXFR:
		r->soa_id = 0;
		transfer_begin(r, action);
		break;
	case REFRESH_CANCEL:
		if (action->ticket == r->ticket) {
			r->soa_id = 0;
			replica_transfer_drop(r);
		}
		break;
	case REFRESH_EXPIRE:
		r->is_expired = true;
		r->counters.expired++;
		break;
	case REFRESH_CONFIRMED:
		for (unsigned i = 0; i < r->config.target_count && r->is_expired; i++)
			notify_sender_requeue(&r->targets[i].sender, now_of(r));
		r->is_expired = false;
		replica_confirm(r, now_of(r) - r->refresh.confirmed_at);
		r->counters.confirmed++;
		break;
	case REFRESH_BEHIND:
		r->counters.behind++;
		break;
	case REFRESH_RECONCILE:
		r->soa_id = 0;
		replica_repair_begin(r, action);
		break;
	case REFRESH_ADOPT:
		r->counters.adopted++;
		break;
	case REFRESH_DIVERGED:
	case REFRESH_DISAGREE:
		r->counters.diverged++;
		break;
	}
}

static usec_t targets_run(struct replica *r)
{
	usec_t wake_at = INT64_MAX;

	for (unsigned i = 0; i < r->config.target_count; i++) {
		struct replica_target *target = &r->targets[i];
		enum notify_action due = notify_sender_step(&target->sender, now_of(r), &r->rng);
		if (due == NOTIFY_PROBE) {
			target->probe_id = new_id(r);
			target->probing = true;
			soa_ask(r, target->node, target->probe_id, true);
		} else if (due != NOTIFY_WAIT) {
			notify_send(r, target, due == NOTIFY_RESEND);
		}
		if (target->sender.wake_at < wake_at)
			wake_at = target->sender.wake_at;
	}
	return wake_at;
}

void replica_run(struct replica *r)
{
	struct refresh_action action;

	if (!is_up(r))
		return;
	while (r->config.primary_count > 0 && refresh_step(&r->refresh, now_of(r), &action))
		perform(r, &action);
	usec_t wake_at = targets_run(r);
	if (r->config.primary_count > 0 && refresh_wake_at(&r->refresh) < wake_at)
		wake_at = refresh_wake_at(&r->refresh);
	simnet_wake(r->net, r->config.node, wake_at);
}

/* ---- datagrams ---------------------------------------------------------------------------------------------------------------------------------- */

struct replica_target *replica_target_of(struct replica *r, unsigned node)
{
	for (unsigned i = 0; i < r->config.target_count; i++) {
		if (r->targets[i].node == node)
			return &r->targets[i];
	}
	return NULL;
}

/* A question came from there (authd/manage/hosts.c). */
static void replica_sign(struct replica *r, unsigned node)
{
	struct replica_target *target = replica_target_of(r, node);

	if (target)
		notify_sender_on_sign(&target->sender, now_of(r));
}

void replica_evidence(struct replica *r, unsigned node, uint32_t serial)
{
	struct replica_target *target = replica_target_of(r, node);

	if (!target)
		return;
	notify_sender_on_evidence(&target->sender, serial, now_of(r));
	target->has_seen = true;
	target->seen_serial = serial;
	target->told_serial = replica_serial(r);
}

static void on_reply(struct replica *r, unsigned from, const struct message *message)
{
	struct replica_target *target = replica_target_of(r, from);
	uint32_t serial = 0;
	unsigned rcode;

	if (flags_opcode(message->flags) == OPCODE_NOTIFY) {
		if (target && notify_is_reply(message, target->notify_id, replica_apex))
			notify_sender_on_reply(&target->sender, message_rcode(message), now_of(r));
		return;
	}
	if (r->soa_id && from == r->asked && message->id == r->soa_id) {
		int status = soa_reply_read(message, r->soa_id, replica_apex, &serial, &rcode);
		struct xfr_edns said;
		r->soa_id = 0;
		xfr_edns_read(message, &said);
		struct refresh_peer peer = replica_judge(r, &said, serial);
		if (status == ZT_OK)
			refresh_on_peer(&r->refresh, r->ticket, &peer);
		if (status == ZT_OK)
			refresh_on_soa(&r->refresh, r->ticket, serial, now_of(r));
		else
			refresh_on_soa_failed(&r->refresh, r->ticket, now_of(r));
	} else if (target && target->probing && soa_reply_read(message, target->probe_id, replica_apex, &serial, &rcode) == ZT_OK) {
		target->probing = false;
		notify_sender_on_probe(&target->sender, serial, now_of(r));
		replica_evidence(r, from, serial);
	}
}

static void on_datagram(void *ctx, unsigned from, const uint8_t *data, size_t len)
{
	struct replica *r = ctx;
	struct message message;

	int status = message_read(&message, data, len);
	assert(status == ZT_OK);
	if (!(message.flags & FLAG_QR))
		replica_sign(r, from);
	if (message.flags & FLAG_QR)
		on_reply(r, from, &message);
	else if (flags_opcode(message.flags) == OPCODE_NOTIFY)
		replica_answer_notify(r, from, &message);
	else
		replica_answer_soa(r, from, &message);
	replica_run(r);
}

/* ---- streams ------------------------------------------------------------------------------------------------------------------------------------- */

void replica_received(struct replica *r, struct zone_edit *edit, unsigned *counter)
{
	struct refresh_peer peer = { .has_expire = r->said.has_expire, .expire = r->said.expire };

	if (!replica_commit(r, edit, r->any_serial))
		return;
	struct refresh_timers timers = timers_of(r);
	++*counter;
	relay(r, r->refresh.primary);
	r->is_expired = false;
	refresh_on_peer(&r->refresh, r->ticket, &peer);
	refresh_on_committed(&r->refresh, r->ticket, &timers, now_of(r));
}

static void ladder_down(struct replica *r, enum refresh_failure failure)
{
	struct refresh_peer peer = replica_judge(r, &r->said, r->said.zsync.serial);

	refresh_on_peer(&r->refresh, r->ticket, &peer);
	refresh_on_failed(&r->refresh, r->ticket, failure, now_of(r));
}

/* Keeps what the first message says besides. Whether it holds one record and no more. */
static bool first_message_read(struct replica *r, const uint8_t *data, size_t len)
{
	struct message message;

	if (message_read(&message, data, len) != ZT_OK)
		return false;
	xfr_edns_read(&message, &r->said);
	return message.count[SECTION_ANSWER] == 1;
}

static void on_transfer_message(struct replica *r, const uint8_t *data, size_t len)
{
	bool is_soa_alone = !r->was_answered && first_message_read(r, data, len);

	r->was_answered = true;
	refresh_on_progress(&r->refresh, r->ticket, now_of(r));
	enum xfr_in_result result = xfr_in_message(r->in, data, len);
	if (result == XFR_IN_MORE && is_soa_alone && r->asks_for == REFRESH_IXFR && r->said.has_zsync && (r->said.zsync.flags & ZSYNC_RECONCILES)) {
		ladder_down(r, REFRESH_FAILED_ANSWER);
		replica_transfer_drop(r);
		return;
	}
	switch (result) {
	case XFR_IN_MORE:
		return;
	case XFR_IN_DONE:
		replica_received(r, xfr_in_take_edit(r->in), xfr_in_style(r->in) == XFR_IN_WHOLE ? &r->counters.axfr : &r->counters.ixfr);
		break;
	case XFR_IN_CURRENT: {
		struct refresh_peer peer = replica_judge(r, &r->said, xfr_in_serial(r->in));
		refresh_on_peer(&r->refresh, r->ticket, &peer);
		refresh_on_current(&r->refresh, r->ticket, xfr_in_serial(r->in), now_of(r));
		break;
	}
	case XFR_IN_RETRY_TCP:
	case XFR_IN_FAILED:
		r->counters.failed++;
		ladder_down(r, REFRESH_FAILED_ANSWER);
		break;
	}
	replica_transfer_drop(r);
}

static void on_message(void *ctx, uint64_t stream, unsigned from, const uint8_t *data, size_t len)
{
	struct replica *r = ctx;
	struct message query;

	bool is_ours = (r->in || r->repair) && stream == r->stream;
	if (!is_ours)
		replica_sign(r, from);
	if (is_ours && r->in)
		on_transfer_message(r, data, len);
	else if (is_ours)
		replica_repair_message(r, data, len);
	else if (len >= 12 && !(wire_get_u16(data + 2) & FLAG_QR) && message_read(&query, data, len) == ZT_OK)
		query.qtype == RECONCILE_TYPE ? replica_answer_repair(r, stream, &query) : replica_answer_transfer(r, stream, from, &query);
	replica_run(r);
}

static void on_close(void *ctx, uint64_t stream, unsigned from)
{
	struct replica *r = ctx;
	(void)from;

	if ((!r->in && !r->repair) || stream != r->stream)
		return;
	r->counters.failed++;
	/* As connection_failed in authd/manage/secondary_transfer.c. */
	enum refresh_failure failure = r->was_answered ? REFRESH_FAILED_ANSWER : REFRESH_FAILED_CONNECT;
	replica_transfer_drop(r);
	ladder_down(r, failure);
	replica_run(r);
}

static void on_wake(void *ctx)
{
	replica_run(ctx);
}

/* ---- life ---------------------------------------------------------------------------------------------------------------------------------------------- */

static void machines_begin(struct replica *r)
{
	usec_t age = wall_of(r) - r->confirmed_wall;

	for (unsigned i = 0; i < r->config.target_count; i++) {
		struct replica_target *target = &r->targets[i];
		target->node = r->config.targets[i];
		target->probing = false;
		notify_sender_init(&target->sender);
		/* As authd does: serials that went back tell of another line of versions. */
		bool is_back = has_zone(r) && serial_is_newer(target->told_serial, replica_serial(r));
		if (target->has_seen && !is_back)
			notify_sender_on_evidence(&target->sender, target->seen_serial, now_of(r));
	}
	if (has_zone(r))
		replica_announce(r);
	r->ticket = 0;
	r->soa_id = 0;
	r->is_expired = false;
	if (r->config.primary_count == 0)
		return;
	struct refresh_start start = {
		.has_zone = has_zone(r), .has_confirmed = has_zone(r) && r->has_confirmed, .confirmed_age = age > 0 ? age : 0, .timers = timers_of(r),
	};
	refresh_init(&r->refresh, r->config.primary_count, &start, &r->rng, now_of(r));
	refresh_set_adopts(&r->refresh, r->config.adopts);
	group_fini(&r->group);
	int status = group_init(&r->group, r->config.primary_count, r->config.member_count);
	assert(status == ZT_OK);
	if (r->config.member_count > 0)
		refresh_set_group(&r->refresh, &r->group);
}

static void zone_begin(struct replica *r)
{
	int status = zone_new(replica_apex, &zone_text_key, &r->zone);
	assert(status == ZT_OK);
}

void replica_init(struct replica *r, struct simnet *net, const struct replica_config *config)
{
	struct simnet_node handler = {
		.ctx = r, .on_datagram = on_datagram, .on_wake = on_wake, .on_message = on_message, .on_close = on_close,
	};

	memset(r, 0, sizeof(*r));
	r->net = net;
	r->config = *config;
	if (config->soa_refresh == 0) {
		r->config.soa_refresh = SOA_REFRESH;
		r->config.soa_retry = SOA_RETRY;
		r->config.soa_expire = SOA_EXPIRE;
	}
	rng_seed(&r->rng, config->seed + config->node);
	store_init(&r->store, config->history_max, config->has_journal);
	zone_begin(r);
	simnet_node(net, config->node, &handler);
	machines_begin(r);
	replica_run(r);
}

void replica_fini(struct replica *r)
{
	replica_transfer_drop(r);
	zone_edit_abort(r->stored);
	group_fini(&r->group);
	store_fini(&r->store);
	zone_free(r->zone);
	if (r->backup)
		zone_free(r->backup);
}

void replica_crash(struct replica *r)
{
	simnet_set_up(r->net, r->config.node, false);
	r->counters.crashes++;
	r->crash_at = REPLICA_SOUND;
	/* The commit that crashed has its edit already; the transfer is free to go. */
	replica_transfer_drop(r);
}

void replica_restart(struct replica *r)
{
	if (r->store.is_real) {
		zone_edit_abort(r->stored);
		zone_free(r->zone);
		zone_begin(r);
		store_load(&r->store, r->zone);
	} else if (r->stored) {
		zone_edit_publish(r->stored);
	}
	r->stored = NULL;
	simnet_set_up(r->net, r->config.node, true);
	machines_begin(r);
	replica_run(r);
}

void replica_lose_all(struct replica *r)
{
	zone_edit_abort(r->stored);
	r->stored = NULL;
	store_lose_all(&r->store);
	zone_free(r->zone);
	zone_begin(r);
	r->has_confirmed = false;
	for (unsigned i = 0; i < r->config.target_count; i++)
		r->targets[i].has_seen = false;
}

void replica_force_refresh(struct replica *r)
{
	refresh_force(&r->refresh);
	replica_run(r);
}

void replica_force_retransfer(struct replica *r)
{
	refresh_force_axfr(&r->refresh, now_of(r));
	replica_run(r);
}

bool replica_is_settled(const struct replica *r, const struct replica *others)
{
	for (unsigned i = 0; i < r->config.target_count; i++) {
		if (!others[r->targets[i].node].is_dead && !notify_sender_has_reached(&r->targets[i].sender, replica_serial(r)))
			return false;
	}
	return true;
}

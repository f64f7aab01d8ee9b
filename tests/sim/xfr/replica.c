/* A server of one zone on a simulated network. */
#include "tests/sim/xfr/replica.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/dns/serial.h"
#include "lib/dns/writer.h"
#include "tests/support/zone_text.h"

enum { SOA_REFRESH = 300, SOA_RETRY = 60, SOA_EXPIRE = 3000 };

static const uint8_t apex[] = "\7example";

static void replica_run(struct replica *r);

static usec_t now_of(const struct replica *r)
{
	return simnet_now(r->net);
}

static bool happens(struct replica *r, double probability)
{
	return probability > 0 && rng_unit(simnet_rng(r->net)) < probability;
}

static uint16_t new_id(struct replica *r)
{
	return (uint16_t)rng_u64(simnet_rng(r->net));
}

uint32_t replica_serial(const struct replica *r)
{
	return zone_version_serial(zone_current(r->zone));
}

/* ---- versions ------------------------------------------------------------------------------------------------------------------------- */

static void history_drop_oldest(struct replica *r)
{
	changeset_fini(&r->history[0]);
	r->history_count--;
	memmove(&r->history[0], &r->history[1], r->history_count * sizeof(r->history[0]));
}

static void announce(struct replica *r)
{
	for (unsigned i = 0; i < r->config.target_count; i++)
		notify_sender_announce(&r->targets[i].sender, replica_serial(r), now_of(r));
}

/* Publishes the edit and keeps its difference. The serial must move forward. */
static void commit(struct replica *r, struct zone_edit *edit)
{
	bool is_first = !zone_version_apex(zone_current(r->zone));
	uint32_t before = replica_serial(r);

	if (!is_first && r->config.history_max > 0) {
		if (r->history_count == r->config.history_max)
			history_drop_oldest(r);
		struct changeset *change = &r->history[r->history_count++];
		changeset_init(change);
		ck_assert_int_eq(zone_edit_changeset(edit, change), ZT_OK);
	}
	zone_edit_publish(edit);
	ck_assert_msg(is_first || serial_is_newer(replica_serial(r), before), "node %u: serial goes from %u to %u", r->config.node, before,
		      replica_serial(r));
	announce(r);
}

static void soa_put(struct zone_edit *edit, uint32_t serial)
{
	uint8_t rdata[] = "\2ns\7example\0\4mail\7example\0" "ssss" "rrrr" "tttt" "eeee" "\0\0\1\54";
	uint8_t set_bytes[2 + sizeof(rdata)];
	uint16_t len = sizeof(rdata) - 1;

	wire_put_u32(rdata + len - 20, serial);
	wire_put_u32(rdata + len - 16, SOA_REFRESH);
	wire_put_u32(rdata + len - 12, SOA_RETRY);
	wire_put_u32(rdata + len - 8, SOA_EXPIRE);
	memcpy(set_bytes, &len, 2);
	memcpy(set_bytes + 2, rdata, len);
	struct rrset set = { .type = TYPE_SOA, .count = 1, .ttl = 300, .rdata = set_bytes, .rdata_size = 2u + len };
	ck_assert_int_eq(zone_edit_put_rrset(edit, apex, &set), ZT_OK);
}

static void name_of(uint8_t out[NAME_MAX_LEN], unsigned number)
{
	char text[64];
	snprintf(text, sizeof(text), "host-%u.example.", number);
	ck_assert_int_eq(name_from_text(out, text, NULL), ZT_OK);
}

/* Puts or takes one address of a random host. */
static void address_toggle(struct replica *r, struct zone_edit *edit)
{
	uint8_t name[NAME_MAX_LEN], address[4] = { 10, 0, 0, (uint8_t)rng_below(simnet_rng(r->net), 4) };
	uint32_t ttl = rng_below(simnet_rng(r->net), 8) ? 300 : 60;

	name_of(name, (unsigned)rng_below(simnet_rng(r->net), 60));
	int status = zone_edit_remove(edit, name, TYPE_A, address, 4);
	if (status == ZT_ENOENT)
		status = zone_edit_add(edit, &(struct change_record){ name, TYPE_A, ttl, address, 4 });
	ck_assert_int_eq(status, ZT_OK);
}

void replica_fill(struct replica *r, uint32_t serial, unsigned records)
{
	struct zone_edit *edit;
	uint8_t name[NAME_MAX_LEN];

	ck_assert_int_eq(zone_edit_begin(r->zone, &edit), ZT_OK);
	soa_put(edit, serial);
	ck_assert_int_eq(zone_edit_add(edit, &(struct change_record){ apex, TYPE_NS, 300, (const uint8_t *)"\2ns\7example", 12 }), ZT_OK);
	for (unsigned i = 0; i < records; i++) {
		name_of(name, i);
		ck_assert_int_eq(zone_edit_add(edit, &(struct change_record){ name, TYPE_A, 300, (const uint8_t *)"\12\0\0\1", 4 }), ZT_OK);
	}
	commit(r, edit);
	replica_run(r);
}

void replica_change(struct replica *r)
{
	struct rng *rng = simnet_rng(r->net);
	struct zone_edit *edit;
	unsigned count = 1 + (unsigned)rng_below(rng, 5);
	/* Mostly the next serial, at times a leap; all leaps of a test together must stay below 2^31 (RFC 1982). */
	uint32_t leap = rng_below(rng, 4) ? 1 : 1 + (uint32_t)rng_below(rng, 0x1000000);

	ck_assert_int_eq(zone_edit_begin(r->zone, &edit), ZT_OK);
	for (unsigned i = 0; i < count; i++)
		address_toggle(r, edit);
	soa_put(edit, replica_serial(r) + leap);
	commit(r, edit);
	replica_run(r);
}

/* ---- what we send by ourselves ------------------------------------------------------------------------------------------------------------ */

static void notify_send(struct replica *r, struct replica_target *target, bool again)
{
	uint8_t wire[512];
	struct rrset soa;
	size_t len;
	bool has_soa = zone_version_soa(zone_current(r->zone), &soa);

	if (!again)
		target->notify_id = new_id(r);
	struct notify_out notify = { target->notify_id, apex, has_soa && !r->config.notifies_without_serial ? &soa : NULL };
	ck_assert_int_eq(notify_write(&notify, wire, sizeof(wire), &len), ZT_OK);
	simnet_datagram(r->net, r->config.node, target->node, wire, len);
}

static void soa_ask(struct replica *r, unsigned node, uint16_t id)
{
	uint8_t wire[512];
	size_t len;

	ck_assert_int_eq(soa_query_write(wire, sizeof(wire), id, apex, &len), ZT_OK);
	simnet_datagram(r->net, r->config.node, node, wire, len);
}

static void transfer_drop(struct replica *r)
{
	if (!r->in)
		return;
	simnet_stream_close(r->net, r->stream, r->config.node);
	xfr_in_free(r->in);
	r->in = NULL;
	r->stream = 0;
}

static void transfer_begin(struct replica *r, const struct refresh_action *action)
{
	struct xfr_in_config config = {
		.zone = r->zone, .key = &zone_text_key, .type = action->kind == REFRESH_IXFR ? TYPE_IXFR : TYPE_AXFR, .id = new_id(r),
		.any_serial = action->any_serial,
	};
	uint8_t wire[512];
	size_t len;

	transfer_drop(r);
	r->ticket = action->ticket;
	r->asked = r->config.primaries[action->primary];
	ck_assert_int_eq(xfr_in_new(&config, &r->in), ZT_OK);
	ck_assert_int_eq(xfr_in_query(r->in, wire, sizeof(wire), &len), ZT_OK);
	r->stream = simnet_stream_open(r->net, r->config.node, r->asked);
	simnet_stream_send(r->net, r->stream, r->config.node, wire, len);
	refresh_on_progress(&r->refresh, r->ticket, now_of(r));
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
		r->asked = r->config.primaries[action->primary];
		soa_ask(r, r->asked, r->soa_id);
		break;
	case REFRESH_IXFR:
	case REFRESH_AXFR:
		r->soa_id = 0;
		transfer_begin(r, action);
		break;
	case REFRESH_CANCEL:
		if (action->ticket == r->ticket) {
			r->soa_id = 0;
			transfer_drop(r);
		}
		break;
	case REFRESH_EXPIRE:
		r->is_expired = true;
		r->counters.expired++;
		break;
	case REFRESH_CONFIRMED:
		r->is_expired = false;
		r->has_confirmed = true;
		r->confirmed_at = now_of(r);
		r->counters.confirmed++;
		break;
	case REFRESH_BEHIND:
		r->counters.behind++;
		break;
	}
}

static void replica_run(struct replica *r)
{
	usec_t wake_at = INT64_MAX;
	struct refresh_action action;

	if (!simnet_is_up(r->net, r->config.node))
		return;
	if (r->config.primary_count > 0) {
		while (refresh_step(&r->refresh, now_of(r), &action))
			perform(r, &action);
		wake_at = refresh_wake_at(&r->refresh);
	}
	for (unsigned i = 0; i < r->config.target_count; i++) {
		struct replica_target *target = &r->targets[i];
		enum notify_action due = notify_sender_step(&target->sender, now_of(r), simnet_rng(r->net));
		if (due == NOTIFY_PROBE) {
			target->probe_id = new_id(r);
			target->probing = true;
			soa_ask(r, target->node, target->probe_id);
		} else if (due != NOTIFY_WAIT) {
			notify_send(r, target, due == NOTIFY_RESEND);
		}
		if (target->sender.wake_at < wake_at)
			wake_at = target->sender.wake_at;
	}
	simnet_wake(r->net, r->config.node, wake_at);
}

/* ---- datagrams ---------------------------------------------------------------------------------------------------------------------------------- */

static int primary_of(const struct replica *r, unsigned node)
{
	for (unsigned i = 0; i < r->config.primary_count; i++) {
		if (r->config.primaries[i] == node)
			return (int)i;
	}
	return -1;
}

static struct replica_target *target_of(struct replica *r, unsigned node)
{
	for (unsigned i = 0; i < r->config.target_count; i++) {
		if (r->targets[i].node == node)
			return &r->targets[i];
	}
	return NULL;
}

static void evidence(struct replica *r, unsigned node, uint32_t serial)
{
	struct replica_target *target = target_of(r, node);

	if (!target)
		return;
	notify_sender_on_evidence(&target->sender, serial, now_of(r));
	notify_sender_save(&target->sender, target->saved);
	target->has_saved = true;
}

static void on_reply(struct replica *r, unsigned from, const struct message *message)
{
	struct replica_target *target = target_of(r, from);
	uint32_t serial;
	unsigned rcode;

	if (flags_opcode(message->flags) == OPCODE_NOTIFY) {
		if (target && notify_is_reply(message, target->notify_id, apex))
			notify_sender_on_reply(&target->sender, message_rcode(message), now_of(r));
		return;
	}
	if (r->soa_id && from == r->asked && message->id == r->soa_id) {
		int status = soa_reply_read(message, r->soa_id, apex, &serial, &rcode);
		r->soa_id = 0;
		if (status == ZT_OK)
			refresh_on_soa(&r->refresh, r->ticket, serial, now_of(r));
		else
			refresh_on_soa_failed(&r->refresh, r->ticket, now_of(r));
	} else if (target && target->probing && soa_reply_read(message, target->probe_id, apex, &serial, &rcode) == ZT_OK) {
		target->probing = false;
		notify_sender_on_probe(&target->sender, serial, now_of(r));
		evidence(r, from, serial);
	}
}

static void on_soa_query(struct replica *r, unsigned from, const struct message *query)
{
	struct message_writer writer;
	uint8_t wire[512];
	struct rrset soa;
	bool has_soa = zone_version_soa(zone_current(r->zone), &soa) && !r->is_expired;

	message_writer_init(&writer, wire, sizeof(wire), query->id, (uint16_t)(FLAG_QR | (has_soa ? FLAG_AA : RCODE_SERVFAIL)));
	ck_assert_int_eq(message_write_question(&writer, query->qname, query->qtype, query->qclass), ZT_OK);
	if (has_soa) {
		struct record_out record = { .owner = apex, .type = TYPE_SOA, .rr_class = CLASS_IN, .ttl = soa.ttl };
		const uint8_t *at = soa.rdata;
		ck_assert(rrset_next(&soa, &at, &record.rdata, &record.rdata_len));
		ck_assert_int_eq(message_write_record(&writer, SECTION_ANSWER, &record), ZT_OK);
	}
	simnet_datagram(r->net, r->config.node, from, wire, message_writer_finish(&writer));
}

static void on_notify(struct replica *r, unsigned from, const struct message *query)
{
	struct notify notify;
	uint8_t wire[512];
	size_t len;

	ck_assert_int_eq(notify_read(query, &notify), ZT_OK);
	ck_assert_int_eq(notify_reply_write(wire, sizeof(wire), query, RCODE_NOERROR, &len), ZT_OK);
	simnet_datagram(r->net, r->config.node, from, wire, len);
	refresh_on_notify(&r->refresh, primary_of(r, from), notify.has_serial ? &notify.serial : NULL, now_of(r));
}

static void on_datagram(void *ctx, unsigned from, const uint8_t *data, size_t len)
{
	struct replica *r = ctx;
	struct message message;

	ck_assert_int_eq(message_read(&message, data, len), ZT_OK);
	if (message.flags & FLAG_QR)
		on_reply(r, from, &message);
	else if (flags_opcode(message.flags) == OPCODE_NOTIFY)
		on_notify(r, from, &message);
	else
		on_soa_query(r, from, &message);
	replica_run(r);
}

/* ---- streams ------------------------------------------------------------------------------------------------------------------------------------- */

static void on_transfer_message(struct replica *r, const uint8_t *data, size_t len)
{
	enum xfr_in_result result = xfr_in_message(r->in, data, len);

	refresh_on_progress(&r->refresh, r->ticket, now_of(r));
	if (result == XFR_IN_MORE)
		return;
	if (result == XFR_IN_DONE) {
		bool whole = xfr_in_style(r->in) == XFR_IN_WHOLE;
		commit(r, xfr_in_take_edit(r->in));
		struct refresh_timers timers = { .serial = replica_serial(r), .refresh = SOA_REFRESH, .retry = SOA_RETRY, .expire = SOA_EXPIRE };
		r->counters.axfr += whole;
		r->counters.ixfr += !whole;
		r->is_expired = false;
		r->has_confirmed = true;
		r->confirmed_at = now_of(r);
		refresh_on_committed(&r->refresh, r->ticket, &timers, now_of(r));
	} else if (result == XFR_IN_CURRENT) {
		refresh_on_current(&r->refresh, r->ticket, xfr_in_serial(r->in), now_of(r));
	} else {
		r->counters.failed++;
		refresh_on_failed(&r->refresh, r->ticket, REFRESH_FAILED_ANSWER, now_of(r));
	}
	transfer_drop(r);
}

/* The differences from a serial on; false where the history does not reach. */
static bool history_gather(const struct replica *r, uint32_t serial, struct xfr_history *history)
{
	uint32_t from;
	unsigned i = 0;

	while (i < r->history_count && !(changeset_from_serial(&r->history[i], &from) && from == serial))
		i++;
	if (i == r->history_count)
		return false;
	for (; i < r->history_count; i++) {
		if (xfr_history_add(history, &r->history[i]) != ZT_OK)
			return false;
	}
	return true;
}

static void error_send(struct replica *r, uint64_t stream, const struct message *query, enum rcode rcode)
{
	struct message_writer writer;
	uint8_t wire[512];

	message_writer_init(&writer, wire, sizeof(wire), query->id, (uint16_t)(FLAG_QR | rcode));
	ck_assert_int_eq(message_write_question(&writer, query->qname, query->qtype, query->qclass), ZT_OK);
	simnet_stream_send(r->net, stream, r->config.node, wire, message_writer_finish(&writer));
}

static void messages_send(struct replica *r, uint64_t stream, struct xfr_out *out)
{
	uint8_t wire[512];
	size_t len;
	int status;

	while ((status = xfr_out_next(out, wire, &len)) == ZT_OK) {
		if (happens(r, r->config.sends_garbage))
			len -= 1 + rng_below(simnet_rng(r->net), len - 12);
		simnet_stream_send(r->net, stream, r->config.node, wire, len);
	}
	ck_assert_int_eq(status, ZT_EDONE);
}

static void on_transfer_query(struct replica *r, uint64_t stream, unsigned from, const uint8_t *data, size_t len)
{
	struct message query;
	struct xfr_out_config config = { .query = &query, .version = zone_current(r->zone), .message_size = 512 };
	struct xfr_history history;
	struct xfr_out *out;

	ck_assert_int_eq(message_read(&query, data, len), ZT_OK);
	if (!zone_version_apex(config.version) || r->is_expired || (query.qtype == TYPE_IXFR && happens(r, r->config.refuses_ixfr))) {
		error_send(r, stream, &query, rng_below(simnet_rng(r->net), 2) ? RCODE_SERVFAIL : RCODE_NOTIMP);
		return;
	}
	xfr_history_init(&history, zone_version_record_count(config.version), rng_below(simnet_rng(r->net), 2));
	if (query.qtype == TYPE_IXFR) {
		ck_assert_int_eq(xfr_client_serial(&query, &config.client_serial), ZT_OK);
		evidence(r, from, config.client_serial);
		if (history_gather(r, config.client_serial, &history))
			config.history = &history;
	}
	ck_assert_int_eq(xfr_out_new(&config, &out), ZT_OK);
	messages_send(r, stream, out);
	xfr_out_free(out);
	xfr_history_fini(&history);
}

static void on_message(void *ctx, uint64_t stream, unsigned from, const uint8_t *data, size_t len)
{
	struct replica *r = ctx;

	if (!r->in || stream != r->stream) {
		if (len >= 12 && !(wire_get_u16(data + 2) & FLAG_QR))
			on_transfer_query(r, stream, from, data, len);
	} else {
		on_transfer_message(r, data, len);
	}
	replica_run(r);
}

static void on_close(void *ctx, uint64_t stream, unsigned from)
{
	struct replica *r = ctx;
	(void)from;

	if (!r->in || stream != r->stream)
		return;
	r->counters.failed++;
	transfer_drop(r);
	refresh_on_failed(&r->refresh, r->ticket, REFRESH_FAILED_CONNECT, now_of(r));
	replica_run(r);
}

static void on_wake(void *ctx)
{
	replica_run(ctx);
}

/* ---- life ---------------------------------------------------------------------------------------------------------------------------------------------- */

static void machines_begin(struct replica *r)
{
	for (unsigned i = 0; i < r->config.target_count; i++) {
		struct replica_target *target = &r->targets[i];
		target->node = r->config.targets[i];
		target->probing = false;
		notify_sender_init(&target->sender);
		if (target->has_saved)
			ck_assert_int_eq(notify_sender_restore(&target->sender, target->saved, sizeof(target->saved), now_of(r)), ZT_OK);
	}
	if (zone_version_apex(zone_current(r->zone)))
		announce(r);
	if (r->config.primary_count == 0)
		return;
	struct refresh_start start = {
		.has_zone = zone_version_apex(zone_current(r->zone)) != NULL, .has_confirmed = r->has_confirmed,
		.confirmed_age = now_of(r) - r->confirmed_at,
		.timers = { .serial = replica_serial(r), .refresh = SOA_REFRESH, .retry = SOA_RETRY, .expire = SOA_EXPIRE },
	};
	refresh_init(&r->refresh, r->config.primary_count, &start, simnet_rng(r->net), now_of(r));
	r->ticket = 0;
	r->soa_id = 0;
}

void replica_init(struct replica *r, struct simnet *net, const struct replica_config *config)
{
	struct simnet_node handler = {
		.ctx = r, .on_datagram = on_datagram, .on_wake = on_wake, .on_message = on_message, .on_close = on_close,
	};

	memset(r, 0, sizeof(*r));
	r->net = net;
	r->config = *config;
	ck_assert_uint_le(config->history_max, REPLICA_HISTORY_MAX);
	ck_assert_int_eq(zone_new(apex, &zone_text_key, &r->zone), ZT_OK);
	simnet_node(net, config->node, &handler);
	machines_begin(r);
	replica_run(r);
}

void replica_fini(struct replica *r)
{
	transfer_drop(r);
	while (r->history_count > 0)
		history_drop_oldest(r);
	zone_free(r->zone);
}

void replica_crash(struct replica *r)
{
	simnet_set_up(r->net, r->config.node, false);
	transfer_drop(r);
}

void replica_restart(struct replica *r)
{
	simnet_set_up(r->net, r->config.node, true);
	machines_begin(r);
	replica_run(r);
}

void replica_force_refresh(struct replica *r)
{
	refresh_force(&r->refresh);
	replica_run(r);
}

bool replica_is_settled(const struct replica *r)
{
	for (unsigned i = 0; i < r->config.target_count; i++) {
		if (!notify_sender_has_reached(&r->targets[i].sender, replica_serial(r)))
			return false;
	}
	return true;
}

/* What a simulated server answers. */
#include <assert.h>
#include <limits.h>

#include "lib/dns/writer.h"
#include "lib/xfr/xfr_out.h"
#include "tests/sim/xfr/replica_inner.h"
#include "tests/support/zone_text.h"

enum { MESSAGE_SIZE = 512 };

static bool serves(const struct replica *r)
{
	return zone_version_apex(zone_current(r->zone)) && !r->is_expired;
}

/* ---- options --------------------------------------------------------------------------------------------------------------------------- */

/* What was asked for: how long the zone is good for here, and what it is. Returns the length. */
static uint16_t options_write(const struct replica *r, const struct message *query, uint8_t flags, uint8_t out[XFR_OUT_OPTIONS_MAX])
{
	struct wcursor cur = wcursor_over(out, XFR_OUT_OPTIONS_MAX);
	struct zsync theirs, ours = zsync_of_version(zone_current(r->zone), &zone_text_key);
	uint8_t option[ZSYNC_OPTION_LEN];

	if (r->config.is_foreign || !zone_version_apex(zone_current(r->zone)))
		return 0;
	if (edns_has(&query->edns, EDNS_EXPIRE)) {
		wcursor_u16(&cur, EDNS_EXPIRE);
		wcursor_u16(&cur, 4);
		wcursor_u32(&cur, r->config.primary_count > 0 ? refresh_expires_in(&r->refresh, now_of(r)) : r->config.soa_expire);
	}
	if (zsync_read(&query->edns, &theirs)) {
		ours.flags = (uint8_t)(flags | ZSYNC_RECONCILES);
		zsync_write(&ours, option);
		wcursor_put(&cur, option, sizeof(option));
	}
	return (uint16_t)cur.pos;
}

/* ---- datagrams ------------------------------------------------------------------------------------------------------------------------ */

void replica_answer_soa(struct replica *r, unsigned from, const struct message *query)
{
	struct message_writer writer;
	uint8_t wire[MESSAGE_SIZE], options[XFR_OUT_OPTIONS_MAX];
	struct rrset soa;
	bool has_soa = serves(r) && zone_version_soa(zone_current(r->zone), &soa);

	message_writer_init(&writer, wire, sizeof(wire), query->id, (uint16_t)(FLAG_QR | (has_soa ? FLAG_AA : RCODE_SERVFAIL)));
	int status = message_write_question(&writer, query->qname, query->qtype, query->qclass);
	if (has_soa) {
		struct record_out record = { .owner = replica_apex, .type = TYPE_SOA, .rr_class = CLASS_IN, .ttl = soa.ttl };
		const uint8_t *at = soa.rdata;
		bool has_record = rrset_next(&soa, &at, &record.rdata, &record.rdata_len);
		assert(has_record && status == ZT_OK);
		status = message_write_record(&writer, SECTION_ANSWER, &record);
	}
	struct edns_out edns = { .udp_size = EDNS_UDP_SIZE, .options = options };
	edns.options_len = options_write(r, query, 0, options);
	if (status == ZT_OK && query->edns.present)
		status = message_write_edns(&writer, &edns);
	assert(status == ZT_OK);
	simnet_datagram(r->net, r->config.node, from, wire, message_writer_finish(&writer));
}

static int server_of(const struct replica *r, unsigned node)
{
	for (unsigned i = 0; i < r->config.primary_count; i++) {
		if (r->config.primaries[i] == node)
			return (int)i;
	}
	for (unsigned i = 0; i < r->config.member_count; i++) {
		if (r->config.members[i] == node)
			return (int)(r->config.primary_count + i);
	}
	return -1;
}

void replica_answer_notify(struct replica *r, unsigned from, const struct message *query)
{
	struct notify notify;
	uint8_t wire[MESSAGE_SIZE];
	size_t len;

	int status = notify_read(query, &notify);
	assert(status == ZT_OK);
	status = notify_reply_write(wire, sizeof(wire), query, RCODE_NOERROR, &len);
	assert(status == ZT_OK);
	simnet_datagram(r->net, r->config.node, from, wire, len);
	int server = server_of(r, from);
	if (server >= 0 && notify.has_serial && r->config.member_count > 0)
		group_note_serial(&r->group, (unsigned)server, notify.serial);
	refresh_on_notify(&r->refresh, server, notify.has_serial ? &notify.serial : NULL, now_of(r));
}

/* ---- transfers ------------------------------------------------------------------------------------------------------------------------ */

static void error_send(struct replica *r, uint64_t stream, const struct message *query, enum rcode rcode)
{
	struct message_writer writer;
	uint8_t wire[MESSAGE_SIZE];

	message_writer_init(&writer, wire, sizeof(wire), query->id, (uint16_t)(FLAG_QR | rcode));
	int status = message_write_question(&writer, query->qname, query->qtype, query->qclass);
	assert(status == ZT_OK);
	simnet_stream_send(r->net, stream, r->config.node, wire, message_writer_finish(&writer));
}

static void messages_send(struct replica *r, uint64_t stream, struct xfr_out *out)
{
	uint8_t wire[MESSAGE_SIZE];
	unsigned left = happens(r, r->config.stalls) ? (unsigned)rng_below(&r->rng, 3) : UINT_MAX;
	size_t len;
	int status;

	while ((status = xfr_out_next(out, wire, &len)) == ZT_OK) {
		if (happens(r, r->config.sends_garbage))
			len -= 1 + rng_below(&r->rng, len - 12);
		if (left == 0)
			return;
		left--;
		simnet_stream_send(r->net, stream, r->config.node, wire, len);
	}
	assert(status == ZT_EDONE);
}

/* Decides what an IXFR is answered by, as out_prepare in authd/serve/transfer.c. Returns the flags to tell. */
static uint8_t ixfr_prepare(struct replica *r, const struct message *query, struct xfr_out_config *config, struct xfr_history *history)
{
	bool is_confused = !r->store.is_real && happens(r, r->config.confuses);
	struct zsync theirs;
	uint8_t flags = 0;
	int status = xfr_client_serial(query, &config->client_serial);

	assert(status == ZT_OK);
	xfr_history_init(history, zone_version_record_count(config->version), !is_confused && rng_below(&r->rng, 2));
	if (!xfr_is_behind(config->client_serial, zone_version_serial(config->version)))
		return 0;
	bool tells = !r->config.is_foreign && zsync_read(&query->edns, &theirs);
	if (is_confused) {
		config->history = store_history_confused(&r->store, &r->rng, history) ? history : NULL;
		return 0;
	}
	if (tells && theirs.serial == config->client_serial)
		status = store_has(&r->store, config->version, theirs.serial, theirs.summary.fingerprint);
	flags = status == ZT_EDIFF ? ZSYNC_DIVERGED : 0;
	if (status == ZT_OK)
		status = store_history(&r->store, config->version, config->client_serial, history);
	config->history = status == ZT_OK ? history : NULL;
	config->soa_only = status != ZT_OK && status != ZT_ELIMIT && tells && (theirs.flags & ZSYNC_RECONCILES);
	return flags;
}

void replica_answer_transfer(struct replica *r, uint64_t stream, unsigned from, const struct message *query)
{
	uint8_t options[XFR_OUT_OPTIONS_MAX], flags = 0;
	struct xfr_out_config config = { .query = query, .version = zone_current(r->zone), .message_size = MESSAGE_SIZE, .options = options };
	struct replica_target *target = replica_target_of(r, from);
	struct xfr_history history = { 0 };
	struct xfr_out *out;

	if (!serves(r) || (query->qtype == TYPE_IXFR && (r->config.never_ixfr || happens(r, r->config.refuses_ixfr)))) {
		error_send(r, stream, query, rng_below(&r->rng, 2) ? RCODE_SERVFAIL : RCODE_NOTIMP);
		return;
	}
	if (query->qtype == TYPE_IXFR) {
		flags = ixfr_prepare(r, query, &config, &history);
		replica_evidence(r, from, config.client_serial);
	}
	config.options_len = options_write(r, query, flags, options);
	int status = xfr_out_new(&config, &out);
	assert(status == ZT_OK);
	messages_send(r, stream, out);
	/* What was sent need not arrive: that is no evidence, but a reason to ask. */
	if (target && xfr_out_style(out) != XFR_OUT_SOA)
		notify_sender_on_fetched(&target->sender, zone_version_serial(config.version), now_of(r));
	xfr_out_free(out);
	if (query->qtype == TYPE_IXFR)
		xfr_history_fini(&history);
}

/* What a simulated server answers. */
#include <assert.h>
#include <limits.h>

#include "lib/dns/writer.h"
#include "lib/xfr/xfr_out.h"
#include "tests/sim/xfr/replica_inner.h"

enum { MESSAGE_SIZE = 512 };

static bool serves(const struct replica *r)
{
	return zone_version_apex(zone_current(r->zone)) && !r->is_expired;
}

/* ---- datagrams ------------------------------------------------------------------------------------------------------------------------ */

void replica_answer_soa(struct replica *r, unsigned from, const struct message *query)
{
	struct message_writer writer;
	uint8_t wire[MESSAGE_SIZE];
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
	assert(status == ZT_OK);
	simnet_datagram(r->net, r->config.node, from, wire, message_writer_finish(&writer));
}

static int primary_of(const struct replica *r, unsigned node)
{
	for (unsigned i = 0; i < r->config.primary_count; i++) {
		if (r->config.primaries[i] == node)
			return (int)i;
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
	refresh_on_notify(&r->refresh, primary_of(r, from), notify.has_serial ? &notify.serial : NULL, now_of(r));
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

void replica_answer_transfer(struct replica *r, uint64_t stream, unsigned from, const struct message *query)
{
	struct xfr_out_config config = { .query = query, .version = zone_current(r->zone), .message_size = MESSAGE_SIZE };
	struct xfr_history history;
	struct xfr_out *out;
	int status = ZT_OK;

	if (!serves(r) || (query->qtype == TYPE_IXFR && (r->config.never_ixfr || happens(r, r->config.refuses_ixfr)))) {
		error_send(r, stream, query, rng_below(&r->rng, 2) ? RCODE_SERVFAIL : RCODE_NOTIMP);
		return;
	}
	bool is_confused = !r->store.is_real && happens(r, r->config.confuses);
	xfr_history_init(&history, zone_version_record_count(config.version), !is_confused && rng_below(&r->rng, 2));
	if (query->qtype == TYPE_IXFR) {
		status = xfr_client_serial(query, &config.client_serial);
		assert(status == ZT_OK);
		replica_evidence(r, from, config.client_serial);
		if (is_confused ? store_history_confused(&r->store, &r->rng, &history)
				: store_history(&r->store, config.version, config.client_serial, &history))
			config.history = &history;
	}
	status = xfr_out_new(&config, &out);
	assert(status == ZT_OK);
	messages_send(r, stream, out);
	/* What was sent need not arrive: that is no evidence, but a reason to ask. */
	struct replica_target *target = replica_target_of(r, from);
	if (target && xfr_out_style(out) != XFR_OUT_SOA)
		notify_sender_on_fetched(&target->sender, zone_version_serial(config.version), now_of(r));
	xfr_out_free(out);
	xfr_history_fini(&history);
}

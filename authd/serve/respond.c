/* From the bytes of a request to the bytes of a response. */
#include "authd/serve/respond.h"

#include "authd/serve/answer.h"
#include "lib/dns/writer.h"

enum {
	OPT_LEN = 11,                  /* an OPT record without options */
	ZONEVERSION_SOA = 0,           /* version type of RFC 9660: the SOA serial */
	ZONEVERSION_OPTION_LEN = 10,
};

size_t respond_udp_limit(const struct message *query)
{
	if (!query->edns.present || query->edns.udp_size <= EDNS_MIN_UDP_SIZE)
		return EDNS_MIN_UDP_SIZE;
	return query->edns.udp_size < EDNS_UDP_SIZE ? query->edns.udp_size : EDNS_UDP_SIZE;
}

static uint16_t reply_flags(const struct message *query)
{
	return (uint16_t)(FLAG_QR | (query->flags & (FLAG_OPCODE_MASK | FLAG_RD)));
}

/* The OPT record of a reply; DO comes back as it was sent (RFC 3225 section 3). */
static int edns_write(struct message_writer *writer, const struct message *query, enum rcode rcode, const uint8_t *options, uint16_t options_len)
{
	struct edns_out edns = {
		.udp_size = EDNS_UDP_SIZE, .rcode = rcode, .flags = query->edns.flags & EDNS_FLAG_DO, .options = options, .options_len = options_len,
	};
	return message_write_edns(writer, &edns);
}

size_t respond_error(const struct message *query, enum rcode rcode, uint8_t *out, size_t out_size)
{
	struct message_writer writer;
	int status = ZT_OK;

	message_writer_init(&writer, out, out_size, query->id, (uint16_t)(reply_flags(query) | (rcode & FLAG_RCODE_MASK)));
	/* The question is echoed where it could be read; a reply is understood without it. */
	if (query->qname_len > 0)
		status = message_write_question(&writer, query->qname, query->qtype, query->qclass);
	if (query->edns.present && status == ZT_OK)
		status = edns_write(&writer, query, rcode, NULL, 0);
	(void)status;
	return message_writer_finish(&writer);
}

static enum respond_verdict reply_error(struct respond *r, enum rcode rcode)
{
	r->rcode = rcode;
	r->out_len = respond_error(&r->message, rcode, r->out, r->out_size);
	return RESPOND_REPLY;
}

static bool asks_zone_version(const struct message *query)
{
	const uint8_t *data;
	uint16_t len;
	return edns_option(&query->edns, EDNS_ZONEVERSION, &data, &len) && len == 0;
}

/* RFC 9660: which version of which zone the answer came from. Returns the option's length. */
static uint16_t zone_version_option(uint8_t out[ZONEVERSION_OPTION_LEN], const struct served_zone *zone, uint32_t serial)
{
	struct wcursor cur = wcursor_over(out, ZONEVERSION_OPTION_LEN);
	wcursor_u16(&cur, EDNS_ZONEVERSION);
	wcursor_u16(&cur, 6);
	wcursor_u8(&cur, (uint8_t)name_label_count(zone->apex));
	wcursor_u8(&cur, ZONEVERSION_SOA);
	wcursor_u32(&cur, serial);
	return (uint16_t)cur.pos;
}

void respond_finish(struct respond *r)
{
	const struct message *query = &r->message;
	struct zone_lookup look;
	size_t limit = r->is_tcp ? r->out_size : respond_udp_limit(query);
	size_t opt_room = 0;
	struct message_writer writer;

	if (limit > r->out_size)
		limit = r->out_size;
	message_writer_init(&writer, r->out, limit, query->id, 0);
	if (message_write_question(&writer, query->qname, query->qtype, query->qclass) != ZT_OK) {
		reply_error(r, RCODE_FORMERR);
		return;
	}
	bool with_version = query->edns.present && asks_zone_version(query);
	if (query->edns.present)
		opt_room = OPT_LEN + (with_version ? ZONEVERSION_OPTION_LEN : 0);
	message_writer_limit(&writer, limit - opt_room);

	zone_finder_finish(&r->finder, &look);
	struct answer_question question = {
		.name = query->qname, .type = query->qtype, .look = &look,
		.dnssec_ok = query->edns.present && query->edns.flags & EDNS_FLAG_DO,
	};
	struct answer_result result = answer_query(r->version, &question, &writer);

	r->rcode = result.rcode;
	r->truncated = result.truncated;
	message_writer_set_flags(&writer, (uint16_t)(reply_flags(query) | (result.authoritative ? FLAG_AA : 0) |
						     (result.truncated ? FLAG_TC : 0) | result.rcode));
	message_writer_limit(&writer, limit);
	if (query->edns.present) {
		uint8_t option[ZONEVERSION_OPTION_LEN];
		uint16_t option_len = with_version ? zone_version_option(option, r->zone, zone_version_serial(r->version)) : 0;
		/* Room was kept for it, so it fits. */
		int status = edns_write(&writer, query, result.rcode, option, option_len);
		(void)status;
	}
	r->out_len = message_writer_finish(&writer);
}

static enum respond_verdict respond_query(struct respond *r)
{
	const struct message *query = &r->message;
	bool is_transfer = query->qtype == TYPE_AXFR || query->qtype == TYPE_IXFR;

	if (query->edns.present && query->edns.version > 0)
		return reply_error(r, RCODE_BADVERS);
	if (query->tsig_at > 0)      /* signed with a key we do not have (RFC 8945 section 5.2) */
		return reply_error(r, RCODE_NOTAUTH);
	if (query->qclass != CLASS_IN)
		return reply_error(r, RCODE_REFUSED);
	if (query->qtype == TYPE_AXFR && !r->is_tcp)      /* RFC 5936 section 4.2 */
		return reply_error(r, RCODE_FORMERR);
	if (rr_type_is_meta(query->qtype) && query->qtype != TYPE_ANY && !is_transfer)
		return reply_error(r, RCODE_NOTIMP);
	r->zone = is_transfer ? view_get(r->view, query->qname) : view_find(r->view, query->qname, query->qtype == TYPE_DS);
	if (!r->zone)
		return reply_error(r, is_transfer ? RCODE_NOTAUTH : RCODE_REFUSED);
	const struct zone_version *version = zone_current(r->zone->zone);
	if (atomic_load_explicit(&r->zone->state, memory_order_acquire) != SERVED_OK || !zone_version_apex(version))
		return reply_error(r, RCODE_SERVFAIL);
	if (is_transfer)
		return RESPOND_TRANSFER;
	r->version = version;
	zone_finder_start(&r->finder, version, query->qname);
	return RESPOND_LOOKUP;
}

/* Who may not change the zone learns it here: anybody can send a flood of these, and the manage thread has better things to do. */
static enum respond_verdict respond_update(struct respond *r)
{
	const struct message *query = &r->message;

	if (query->edns.present && query->edns.version > 0)
		return reply_error(r, RCODE_BADVERS);
	if (query->tsig_at > 0)      /* as above */
		return reply_error(r, RCODE_NOTAUTH);
	r->zone = view_get(r->view, query->qname);
	if (!r->zone)
		return reply_error(r, RCODE_NOTAUTH);
	return acl_allows(r->zone->allow_update, r->peer, NULL) ? RESPOND_UPDATE : reply_error(r, RCODE_REFUSED);
}

enum respond_verdict respond_begin(struct respond *r)
{
	r->zone = NULL;
	r->out_len = 0;
	r->truncated = false;
	r->rcode = RCODE_NOERROR;
	int status = message_read(&r->message, r->query, r->query_len);
	if (status == ZT_ETRUNC || (r->message.flags & FLAG_QR))
		return RESPOND_DROP;
	unsigned opcode = flags_opcode(r->message.flags);
	/* What a message of another opcode must look like is not known here (RFC 8490 section 5.4 has no question, for one). */
	if (opcode != OPCODE_QUERY && opcode != OPCODE_NOTIFY && opcode != OPCODE_UPDATE)
		return reply_error(r, RCODE_NOTIMP);
	if (status != ZT_OK || r->message.count[SECTION_QUESTION] != 1)
		return reply_error(r, RCODE_FORMERR);
	switch (opcode) {
	case OPCODE_NOTIFY: return RESPOND_NOTIFY;
	case OPCODE_UPDATE: return respond_update(r);
	default: return respond_query(r);
	}
}

enum respond_verdict respond(struct respond *r)
{
	struct zone_finder *finder = &r->finder;
	enum respond_verdict verdict = respond_begin(r);

	if (verdict != RESPOND_LOOKUP)
		return verdict;
	zone_finders_run(&finder, 1);
	respond_finish(r);
	return RESPOND_REPLY;
}

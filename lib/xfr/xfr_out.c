/* The messages of an outgoing zone transfer. */
#include "lib/xfr/xfr_out.h"

#include <stdlib.h>

#include "lib/dns/serial.h"
#include "lib/dns/writer.h"

enum { OPT_LEN = 11 };      /* an OPT record without options */

enum phase { PHASE_FIRST_SOA, PHASE_BODY, PHASE_LAST_SOA, PHASE_DONE };

struct xfr_out {
	uint16_t id;
	uint16_t flags;
	uint16_t qtype;
	uint8_t qname[NAME_MAX_LEN];
	bool has_edns;
	uint16_t options_len;
	uint8_t options[XFR_OUT_OPTIONS_MAX];
	size_t message_size;
	const struct zone_version *version;
	enum xfr_out_style style;
	enum phase phase;
	struct record_out soa;

	/* XFR_OUT_ZONE: where the walk over the zone stands. */
	struct zone_iter iter;
	const struct znode *node;
	size_t node_pos;
	struct rrset set;
	const uint8_t *set_at;           /* the next rdata of `set`; NULL before the first set */

	/* XFR_OUT_DIFFERENCES */
	struct buf differences;
	size_t differences_pos;

	bool has_record;                 /* `record` is taken from the body and not yet written */
	struct record_out record;
	uint64_t records, messages, bytes;
};

/* ---- history ------------------------------------------------------------------------------------------------------------------------ */

void xfr_history_init(struct xfr_history *history, uint64_t record_limit, bool condense)
{
	*history = (struct xfr_history){ .record_limit = record_limit, .condense = condense };
	buf_init(&history->records);
}

void xfr_history_fini(struct xfr_history *history)
{
	buf_fini(&history->records);
}

static int history_append(struct xfr_history *history, const struct changeset *change)
{
	buf_add(&history->records, change->removed.data, change->removed.len);
	buf_add(&history->records, change->added.data, change->added.len);
	return history->records.status;
}

static uint64_t change_size(const struct changeset *change)
{
	return (uint64_t)change->removed_count + change->added_count;
}

/* All differences as one. */
static int history_condense(struct xfr_history *history)
{
	struct changeset condensed;

	int status = changeset_condense_chain(&history->records, history->record_count, &condensed);
	if (status != ZT_OK)
		return status;
	buf_clear(&history->records);
	status = change_size(&condensed) > history->record_limit ? ZT_ELIMIT : history_append(history, &condensed);
	changeset_fini(&condensed);
	return status;
}

int xfr_history_add(struct xfr_history *history, const struct changeset *change)
{
	uint32_t from, to;

	if (!changeset_from_serial(change, &from) || !changeset_to_serial(change, &to))
		return ZT_EDIFF;
	if (history->difference_count > 0 && from != history->to_serial)
		return ZT_EDIFF;
	history->to_serial = to;
	history->difference_count++;
	history->record_count += change_size(change);
	if (history->record_count > history->record_limit)
		return ZT_ELIMIT;
	return history_append(history, change);
}

/* Whether the history, complete now, can be sent and ends at `serial`. */
static bool history_is_usable(struct xfr_history *history, uint32_t serial)
{
	if (!history || history->difference_count == 0 || history->to_serial != serial)
		return false;
	if (history->condense && history_condense(history) != ZT_OK)
		return false;
	return history->records.status == ZT_OK;
}

/* ---- which answer --------------------------------------------------------------------------------------------------------------------- */

int xfr_client_serial(const struct message *query, uint32_t *serial)
{
	uint8_t rdata[2 * NAME_MAX_LEN + 20];
	struct record_iter iter;
	struct record record;
	struct soa soa;

	record_iter_init(&iter, query, SECTION_AUTHORITY);
	while (record_iter_next(&iter, &record)) {
		if (record.type != TYPE_SOA || !name_equal(record.owner, query->qname))
			continue;
		struct wcursor out = wcursor_over(rdata, sizeof(rdata));
		if (record_rdata(query, &record, &out) != ZT_OK || !soa_from_rdata(&soa, rdata, out.pos))
			return ZT_EMALFORMED;
		*serial = soa.serial;
		return ZT_OK;
	}
	return ZT_EMALFORMED;
}

bool xfr_is_behind(uint32_t client_serial, uint32_t serial)
{
	return client_serial != serial && !serial_is_newer(client_serial, serial);
}

static enum xfr_out_style style_choose(const struct xfr_out_config *config)
{
	uint32_t serial = zone_version_serial(config->version);

	if (config->query->qtype == TYPE_AXFR)
		return XFR_OUT_ZONE;
	if (config->soa_only || !xfr_is_behind(config->client_serial, serial))
		return XFR_OUT_SOA;
	return history_is_usable(config->history, serial) ? XFR_OUT_DIFFERENCES : XFR_OUT_ZONE;
}

int xfr_out_new(const struct xfr_out_config *config, struct xfr_out **out)
{
	struct xfr_out *xfr = calloc(1, sizeof(*xfr));
	struct rrset soa;

	if (!xfr)
		return ZT_ENOMEM;
	if (!zone_version_soa(config->version, &soa)) {
		free(xfr);
		return ZT_EINVAL;
	}
	const uint8_t *at = soa.rdata;
	if (!rrset_next(&soa, &at, &xfr->soa.rdata, &xfr->soa.rdata_len)) {
		free(xfr);
		return ZT_EINVAL;
	}
	xfr->soa.owner = znode_owner(zone_version_apex(config->version));
	xfr->soa.type = TYPE_SOA;
	xfr->soa.rr_class = CLASS_IN;
	xfr->soa.ttl = soa.ttl;
	xfr->id = config->query->id;
	xfr->flags = (uint16_t)(FLAG_QR | FLAG_AA | (config->query->flags & FLAG_RD));
	xfr->qtype = config->query->qtype;
	name_copy(xfr->qname, config->query->qname);
	xfr->has_edns = config->query->edns.present;
	if (xfr->has_edns && config->options_len > 0 && config->options_len <= XFR_OUT_OPTIONS_MAX) {
		xfr->options_len = config->options_len;
		memcpy(xfr->options, config->options, config->options_len);
	}
	xfr->message_size = config->message_size > 0 && config->message_size < MESSAGE_MAX_LEN ? config->message_size : MESSAGE_MAX_LEN;
	xfr->version = config->version;
	xfr->style = style_choose(config);
	buf_init(&xfr->differences);
	if (xfr->style == XFR_OUT_DIFFERENCES) {
		xfr->differences = config->history->records;
		buf_init(&config->history->records);
	}
	zone_iter_init(&xfr->iter, xfr->version, NULL);
	*out = xfr;
	return ZT_OK;
}

void xfr_out_free(struct xfr_out *xfr)
{
	if (!xfr)
		return;
	buf_fini(&xfr->differences);
	free(xfr);
}

/* ---- the records of the body, one after another ----------------------------------------------------------------------------------------- */

/* The next RRset of the zone but the apex SOA. */
static bool zone_next_set(struct xfr_out *xfr)
{
	for (;;) {
		if (!xfr->node) {
			xfr->node = zone_iter_next(&xfr->iter);
			xfr->node_pos = 0;
			if (!xfr->node)
				return false;
		}
		while (znode_next(xfr->node, &xfr->node_pos, &xfr->set)) {
			if (xfr->set.type == TYPE_SOA && xfr->node == zone_version_apex(xfr->version))
				continue;
			xfr->set_at = xfr->set.rdata;
			return true;
		}
		xfr->node = NULL;
	}
}

static bool zone_next_record(struct xfr_out *xfr)
{
	struct record_out *record = &xfr->record;

	while (!xfr->set_at || !rrset_next(&xfr->set, &xfr->set_at, &record->rdata, &record->rdata_len)) {
		if (!zone_next_set(xfr))
			return false;
	}
	record->has_same_owner = record->owner == znode_owner(xfr->node);
	record->owner = znode_owner(xfr->node);
	record->type = xfr->set.type;
	record->rr_class = CLASS_IN;
	record->ttl = xfr->set.ttl;
	return true;
}

static bool difference_next_record(struct xfr_out *xfr)
{
	struct change_record change;

	if (!change_record_next(&xfr->differences, &xfr->differences_pos, &change))
		return false;
	xfr->record = (struct record_out){
		.owner = change.owner, .type = change.type, .rr_class = CLASS_IN, .ttl = change.ttl,
		.rdata = change.rdata, .rdata_len = change.rdata_len,
	};
	return true;
}

static bool body_next_record(struct xfr_out *xfr)
{
	switch (xfr->style) {
	case XFR_OUT_ZONE: return zone_next_record(xfr);
	case XFR_OUT_DIFFERENCES: return difference_next_record(xfr);
	case XFR_OUT_SOA: break;
	}
	return false;
}

/* The record to write now; NULL when all are written. Stays the same until record_written. */
static const struct record_out *record_peek(struct xfr_out *xfr)
{
	switch (xfr->phase) {
	case PHASE_FIRST_SOA:
	case PHASE_LAST_SOA:
		return &xfr->soa;
	case PHASE_BODY:
		xfr->has_record = xfr->has_record || body_next_record(xfr);
		if (xfr->has_record)
			return &xfr->record;
		xfr->phase = xfr->style == XFR_OUT_SOA ? PHASE_DONE : PHASE_LAST_SOA;
		return xfr->phase == PHASE_DONE ? NULL : &xfr->soa;
	case PHASE_DONE:
		break;
	}
	return NULL;
}

static void record_written(struct xfr_out *xfr)
{
	xfr->records++;
	xfr->has_record = false;
	if (xfr->phase == PHASE_FIRST_SOA)
		xfr->phase = PHASE_BODY;
	else if (xfr->phase == PHASE_LAST_SOA)
		xfr->phase = PHASE_DONE;
}

/* ---- messages ---------------------------------------------------------------------------------------------------------------------------- */

static int records_write(struct xfr_out *xfr, struct message_writer *writer)
{
	const struct record_out *record;

	while ((record = record_peek(xfr)) != NULL) {
		int status = message_write_record(writer, SECTION_ANSWER, record);
		if (status == ZT_ESPACE && writer->count[SECTION_ANSWER] > 0)
			return ZT_OK;
		if (status != ZT_OK)
			return ZT_ELIMIT;
		record_written(xfr);
	}
	return ZT_OK;
}

int xfr_out_next(struct xfr_out *xfr, uint8_t *out, size_t *len)
{
	bool is_first = xfr->messages == 0;
	bool with_edns = is_first && xfr->has_edns;      /* RFC 5936 section 2.2.5 */
	struct compression_table table;
	struct message_writer writer;
	int status = ZT_OK;

	if (!record_peek(xfr))
		return ZT_EDONE;
	message_writer_init(&writer, out, xfr->message_size, xfr->id, xfr->flags);
	message_writer_use(&writer, &table);
	message_writer_keep_case(&writer);
	message_writer_limit(&writer, xfr->message_size - (with_edns ? OPT_LEN + xfr->options_len : 0));
	if (is_first)
		status = message_write_question(&writer, xfr->qname, xfr->qtype, CLASS_IN);
	if (status == ZT_OK)
		status = records_write(xfr, &writer);
	if (status == ZT_OK && with_edns) {
		struct edns_out edns = { .udp_size = EDNS_UDP_SIZE, .options = xfr->options, .options_len = xfr->options_len };
		message_writer_limit(&writer, xfr->message_size);
		status = message_write_edns(&writer, &edns);
	}
	if (status != ZT_OK)
		return ZT_ELIMIT;
	*len = message_writer_finish(&writer);
	xfr->messages++;
	xfr->bytes += *len;
	return ZT_OK;
}

int xfr_out_udp(const struct xfr_out_config *config, uint8_t *out, size_t size, size_t *len)
{
	struct xfr_out_config limited = *config;
	struct xfr_out *xfr;

	limited.message_size = size;
	int status = xfr_out_new(&limited, &xfr);
	if (status != ZT_OK)
		return status;
	/* A whole zone in one datagram would fit now and then, but readers expect differences or the way to TCP. */
	if (xfr->style == XFR_OUT_ZONE)
		xfr->style = XFR_OUT_SOA;
	status = xfr_out_next(xfr, out, len);
	if (status == ZT_OK && !xfr_out_is_done(xfr)) {
		xfr->style = XFR_OUT_SOA;
		xfr->phase = PHASE_FIRST_SOA;
		xfr->has_record = false;
		xfr->messages = 0;
		status = xfr_out_next(xfr, out, len);
	}
	xfr_out_free(xfr);
	return status;
}

enum xfr_out_style xfr_out_style(const struct xfr_out *xfr)
{
	return xfr->style;
}

bool xfr_out_is_done(struct xfr_out *xfr)
{
	return record_peek(xfr) == NULL;
}

uint64_t xfr_out_records(const struct xfr_out *xfr)
{
	return xfr->records;
}

uint64_t xfr_out_messages(const struct xfr_out *xfr)
{
	return xfr->messages;
}

uint64_t xfr_out_bytes(const struct xfr_out *xfr)
{
	return xfr->bytes;
}

/* The receiving side of a zone transfer. */
#include "lib/xfr/xfr_in.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "lib/dns/serial.h"
#include "lib/dns/writer.h"
#include "lib/xfr/xfr_whole.h"
#include "lib/zone/changeset.h"

#define DEFAULT_MAX_RECORDS UINT64_C(50000000)
#define DEFAULT_MAX_BYTES (UINT64_C(4) << 30)
enum { SOA_RDATA_MAX = 2 * NAME_MAX_LEN + 20 };

/* What the next record means. */
enum phase {
	PHASE_FIRST_SOA,       /* the SOA every answer begins with */
	PHASE_STYLE,           /* the second record tells differences from a whole zone */
	PHASE_WHOLE,           /* records of the zone, up to the SOA again */
	PHASE_REMOVED,         /* records removed, up to the SOA that heads the added ones */
	PHASE_ADDED,           /* records added, up to the next difference's SOA or the last */
	PHASE_END,
};

struct soa_copy {
	uint8_t rdata[SOA_RDATA_MAX];
	uint16_t len;
	uint32_t serial;
	uint32_t ttl;
};

struct xfr_in {
	struct xfr_in_config config;
	uint8_t apex[NAME_MAX_LEN];
	bool has_zone;
	struct soa_copy ours;
	struct soa_copy first;             /* the answer's SOA, which is also its last record */
	enum phase phase;
	enum xfr_in_result result;
	struct xfr_in_failure failure;
	enum xfr_in_style style;
	bool complete;

	struct xfr_whole whole;            /* a whole zone being received */

	/* Differences, in order. */
	struct changeset *changes;
	uint32_t change_count, change_room;
	uint32_t difference_count;         /* stays when the changes are gone */
	uint32_t serial;                   /* where the differences received so far lead */

	struct zone_edit *edit;            /* the result */
	uint64_t messages, records, bytes;
	uint8_t rdata[RDATA_MAX_LEN];      /* of the record at hand, decompressed */
};

/* A record of the answer after checking; rdata lies in xfr->rdata. */
struct checked {
	const uint8_t *owner;
	uint16_t type;
	uint32_t ttl;
	uint16_t rdata_len;
	bool is_soa;
	uint32_t serial;                   /* is_soa */
};

static int fail(struct xfr_in *xfr, int status, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Notes the first failure; returns its status. */
static int fail(struct xfr_in *xfr, int status, const char *format, ...)
{
	va_list args;

	xfr->failure.status = status;
	va_start(args, format);
	vsnprintf(xfr->failure.text, sizeof(xfr->failure.text), format, args);
	va_end(args);
	return status;
}

/* ---- begin and end ------------------------------------------------------------------------------------------------------------------ */

static bool soa_copy_rdata(struct soa_copy *copy, const uint8_t *rdata, uint16_t len, uint32_t ttl)
{
	struct soa soa;

	if (len > sizeof(copy->rdata) || !soa_from_rdata(&soa, rdata, len))
		return false;
	memcpy(copy->rdata, rdata, len);
	copy->len = len;
	copy->serial = soa.serial;
	copy->ttl = ttl;
	return true;
}

static bool zone_soa_copy(struct soa_copy *copy, const struct zone_version *version)
{
	const uint8_t *rdata;
	struct rrset soa;
	uint16_t len;

	if (!zone_version_soa(version, &soa))
		return false;
	const uint8_t *at = soa.rdata;
	return rrset_next(&soa, &at, &rdata, &len) && soa_copy_rdata(copy, rdata, len, soa.ttl);
}

int xfr_in_new(const struct xfr_in_config *config, struct xfr_in **out)
{
	struct xfr_in *xfr = calloc(1, sizeof(*xfr));

	if (!xfr)
		return ZT_ENOMEM;
	xfr->config = *config;
	if (config->max_records == 0)
		xfr->config.max_records = DEFAULT_MAX_RECORDS;
	if (config->max_bytes == 0)
		xfr->config.max_bytes = DEFAULT_MAX_BYTES;
	name_copy(xfr->apex, zone_apex(config->zone));
	xfr->has_zone = zone_soa_copy(&xfr->ours, zone_current(config->zone));
	if (config->type == TYPE_IXFR && !xfr->has_zone) {
		free(xfr);
		return ZT_EINVAL;
	}
	*out = xfr;
	return ZT_OK;
}

static void changes_drop(struct xfr_in *xfr)
{
	for (uint32_t i = 0; i < xfr->change_count; i++)
		changeset_fini(&xfr->changes[i]);
	free(xfr->changes);
	xfr->changes = NULL;
	xfr->change_count = xfr->change_room = 0;
}

void xfr_in_free(struct xfr_in *xfr)
{
	if (!xfr)
		return;
	zone_edit_abort(xfr->edit);
	xfr_whole_drop(&xfr->whole);
	changes_drop(xfr);
	free(xfr);
}

int xfr_in_query(const struct xfr_in *xfr, uint8_t *out, size_t size, size_t *len)
{
	struct message_writer writer;

	message_writer_init(&writer, out, size, xfr->config.id, 0);
	int status = message_write_question(&writer, xfr->apex, xfr->config.type, CLASS_IN);
	if (status == ZT_OK && xfr->config.type == TYPE_IXFR) {
		struct record_out soa = {
			.owner = xfr->apex, .type = TYPE_SOA, .rr_class = CLASS_IN, .ttl = xfr->ours.ttl,
			.rdata = xfr->ours.rdata, .rdata_len = xfr->ours.len,
		};
		status = message_write_record(&writer, SECTION_AUTHORITY, &soa);
	}
	*len = message_writer_finish(&writer);
	return status;
}

/* ---- one record ------------------------------------------------------------------------------------------------------------------------ */

/* What is wrong with a record, with its name and type in words. */
static int record_fail(struct xfr_in *xfr, int status, const struct record *record, const char *what)
{
	char owner[NAME_TEXT_SIZE], type[RR_TYPE_TEXT_SIZE], rr_class[RR_CLASS_TEXT_SIZE];

	return fail(xfr, status, "%s: %.100s %s %s", what, name_to_text(record->owner, owner), rr_class_to_text(record->rr_class, rr_class),
		    rr_type_to_text(record->type, type));
}

/* Checks what holds for every record of a transfer. */
static int record_check(struct xfr_in *xfr, const struct message *message, const struct record *record, struct checked *out)
{
	struct wcursor rdata = wcursor_over(xfr->rdata, sizeof(xfr->rdata));
	struct soa soa;

	if (record->rr_class != CLASS_IN || rr_type_is_meta(record->type))
		return record_fail(xfr, ZT_EMALFORMED, record, "a record that no zone can hold");
	if (!name_is_within(record->owner, xfr->apex))
		return record_fail(xfr, ZT_EOUTOFZONE, record, "a record outside the zone");
	if (record_rdata(message, record, &rdata) != ZT_OK)
		return record_fail(xfr, ZT_EMALFORMED, record, "malformed rdata");
	out->owner = record->owner;
	out->type = record->type;
	out->ttl = record->ttl > INT32_MAX ? 0 : record->ttl;      /* RFC 2181 section 8 */
	out->rdata_len = (uint16_t)rdata.pos;
	out->is_soa = record->type == TYPE_SOA;
	if (out->is_soa) {
		if (!name_equal(record->owner, xfr->apex))
			return record_fail(xfr, ZT_EMALFORMED, record, "a SOA below the apex");
		if (!soa_from_rdata(&soa, xfr->rdata, out->rdata_len))
			return fail(xfr, ZT_EMALFORMED, "malformed SOA");
		out->serial = soa.serial;
	}
	return ZT_OK;
}

static int change_begin(struct xfr_in *xfr)
{
	if (xfr->change_count == xfr->change_room) {
		uint32_t room = xfr->change_room > 0 ? 2 * xfr->change_room : 4;
		struct changeset *changes = realloc(xfr->changes, room * sizeof(*changes));
		if (!changes)
			return fail(xfr, ZT_ENOMEM, "out of memory");
		xfr->changes = changes;
		xfr->change_room = room;
	}
	changeset_init(&xfr->changes[xfr->change_count++]);
	xfr->difference_count++;
	return ZT_OK;
}

static void change_note(struct xfr_in *xfr, const struct checked *checked, bool added)
{
	struct changeset *change = &xfr->changes[xfr->change_count - 1];
	struct change_record record = {
		.owner = checked->owner, .type = checked->type, .ttl = checked->ttl, .rdata = xfr->rdata, .rdata_len = checked->rdata_len,
	};

	if (added)
		changeset_add(change, &record);
	else
		changeset_remove(change, &record);
}

static int whole_begin(struct xfr_in *xfr)
{
	xfr->style = XFR_IN_WHOLE;
	xfr->phase = PHASE_WHOLE;
	int status = xfr_whole_begin(&xfr->whole, xfr->config.zone);
	if (status == ZT_OK)
		status = xfr_whole_add(&xfr->whole, &(struct change_record){ xfr->apex, TYPE_SOA, xfr->first.ttl, xfr->first.rdata, xfr->first.len });
	return status == ZT_OK ? ZT_OK : fail(xfr, status, "the zone cannot be changed now: %s", status_text(status));
}

static int record_on_first(struct xfr_in *xfr, const struct checked *checked)
{
	if (!checked->is_soa)
		return fail(xfr, ZT_EMALFORMED, "the answer does not begin with the SOA");
	if (!soa_copy_rdata(&xfr->first, xfr->rdata, checked->rdata_len, checked->ttl))
		return fail(xfr, ZT_EMALFORMED, "malformed SOA");
	xfr->phase = PHASE_STYLE;
	if (xfr->has_zone && !xfr->config.any_serial && !serial_is_newer(xfr->first.serial, xfr->ours.serial))
		xfr->result = XFR_IN_CURRENT;
	return ZT_OK;
}

static int record_on_whole(struct xfr_in *xfr, const struct checked *checked)
{
	if (checked->is_soa) {
		if (checked->rdata_len != xfr->first.len || memcmp(xfr->rdata, xfr->first.rdata, xfr->first.len) != 0)
			return fail(xfr, ZT_EMALFORMED, "a SOA of serial %u ends a transfer that began with serial %u", checked->serial,
				    xfr->first.serial);
		xfr->phase = PHASE_END;
		return ZT_OK;
	}
	int status = xfr_whole_add(&xfr->whole, &(struct change_record){ checked->owner, checked->type, checked->ttl, xfr->rdata, checked->rdata_len });
	return status == ZT_OK ? ZT_OK : fail(xfr, status, "a record could not be stored: %s", status_text(status));
}

static int difference_begin(struct xfr_in *xfr, const struct checked *checked)
{
	int status = change_begin(xfr);
	if (status != ZT_OK)
		return status;
	change_note(xfr, checked, false);
	xfr->phase = PHASE_REMOVED;
	return ZT_OK;
}

static int record_on_style(struct xfr_in *xfr, const struct checked *checked)
{
	if (xfr->config.type == TYPE_IXFR && checked->is_soa && checked->serial == xfr->ours.serial) {
		xfr->style = XFR_IN_DIFFERENCES;
		xfr->serial = xfr->ours.serial;
		return difference_begin(xfr, checked);
	}
	if (xfr->config.type == TYPE_IXFR && checked->is_soa && checked->serial != xfr->first.serial)
		return fail(xfr, ZT_EDIFF, "differences that start at serial %u, not at our %u", checked->serial, xfr->ours.serial);
	int status = whole_begin(xfr);
	return status == ZT_OK ? record_on_whole(xfr, checked) : status;
}

static int record_on_removed(struct xfr_in *xfr, const struct checked *checked)
{
	if (checked->is_soa) {
		if (!serial_is_newer(checked->serial, xfr->serial))
			return fail(xfr, ZT_EDIFF, "a difference from serial %u to %u, which is not newer", xfr->serial, checked->serial);
		xfr->serial = checked->serial;
		xfr->phase = PHASE_ADDED;
	}
	change_note(xfr, checked, checked->is_soa);
	return ZT_OK;
}

static int record_on_added(struct xfr_in *xfr, const struct checked *checked)
{
	if (!checked->is_soa) {
		change_note(xfr, checked, true);
		return ZT_OK;
	}
	if (checked->serial != xfr->serial)
		return fail(xfr, ZT_EDIFF, "a difference up to serial %u is followed by one from serial %u", xfr->serial, checked->serial);
	if (checked->serial == xfr->first.serial) {
		xfr->phase = PHASE_END;
		return ZT_OK;
	}
	return difference_begin(xfr, checked);
}

static int record_on(struct xfr_in *xfr, const struct checked *checked)
{
	switch (xfr->phase) {
	case PHASE_FIRST_SOA: return record_on_first(xfr, checked);
	case PHASE_STYLE: return record_on_style(xfr, checked);
	case PHASE_WHOLE: return record_on_whole(xfr, checked);
	case PHASE_REMOVED: return record_on_removed(xfr, checked);
	case PHASE_ADDED: return record_on_added(xfr, checked);
	case PHASE_END: break;
	}
	return fail(xfr, ZT_EMALFORMED, "records after the end of the transfer");
}

/* ---- the end: from what was received to an edit -------------------------------------------------------------------------------------- */

static int differences_apply(struct xfr_in *xfr)
{
	for (uint32_t i = 0; i < xfr->change_count; i++) {
		int status = changeset_status(&xfr->changes[i]);
		if (status == ZT_OK)
			status = zone_edit_apply(xfr->edit, &xfr->changes[i]);
		if (status != ZT_OK)
			return fail(xfr, status, "difference %u of %u: %s", i + 1, xfr->change_count, status_text(status));
	}
	return ZT_OK;
}

static int whole_finish(struct xfr_in *xfr)
{
	int status = xfr_whole_finish(&xfr->whole, &xfr->edit);
	return status == ZT_OK ? ZT_OK : fail(xfr, status, "the received zone could not be taken over: %s", status_text(status));
}

static int finish(struct xfr_in *xfr)
{
	if (xfr->style == XFR_IN_WHOLE)
		return whole_finish(xfr);
	int status = zone_edit_begin(xfr->config.zone, &xfr->edit);
	if (status != ZT_OK)
		return fail(xfr, status, "the zone cannot be changed now: %s", status_text(status));
	status = differences_apply(xfr);
	changes_drop(xfr);
	return status;
}

/* ---- one message ------------------------------------------------------------------------------------------------------------------------ */

static int message_check(struct xfr_in *xfr, const struct message *message)
{
	if (!(message->flags & FLAG_QR) || message->id != xfr->config.id || flags_opcode(message->flags) != OPCODE_QUERY)
		return fail(xfr, ZT_EMALFORMED, "not an answer to our question");
	unsigned rcode = message_rcode(message);
	if (rcode != RCODE_NOERROR) {
		xfr->failure.rcode = rcode;
		return fail(xfr, ZT_EREFUSED, "the answer is %s", rcode_to_text(rcode));
	}
	if (message->count[SECTION_QUESTION] > 1 ||
	    (message->count[SECTION_QUESTION] == 1 && (!name_equal(message->qname, xfr->apex) || message->qtype != xfr->config.type ||
						       message->qclass != CLASS_IN)))
		return fail(xfr, ZT_EMALFORMED, "an answer to another question");
	if (message->count[SECTION_ANSWER] == 0)
		return fail(xfr, ZT_EMALFORMED, "a message without records");
	if (xfr->bytes > xfr->config.max_bytes)
		return fail(xfr, ZT_ELIMIT, "more than %llu bytes", (unsigned long long)xfr->config.max_bytes);
	return ZT_OK;
}

static int message_records(struct xfr_in *xfr, const struct message *message)
{
	struct record_iter iter;
	struct record record;
	struct checked checked;

	record_iter_init(&iter, message, SECTION_ANSWER);
	while (record_iter_next(&iter, &record)) {
		if (xfr->result == XFR_IN_CURRENT)      /* we need nothing of what follows */
			return ZT_OK;
		if (++xfr->records > xfr->config.max_records)
			return fail(xfr, ZT_ELIMIT, "more than %llu records", (unsigned long long)xfr->config.max_records);
		int status = record_check(xfr, message, &record, &checked);
		if (status == ZT_OK)
			status = record_on(xfr, &checked);
		if (status != ZT_OK)
			return status;
	}
	return record_iter_is_broken(&iter) ? fail(xfr, ZT_EMALFORMED, "a malformed message: a name that leads nowhere") : ZT_OK;
}

static int message_take(struct xfr_in *xfr, const uint8_t *wire, size_t len)
{
	struct message message;

	xfr->bytes += len;
	xfr->messages++;
	if (message_read(&message, wire, len) != ZT_OK)
		return fail(xfr, ZT_EMALFORMED, "a malformed message");
	int status = message_check(xfr, &message);
	if (status != ZT_OK)
		return status;
	if (message.flags & FLAG_TC) {
		xfr->result = XFR_IN_RETRY_TCP;
		return xfr->config.udp ? ZT_OK : fail(xfr, ZT_EMALFORMED, "a truncated message over TCP");
	}
	status = message_records(xfr, &message);
	if (status != ZT_OK)
		return status;
	if (xfr->result == XFR_IN_CURRENT) {
		xfr->complete = message.count[SECTION_ANSWER] == 1;
		return ZT_OK;
	}
	if (xfr->phase == PHASE_END) {
		xfr->complete = true;
		xfr->result = XFR_IN_DONE;
		return finish(xfr);
	}
	if (xfr->config.udp) {
		xfr->result = XFR_IN_RETRY_TCP;
		return xfr->phase == PHASE_STYLE ? ZT_OK : fail(xfr, ZT_EMALFORMED, "the datagram ends before the transfer does");
	}
	return ZT_OK;
}

enum xfr_in_result xfr_in_message(struct xfr_in *xfr, const uint8_t *wire, size_t len)
{
	if (xfr->result != XFR_IN_MORE) {
		if (xfr->result != XFR_IN_FAILED)
			fail(xfr, ZT_EMALFORMED, "messages after the end of the transfer");
		xfr->result = XFR_IN_FAILED;
		return XFR_IN_FAILED;
	}
	if (message_take(xfr, wire, len) != ZT_OK) {
		xfr->result = XFR_IN_FAILED;
		xfr_whole_drop(&xfr->whole);
		changes_drop(xfr);
		zone_edit_abort(xfr->edit);
		xfr->edit = NULL;
	}
	return xfr->result;
}

struct zone_edit *xfr_in_take_edit(struct xfr_in *xfr)
{
	struct zone_edit *edit = xfr->edit;
	xfr->edit = NULL;
	return edit;
}

const struct xfr_in_failure *xfr_in_failure(const struct xfr_in *xfr)
{
	return &xfr->failure;
}

enum xfr_in_style xfr_in_style(const struct xfr_in *xfr)
{
	return xfr->style;
}

bool xfr_in_is_complete(const struct xfr_in *xfr)
{
	return xfr->complete;
}

uint32_t xfr_in_serial(const struct xfr_in *xfr)
{
	return xfr->first.serial;
}

uint64_t xfr_in_bytes(const struct xfr_in *xfr)
{
	return xfr->bytes;
}

uint64_t xfr_in_records(const struct xfr_in *xfr)
{
	return xfr->records;
}

uint32_t xfr_in_differences(const struct xfr_in *xfr)
{
	return xfr->difference_count;
}

/* ---- SOA queries ------------------------------------------------------------------------------------------------------------------------ */

int soa_query_write(uint8_t *out, size_t size, uint16_t id, const uint8_t *apex, size_t *len)
{
	struct message_writer writer;

	message_writer_init(&writer, out, size, id, 0);
	int status = message_write_question(&writer, apex, TYPE_SOA, CLASS_IN);
	*len = message_writer_finish(&writer);
	return status;
}

int soa_reply_read(const struct message *reply, uint16_t id, const uint8_t *apex, uint32_t *serial, unsigned *rcode)
{
	uint8_t rdata[SOA_RDATA_MAX];
	struct record_iter iter;
	struct record record;
	struct soa soa;

	*rcode = message_rcode(reply);
	if (!(reply->flags & FLAG_QR) || reply->id != id || flags_opcode(reply->flags) != OPCODE_QUERY)
		return ZT_EMALFORMED;
	/* A server that could not read our question may leave it out (RFC 1035 section 7.3 only wants the id to match). */
	if (reply->count[SECTION_QUESTION] == 0)
		return *rcode != RCODE_NOERROR ? ZT_EREFUSED : ZT_EMALFORMED;
	if (reply->count[SECTION_QUESTION] != 1 || reply->qtype != TYPE_SOA || reply->qclass != CLASS_IN || !name_equal(reply->qname, apex))
		return ZT_EMALFORMED;
	if (*rcode != RCODE_NOERROR || !(reply->flags & FLAG_AA))
		return ZT_EREFUSED;
	record_iter_init(&iter, reply, SECTION_ANSWER);
	while (record_iter_next(&iter, &record)) {
		struct wcursor cur = wcursor_over(rdata, sizeof(rdata));
		if (record.type != TYPE_SOA || record.rr_class != CLASS_IN || !name_equal(record.owner, apex))
			continue;
		if (record_rdata(reply, &record, &cur) != ZT_OK || !soa_from_rdata(&soa, rdata, cur.pos))
			return ZT_EMALFORMED;
		*serial = soa.serial;
		return ZT_OK;
	}
	return ZT_EREFUSED;
}

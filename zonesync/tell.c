/* Messages to a server that have one answer. */
#include "zonesync/tell.h"

#include <stdio.h>
#include <string.h>

#include "lib/dns/writer.h"
#include "lib/xfr/notify.h"
#include "lib/xfr/xfr_edns.h"

enum { UPDATE_FULL = 60000 };      /* bytes of a message; what is left is for one more record, and the signature */

struct saying {
	struct talk talk;            /* first */
	const uint8_t *wire;
	size_t len;
	bool is_answered;
	unsigned rcode;
};

static int saying_begin(struct talk *talk)
{
	const struct saying *saying = (struct saying *)talk;
	return talk_send(talk, saying->wire, saying->len);
}

static bool saying_on_message(struct talk *talk, const uint8_t *wire, size_t len)
{
	struct saying *saying = (struct saying *)talk;
	struct message message;

	saying->is_answered = message_read(&message, wire, len) == ZT_OK && (message.flags & FLAG_QR) && message.id == wire_get_u16(saying->wire);
	saying->rcode = saying->is_answered ? message_rcode(&message) : 0;
	return false;
}

static int say(struct fetch *fetch, const struct wcursor *message, unsigned *rcode, char error[FETCH_ERROR_SIZE])
{
	struct saying saying = { .talk = { .peer = &fetch->peer, .begin = saying_begin, .on_message = saying_on_message }, .wire = message->base, .len = message->pos };

	fetch->id++;
	if (message->status != ZT_OK) {
		snprintf(error, FETCH_ERROR_SIZE, "cannot ask: %s", status_text(message->status));
		return message->status;
	}
	int status = talk_run(&saying.talk);
	*rcode = saying.rcode;
	if (status == ZT_OK && saying.is_answered)
		return ZT_OK;
	if (status != ZT_OK)
		snprintf(error, FETCH_ERROR_SIZE, "cannot ask: %s", talk_failure(&saying.talk, status));
	else if (saying.talk.messages == 0)
		talk_end_explain(&saying.talk, error);
	else
		snprintf(error, FETCH_ERROR_SIZE, "what came is no answer; is it a DNS server?");
	return status != ZT_OK ? status : ZT_EMALFORMED;
}

/* ---- NOTIFY -------------------------------------------------------------------------------------------------------------------------- */

int tell_notify(struct fetch *fetch, const struct zsync *version, unsigned *rcode, char error[FETCH_ERROR_SIZE])
{
	uint8_t wire[1024], rdata[2 + 2 + 20] = { 0 };
	const uint16_t rdata_len = 2 + 20;
	struct rrset soa = { .type = TYPE_SOA, .count = 1, .rdata = rdata, .rdata_size = sizeof(rdata) };
	struct wcursor message = wcursor_over(wire, sizeof(wire));

	/* A SOA of which nothing but the serial counts (RFC 1996 section 3.7). */
	memcpy(rdata, &rdata_len, sizeof(rdata_len));
	wire_put_u32(rdata + 2 + 2, version->serial);
	message.status = notify_write(&(struct notify_out){ fetch->id, fetch->apex, &soa }, wire, sizeof(wire), &message.pos);
	if (message.status == ZT_OK)
		message.status = xfr_edns_append(version, false, wire, sizeof(wire), &message.pos);
	return say(fetch, &message, rcode, error);
}

int tell_behind(struct fetch *fetch, const struct behind *behind, unsigned *rcode, char error[FETCH_ERROR_SIZE])
{
	uint8_t wire[BEHIND_MESSAGE_MAX];
	struct wcursor message = wcursor_over(wire, sizeof(wire));

	message.status = behind_write(behind, fetch->apex, fetch->id, &message);
	return say(fetch, &message, rcode, error);
}

/* ---- UPDATE -------------------------------------------------------------------------------------------------------------------------- */

struct update_out {
	struct fetch *fetch;
	unsigned *rcode;
	char *error;
	int status;
	unsigned records;
	struct buf leaving;          /* names of the servers at the apex that are to go, one after another */
	struct message_writer writer;
	uint8_t wire[MESSAGE_MAX_LEN];
};

static void update_begin(struct update_out *out)
{
	out->records = 0;
	message_writer_init(&out->writer, out->wire, sizeof(out->wire), out->fetch->id, opcode_flags(OPCODE_UPDATE));
	out->status = message_write_question(&out->writer, out->fetch->apex, TYPE_SOA, CLASS_IN);
}

static void update_send(struct update_out *out)
{
	if (out->status != ZT_OK || *out->rcode != RCODE_NOERROR || out->records == 0)
		return;
	struct wcursor message = wcursor_over(out->wire, sizeof(out->wire));
	message.pos = message_writer_finish(&out->writer);
	out->status = say(out->fetch, &message, out->rcode, out->error);
	if (out->status == ZT_OK && *out->rcode == RCODE_NOERROR)
		update_begin(out);
}

/* `is_gone`: it is to be taken away (RFC 2136 section 2.5.4). */
static void update_put(struct update_out *out, const struct change_record *record, bool is_gone)
{
	struct record_out wanted = {
		.owner = record->owner, .type = record->type, .rr_class = is_gone ? CLASS_NONE : CLASS_IN, .ttl = is_gone ? 0 : record->ttl,
		.rdata = record->rdata, .rdata_len = record->rdata_len,
	};

	if (out->writer.cur.pos + NAME_MAX_LEN + record->rdata_len > UPDATE_FULL)
		update_send(out);
	if (out->status != ZT_OK || *out->rcode != RCODE_NOERROR)
		return;
	out->status = message_write_record(&out->writer, SECTION_AUTHORITY, &wanted);
	out->records++;
	if (out->status != ZT_OK)
		snprintf(out->error, FETCH_ERROR_SIZE, "a record is too large for an UPDATE: %s", status_text(out->status));
}

static bool is_apex_ns(const struct update_out *out, const struct change_record *record)
{
	return record->type == TYPE_NS && name_equal(record->owner, out->fetch->apex);
}

/* Looked for once, because each address is compared with them. */
static void leaving_find(struct update_out *out, const struct changeset *change)
{
	struct change_record record;

	buf_init(&out->leaving);
	for (size_t at = 0; change_record_next(&change->removed, &at, &record);) {
		if (is_apex_ns(out, &record))
			buf_add(&out->leaving, record.rdata, record.rdata_len);
	}
	if (out->leaving.status == ZT_OK)
		return;
	out->status = out->leaving.status;
	snprintf(out->error, FETCH_ERROR_SIZE, "%s", status_text(out->status));
}

/* Whether a record is the address of a name server that is to go. */
static bool is_address_of_ns(const struct update_out *out, const struct change_record *record)
{
	if (record->type != TYPE_A && record->type != TYPE_AAAA)
		return false;
	for (size_t at = 0; at < out->leaving.len; at += name_len(out->leaving.data + at)) {
		if (name_equal(out->leaving.data + at, record->owner))
			return true;
	}
	return false;
}

/* Under another TTL perhaps, which is no reason to take it away once it has been added. */
static bool is_kept(const struct changeset *change, const struct change_record *record)
{
	struct change_record other;

	for (size_t at = 0; change_record_next(&change->added, &at, &other);) {
		if (other.type == record->type && other.rdata_len == record->rdata_len && name_equal(other.owner, record->owner) &&
		    memcmp(other.rdata, record->rdata, record->rdata_len) == 0)
			return true;
	}
	return false;
}

/* When a record's turn comes: what goes, what comes, and the servers of the zone, of which there must be some with addresses after each message (RFC 2136 section
 * 3.4.2.4, and what servers check besides). The SOA comes last: then it replaces the server's where it is newer. */
enum turn { TURN_REMOVE, TURN_ADD, TURN_ADD_NS, TURN_REMOVE_NS, TURN_ADD_SOA, TURNS };

static bool is_its_turn(const struct update_out *out, const struct changeset *change, const struct change_record *record, enum turn turn)
{
	bool is_ns = is_apex_ns(out, record);

	switch (turn) {
	case TURN_REMOVE: return record->type != TYPE_SOA && !is_ns && !is_address_of_ns(out, record);
	case TURN_ADD: return record->type != TYPE_SOA && !is_ns;
	case TURN_ADD_NS: return is_ns;
	case TURN_REMOVE_NS: return (is_ns || is_address_of_ns(out, record)) && !is_kept(change, record);
	case TURN_ADD_SOA: return record->type == TYPE_SOA;
	case TURNS: break;
	}
	return false;
}

int tell_update(struct fetch *fetch, const struct changeset *change, unsigned *rcode, char error[FETCH_ERROR_SIZE])
{
	static struct update_out out;
	struct change_record record;

	out.fetch = fetch;
	out.rcode = rcode;
	out.error = error;
	*rcode = RCODE_NOERROR;
	update_begin(&out);
	leaving_find(&out, change);
	for (enum turn turn = TURN_REMOVE; turn < TURNS; turn++) {
		bool is_gone = turn == TURN_REMOVE || turn == TURN_REMOVE_NS;
		const struct buf *list = is_gone ? &change->removed : &change->added;
		for (size_t at = 0; change_record_next(list, &at, &record);) {
			if (is_its_turn(&out, change, &record, turn))
				update_put(&out, &record, is_gone);
		}
	}
	update_send(&out);
	buf_fini(&out.leaving);
	return out.status;
}

/* Reading DNS messages. */
#include "lib/dns/message.h"

/* Steps over a possibly compressed name without following the pointer. */
static void name_skip(struct rcursor *cur)
{
	for (;;) {
		uint8_t c = rcursor_u8(cur);
		if (c == 0 || cur->status != ZT_OK)
			return;
		if (c >= 0xc0) {
			rcursor_u8(cur);
			return;
		}
		if (c > LABEL_MAX_LEN) {
			cur->status = ZT_EMALFORMED;
			return;
		}
		rcursor_take(cur, c);
	}
}

/* What message_read needs of a record while it walks over all of them. */
struct passed_record {
	size_t at;
	bool owner_is_root;
	uint16_t type;
	uint16_t rr_class;
	uint32_t ttl;
	uint16_t rdata_len;
	const uint8_t *rdata;
};

static bool record_pass(struct rcursor *cur, struct passed_record *passed)
{
	passed->at = cur->pos;
	passed->owner_is_root = cur->pos < cur->len && cur->base[cur->pos] == 0;
	name_skip(cur);
	passed->type = rcursor_u16(cur);
	passed->rr_class = rcursor_u16(cur);
	passed->ttl = rcursor_u32(cur);
	passed->rdata_len = rcursor_u16(cur);
	passed->rdata = rcursor_take(cur, passed->rdata_len);
	return cur->status == ZT_OK;
}

static bool question_read(struct message *message, struct rcursor *cur)
{
	for (unsigned i = 0; i < message->count[SECTION_QUESTION]; i++) {
		if (i > 0) {
			name_skip(cur);
			rcursor_take(cur, 4);
			continue;
		}
		message->qname_len = name_read(cur, message->qname);
		message->qtype = rcursor_u16(cur);
		message->qclass = rcursor_u16(cur);
	}
	return cur->status == ZT_OK;
}

/* OPT and TSIG stand in the additional section; OPT once and at the root, TSIG last. */
static bool additional_note(struct message *message, const struct passed_record *passed, bool is_last)
{
	if (passed->type == TYPE_OPT) {
		return !message->edns.present && passed->owner_is_root &&
		       edns_read(&message->edns, passed->rr_class, passed->ttl, passed->rdata, passed->rdata_len) == ZT_OK;
	}
	if (passed->type == TYPE_TSIG) {
		message->tsig_at = passed->at;
		return is_last;
	}
	return true;
}

static bool records_pass(struct message *message, struct rcursor *cur, enum section section)
{
	struct passed_record passed;

	message->section_at[section] = cur->pos;
	for (unsigned i = 0; i < message->count[section]; i++) {
		if (!record_pass(cur, &passed))
			return false;
		bool is_last = i + 1 == message->count[section];
		if (section == SECTION_ADDITIONAL && !additional_note(message, &passed, is_last))
			return false;
	}
	return true;
}

int message_read(struct message *message, const uint8_t *wire, size_t len)
{
	if (len < MESSAGE_HEADER_LEN)
		return ZT_ETRUNC;
	struct rcursor cur = rcursor_over(wire, len);
	message->wire = wire;
	message->len = len;
	message->id = rcursor_u16(&cur);
	message->flags = rcursor_u16(&cur);
	for (int i = 0; i < 4; i++) {
		message->count[i] = rcursor_u16(&cur);
		message->section_at[i] = cur.pos;
	}
	message->qname[0] = 0;
	message->qname_len = 0;
	message->qtype = message->qclass = 0;
	message->edns.present = false;
	message->edns.extended_rcode = 0;
	message->tsig_at = 0;
	message->section_at[SECTION_QUESTION] = MESSAGE_HEADER_LEN;
	if (!question_read(message, &cur) || !records_pass(message, &cur, SECTION_ANSWER) ||
	    !records_pass(message, &cur, SECTION_AUTHORITY) || !records_pass(message, &cur, SECTION_ADDITIONAL))
		return ZT_EMALFORMED;
	return cur.pos == len ? ZT_OK : ZT_EMALFORMED;
}

unsigned message_rcode(const struct message *message)
{
	return (unsigned)(message->edns.extended_rcode << 4 | (message->flags & FLAG_RCODE_MASK));
}

void record_iter_init(struct record_iter *iter, const struct message *message, enum section section)
{
	iter->cur = rcursor_over(message->wire, message->len);
	iter->cur.pos = message->section_at[section];
	iter->left = section == SECTION_QUESTION ? 0 : message->count[section];
}

bool record_iter_next(struct record_iter *iter, struct record *out)
{
	if (iter->left == 0)
		return false;
	iter->left--;
	out->at = iter->cur.pos;
	out->owner_len = name_read(&iter->cur, out->owner);
	out->type = rcursor_u16(&iter->cur);
	out->rr_class = rcursor_u16(&iter->cur);
	out->ttl = rcursor_u32(&iter->cur);
	out->rdata_len = rcursor_u16(&iter->cur);
	out->rdata_at = iter->cur.pos;
	rcursor_take(&iter->cur, out->rdata_len);
	if (iter->cur.status != ZT_OK)      /* an owner name whose pointers lead nowhere */
		iter->left = 0;
	return iter->cur.status == ZT_OK;
}

int record_rdata(const struct message *message, const struct record *record, struct wcursor *out)
{
	struct rcursor cur = rcursor_over(message->wire, message->len);
	cur.pos = record->rdata_at;
	return rdata_read(&cur, record->type, record->rdata_len, out);
}

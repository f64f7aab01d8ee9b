/* The records of responses. */
#include "resolverd/serve/respond.h"

#include <stdlib.h>
#include <string.h>

#include "lib/dns/writer.h"

struct responder *responder_new(void)
{
	struct responder *responder = malloc(sizeof(*responder));
	if (responder)
		arena_init(&responder->arena, 16384);
	return responder;
}

void responder_free(struct responder *responder)
{
	if (!responder)
		return;
	arena_fini(&responder->arena);
	free(responder);
}

/* The records being written. */
struct drafting {
	struct responder *responder;
	struct message_writer writer;
	unsigned life_count;
	unsigned offset_count;
	bool with_dnssec;
};

/* Where the TTL of the record stands that was just written at `at`. */
static uint16_t ttl_offset(const uint8_t *wire, size_t at)
{
	while (wire[at] != 0 && wire[at] < 0xc0)
		at += (size_t)wire[at] + 1;
	at += wire[at] == 0 ? 1 : 2;
	return (uint16_t)(at + 4);
}

static bool write_set(struct drafting *d, enum section section, const struct rrset *set, usec_t cap)
{
	struct responder *responder = d->responder;
	const uint8_t *at = set->rdata;
	unsigned records = d->with_dnssec ? set->count + set->sig_count : set->count;

	if (d->life_count == MESSAGE_MAX_LIVES || d->offset_count + records > RESPOND_MAX_RECORDS)
		return false;
	struct message_life *life = &responder->lives[d->life_count++];
	*life = (struct message_life){ .expires = set->expires < cap ? set->expires : cap, .first = (uint16_t)d->offset_count };
	for (unsigned i = 0; i < records; i++) {
		struct record_out out = { .owner = set->owner, .type = i < set->count ? set->type : TYPE_RRSIG, .rr_class = CLASS_IN };
		out.rdata = rrset_rdata_next(&at, &out.rdata_len);
		size_t start = d->writer.cur.pos;
		if (message_write_record(&d->writer, section, &out) != ZT_OK)
			return false;
		responder->offsets[d->offset_count++] = ttl_offset(responder->wire, start);
	}
	life->count = (uint16_t)(d->offset_count - life->first);
	return true;
}

static bool write_content(struct drafting *d, const struct content *content)
{
	for (unsigned i = 0; i < content->answer_count; i++) {
		if (!write_set(d, SECTION_ANSWER, content->answer[i], INT64_MAX))
			return false;
	}
	for (unsigned i = 0; i < content->authority_count; i++) {
		const struct rrset *set = content->authority[i];
		bool is_proof = set->type == TYPE_NSEC || set->type == TYPE_NSEC3;
		if ((d->with_dnssec || !is_proof) && !write_set(d, SECTION_AUTHORITY, set, content->authority_expires))
			return false;
	}
	return true;
}

bool responder_draft(struct responder *responder, const uint8_t *name, uint16_t type, const struct content *content, bool with_dnssec)
{
	struct drafting d = { .responder = responder, .with_dnssec = with_dnssec };

	message_writer_init(&d.writer, responder->wire, sizeof(responder->wire), 0, 0);
	if (message_write_question(&d.writer, name, type, CLASS_IN) != ZT_OK)
		return false;
	size_t body_at = d.writer.cur.pos;
	if (!write_content(&d, content))
		return false;
	for (unsigned i = 0; i < d.offset_count; i++)
		responder->offsets[i] = (uint16_t)(responder->offsets[i] - body_at);
	responder->draft = (struct message_draft){
		.body = responder->wire + body_at,
		.body_len = (uint16_t)(d.writer.cur.pos - body_at),
		.count = { d.writer.count[SECTION_ANSWER], d.writer.count[SECTION_AUTHORITY], 0 },
		.rcode = (uint8_t)content->rcode,
		.authoritative = content->authoritative,
		.lives = responder->lives,
		.life_count = d.life_count,
		.offsets = responder->offsets,
		.offset_count = d.offset_count,
	};
	return true;
}

void responder_copy(const struct responder *responder, struct message_found *found, usec_t now)
{
	const struct message_draft *draft = &responder->draft;

	found->body_len = draft->body_len;
	memcpy(found->count, draft->count, sizeof(found->count));
	found->rcode = draft->rcode;
	found->authoritative = draft->authoritative;
	if (draft->body_len > found->room)
		return;
	memcpy(found->out, draft->body, draft->body_len);
	for (unsigned i = 0; i < draft->life_count; i++) {
		uint32_t ttl = ttl_left(draft->lives[i].expires, now);
		for (unsigned j = 0; j < draft->lives[i].count; j++)
			wire_put_u32(found->out + draft->offsets[draft->lives[i].first + j], ttl);
	}
}

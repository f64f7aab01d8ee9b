/* Queries and replies. */
#include "resolverd/serve/front.h"

#include <string.h>

enum { OPT_LEN = 11 };

/* Header and question into `out`; the counts and the final flags come with front_finish. Returns where records go. */
static size_t begin(struct front *front)
{
	const struct asked *asked = &front->asked;

	wire_put_u16(front->out, asked->id);
	memcpy(front->out + MESSAGE_HEADER_LEN, asked->question, asked->question_len);
	return (size_t)MESSAGE_HEADER_LEN + asked->question_len;
}

/* A full OPT record behind the records, and the header. */
static void end(struct front *front, const struct message_found *found, size_t at)
{
	const struct asked *asked = &front->asked;
	uint16_t flags = (uint16_t)(FLAG_QR | FLAG_RA | (asked->flags & (FLAG_OPCODE_MASK | FLAG_RD | FLAG_CD)) | (found->rcode & FLAG_RCODE_MASK));
	struct wcursor cur = wcursor_over(front->out, front->out_size);

	flags |= found->authoritative ? FLAG_AA : 0;
	flags |= front->truncated ? FLAG_TC : 0;
	cur.pos = 2;
	wcursor_u16(&cur, flags);
	wcursor_u16(&cur, asked->question_len > 0);
	wcursor_u16(&cur, found->count[0]);
	wcursor_u16(&cur, found->count[1]);
	wcursor_u16(&cur, (uint16_t)(found->count[2] + asked->edns));
	cur.pos = at;
	if (asked->edns) {
		wcursor_u8(&cur, 0);
		wcursor_u16(&cur, TYPE_OPT);
		wcursor_u16(&cur, EDNS_UDP_SIZE);
		wcursor_u8(&cur, (uint8_t)(front->rcode >> 4));
		wcursor_u8(&cur, 0);
		wcursor_u16(&cur, asked->dnssec_ok ? EDNS_FLAG_DO : 0);
		wcursor_u16(&cur, 0);
	}
	front->out_len = cur.pos;
}

/* A reply without records. */
static enum front_verdict reply_bare(struct front *front, unsigned rcode)
{
	struct message_found bare = { .rcode = (uint8_t)(rcode & FLAG_RCODE_MASK) };

	front->rcode = rcode;
	end(front, &bare, begin(front));
	return FRONT_REPLY;
}

static size_t room_for_records(const struct front *front, size_t at)
{
	size_t limit = front->asked.limit < front->out_size ? front->asked.limit : front->out_size;
	size_t used = at + (front->asked.edns ? OPT_LEN : 0);
	return limit > used ? limit - used : 0;
}

/* Ends a reply whose records stand in `out`, or did not fit. */
static enum front_verdict reply_found(struct front *front, struct message_found *found, size_t at)
{
	front->rcode = found->rcode;
	if (found->body_len > found->room) {
		/* Nothing is sent in part: the client has to come by TCP anyway. */
		front->truncated = true;
		memset(found->count, 0, sizeof(found->count));
		found->body_len = 0;
	}
	end(front, found, at + found->body_len);
	return FRONT_REPLY;
}

static bool reply_ready(struct front *front, const struct cache_key *key)
{
	size_t at = begin(front);
	struct message_found found = { .out = front->out + at, .room = room_for_records(front, at) };

	if (!messages_get(front->cache, key, &found, front->now))
		return false;
	reply_found(front, &found, at);
	return true;
}

/* A reply from RRsets; kept as a ready-made message where `generation` is not NULL. */
static enum front_verdict reply_content(struct front *front, const struct content *content, const uint32_t *generation)
{
	const struct asked *asked = &front->asked;

	if (!responder_draft(front->responder, asked->name, asked->type, content, asked->dnssec_ok))
		return reply_bare(front, RCODE_SERVFAIL);
	if (generation) {
		struct cache_key key = messages_key(front->cache, asked->name, asked->type, asked->dnssec_ok);
		front->responder->draft.generation = *generation;
		messages_put(front->cache, &key, &front->responder->draft, front->now);
	}
	size_t at = begin(front);
	struct message_found found = { .out = front->out + at, .room = room_for_records(front, at) };
	responder_copy(front->responder, &found, front->now);
	return reply_found(front, &found, at);
}

static void content_add_negative(struct content *content, const struct negative *negative)
{
	content->authority = negative->sets;
	content->authority_count = negative->count;
	content->authority_expires = negative->expires;
}

/* Without RD: what is known and nothing more; where nothing is, the nearest known delegation. */
static enum front_verdict reply_known(struct front *front, struct content *content)
{
	struct cache_reader reader = { .cache = front->cache, .arena = &front->responder->arena, .now = front->now };

	for (const uint8_t *zone = front->asked.name;; zone = name_parent(zone)) {
		struct rrset *ns = rrsets_get(&reader, zone, TYPE_NS, TRUST_REFERRAL);
		if (ns) {
			content->authority = &ns;
			content->authority_count = 1;
			return reply_content(front, content, NULL);
		}
		if (*zone == 0)
			return reply_content(front, content, NULL);
	}
}

/* Not ready-made: from local zones and the cache, or not at all. */
static enum front_verdict reply_looked_up(struct front *front)
{
	struct context ctx = {
		.policy = &front->view->policy,
		.reader = { .cache = front->cache, .arena = &front->responder->arena, .now = front->now },
	};
	struct lookup lookup = { .name = front->asked.name };
	uint32_t generation = messages_generation(front->cache);

	arena_reset(ctx.reader.arena);
	enum lookup_verdict verdict = lookup_step(&ctx, &lookup, front->asked.type);
	struct content content = {
		.rcode = lookup.rcode,
		.authoritative = lookup.authoritative,
		.answer = lookup.chain,
		.answer_count = lookup.chain_count,
		.authority_expires = INT64_MAX,
	};
	switch (verdict) {
	case LOOKUP_ANSWER:
		return reply_content(front, &content, &generation);
	case LOOKUP_NEGATIVE:
		content_add_negative(&content, &lookup.negative);
		return reply_content(front, &content, &generation);
	case LOOKUP_MISS:
		return front->asked.flags & FLAG_RD ? FRONT_RESOLVE : reply_known(front, &content);
	default:
		return reply_bare(front, RCODE_SERVFAIL);
	}
}

static uint16_t reply_limit(const struct message *message, bool is_tcp)
{
	if (is_tcp)
		return MESSAGE_MAX_LEN;
	if (!message->edns.present || message->edns.udp_size <= EDNS_MIN_UDP_SIZE)
		return EDNS_MIN_UDP_SIZE;
	return message->edns.udp_size < EDNS_UDP_SIZE ? message->edns.udp_size : EDNS_UDP_SIZE;
}

static void asked_fill(struct asked *asked, const struct message *message, bool is_tcp)
{
	asked->id = message->id;
	asked->flags = message->flags;
	asked->type = message->qtype;
	asked->edns = message->edns.present;
	asked->dnssec_ok = message->edns.present && (message->edns.flags & EDNS_FLAG_DO);
	asked->limit = reply_limit(message, is_tcp);
	asked->question_len = 0;
	if (message->qname_len == 0)
		return;
	memcpy(asked->question, message->qname, message->qname_len);
	wire_put_u16(asked->question + message->qname_len, message->qtype);
	wire_put_u16(asked->question + message->qname_len + 2, message->qclass);
	asked->question_len = (uint16_t)(message->qname_len + 4);
	for (size_t i = 0; i < message->qname_len; i++)
		asked->name[i] = name_fold(message->qname[i]);
}

/* The reply that a query's form alone demands; NOERROR where there is none. */
static unsigned refusal(const struct message *message, int status)
{
	if (status != ZT_OK)
		return RCODE_FORMERR;
	if (flags_opcode(message->flags) != OPCODE_QUERY)
		return RCODE_NOTIMP;
	if (message->count[SECTION_QUESTION] != 1)
		return RCODE_FORMERR;
	if (message->edns.present && message->edns.version > 0)
		return RCODE_BADVERS;
	if (message->tsig_at > 0)      /* signed with a key we don't have (RFC 8945 section 5.2) */
		return RCODE_NOTAUTH;
	if (message->qclass != CLASS_IN)
		return RCODE_REFUSED;
	if (rr_type_is_meta(message->qtype) && message->qtype != TYPE_ANY)
		return RCODE_NOTIMP;
	return RCODE_NOERROR;
}

enum front_verdict front_query(struct front *front, const struct front_query *query)
{
	struct message message;

	front->hit = front->truncated = false;
	front->rcode = RCODE_NOERROR;
	int status = message_read(&message, query->wire, query->len);
	if (status == ZT_ETRUNC || (message.flags & FLAG_QR))
		return FRONT_DROP;
	asked_fill(&front->asked, &message, query->is_tcp);
	unsigned refused = refusal(&message, status);
	if (refused == RCODE_NOERROR && !acl_allows_address(&front->view->allow_query, query->remote))
		refused = RCODE_REFUSED;
	if (refused != RCODE_NOERROR)
		return reply_bare(front, refused);
	struct cache_key key = messages_key(front->cache, front->asked.name, front->asked.type, front->asked.dnssec_ok);
	front->hit = reply_ready(front, &key);
	return front->hit ? FRONT_REPLY : reply_looked_up(front);
}

void front_reply(struct front *front, const struct result *result)
{
	struct content content = {
		.rcode = result->rcode,
		.answer = result->chain,
		.answer_count = result->chain_count,
		.authority_expires = INT64_MAX,
	};

	front->hit = front->truncated = false;
	if (result->rcode == RCODE_SERVFAIL) {
		reply_bare(front, RCODE_SERVFAIL);
		return;
	}
	/* One of several askers of the same may have left it ready. */
	struct cache_key key = messages_key(front->cache, front->asked.name, front->asked.type, front->asked.dnssec_ok);
	if (reply_ready(front, &key))
		return;
	if (result->negative)
		content_add_negative(&content, result->negative);
	reply_content(front, &content, &result->generation);
}

void front_fail(struct front *front)
{
	front->hit = front->truncated = false;
	reply_bare(front, RCODE_SERVFAIL);
}

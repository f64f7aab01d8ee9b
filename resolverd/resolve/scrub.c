/* Replies, made fit to be believed. */
#include "resolverd/resolve/scrub.h"

#include <assert.h>
#include <string.h>

enum {
	SET_MAX_RECORDS = 512,       /* larger sets are dropped: nobody has them, and telling duplicates apart costs the square */
	SET_MAX_SIGS = 16,
	SET_MAX_LEN = 65535,         /* bytes of a set's rdata, so that any set fits a message */
	ANY_MAX_TYPES = 24,
};

static_assert(SET_MAX_LEN <= UINT16_MAX, "a set fits a message");

static const uint16_t address_types[] = { TYPE_A, TYPE_AAAA };

/* Every record of the message, parsed once; sections follow each other. */
struct indexed {
	uint64_t owner_hash;
	uint32_t at;                 /* offset of the record */
	uint16_t type;
	uint8_t section;
};

struct scrub {
	const struct message *message;
	const struct scrub_question *question;
	const struct policy *policy;
	struct arena *arena;
	struct reply *reply;
	struct indexed *index;
	unsigned index_count;
	const uint8_t *version_zone;      /* the zone whose version the server told; NULL = none */
	uint8_t version_labels;
	uint32_t version;
	bool too_long;                    /* a DNAME led to a name longer than names may be: YXDOMAIN */
	bool out_of_memory;
};

static int index_build(struct scrub *s)
{
	const struct message *m = s->message;
	unsigned total = (unsigned)m->count[SECTION_ANSWER] + m->count[SECTION_AUTHORITY] + m->count[SECTION_ADDITIONAL];
	struct record record;
	struct record_iter iter;

	s->index = arena_alloc(s->arena, (total + 1) * sizeof(*s->index));
	if (!s->index)
		return ZT_ENOMEM;
	for (int section = SECTION_ANSWER; section <= SECTION_ADDITIONAL; section++) {
		record_iter_init(&iter, m, (enum section)section);
		while (record_iter_next(&iter, &record)) {
			if (record.rr_class != CLASS_IN || record.type == TYPE_OPT || record.type == TYPE_TSIG)
				continue;
			s->index[s->index_count++] = (struct indexed){
				.owner_hash = name_hash(record.owner, 0),
				.at = (uint32_t)record.at,
				.type = record.type,
				.section = (uint8_t)section,
			};
		}
	}
	return ZT_OK;
}

static void record_at(const struct scrub *s, const struct indexed *indexed, struct record *record)
{
	struct record_iter iter = { .cur = rcursor_over(s->message->wire, s->message->len), .left = 1 };
	iter.cur.pos = indexed->at;
	if (!record_iter_next(&iter, record))
		record->owner[0] = 0;
}

static uint8_t *name_arena_lower(struct scrub *s, const uint8_t *name)
{
	uint8_t *copy = arena_copy(s->arena, name, name_len(name));
	if (copy)
		name_lower(copy);
	else
		s->out_of_memory = true;
	return copy;
}

bool scrub_zone_version(const struct message *message, const uint8_t *qname, const uint8_t **zone, uint32_t *serial)
{
	const uint8_t *data;
	uint16_t len;

	if (!edns_option(&message->edns, EDNS_ZONEVERSION, &data, &len) || len != 6 || data[1] != 0)
		return false;
	unsigned labels = name_label_count(qname);
	if (data[0] > labels)
		return false;
	*zone = name_strip(qname, labels - data[0]);
	*serial = wire_get_u32(data + 2);
	return true;
}

static void version_read(struct scrub *s)
{
	if (scrub_zone_version(s->message, s->question->qname, &s->version_zone, &s->version))
		s->version_labels = (uint8_t)name_label_count(s->version_zone);
}

static struct origin origin_for(const struct scrub *s, const uint8_t *owner)
{
	struct origin origin = s->question->origin;
	origin.has_version = s->version_zone && name_is_within(owner, s->version_zone);
	origin.version_labels = origin.has_version ? s->version_labels : 0;
	origin.version = origin.has_version ? s->version : 0;
	return origin;
}

/* A set being put together from records that belong to it. */
struct gather {
	struct wcursor out;
	uint32_t ttl;
	unsigned count;
	uint16_t covered;      /* not 0: RRSIGs of this type are gathered */
};

static bool is_duplicate(const struct gather *gather, size_t start, size_t at, size_t len)
{
	const uint8_t *fresh = gather->out.base + at;

	for (size_t pos = start; pos < at; pos += 2 + (size_t)wire_get_u16(gather->out.base + pos)) {
		if (memcmp(gather->out.base + pos, fresh, len) == 0)
			return true;
	}
	return false;
}

/* Adds all records of (section, owner, type) behind what `gather` has. False when something is wrong with one of them. */
static bool gather_records(const struct scrub *s, struct gather *gather, const struct rrset *key, enum section section)
{
	uint64_t hash = name_hash(key->owner, 0);
	uint16_t type = gather->covered ? TYPE_RRSIG : key->type;
	unsigned most = gather->covered ? SET_MAX_SIGS : SET_MAX_RECORDS;
	size_t start = gather->out.pos;
	struct record record;

	gather->count = 0;
	for (unsigned i = 0; i < s->index_count; i++) {
		const struct indexed *indexed = &s->index[i];
		if (indexed->owner_hash != hash || indexed->type != type || indexed->section != section)
			continue;
		record_at(s, indexed, &record);
		if (!name_equal(record.owner, key->owner))
			continue;
		size_t at = gather->out.pos;
		wcursor_u16(&gather->out, 0);
		if (record_rdata(s->message, &record, &gather->out) != ZT_OK || gather->out.status != ZT_OK)
			return false;
		size_t len = gather->out.pos - at;
		wire_put_u16(gather->out.base + at, (uint16_t)(len - 2));
		bool other = gather->covered && (len < 4 || wire_get_u16(gather->out.base + at + 2) != gather->covered);
		if (other || is_duplicate(gather, start, at, len)) {
			gather->out.pos = at;
			continue;
		}
		uint32_t ttl = record.ttl & UINT32_C(0x80000000) ? 0 : record.ttl;
		if (ttl < gather->ttl)
			gather->ttl = ttl;      /* RFC 2181 section 5.2 */
		if (++gather->count > most)
			return false;
	}
	return true;
}

static uint32_t clamp_ttl(const struct policy *policy, uint32_t ttl)
{
	if (ttl < policy->min_ttl)
		ttl = policy->min_ttl;
	return ttl < policy->max_ttl ? ttl : policy->max_ttl;
}

/* The RRset of (section, owner, type) with its signatures; NULL when there is none or it is broken. */
static struct rrset *take(struct scrub *s, enum section section, const uint8_t *owner, uint16_t type)
{
	struct rrset set = { .owner = owner, .type = type };
	uint8_t room[SET_MAX_LEN];
	struct gather gather = { .out = wcursor_over(room, sizeof(room)), .ttl = UINT32_MAX };

	if (!gather_records(s, &gather, &set, section) || gather.count == 0)
		return NULL;
	set.count = (uint16_t)gather.count;
	if (type != TYPE_RRSIG) {
		gather.covered = type;
		if (!gather_records(s, &gather, &set, section))
			return NULL;
		set.sig_count = (uint16_t)gather.count;
	}
	set.rdata = room;
	set.rdata_len = (uint32_t)gather.out.pos;
	set.origin = origin_for(s, owner);
	set.expires = set.origin.learned + (usec_t)clamp_ttl(s->policy, gather.ttl) * USEC_PER_SEC;
	struct rrset *copy = rrset_copy(s->arena, &set);
	if (!copy)
		s->out_of_memory = true;
	return copy;
}

static bool chain_push(struct scrub *s, struct rrset *set, bool first)
{
	if (!set || s->reply->chain_count == sizeof(s->reply->chain) / sizeof(s->reply->chain[0]))
		return false;
	bool authoritative = (s->message->flags & FLAG_AA) && !s->question->forwarded;
	set->trust = first && authoritative ? TRUST_ANSWER_AA : TRUST_ANSWER;
	s->reply->chain[s->reply->chain_count++] = set;
	return true;
}

/* The first DNAME of the answer section whose owner lies above `name`, inside the bailiwick; an honest server sends no second one. */
static struct rrset *take_dname(struct scrub *s, const uint8_t *name)
{
	struct record record;

	for (unsigned i = 0; i < s->index_count; i++) {
		if (s->index[i].type != TYPE_DNAME || s->index[i].section != SECTION_ANSWER)
			continue;
		record_at(s, &s->index[i], &record);
		if (name_equal(record.owner, name) || !name_is_within(name, record.owner) || !name_is_within(record.owner, s->question->zone))
			continue;
		uint8_t *owner = name_arena_lower(s, record.owner);
		return owner ? take(s, SECTION_ANSWER, owner, TYPE_DNAME) : NULL;
	}
	return NULL;
}

struct rrset *scrub_synthesize(const struct rrset *dname, const uint8_t *name, struct arena *arena, bool *too_long)
{
	uint8_t rdata[2 + NAME_MAX_LEN];
	const uint8_t *at = dname->rdata;
	uint16_t len;
	const uint8_t *target = rrset_rdata_next(&at, &len);

	*too_long = name_substitute(rdata + 2, name, dname->owner, target) != ZT_OK;
	if (*too_long)
		return NULL;
	size_t target_len = name_len(rdata + 2);
	wire_put_u16(rdata, (uint16_t)target_len);
	struct rrset set = {
		.owner = name,
		.type = TYPE_CNAME,
		.trust = dname->trust,
		.count = 1,
		.rdata_len = (uint32_t)(2 + target_len),
		.rdata = rdata,
		.expires = dname->expires,
		.origin = dname->origin,
	};
	return rrset_copy(arena, &set);
}

/* ANY: every set at the name. */
static bool chain_any(struct scrub *s, const uint8_t *name, bool first)
{
	uint16_t types[ANY_MAX_TYPES];
	unsigned count = 0;
	uint64_t hash = name_hash(name, 0);
	bool found = false;

	for (unsigned i = 0; i < s->index_count; i++) {
		const struct indexed *indexed = &s->index[i];
		if (indexed->section != SECTION_ANSWER || indexed->owner_hash != hash || indexed->type == TYPE_RRSIG || count == ANY_MAX_TYPES)
			continue;
		unsigned known = 0;
		while (known < count && types[known] != indexed->type)
			known++;
		if (known < count)
			continue;
		types[count++] = indexed->type;
		found |= chain_push(s, take(s, SECTION_ANSWER, name, indexed->type), first);
	}
	return found;
}

/* One name of the chain. Returns the next name, or NULL when the chain ends here; *answered tells whether with the answer. */
static const uint8_t *chain_step(struct scrub *s, const uint8_t *name, bool first, bool *answered)
{
	uint16_t qtype = s->question->qtype;

	if (qtype == TYPE_ANY) {
		*answered = chain_any(s, name, first);
		return NULL;
	}
	/* Below a DNAME there is nothing else (RFC 6672 section 2.4). */
	struct rrset *cname, *dname = take_dname(s, name);
	*answered = !dname && chain_push(s, take(s, SECTION_ANSWER, name, qtype), first);
	if (*answered || (qtype == TYPE_CNAME && !dname))
		return NULL;
	if (dname) {
		if (!chain_push(s, dname, first))
			return NULL;
		cname = scrub_synthesize(dname, name, s->arena, &s->too_long);
		*answered = s->too_long;
	} else {
		cname = take(s, SECTION_ANSWER, name, TYPE_CNAME);
	}
	if (!cname || cname->count != 1 || !chain_push(s, cname, first))
		return NULL;
	const uint8_t *at = cname->rdata;
	uint16_t len;
	return name_arena_lower(s, rrset_rdata_next(&at, &len));
}

/* Follows the chain as far as this server can be believed. Returns whether it ends in the answer. */
static bool chain_follow(struct scrub *s)
{
	const uint8_t *name = s->question->qname;
	bool answered = false;

	for (unsigned step = 0; step < CHAIN_MAX; step++) {
		s->reply->target = name;
		if (!name_is_within(name, s->question->zone))
			return false;
		name = chain_step(s, name, step == 0, &answered);
		if (!name)
			return answered;
	}
	s->reply->target = name;
	return false;
}

/* The SOA and the proofs of a negative answer for `target`. False when the only SOA is one this server has no business to send. */
static bool negative_take(struct scrub *s)
{
	struct negative *negative = &s->reply->negative;
	const uint8_t *target = s->reply->target;
	struct record record;
	bool foreign = false;

	for (unsigned i = 0; i < s->index_count; i++) {
		uint16_t type = s->index[i].type;
		if (s->index[i].section != SECTION_AUTHORITY || (type != TYPE_SOA && type != TYPE_NSEC && type != TYPE_NSEC3))
			continue;
		record_at(s, &s->index[i], &record);
		bool ours = name_is_within(record.owner, s->question->zone) && (type != TYPE_SOA || name_is_within(target, record.owner));
		if (!ours) {
			foreign |= type == TYPE_SOA;
			continue;
		}
		bool seen = false;
		for (unsigned j = 0; j < negative->count; j++)
			seen |= negative->sets[j]->type == type && name_equal(negative->sets[j]->owner, record.owner);
		/* The SOA stands first, whatever the order in the message; there is only one. */
		bool soa_there = negative->count > 0 && negative->sets[0]->type == TYPE_SOA;
		if (seen || (type == TYPE_SOA && soa_there) || negative->count == NEGATIVE_MAX_SETS)
			continue;
		uint8_t *owner = name_arena_lower(s, record.owner);
		struct rrset *set = owner ? take(s, SECTION_AUTHORITY, owner, type) : NULL;
		if (!set)
			continue;
		set->trust = TRUST_AUTHORITY_AA;
		negative->sets[negative->count++] = set;
		if (type == TYPE_SOA) {
			negative->sets[negative->count - 1] = negative->sets[0];
			negative->sets[0] = set;
		}
	}
	return !foreign || negative->count > 0;
}

/* RFC 2308 section 5: the life of a negative answer. Without an SOA it has none. */
static void negative_limit(struct scrub *s)
{
	struct negative *negative = &s->reply->negative;
	struct soa soa;

	negative->rcode = s->reply->kind == REPLY_NXDOMAIN ? RCODE_NXDOMAIN : RCODE_NOERROR;
	negative->origin = origin_for(s, s->reply->target);
	negative->expires = negative->origin.learned;
	if (negative->count == 0 || negative->sets[0]->type != TYPE_SOA) {
		negative->count = 0;
		return;
	}
	const uint8_t *at = negative->sets[0]->rdata;
	uint16_t len;
	const uint8_t *rdata = rrset_rdata_next(&at, &len);
	if (!soa_from_rdata(&soa, rdata, len)) {
		negative->count = 0;
		return;
	}
	uint32_t minimum = soa.minimum & UINT32_C(0x80000000) ? 0 : soa.minimum;
	uint32_t most = minimum < s->policy->max_negative_ttl ? minimum : s->policy->max_negative_ttl;
	negative->expires += (usec_t)most * USEC_PER_SEC;
	for (unsigned i = 0; i < negative->count; i++) {
		if (negative->sets[i]->expires < negative->expires)
			negative->expires = negative->sets[i]->expires;
	}
	for (unsigned i = 0; i < negative->count; i++)
		negative->sets[i]->expires = negative->expires;
}

/* Addresses for the targets of the NS set, as far as this server may tell them. */
static void glue_take(struct scrub *s)
{
	struct reply *reply = s->reply;
	const uint8_t *at = reply->ns->rdata;
	uint16_t len;

	for (unsigned i = 0; i < reply->ns->count && i < NS_MAX; i++) {
		const uint8_t *target = rrset_rdata_next(&at, &len);
		if (!name_is_within(target, s->question->zone))
			continue;
		uint8_t *owner = name_arena_lower(s, target);
		for (unsigned t = 0; owner && t < 2 && reply->glue_count < GLUE_MAX; t++) {
			struct rrset *set = take(s, SECTION_ADDITIONAL, owner, address_types[t]);
			if (!set)
				continue;
			set->trust = TRUST_ADDITIONAL;
			reply->glue[reply->glue_count++] = set;
		}
	}
}

/* The NS set of the authority section that stands above the query name, inside the bailiwick. */
static void ns_take(struct scrub *s)
{
	struct record record;

	for (unsigned i = 0; i < s->index_count && !s->reply->ns; i++) {
		if (s->index[i].type != TYPE_NS || s->index[i].section != SECTION_AUTHORITY)
			continue;
		record_at(s, &s->index[i], &record);
		if (!name_is_within(s->question->qname, record.owner) || !name_is_within(record.owner, s->question->zone))
			continue;
		uint8_t *owner = name_arena_lower(s, record.owner);
		s->reply->ns = owner ? take(s, SECTION_AUTHORITY, owner, TYPE_NS) : NULL;
		if (!s->reply->ns)
			return;
		s->reply->ns->trust = s->message->flags & FLAG_AA ? TRUST_AUTHORITY_AA : TRUST_REFERRAL;
	}
	if (s->reply->ns)
		glue_take(s);
}

/* What an answer without the data asked for means. `soa_ok`: no SOA came that this server has no business to send. */
static enum reply_kind empty_kind(const struct scrub *s, bool soa_ok)
{
	const struct reply *reply = s->reply;
	bool authoritative = s->message->flags & FLAG_AA;
	bool has_soa = reply->negative.count > 0 && reply->negative.sets[0]->type == TYPE_SOA;

	if (reply->chain_count > 0 && !name_is_within(reply->target, s->question->zone))
		return REPLY_CNAME;
	if (reply->rcode == RCODE_NXDOMAIN) {
		/* Without AA and SOA nobody of authority spoke. */
		return soa_ok && (has_soa || authoritative || s->question->forwarded) ? REPLY_NXDOMAIN : REPLY_LAME;
	}
	if (has_soa)
		return REPLY_NODATA;
	if (reply->chain_count > 0)
		return REPLY_CNAME;
	if (reply->ns && !s->question->forwarded && name_label_count(reply->ns->owner) > name_label_count(s->question->zone))
		return REPLY_REFERRAL;
	return soa_ok && (authoritative || s->question->forwarded) ? REPLY_NODATA : REPLY_LAME;
}

static enum reply_kind content_kind(struct scrub *s)
{
	bool recursion_lame = !s->question->forwarded && (s->message->flags & FLAG_RA) && !(s->message->flags & FLAG_AA);

	version_read(s);
	bool answered = chain_follow(s);
	if (!s->question->forwarded)
		ns_take(s);
	if (answered) {
		s->reply->rcode = s->too_long ? RCODE_YXDOMAIN : RCODE_NOERROR;
		return recursion_lame ? REPLY_LAME : REPLY_ANSWER;
	}
	if (s->reply->rcode == RCODE_YXDOMAIN)
		return REPLY_FAILED;
	bool soa_ok = negative_take(s);
	enum reply_kind kind = empty_kind(s, soa_ok);
	/* A resolver that answers from its cache where an authority was asked. */
	return recursion_lame && kind != REPLY_REFERRAL ? REPLY_LAME : kind;
}

static enum reply_kind kind_of(struct scrub *s)
{
	switch (s->reply->rcode) {
	case RCODE_NOERROR:
	case RCODE_NXDOMAIN:
	case RCODE_YXDOMAIN:
		return content_kind(s);
	case RCODE_FORMERR:
	case RCODE_NOTIMP:
	case RCODE_BADVERS:
		return s->question->with_edns ? REPLY_NO_EDNS : REPLY_FAILED;
	case RCODE_SERVFAIL:
		return REPLY_FAILED;
	default:
		return REPLY_LAME;
	}
}

int scrub_reply(struct reply *reply, const struct message *message, const struct scrub_question *question, const struct policy *policy,
                struct arena *arena)
{
	struct scrub s = { .message = message, .question = question, .policy = policy, .arena = arena, .reply = reply };

	memset(reply, 0, sizeof(*reply));
	reply->target = question->qname;
	reply->rcode = (enum rcode)message_rcode(message);
	if (message->flags & FLAG_TC) {
		reply->kind = REPLY_TRUNCATED;
		return ZT_OK;
	}
	if (index_build(&s) != ZT_OK)
		return ZT_ENOMEM;
	reply->kind = kind_of(&s);
	if (reply->kind == REPLY_NXDOMAIN || reply->kind == REPLY_NODATA)
		negative_limit(&s);
	return s.out_of_memory ? ZT_ENOMEM : ZT_OK;
}

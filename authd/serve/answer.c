/* Answering a query from one version of a zone.
 *
 * The walk is a loop over the names of a CNAME/DNAME chain; each turn looks one name up and either ends with data, a referral or a denial, or adds
 * the alias and goes on with its target while that lies in the zone. What the sections after the answer need (which cut, whether the SOA, which
 * proofs, whose targets) is noted on the way and written at the end, for a message has its sections in order. RRsets are written whole or not at all, each
 * with its signatures where the client wants them; what does not fit and belongs to the answer sets TC (RFC 2181 section 9, RFC 4035 section 3.1.1), additional
 * data that does not fit is left out, except glue (RFC 9471).
 */
#include "authd/serve/answer.h"

#include "authd/serve/deny.h"
#include "lib/dns/rdata.h"

enum {
	ALIAS_CHAIN_MAX = 16,            /* longer chains end where they are; the resolver goes on from there */
	ADDITIONAL_TARGETS_MAX = 64,     /* an RRset's targets beyond these get no additional data */
};

/* An RRset and the RRSIG records that cover it; sigs.count is 0 where there are none or nobody asked. */
struct signed_rrset {
	struct rrset set;
	struct rrset sigs;
};

struct answer {
	const struct zone_version *version;
	const struct answer_question *question;
	struct message_writer *writer;
	struct answer_result result;
	const struct znode *cut;                          /* the answer is a referral to it */
	bool is_negative;                                 /* the answer ends in no data or no name */
	const uint8_t *pointing_owner;                    /* the answer's RRset that points to other names, NULL if none */
	struct rrset pointing;
	const uint8_t *names[ALIAS_CHAIN_MAX];            /* of the chain so far; the question's, then targets in the zone's data or in `made` */
	const struct znode *dnames[ALIAS_CHAIN_MAX];      /* owners of the DNAMEs written so far */
	unsigned dname_count;
	unsigned made_count;
	uint8_t made[ALIAS_CHAIN_MAX][NAME_MAX_LEN];      /* names that DNAMEs made */
	struct deny deny;
};

static const uint8_t *apex_of(const struct answer *answer)
{
	return zone_apex(zone_version_zone(answer->version));
}

static bool is_among(const struct znode *node, const struct znode *const *nodes, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		if (nodes[i] == node)
			return true;
	}
	return false;
}

static bool find_signed(const struct answer *answer, const struct znode *node, uint16_t type, struct signed_rrset *out)
{
	if (answer->question->dnssec_ok)
		return znode_rrset_signed(node, type, &out->set, &out->sigs);
	out->sigs.count = 0;
	return znode_rrset(node, type, 0, &out->set);
}

/* Writes an RRset whole or not at all; `record` is what its records have in common. */
static int records_write(struct answer *answer, enum section section, struct record_out *record, const struct rrset *set)
{
	struct message_mark mark = message_writer_mark(answer->writer);
	const uint8_t *at = set->rdata;

	while (rrset_next(set, &at, &record->rdata, &record->rdata_len)) {
		int status = message_write_record(answer->writer, section, record);
		if (status != ZT_OK) {
			message_writer_rollback(answer->writer, &mark);
			return status;
		}
		record->has_same_owner = true;
	}
	return ZT_OK;
}

static int rrset_write(struct answer *answer, enum section section, const uint8_t *owner, const struct rrset *set)
{
	struct record_out record = { .owner = owner, .type = set->type, .rr_class = CLASS_IN, .ttl = set->ttl };

	return records_write(answer, section, &record, set);
}

/* Right behind the RRset that they cover. */
static int covering_write(struct answer *answer, enum section section, const uint8_t *owner, const struct rrset *sigs)
{
	struct record_out record = { .owner = owner, .type = TYPE_RRSIG, .rr_class = CLASS_IN, .ttl = sigs->ttl, .has_same_owner = true };

	return sigs->count > 0 ? records_write(answer, section, &record, sigs) : ZT_OK;
}

/* An RRset the answer is not complete without. False ends the walk: the message is truncated. */
static bool rrset_require(struct answer *answer, enum section section, const uint8_t *owner, const struct signed_rrset *it)
{
	if (rrset_write(answer, section, owner, &it->set) == ZT_OK && covering_write(answer, section, owner, &it->sigs) == ZT_OK)
		return true;
	answer->result.truncated = true;
	return false;
}

/* ---- the answer section ----------------------------------------------------------------------------------------------------------- */

/* Whether an RRset of a node is in the answer already: an alias may lead to the owner of the DNAME that made it. A name that the owner stands for as a
 * wildcard is another matter. */
static bool is_repeated(const struct answer *answer, const uint8_t *name, const struct znode *node, const struct rrset *set)
{
	if (set->type != TYPE_DNAME && (set->covers != TYPE_DNAME || !answer->question->dnssec_ok))
		return false;
	return is_among(node, answer->dnames, answer->dname_count) && name_equal(name, znode_owner(node));
}

/* What there is at a node, for ANY (RFC 8482): all of it over TCP; over UDP, where the sender's address may be a victim's, the first RRset. */
static void any_write(struct answer *answer, const uint8_t *owner, const struct znode *node)
{
	struct signed_rrset it = { .sigs.count = 0 };

	for (size_t pos = 0; znode_next(node, &pos, &it.set);) {
		if (!answer->question->is_tcp) {
			if (it.set.type == TYPE_RRSIG)
				continue;
			find_signed(answer, node, it.set.type, &it);
		}
		if (is_repeated(answer, owner, node, &it.set))
			continue;
		if (!rrset_require(answer, SECTION_ANSWER, owner, &it) || !answer->question->is_tcp)
			return;
	}
}

/* RRSIG sets of a node, which are stored by covered type: all, or over UDP one, as for ANY. */
static bool signatures_write(struct answer *answer, const uint8_t *owner, const struct znode *node)
{
	struct signed_rrset it = { .sigs.count = 0 };
	bool found = false;

	for (size_t pos = 0; znode_next(node, &pos, &it.set);) {
		if (it.set.type != TYPE_RRSIG)
			continue;
		found = true;
		if (is_repeated(answer, owner, node, &it.set))
			continue;
		if (!rrset_require(answer, SECTION_ANSWER, owner, &it) || !answer->question->is_tcp)
			break;
	}
	return found;
}

/* The target of an alias RRset (CNAME or DNAME), which holds one record. */
static const uint8_t *alias_target(const struct rrset *set)
{
	const uint8_t *at = set->rdata, *data = NULL;
	uint16_t len;
	return rrset_next(set, &at, &data, &len) ? data : NULL;
}

/* Answers from a node's data under the queried name (the node's own, or the one a wildcard stands for).
 * Returns the name to go on with when it is an alias; NULL when the answer is complete. */
static const uint8_t *from_node(struct answer *answer, const uint8_t *name, const struct znode *node)
{
	uint16_t type = answer->question->type;
	struct signed_rrset it;

	if (type == TYPE_ANY) {
		any_write(answer, name, node);
		return NULL;
	}
	/* What may stand beside a CNAME (RRSIG, NSEC, KEY) is answered where it does. */
	if (type == TYPE_RRSIG) {
		if (signatures_write(answer, name, node))
			return NULL;
	} else if (find_signed(answer, node, type, &it)) {
		if (!is_repeated(answer, name, node, &it.set) && rrset_require(answer, SECTION_ANSWER, name, &it)) {
			answer->pointing_owner = name;
			answer->pointing = it.set;
		}
		return NULL;
	}
	if ((znode_flags(node) & ZNODE_HAS_CNAME) && find_signed(answer, node, TYPE_CNAME, &it))
		return rrset_require(answer, SECTION_ANSWER, name, &it) ? alias_target(&it.set) : NULL;
	answer->is_negative = true;
	return NULL;
}

/* A name below a DNAME: the DNAME, and the CNAME it implies, which nobody has signed (RFC 6672 sections 3.1 and 5.3.1). Returns the next name of the
 * chain, NULL where it ends. */
static const uint8_t *from_dname(struct answer *answer, const uint8_t *name, const struct znode *node)
{
	uint8_t *next = answer->made[answer->made_count];
	struct signed_rrset it;

	if (!find_signed(answer, node, TYPE_DNAME, &it))
		return NULL;
	if (!is_among(node, answer->dnames, answer->dname_count)) {
		if (!rrset_require(answer, SECTION_ANSWER, znode_owner(node), &it))
			return NULL;
		answer->dnames[answer->dname_count++] = node;
	}
	if (name_substitute(next, name, znode_owner(node), alias_target(&it.set)) != ZT_OK) {
		answer->result.rcode = RCODE_YXDOMAIN;
		return NULL;
	}
	struct record_out cname = {
		.owner = name, .type = TYPE_CNAME, .rr_class = CLASS_IN, .ttl = it.set.ttl, .rdata = next, .rdata_len = (uint16_t)name_len(next),
	};
	if (message_write_record(answer->writer, SECTION_ANSWER, &cname) != ZT_OK) {
		answer->result.truncated = true;
		return NULL;
	}
	answer->made_count++;
	return next;
}

/* Whether the look-up ends at a delegation: data at and below a cut is the child's, but DS at the cut is ours (RFC 4035 section 3.1.4.1),
 * and a cut below a DNAME is occluded by it. */
static bool is_delegated(const struct zone_lookup *look, uint16_t type)
{
	if (!look->cut || (type == TYPE_DS && look->node == look->cut))
		return false;
	return !look->dname || name_label_count(znode_owner(look->cut)) < name_label_count(znode_owner(look->dname));
}

/* A name that a wildcard stands for. */
static const uint8_t *from_wildcard(struct answer *answer, const uint8_t *name, const struct zone_lookup *look)
{
	const uint8_t *next = NULL;

	if (look->wildcard)
		next = from_node(answer, name, look->wildcard);
	else
		answer->is_negative = true;
	if (answer->is_negative)
		deny_type_at_wildcard(&answer->deny, name, look);
	else
		deny_closer_name(&answer->deny, name, look);
	return next;
}

/* Answers for one name of the chain. Returns the next one, NULL where the chain ends. */
static const uint8_t *answer_name(struct answer *answer, const uint8_t *name, const struct zone_lookup *look, bool is_first)
{
	uint16_t type = answer->question->type;
	struct zone_lookup passed;

	if (is_delegated(look, type)) {
		answer->result.authoritative = !is_first;
		answer->cut = look->cut;
		return NULL;
	}
	if (look->dname) {
		/* The implied CNAME is all that a question for CNAME wants, as at a CNAME itself. */
		const uint8_t *next = from_dname(answer, name, look->dname);
		return type != TYPE_CNAME ? next : NULL;
	}
	if (deny_pass_over_nsec3(answer->version, name, look, &passed))
		look = &passed;
	if (look->match == ZONE_MATCH_NONE && (look->wildcard || look->wildcard_is_empty))
		return from_wildcard(answer, name, look);
	if (look->match == ZONE_MATCH_NONE) {
		answer->result.rcode = RCODE_NXDOMAIN;
		answer->is_negative = true;
		deny_name(&answer->deny, name, look);
		return NULL;
	}
	const uint8_t *next = NULL;
	if (look->node)
		next = from_node(answer, name, look->node);
	else
		answer->is_negative = true;
	if (answer->is_negative)
		deny_type(&answer->deny, name, look);
	return next;
}

/* Whether the chain may go on with `next` as its name number `count`: while that lies in the zone and is new to it. */
static bool chain_goes_on(const struct answer *answer, const uint8_t *next, unsigned count)
{
	if (count == ALIAS_CHAIN_MAX || !name_is_within(next, apex_of(answer)))
		return false;
	for (unsigned i = 0; i < count; i++) {
		if (name_equal(answer->names[i], next))      /* a loop: all it has to say is said */
			return false;
	}
	return true;
}

static void chain_follow(struct answer *answer)
{
	const struct answer_question *question = answer->question;
	const uint8_t *next = answer_name(answer, question->name, question->look, true);
	struct zone_lookup look;
	unsigned count = 1;

	answer->names[0] = question->name;
	while (next && chain_goes_on(answer, next, count)) {
		answer->names[count++] = next;
		zone_find(answer->version, next, &look);
		next = answer_name(answer, next, &look, false);
	}
}

/* ---- the authority section -------------------------------------------------------------------------------------------------------- */

/* The SOA of a negative answer, its TTL cut to what may be cached (RFC 2308 section 3), and that of its signatures with it. */
static bool soa_write(struct answer *answer)
{
	struct signed_rrset it;
	struct soa soa;
	const uint8_t *at, *data;
	uint16_t len;

	if (!find_signed(answer, zone_version_apex(answer->version), TYPE_SOA, &it))
		return true;
	at = it.set.rdata;
	if (rrset_next(&it.set, &at, &data, &len) && soa_from_rdata(&soa, data, len) && soa.minimum < it.set.ttl) {
		it.set.ttl = soa.minimum;
		it.sigs.ttl = soa.minimum;
	}
	return rrset_require(answer, SECTION_AUTHORITY, apex_of(answer), &it);
}

/* The NS records of a referral, then the child's DS, or the proof that it has none (RFC 4035 section 3.1.4). */
static bool referral_write(struct answer *answer)
{
	const uint8_t *owner = znode_owner(answer->cut);
	struct signed_rrset it;

	if (!find_signed(answer, answer->cut, TYPE_NS, &it) || !rrset_require(answer, SECTION_AUTHORITY, owner, &it))
		return false;
	if (!answer->question->dnssec_ok)
		return true;
	if (znode_flags(answer->cut) & ZNODE_HAS_DS && find_signed(answer, answer->cut, TYPE_DS, &it))
		return it.sigs.count == 0 || rrset_require(answer, SECTION_AUTHORITY, owner, &it);      /* unsigned, it would prove nothing */
	deny_ds(&answer->deny, answer->cut);
	return true;
}

static void proofs_write(struct answer *answer)
{
	const struct deny *deny = &answer->deny;
	struct signed_rrset it;

	for (unsigned i = 0; i < deny->count; i++) {
		const struct znode *node = deny->proofs[i];
		if (find_signed(answer, node, deny->kind == DENY_NSEC ? TYPE_NSEC : TYPE_NSEC3, &it) &&
		    !rrset_require(answer, SECTION_AUTHORITY, znode_owner(node), &it))
			return;
	}
}

static void authority_write(struct answer *answer)
{
	if (answer->cut && !referral_write(answer))
		return;
	if (answer->is_negative && !soa_write(answer))
		return;
	proofs_write(answer);
}

/* ---- the additional section ------------------------------------------------------------------------------------------------------- */

/* What this zone holds for a name that NS records point to, glue included; NULL if nothing. */
static const struct znode *server_node(const struct answer *answer, const uint8_t *target)
{
	return name_is_within(target, apex_of(answer)) ? zone_get(answer->version, target) : NULL;
}

/* The same for other types: glue and what is occluded is not the zone's to tell. */
static const struct znode *target_node(const struct answer *answer, const uint8_t *target)
{
	struct zone_lookup look;

	if (!name_is_within(target, apex_of(answer)))
		return NULL;
	zone_find(answer->version, target, &look);
	return look.cut || look.dname ? NULL : look.node;
}

/* One RRset of a name and, as far as there is room, its signatures. False when the RRset did not fit. */
static bool extra_add(struct answer *answer, const uint8_t *owner, const struct znode *node, uint16_t type)
{
	struct signed_rrset it;

	if (!find_signed(answer, node, type, &it))
		return true;
	if (rrset_write(answer, SECTION_ADDITIONAL, owner, &it.set) != ZT_OK)
		return false;
	int status = covering_write(answer, SECTION_ADDITIONAL, owner, &it.sigs);
	(void)status;      /* the records are of use without them (RFC 4035 section 3.1.1) */
	return true;
}

/* Address records of a name; `node` may be NULL. False when one did not fit. */
static bool addresses_add(struct answer *answer, const uint8_t *target, const struct znode *node)
{
	if (!node)
		return true;
	bool fits = extra_add(answer, target, node, TYPE_A);
	return extra_add(answer, target, node, TYPE_AAAA) && fits;
}

static bool is_service(uint16_t type)
{
	return type == TYPE_SVCB || type == TYPE_HTTPS;
}

/* The name that a record points to, NULL if to none. */
static const uint8_t *pointed_name(const struct answer *answer, const uint8_t *data, uint16_t len)
{
	uint16_t type = answer->pointing.type;
	const uint8_t *target = rdata_target(type, data, len);

	/* "." is the owner itself, but in alias mode, where it is nothing (RFC 9460 section 2.5). */
	if (target && *target == 0 && is_service(type))
		return data[0] || data[1] ? answer->pointing_owner : NULL;
	return target;
}

/* Additional-section processing (RFC 1035 section 3.3, RFC 1183, RFC 2230, RFC 2782, RFC 9460 section 4.1): addresses of the names the answer points to, each
 * once, however many records point there. */
static void targets_add(struct answer *answer)
{
	const struct znode *added[ADDITIONAL_TARGETS_MAX];
	const uint8_t *at = answer->pointing.rdata, *data;
	unsigned count = 0;
	uint16_t len;

	while (count < ADDITIONAL_TARGETS_MAX && rrset_next(&answer->pointing, &at, &data, &len)) {
		const uint8_t *target = pointed_name(answer, data, len);
		if (!target)
			continue;
		const struct znode *node = answer->pointing.type == TYPE_NS ? server_node(answer, target) : target_node(answer, target);
		if (!node || is_among(node, added, count))
			continue;
		added[count++] = node;
		addresses_add(answer, target, node);
		if (is_service(answer->pointing.type) && !name_equal(target, answer->pointing_owner))
			extra_add(answer, target, node, answer->pointing.type);      /* RFC 9460 section 4.1 */
	}
}

/* Glue for names in the child is what makes a referral usable, so it goes first and its loss is truncation (RFC 9471 section 3.1); what else is known of
 * the servers' addresses follows as far as there is room. */
static void glue_add(struct answer *answer)
{
	const uint8_t *owner = znode_owner(answer->cut), *at, *data;
	struct rrset ns;
	uint16_t len;

	if (!znode_rrset(answer->cut, TYPE_NS, 0, &ns))
		return;
	for (at = ns.rdata; rrset_next(&ns, &at, &data, &len);) {
		if (name_is_within(data, owner) && !addresses_add(answer, data, server_node(answer, data)))
			answer->result.truncated = true;
	}
	for (at = ns.rdata; rrset_next(&ns, &at, &data, &len);) {
		if (!name_is_within(data, owner))
			addresses_add(answer, data, server_node(answer, data));
	}
}

/* Types whose records rdata_target knows. */
static bool points_to_names(uint16_t type)
{
	return type == TYPE_NS || type == TYPE_MX || type == TYPE_SRV || is_service(type) || type == TYPE_AFSDB || type == TYPE_RT ||
	       type == TYPE_KX;
}

static void additional_write(struct answer *answer)
{
	if (answer->cut)
		glue_add(answer);
	else if (answer->pointing_owner && points_to_names(answer->pointing.type))
		targets_add(answer);
}

/* ---- public ----------------------------------------------------------------------------------------------------------------------- */

struct answer_result answer_query(const struct zone_version *version, const struct answer_question *question,
				  struct message_writer *writer)
{
	struct answer answer;

	answer.version = version;
	answer.question = question;
	answer.writer = writer;
	answer.result = (struct answer_result){ .rcode = RCODE_NOERROR, .authoritative = true };
	answer.cut = NULL;
	answer.is_negative = false;
	answer.pointing_owner = NULL;
	answer.dname_count = 0;
	answer.made_count = 0;
	deny_init(&answer.deny, version, question->dnssec_ok);
	chain_follow(&answer);
	if (!answer.result.truncated)
		authority_write(&answer);
	if (!answer.result.truncated)
		additional_write(&answer);
	return answer.result;
}

/* Answering a query from one version of a zone.
 *
 * The walk is a loop over the names of a CNAME/DNAME chain; each turn looks one name up and either ends with data, a referral or a denial, or adds
 * the alias and goes on with its target while that lies in the zone. RRsets are written whole or not at all; what does not fit and
 * belongs to the answer sets TC (RFC 2181 section 9), additional data that does not fit is left out, except glue (RFC 9471).
 */
#include "authd/serve/answer.h"

#include "lib/dns/rdata.h"

enum {
	ALIAS_CHAIN_MAX = 16,            /* longer chains end where they are; the resolver goes on from there */
	ADDITIONAL_TARGETS_MAX = 64,     /* an RRset's targets beyond these get no additional data */
};

struct answer {
	const struct zone_version *version;
	const struct answer_question *question;
	struct message_writer *writer;
	struct answer_result result;
	const uint8_t *names[ALIAS_CHAIN_MAX];            /* of the chain so far; the question's, then targets in the zone's data or in `made` */
	const struct znode *dnames[ALIAS_CHAIN_MAX];      /* owners of the DNAMEs written so far */
	unsigned dname_count;
	unsigned made_count;
	uint8_t made[ALIAS_CHAIN_MAX][NAME_MAX_LEN];      /* names that DNAMEs made */
};

static bool is_among(const struct znode *node, const struct znode *const *nodes, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		if (nodes[i] == node)
			return true;
	}
	return false;
}

static int rrset_write(struct answer *answer, enum section section, const uint8_t *owner, const struct rrset *set)
{
	struct message_mark mark = message_writer_mark(answer->writer);
	struct record_out record = { .owner = owner, .type = set->type, .rr_class = CLASS_IN, .ttl = set->ttl };
	const uint8_t *at = set->rdata;

	while (rrset_next(set, &at, &record.rdata, &record.rdata_len)) {
		int status = message_write_record(answer->writer, section, &record);
		if (status != ZT_OK) {
			message_writer_rollback(answer->writer, &mark);
			return status;
		}
		record.has_same_owner = true;
	}
	return ZT_OK;
}

/* An RRset the answer is not complete without. False ends the walk: the message is truncated. */
static bool rrset_require(struct answer *answer, enum section section, const uint8_t *owner, const struct rrset *set)
{
	if (rrset_write(answer, section, owner, set) == ZT_OK)
		return true;
	answer->result.truncated = true;
	return false;
}

/* What this zone holds for a name that an answer points to, glue included; NULL if nothing. */
static const struct znode *target_node(const struct answer *answer, const uint8_t *target)
{
	const struct zone *zone = zone_version_zone(answer->version);
	return name_is_within(target, zone_apex(zone)) ? zone_get(answer->version, target) : NULL;
}

/* Address records of a name; `node` may be NULL. False when one did not fit. */
static bool addresses_add(struct answer *answer, const uint8_t *target, const struct znode *node)
{
	struct rrset set;
	bool fits = true;

	if (!node)
		return true;
	if (znode_rrset(node, TYPE_A, 0, &set) && rrset_write(answer, SECTION_ADDITIONAL, target, &set) != ZT_OK)
		fits = false;
	if (znode_rrset(node, TYPE_AAAA, 0, &set) && rrset_write(answer, SECTION_ADDITIONAL, target, &set) != ZT_OK)
		fits = false;
	return fits;
}

/* Additional-section processing (RFC 1035 section 3.3, RFC 2782, RFC 9460): addresses of the names the answer points to, each
 * once, however many records point there. */
static void additional_add(struct answer *answer, const struct rrset *set)
{
	const struct znode *added[ADDITIONAL_TARGETS_MAX];
	const uint8_t *at = set->rdata, *data;
	unsigned count = 0;
	uint16_t len;

	while (count < ADDITIONAL_TARGETS_MAX && rrset_next(set, &at, &data, &len)) {
		const uint8_t *target = rdata_target(set->type, data, len);
		if (!target)
			return;
		const struct znode *node = target_node(answer, target);
		if (!node || is_among(node, added, count))
			continue;
		added[count++] = node;
		addresses_add(answer, target, node);
	}
}

static void referral(struct answer *answer, const struct znode *cut)
{
	const uint8_t *owner = znode_owner(cut);
	struct rrset ns;
	const uint8_t *at, *data;
	uint16_t len;

	if (!znode_rrset(cut, TYPE_NS, 0, &ns) || !rrset_require(answer, SECTION_AUTHORITY, owner, &ns))
		return;
	/* Glue for names in the child is what makes the referral usable, so it goes first and its loss is truncation (RFC 9471 section 3.1). */
	for (at = ns.rdata; rrset_next(&ns, &at, &data, &len);) {
		if (name_is_within(data, owner) && !addresses_add(answer, data, target_node(answer, data)))
			answer->result.truncated = true;
	}
	for (at = ns.rdata; rrset_next(&ns, &at, &data, &len);) {
		if (!name_is_within(data, owner))
			addresses_add(answer, data, target_node(answer, data));
	}
}

/* The SOA of a negative answer, its TTL cut to what may be cached (RFC 2308 section 3). */
static void denial(struct answer *answer, enum rcode rcode)
{
	struct rrset set;
	struct soa soa;
	const uint8_t *at, *data;
	uint16_t len;

	answer->result.rcode = rcode;
	if (!zone_version_soa(answer->version, &set))
		return;
	at = set.rdata;
	if (rrset_next(&set, &at, &data, &len) && soa_from_rdata(&soa, data, len) && soa.minimum < set.ttl)
		set.ttl = soa.minimum;
	rrset_require(answer, SECTION_AUTHORITY, zone_apex(zone_version_zone(answer->version)), &set);
}

/* Everything at a node, for ANY. */
static void any_write(struct answer *answer, const uint8_t *owner, const struct znode *node)
{
	struct rrset set;
	for (size_t pos = 0; znode_next(node, &pos, &set);) {
		if (!rrset_require(answer, SECTION_ANSWER, owner, &set))
			return;
	}
}

/* All RRSIG sets of a node; they are stored by covered type. */
static bool signatures_write(struct answer *answer, const uint8_t *owner, const struct znode *node)
{
	struct rrset set;
	bool found = false;

	for (size_t pos = 0; znode_next(node, &pos, &set);) {
		if (set.type == TYPE_RRSIG) {
			found = true;
			if (!rrset_require(answer, SECTION_ANSWER, owner, &set))
				break;
		}
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
static const uint8_t *from_node(struct answer *answer, const uint8_t *name, uint16_t type, const struct znode *node)
{
	struct rrset set;

	if ((znode_flags(node) & ZNODE_HAS_CNAME) && type != TYPE_CNAME && type != TYPE_ANY && type != TYPE_RRSIG && type != TYPE_NSEC &&
	    znode_rrset(node, TYPE_CNAME, 0, &set))
		return rrset_require(answer, SECTION_ANSWER, name, &set) ? alias_target(&set) : NULL;
	if (type == TYPE_ANY) {
		any_write(answer, name, node);
	} else if (type == TYPE_RRSIG) {
		if (!signatures_write(answer, name, node))
			denial(answer, RCODE_NOERROR);
	} else if (znode_rrset(node, type, 0, &set)) {
		if (rrset_require(answer, SECTION_ANSWER, name, &set))
			additional_add(answer, &set);
	} else {
		denial(answer, RCODE_NOERROR);
	}
	return NULL;
}

/* A name below a DNAME: the DNAME, and the CNAME it implies (RFC 6672 section 3.1). Returns the next name of the chain, NULL where it ends. */
static const uint8_t *from_dname(struct answer *answer, const uint8_t *name, const struct znode *node)
{
	uint8_t *next = answer->made[answer->made_count];
	struct rrset set;

	if (!znode_rrset(node, TYPE_DNAME, 0, &set))
		return NULL;
	if (!is_among(node, answer->dnames, answer->dname_count)) {
		if (!rrset_require(answer, SECTION_ANSWER, znode_owner(node), &set))
			return NULL;
		answer->dnames[answer->dname_count++] = node;
	}
	if (name_substitute(next, name, znode_owner(node), alias_target(&set)) != ZT_OK) {
		answer->result.rcode = RCODE_YXDOMAIN;
		return NULL;
	}
	struct record_out cname = {
		.owner = name, .type = TYPE_CNAME, .rr_class = CLASS_IN, .ttl = set.ttl, .rdata = next, .rdata_len = (uint16_t)name_len(next),
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

/* Answers for one name of the chain. Returns the next one, NULL where the chain ends. */
static const uint8_t *answer_name(struct answer *answer, const uint8_t *name, const struct zone_lookup *look, bool is_first)
{
	uint16_t type = answer->question->type;

	if (is_delegated(look, type)) {
		answer->result.authoritative = !is_first;
		referral(answer, look->cut);
	} else if (look->dname) {
		/* The implied CNAME is all that a question for CNAME wants, as at a CNAME itself. */
		const uint8_t *next = from_dname(answer, name, look->dname);
		return type != TYPE_CNAME ? next : NULL;
	} else if (look->match == ZONE_MATCH_EXACT) {
		return from_node(answer, name, type, look->node);
	} else if (look->match == ZONE_MATCH_EMPTY || look->wildcard_is_empty) {
		denial(answer, RCODE_NOERROR);
	} else if (look->wildcard) {
		return from_node(answer, name, type, look->wildcard);
	} else {
		denial(answer, RCODE_NXDOMAIN);
	}
	return NULL;
}

/* Whether the chain may go on with `next` as its name number `count`: while that lies in the zone and is new to it. */
static bool chain_goes_on(const struct answer *answer, const uint8_t *next, unsigned count)
{
	if (count == ALIAS_CHAIN_MAX || !name_is_within(next, zone_apex(zone_version_zone(answer->version))))
		return false;
	for (unsigned i = 0; i < count; i++) {
		if (name_equal(answer->names[i], next))      /* a loop: all it has to say is said */
			return false;
	}
	return true;
}

struct answer_result answer_query(const struct zone_version *version, const struct answer_question *question,
				  struct message_writer *writer)
{
	struct answer answer;
	struct zone_lookup look;
	unsigned count = 1;

	answer.version = version;
	answer.question = question;
	answer.writer = writer;
	answer.result = (struct answer_result){ .rcode = RCODE_NOERROR, .authoritative = true };
	answer.dname_count = 0;
	answer.made_count = 0;
	answer.names[0] = question->name;
	const uint8_t *next = answer_name(&answer, question->name, question->look, true);
	while (next && chain_goes_on(&answer, next, count)) {
		answer.names[count++] = next;
		zone_find(version, next, &look);
		next = answer_name(&answer, next, &look, false);
	}
	return answer.result;
}

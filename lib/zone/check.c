/* Zone rules. */
#include "lib/zone/check.h"

#include <stdio.h>
#include <string.h>

#include "lib/base/wire.h"
#include "lib/dns/rdata.h"
#include "lib/dns/rrtype.h"
#include "lib/zone/nsec3.h"

struct rule_row {
	bool is_error;
	const char *text;
};

static const struct rule_row rules[] = {
#define X(rule, is_error, text) { (is_error), (text) },
	ZONE_RULES(X)
#undef X
};

struct check {
	const struct zone_version *version;
	const uint8_t *apex;
	struct zone_findings *out;
};

char *zone_finding_to_text(const struct zone_finding *finding, char out[ZONE_FINDING_TEXT_SIZE])
{
	char owner[NAME_TEXT_SIZE], target[NAME_TEXT_SIZE] = "", type[RR_TYPE_TEXT_SIZE];
	bool has_target = finding->target[0] != 0;

	if (has_target)
		name_to_text(finding->target, target);
	snprintf(out, ZONE_FINDING_TEXT_SIZE, "%s %s: %s%s%s", name_to_text(finding->owner, owner), rr_type_to_text(finding->type, type),
		 rules[finding->rule].text, has_target ? " " : "", target);
	return out;
}

static void found(const struct check *check, enum zone_rule rule, uint16_t type, const uint8_t *owner, const uint8_t *target)
{
	struct zone_findings *out = check->out;
	unsigned *count = rules[rule].is_error ? &out->error_count : &out->warning_count;

	if ((*count)++ >= ZONE_FINDINGS_MAX)
		return;
	struct zone_finding *finding = &out->list[out->count++];
	finding->rule = rule;
	finding->is_error = rules[rule].is_error;
	finding->type = type;
	name_copy(finding->owner, owner);
	name_copy(finding->target, target ? target : name_root);
}

/* ---- one name ----------------------------------------------------------------------------------------------------------- */

/* What RFC 2181 section 10.1 and RFC 4034 section 2.5 and 4 let stand beside a CNAME. */
static bool may_stand_beside_cname(uint16_t type)
{
	return type == TYPE_CNAME || type == TYPE_RRSIG || type == TYPE_NSEC || type == TYPE_KEY;
}

static void cname_check(const struct check *check, const struct znode *node)
{
	struct rrset set;
	const uint8_t *owner = znode_owner(node);

	if (znode_rrset(node, TYPE_CNAME, 0, &set) && set.count > 1)
		found(check, ZONE_RULE_CNAME_MULTIPLE, TYPE_CNAME, owner, NULL);
	for (size_t pos = 0; znode_next(node, &pos, &set);) {
		if (!may_stand_beside_cname(set.type)) {
			found(check, ZONE_RULE_CNAME_WITH_DATA, TYPE_CNAME, owner, NULL);
			return;
		}
	}
}

static void dname_check(const struct check *check, const struct znode *node)
{
	struct rrset set;
	const uint8_t *owner = znode_owner(node);

	if (znode_rrset(node, TYPE_DNAME, 0, &set) && set.count > 1)
		found(check, ZONE_RULE_DNAME_MULTIPLE, TYPE_DNAME, owner, NULL);
	if ((znode_flags(node) & ZNODE_HAS_NS) && !name_equal(owner, check->apex))
		found(check, ZONE_RULE_DNAME_WITH_NS, TYPE_DNAME, owner, NULL);
}

static bool has_address(const struct znode *node)
{
	struct rrset set;
	return node && (znode_rrset(node, TYPE_A, 0, &set) || znode_rrset(node, TYPE_AAAA, 0, &set));
}

/* Looks the target up where it is ours to know. False: it is not in this zone, below another delegation or renamed by a DNAME. */
static bool target_find(const struct check *check, const uint8_t *owner, const uint8_t *target, struct zone_lookup *out)
{
	if (*target == 0 || !name_is_within(target, check->apex))
		return false;
	zone_find(check->version, target, out);
	return !out->dname && (!out->cut || name_equal(znode_owner(out->cut), owner));
}

static const struct znode *target_node(const struct zone_lookup *lookup)
{
	return lookup->match == ZONE_MATCH_EXACT ? lookup->node : lookup->match == ZONE_MATCH_NONE ? lookup->wildcard : NULL;
}

static void ns_check(const struct check *check, const struct znode *node)
{
	struct rrset set;
	struct zone_lookup lookup;
	const uint8_t *owner = znode_owner(node), *rdata;
	uint16_t len;

	if (!znode_rrset(node, TYPE_NS, 0, &set))
		return;
	for (const uint8_t *at = set.rdata; rrset_next(&set, &at, &rdata, &len);) {
		if (!target_find(check, owner, rdata, &lookup))
			continue;
		const struct znode *target = lookup.cut ? lookup.node : target_node(&lookup);
		if (has_address(target))
			continue;
		if (target && (znode_flags(target) & ZNODE_HAS_CNAME))
			found(check, ZONE_RULE_NS_IS_ALIAS, TYPE_NS, owner, rdata);
		else
			found(check, lookup.cut ? ZONE_RULE_GLUE_MISSING : ZONE_RULE_NS_WITHOUT_ADDRESS, TYPE_NS, owner, rdata);
	}
}

static void mx_check(const struct check *check, const struct znode *node)
{
	struct rrset set;
	struct zone_lookup lookup;
	const uint8_t *rdata;
	uint16_t len;

	if (!znode_rrset(node, TYPE_MX, 0, &set))
		return;
	for (const uint8_t *at = set.rdata; rrset_next(&set, &at, &rdata, &len);) {
		const uint8_t *exchange = rdata_target(TYPE_MX, rdata, len);
		if (!target_find(check, znode_owner(node), exchange, &lookup) || lookup.cut)
			continue;
		const struct znode *target = target_node(&lookup);
		if (target && (znode_flags(target) & ZNODE_HAS_CNAME))
			found(check, ZONE_RULE_MX_IS_ALIAS, TYPE_MX, znode_owner(node), exchange);
	}
}

static void node_check(const struct check *check, const struct znode *node)
{
	unsigned flags = znode_flags(node);
	struct rrset set;

	if ((flags & ZNODE_HAS_CNAME) != 0)
		cname_check(check, node);
	if ((flags & ZNODE_HAS_DNAME) != 0)
		dname_check(check, node);
	if ((flags & ZNODE_HAS_NS) != 0)
		ns_check(check, node);
	mx_check(check, node);
	if (znode_rrset(node, TYPE_SOA, 0, &set) && !name_equal(znode_owner(node), check->apex))
		found(check, ZONE_RULE_SOA_BELOW_APEX, TYPE_SOA, znode_owner(node), NULL);
}

/* ---- signed zones ------------------------------------------------------------------------------------------------------- */

/* What the apex says of signing, and how far the walk through the names has come. */
struct signing {
	bool is_signed;
	bool has_nsec;
	bool has_nsec3;                     /* `params` are those of a chain that the apex is in */
	struct nsec3_params params;
	const uint8_t *cut;                 /* the delegation last passed; what lies below it follows at once */
	const uint8_t *nsec_owner;          /* of the NSEC record last passed, and the name it says comes next; NULL before the first */
	const uint8_t *nsec_next;
	const uint8_t *nsec3_owner;         /* the same for NSEC3 */
	const uint8_t *nsec3_next;
	uint8_t first_nsec3[NAME_MAX_LEN];
};

/* The chain of one NSEC3PARAM record. */
static void params_check(const struct check *check, const uint8_t *data, struct signing *signing)
{
	struct nsec3_params params;
	uint8_t hash[NSEC3_HASH_LEN], owner[NAME_MAX_LEN];
	struct nsec3 record;

	if (!nsec3_params_read(&params, data)) {
		found(check, ZONE_RULE_NSEC3_UNUSABLE, TYPE_NSEC3PARAM, check->apex, NULL);
		return;
	}
	if (params.iterations > NSEC3_ITERATIONS_ADVISED)
		found(check, ZONE_RULE_NSEC3_ITERATIONS, TYPE_NSEC3PARAM, check->apex, NULL);
	nsec3_hash(&params, check->apex, hash);
	const struct znode *node = nsec3_owner(hash, check->apex, owner) ? zone_get(check->version, owner) : NULL;
	if (!signing->has_nsec3 && node && nsec3_of_chain(node, &params, &record)) {
		signing->has_nsec3 = true;
		signing->params = params;
	}
}

static struct signing signing_begin(const struct check *check)
{
	const struct znode *apex = zone_version_apex(check->version);
	struct signing signing = { 0 };
	struct rrset set;
	const uint8_t *data;
	uint16_t len;

	if (!apex)
		return signing;
	signing.is_signed = znode_rrset(apex, TYPE_RRSIG, TYPE_SOA, &set);
	signing.has_nsec = znode_rrset(apex, TYPE_NSEC, 0, &set);
	if (!znode_rrset(apex, TYPE_NSEC3PARAM, 0, &set))
		return signing;
	for (const uint8_t *at = set.rdata; rrset_next(&set, &at, &data, &len);)
		params_check(check, data, &signing);
	if (!signing.has_nsec3 && !signing.has_nsec)
		found(check, ZONE_RULE_NSEC3_NO_CHAIN, TYPE_NSEC3PARAM, check->apex, NULL);
	return signing;
}

static void nsec_chain_check(const struct check *check, const struct znode *node, struct signing *signing)
{
	const uint8_t *owner = znode_owner(node), *at, *next;
	struct rrset set;
	uint16_t len;

	if (!znode_rrset(node, TYPE_NSEC, 0, &set)) {
		found(check, ZONE_RULE_NSEC_MISSING, TYPE_NSEC, owner, NULL);
		return;
	}
	if (signing->nsec_next && !name_equal(signing->nsec_next, owner))
		found(check, ZONE_RULE_NSEC_BROKEN, TYPE_NSEC, signing->nsec_owner, owner);
	at = set.rdata;
	if (rrset_next(&set, &at, &next, &len)) {
		signing->nsec_owner = owner;
		signing->nsec_next = next;
	}
}

static void nsec3_link_check(const struct check *check, const uint8_t *owner, const struct signing *signing)
{
	uint8_t hash[NSEC3_HASH_LEN];

	if (!nsec3_owner_hash(owner, hash) || memcmp(hash, signing->nsec3_next, NSEC3_HASH_LEN) != 0)
		found(check, ZONE_RULE_NSEC3_BROKEN, TYPE_NSEC3, signing->nsec3_owner, owner);
}

static void nsec3_chain_check(const struct check *check, const struct znode *node, struct signing *signing)
{
	const uint8_t *owner = znode_owner(node);
	struct nsec3 record;

	if (!nsec3_of_chain(node, &signing->params, &record))
		return;
	if (signing->nsec3_owner)
		nsec3_link_check(check, owner, signing);
	else
		name_copy(signing->first_nsec3, owner);
	signing->nsec3_owner = owner;
	signing->nsec3_next = record.next;
}

/* One RRset at the most is named of each name. NS at a cut is the child's to sign. */
static void signatures_check(const struct check *check, const struct znode *node, bool is_cut)
{
	struct rrset set, sigs;

	for (size_t pos = 0; znode_next(node, &pos, &set);) {
		if (set.type == TYPE_RRSIG || (is_cut && set.type != TYPE_DS && set.type != TYPE_NSEC))
			continue;
		if (!znode_rrset(node, TYPE_RRSIG, set.type, &sigs)) {
			found(check, ZONE_RULE_UNSIGNED, set.type, znode_owner(node), NULL);
			return;
		}
	}
}

/* Names come in canonical order, without those below a DNAME. */
static void signing_check(const struct check *check, const struct znode *node, struct signing *signing)
{
	const uint8_t *owner = znode_owner(node);

	if (signing->cut && name_is_within(owner, signing->cut))
		return;
	bool is_cut = (znode_flags(node) & ZNODE_HAS_NS) != 0 && !name_equal(owner, check->apex);
	signing->cut = is_cut ? owner : NULL;
	signatures_check(check, node, is_cut);
	if (signing->has_nsec3 && (znode_flags(node) & ZNODE_HAS_NSEC3) != 0)
		nsec3_chain_check(check, node, signing);
	if (signing->has_nsec && !signing->has_nsec3)
		nsec_chain_check(check, node, signing);
}

static void signing_end(const struct check *check, const struct signing *signing)
{
	if (signing->nsec_next && !name_equal(signing->nsec_next, check->apex))
		found(check, ZONE_RULE_NSEC_BROKEN, TYPE_NSEC, signing->nsec_owner, check->apex);
	if (signing->nsec3_owner)
		nsec3_link_check(check, signing->first_nsec3, signing);
}

/* ---- the zone ----------------------------------------------------------------------------------------------------------- */

static void apex_check(const struct check *check)
{
	const struct znode *node = zone_version_apex(check->version);
	struct rrset set;

	if (!node || !znode_rrset(node, TYPE_SOA, 0, &set))
		found(check, ZONE_RULE_SOA_MISSING, TYPE_SOA, check->apex, NULL);
	else if (set.count > 1)
		found(check, ZONE_RULE_SOA_MULTIPLE, TYPE_SOA, check->apex, NULL);
	if (!node || !znode_rrset(node, TYPE_NS, 0, &set))
		found(check, ZONE_RULE_NS_MISSING, TYPE_NS, check->apex, NULL);
}

static struct check check_begin(const struct zone_version *version, struct zone_findings *out)
{
	out->count = out->error_count = out->warning_count = 0;
	return (struct check){ .version = version, .apex = zone_apex(zone_version_zone(version)), .out = out };
}

/* Owners of NSEC3 records are no part of the tree of names (RFC 5155 section 7.2.8), so a DNAME at the apex may stand above them. */
static bool is_hashed_name(const struct znode *node)
{
	struct rrset set;

	for (size_t pos = 0; znode_next(node, &pos, &set);) {
		if (set.type != TYPE_NSEC3 && set.covers != TYPE_NSEC3)
			return false;
	}
	return true;
}

int zone_check(const struct zone_version *version, struct zone_findings *out)
{
	struct check check = check_begin(version, out);
	struct zone_iter iter;
	const struct znode *node;
	const uint8_t *dname = NULL;      /* the owner of the DNAME last passed; what lies below it follows at once */

	apex_check(&check);
	struct signing signing = signing_begin(&check);
	zone_iter_init(&iter, version, NULL);
	while ((node = zone_iter_next(&iter)) != NULL) {
		bool is_below = dname && name_is_within(znode_owner(node), dname);
		node_check(&check, node);
		if (is_below && !is_hashed_name(node)) {
			struct rrset first;
			size_t pos = 0;
			uint16_t type = znode_next(node, &pos, &first) ? first.type : TYPE_ANY;
			found(&check, ZONE_RULE_BELOW_DNAME, type, znode_owner(node), dname);
			continue;
		}
		if (!is_below)
			dname = (znode_flags(node) & ZNODE_HAS_DNAME) != 0 ? znode_owner(node) : NULL;
		if (signing.is_signed)
			signing_check(&check, node, &signing);
	}
	signing_end(&check, &signing);
	return out->error_count > 0 ? ZT_EZONE : ZT_OK;
}

/* A DNAME at the name, and what lies below it. */
static void below_dname_check(const struct check *check, const struct znode *node)
{
	const uint8_t *owner = znode_owner(node);
	struct zone_iter iter;

	zone_iter_init(&iter, check->version, owner);
	const struct znode *below = zone_iter_next(&iter);      /* the name itself */
	do {
		below = below ? zone_iter_next(&iter) : NULL;
	} while (below && is_hashed_name(below));
	if (below && name_is_within(znode_owner(below), owner))
		found(check, ZONE_RULE_BELOW_DNAME, TYPE_DNAME, znode_owner(below), owner);
}

static void changed_name_check(const struct check *check, const uint8_t *owner)
{
	struct zone_lookup lookup;

	zone_find(check->version, owner, &lookup);
	if (lookup.match != ZONE_MATCH_EXACT)
		return;
	node_check(check, lookup.node);
	if (lookup.dname && !is_hashed_name(lookup.node))
		found(check, ZONE_RULE_BELOW_DNAME, TYPE_ANY, owner, znode_owner(lookup.dname));
	if ((znode_flags(lookup.node) & ZNODE_HAS_DNAME) != 0)
		below_dname_check(check, lookup.node);
}

int zone_check_changes(const struct zone_version *version, const struct changeset *change, struct zone_findings *out)
{
	struct check check = check_begin(version, out);
	struct change_record record;
	const uint8_t *last = NULL;

	apex_check(&check);
	/* Taking records away breaks only the apex, but for targets of other names; so the added ones are looked at. */
	for (size_t pos = 0; change_record_next(&change->added, &pos, &record); last = record.owner) {
		if (!last || !name_equal(last, record.owner))
			changed_name_check(&check, record.owner);
	}
	return out->error_count > 0 ? ZT_EZONE : ZT_OK;
}

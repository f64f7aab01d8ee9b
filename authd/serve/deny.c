/* Proofs of what is not there. */
#include "authd/serve/deny.h"

#include "lib/dns/rrtype.h"

enum { FOREIGN_MAX = 8 };      /* owners of other chains' NSEC3 records that are passed over on the way to one of ours */

void deny_init(struct deny *deny, const struct zone_version *version, bool is_wanted)
{
	deny->version = version;
	deny->kind = is_wanted ? DENY_UNKNOWN : DENY_NOTHING;
	deny->count = 0;
}

static const uint8_t *apex_of(const struct deny *deny)
{
	return zone_apex(zone_version_zone(deny->version));
}

static void proof_add(struct deny *deny, const struct znode *node)
{
	for (unsigned i = 0; i < deny->count; i++) {
		if (deny->proofs[i] == node)
			return;
	}
	if (deny->count < DENY_PROOFS_MAX)
		deny->proofs[deny->count++] = node;
}

/* ---- NSEC3 chains --------------------------------------------------------------------------------------------------------------- */

/* Where a hash lies in the chain. */
struct place {
	const struct znode *node;      /* the record's owner; NULL where the chain has none for the hash */
	bool matches;                  /* it is the hash's own; otherwise it covers the hash */
};

/* The number before, as the chain is ordered. */
static void hash_decrement(uint8_t hash[NSEC3_HASH_LEN])
{
	for (unsigned i = NSEC3_HASH_LEN; i-- > 0 && hash[i]-- == 0;)
		;
}

/* Finds the hash in the chain. A zone that changes its parameters has two chains, one through the other. */
static struct place hash_find(const struct deny *deny, const struct nsec3_params *params, const uint8_t hash[NSEC3_HASH_LEN])
{
	uint8_t at[NSEC3_HASH_LEN], own[NSEC3_HASH_LEN], owner[NAME_MAX_LEN];
	struct nsec3 record;

	memcpy(at, hash, NSEC3_HASH_LEN);
	for (int i = 0; i < FOREIGN_MAX; i++) {
		if (!nsec3_owner(at, apex_of(deny), owner))
			break;
		const struct znode *node = zone_nsec3_at_or_before(deny->version, owner);
		if (!node || !nsec3_owner_hash(znode_owner(node), own))
			break;
		if (nsec3_of_chain(node, params, &record)) {
			bool matches = memcmp(own, hash, NSEC3_HASH_LEN) == 0;
			if (!matches && !nsec3_covers(own, &record, hash))
				break;
			return (struct place){ node, matches };
		}
		memcpy(at, own, NSEC3_HASH_LEN);
		hash_decrement(at);
	}
	return (struct place){ NULL, false };
}

static struct place name_find(const struct deny *deny, const uint8_t *name)
{
	uint8_t hash[NSEC3_HASH_LEN];

	nsec3_hash(&deny->params, name, hash);
	return hash_find(deny, &deny->params, hash);
}

/* The chain that is complete: the apex is in it. Where there is one NSEC3PARAM record there is no choice. */
static bool params_choose(struct deny *deny, const struct rrset *set)
{
	struct nsec3_params params;
	uint8_t hash[NSEC3_HASH_LEN];
	const uint8_t *data;
	uint16_t len;

	for (const uint8_t *at = set->rdata; rrset_next(set, &at, &data, &len);) {
		if (!nsec3_params_read(&params, data))
			continue;
		deny->params = params;
		if (set->count == 1)
			return true;
		nsec3_hash(&params, apex_of(deny), hash);
		if (hash_find(deny, &params, hash).matches)
			return true;
	}
	return false;
}

static enum deny_kind kind_of(struct deny *deny)
{
	const struct znode *apex = zone_version_apex(deny->version);
	enum deny_kind kind = DENY_NOTHING;
	struct rrset set;

	for (size_t pos = 0; znode_next(apex, &pos, &set);) {
		if (set.type == TYPE_NSEC)
			kind = DENY_NSEC;
		/* A zone has this record as long as it has the whole chain, and while it changes from one way to the other (RFC 5155 section 10). */
		if (set.type == TYPE_NSEC3PARAM && params_choose(deny, &set))
			kind = DENY_NSEC3;
		if (set.type >= TYPE_NSEC3PARAM)
			break;
	}
	return kind;
}

static inline enum deny_kind kind_get(struct deny *deny)
{
	if (deny->kind == DENY_UNKNOWN)
		deny->kind = kind_of(deny);
	return deny->kind;
}

/* The closest encloser that the chain has, at most `labels` long, and that the next closer name is not there (RFC 5155 section 7.2.1). In an opt-out zone
 * names that lead only to unsigned delegations are not in the chain. `next` is where the next closer name lies, if that is known already. Returns the
 * encloser; NULL without proof. */
static const uint8_t *encloser_prove(struct deny *deny, const uint8_t *name, unsigned labels, const struct place *next)
{
	unsigned total = name_label_count(name), apex_labels = name_label_count(apex_of(deny));
	struct place closer = { NULL, false };

	if (next)
		closer = *next;
	for (;; labels--) {
		const uint8_t *encloser = name_strip(name, total - labels);
		struct place here = name_find(deny, encloser);
		if (here.matches) {
			proof_add(deny, here.node);
			if (!closer.node)
				closer = name_find(deny, name_strip(name, total - labels - 1));
			if (closer.node && !closer.matches)
				proof_add(deny, closer.node);
			return encloser;
		}
		if (labels == apex_labels)
			return NULL;
		closer = here;
	}
}

static void star_name(uint8_t out[NAME_MAX_LEN], const uint8_t *encloser)
{
	/* The name that was asked for has one label more than the encloser at least, so the star fits too. */
	out[0] = 1;
	out[1] = '*';
	name_copy(out + 2, encloser);
}

static void proof_add_found(struct deny *deny, struct place place, bool must_match)
{
	if (place.node && place.matches == must_match)
		proof_add(deny, place.node);
}

static void nsec3_deny_name(struct deny *deny, const uint8_t *name, unsigned encloser_labels)
{
	uint8_t star[NAME_MAX_LEN];
	const uint8_t *encloser = encloser_prove(deny, name, encloser_labels, NULL);

	if (!encloser)
		return;
	star_name(star, encloser);
	proof_add_found(deny, name_find(deny, star), false);
}

/* RFC 5155 sections 7.2.3 and 7.2.4: the name's own record; where opt-out leaves it out, that it is left out. */
static void nsec3_deny_type(struct deny *deny, const uint8_t *name)
{
	struct place own = name_find(deny, name);
	unsigned labels = name_label_count(name);

	if (own.matches)
		proof_add(deny, own.node);
	else if (labels > name_label_count(apex_of(deny)))
		encloser_prove(deny, name, labels - 1, &own);
}

static const uint8_t *next_closer(const uint8_t *name, unsigned encloser_labels)
{
	return name_strip(name, name_label_count(name) - encloser_labels - 1);
}

/* ---- NSEC chains ---------------------------------------------------------------------------------------------------------------- */

static bool has_nsec(const struct znode *node, struct rrset *set)
{
	return znode_rrset(node, TYPE_NSEC, 0, set);
}

/* The owner of the NSEC record that spans the name; `set` is its NSEC RRset. */
static const struct znode *nsec_before(const struct deny *deny, const uint8_t *name, struct rrset *set)
{
	const struct znode *node = zone_predecessor(deny->version, name);
	struct zone_lookup look;

	if (!node || has_nsec(node, set))
		return node;
	/* Glue, and what is occluded, has none; the record of the cut or DNAME above spans it. */
	zone_find(deny->version, znode_owner(node), &look);
	node = look.cut;
	if (look.dname && (!node || name_is_within(znode_owner(node), znode_owner(look.dname))))
		node = look.dname;
	return node && has_nsec(node, set) ? node : NULL;
}

/* Whether a record at `owner` spans a name that sorts behind `owner`. */
static bool nsec_spans(const struct deny *deny, const struct rrset *set, const uint8_t *name)
{
	const uint8_t *at = set->rdata, *next;
	uint16_t len;

	if (!rrset_next(set, &at, &next, &len))
		return false;
	return name_cmp(name, next) < 0 || name_equal(next, apex_of(deny));
}

/* That a name is not there, or only as an empty non-terminal. */
static void nsec_deny(struct deny *deny, const uint8_t *name)
{
	struct rrset set;
	const struct znode *node = nsec_before(deny, name, &set);

	if (node && nsec_spans(deny, &set, name))
		proof_add(deny, node);
}

static void nsec_deny_name(struct deny *deny, const uint8_t *name, const struct zone_lookup *look)
{
	uint8_t star[NAME_MAX_LEN];
	struct rrset set;
	const struct znode *node = nsec_before(deny, name, &set);

	if (node && nsec_spans(deny, &set, name))
		proof_add(deny, node);
	star_name(star, name_strip(name, name_label_count(name) - look->encloser_labels));
	/* More often than not it is the same record. */
	if (!node || name_cmp(star, znode_owner(node)) <= 0 || !nsec_spans(deny, &set, star))
		nsec_deny(deny, star);
}

static void nsec_add_own(struct deny *deny, const struct znode *node)
{
	struct rrset set;

	if (has_nsec(node, &set))
		proof_add(deny, node);
}

/* ---- public --------------------------------------------------------------------------------------------------------------------- */

void deny_name(struct deny *deny, const uint8_t *name, const struct zone_lookup *look)
{
	switch (kind_get(deny)) {
	case DENY_NSEC:
		nsec_deny_name(deny, name, look);
		break;
	case DENY_NSEC3:
		nsec3_deny_name(deny, name, look->encloser_labels);
		break;
	default:
		break;
	}
}

void deny_type(struct deny *deny, const uint8_t *name, const struct zone_lookup *look)
{
	switch (kind_get(deny)) {
	case DENY_NSEC:
		if (look->node)
			nsec_add_own(deny, look->node);
		else
			nsec_deny(deny, name);
		break;
	case DENY_NSEC3:
		nsec3_deny_type(deny, name);
		break;
	default:
		break;
	}
}

void deny_closer_name(struct deny *deny, const uint8_t *name, const struct zone_lookup *look)
{
	switch (kind_get(deny)) {
	case DENY_NSEC:
		nsec_deny(deny, name);
		break;
	case DENY_NSEC3:
		proof_add_found(deny, name_find(deny, next_closer(name, look->encloser_labels)), false);
		break;
	default:
		break;
	}
}

void deny_type_at_wildcard(struct deny *deny, const uint8_t *name, const struct zone_lookup *look)
{
	uint8_t star[NAME_MAX_LEN];
	enum deny_kind kind = kind_get(deny);

	if (kind == DENY_NOTHING)
		return;
	star_name(star, name_strip(name, name_label_count(name) - look->encloser_labels));
	if (kind == DENY_NSEC) {
		nsec_deny(deny, name);
		if (look->wildcard)
			nsec_add_own(deny, look->wildcard);
		else
			nsec_deny(deny, star);
	} else if (encloser_prove(deny, name, look->encloser_labels, NULL)) {
		proof_add_found(deny, name_find(deny, star), true);
	}
}

void deny_ds(struct deny *deny, const struct znode *cut)
{
	struct zone_lookup look = { .match = ZONE_MATCH_EXACT, .node = cut };

	deny_type(deny, znode_owner(cut), &look);
}

static bool has_only_nsec3(const struct znode *node)
{
	struct rrset set;

	if (!(znode_flags(node) & ZNODE_HAS_NSEC3))
		return false;
	for (size_t pos = 0; znode_next(node, &pos, &set);) {
		if (set.type != TYPE_NSEC3 && !(set.type == TYPE_RRSIG && set.covers == TYPE_NSEC3))
			return false;
	}
	return true;
}

static bool has_names_below(const struct zone_version *version, const struct znode *node)
{
	struct zone_iter iter;
	const struct znode *next;

	zone_iter_init(&iter, version, znode_owner(node));
	zone_iter_next(&iter);      /* the node itself */
	next = zone_iter_next(&iter);
	return next && name_is_within(znode_owner(next), znode_owner(node));
}

/* The owner of NSEC3 that the look-up ended at; NULL if it did not. */
static const struct znode *nsec3_owner_met(const struct zone_version *version, const uint8_t *name, const struct zone_lookup *look)
{
	const uint8_t *encloser;

	switch (look->match) {
	case ZONE_MATCH_EXACT:
		return has_only_nsec3(look->node) ? look->node : NULL;
	case ZONE_MATCH_NONE:
		encloser = name_strip(name, name_label_count(name) - look->encloser_labels);
		if (*encloser != NSEC3_LABEL_LEN)
			return NULL;
		const struct znode *node = zone_get(version, encloser);
		return node && has_only_nsec3(node) && !has_names_below(version, node) ? node : NULL;
	default:
		return NULL;
	}
}

bool deny_pass_over_nsec3(const struct zone_version *version, const uint8_t *name, const struct zone_lookup *look, struct zone_lookup *out)
{
	const struct znode *met = nsec3_owner_met(version, name, look);
	uint8_t star[NAME_MAX_LEN];
	struct zone_lookup wild;

	if (!met)
		return false;
	*out = *look;
	out->node = NULL;
	if (look->match == ZONE_MATCH_EXACT && has_names_below(version, met)) {
		out->match = ZONE_MATCH_EMPTY;
		return true;
	}
	const uint8_t *encloser = name_parent(znode_owner(met));
	star_name(star, encloser);
	zone_find(version, star, &wild);
	out->match = ZONE_MATCH_NONE;
	out->encloser_labels = name_label_count(encloser);
	out->wildcard = wild.match == ZONE_MATCH_EXACT ? wild.node : NULL;
	out->wildcard_is_empty = wild.match == ZONE_MATCH_EMPTY;
	return true;
}

/* Which NSEC or NSEC3 records prove what an answer says is not there (RFC 4035 section 3.1.3, RFC 5155 section 7.2, RFC 7129).
 *
 * answer.c asks for a proof per name of a chain, while that name's look-up is at hand; the owners of the records gather here, each once, and
 * answer.c writes them into the authority section. Where a chain is broken or the zone is signed by halves, what is missing is left out: a
 * validator then sees for itself. Pure functions of a zone version; nothing is allocated.
 *
 * What a proof costs is bounded: NSEC, at most two looks into the trie and a second for each where it meets glue; NSEC3, a hash and a look for each
 * label of the name between its closest encloser and the apex at the worst (opt-out zones), usually three in all.
 */
#pragma once

#include "lib/zone/nsec3.h"

enum {
	DENY_PROOFS_MAX = 64,      /* a chain's names and three records for each; what came beyond would be left out */
};

enum deny_kind { DENY_UNKNOWN, DENY_NOTHING, DENY_NSEC, DENY_NSEC3 };

/* The proofs of one message. */
struct deny {
	const struct zone_version *version;
	enum deny_kind kind;                           /* what the zone offers; found out by the first proof */
	struct nsec3_params params;
	unsigned count;
	const struct znode *proofs[DENY_PROOFS_MAX];   /* owners of NSEC or NSEC3 RRsets, by kind */
};

/* `is_wanted` false: the client did not ask for proofs (DO), so none is made. */
void deny_init(struct deny *deny, const struct zone_version *version, bool is_wanted);

/* The name does not exist, nor a wildcard that would make it (NXDOMAIN). `look` is the look-up of the name, here as below. */
void deny_name(struct deny *deny, const uint8_t *name, const struct zone_lookup *look);
/* The name exists (exactly, or as an empty non-terminal) and lacks the type; also: a delegation without DS. */
void deny_type(struct deny *deny, const uint8_t *name, const struct zone_lookup *look);
/* The answer was made from a wildcard: no closer name exists. */
void deny_closer_name(struct deny *deny, const uint8_t *name, const struct zone_lookup *look);
/* The wildcard that the name would be made from lacks the type. */
void deny_type_at_wildcard(struct deny *deny, const uint8_t *name, const struct zone_lookup *look);
/* The delegation has no DS: the child is not signed. */
void deny_ds(struct deny *deny, const struct znode *cut);

/* Owners of nothing but NSEC3 are no names of the zone (RFC 5155 section 7.2.8). Whether the look-up met one; then `out` is what it had said without it. */
bool deny_pass_over_nsec3(const struct zone_version *version, const uint8_t *name, const struct zone_lookup *look, struct zone_lookup *out);

/* The rules of the DNS that a zone must keep to be served, and advice about what is allowed but broken.
 *
 * Errors make a zone unusable: the loader, UPDATE and transfers refuse it. Warnings are told and served. What counts as an error
 * follows Knot DNS. Of signed zones it is looked at whether what must be signed is, and whether the NSEC or NSEC3 chain is whole; signatures are not verified, nor is it
 * looked for that every name has its NSEC3 record. RFC 1034 section 3.6.2, RFC 2181 sections 6.1, 10.1 and 10.3, RFC 4034 sections 2.1 and 4, RFC 5155 section 7.1, RFC 6672 sections 2.3 and 2.4.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/dns/name.h"
#include "lib/zone/changeset.h"
#include "lib/zone/zone.h"

/*        rule               error  text; a finding's text is "OWNER TYPE: text [TARGET]" */
#define ZONE_RULES(X) \
	X(SOA_MISSING,        true,  "the zone has no SOA record at its apex") \
	X(SOA_MULTIPLE,       true,  "the apex has more than one SOA record") \
	X(SOA_BELOW_APEX,     true,  "an SOA record below the apex") \
	X(NS_MISSING,         true,  "the zone has no NS record at its apex") \
	X(CNAME_MULTIPLE,     true,  "more than one CNAME record at one name") \
	X(CNAME_WITH_DATA,    true,  "a CNAME record beside other data") \
	X(DNAME_MULTIPLE,     true,  "more than one DNAME record at one name") \
	X(DNAME_WITH_NS,      true,  "a DNAME record beside a delegation") \
	X(BELOW_DNAME,        true,  "a name below the DNAME record of") \
	X(NS_WITHOUT_ADDRESS, false, "no A or AAAA record in this zone for the server") \
	X(GLUE_MISSING,       false, "no glue (A or AAAA record) for the server") \
	X(NS_IS_ALIAS,        false, "the server's name is an alias:") \
	X(MX_IS_ALIAS,        false, "the mail exchange's name is an alias:") \
	X(UNSIGNED,           false, "no signature, in a zone that is signed") \
	X(NSEC_MISSING,       false, "no NSEC record, in a zone that has them") \
	X(NSEC_BROKEN,        false, "the chain is broken here; the next name is") \
	X(NSEC3_BROKEN,       false, "the chain is broken here; the next hash is that of") \
	X(NSEC3_NO_CHAIN,     false, "no chain of NSEC3 records has the apex in it, so nothing is proved not to exist") \
	X(NSEC3_UNUSABLE,     false, "parameters by which no proof is made (another hash, flags, more than 2500 iterations)") \
	X(NSEC3_ITERATIONS,   false, "more than 100 iterations; validators may take the zone as unsigned (RFC 9276)")

enum zone_rule {
#define X(rule, is_error, text) ZONE_RULE_##rule,
	ZONE_RULES(X)
#undef X
};

struct zone_finding {
	enum zone_rule rule;
	bool is_error;
	uint16_t type;                        /* of the record at fault */
	uint8_t owner[NAME_MAX_LEN];
	uint8_t target[NAME_MAX_LEN];         /* the other name that a rule speaks of; the root where it speaks of none */
};

enum { ZONE_FINDINGS_MAX = 20 };              /* of each kind are kept; all are counted */

struct zone_findings {
	struct zone_finding list[2 * ZONE_FINDINGS_MAX];
	unsigned count;
	unsigned error_count;
	unsigned warning_count;
};

enum { ZONE_FINDING_TEXT_SIZE = 2 * NAME_TEXT_SIZE + 128 };

/* "www.example. CNAME: a CNAME record beside other data"; returns `out`. */
char *zone_finding_to_text(const struct zone_finding *finding, char out[ZONE_FINDING_TEXT_SIZE]);

/* Looks at the whole zone. ZT_OK, or ZT_EZONE when there is an error. */
int zone_check(const struct zone_version *version, struct zone_findings *out) ZT_MUST_CHECK;

/* Looks at the apex and at the names of a changeset that led to `version`, O(changes): every error that the change can have brought in, and
 * the warnings of the records at the changed names. (That another name's NS or MX record lost its target is not looked for.) */
int zone_check_changes(const struct zone_version *version, const struct changeset *change, struct zone_findings *out) ZT_MUST_CHECK;

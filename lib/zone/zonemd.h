/* The digest of a whole zone, as its ZONEMD records state it (RFC 8976): verifying and making it; scheme SIMPLE with SHA-384 and SHA-512.
 *
 * A pure function of a zone version, O(records). It tells damage on the way and mistakes of tools; against forgery it helps where DNSSEC vouches for the
 * ZONEMD record itself, which is not looked at here.
 */
#pragma once

#include "lib/zone/edit.h"
#include "lib/zone/zone.h"

enum zonemd_hash { ZONEMD_NO_HASH, ZONEMD_SHA384, ZONEMD_SHA512 };      /* as numbered on the wire */

enum zonemd_outcome {
	ZONEMD_ABSENT,            /* the apex has no ZONEMD record */
	ZONEMD_VERIFIED,          /* one of them states this content's digest */
	ZONEMD_UNSUPPORTED,       /* all are of schemes or hashes unknown here: nothing is known */
	ZONEMD_MISMATCH,          /* those that are understood state something else */
};

enum { ZONEMD_TEXT_SIZE = 256 };

struct zonemd_report {
	enum zonemd_outcome outcome;
	char text[ZONEMD_TEXT_SIZE];      /* what was found, for people: "the content's digest (SHA-384) is not what ZONEMD states"; empty when absent */
};

/* ZT_OK, whatever the outcome; ZT_ENOMEM. */
int zonemd_verify(const struct zone_version *version, struct zonemd_report *report) ZT_MUST_CHECK;

/* Makes the edit's only ZONEMD record at the apex the digest of what it shows, with the SOA's TTL. Not signed. ZT_ENOMEM; nothing happens without a SOA. */
int zonemd_put(struct zone_edit *edit, enum zonemd_hash hash) ZT_MUST_CHECK;
/* Whether the apex has one ZONEMD record, of that hash and of the version's serial. The digest is not looked at. */
bool zonemd_is_of(const struct zone_version *version, enum zonemd_hash hash);

/* The digest of a whole zone, as its ZONEMD records state it (RFC 8976): scheme SIMPLE with SHA-384 and SHA-512.
 *
 * A pure function of a zone version, O(records). It tells damage on the way and mistakes of tools; against forgery it helps where DNSSEC vouches for the
 * ZONEMD record itself, which is not looked at here.
 */
#pragma once

#include "lib/zone/zone.h"

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

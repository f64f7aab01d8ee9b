/* Read repair: notices that one of a zone's servers is behind another, by the zone versions that come with answers (RFC 9660).
 *
 * Only for zones whose operator asked for it (policy.repairs), so nobody's servers are troubled by a stranger. A server counts as behind when it shows an
 * older serial than another did at least SIBLINGS_GRACE before: until then the change may just be on its way. It is reported at most once
 * in SIBLINGS_PAUSE, to whoever tells it of changes (lib/xfr/behind.h). Not here: sending.
 */
#pragma once

#include <stdbool.h>

#include "lib/base/clock.h"
#include "lib/xfr/behind.h"
#include "resolverd/resolve/policy.h"

#define SIBLINGS_GRACE (2 * USEC_PER_SEC)
#define SIBLINGS_PAUSE (30 * USEC_PER_SEC)

struct siblings;

/* An answer's word: `server` has the serial of the zone (lower case or not). It counts only where the server was asked for that zone or one above: its say is
 * not over others. */
struct sibling_version {
	const uint8_t *zone;
	const uint8_t *asked;         /* the zone for which it was asked */
	const struct netaddr *server;
	uint32_t serial;
};

struct siblings *siblings_new(void);
/* NULL is fine. */
void siblings_free(struct siblings *siblings);
/* Forgets what is known of all zones; the numbers of the policy's repairs mean others from now on. */
void siblings_reset(struct siblings *siblings);
/* What is to be told, and to whom. */
struct sibling_report {
	const struct repair *repair;      /* of the policy */
	struct behind behind;
};

/* True: there is something to tell. */
bool siblings_note(struct siblings *siblings, const struct policy *policy, const struct sibling_version *version, usec_t now,
		   struct sibling_report *report) ZT_MUST_CHECK;

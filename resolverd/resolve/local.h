/* Zones a resolver answers itself so that questions about private or impossible names never leave the site: RFC 6303 (reverse zones of
 * private and special addresses), RFC 6761 and its kin (localhost, test, invalid, onion, home.arpa, resolver.arpa).
 */
#pragma once

#include "resolverd/cache/negative.h"
#include "resolverd/resolve/context.h"

enum local_verdict { LOCAL_NONE, LOCAL_ANSWER, LOCAL_NODATA, LOCAL_NXDOMAIN };

struct local_answer {
	struct rrset *set;               /* LOCAL_ANSWER */
	struct negative negative;        /* LOCAL_NODATA, LOCAL_NXDOMAIN */
};

/* LOCAL_NONE where the name lies in no such zone, or a stub or forward zone was configured at or below its apex. `name` in lower case. All of
 * *out is in the arena. */
enum local_verdict local_lookup(const struct context *ctx, const uint8_t *name, uint16_t type, struct local_answer *out);

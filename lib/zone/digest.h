/* The digest that settles whether two zone versions are equal: SHA-384 over all records of the zone in canonical form and order, SOA and ZONEMD and
 * all signatures included (otherwise as scheme SIMPLE of RFC 8976, which leaves some out).
 *
 * Unlike fingerprints it has no key and nobody can aim at it; unlike them it costs a walk over the zone. So it is made in steps, by whoever has
 * other things to do meanwhile, and kept with the version.
 */
#pragma once

#include "lib/zone/zone.h"

enum { ZONE_DIGEST_LEN = 48 };

struct zone_digest {
	uint8_t bytes[ZONE_DIGEST_LEN];
};

struct zone_digester;

/* The version must stay readable until the digester is freed. ZT_ENOMEM. */
int zone_digester_new(const struct zone_version *version, struct zone_digester **out) ZT_MUST_CHECK;
void zone_digester_free(struct zone_digester *digester);
/* Goes on for about so many records. ZT_OK: *digest is it; ZT_EAGAIN: there is more to do; ZT_ENOMEM: no digest can be had. */
int zone_digester_step(struct zone_digester *digester, size_t records, struct zone_digest *digest) ZT_MUST_CHECK;

/* Notes a published version's digest for others who want it; any thread that may read the version. Without memory it is not kept. */
void zone_digest_keep(const struct zone_version *version, const struct zone_digest *digest);
/* False when nobody has kept it. */
bool zone_digest_get(const struct zone_version *version, struct zone_digest *out);

/* Asking authoritative servers what the estimate needs: SOA, the record set's TTL as served there, round trips, EXPIRE, ZONEVERSION, NSID.
 *
 * All questions go to authoritative servers without RD, so no cache is ever filled.
 */
#pragma once

#include "lib/base/status.h"
#include "tools/propest/gather/ask.h"
#include "tools/propest/gather/facts.h"

/* What the change is about. */
struct target {
	const uint8_t *name;
	uint16_t type;
};

/* Finds the zone of the name by asking the servers' addresses in turn. ZT_ENOENT when none is authoritative for it. */
int probe_zone(struct asker *asker, const uint8_t *name, const struct netaddr *servers, size_t count, uint8_t zone[NAME_MAX_LEN]) ZT_MUST_CHECK;

/* Asks every server of the network that has an address, and takes over what the file did not say. Warnings tell of servers that did not
 * answer and of disagreement. ZT_ENOENT when nobody answered. */
int probe_servers(struct asker *asker, struct facts *facts, const struct target *target) ZT_MUST_CHECK;

/* Makes a network of bare addresses after probing: the server with the newest serial is taken for the primary of all the others. */
int probe_build(struct asker *asker, struct facts *facts, const struct target *target, const struct netaddr *servers, size_t count) ZT_MUST_CHECK;

/* Parses the answer to a SOA question; false (and a reason in `out->trouble`) when it is not an authoritative SOA of the zone. */
bool probe_read_soa(const struct question *question, const uint8_t *zone, struct observation *out);
/* Reads what an answer says of a record set: TTL, or that it is absent. */
void probe_read_rrset(const struct question *question, struct observation *out);

/* Read repair. */
#include "resolverd/resolve/siblings.h"

#include <stdlib.h>
#include <string.h>

#include "lib/dns/serial.h"

enum { REPORTED_MAX = 16 };      /* servers of a zone that are remembered as reported; more are reported more often */

/* What is known of one zone. */
struct sibling_zone {
	bool has_newest;
	uint32_t newest;
	usec_t newest_since;
	struct { struct netaddr server; usec_t at; } reported[REPORTED_MAX];
	unsigned next;                /* place of the next one */
};

struct siblings {
	struct sibling_zone zones[POLICY_REPAIRS_MAX];
};

struct siblings *siblings_new(void)
{
	return calloc(1, sizeof(struct siblings));
}

void siblings_free(struct siblings *siblings)
{
	free(siblings);
}

void siblings_reset(struct siblings *siblings)
{
	memset(siblings, 0, sizeof(*siblings));
}

static const struct repair *repair_of(const struct policy *policy, const uint8_t *zone)
{
	for (uint32_t i = 0; i < policy->repair_count; i++) {
		if (name_equal(policy->repairs[i].zone, zone))
			return &policy->repairs[i];
	}
	return NULL;
}

/* Whether the server was reported lately; if not, it is now. */
static bool is_reported(struct sibling_zone *zone, const struct netaddr *server, usec_t now)
{
	for (unsigned i = 0; i < REPORTED_MAX; i++) {
		if (!netaddr_equal(&zone->reported[i].server, server))
			continue;
		if (now - zone->reported[i].at < SIBLINGS_PAUSE)
			return true;
		zone->reported[i].at = now;
		return false;
	}
	zone->reported[zone->next].server = *server;
	zone->reported[zone->next].at = now;
	zone->next = (zone->next + 1) % REPORTED_MAX;
	return false;
}

bool siblings_note(struct siblings *siblings, const struct policy *policy, const struct sibling_version *version, usec_t now,
		   struct sibling_report *report)
{
	const struct repair *repair = policy->repair_count > 0 ? repair_of(policy, version->zone) : NULL;

	if (!repair || !name_is_within(version->zone, version->asked))
		return false;
	struct sibling_zone *zone = &siblings->zones[repair - policy->repairs];
	if (!zone->has_newest || serial_is_newer(version->serial, zone->newest)) {
		zone->has_newest = true;
		zone->newest = version->serial;
		zone->newest_since = now;
		return false;
	}
	if (!serial_is_newer(zone->newest, version->serial) || now - zone->newest_since < SIBLINGS_GRACE || is_reported(zone, version->server, now))
		return false;
	*report = (struct sibling_report){ repair, { .server = *version->server, .serial = version->serial, .newest = zone->newest } };
	return true;
}

/* How resolverd resolves: root hints, stub and forward zones, limits of life. Made from the options, then only read, by any number of threads.
 *
 * The longest stub or forward zone at or above a name decides. A stub zone's servers are authoritative and are asked without RD; a delegation
 * below it is followed. A forward zone's servers are resolvers and are asked with RD for every name below it.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/netaddr.h"
#include "lib/base/status.h"
#include "lib/dns/name.h"

enum route_kind { ROUTE_STUB, ROUTE_FORWARD };

struct route {
	enum route_kind kind;
	uint8_t zone[NAME_MAX_LEN];      /* lower case */
	struct netaddr *servers;
	uint32_t server_count;
};

/* A zone whose servers are watched for one that is behind, and who is told (siblings.h). */
struct repair {
	uint8_t zone[NAME_MAX_LEN];      /* lower case */
	struct netaddr report_to;
};

enum { POLICY_REPAIRS_MAX = 64 };

struct policy {
	struct netaddr *hints;           /* addresses of root servers, ports set */
	uint32_t hint_count;
	struct route *routes;
	uint32_t route_count;
	struct repair *repairs;          /* at most POLICY_REPAIRS_MAX */
	uint32_t repair_count;
	struct netaddr *own;             /* where we listen: never asked */
	uint32_t own_count;
	struct netaddr source_v4;        /* questions leave from here; not set = the system chooses */
	struct netaddr source_v6;
	uint16_t upstream_port;          /* of servers found in delegations */
	bool allow_loopback;             /* a delegation may lead to 127.0.0.0/8 or ::1 */
	bool minimise;                   /* RFC 9156 */
	bool local_zones;                /* RFC 6303, RFC 6761 */
	uint32_t min_ttl, max_ttl, max_negative_ttl;      /* seconds */
};

/* The route for a name; NULL = from the root. */
const struct route *policy_route(const struct policy *policy, const uint8_t *name);
/* The root server addresses of IANA's hints, for when no file is given. */
int policy_builtin_hints(struct policy *policy) ZT_MUST_CHECK;
int policy_add_hint(struct policy *policy, const struct netaddr *server) ZT_MUST_CHECK;
/* Whether a server found in a delegation may be asked: no loopback unless allowed, no multicast, broadcast or wildcard, not ourselves. */
bool policy_may_ask(const struct policy *policy, const struct netaddr *server);
/* Frees all the policy points to. */
void policy_fini(struct policy *policy);

/* The facts the server stage works on: servers, who transfers from whom, the zone's timers, outages. Seconds, counted from the change.
 *
 * A struct network is filled once (by the topology file, by live questions or by a test) and then only read. Plain data; the caller
 * owns it, network_init/_fini bracket its life.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/status.h"
#include "tools/propest/model/vendor.h"

enum { NETWORK_NAME_SIZE = 64, NETWORK_MAX_SERVERS = 512, NETWORK_MAX_LINKS = 4096, NETWORK_MAX_OUTAGES = 64 };

struct network_server {
	char name[NETWORK_NAME_SIZE];
	char address[NETWORK_NAME_SIZE];   /* IP@PORT, may be empty */
	const struct vendor *vendor;
	bool primary;                      /* the change is committed here */
	bool is_public;                    /* caches may ask it; false for a hidden primary */
	double weight;                     /* share of the caches' questions it gets, relative to the others' */
	double publish_s;                  /* primary: from the commit to being served */
	double poll_age_s;                 /* seconds since it last confirmed its serial (from EDNS EXPIRE); negative: unknown */
	double refresh_s, retry_s;         /* its own timers where they differ from the zone's; negative: the zone's */
	double cycle_s;                    /* its own, of a vendor whose changes are noticed and timers looked at in cycles; negative: the vendor's */
};

/* `to` transfers the zone from `from`. */
struct network_link {
	size_t from, to;
	bool notify;
	double holdoff_s;                  /* the sender waits this long before its first NOTIFY */
	double notify_loss;                /* probability that a NOTIFY datagram does not arrive */
	double query_loss;                 /* the same for each datagram of the SOA exchange and each TCP handshake segment */
	double rtt_s;
	double transfer_bytes;
	double bytes_per_s;                /* 0: no limit */
};

/* During [begin, end) nothing passes the links it names. With probability < 1 it is a shared cause that strikes all of them or none. */
struct network_outage {
	double begin, end;
	double probability;
	bool *hits;                        /* by link */
};

struct network_timers { double refresh_s, retry_s, expire_s; };

struct network {
	struct network_server *servers;
	size_t server_count;
	struct network_link *links;
	size_t link_count;
	struct network_outage *outages;
	size_t outage_count;
	struct network_timers timers;
};

void network_init(struct network *net);
void network_fini(struct network *net);

/* A server with the generic vendor, weight 1, public, nothing else. *out is its index. ZT_ELIMIT past NETWORK_MAX_SERVERS. */
int network_add_server(struct network *net, const char *name, size_t *out) ZT_MUST_CHECK;
/* A link with NOTIFY, no loss, 1 ms RTT. The pointer holds until the next link is added. NULL when memory or the limit is out. */
struct network_link *network_add_link(struct network *net, size_t from, size_t to);
/* An outage that hits nothing yet; add all links first. The same lifetime. */
struct network_outage *network_add_outage(struct network *net, double begin, double end);

/* Index of the server with this name, or server_count. */
size_t network_find(const struct network *net, const char *name);

/* The effective timers of a secondary: the zone's (or its own), clamped by its vendor. */
struct network_timers network_timers_of(const struct network *net, size_t server);
/* A change at the server is noticed for NOTIFY after uniform 0..this, seconds. */
double network_detect_max(const struct network *net, size_t server);

/* ZT_EINVAL when the facts can't be worked with; *why (static text) and *who (a server's index, or server_count) say what. */
int network_check(const struct network *net, const char **why, size_t *who) ZT_MUST_CHECK;

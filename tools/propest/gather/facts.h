/* All that is known before an estimate: the network, the caches, what each server said, and what is doubtful about it.
 *
 * Filled by the topology file (topology.h), by live questions (probe.h), or by both: what the file says wins over what servers say.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/netaddr.h"
#include "lib/base/status.h"
#include "lib/dns/name.h"
#include "tools/propest/model/bound.h"
#include "tools/propest/model/network.h"

enum { FACTS_NSID_SIZE = 128 };

enum change { CHANGE_MODIFY, CHANGE_ADD, CHANGE_DELETE };

/* What one server said. Only what `has_…` names is meaningful. */
struct observation {
	bool asked, answered;          /* a question was sent; an authoritative SOA came back */
	const char *trouble;           /* why not, static text; NULL when all is well */
	struct netaddr address;
	uint32_t serial, refresh, retry, expire, minimum, soa_ttl;
	double rtt_s;                  /* shortest of several */
	unsigned probes, lost;
	bool has_rrset, rrset_absent;  /* the record set: there with ttl, or surely not there */
	uint32_t rrset_ttl;
	bool has_expire;
	uint32_t edns_expire;          /* RFC 7314 */
	bool has_version;
	uint32_t zone_version;         /* RFC 9660 */
	char nsid[FACTS_NSID_SIZE];    /* RFC 5001, printable; empty: none */
};

/* What the file said, so that live answers leave it alone. */
struct given { bool timers, ttl, negative_ttl; };

struct facts {
	uint8_t zone[NAME_MAX_LEN];
	bool has_zone;
	struct network net;
	struct observation *observations;     /* by server of the network; as many as net.server_count after facts_observe */
	size_t observation_count;
	double rrset_ttl_s;                   /* negative: not known */
	double negative_ttl_s;                /* min(SOA TTL, MINIMUM); negative: not known */
	struct cache_facts caches;            /* ttl_s is set by facts_ttl */
	double max_negative_ttl_s;
	double cache_count;
	double client_tail;                   /* model/tail.h; 0: none */
	struct given given;
	char **warnings;
	size_t warning_count;
};

void facts_init(struct facts *facts);
void facts_fini(struct facts *facts);

/* Keeps a sentence for the report. Running out of memory loses it silently: it is advice. */
void facts_warn(struct facts *facts, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* One zeroed observation for each server. */
int facts_observe(struct facts *facts) ZT_MUST_CHECK;

/* Sets caches.ttl_s for this kind of change. ZT_ENOENT when that TTL is not known. */
int facts_ttl(struct facts *facts, enum change change) ZT_MUST_CHECK;

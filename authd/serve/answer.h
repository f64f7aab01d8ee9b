/* Answering a query from one version of a zone (RFC 1034 section 4.3.2, RFC 2181, RFC 2308, RFC 4035 section 3.1, RFC 4592, RFC 5155 section 7, RFC 6672,
 * RFC 8482, RFC 9471). Answers are minimal: no NS records beside data, addresses of targets only where they are ours to tell.
 *
 * A pure function of (version, question): no socket, no clock, no allocation. Which zone a name belongs to, EDNS and access are respond's business.
 */
#pragma once

#include "lib/dns/writer.h"
#include "lib/zone/zone.h"

struct answer_question {
	const uint8_t *name;              /* at or below the zone's apex */
	uint16_t type;
	bool dnssec_ok;                   /* the DO bit (RFC 3225): signatures and proofs are wanted */
	bool is_tcp;                      /* the client is who it says: ANY and RRSIG are answered in full */
	const struct zone_lookup *look;   /* what the version says of `name`: looked up by the caller, who may have many to look up at once */
};

/* What the header needs to know of an answer. */
struct answer_result {
	enum rcode rcode;
	bool authoritative;       /* the AA bit (RFC 2181 section 5.4.1: false for a referral) */
	bool truncated;           /* an RRset that belongs to the answer did not fit */
};

/* Writes answer, authority and additional sections after the question. `version` has an SOA. */
struct answer_result answer_query(const struct zone_version *version, const struct answer_question *question,
				  struct message_writer *writer);

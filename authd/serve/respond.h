/* From the bytes of a request to the bytes of a response: header rules, EDNS, which zone, which answer.
 *
 * In two steps, so that the cache misses of a batch's look-ups overlap: respond_begin for each query, zone_finders_run over the finders of those
 * that want it, respond_finish for each of these. Pure but for the view it reads; no socket and no allocation. What needs more than a look at the served data (transfers, NOTIFY, UPDATE) is
 * handed back to the worker as a verdict.
 */
#pragma once

#include "authd/serve/edns.h"
#include "authd/serve/limit.h"
#include "authd/serve/signing.h"
#include "authd/serve/view.h"
#include "lib/base/clock.h"
#include "lib/dns/message.h"
#include "lib/zone/find.h"

enum respond_verdict {
	RESPOND_REPLY,         /* out holds a response of out_len bytes */
	RESPOND_LOOKUP,        /* respond_begin only: run `finder`, then respond_finish */
	RESPOND_DROP,          /* no response: too short to answer, or itself a response */
	RESPOND_NOTIFY,        /* for a secondary zone, from who may send it */
	RESPOND_UPDATE,        /* the same, from who may send it */
	RESPOND_TRANSFER,      /* AXFR or IXFR for `zone` */
	RESPOND_REPAIR,        /* a question of a reconciliation about `zone` (repair.h), over TCP */
};

struct respond {
	/* in */
	const struct view *view;
	const uint8_t *query;
	size_t query_len;
	const struct netaddr *peer;
	struct moment *moment;         /* asked only for cookies, EXPIRE and rate limits */
	struct limiter *limiter;       /* of UDP where answers are limited; NULL never limits */
	uint8_t *out;
	size_t out_size;               /* at least 512 */
	uint16_t keepalive;            /* TCP: the idle timeout to tell who asks, in 100 ms (RFC 7828); 0 = none */
	bool is_tcp;                   /* TLS too */
	bool is_encrypted;
	struct tls_peer *tls_peer;     /* the certificate that the client has shown; NULL = none */

	/* out */
	size_t out_len;                /* 0: limited, nothing is sent */
	struct message message;        /* the parsed query */
	const uint8_t *key;            /* TSIG key (name in wire form) that the query was verified with; NULL without one */
	struct served_zone *zone;      /* the zone that answers; NULL if none */
	enum rcode rcode;              /* of the reply */
	bool truncated;
	enum limit_verdict limited;
	struct edns_plan plan;

	/* between the two steps */
	const struct zone_version *version;
	uint64_t limit_hash;           /* of the answer with the question's own name, where answers are limited */
	struct zone_finder finder;

	struct signing signing;        /* of the reply; .room is 0 where it is not signed. Last, because it is seldom used */
};

enum respond_verdict respond_begin(struct respond *r);
/* Writes the response; the finder has been run. */
void respond_finish(struct respond *r);
/* Both steps for one query; never RESPOND_LOOKUP. */
enum respond_verdict respond(struct respond *r);

/* The largest response to this query, without its signature: over UDP 512, or what EDNS offers up to our own limit (RFC 6891 section 6.2.5). */
size_t respond_limit(const struct respond *r);

/* Whether an access list lets pass who asks; NULL lets nobody. */
static inline bool respond_allows(const struct respond *r, const struct acl *acl)
{
	return acl_allows(acl, &(struct acl_subject){ .remote = r->peer, .key = r->key, .tls = r->tls_peer });
}

/* Whether `zone` may be transferred to who asks, in the way it asks. */
static inline bool respond_may_transfer(const struct respond *r)
{
	return (r->is_encrypted || !r->zone->transfer_tls_only) && respond_allows(r, r->zone->allow_transfer);
}

/* Makes the response an error, without records but OPT; `error` may be NULL. */
void respond_error(struct respond *r, enum rcode rcode, const struct edns_error *error);
/* The same for who has only the message: no options. Returns the response's length. */
size_t respond_error_write(const struct message *query, enum rcode rcode, uint8_t *out, size_t out_size);

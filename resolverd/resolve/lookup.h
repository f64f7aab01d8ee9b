/* How far a question can be answered from what is known already: local zones and the cache. A pure read. */
#pragma once

#include "resolverd/cache/negative.h"
#include "resolverd/resolve/context.h"
#include "resolverd/resolve/scrub.h"

enum { LOOKUP_CHAIN_MAX = 2 * CHAIN_MAX + 32 };

enum lookup_verdict {
	LOOKUP_ANSWER,        /* `chain` ends in the answer */
	LOOKUP_NEGATIVE,      /* `negative` is about `name` */
	LOOKUP_MISS,          /* nothing is known of `name` */
	LOOKUP_FAILED,        /* `name` is not to be tried yet, the chain is too long, or memory is out: SERVFAIL */
};

/* The answer as it grows. Starts as { .name = query name in lower case }; all in the arena. */
struct lookup {
	const uint8_t *name;                               /* in: where to start; out: where the chain has led */
	struct rrset *chain[LOOKUP_CHAIN_MAX];
	unsigned chain_count;
	unsigned alias_count;                              /* CNAMEs in it */
	struct negative negative;                          /* LOOKUP_NEGATIVE */
	enum rcode rcode;                                  /* NOERROR, NXDOMAIN; YXDOMAIN where a DNAME led too far */
	bool authoritative;                                /* all of it is local */
};

/* Goes on from lookup->name. ANY is never known. */
enum lookup_verdict lookup_step(const struct context *ctx, struct lookup *lookup, uint16_t type);
/* Adds a set; false when the chain is full or `set` is NULL. */
bool lookup_push(struct lookup *lookup, struct rrset *set);
/* Adds a CNAME and moves on to its target; false when the chain is too long. */
bool lookup_follow(const struct context *ctx, struct lookup *lookup, struct rrset *cname);

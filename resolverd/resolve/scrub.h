/* From a reply's bytes to what may be believed of it: a pure function.
 *
 * Only records of our class, inside the zone that was asked (the bailiwick), and connected with the question are taken: the chain of CNAME and
 * DNAME from the query name to the answer, the SOA and proofs of a negative answer, one NS set above the name, and the addresses of its
 * targets. Everything else is dropped unread. A CNAME that should follow from a DNAME is made anew from it (RFC 6672 section 3.1), so a
 * wrong one can't get in.
 */
#pragma once

#include "lib/dns/message.h"
#include "resolverd/cache/negative.h"
#include "resolverd/resolve/policy.h"

enum { CHAIN_MAX = 16, GLUE_MAX = 64, NS_MAX = 32 };

enum reply_kind {
	REPLY_ANSWER,         /* the chain ends in the answer */
	REPLY_CNAME,          /* the chain ends at `target`, which has to be asked for */
	REPLY_NXDOMAIN,       /* `target` does not exist */
	REPLY_NODATA,         /* `target` has no data of the type */
	REPLY_REFERRAL,       /* `ns` and `glue` lead further down */
	/* from here on the reply is worth nothing */
	REPLY_TRUNCATED,      /* ask again by TCP */
	REPLY_NO_EDNS,        /* ask again with less EDNS */
	REPLY_LAME,           /* the server does not serve the zone */
	REPLY_FAILED,         /* the server could not answer, or answered nonsense */
};

/* What was asked, of whom. */
struct scrub_question {
	const uint8_t *qname;            /* lower case */
	uint16_t qtype;
	const uint8_t *zone;             /* bailiwick, lower case */
	bool forwarded;                  /* the server is a resolver: no delegations, no AA */
	bool with_edns;                  /* the question had an OPT record */
	struct origin origin;            /* server and time of arrival; the version is filled in here */
};

struct reply {
	enum reply_kind kind;
	enum rcode rcode;
	struct rrset *chain[2 * CHAIN_MAX + 1];      /* in order; a DNAME stands before the CNAME made from it */
	unsigned chain_count;
	const uint8_t *target;           /* last name of the chain, lower case; the query name where there is no chain */
	struct negative negative;        /* NXDOMAIN and NODATA; count 0 and no life where no SOA came */
	struct rrset *ns;                /* NULL if none */
	struct rrset *glue[GLUE_MAX];    /* address sets of the targets of `ns` */
	unsigned glue_count;
};

/* All of `reply` is in the arena. ZT_ENOMEM only; whatever is wrong with the message is in reply->kind. */
int scrub_reply(struct reply *reply, const struct message *message, const struct scrub_question *question, const struct policy *policy,
                struct arena *arena) ZT_MUST_CHECK;

/* The version of a zone that the server told with its answer, when it is one we understand: the serial of the SOA (RFC 9660 section 2). `zone` is a part of qname. */
bool scrub_zone_version(const struct message *message, const uint8_t *qname, const uint8_t **zone, uint32_t *serial);

/* The CNAME that a DNAME makes for a name below its owner. NULL: out of memory (*too_long false), or the result is longer than a name may be. */
struct rrset *scrub_synthesize(const struct rrset *dname, const uint8_t *name, struct arena *arena, bool *too_long);

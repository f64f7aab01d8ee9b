/* Signatures of queries and of the replies to them (TSIG, RFC 8945).
 *
 * A query without a TSIG record costs one comparison. One that has it is verified before anything else about it is decided, with a key of the view; what the reply
 * must be tied to stays in `struct signing`, a plain value that goes with the query wherever its reply is made: in the worker, in a transfer, or by way of the
 * manage thread. Replies are signed last, when nothing of them changes any more.
 */
#pragma once

#include "lib/base/clock.h"
#include "lib/dns/tsig.h"

struct respond;

struct signing {
	uint16_t room;                /* bytes to keep for the reply's TSIG record; 0 = it gets none */
	bool is_looked_at;            /* the query has a TSIG record */
	bool is_refused;              /* the record is not signed: the query's could not be verified */
	uint16_t error;               /* for the record */
	uint64_t time;                /* when the query says it was signed, seconds */
	uint64_t until;               /* the last second in which its signature is good */
	struct tsig_key *key;         /* of the chain; NULL where is_refused. A copy that outlives the view has a reference of its own */
	struct tsig_chain chain;
};

/* Verifies a query that has a TSIG record. NOERROR: r->key is who asks. Otherwise the rcode to answer with; r->signing says how. */
enum rcode signing_verify(struct respond *r) ZT_MUST_CHECK;
/* Signs the next message of a reply. `wall`: the wall clock. */
int signing_sign(struct signing *signing, struct tsig_message *message, usec_t wall) ZT_MUST_CHECK;
/* Ends the reply in r->out, for which room was kept, with its TSIG record. */
void signing_end(struct respond *r);

/* A reconciliation client and server side by side, without a network: messages go from one to the other, counted, and through a hand that may change
 * them. */
#pragma once

#include "lib/xfr/reconcile_client.h"
#include "lib/xfr/reconcile_server.h"

struct reconcile_pair {
	const struct zone_version *version;      /* the server's */
	const struct fingerprint_key *key;       /* the server's */
	/* May change or drop (len 0) a message that is under way, of at most MESSAGE_MAX_LEN bytes; NULL: nobody does. */
	void (*meddle)(struct reconcile_pair *pair, bool to_server, uint8_t *wire, size_t *len);
	/* Called before each query is answered: may change `version`. NULL: it stays. */
	void (*on_query)(struct reconcile_pair *pair);
	void *ctx;
	unsigned copies;                         /* of each answer message that the client gets beyond the first; 0 is usual */

	uint64_t bytes;                          /* of all messages, with the two of their length on TCP */
	unsigned queries, messages;
	unsigned ignored;                        /* queries that the server did not understand */
	size_t calls;                            /* of the server's machine, to see that each does little */
};

/* Until the client is done, or nothing is under way any more (RECONCILE_MORE). */
enum reconcile_result reconcile_pair_run(struct reconcile_pair *pair, struct reconcile_client *client);
/* The digest of a version; fails the test where there is none. */
struct zone_digest reconcile_pair_digest(const struct zone_version *version);

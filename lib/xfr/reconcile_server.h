/* The answering side of a reconciliation: one query about a pinned zone version in, the messages of its answer out.
 *
 * Stateless between queries: a query says all that is asked. Life: reconcile_query_read tells which version is meant, and the caller finds it or refuses;
 * reconcile_server_new -> reconcile_server_next until it gives ZT_EDONE -> reconcile_server_free. Each call does a bounded piece of work (some
 * hundred descents of the trie, or 16 KiB of records), well under a millisecond, so that a worker can do other things in between. The same object
 * can't be used again.
 *
 * Not here: who may ask, which versions are kept, budgets, sockets, TSIG.
 */
#pragma once

#include "lib/xfr/reconcile.h"

struct reconcile_server;

struct reconcile_server_config {
	const struct zone_version *version;      /* pinned by the caller for the object's life; has a SOA */
	const struct fingerprint_key *key;       /* of the zone; borrowed */
	const struct message *query;             /* read only by reconcile_server_new */
};

/* ZT_ENOENT: the query has no RECONCILE_OPTION that we know; ZT_EMALFORMED; ZT_ENOMEM. Both of the first want FORMERR. */
int reconcile_server_new(const struct reconcile_server_config *config, struct reconcile_server **out) ZT_MUST_CHECK;
void reconcile_server_free(struct reconcile_server *server);
/* Writes the next message into `out` (room for MESSAGE_MAX_LEN; RECONCILE_ROOM bytes of that are left for a signature). ZT_EAGAIN: there is more to
 * do, and nothing to send yet. ZT_EBUSY: all is done but for the digest, which reconcile_server_digest has to give. ZT_EDONE: the last message was
 * written. ZT_EMALFORMED: an entry of the query makes no sense; ZT_ELIMIT: a record fits into no message, or a name has too many RRsets: the answer can't go
 * on (close the connection); ZT_ENOMEM. */
int reconcile_server_next(struct reconcile_server *server, uint8_t *out, size_t *len) ZT_MUST_CHECK;
void reconcile_server_digest(struct reconcile_server *server, const struct zone_digest *digest);

/* The one message of an answer that only says a status. */
int reconcile_status_write(const struct message *query, enum reconcile_status status, uint8_t *out, size_t size, size_t *len) ZT_MUST_CHECK;

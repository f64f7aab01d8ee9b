/* The asking side of a reconciliation: makes an edit that leads from our version of a zone to the server's, in a few round trips and with little more traffic
 * than what differs (reconcile.h).
 *
 * Life: reconcile_client_new -> reconcile_client_query until it gives ZT_EDONE, each message sent -> reconcile_client_message for each message that
 * comes, and what its result asks for -> RECONCILE_DONE -> reconcile_client_take_edit -> reconcile_client_free. Only TCP or TLS will do.
 *
 * The result is not believed because fingerprints agree: the edited zone must have the digest that the server states of its version
 * (lib/zone/digest.h). Where it has not, and on any other failure but one on our side, AXFR is the way; that one failure is worth an alarm.
 *
 * Nothing here blocks: what takes long is done by reconcile_client_work in pieces of about a millisecond. The zone is touched only at the end, when all that
 * differs has come; from then on nobody else may edit it until the edit is published or the client freed.
 *
 * Not here: whom to ask and when, sockets, TSIG, the rules a zone must keep (lib/zone/check.h), the journal. Every message is a stranger's: nothing in it can
 * crash, loop or take more than the limits.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/xfr/reconcile.h"
#include "lib/zone/edit.h"

struct reconcile_client_config {
	struct zone *zone;                      /* borrowed; its current version, which need not have a SOA, is what we have */
	const struct fingerprint_key *key;      /* of the zone; borrowed */
	uint16_t id;                            /* of the first query; the others count on from it */
	bool any_serial;                        /* take a serial that is not newer than ours; otherwise it is RECONCILE_CURRENT */
	bool at_any_cost;                       /* go on where AXFR would be cheaper */
	uint64_t max_records;                   /* received in all; 0 = 50 million */
	uint64_t max_bytes;                     /* of all messages, ours too; 0 = 256 MiB */
};

enum reconcile_result {
	RECONCILE_MORE,          /* feed the next message */
	RECONCILE_SEND,          /* there are queries to send: reconcile_client_query until it gives ZT_EDONE, then as RECONCILE_MORE */
	RECONCILE_WORK,          /* call reconcile_client_work, now or a moment later; no message is expected meanwhile */
	RECONCILE_DONE,          /* reconcile_client_take_edit */
	RECONCILE_CURRENT,       /* the server has nothing newer than we: its version is reconcile_client_target */
	RECONCILE_FAILED,        /* reconcile_client_failure says why */
};

enum reconcile_reason {
	RECONCILE_NOT_SPOKEN,    /* the server does not know what this is, or not this version of it */
	RECONCILE_REFUSED,       /* a response code */
	RECONCILE_KEY_DIFFERS,   /* its fingerprints are made with another key */
	RECONCILE_NO_VERSION,    /* its version changed again and again meanwhile */
	RECONCILE_TOO_DIFFERENT, /* AXFR is cheaper */
	RECONCILE_OVER_BUDGET,   /* the server's, or our limits */
	RECONCILE_MALFORMED,     /* an answer that makes no sense */
	RECONCILE_MISMATCH,      /* the outcome is not the server's version: a fault, or somebody's work; the operator should know */
	RECONCILE_LOCAL,         /* our side: out of memory, or the zone was changed meanwhile */
};

/* Why it failed. All but RECONCILE_LOCAL call for AXFR. */
struct reconcile_failure {
	enum reconcile_reason reason;
	int status;
	unsigned rcode;          /* with RECONCILE_REFUSED */
	char text[256];          /* what was wrong, for people */
};

struct reconcile_client;

/* ZT_ENOMEM; ZT_ELIMIT: a name of ours has too many RRsets to list (RECONCILE_LIST_MAX). */
int reconcile_client_new(const struct reconcile_client_config *config, struct reconcile_client **out) ZT_MUST_CHECK;
/* Aborts what has not been taken. NULL is fine. */
void reconcile_client_free(struct reconcile_client *client);
/* Writes the next query; MESSAGE_MAX_LEN bytes are always enough, with RECONCILE_ROOM left for a signature. ZT_EDONE: there is none to send now. Several may be
 * under way at once, each with an id of its own; their answers may come mixed. */
int reconcile_client_query(struct reconcile_client *client, uint8_t *out, size_t size, size_t *len) ZT_MUST_CHECK;
/* After RECONCILE_DONE, _CURRENT and _FAILED nothing may follow but _FAILED. */
enum reconcile_result reconcile_client_message(struct reconcile_client *client, const uint8_t *wire, size_t len);
enum reconcile_result reconcile_client_work(struct reconcile_client *client);
/* The edit that leads to the server's version, ready for the commit pipeline; the caller's from now on. May be empty of changes. Once, after RECONCILE_DONE. */
struct zone_edit *reconcile_client_take_edit(struct reconcile_client *client);

const struct reconcile_failure *reconcile_client_failure(const struct reconcile_client *client);
/* Whether all answers have been read to their end, so that the connection can carry another question. */
bool reconcile_client_is_complete(const struct reconcile_client *client);
/* What the server has, once it has said so; NULL before. */
const struct zsync *reconcile_client_target(const struct reconcile_client *client);
/* Of messages, both ways, without the two bytes of length that TCP adds. */
uint64_t reconcile_client_bytes_in(const struct reconcile_client *client);
uint64_t reconcile_client_bytes_out(const struct reconcile_client *client);
unsigned reconcile_client_round_trips(const struct reconcile_client *client);
/* RRsets fetched and RRsets dropped, a changed one counting as both. */
uint64_t reconcile_client_records(const struct reconcile_client *client);

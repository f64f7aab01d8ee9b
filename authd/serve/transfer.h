/* Serving zone transfers inside a worker: AXFR and IXFR over TCP, message by message as the client takes them, and IXFR over UDP.
 *
 * A session pins the zone's version, so that a transfer is of one version however long it takes, and holds one client's place. Several may be
 * open on one stream (RFC 5936 section 4.1.1); they are served one after another. The worker forwards its stream's on_drained and on_close.
 * When a session ends the manage thread learns of it (REQUEST_EVIDENCE).
 *
 * Threads: a struct transfers belongs to one worker; the journal is read there ("any thread" functions).
 */
#pragma once

#include <stdint.h>

#include "authd/serve/request.h"
#include "authd/serve/view.h"
#include "lib/base/clock.h"
#include "lib/base/log.h"
#include "lib/dns/message.h"
#include "lib/net/mailbox.h"
#include "lib/net/stream.h"
#include "lib/zone/journal.h"

struct transfers;

struct transfers_config {
	struct journal *journal;
	struct mailbox *manage;          /* gets the evidence */
	const struct log *log;
	const struct clock *clock;
	uint32_t max_sessions;           /* open at once; 0 = 100 */
	uint32_t max_sessions_per_peer;  /* of one IP address; 0 = 20 */
};

struct transfers_counters {
	uint64_t axfr_sent, ixfr_sent;           /* completed, by the style of the answer */
	uint64_t soa_sent;                       /* IXFR answered by one SOA: current, or UDP and too large */
	uint64_t aborted;                        /* the client left, or an error on our side */
	uint64_t refused;                        /* by access control */
	uint64_t limited;                        /* too many sessions */
	uint64_t bytes;
	uint32_t open;
};

/* Who asks for what. All borrowed for the call. */
struct transfer_query {
	const struct message *message;         /* AXFR or IXFR in class IN */
	const struct served_zone *zone;        /* exactly the question's name; NULL = we serve no such zone */
	const struct netaddr *peer;
	const struct netaddr *local;
	const uint8_t *key_name;               /* the key the message was signed with (wire form); NULL without one */
};

int transfers_new(const struct transfers_config *config, struct transfers **out) ZT_MUST_CHECK;
/* Closes what is open. NULL is fine. */
void transfers_free(struct transfers *transfers);

/* RCODE_NOERROR: the transfer is under way and answers on the stream by itself. Any other: nothing was sent; answer with this rcode. */
enum rcode transfer_start(struct transfers *transfers, struct stream *stream, const struct transfer_query *query);
/* For AXFR and IXFR over UDP. RCODE_NOERROR: *len bytes of reply stand in `out` (room for `size`, the client's limit). Any other: answer with this
 * rcode (AXFR over UDP: RCODE_FORMERR). */
enum rcode transfer_answer_udp(struct transfers *transfers, const struct transfer_query *query, uint8_t *out, size_t size, size_t *len);

/* From the worker's stream handler, for every stream. */
void transfers_on_drained(struct transfers *transfers, struct stream *stream);
void transfers_on_close(struct transfers *transfers, struct stream *stream);

const struct transfers_counters *transfers_counters(const struct transfers *transfers);

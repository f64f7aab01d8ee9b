/* What a worker sees of other servers and tells the manage thread: who asked for what, what it was sent, and what that says of what it holds.
 *
 * Only what helps is told: signs of life of servers that are notified of changes, few a second of each, and what transfers say. At most EVIDENCE_MAX are
 * under way from one worker; more are dropped, since the manage thread has other ways to learn where a peer stands. All calls come from the
 * worker's thread.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/clock.h"
#include "lib/base/netaddr.h"
#include "lib/base/status.h"
#include "lib/net/mailbox.h"

struct respond;
struct witness;

enum evidence_event {
	EVIDENCE_SIGN,             /* it asked for something: it lives */
	EVIDENCE_HOLDS,            /* its IXFR question says that it holds `serial` */
	EVIDENCE_FETCHED,          /* a transfer that leads to `serial` was sent to the end */
};

/* What a transfer carried. The numbers are stored. */
enum transfer_kind { TRANSFER_NONE, TRANSFER_SOA, TRANSFER_STEPS, TRANSFER_CONDENSED, TRANSFER_ZONE, TRANSFER_REPAIR };

/* Why it carried the whole zone. The numbers are stored. */
enum transfer_reason {
	REASON_NONE,
	REASON_ASKED,              /* the question was for AXFR */
	REASON_TOO_OLD,            /* the journal does not reach back to the peer's serial */
	REASON_LARGE,              /* the differences are larger than the zone */
	REASON_DAMAGED,            /* the journal is damaged there */
	REASON_FOREIGN,            /* the peer's serial is none of this zone's history */
	REASON_LINEAGE,            /* the peer's content at its serial is not ours */
};

struct evidence {
	enum evidence_event event;
	bool is_proven;            /* the address is the peer's: it came over TCP, with a key or a good cookie */
	uint16_t type;             /* that was asked for: TYPE_SOA, TYPE_IXFR, TYPE_AXFR */
	enum transfer_kind kind;   /* FETCHED, as the four below */
	enum transfer_reason reason;
	uint32_t serial;
	uint64_t bytes;
	usec_t duration;           /* from the question until the last message left */
};

/* Whom it is about. All borrowed. */
struct evidence_subject {
	const struct netaddr *peer;
	const uint8_t *key;        /* TSIG key, NULL without one */
	const uint8_t *apex;       /* any case */
};

int witness_new(struct witness **out, struct mailbox *manage, const struct clock *clock) ZT_MUST_CHECK;
/* A transfer is refused. Told, a few times a second, where the client has shown a certificate: it was meant to be let in. */
void witness_tell_refused(struct witness *witness, const struct respond *r);
/* NULL is fine. */
void witness_free(struct witness *witness);
void witness_tell(struct witness *witness, const struct evidence_subject *subject, const struct evidence *evidence);
/* A question was answered; where that is a sign of life of a server we know, it is told. */
void witness_note(struct witness *witness, const struct respond *r);

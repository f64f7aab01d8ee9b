/* What must be true of replication after every step, whatever happens:
 *
 *   - a serial that a server serves never goes back (RFC 1982), except where an operator told it to take any, by itself or by its policy, or its disk was emptied;
 *   - what it serves is, record for record, a version that the primary published under that serial;
 *   - a peer that counts as having a serial has served it;
 *   - nothing is served for longer than EXPIRE (and an answer's way) without a primary, or member of its group, in reach that has it too;
 *   - a server that says it expired is one whose machine says so;
 *   - nobody storms: what a server asks and tells by itself stays within reason;
 *   - what the primary served once, and so acknowledged, it still has or has replaced by something newer, over every crash.
 *
 * Versions are compared by their count, fingerprint and SOA.
 */
#pragma once

#include "tests/sim/xfr/replica.h"

enum { LEDGER_MAX = 512 };

/* A version that the primary published. */
struct ledger_entry {
	uint32_t serial;
	struct zone_summary summary;
	struct fingerprint soa;
};

/* What was last seen of a server. */
struct watch {
	bool has_zone;
	uint32_t serial;
	struct zone_summary summary;
	unsigned set_back;
	uint64_t held[LEDGER_MAX / 64];             /* entries it has served */
	usec_t fresh_at;                            /* when it last could hear from somebody who has what it has */
	usec_t wall_offset;
	bool clock_jumped;                          /* it cannot know how old its zone is */
	usec_t sent_since;                          /* … a moment at which it had sent so much */
	unsigned sent;
	bool is_believed[REPLICA_PEERS_MAX];        /* of each target: the serial it is believed to have, found true */
	uint32_t believed[REPLICA_PEERS_MAX];
};

struct invariants {
	unsigned count;
	struct ledger_entry ledger[LEDGER_MAX];
	bool has_forked;                /* the primary went back, or changed in place: serials need not mean one version */
	struct watch watches[REPLICA_PEERS_MAX];
	usec_t at;
	unsigned steps_at_once;
	char failure[256];              /* the first that is broken; empty while all hold */
};

/* After a step. `count` servers by number; the first is the primary. False: see failure. */
bool invariants_check(struct invariants *inv, const struct replica *replicas, unsigned count);
/* A server's disk is emptied. */
void invariants_forgive(struct invariants *inv, unsigned server);
void invariants_fail(struct invariants *inv, const char *format, ...) __attribute__((format(printf, 2, 3)));

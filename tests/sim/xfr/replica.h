/* A server of one zone on a simulated network: the real machines of lib/xfr over real zones, with a history in memory for a journal.
 *
 * It does what authd/manage/{primary,secondary}.c and authd/serve/transfer.c do with sockets.
 */
#pragma once

#include "lib/xfr/notify.h"
#include "lib/xfr/refresh.h"
#include "lib/xfr/xfr_in.h"
#include "lib/xfr/xfr_out.h"
#include "lib/zone/edit.h"
#include "tests/support/simnet.h"

enum { REPLICA_PEERS_MAX = 8, REPLICA_HISTORY_MAX = 64 };

struct replica_config {
	unsigned node;
	unsigned primaries[REPLICA_PEERS_MAX];      /* none: this is the primary */
	unsigned primary_count;
	unsigned targets[REPLICA_PEERS_MAX];
	unsigned target_count;
	unsigned history_max;                       /* versions kept for IXFR, at most REPLICA_HISTORY_MAX */
	double refuses_ixfr;                        /* how often an IXFR is answered by an error */
	double sends_garbage;                       /* how often a transfer's message is cut short */
	bool notifies_without_serial;
};

struct replica_target {
	unsigned node;
	struct notify_sender sender;
	uint16_t notify_id, probe_id;
	bool probing;
	uint8_t saved[NOTIFY_STATE_SIZE];
	bool has_saved;
};

struct replica_counters {
	unsigned ixfr, axfr;            /* received and committed */
	unsigned failed;
	unsigned expired, confirmed, behind;
};

struct replica {
	struct simnet *net;
	struct replica_config config;
	struct zone *zone;
	struct changeset history[REPLICA_HISTORY_MAX];      /* oldest first */
	unsigned history_count;
	struct replica_target targets[REPLICA_PEERS_MAX];
	struct refresh refresh;
	usec_t confirmed_at;            /* survives a crash */
	bool has_confirmed;
	bool is_expired;
	uint32_t ticket;
	unsigned asked;                 /* node */
	uint16_t soa_id;
	uint64_t stream;
	struct xfr_in *in;
	struct replica_counters counters;
};

void replica_init(struct replica *r, struct simnet *net, const struct replica_config *config);
void replica_fini(struct replica *r);

/* The first version, on the primary: `records` names besides the apex. */
void replica_fill(struct replica *r, uint32_t serial, unsigned records);
/* A change of a few random records and the serial, on the primary. */
void replica_change(struct replica *r);
uint32_t replica_serial(const struct replica *r);
/* Down: machines and what is under way are lost, zone, history and stored states stay. */
void replica_crash(struct replica *r);
void replica_restart(struct replica *r);
void replica_force_refresh(struct replica *r);
/* Whether every target was seen with our serial. */
bool replica_is_settled(const struct replica *r);

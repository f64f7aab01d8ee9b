/* A server of one zone on a simulated network: the real machines of lib/xfr over real zones, with a store in memory or a real journal.
 *
 * It does what authd/manage/{primary,secondary,commit}.c and authd/serve/transfer.c do with sockets. replica.c follows and tells, replica_serve.c
 * answers, replica_repair.c reconciles on both sides. It can crash at each durable point of a commit. What must not happen at all is asserted; what the machines under test could do wrong
 * is left to invariants.c, or noted in `broken`.
 */
#pragma once

#include "lib/xfr/notify.h"
#include "lib/xfr/reconcile_client.h"
#include "lib/xfr/refresh.h"
#include "lib/xfr/xfr_edns.h"
#include "lib/xfr/xfr_in.h"
#include "lib/zone/edit.h"
#include "tests/sim/xfr/store.h"
#include "tests/support/simnet.h"

enum { REPLICA_PEERS_MAX = 50 };

struct replica_config {
	unsigned node;
	uint64_t seed;                              /* of its own dice */
	unsigned primaries[REPLICA_PEERS_MAX];      /* none: this is the primary */
	unsigned primary_count;
	unsigned targets[REPLICA_PEERS_MAX];
	unsigned target_count;
	unsigned members[REPLICA_PEERS_MAX];        /* of its group, without itself */
	unsigned member_count;
	unsigned history_max;
	bool has_journal;                           /* the real one */
	uint32_t soa_refresh, soa_retry, soa_expire;      /* 0: 300, 60, 3000 */
	double refuses_ixfr;                        /* how often an IXFR is answered by an error */
	double sends_garbage;                       /* how often a transfer's message is cut short */
	double confuses;                            /* how often an IXFR's differences do not fit the question, or one another */
	double stalls;                              /* how often a transfer is sent in part, and then nothing more */
	bool never_ixfr;                            /* it can't do that at all */
	bool is_foreign;                            /* it knows nothing of ZSYNC and reconciliation */
	bool adopts;                                /* its policy for primaries that went back */
	bool notifies_without_serial;
};

struct replica_target {
	unsigned node;
	struct notify_sender sender;
	uint16_t notify_id, probe_id;
	bool probing;
	bool has_seen;                  /* stored: what it was last seen to have, and what we had then */
	uint32_t seen_serial, told_serial;
};

struct replica_counters {
	unsigned ixfr, axfr, repairs;   /* received and committed */
	unsigned failed;
	unsigned expired, confirmed, behind, adopted, diverged, crashes;
	unsigned sent;                  /* questions, transfers begun and NOTIFYs */
};

/* Where the next commit is cut short by a crash. */
enum replica_crash { REPLICA_SOUND, REPLICA_CRASH_BEFORE_STORE, REPLICA_CRASH_AFTER_STORE, REPLICA_CRASH_AFTER_PUBLISH };

struct replica {
	struct simnet *net;
	struct replica_config config;
	struct rng rng;
	struct zone *zone;
	struct store store;
	struct replica_target targets[REPLICA_PEERS_MAX];
	struct refresh refresh;
	struct group group;
	usec_t wall_offset;             /* of its wall clock from the simulation's */
	usec_t confirmed_wall;          /* survives a crash */
	bool has_confirmed;
	bool is_expired;
	uint32_t ticket;
	unsigned asked;                 /* node */
	uint16_t soa_id;
	uint64_t stream;
	struct xfr_in *in;
	struct reconcile_client *repair;
	enum refresh_action_kind asks_for;      /* by the transfer under way */
	struct xfr_edns said;           /* what the options of its first message say */
	bool was_answered;
	struct zone *backup;            /* what an operator has put away */
	bool any_serial;                /* the transfer under way may bring any */
	enum replica_crash crash_at;
	struct zone_edit *stored;       /* crashed between storing and publishing: what is on the disk */
	unsigned set_back;              /* versions that an operator let it take whatever their serial */
	bool is_dead;                   /* it went down for good */
	char broken[160];               /* the first thing that must not happen */
	struct replica_counters counters;
};

void replica_init(struct replica *r, struct simnet *net, const struct replica_config *config);
void replica_fini(struct replica *r);

/* The first version, on the primary: `records` names besides the apex. */
void replica_fill(struct replica *r, uint32_t serial, unsigned records);
/* A change of a few random records and the serial, on the primary. */
void replica_change(struct replica *r);
/* The zone as a file that differs in many places: read beside and compared. */
void replica_reload(struct replica *r);
uint32_t replica_serial(const struct replica *r);
/* An operator puts the zone's file away. */
void replica_backup(struct replica *r);
/* While down: the file that was put away, if any, takes the place of what is there, with no history. */
void replica_restore(struct replica *r);
/* While down: the file is changed, but not its serial. */
void replica_change_in_place(struct replica *r);
/* The next version with a serial newer than this one. */
void replica_change_past(struct replica *r, uint32_t serial);
/* Down: machines and what is under way are lost, zone, history and stored states stay. */
void replica_crash(struct replica *r);
void replica_restart(struct replica *r);
/* While down: the disk is empty. */
void replica_lose_all(struct replica *r);
void replica_force_refresh(struct replica *r);
void replica_force_retransfer(struct replica *r);
/* Whether every target that is not dead was seen with our serial. others: all servers, by node. */
bool replica_is_settled(const struct replica *r, const struct replica *others);

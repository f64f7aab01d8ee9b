/* The secondary's machine for one zone: when to ask which primary for what (RFC 1034 section 4.3.5, RFC 1996, RFC 1995, RFC 1982).
 *
 *                    timer, NOTIFY without serial, refresh           newer serial, or no zone
 *         WAITING ────────────────────────────────────> ASKING ────────────────────────────> TRANSFERRING
 *            ^  └── NOTIFY with a newer serial, no zone ───────────────────────────────────────^   │
 *            └───────────── up to date, committed, or every primary failed (retry timer) ──────────┘
 *
 * Failure ladder: IXFR -> reconciliation, where the primary speaks it -> AXFR from the same primary -> the next primary -> … -> wait for SOA
 * RETRY. A NOTIFY that comes during a transfer is remembered and acted on when it ends, and one whose transfer failed until one succeeds.
 *
 * A primary with our serial and other content (as far as it says, refresh_on_peer) has DIVERGED: it is reported, and its version taken, unless
 * ours is another primary's: then they disagree, and the one we follow stays followed. A primary whose serial is older than ours is not
 * followed but reported, unless the zone's policy is to adopt what was once our own version: when every primary has gone back, and one of them
 * to a version that we had, that is taken.
 *
 * Without a confirmation for SOA EXPIRE the zone expires, and is good again with the first. How long a confirmation is good for may be told by the
 * primary that gives it (RFC 7314).
 *
 * Other members of a group (refresh_set_group) are numbered behind the primaries. They have no authority: nobody asks them for news or believes them that there is none;
 * but where a NOTIFY tells of a new serial, it is taken from the nearest server that is known to have it.
 *
 * Use: report events by refresh_on_x, then take actions by refresh_step until it gives REFRESH_NONE, then sleep until refresh_wake_at.
 * At most one question or transfer is under way. The caller's transfers carry the `ticket` of the action; events of an old ticket are ignored.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/clock.h"
#include "lib/base/rng.h"
#include "lib/xfr/group.h"
#include "lib/xfr/polling.h"

#define REFRESH_NEVER INT64_MAX

enum refresh_action_kind {
	REFRESH_NONE,
	REFRESH_QUERY_SOA,       /* ask `primary` for the SOA (UDP; sent again by a further action when no reply comes) */
	REFRESH_IXFR,            /* start a transfer from `primary` */
	REFRESH_RECONCILE,
	REFRESH_AXFR,
	REFRESH_CANCEL,          /* drop what is under way with this ticket: it took too long or is no longer wanted */
	REFRESH_EXPIRE,          /* stop serving the zone: SERVFAIL */
	REFRESH_CONFIRMED,       /* our version is still the newest: store the time, serve it again if it had expired */
	REFRESH_BEHIND,          /* `primary` has `serial`, older than ours: tell the operator */
	REFRESH_ADOPT,           /* the same, and it is a version that we had: it is taken. Tell the operator */
	REFRESH_DIVERGED,        /* `primary` has our serial with other content, which is taken. Tell the operator */
	REFRESH_DISAGREE,        /* the same, but ours is that of another primary, and is kept. Tell the operator */
};

struct refresh_action {
	enum refresh_action_kind kind;
	uint32_t ticket;
	unsigned primary;        /* number of the primary in the configuration's order */
	uint32_t serial;         /* of the reports */
	bool any_serial;         /* REFRESH_AXFR, REFRESH_RECONCILE: the primary's version is wanted whatever its serial */
};

/* What a primary says of itself besides the serial. All zero: nothing. */
enum refresh_content { REFRESH_CONTENT_UNKNOWN, REFRESH_CONTENT_SAME, REFRESH_CONTENT_OTHER };

struct refresh_peer {
	enum refresh_content content;      /* compared with ours */
	bool was_ours;                     /* its (serial, content) is one of our former versions */
	bool reconciles;
	bool has_expire;
	uint32_t expire;                   /* seconds that its own version is good for */
};

enum refresh_state { REFRESH_WAITING, REFRESH_ASKING, REFRESH_TRANSFERRING };

/* SOA timers, seconds. */
struct refresh_timers {
	uint32_t serial;
	uint32_t refresh, retry, expire;
};

enum refresh_failure {
	REFRESH_FAILED_CONNECT,      /* no connection, no answer, closed: go to the next primary */
	REFRESH_FAILED_ANSWER,       /* the answer was no good: a response code, malformed, differences that do not fit, a zone that breaks a rule */
	REFRESH_FAILED_LOCAL,        /* our side: disk full, out of memory: wait for the retry timer */
};

struct refresh {
	struct rng *rng;                  /* borrowed; jitter */
	enum refresh_state state;
	unsigned primary_count;
	struct group *group;              /* borrowed; NULL: none */
	struct polling polling;           /* how often a primary is asked without a NOTIFY */
	unsigned primary;                 /* in use, or preferred for the next round */
	uint32_t ticket;

	/* Our version. */
	bool has_zone;
	bool expired;
	struct refresh_timers timers;
	usec_t confirmed_at;              /* when a primary last confirmed it */

	/* The round: one go through the primaries. */
	enum refresh_action_kind todo;    /* REFRESH_QUERY_SOA, REFRESH_IXFR or REFRESH_AXFR, for the next refresh_step */
	unsigned tried;                   /* primaries done with */
	unsigned preferred;               /* the primary that comes next when no member of the group can help */
	uint64_t skipped;                 /* a bit for each of the first 64 servers that did not deliver what they said they have */
	unsigned asked;                   /* SOA queries sent to the present primary */
	bool round_any_serial;            /* refresh_force_axfr */
	bool round_notified;              /* begun by a NOTIFY */
	bool round_has_serial;
	uint32_t round_serial;            /* the serial it is after */
	bool round_confirmed;             /* a primary had exactly our serial */
	unsigned round_behind;            /* primaries that were older than we */
	int adopt_primary;                /* of those, the one with the newest version that was ours; -1: none */
	uint32_t adopt_serial;
	bool adopt_reconciles;
	bool round_silent;                /* nothing came of an IXFR */
	enum refresh_action_kind rung;    /* TRANSFERRING: what is tried */
	struct refresh_peer peer;         /* what the present primary has said */
	usec_t deadline;                  /* ASKING, TRANSFERRING: the next resend or the end of patience */
	usec_t transfer_until;            /* the latest deadline of the transfer; REFRESH_NEVER until it has begun */

	/* Across rounds. */
	bool adopts;                      /* see refresh_set_adopts */
	int source;                       /* the primary whose version ours is; -1: unknown */
	bool avoids_ixfr;                 /* nothing came of the last one */
	bool has_diverged;                /* a primary has our serial with other content, as far as is known now */
	unsigned diverged_primary;        /* which */
	unsigned repairs;                 /* of diverged versions in a row, without one that was equal afterwards */
	usec_t repair_not_before;

	/* What begins the next one. */
	usec_t next_at;                   /* the refresh or retry timer */
	bool forced, forced_axfr;
	bool notified, notified_has_serial;
	uint32_t notified_serial;
	int notified_primary;             /* -1: unknown */
	usec_t notified_due;
	usec_t holdoff_until;             /* no NOTIFY begins a round before: the last ones led to nothing (they are easily forged) */
	unsigned fruitless;               /* rounds in a row that a NOTIFY began for nothing */
	unsigned failed_rounds;           /* in a row */
	usec_t older_checked_at;          /* when a NOTIFY with an older serial last began a round */

	/* Reports not yet taken by refresh_step. */
	bool cancel_due, confirmed_due;
	uint32_t cancel_ticket;
	enum refresh_action_kind report;  /* REFRESH_NONE, or one of the reports from REFRESH_BEHIND on */
	unsigned report_primary;
	uint32_t report_serial;
	bool behind_alarm;                /* a primary was older than we and nothing has put that right since */
};

/* What is known at the start. */
struct refresh_start {
	bool has_zone;
	struct refresh_timers timers;
	bool has_confirmed;
	usec_t confirmed_age;             /* since the last confirmation, across restarts */
};

/* primary_count > 0. The first round is due at once. */
void refresh_init(struct refresh *refresh, unsigned primary_count, const struct refresh_start *start, struct rng *rng, usec_t now);

/* The next thing to do now. False: nothing (kind is REFRESH_NONE). */
bool refresh_step(struct refresh *refresh, usec_t now, struct refresh_action *action);
/* When refresh_step will have something to do if no event comes first. */
usec_t refresh_wake_at(const struct refresh *refresh);

/* Servers that help each other, with the same primaries in front; before the first event. */
void refresh_set_group(struct refresh *refresh, struct group *group);
/* Whether a version that was once ours, and to which all primaries have gone back, is taken by itself. Not at first. */
void refresh_set_adopts(struct refresh *refresh, bool adopts);

/* primary: number of the primary it came from, or -1 from another allowed address. */
void refresh_on_notify(struct refresh *refresh, int primary, const uint32_t *serial, usec_t now);
/* A NOTIFY says that its sender has our serial with other content. */
void refresh_on_notify_diverged(struct refresh *refresh, int primary, usec_t now);
/* What the primary has said with its answer, reported just before the answer itself (refresh_on_soa, _current, _committed, _failed). */
void refresh_on_peer(struct refresh *refresh, uint32_t ticket, const struct refresh_peer *peer);
void refresh_on_soa(struct refresh *refresh, uint32_t ticket, uint32_t serial, usec_t now);
void refresh_on_soa_failed(struct refresh *refresh, uint32_t ticket, usec_t now);
/* The question just handed out waits for its turn: nothing counts until it is on its way. */
void refresh_on_queued(struct refresh *refresh, uint32_t ticket, usec_t now);
/* The SOA query that waited has left. */
void refresh_on_asked(struct refresh *refresh, uint32_t ticket, usec_t now);
/* The transfer's question left (it may have waited for its turn before), or something arrived: more patience. */
void refresh_on_progress(struct refresh *refresh, uint32_t ticket, usec_t now);
/* The transfer said that the primary has nothing newer than `serial`. */
void refresh_on_current(struct refresh *refresh, uint32_t ticket, uint32_t serial, usec_t now);
/* The received version is committed. */
void refresh_on_committed(struct refresh *refresh, uint32_t ticket, const struct refresh_timers *timers, usec_t now);
void refresh_on_failed(struct refresh *refresh, uint32_t ticket, enum refresh_failure failure, usec_t now);

/* A round now (zonectl refresh). */
void refresh_force(struct refresh *refresh);
/* The whole zone from the preferred primary now, whatever its serial (zonectl retransfer). */
void refresh_force_axfr(struct refresh *refresh, usec_t now);

/* When the zone will expire unless it is confirmed; REFRESH_NEVER when it has, or there is none. */
usec_t refresh_expires_at(const struct refresh *refresh);
/* Seconds left until the zone expires; 0 when it has. Meaningful when has_zone. */
uint32_t refresh_expires_in(const struct refresh *refresh, usec_t now);

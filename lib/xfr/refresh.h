/* The secondary's machine for one zone: when to ask which primary for what (RFC 1034 section 4.3.5, RFC 1996, RFC 1995, RFC 1982).
 *
 *                    timer, NOTIFY without serial, refresh           newer serial, or no zone
 *         WAITING ────────────────────────────────────> ASKING ────────────────────────────> TRANSFERRING
 *            ^  └── NOTIFY with a newer serial, no zone ───────────────────────────────────────^   │
 *            └───────────── up to date, committed, or every primary failed (retry timer) ──────────┘
 *
 * Failure ladder: IXFR -> AXFR from the same primary -> the next primary -> … -> wait for SOA RETRY. A NOTIFY that comes during a transfer
 * is remembered and acted on when it ends. A primary whose serial is older than ours is never followed: it is reported, and the next
 * is tried. Without a confirmation for SOA EXPIRE the zone expires, and is good again with the first.
 *
 * Use: report events by refresh_on_x, then take actions by refresh_step until it gives REFRESH_NONE, then sleep until refresh_wake_at.
 * At most one question or transfer is under way. The caller's transfers carry the `ticket` of the action; events of an old ticket are ignored.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/clock.h"
#include "lib/base/rng.h"

#define REFRESH_NEVER INT64_MAX

enum refresh_action_kind {
	REFRESH_NONE,
	REFRESH_QUERY_SOA,       /* ask `primary` for the SOA (UDP; sent again by a further action when no reply comes) */
	REFRESH_IXFR,            /* start a transfer from `primary` */
	REFRESH_AXFR,
	REFRESH_CANCEL,          /* drop what is under way with this ticket: it took too long or is no longer wanted */
	REFRESH_EXPIRE,          /* stop serving the zone: SERVFAIL */
	REFRESH_CONFIRMED,       /* our version is still the newest: store the time, serve it again if it had expired */
	REFRESH_BEHIND,          /* `primary` has `serial`, older than ours: tell the operator */
};

struct refresh_action {
	enum refresh_action_kind kind;
	uint32_t ticket;
	unsigned primary;        /* number of the primary in the configuration's order */
	uint32_t serial;         /* REFRESH_BEHIND */
	bool any_serial;         /* REFRESH_AXFR: the operator wants the primary's version whatever its serial */
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
	unsigned asked;                   /* SOA queries sent to the present primary */
	bool round_any_serial;            /* refresh_force_axfr */
	bool round_notified;              /* begun by a NOTIFY */
	bool round_has_serial;
	uint32_t round_serial;            /* the serial it is after */
	bool round_confirmed;             /* a primary had exactly our serial */
	bool is_axfr;                     /* TRANSFERRING */
	usec_t deadline;                  /* ASKING, TRANSFERRING: the next resend or the end of patience */
	usec_t transfer_until;            /* the latest deadline of the transfer; REFRESH_NEVER until it has begun */

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
	bool cancel_due, confirmed_due, behind_due;
	uint32_t cancel_ticket;
	unsigned behind_primary;
	uint32_t behind_serial;
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

/* primary: number of the primary it came from, or -1 from another allowed address. */
void refresh_on_notify(struct refresh *refresh, int primary, const uint32_t *serial, usec_t now);
void refresh_on_soa(struct refresh *refresh, uint32_t ticket, uint32_t serial, usec_t now);
void refresh_on_soa_failed(struct refresh *refresh, uint32_t ticket, usec_t now);
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

/* The secondary's machine for one zone. */
#include <assert.h>

#include "lib/dns/serial.h"
#include "lib/xfr/refresh_inner.h"

#define ASK_TIMEOUT (500 * USEC_PER_MSEC)             /* doubled with each resend */
#define QUEUE_PATIENCE (600 * USEC_PER_SEC)           /* what waits for its turn */
#define TRANSFER_PATIENCE (30 * USEC_PER_SEC)         /* without anything arriving */
#define TRANSFER_LONGEST (7200 * USEC_PER_SEC)        /* a trickle must not keep us from other primaries */
#define OLDER_CHECK_INTERVAL (60 * USEC_PER_SEC)
enum { ASK_COUNT = 3 };

void refresh_init(struct refresh *r, unsigned primary_count, const struct refresh_start *start, struct rng *rng, usec_t now)
{
	assert(primary_count > 0);
	*r = (struct refresh){
		.rng = rng, .primary_count = primary_count, .has_zone = start->has_zone, .timers = start->timers,
		.confirmed_at = start->has_confirmed ? now - start->confirmed_age : now, .next_at = now,
		.holdoff_until = now, .older_checked_at = now - OLDER_CHECK_INTERVAL, .source = -1, .adopt_primary = -1,
		.repair_not_before = now,
	};
	polling_init(&r->polling);
}

void refresh_set_group(struct refresh *r, struct group *group)
{
	assert(group->primary_count == r->primary_count);
	r->group = group;
}

void refresh_set_adopts(struct refresh *r, bool adopts)
{
	r->adopts = adopts;
}

/* ---- events --------------------------------------------------------------------------------------------------------------------------- */

static void cancel(struct refresh *r)
{
	/* What refresh_step has not handed out yet needs no cancelling. */
	if (r->state != REFRESH_WAITING && r->todo == REFRESH_NONE) {
		r->cancel_due = true;
		r->cancel_ticket = r->ticket;
	}
}

void refresh_on_notify(struct refresh *r, int primary, const uint32_t *serial, usec_t now)
{
	bool has_serial = serial && r->has_zone && !r->expired;

	if (has_serial && *serial == r->timers.serial)
		return;
	if (has_serial && serial_is_newer(r->timers.serial, *serial)) {
		/* An old message, or a primary that went back: worth a look, but not often. */
		if (now - r->older_checked_at < OLDER_CHECK_INTERVAL)
			return;
		r->older_checked_at = now;
		has_serial = false;
	}
	if (has_serial && (!r->notified_has_serial || serial_is_newer(*serial, r->notified_serial))) {
		r->notified_has_serial = true;
		r->notified_serial = *serial;
		r->notified_primary = primary;
	} else if (!r->notified) {
		r->notified_primary = primary;
	}
	r->notified = true;
	r->notified_due = now > r->holdoff_until ? now : r->holdoff_until;
	/* No need to wait for the answer to a question that this one has answered. */
	if (r->state == REFRESH_ASKING && r->notified_has_serial && r->notified_due <= now) {
		cancel(r);
		refresh_round_begin(r);
	}
}

void refresh_on_notify_diverged(struct refresh *r, int primary, usec_t now)
{
	bool has_authority = primary < 0 || (unsigned)primary < r->primary_count;

	if (has_authority && r->has_zone && now >= r->repair_not_before)
		refresh_on_notify(r, primary, NULL, now);
}

void refresh_on_peer(struct refresh *r, uint32_t ticket, const struct refresh_peer *peer)
{
	bool reconciled = r->peer.reconciles;

	if (r->state == REFRESH_WAITING || ticket != r->ticket)
		return;
	r->peer = *peer;
	r->peer.reconciles |= reconciled;
}

void refresh_on_soa(struct refresh *r, uint32_t ticket, uint32_t serial, usec_t now)
{
	if (r->state != REFRESH_ASKING || ticket != r->ticket)
		return;
	if (!serial_is_newer(serial, r->timers.serial)) {
		refresh_primary_has_serial(r, serial, now);
		return;
	}
	r->round_has_serial = true;
	r->round_serial = serial;
	refresh_rung_begin(r, r->avoids_ixfr ? REFRESH_AXFR : REFRESH_IXFR);
}

void refresh_on_soa_failed(struct refresh *r, uint32_t ticket, usec_t now)
{
	if (r->state == REFRESH_ASKING && ticket == r->ticket)
		refresh_primary_end(r, now);
}

static bool is_transfer(const struct refresh *r, uint32_t ticket)
{
	return r->state == REFRESH_TRANSFERRING && ticket == r->ticket;
}

void refresh_on_queued(struct refresh *r, uint32_t ticket, usec_t now)
{
	if (r->state == REFRESH_ASKING && ticket == r->ticket)
		r->deadline = now + QUEUE_PATIENCE;
}

void refresh_on_asked(struct refresh *r, uint32_t ticket, usec_t now)
{
	if (r->state == REFRESH_ASKING && ticket == r->ticket && r->asked > 0)
		r->deadline = now + (ASK_TIMEOUT << (r->asked - 1));
}

void refresh_on_progress(struct refresh *r, uint32_t ticket, usec_t now)
{
	if (!is_transfer(r, ticket))
		return;
	if (r->transfer_until == REFRESH_NEVER)
		r->transfer_until = now + TRANSFER_LONGEST;
	usec_t patience = now + TRANSFER_PATIENCE;
	r->deadline = patience < r->transfer_until ? patience : r->transfer_until;
}

void refresh_on_current(struct refresh *r, uint32_t ticket, uint32_t serial, usec_t now)
{
	if (!is_transfer(r, ticket))
		return;
	refresh_primary_has_serial(r, serial, now);
}

void refresh_on_committed(struct refresh *r, uint32_t ticket, const struct refresh_timers *timers, usec_t now)
{
	bool is_news = r->has_zone && serial_is_newer(timers->serial, r->timers.serial);

	r->timers = *timers;
	r->has_zone = true;
	if (!is_transfer(r, ticket))
		return;
	if (is_news && !r->round_any_serial)
		polling_on_change(&r->polling, r->round_notified, now);
	r->behind_alarm = false;
	r->avoids_ixfr = r->has_diverged = false;
	if (!refresh_is_member(r))      /* a member's version is that of a primary, but it does not say whose */
		r->source = (int)r->primary;
	r->fruitless = 0;
	r->holdoff_until = now;
	/* The primary gave less than was announced: another may have it. */
	if (r->round_has_serial && !r->round_any_serial && serial_is_newer(r->round_serial, timers->serial) && !r->notified) {
		r->notified = r->notified_has_serial = true;
		r->notified_serial = r->round_serial;
		r->notified_primary = (int)r->primary;
		r->notified_due = now;
	}
	refresh_round_end_well(r, refresh_confirmed_since(r, now), now);
}

/* What is left to try with the present primary when one kind of transfer came to nothing. */
static void rung_failed(struct refresh *r, usec_t now)
{
	if (r->rung == REFRESH_AXFR)
		refresh_primary_end(r, now);
	else
		refresh_rung_begin(r, r->rung == REFRESH_IXFR && r->peer.reconciles ? REFRESH_RECONCILE : REFRESH_AXFR);
}

void refresh_on_failed(struct refresh *r, uint32_t ticket, enum refresh_failure failure, usec_t now)
{
	if (!is_transfer(r, ticket))
		return;
	switch (failure) {
	case REFRESH_FAILED_LOCAL: refresh_round_end_failed(r, now); break;
	case REFRESH_FAILED_ANSWER: rung_failed(r, now); break;
	case REFRESH_FAILED_CONNECT: refresh_primary_end(r, now); break;
	}
}

void refresh_force(struct refresh *r)
{
	r->forced = true;
}

void refresh_force_axfr(struct refresh *r, usec_t now)
{
	r->forced_axfr = true;
	if (r->state == REFRESH_WAITING)
		return;
	cancel(r);
	refresh_round_end(r, 0, now);
}

/* ---- actions --------------------------------------------------------------------------------------------------------------------------- */

usec_t refresh_expires_at(const struct refresh *r)
{
	return r->has_zone && !r->expired ? r->confirmed_at + refresh_seconds(r->timers.expire) : REFRESH_NEVER;
}

static bool reports_take(struct refresh *r, usec_t now, struct refresh_action *action)
{
	if (r->cancel_due) {
		r->cancel_due = false;
		*action = (struct refresh_action){ .kind = REFRESH_CANCEL, .ticket = r->cancel_ticket };
		return true;
	}
	if (r->report != REFRESH_NONE) {
		*action = (struct refresh_action){ .kind = r->report, .primary = r->report_primary, .serial = r->report_serial };
		r->report = REFRESH_NONE;
		return true;
	}
	if (r->confirmed_due) {
		r->confirmed_due = false;
		*action = (struct refresh_action){ .kind = REFRESH_CONFIRMED, .primary = r->primary };
		return true;
	}
	if (now >= refresh_expires_at(r)) {
		r->expired = true;
		if (r->next_at > now)      /* RETRY may be very long, and now somebody misses the zone */
			r->next_at = now;
		*action = (struct refresh_action){ .kind = REFRESH_EXPIRE };
		return true;
	}
	return false;
}

/* When the next round begins, if nothing changes. */
static usec_t round_due_at(const struct refresh *r)
{
	usec_t due = r->next_at;

	if (r->forced || r->forced_axfr)
		return 0;
	if (r->notified && r->notified_due < due)
		due = r->notified_due;
	return due;
}

/* What is under way took too long. */
static void deadline_passed(struct refresh *r, usec_t now)
{
	if (r->state == REFRESH_ASKING && r->asked < ASK_COUNT) {
		r->todo = REFRESH_QUERY_SOA;
		return;
	}
	cancel(r);
	/* A server may have trouble with one kind of question alone. With others to ask, that is looked into in the next round. */
	bool was_sent = r->state == REFRESH_TRANSFERRING && r->transfer_until != REFRESH_NEVER && now < r->transfer_until;
	if (was_sent && r->rung != REFRESH_AXFR && (r->rung == REFRESH_RECONCILE || (r->primary_count == 1 && !refresh_is_member(r)))) {
		rung_failed(r, now);
		return;
	}
	r->round_silent |= was_sent && r->rung == REFRESH_IXFR;
	refresh_primary_end(r, now);
}

static void todo_take(struct refresh *r, usec_t now, struct refresh_action *action)
{
	*action = (struct refresh_action){ .kind = r->todo, .ticket = r->ticket, .primary = r->primary, .any_serial = r->round_any_serial };
	if (r->todo == REFRESH_QUERY_SOA)
		r->deadline = now + (ASK_TIMEOUT << r->asked++);
	else
		r->deadline = now + QUEUE_PATIENCE;
	r->transfer_until = REFRESH_NEVER;
	r->todo = REFRESH_NONE;
}

bool refresh_step(struct refresh *r, usec_t now, struct refresh_action *action)
{
	*action = (struct refresh_action){ .kind = REFRESH_NONE };
	if (reports_take(r, now, action))
		return true;
	if (r->state == REFRESH_WAITING && now >= round_due_at(r))
		refresh_round_begin(r);
	else if (r->state != REFRESH_WAITING && r->todo == REFRESH_NONE && now >= r->deadline)
		deadline_passed(r, now);
	/* What the deadline brought to light comes first. */
	if (reports_take(r, now, action))
		return true;
	if (r->todo == REFRESH_NONE)
		return false;
	todo_take(r, now, action);
	return true;
}

usec_t refresh_wake_at(const struct refresh *r)
{
	usec_t at = refresh_expires_at(r);
	usec_t next = r->state == REFRESH_WAITING ? round_due_at(r) : r->todo != REFRESH_NONE ? 0 : r->deadline;

	return next < at ? next : at;
}

uint32_t refresh_expires_in(const struct refresh *r, usec_t now)
{
	usec_t at = refresh_expires_at(r);
	return at == REFRESH_NEVER || at <= now ? 0 : (uint32_t)((at - now) / USEC_PER_SEC);
}

/* The secondary's machine for one zone. */
#include "lib/xfr/refresh.h"

#include <assert.h>

#include "lib/dns/serial.h"

#define ASK_TIMEOUT (500 * USEC_PER_MSEC)             /* doubled with each resend */
#define QUEUE_PATIENCE (600 * USEC_PER_SEC)           /* what waits for its turn */
#define TRANSFER_PATIENCE (30 * USEC_PER_SEC)         /* without anything arriving */
#define TRANSFER_LONGEST (7200 * USEC_PER_SEC)        /* a trickle must not keep us from other primaries */
#define FRUITLESS_HOLDOFF (100 * USEC_PER_MSEC)       /* doubled with each round that a NOTIFY began for nothing */
#define FRUITLESS_HOLDOFF_MAX (5 * USEC_PER_SEC)
#define UNSERVED_RETRY_MAX (60 * USEC_PER_SEC)        /* between rounds while there is no zone to serve, or an expired one */
#define OLDER_CHECK_INTERVAL (60 * USEC_PER_SEC)
#define REPAIR_PAUSE (10 * USEC_PER_SEC)              /* after a repair that did not make us equal; doubled with each */
#define REPAIR_PAUSE_MAX (3600 * USEC_PER_SEC)
enum { ASK_COUNT = 3 };

static usec_t seconds(uint32_t count)
{
	return (count > 0 ? count : 1) * USEC_PER_SEC;
}

/* Uniform between `percent` and all of `wait`, so that many zones do not ask at one moment. */
static usec_t jitter(struct refresh *r, usec_t wait, unsigned percent)
{
	usec_t least = wait / 100 * percent;
	return least + (usec_t)rng_below(r->rng, (uint64_t)(wait - least) + 1);
}

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

/* ---- rounds --------------------------------------------------------------------------------------------------------------------------- */

/* The first thing to do with the present primary. */
static void primary_begin(struct refresh *r)
{
	r->ticket++;
	r->asked = 0;
	r->peer = (struct refresh_peer){ 0 };
	r->deadline = REFRESH_NEVER;      /* set when refresh_step hands it out */
	if (r->has_zone && !r->round_any_serial && (!r->round_has_serial || r->expired)) {
		r->state = REFRESH_ASKING;
		r->todo = REFRESH_QUERY_SOA;
		return;
	}
	r->state = REFRESH_TRANSFERRING;
	r->todo = r->rung = r->has_zone && !r->round_any_serial && !r->avoids_ixfr ? REFRESH_IXFR : REFRESH_AXFR;
}

/* Goes on with the present primary by another kind of transfer. */
static void rung_begin(struct refresh *r, enum refresh_action_kind rung)
{
	r->ticket++;
	r->state = REFRESH_TRANSFERRING;
	r->todo = r->rung = rung;
	r->deadline = REFRESH_NEVER;
}

static bool is_member(const struct refresh *r)
{
	return r->primary >= r->primary_count;
}

/* Who is to be asked first. */
static void server_choose(struct refresh *r)
{
	int notifier = r->notified ? r->notified_primary : -1;
	int nearest = -1;

	if (notifier >= 0 && (unsigned)notifier < r->primary_count)
		r->preferred = (unsigned)notifier;
	else if (!is_member(r))
		r->preferred = r->primary;
	/* Only who has a zone can tell a member's version from any other (lineage). */
	if (r->group && r->round_has_serial && r->has_zone && !r->expired && !r->round_any_serial)
		nearest = group_nearest(r->group, r->round_serial, 0);
	r->primary = nearest >= 0 ? (unsigned)nearest : r->preferred;
}

static void round_begin(struct refresh *r)
{
	r->tried = 0;
	r->skipped = 0;
	r->round_confirmed = r->round_silent = false;
	r->round_behind = 0;
	r->adopt_primary = -1;
	r->round_any_serial = r->forced_axfr;
	r->round_notified = r->notified;
	r->round_has_serial = r->notified && r->notified_has_serial;
	r->round_serial = r->notified_serial;
	server_choose(r);
	r->forced = r->forced_axfr = r->notified = r->notified_has_serial = false;
	primary_begin(r);
}

/* What a NOTIFY during the round said may have come true by the round. */
static void notified_forget_reached(struct refresh *r)
{
	if (r->notified && r->notified_has_serial && r->has_zone && !r->expired && !serial_is_newer(r->notified_serial, r->timers.serial))
		r->notified = r->notified_has_serial = false;
}

static void round_end(struct refresh *r, usec_t wait, usec_t now)
{
	r->state = REFRESH_WAITING;
	r->todo = REFRESH_NONE;
	r->deadline = REFRESH_NEVER;
	r->next_at = now + wait;
	notified_forget_reached(r);
}

/* A zone that would expire before its REFRESH has passed is asked for in time. */
static usec_t refresh_wait(const struct refresh *r, usec_t now)
{
	usec_t refresh = polling_interval(&r->polling, seconds(r->timers.refresh), now), half_life = (r->confirmed_at + seconds(r->timers.expire) - now) / 2;

	if (half_life < USEC_PER_SEC / 2)
		half_life = USEC_PER_SEC / 2;
	return refresh < half_life ? refresh : half_life;
}

/* Since when the zone counts as confirmed: now, or as much earlier as the primary's own version is nearer to its end (RFC 7314). */
static usec_t confirmed_since(const struct refresh *r, usec_t now)
{
	bool is_bounded = r->peer.has_expire && r->peer.expire < r->timers.expire;
	return is_bounded ? now - (r->timers.expire - r->peer.expire) * USEC_PER_SEC : now;
}

static void round_end_well(struct refresh *r, usec_t confirmed_at, usec_t now)
{
	r->failed_rounds = 0;
	r->confirmed_at = confirmed_at;
	r->expired = false;
	round_end(r, jitter(r, refresh_wait(r, now), 90), now);
}

/* A failed round leaves something to be done that the primaries know to be new. That they are older than we is an answer, not a failure. */
static bool is_owed(const struct refresh *r)
{
	return r->round_has_serial || (r->round_notified && r->round_behind == 0);
}

static usec_t retry_wait(struct refresh *r)
{
	unsigned shift = r->failed_rounds < 16 ? r->failed_rounds - 1 : 15;
	usec_t growing = USEC_PER_SEC << shift;

	if (!r->has_zone || r->expired)
		return growing < UNSERVED_RETRY_MAX ? growing : UNSERVED_RETRY_MAX;
	usec_t retry = seconds(r->timers.retry);
	/* We know of a newer version, or were told of one, so the retry timer is the most, not the least. */
	return is_owed(r) && growing < retry ? growing : retry;
}

/* A NOTIFY began this round for nothing. */
static void fruitless_note(struct refresh *r, usec_t now)
{
	unsigned shift = r->fruitless < 6 ? r->fruitless : 6;
	usec_t holdoff = FRUITLESS_HOLDOFF << shift;

	r->fruitless++;
	r->holdoff_until = now + (holdoff < FRUITLESS_HOLDOFF_MAX ? holdoff : FRUITLESS_HOLDOFF_MAX);
	if (r->notified && r->notified_due < r->holdoff_until)
		r->notified_due = r->holdoff_until;
}

static void round_end_failed(struct refresh *r, usec_t now)
{
	r->failed_rounds++;
	r->avoids_ixfr = r->round_silent;
	if (r->round_notified)
		fruitless_note(r, now);
	round_end(r, jitter(r, retry_wait(r), 75), now);
	/* The next round goes straight for the transfer too; a NOTIFY was acknowledged, and its sender need not send it again. */
	if (is_owed(r) && !r->notified) {
		r->notified = true;
		r->notified_has_serial = r->round_has_serial;
		r->notified_serial = r->round_serial;
		r->notified_primary = -1;
		r->notified_due = r->next_at;
	}
}

static void report(struct refresh *r, enum refresh_action_kind kind, unsigned primary, uint32_t serial)
{
	r->report = kind;
	r->report_primary = primary;
	r->report_serial = serial;
}

/* Every primary has gone back, and this one to a version that was ours. */
static void adopt(struct refresh *r)
{
	r->primary = (unsigned)r->adopt_primary;
	report(r, REFRESH_ADOPT, r->primary, r->adopt_serial);
	r->peer.reconciles = r->adopt_reconciles;
	r->adopt_primary = -1;
	r->round_any_serial = true;
	rung_begin(r, r->peer.reconciles ? REFRESH_RECONCILE : REFRESH_AXFR);
}

/* A member of the group does not have what it said: the next nearest, or the primaries. */
static void member_end(struct refresh *r)
{
	group_forget_serial(r->group, r->primary);
	if (r->primary < 64)
		r->skipped |= UINT64_C(1) << r->primary;
	int next = group_nearest(r->group, r->round_serial, r->skipped);
	r->primary = next >= 0 ? (unsigned)next : r->preferred;
	primary_begin(r);
}

/* The present server is done with and did not bring us forward. */
static void primary_end(struct refresh *r, usec_t now)
{
	if (is_member(r)) {
		member_end(r);
		return;
	}
	r->tried++;
	r->primary = (r->primary + 1) % r->primary_count;
	if (r->tried < r->primary_count) {
		primary_begin(r);
		return;
	}
	if (r->adopts && r->adopt_primary >= 0 && r->round_behind == r->primary_count) {
		adopt(r);
		return;
	}
	if (!r->round_confirmed) {
		round_end_failed(r, now);
		return;
	}
	if (r->round_notified)
		fruitless_note(r, now);
	r->confirmed_due = true;
	r->behind_alarm = false;
	r->avoids_ixfr = false;
	round_end_well(r, r->confirmed_at, now);
}

/* The present primary has exactly our version. */
static void primary_confirms(struct refresh *r, usec_t now)
{
	usec_t since = confirmed_since(r, now);

	/* Its own version is good for less than a second: that is no confirmation, and asking until it has expired there helps nobody. */
	if (r->peer.has_expire && r->peer.expire == 0) {
		primary_end(r, now);
		return;
	}
	r->round_confirmed = true;
	/* What somebody else has said of the same version stays true (RFC 7314). */
	if (since > r->confirmed_at)
		r->confirmed_at = since;
	/* Another one that confirms does not make this one agree. */
	if (r->has_diverged && r->diverged_primary == r->primary && r->peer.content != REFRESH_CONTENT_OTHER)
		r->has_diverged = false;
	if (r->peer.content == REFRESH_CONTENT_SAME) {
		r->repairs = 0;
		r->repair_not_before = now;
		if (r->source < 0)
			r->source = (int)r->primary;
	}
	/* A NOTIFY told of something newer, so another primary may have it. */
	if (!r->round_has_serial)
		r->tried = r->primary_count - 1;
	unsigned confirming = r->primary;
	primary_end(r, now);
	if (r->state == REFRESH_WAITING)
		r->primary = confirming;
}

static void primary_is_behind(struct refresh *r, uint32_t serial, usec_t now)
{
	r->behind_alarm = true;
	r->round_behind++;
	if (r->peer.was_ours && (r->adopt_primary < 0 || serial_is_newer(serial, r->adopt_serial))) {
		r->adopt_primary = (int)r->primary;
		r->adopt_serial = serial;
		r->adopt_reconciles = r->peer.reconciles;
	}
	report(r, REFRESH_BEHIND, r->primary, serial);
	primary_end(r, now);
}

/* The present primary has our serial with other content. */
static void primary_has_diverged(struct refresh *r, usec_t now)
{
	bool is_another_s = r->source >= 0 && (unsigned)r->source != r->primary && !r->expired;
	usec_t pause = REPAIR_PAUSE << (r->repairs < 9 ? r->repairs : 9);

	report(r, is_another_s ? REFRESH_DISAGREE : REFRESH_DIVERGED, r->primary, r->timers.serial);
	r->has_diverged = true;
	r->diverged_primary = r->primary;
	if (is_another_s) {
		primary_end(r, now);
		return;
	}
	/* It has been repaired lately, and that did not help: the zone is served, but not fetched again and again. */
	if (now < r->repair_not_before) {
		primary_confirms(r, now);
		return;
	}
	r->repairs++;
	r->repair_not_before = now + (pause < REPAIR_PAUSE_MAX ? pause : REPAIR_PAUSE_MAX);
	r->round_any_serial = true;
	rung_begin(r, r->peer.reconciles ? REFRESH_RECONCILE : REFRESH_AXFR);
}

static void primary_has_serial(struct refresh *r, uint32_t serial, usec_t now)
{
	if (is_member(r))
		primary_end(r, now);
	else if (!r->has_zone || serial != r->timers.serial)
		primary_is_behind(r, serial, now);
	else if (r->peer.content == REFRESH_CONTENT_OTHER)
		primary_has_diverged(r, now);
	else
		primary_confirms(r, now);
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
		round_begin(r);
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
		primary_has_serial(r, serial, now);
		return;
	}
	r->round_has_serial = true;
	r->round_serial = serial;
	rung_begin(r, r->avoids_ixfr ? REFRESH_AXFR : REFRESH_IXFR);
}

void refresh_on_soa_failed(struct refresh *r, uint32_t ticket, usec_t now)
{
	if (r->state == REFRESH_ASKING && ticket == r->ticket)
		primary_end(r, now);
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
	primary_has_serial(r, serial, now);
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
	if (!is_member(r))      /* a member's version is that of a primary, but it does not say whose */
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
	round_end_well(r, confirmed_since(r, now), now);
}

/* What is left to try with the present primary when one kind of transfer came to nothing. */
static void rung_failed(struct refresh *r, usec_t now)
{
	if (r->rung == REFRESH_AXFR)
		primary_end(r, now);
	else
		rung_begin(r, r->rung == REFRESH_IXFR && r->peer.reconciles ? REFRESH_RECONCILE : REFRESH_AXFR);
}

void refresh_on_failed(struct refresh *r, uint32_t ticket, enum refresh_failure failure, usec_t now)
{
	if (!is_transfer(r, ticket))
		return;
	switch (failure) {
	case REFRESH_FAILED_LOCAL: round_end_failed(r, now); break;
	case REFRESH_FAILED_ANSWER: rung_failed(r, now); break;
	case REFRESH_FAILED_CONNECT: primary_end(r, now); break;
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
	round_end(r, 0, now);
}

/* ---- actions --------------------------------------------------------------------------------------------------------------------------- */

usec_t refresh_expires_at(const struct refresh *r)
{
	return r->has_zone && !r->expired ? r->confirmed_at + seconds(r->timers.expire) : REFRESH_NEVER;
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
	if (was_sent && r->rung != REFRESH_AXFR && (r->rung == REFRESH_RECONCILE || (r->primary_count == 1 && !is_member(r)))) {
		rung_failed(r, now);
		return;
	}
	r->round_silent |= was_sent && r->rung == REFRESH_IXFR;
	primary_end(r, now);
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
		round_begin(r);
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

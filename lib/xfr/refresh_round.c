/* The rounds of a secondary's machine: who is asked, what is tried, and what the answers come to. */
#include "lib/dns/serial.h"
#include "lib/xfr/refresh_inner.h"

#define FRUITLESS_HOLDOFF (100 * USEC_PER_MSEC)       /* doubled with each round that a NOTIFY began for nothing */
#define FRUITLESS_HOLDOFF_MAX (5 * USEC_PER_SEC)
#define UNSERVED_RETRY_MAX (60 * USEC_PER_SEC)        /* between rounds while there is no zone to serve, or an expired one */
#define REPAIR_PAUSE (10 * USEC_PER_SEC)              /* after a repair that did not make us equal; doubled with each */
#define REPAIR_PAUSE_MAX (3600 * USEC_PER_SEC)

/* Uniform between `percent` and all of `wait`, so that many zones do not ask at one moment. */
static usec_t jitter(struct refresh *r, usec_t wait, unsigned percent)
{
	usec_t least = wait / 100 * percent;
	return least + (usec_t)rng_below(r->rng, (uint64_t)(wait - least) + 1);
}

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
void refresh_rung_begin(struct refresh *r, enum refresh_action_kind rung)
{
	r->ticket++;
	r->state = REFRESH_TRANSFERRING;
	r->todo = r->rung = rung;
	r->deadline = REFRESH_NEVER;
}

bool refresh_is_member(const struct refresh *r)
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
	else if (!refresh_is_member(r))
		r->preferred = r->primary;
	/* Only who has a zone can tell a member's version from any other (lineage). */
	if (r->group && r->round_has_serial && r->has_zone && !r->expired && !r->round_any_serial)
		nearest = group_nearest(r->group, r->round_serial, 0);
	r->primary = nearest >= 0 ? (unsigned)nearest : r->preferred;
}

void refresh_round_begin(struct refresh *r)
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

void refresh_round_end(struct refresh *r, usec_t wait, usec_t now)
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
	usec_t refresh = polling_interval(&r->polling, refresh_seconds(r->timers.refresh), now), half_life = (r->confirmed_at + refresh_seconds(r->timers.expire) - now) / 2;

	if (half_life < USEC_PER_SEC / 2)
		half_life = USEC_PER_SEC / 2;
	return refresh < half_life ? refresh : half_life;
}

/* Since when the zone counts as confirmed: now, or as much earlier as the primary's own version is nearer to its end (RFC 7314). */
usec_t refresh_confirmed_since(const struct refresh *r, usec_t now)
{
	bool is_bounded = r->peer.has_expire && r->peer.expire < r->timers.expire;
	return is_bounded ? now - (r->timers.expire - r->peer.expire) * USEC_PER_SEC : now;
}

void refresh_round_end_well(struct refresh *r, usec_t confirmed_at, usec_t now)
{
	r->failed_rounds = 0;
	r->confirmed_at = confirmed_at;
	r->expired = false;
	refresh_round_end(r, jitter(r, refresh_wait(r, now), 90), now);
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
	usec_t retry = refresh_seconds(r->timers.retry);
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

void refresh_round_end_failed(struct refresh *r, usec_t now)
{
	r->failed_rounds++;
	r->avoids_ixfr = r->round_silent;
	if (r->round_notified)
		fruitless_note(r, now);
	refresh_round_end(r, jitter(r, retry_wait(r), 75), now);
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
	refresh_rung_begin(r, r->peer.reconciles ? REFRESH_RECONCILE : REFRESH_AXFR);
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
void refresh_primary_end(struct refresh *r, usec_t now)
{
	if (refresh_is_member(r)) {
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
		refresh_round_end_failed(r, now);
		return;
	}
	if (r->round_notified)
		fruitless_note(r, now);
	r->confirmed_due = true;
	r->behind_alarm = false;
	r->avoids_ixfr = false;
	refresh_round_end_well(r, r->confirmed_at, now);
}

/* The present primary has exactly our version. */
static void primary_confirms(struct refresh *r, usec_t now)
{
	usec_t since = refresh_confirmed_since(r, now);

	/* Its own version is good for less than a second: that is no confirmation, and asking until it has expired there helps nobody. */
	if (r->peer.has_expire && r->peer.expire == 0) {
		refresh_primary_end(r, now);
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
	refresh_primary_end(r, now);
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
	refresh_primary_end(r, now);
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
		refresh_primary_end(r, now);
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
	refresh_rung_begin(r, r->peer.reconciles ? REFRESH_RECONCILE : REFRESH_AXFR);
}

void refresh_primary_has_serial(struct refresh *r, uint32_t serial, usec_t now)
{
	if (refresh_is_member(r))
		refresh_primary_end(r, now);
	else if (!r->has_zone || serial != r->timers.serial)
		primary_is_behind(r, serial, now);
	else if (r->peer.content == REFRESH_CONTENT_OTHER)
		primary_has_diverged(r, now);
	else
		primary_confirms(r, now);
}

/* Drawing the server stage. */
#include "tools/propest/model/spread.h"

#include <math.h>
#include <stdlib.h>

#include "lib/base/rng.h"
#include "tools/propest/model/transfer.h"

enum { LONG_RUN = 64, MAX_STEPS = 100000, RUN_CYCLES = 16, RUN_TICKS = 1024 };

/* Where whole polls are lost more often than this, a clock may be in its RETRY state when it is first looked at. */
static const double noticeable_loss = 1e-4;


enum stream { STREAM_OUTAGES, STREAM_LINK, STREAM_CLOCK };

struct clock_law {
	const struct vendor *vendor;
	struct network_timers timers;
	double retry_max;
	double begin;                /* the clock is followed from here: 0, or the start of an earlier outage */
	bool lossy;                  /* whole polls are lost often enough to matter */
};

struct spread {
	const struct network *net;
	unsigned without;
	uint64_t seed, number;
	bool *active;                /* by outage */
	double *fresh_at;            /* by server; HUGE_VAL until known */
	bool *settled;
	struct clock_law *laws;      /* by server */
	/* Links by sender and by receiver: first[i] .. first[i + 1] index into order. */
	size_t *out_first, *out_order, *in_first, *in_order;
};

static struct rng stream(const struct spread *spread, enum stream kind, size_t id)
{
	struct rng rng;
	uint64_t key = spread->seed * UINT64_C(0x9e3779b97f4a7c15) + spread->number;

	key = (key ^ key >> 31) * UINT64_C(0xbf58476d1ce4e5b9) + (uint64_t)kind;
	key = (key ^ key >> 29) * UINT64_C(0x94d049bb133111eb) + id;
	rng_seed(&rng, key);
	return rng;
}

/* Until when the link is cut at `at`; `at` itself when it is not. */
static double cut_until(const struct spread *spread, size_t link, double at)
{
	const struct network *net = spread->net;
	bool moved = true;

	if (spread->without & SPREAD_OUTAGE)
		return at;
	while (moved) {
		moved = false;
		for (size_t i = 0; i < net->outage_count; i++) {
			const struct network_outage *o = &net->outages[i];
			if (spread->active[i] && o->hits[link] && at >= o->begin && at < o->end) {
				at = o->end;
				moved = true;
			}
		}
	}
	return at;
}

/* The SOA exchange begun at `at`: true when one of the tries gets through, *end is when (or when the server gives up). */
static bool exchange(const struct spread *spread, const struct network_link *link, struct rng *rng, double at, double *end)
{
	const struct vendor *v = spread->net->servers[link->to].vendor;

	*end = at;
	if (link->query_loss <= 0 || spread->without & SPREAD_LOSS)
		return true;
	double lost = transfer_round_loss(link->query_loss);
	for (unsigned i = 0; i < v->query_tries; i++) {
		if (rng_unit(rng) >= lost)
			return true;
		*end += v->query_timeout;
	}
	return false;
}

static double retry_interval(const struct clock_law *law, unsigned failures)
{
	double interval = law->timers.retry_s;

	if (law->vendor->retry_doubles)
		interval = fmin(ldexp(interval, failures < 40 ? (int)failures : 40), fmax(law->retry_max, interval));
	return interval;
}

static double jittered(const struct clock_law *law, struct rng *rng, double interval)
{
	double low = law->vendor->jitter_low;
	return interval * (low + (1 - low) * rng_unit(rng));
}

/* From a failed poll to the next: the tries that were waited for, then RETRY. */
static double retry_pause(const struct clock_law *law, struct rng *rng, unsigned failures)
{
	return law->vendor->query_timeout * law->vendor->query_tries + jittered(law, rng, retry_interval(law, failures));
}

/* Time to the next tick of a clock that ticks at jittered intervals, seen at a random instant: such an instant falls into long intervals
 * more often than into short ones. */
static double residual(const struct clock_law *law, struct rng *rng, double interval)
{
	double low = law->vendor->jitter_low;
	double length = interval * sqrt(low * low + rng_unit(rng) * (1 - low * low));
	return length * rng_unit(rng);
}

/* Follows a server's poll clock from `from` on. `watched`: stop with the end of the first successful question over this link at or after
 * `since`. `expired`: if not NULL, set to when the server gives up the zone for lack of contact before `limit`. */
struct walk {
	size_t server, watched;
	double since, limit;
	double at;                   /* next poll */
	double last;                 /* last contact */
	unsigned failures;
	double *expired;
};

/* A lossy clock at a random instant: some cycles are run, each a REFRESH and the RETRYs after it, and an instant of that run is picked. */
static void begin_lossy(const struct spread *spread, struct walk *walk, struct rng *rng)
{
	const struct clock_law *law = &spread->laws[walk->server];
	double ticks[RUN_TICKS], last = 0;
	unsigned failures[RUN_TICKS] = { 0 };
	size_t count = 1, answered = 0;

	for (ticks[0] = 0; count < RUN_TICKS && answered < RUN_CYCLES; count++) {
		bool any = false;
		double end;
		for (size_t i = spread->in_first[walk->server]; i < spread->in_first[walk->server + 1]; i++)
			any |= exchange(spread, &spread->net->links[spread->in_order[i]], rng, 0, &end);
		answered += any;
		failures[count] = any ? 0 : failures[count - 1] + 1;
		ticks[count] = ticks[count - 1] + (any ? jittered(law, rng, law->timers.refresh_s) : retry_pause(law, rng, failures[count - 1]));
	}
	double instant = rng_unit(rng) * ticks[count - 1];
	size_t next = 0;
	for (; ticks[next] <= instant && next + 1 < count; next++)
		if (failures[next + 1] == 0)
			last = ticks[next];
	walk->at = law->begin + ticks[next] - instant;
	walk->last = law->begin + last - instant;
	walk->failures = failures[next];
}

/* Sets the walk to the clock's first poll and its last contact before. */
static void begin_walk(const struct spread *spread, struct walk *walk, struct rng *rng)
{
	const struct clock_law *law = &spread->laws[walk->server];
	double age = spread->net->servers[walk->server].poll_age_s;
	double refresh = law->timers.refresh_s;

	if (age < 0 && law->lossy) {
		begin_lossy(spread, walk, rng);
	} else if (age < 0) {
		walk->at = law->begin + residual(law, rng, refresh);
		walk->last = walk->at - refresh;
	} else {
		double low = fmax(law->vendor->jitter_low * refresh, age);
		walk->last = -age;
		walk->at = age >= refresh ? law->timers.retry_s * rng_unit(rng) : low + (refresh - low) * rng_unit(rng) - age;
	}
}

/* Asks all masters at walk->at. *end: when the watched link's exchange was over, HUGE_VAL if it failed. Returns whether anybody answered. */
static bool poll_round(const struct spread *spread, const struct walk *walk, struct rng *rng, double *end)
{
	bool any = false;

	*end = HUGE_VAL;
	for (size_t i = spread->in_first[walk->server]; i < spread->in_first[walk->server + 1]; i++) {
		size_t link = spread->in_order[i];
		double done;
		if (cut_until(spread, link, walk->at) > walk->at)
			continue;
		if (!exchange(spread, &spread->net->links[link], rng, walk->at, &done))
			continue;
		any = true;
		if (link == walk->watched)
			*end = done;
	}
	return any;
}

/* Until when all links into the server are cut. */
static double all_cut_until(const struct spread *spread, size_t server, double at)
{
	double until = HUGE_VAL;
	for (size_t i = spread->in_first[server]; i < spread->in_first[server + 1]; i++)
		until = fmin(until, cut_until(spread, spread->in_order[i], at));
	return until;
}

static double walk_clock(const struct spread *spread, struct walk *walk, struct rng *rng)
{
	const struct clock_law *law = &spread->laws[walk->server];

	for (unsigned step = 0; step < MAX_STEPS && walk->at < walk->limit; step++) {
		double end;
		if (walk->expired && walk->at - walk->last > law->timers.expire_s) {
			*walk->expired = walk->last + law->timers.expire_s;
			return HUGE_VAL;
		}
		if (poll_round(spread, walk, rng, &end)) {
			if (walk->at >= walk->since && end < HUGE_VAL)
				return end;
			walk->last = walk->at;
			walk->failures = 0;
			walk->at += jittered(law, rng, law->timers.refresh_s);
		} else {
			double interval = retry_interval(law, walk->failures++);
			double until = all_cut_until(spread, walk->server, walk->at);
			/* Many equal steps in one: only the phase after the outage matters. */
			if (until - walk->at > LONG_RUN * interval)
				walk->at = until + residual(law, rng, interval);
			else
				walk->at += retry_pause(law, rng, walk->failures - 1);
		}
	}
	return HUGE_VAL;
}

/* When a poll of `link` first finds the change that its master has since `since`; polls after `limit` don't matter. */
static double learn_by_poll(const struct spread *spread, size_t link, double since, double limit)
{
	size_t server = spread->net->links[link].to;
	const struct clock_law *law = &spread->laws[server];
	struct rng rng = stream(spread, STREAM_CLOCK, server);
	struct walk walk = { .server = server, .watched = link, .since = since, .limit = limit };

	begin_walk(spread, &walk, &rng);
	if (law->begin >= 0 && !law->lossy && since - walk.at > LONG_RUN * law->timers.refresh_s)
		walk.at = since + residual(law, &rng, law->timers.refresh_s);
	return walk_clock(spread, &walk, &rng);
}

/* When attempt number `i` leaves, given when the one before left. HUGE_VAL when the sender has given up. */
static double next_attempt(const struct spread *spread, const struct network_link *link, unsigned i, double before)
{
	const struct vendor *v = spread->net->servers[link->from].vendor;

	switch (v->notify_law) {
	case NOTIFY_FIXED:
		return i < v->attempts ? before + v->offset[i] - v->offset[i - 1] : HUGE_VAL;
	case NOTIFY_RETRY:
		return before + spread->laws[link->from].timers.retry_s;
	case NOTIFY_DURABLE:
		return before + fmin(ldexp(v->backoff_min, i - 1 < 30 ? (int)(i - 1) : 30), v->backoff_max);
	}
	return HUGE_VAL;
}

/* When the first NOTIFY arrives, HUGE_VAL when none does before `limit`. */
static double notify_arrival(const struct spread *spread, size_t number, struct rng *rng, double first, double limit)
{
	const struct network_link *link = &spread->net->links[number];
	bool tcp = spread->net->servers[link->from].vendor->notify_law == NOTIFY_RETRY;
	double loss = tcp || spread->without & SPREAD_LOSS ? 0 : link->notify_loss;
	double send = first;

	if (loss >= 1)
		return HUGE_VAL;
	for (unsigned i = 1; send < limit && i < MAX_STEPS; i++) {
		double until = cut_until(spread, number, send);
		if (until <= send && (loss <= 0 || rng_unit(rng) >= loss))
			return send + link->rtt_s / 2;
		double next = next_attempt(spread, link, i, send);
		/* Attempts during a long outage come in equal steps: go to the first one after it. */
		if (isfinite(next) && i > LONG_RUN && until > next)
			next = send + (next - send) * ceil((until - send) / (next - send));
		send = next;
	}
	return HUGE_VAL;
}

/* When a NOTIFY over `link` has led to a successful question; a failed one is repeated after RETRY, beside the regular poll clock. */
static double learn_by_notify(const struct spread *spread, size_t number, struct rng *rng, double since, double limit)
{
	const struct network_link *link = &spread->net->links[number];
	const struct clock_law *law = &spread->laws[link->to];
	double detect = network_detect_max(spread->net, link->from) * rng_unit(rng);
	double first = since + (spread->without & SPREAD_PUBLISH ? 0 : link->holdoff_s + detect);
	double at, end;

	if (!link->notify && !(spread->without & SPREAD_SILENCE))
		return HUGE_VAL;
	at = notify_arrival(spread, number, rng, first, limit);
	for (unsigned failures = 0; at < limit && failures < MAX_STEPS; failures++) {
		if (cut_until(spread, number, at) <= at && exchange(spread, link, rng, at, &end))
			return end;
		at += retry_pause(law, rng, failures);
	}
	return HUGE_VAL;
}

static void relax(struct spread *spread, size_t number)
{
	const struct network_link *link = &spread->net->links[number];
	const struct vendor *vendor = spread->net->servers[link->to].vendor;
	double since = spread->fresh_at[link->from];
	double *best = &spread->fresh_at[link->to];
	struct rng rng = stream(spread, STREAM_LINK, number);
	double loss = spread->without & SPREAD_LOSS ? 0 : link->query_loss;
	double duration = transfer_seconds(link, vendor, rng_unit(&rng)) + transfer_handshake_wait(loss, rng_unit(&rng));

	if (spread->without & SPREAD_TRANSFER)
		duration = 0;
	if (link->query_loss >= 1 && !(spread->without & SPREAD_LOSS))
		return;
	double limit = *best - duration;
	double learned = learn_by_notify(spread, number, &rng, since, limit);
	learned = fmin(learned, learn_by_poll(spread, number, since, fmin(limit, learned)));
	*best = fmin(*best, learned + duration);
}

/* Takes the servers in the order in which they get the data; the master of each is settled before it. */
static void settle_all(struct spread *spread)
{
	const struct network *net = spread->net;

	for (size_t i = 0; i < net->server_count; i++) {
		spread->settled[i] = false;
		spread->fresh_at[i] = net->servers[i].primary ? net->servers[i].publish_s : HUGE_VAL;
	}
	for (;;) {
		size_t next = net->server_count;
		for (size_t i = 0; i < net->server_count; i++)
			if (!spread->settled[i] && spread->fresh_at[i] < (next < net->server_count ? spread->fresh_at[next] : HUGE_VAL))
				next = i;
		if (next == net->server_count)
			return;
		spread->settled[next] = true;
		for (size_t i = spread->out_first[next]; i < spread->out_first[next + 1]; i++)
			if (!spread->settled[net->links[spread->out_order[i]].to])
				relax(spread, spread->out_order[i]);
	}
}

/* When the server gives up the zone for lack of contact, if that comes before it is fresh. */
static double expiry(const struct spread *spread, size_t server)
{
	struct rng rng = stream(spread, STREAM_CLOCK, server);
	double expired = HUGE_VAL;
	struct walk walk = { .server = server, .watched = spread->net->link_count, .since = HUGE_VAL,
		.limit = spread->fresh_at[server], .expired = &expired };

	begin_walk(spread, &walk, &rng);
	/* No contact at all is what a link with total loss or an endless outage gives: known without stepping through it. */
	bool hope = false;
	for (size_t i = spread->in_first[server]; i < spread->in_first[server + 1]; i++)
		hope |= spread->net->links[spread->in_order[i]].query_loss < 1;
	if (!hope)
		return walk.last + spread->laws[server].timers.expire_s;
	walk_clock(spread, &walk, &rng);
	return expired;
}

/* A server whose masters have all given up gives up one EXPIRE after the last of them. */
static void expire_orphans(const struct spread *spread, double *stale_until)
{
	const struct network *net = spread->net;

	for (size_t round = 0; round < net->server_count; round++) {
		for (size_t i = 0; i < net->server_count; i++) {
			double last = 0;
			for (size_t j = spread->in_first[i]; j < spread->in_first[i + 1]; j++)
				last = fmax(last, stale_until[net->links[spread->in_order[j]].from]);
			if (isinf(stale_until[i]))
				stale_until[i] = last + net->timers.expire_s;
		}
	}
	for (size_t i = 0; i < net->server_count; i++)
		if (isinf(stale_until[i]))
			stale_until[i] = (double)net->server_count * net->timers.expire_s;
}

unsigned spread_sample(struct spread *spread, uint64_t number, double *stale_until)
{
	const struct network *net = spread->net;
	unsigned expired = 0, orphans = 0;

	spread->number = number;
	if (net->outage_count > 0) {
		struct rng rng = stream(spread, STREAM_OUTAGES, 0);
		for (size_t i = 0; i < net->outage_count; i++)
			spread->active[i] = rng_unit(&rng) < net->outages[i].probability;
	}
	settle_all(spread);
	for (size_t i = 0; i < net->server_count; i++) {
		double fresh = spread->fresh_at[i];
		double end = HUGE_VAL;
		if (!net->servers[i].primary && fresh > net->timers.expire_s - spread->laws[i].timers.refresh_s)
			end = expiry(spread, i);
		expired += end < fresh;
		stale_until[i] = fmin(fresh, end);
		orphans += isinf(stale_until[i]);
	}
	if (orphans > 0)
		expire_orphans(spread, stale_until);
	return expired + orphans;
}

/* Sorts link numbers by sender or receiver: counting sort into first[] and order[]. */
static void index_links(const struct network *net, bool by_sender, size_t *first, size_t *order)
{
	for (size_t i = 0; i < net->link_count; i++)
		first[(by_sender ? net->links[i].from : net->links[i].to) + 1]++;
	for (size_t i = 0; i < net->server_count; i++)
		first[i + 1] += first[i];
	for (size_t i = net->link_count; i-- > 0;)
		order[--first[(by_sender ? net->links[i].from : net->links[i].to) + 1]] = i;
	/* The placing moved each first[s + 1] down to where s begins. */
	for (size_t i = 0; i < net->server_count; i++)
		first[i] = first[i + 1];
	first[net->server_count] = net->link_count;
}

static void find_laws(struct spread *spread)
{
	const struct network *net = spread->net;

	for (size_t i = 0; i < net->server_count; i++)
		spread->laws[i] = (struct clock_law){ .vendor = net->servers[i].vendor, .timers = network_timers_of(net, i),
			.retry_max = net->servers[i].vendor->retry_max };
	for (size_t i = 0; i < net->outage_count; i++)
		for (size_t j = 0; j < net->link_count; j++)
			if (net->outages[i].hits[j]) {
				struct clock_law *law = &spread->laws[net->links[j].to];
				law->begin = fmin(law->begin, net->outages[i].begin);
			}
	for (size_t i = 0; i < net->server_count; i++) {
		struct clock_law *law = &spread->laws[i];
		double lost = 1;
		for (size_t j = spread->in_first[i]; j < spread->in_first[i + 1]; j++)
			lost *= pow(transfer_round_loss(net->links[spread->in_order[j]].query_loss), law->vendor->query_tries);
		law->lossy = lost > noticeable_loss && lost < 1 && !(spread->without & SPREAD_LOSS);
	}
}

int spread_new(struct spread **out, const struct network *net, unsigned without, uint64_t seed)
{
	struct spread *spread = calloc(1, sizeof(*spread));

	if (!spread)
		return ZT_ENOMEM;
	*spread = (struct spread){
		.net = net, .without = without, .seed = seed,
		.active = calloc(net->outage_count + 1, sizeof(bool)),
		.fresh_at = calloc(net->server_count + 1, sizeof(double)),
		.settled = calloc(net->server_count + 1, sizeof(bool)),
		.laws = calloc(net->server_count + 1, sizeof(struct clock_law)),
		.out_first = calloc(net->server_count + 1, sizeof(size_t)), .out_order = calloc(net->link_count + 1, sizeof(size_t)),
		.in_first = calloc(net->server_count + 1, sizeof(size_t)), .in_order = calloc(net->link_count + 1, sizeof(size_t)),
	};
	if (!spread->active || !spread->fresh_at || !spread->settled || !spread->laws || !spread->out_first || !spread->out_order
	    || !spread->in_first || !spread->in_order) {
		spread_free(spread);
		return ZT_ENOMEM;
	}
	index_links(net, true, spread->out_first, spread->out_order);
	index_links(net, false, spread->in_first, spread->in_order);
	find_laws(spread);
	*out = spread;
	return ZT_OK;
}

void spread_free(struct spread *spread)
{
	if (!spread)
		return;
	free(spread->active);
	free(spread->fresh_at);
	free(spread->settled);
	free(spread->laws);
	free(spread->out_first);
	free(spread->out_order);
	free(spread->in_first);
	free(spread->in_order);
	free(spread);
}

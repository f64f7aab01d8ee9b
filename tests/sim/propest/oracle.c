/* Event by event. */
#include "tests/sim/propest/oracle.h"

#include <assert.h>
#include <math.h>
#include <stdbool.h>

enum event_kind { EVENT_NOTIFY_LEAVES, EVENT_ASK_AFTER_NOTIFY, EVENT_POLL, EVENT_LEARNED, EVENT_SERVED };

struct event {
	double at;
	enum event_kind kind;
	size_t id;           /* link, or server for EVENT_POLL and EVENT_SERVED */
	unsigned number;     /* attempt, or failures so far */
};

enum { MAX_EVENTS = 512, CYCLES_BEFORE = 24, MAX_TICKS = 512 };

struct world {
	const struct network *net;
	struct rng *rng;
	struct event events[MAX_EVENTS];
	size_t event_count;
	double fresh_at[ORACLE_MAX_SERVERS];
	size_t missing;
	bool cut[8];                              /* outages that happen in this history */
	bool learned[ORACLE_MAX_LINKS];           /* a transfer over this link is under way or done */
	unsigned failures[ORACLE_MAX_SERVERS];
};

static void post(struct world *world, struct event event)
{
	assert(world->event_count < MAX_EVENTS);
	world->events[world->event_count++] = event;
}

static struct event next(struct world *world)
{
	size_t best = 0;
	for (size_t i = 1; i < world->event_count; i++)
		if (world->events[i].at < world->events[best].at)
			best = i;
	struct event event = world->events[best];
	world->events[best] = world->events[--world->event_count];
	return event;
}

static bool is_cut(const struct world *world, size_t link, double at)
{
	for (size_t i = 0; i < world->net->outage_count; i++) {
		const struct network_outage *o = &world->net->outages[i];
		if (world->cut[i] && o->hits[link] && at >= o->begin && at < o->end)
			return true;
	}
	return false;
}

static bool datagram_lost(struct world *world, double loss)
{
	return rng_unit(world->rng) < loss;
}

/* Question and answer over UDP, repeated; adds the waiting to *at. */
static bool ask(struct world *world, size_t number, double *at)
{
	const struct network_link *link = &world->net->links[number];
	const struct vendor *v = world->net->servers[link->to].vendor;

	if (is_cut(world, number, *at))
		return false;
	for (unsigned i = 0; i < v->query_tries; i++) {
		bool question = datagram_lost(world, link->query_loss);
		bool answer = datagram_lost(world, link->query_loss);
		if (!question && !answer)
			return true;
		*at += v->query_timeout;
	}
	return false;
}

static void transfer(struct world *world, size_t number, double at)
{
	const struct network_link *link = &world->net->links[number];
	double bytes = link->transfer_bytes, window = 10 * 1460, wait = 1;

	if (world->learned[number])
		return;
	world->learned[number] = true;
	for (int i = 0; i < 6 && (datagram_lost(world, link->query_loss) | datagram_lost(world, link->query_loss)); i++) {
		at += wait;
		wait *= 2;
	}
	at += 3 * link->rtt_s;
	double in_flight = link->bytes_per_s > 0 ? fmin(bytes, link->bytes_per_s * link->rtt_s) : bytes;
	for (double sent = 0; sent < in_flight; sent += window, window *= 2)
		at += link->rtt_s;
	if (link->bytes_per_s > 0)
		at += bytes / link->bytes_per_s;
	at += rng_unit(world->rng) * world->net->servers[link->to].vendor->apply_max;
	post(world, (struct event){ .at = at, .kind = EVENT_SERVED, .id = link->to });
}

static double timer(struct world *world, size_t server, double value)
{
	double low = world->net->servers[server].vendor->jitter_low;
	return value * (low + (1 - low) * rng_unit(world->rng));
}

static double retry_after(struct world *world, size_t server, unsigned failures)
{
	const struct vendor *v = world->net->servers[server].vendor;
	double value = network_timers_of(world->net, server).retry_s;

	for (unsigned i = 0; v->retry_doubles && i < failures && value < v->retry_max; i++)
		value *= 2;
	if (v->retry_doubles && value > v->retry_max)
		value = v->retry_max;
	return v->query_timeout * v->query_tries + timer(world, server, value);
}

static void on_poll(struct world *world, double at, size_t server)
{
	bool answered = false;

	for (size_t i = 0; i < world->net->link_count; i++) {
		const struct network_link *link = &world->net->links[i];
		double end = at;
		if (link->to != server || !ask(world, i, &end))
			continue;
		answered = true;
		if (world->fresh_at[link->from] <= at)
			post(world, (struct event){ .at = end, .kind = EVENT_LEARNED, .id = i });
	}
	if (answered) {
		world->failures[server] = 0;
		at += timer(world, server, network_timers_of(world->net, server).refresh_s);
	} else {
		at += retry_after(world, server, world->failures[server]++);
	}
	post(world, (struct event){ .at = at, .kind = EVENT_POLL, .id = server });
}

static void on_notify_leaves(struct world *world, const struct event *event)
{
	const struct network_link *link = &world->net->links[event->id];
	const struct vendor *v = world->net->servers[link->from].vendor;
	bool tcp = v->notify_law == NOTIFY_RETRY;
	double pause = HUGE_VAL;

	if (!is_cut(world, event->id, event->at) && !(!tcp && datagram_lost(world, link->notify_loss))) {
		post(world, (struct event){ .at = event->at + link->rtt_s / 2, .kind = EVENT_ASK_AFTER_NOTIFY, .id = event->id });
		return;
	}
	if (v->notify_law == NOTIFY_FIXED && event->number + 1 < v->attempts)
		pause = v->offset[event->number + 1] - v->offset[event->number];
	if (tcp)
		pause = network_timers_of(world->net, link->from).retry_s;
	if (v->notify_law == NOTIFY_DURABLE) {
		pause = v->backoff_min;
		for (unsigned i = 0; i < event->number && pause < v->backoff_max; i++)
			pause *= 2;
		pause = fmin(pause, v->backoff_max);
	}
	if (isfinite(pause))
		post(world, (struct event){ .at = event->at + pause, .kind = EVENT_NOTIFY_LEAVES, .id = event->id, .number = event->number + 1 });
}

static void on_served(struct world *world, double at, size_t server)
{
	if (world->fresh_at[server] <= at)
		return;
	world->fresh_at[server] = at;
	world->missing--;
	for (size_t i = 0; i < world->net->link_count; i++) {
		const struct network_link *link = &world->net->links[i];
		double noticed = world->net->servers[server].vendor->detect_max * rng_unit(world->rng);
		if (link->from == server && link->notify)
			post(world, (struct event){ .at = at + noticed + link->holdoff_s, .kind = EVENT_NOTIFY_LEAVES, .id = i });
	}
}

/* Runs the poll clock for some cycles before anything happens, then puts the time `from` at a random instant of that run. (A fixed time after
 * the first tick would not do: a clock with little jitter takes very long to forget its first tick.) */
static void start_clock(struct world *world, size_t server, double from)
{
	double ticks[MAX_TICKS], refresh = network_timers_of(world->net, server).refresh_s;
	unsigned failures[MAX_TICKS] = { 0 };
	size_t count = 1, answered = 0, next = 0;

	for (ticks[0] = 0; count < MAX_TICKS && answered < CYCLES_BEFORE; count++) {
		bool any = false;
		for (size_t i = 0; i < world->net->link_count; i++) {
			double long_ago = -1e15;      /* before any outage */
			if (world->net->links[i].to == server)
				any |= ask(world, i, &long_ago);
		}
		answered += any;
		failures[count] = any ? 0 : failures[count - 1] + 1;
		ticks[count] = ticks[count - 1] + (any ? timer(world, server, refresh) : retry_after(world, server, failures[count - 1]));
	}
	double instant = rng_unit(world->rng) * ticks[count - 1];
	while (ticks[next] <= instant)
		next++;
	world->failures[server] = failures[next];
	post(world, (struct event){ .at = from + ticks[next] - instant, .kind = EVENT_POLL, .id = server });
}

static void begin(struct world *world)
{
	const struct network *net = world->net;
	double first = 0;

	for (size_t i = 0; i < net->outage_count; i++) {
		world->cut[i] = rng_unit(world->rng) < net->outages[i].probability;
		first = fmin(first, net->outages[i].begin);
	}
	for (size_t i = 0; i < net->server_count; i++) {
		world->fresh_at[i] = HUGE_VAL;
		if (net->servers[i].primary)
			post(world, (struct event){ .at = net->servers[i].publish_s, .kind = EVENT_SERVED, .id = i });
		else
			start_clock(world, i, first);
	}
	world->missing = net->server_count;
}

void oracle_servers(const struct network *net, struct rng *rng, double *fresh_at)
{
	struct world world = { .net = net, .rng = rng };

	assert(net->server_count <= ORACLE_MAX_SERVERS && net->link_count <= ORACLE_MAX_LINKS && net->outage_count <= 8);
	begin(&world);
	while (world.missing > 0) {
		struct event event = next(&world);
		switch (event.kind) {
		case EVENT_NOTIFY_LEAVES:
			on_notify_leaves(&world, &event);
			break;
		case EVENT_ASK_AFTER_NOTIFY: {
			double end = event.at;
			if (ask(&world, event.id, &end)) {
				post(&world, (struct event){ .at = end, .kind = EVENT_LEARNED, .id = event.id });
			} else {
				event.at += retry_after(&world, net->links[event.id].to, event.number++);
				post(&world, event);
			}
			break;
		}
		case EVENT_POLL:
			if (world.fresh_at[event.id] > event.at)
				on_poll(&world, event.at, event.id);
			break;
		case EVENT_LEARNED:
			transfer(&world, event.id, event.at);
			break;
		case EVENT_SERVED:
			on_served(&world, event.at, event.id);
			break;
		}
	}
	for (size_t i = 0; i < net->server_count; i++)
		fresh_at[i] = world.fresh_at[i];
}

static size_t pick_server(const struct network *net, struct rng *rng)
{
	double total = 0;
	for (size_t i = 0; i < net->server_count; i++)
		total += net->servers[i].is_public ? net->servers[i].weight : 0;
	double x = rng_unit(rng) * total;
	size_t last = 0;
	for (size_t i = 0; i < net->server_count; i++) {
		if (!net->servers[i].is_public || net->servers[i].weight <= 0)
			continue;
		last = i;
		x -= net->servers[i].weight;
		if (x < 0)
			break;
	}
	return last;
}

struct oracle_cache oracle_cache(const struct network *net, const double *fresh_at, double ttl, struct rng *rng)
{
	struct oracle_cache cache = { HUGE_VAL, 0 };
	double all_fresh = 0, at = rng_unit(rng) * ttl;

	for (size_t i = 0; i < net->server_count; i++)
		if (net->servers[i].is_public && net->servers[i].weight > 0)
			all_fresh = fmax(all_fresh, fresh_at[i]);
	/* The copy held at the change runs out at the first fetch after it. */
	cache.last_stale = at;
	for (;; at += ttl) {
		bool fresh = fresh_at[pick_server(net, rng)] <= at;
		if (fresh && isinf(cache.first_fresh))
			cache.first_fresh = at;
		if (!fresh)
			cache.last_stale = at + ttl;
		if (at >= all_fresh)
			return cache;
	}
}

/* A cache as time goes on: what it holds, and where it gets it. */
struct player {
	const struct network *net;
	const double *fresh_at;
	const struct oracle_asked *asked;
	struct rng *rng;
	double until;
	bool old;
};

static bool question(struct player *player, double at)
{
	if (at >= player->until) {
		player->until = at + player->asked->ttl;
		player->old = player->fresh_at[pick_server(player->net, player->rng)] > at;
	}
	return player->old;
}

static double gap(const struct oracle_asked *asked, struct rng *rng)
{
	return asked->even ? asked->every_s : -asked->every_s * log(1 - rng_unit(rng));
}

/* The clock starts some ten fetches ago, at a random instant of a fetch's cycle: from then on nothing is special about time 0. */
static double first_question(const struct oracle_asked *asked, struct rng *rng)
{
	double cycle = asked->ttl + asked->every_s;

	if (asked->even)
		for (cycle = asked->every_s; cycle < asked->ttl;)
			cycle += asked->every_s;
	return -(10 + rng_unit(rng)) * cycle;
}

/* Even questions, of which one comes at `at` just then. */
static bool even_answer(struct player player, double at)
{
	unsigned each = 1;
	bool old = true;

	player.until = -HUGE_VAL;
	while (each * player.asked->every_s < player.asked->ttl)
		each++;
	for (unsigned left = each + (unsigned)rng_below(player.rng, each) + 1; left-- > 0;)
		old = question(&player, at - left * player.asked->every_s);
	return old;
}

double oracle_asked_cache(const struct network *net, const double *fresh_at, const struct oracle_asked *asked, struct rng *rng,
			  struct oracle_probes *probes)
{
	struct player player = { net, fresh_at, asked, rng, -HUGE_VAL, true };
	double end = probes->at[ORACLE_PROBES - 1], last_stale = 0, at = first_question(asked, rng);
	size_t probe = 0;

	for (size_t i = 0; i < net->server_count; i++)
		end = fmax(end, fresh_at[i]);
	for (; probe < ORACLE_PROBES || at <= end; at += gap(asked, rng)) {
		for (; probe < ORACLE_PROBES && probes->at[probe] < at; probe++) {
			struct player then = player;
			probes->old_copy[probe] = player.until > probes->at[probe] && player.old;
			probes->old_answer[probe] = asked->even ? even_answer(then, probes->at[probe]) : question(&then, probes->at[probe]);
		}
		if (question(&player, at))
			last_stale = fmax(last_stale, player.until);
	}
	return last_stale;
}

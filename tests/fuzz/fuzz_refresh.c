/* The secondary's machine (lib/xfr/refresh.h) under any sequence of events, in and out of season: it must keep its word to its caller.
 *
 * Input: one byte of settings (1 a zone at first, 2 adopts, 4 a group of two besides, the next two bits: primaries less one), then events of three bytes: what,
 * and two that say how. After each event the actions are taken, as a caller does that performs nothing; what it "performs" comes as later events.
 */
#include <stdlib.h>

#include "lib/dns/serial.h"
#include "lib/xfr/refresh.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { EVENT_SIZE = 3, ACTIONS_MAX = 64, EVENTS_MAX = 3000 };

struct caller {
	struct refresh refresh;
	struct group group;
	struct rng rng;
	usec_t now;
	uint32_t ticket;           /* of the last question or transfer handed out */
	bool is_under_way;
	unsigned servers;
};

static void require(bool condition)
{
	if (!condition)
		abort();
}

static struct refresh_timers timers_of(uint8_t byte)
{
	return (struct refresh_timers){ .serial = byte, .refresh = byte % 7 * 100, .retry = byte % 5 * 10, .expire = byte % 11 * 300 };
}

/* One action; what it promises. */
static void action_take(struct caller *c, const struct refresh_action *action)
{
	switch (action->kind) {
	case REFRESH_NONE:
		abort();
	case REFRESH_QUERY_SOA:
	case REFRESH_IXFR:
	case REFRESH_AXFR:
	case REFRESH_RECONCILE:
		require(action->primary < c->servers);
		/* One at a time: a new one has a ticket of its own, or repeats the question. */
		require(!c->is_under_way || action->ticket != c->ticket || action->kind == REFRESH_QUERY_SOA);
		require(action->kind != REFRESH_IXFR || (c->refresh.has_zone && !action->any_serial));
		c->ticket = action->ticket;
		c->is_under_way = true;
		break;
	case REFRESH_CANCEL:
		if (action->ticket == c->ticket)
			c->is_under_way = false;
		break;
	case REFRESH_EXPIRE:
		require(c->refresh.has_zone && c->refresh.expired);
		break;
	case REFRESH_CONFIRMED:
		require(c->refresh.has_zone);
		break;
	case REFRESH_BEHIND:
	case REFRESH_ADOPT:
	case REFRESH_DIVERGED:
	case REFRESH_DISAGREE:
		require(action->primary < c->servers);
		break;
	}
}

static void actions_take(struct caller *c)
{
	struct refresh_action action;
	unsigned count = 0;

	while (refresh_step(&c->refresh, c->now, &action)) {
		require(++count <= ACTIONS_MAX);
		action_take(c, &action);
	}
	/* Nothing is due that was not handed out, and something always will be. */
	usec_t wake_at = refresh_wake_at(&c->refresh);
	require(wake_at > c->now && wake_at != REFRESH_NEVER);
	require(c->refresh.state == REFRESH_WAITING || c->refresh.todo == REFRESH_NONE);
}

static struct refresh_peer peer_of(uint8_t byte)
{
	return (struct refresh_peer){
		.content = (enum refresh_content)(byte % 3), .was_ours = byte & 4, .reconciles = byte & 8, .has_expire = byte & 16, .expire = byte >> 5,
	};
}

static void event_feed(struct caller *c, const uint8_t *event)
{
	struct refresh *r = &c->refresh;
	/* Mostly what is under way; at times what was. */
	uint32_t ticket = c->ticket - (event[1] % 8 == 7), serial = event[2];
	int server = (int)(event[1] % (c->servers + 1)) - 1;
	struct refresh_timers timers = timers_of(event[2]);
	struct refresh_peer peer = peer_of(event[2]);

	switch (event[0] % 16) {
	case 0: c->now += (usec_t)(event[1] << 8 | event[2]) * USEC_PER_MSEC; break;
	case 1: c->now += (usec_t)event[1] * 30 * USEC_PER_SEC; break;
	case 2: c->now = refresh_wake_at(r); break;
	case 3: refresh_on_notify(r, server, &serial, c->now); break;
	case 4: refresh_on_notify(r, server, NULL, c->now); break;
	case 5: refresh_on_notify_diverged(r, server, c->now); break;
	case 6: refresh_on_peer(r, ticket, &peer); break;
	case 7: refresh_on_soa(r, ticket, serial, c->now); break;
	case 8: refresh_on_soa_failed(r, ticket, c->now); break;
	case 9: refresh_on_queued(r, ticket, c->now); break;
	case 10: refresh_on_progress(r, ticket, c->now); break;
	case 11: refresh_on_current(r, ticket, serial, c->now); break;
	case 12: refresh_on_committed(r, ticket, &timers, c->now); break;
	case 13: refresh_on_failed(r, ticket, (enum refresh_failure)(event[2] % 3), c->now); break;
	case 14: event[1] & 1 ? refresh_force(r) : refresh_force_axfr(r, c->now); break;
	case 15: event[1] & 1 ? refresh_on_asked(r, ticket, c->now) : group_note_serial(&c->group, event[1] % c->servers, serial); break;
	}
	if (ticket != r->ticket || r->state == REFRESH_WAITING)
		c->is_under_way = false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct caller c = { .now = 1000 * USEC_PER_SEC };
	struct refresh_start start = { 0 };

	if (size == 0)
		return 0;
	unsigned primaries = 1 + (data[0] >> 3) % 4, members = data[0] & 4 ? 2 : 0;
	rng_seed(&c.rng, 1);
	c.servers = primaries + members;
	require(group_init(&c.group, primaries, members) == ZT_OK);
	start.has_zone = data[0] & 1;
	start.timers = timers_of(10);
	refresh_init(&c.refresh, primaries, &start, &c.rng, c.now);
	refresh_set_group(&c.refresh, &c.group);
	refresh_set_adopts(&c.refresh, data[0] & 2);
	actions_take(&c);
	for (size_t at = 1; at + EVENT_SIZE <= size && at < EVENTS_MAX * EVENT_SIZE; at += EVENT_SIZE) {
		event_feed(&c, data + at);
		actions_take(&c);
	}
	group_fini(&c.group);
	return 0;
}

/* The machine that tells one target (lib/xfr/notify.h) under any sequence of events: it never rests before the target was seen with the serial, never leaves it
 * alone for longer than it says, and comes back from a restart with what it knew.
 *
 * Input: events of two bytes: what, and how.
 */
#include <stdlib.h>

#include "lib/dns/serial.h"
#include "lib/xfr/notify.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { EVENT_SIZE = 2, STEPS_MAX = 4, EVENTS_MAX = 3000 };
#define LONGEST (3601 * USEC_PER_SEC)

struct caller {
	struct notify_sender sender;
	struct rng rng;
	usec_t now;
	uint32_t said;             /* the serial last seen of the target, by evidence */
	bool has_said;
};

static void require(bool condition)
{
	if (!condition)
		abort();
}

static void steps_take(struct caller *c)
{
	struct notify_sender *sender = &c->sender;
	unsigned count = 0;

	while (notify_sender_step(sender, c->now, &c->rng) != NOTIFY_WAIT)
		require(++count <= STEPS_MAX);
	require(sender->wake_at > c->now);
	if (sender->state == NOTIFY_SETTLED)
		require(!sender->has_serial || notify_sender_has_reached(sender, sender->serial));
	else
		require(sender->wake_at - c->now <= LONGEST);
	/* Nothing counts as seen but what was. */
	require(!sender->has_seen || (c->has_said && sender->seen_serial == c->said));
}

static void restart(struct caller *c)
{
	struct notify_sender before = c->sender;

	notify_sender_init(&c->sender);
	if (before.has_seen)
		notify_sender_on_evidence(&c->sender, before.seen_serial, c->now);
	if (before.has_serial)
		notify_sender_announce(&c->sender, before.serial, c->now);
	require(c->sender.has_seen == before.has_seen && (!before.has_seen || c->sender.seen_serial == before.seen_serial));
	require(c->sender.has_serial == before.has_serial && c->sender.serial == before.serial);
}

static void see(struct caller *c, uint32_t serial, bool by_probe)
{
	c->said = serial;
	c->has_said = true;
	if (by_probe)
		notify_sender_on_probe(&c->sender, serial, c->now);
	else
		notify_sender_on_evidence(&c->sender, serial, c->now);
}

static void event_feed(struct caller *c, const uint8_t *event)
{
	struct notify_sender *sender = &c->sender;
	uint8_t how = event[1];
	/* Near the wrap, so that order is no accident of small numbers. */
	uint32_t serial = UINT32_MAX - 20 + how % 64;

	switch (event[0] % 14) {
	case 0: c->now += (usec_t)how * how * USEC_PER_MSEC; break;
	case 1: c->now += (usec_t)how * 60 * USEC_PER_SEC; break;
	case 2:
		if (sender->wake_at != NOTIFY_NEVER)
			c->now = sender->wake_at;
		break;
	case 3: notify_sender_announce(sender, serial, c->now); break;
	case 4: notify_sender_hold(sender, c->now + (usec_t)how * USEC_PER_MSEC); break;
	case 5: notify_sender_on_reply(sender, how % 6, c->now); break;
	case 6: notify_sender_on_unreachable(sender, c->now); break;
	case 7: see(c, serial, true); break;
	case 8: see(c, serial, false); break;
	case 9: notify_sender_on_sign(sender, c->now + how % 4 * USEC_PER_SEC); break;
	case 10: notify_sender_ask(sender, c->now); break;
	case 11: notify_sender_on_fetched(sender, serial, c->now); break;
	case 12: notify_sender_requeue(sender, c->now); break;
	case 13: restart(c); break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct caller c = { .now = 1000 * USEC_PER_SEC };

	rng_seed(&c.rng, 1);
	notify_sender_init(&c.sender);
	for (size_t at = 0; at + EVENT_SIZE <= size && at < EVENTS_MAX * EVENT_SIZE; at += EVENT_SIZE) {
		event_feed(&c, data + at);
		steps_take(&c);
	}
	return 0;
}

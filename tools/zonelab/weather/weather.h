/* The weather of one directed link: what becomes of a packet on its way. Pure: a packet's length and the time in, the times of its arrival out.
 *
 * In this order a packet meets: the cut; the MTU; the bandwidth, with a queue in front of it; loss; the delay. A lost packet has taken its share of the bandwidth.
 * Jitter is uniform within ±jitter around the delay, never before the packet was sent. A packet doesn't overtake earlier ones, however the jitter falls, unless
 * `reorder` picks it: then it goes without the delay. A duplicate is one more copy with a delay of its own.
 * Bursts are those of a Gilbert model: a link is good (loses nothing) or bad (loses everything), in such turns that `loss` is the share of packets lost and
 * `burst` the mean number lost in a row. Where losses are so many that independent ones come in longer rows than that, they come in the shortest rows possible.
 *
 * Each link draws from a stream of its own: the same seed and the same packets give the same fate, whatever happens on other links.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/clock.h"
#include "lib/base/rng.h"

struct weather {              /* zeroed = fine weather */
	usec_t delay;
	usec_t jitter;
	double loss;              /* 0 to 1, as are the other shares */
	double burst;             /* packets; up to 1 = losses are independent */
	double duplicate;
	double reorder;
	uint64_t rate;            /* bits per second; 0 = without limit */
	uint64_t queue;           /* bytes that may wait for the bandwidth; 0 = what the rate sends in 100 ms, at least 16 KiB */
	unsigned mtu;             /* bytes of an IP packet; 0 = the device's */
	bool cut;
};

/* All that can become of a packet in the lab; the last ones are the switch's doing. */
enum fate {
	FATE_DELIVERED,
	FATE_CUT,                 /* the link is cut */
	FATE_TOO_BIG,             /* larger than the MTU: answered with an ICMP error, or cut into fragments that went on */
	FATE_QUEUE,               /* the queue was full */
	FATE_LOSS,
	FATE_NO_ROUTE,            /* no node has that address */
	FATE_MULTICAST,           /* or broadcast */
	FATE_MALFORMED,           /* no IP packet */
	FATE_FULL,                /* too many packets under way in the whole lab */
	FATE_REFUSED,             /* the receiving node's device did not take it */
	FATE_COUNT
};

/* "delivered", "cut", "too big" … */
const char *fate_text(enum fate fate);

struct weather_state {
	struct rng rng;
	bool is_bad;              /* inside a burst of losses */
	int64_t busy_ns;          /* when the link will have sent what waits, on the clock of `now` */
	usec_t last;              /* arrival of the latest packet that kept its place */
};

struct weather_fate {
	enum fate fate;           /* FATE_DELIVERED, FATE_CUT, FATE_TOO_BIG, FATE_QUEUE or FATE_LOSS */
	unsigned count;           /* arrivals: 0, 1 or 2 */
	usec_t at[2];
};

/* `from` and `to` only tell the links' streams apart. */
void weather_state_init(struct weather_state *state, uint64_t seed, unsigned from, unsigned to);
/* After the weather has changed: what is sent from now on does not wait for what was sent before. The random stream goes on. */
void weather_state_changed(struct weather_state *state);

/* The fate of a packet of `len` bytes sent at `now`, which never goes back. */
void weather_step(const struct weather *weather, struct weather_state *state, size_t len, usec_t now, struct weather_fate *fate);

/* Makes the weather of a lab whose clocks run `speed` times as fast: delay and jitter are shorter, the rate is higher. */
void weather_speed_up(struct weather *weather, double speed);

bool weather_equal(const struct weather *a, const struct weather *b);

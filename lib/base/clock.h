/* Time as an injected dependency: state machines take a clock value, daemons own a struct clock.
 *
 * Monotonic microseconds order events and arm timers; wall seconds are for people and for what survives a restart.
 * Only clock.c may ask the system for the time (the banned-call lint enforces it).
 */
#pragma once

#include <stdint.h>

typedef int64_t usec_t;      /* microseconds, monotonic unless the name says wall */
#define USEC_PER_SEC  INT64_C(1000000)
#define USEC_PER_MSEC INT64_C(1000)

struct clock {
	usec_t (*now)(const struct clock *clock);          /* monotonic, microseconds */
	usec_t (*wall)(const struct clock *clock);         /* since 1970-01-01 UTC, microseconds */
	int speed;                                         /* how many times as fast as real time both run: 1 outside of labs (lab_clock.h) */
};

/* The system's clock. */
const struct clock *clock_system(void);

/* A clock that moves only when told to; for simulations and unit tests. */
struct manual_clock {
	struct clock clock;      /* first, so that &manual.clock is the struct clock */
	usec_t now;
	usec_t wall_offset;
};

void manual_clock_init(struct manual_clock *manual, usec_t now, usec_t wall);
void manual_clock_advance(struct manual_clock *manual, usec_t by);

static inline usec_t clock_now(const struct clock *clock) { return clock->now(clock); }
static inline usec_t clock_wall(const struct clock *clock) { return clock->wall(clock); }

/* How long to wait in real time for `delay` of this clock to pass. */
static inline usec_t clock_wait(const struct clock *clock, usec_t delay) { return (delay + clock->speed - 1) / clock->speed; }

/* The time for a batch of work: the clock is asked at most once, and not at all where nobody wants to know. */
struct moment {
	const struct clock *clock;
	usec_t now, wall;        /* 0 = not asked yet */
};

static inline void moment_begin(struct moment *moment, const struct clock *clock)
{
	*moment = (struct moment){ .clock = clock };
}

static inline usec_t moment_now(struct moment *moment)
{
	if (moment->now == 0)
		moment->now = clock_now(moment->clock);
	return moment->now;
}

static inline usec_t moment_wall(struct moment *moment)
{
	if (moment->wall == 0)
		moment->wall = clock_wall(moment->clock);
	return moment->wall;
}

enum { WALL_TEXT_SIZE = 32 };

/* "2026-01-31T12:00:00Z" for a time in wall microseconds; returns `out`. */
char *wall_to_text(usec_t wall, char out[WALL_TEXT_SIZE]);

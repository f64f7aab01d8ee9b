/* One thread's event loop: libevent's base with the project's clock, and events that live in their owner's memory.
 *
 * A loop and all that hangs on it belong to one thread; other threads reach it through a mailbox (mailbox.h), nothing else.
 * Deadlines are values of the loop's clock in microseconds, which may run faster than real time (a lab's). The kernel's waits follow real time, so a
 * loop with a manual clock is only good for tests that fire timers by advancing the clock before each turn.
 */
#pragma once

#include <event2/event.h>
#include <event2/event_struct.h>
#include <stdbool.h>

#include "lib/base/clock.h"
#include "lib/base/status.h"

struct stream_shared;

struct loop {
	struct event_base *base;
	const struct clock *clock;
	struct stream_shared *streams;      /* stream.c's buffers, made with the loop's first stream */
};

enum loop_flags {
	LOOP_DEFAULT = 0,
	LOOP_PRECISE = 1,      /* microsecond timers, one system call more a turn; otherwise timers may be up to 5 ms late; with a lab's clock always */
};

ZT_MUST_CHECK int loop_init(struct loop *loop, const struct clock *clock, unsigned flags);
/* Every event must have ended before. */
void loop_fini(struct loop *loop);
/* Runs until loop_stop, or until nothing is left to wait for. */
ZT_MUST_CHECK int loop_run(struct loop *loop);
/* One turn: waits for the next event and handles what is ready. */
ZT_MUST_CHECK int loop_turn(struct loop *loop);
/* From inside a callback: loop_run returns after the callbacks that are already due. */
void loop_stop(struct loop *loop);

static inline usec_t loop_now(const struct loop *loop) { return clock_now(loop->clock); }

typedef void (*loop_callback)(void *ctx);

/* A one-shot timer. */
struct loop_timer {
	struct event event;
	struct loop *loop;
	loop_callback callback;
	void *ctx;
	usec_t deadline;      /* valid while armed */
	bool armed;
};

/* Before any other call; the timer then stays where it is until loop_timer_stop. */
void loop_timer_init(struct loop_timer *timer, struct loop *loop, loop_callback callback, void *ctx);
/* Re-arms an armed timer. A deadline in the past fires at the next turn. */
void loop_timer_at(struct loop_timer *timer, usec_t deadline);
void loop_timer_in(struct loop_timer *timer, usec_t delay);
/* Harmless when not armed; also the way to end a timer's life. */
void loop_timer_stop(struct loop_timer *timer);

/* Readiness of a descriptor, which stays the caller's. */
struct loop_io {
	struct event event;
	loop_callback callback;
	void *ctx;
	bool active;
};

enum loop_io_events { LOOP_READ = EV_READ, LOOP_WRITE = EV_WRITE };

/* Stopped at first. */
void loop_io_init(struct loop_io *io, loop_callback callback, void *ctx);
/* Calls back each turn in which the descriptor is ready (LOOP_READ, LOOP_WRITE or both); io must be stopped. */
ZT_MUST_CHECK int loop_io_start(struct loop_io *io, struct loop *loop, int fd, unsigned events);
/* Harmless when stopped; before closing the descriptor. */
void loop_io_stop(struct loop_io *io);

/* A Unix signal turned into an event; only on one loop of the process. */
struct loop_signal {
	struct event event;
	loop_callback callback;
	void *ctx;
	bool active;
};

/* Stopped at first. */
void loop_signal_init(struct loop_signal *sig, loop_callback callback, void *ctx);
ZT_MUST_CHECK int loop_signal_start(struct loop_signal *sig, struct loop *loop, int number);
void loop_signal_stop(struct loop_signal *sig);

/* libevent's base, timers, descriptors and signals. */
#include "lib/net/loop.h"

#include <stdlib.h>

int loop_init(struct loop *loop, const struct clock *clock, unsigned flags)
{
	*loop = (struct loop){ .clock = clock };
	struct event_config *config = event_config_new();
	if (!config)
		return ZT_ENOMEM;
	/* Timers count from now, not from the start of the turn: a long callback must not make the next one early. */
	int failed = event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK) || event_config_set_flag(config, EVENT_BASE_FLAG_NO_CACHE_TIME);
	if ((flags & LOOP_PRECISE) || clock->speed > 1)
		failed |= event_config_set_flag(config, EVENT_BASE_FLAG_PRECISE_TIMER);
	if (!failed)
		loop->base = event_base_new_with_config(config);
	event_config_free(config);
	return loop->base ? ZT_OK : ZT_ENOMEM;
}

void loop_fini(struct loop *loop)
{
	if (loop->base)
		event_base_free(loop->base);
	loop->base = NULL;
	free(loop->streams);
	loop->streams = NULL;
}

int loop_run(struct loop *loop)
{
	return event_base_dispatch(loop->base) < 0 ? ZT_ESYSTEM : ZT_OK;
}

int loop_turn(struct loop *loop)
{
	return event_base_loop(loop->base, EVLOOP_ONCE) < 0 ? ZT_ESYSTEM : ZT_OK;
}

void loop_stop(struct loop *loop)
{
	event_base_loopexit(loop->base, NULL);
}

static void timer_arm(struct loop_timer *timer)
{
	usec_t delay = timer->deadline - loop_now(timer->loop);
	delay = delay < 0 ? 0 : clock_wait(timer->loop->clock, delay);
	struct timeval tv = { .tv_sec = (time_t)(delay / USEC_PER_SEC), .tv_usec = (suseconds_t)(delay % USEC_PER_SEC) };
	event_add(&timer->event, &tv);
}

static void timer_on_event(evutil_socket_t fd, short what, void *ctx)
{
	struct loop_timer *timer = ctx;
	(void)fd;
	(void)what;

	/* libevent may use a coarse clock that runs a little ahead of ours; a deadline is never early. */
	if (loop_now(timer->loop) < timer->deadline) {
		timer_arm(timer);
		return;
	}
	timer->armed = false;
	timer->callback(timer->ctx);
}

void loop_timer_init(struct loop_timer *timer, struct loop *loop, loop_callback callback, void *ctx)
{
	*timer = (struct loop_timer){ .loop = loop, .callback = callback, .ctx = ctx };
	evtimer_assign(&timer->event, loop->base, timer_on_event, timer);
}

void loop_timer_at(struct loop_timer *timer, usec_t deadline)
{
	timer->deadline = deadline;
	timer->armed = true;
	timer_arm(timer);
}

void loop_timer_in(struct loop_timer *timer, usec_t delay)
{
	loop_timer_at(timer, loop_now(timer->loop) + delay);
}

void loop_timer_stop(struct loop_timer *timer)
{
	if (timer->armed)
		event_del(&timer->event);
	timer->armed = false;
}

static void io_on_event(evutil_socket_t fd, short what, void *ctx)
{
	struct loop_io *io = ctx;
	(void)fd;
	(void)what;
	io->callback(io->ctx);
}

void loop_io_init(struct loop_io *io, loop_callback callback, void *ctx)
{
	*io = (struct loop_io){ .callback = callback, .ctx = ctx };
}

int loop_io_start(struct loop_io *io, struct loop *loop, int fd, unsigned events)
{
	if (event_assign(&io->event, loop->base, fd, (short)(events | EV_PERSIST), io_on_event, io) != 0 || event_add(&io->event, NULL) != 0)
		return ZT_ENOMEM;
	io->active = true;
	return ZT_OK;
}

void loop_io_stop(struct loop_io *io)
{
	if (io->active)
		event_del(&io->event);
	io->active = false;
}

static void signal_on_event(evutil_socket_t number, short what, void *ctx)
{
	struct loop_signal *sig = ctx;
	(void)number;
	(void)what;
	sig->callback(sig->ctx);
}

void loop_signal_init(struct loop_signal *sig, loop_callback callback, void *ctx)
{
	*sig = (struct loop_signal){ .callback = callback, .ctx = ctx };
}

int loop_signal_start(struct loop_signal *sig, struct loop *loop, int number)
{
	if (evsignal_assign(&sig->event, loop->base, number, signal_on_event, sig) != 0 || evsignal_add(&sig->event, NULL) != 0)
		return ZT_ESYSTEM;
	sig->active = true;
	return ZT_OK;
}

void loop_signal_stop(struct loop_signal *sig)
{
	if (sig->active)
		evsignal_del(&sig->event);
	sig->active = false;
}

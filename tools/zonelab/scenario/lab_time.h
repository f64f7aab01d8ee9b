/* The lab's time: how long its clocks have run since a scenario's begin. */
#pragma once

#include "lib/base/clock.h"

struct lab_time {
	const struct clock *clock;
	usec_t origin;         /* of that clock */
	double speed;          /* how many times as fast the lab's clocks run */
};

static inline usec_t lab_time_now(const struct lab_time *time)
{
	return (usec_t)((double)(clock_now(time->clock) - time->origin) * time->speed);
}

/* How long a span of the lab's time really takes. */
static inline usec_t lab_time_real(const struct lab_time *time, usec_t span)
{
	return (usec_t)((double)span / time->speed);
}

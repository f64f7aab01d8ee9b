/* Turning a loop until a condition holds, with a deadline instead of sleeps. */
#pragma once

#include <stdbool.h>

#include "lib/net/loop.h"
#include "tests/support/suite.h"

enum { TURNS_LIMIT_S = 20 };

static inline void turns_on_deadline(void *ctx)
{
	(void)ctx;
	ck_abort_msg("the condition did not come true in %d s", TURNS_LIMIT_S);
}

/* Turns until `condition(ctx)`. */
static inline void turns_until(struct loop *loop, bool (*condition)(void *ctx), void *ctx)
{
	struct loop_timer deadline;

	loop_timer_init(&deadline, loop, turns_on_deadline, NULL);
	loop_timer_in(&deadline, TURNS_LIMIT_S * USEC_PER_SEC);
	while (!condition(ctx))
		ck_assert_int_eq(loop_turn(loop), ZT_OK);
	loop_timer_stop(&deadline);
}

static inline bool turns_flag_is_set(void *ctx)
{
	return *(const bool *)ctx;
}

/* Turns until a flag that some callback sets. */
static inline void turns_until_set(struct loop *loop, bool *flag)
{
	turns_until(loop, turns_flag_is_set, flag);
}

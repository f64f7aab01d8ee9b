/* Whether a condition holds, from what was seen. Pure. */
#pragma once

#include "lib/base/buf.h"
#include "tools/zonelab/scenario/scenario.h"
#include "tools/zonelab/scenario/sight.h"

enum truth { TRUTH_UNKNOWN, TRUTH_NO, TRUTH_YES };

/* What is looked at: only what was asked `since` then and before `until` counts. */
struct judge {
	const struct question *questions;
	const struct sight *sights;        /* in the questions' order */
	usec_t since, until;
	uint32_t messages;                 /* that fit a condition on messages */
};

/* Of answers; TRUTH_UNKNOWN while a node that matters was not seen. */
enum truth judge_condition(const struct judge *judge, const struct condition *condition);
/* Appends who says what: those that stand against the condition, or all when it holds. */
void judge_seen_write(const struct judge *judge, const struct condition *condition, struct buf *out);

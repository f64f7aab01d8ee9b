/* Asks what a play wants to know, again and again while it does: each server and cache through a door of its own (lab/door.h), so that the lab's weather is no
 * part of the answer, and programs by running them. Nothing here waits for one answer while others come. One thread.
 *
 * A question goes out 50 ms after the answer before it, is repeated every 300 ms, and is given up as silence after 1 s at a server, 4 s at a resolver.
 */
#pragma once

#include "tools/zonelab/scenario/lab_time.h"
#include "tools/zonelab/scenario/play.h"

struct asker;

/* The lab must be entered; all is borrowed. */
int asker_new(struct asker **asker, const struct lab *lab, const struct scenario *scenario, const struct lab_time *time) ZT_MUST_CHECK;
void asker_free(struct asker *asker);
/* Sends what is due, takes what has come in the next `patience_ms`, and tells the play. */
void asker_step(struct asker *asker, struct play *play, int patience_ms);

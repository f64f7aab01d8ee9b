/* The prediction for a change that is still to come, made by propest as a child of the keeper.
 *
 * It is made while everything is at rest, of what is known then: the clocks that caches have got with their copies, the zone's timers, the
 * servers, the weather between them. So it describes the next change; and the one that is made is told with the change. propest asks nobody
 * (--no-net) and runs at the lowest priority, 0.1 s of one processor, so it is in nobody's way. It is made anew when what is known has changed.
 */
#pragma once

#include <jansson.h>

#include "tools/zonelab/keeper/keeper.h"
#include "tools/zonelab/keeper/observer.h"

struct predictor;

int predictor_new(struct predictor **predictor, struct keeper *keeper) ZT_MUST_CHECK;
/* NULL is fine. */
void predictor_free(struct predictor *predictor);
/* To be called now and then. Makes a prediction where the last one does not describe what would happen now. */
void predictor_look(struct predictor *predictor, const struct observer *observer);
/* The last one: "name", "type", "bound", "servers", "first_fresh", "last_stale", "curve", "clocks". Borrowed; NULL when there is none. */
const json_t *predictor_get(const struct predictor *predictor);

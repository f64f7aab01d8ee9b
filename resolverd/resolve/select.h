/* Which of a zone's servers to ask next.
 *
 * Servers not tried yet in this task go first; among them those whose smoothed round trip is near the best one's are equally good, and a server never
 * measured counts as best, so that each is measured soon. One choice in EXPLORE_ONE_IN goes to any live server, so that a slow one that
 * became fast is found again. A server in its pause after time-outs, or known not to serve the zone, is tried less often, and only when no other is left.
 */
#pragma once

#include "resolverd/cache/infra.h"
#include "resolverd/resolve/deleg.h"

#define SELECT_BAND (10 * USEC_PER_MSEC)
enum { SELECT_MAX_TRIES = 3, SELECT_LAST_TRIES = 2, SELECT_EXPLORE_ONE_IN = 20 };

/* NULL when every server has had its tries. *state is what is known of the one chosen. */
struct server *select_server(struct deleg *deleg, const struct context *ctx, struct rng *rng, struct server_state *state);

/* The estimator's oracle: plays one history of servers, NOTIFYs, polls and one cache, event by event.
 *
 * Written without the model's code (it shares the input and the table of vendors): time simply runs forward from long before the change,
 * poll clocks tick, datagrams get lost, a cache fetches again and again. Slow and plain.
 */
#pragma once

#include "lib/base/rng.h"
#include "tools/propest/model/network.h"

enum { ORACLE_MAX_SERVERS = 16, ORACLE_MAX_LINKS = 64 };

/* fresh_at[i]: when server i began to serve the new data. */
void oracle_servers(const struct network *net, struct rng *rng, double *fresh_at);

/* One busy cache: when it first got the new data, and when it last gave the old. */
struct oracle_cache { double first_fresh, last_stale; };

struct oracle_cache oracle_cache(const struct network *net, const double *fresh_at, double ttl, struct rng *rng);

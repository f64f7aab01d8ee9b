/* The estimator's oracle: plays one history of servers, NOTIFYs, polls and one cache, event by event.
 *
 * Written without the model's code (it shares the input and the table of vendors): time simply runs forward from long before the change,
 * poll clocks tick, datagrams get lost, a cache fetches again and again. Slow and plain.
 */
#pragma once

#include <stdbool.h>

#include "lib/base/rng.h"
#include "tools/propest/model/network.h"

enum { ORACLE_MAX_SERVERS = 16, ORACLE_MAX_LINKS = 64 };

/* fresh_at[i]: when server i began to serve the new data. */
void oracle_servers(const struct network *net, struct rng *rng, double *fresh_at);

/* One busy cache: when it first got the new data, and when it last gave the old. */
struct oracle_cache { double first_fresh, last_stale; };

struct oracle_cache oracle_cache(const struct network *net, const double *fresh_at, double ttl, struct rng *rng);

/* A cache that is asked now and then, question by question. `every_s` is the mean time between questions, exactly so when `even`. */
struct oracle_asked { double ttl, every_s; bool even; };

enum { ORACLE_PROBES = 16 };

struct oracle_probes {
	double at[ORACLE_PROBES];        /* ascending */
	bool old_copy[ORACLE_PROBES], old_answer[ORACLE_PROBES];
};

/* What the cache does from long before the change on. old_copy[i]: it holds old data at probe[i]; old_answer[i]: a question at that instant gets
 * old data. Returns when its last old copy runs out, 0 when that was before the change. */
double oracle_asked_cache(const struct network *net, const double *fresh_at, const struct oracle_asked *asked, struct rng *rng,
			  struct oracle_probes *probes);

/* The worker threads: each owns its sockets on every listening address (SO_REUSEPORT), its event loop, its resolving machine and its counters; the cache is
 * shared. Called by the manage thread.
 */
#pragma once

#include "lib/base/log.h"
#include "lib/net/loop.h"
#include "resolverd/cache/cache.h"
#include "resolverd/serve/counters.h"
#include "resolverd/serve/view.h"

struct workers;

struct workers_config {
	const struct netaddr *listen;      /* copied */
	uint32_t listen_count;
	uint32_t count;                    /* threads; 0 = one per core */
	struct cache *cache;
	struct view *view;                 /* the first; each worker takes a reference */
	const struct log *log;
	const struct clock *clock;
};

/* Binds all sockets; what goes wrong is logged. */
int workers_open(struct workers **workers, const struct workers_config *config) ZT_MUST_CHECK;
int workers_start(struct workers *workers) ZT_MUST_CHECK;
/* Hands a new view to every worker; they change over as soon as they come to it. ZT_ENOMEM: none has got it. */
int workers_set_view(struct workers *workers, struct view *view) ZT_MUST_CHECK;
/* Ends the threads; clients that wait get no answer. NULL is fine. */
void workers_close(struct workers *workers);

uint32_t workers_count(const struct workers *workers);
/* The sum over all workers. */
void workers_counters(struct workers *workers, struct serve_counters *sum);

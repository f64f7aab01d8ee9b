/* The manage thread's world: control channel, metrics, reload. */
#pragma once

#include "lib/base/log.h"
#include "lib/net/loop.h"
#include "resolverd/cache/cache.h"
#include "resolverd/options.h"
#include "resolverd/serve/workers.h"

struct manage {
	struct resolverd_options *options;      /* in force */
	struct log *log;
	const struct clock *clock;
	struct loop *loop;
	struct cache *cache;
	struct workers *workers;
	usec_t started_wall, configured_wall;
};

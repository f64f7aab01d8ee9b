/* What the steps of resolving work with: the rules, the cache, where copies go, the time. */
#pragma once

#include "resolverd/cache/rrsets.h"
#include "resolverd/resolve/policy.h"

struct context {
	const struct policy *policy;
	struct cache_reader reader;
};

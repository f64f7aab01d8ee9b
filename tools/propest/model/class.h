/* The caches as a mixture of classes: each class has its share, its clamps, how often it is asked, and how long its clients hold answers. */
#pragma once

#include "lib/base/status.h"
#include "tools/propest/model/cache.h"
#include "tools/propest/model/interest.h"

enum { CLASS_MAX = 16, CLASS_NAME_SIZE = 32 };

struct cache_class {
	char name[CLASS_NAME_SIZE];
	double share;             /* of the caches; all classes together 1 */
	struct interest interest;
	double max_ttl_s, min_ttl_s;
	double hold_s;            /* fixed time its clients hold an answer, whatever the TTL */
	double serve_stale_s;     /* how long after it has run out it may give a copy once more; 0: never */
};

struct class_scratch {
	struct cache_scratch cache;
	struct interest_scratch interest;
};

int class_scratch_init(struct class_scratch *scratch, size_t size) ZT_MUST_CHECK;
void class_scratch_fini(struct class_scratch *scratch);

/* The TTL this class works with. */
double class_ttl(const struct cache_class *class, double ttl);

/* Each adds one sample's curve of one class, times its share. `ttl` is class_ttl's. */
enum class_law {
	CLASS_FIRST_FRESH,        /* as if asked all the time, and without the clients' hold: nobody waits where nobody asks */
	CLASS_LAST_STALE,
	CLASS_STORED,             /* share of the caches that hold no old data */
	CLASS_CLIENT,             /* share of the clients' questions that get the new data */
};
struct class_view { const struct cache_class *class; double ttl; };
void class_add(enum class_law law, struct class_view view, const struct steps *steps, struct class_scratch *scratch, const struct cache_sink *sink);

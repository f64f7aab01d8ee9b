/* Classes of caches. */
#include "tools/propest/model/class.h"

#include <math.h>

/* Random questions that come so often within a TTL leave the fetches all but even; the law is then off by at most 0.4 %. */
enum { LEAST_PARTS = 8, MOST_PARTS = 256, ALL_BUT_EVEN = 40 };

int class_scratch_init(struct class_scratch *scratch, size_t size)
{
	int status = cache_scratch_init(&scratch->cache, size);

	scratch->interest = (struct interest_scratch){ 0 };
	if (status == ZT_OK)
		status = interest_scratch_init(&scratch->interest, size);
	if (status != ZT_OK)
		class_scratch_fini(scratch);
	return status;
}

void class_scratch_fini(struct class_scratch *scratch)
{
	cache_scratch_fini(&scratch->cache);
	interest_scratch_fini(&scratch->interest);
}

double class_ttl(const struct cache_class *class, double ttl)
{
	return fmax(fmin(ttl, class->max_ttl_s), class->min_ttl_s);
}

/* So many straight pieces that they stray by at most a thousandth from the parabola. */
static unsigned hold_parts(double hold, double ttl)
{
	double parts = ceil(sqrt(125 * hold / fmax(ttl, hold * 1e-6)));
	return hold > 0 ? (unsigned)fmin(fmax(parts, LEAST_PARTS), MOST_PARTS) : 0;
}

static void add_last_stale(struct class_view view, const struct steps *steps, struct class_scratch *scratch, const struct cache_sink *sink)
{
	const struct interest *interest = &view.class->interest;
	double cycle = interest_cycle(interest, view.ttl);
	struct cache_sink early = *sink;

	if (interest->law == INTEREST_BUSY) {
		cache_add_last_stale(steps, view.ttl, &scratch->cache, sink);
	} else if (interest->law == INTEREST_POISSON && view.ttl <= ALL_BUT_EVEN * interest->every_s) {
		interest_add_last_stale(1 / interest->every_s, steps, view.ttl, &scratch->interest, sink);
	} else {
		/* Fetches are as a busy cache's with this cycle, but a copy lives for the TTL only. */
		early.shift -= cycle - view.ttl;
		cache_add_last_stale(steps, cycle, &scratch->cache, &early);
	}
}

void class_add(enum class_law law, struct class_view view, const struct steps *steps, struct class_scratch *scratch, const struct cache_sink *sink)
{
	struct cache_sink own = *sink;

	own.weight *= view.class->share;
	if (law != CLASS_FIRST_FRESH) {
		own.hold = view.class->hold_s;
		own.hold_parts = hold_parts(own.hold, view.ttl);
	}
	switch (law) {
	case CLASS_FIRST_FRESH:
		cache_add_first_fresh(steps, view.ttl, &scratch->cache, &own);
		break;
	case CLASS_LAST_STALE:
		add_last_stale(view, steps, scratch, &own);
		break;
	case CLASS_STORED:
		interest_add_stored(&view.class->interest, steps, view.ttl, &own);
		break;
	case CLASS_CLIENT:
		interest_add_client(&view.class->interest, steps, view.ttl, &own);
		break;
	}
}

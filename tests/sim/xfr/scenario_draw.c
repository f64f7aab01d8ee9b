/* Scenarios from seeds: mostly few servers and few events, so that very many can be run; at times large ones. */
#include <assert.h>
#include <string.h>

#include "tests/sim/xfr/scenario.h"

static bool one_in(struct rng *rng, unsigned count)
{
	return rng_below(rng, count) == 0;
}

static unsigned between(struct rng *rng, unsigned least, unsigned most)
{
	return least + (unsigned)rng_below(rng, most - least + 1);
}

/* ---- who follows whom ----------------------------------------------------------------------------------------------------------------- */

enum shape { SHAPE_STAR, SHAPE_CHAIN, SHAPE_TREE, SHAPE_LAYERS, SHAPE_MESH, SHAPES };

static uint64_t primaries_draw(struct rng *rng, enum shape shape, unsigned i, unsigned count)
{
	uint64_t bits = 0;

	switch (shape) {
	case SHAPE_STAR:
		return 1;
	case SHAPE_CHAIN:
		return UINT64_C(1) << (i - 1);
	case SHAPE_TREE:
		return UINT64_C(1) << (i - 1) / 3;
	case SHAPE_LAYERS:      /* up to three of those before */
		for (unsigned n = between(rng, 1, 3); n > 0; n--)
			bits |= UINT64_C(1) << rng_below(rng, i);
		return bits;
	case SHAPE_MESH:        /* circles too: somebody before, and anybody */
		bits = UINT64_C(1) << rng_below(rng, i);
		for (unsigned n = between(rng, 0, 3); n > 0; n--)
			bits |= UINT64_C(1) << rng_below(rng, count);
		return bits & ~(UINT64_C(1) << i);
	case SHAPES:
		break;
	}
	assert(false);
	return 0;
}

static void servers_draw(struct scenario *s, struct rng *rng)
{
	unsigned size = (unsigned)rng_below(rng, 100);
	enum shape shape = (enum shape)rng_below(rng, SHAPES);
	unsigned history = between(rng, 0, 20);
	bool has_journals, has_foreign = one_in(rng, 2), has_group = one_in(rng, 4);

	s->server_count = size == 0 ? between(rng, 16, SCENARIO_SERVERS_MAX) : size < 15 ? between(rng, 6, 15) : between(rng, 2, 5);
	has_journals = s->server_count <= 4 && one_in(rng, 60);
	for (unsigned i = 0; i < s->server_count; i++) {
		s->servers[i].primaries = i > 0 ? primaries_draw(rng, shape, i, s->server_count) : 0;
		s->servers[i].history = one_in(rng, 4) ? between(rng, 0, 20) : history;
		s->servers[i].has_journal = has_journals;
		s->servers[i].is_foreign = has_foreign && one_in(rng, 3);
		s->servers[i].in_group = has_group && i > 0 && !s->servers[i].is_foreign && !one_in(rng, 4);
		s->servers[i].adopts = one_in(rng, 2);
		s->servers[i].never_ixfr = one_in(rng, 30);
	}
}

/* ---- what happens --------------------------------------------------------------------------------------------------------------------- */

/* How often each kind is drawn. */
static const unsigned weights[SCENARIO_KINDS] = {
	[SCENARIO_CHANGE] = 40, [SCENARIO_RELOAD] = 4, [SCENARIO_CUT] = 8, [SCENARIO_JOIN] = 4, [SCENARIO_ISOLATE] = 3, [SCENARIO_UNITE] = 3,
	[SCENARIO_LINK] = 6, [SCENARIO_WEATHER] = 4, [SCENARIO_CRASH] = 5, [SCENARIO_CRASH_BEFORE_STORE] = 2, [SCENARIO_CRASH_AFTER_STORE] = 2,
	[SCENARIO_CRASH_AFTER_PUBLISH] = 2, [SCENARIO_RESTART] = 12, [SCENARIO_REFRESH] = 2, [SCENARIO_RETRANSFER] = 1, [SCENARIO_CLOCK] = 2,
	[SCENARIO_LOSE_HISTORY] = 2, [SCENARIO_LOSE_ALL] = 1, [SCENARIO_DIE] = 2,
	[SCENARIO_BACKUP] = 4, [SCENARIO_RESTORE] = 2, [SCENARIO_IN_PLACE] = 1,
};

static enum scenario_kind kind_draw(struct rng *rng)
{
	unsigned sum = 0, kind = 0;

	for (unsigned i = 0; i < SCENARIO_KINDS; i++)
		sum += weights[i];
	unsigned at = (unsigned)rng_below(rng, sum);
	while (at >= weights[kind])
		at -= weights[kind++];
	return (enum scenario_kind)kind;
}

static usec_t pause_draw(struct rng *rng)
{
	switch (rng_below(rng, 20)) {
	case 0: case 1: case 2: case 3:
		return (usec_t)rng_below(rng, 2 * USEC_PER_MSEC);
	case 4: case 5: case 6:
		return (usec_t)rng_below(rng, 100 * USEC_PER_MSEC);
	case 7:
		return (usec_t)rng_below(rng, 900 * USEC_PER_SEC);      /* a long partition, or the other side's patience at its end */
	case 8:
		return (usec_t)rng_below(rng, 60 * USEC_PER_SEC);
	default:
		return (usec_t)rng_below(rng, 5 * USEC_PER_SEC);
	}
}

static void event_draw(const struct scenario *s, struct rng *rng, struct scenario_event *event)
{
	static const int jumps[] = { -86400, -3600, -5, 5, 3600, 86400 };

	event->after = pause_draw(rng);
	event->kind = kind_draw(rng);
	event->a = (unsigned)rng_below(rng, s->server_count);
	event->b = (event->a + 1 + (unsigned)rng_below(rng, s->server_count - 1)) % s->server_count;
	switch (event->kind) {
	case SCENARIO_CHANGE:
	case SCENARIO_RELOAD:
	case SCENARIO_BACKUP:
	case SCENARIO_RESTORE:
	case SCENARIO_IN_PLACE:
		event->a = 0;
		break;
	case SCENARIO_REFRESH:
	case SCENARIO_RETRANSFER:
	case SCENARIO_LOSE_ALL:
	case SCENARIO_DIE:
		event->a = between(rng, 1, s->server_count - 1);
		break;
	case SCENARIO_LINK:
	case SCENARIO_WEATHER:
		event->amount = (int)rng_below(rng, SCENARIO_QUALITIES);
		break;
	case SCENARIO_CLOCK:
		event->amount = jumps[rng_below(rng, sizeof(jumps) / sizeof(*jumps))];
		break;
	default:
		break;
	}
}

void scenario_draw(struct scenario *s, uint64_t seed)
{
	static const uint32_t refreshes[] = { 300, 3600, 86400 }, retries[] = { 60, 900, 7200 }, expires[] = { 400, 3000, 604800, 1209600 };
	struct rng rng;

	memset(s, 0, sizeof(*s));
	rng_seed(&rng, seed);
	s->seed = seed;
	s->records = between(&rng, 1, 40);
	/* Half of them wrap around. */
	s->serial = one_in(&rng, 2) ? (uint32_t)rng_u64(&rng) : UINT32_MAX - (uint32_t)rng_below(&rng, 0x4000000);
	s->refresh = refreshes[rng_below(&rng, 3)];
	s->retry = retries[rng_below(&rng, 3)];
	s->expire = expires[rng_below(&rng, 4)];
	s->quality = (unsigned)rng_below(&rng, SCENARIO_QUALITIES);
	s->percents[SCENARIO_REFUSE] = one_in(&rng, 4) ? 30 : 0;
	s->percents[SCENARIO_GARBAGE] = one_in(&rng, 4) ? 10 : 0;
	s->percents[SCENARIO_CONFUSE] = one_in(&rng, 4) ? 30 : 0;
	s->percents[SCENARIO_STALL] = one_in(&rng, 4) ? 20 : 0;
	s->percents[SCENARIO_PLAIN] = one_in(&rng, 8) ? between(&rng, 0, 100) : 0;
	servers_draw(s, &rng);
	s->event_count = one_in(&rng, 10) ? between(&rng, 30, 100) : between(&rng, 3, 30);
	for (unsigned i = 0; i < s->event_count; i++)
		event_draw(s, &rng, &s->events[i]);
}

/* The choice of servers. */
#include "resolverd/resolve/select.h"

struct candidate {
	struct server *server;
	struct server_state state;
	usec_t cost;
};

struct field {
	struct candidate live[DELEG_MAX_SERVERS];
	unsigned live_count;
	struct candidate last[DELEG_MAX_SERVERS];      /* last resorts: in a pause, or lame */
	unsigned last_count;
};

static usec_t cost_of(const struct server_state *state)
{
	return (state->known ? (usec_t)state->srtt_us : 0) + (state->timeouts > 0 ? infra_rto(state) : 0);
}

static void survey(struct deleg *deleg, const struct context *ctx, struct field *field)
{
	for (unsigned i = 0; i < deleg->server_count; i++) {
		struct candidate candidate = { .server = &deleg->servers[i] };
		if (candidate.server->bad || candidate.server->tries >= SELECT_MAX_TRIES)
			continue;
		infra_get(ctx->reader.cache, &candidate.server->addr, &candidate.state, ctx->reader.now);
		candidate.cost = cost_of(&candidate.state);
		bool last = candidate.state.dead_until > ctx->reader.now || infra_is_lame(ctx->reader.cache, &candidate.server->addr, deleg->zone, ctx->reader.now);
		if (!last)
			field->live[field->live_count++] = candidate;
		else if (candidate.server->tries < SELECT_LAST_TRIES)
			field->last[field->last_count++] = candidate;
	}
}

/* One of the least tried, and among those one of the fast. */
static const struct candidate *pick(const struct candidate *candidates, unsigned count, struct rng *rng)
{
	unsigned tries = SELECT_MAX_TRIES;
	usec_t best = INT64_MAX;
	unsigned eligible = 0;

	for (unsigned i = 0; i < count; i++) {
		if (candidates[i].server->tries < tries) {
			tries = candidates[i].server->tries;
			best = INT64_MAX;
		}
		if (candidates[i].server->tries == tries && candidates[i].cost < best)
			best = candidates[i].cost;
	}
	usec_t limit = rng_below(rng, SELECT_EXPLORE_ONE_IN) == 0 ? INT64_MAX : 2 * best + SELECT_BAND;
	const struct candidate *chosen = NULL;
	for (unsigned i = 0; i < count; i++) {
		if (candidates[i].server->tries == tries && candidates[i].cost <= limit && rng_below(rng, ++eligible) == 0)
			chosen = &candidates[i];
	}
	return chosen;
}

struct server *select_server(struct deleg *deleg, const struct context *ctx, struct rng *rng, struct server_state *state)
{
	struct field field = { .live_count = 0, .last_count = 0 };

	survey(deleg, ctx, &field);
	const struct candidate *chosen = field.live_count > 0 ? pick(field.live, field.live_count, rng)
	                                                      : pick(field.last, field.last_count, rng);
	if (!chosen)
		return NULL;
	*state = chosen->state;
	return chosen->server;
}

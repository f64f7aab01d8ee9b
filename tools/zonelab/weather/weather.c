/* One packet's fate on one link. */
#include "tools/zonelab/weather/weather.h"

static const int64_t NSEC_PER_USEC = 1000, NSEC_PER_SEC = 1000000000;

const char *fate_text(enum fate fate)
{
	static const char *const texts[FATE_COUNT] = {
		[FATE_DELIVERED] = "delivered", [FATE_CUT] = "cut",           [FATE_TOO_BIG] = "too big",     [FATE_QUEUE] = "queue full",
		[FATE_LOSS] = "loss",           [FATE_NO_ROUTE] = "no route", [FATE_MULTICAST] = "multicast", [FATE_MALFORMED] = "malformed",
		[FATE_FULL] = "lab full",       [FATE_REFUSED] = "refused",
	};
	return texts[fate];
}

void weather_state_init(struct weather_state *state, uint64_t seed, unsigned from, unsigned to)
{
	*state = (struct weather_state){ .is_bad = false };
	/* The generator's own seeding spreads neighbouring numbers; the odd factor keeps (seed, link) and (seed + 1, link - 1) apart. */
	rng_seed(&state->rng, seed * UINT64_C(0x9e3779b97f4a7c15) + ((uint64_t)from << 32 | to));
}

void weather_state_changed(struct weather_state *state)
{
	state->busy_ns = 0;
	state->last = 0;
	state->is_bad = false;
}

static uint64_t queue_limit(const struct weather *weather)
{
	static const uint64_t smallest = 16384;
	uint64_t tenth = weather->rate / 8 / 10;

	if (weather->queue)
		return weather->queue;
	return tenth > smallest ? tenth : smallest;
}

/* The time when the packet has left for good, behind those that wait; -1 when the queue is full. */
static int64_t queue_pass(const struct weather *weather, struct weather_state *state, size_t len, int64_t now_ns)
{
	if (weather->rate == 0)
		return now_ns;
	int64_t begin = state->busy_ns > now_ns ? state->busy_ns : now_ns;
	double waiting = (double)(begin - now_ns) / (double)NSEC_PER_SEC * (double)weather->rate / 8;
	if (waiting + (double)len > (double)queue_limit(weather) && begin > now_ns)
		return -1;
	state->busy_ns = begin + (int64_t)((double)len * 8 / (double)weather->rate * (double)NSEC_PER_SEC);
	return state->busy_ns;
}

static bool is_lost(const struct weather *weather, struct weather_state *state)
{
	if (weather->loss <= 0)
		return false;
	if (weather->loss >= 1)
		return true;
	double draw = rng_unit(&state->rng);
	if (weather->burst <= 1)
		return draw < weather->loss;
	/* The share of bad time is enter / (enter + leave); leave is one over the mean burst, unless entering would have to be surer than sure. */
	double leave = 1 / weather->burst, odds = weather->loss / (1 - weather->loss);
	double enter = leave * odds;
	if (enter > 1) {
		enter = 1;
		leave = 1 / odds;
	}
	state->is_bad = state->is_bad ? draw >= leave : draw < enter;
	return state->is_bad;
}

static usec_t draw_delay(const struct weather *weather, struct weather_state *state)
{
	if (weather->jitter <= 0)
		return weather->delay;
	usec_t delay = weather->delay - weather->jitter + (usec_t)rng_below(&state->rng, (uint64_t)weather->jitter * 2 + 1);
	return delay > 0 ? delay : 0;
}

static usec_t arrival(const struct weather *weather, struct weather_state *state, usec_t sent)
{
	usec_t at = sent + draw_delay(weather, state);

	if (weather->reorder > 0 && rng_unit(&state->rng) < weather->reorder)
		return sent;
	if (at < state->last)
		at = state->last;
	state->last = at;
	return at;
}

void weather_step(const struct weather *weather, struct weather_state *state, size_t len, usec_t now, struct weather_fate *fate)
{
	*fate = (struct weather_fate){ .fate = FATE_CUT };
	if (weather->cut)
		return;
	fate->fate = FATE_TOO_BIG;
	if (weather->mtu && len > weather->mtu)
		return;
	int64_t sent_ns = queue_pass(weather, state, len, now * NSEC_PER_USEC);
	fate->fate = FATE_QUEUE;
	if (sent_ns < 0)
		return;
	fate->fate = FATE_LOSS;
	if (is_lost(weather, state))
		return;
	usec_t sent = sent_ns / NSEC_PER_USEC;
	fate->fate = FATE_DELIVERED;
	fate->at[fate->count++] = arrival(weather, state, sent);
	if (weather->duplicate > 0 && rng_unit(&state->rng) < weather->duplicate)
		fate->at[fate->count++] = arrival(weather, state, sent);
}

void weather_speed_up(struct weather *weather, double speed)
{
	weather->delay = (usec_t)((double)weather->delay / speed);
	weather->jitter = (usec_t)((double)weather->jitter / speed);
	/* The queue that the old rate implies stays what it is in time, so it grows with the rate by itself. */
	weather->rate = (uint64_t)((double)weather->rate * speed);
}

bool weather_equal(const struct weather *a, const struct weather *b)
{
	return a->delay == b->delay && a->jitter == b->jitter && a->loss == b->loss && a->burst == b->burst && a->duplicate == b->duplicate &&
	       a->reorder == b->reorder && a->rate == b->rate && a->queue == b->queue && a->mtu == b->mtu && a->cut == b->cut;
}

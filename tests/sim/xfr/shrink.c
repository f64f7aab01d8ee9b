/* Makes a scenario that fails as small as it can be. */
#include "tests/sim/xfr/shrink.h"

#include <assert.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/clock.h"
#include "tests/sim/xfr/trial.h"

#define PATIENCE (60 * USEC_PER_SEC)
enum { OTHER_SEEDS = 2 };      /* tried where the same dice fall otherwise now */

struct shrinker {
	struct scenario best;
	char *failure;
	usec_t until;
};

/* The same words, whatever the numbers. */
static bool is_alike(const char *a, const char *b)
{
	for (;;) {
		while (isdigit((unsigned char)*a))
			a++;
		while (isdigit((unsigned char)*b))
			b++;
		if (*a != *b)
			return false;
		if (*a == '\0')
			return true;
		a++;
		b++;
	}
}

static bool is_late(const struct shrinker *s)
{
	return clock_now(clock_system()) > s->until;
}

/* Takes the candidate if it fails alike. */
static bool attempt(struct shrinker *s, struct scenario *candidate)
{
	char failure[320];

	for (unsigned i = 0; i <= OTHER_SEEDS && !is_late(s); i++) {
		candidate->seed = s->best.seed + i;
		if (!trial_fails(candidate, failure) || !is_alike(failure, s->failure))
			continue;
		s->best = *candidate;
		memcpy(s->failure, failure, sizeof(failure));
		return true;
	}
	return false;
}

static void event_drop(struct scenario *c, unsigned at, bool keeps_time)
{
	if (keeps_time && at + 1 < c->event_count)
		c->events[at + 1].after += c->events[at].after;
	c->event_count--;
	memmove(&c->events[at], &c->events[at + 1], (c->event_count - at) * sizeof(*c->events));
}

static bool events_shrink(struct shrinker *s)
{
	struct scenario candidate;
	bool did = false;

	for (unsigned chunk = s->best.event_count; chunk > 0; chunk /= 2) {
		for (unsigned at = 0; at < s->best.event_count;) {
			unsigned left = s->best.event_count - at, count = chunk < left ? chunk : left;
			bool took = false;
			for (unsigned keeps_time = 0; keeps_time < 2 && !took; keeps_time++) {
				candidate = s->best;
				for (unsigned i = 0; i < count; i++)
					event_drop(&candidate, at, keeps_time);
				took = attempt(s, &candidate);
			}
			did |= took;
			at += took ? 0 : count;
		}
	}
	return did;
}

/* Number of a server once `gone` is taken out. */
static unsigned renumbered(unsigned server, unsigned gone)
{
	return server > gone ? server - 1 : server;
}

static uint64_t primaries_without(const struct scenario *c, unsigned server, unsigned gone)
{
	uint64_t bits = c->servers[server].primaries, out = 0;

	if (bits >> gone & 1)
		bits |= c->servers[gone].primaries;
	for (unsigned i = 0; i < c->server_count; i++) {
		if (i != gone && i != server && (bits >> i & 1))
			out |= UINT64_C(1) << renumbered(i, gone);
	}
	return out;
}

/* Those that followed it follow those that it followed. */
static void server_drop(struct scenario *c, unsigned gone)
{
	struct scenario before = *c;

	for (unsigned i = 0; i < before.server_count; i++) {
		if (i == gone)
			continue;
		struct scenario_server *server = &c->servers[renumbered(i, gone)];
		*server = before.servers[i];
		server->primaries = primaries_without(&before, i, gone);
		if (i > 0 && server->primaries == 0)
			server->primaries = 1;
	}
	c->server_count--;
	for (unsigned i = c->event_count; i-- > 0;) {
		struct scenario_event *event = &c->events[i];
		if (event->a == gone || event->b == gone) {
			event_drop(c, i, true);
		} else {
			event->a = renumbered(event->a, gone);
			event->b = renumbered(event->b, gone);
		}
	}
}

static bool servers_shrink(struct shrinker *s)
{
	struct scenario candidate;
	bool did = false;

	for (unsigned i = s->best.server_count; i-- > 1 && s->best.server_count > 2;) {
		candidate = s->best;
		server_drop(&candidate, i);
		did |= attempt(s, &candidate);
	}
	for (unsigned i = 1; i < s->best.server_count; i++) {
		for (unsigned j = 0; j < s->best.server_count; j++) {
			candidate = s->best;
			candidate.servers[i].primaries &= ~(UINT64_C(1) << j);
			if (candidate.servers[i].primaries && candidate.servers[i].primaries != s->best.servers[i].primaries)
				did |= attempt(s, &candidate);
		}
	}
	return did;
}

static bool times_shrink(struct shrinker *s)
{
	struct scenario candidate;
	bool did = false;

	for (unsigned i = 0; i < s->best.event_count; i++) {
		usec_t after = s->best.events[i].after;
		usec_t tries[] = { 0, USEC_PER_SEC, after / USEC_PER_SEC * USEC_PER_SEC };
		for (unsigned t = 0; t < sizeof(tries) / sizeof(*tries); t++) {
			candidate = s->best;
			candidate.events[i].after = tries[t];
			if (tries[t] < s->best.events[i].after && attempt(s, &candidate)) {
				did = true;
				break;
			}
		}
	}
	return did;
}

/* Sets one thing to its plainest. False: nothing to change. */
static bool setting_plain(struct scenario *c, unsigned which)
{
	const struct scenario before = *c;

	switch (which) {
	case 0: c->quality = SCENARIO_GOOD; break;
	case 1: c->serial = 1; break;
	case 2: c->records = 1; break;
	case 3: case 4: case 5: case 6: case 7: case 8:
		for (unsigned i = 0; i < c->server_count; i++) {
			struct scenario_server *server = &c->servers[i];
			if (which == 3)
				server->has_journal = false;
			else if (which == 4)
				server->never_ixfr = false;
			else if (which == 5)
				server->is_foreign = false;
			else if (which == 6)
				server->adopts = false;
			else if (which == 7)
				server->in_group = false;
			else
				server->history = 20;
		}
		break;
	default: c->percents[which - 9] = 0; break;
	}
	return memcmp(&before, c, sizeof(before)) != 0;
}

static bool settings_shrink(struct shrinker *s)
{
	struct scenario candidate;
	bool did = false;

	for (unsigned which = 0; which < 9 + SCENARIO_MISBEHAVIOURS; which++) {
		memcpy(&candidate, &s->best, sizeof(candidate));
		if (setting_plain(&candidate, which))
			did |= attempt(s, &candidate);
	}
	return did;
}

void shrink(struct scenario *scenario, char failure[320])
{
	struct shrinker *s = malloc(sizeof(*s));
	bool did = true;

	assert(s);
	*s = (struct shrinker){ .best = *scenario, .failure = failure, .until = clock_now(clock_system()) + PATIENCE };
	while (did && !is_late(s)) {
		did = events_shrink(s);
		did |= servers_shrink(s);
		did |= settings_shrink(s);
		did |= times_shrink(s);
	}
	*scenario = s->best;
	free(s);
}

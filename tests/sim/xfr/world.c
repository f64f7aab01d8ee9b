/* A scenario comes true. */
#include "tests/sim/xfr/world.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "tests/sim/xfr/faults.h"
#include "tests/support/zone_text.h"

#define BOUND_FIRST (65 * USEC_PER_SEC)
#define BOUND_LEVEL (10 * USEC_PER_SEC)
#define BOUND_KNOWN (65 * USEC_PER_SEC)
#define SILENCE (60 * USEC_PER_SEC)
enum { SILENCE_PACKETS = 30 };      /* most a server may send in that time: a refresh round with a transfer of one SOA, asked by it and of it */

struct world {
	const struct scenario *scenario;
	struct simnet *net;
	struct replica *replicas;
	unsigned count;
	struct invariants invariants;
	FILE *trace;
	uint32_t *told;                 /* the serial of each server, as last traced */
	unsigned long steps;
};

/* ---- begin and end ---------------------------------------------------------------------------------------------------------------------- */

static void replica_begin(struct world *w, unsigned i)
{
	const struct scenario *s = w->scenario;
	struct replica_config config = {
		.node = i, .seed = s->seed, .history_max = s->servers[i].history, .has_journal = s->servers[i].has_journal, .soa_refresh = s->refresh,
		.soa_retry = s->retry, .soa_expire = s->expire, .never_ixfr = s->servers[i].never_ixfr,
		.is_foreign = s->servers[i].is_foreign, .adopts = s->servers[i].adopts,
		.refuses_ixfr = s->percents[SCENARIO_REFUSE] / 100.0, .sends_garbage = s->percents[SCENARIO_GARBAGE] / 100.0,
		.confuses = s->percents[SCENARIO_CONFUSE] / 100.0, .stalls = s->percents[SCENARIO_STALL] / 100.0,
		.notifies_without_serial = (i * 37 + 50) % 100 < s->percents[SCENARIO_PLAIN],
	};

	for (unsigned j = 0; j < w->count; j++) {
		if (s->servers[i].primaries >> j & 1)
			config.primaries[config.primary_count++] = j;
		if (s->servers[j].primaries >> i & 1)
			config.targets[config.target_count++] = j;
		if (i != j && s->servers[i].in_group && s->servers[j].in_group)
			config.members[config.member_count++] = j;
	}
	replica_init(&w->replicas[i], w->net, &config);
}

static void world_begin(struct world *w, const struct scenario *scenario, FILE *trace)
{
	memset(w, 0, sizeof(*w));
	w->scenario = scenario;
	w->count = scenario->server_count;
	w->trace = trace;
	w->replicas = calloc(w->count, sizeof(*w->replicas));
	w->told = calloc(w->count, sizeof(*w->told));
	assert(w->replicas && w->told);
	w->net = simnet_new(scenario->seed, w->count, scenario_quality(scenario->quality));
	for (unsigned i = 0; i < w->count; i++)
		replica_begin(w, i);
}

static void world_end(struct world *w)
{
	for (unsigned i = 0; i < w->count; i++)
		replica_fini(&w->replicas[i]);
	simnet_free(w->net);
	free(w->replicas);
	free(w->told);
}

/* ---- telling ------------------------------------------------------------------------------------------------------------------------------ */

static void time_print(const struct world *w)
{
	static const usec_t start = 1000 * USEC_PER_SEC;      /* simnet.c */
	fprintf(w->trace, "%10.6f  ", (double)(simnet_now(w->net) - start) / USEC_PER_SEC);
}

static void versions_trace(struct world *w)
{
	for (unsigned i = 0; i < w->count; i++) {
		uint32_t serial = replica_serial(&w->replicas[i]);
		if (serial == w->told[i])
			continue;
		time_print(w);
		fprintf(w->trace, "server %u: serial %" PRIu32 " -> %" PRIu32 "\n", i, w->told[i], serial);
		w->told[i] = serial;
	}
}

static void servers_trace(const struct world *w)
{
	for (unsigned i = 0; i < w->count; i++) {
		const struct replica *r = &w->replicas[i];
		const struct refresh *refresh = &r->refresh;
		double wake = i > 0 ? (double)(refresh_wake_at(refresh) - simnet_now(w->net)) / USEC_PER_SEC : 0;
		time_print(w);
		fprintf(w->trace, "server %u: %s serial %" PRIu32 ", %u IXFR, %u AXFR, %u repairs, %u failed, %u behind, %u adopted, %u diverged, %u expired; refresh state %d of %u, wakes in %.3f s\n", i,
			simnet_is_up(w->net, i) ? "up" : "down", replica_serial(r), r->counters.ixfr, r->counters.axfr, r->counters.repairs, r->counters.failed,
			r->counters.behind, r->counters.adopted, r->counters.diverged, r->counters.expired, (int)refresh->state, refresh->primary, wake);
		for (unsigned j = 0; j < r->config.target_count; j++) {
			const struct notify_sender *sender = &r->targets[j].sender;
			time_print(w);
			fprintf(w->trace, "  of server %u: state %d, serial %" PRIu32 ", seen %d %" PRIu32 ", wakes in %.3f s\n", r->targets[j].node,
				(int)sender->state, sender->serial, sender->has_seen, sender->seen_serial,
				sender->wake_at == NOTIFY_NEVER ? -1.0 : (double)(sender->wake_at - simnet_now(w->net)) / USEC_PER_SEC);
		}
	}
}

/* ---- conditions --------------------------------------------------------------------------------------------------------------------------- */

/* All below are asked after each step; true ends the run. */
static bool is_broken(void *ctx)
{
	struct world *w = ctx;

	w->steps++;
	if (w->trace)
		versions_trace(w);
	return !invariants_check(&w->invariants, w->replicas, w->count);
}

static bool is_equal(const struct world *w)
{
	for (unsigned i = 1; i < w->count; i++) {
		if (w->replicas[i].is_dead)
			continue;
		if (w->replicas[i].is_expired || !zone_text_equal(zone_current(w->replicas[0].zone), zone_current(w->replicas[i].zone)))
			return false;
	}
	return true;
}

static bool is_equal_or_broken(void *ctx)
{
	return is_broken(ctx) || is_equal(ctx);
}

static bool is_settled_or_broken(void *ctx)
{
	const struct world *w = ctx;

	if (is_broken(ctx))
		return true;
	for (unsigned i = 0; i < w->count; i++) {
		if (!w->replicas[i].is_dead && !replica_is_settled(&w->replicas[i], w->replicas))
			return false;
	}
	return is_equal(w);
}

static bool is_failed(const struct world *w)
{
	return w->invariants.failure[0] != '\0';
}

/* ---- the run -------------------------------------------------------------------------------------------------------------------------------- */

static unsigned depth_of(const struct scenario *s, unsigned server)
{
	unsigned depths[SCENARIO_SERVERS_MAX] = { 0 };

	/* The way over the deepest of those with a lower number; each follows at least one of them. */
	for (unsigned i = 1; i <= server; i++) {
		for (unsigned j = 0; j < i; j++) {
			if ((s->servers[i].primaries >> j & 1) && depths[j] + 1 > depths[i])
				depths[i] = depths[j] + 1;
		}
	}
	return depths[server];
}

usec_t world_bound(const struct scenario *s)
{
	unsigned deepest = 0;

	for (unsigned i = 1; i < s->server_count; i++) {
		unsigned depth = depth_of(s, i);
		deepest = depth > deepest ? depth : deepest;
	}
	return BOUND_FIRST + deepest * BOUND_LEVEL;
}

static void events_run(struct world *w)
{
	const struct faults faults = { w->net, w->replicas, w->count, &w->invariants };

	replica_fill(&w->replicas[0], w->scenario->serial, w->scenario->records);
	for (unsigned i = 0; i < w->scenario->event_count && !is_failed(w); i++) {
		const struct scenario_event *event = &w->scenario->events[i];
		if (simnet_run_while(w->net, simnet_now(w->net) + event->after, is_broken, w))
			return;
		if (w->trace) {
			time_print(w);
			scenario_event_write(event, w->trace);
		}
		faults_perform(&faults, event);
		if (is_broken(w))
			return;
	}
	faults_end(&faults);
	if (w->trace) {
		time_print(w);
		fprintf(w->trace, "quiet\n");
	}
}

static void silence_check(struct world *w)
{
	uint64_t before = simnet_packets(w->net);

	if (simnet_run_while(w->net, simnet_now(w->net) + SILENCE, is_broken, w))
		return;
	uint64_t sent = simnet_packets(w->net) - before;
	if (sent > (uint64_t)SILENCE_PACKETS * w->count)
		invariants_fail(&w->invariants, "%" PRIu64 " packets in %d s among %u servers that are all up to date", sent, (int)(SILENCE / USEC_PER_SEC), w->count);
}

static void quiet_check(struct world *w, struct world_outcome *outcome)
{
	usec_t begin = simnet_now(w->net), bound = world_bound(w->scenario);

	if (!is_equal(w) && !simnet_run_while(w->net, begin + bound, is_equal_or_broken, w)) {
		invariants_fail(&w->invariants, "not all are equal %d s after the last fault", (int)(bound / USEC_PER_SEC));
		return;
	}
	outcome->took = simnet_now(w->net) - begin;
	if (is_failed(w))
		return;
	if (!is_settled_or_broken(w) && !simnet_run_while(w->net, simnet_now(w->net) + BOUND_KNOWN, is_settled_or_broken, w)) {
		invariants_fail(&w->invariants, "not everybody knows who has the last serial %d s after all are equal", (int)(BOUND_KNOWN / USEC_PER_SEC));
		return;
	}
	outcome->settled = simnet_now(w->net) - begin;
	if (!is_failed(w))
		silence_check(w);
}

void world_run(const struct scenario *scenario, FILE *trace, struct world_outcome *outcome)
{
	struct world *w = malloc(sizeof(*w));

	assert(w);
	memset(outcome, 0, sizeof(*outcome));
	world_begin(w, scenario, trace);
	events_run(w);
	if (!is_failed(w))
		quiet_check(w, outcome);
	outcome->is_sound = !is_failed(w);
	snprintf(outcome->failure, sizeof(outcome->failure), "%s", w->invariants.failure);
	outcome->steps = w->steps;
	for (unsigned i = 0; i < w->count; i++) {
		const struct replica_counters *counters = &w->replicas[i].counters;
		outcome->crashes += counters->crashes;
		outcome->expired += counters->expired;
		outcome->ixfr += counters->ixfr;
		outcome->axfr += counters->axfr;
		outcome->repairs += counters->repairs;
		outcome->adopted += counters->adopted;
		outcome->retries += counters->failed;
	}
	if (trace)
		servers_trace(w);
	world_end(w);
	free(w);
}

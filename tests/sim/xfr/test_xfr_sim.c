/* Primaries, secondaries and chains of them on a bad network: all of them hold the primary's zone soon after the faults are over, whatever happened. */
#include <stdio.h>
#include <stdlib.h>

#include "tests/sim/xfr/replica.h"
#include "tests/support/suite.h"
#include "tests/support/zone_text.h"

enum { NODES_MAX = 7 };

/* After the last fault and the last change: NOTIFY pauses (66 s with jitter), a transfer that stalls (30 s) and its retry (SOA RETRY, 60 s) may still lie
 * ahead; then each hop of a chain adds at most another stall and retry. */
#define BOUND (200 * USEC_PER_SEC)

struct world {
	struct simnet *net;
	struct replica replicas[NODES_MAX];
	unsigned count;
	double refuses_ixfr, sends_garbage;
	unsigned history_max;
	bool notifies_without_serial;
};

/* Who follows whom: for each node the bits of its primaries, none for the first. */
struct shape {
	const char *name;
	unsigned count;
	unsigned primaries[NODES_MAX];
};

static const struct shape shapes[] = {
	{ "star", 5, { 0, 1, 1, 1, 1 } },
	{ "chain", 5, { 0, 1, 2, 4, 8 } },
	{ "diamond", 5, { 0, 1, 1, 2 | 4, 8 } },
	{ "mesh", 4, { 0, 1 | 4 | 8, 1 | 2 | 8, 1 | 2 | 4 } },
	{ "tree", 7, { 0, 1, 1, 2, 2, 4, 4 } },
};
enum { SHAPE_COUNT = sizeof(shapes) / sizeof(*shapes) };

static void world_begin(struct world *w, const struct shape *shape, uint64_t seed, const struct simnet_link *link)
{
	w->net = simnet_new(seed, shape->count, link);
	w->count = shape->count;
	for (unsigned i = 0; i < shape->count; i++) {
		struct replica_config config = {
			.node = i, .history_max = w->history_max, .refuses_ixfr = w->refuses_ixfr, .sends_garbage = w->sends_garbage,
			.notifies_without_serial = w->notifies_without_serial,
		};
		for (unsigned j = 0; j < shape->count; j++) {
			if (shape->primaries[i] & 1u << j)
				config.primaries[config.primary_count++] = j;
			if (shape->primaries[j] & 1u << i)
				config.targets[config.target_count++] = j;
		}
		replica_init(&w->replicas[i], w->net, &config);
	}
}

static void world_end(struct world *w)
{
	for (unsigned i = 0; i < w->count; i++)
		replica_fini(&w->replicas[i]);
	simnet_free(w->net);
}

static bool is_equal(void *ctx)
{
	const struct world *w = ctx;
	for (unsigned i = 1; i < w->count; i++) {
		if (!zone_text_equal(zone_current(w->replicas[0].zone), zone_current(w->replicas[i].zone)))
			return false;
	}
	return true;
}

static bool is_settled(void *ctx)
{
	const struct world *w = ctx;
	for (unsigned i = 0; i < w->count; i++) {
		if (!replica_is_settled(&w->replicas[i]))
			return false;
	}
	return is_equal(ctx);
}

static void world_print(const struct world *w)
{
	for (unsigned i = 0; i < w->count; i++) {
		const struct replica *r = &w->replicas[i];
		printf("# node %u: serial %u, %u IXFR, %u AXFR, %u failed, %u behind, %u expired; refresh state %d primary %u wake in %.3f s\n", i,
		       replica_serial(r), r->counters.ixfr, r->counters.axfr, r->counters.failed, r->counters.behind, r->counters.expired,
		       (int)r->refresh.state, r->refresh.primary,
		       i ? (double)(refresh_wake_at(&r->refresh) - simnet_now(w->net)) / USEC_PER_SEC : 0);
		for (unsigned j = 0; j < r->config.target_count; j++)
			printf("#   target %u: state %d seen %u wake in %.3f s\n", r->targets[j].node, (int)r->targets[j].sender.state,
			       r->targets[j].sender.seen_serial, (double)(r->targets[j].sender.wake_at - simnet_now(w->net)) / USEC_PER_SEC);
	}
	fflush(stdout);      /* a failing test ends without */
}

/* ---- calm weather ------------------------------------------------------------------------------------------------------------------------ */

START_TEST(calm_network_needs_one_notify_one_connection_and_one_transfer_a_hop)
{
	static const unsigned depths[SHAPE_COUNT] = { 1, 4, 3, 1, 3 };
	const usec_t delay = 10 * USEC_PER_MSEC;
	struct simnet_link link = { .delay_min = delay, .delay_max = delay };

	for (unsigned s = 0; s < SHAPE_COUNT; s++) {
		struct world w = { .history_max = 20 };
		world_begin(&w, &shapes[s], 1, &link);
		replica_fill(&w.replicas[0], 1, 40);
		ck_assert(simnet_run_while(w.net, simnet_now(w.net) + 100 * USEC_PER_SEC, is_settled, &w));
		for (int i = 0; i < 20; i++) {
			simnet_run_until(w.net, simnet_now(w.net) + 5 * USEC_PER_SEC);
			unsigned long packets = simnet_packets(w.net);
			usec_t begin = simnet_now(w.net);
			replica_change(&w.replicas[0]);
			ck_assert(simnet_run_while(w.net, begin + USEC_PER_SEC, is_equal, &w));
			usec_t took = simnet_now(w.net) - begin;
			/* NOTIFY; connecting and the question; the answer. */
			ck_assert_msg(took <= depths[s] * 5 * delay, "%s: %ld us", shapes[s].name, (long)took);
			ck_assert(simnet_run_while(w.net, begin + USEC_PER_SEC, is_settled, &w));
			ck_assert_uint_le(simnet_packets(w.net) - packets, 40u * w.count);
		}
		for (unsigned i = 1; i < w.count; i++) {
			ck_assert_uint_eq(w.replicas[i].counters.axfr, 1);
			ck_assert_uint_eq(w.replicas[i].counters.behind, 0);
		}
		world_end(&w);
	}
}
END_TEST

START_TEST(burst_of_changes_takes_few_transfers)
{
	struct simnet_link link = { .delay_min = 10 * USEC_PER_MSEC, .delay_max = 10 * USEC_PER_MSEC };
	struct world w = { .history_max = 64 };

	world_begin(&w, &shapes[0], 1, &link);
	replica_fill(&w.replicas[0], 1, 40);
	ck_assert(simnet_run_while(w.net, simnet_now(w.net) + 100 * USEC_PER_SEC, is_settled, &w));
	usec_t begin = simnet_now(w.net);
	for (int i = 0; i < 60; i++) {
		replica_change(&w.replicas[0]);
		simnet_run_until(w.net, begin + i * USEC_PER_MSEC);
	}
	bool equal = simnet_run_while(w.net, simnet_now(w.net) + USEC_PER_SEC, is_equal, &w);
	if (!equal)
		world_print(&w);
	ck_assert(equal);
	/* 60 ms of changes, and a transfer takes 40 ms: none is under way twice, none waits without need. */
	ck_assert_int_le(simnet_now(w.net) - begin, 200 * USEC_PER_MSEC);
	for (unsigned i = 1; i < w.count; i++)
		ck_assert_uint_le(w.replicas[i].counters.ixfr, 6);
	world_end(&w);
}
END_TEST

/* ---- storms ---------------------------------------------------------------------------------------------------------------------------------- */

/* A random link quality: good, mediocre or hardly usable. */
static struct simnet_link link_draw(struct rng *rng)
{
	static const double losses[] = { 0, 0.02, 0.1, 0.3, 0.6 };
	struct simnet_link link = {
		.delay_min = (usec_t)rng_below(rng, 20 * USEC_PER_MSEC),
		.loss = losses[rng_below(rng, 5)],
		.duplicate = losses[rng_below(rng, 4)],
	};
	link.delay_max = link.delay_min + (usec_t)rng_below(rng, rng_below(rng, 4) ? 30 * USEC_PER_MSEC : 3 * USEC_PER_SEC);
	return link;
}

static void trouble(struct world *w)
{
	struct rng *rng = simnet_rng(w->net);
	unsigned a = (unsigned)rng_below(rng, w->count), b = (unsigned)rng_below(rng, w->count);
	struct simnet_link link = link_draw(rng);

	switch (rng_below(rng, 8)) {
	case 0:
	case 1:
	case 2:
		replica_change(&w->replicas[0]);
		break;
	case 3:
		if (a != b)
			simnet_cut(w->net, a, b, rng_below(rng, 3) != 0);
		break;
	case 4:
		if (simnet_is_up(w->net, a))
			replica_crash(&w->replicas[a]);
		else
			replica_restart(&w->replicas[a]);
		break;
	case 5:
		*simnet_link(w->net, a, b) = link;
		break;
	case 6:
		simnet_link_all(w->net, &link);
		break;
	case 7:
		if (a > 0 && simnet_is_up(w->net, a))
			replica_force_refresh(&w->replicas[a]);
		break;
	}
}

static void storm_end(struct world *w)
{
	struct simnet_link good = { .delay_min = USEC_PER_MSEC, .delay_max = 5 * USEC_PER_MSEC };

	simnet_link_all(w->net, &good);
	for (unsigned i = 0; i < w->count; i++) {
		w->replicas[i].config.refuses_ixfr = w->replicas[i].config.sends_garbage = 0;
		if (!simnet_is_up(w->net, i))
			replica_restart(&w->replicas[i]);
	}
}

/* One storm; returns how long the network took to recover. */
static usec_t storm(uint64_t seed)
{
	struct rng rng;
	rng_seed(&rng, seed);
	const struct shape *shape = &shapes[rng_below(&rng, SHAPE_COUNT)];
	struct world w = {
		.history_max = (unsigned)rng_below(&rng, 20), .refuses_ixfr = rng_below(&rng, 3) ? 0 : 0.3, .sends_garbage = rng_below(&rng, 3) ? 0 : 0.1,
		.notifies_without_serial = rng_below(&rng, 4) == 0,
	};
	struct simnet_link link = link_draw(&rng);

	world_begin(&w, shape, seed, &link);
	/* Half of them wrap around. */
	replica_fill(&w.replicas[0], rng_below(&rng, 2) ? (uint32_t)rng_u64(&rng) : UINT32_MAX - (uint32_t)rng_below(&rng, 0x4000000), 40);
	unsigned troubles = 10 + (unsigned)rng_below(&rng, 60);
	for (unsigned i = 0; i < troubles; i++) {
		trouble(&w);
		simnet_run_until(w.net, simnet_now(w.net) + (usec_t)rng_below(&rng, 5 * USEC_PER_SEC));
	}
	storm_end(&w);
	usec_t begin = simnet_now(w.net);
	bool equal = simnet_run_while(w.net, begin + BOUND, is_equal, &w);
	usec_t took = simnet_now(w.net) - begin;
	if (!equal)
		world_print(&w);
	ck_assert_msg(equal, "seed %llu (%s): not equal %ld s after the last fault", (unsigned long long)seed, shape->name, (long)(BOUND / USEC_PER_SEC));
	/* And the primaries know it. */
	bool settled = simnet_run_while(w.net, simnet_now(w.net) + BOUND, is_settled, &w);
	if (!settled)
		world_print(&w);
	ck_assert_msg(settled, "seed %llu (%s): a target was not seen with the serial", (unsigned long long)seed, shape->name);
	world_end(&w);
	return took;
}

START_TEST(all_become_equal_after_any_storm)
{
	struct rng rng;
	rng_seed(&rng, suite_seed("all_become_equal_after_any_storm"));
	unsigned long rounds = suite_rounds(400);
	usec_t longest = 0, sum = 0;

	for (unsigned long i = 0; i < rounds; i++) {
		usec_t took = storm(rng_u64(&rng));
		longest = took > longest ? took : longest;
		sum += took;
	}
	printf("# %lu storms: recovered after %.1f s on average, %.1f s at most\n", rounds, (double)sum / (double)rounds / USEC_PER_SEC,
	       (double)longest / USEC_PER_SEC);
}
END_TEST

/* ---- expiry ---------------------------------------------------------------------------------------------------------------------------------------- */

START_TEST(secondaries_expire_in_a_long_partition_and_recover)
{
	struct simnet_link link = { .delay_min = USEC_PER_MSEC, .delay_max = USEC_PER_MSEC };
	struct world w = { .history_max = 8 };

	world_begin(&w, &shapes[1], 1, &link);
	replica_fill(&w.replicas[0], 1, 10);
	ck_assert(simnet_run_while(w.net, simnet_now(w.net) + 100 * USEC_PER_SEC, is_settled, &w));
	simnet_cut(w.net, 0, 1, true);
	simnet_run_until(w.net, simnet_now(w.net) + 2000 * USEC_PER_SEC);
	ck_assert(!w.replicas[1].is_expired);
	/* SOA EXPIRE is 3000 s; the second in the chain hears an answer until the first has none itself. */
	simnet_run_until(w.net, simnet_now(w.net) + 1001 * USEC_PER_SEC);
	ck_assert(w.replicas[1].is_expired);
	ck_assert(!w.replicas[2].is_expired);
	simnet_run_until(w.net, simnet_now(w.net) + 12000 * USEC_PER_SEC);
	for (unsigned i = 1; i < w.count; i++) {
		ck_assert(w.replicas[i].is_expired);
		ck_assert_uint_eq(w.replicas[i].counters.expired, 1);
	}
	simnet_cut(w.net, 0, 1, false);
	replica_change(&w.replicas[0]);
	ck_assert(simnet_run_while(w.net, simnet_now(w.net) + BOUND, is_settled, &w));
	for (unsigned i = 1; i < w.count; i++)
		ck_assert(!w.replicas[i].is_expired);
	world_end(&w);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("xfr_sim");
	TCase *tc = tcase_create("xfr_sim");
	tcase_add_test(tc, calm_network_needs_one_notify_one_connection_and_one_transfer_a_hop);
	tcase_add_test(tc, burst_of_changes_takes_few_transfers);
	tcase_add_test(tc, all_become_equal_after_any_storm);
	tcase_add_test(tc, secondaries_expire_in_a_long_partition_and_recover);
	suite_add_tcase(suite, tc);
	return suite_run(suite);
}

/* Primaries, secondaries and chains of them: what calm weather costs, and what a long partition does. Every other fault is in test_xfr_seeds.c. */
#include <stdio.h>
#include <stdlib.h>

#include "tests/sim/xfr/replica.h"
#include "tests/support/suite.h"
#include "tests/support/zone_text.h"

enum { NODES_MAX = 7 };

/* After a partition: NOTIFY pauses, a transfer that stalls (30 s) and its retry (SOA RETRY, 60 s) may still lie ahead, and again at each hop of a chain. */
#define BOUND (200 * USEC_PER_SEC)

struct world {
	struct simnet *net;
	struct replica replicas[NODES_MAX];
	unsigned count;
	unsigned history_max;
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

static void world_begin(struct world *w, const struct shape *shape, const struct simnet_link *link)
{
	w->net = simnet_new(1, shape->count, link);
	w->count = shape->count;
	for (unsigned i = 0; i < shape->count; i++) {
		struct replica_config config = {
			.node = i, .seed = 1, .history_max = w->history_max,
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
		if (!replica_is_settled(&w->replicas[i], w->replicas))
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
		world_begin(&w, &shapes[s], &link);
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

	world_begin(&w, &shapes[0], &link);
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

/* ---- expiry ---------------------------------------------------------------------------------------------------------------------------------------- */

START_TEST(secondaries_expire_in_a_long_partition_and_recover)
{
	struct simnet_link link = { .delay_min = USEC_PER_MSEC, .delay_max = USEC_PER_MSEC };
	struct world w = { .history_max = 8 };

	world_begin(&w, &shapes[1], &link);
	replica_fill(&w.replicas[0], 1, 10);
	ck_assert(simnet_run_while(w.net, simnet_now(w.net) + 100 * USEC_PER_SEC, is_settled, &w));
	simnet_cut(w.net, 0, 1, true);
	simnet_run_until(w.net, simnet_now(w.net) + 2000 * USEC_PER_SEC);
	ck_assert(!w.replicas[1].is_expired);
	/* SOA EXPIRE is 3000 s; the others in the chain hear how much of it is left (RFC 7314), so that all expire together. */
	for (unsigned i = 1; i < w.count; i++)
		ck_assert(!w.replicas[i].is_expired);
	simnet_run_until(w.net, simnet_now(w.net) + 1010 * USEC_PER_SEC);
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
	tcase_add_test(tc, secondaries_expire_in_a_long_partition_and_recover);
	suite_add_tcase(suite, tc);
	return suite_run(suite);
}

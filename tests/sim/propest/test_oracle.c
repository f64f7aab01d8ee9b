/* The model against the oracle: two independent implementations of the same laws must agree in distribution. ZT_SCALE=667 plays 200 topologies. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/sim/propest/oracle.h"
#include "tests/support/suite.h"
#include "tools/propest/model/class.h"
#include "tools/propest/model/draws.h"

enum { CACHES = 100000, SAMPLES = 200000, TOPOLOGIES = 30, FIXED_TOPOLOGIES = 12, ASKED_ROUNDS = 12, POINTS = 400 };

static const double agreed = .01;

static int ascending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return x < y ? -1 : x > y;
}

static double pick(struct rng *rng, const double *of, size_t count)
{
	return of[rng_below(rng, count)];
}
#define PICK(rng, ...) pick((rng), (const double[]){ __VA_ARGS__ }, sizeof((const double[]){ __VA_ARGS__ }) / sizeof(double))

static void random_link(struct network *net, struct rng *rng, size_t from, size_t to)
{
	struct network_link *link = network_add_link(net, from, to);
	ck_assert_ptr_nonnull(link);
	link->notify = rng_below(rng, 4) > 0;
	link->notify_loss = PICK(rng, 0, .01, .2, .5);
	link->query_loss = PICK(rng, 0, 0, .05, .3);
	link->holdoff_s = PICK(rng, 0, 0, 5);
	link->rtt_s = PICK(rng, .001, .03, .3);
	link->transfer_bytes = PICK(rng, 500, 20000, 3e6);
	link->bytes_per_s = PICK(rng, 0, 1e6);
}

/* A chain, star or mesh of 1 to 6 servers with random laws. */
static void random_network(struct network *net, struct rng *rng)
{
	size_t count = 1 + rng_below(rng, 6), index;

	network_init(net);
	net->timers = (struct network_timers){ PICK(rng, 60, 600, 3600), PICK(rng, 20, 120), 1e9 };
	for (size_t i = 0; i < count; i++) {
		char name[32];
		snprintf(name, sizeof(name), "s%zu", i);
		ck_assert_int_eq(network_add_server(net, name, &index), ZT_OK);
		struct network_server *server = &net->servers[index];
		server->vendor = vendor_row((unsigned)rng_below(rng, 6));
		server->primary = i == 0;
		server->is_public = i + 1 == count || rng_below(rng, 5) > 0;
		server->weight = PICK(rng, 1, 1, .2, 3);
		server->publish_s = i == 0 ? PICK(rng, 0, 0, 30) : 0;
	}
	for (size_t i = 1; i < count; i++)
		random_link(net, rng, rng_below(rng, i), i);
	/* Now and then a second master, which may close a loop. */
	for (size_t i = 1; i < count; i++) {
		size_t from = rng_below(rng, count);
		if (rng_below(rng, 3) == 0 && from != i)
			random_link(net, rng, from, i);
	}
	for (size_t i = rng_below(rng, 3); i-- > 0;) {
		double start = PICK(rng, -100, -3, 0, 2, 50);
		struct network_outage *outage = network_add_outage(net, start, start + PICK(rng, 10, 90, 400));
		ck_assert_ptr_nonnull(outage);
		outage->probability = PICK(rng, 1, .3);
		for (size_t j = 0; j < net->link_count; j++)
			outage->hits[j] = rng_below(rng, 2);
	}
}

/* Greatest distance between the sorted draws' distribution and the curve, at the curve's points. */
static double distance(const double *sorted, size_t count, const struct curve *curve)
{
	double worst = 0;
	size_t below = 0;

	for (size_t i = 0; i < curve->count; i++) {
		double t = curve_point(curve, i);
		while (below < count && sorted[below] < t)
			below++;
		worst = fmax(worst, fabs((double)below / (double)count - curve_value_at_point(curve, i)));
	}
	return worst;
}

struct fleet { double first[CACHES], last[CACHES]; };

static void sort_fleet(struct fleet *fleet)
{
	qsort(fleet->first, CACHES, sizeof(double), ascending);
	qsort(fleet->last, CACHES, sizeof(double), ascending);
}

/* The closed form's curves over all draws, on an even grid that ends with the fleet. */
static void sum_curves(const struct draws *draws, double ttl, const struct fleet *fleet, struct curve curves[2])
{
	struct cache_scratch scratch;
	struct cache_sink first = { .curves = &curves[0], .count = 1, .weight = 1 },
		last = { .curves = &curves[1], .count = 1, .weight = 1 };

	ck_assert_int_eq(cache_scratch_init(&scratch, draws->server_count), ZT_OK);
	ck_assert_int_eq(curve_init_even(&curves[0], 0, fleet->first[CACHES - 1] * 1.001, POINTS), ZT_OK);
	ck_assert_int_eq(curve_init_even(&curves[1], 0, fleet->last[CACHES - 1] * 1.001, POINTS), ZT_OK);
	for (size_t i = 0; i < draws->count; i++) {
		cache_add_first_fresh(&draws->steps[i], ttl, &scratch, &first);
		cache_add_last_stale(&draws->steps[i], ttl, &scratch, &last);
	}
	curve_finish(&curves[0], 1 / (double)draws->count);
	curve_finish(&curves[1], 1 / (double)draws->count);
	cache_scratch_fini(&scratch);
}

static void compare(const struct draws *draws, double ttl, struct fleet *fleet, double worst[2])
{
	struct curve curves[2];

	sort_fleet(fleet);
	sum_curves(draws, ttl, fleet, curves);
	worst[0] = distance(fleet->first, CACHES, &curves[0]);
	worst[1] = distance(fleet->last, CACHES, &curves[1]);
	curve_fini(&curves[0]);
	curve_fini(&curves[1]);
}

START_TEST(model_and_oracle_agree_on_random_topologies)
{
	unsigned long long seed = suite_seed("model_and_oracle_agree_on_random_topologies");
	struct fleet *fleet = malloc(sizeof(*fleet));
	double largest = 0;

	ck_assert_ptr_nonnull(fleet);
	for (unsigned long i = 0; i < suite_rounds(TOPOLOGIES); i++) {
		struct rng rng;
		struct network net;
		struct draws draws;
		const char *why;
		size_t who;
		double worst[2];
		rng_seed(&rng, seed + i);
		random_network(&net, &rng);
		ck_assert_msg(network_check(&net, &why, &who) == ZT_OK, "%s", why);
		double ttl = PICK(&rng, 10, 60, 300, 3600);
		for (size_t j = 0; j < CACHES; j++) {
			double fresh_at[ORACLE_MAX_SERVERS];
			oracle_servers(&net, &rng, fresh_at);
			struct oracle_cache cache = oracle_cache(&net, fresh_at, ttl, &rng);
			fleet->first[j] = cache.first_fresh;
			fleet->last[j] = cache.last_stale;
		}
		ck_assert_int_eq(draws_init(&draws, &net, 0, seed ^ i, SAMPLES), ZT_OK);
		compare(&draws, ttl, fleet, worst);
		ck_assert_msg(worst[0] < agreed && worst[1] < agreed, "topology %lu: distance %.4f (first fresh), %.4f (last stale)", i,
			      worst[0], worst[1]);
		largest = fmax(largest, fmax(worst[0], worst[1]));
		draws_fini(&draws);
		network_fini(&net);
	}
	printf("# largest distance %.4f\n", largest);
	free(fleet);
}
END_TEST

START_TEST(closed_form_and_fetching_caches_agree_for_given_server_times)
{
	unsigned long long seed = suite_seed("closed_form_and_fetching_caches_agree_for_given_server_times");
	struct fleet *fleet = malloc(sizeof(*fleet));
	struct rng rng;

	ck_assert_ptr_nonnull(fleet);
	rng_seed(&rng, seed);
	for (unsigned long i = 0; i < suite_rounds(FIXED_TOPOLOGIES); i++) {
		double at[ORACLE_MAX_SERVERS], stale[ORACLE_MAX_SERVERS], weight[ORACLE_MAX_SERVERS], times[ORACLE_MAX_SERVERS], worst[2];
		double ttl = PICK(&rng, 20, 60, 300);
		struct network net;
		size_t index;
		network_init(&net);
		for (size_t j = 1 + rng_below(&rng, 12); j-- > 0;) {
			ck_assert_int_eq(network_add_server(&net, "s", &index), ZT_OK);
			weight[index] = net.servers[index].weight = PICK(&rng, 1, 1, 2, .3);
			times[index] = rng_unit(&rng) * PICK(&rng, .5, 40, 1000);
		}
		for (size_t j = 0; j < CACHES; j++) {
			struct oracle_cache cache = oracle_cache(&net, times, ttl, &rng);
			fleet->first[j] = cache.first_fresh;
			fleet->last[j] = cache.last_stale;
		}
		struct steps steps = { steps_build(times, weight, net.server_count, at, stale), at, stale };
		struct draws one = { .count = 1, .server_count = net.server_count, .steps = &steps };
		compare(&one, ttl, fleet, worst);
		ck_assert_msg(worst[0] < agreed && worst[1] < agreed, "round %lu: distance %.4f (first fresh), %.4f (last stale)", i,
			      worst[0], worst[1]);
		network_fini(&net);
	}
	free(fleet);
}
END_TEST

/* Servers and their last stale instants, for which the cache stage is played. */
static size_t random_times(struct network *net, struct rng *rng, double *times, double *weight)
{
	double scale = PICK(rng, .5, 40, 300);
	size_t index;

	network_init(net);
	for (size_t j = 1 + rng_below(rng, 5); j-- > 0;) {
		ck_assert_int_eq(network_add_server(net, "s", &index), ZT_OK);
		weight[index] = net->servers[index].weight = PICK(rng, 1, 1, 2, .3);
		times[index] = rng_unit(rng) * scale;
	}
	return net->server_count;
}

/* The class's curve at each probe, against the share of the fleet. */
static void check_shares(enum class_law law, struct class_view view, const struct steps *steps, const struct oracle_probes *probes, const unsigned *old)
{
	struct class_scratch scratch;
	struct curve curve;

	ck_assert_int_eq(class_scratch_init(&scratch, steps->count), ZT_OK);
	for (size_t i = 0; i < ORACLE_PROBES; i++) {
		ck_assert_int_eq(curve_init_even(&curve, 0, probes->at[i], 2), ZT_OK);
		class_add(law, view, steps, &scratch, &(struct cache_sink){ .curves = &curve, .count = 1, .weight = 1 });
		curve_finish(&curve, 1);
		double ours = 1 - curve_value_at_point(&curve, 1), theirs = (double)old[i] / CACHES;
		ck_assert_msg(fabs(ours - theirs) < agreed, "%s, TTL %g, every %g s (law %d), at %g s: %.4f old, %.4f by questions",
			      law == CLASS_STORED ? "stored" : "client", view.ttl, view.class->interest.every_s, (int)view.class->interest.law,
			      probes->at[i], ours, theirs);
		curve_fini(&curve);
	}
	class_scratch_fini(&scratch);
}

static double check_last_stale(struct class_view view, const struct steps *steps, double *last)
{
	struct class_scratch scratch;
	struct curve curve;

	qsort(last, CACHES, sizeof(double), ascending);
	ck_assert_int_eq(class_scratch_init(&scratch, steps->count), ZT_OK);
	ck_assert_int_eq(curve_init_even(&curve, 1e-5, fmax(last[CACHES - 1], 1) * 1.001, POINTS), ZT_OK);
	class_add(CLASS_LAST_STALE, view, steps, &scratch, &(struct cache_sink){ .curves = &curve, .count = 1, .weight = 1 });
	curve_finish(&curve, 1);
	double worst = distance(last, CACHES, &curve);
	ck_assert_msg(worst < agreed, "TTL %g, every %g s (law %d), %zu steps: distance %.4f", view.ttl, view.class->interest.every_s,
		      (int)view.class->interest.law, steps->count, worst);
	curve_fini(&curve);
	class_scratch_fini(&scratch);
	return worst;
}

START_TEST(caches_asked_now_and_then_agree_with_playing_every_question)
{
	unsigned long long seed = suite_seed("caches_asked_now_and_then_agree_with_playing_every_question");
	double *last = malloc(CACHES * sizeof(*last)), largest = 0;
	struct rng rng;

	ck_assert_ptr_nonnull(last);
	rng_seed(&rng, seed);
	for (unsigned long i = 0; i < suite_rounds(ASKED_ROUNDS); i++) {
		double at[ORACLE_MAX_SERVERS], stale[ORACLE_MAX_SERVERS], weight[ORACLE_MAX_SERVERS], times[ORACLE_MAX_SERVERS];
		struct network net;
		struct oracle_probes probes;
		unsigned old_copy[ORACLE_PROBES] = { 0 }, old_answer[ORACLE_PROBES] = { 0 };
		double ttl = PICK(&rng, 20, 60, 300);
		/* No interval divides the TTL: a question just when a copy runs out is rounding's to decide. */
		struct oracle_asked asked = { ttl, ttl * PICK(&rng, .13, .37, 1.01, 2.5, 10), i % 3 == 2 };
		size_t count = random_times(&net, &rng, times, weight);
		struct steps steps = { steps_build(times, weight, count, at, stale), at, stale };
		for (size_t j = 0; j < ORACLE_PROBES; j++)
			probes.at[j] = (at[steps.count - 1] + ttl) * (double)(j + 1) / (ORACLE_PROBES + 1);
		for (size_t j = 0; j < CACHES; j++) {
			last[j] = oracle_asked_cache(&net, times, &asked, &rng, &probes);
			for (size_t k = 0; k < ORACLE_PROBES; k++) {
				old_copy[k] += probes.old_copy[k];
				old_answer[k] += probes.old_answer[k];
			}
		}
		struct cache_class class = { .share = 1, .max_ttl_s = HUGE_VAL,
			.interest = { asked.even ? INTEREST_EVEN : INTEREST_POISSON, asked.every_s } };
		struct class_view view = { &class, ttl };
		check_shares(CLASS_STORED, view, &steps, &probes, old_copy);
		check_shares(CLASS_CLIENT, view, &steps, &probes, old_answer);
		largest = fmax(largest, check_last_stale(view, &steps, last));
		network_fini(&net);
	}
	printf("# largest distance %.4f\n", largest);
	free(last);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("propest oracle");
	TCase *tests = tcase_create("agreement");
	tcase_add_test(tests, closed_form_and_fetching_caches_agree_for_given_server_times);
	tcase_add_test(tests, caches_asked_now_and_then_agree_with_playing_every_question);
	tcase_add_test(tests, model_and_oracle_agree_on_random_topologies);
	suite_add_tcase(suite, tests);
	return suite_run(suite);
}

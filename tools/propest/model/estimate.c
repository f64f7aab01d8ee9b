/* Running the estimate. */
#include "tools/propest/model/estimate.h"

#include <math.h>
#include <stdlib.h>

#include "tools/propest/model/bootstrap.h"
#include "tools/propest/model/class.h"
#include "tools/propest/model/draws.h"
#include "tools/propest/model/population.h"
#include "tools/propest/model/spread.h"

const double quantile_levels[QUANTILE_COUNT] = { .5, .9, .99, .999 };
const char *const quantile_names[QUANTILE_COUNT] = { "p50", "p90", "p99", "p99.9" };

enum { P99 = 2, ZOOM_POINTS = 1024, FACTOR_SAMPLES = 2500 };

/* The slowest of many caches besides the classes' laws. */
enum { LAW_ALL_CACHES = CLASS_CLIENT + 1 };

/* What one pass over the samples needs. */
struct pass {
	const struct draws *draws;
	uint64_t seed;
	bool without_errors;      /* of the quantiles */
	struct cache_class classes[CLASS_MAX];
	double ttl[CLASS_MAX];
	size_t class_count;
	struct class_scratch scratch;
	struct population population;
};

/* With `no_ttl` as if caches kept nothing. */
static int pass_init(struct pass *pass, const struct draws *draws, const struct estimate_input *input, bool no_ttl)
{
	*pass = (struct pass){ .draws = draws, .seed = input->seed, .class_count = cache_facts_class_count(&input->caches),
		.population = { .caches = input->cache_count } };
	for (size_t i = 0; i < pass->class_count; i++) {
		pass->classes[i] = cache_facts_class(&input->caches, i);
		pass->ttl[i] = no_ttl ? 0 : class_ttl(&pass->classes[i], input->caches.ttl_s);
	}
	return class_scratch_init(&pass->scratch, draws->server_count);
}

static void pass_fini(struct pass *pass)
{
	class_scratch_fini(&pass->scratch);
	free(pass->population.list.kinks);
}

static void add_classes(struct pass *pass, enum class_law law, const struct steps *steps, const struct cache_sink *sink)
{
	for (size_t i = 0; i < pass->class_count; i++)
		class_add(law, (struct class_view){ &pass->classes[i], pass->ttl[i] }, steps, &pass->scratch, sink);
}

/* Sums a law over the samples [from, to) into the sink's curves. */
static int pass_run(struct pass *pass, int law, const struct cache_sink *sink, size_t from, size_t to)
{
	struct cache_sink to_list = { .list = &pass->population.list, .weight = 1 };

	for (size_t i = from; i < to; i++) {
		const struct steps *steps = &pass->draws->steps[i];
		if (law == LAW_ALL_CACHES) {
			add_classes(pass, CLASS_LAST_STALE, steps, &to_list);
			population_add_slowest(&pass->population, sink);
		} else {
			add_classes(pass, (enum class_law)law, steps, sink);
		}
	}
	return pass->population.list.status;
}

/* Looks the quantiles of `law` up: roughly on the finished `coarse`, then on a fine grid inside the cell. */
static int zoom(struct pass *pass, int law, const struct curve *coarse, struct quantiles *out)
{
	struct curve fine[QUANTILE_COUNT] = { 0 };
	struct cache_sink sink = { .curves = fine, .count = QUANTILE_COUNT, .weight = 1 };
	int status = ZT_OK;

	for (size_t i = 0; i < QUANTILE_COUNT && status == ZT_OK; i++) {
		double low, high;
		curve_cross(coarse, quantile_levels[i], &low, &high);
		status = curve_init_even(&fine[i], low, high, ZOOM_POINTS);
	}
	if (status == ZT_OK)
		status = pass_run(pass, law, &sink, 0, pass->draws->count);
	for (size_t i = 0; i < QUANTILE_COUNT; i++) {
		if (status == ZT_OK)
			curve_finish(&fine[i], 1 / (double)pass->draws->count);
		if (status == ZT_OK)
			out->at[i] = curve_cross(&fine[i], quantile_levels[i], NULL, NULL);
		curve_fini(&fine[i]);
	}
	return status;
}

/* Block by block into `coarse`, which is finished; each block's own curve into the bootstrap. */
static int sum_blocks(struct pass *pass, int law, struct curve *coarse, struct bootstrap *bootstrap)
{
	size_t count = pass->draws->count, blocks = pass->without_errors ? 1 : count < BOOTSTRAP_BLOCKS ? count : BOOTSTRAP_BLOCKS;
	int status = ZT_OK;

	for (size_t i = 0; i < blocks && status == ZT_OK; i++) {
		size_t from = count * i / blocks, to = count * (i + 1) / blocks;
		struct curve block;
		status = curve_init_log(&block);
		if (status == ZT_OK)
			status = pass_run(pass, law, &(struct cache_sink){ .curves = &block, .count = 1, .weight = 1 }, from, to);
		if (status == ZT_OK) {
			curve_add(coarse, &block);
			if (!pass->without_errors) {
				curve_finish(&block, 1 / (double)(to - from));
				bootstrap_add(bootstrap, &block, to - from);
			}
		}
		curve_fini(&block);
	}
	curve_finish(coarse, 1 / (double)count);
	return status;
}

/* `coarse` is made; the caller frees it. */
static int law_quantiles(struct pass *pass, int law, struct curve *coarse, struct quantiles *out)
{
	struct bootstrap bootstrap = { 0 };
	struct bootstrap_levels levels = { quantile_levels, QUANTILE_COUNT, out->error };
	int status = curve_init_log(coarse);

	if (status == ZT_OK && !pass->without_errors)
		status = bootstrap_init(&bootstrap, coarse->count);
	if (status == ZT_OK)
		status = sum_blocks(pass, law, coarse, &bootstrap);
	if (status == ZT_OK && !pass->without_errors)
		bootstrap_errors(&bootstrap, coarse, pass->seed, &levels);
	bootstrap_fini(&bootstrap);
	return status == ZT_OK ? zoom(pass, law, coarse, out) : status;
}

static int ascending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return x < y ? -1 : x > y;
}

/* Sorts `times` and reads the quantiles off. */
static void sorted_quantiles(double *times, size_t count, struct quantiles *out)
{
	qsort(times, count, sizeof(*times), ascending);
	for (size_t i = 0; i < QUANTILE_COUNT; i++) {
		size_t rank = (size_t)ceil(quantile_levels[i] * (double)count);
		out->at[i] = times[rank > 0 ? rank - 1 : 0];
		out->error[i] = bootstrap_sorted(times, count, quantile_levels[i]);
	}
}

static int last_server(struct estimate *out, const struct draws *draws)
{
	double *last = malloc(draws->count * sizeof(*last));
	int status = curve_init_log(&out->server_curve);

	if (last && status == ZT_OK) {
		for (size_t i = 0; i < draws->count; i++) {
			last[i] = draws->steps[i].at[draws->steps[i].count - 1];
			curve_jump(&out->server_curve, last[i], 1);
		}
		curve_finish(&out->server_curve, 1 / (double)draws->count);
		sorted_quantiles(last, draws->count, &out->authoritative);
	}
	free(last);
	return last ? status : ZT_ENOMEM;
}

static int bounds(struct estimate *out, const struct estimate_input *input)
{
	const struct network *net = input->net;
	double *bound = calloc(net->server_count, sizeof(*bound));
	int status = bound ? bound_servers(net, bound) : ZT_ENOMEM;
	double last = 0;

	for (size_t i = 0; i < net->server_count && status == ZT_OK; i++) {
		out->servers[i].bound = bound[i];
		if (net->servers[i].is_public && net->servers[i].weight > 0)
			last = fmax(last, bound[i]);
	}
	free(bound);
	out->authoritative.bound = last;
	out->first_fresh.bound = out->last_stale.bound = out->all_caches.bound = out->stored.bound = out->client.bound = bound_caches(&input->caches, last);
	return status;
}

/* The p99 of last-stale with factors left out, from fewer samples than the estimate itself: only differences between such runs count. */
static int p99_without(const struct estimate_input *input, unsigned without, bool no_ttl, double *p99)
{
	struct draws draws;
	struct pass pass;
	struct curve coarse = { 0 };
	struct quantiles found = { 0 };
	size_t samples = input->samples < FACTOR_SAMPLES ? input->samples : FACTOR_SAMPLES;
	int status = draws_init(&draws, input->net, without, input->seed, samples);

	if (status != ZT_OK)
		return status;
	status = pass_init(&pass, &draws, input, no_ttl);
	pass.without_errors = true;
	if (status == ZT_OK)
		status = law_quantiles(&pass, CLASS_LAST_STALE, &coarse, &found);
	*p99 = found.at[P99];
	curve_fini(&coarse);
	pass_fini(&pass);
	draws_fini(&draws);
	return status;
}

static int later_first(const void *a, const void *b)
{
	const struct contributor *x = a, *y = b;
	return x->seconds > y->seconds ? -1 : x->seconds < y->seconds;
}

static int find_contributors(struct estimate *out, const struct estimate_input *input)
{
	static const unsigned without[FACTOR_COUNT] = {
		[FACTOR_LOSS] = SPREAD_LOSS, [FACTOR_SILENCE] = SPREAD_SILENCE, [FACTOR_OUTAGE] = SPREAD_OUTAGE,
		[FACTOR_TRANSFER] = SPREAD_TRANSFER, [FACTOR_PUBLISH] = SPREAD_PUBLISH,
	};
	struct contributor all[FACTOR_COUNT];
	double base, p99;
	int status = p99_without(input, 0, false, &base);

	for (int i = 0; i < FACTOR_COUNT && status == ZT_OK; i++) {
		status = p99_without(input, without[i], i == FACTOR_TTL, &p99);
		all[i] = (struct contributor){ i, base - p99 };
	}
	if (status != ZT_OK)
		return status;
	qsort(all, FACTOR_COUNT, sizeof(all[0]), later_first);
	/* Less than a millisecond is the arithmetic's noise. */
	while (out->contributor_count < CONTRIBUTOR_COUNT && all[out->contributor_count].seconds >= .001) {
		out->contributors[out->contributor_count] = all[out->contributor_count];
		out->contributor_count++;
	}
	return ZT_OK;
}

const char *estimate_factor_text(enum estimate_factor factor)
{
	static const char *const texts[FACTOR_COUNT] = {
		[FACTOR_TTL] = "ttl", [FACTOR_LOSS] = "loss", [FACTOR_SILENCE] = "no-notify", [FACTOR_OUTAGE] = "outage",
		[FACTOR_TRANSFER] = "transfer", [FACTOR_PUBLISH] = "notify-delay",
	};
	return texts[factor];
}

static int cache_stage(struct estimate *out, const struct estimate_input *input, const struct draws *draws)
{
	struct pass pass;
	struct curve all = { 0 }, stored = { 0 };
	int status = pass_init(&pass, draws, input, false);

	if (status != ZT_OK)
		return status;
	status = law_quantiles(&pass, CLASS_FIRST_FRESH, &out->first_curve, &out->first_fresh);
	if (status == ZT_OK)
		status = law_quantiles(&pass, CLASS_LAST_STALE, &out->last_curve, &out->last_stale);
	if (status == ZT_OK)
		status = law_quantiles(&pass, CLASS_CLIENT, &out->share_curve, &out->client);
	if (status == ZT_OK)
		status = law_quantiles(&pass, CLASS_STORED, &stored, &out->stored);
	if (status == ZT_OK && input->cache_count > 1)
		status = law_quantiles(&pass, LAW_ALL_CACHES, &all, &out->all_caches);
	else
		out->all_caches = out->last_stale;
	curve_fini(&all);
	curve_fini(&stored);
	pass_fini(&pass);
	return status;
}

int estimate_run(struct estimate *out, const struct estimate_input *input)
{
	struct draws draws;

	*out = (struct estimate){ .servers = calloc(input->net->server_count, sizeof(struct quantiles)) };
	if (!out->servers)
		return ZT_ENOMEM;
	int status = draws_init(&draws, input->net, 0, input->seed, input->samples);
	if (status != ZT_OK) {
		estimate_fini(out);
		return status;
	}
	out->expiry_share = draws.expiry_share;
	status = last_server(out, &draws);
	if (status == ZT_OK)
		status = cache_stage(out, input, &draws);
	for (size_t i = 0; i < draws.server_count; i++)
		sorted_quantiles(draws.times + i * draws.count, draws.count, &out->servers[i]);
	draws_fini(&draws);
	if (status == ZT_OK)
		status = bounds(out, input);
	if (status == ZT_OK && input->with_contributors)
		status = find_contributors(out, input);
	if (status != ZT_OK)
		estimate_fini(out);
	return status;
}

void estimate_fini(struct estimate *estimate)
{
	free(estimate->servers);
	curve_fini(&estimate->server_curve);
	curve_fini(&estimate->first_curve);
	curve_fini(&estimate->last_curve);
	curve_fini(&estimate->share_curve);
	*estimate = (struct estimate){ 0 };
}

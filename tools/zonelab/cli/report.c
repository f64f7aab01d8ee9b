/* What the latest change took. */
#include "tools/zonelab/cli/report.h"

#include <stdio.h>

static void number_write(char out[32], const struct tally *tally, const json_t *of, const char *key)
{
	const json_t *value = json_object_get(of, key);

	if (json_is_number(value))
		snprintf(out, 32, "%.3f", tally_took(tally, 0, json_number_value(value)));
	else
		snprintf(out, 32, "-");
}

static void row_print(const struct tally *tally, const char *what, double seconds, const json_t *predicted)
{
	char measured[32] = "not seen", p50[32], p90[32], p99[32], bound[32];

	if (seconds >= 0)
		snprintf(measured, sizeof(measured), "%.3f", seconds);
	number_write(p50, tally, predicted, "p50");
	number_write(p90, tally, predicted, "p90");
	number_write(p99, tally, predicted, "p99");
	number_write(bound, tally, predicted, "bound");
	if (predicted)
		printf("  %-32s %9s %9s %9s %9s %9s\n", what, measured, p50, p90, p99, bound);
	else
		printf("  %-32s %9s\n", what, measured);
}

void report_measured_print(const struct tally *tally, const struct tally_measured *measured, const json_t *prediction)
{
	if (prediction)
		printf("  %-32s %9s %9s %9s %9s %9s\n", "seconds", "measured", "p50", "p90", "p99", "bound");
	else
		printf("  %-32s %9s\n", "seconds", "measured");
	row_print(tally, "every server has it", measured->servers, json_object_get(prediction, "servers"));
	if (measured->cache_count > 0) {
		row_print(tally, "the first cache has it", measured->first_fresh, json_object_get(prediction, "first_fresh"));
		row_print(tally, "the last cache has it", measured->caches, json_object_get(prediction, "last_stale"));
	}
	if (!prediction)
		puts("There was no prediction yet when the change came: one is made when the watched\n"
		     "zone has been at rest for a moment. If propest failed, keeper.log says why.");
}

static void servers_print(const struct tally *tally)
{
	const struct tally_zone *zone = &tally->zones[tally->watched];

	printf("  %-32s %12s %12s\n", "server", "first served", "not before");
	for (uint32_t i = zone->first; i < zone->first + zone->count; i++) {
		const struct tally_server *server = &tally->servers[i];
		const char *name = tally->topology->nodes[server->node].name;
		if (tally_server_is_current(tally, server))
			printf("  %-32s %12.3f %12.3f\n", name, tally_took(tally, zone->changed, server->at),
			       tally_took(tally, zone->changed, server->since));
		else if (!tally->is_up[server->node] || server->trouble[0])
			printf("  %-32s %12s\n", name, tally->is_up[server->node] ? server->trouble : "down");
		else
			printf("  %-32s %12s\n", name, "not yet");
	}
}

static void seconds_write(char out[32], const struct tally *tally, double at)
{
	if (at >= 0)
		snprintf(out, 32, "%.3f", tally_took(tally, tally->zones[tally->watched].changed, at));
	else
		snprintf(out, 32, "-");
}

static void caches_print(const struct tally *tally)
{
	char fresh[32], stale[32];

	if (tally->cache_count > 0)
		printf("  %-32s %12s %12s %12s\n", "cache", "first fresh", "last stale", "returns");
	for (uint32_t i = 0; i < tally->cache_count; i++) {
		const struct tally_cache *cache = &tally->caches[i];
		seconds_write(fresh, tally, cache->first_fresh);
		seconds_write(stale, tally, cache->last_stale);
		printf("  %-32s %12s %12s %12u\n", tally->topology->nodes[cache->node].name, fresh, stale, cache->returns);
	}
}

static bool has_change(const struct tally *tally)
{
	return tally->has_watch && tally->zones[tally->watched].has_change;
}

void report_print(const struct tally *tally)
{
	const struct tally_zone *zone = &tally->zones[tally->watched];
	struct tally_measured measured = tally_measure(tally);

	if (!has_change(tally)) {
		puts("No change has been seen yet.");
		return;
	}
	printf("%s serial %u, seen at %s %.3f s after the lab's start (not before\n%.3f s); watched: %s %s. Seconds after the change was seen:\n", tally->topology->zones[tally->watched].text,
	       zone->serial, tally->topology->nodes[tally->servers[zone->first].node].name, tally_took(tally, 0, zone->changed),
	       tally_took(tally, 0, zone->not_before), tally->name, tally->type);
	servers_print(tally);
	caches_print(tally);
	report_measured_print(tally, &measured, tally->prediction);
}

static json_t *seconds_json(double seconds)
{
	return seconds >= 0 ? json_real(seconds) : json_null();
}

static json_t *servers_json(const struct tally *tally)
{
	const struct tally_zone *zone = &tally->zones[tally->watched];
	json_t *list = json_object();

	for (uint32_t i = zone->first; i < zone->first + zone->count; i++) {
		const struct tally_server *server = &tally->servers[i];
		bool is_current = tally_server_is_current(tally, server);
		json_object_set_new(list, tally->topology->nodes[server->node].name,
				    json_pack("{s:o, s:o}", "first_served", is_current ? json_real(tally_took(tally, zone->changed, server->at)) : json_null(),
					      "not_before", is_current ? json_real(tally_took(tally, zone->changed, server->since)) : json_null()));
	}
	return list;
}

static json_t *caches_json(const struct tally *tally)
{
	const double changed = tally->zones[tally->watched].changed;
	json_t *list = json_object();

	for (uint32_t i = 0; i < tally->cache_count; i++) {
		const struct tally_cache *cache = &tally->caches[i];
		json_object_set_new(list, tally->topology->nodes[cache->node].name,
				    json_pack("{s:o, s:o, s:I}", "first_fresh",
					      cache->first_fresh >= 0 ? json_real(tally_took(tally, changed, cache->first_fresh)) : json_null(), "last_stale",
					      cache->last_stale >= 0 ? json_real(tally_took(tally, changed, cache->last_stale)) : json_null(), "returns",
					      (json_int_t)cache->returns));
	}
	return list;
}

void report_print_json(const struct tally *tally)
{
	struct tally_measured measured = tally_measure(tally);
	json_t *report;

	if (!has_change(tally))
		report = json_pack("{s:n}", "change");
	else
		report = json_pack("{s:{s:s, s:I, s:f, s:f}, s:s, s:s, s:{s:o, s:o, s:o}, s:o, s:o, s:O?}", "change", "zone",
				   tally->topology->zones[tally->watched].text, "serial", (json_int_t)tally->zones[tally->watched].serial, "t",
				   tally->zones[tally->watched].changed, "not_before", tally->zones[tally->watched].not_before, "name", tally->name,
				   "type", tally->type, "measured", "servers", seconds_json(measured.servers), "first_fresh",
				   seconds_json(measured.first_fresh), "last_fresh", seconds_json(measured.caches), "servers", servers_json(tally),
				   "caches", caches_json(tally), "prediction", tally->prediction);
	json_dumpf(report, stdout, JSON_INDENT(1) | JSON_REAL_PRECISION(9));
	putchar('\n');
	json_decref(report);
}

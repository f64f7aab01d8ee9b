/* What a lab's events add up to. */
#include "tools/zonelab/cli/tally.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int tally_init(struct tally *tally, const struct topology *topology)
{
	uint32_t roles = topology_role_count(topology) + 1;

	*tally = (struct tally){
		.topology = topology, .speed = 1,
		.is_up = calloc(topology->node_count + 1, sizeof(*tally->is_up)),
		.servers = calloc(roles, sizeof(*tally->servers)),
		.zones = calloc(topology->zone_count + 1, sizeof(*tally->zones)),
		.caches = calloc(roles, sizeof(*tally->caches)),
	};
	if (!tally->is_up || !tally->servers || !tally->zones || !tally->caches) {
		tally_fini(tally);
		return ZT_ENOMEM;
	}
	for (uint32_t z = 0; z < topology->zone_count; z++) {
		const struct topology_zone *zone = &topology->zones[z];
		tally->zones[z] = (struct tally_zone){ .first = tally->server_count, .count = zone->secondary_count + 1 };
		for (uint32_t s = 0; s <= zone->secondary_count; s++)
			tally->servers[tally->server_count++] = (struct tally_server){
				.zone = z, .node = (uint32_t)(topology_server(zone, s) - topology->nodes),
			};
	}
	for (uint32_t i = 0; i < topology->node_count; i++) {
		const int width = (int)strlen(topology->nodes[i].name);
		tally->name_width = width > tally->name_width ? width : tally->name_width;
		if (topology_is_resolver(&topology->nodes[i]))
			tally->caches[tally->cache_count++] = (struct tally_cache){ .node = i, .first_fresh = -1, .last_stale = -1 };
	}
	return ZT_OK;
}

void tally_fini(struct tally *tally)
{
	for (uint32_t i = 0; i < tally->cache_count; i++)
		json_decref(tally->caches[i].value);
	json_decref(tally->target);
	json_decref(tally->prediction);
	free(tally->is_up);
	free(tally->servers);
	free(tally->zones);
	free(tally->caches);
	free(tally->name);
	free(tally->type);
	*tally = (struct tally){ 0 };
}

static const char *text_of(const json_t *event, const char *key)
{
	const char *text = json_string_value(json_object_get(event, key));
	return text ? text : "";
}

static double number_of(const json_t *event, const char *key, double fallback)
{
	const json_t *value = json_object_get(event, key);
	return json_is_number(value) ? json_number_value(value) : fallback;
}

/* The node count: there is no such node. */
static uint32_t node_of(const struct tally *tally, const json_t *event)
{
	const struct topology_node *node = topology_node(tally->topology, text_of(event, "node"));
	return node ? (uint32_t)(node - tally->topology->nodes) : tally->topology->node_count;
}

/* The copy of the event's zone that the event's node serves; the zone count: there is none. */
static uint32_t zone_of(const struct tally *tally, const json_t *event)
{
	uint8_t apex[NAME_MAX_LEN];
	const struct topology_node *node = topology_node(tally->topology, text_of(event, "node"));
	const struct topology_zone *zone = NULL;

	if (name_from_text(apex, text_of(event, "zone"), name_root) == ZT_OK)
		zone = node ? topology_zone_at(tally->topology, apex, node) : topology_zone(tally->topology, apex);
	return zone ? (uint32_t)(zone - tally->topology->zones) : tally->topology->zone_count;
}

static void trouble_set(char out[TALLY_TROUBLE_SIZE], const json_t *event)
{
	snprintf(out, TALLY_TROUBLE_SIZE, "%s", text_of(event, "trouble"));
}

static struct tally_cache *cache_of(const struct tally *tally, uint32_t node)
{
	for (uint32_t i = 0; i < tally->cache_count; i++) {
		if (tally->caches[i].node == node)
			return &tally->caches[i];
	}
	return NULL;
}

static void node_take(struct tally *tally, const json_t *event)
{
	uint32_t node = node_of(tally, event);
	struct tally_cache *cache = cache_of(tally, node);

	if (node == tally->topology->node_count)
		return;
	tally->is_up[node] = strcmp(text_of(event, "state"), "up") == 0;
	for (uint32_t i = 0; i < tally->server_count; i++) {
		if (tally->servers[i].node == node)
			tally->servers[i].is_known = false;
	}
	if (cache)
		cache->is_known = cache->is_fresh = false;
}

/* Who comes back with what it had has served it all along. */
static void server_take(const struct tally *tally, struct tally_server *server, const json_t *event)
{
	uint32_t serial = (uint32_t)json_integer_value(json_object_get(event, "serial"));

	if (server->has_served && server->serial == serial)
		return;
	server->has_served = true;
	server->serial = serial;
	server->at = tally->t;
	server->since = number_of(event, "since", tally->t);
}

static void serial_take(struct tally *tally, const json_t *event)
{
	uint32_t z = zone_of(tally, event), node = node_of(tally, event);

	if (z == tally->topology->zone_count)
		return;
	struct tally_zone *zone = &tally->zones[z];
	for (uint32_t i = zone->first; i < zone->first + zone->count; i++) {
		struct tally_server *server = &tally->servers[i];
		if (server->node != node)
			continue;
		server->is_known = true;
		trouble_set(server->trouble, event);
		if (!server->trouble[0])
			server_take(tally, server, event);
		if (i == zone->first && !server->trouble[0]) {
			zone->has_serial = true;
			zone->serial = server->serial;
		}
	}
}

static void change_take(struct tally *tally, const json_t *event)
{
	uint32_t z = zone_of(tally, event);

	if (z == tally->topology->zone_count)
		return;
	struct tally_zone *zone = &tally->zones[z];
	zone->has_serial = zone->has_change = true;
	zone->serial = (uint32_t)json_integer_value(json_object_get(event, "serial"));
	zone->changed = tally->t;
	zone->not_before = number_of(event, "since", tally->t);
	if (!tally->has_watch || z != tally->watched)
		return;
	tally->target_is_due = true;
	json_decref(tally->prediction);
	tally->prediction = NULL;
	for (uint32_t i = 0; i < tally->cache_count; i++) {
		tally->caches[i].first_fresh = tally->caches[i].last_stale = -1;
		tally->caches[i].returns = 0;
	}
}

/* Whether a cache's data is what is true now. */
static bool is_true(const struct tally *tally, const struct tally_cache *cache)
{
	return cache->is_known && !cache->trouble[0] && cache->value && tally->target && json_equal(cache->value, tally->target);
}

static void fresh_set(const struct tally *tally, struct tally_cache *cache, bool is_fresh)
{
	if (is_fresh && !cache->is_fresh)
		cache->fresh_since = tally->t;
	if (is_fresh && cache->first_fresh < 0)
		cache->first_fresh = tally->t;
	cache->is_fresh = is_fresh;
}

static void watch_begin(struct tally *tally, const json_t *event)
{
	free(tally->name);
	free(tally->type);
	tally->name = strdup(text_of(event, "name"));
	tally->type = strdup(text_of(event, "type"));
	tally->has_watch = tally->name && tally->type;
	json_decref(tally->prediction);
	tally->prediction = NULL;
	for (uint32_t i = 0; i < tally->cache_count; i++) {
		struct tally_cache *cache = &tally->caches[i];
		cache->is_known = cache->is_fresh = false;
		cache->first_fresh = cache->last_stale = -1;
		cache->returns = 0;
	}
}

static void watched_take(struct tally *tally, const json_t *event)
{
	uint32_t z = zone_of(tally, event);

	if (z == tally->topology->zone_count)
		return;
	if (!tally->has_watch || z != tally->watched || strcmp(tally->name, text_of(event, "name")) != 0 ||
	    strcmp(tally->type, text_of(event, "type")) != 0) {
		watch_begin(tally, event);
		tally->zones[z].has_change = false;      /* it was not followed for this name */
	}
	tally->watched = z;
	tally->target_is_due = !json_is_array(json_object_get(event, "target"));      /* the watch has begun just now */
	json_decref(tally->target);
	tally->target = tally->target_is_due ? NULL : json_incref(json_object_get(event, "target"));
	tally->target_ttl = number_of(event, "ttl", 0);
	for (uint32_t i = 0; i < tally->cache_count; i++) {
		struct tally_cache *cache = &tally->caches[i];
		fresh_set(tally, cache, is_true(tally, cache));
	}
}

static void answer_take(struct tally *tally, const json_t *event)
{
	struct tally_cache *cache = cache_of(tally, node_of(tally, event));

	if (!cache)
		return;
	const bool was_known = cache->is_known && !cache->trouble[0], was_fresh = cache->is_fresh;
	cache->is_known = true;
	json_decref(cache->value);
	cache->value = json_incref(json_object_get(event, "value"));
	cache->is_absent = json_is_true(json_object_get(event, "absent"));
	trouble_set(cache->trouble, event);
	fresh_set(tally, cache, json_is_true(json_object_get(event, "fresh")));
	cache->ttl = number_of(event, "ttl", 0);
	cache->at = tally->t;
	if (cache->is_fresh && was_known && !was_fresh)
		cache->last_stale = number_of(event, "since", tally->t);
	if (!cache->is_fresh && was_fresh && !cache->trouble[0])
		cache->returns++;
}

static void observing_take(struct tally *tally, const json_t *event)
{
	tally->speed = number_of(event, "speed", 1);
}

static void prediction_take(struct tally *tally, const json_t *event)
{
	if (!tally->has_watch || zone_of(tally, event) != tally->watched)
		return;
	json_decref(tally->prediction);
	tally->prediction = json_deep_copy(event);
}

void tally_take(struct tally *tally, const json_t *event)
{
	const struct {
		const char *name;
		void (*take)(struct tally *tally, const json_t *event);
	} kinds[] = {
		{ "node", node_take }, { "serial", serial_take }, { "change", change_take }, { "watched", watched_take },
		{ "answer", answer_take }, { "prediction", prediction_take }, { "observing", observing_take },
	};

	tally->t = number_of(event, "t", tally->t);
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (strcmp(text_of(event, "event"), kinds[i].name) == 0)
			kinds[i].take(tally, event);
	}
}

bool tally_server_is_current(const struct tally *tally, const struct tally_server *server)
{
	const struct tally_zone *zone = &tally->zones[server->zone];
	return server->is_known && !server->trouble[0] && zone->has_serial && server->serial == zone->serial;
}

bool tally_zone_is_current(const struct tally *tally, uint32_t z)
{
	const struct tally_zone *zone = &tally->zones[z];

	for (uint32_t i = zone->first; i < zone->first + zone->count; i++) {
		if (tally->is_up[tally->servers[i].node] && !tally_server_is_current(tally, &tally->servers[i]))
			return false;
	}
	return zone->has_serial;
}

bool tally_caches_are_fresh(const struct tally *tally)
{
	for (uint32_t i = 0; i < tally->cache_count; i++) {
		if (tally->is_up[tally->caches[i].node] && !tally->caches[i].is_fresh)
			return false;
	}
	return tally->has_watch && !tally->target_is_due;
}

static void servers_measure(const struct tally *tally, struct tally_measured *measured)
{
	const struct tally_zone *zone = &tally->zones[tally->watched];

	measured->server_count = zone->count;
	for (uint32_t i = zone->first; i < zone->first + zone->count; i++) {
		const struct tally_server *server = &tally->servers[i];
		if (!tally_server_is_current(tally, server))
			continue;
		measured->servers_current++;
		measured->servers = fmax(measured->servers, tally_took(tally, zone->changed, server->at));
	}
	if (!tally_zone_is_current(tally, tally->watched))
		measured->servers = -1;
}

static void caches_measure(const struct tally *tally, struct tally_measured *measured)
{
	const double changed = tally->zones[tally->watched].changed;

	measured->cache_count = tally->cache_count;
	measured->caches = measured->last_stale = 0;
	for (uint32_t i = 0; i < tally->cache_count; i++) {
		const struct tally_cache *cache = &tally->caches[i];
		const double first = tally_took(tally, changed, cache->first_fresh);
		measured->caches_fresh += cache->is_fresh;
		if (cache->first_fresh >= 0 && (measured->first_fresh < 0 || first < measured->first_fresh))
			measured->first_fresh = first;
		if (cache->is_fresh)
			measured->caches = fmax(measured->caches, tally_took(tally, changed, cache->fresh_since));
		measured->last_stale = fmax(measured->last_stale, tally_took(tally, changed, cache->last_stale));
	}
	if (!tally_caches_are_fresh(tally))
		measured->caches = -1;
}

struct tally_measured tally_measure(const struct tally *tally)
{
	struct tally_measured measured = { .servers = -1, .first_fresh = -1, .caches = -1 };

	if (!tally->has_watch || !tally->zones[tally->watched].has_change)
		return measured;
	servers_measure(tally, &measured);
	caches_measure(tally, &measured);
	return measured;
}

char *tally_value_to_text(const json_t *value, char *out, size_t size)
{
	size_t i, used = 0;
	const json_t *item;

	snprintf(out, size, "no data");
	json_array_foreach(value, i, item) {
		if (used < size)
			used += (size_t)snprintf(out + used, size - used, "%s%s", i > 0 ? ", " : "", json_string_value(item));
	}
	return out;
}

char *tally_cache_to_text(const struct tally_cache *cache, char *out, size_t size)
{
	if (!cache->is_known || cache->trouble[0])
		snprintf(out, size, "%s", cache->is_known ? cache->trouble : "not asked yet");
	else if (cache->is_absent)
		snprintf(out, size, "NXDOMAIN");
	else
		tally_value_to_text(cache->value, out, size);
	return out;
}

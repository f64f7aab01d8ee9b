/* The observer as a whole; who is asked what, and what answers mean, is observer_servers.c's and observer_caches.c's. */
#include "tools/zonelab/keeper/observer.h"

#include <stdlib.h>
#include <string.h>

#include "lib/dns/rrtype.h"
#include "tools/zonelab/keeper/observer_inner.h"

double observer_seconds(const struct observer *observer, usec_t at)
{
	return (double)(at - observer->config.origin) / USEC_PER_SEC;
}

const char *observer_node_name(const struct observer *observer, uint32_t node)
{
	return observer->config.topology->nodes[node].name;
}

void observer_ask(struct observer *observer, uint32_t node, const struct seen_question *question)
{
	uint8_t wire[SEEN_QUESTION_SIZE];
	size_t len = seen_question_write(question, wire);

	if (len > 0)
		observer->config.out.ask(observer->config.out.ctx, node, wire, len);
}

static void zones_fill(struct observer *observer)
{
	const struct topology *topology = observer->config.topology;

	for (uint32_t z = 0; z < topology->zone_count; z++) {
		const struct topology_zone *zone = &topology->zones[z];
		observer->zones[z] = (struct observed_zone){
			.zone = zone, .first = observer->server_count, .count = zone->secondary_count + 1, .servers_done = -1,
		};
		for (uint32_t s = 0; s <= zone->secondary_count; s++) {
			observer->servers[observer->server_count++] = (struct observed_server){
				.zone = z, .node = (uint32_t)(topology_server(zone, s) - topology->nodes), .shown = observer->config.origin,
			};
		}
	}
	observer->zone_count = topology->zone_count;
}

static void caches_fill(struct observer *observer)
{
	const struct topology *topology = observer->config.topology;

	for (uint32_t i = 0; i < topology->node_count; i++) {
		if (!topology_is_resolver(&topology->nodes[i]))
			continue;
		struct observed_cache *cache = &observer->caches[observer->cache_count++];
		cache->node = i;
		for (unsigned slot = 0; slot < CLIENT_SLOTS; slot++)
			cache->asked[slot] = -1;
	}
}

int observer_new(struct observer **out, const struct observer_config *config)
{
	struct observer *observer = calloc(1, sizeof(*observer));
	uint32_t roles = topology_role_count(config->topology) + 1;

	*out = observer;
	if (!observer)
		return ZT_ENOMEM;
	observer->config = *config;
	observer->is_up = calloc(config->topology->node_count + 1, sizeof(*observer->is_up));
	observer->servers = calloc(roles, sizeof(*observer->servers));
	observer->caches = calloc(roles, sizeof(*observer->caches));
	observer->zones = calloc(config->topology->zone_count + 1, sizeof(*observer->zones));
	if (!observer->is_up || !observer->servers || !observer->caches || !observer->zones) {
		observer_free(observer);
		*out = NULL;
		return ZT_ENOMEM;
	}
	rng_seed(&observer->rng, config->seed);
	zones_fill(observer);
	caches_fill(observer);
	observer->next_tick = config->origin;
	observer->caches_done = -1;
	return ZT_OK;
}

void observer_free(struct observer *observer)
{
	if (!observer)
		return;
	for (uint32_t i = 0; i < observer->cache_count; i++)
		seen_value_clear(&observer->caches[i].value);
	seen_value_clear(&observer->target);
	free(observer->is_up);
	free(observer->servers);
	free(observer->caches);
	free(observer->zones);
	free(observer);
}

void observer_on_node(struct observer *observer, uint32_t node, bool is_up, usec_t now)
{
	if (observer->is_up[node] == is_up)
		return;
	observer->is_up[node] = is_up;
	servers_on_node(observer, node);
	caches_on_node(observer, node, now);
	for (uint32_t z = 0; z < observer->zone_count; z++)
		zone_look(observer, z, now);
	if (is_up && observer->has_watch && observer->servers[observer->zones[observer->watched_zone].first].node == node)
		truth_doubt(observer, now);
}

void observer_on_answer(struct observer *observer, uint32_t node, const uint8_t *wire, size_t len, usec_t now)
{
	struct message message;

	if (message_read(&message, wire, len) != ZT_OK || !(message.flags & FLAG_QR) || message.count[SECTION_QUESTION] != 1)
		return;
	if (message.id & ID_CACHE)
		caches_on_answer(observer, node, &message, now);
	else if ((message.id & ID_INDEX) == ID_TRUTH)
		truth_on_answer(observer, &message, now);
	else
		servers_on_answer(observer, node, &message, now);
}

/* A tick that could not be kept is left out: nothing is made up for. */
static void ticks_pass(struct observer *observer, usec_t now)
{
	const usec_t length = OBSERVER_TICK_MS * USEC_PER_MSEC;
	usec_t passed = (now - observer->next_tick) / length + 1;

	observer->next_tick += passed * length;
	observer->tick += (uint64_t)passed;
}

void observer_on_time(struct observer *observer, usec_t now)
{
	if (now >= observer->next_tick) {
		ticks_pass(observer, now);
		servers_on_tick(observer, now);
		truth_on_tick(observer, now);
		caches_on_tick(observer, now);
	}
	caches_ask(observer, now);
}

usec_t observer_deadline(const struct observer *observer)
{
	usec_t client = caches_deadline(observer);
	return client < observer->next_tick ? client : observer->next_tick;
}

void observer_watch(struct observer *observer, const struct observer_watch *watch, usec_t now)
{
	if (observer->has_watch)
		observer->zones[observer->watched_zone].has_change = observer->zones[observer->watched_zone].is_pending = false;
	observer->has_watch = true;
	observer->watch = *watch;
	observer->watched_zone = (uint32_t)(watch->zone - observer->config.topology->zones);
	observer->zones[observer->watched_zone].has_change = observer->zones[observer->watched_zone].is_pending = false;
	observer->caches_done = -1;
	seen_value_clear(&observer->target);
	for (uint32_t i = 0; i < observer->cache_count; i++) {
		observer->caches[i].is_fresh = false;
		seen_value_clear(&observer->caches[i].value);
		for (unsigned slot = 0; slot < CLIENT_SLOTS; slot++)
			observer->caches[i].asked[slot] = -1;
		observer->caches[i].open = 0;
		observer->caches[i].next = now;
	}
	/* Before any answer, so that who reads the events knows which name answers are about. */
	target_tell(observer, json_array());
	truth_doubt(observer, now);
}

const struct observer_watch *observer_watched(const struct observer *observer)
{
	return observer->has_watch ? &observer->watch : NULL;
}

bool observer_is_at_rest(const struct observer *observer, usec_t now)
{
	const struct observed_zone *zone = &observer->zones[observer->watched_zone];

	return observer->has_watch && caches_are_fresh(observer) && (zone->servers_done >= 0 || now >= zone->restless_until);
}

bool observer_clocks(const struct observer *observer, struct facts_clocks *clocks)
{
	if (!observer->has_watch || !observer->target.list || !observer->zones[observer->watched_zone].primary_told)
		return false;
	const struct seen_serial *soa = &observer->zones[observer->watched_zone].soa;
	*clocks = (struct facts_clocks){
		.refresh = soa->refresh, .retry = soa->retry, .expire = soa->expire, .minimum = soa->minimum, .soa_ttl = soa->ttl,
		.ttl = observer->target.ttl,
	};
	return true;
}

bool observer_target_is_absent(const struct observer *observer)
{
	return observer->target.list && json_array_size(observer->target.list) == 0;
}

static json_t *serials_make(const struct observer *observer)
{
	json_t *serials = json_object();

	for (uint32_t i = 0; i < observer->server_count; i++) {
		const struct observed_server *server = &observer->servers[i];
		const char *zone = observer->zones[server->zone].zone->text;
		json_t *of_zone = json_object_get(serials, zone);
		if (!of_zone) {
			of_zone = json_object();
			json_object_set_new(serials, zone, of_zone);
		}
		json_object_set_new(of_zone, observer_node_name(observer, server->node),
				    server->is_known && !server->trouble ? json_integer(server->serial) : json_null());
	}
	return serials;
}

static json_t *answers_make(const struct observer *observer)
{
	json_t *answers = json_object();

	for (uint32_t i = 0; i < observer->cache_count; i++) {
		const struct observed_cache *cache = &observer->caches[i];
		if (!cache->value.list)
			continue;
		json_object_set_new(answers, observer_node_name(observer, cache->node),
				    json_pack("{s:O, s:I, s:o, s:f, s:s*}", "value", cache->value.list, "ttl", (json_int_t)cache->value.ttl, "fresh",
					      cache->value.trouble ? json_null() : json_boolean(cache->is_fresh), "t",
					      observer_seconds(observer, cache->at), "trouble", cache->value.trouble));
	}
	return answers;
}

void observer_state_add(const struct observer *observer, json_t *state)
{
	char name[NAME_TEXT_SIZE], type[RR_TYPE_TEXT_SIZE];

	json_object_set_new(state, "serials", serials_make(observer));
	json_object_set_new(state, "answers", answers_make(observer));
	if (!observer->has_watch)
		return;
	json_object_set_new(state, "watched",
			    json_pack("{s:s, s:s, s:s, s:O*}", "zone", observer->watch.zone->text, "name", name_to_text(observer->watch.name, name),
				      "type", rr_type_to_text(observer->watch.type, type), "target", observer->target.list));
}

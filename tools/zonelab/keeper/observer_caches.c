/* What clients of the resolvers are given, and what is true. */
#include "tools/zonelab/keeper/observer_inner.h"

#include <math.h>

#include "lib/dns/rrtype.h"

/* More than a second's difference is no rounding any more: the record was fetched again. */
enum { TTL_SLACK_S = 1 };

static bool cache_is_up(const struct observer *observer, const struct observed_cache *cache)
{
	return observer->is_up[cache->node];
}

bool caches_are_fresh(const struct observer *observer)
{
	if (observer->truth_is_due)
		return false;
	for (uint32_t i = 0; i < observer->cache_count; i++) {
		if (cache_is_up(observer, &observer->caches[i]) && !observer->caches[i].is_fresh)
			return false;
	}
	return true;
}

static bool is_fresh(const struct observer *observer, const struct seen_value *value)
{
	return value->list && !value->trouble && observer->target.list && seen_value_equal(value, &observer->target);
}

static void answer_tell(struct observer *observer, const struct observed_cache *cache, bool has_since, usec_t since)
{
	char name[NAME_TEXT_SIZE], type[RR_TYPE_TEXT_SIZE];
	json_t *event = json_pack("{s:s, s:s, s:s, s:s, s:O, s:I}", "event", "answer", "node", observer_node_name(observer, cache->node), "name",
				  name_to_text(observer->watch.name, name), "type", rr_type_to_text(observer->watch.type, type), "value",
				  cache->value.list, "ttl", (json_int_t)cache->value.ttl);

	/* What is true may not be known yet. */
	json_object_set_new(event, "fresh", cache->value.trouble || !observer->target.list ? json_null() : json_boolean(cache->is_fresh));
	if (cache->value.trouble)
		json_object_set_new(event, "trouble", json_string(cache->value.trouble));
	if (cache->value.is_absent)
		json_object_set_new(event, "absent", json_true());
	if (has_since)
		json_object_set_new(event, "since", json_real(observer_seconds(observer, since)));
	observer->config.out.tell(observer->config.out.ctx, event);
}

/* Takes `seen` over. */
static void cache_take(struct observer *observer, struct observed_cache *cache, struct seen_value *seen, usec_t now)
{
	const bool had_value = cache->value.list != NULL, was_fresh = cache->is_fresh;
	const usec_t since = cache->at;
	const double left = (double)cache->value.ttl - (double)(now - cache->at) / USEC_PER_SEC * observer->config.speed;
	bool is_news = !had_value || !seen_value_equal(&cache->value, seen) || (!seen->trouble && (double)seen->ttl > left + TTL_SLACK_S);

	seen_value_clear(&cache->value);
	cache->value = *seen;
	cache->at = now;
	cache->is_fresh = is_fresh(observer, seen);
	if (is_news || cache->is_fresh != was_fresh)
		answer_tell(observer, cache, had_value, since);
	if (cache->is_fresh != was_fresh)
		zone_look(observer, observer->watched_zone, now);
}

static void slot_close(struct observed_cache *cache, unsigned slot)
{
	cache->asked[slot] = -1;
	cache->open--;
}

/* A client goes away without an answer. If nobody got one since it came, that is what the cache gives. */
static void client_give_up(struct observer *observer, struct observed_cache *cache, unsigned slot, usec_t now)
{
	usec_t asked = cache->asked[slot];
	struct seen_value seen = { 0 };

	slot_close(cache, slot);
	if (cache->value.list && cache->at >= asked)
		return;
	seen_value_fail(&seen, "no answer");
	cache_take(observer, cache, &seen, now);
}

void caches_on_tick(struct observer *observer, usec_t now)
{
	for (uint32_t i = 0; i < observer->cache_count; i++) {
		struct observed_cache *cache = &observer->caches[i];
		for (unsigned slot = 0; slot < CLIENT_SLOTS && cache->open > 0; slot++) {
			if (cache->asked[slot] >= 0 && now - cache->asked[slot] >= OBSERVER_CLIENT_PATIENCE_MS * USEC_PER_MSEC)
				client_give_up(observer, cache, slot, now);
		}
	}
}

/* A client who finds no place takes that of the one who has waited longest, who then gives up. */
static void client_ask(struct observer *observer, uint32_t i, usec_t now)
{
	struct observed_cache *cache = &observer->caches[i];
	unsigned slot = cache->slot++ % CLIENT_SLOTS;

	if (cache->asked[slot] >= 0)
		client_give_up(observer, cache, slot, now);
	cache->asked[slot] = now;
	cache->open++;
	struct seen_question question = {
		.name = observer->watch.name, .type = observer->watch.type, .id = (uint16_t)(ID_CACHE | i << 5 | slot), .recurse = true,
	};
	observer_ask(observer, cache->node, &question);
}

static usec_t gap(struct observer *observer)
{
	return (usec_t)(-log(1 - rng_unit(&observer->rng)) / observer->config.client_rate * USEC_PER_SEC) + 1;
}

static bool has_clients(const struct observer *observer)
{
	return observer->has_watch && observer->config.client_rate > 0;
}

void caches_ask(struct observer *observer, usec_t now)
{
	for (uint32_t i = 0; has_clients(observer) && i < observer->cache_count; i++) {
		struct observed_cache *cache = &observer->caches[i];
		if (now - cache->next > USEC_PER_SEC)      /* nobody comes back for what was slept through */
			cache->next = now;
		while (cache_is_up(observer, cache) && cache->next <= now) {
			client_ask(observer, i, now);
			cache->next += gap(observer);
		}
	}
}

usec_t caches_deadline(const struct observer *observer)
{
	usec_t deadline = INT64_MAX;

	for (uint32_t i = 0; has_clients(observer) && i < observer->cache_count; i++) {
		const struct observed_cache *cache = &observer->caches[i];
		if (cache_is_up(observer, cache) && cache->next < deadline)
			deadline = cache->next;
	}
	return deadline;
}

void caches_on_answer(struct observer *observer, uint32_t node, const struct message *message, usec_t now)
{
	uint32_t i = (message->id & ~(uint32_t)ID_CACHE) / CLIENT_SLOTS;
	unsigned slot = message->id % CLIENT_SLOTS;

	if (!observer->has_watch || i >= observer->cache_count)
		return;
	struct observed_cache *cache = &observer->caches[i];
	if (cache->node != node || cache->asked[slot] < 0 || message->qtype != observer->watch.type ||
	    !name_equal(message->qname, observer->watch.name))
		return;
	struct seen_value seen = { 0 };
	slot_close(cache, slot);
	if (seen_value_read(&seen, message) == ZT_OK)
		cache_take(observer, cache, &seen, now);
}

void caches_on_node(struct observer *observer, uint32_t node, usec_t now)
{
	for (uint32_t i = 0; i < observer->cache_count; i++) {
		struct observed_cache *cache = &observer->caches[i];
		if (cache->node != node)
			continue;
		seen_value_clear(&cache->value);
		cache->is_fresh = false;
		cache->next = now;
		cache->open = 0;
		for (unsigned slot = 0; slot < CLIENT_SLOTS; slot++)
			cache->asked[slot] = -1;
	}
}

static uint32_t truth_node(const struct observer *observer)
{
	return observer->servers[observer->zones[observer->watched_zone].first].node;
}

static void truth_ask(struct observer *observer, usec_t now)
{
	struct seen_question question = { .name = observer->watch.name, .type = observer->watch.type, .id = ID_TRUTH };

	if (!observer->is_up[truth_node(observer)])
		return;
	observer->truth_is_open = true;
	observer->truth_asked = now;
	observer_ask(observer, truth_node(observer), &question);
}

void truth_doubt(struct observer *observer, usec_t now)
{
	observer->truth_is_due = true;
	truth_ask(observer, now);
}

void truth_on_tick(struct observer *observer, usec_t now)
{
	if (!observer->truth_is_due)
		return;
	if (!observer->truth_is_open || now - observer->truth_asked >= OBSERVER_PATIENCE_MS * USEC_PER_MSEC)
		truth_ask(observer, now);
}

/* What caches gave was right or wrong; names those for whom it is wrong now. */
static json_t *caches_judge(struct observer *observer)
{
	json_t *stale = json_array();

	for (uint32_t i = 0; i < observer->cache_count; i++) {
		struct observed_cache *cache = &observer->caches[i];
		cache->is_fresh = is_fresh(observer, &cache->value);
		if (cache_is_up(observer, cache) && cache->value.list && !cache->value.trouble && !cache->is_fresh)
			json_array_append_new(stale, json_string(observer_node_name(observer, cache->node)));
	}
	return stale;
}

void target_tell(struct observer *observer, json_t *stale)
{
	const struct observed_zone *zone = &observer->zones[observer->watched_zone];
	char name[NAME_TEXT_SIZE], type[RR_TYPE_TEXT_SIZE];
	json_t *serial = zone->has_serial ? json_integer(zone->serial) : json_null();

	json_t *target = observer->target.list ? json_incref(observer->target.list) : json_null();
	observer->config.out.tell(observer->config.out.ctx,
				  json_pack("{s:s, s:s, s:s, s:s, s:o, s:I, s:o, s:o}", "event", "watched", "zone", zone->zone->text, "name",
					    name_to_text(observer->watch.name, name), "type", rr_type_to_text(observer->watch.type, type), "target", target,
					    "ttl", (json_int_t)observer->target.ttl, "serial", serial, "stale", stale));
}

void truth_on_answer(struct observer *observer, const struct message *message, usec_t now)
{
	struct seen_value seen = { 0 };

	if (!observer->has_watch || !observer->truth_is_open || message->qtype != observer->watch.type ||
	    !name_equal(message->qname, observer->watch.name))
		return;
	observer->truth_is_open = false;
	if (!(message->flags & FLAG_AA) || seen_value_read(&seen, message) != ZT_OK || seen.trouble) {
		seen_value_clear(&seen);
		return;      /* asked again at the next tick */
	}
	seen_value_clear(&observer->target);
	observer->target = seen;
	observer->truth_is_due = false;
	target_tell(observer, caches_judge(observer));
	zone_look(observer, observer->watched_zone, now);
}

/* Who serves which serial. */
#include "tools/zonelab/keeper/observer_inner.h"

#include <string.h>

#include "lib/dns/serial.h"

enum { SILENT_AFTER = 3 };      /* questions */

static bool is_primary(const struct observer *observer, uint32_t i)
{
	return observer->zones[observer->servers[i].zone].first == i;
}

static bool lacks(const struct observed_zone *zone, const struct observed_server *server)
{
	return !server->is_known || server->trouble || server->serial != zone->serial;
}

static bool servers_have_it(const struct observer *observer, const struct observed_zone *zone)
{
	for (uint32_t i = zone->first; i < zone->first + zone->count; i++) {
		const struct observed_server *server = &observer->servers[i];
		if (observer->is_up[server->node] && lacks(zone, server))
			return false;
	}
	return zone->has_serial;
}

static json_t *down_list(const struct observer *observer, uint32_t z)
{
	const struct observed_zone *zone = &observer->zones[z];
	json_t *list = json_array();

	for (uint32_t i = zone->first; i < zone->first + zone->count; i++) {
		if (!observer->is_up[observer->servers[i].node])
			json_array_append_new(list, json_string(observer_node_name(observer, observer->servers[i].node)));
	}
	for (uint32_t i = 0; observer->has_watch && z == observer->watched_zone && i < observer->cache_count; i++) {
		if (!observer->is_up[observer->caches[i].node])
			json_array_append_new(list, json_string(observer_node_name(observer, observer->caches[i].node)));
	}
	return list;
}

static void converged_tell(struct observer *observer, uint32_t z)
{
	const struct observed_zone *zone = &observer->zones[z];
	const bool has_caches = observer->has_watch && z == observer->watched_zone && observer->cache_count > 0;
	json_t *caches = has_caches ? json_real((double)(observer->caches_done - zone->changed) / USEC_PER_SEC) : json_null();

	observer->config.out.tell(observer->config.out.ctx,
				  json_pack("{s:s, s:s, s:I, s:f, s:o, s:o}", "event", "converged", "zone", zone->zone->text, "serial",
					    (json_int_t)zone->serial, "servers_s", (double)(zone->servers_done - zone->changed) / USEC_PER_SEC,
					    "caches_s", caches, "down", down_list(observer, z)));
}

void zone_look(struct observer *observer, uint32_t z, usec_t now)
{
	struct observed_zone *zone = &observer->zones[z];
	const bool is_watched = observer->has_watch && z == observer->watched_zone;
	bool servers = servers_have_it(observer, zone), caches = !is_watched || caches_are_fresh(observer);

	if (!servers)
		zone->servers_done = -1;
	else if (zone->servers_done < 0)
		zone->servers_done = now;
	if (is_watched && !caches)
		observer->caches_done = -1;
	else if (is_watched && observer->caches_done < 0)
		observer->caches_done = now;
	if (!zone->has_change)
		return;
	if (!servers || !caches) {
		zone->is_pending = true;
	} else if (zone->is_pending) {
		zone->is_pending = false;
		converged_tell(observer, z);
	}
}

static void server_ask(struct observer *observer, uint32_t i, usec_t now)
{
	struct observed_server *server = &observer->servers[i];

	server->round ^= 1;
	server->is_open = true;
	server->asked = now;
	struct seen_question question = {
		.name = observer->zones[server->zone].zone->apex, .type = TYPE_SOA, .id = (uint16_t)(i | (server->round ? ID_ROUND : 0)),
	};
	observer_ask(observer, server->node, &question);
}

/* Everybody of the zone who is not being asked just now. */
static void others_ask(struct observer *observer, const struct observed_zone *zone, usec_t now)
{
	for (uint32_t i = zone->first + 1; i < zone->first + zone->count; i++) {
		if (observer->is_up[observer->servers[i].node] && !observer->servers[i].is_open)
			server_ask(observer, i, now);
	}
}

static void change_tell(struct observer *observer, uint32_t i, uint32_t serial)
{
	const struct observed_server *server = &observer->servers[i];
	const struct observed_zone *zone = &observer->zones[server->zone];

	observer->config.out.tell(observer->config.out.ctx,
				  json_pack("{s:s, s:s, s:I, s:s, s:f, s:b, s:I}", "event", "change", "zone", zone->zone->text, "serial",
					    (json_int_t)serial, "node", observer_node_name(observer, server->node), "since",
					    observer_seconds(observer, server->shown), "backward", (int)serial_is_newer(zone->serial, serial), "was",
					    (json_int_t)zone->serial));
}

/* A serial that the zone did not have: at the primary any other one, elsewhere one that is newer than all there were. */
static bool is_change(const struct observer *observer, uint32_t i, uint32_t serial)
{
	const struct observed_zone *zone = &observer->zones[observer->servers[i].zone];

	if (is_primary(observer, i))
		return serial != zone->serial && zone->primary_told;
	return serial_is_newer(serial, zone->serial) && serial_is_newer(serial, zone->newest);
}

static void zone_take(struct observer *observer, uint32_t i, const struct seen_serial *seen, usec_t now)
{
	struct observed_zone *zone = &observer->zones[observer->servers[i].zone];
	const bool was_first = !zone->has_serial;

	if (!was_first && is_change(observer, i, seen->serial)) {
		change_tell(observer, i, seen->serial);
		zone->has_change = zone->is_pending = true;
		zone->changed = now;
		zone->servers_done = -1;
		zone->serial = seen->serial;
	}
	if (was_first || is_primary(observer, i))
		zone->serial = seen->serial;
	if (was_first || serial_is_newer(seen->serial, zone->newest))
		zone->newest = seen->serial;
	zone->has_serial = true;
	if (is_primary(observer, i)) {
		zone->primary_told = true;
		zone->soa = *seen;
	}
}

static void serial_tell(struct observer *observer, uint32_t i, const struct seen_serial *seen)
{
	const struct observed_server *server = &observer->servers[i];
	const bool had_serial = server->is_known && !server->trouble;
	json_t *event = json_pack("{s:s, s:s, s:s}", "event", "serial", "zone", observer->zones[server->zone].zone->text, "node",
				  observer_node_name(observer, server->node));

	json_object_set_new(event, "serial", seen->trouble ? json_null() : json_integer(seen->serial));
	if (seen->trouble)
		json_object_set_new(event, "trouble", json_string(seen->trouble));
	else
		json_object_set_new(event, "by", json_string(seen->by == SEEN_BY_ZONEVERSION ? "zoneversion" : "soa"));
	if (server->is_known)
		json_object_set_new(event, "since", json_real(observer_seconds(observer, server->shown)));
	if (had_serial)
		json_object_set_new(event, "was", json_integer(server->serial));
	if (had_serial && !seen->trouble && serial_is_newer(server->serial, seen->serial))
		json_object_set_new(event, "backward", json_true());
	observer->config.out.tell(observer->config.out.ctx, event);
}

static bool is_like(const struct observed_server *server, const struct seen_serial *seen)
{
	if (server->trouble || seen->trouble)
		return server->trouble && seen->trouble && strcmp(server->trouble, seen->trouble) == 0;
	return server->serial == seen->serial;
}

/* What a server has told, or that it told nothing. */
static void server_take(struct observer *observer, uint32_t i, const struct seen_serial *seen, usec_t now)
{
	struct observed_server *server = &observer->servers[i];
	struct observed_zone *zone = &observer->zones[server->zone];
	const bool is_same = server->is_known && is_like(server, seen);
	const bool has_moved = !is_same && !seen->trouble;

	if (!seen->trouble)
		zone_take(observer, i, seen, now);
	if (!is_same) {
		serial_tell(observer, i, seen);
		server->is_known = true;
		server->trouble = seen->trouble;
		server->serial = seen->serial;
		zone->restless_until = now + OBSERVER_RESTLESS_MS * USEC_PER_MSEC;
	}
	server->shown = server->asked;
	if (has_moved && is_primary(observer, i)) {
		if (observer->has_watch && server->zone == observer->watched_zone)
			truth_doubt(observer, now);
		others_ask(observer, zone, now);
	}
	if (!is_same)
		zone_look(observer, server->zone, now);
}

void servers_on_answer(struct observer *observer, uint32_t node, const struct message *message, usec_t now)
{
	uint32_t i = message->id & ID_INDEX;

	if (i >= observer->server_count)
		return;
	struct observed_server *server = &observer->servers[i];
	const uint8_t *apex = observer->zones[server->zone].zone->apex;
	if (server->node != node || !server->is_open || !(message->id & ID_ROUND) != !server->round || message->qtype != TYPE_SOA ||
	    !name_equal(message->qname, apex))
		return;
	server->is_open = false;
	server->silent = 0;
	struct seen_serial seen = seen_serial_read(message, apex);
	server_take(observer, i, &seen, now);
}

static bool zone_is_restless(const struct observer *observer, uint32_t z, usec_t now)
{
	const struct observed_zone *zone = &observer->zones[z];

	return now < zone->restless_until || zone->servers_done < 0 ||
	       (observer->has_watch && z == observer->watched_zone && observer->caches_done < 0);
}

static void server_on_tick(struct observer *observer, uint32_t i, bool is_restless, usec_t now)
{
	struct observed_server *server = &observer->servers[i];

	if (!observer->is_up[server->node])
		return;
	if (server->is_open) {
		if (now - server->asked < OBSERVER_PATIENCE_MS * USEC_PER_MSEC)
			return;
		server->is_open = false;
		if (++server->silent == SILENT_AFTER)
			server_take(observer, i, &(struct seen_serial){ .trouble = "no answer" }, now);
	}
	/* Those at leisure do not all have their turn at the same tick. */
	if (is_restless || is_primary(observer, i) || (observer->tick + i) % OBSERVER_LEISURE_TICKS == 0)
		server_ask(observer, i, now);
}

void servers_on_tick(struct observer *observer, usec_t now)
{
	for (uint32_t z = 0; z < observer->zone_count; z++) {
		const struct observed_zone *zone = &observer->zones[z];
		const bool is_restless = zone_is_restless(observer, z, now);
		for (uint32_t i = zone->first; i < zone->first + zone->count; i++)
			server_on_tick(observer, i, is_restless, now);
	}
}

void servers_on_node(struct observer *observer, uint32_t node)
{
	for (uint32_t i = 0; i < observer->server_count; i++) {
		struct observed_server *server = &observer->servers[i];
		if (server->node != node)
			continue;
		server->is_known = server->is_open = false;
		server->trouble = NULL;
		server->silent = 0;
	}
}

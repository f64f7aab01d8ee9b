/* Delegations. */
#include "resolverd/resolve/deleg.h"

#include <string.h>

static const uint16_t address_types[] = { TYPE_A, TYPE_AAAA };

static bool add_server(struct deleg *deleg, const struct netaddr *addr)
{
	for (unsigned i = 0; i < deleg->server_count; i++) {
		if (netaddr_equal(&deleg->servers[i].addr, addr))
			return true;
	}
	if (deleg->server_count == DELEG_MAX_SERVERS)
		return false;
	deleg->servers[deleg->server_count++] = (struct server){ .addr = *addr };
	return true;
}

unsigned deleg_add_addresses(struct deleg *deleg, const struct policy *policy, const struct rrset *set)
{
	const uint8_t *at = set->rdata;
	unsigned added = 0;

	for (unsigned i = 0; i < set->count; i++) {
		uint16_t len;
		const uint8_t *ip = rrset_rdata_next(&at, &len);
		struct netaddr addr;
		memset(&addr, 0, sizeof(addr));
		if (set->type == TYPE_A && len == 4) {
			addr.family = AF_INET;
			memcpy(&addr.v4.sin_addr, ip, 4);
		} else if (set->type == TYPE_AAAA && len == 16) {
			addr.family = AF_INET6;
			memcpy(&addr.v6.sin6_addr, ip, 16);
		} else {
			continue;
		}
		netaddr_set_port(&addr, policy->upstream_port);
		if (policy_may_ask(policy, &addr) && add_server(deleg, &addr))
			added++;
	}
	return added;
}

static void add_targets(const struct context *ctx, struct deleg *deleg, const struct rrset *ns)
{
	const uint8_t *at = ns->rdata;

	for (unsigned i = 0; i < ns->count && deleg->target_count < NS_MAX; i++) {
		uint16_t len;
		const uint8_t *target = rrset_rdata_next(&at, &len);
		uint8_t *name = arena_copy(ctx->reader.arena, target, len);
		if (!name)
			return;
		name_lower(name);
		deleg->targets[deleg->target_count++] = (struct target){ .name = name };
	}
}

static struct deleg *deleg_new(const struct context *ctx, enum deleg_source source, const uint8_t *zone)
{
	struct deleg *deleg = arena_calloc(ctx->reader.arena, sizeof(*deleg));
	if (!deleg)
		return NULL;
	deleg->source = source;
	deleg->expires = INT64_MAX;
	deleg->zone = arena_copy(ctx->reader.arena, zone, name_len(zone));
	return deleg->zone ? deleg : NULL;
}

/* Fills in what the cache knows of targets that have no address. */
static void addresses_from_cache(const struct context *ctx, struct deleg *deleg)
{
	for (unsigned i = 0; i < deleg->target_count; i++) {
		struct target *target = &deleg->targets[i];
		unsigned found = 0;
		for (unsigned t = 0; t < 2 && target->state == TARGET_UNKNOWN; t++) {
			struct rrset *set = rrsets_get(&ctx->reader, target->name, address_types[t], TRUST_ADDITIONAL);
			found += set ? deleg_add_addresses(deleg, ctx->policy, set) : 0;
		}
		if (found > 0)
			target->state = TARGET_KNOWN;
	}
}

/* A zone whose only servers lie in itself and have no known address can only be reached through its parent. */
static bool is_usable(const struct deleg *deleg)
{
	if (deleg->server_count > 0)
		return true;
	for (unsigned i = 0; i < deleg->target_count; i++) {
		if (deleg->targets[i].state == TARGET_UNKNOWN && !name_is_within(deleg->targets[i].name, deleg->zone))
			return true;
	}
	return false;
}

static struct deleg *from_route(const struct context *ctx, const struct route *route)
{
	struct deleg *deleg = deleg_new(ctx, route->kind == ROUTE_STUB ? DELEG_STUB : DELEG_FORWARD, route->zone);

	for (uint32_t i = 0; deleg && i < route->server_count; i++)
		add_server(deleg, &route->servers[i]);
	return deleg;
}

static struct deleg *from_hints(const struct context *ctx)
{
	struct deleg *deleg = deleg_new(ctx, DELEG_HINTS, name_root);

	for (uint32_t i = 0; deleg && i < ctx->policy->hint_count; i++)
		add_server(deleg, &ctx->policy->hints[i]);
	return deleg;
}

static struct deleg *from_cache(const struct context *ctx, const uint8_t *zone)
{
	struct rrset *ns = rrsets_get(&ctx->reader, zone, TYPE_NS, TRUST_ADDITIONAL);
	struct deleg *deleg = ns ? deleg_new(ctx, DELEG_CACHE, zone) : NULL;

	if (!deleg)
		return NULL;
	deleg->expires = ns->expires;
	add_targets(ctx, deleg, ns);
	addresses_from_cache(ctx, deleg);
	return is_usable(deleg) ? deleg : NULL;
}

struct deleg *deleg_find(const struct context *ctx, const uint8_t *name)
{
	const struct route *route = policy_route(ctx->policy, name);

	if (route && route->kind == ROUTE_FORWARD)
		return from_route(ctx, route);
	for (const uint8_t *zone = name;; zone = name_parent(zone)) {
		if (route && name_equal(zone, route->zone))
			return from_route(ctx, route);
		struct deleg *deleg = from_cache(ctx, zone);
		if (deleg)
			return deleg;
		if (*zone == 0)
			return from_hints(ctx);
	}
}

struct deleg *deleg_from_referral(const struct context *ctx, const struct reply *reply)
{
	struct deleg *deleg = deleg_new(ctx, DELEG_REFERRAL, reply->ns->owner);

	if (!deleg)
		return NULL;
	deleg->expires = reply->ns->expires;
	add_targets(ctx, deleg, reply->ns);
	for (unsigned g = 0; g < reply->glue_count; g++) {
		if (deleg_add_addresses(deleg, ctx->policy, reply->glue[g]) == 0)
			continue;
		for (unsigned i = 0; i < deleg->target_count; i++) {
			if (name_equal(deleg->targets[i].name, reply->glue[g]->owner))
				deleg->targets[i].state = TARGET_KNOWN;
		}
	}
	addresses_from_cache(ctx, deleg);
	return deleg;
}

/* Knowledge about servers. */
#include "resolverd/cache/infra.h"

#include <string.h>

#include "lib/dns/name.h"

struct server_entry {
	struct cache_entry entry;
	struct server_state state;
};

usec_t infra_rto(const struct server_state *state)
{
	usec_t rto = state->known ? (usec_t)state->srtt_us + 4 * (usec_t)state->rttvar_us : RTO_UNKNOWN;

	if (rto < RTO_MIN)
		rto = RTO_MIN;
	for (unsigned i = 0; i < state->timeouts && rto < RTO_MAX; i++)
		rto *= 2;
	return rto < RTO_MAX ? rto : RTO_MAX;
}

/* Address and port as bytes. */
struct server_key {
	uint8_t bytes[16 + 2 + NAME_MAX_LEN];
	struct cache_key key;
};

static void server_key_make(struct server_key *self, const struct cache *cache, enum cache_kind kind, const struct netaddr *server)
{
	size_t len;
	const uint8_t *ip = netaddr_ip(server, &len);

	memcpy(self->bytes, ip, len);
	wire_put_u16(self->bytes + len, netaddr_port(server));
	self->key = (struct cache_key){
		.hash = netaddr_hash(server, cache->seed + kind),
		.tag = cache_tag(kind, 0, 0),
		.key_len = (uint16_t)(len + 2),
		.key = self->bytes,
	};
}

static void state_read(const struct cache_entry *entry, struct server_state *state, usec_t now)
{
	if (entry && entry->expires > now)
		*state = ((const struct server_entry *)entry)->state;
	else
		memset(state, 0, sizeof(*state));
	if (state->edns != EDNS_FULL && state->edns_until <= now)
		state->edns = EDNS_FULL;
}

void infra_get(struct cache *cache, const struct netaddr *server, struct server_state *state, usec_t now)
{
	struct server_key key;

	server_key_make(&key, cache, CACHE_SERVER, server);
	struct cache_shard *shard = cache_lock(cache, key.key.hash);
	state_read(cache_find(shard, &key.key), state, now);
	cache_unlock(shard);
}

/* One change to a server's state, applied while it is locked. */
struct change {
	enum { CHANGE_ANSWERED, CHANGE_TIMED_OUT, CHANGE_UNREACHABLE, CHANGE_EDNS } kind;
	usec_t rtt;
	enum edns_level edns;
};

static void apply_round_trip(struct server_state *state, usec_t rtt)
{
	uint32_t rtt_us = rtt < 0 ? 0 : rtt > 60 * USEC_PER_SEC ? (uint32_t)(60 * USEC_PER_SEC) : (uint32_t)rtt;

	if (!state->known) {
		state->srtt_us = rtt_us;
		state->rttvar_us = rtt_us / 2;
		state->known = true;
	} else {
		uint32_t error = rtt_us > state->srtt_us ? rtt_us - state->srtt_us : state->srtt_us - rtt_us;
		state->rttvar_us = (uint32_t)((3 * (uint64_t)state->rttvar_us + error) / 4);
		/* Good news is believed sooner: a server that is asked seldom because it was slow would take for ever otherwise. */
		uint64_t weight = rtt_us < state->srtt_us / 2 ? 1 : 7;
		state->srtt_us = (uint32_t)((weight * state->srtt_us + rtt_us) / (weight + 1));
	}
	state->timeouts = 0;
	state->dead_until = 0;
}

static void apply_time_out(struct server_state *state, usec_t now)
{
	if (state->timeouts < UINT8_MAX)
		state->timeouts++;
	if (state->timeouts < DEAD_AFTER)
		return;
	usec_t pause = DEAD_FIRST;
	for (unsigned i = DEAD_AFTER; i < state->timeouts && pause < DEAD_LAST; i++)
		pause *= 2;
	state->dead_until = now + (pause < DEAD_LAST ? pause : DEAD_LAST);
}

static void apply_edns(struct server_state *state, enum edns_level level, usec_t now)
{
	state->edns = (uint8_t)level;
	state->edns_until = now + EDNS_LIFE;
}

static void state_change(struct cache *cache, const struct netaddr *server, const struct change *change, usec_t now)
{
	struct server_key key;

	server_key_make(&key, cache, CACHE_SERVER, server);
	struct cache_shard *shard = cache_lock(cache, key.key.hash);
	struct cache_entry *entry = cache_find(shard, &key.key);
	bool is_new = !entry;
	if (is_new)
		entry = cache_entry_new(&key.key, sizeof(struct server_entry), 0);
	if (entry) {
		struct server_state *state = &((struct server_entry *)entry)->state;
		state_read(is_new ? NULL : entry, state, now);
		entry->expires = now + INFRA_LIFE;
		if (change->kind == CHANGE_ANSWERED)
			apply_round_trip(state, change->rtt);
		else if (change->kind == CHANGE_TIMED_OUT)
			apply_time_out(state, now);
		else if (change->kind == CHANGE_UNREACHABLE)
			state->dead_until = now + DEAD_LAST;
		else
			apply_edns(state, change->edns, now);
		if (is_new)
			cache_put_take(shard, entry, now);
	}
	cache_unlock(shard);
}

void infra_answered(struct cache *cache, const struct netaddr *server, usec_t rtt, usec_t now)
{
	struct change change = { .kind = CHANGE_ANSWERED, .rtt = rtt };
	state_change(cache, server, &change, now);
}

void infra_timed_out(struct cache *cache, const struct netaddr *server, usec_t now)
{
	struct change change = { .kind = CHANGE_TIMED_OUT };
	state_change(cache, server, &change, now);
}

void infra_unreachable(struct cache *cache, const struct netaddr *server, usec_t now)
{
	struct change change = { .kind = CHANGE_UNREACHABLE };
	state_change(cache, server, &change, now);
}

void infra_set_edns(struct cache *cache, const struct netaddr *server, enum edns_level level, usec_t now)
{
	struct change change = { .kind = CHANGE_EDNS, .edns = level };
	state_change(cache, server, &change, now);
}

/* A lame entry's key is the address and then the zone. */
static void lame_key_make(struct server_key *self, const struct cache *cache, const struct netaddr *server, const uint8_t *zone)
{
	server_key_make(self, cache, CACHE_LAME, server);
	size_t zone_len = name_copy(self->bytes + self->key.key_len, zone);
	name_lower(self->bytes + self->key.key_len);
	self->key.key_len = (uint16_t)(self->key.key_len + zone_len);
	self->key.hash ^= name_hash(zone, cache->seed);
}

void infra_set_lame(struct cache *cache, const struct netaddr *server, const uint8_t *zone, usec_t now)
{
	struct server_key key;

	lame_key_make(&key, cache, server, zone);
	struct cache_entry *entry = cache_entry_new(&key.key, sizeof(*entry), 0);
	if (!entry)
		return;
	entry->expires = now + LAME_LIFE;
	struct cache_shard *shard = cache_lock(cache, key.key.hash);
	cache_put_take(shard, entry, now);
	cache_unlock(shard);
}

bool infra_is_lame(struct cache *cache, const struct netaddr *server, const uint8_t *zone, usec_t now)
{
	struct server_key key;

	lame_key_make(&key, cache, server, zone);
	struct cache_shard *shard = cache_lock(cache, key.key.hash);
	const struct cache_entry *entry = cache_find(shard, &key.key);
	bool lame = entry && entry->expires > now;
	cache_unlock(shard);
	return lame;
}

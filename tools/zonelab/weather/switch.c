/* Routes, links, and the heap of packets under way. */
#include "tools/zonelab/weather/switch.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "tools/zonelab/weather/ip.h"
#include "tools/zonelab/weather/oversize.h"

enum { POOL_STEP = 64, HEAP_FIRST = 256, ROUTES_FIRST = 64 };

struct link {
	struct weather weather;
	struct weather_state state;
	struct switch_counts counts;
};

struct route {
	uint8_t address[16];
	uint8_t address_len;      /* 0 = free */
	uint16_t node;
};

/* Many packets in one block of memory. */
struct pool_block {
	struct pool_block *next;
	_Alignas(16) uint8_t packets[];
};

/* The heap's order is here, so that sifting reads no packets. */
struct entry {
	usec_t due;
	uint64_t number;
	struct packet *packet;
};

struct packet_switch {
	struct switch_config config;
	struct weather everywhere;            /* of links that are not made yet */
	struct link **links;                  /* nodes * nodes; NULL = nothing was sent or set */
	struct route *routes;                 /* open addressing, a power of two */
	size_t route_room, route_count;
	struct pool_block *blocks;
	struct packet *free;
	size_t packets, packet_stride;        /* in all blocks; bytes of each */
	struct entry *heap;
	size_t heap_len, heap_room;
	uint64_t number;
	struct switch_counts counts;
	switch_tap *tap;
	void *tap_ctx;
};

int switch_new(struct packet_switch **out, const struct switch_config *config)
{
	if (config->nodes == 0 || config->nodes > SWITCH_NODES_MAX || config->packet_size < OVERSIZE_ANSWER_MAX || config->packet_size > UINT16_MAX)
		return ZT_EINVAL;
	struct packet_switch *sw = calloc(1, sizeof(*sw));
	if (!sw)
		return ZT_ENOMEM;
	sw->config = *config;
	if (sw->config.packets_max == 0)
		sw->config.packets_max = SWITCH_PACKETS_MAX;
	sw->packet_stride = (sizeof(struct packet) + config->packet_size + 15) & ~(size_t)15;
	sw->links = calloc((size_t)config->nodes * config->nodes, sizeof(*sw->links));
	sw->routes = calloc(ROUTES_FIRST, sizeof(*sw->routes));
	sw->heap = calloc(HEAP_FIRST, sizeof(*sw->heap));
	sw->route_room = ROUTES_FIRST;
	sw->heap_room = HEAP_FIRST;
	if (!sw->links || !sw->routes || !sw->heap) {
		switch_free(sw);
		return ZT_ENOMEM;
	}
	*out = sw;
	return ZT_OK;
}

void switch_free(struct packet_switch *sw)
{
	if (!sw)
		return;
	for (size_t i = 0; sw->links && i < (size_t)sw->config.nodes * sw->config.nodes; i++)
		free(sw->links[i]);
	while (sw->blocks) {
		struct pool_block *block = sw->blocks;
		sw->blocks = block->next;
		free(block);
	}
	free(sw->links);
	free(sw->routes);
	free(sw->heap);
	free(sw);
}

void switch_set_tap(struct packet_switch *sw, switch_tap *tap, void *ctx)
{
	sw->tap = tap;
	sw->tap_ctx = ctx;
}

/* ---- routes */

static size_t route_hash(const uint8_t *address, size_t len)
{
	uint64_t words[2] = { len, 0 };

	memcpy(words, address, len < 8 ? len : 8);
	if (len == 16)
		memcpy(&words[1], address + 8, 8);
	uint64_t hash = (words[0] ^ (words[1] * UINT64_C(0x9e3779b97f4a7c15))) * UINT64_C(0xbf58476d1ce4e5b9);
	return (size_t)(hash ^ hash >> 29);
}

/* Where the address is, or would be. The table is never full. */
static struct route *route_place(const struct packet_switch *sw, const uint8_t *address, size_t len)
{
	size_t at = route_hash(address, len) & (sw->route_room - 1);

	while (sw->routes[at].address_len && (sw->routes[at].address_len != len || memcmp(sw->routes[at].address, address, len) != 0))
		at = (at + 1) & (sw->route_room - 1);
	return &sw->routes[at];
}

static int routes_grow(struct packet_switch *sw)
{
	struct route *old = sw->routes;
	size_t old_room = sw->route_room;
	struct route *routes = calloc(old_room * 2, sizeof(*routes));

	if (!routes)
		return ZT_ENOMEM;
	sw->routes = routes;
	sw->route_room = old_room * 2;
	for (size_t i = 0; i < old_room; i++) {
		if (old[i].address_len)
			*route_place(sw, old[i].address, old[i].address_len) = old[i];
	}
	free(old);
	return ZT_OK;
}

int switch_route(struct packet_switch *sw, const struct netaddr *address, unsigned node)
{
	size_t len;
	const uint8_t *ip = netaddr_ip(address, &len);

	if (len == 0 || node >= sw->config.nodes)
		return ZT_EINVAL;
	if (sw->route_count * 2 >= sw->route_room && routes_grow(sw) != ZT_OK)
		return ZT_ENOMEM;
	struct route *route = route_place(sw, ip, len);
	if (route->address_len)
		return route->node == node ? ZT_OK : ZT_EEXIST;
	memcpy(route->address, ip, len);
	route->address_len = (uint8_t)len;
	route->node = (uint16_t)node;
	sw->route_count++;
	return ZT_OK;
}

/* ---- links */

static struct link **link_place(const struct packet_switch *sw, unsigned from, unsigned to)
{
	return &sw->links[(size_t)from * sw->config.nodes + to];
}

static struct link *link_get(struct packet_switch *sw, unsigned from, unsigned to)
{
	struct link **place = link_place(sw, from, to);

	if (!*place) {
		*place = calloc(1, sizeof(**place));
		if (!*place)
			return NULL;
		(*place)->weather = sw->everywhere;
		weather_state_init(&(*place)->state, sw->config.seed, from, to);
	}
	return *place;
}

static void link_change(struct link *link, const struct weather *weather)
{
	link->weather = *weather;
	weather_state_changed(&link->state);
}

/* Links that are not there yet take it from `everywhere` when they are made. */
static void set_everywhere(struct packet_switch *sw, const struct weather *weather)
{
	sw->everywhere = *weather;
	for (size_t i = 0; i < (size_t)sw->config.nodes * sw->config.nodes; i++) {
		if (sw->links[i])
			link_change(sw->links[i], weather);
	}
}

int switch_set_weather(struct packet_switch *sw, unsigned from, unsigned to, const struct weather *weather)
{
	unsigned nodes = sw->config.nodes;

	if ((from >= nodes && from != SWITCH_ANY) || (to >= nodes && to != SWITCH_ANY))
		return ZT_EINVAL;
	if (from == SWITCH_ANY && to == SWITCH_ANY) {
		set_everywhere(sw, weather);
		return ZT_OK;
	}
	for (unsigned i = from == SWITCH_ANY ? 0 : from; i <= (from == SWITCH_ANY ? nodes - 1 : from); i++) {
		for (unsigned j = to == SWITCH_ANY ? 0 : to; j <= (to == SWITCH_ANY ? nodes - 1 : to); j++) {
			struct link *link = link_get(sw, i, j);
			if (!link)
				return ZT_ENOMEM;
			link_change(link, weather);
		}
	}
	return ZT_OK;
}

struct weather switch_weather(const struct packet_switch *sw, unsigned from, unsigned to)
{
	const struct link *link = from < sw->config.nodes && to < sw->config.nodes ? *link_place(sw, from, to) : NULL;
	return link ? link->weather : sw->everywhere;
}

/* ---- the pool */

static void pool_grow(struct packet_switch *sw)
{
	size_t count = sw->config.packets_max - sw->packets;

	if (count > POOL_STEP)
		count = POOL_STEP;
	struct pool_block *block = count ? malloc(sizeof(*block) + count * sw->packet_stride) : NULL;
	if (!block)
		return;
	block->next = sw->blocks;
	sw->blocks = block;
	sw->packets += count;
	for (size_t i = 0; i < count; i++)
		switch_return(sw, (struct packet *)(block->packets + i * sw->packet_stride));
}

struct packet *switch_packet(struct packet_switch *sw)
{
	if (!sw->free)
		pool_grow(sw);
	struct packet *packet = sw->free;
	if (packet)
		sw->free = packet->next;
	return packet;
}

void switch_return(struct packet_switch *sw, struct packet *packet)
{
	packet->next = sw->free;
	sw->free = packet;
}

/* ---- the heap: the earliest on top, four children each */

static bool is_before(const struct entry *a, const struct entry *b)
{
	return a->due != b->due ? a->due < b->due : a->number < b->number;
}

static bool heap_push(struct packet_switch *sw, struct packet *packet)
{
	if (sw->heap_len == sw->heap_room) {
		struct entry *heap = reallocarray(sw->heap, sw->heap_room * 2, sizeof(*heap));
		if (!heap)
			return false;
		sw->heap = heap;
		sw->heap_room *= 2;
	}
	struct entry entry = { .due = packet->due, .number = packet->number, .packet = packet };
	size_t at = sw->heap_len++;
	while (at > 0 && is_before(&entry, &sw->heap[(at - 1) / 4])) {
		sw->heap[at] = sw->heap[(at - 1) / 4];
		at = (at - 1) / 4;
	}
	sw->heap[at] = entry;
	return true;
}

static struct packet *heap_pop(struct packet_switch *sw)
{
	struct packet *top = sw->heap[0].packet;
	struct entry entry = sw->heap[--sw->heap_len];
	size_t at = 0;

	for (;;) {
		size_t first = at * 4 + 1, best = first;
		if (first >= sw->heap_len)
			break;
		for (size_t i = first + 1; i < first + 4 && i < sw->heap_len; i++) {
			if (is_before(&sw->heap[i], &sw->heap[best]))
				best = i;
		}
		if (!is_before(&sw->heap[best], &entry))
			break;
		sw->heap[at] = sw->heap[best];
		at = best;
	}
	sw->heap[at] = entry;
	return top;
}

/* ---- a packet's way */

static void count_fate(struct packet_switch *sw, struct link *link, enum fate fate)
{
	sw->counts.fates[fate]++;
	if (link)
		link->counts.fates[fate]++;
}

static void count_made(struct packet_switch *sw, struct link *link)
{
	sw->counts.made++;
	if (link)
		link->counts.made++;
}

static void drop(struct packet_switch *sw, struct link *link, struct packet *packet, enum fate fate)
{
	count_fate(sw, link, fate);
	switch_return(sw, packet);
}

/* What has a link's `from` and `to` by now. */
static void send_at(struct packet_switch *sw, struct link *link, struct packet *packet, usec_t due)
{
	packet->due = due;
	packet->number = sw->number++;
	if (!heap_push(sw, packet))
		drop(sw, link, packet, FATE_FULL);
}

static void show(const struct packet_switch *sw, const struct packet *packet, const struct weather_fate *fate, usec_t now)
{
	if (!sw->tap)
		return;
	struct sighting sighting = {
		.bytes = packet->bytes, .len = packet->len, .from = packet->from, .to = packet->to, .fate = fate->fate,
		.sent = now, .due = fate->count ? fate->at[0] : now,
	};
	sw->tap(sw->tap_ctx, &sighting);
}

/* One more packet of the switch's own making; NULL, counted as lost, when there is no room for it. */
static struct packet *make(struct packet_switch *sw, struct link *link, unsigned from, unsigned to)
{
	struct packet *packet = switch_packet(sw);

	count_made(sw, link);
	if (!packet) {
		count_fate(sw, link, FATE_FULL);
		return NULL;
	}
	packet->from = (uint16_t)from;
	packet->to = (uint16_t)to;
	return packet;
}

static void send_copies(struct packet_switch *sw, struct link *link, struct packet *packet, const struct weather_fate *fate)
{
	if (fate->count == 2) {
		struct packet *copy = make(sw, link, packet->from, packet->to);
		if (copy) {
			copy->len = packet->len;
			memcpy(copy->bytes, packet->bytes, packet->len);
			send_at(sw, link, copy, fate->at[1]);
		}
	}
	send_at(sw, link, packet, fate->at[0]);
}

static void send_fragments(struct packet_switch *sw, struct link *link, const struct packet *packet, usec_t now)
{
	for (size_t offset = 0;;) {
		struct weather_fate fate;
		struct packet *fragment = make(sw, link, packet->from, packet->to);
		if (!fragment)
			return;
		fragment->len = (uint32_t)oversize_fragment(packet->bytes, packet->len, link->weather.mtu, &offset, fragment->bytes);
		if (fragment->len == 0) {
			/* There was none left to make. */
			sw->counts.made--;
			link->counts.made--;
			switch_return(sw, fragment);
			return;
		}
		weather_step(&link->weather, &link->state, fragment->len, now, &fate);
		show(sw, fragment, &fate, now);
		if (fate.fate == FATE_DELIVERED)
			send_copies(sw, link, fragment, &fate);
		else
			drop(sw, link, fragment, fate.fate);
	}
}

static void answer_too_big(struct packet_switch *sw, struct link *link, const struct packet *packet, usec_t now)
{
	struct packet *answer = make(sw, link, packet->to, packet->from);

	if (!answer)
		return;
	answer->len = (uint32_t)oversize_answer(packet->bytes, packet->len, link->weather.mtu, answer->bytes);
	if (answer->len) {
		show(sw, answer, &(struct weather_fate){ .fate = FATE_DELIVERED, .count = 1, .at = { now } }, now);
		send_at(sw, link, answer, now);
	} else {
		sw->counts.made--;
		link->counts.made--;
		switch_return(sw, answer);
	}
}

static void forward(struct packet_switch *sw, struct link *link, struct packet *packet, const struct weather_fate *fate, usec_t now)
{
	if (fate->fate == FATE_DELIVERED) {
		send_copies(sw, link, packet, fate);
		return;
	}
	if (fate->fate == FATE_TOO_BIG) {
		if (oversize_may_fragment(packet->bytes, packet->len))
			send_fragments(sw, link, packet, now);
		else
			answer_too_big(sw, link, packet, now);
	}
	drop(sw, link, packet, fate->fate);
}

/* Where it shall go; FATE_DELIVERED when that is known. */
static enum fate find_way(const struct packet_switch *sw, struct packet *packet)
{
	struct ip_header ip;

	packet->to = SWITCH_NOBODY;
	if (!ip_read(packet->bytes, packet->len, &ip))
		return FATE_MALFORMED;
	/* What a sender has put behind the packet goes no further, so that one length counts everywhere. */
	packet->len = (uint32_t)(ip.payload + ip.payload_len - packet->bytes);
	if (ip_is_multicast(&ip))
		return FATE_MULTICAST;
	const struct route *route = route_place(sw, ip.destination, ip.address_len);
	if (!route->address_len)
		return FATE_NO_ROUTE;
	packet->to = route->node;
	return FATE_DELIVERED;
}

void switch_submit(struct packet_switch *sw, unsigned from, struct packet *packet, usec_t now)
{
	struct weather_fate fate = { .fate = FATE_DELIVERED };
	struct link *link = NULL;

	assert(from < sw->config.nodes && packet->len <= sw->config.packet_size);
	sw->counts.received++;
	packet->from = (uint16_t)from;
	fate.fate = find_way(sw, packet);
	if (fate.fate == FATE_DELIVERED) {
		link = link_get(sw, from, packet->to);
		fate.fate = FATE_FULL;
	}
	if (link) {
		link->counts.received++;
		weather_step(&link->weather, &link->state, packet->len, now, &fate);
	}
	show(sw, packet, &fate, now);
	if (link)
		forward(sw, link, packet, &fate, now);
	else
		drop(sw, NULL, packet, fate.fate);
}

void switch_overflow(struct packet_switch *sw)
{
	sw->counts.received++;
	sw->counts.fates[FATE_FULL]++;
}

usec_t switch_deadline(const struct packet_switch *sw)
{
	return sw->heap_len ? sw->heap[0].due : INT64_MAX;
}

struct packet *switch_next(struct packet_switch *sw, usec_t now)
{
	return sw->heap_len && sw->heap[0].due <= now ? heap_pop(sw) : NULL;
}

void switch_delivered(struct packet_switch *sw, struct packet *packet, bool was_taken)
{
	struct link *link = *link_place(sw, packet->from, packet->to);

	if (was_taken) {
		sw->counts.bytes += packet->len;
		if (link)
			link->counts.bytes += packet->len;
	}
	drop(sw, link, packet, was_taken ? FATE_DELIVERED : FATE_REFUSED);
}

size_t switch_under_way(const struct packet_switch *sw)
{
	return sw->heap_len;
}

void switch_counts(const struct packet_switch *sw, struct switch_counts *counts)
{
	*counts = sw->counts;
}

void switch_link_counts(const struct packet_switch *sw, unsigned from, unsigned to, struct switch_counts *counts)
{
	const struct link *link = *link_place(sw, from, to);
	*counts = link ? link->counts : (struct switch_counts){ .received = 0 };
}

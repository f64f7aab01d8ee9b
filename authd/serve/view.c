/* The workers' table of zones. */
#include "authd/serve/view.h"

#include <stdlib.h>

#include "lib/dns/edns.h"
#include "lib/dns/name.h"

static uint32_t table_size(uint32_t count)
{
	uint32_t size = 8;
	while (size < count * 2)      /* at most half full, so that misses end soon */
		size *= 2;
	return size;
}

static bool has_depth(const struct view *view, unsigned labels)
{
	return view->depths[labels / 64] >> labels % 64 & 1;
}

static void insert(struct view *view, struct served_zone *zone)
{
	uint64_t hash = name_hash(zone->apex, view->seed);
	uint32_t slot = (uint32_t)hash & view->mask;
	unsigned labels = name_label_count(zone->apex);

	while (view->slots[slot].zone)
		slot = (slot + 1) & view->mask;
	view->slots[slot] = (struct view_slot){ hash, zone };
	view->depths[labels / 64] |= UINT64_C(1) << labels % 64;
	if (labels > view->max_labels)
		view->max_labels = labels;
}

void serve_settings_init(struct serve_settings *settings)
{
	*settings = (struct serve_settings){ .udp_payload_size = EDNS_UDP_SIZE, .limit = { .workers = 1 } };
}

struct view *view_new(struct served_zone *const *zones, uint32_t count, uint64_t seed)
{
	struct view *view = calloc(1, sizeof(*view));
	uint32_t size = table_size(count);

	if (!view)
		return NULL;
	view->slots = calloc(size, sizeof(*view->slots));
	if (!view->slots) {
		free(view);
		return NULL;
	}
	view->mask = size - 1;
	view->seed = seed;
	view->zone_count = count;
	serve_settings_init(&view->settings);
	for (uint32_t i = 0; i < count; i++)
		insert(view, zones[i]);
	return view;
}

void view_free(struct view *view)
{
	if (!view)
		return;
	free(view->peers.slots);
	free(view->slots);
	free(view);
}

/* ---- servers we know --------------------------------------------------------------------------------------------------------------- */

/* The slot of a host, or the free one where it would stand. */
static struct netaddr *peer_slot(const struct view *view, const struct netaddr *peer)
{
	struct netaddr host = *peer;

	netaddr_set_port(&host, 0);
	uint32_t slot = (uint32_t)netaddr_hash(&host, view->seed) & view->peers.mask;
	while (netaddr_is_set(&view->peers.slots[slot]) && !netaddr_ip_equal(&view->peers.slots[slot], peer))
		slot = (slot + 1) & view->peers.mask;
	return &view->peers.slots[slot];
}

static int peers_grow(struct view *view)
{
	struct view_peers former = view->peers;
	uint32_t size = former.slots ? (former.mask + 1) * 2 : 8;
	struct netaddr *slots = calloc(size, sizeof(*slots));

	if (!slots)
		return ZT_ENOMEM;
	view->peers.slots = slots;
	view->peers.mask = size - 1;
	for (uint32_t i = 0; former.slots && i <= former.mask; i++) {
		if (netaddr_is_set(&former.slots[i]))
			*peer_slot(view, &former.slots[i]) = former.slots[i];
	}
	free(former.slots);
	return ZT_OK;
}

int view_add_peer(struct view *view, const struct netaddr *peer)
{
	int status = !view->peers.slots || view->peers.count * 2 > view->peers.mask ? peers_grow(view) : ZT_OK;

	if (status != ZT_OK)
		return status;
	struct netaddr *slot = peer_slot(view, peer);
	view->peers.count += !netaddr_is_set(slot);
	*slot = *peer;
	return ZT_OK;
}

bool view_knows_peer(const struct view *view, const struct netaddr *peer)
{
	return view->peers.slots && netaddr_is_set(peer_slot(view, peer));
}

/* ---- zones --------------------------------------------------------------------------------------------------------------------------- */

struct served_zone *view_get(const struct view *view, const uint8_t *apex)
{
	uint64_t hash = name_hash(apex, view->seed);
	uint32_t slot = (uint32_t)hash & view->mask;

	for (; view->slots[slot].zone; slot = (slot + 1) & view->mask) {
		if (view->slots[slot].hash == hash && name_equal(view->slots[slot].zone->apex, apex))
			return view->slots[slot].zone;
	}
	return NULL;
}

struct served_zone *view_find(const struct view *view, const uint8_t *name, bool parent_side)
{
	unsigned labels = name_label_count(name);
	struct served_zone *at_apex = NULL;
	const uint8_t *candidate = name;

	if (labels > view->max_labels) {
		candidate = name_strip(name, labels - view->max_labels);
		labels = view->max_labels;
	}
	for (;; candidate = name_parent(candidate), labels--) {
		struct served_zone *zone = has_depth(view, labels) ? view_get(view, candidate) : NULL;
		if (zone && parent_side && candidate == name)
			at_apex = zone;
		else if (zone)
			return zone;
		if (labels == 0)
			return at_apex;
	}
}

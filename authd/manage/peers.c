/* Showing who has what. */
#include "authd/manage/peers.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "authd/manage/primary_inner.h"
#include "lib/ctl/metrics.h"
#include "lib/dns/serial.h"

enum { LAGGARDS_SHOWN = 20 };

/* A peer and how far it is behind. */
struct lag {
	const struct netaddr *address;
	const uint8_t *key;                  /* of a stranger */
	const struct standing *standing;
	const struct courier *courier;       /* NULL: nothing is to be told */
	bool is_listed;
	bool is_behind;
	bool knows_versions;
	usec_t behind_wall;                  /* since when; 0 = not known */
	uint64_t versions;
};

/* How far a standing is behind what the zone serves. */
static void lag_measure(const struct primary *primary, struct lag *lag)
{
	struct journal_gap gap;

	lag->is_behind = primary->has_serial && !standing_has_reached(lag->standing, primary->serial);
	if (!lag->is_behind)
		return;
	lag->behind_wall = lag->courier ? lag->courier->behind_wall : 0;
	if (!lag->standing->has_seen ||
	    journal_history_since(primary->manage->journal, primary->entry->apex, lag->standing->seen_serial, &gap) != ZT_OK)
		return;
	lag->knows_versions = true;
	lag->versions = gap.versions;
	lag->behind_wall = gap.wall;
}

static struct lag target_lag(const struct primary *primary, const struct target *target)
{
	struct lag lag = { .address = &target->host->remote.address, .standing = &target->standing, .courier = target->courier, .is_listed = true };

	lag_measure(primary, &lag);
	return lag;
}

static struct lag stranger_lag(const struct primary *primary, const struct stranger *stranger)
{
	struct lag lag = { .address = &stranger->address, .key = stranger->key, .standing = &stranger->standing };

	lag_measure(primary, &lag);
	return lag;
}

/* ---- the rows of `peers` ------------------------------------------------------------------------------------------------------------ */

static int by_urgency(const void *a, const void *b)
{
	const struct lag *x = a, *y = b;

	if (x->is_listed != y->is_listed)
		return y->is_listed - x->is_listed;
	if (x->is_behind != y->is_behind)
		return y->is_behind - x->is_behind;
	if (x->is_behind && x->standing->has_seen != y->standing->has_seen)
		return x->standing->has_seen - y->standing->has_seen;
	if (x->is_behind && x->behind_wall != y->behind_wall)
		return x->behind_wall < y->behind_wall ? -1 : 1;
	return netaddr_compare(x->address, y->address);
}

static const char *peer_text(const struct lag *lag, char out[NETADDR_TEXT_SIZE])
{
	return lag->is_listed ? netaddr_to_text(lag->address, out) : netaddr_ip_to_text(lag->address, out);
}

static void ahead_reason(const struct primary *primary, char *out, size_t size)
{
	snprintf(out, size, "was seen with a newer serial than %" PRIu32 ", which is served here; was this server restored from a backup?", primary->serial);
}

static json_t *lag_json(const struct primary *primary, const struct lag *lag)
{
	const struct manage *manage = primary->manage;
	usec_t now = clock_now(manage->clock), wall = clock_wall(manage->clock);
	bool is_queued = lag->courier && lag->courier->sender.wake_at != NOTIFY_NEVER;
	double wait = is_queued ? (double)(lag->courier->sender.wake_at - now) / USEC_PER_SEC : 0;
	double behind = (double)(wall - lag->behind_wall) / USEC_PER_SEC;
	char address[NETADDR_TEXT_SIZE], reason[128] = "", key[NAME_TEXT_SIZE];

	if (lag->courier && lag->is_behind)
		courier_reason(lag->courier, reason, sizeof(reason));
	else if (primary_is_ahead(primary, lag->standing))
		ahead_reason(primary, reason, sizeof(reason));
	json_t *row = json_pack("{s:s, s:s}", "peer", peer_text(lag, address), "state",
				!lag->standing->has_seen ? "unknown" : lag->is_behind ? "behind" : primary_is_ahead(primary, lag->standing) ? "ahead" : "current");
	json_t *known = standing_json(lag->standing);
	json_t *queue = json_pack("{s:o, s:o, s:o, s:o, s:s?, s:b, s:s?}", "behind_versions",
				  lag->knows_versions ? json_integer((json_int_t)lag->versions) : json_null(), "behind_s",
				  lag->is_behind && lag->behind_wall ? json_real(behind > 0 ? behind : 0) : json_null(), "tries",
				  json_integer(lag->courier ? (json_int_t)lag->courier->sender.attempts : 0), "next_try_in_s",
				  is_queued ? json_real(wait > 0 ? wait : 0) : json_null(), "reason", reason[0] ? reason : NULL, "notified",
				  lag->is_listed, "key", lag->key ? name_to_text(lag->key, key) : NULL);
	if (!row || !known || !queue || json_object_update(row, known) != 0 || json_object_update(row, queue) != 0) {
		json_decref(row);
		row = NULL;
	}
	json_decref(known);
	json_decref(queue);
	return row;
}

json_t *peers_list(const struct zone_entry *entry)
{
	const struct primary *primary = entry->primary;
	uint32_t count = primary->count + primary->stranger_count;
	struct lag *lags = calloc(count + 1, sizeof(*lags));
	json_t *list = lags ? json_array() : NULL;

	for (uint32_t i = 0; list && i < count; i++)
		lags[i] = i < primary->count ? target_lag(primary, &primary->targets[i]) : stranger_lag(primary, &primary->strangers[i - primary->count]);
	if (list)
		qsort(lags, count, sizeof(*lags), by_urgency);
	for (uint32_t i = 0; list && i < count; i++) {
		if (json_array_append_new(list, lag_json(primary, &lags[i])) != 0) {
			json_decref(list);
			list = NULL;
		}
	}
	free(lags);
	return list;
}

json_t *peers_lagging(const struct zone_entry *entry, uint32_t serial)
{
	const struct primary *primary = entry->primary;
	json_t *list = json_array();
	char address[NETADDR_TEXT_SIZE];

	for (uint32_t i = 0; list && i < primary->count; i++) {
		const struct target *target = &primary->targets[i];
		char reason[128] = "not told yet";
		bool is_ahead = primary_is_ahead(primary, &target->standing);
		if (standing_has_reached(&target->standing, serial) && !is_ahead)
			continue;
		if (is_ahead)
			ahead_reason(primary, reason, sizeof(reason));
		else if (target->courier)
			courier_reason(target->courier, reason, sizeof(reason));
		json_array_append_new(list, json_pack("{s:s, s:o, s:s}", "peer", netaddr_to_text(&target->host->remote.address, address), "serial",
						      target->standing.has_seen ? json_integer(target->standing.seen_serial) : json_null(), "reason",
						      reason));
	}
	return list;
}

/* ---- metrics -------------------------------------------------------------------------------------------------------------------------- */

/* The longest behind, in order. */
struct laggards {
	const struct courier *list[LAGGARDS_SHOWN];
	unsigned count;
};

static void laggard_consider(struct laggards *laggards, const struct courier *courier)
{
	unsigned at = laggards->count;

	while (at > 0 && laggards->list[at - 1]->behind_wall > courier->behind_wall)
		at--;
	if (at == LAGGARDS_SHOWN)
		return;
	if (laggards->count < LAGGARDS_SHOWN)
		laggards->count++;
	memmove(&laggards->list[at + 1], &laggards->list[at], (laggards->count - 1 - at) * sizeof(laggards->list[0]));
	laggards->list[at] = courier;
}

static void laggards_find(struct laggards *laggards, const struct manage *manage)
{
	const struct courier *courier;

	laggards->count = 0;
	cds_list_for_each_entry(courier, hosts_couriers(manage->hosts), of_all) {
		const struct primary *primary = courier->primary;
		if (primary->has_serial && !standing_has_reached(&courier->target->standing, primary->serial))
			laggard_consider(laggards, courier);
	}
}

static void laggard_sample(struct buf *out, const char *name, const struct courier *courier, double value)
{
	char address[NETADDR_TEXT_SIZE];
	struct metrics_label labels[] = { { "zone", courier->primary->entry->name },
					  { "peer", netaddr_to_text(&courier->target->host->remote.address, address) }, { NULL, NULL } };

	metrics_sample(out, name, labels, value);
}

static double lag_seconds(const struct manage *manage, const struct courier *courier)
{
	double seconds = (double)(clock_wall(manage->clock) - courier->behind_wall) / USEC_PER_SEC;
	return seconds > 0 ? seconds : 0;
}

static void total(struct buf *out, const char *name, const char *help, double value)
{
	metrics_family(out, name, METRICS_GAUGE, help);
	metrics_sample(out, name, NULL, value);
}

void peers_fill(struct buf *out, const struct manage *manage)
{
	const struct hosts_counts *counts = hosts_counts(manage->hosts);
	struct laggards laggards;

	laggards_find(&laggards, manage);
	total(out, "authd_peers", "Pairs of a zone and a server that is notified of its changes.", (double)counts->pairs);
	total(out, "authd_peers_behind", "Of these, servers that were not seen at the zone's serial.", (double)counts->behind);
	total(out, "authd_zones_behind", "Zones that some notified server was not seen at.", (double)counts->zones_behind);
	total(out, "authd_peer_lag_worst_seconds", "How long the longest lagging server has lacked something.",
	      laggards.count > 0 ? lag_seconds(manage, laggards.list[0]) : 0);
	metrics_family(out, "authd_peer_lag_seconds", METRICS_GAUGE, "How long a server has lacked something, for the 20 longest.");
	for (unsigned i = 0; i < laggards.count; i++)
		laggard_sample(out, "authd_peer_lag_seconds", laggards.list[i], lag_seconds(manage, laggards.list[i]));
	metrics_family(out, "authd_peer_lag_versions", METRICS_GAUGE, "How many versions a server is behind, for the same, where the history tells.");
	for (unsigned i = 0; i < laggards.count; i++) {
		struct lag lag = target_lag(laggards.list[i]->primary, laggards.list[i]->target);
		if (lag.knows_versions)
			laggard_sample(out, "authd_peer_lag_versions", laggards.list[i], (double)lag.versions);
	}
}

/* The history and who may need it.
 *
 * The journal keeps what its bytes allow; where it must let go, it keeps what the slowest known server of a zone may ask for. A server counts as long as it was heard
 * of within the zone's SOA EXPIRE: after that it serves nothing any more and may as well take all of it.
 */
#include "authd/manage/reach.h"

#include "authd/manage/primary_inner.h"
#include "lib/ctl/metrics.h"
#include "lib/dns/serial.h"

enum { LOOKED_AT_MAX = 1000 };           /* servers that are behind, for a metric */

static uint32_t soa_expire(const struct zone_version *version)
{
	struct soa soa;

	return zone_version_soa_read(version, &soa) ? soa.expire : 0;
}

/* All servers of a zone, in the list or not. */
static const struct standing *standing_of(const struct primary *primary, uint32_t i, const struct netaddr **address)
{
	if (i < primary->count) {
		*address = &primary->targets[i].host->remote.address;
		return &primary->targets[i].standing;
	}
	i -= primary->count;
	if (i >= primary->stranger_count)
		return NULL;
	*address = &primary->strangers[i].address;
	return &primary->strangers[i].standing;
}

/* The server with the oldest serial of those that count and have one of ours; NULL: nobody counts. */
static const struct standing *slowest(const struct primary *primary, const struct netaddr **address)
{
	usec_t horizon = clock_wall(primary->manage->clock) - (usec_t)soa_expire(zone_current(primary->entry->zone)) * USEC_PER_SEC;
	const struct standing *standing, *found = NULL;
	const struct netaddr *its;

	for (uint32_t i = 0; (standing = standing_of(primary, i, &its)) != NULL; i++) {
		bool counts = standing->has_seen && standing->seen_wall >= horizon && !serial_is_newer(standing->seen_serial, primary->serial);
		if (!counts || (found && !serial_is_newer(found->seen_serial, standing->seen_serial)))
			continue;
		found = standing;
		*address = its;
	}
	return found;
}

void primary_hold(struct primary *primary)
{
	const struct netaddr *address;
	const struct standing *standing = primary->has_serial ? slowest(primary, &address) : NULL;

	journal_history_hold(primary->manage->journal, primary->entry->apex, standing ? &standing->seen_serial : NULL);
}

/* ---- what is shown ------------------------------------------------------------------------------------------------------------------- */

static const char *address_text(const struct primary *primary, uint32_t i, const struct netaddr *address, char out[NETADDR_TEXT_SIZE])
{
	return i < primary->count ? netaddr_to_text(address, out) : netaddr_ip_to_text(address, out);
}

/* Who would get the whole zone if it came now, and who a difference. */
static json_t *beyond_list(const struct primary *primary, const struct journal_history *history, json_int_t *within)
{
	struct manage *manage = primary->manage;
	const struct standing *standing;
	const struct netaddr *address;
	json_t *list = json_array();
	char text[NETADDR_TEXT_SIZE], wall[WALL_TEXT_SIZE];
	struct journal_gap gap;

	*within = 0;
	for (uint32_t i = 0; list && (standing = standing_of(primary, i, &address)) != NULL; i++) {
		bool is_current = !primary->has_serial || standing_has_reached(standing, primary->serial);
		if (is_current || (standing->has_seen && journal_history_since(manage->journal, primary->entry->apex, standing->seen_serial, &gap) == ZT_OK)) {
			++*within;
			continue;
		}
		bool is_older = history->count == 0 || !serial_is_newer(standing->seen_serial, history->oldest_serial);
		const char *reason = !standing->has_seen ? "was never seen" : is_older ? "its serial is older" : "its serial is none of this zone's versions";
		json_array_append_new(list, json_pack("{s:s, s:o, s:s?, s:s}", "peer", address_text(primary, i, address, text), "serial",
						      standing->has_seen ? json_integer(standing->seen_serial) : json_null(), "confirmed_at",
						      standing->seen_by ? wall_to_text(standing->seen_wall, wall) : NULL, "reason", reason));
	}
	return list;
}

json_t *reach_show(const struct zone_entry *entry)
{
	const struct primary *primary = entry->primary;
	struct manage *manage = primary->manage;
	struct journal_history history = { 0 };
	struct journal_gap gap = { 0 };
	char wall[WALL_TEXT_SIZE], text[NETADDR_TEXT_SIZE];
	const struct netaddr *address = NULL;
	json_int_t within = 0;

	if (journal_history_info(manage->journal, entry->apex, &history) != ZT_OK)
		history = (struct journal_history){ 0 };
	if (history.count > 0 && journal_history_since(manage->journal, entry->apex, history.oldest_serial, &gap) != ZT_OK)
		gap = (struct journal_gap){ 0 };
	const struct standing *standing = primary->has_serial ? slowest(primary, &address) : NULL;
	json_t *beyond = beyond_list(primary, &history, &within);
	double age = (double)(clock_wall(manage->clock) - gap.wall) / USEC_PER_SEC;
	return json_pack("{s:s, s:o, s:o, s:s?, s:o, s:I, s:I, s:I, s:s?, s:o, s:I, s:o}", "zone", entry->name, "serial",
			 primary->has_serial ? json_integer(primary->serial) : json_null(), "oldest_serial",
			 history.count > 0 ? json_integer(history.oldest_serial) : json_null(), "oldest_until_at",
			 gap.wall ? wall_to_text(gap.wall, wall) : NULL, "reach_s", gap.wall ? json_real(age > 0 ? age : 0) : json_null(), "versions",
			 (json_int_t)history.count, "bytes", (json_int_t)history.bytes, "limit_bytes", (json_int_t)manage->options->journal_size, "slowest_peer",
			 standing ? netaddr_to_text(address, text) : NULL, "slowest_serial", standing ? json_integer(standing->seen_serial) : json_null(),
			 "peers_within", within, "peers_beyond", beyond);
}

void reach_fill(struct buf *out, const struct manage *manage)
{
	const struct courier *courier;
	struct journal_gap gap;
	unsigned looked_at = 0, beyond = 0;

	cds_list_for_each_entry(courier, hosts_couriers(manage->hosts), of_all) {
		const struct standing *standing = &courier->target->standing;
		if (looked_at++ == LOOKED_AT_MAX)
			break;
		beyond += standing->has_seen &&
			  journal_history_since(manage->journal, courier->primary->entry->apex, standing->seen_serial, &gap) == ZT_ENOENT;
	}
	metrics_family(out, "authd_history_bytes", METRICS_GAUGE, "Bytes of history in the journal, of all zones.");
	metrics_sample(out, "authd_history_bytes", NULL, (double)journal_history_bytes(manage->journal));
	metrics_family(out, "authd_history_limit_bytes", METRICS_GAUGE, "Most bytes of history (journal-size).");
	metrics_sample(out, "authd_history_limit_bytes", NULL, (double)manage->options->journal_size);
	metrics_family(out, "authd_peers_beyond_history", METRICS_GAUGE,
		       "Servers that are behind and would need a longer history to get a difference, of at most 1000 that are looked at.");
	metrics_sample(out, "authd_peers_beyond_history", NULL, beyond);
}

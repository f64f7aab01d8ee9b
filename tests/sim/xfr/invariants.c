/* What must be true of replication after every step. */
#include "tests/sim/xfr/invariants.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "lib/dns/serial.h"
#include "tests/support/zone_text.h"

#define ANSWERS_WAY (120 * USEC_PER_SEC)
#define STORM_WINDOW (10 * USEC_PER_SEC)
enum { STEPS_AT_ONCE_MAX = 20000, STORM_QUESTIONS = 100, STORM_EACH_TARGET = 100 };

void invariants_fail(struct invariants *inv, const char *format, ...)
{
	va_list args;

	if (inv->failure[0])
		return;
	va_start(args, format);
	vsnprintf(inv->failure, sizeof(inv->failure), format, args);
	va_end(args);
}

void invariants_forgive(struct invariants *inv, unsigned server)
{
	inv->watches[server].has_zone = false;
}

static struct fingerprint soa_fingerprint(const struct zone_version *version)
{
	struct rrset soa = { 0 };

	if (!zone_version_soa(version, &soa))
		return (struct fingerprint){ 0 };
	return fingerprint_of(&zone_text_key, soa.rdata, soa.rdata_size);
}

static bool summary_equal(const struct zone_summary *a, const struct zone_summary *b)
{
	return a->count == b->count && fingerprint_equal(a->fingerprint, b->fingerprint);
}

/* ---- versions --------------------------------------------------------------------------------------------------------------------------- */

/* The ledger's entry of what a server serves; -1: nobody published that. */
static int ledger_find(const struct invariants *inv, const struct zone_version *version)
{
	uint32_t serial = zone_version_serial(version);
	struct zone_summary summary = zone_summary(version);
	struct fingerprint soa = soa_fingerprint(version);

	for (unsigned i = inv->count; i-- > 0;) {
		const struct ledger_entry *entry = &inv->ledger[i];
		if (entry->serial == serial && summary_equal(&entry->summary, &summary) && fingerprint_equal(entry->soa, soa))
			return (int)i;
	}
	return -1;
}

/* What the primary serves is the truth, if it is new. */
static int ledger_add(struct invariants *inv, const struct zone_version *version)
{
	uint32_t serial = zone_version_serial(version);

	for (unsigned i = 0; i < inv->count; i++) {
		if (inv->ledger[i].serial == serial && !inv->has_forked) {
			invariants_fail(inv, "the primary serves another version of serial %u than before", serial);
			return -1;
		}
	}
	if (inv->count == LEDGER_MAX) {
		invariants_fail(inv, "the scenario has more than %d versions", LEDGER_MAX);
		return -1;
	}
	inv->ledger[inv->count] = (struct ledger_entry){ serial, zone_summary(version), soa_fingerprint(version) };
	return (int)inv->count++;
}

static void version_check(struct invariants *inv, const struct replica *r)
{
	struct watch *watch = &inv->watches[r->config.node];
	const struct zone_version *version = zone_current(r->zone);
	struct zone_summary summary = zone_summary(version);
	uint32_t serial = zone_version_serial(version);

	if (!zone_version_apex(version)) {
		if (watch->has_zone)
			invariants_fail(inv, "server %u has lost its zone, serial %u", r->config.node, watch->serial);
		return;
	}
	if (watch->has_zone && watch->serial == serial && summary_equal(&watch->summary, &summary))
		return;
	int entry = ledger_find(inv, version);
	if (entry < 0 && r->config.primary_count == 0)
		entry = ledger_add(inv, version);
	if (entry < 0) {
		invariants_fail(inv, "server %u serves what nobody published as serial %u", r->config.node, serial);
		return;
	}
	if (watch->has_zone && !serial_is_newer(serial, watch->serial) && watch->set_back == r->set_back)
		invariants_fail(inv, "server %u goes from serial %u to %u", r->config.node, watch->serial, serial);
	watch->has_zone = true;
	watch->serial = serial;
	watch->summary = summary;
	watch->set_back = r->set_back;
	watch->held[entry / 64] |= UINT64_C(1) << entry % 64;
}

/* ---- beliefs ------------------------------------------------------------------------------------------------------------------------------ */

static bool has_held(const struct invariants *inv, unsigned server, uint32_t serial)
{
	for (unsigned i = 0; i < inv->count; i++) {
		if (inv->ledger[i].serial == serial && inv->watches[server].held[i / 64] >> i % 64 & 1)
			return true;
	}
	return false;
}

static void beliefs_check(struct invariants *inv, const struct replica *r)
{
	struct watch *watch = &inv->watches[r->config.node];

	for (unsigned i = 0; i < r->config.target_count; i++) {
		const struct notify_sender *sender = &r->targets[i].sender;
		if (sender->state == NOTIFY_SETTLED && sender->has_serial && !notify_sender_has_reached(sender, sender->serial))
			invariants_fail(inv, "server %u is at rest about server %u, which was never seen at serial %u", r->config.node,
					r->targets[i].node, sender->serial);
		if (!sender->has_seen || (watch->is_believed[i] && watch->believed[i] == sender->seen_serial))
			continue;
		if (!has_held(inv, r->targets[i].node, sender->seen_serial))
			invariants_fail(inv, "server %u believes that server %u has serial %u, which it never had", r->config.node,
					r->targets[i].node, sender->seen_serial);
		watch->is_believed[i] = true;
		watch->believed[i] = sender->seen_serial;
	}
}

/* ---- a step --------------------------------------------------------------------------------------------------------------------------------- */

static void progress_check(struct invariants *inv, usec_t now)
{
	inv->steps_at_once = inv->at == now ? inv->steps_at_once + 1 : 0;
	inv->at = now;
	if (inv->steps_at_once > STEPS_AT_ONCE_MAX)
		invariants_fail(inv, "%d steps without time going on", STEPS_AT_ONCE_MAX);
}

/* Whether `r` could hear from `primary` that its version is good. */
static bool could_confirm(const struct replica *r, const struct replica *primary)
{
	struct simnet *net = r->net;
	unsigned a = r->config.node, b = primary->config.node;

	return simnet_is_up(net, b) && !simnet_link(net, a, b)->cut && !simnet_link(net, b, a)->cut && !primary->is_expired &&
	       zone_version_apex(zone_current(primary->zone)) && !serial_is_newer(replica_serial(r), replica_serial(primary));
}

static void age_check(struct invariants *inv, const struct replica *r, const struct replica *replicas)
{
	struct watch *watch = &inv->watches[r->config.node];
	usec_t now = simnet_now(r->net);
	bool is_fresh = r->config.primary_count == 0 || !watch->has_zone;

	for (unsigned i = 0; i < r->config.primary_count && !is_fresh; i++)
		is_fresh = could_confirm(r, &replicas[r->config.primaries[i]]);
	for (unsigned i = 0; i < r->config.member_count && !is_fresh; i++)      /* it may have got a newer one there */
		is_fresh = could_confirm(r, &replicas[r->config.members[i]]);
	if (is_fresh)
		watch->fresh_at = now;
	watch->clock_jumped |= r->wall_offset != watch->wall_offset;
	watch->wall_offset = r->wall_offset;
	if (now - watch->fresh_at > r->config.soa_expire * USEC_PER_SEC + ANSWERS_WAY && simnet_is_up(r->net, r->config.node) && !r->is_expired &&
	    !watch->clock_jumped)
		invariants_fail(inv, "server %u still serves serial %u, of which it has heard nothing for longer than EXPIRE", r->config.node, watch->serial);
}

static void behaviour_check(struct invariants *inv, const struct replica *r)
{
	struct watch *watch = &inv->watches[r->config.node];
	usec_t now = simnet_now(r->net);
	unsigned most = STORM_QUESTIONS + r->config.target_count * STORM_EACH_TARGET;

	if (r->config.primary_count > 0 && simnet_is_up(r->net, r->config.node) && r->is_expired != r->refresh.expired)
		invariants_fail(inv, "server %u: expired is %d, its machine says %d", r->config.node, r->is_expired, r->refresh.expired);
	if (now - watch->sent_since > STORM_WINDOW) {
		watch->sent_since = now;
		watch->sent = r->counters.sent;
	}
	if (r->counters.sent - watch->sent > most)
		invariants_fail(inv, "server %u has sent more than %u messages in %d s", r->config.node, most, (int)(STORM_WINDOW / USEC_PER_SEC));
}

bool invariants_check(struct invariants *inv, const struct replica *replicas, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		version_check(inv, &replicas[i]);
		behaviour_check(inv, &replicas[i]);
		age_check(inv, &replicas[i], replicas);
		if (replicas[i].broken[0])
			invariants_fail(inv, "%s", replicas[i].broken);
	}
	for (unsigned i = 0; i < count; i++)
		beliefs_check(inv, &replicas[i]);
	progress_check(inv, simnet_now(replicas[0].net));
	return inv->failure[0] == '\0';
}

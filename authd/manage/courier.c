/* Messages to one server about one zone. */
#include "authd/manage/courier.h"

#include <stdio.h>
#include <stdlib.h>
#include <urcu/compiler.h>

#include "authd/manage/primary_inner.h"
#include "lib/dns/rcode.h"
#include "lib/dns/tsig.h"
#include "lib/dns/tsig_key.h"
#include "lib/xfr/xfr_edns.h"
#include "lib/xfr/xfr_in.h"

enum { MESSAGE_MAX = 1024, PLAIN_TRY = 2 };      /* after so many messages without an answer one goes without options */

static const char *address_text(const struct courier *courier, char out[NETADDR_TEXT_SIZE])
{
	return netaddr_to_text(&courier->target->host->remote.address, out);
}

static void notify_send(struct courier *courier, bool again);

/* ---- replies ------------------------------------------------------------------------------------------------------------------------- */

/* A server that has our serial with other content, as it says, has to repair that; we say it too, for its log may be far away. Until it has, its serial is no
 * evidence. */
static void diverged_note(struct courier *courier, const struct message *reply)
{
	const struct manage *manage = courier->primary->manage;
	const struct zone_version *version = zone_current(courier->primary->entry->zone);
	struct zsync ours = zsync_of_version(version, &manage->fingerprint_key);
	char address[NETADDR_TEXT_SIZE];
	struct xfr_edns said;

	xfr_edns_read(reply, &said);
	courier->has_diverged = said.has_zsync && said.zsync.serial == ours.serial && said.zsync.key_id == ours.key_id && !zsync_is_same(&said.zsync, &ours);
	if (courier->has_diverged)
		log_warn(manage->log, "zone %s: DIVERGED: %s has our serial %u with other content; it should now take ours", courier->primary->entry->name,
			 address_text(courier, address), ours.serial);
}

static void on_notify_reply(struct outbound_query *query, const uint8_t *wire, size_t len)
{
	struct courier *courier = caa_container_of(query, struct courier, notify);
	struct primary *primary = courier->primary;
	struct netaddr from = courier->target->host->remote.address;
	char address[NETADDR_TEXT_SIZE];
	struct message message;

	if (message_read(&message, wire, len) != ZT_OK || !notify_is_reply(&message, query->id, primary->entry->apex))
		return;
	unsigned rcode = message_rcode(&message);
	outbound_query_close(primary->manage->outbound, query);
	if (courier->says && (rcode == RCODE_FORMERR || rcode == RCODE_BADVERS)) {
		courier->is_plain = true;
		notify_send(courier, false);
		return;
	}
	diverged_note(courier, &message);
	if (rcode != RCODE_NOERROR && rcode != courier->sender.last_rcode)
		log_warn(primary->manage->log, "zone %s: %s answers NOTIFY with %s; it will not be told of changes until it accepts them from here",
			 primary->entry->name, address_text(courier, address), rcode_to_text(rcode));
	notify_sender_on_reply(&courier->sender, rcode, clock_now(primary->manage->clock));
	courier_run(courier);
	hosts_on_sign(primary->manage->hosts, &from, true);
}

static void on_probe_reply(struct outbound_query *query, const uint8_t *wire, size_t len)
{
	struct courier *courier = caa_container_of(query, struct courier, probe);
	struct primary *primary = courier->primary;
	struct netaddr from = courier->target->host->remote.address;
	struct message message;
	uint32_t serial = 0;
	unsigned rcode;

	if (message_read(&message, wire, len) != ZT_OK)
		return;
	int status = soa_reply_read(&message, query->id, primary->entry->apex, &serial, &rcode);
	if (status == ZT_EMALFORMED)
		return;
	outbound_query_close(primary->manage->outbound, query);
	courier->probe_rcode = status == ZT_OK ? RCODE_NOERROR : (uint16_t)rcode;
	bool is_other = courier->has_diverged && serial == zone_version_serial(zone_current(primary->entry->zone));
	if (status == ZT_OK && !is_other) {
		notify_sender_on_probe(&courier->sender, serial, clock_now(primary->manage->clock));
		primary_see(primary, courier->target, serial, TYPE_SOA);      /* the courier may be gone now */
	}
	hosts_on_sign(primary->manage->hosts, &from, true);
}

/* ---- messages ------------------------------------------------------------------------------------------------------------------------ */

/* What the zone is, is told to those who may have all of it, in the way that this goes. */
static int says_append(struct courier *courier, uint8_t *wire, size_t size, size_t *len)
{
	const struct zone_entry *entry = courier->primary->entry;
	const struct remote_options *remote = &courier->target->host->remote;
	struct acl_subject subject = { .remote = &remote->address, .key = remote->key ? tsig_key_name(remote->key) : NULL };
	const struct zone_version *version = zone_current(entry->zone);
	struct zsync ours = zsync_of_version(version, &courier->primary->manage->fingerprint_key);

	ours.flags = ZSYNC_RECONCILES;
	courier->says = !courier->is_plain && (remote->key || courier->sender.unanswered < PLAIN_TRY) && zone_version_apex(version) &&
			(remote->tls || !entry->options->transfer_tls_only) && acl_allows(entry->options->allow_transfer, &subject);
	return courier->says ? xfr_edns_append(&ours, false, wire, size, len) : ZT_OK;
}

static void notify_send(struct courier *courier, bool again)
{
	struct primary *primary = courier->primary;
	struct outbound *outbound = primary->manage->outbound;
	const struct zone_version *version = zone_current(primary->entry->zone);
	uint8_t wire[MESSAGE_MAX];
	struct rrset soa;
	size_t len;
	int status = ZT_OK;

	if (!again || !courier->notify.open)
		status = outbound_query_open(outbound, &courier->notify);
	struct notify_out notify = { courier->notify.id, primary->entry->apex, zone_version_soa(version, &soa) ? &soa : NULL };
	if (status == ZT_OK)
		status = notify_write(&notify, wire, sizeof(wire), &len);
	if (status == ZT_OK)
		status = says_append(courier, wire, sizeof(wire), &len);
	if (status == ZT_OK)
		status = outbound_query_send(outbound, &courier->notify, wire, len);
	if (status != ZT_OK) {
		char address[NETADDR_TEXT_SIZE];
		log_warn(primary->manage->log, "zone %s: cannot send NOTIFY to %s: %s; trying again, is there a route to it?", primary->entry->name,
			 address_text(courier, address), status_text(status));
		notify_sender_on_unreachable(&courier->sender, clock_now(primary->manage->clock));
	}
}

static void probe_send(struct courier *courier)
{
	struct primary *primary = courier->primary;
	struct outbound *outbound = primary->manage->outbound;
	uint8_t wire[MESSAGE_MAX];
	size_t len;

	/* A probe that is lost is followed by the next one. */
	int status = outbound_query_open(outbound, &courier->probe);
	if (status == ZT_OK)
		status = soa_query_write(wire, sizeof(wire), courier->probe.id, primary->entry->apex, &len);
	if (status == ZT_OK)
		status = outbound_query_send(outbound, &courier->probe, wire, len);
	if (status != ZT_OK)
		outbound_query_close(outbound, &courier->probe);
}

void courier_run(struct courier *courier)
{
	struct primary *primary = courier->primary;

	switch (notify_sender_step(&courier->sender, clock_now(primary->manage->clock), &primary->manage->rng)) {
	case NOTIFY_WAIT: break;
	case NOTIFY_SEND: notify_send(courier, false); break;
	case NOTIFY_RESEND: notify_send(courier, true); break;
	case NOTIFY_PROBE: probe_send(courier); break;
	}
	primary_wake_by(primary, courier->sender.wake_at);
}

bool courier_hurry(struct courier *courier, usec_t at)
{
	usec_t before = courier->sender.wake_at;

	notify_sender_on_sign(&courier->sender, at);
	if (courier->sender.wake_at >= before)
		return false;
	primary_wake_by(courier->primary, courier->sender.wake_at);
	return true;
}

/* ---- life ------------------------------------------------------------------------------------------------------------------------------ */

struct courier *courier_new(struct primary *primary, struct target *target)
{
	struct courier *courier = calloc(1, sizeof(*courier));

	if (!courier)
		return NULL;
	courier->primary = primary;
	courier->target = target;
	courier->notify.remote = courier->probe.remote = &target->host->remote;
	courier->notify.on_reply = on_notify_reply;
	courier->probe.on_reply = on_probe_reply;
	notify_sender_init(&courier->sender);
	courier->behind_wall = primary->entry->loaded_wall;
	cds_list_add_tail(&courier->of_host, &target->host->couriers);
	cds_list_add_tail(&courier->of_primary, &primary->couriers);
	cds_list_add_tail(&courier->of_all, hosts_couriers(primary->manage->hosts));
	return courier;
}

void courier_free(struct courier *courier)
{
	if (!courier)
		return;
	outbound_query_close(courier->primary->manage->outbound, &courier->notify);
	outbound_query_close(courier->primary->manage->outbound, &courier->probe);
	cds_list_del(&courier->of_host);
	cds_list_del(&courier->of_primary);
	cds_list_del(&courier->of_all);
	free(courier);
}

/* Of a server whose answers are not signed as they must be; the log says more. False: they are. */
static bool disbelief_text(const struct outbound_query *query, const char *question, char *out, size_t size)
{
	if (!query->remote->key || query->fault == TSIG_SOUND)
		return false;
	if (query->fault == TSIG_REFUSED)
		snprintf(out, size, "answers %s with %s; compare the %s (see the log)", question,
			 query->fault_error == RCODE_BADSIG ? "BADSIG" : rcode_to_text(query->fault_error), query->fault_error == RCODE_BADTIME ? "clocks" : "keys");
	else
		snprintf(out, size, "answers %s %s, so it is not believed (see the log)", question,
			 query->fault == TSIG_UNSIGNED ? "unsigned" : query->fault == TSIG_CLOCK ? "with BADTIME" : "with a wrong signature");
	return true;
}

void courier_reason(const struct courier *courier, char *out, size_t size)
{
	const struct notify_sender *sender = &courier->sender;

	if (disbelief_text(sender->state == NOTIFY_ACKNOWLEDGED ? &courier->probe : &courier->notify, sender->state == NOTIFY_ACKNOWLEDGED ? "SOA" : "NOTIFY", out, size))
		return;
	if (courier->has_diverged)
		snprintf(out, size, "DIVERGED: has our serial with other content");
	else if (sender->state == NOTIFY_ACKNOWLEDGED && sender->has_fetched && sender->fetched_serial == sender->serial)
		snprintf(out, size, "took the transfer, does not serve it yet");
	else if (sender->state == NOTIFY_ACKNOWLEDGED && courier->probe_rcode != RCODE_NOERROR)
		snprintf(out, size, "acknowledged NOTIFY, answers SOA with %s", rcode_to_text(courier->probe_rcode));
	else if (sender->state == NOTIFY_ACKNOWLEDGED)
		snprintf(out, size, "acknowledged NOTIFY, not yet seen with the serial");
	else if (sender->last_rcode != RCODE_NOERROR)
		snprintf(out, size, "answers NOTIFY with %s", rcode_to_text(sender->last_rcode));
	else if (sender->unanswered > 1)
		snprintf(out, size, "no answer to NOTIFY");
	else
		snprintf(out, size, "NOTIFY sent, no answer yet");
}

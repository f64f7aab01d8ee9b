/* NOTIFY messages that came to the workers. */
#include "authd/manage/notified.h"

#include "authd/manage/primary.h"
#include "authd/manage/secondary.h"
#include "lib/xfr/behind.h"
#include "lib/xfr/notify.h"
#include "lib/xfr/xfr_edns.h"

/* What to answer; *entry is the zone whose secondary is to be told, when it is RCODE_NOERROR. */
static enum rcode decide(const struct manage *manage, const struct request *request, const struct message *message, struct notify *notify,
			 struct zone_entry **entry)
{
	struct acl_subject subject = request_subject(request);
	struct behind behind;
	bool is_report = behind_read(&message->edns, &behind);

	switch (notify_read(message, notify)) {
	case ZT_OK: break;
	case ZT_EUNSUPPORTED: return RCODE_NOTIMP;
	default: return RCODE_FORMERR;
	}
	*entry = registry_get(&manage->registry, notify->apex);
	if (!*entry || ((*entry)->options->primaries_count == 0 && !is_report))
		return RCODE_NOTAUTH;
	/* The worker has looked at this already; the settings may have changed since. */
	if (!acl_allows((*entry)->options->allow_notify, &subject))
		return RCODE_REFUSED;
	return (*entry)->secondary || is_report ? RCODE_NOERROR : RCODE_SERVFAIL;
}

/* Somebody saw one of the zone's servers behind another (lib/xfr/behind.h): it is told again, as far as it is one that we tell. What is said is not believed;
 * where it is false that costs a message. */
static void reported(struct manage *manage, const struct request *request, struct zone_entry *entry, const struct behind *behind)
{
	char server[NETADDR_TEXT_SIZE], peer[NETADDR_TEXT_SIZE];
	unsigned count = primary_requeue(entry, &behind->server);

	if (log_limit_passes(&manage->log_refreshes, manage->log))
		log_info(manage->log, "zone %s: %s reports that %s has serial %u while others have %u; %s", entry->name, netaddr_ip_to_text(&request->peer, peer),
			 netaddr_to_text(&behind->server, server), behind->serial, behind->newest,
			 count > 0 ? "told again" : "it is not in the zone's notify list");
}

void notified_on_request(struct manage *manage, struct request *request)
{
	struct zone_entry *entry = NULL;
	struct message message;
	struct notify notify;
	struct xfr_edns said;
	struct behind behind;
	size_t len;

	if (message_read(&message, request->wire, request->wire_len) != ZT_OK)
		return;
	enum rcode rcode = decide(manage, request, &message, &notify, &entry);
	uint8_t *room = buf_reserve(&request->reply, EDNS_MIN_UDP_SIZE);
	if (room && notify_reply_write(room, EDNS_MIN_UDP_SIZE, &message, rcode, &len) == ZT_OK)
		request->reply.len += len;
	xfr_edns_read(&message, &said);
	if (rcode == RCODE_NOERROR && behind_read(&message.edns, &behind))
		reported(manage, request, entry, &behind);
	else if (rcode == RCODE_NOERROR)
		secondary_on_notify(entry, &request->peer, notify.has_serial ? &notify.serial : NULL, &said);
}

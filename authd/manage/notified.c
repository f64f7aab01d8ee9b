/* NOTIFY messages that came to the workers. */
#include "authd/manage/notified.h"

#include "authd/manage/secondary.h"
#include "lib/xfr/notify.h"
#include "lib/xfr/xfr_edns.h"

/* What to answer; *entry is the zone whose secondary is to be told, when it is RCODE_NOERROR. */
static enum rcode decide(const struct manage *manage, const struct request *request, const struct message *message, struct notify *notify,
			 struct zone_entry **entry)
{
	struct acl_subject subject = request_subject(request);

	switch (notify_read(message, notify)) {
	case ZT_OK: break;
	case ZT_EUNSUPPORTED: return RCODE_NOTIMP;
	default: return RCODE_FORMERR;
	}
	*entry = registry_get(&manage->registry, notify->apex);
	if (!*entry || (*entry)->options->primaries_count == 0)
		return RCODE_NOTAUTH;
	/* The worker has looked at this already; the settings may have changed since. */
	if (!acl_allows((*entry)->options->allow_notify, &subject))
		return RCODE_REFUSED;
	return (*entry)->secondary ? RCODE_NOERROR : RCODE_SERVFAIL;
}

void notified_on_request(struct manage *manage, struct request *request)
{
	struct zone_entry *entry = NULL;
	struct message message;
	struct notify notify;
	struct xfr_edns said;
	size_t len;

	if (message_read(&message, request->wire, request->wire_len) != ZT_OK)
		return;
	enum rcode rcode = decide(manage, request, &message, &notify, &entry);
	uint8_t *room = buf_reserve(&request->reply, EDNS_MIN_UDP_SIZE);
	if (room && notify_reply_write(room, EDNS_MIN_UDP_SIZE, &message, rcode, &len) == ZT_OK)
		request->reply.len += len;
	xfr_edns_read(&message, &said);
	if (rcode == RCODE_NOERROR)
		secondary_on_notify(entry, &request->peer, notify.has_serial ? &notify.serial : NULL, &said);
}

/* The small readers of transfers: a NOTIFY and its reply, the word that a server is behind, the answer to a SOA query, the serial in an IXFR question. One message is the input. */
#include <stdlib.h>

#include "lib/xfr/behind.h"
#include "lib/xfr/notify.h"
#include "lib/xfr/xfr_in.h"
#include "lib/xfr/xfr_out.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What is understood must be answerable. */
static void notify_answer(const struct message *message)
{
	uint8_t wire[512];
	struct message reply;
	size_t len;

	if (notify_reply_write(wire, sizeof(wire), message, RCODE_NOERROR, &len) != ZT_OK || message_read(&reply, wire, len) != ZT_OK ||
	    !notify_is_reply(&reply, message->id, message->qname))
		abort();
}

/* What is understood is what would be written. */
static void behind_repeat(const struct message *message)
{
	uint8_t wire[BEHIND_MESSAGE_MAX];
	struct wcursor out = wcursor_over(wire, sizeof(wire));
	struct behind first, second;
	struct message again;

	if (!behind_read(&message->edns, &first))
		return;
	if (behind_write(&first, message->qname, message->id, &out) != ZT_OK || message_read(&again, wire, out.pos) != ZT_OK ||
	    !behind_read(&again.edns, &second) || !netaddr_equal(&first.server, &second.server) || first.serial != second.serial)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct message message;
	struct notify notify;
	uint32_t serial;
	unsigned rcode;

	if (message_read(&message, data, size) != ZT_OK)
		return 0;
	if (notify_read(&message, &notify) == ZT_OK)
		notify_answer(&message);
	if (message.count[SECTION_QUESTION] > 0)
		behind_repeat(&message);
	bool is_reply = notify_is_reply(&message, 0x1234, (const uint8_t *)"\7example");
	int status = soa_reply_read(&message, 0x1234, (const uint8_t *)"\7example", &serial, &rcode);
	if (is_reply && status == ZT_OK)
		abort();
	status = xfr_client_serial(&message, &serial);
	return status == ZT_OK || status == ZT_EMALFORMED ? 0 : 1;
}

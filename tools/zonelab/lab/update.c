/* One dynamic UPDATE over UDP, repeated until it is answered: the same message twice does the same as once. */
#include "tools/zonelab/lab/update.h"

#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>

#include "lib/base/rng.h"
#include "lib/dns/message.h"
#include "lib/dns/writer.h"
#include "lib/net/udp.h"
#include "tools/zonelab/lab/door.h"

enum { TRIES = 5, REPLY_WAIT_MS = 1000 };

static int step_write(struct message_writer *writer, const struct update_change *change, uint16_t rr_class, uint32_t ttl)
{
	struct record_out record = { .owner = change->name, .type = change->type, .rr_class = rr_class, .ttl = ttl };
	if (rr_class != CLASS_ANY) {
		record.rdata = change->rdata;
		record.rdata_len = change->rdata_len;
	}
	return message_write_record(writer, SECTION_AUTHORITY, &record);
}

/* Zone and update sections; the update section stands where answers have their authority section. */
static int message_make(struct message_writer *writer, const struct topology_zone *zone, const struct update_change *change)
{
	int status = message_write_question(writer, zone->apex, TYPE_SOA, CLASS_IN);
	if (status == ZT_OK && change->delete_rrset)
		status = step_write(writer, change, CLASS_ANY, 0);
	if (status == ZT_OK && change->delete_record)
		status = step_write(writer, change, CLASS_NONE, 0);
	if (status == ZT_OK && change->add)
		status = step_write(writer, change, CLASS_IN, change->ttl);
	if (status == ZT_OK && change->has_level) {
		uint8_t option[LEVEL_QUESTION_LEN];
		level_question_write(&change->level, option);
		status = message_write_edns(writer, &(struct edns_out){ .udp_size = EDNS_UDP_SIZE, .options = option, .options_len = sizeof(option) });
	}
	return status;
}

/* What the reply says of levels. */
static void receipt_read(const struct message *message, struct update_result *result)
{
	const uint8_t *data;
	uint16_t len;

	result->has_receipt = level_answer_read(&message->edns, &result->receipt);
	result->text[0] = '\0';
	if (edns_option(&message->edns, EDNS_EDE, &data, &len) && len > 2)
		snprintf(result->text, sizeof(result->text), "%.*s", len - 2, (const char *)data + 2);
}

/* The reply with our id, if it is there. */
static int reply_take(struct udp_socket *sock, uint16_t id, struct update_result *result)
{
	uint8_t wire[4096];
	struct message message;

	for (;;) {
		size_t len = sizeof(wire);
		int status = udp_receive(sock, wire, &len, NULL);
		if (status != ZT_OK)
			return status;
		if (message_read(&message, wire, len) == ZT_OK && message.id == id && (message.flags & FLAG_QR)) {
			result->rcode = message_rcode(&message);
			receipt_read(&message, result);
			return ZT_OK;
		}
	}
}

int update_send(const struct lab *lab, const struct topology_zone *zone, const struct update_change *change, struct update_result *result)
{
	const struct clock *clock = clock_system();
	struct secure_rng rng;
	struct message_writer writer;
	struct udp_socket sock = { .fd = -1 };
	uint8_t out[4096];

	secure_rng_init(&rng);
	uint16_t id = secure_rng_u16(&rng);
	message_writer_init(&writer, out, sizeof(out), id, opcode_flags(OPCODE_UPDATE));
	int status = message_make(&writer, zone, change);
	if (status == ZT_OK)
		status = door_open(lab, zone->primary, SOCK_DGRAM | SOCK_NONBLOCK, &sock.fd);
	if (status != ZT_OK)
		return status;
	size_t len = message_writer_finish(&writer);
	status = ZT_ETIMEOUT;
	result->sent = clock_now(clock);
	int tries = TRIES + (change->has_level ? (int)(change->level.timeout_ms / REPLY_WAIT_MS) : 0);
	for (int i = 0; i < tries && status != ZT_OK; i++) {
		struct pollfd wait = { .fd = sock.fd, .events = POLLIN };
		status = udp_send(&sock, &zone->primary->address, out, len);
		poll(&wait, 1, REPLY_WAIT_MS);
		status = reply_take(&sock, id, result);
	}
	result->acknowledged = clock_now(clock);
	udp_close(&sock);
	return status == ZT_EAGAIN || status == ZT_EREFUSED ? ZT_ETIMEOUT : status;
}

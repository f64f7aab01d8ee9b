/* Datagrams, and the heads of messages. */
#include "tools/zonelab/weather/sniff.h"

#include <stdlib.h>

#include "lib/base/cursor.h"
#include "lib/dns/message.h"
#include "lib/xfr/reconcile.h"
#include "tools/zonelab/weather/oversize.h"
#include "tools/zonelab/weather/sniff_inner.h"

enum { EXCHANGES = 256 };

struct sniff {
	sniff_report *report;
	void *ctx;
	struct connections *connections;
	uint64_t keys[EXCHANGES];         /* 0 = free. Apart from the rest, because all are looked at for each answer */
	struct sniff_message exchanges[EXCHANGES];    /* bytes, begin and end are the question's */
	size_t open;
	usec_t next_tick;
};

const char *sniff_kind_text(enum sniff_kind kind)
{
	static const char *const texts[] = { "NOTIFY", "SOA", "IXFR", "AXFR", "UPDATE", "ZSYNC", "nothing" };
	return texts[kind];
}

static enum sniff_kind kind_of(unsigned opcode, unsigned type)
{
	if (opcode == OPCODE_NOTIFY)
		return SNIFF_NOTIFY;
	if (opcode == OPCODE_UPDATE)
		return SNIFF_UPDATE;
	if (opcode != OPCODE_QUERY)
		return SNIFF_NOTHING;
	switch (type) {
	case TYPE_SOA:
		return SNIFF_SOA;
	case TYPE_IXFR:
		return SNIFF_IXFR;
	case TYPE_AXFR:
		return SNIFF_AXFR;
	case RECONCILE_TYPE:
		return SNIFF_ZSYNC;
	default:
		return SNIFF_NOTHING;
	}
}

bool sniff_question_read(struct question *question, const uint8_t *message, size_t len)
{
	struct rcursor cur = rcursor_over(message, len);

	question->id = rcursor_u16(&cur);
	uint16_t flags = rcursor_u16(&cur), questions = rcursor_u16(&cur), answers = rcursor_u16(&cur);
	rcursor_take(&cur, 4);
	question->is_response = (flags & FLAG_QR) != 0;
	question->is_alone = (flags & (FLAG_RCODE_MASK | FLAG_TC)) != 0 || answers <= 1;
	question->has_question = questions == 1;
	question->kind = SNIFF_NOTHING;
	question->zone_len = 0;
	if (questions == 1) {
		question->zone_len = (uint8_t)name_read_plain(&cur, question->zone);
		question->kind = kind_of(flags_opcode(flags), rcursor_u16(&cur));
		rcursor_u16(&cur);
		if (cur.status == ZT_OK)
			name_lower(question->zone);
	}
	question->end = cur.pos;
	return cur.status == ZT_OK && questions <= 1;
}

int sniff_new(struct sniff **out, sniff_report *report, void *ctx)
{
	struct sniff *sniff = calloc(1, sizeof(*sniff));

	if (!sniff)
		return ZT_ENOMEM;
	sniff->report = report;
	sniff->ctx = ctx;
	sniff->connections = sniff_tcp_new(report, ctx);
	if (!sniff->connections) {
		free(sniff);
		return ZT_ENOMEM;
	}
	*out = sniff;
	return ZT_OK;
}

void sniff_free(struct sniff *sniff)
{
	if (!sniff)
		return;
	sniff_tcp_free(sniff->connections);
	free(sniff);
}

/* ---- datagrams */

/* Never 0: node and port of who asks, the server, the id. */
static uint64_t exchange_key(unsigned from, unsigned to, uint16_t port, uint16_t id)
{
	return (uint64_t)from << 48 | (uint64_t)to << 32 | (uint64_t)port << 16 | id | UINT64_C(1) << 63;
}

static void exchange_end(struct sniff *sniff, size_t at)
{
	sniff->report(sniff->ctx, &sniff->exchanges[at]);
	sniff->keys[at] = 0;
	sniff->open--;
}

/* A free place; the oldest exchange is given up for it if need be. */
static size_t exchange_place(struct sniff *sniff)
{
	size_t oldest = 0;

	for (size_t i = 0; i < EXCHANGES; i++) {
		if (sniff->keys[i] == 0)
			return i;
		if (sniff->exchanges[i].begin < sniff->exchanges[oldest].begin)
			oldest = i;
	}
	exchange_end(sniff, oldest);
	return oldest;
}

static size_t exchange_find(const struct sniff *sniff, uint64_t key)
{
	size_t i = 0;
	while (i < EXCHANGES && sniff->keys[i] != key)
		i++;
	return i;
}

static void fill(struct sniff_message *message, const struct question *question, const struct sighting *sighting, size_t bytes)
{
	*message = (struct sniff_message){
		.kind = question->kind, .from = (uint16_t)sighting->from, .to = (uint16_t)sighting->to, .is_dropped = sighting->fate != FATE_DELIVERED,
		.zone_len = question->zone_len, .bytes = bytes, .begin = sighting->sent, .end = sighting->due,
	};
	memcpy(message->zone, question->zone, question->zone_len);
}

static void datagram_question(struct sniff *sniff, const struct sighting *sighting, const struct question *question, uint16_t port, size_t bytes)
{
	struct sniff_message message;

	fill(&message, question, sighting, bytes);
	if (question->kind == SNIFF_NOTIFY || message.is_dropped) {
		sniff->report(sniff->ctx, &message);
		return;
	}
	uint64_t key = exchange_key(sighting->from, sighting->to, port, question->id);
	/* Asked once more with the same id: it is the first time that counts. */
	if (exchange_find(sniff, key) < EXCHANGES)
		return;
	size_t at = exchange_place(sniff);
	sniff->keys[at] = key;
	sniff->exchanges[at] = message;
	sniff->open++;
}

static void datagram_answer(struct sniff *sniff, const struct sighting *sighting, const struct question *question, uint16_t port, size_t bytes)
{
	size_t at = exchange_find(sniff, exchange_key(sighting->to, sighting->from, port, question->id));

	if (at == EXCHANGES)
		return;
	struct sniff_message *message = &sniff->exchanges[at];
	message->is_dropped = sighting->fate != FATE_DELIVERED;
	message->is_answered = !message->is_dropped;
	message->end = sighting->due;
	message->bytes = bytes;
	exchange_end(sniff, at);
}

static void datagram(struct sniff *sniff, const struct sighting *sighting, const struct ip_header *ip)
{
	struct question question;

	if (ip->payload_len < UDP_HEADER)
		return;
	uint16_t source = wire_get_u16(ip->payload), destination = wire_get_u16(ip->payload + 2), len = wire_get_u16(ip->payload + 4);
	if ((source != SNIFF_PORT && destination != SNIFF_PORT) || len < UDP_HEADER)
		return;
	/* In a first fragment there is less than `len`. */
	size_t there = ip->payload_len < len ? ip->payload_len : len;
	if (!sniff_question_read(&question, ip->payload + UDP_HEADER, there - UDP_HEADER))
		return;
	size_t bytes = (size_t)len - UDP_HEADER;
	if (!question.is_response && destination == SNIFF_PORT && question.kind != SNIFF_NOTHING)
		datagram_question(sniff, sighting, &question, source, bytes);
	else if (question.is_response && source == SNIFF_PORT && (question.kind != SNIFF_NOTHING || !question.has_question))
		datagram_answer(sniff, sighting, &question, destination, bytes);
}

void sniff_packet(struct sniff *sniff, const struct sighting *sighting)
{
	struct ip_header ip;

	if (sighting->to == SWITCH_NOBODY || !ip_read(sighting->bytes, sighting->len, &ip) || ip.is_later_fragment)
		return;
	/* Its fragments are seen next. */
	if (sighting->fate == FATE_TOO_BIG && oversize_may_fragment(sighting->bytes, sighting->len))
		return;
	if (ip.protocol == IP_UDP)
		datagram(sniff, sighting, &ip);
	else if (ip.protocol == IP_TCP)
		sniff_tcp_segment(sniff->connections, sighting, &ip);
}

void sniff_tick(struct sniff *sniff, usec_t now)
{
	if (now < sniff->next_tick)
		return;
	sniff->next_tick = now + SNIFF_TICK;
	sniff_tcp_tick(sniff->connections, now);
	for (size_t i = 0; sniff->open > 0 && i < EXCHANGES; i++) {
		if (sniff->keys[i] && now - sniff->exchanges[i].begin > SNIFF_UDP_PATIENCE)
			exchange_end(sniff, i);
	}
}

usec_t sniff_deadline(const struct sniff *sniff)
{
	return sniff->open + sniff_tcp_open(sniff->connections) > 0 ? sniff->next_tick : INT64_MAX;
}

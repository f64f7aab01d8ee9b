/* What is seen of replication in the packets of the switch. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/dns/message.h"
#include "lib/xfr/reconcile.h"
#include "tests/support/suite.h"
#include "tools/zonelab/weather/ip.h"
#include "tools/zonelab/weather/sniff.h"

enum { MAX = 64, SECONDARY = 3, PRIMARY = 7, PORT = 40000, FIN = 1, SYN = 2, RST = 4, ACK = 16, MSS = 1400, MS = USEC_PER_MSEC };

struct view {
	struct sniff *sniff;
	struct sniff_message seen[MAX];
	size_t count;
	usec_t now;
	usec_t delay;
	bool is_v6;
	enum fate fate;               /* of what is sent next */
	uint32_t sequence[2];         /* of the client and the server */
	uint16_t port;
};

static void on_report(void *ctx, const struct sniff_message *message)
{
	struct view *view = ctx;
	ck_assert_uint_lt(view->count, MAX);
	view->seen[view->count++] = *message;
}

static void view_init(struct view *view)
{
	*view = (struct view){ .now = 1000000, .delay = 10 * MS, .fate = FATE_DELIVERED, .port = PORT };
	ck_assert_int_eq(sniff_new(&view->sniff, on_report, view), ZT_OK);
}

static void pass(struct view *view, usec_t time)
{
	for (usec_t end = view->now + time; view->now < end; view->now += MS) {
		if (sniff_deadline(view->sniff) <= view->now)
			sniff_tick(view->sniff, view->now);
	}
}

/* An IP packet around the bytes; from the secondary or to it. */
static void emit(struct view *view, bool is_client, uint8_t protocol, const uint8_t *payload, size_t len)
{
	uint8_t packet[2000] = { 0 };
	size_t head = view->is_v6 ? IP6_HEADER : IP4_HEADER;
	unsigned from = is_client ? SECONDARY : PRIMARY, to = is_client ? PRIMARY : SECONDARY;

	if (view->is_v6) {
		packet[0] = 0x60;
		wire_put_u16(packet + 4, (uint16_t)len);
		packet[6] = protocol;
		packet[23] = (uint8_t)from;
		packet[39] = (uint8_t)to;
	} else {
		packet[0] = 0x45;
		wire_put_u16(packet + 2, (uint16_t)(head + len));
		packet[9] = protocol;
		packet[15] = (uint8_t)from;
		packet[19] = (uint8_t)to;
	}
	memcpy(packet + head, payload, len);
	const struct sighting sighting = {
		.bytes = packet, .len = head + len, .from = from, .to = to, .fate = view->fate, .sent = view->now,
		.due = view->fate == FATE_DELIVERED ? view->now + view->delay : view->now,
	};
	sniff_packet(view->sniff, &sighting);
}

static void datagram(struct view *view, bool is_client, const uint8_t *message, size_t len)
{
	uint8_t bytes[1500] = { 0 };

	wire_put_u16(bytes, is_client ? view->port : 53);
	wire_put_u16(bytes + 2, is_client ? 53 : view->port);
	wire_put_u16(bytes + 4, (uint16_t)(UDP_HEADER + len));
	memcpy(bytes + UDP_HEADER, message, len);
	emit(view, is_client, IP_UDP, bytes, UDP_HEADER + len);
}

static void segment(struct view *view, bool is_client, unsigned flags, const uint8_t *data, size_t len)
{
	uint8_t bytes[TCP_HEADER + MSS] = { 0 };

	wire_put_u16(bytes, is_client ? view->port : 53);
	wire_put_u16(bytes + 2, is_client ? 53 : view->port);
	wire_put_u32(bytes + 4, view->sequence[!is_client]);
	wire_put_u32(bytes + 8, view->sequence[is_client]);
	bytes[12] = TCP_HEADER / 4 << 4;
	bytes[13] = (uint8_t)flags;
	if (len)
		memcpy(bytes + TCP_HEADER, data, len);
	emit(view, is_client, IP_TCP, bytes, TCP_HEADER + len);
	view->sequence[!is_client] += (uint32_t)len + ((flags & (SYN | FIN)) != 0);
}

static void say(struct view *view, bool is_client, const uint8_t *data, size_t len)
{
	for (size_t done = 0; done < len;) {
		size_t part = len - done < MSS ? len - done : MSS;
		segment(view, is_client, ACK, data + done, part);
		done += part;
	}
}

static void connect_them(struct view *view)
{
	view->sequence[0] = 0xfffffff0;       /* wraps soon */
	view->sequence[1] = 0xfffff000;
	segment(view, true, SYN, NULL, 0);
	segment(view, false, SYN | ACK, NULL, 0);
	segment(view, true, ACK, NULL, 0);
}

/* ---- messages */

static size_t put_question(uint8_t *out, uint16_t id, uint16_t flags, uint16_t type)
{
	static const uint8_t zone[] = "\4Shop\7example";

	memset(out, 0, MESSAGE_HEADER_LEN);
	wire_put_u16(out, id);
	wire_put_u16(out + 2, flags);
	wire_put_u16(out + 4, 1);
	memcpy(out + MESSAGE_HEADER_LEN, zone, sizeof(zone));
	size_t at = MESSAGE_HEADER_LEN + sizeof(zone);
	wire_put_u16(out + at, type);
	wire_put_u16(out + at + 2, 1);
	return at + 4;
}

static size_t put_record(uint8_t *out, size_t at, uint16_t type, const void *rdata, size_t len)
{
	wire_put_u16(out + at, 0xc000 | MESSAGE_HEADER_LEN);
	wire_put_u16(out + at + 2, type);
	wire_put_u16(out + at + 4, 1);
	wire_put_u32(out + at + 6, 3600);
	wire_put_u16(out + at + 10, (uint16_t)len);
	memcpy(out + at + 12, rdata, len);
	wire_put_u16(out + 6, (uint16_t)(wire_get_u16(out + 6) + 1));
	return at + 12 + len;
}

static size_t put_soa(uint8_t *out, size_t at, uint32_t serial)
{
	uint8_t rdata[2 + 2 + 20] = { 0xc0, 12, 0xc0, 12 };

	for (unsigned i = 0; i < 5; i++)
		wire_put_u32(rdata + 4 + 4 * i, i ? 3600 * i : serial);
	return put_record(out, at, TYPE_SOA, rdata, sizeof(rdata));
}

/* A message of a transfer, with its length in front: the number of SOA records first and last, and so many TXT records between. */
static size_t put_transfer(uint8_t *out, uint16_t id, unsigned soas_first, unsigned texts, unsigned soas_last)
{
	uint8_t text[101] = { 100 };
	size_t len = put_question(out + 2, id, FLAG_QR | FLAG_AA, TYPE_AXFR);

	for (unsigned i = 0; i < soas_first; i++)
		len = put_soa(out + 2, len, 5);
	for (unsigned i = 0; i < texts; i++)
		len = put_record(out + 2, len, TYPE_TXT, text, sizeof(text));
	for (unsigned i = 0; i < soas_last; i++)
		len = put_soa(out + 2, len, 5);
	wire_put_u16(out, (uint16_t)len);
	return len + 2;
}

static void ask(struct view *view, uint16_t id, unsigned opcode, uint16_t type)
{
	uint8_t message[512];
	size_t len = put_question(message + 2, id, opcode_flags(opcode), type);

	wire_put_u16(message, (uint16_t)len);
	say(view, true, message, len + 2);
}

static void is_about(const struct sniff_message *message, enum sniff_kind kind)
{
	ck_assert_str_eq(sniff_kind_text(message->kind), sniff_kind_text(kind));
	ck_assert_uint_eq(message->from, SECONDARY);
	ck_assert_uint_eq(message->to, PRIMARY);
	ck_assert_uint_eq(message->zone_len, 14);
	ck_assert_mem_eq(message->zone, "\4shop\7example", 14);
}

/* ---- datagrams */

START_TEST(an_answer_ends_an_exchange_of_datagrams)
{
	struct view view;
	uint8_t message[512];

	view_init(&view);
	for (unsigned v6 = 0; v6 < 2; v6++) {
		view.is_v6 = v6;
		datagram(&view, true, message, put_question(message, 77, 0, TYPE_SOA));
		ck_assert_uint_eq(view.count, v6);
		usec_t asked = view.now;
		pass(&view, 10 * MS);
		/* Asked once more it is still one exchange. */
		datagram(&view, true, message, put_question(message, 77, 0, TYPE_SOA));
		/* Another id, another port, another type: not the answer. */
		size_t len = put_soa(message, put_question(message, 78, FLAG_QR, TYPE_SOA), 5);
		datagram(&view, false, message, len);
		len = put_question(message, 77, FLAG_QR, TYPE_A);
		datagram(&view, false, message, len);
		ck_assert_uint_eq(view.count, v6);
		len = put_soa(message, put_question(message, 77, FLAG_QR, TYPE_SOA), 5);
		datagram(&view, false, message, len);
		ck_assert_uint_eq(view.count, v6 + 1);
		is_about(&view.seen[v6], SNIFF_SOA);
		ck_assert(view.seen[v6].is_answered && !view.seen[v6].is_dropped && !view.seen[v6].is_tcp);
		ck_assert_uint_eq(view.seen[v6].bytes, len);
		ck_assert_int_eq(view.seen[v6].begin, asked);
		ck_assert_int_eq(view.seen[v6].end, asked + 20 * MS);
		datagram(&view, false, message, len);      /* a duplicate */
		ck_assert_uint_eq(view.count, v6 + 1);
	}
	pass(&view, 10 * USEC_PER_SEC);
	ck_assert_uint_eq(view.count, 2);
	sniff_free(view.sniff);
}
END_TEST

START_TEST(a_notify_is_told_when_it_is_sent_and_what_is_lost_is_told_at_once)
{
	struct view view;
	uint8_t message[512];

	view_init(&view);
	datagram(&view, true, message, put_question(message, 1, opcode_flags(OPCODE_NOTIFY), TYPE_SOA));
	datagram(&view, false, message, put_question(message, 1, FLAG_QR | opcode_flags(OPCODE_NOTIFY), TYPE_SOA));
	ck_assert_uint_eq(view.count, 1);
	is_about(&view.seen[0], SNIFF_NOTIFY);
	ck_assert(!view.seen[0].is_answered && !view.seen[0].is_dropped);
	ck_assert_int_eq(view.seen[0].end - view.seen[0].begin, view.delay);
	view.fate = FATE_LOSS;
	datagram(&view, true, message, put_question(message, 2, opcode_flags(OPCODE_NOTIFY), TYPE_SOA));
	datagram(&view, true, message, put_question(message, 3, 0, TYPE_IXFR));
	ck_assert_uint_eq(view.count, 3);
	ck_assert(view.seen[1].is_dropped && view.seen[2].is_dropped);
	is_about(&view.seen[2], SNIFF_IXFR);
	/* The answer may be what is lost. */
	view.fate = FATE_DELIVERED;
	datagram(&view, true, message, put_question(message, 4, opcode_flags(OPCODE_UPDATE), TYPE_SOA));
	view.fate = FATE_CUT;
	datagram(&view, false, message, put_question(message, 4, FLAG_QR | opcode_flags(OPCODE_UPDATE), TYPE_SOA));
	ck_assert_uint_eq(view.count, 4);
	is_about(&view.seen[3], SNIFF_UPDATE);
	ck_assert(view.seen[3].is_dropped && !view.seen[3].is_answered);
	sniff_free(view.sniff);
}
END_TEST

START_TEST(who_gets_no_answer_is_told_after_a_while_and_memory_is_bounded)
{
	struct view view;
	uint8_t message[512];

	view_init(&view);
	datagram(&view, true, message, put_question(message, 1, 0, TYPE_SOA));
	pass(&view, 4 * USEC_PER_SEC);
	ck_assert_uint_eq(view.count, 0);
	pass(&view, 2 * USEC_PER_SEC);
	ck_assert_uint_eq(view.count, 1);
	ck_assert(!view.seen[0].is_answered && !view.seen[0].is_dropped);
	ck_assert_int_eq(sniff_deadline(view.sniff), INT64_MAX);
	for (uint16_t id = 0; id < 256 + 10; id++) {
		datagram(&view, true, message, put_question(message, id, 0, TYPE_SOA));
		view.now++;
	}
	ck_assert_uint_eq(view.count, 11);
	sniff_free(view.sniff);
}
END_TEST

START_TEST(other_messages_are_nobodys_business)
{
	struct view view;
	uint8_t message[512];

	view_init(&view);
	datagram(&view, true, message, put_question(message, 1, 0, TYPE_A));
	datagram(&view, false, message, put_question(message, 1, FLAG_QR, TYPE_A));
	datagram(&view, false, message, put_question(message, 1, 0, TYPE_SOA));      /* from port 53 to another */
	ck_assert_uint_eq(view.count, 0);
	ck_assert_int_eq(sniff_deadline(view.sniff), INT64_MAX);
	connect_them(&view);
	ask(&view, 1, OPCODE_QUERY, TYPE_A);
	ck_assert_int_eq(sniff_deadline(view.sniff), INT64_MAX);
	sniff_free(view.sniff);
}
END_TEST

/* ---- connections */

START_TEST(a_transfer_is_whole_with_its_last_soa_record)
{
	static uint8_t message[70000];
	struct view view;

	view_init(&view);
	connect_them(&view);
	ask(&view, 9, OPCODE_QUERY, TYPE_AXFR);
	usec_t asked = view.now;
	pass(&view, 10 * MS);
	size_t first = put_transfer(message, 9, 1, 300, 0);
	say(&view, false, message, first);
	pass(&view, 900 * MS);       /* slow, but within a second */
	ck_assert_uint_eq(view.count, 0);
	size_t second = put_transfer(message, 9, 0, 200, 1);
	say(&view, false, message, second);
	usec_t done = view.now + view.delay;
	pass(&view, 50 * MS);
	ck_assert_uint_eq(view.count, 1);
	is_about(&view.seen[0], SNIFF_AXFR);
	ck_assert(view.seen[0].is_tcp && view.seen[0].is_answered && !view.seen[0].is_dropped);
	ck_assert_uint_eq(view.seen[0].bytes, first + second - 4);
	ck_assert_int_eq(view.seen[0].begin, asked);
	ck_assert_int_eq(view.seen[0].end, done);
	sniff_free(view.sniff);
}
END_TEST

START_TEST(answers_of_one_message_are_told_at_once)
{
	uint8_t message[4096];
	struct view view;

	view_init(&view);
	connect_them(&view);
	/* A SOA question, an UPDATE, an IXFR that needs nothing, an AXFR that is refused: all on one connection. */
	ask(&view, 1, OPCODE_QUERY, TYPE_SOA);
	say(&view, false, message, put_transfer(message, 1, 1, 0, 0));
	ck_assert_uint_eq(view.count, 1);
	ask(&view, 2, OPCODE_UPDATE, TYPE_SOA);
	say(&view, false, message, put_transfer(message, 2, 0, 0, 0));
	ask(&view, 3, OPCODE_QUERY, TYPE_IXFR);
	say(&view, false, message, put_transfer(message, 3, 1, 0, 0));
	ask(&view, 4, OPCODE_QUERY, TYPE_AXFR);
	size_t len = put_transfer(message, 4, 0, 0, 0);
	message[5] |= RCODE_REFUSED;
	say(&view, false, message, len);
	ck_assert_uint_eq(view.count, 4);
	is_about(&view.seen[0], SNIFF_SOA);
	is_about(&view.seen[1], SNIFF_UPDATE);
	is_about(&view.seen[2], SNIFF_IXFR);
	is_about(&view.seen[3], SNIFF_AXFR);
	sniff_free(view.sniff);
}
END_TEST

START_TEST(a_soa_record_in_the_middle_does_not_end_an_ixfr)
{
	static uint8_t message[70000];
	struct view view;

	view_init(&view);
	connect_them(&view);
	ask(&view, 5, OPCODE_QUERY, TYPE_IXFR);
	/* new SOA, old SOA (here the same), deletions, new SOA | additions, new SOA */
	size_t first = put_transfer(message, 5, 2, 10, 1);
	say(&view, false, message, first);
	view.now += 5 * MS;
	size_t second = put_transfer(message, 5, 0, 10, 1);
	say(&view, false, message, second);
	pass(&view, 60 * MS);
	ck_assert_uint_eq(view.count, 1);
	ck_assert_uint_eq(view.seen[0].bytes, first + second - 4);
	sniff_free(view.sniff);
}
END_TEST

START_TEST(a_signature_behind_the_last_record_does_not_hide_it)
{
	static uint8_t message[70000];
	uint8_t mac[90] = { 0 };
	struct view view;

	view_init(&view);
	connect_them(&view);
	ask(&view, 5, OPCODE_QUERY, TYPE_AXFR);
	size_t len = put_transfer(message, 5, 1, 10, 1) - 2;
	len = put_record(message + 2, len, TYPE_TSIG, mac, sizeof(mac));
	wire_put_u16(message, (uint16_t)len);
	say(&view, false, message, len + 2);
	pass(&view, 60 * MS);
	ck_assert_uint_eq(view.count, 1);
	/* In a small message the first record is near the end too; it is not the last one. */
	ask(&view, 6, OPCODE_QUERY, TYPE_AXFR);
	say(&view, false, message, put_transfer(message, 6, 1, 1, 0));
	pass(&view, 500 * MS);
	ck_assert_uint_eq(view.count, 1);
	pass(&view, 1000 * MS);
	ck_assert_uint_eq(view.count, 2);
	sniff_free(view.sniff);
}
END_TEST

START_TEST(lost_segments_count_once_and_the_answer_is_whole_when_they_have_come)
{
	static uint8_t message[70000];
	struct view view;

	view_init(&view);
	connect_them(&view);
	ask(&view, 9, OPCODE_QUERY, TYPE_AXFR);
	size_t len = put_transfer(message, 9, 1, 100, 1);
	uint32_t begin = view.sequence[1];
	for (size_t done = 0, i = 0; done < len; i++) {
		size_t part = len - done < MSS ? len - done : MSS;
		view.fate = i == 2 || i == 4 ? FATE_LOSS : FATE_DELIVERED;
		segment(&view, false, ACK, message + done, part);
		done += part;
	}
	uint32_t end = view.sequence[1];
	view.fate = FATE_DELIVERED;
	pass(&view, 300 * MS);
	ck_assert_uint_eq(view.count, 0);
	view.sequence[1] = begin + 2 * MSS;
	segment(&view, false, ACK, message + 2 * MSS, MSS);
	segment(&view, true, ACK, NULL, 0);        /* acknowledges up to the second hole */
	pass(&view, 300 * MS);
	ck_assert_uint_eq(view.count, 0);
	view.sequence[1] = begin + 4 * MSS;
	segment(&view, false, ACK, message + 4 * MSS, MSS);
	view.sequence[1] = end;
	pass(&view, 10 * MS);
	usec_t acknowledged = view.now;
	segment(&view, true, ACK, NULL, 0);
	pass(&view, 50 * MS);
	ck_assert_uint_eq(view.count, 1);
	ck_assert_uint_eq(view.seen[0].bytes, len - 2);
	ck_assert_int_eq(view.seen[0].end, acknowledged);
	ck_assert(view.seen[0].is_answered && !view.seen[0].is_dropped);
	sniff_free(view.sniff);
}
END_TEST

START_TEST(behind_a_segment_that_was_never_seen_bytes_are_counted)
{
	static uint8_t message[70000];
	struct view view;

	view_init(&view);
	connect_them(&view);
	ask(&view, 9, OPCODE_QUERY, TYPE_AXFR);
	size_t len = put_transfer(message, 9, 1, 300, 1);
	say(&view, false, message, 2 * MSS);
	view.sequence[1] += MSS;
	say(&view, false, message + 3 * MSS, len - 3 * MSS);
	segment(&view, false, FIN | ACK, NULL, 0);
	pass(&view, 50 * MS);
	ck_assert_uint_eq(view.count, 1);
	ck_assert(view.seen[0].is_answered);
	ck_assert_uint_eq(view.seen[0].bytes, len - 3 * MSS);
	sniff_free(view.sniff);
}
END_TEST

START_TEST(a_last_record_may_lie_in_two_segments)
{
	static uint8_t message[70000];
	struct view view;

	view_init(&view);
	connect_them(&view);
	ask(&view, 9, OPCODE_QUERY, TYPE_AXFR);
	size_t len = put_transfer(message, 9, 1, 100, 1);
	say(&view, false, message, len - 10);
	say(&view, false, message + len - 10, 10);
	pass(&view, 50 * MS);
	ck_assert_uint_eq(view.count, 1);
	ck_assert_uint_eq(view.seen[0].bytes, len - 2);
	sniff_free(view.sniff);
}
END_TEST

START_TEST(a_first_segment_may_come_twice_and_carry_the_question)
{
	uint8_t message[4096];
	struct view view;

	view_init(&view);
	connect_them(&view);
	ask(&view, 9, OPCODE_QUERY, TYPE_SOA);
	uint32_t sequence = view.sequence[0];
	view.sequence[0] = 0xfffffff0;
	segment(&view, true, SYN, NULL, 0);      /* a late duplicate */
	view.sequence[0] = sequence;
	ck_assert_uint_eq(view.count, 0);
	say(&view, false, message, put_transfer(message, 9, 1, 0, 0));
	ck_assert_uint_eq(view.count, 1);
	ck_assert(view.seen[0].is_answered);
	view.port++;
	view.sequence[0] = 500;
	size_t len = put_question(message + 2, 1, 0, TYPE_SOA);
	wire_put_u16(message, (uint16_t)len);
	segment(&view, true, SYN, message, len + 2);
	segment(&view, false, SYN | ACK, NULL, 0);
	say(&view, false, message, put_transfer(message, 1, 1, 0, 0));
	ck_assert_uint_eq(view.count, 2);
	is_about(&view.seen[1], SNIFF_SOA);
	ck_assert(view.seen[1].is_answered);
	sniff_free(view.sniff);
}
END_TEST

START_TEST(a_connection_that_comes_to_nothing_is_told)
{
	struct view view;
	uint8_t message[512];

	view_init(&view);
	connect_them(&view);
	ask(&view, 9, OPCODE_QUERY, TYPE_AXFR);
	view.fate = FATE_CUT;
	say(&view, false, message, put_transfer(message, 9, 1, 0, 1));
	pass(&view, 29 * USEC_PER_SEC);
	ck_assert_uint_eq(view.count, 0);
	pass(&view, 2 * USEC_PER_SEC);
	/* The bytes were sent, and never came. */
	ck_assert_uint_eq(view.count, 1);
	ck_assert(!view.seen[0].is_answered && view.seen[0].is_dropped);
	view.fate = FATE_DELIVERED;
	view.port++;
	connect_them(&view);
	ask(&view, 10, OPCODE_QUERY, TYPE_IXFR);
	segment(&view, false, RST | ACK, NULL, 0);
	ck_assert_uint_eq(view.count, 2);
	ck_assert(!view.seen[1].is_answered && !view.seen[1].is_dropped);
	sniff_free(view.sniff);
}
END_TEST

START_TEST(a_session_of_zone_sync_is_one_exchange)
{
	uint8_t message[4096];
	struct view view;
	size_t bytes = 0;

	view_init(&view);
	connect_them(&view);
	for (uint16_t id = 1; id <= 12; id++) {
		ask(&view, id, OPCODE_QUERY, RECONCILE_TYPE);
		size_t len = put_transfer(message, id, 0, id, 0);
		bytes += len - 2;
		say(&view, false, message, len);
		pass(&view, 100 * MS);
	}
	segment(&view, true, FIN | ACK, NULL, 0);
	pass(&view, 50 * MS);
	ck_assert_uint_eq(view.count, 1);
	is_about(&view.seen[0], SNIFF_ZSYNC);
	ck_assert_uint_eq(view.seen[0].bytes, bytes);
	ck_assert_int_gt(view.seen[0].end - view.seen[0].begin, 1000 * MS);
	sniff_free(view.sniff);
}
END_TEST

START_TEST(questions_may_come_in_pieces_and_several_at_a_time)
{
	uint8_t message[4096], both[1024];
	struct view view;

	view_init(&view);
	connect_them(&view);
	size_t len = put_question(both + 2, 1, 0, TYPE_AXFR);
	wire_put_u16(both, (uint16_t)len);
	size_t more = put_question(both + len + 4, 2, 0, TYPE_SOA);
	wire_put_u16(both + len + 2, (uint16_t)more);
	for (size_t i = 0; i < len + more + 4; i++)
		segment(&view, true, ACK, both + i, 1);
	say(&view, false, message, put_transfer(message, 2, 1, 0, 0));
	ck_assert_uint_eq(view.count, 1);
	is_about(&view.seen[0], SNIFF_SOA);
	say(&view, false, message, put_transfer(message, 1, 1, 3, 1));
	segment(&view, false, FIN | ACK, NULL, 0);
	pass(&view, 60 * MS);
	ck_assert_uint_eq(view.count, 2);
	is_about(&view.seen[1], SNIFF_AXFR);
	sniff_free(view.sniff);
}
END_TEST

START_TEST(connections_without_number_take_no_memory_without_number)
{
	struct view view;

	view_init(&view);
	for (unsigned i = 0; i < 5000; i++) {
		view.port = (uint16_t)(10000 + i);
		segment(&view, true, SYN, NULL, 0);
	}
	/* The latest ones are still known. */
	view.sequence[0] = 0;
	view.port = 60000;
	connect_them(&view);
	ask(&view, 3, OPCODE_QUERY, TYPE_SOA);
	segment(&view, true, FIN | ACK, NULL, 0);
	pass(&view, 40 * USEC_PER_SEC);
	ck_assert_uint_eq(view.count, 1);
	sniff_free(view.sniff);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("sniff");
	TCase *tests = tcase_create("sniff");

	tcase_add_test(tests, an_answer_ends_an_exchange_of_datagrams);
	tcase_add_test(tests, a_notify_is_told_when_it_is_sent_and_what_is_lost_is_told_at_once);
	tcase_add_test(tests, who_gets_no_answer_is_told_after_a_while_and_memory_is_bounded);
	tcase_add_test(tests, other_messages_are_nobodys_business);
	tcase_add_test(tests, a_transfer_is_whole_with_its_last_soa_record);
	tcase_add_test(tests, answers_of_one_message_are_told_at_once);
	tcase_add_test(tests, a_soa_record_in_the_middle_does_not_end_an_ixfr);
	tcase_add_test(tests, a_signature_behind_the_last_record_does_not_hide_it);
	tcase_add_test(tests, lost_segments_count_once_and_the_answer_is_whole_when_they_have_come);
	tcase_add_test(tests, behind_a_segment_that_was_never_seen_bytes_are_counted);
	tcase_add_test(tests, a_last_record_may_lie_in_two_segments);
	tcase_add_test(tests, a_first_segment_may_come_twice_and_carry_the_question);
	tcase_add_test(tests, a_connection_that_comes_to_nothing_is_told);
	tcase_add_test(tests, a_session_of_zone_sync_is_one_exchange);
	tcase_add_test(tests, questions_may_come_in_pieces_and_several_at_a_time);
	tcase_add_test(tests, connections_without_number_take_no_memory_without_number);
	suite_add_tcase(suite, tests);
	return suite_run(suite);
}

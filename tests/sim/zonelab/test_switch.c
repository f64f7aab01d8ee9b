/* The switch under a manual clock: every packet is delivered, lost for a reason, or under way; in order, on time, and to whom it is addressed. */
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/suite.h"
#include "tools/zonelab/weather/ip.h"
#include "tools/zonelab/weather/switch.h"

enum { NODES = 5, SIZE = 1500, HEAD4 = IP4_HEADER + UDP_HEADER, HEAD6 = IP6_HEADER + UDP_HEADER };

static struct netaddr address(bool is_v6, unsigned node)
{
	struct netaddr addr;
	char text[32];
	snprintf(text, sizeof(text), is_v6 ? "fd53::%u" : "10.53.0.%u", node + 1);
	ck_assert_int_eq(netaddr_from_text(&addr, text, 0), ZT_OK);
	return addr;
}

static struct packet_switch *make(uint64_t seed, unsigned packets_max)
{
	struct packet_switch *sw;
	const struct switch_config config = { .nodes = NODES, .packet_size = SIZE, .packets_max = packets_max, .seed = seed };

	ck_assert_int_eq(switch_new(&sw, &config), ZT_OK);
	for (unsigned i = 0; i < NODES; i++) {
		for (unsigned v6 = 0; v6 < 2; v6++) {
			struct netaddr addr = address(v6, i);
			ck_assert_int_eq(switch_route(sw, &addr, i), ZT_OK);
		}
	}
	return sw;
}

struct note {
	bool is_v6, dont_fragment;
	unsigned from, to;
	size_t len;
	uint32_t number;      /* in the payload */
};

/* A UDP packet; the payload repeats its number. */
static void write_packet(struct packet *packet, const struct note *note)
{
	struct netaddr from = address(note->is_v6, note->from), to = address(note->is_v6, note->to);
	size_t len, head = note->is_v6 ? HEAD6 : HEAD4;
	uint8_t *p = packet->bytes;

	memset(p, 0, note->len);
	if (note->is_v6) {
		p[0] = 0x60;
		wire_put_u16(p + 4, (uint16_t)(note->len - IP6_HEADER));
		p[6] = IP_UDP;
		p[7] = 64;
		memcpy(p + 8, netaddr_ip(&from, &len), 16);
		memcpy(p + 24, netaddr_ip(&to, &len), 16);
	} else {
		p[0] = 0x45;
		wire_put_u16(p + 2, (uint16_t)note->len);
		wire_put_u16(p + 4, (uint16_t)note->number);
		wire_put_u16(p + 6, note->dont_fragment ? IP4_DONT_FRAGMENT : 0);
		p[8] = 64;
		p[9] = IP_UDP;
		memcpy(p + 12, netaddr_ip(&from, &len), 4);
		memcpy(p + 16, netaddr_ip(&to, &len), 4);
	}
	for (size_t i = head; i + 4 <= note->len; i += 4)
		wire_put_u32(p + i, note->number);
	packet->len = (uint32_t)note->len;
}

static bool send_note(struct packet_switch *sw, const struct note *note, usec_t now)
{
	struct packet *packet = switch_packet(sw);
	if (!packet) {
		switch_overflow(sw);
		return false;
	}
	write_packet(packet, note);
	switch_submit(sw, note->from, packet, now);
	return true;
}

static void balance(const struct packet_switch *sw)
{
	struct switch_counts counts;
	uint64_t ended = 0;

	switch_counts(sw, &counts);
	for (unsigned i = 0; i < FATE_COUNT; i++)
		ended += counts.fates[i];
	ck_assert_uint_eq(counts.received + counts.made, ended + switch_under_way(sw));
}

static uint64_t fate_of(const struct packet_switch *sw, enum fate fate)
{
	struct switch_counts counts;
	switch_counts(sw, &counts);
	return counts.fates[fate];
}

static struct weather random_weather(struct rng *rng)
{
	struct weather weather = { .delay = (usec_t)rng_below(rng, 20000) };
	if (rng_below(rng, 2))
		weather.jitter = (usec_t)rng_below(rng, 5000);
	if (rng_below(rng, 2))
		weather.loss = rng_unit(rng);
	if (rng_below(rng, 2))
		weather.burst = 1 + rng_unit(rng) * 9;
	if (rng_below(rng, 3) == 0)
		weather.duplicate = rng_unit(rng);
	if (rng_below(rng, 3) == 0)
		weather.reorder = rng_unit(rng);
	if (rng_below(rng, 3) == 0) {
		weather.rate = 100000 + rng_below(rng, 10000000);
		weather.queue = rng_below(rng, 20000);
	}
	if (rng_below(rng, 3) == 0)
		weather.mtu = 68 + (unsigned)rng_below(rng, 1500);
	weather.cut = rng_below(rng, 8) == 0;
	return weather;
}

/* What is delivered goes where it was sent, not before it was due; one in 50 is not taken. */
static void deliver(struct packet_switch *sw, struct rng *rng, usec_t now)
{
	struct packet *packet;
	usec_t before = 0;

	while ((packet = switch_next(sw, now))) {
		struct ip_header ip;
		ck_assert(ip_read(packet->bytes, packet->len, &ip));
		ck_assert_uint_eq(ip.payload + ip.payload_len - packet->bytes, packet->len);
		struct netaddr to = address(ip.is_v6, packet->to);
		size_t len;
		ck_assert_mem_eq(netaddr_ip(&to, &len), ip.destination, ip.address_len);
		ck_assert_int_ge(packet->due, before);
		ck_assert_int_le(packet->due, now);
		before = packet->due;
		switch_delivered(sw, packet, rng_below(rng, 50) != 0);
	}
	ck_assert_int_gt(switch_deadline(sw), now);
}

static void random_step(struct packet_switch *sw, struct rng *rng, usec_t *now, uint32_t number)
{
	struct note note = {
		.is_v6 = rng_below(rng, 2), .dont_fragment = rng_below(rng, 2), .from = (unsigned)rng_below(rng, NODES),
		.to = (unsigned)rng_below(rng, NODES + 1), .len = HEAD6 + rng_below(rng, SIZE - HEAD6 + 1), .number = number,
	};
	*now += (usec_t)rng_below(rng, 300);
	deliver(sw, rng, *now);
	send_note(sw, &note, *now);
	if (rng_below(rng, 100) == 0) {
		struct weather weather = random_weather(rng);
		unsigned from = (unsigned)rng_below(rng, NODES + 1), to = (unsigned)rng_below(rng, NODES + 1);
		ck_assert_int_eq(switch_set_weather(sw, from == NODES ? SWITCH_ANY : from, to == NODES ? SWITCH_ANY : to, &weather), ZT_OK);
	}
	balance(sw);
}

START_TEST(no_packet_is_ever_unaccounted_for)
{
	struct rng rng;
	uint64_t seen[FATE_COUNT] = { 0 };

	rng_seed(&rng, suite_seed("no_packet_is_ever_unaccounted_for"));
	for (unsigned long round = 0; round < suite_rounds(100); round++) {
		struct packet_switch *sw = make(round, round % 4 ? 0 : 20);
		usec_t now = 1;
		for (uint32_t number = 0; number < 2000; number++)
			random_step(sw, &rng, &now, number);
		/* The longest delay is over. */
		deliver(sw, &rng, now + 100 * USEC_PER_SEC);
		ck_assert_uint_eq(switch_under_way(sw), 0);
		balance(sw);
		for (unsigned i = 0; i < FATE_COUNT; i++)
			seen[i] += fate_of(sw, i);
		switch_free(sw);
	}
	for (unsigned i = 0; i < FATE_COUNT; i++) {
		if (i != FATE_MALFORMED && i != FATE_MULTICAST)
			ck_assert_msg(seen[i] > 0, "no packet was %s", fate_text(i));
	}
}
END_TEST

static uint64_t history(uint64_t seed)
{
	struct packet_switch *sw = make(seed, 0);
	const struct weather weather = { .delay = 3000, .jitter = 2000, .loss = 0.2, .burst = 3, .duplicate = 0.1, .reorder = 0.1 };
	uint64_t sum = 0;
	struct packet *packet;

	ck_assert_int_eq(switch_set_weather(sw, SWITCH_ANY, SWITCH_ANY, &weather), ZT_OK);
	for (uint32_t i = 0; i < 1000; i++) {
		send_note(sw, &(struct note){ .from = i % 3, .to = 3 + i % 2, .len = 200, .number = i }, i * 100);
		while ((packet = switch_next(sw, i * 100))) {
			sum = sum * 31 + (uint64_t)packet->due + wire_get_u32(packet->bytes + HEAD4);
			switch_delivered(sw, packet, true);
		}
	}
	switch_free(sw);
	return sum;
}

START_TEST(a_seed_repeats_a_history)
{
	ck_assert_uint_eq(history(7), history(7));
	ck_assert_uint_ne(history(7), history(8));
}
END_TEST

static void note_due(void *ctx, const struct sighting *sighting)
{
	*(usec_t *)ctx = sighting->due;
}

START_TEST(what_stands_behind_a_packet_goes_no_further_and_a_tap_hears_when_it_arrives)
{
	struct packet_switch *sw = make(1, 0);
	struct packet *packet = switch_packet(sw);
	usec_t due = 0;

	switch_set_tap(sw, note_due, &due);
	ck_assert_int_eq(switch_set_weather(sw, 0, 1, &(struct weather){ .delay = 700 }), ZT_OK);
	write_packet(packet, &(struct note){ .from = 0, .to = 1, .len = 100 });
	packet->len = 150;
	switch_submit(sw, 0, packet, 5);
	ck_assert_int_eq(due, 705);
	ck_assert_int_eq(switch_deadline(sw), 705);
	packet = switch_next(sw, 705);
	ck_assert_uint_eq(packet->len, 100);
	switch_delivered(sw, packet, true);
	switch_free(sw);
}
END_TEST

START_TEST(many_addresses_lead_to_their_nodes)
{
	enum { MANY = 100 };
	struct packet_switch *sw;

	ck_assert_int_eq(switch_new(&sw, &(struct switch_config){ .nodes = MANY, .packet_size = SIZE, .seed = 1 }), ZT_OK);
	for (unsigned i = 0; i < 2 * MANY; i++) {
		struct netaddr addr = address(i % 2, i / 2);
		ck_assert_int_eq(switch_route(sw, &addr, i / 2), ZT_OK);
	}
	for (unsigned i = 0; i < 2 * MANY; i++) {
		ck_assert(send_note(sw, &(struct note){ .is_v6 = i % 2, .from = 0, .to = i / 2, .len = 100 }, 1));
		struct packet *packet = switch_next(sw, 1);
		ck_assert_uint_eq(packet->to, i / 2);
		switch_delivered(sw, packet, true);
	}
	switch_free(sw);
}
END_TEST

START_TEST(packets_of_one_moment_arrive_in_the_order_of_sending)
{
	struct packet_switch *sw = make(1, 0);

	for (uint32_t i = 0; i < 500; i++)
		send_note(sw, &(struct note){ .from = i % NODES, .to = 1, .len = 100, .number = i }, 5);
	for (uint32_t i = 0; i < 500; i++) {
		struct packet *packet = switch_next(sw, 5);
		ck_assert_uint_eq(wire_get_u32(packet->bytes + HEAD4), i);
		switch_delivered(sw, packet, true);
	}
	switch_free(sw);
}
END_TEST

START_TEST(in_the_steady_state_nothing_is_allocated)
{
	struct packet_switch *sw = make(1, 0);
	struct rng rng;
	size_t in_use = 0;

	rng_seed(&rng, 1);
	ck_assert_int_eq(switch_set_weather(sw, SWITCH_ANY, SWITCH_ANY, &(struct weather){ .delay = 5000, .jitter = 1000, .duplicate = 0.1, .mtu = 600 }), ZT_OK);
	for (uint32_t i = 0; i < 20000; i++) {
		/* By now each link has had its first packet, and as many are under way as ever will be. */
		if (i == 5000)
			in_use = mallinfo2().uordblks;
		send_note(sw, &(struct note){ .from = i % NODES, .to = i / NODES % NODES, .len = 100 + i % 7 * 100, .number = i }, i * 100);
		deliver(sw, &rng, i * 100);
	}
	ck_assert_uint_eq(mallinfo2().uordblks, in_use);
	switch_free(sw);
}
END_TEST

/* Sends one large IPv4 packet over a narrow link and puts its fragments together again. */
static void reassemble(size_t len, unsigned mtu)
{
	struct packet_switch *sw = make(1, 0);
	uint8_t whole[SIZE] = { 0 };
	_Alignas(struct packet) uint8_t sent[sizeof(struct packet) + SIZE];
	size_t got = 0;
	bool saw_last = false;
	struct packet *packet;

	ck_assert_int_eq(switch_set_weather(sw, 0, 1, &(struct weather){ .mtu = mtu }), ZT_OK);
	const struct note note = { .from = 0, .to = 1, .len = len, .number = 0xabcdef };
	write_packet((struct packet *)sent, &note);
	send_note(sw, &note, 1);
	while ((packet = switch_next(sw, 1))) {
		uint16_t flags = wire_get_u16(packet->bytes + 6);
		size_t at = (size_t)(flags & IP4_OFFSET) * 8, part = packet->len - IP4_HEADER;
		ck_assert_uint_le(packet->len, mtu);
		uint32_t sum = 0;
		for (size_t i = 0; i < IP4_HEADER; i += 2)
			sum += wire_get_u16(packet->bytes + i);
		ck_assert_uint_eq((sum & 0xffff) + (sum >> 16), 0xffff);
		ck_assert_uint_le(IP4_HEADER + at + part, len);
		memcpy(whole + at, packet->bytes + IP4_HEADER, part);
		got += part;
		saw_last |= !(flags & IP4_MORE_FRAGMENTS);
		switch_delivered(sw, packet, true);
	}
	ck_assert(saw_last);
	ck_assert_uint_eq(got, len - IP4_HEADER);
	ck_assert_mem_eq(whole, ((struct packet *)sent)->bytes + IP4_HEADER, got);
	ck_assert_uint_eq(fate_of(sw, FATE_TOO_BIG), 1);
	balance(sw);
	switch_free(sw);
}

START_TEST(fragments_make_up_the_packet_again)
{
	for (unsigned mtu = 68; mtu < 1000; mtu += 13) {
		reassemble(1000, mtu);
		reassemble(1500, mtu);
		reassemble(mtu + 1, mtu);
	}
}
END_TEST

/* 0 for a right ICMP checksum. */
static uint16_t icmp_sum(const struct ip_header *ip)
{
	uint32_t sum = ip->is_v6 ? (uint32_t)ip->payload_len + IP_ICMP6 : 0;

	for (size_t i = 0; ip->is_v6 && i < 32; i += 2)
		sum += wire_get_u16(ip->source + i);
	for (size_t i = 0; i < ip->payload_len; i += 2)
		sum += wire_get_u16(ip->payload + i);
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

START_TEST(a_fragment_is_cut_into_more_and_a_later_one_gets_no_error)
{
	struct packet_switch *sw = make(1, 0);
	const uint16_t offset = 123;      /* units of 8 bytes */
	struct packet *packet;

	ck_assert_int_eq(switch_set_weather(sw, 0, 1, &(struct weather){ .mtu = 300 }), ZT_OK);
	for (unsigned last = 0; last < 2; last++) {
		uint16_t next = offset;
		packet = switch_packet(sw);
		write_packet(packet, &(struct note){ .from = 0, .to = 1, .len = 1000 });
		wire_put_u16(packet->bytes + 6, (uint16_t)(offset | (last ? 0 : IP4_MORE_FRAGMENTS)));
		switch_submit(sw, 0, packet, 1);
		while ((packet = switch_next(sw, 1))) {
			uint16_t flags = wire_get_u16(packet->bytes + 6);
			ck_assert_uint_eq(flags & IP4_OFFSET, next);
			next = (uint16_t)(next + (packet->len - IP4_HEADER) / 8);
			bool is_end = next == offset + (1000 - IP4_HEADER) / 8;
			ck_assert_uint_eq(flags & IP4_MORE_FRAGMENTS, is_end && last ? 0 : IP4_MORE_FRAGMENTS);
			switch_delivered(sw, packet, true);
		}
		ck_assert_uint_eq(next, offset + (1000 - IP4_HEADER) / 8);
	}
	for (unsigned v6 = 0; v6 < 2; v6++) {
		packet = switch_packet(sw);
		write_packet(packet, &(struct note){ .is_v6 = v6, .dont_fragment = true, .from = 0, .to = 1, .len = 1400 });
		if (v6) {
			packet->bytes[6] = IP_FRAGMENT;
			packet->bytes[IP6_HEADER] = IP_UDP;
			wire_put_u16(packet->bytes + IP6_HEADER + 2, (uint16_t)(offset << 3));
		} else {
			wire_put_u16(packet->bytes + 6, IP4_DONT_FRAGMENT | offset);
		}
		switch_submit(sw, 0, packet, 1);
		ck_assert_ptr_null(switch_next(sw, 1));
	}
	ck_assert_uint_eq(fate_of(sw, FATE_TOO_BIG), 4);
	balance(sw);
	switch_free(sw);
}
END_TEST

START_TEST(who_may_not_be_fragmented_is_told_the_mtu)
{
	struct packet_switch *sw = make(1, 0);

	ck_assert_int_eq(switch_set_weather(sw, 0, 1, &(struct weather){ .mtu = 1300 }), ZT_OK);
	for (unsigned v6 = 0; v6 < 2; v6++) {
		send_note(sw, &(struct note){ .is_v6 = v6, .dont_fragment = true, .from = 0, .to = 1, .len = 1400, .number = 9 }, 1);
		struct packet *answer = switch_next(sw, 1);
		struct ip_header ip;
		ck_assert_uint_eq(answer->to, 0);
		ck_assert(ip_read(answer->bytes, answer->len, &ip));
		ck_assert_uint_eq(ip.protocol, v6 ? IP_ICMP6 : IP_ICMP);
		ck_assert_uint_eq(ip.payload[0], v6 ? 2 : 3);
		ck_assert_uint_eq(icmp_sum(&ip), 0);
		ck_assert_uint_eq(v6 ? wire_get_u32(ip.payload + 4) : wire_get_u16(ip.payload + 6), 1300);
		/* An error that is too big itself gets no answer. */
		struct packet *echo = switch_packet(sw);
		memcpy(echo->bytes, answer->bytes, answer->len);
		echo->len = answer->len;
		struct netaddr to = address(v6, 1);
		size_t len;
		memcpy(echo->bytes + (v6 ? 24 : 16), netaddr_ip(&to, &len), v6 ? 16 : 4);
		ck_assert_int_eq(switch_set_weather(sw, 0, 1, &(struct weather){ .mtu = 68 }), ZT_OK);
		if (!v6)
			echo->bytes[6] = IP4_DONT_FRAGMENT >> 8;
		switch_submit(sw, 0, echo, 1);
		switch_delivered(sw, answer, true);
		ck_assert_ptr_null(switch_next(sw, 1));
		ck_assert_int_eq(switch_set_weather(sw, 0, 1, &(struct weather){ .mtu = 1300 }), ZT_OK);
		balance(sw);
	}
	switch_free(sw);
}
END_TEST

static void submit_bytes(struct packet_switch *sw, const void *bytes, size_t len)
{
	struct packet *packet = switch_packet(sw);
	memcpy(packet->bytes, bytes, len);
	packet->len = (uint32_t)len;
	switch_submit(sw, 0, packet, 1);
}

START_TEST(what_has_no_place_in_the_lab_is_counted_and_dropped)
{
	struct packet_switch *sw = make(1, 0);
	_Alignas(struct packet) uint8_t sample[sizeof(struct packet) + SIZE];
	struct packet *packet = (struct packet *)sample;
	struct netaddr taken = address(false, 2);

	for (unsigned v6 = 0; v6 < 2; v6++) {
		write_packet(packet, &(struct note){ .is_v6 = v6, .from = 0, .to = 1, .len = 100 });
		for (size_t len = 0; len < 100; len++)
			submit_bytes(sw, packet->bytes, len);
		ck_assert_uint_eq(fate_of(sw, FATE_MALFORMED), 100 * (v6 + 1));
		packet->bytes[v6 ? 24 : 16] = v6 ? 0xff : 224;
		submit_bytes(sw, packet->bytes, 100);
		ck_assert_uint_eq(fate_of(sw, FATE_MULTICAST), v6 + 1);
		packet->bytes[v6 ? 24 : 16] = 0x20;
		submit_bytes(sw, packet->bytes, 100);
		ck_assert_uint_eq(fate_of(sw, FATE_NO_ROUTE), v6 + 1);
	}
	ck_assert_uint_eq(switch_under_way(sw), 0);
	ck_assert_int_eq(switch_route(sw, &taken, 3), ZT_EEXIST);
	ck_assert_int_eq(switch_route(sw, &taken, 2), ZT_OK);
	ck_assert_int_eq(switch_route(sw, &taken, NODES), ZT_EINVAL);
	balance(sw);
	switch_free(sw);
}
END_TEST

START_TEST(a_full_lab_loses_packets_and_recovers)
{
	struct packet_switch *sw = make(1, 10);

	ck_assert_int_eq(switch_set_weather(sw, SWITCH_ANY, SWITCH_ANY, &(struct weather){ .delay = 100 }), ZT_OK);
	for (uint32_t i = 0; i < 15; i++)
		ck_assert_int_eq(send_note(sw, &(struct note){ .from = 0, .to = 1, .len = 100, .number = i }, 1), i < 10);
	ck_assert_uint_eq(fate_of(sw, FATE_FULL), 5);
	struct rng rng;
	rng_seed(&rng, 1);
	deliver(sw, &rng, 101);
	ck_assert(send_note(sw, &(struct note){ .from = 0, .to = 1, .len = 100, .number = 15 }, 200));
	balance(sw);
	switch_free(sw);
}
END_TEST

START_TEST(weather_is_set_for_one_link_for_all_of_a_node_and_for_all)
{
	struct packet_switch *sw = make(1, 0);
	const struct weather a = { .delay = 1 }, b = { .delay = 2 }, c = { .delay = 3 };

	ck_assert_int_eq(switch_set_weather(sw, 0, 1, &a), ZT_OK);
	ck_assert_int_eq(switch_weather(sw, 0, 1).delay, 1);
	ck_assert_int_eq(switch_weather(sw, 1, 0).delay, 0);
	ck_assert_int_eq(switch_set_weather(sw, SWITCH_ANY, 2, &b), ZT_OK);
	ck_assert_int_eq(switch_weather(sw, 4, 2).delay, 2);
	ck_assert_int_eq(switch_weather(sw, 2, 4).delay, 0);
	ck_assert_int_eq(switch_weather(sw, 0, 1).delay, 1);
	ck_assert_int_eq(switch_set_weather(sw, SWITCH_ANY, SWITCH_ANY, &c), ZT_OK);
	ck_assert_int_eq(switch_weather(sw, 0, 1).delay, 3);
	ck_assert_int_eq(switch_weather(sw, 3, 3).delay, 3);
	ck_assert_int_eq(switch_set_weather(sw, NODES, 0, &c), ZT_EINVAL);
	switch_free(sw);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("switch");
	TCase *tests = tcase_create("switch");

	tcase_add_test(tests, no_packet_is_ever_unaccounted_for);
	tcase_add_test(tests, a_seed_repeats_a_history);
	tcase_add_test(tests, what_stands_behind_a_packet_goes_no_further_and_a_tap_hears_when_it_arrives);
	tcase_add_test(tests, many_addresses_lead_to_their_nodes);
	tcase_add_test(tests, packets_of_one_moment_arrive_in_the_order_of_sending);
	tcase_add_test(tests, in_the_steady_state_nothing_is_allocated);
	tcase_add_test(tests, fragments_make_up_the_packet_again);
	tcase_add_test(tests, a_fragment_is_cut_into_more_and_a_later_one_gets_no_error);
	tcase_add_test(tests, who_may_not_be_fragmented_is_told_the_mtu);
	tcase_add_test(tests, what_has_no_place_in_the_lab_is_counted_and_dropped);
	tcase_add_test(tests, a_full_lab_loses_packets_and_recovers);
	tcase_add_test(tests, weather_is_set_for_one_link_for_all_of_a_node_and_for_all);
	suite_add_tcase(suite, tests);
	return suite_run(suite);
}

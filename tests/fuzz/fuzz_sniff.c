/* Fuzzes the reader of messages: a sequence of packets between four nodes, each with a fate. Whatever they hold, what is reported is sound, each exchange
 * once, and all of it is over after a while. Then the packets go through what routers do with too large ones. */
#include <stdlib.h>
#include <string.h>

#include "tools/zonelab/weather/ip.h"
#include "tools/zonelab/weather/oversize.h"
#include "tools/zonelab/weather/sniff.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { PACKET_MAX = 1500 };

struct world {
	size_t reported;
	usec_t now;
};

static void on_report(void *ctx, const struct sniff_message *message)
{
	struct world *world = ctx;

	world->reported++;
	if (message->kind >= SNIFF_NOTHING || message->zone_len == 0 || !name_is_valid(message->zone, message->zone_len) || message->end < message->begin ||
	    (message->is_answered && message->is_dropped))
		abort();
}

static void route(const uint8_t *packet, size_t len, unsigned mtu)
{
	uint8_t out[PACKET_MAX], answer[OVERSIZE_ANSWER_MAX];
	struct ip_header ip;

	if (!ip_read(packet, len, &ip))
		return;
	len = (size_t)(ip.payload + ip.payload_len - packet);
	if (oversize_may_fragment(packet, len)) {
		size_t part, sum = 0;
		for (size_t offset = 0; (part = oversize_fragment(packet, len, mtu, &offset, out)) > 0;) {
			if (part > mtu || !ip_read(out, part, &ip))
				abort();
			sum += ip.payload_len;
		}
		if (sum > len)
			abort();
	}
	size_t answered = oversize_answer(packet, len, mtu, answer);
	if (answered > sizeof(answer) || (answered && !ip_read(answer, answered, &ip)))
		abort();
}

/* Each packet: fate and nodes, time since the last one in 10 ms, two bytes of length, bytes. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct world world = { .now = 1000000 };
	struct sniff *sniff;
	size_t packets = 0;

	if (sniff_new(&sniff, on_report, &world) != ZT_OK)
		return 0;
	while (size >= 4) {
		size_t len = wire_get_u16(data + 2);
		world.now += data[1] * 10 * USEC_PER_MSEC;
		if (len > size - 4)
			len = size - 4;
		if (len > PACKET_MAX)
			len = PACKET_MAX;
		uint8_t *packet = malloc(len ? len : 1);
		if (!packet)
			break;
		memcpy(packet, data + 4, len);
		struct sighting sighting = {
			.bytes = packet, .len = len, .from = data[0] & 3, .to = data[0] >> 2 & 3, .fate = data[0] >> 4 & 7, .sent = world.now, .due = world.now,
		};
		if (sighting.fate == FATE_DELIVERED)
			sighting.due += 5 * USEC_PER_MSEC;
		sniff_packet(sniff, &sighting);
		route(packet, len, 68 + data[1] * 6U);
		free(packet);
		packets++;
		data += 4 + len;
		size -= 4 + len;
		if (sniff_deadline(sniff) <= world.now)
			sniff_tick(sniff, world.now);
	}
	for (unsigned i = 0; i < 2; i++)
		sniff_tick(sniff, world.now += 100 * USEC_PER_SEC);
	if (sniff_deadline(sniff) != INT64_MAX || world.reported > packets * PACKET_MAX)
		abort();
	sniff_free(sniff);
	return 0;
}

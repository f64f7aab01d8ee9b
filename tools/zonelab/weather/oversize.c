/* Fragments and ICMP errors. */
#include "tools/zonelab/weather/oversize.h"

#include "tools/zonelab/weather/ip.h"

enum { ICMP_HEADER = 8, ICMP_UNREACHABLE = 3, ICMP_FRAGMENTATION_NEEDED = 4, ICMP6_TOO_BIG = 2, ICMP_FIRST_QUERY6 = 128, QUOTED4 = 548, HOPS = 64 };

static uint32_t sum_words(const uint8_t *bytes, size_t len, uint32_t sum)
{
	size_t i = 0;
	for (; i + 1 < len; i += 2)
		sum += wire_get_u16(bytes + i);
	return i < len ? sum + (uint32_t)(bytes[i] << 8) : sum;
}

/* The Internet checksum (RFC 1071). */
static uint16_t checksum(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

static void seal_ip4(uint8_t *header, size_t header_len, size_t total)
{
	wire_put_u16(header + 2, (uint16_t)total);
	wire_put_u16(header + 10, 0);
	wire_put_u16(header + 10, checksum(sum_words(header, header_len, 0)));
}

bool oversize_may_fragment(const uint8_t *packet, size_t len)
{
	return len >= IP4_HEADER && packet[0] >> 4 == 4 && (wire_get_u16(packet + 6) & IP4_DONT_FRAGMENT) == 0;
}

/* Options are copied into every fragment, also those that need not be. */
size_t oversize_fragment(const uint8_t *packet, size_t len, unsigned mtu, size_t *offset, uint8_t *out)
{
	size_t header = (size_t)(packet[0] & 15) * 4, payload = len - header;

	if (*offset >= payload || mtu < header + 8)
		return 0;
	uint16_t flags = wire_get_u16(packet + 6);
	size_t part = payload - *offset, room = (mtu - header) & ~(size_t)7;
	bool is_last = part <= mtu - header;
	if (!is_last)
		part = room;
	memcpy(out, packet, header);
	memcpy(out + header, packet + header + *offset, part);
	uint16_t more = is_last ? flags & IP4_MORE_FRAGMENTS : IP4_MORE_FRAGMENTS;
	wire_put_u16(out + 6, (uint16_t)(more | ((flags & IP4_OFFSET) + *offset / 8)));
	seal_ip4(out, header, header + part);
	*offset += part;
	return header + part;
}

/* Types of ICMP that are answers to errors, to which nothing is answered. */
static bool is_icmp_error(const struct ip_header *ip)
{
	if (ip->payload_len < 1)
		return true;
	uint8_t type = ip->payload[0];
	if (ip->is_v6)
		return ip->protocol == IP_ICMP6 && type < ICMP_FIRST_QUERY6;
	return ip->protocol == IP_ICMP && (type == ICMP_UNREACHABLE || type == 4 || type == 5 || type == 11 || type == 12);
}

static size_t answer4(const struct ip_header *ip, const uint8_t *packet, size_t len, unsigned mtu, uint8_t *out)
{
	static const uint8_t sender[4] = { 192, 0, 0, 8 };
	size_t quoted = len < QUOTED4 ? len : QUOTED4, total = IP4_HEADER + ICMP_HEADER + quoted;
	uint8_t *icmp = out + IP4_HEADER;

	memset(out, 0, IP4_HEADER + ICMP_HEADER);
	out[0] = 0x45;
	out[8] = HOPS;
	out[9] = IP_ICMP;
	memcpy(out + 12, sender, 4);
	memcpy(out + 16, ip->source, 4);
	seal_ip4(out, IP4_HEADER, total);
	icmp[0] = ICMP_UNREACHABLE;
	icmp[1] = ICMP_FRAGMENTATION_NEEDED;
	wire_put_u16(icmp + 6, (uint16_t)mtu);
	memcpy(icmp + ICMP_HEADER, packet, quoted);
	wire_put_u16(icmp + 2, checksum(sum_words(icmp, ICMP_HEADER + quoted, 0)));
	return total;
}

static size_t answer6(const struct ip_header *ip, const uint8_t *packet, size_t len, unsigned mtu, uint8_t *out)
{
	static const uint8_t sender[16] = { 0xfe, 0x80, [15] = 1 };
	size_t room = OVERSIZE_ANSWER_MAX - IP6_HEADER - ICMP_HEADER, quoted = len < room ? len : room;
	uint8_t *icmp = out + IP6_HEADER;

	memset(out, 0, IP6_HEADER + ICMP_HEADER);
	out[0] = 0x60;
	wire_put_u16(out + 4, (uint16_t)(ICMP_HEADER + quoted));
	out[6] = IP_ICMP6;
	out[7] = HOPS;
	memcpy(out + 8, sender, 16);
	memcpy(out + 24, ip->source, 16);
	icmp[0] = ICMP6_TOO_BIG;
	wire_put_u32(icmp + 4, mtu);
	memcpy(icmp + ICMP_HEADER, packet, quoted);
	uint32_t pseudo = sum_words(out + 8, 32, (uint32_t)(ICMP_HEADER + quoted) + IP_ICMP6);
	wire_put_u16(icmp + 2, checksum(sum_words(icmp, ICMP_HEADER + quoted, pseudo)));
	return IP6_HEADER + ICMP_HEADER + quoted;
}

size_t oversize_answer(const uint8_t *packet, size_t len, unsigned mtu, uint8_t out[OVERSIZE_ANSWER_MAX])
{
	struct ip_header ip;

	if (!ip_read(packet, len, &ip) || ip.is_later_fragment || ip_is_multicast(&ip) || is_icmp_error(&ip))
		return 0;
	return ip.is_v6 ? answer6(&ip, packet, len, mtu, out) : answer4(&ip, packet, len, mtu, out);
}

/* The fields of IP headers that the switch, its capture and its reader of messages look at. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "lib/base/wire.h"

enum {
	IP4_HEADER = 20, IP6_HEADER = 40, IP6_FRAGMENT_HEADER = 8, UDP_HEADER = 8, TCP_HEADER = 20,
	IP_ICMP = 1, IP_TCP = 6, IP_UDP = 17, IP_FRAGMENT = 44, IP_ICMP6 = 58,
	IP4_DONT_FRAGMENT = 0x4000, IP4_MORE_FRAGMENTS = 0x2000, IP4_OFFSET = 0x1fff,
};

struct ip_header {
	bool is_v6;
	uint8_t protocol;                 /* of the payload, behind an IPv6 fragment header */
	bool is_later_fragment;           /* the payload does not begin with the protocol's header */
	const uint8_t *source, *destination;
	size_t address_len;               /* 4 or 16 */
	const uint8_t *payload;
	size_t payload_len;
};

/* Reads the header of a packet; false when it is none or shorter than it says. What lies behind the length that it states is no payload. */
static inline bool ip_read(const uint8_t *packet, size_t len, struct ip_header *ip)
{
	if (len >= IP4_HEADER && packet[0] >> 4 == 4) {
		size_t header = (size_t)(packet[0] & 15) * 4, total = wire_get_u16(packet + 2);
		if (header < IP4_HEADER || total < header || total > len)
			return false;
		*ip = (struct ip_header){
			.protocol = packet[9], .is_later_fragment = (wire_get_u16(packet + 6) & IP4_OFFSET) != 0,
			.source = packet + 12, .destination = packet + 16, .address_len = 4, .payload = packet + header, .payload_len = total - header,
		};
		return true;
	}
	if (len < IP6_HEADER || packet[0] >> 4 != 6 || wire_get_u16(packet + 4) > len - IP6_HEADER)
		return false;
	*ip = (struct ip_header){
		.is_v6 = true, .protocol = packet[6], .source = packet + 8, .destination = packet + 24, .address_len = 16,
		.payload = packet + IP6_HEADER, .payload_len = wire_get_u16(packet + 4),
	};
	if (ip->protocol == IP_FRAGMENT && ip->payload_len >= IP6_FRAGMENT_HEADER) {
		ip->protocol = ip->payload[0];
		ip->is_later_fragment = (wire_get_u16(ip->payload + 2) & 0xfff8) != 0;
		ip->payload += IP6_FRAGMENT_HEADER;
		ip->payload_len -= IP6_FRAGMENT_HEADER;
	}
	return true;
}

static inline bool ip_is_multicast(const struct ip_header *ip)
{
	static const uint8_t everybody[4] = { 255, 255, 255, 255 };
	return ip->is_v6 ? ip->destination[0] == 0xff : (ip->destination[0] >> 4 == 14 || memcmp(ip->destination, everybody, 4) == 0);
}

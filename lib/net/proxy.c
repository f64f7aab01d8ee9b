/* PROXY protocol version 2. */
#include "lib/net/proxy.h"

#include <string.h>

#include "lib/base/wire.h"

enum {
	VERSION = 2,
	COMMAND_LOCAL = 0,
	COMMAND_PROXY = 1,
	FAMILY_IPV4 = 1,
	FAMILY_IPV6 = 2,
	FAMILY_MAX = 3,          /* 3 is Unix sockets */
	TRANSPORT_MAX = 2,       /* 1 is a stream, 2 datagrams */
	ADDRESSES_IPV4 = 12,
	ADDRESSES_IPV6 = 36,
	ADDRESSES_UNIX = 216,
};

static const uint8_t signature[PROXY_SIGNATURE_LEN] = { 0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a };

static void ipv4_read(struct netaddr *addr, const uint8_t *ip, const uint8_t *port)
{
	*addr = (struct netaddr){ 0 };
	addr->v4.sin_family = AF_INET;
	memcpy(&addr->v4.sin_addr, ip, 4);
	memcpy(&addr->v4.sin_port, port, 2);
}

/* An IPv4 address in the clothes of IPv6 is IPv4 to all rules of ours. */
static void ipv6_read(struct netaddr *addr, const uint8_t *ip, const uint8_t *port)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };

	if (memcmp(ip, mapped, sizeof(mapped)) == 0) {
		ipv4_read(addr, ip + sizeof(mapped), port);
		return;
	}
	*addr = (struct netaddr){ 0 };
	addr->v6.sin6_family = AF_INET6;
	memcpy(&addr->v6.sin6_addr, ip, 16);
	memcpy(&addr->v6.sin6_port, port, 2);
}

/* The addresses of a family, which lie right behind the fixed part. */
static int addresses_read(struct proxy_header *header, unsigned family, const uint8_t *at, size_t len)
{
	static const size_t needed[] = { 0, ADDRESSES_IPV4, ADDRESSES_IPV6, ADDRESSES_UNIX };

	if (len < needed[family])
		return ZT_EMALFORMED;
	if (family == FAMILY_IPV4) {
		ipv4_read(&header->source, at, at + 8);
		ipv4_read(&header->destination, at + 4, at + 10);
	} else if (family == FAMILY_IPV6) {
		ipv6_read(&header->source, at, at + 32);
		ipv6_read(&header->destination, at + 16, at + 34);
	}
	return ZT_OK;
}

int proxy_read(struct proxy_header *header, const uint8_t *data, size_t len)
{
	*header = (struct proxy_header){ .len = PROXY_FIXED_LEN };
	if (len > 0 && memcmp(data, signature, len < sizeof(signature) ? len : sizeof(signature)) != 0)
		return ZT_ENOENT;
	if (len < PROXY_FIXED_LEN)
		return ZT_ETRUNC;
	unsigned version = data[12] >> 4, command = data[12] & 15, family = data[13] >> 4, transport = data[13] & 15;
	size_t rest = wire_get_u16(data + 14);
	header->len = PROXY_FIXED_LEN + rest;
	if (version != VERSION || command > COMMAND_PROXY || family > FAMILY_MAX || transport > TRANSPORT_MAX || header->len > PROXY_MAX_LEN)
		return ZT_EMALFORMED;
	if (len < header->len)
		return ZT_ETRUNC;
	return command == COMMAND_LOCAL ? ZT_OK : addresses_read(header, family, data + PROXY_FIXED_LEN, rest);
}

/* dnstap messages. */
#include "lib/net/dnstap.h"

#include <stdbool.h>
#include <string.h>

/* Protocol buffers: how a value is encoded stands in its key. */
enum wire_type { WIRE_VARINT = 0, WIRE_BYTES = 2, WIRE_FIXED32 = 5 };

/* Fields of Dnstap and of Message. */
enum { FIELD_IDENTITY = 1, FIELD_VERSION = 2, FIELD_MESSAGE = 14, FIELD_TYPE = 15 };
enum {
	MESSAGE_TYPE = 1, MESSAGE_FAMILY = 2, MESSAGE_PROTOCOL = 3, MESSAGE_QUERY_ADDRESS = 4, MESSAGE_RESPONSE_ADDRESS = 5, MESSAGE_QUERY_PORT = 6,
	MESSAGE_RESPONSE_PORT = 7, MESSAGE_QUERY_SEC = 8, MESSAGE_QUERY_NSEC = 9, MESSAGE_QUERY = 10, MESSAGE_RESPONSE_SEC = 12, MESSAGE_RESPONSE_NSEC = 13,
	MESSAGE_RESPONSE = 14,
};
enum { DNSTAP_TYPE_MESSAGE = 1, FAMILY_INET = 1, FAMILY_INET6 = 2, VARINT_MAX = 10 };

static size_t varint_put(uint8_t out[VARINT_MAX], uint64_t value)
{
	size_t len = 0;

	while (value >= 0x80) {
		out[len++] = (uint8_t)(value | 0x80);
		value >>= 7;
	}
	out[len++] = (uint8_t)value;
	return len;
}

static void varint_write(struct buf *out, uint64_t value)
{
	uint8_t bytes[VARINT_MAX];
	buf_add(out, bytes, varint_put(bytes, value));
}

static void key_write(struct buf *out, unsigned field, enum wire_type type)
{
	varint_write(out, (uint64_t)field << 3 | type);
}

static void number_write(struct buf *out, unsigned field, uint64_t value)
{
	key_write(out, field, WIRE_VARINT);
	varint_write(out, value);
}

static void bytes_write(struct buf *out, unsigned field, const void *data, size_t len)
{
	key_write(out, field, WIRE_BYTES);
	varint_write(out, len);
	buf_add(out, data, len);
}

/* Seconds as a number, nanoseconds as four bytes in little-endian order. */
static void time_write(struct buf *out, unsigned sec_field, usec_t wall)
{
	uint32_t ns = (uint32_t)(wall % USEC_PER_SEC) * 1000;
	const uint8_t bytes[] = { (uint8_t)ns, (uint8_t)(ns >> 8), (uint8_t)(ns >> 16), (uint8_t)(ns >> 24) };

	number_write(out, sec_field, (uint64_t)(wall / USEC_PER_SEC));
	key_write(out, sec_field + 1, WIRE_FIXED32);
	buf_add(out, bytes, sizeof(bytes));
}

static void address_write(struct buf *out, unsigned ip_field, unsigned port_field, const struct netaddr *addr)
{
	size_t len;
	const uint8_t *ip = netaddr_ip(addr, &len);

	if (!ip)
		return;
	bytes_write(out, ip_field, ip, len);
	number_write(out, port_field, netaddr_port(addr));
}

static bool is_response(enum dnstap_kind kind)
{
	return kind == DNSTAP_AUTH_RESPONSE || kind == DNSTAP_UPDATE_RESPONSE;
}

static void message_write(const struct dnstap_event *event, struct buf *out)
{
	number_write(out, MESSAGE_TYPE, event->kind);
	number_write(out, MESSAGE_FAMILY, event->client->family == AF_INET6 ? FAMILY_INET6 : FAMILY_INET);
	number_write(out, MESSAGE_PROTOCOL, event->transport);
	address_write(out, MESSAGE_QUERY_ADDRESS, MESSAGE_QUERY_PORT, event->client);
	address_write(out, MESSAGE_RESPONSE_ADDRESS, MESSAGE_RESPONSE_PORT, event->server);
	time_write(out, MESSAGE_QUERY_SEC, event->query_wall);
	if (is_response(event->kind))
		time_write(out, MESSAGE_RESPONSE_SEC, event->response_wall);
	bytes_write(out, is_response(event->kind) ? MESSAGE_RESPONSE : MESSAGE_QUERY, event->message, event->len);
}

void dnstap_write(const struct dnstap_event *event, const struct dnstap_origin *origin, struct buf *out)
{
	uint8_t length[VARINT_MAX];

	if (origin->identity)
		bytes_write(out, FIELD_IDENTITY, origin->identity, strlen(origin->identity));
	if (origin->version)
		bytes_write(out, FIELD_VERSION, origin->version, strlen(origin->version));
	number_write(out, FIELD_TYPE, DNSTAP_TYPE_MESSAGE);
	key_write(out, FIELD_MESSAGE, WIRE_BYTES);
	/* The inner message's length stands before it: it is written first and then moved. */
	size_t start = out->len;
	message_write(event, out);
	size_t inner = out->len - start, shift = varint_put(length, inner);
	if (!buf_reserve(out, shift))
		return;
	memmove(out->data + start + shift, out->data + start, inner);
	memcpy(out->data + start, length, shift);
	out->len += shift;
}

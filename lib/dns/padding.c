/* Padding of messages. */
#include "lib/dns/padding.h"

#include <string.h>

#include "lib/base/wire.h"
#include "lib/dns/message.h"

enum { COUNTS_AT = 10, OPT_LEN = 11, OPTION_HEAD = 4 };      /* of ARCOUNT; bytes of OPT and of an option without their data */

/* Room for what is put behind the message, and how much of it is padding. */
static int padding_fit(size_t head, size_t len, size_t size, size_t block, size_t *padding)
{
	if (size < len + head)
		return ZT_ESPACE;
	*padding = (block - (len + head) % block) % block;
	if (*padding > size - len - head)
		*padding = size - len - head;
	return ZT_OK;
}

static void option_write(uint8_t *at, size_t padding)
{
	wire_put_u16(at, EDNS_PADDING);
	wire_put_u16(at + 2, (uint16_t)padding);
	memset(at + OPTION_HEAD, 0, padding);
}

/* A new OPT record. */
static int opt_add(uint8_t *wire, size_t *len, size_t size, size_t block)
{
	uint8_t *at = wire + *len;
	size_t padding;

	if (padding_fit(OPT_LEN + OPTION_HEAD, *len, size, block, &padding) != ZT_OK)
		return ZT_ESPACE;
	memset(at, 0, OPT_LEN);
	wire_put_u16(at + 1, TYPE_OPT);
	wire_put_u16(at + 3, EDNS_UDP_SIZE);
	wire_put_u16(at + OPT_LEN - 2, (uint16_t)(OPTION_HEAD + padding));
	option_write(at + OPT_LEN, padding);
	wire_put_u16(wire + COUNTS_AT, (uint16_t)(wire_get_u16(wire + COUNTS_AT) + 1));
	*len += OPT_LEN + OPTION_HEAD + padding;
	return ZT_OK;
}

int message_pad(uint8_t *wire, size_t *len, size_t size, size_t block)
{
	struct message message;
	size_t padding;

	if (message_read(&message, wire, *len) != ZT_OK || message.tsig_at > 0)
		return ZT_EMALFORMED;
	if (!message.edns.present)
		return opt_add(wire, len, size, block);
	if (message.edns.options + message.edns.options_len != wire + *len)
		return ZT_EMALFORMED;
	if (padding_fit(OPTION_HEAD, *len, size, block, &padding) != ZT_OK || message.edns.options_len + OPTION_HEAD + padding > UINT16_MAX)
		return ZT_ESPACE;
	wire_put_u16(wire + *len - message.edns.options_len - 2, (uint16_t)(message.edns.options_len + OPTION_HEAD + padding));
	option_write(wire + *len, padding);
	*len += OPTION_HEAD + padding;
	return ZT_OK;
}

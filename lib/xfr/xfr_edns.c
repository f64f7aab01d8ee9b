/* Options of questions about zones. */
#include "lib/xfr/xfr_edns.h"

enum { OPTION_HEAD_LEN = 4, ARCOUNT_AT = 10, EXPIRE_LEN = 4 };

int xfr_edns_append(const struct zsync *ours, bool asks_expire, uint8_t *wire, size_t size, size_t *len)
{
	struct wcursor cur = wcursor_over(wire + *len, size - *len);
	uint16_t options_len = (uint16_t)((asks_expire ? OPTION_HEAD_LEN : 0) + (ours ? ZSYNC_OPTION_LEN : 0));
	uint8_t option[ZSYNC_OPTION_LEN];

	wcursor_u8(&cur, 0);
	wcursor_u16(&cur, TYPE_OPT);
	wcursor_u16(&cur, EDNS_UDP_SIZE);
	wcursor_u32(&cur, 0);
	wcursor_u16(&cur, options_len);
	if (asks_expire) {
		wcursor_u16(&cur, EDNS_EXPIRE);
		wcursor_u16(&cur, 0);
	}
	if (ours) {
		zsync_write(ours, option);
		wcursor_put(&cur, option, sizeof(option));
	}
	if (cur.status != ZT_OK)
		return cur.status;
	wire_put_u16(wire + ARCOUNT_AT, (uint16_t)(wire_get_u16(wire + ARCOUNT_AT) + 1));
	*len += cur.pos;
	return ZT_OK;
}

void xfr_edns_read(const struct message *message, struct xfr_edns *out)
{
	const uint8_t *data;
	uint16_t len;

	*out = (struct xfr_edns){ 0 };
	out->has_zsync = zsync_read(&message->edns, &out->zsync);
	out->has_expire = edns_has(&message->edns, EDNS_EXPIRE) && edns_option(&message->edns, EDNS_EXPIRE, &data, &len) && len == EXPIRE_LEN;
	if (out->has_expire)
		out->expire = wire_get_u32(data);
}

/* EDNS(0). */
#include "lib/dns/edns.h"

static void option_note(struct edns *edns, uint16_t code, const uint8_t *data, uint16_t len)
{
	if (code >= 32)
		return;
	edns->codes |= UINT32_C(1) << code;
	if (len > 0)
		edns->codes_with_data |= UINT32_C(1) << code;
	if (code == EDNS_COOKIE && !edns->cookie) {
		edns->cookie = data;
		edns->cookie_len = len;
	}
}

int edns_read(struct edns *edns, uint16_t rr_class, uint32_t ttl, const uint8_t *rdata, uint16_t len)
{
	*edns = (struct edns){
		.present = true,
		.udp_size = rr_class,
		.extended_rcode = (uint8_t)(ttl >> 24),
		.version = (uint8_t)(ttl >> 16),
		.flags = (uint16_t)ttl,
		.options = rdata,
		.options_len = len,
	};
	struct rcursor cur = rcursor_over(rdata, len);
	while (rcursor_left(&cur) > 0) {
		uint16_t code = rcursor_u16(&cur), option_len = rcursor_u16(&cur);
		const uint8_t *data = rcursor_take(&cur, option_len);
		if (data)
			option_note(edns, code, data, option_len);
	}
	if (cur.status != ZT_OK) {
		edns->options_len = edns->cookie_len = 0;
		edns->codes = edns->codes_with_data = 0;
		edns->cookie = NULL;
		return ZT_EMALFORMED;
	}
	return ZT_OK;
}

bool edns_option_next(const struct edns *edns, size_t *pos, uint16_t *code, const uint8_t **data, uint16_t *len)
{
	if (!edns->present || *pos >= edns->options_len)
		return false;
	struct rcursor cur = rcursor_over(edns->options, edns->options_len);
	cur.pos = *pos;
	*code = rcursor_u16(&cur);
	*len = rcursor_u16(&cur);
	*data = rcursor_take(&cur, *len);
	*pos = cur.pos;
	return *data != NULL;
}

bool edns_option(const struct edns *edns, uint16_t code, const uint8_t **data, uint16_t *len)
{
	uint16_t found;
	for (size_t pos = 0; edns_option_next(edns, &pos, &found, data, len);) {
		if (found == code)
			return true;
	}
	return false;
}

/* EDNS(0). */
#include "lib/dns/edns.h"

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
		rcursor_u16(&cur);
		rcursor_take(&cur, rcursor_u16(&cur));
	}
	if (cur.status != ZT_OK) {
		edns->options_len = 0;
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

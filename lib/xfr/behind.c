/* Read repair. */
#include "lib/xfr/behind.h"

#include <string.h>

#include "lib/dns/writer.h"

enum { FORM = 1, HEAD_LEN = 12, IPV4_LEN = 4, IPV6_LEN = 16 };

int behind_write(const struct behind *behind, const uint8_t *apex, uint16_t id, struct wcursor *out)
{
	size_t ip_len;
	const uint8_t *ip = netaddr_ip(&behind->server, &ip_len);

	if (!ip)
		return ZT_EINVAL;
	wcursor_u16(out, id);
	wcursor_u16(out, (uint16_t)(opcode_flags(OPCODE_NOTIFY) | FLAG_AA));
	wcursor_u16(out, 1);
	wcursor_u16(out, 0);
	wcursor_u16(out, 0);
	wcursor_u16(out, 1);
	wcursor_put(out, apex, name_len(apex));
	wcursor_u16(out, TYPE_SOA);
	wcursor_u16(out, CLASS_IN);
	wcursor_u8(out, 0);
	wcursor_u16(out, TYPE_OPT);
	wcursor_u16(out, EDNS_UDP_SIZE);
	wcursor_u32(out, 0);
	wcursor_u16(out, (uint16_t)(4 + HEAD_LEN + ip_len));
	wcursor_u16(out, BEHIND_OPTION);
	wcursor_u16(out, (uint16_t)(HEAD_LEN + ip_len));
	wcursor_u8(out, FORM);
	wcursor_u8(out, ip_len == IPV4_LEN ? 4 : 6);
	wcursor_u16(out, netaddr_port(&behind->server));
	wcursor_u32(out, behind->serial);
	wcursor_u32(out, behind->newest);
	wcursor_put(out, ip, ip_len);
	return out->status;
}

bool behind_read(const struct edns *edns, struct behind *out)
{
	const uint8_t *data;
	uint16_t len;

	if (!edns->present || !edns_option(edns, BEHIND_OPTION, &data, &len) || len < HEAD_LEN || data[0] != FORM)
		return false;
	size_t ip_len = data[1] == 4 ? IPV4_LEN : data[1] == 6 ? IPV6_LEN : 0;
	if (ip_len == 0 || len != HEAD_LEN + ip_len)
		return false;
	*out = (struct behind){ .serial = wire_get_u32(data + 4), .newest = wire_get_u32(data + 8) };
	out->server.family = ip_len == IPV4_LEN ? AF_INET : AF_INET6;
	memcpy(ip_len == IPV4_LEN ? (void *)&out->server.v4.sin_addr : (void *)&out->server.v6.sin6_addr, data + HEAD_LEN, ip_len);
	netaddr_set_port(&out->server, wire_get_u16(data + 2));
	return true;
}

/* Which shape a type's text has. */
#include "lib/dns/shape.h"

struct type_shape {
	uint16_t type;
	const char *shape;
};

static const struct type_shape rare_types[] = {
	{ TYPE_MD, "n" }, { TYPE_MF, "n" }, { TYPE_MB, "n" }, { TYPE_MG, "n" }, { TYPE_MR, "n" }, { TYPE_HINFO, "ss" },
	{ TYPE_MINFO, "nn" }, { TYPE_RP, "nn" }, { TYPE_AFSDB, "2n" }, { TYPE_X25, "s" }, { TYPE_ISDN, "S" }, { TYPE_RT, "2n" },
	{ TYPE_NSAP_PTR, "n" }, { TYPE_SIG, "tg14zz2nb" }, { TYPE_KEY, "21gb" }, { TYPE_PX, "2nn" }, { TYPE_GPOS, "sss" },
	{ TYPE_NAPTR, "22sssn" }, { TYPE_KX, "2n" }, { TYPE_CERT, "k2gb" }, { TYPE_DS, "2g1x" }, { TYPE_SSHFP, "11x" },
	{ TYPE_RRSIG, "tg1pzz2nb" }, { TYPE_NSEC, "nT" }, { TYPE_DNSKEY, "21gb" }, { TYPE_DHCID, "b" },
	{ TYPE_NSEC3, "112hiT" }, { TYPE_NSEC3PARAM, "112h" }, { TYPE_TLSA, "111x" }, { TYPE_SMIMEA, "111x" },
	{ TYPE_EID, "x" }, { TYPE_NIMLOC, "x" }, { TYPE_ATMA, "x" }, { TYPE_NINFO, "S" }, { TYPE_RKEY, "21gb" },
	{ TYPE_TALINK, "nn" }, { TYPE_CDS, "2g1x" }, { TYPE_CDNSKEY, "21gb" }, { TYPE_OPENPGPKEY, "b" }, { TYPE_CSYNC, "42T" },
	{ TYPE_ZONEMD, "411x" }, { TYPE_SPF, "S" }, { TYPE_NID, "2l" }, { TYPE_L32, "2a" }, { TYPE_L64, "2l" },
	{ TYPE_LP, "2n" }, { TYPE_EUI48, "e" }, { TYPE_EUI64, "E" }, { TYPE_URI, "22v" }, { TYPE_CAA, "1wv" },
	{ TYPE_AVC, "S" }, { TYPE_RESINFO, "S" }, { TYPE_WALLET, "S" }, { TYPE_CLA, "S" }, { TYPE_TA, "2g1x" },
	{ TYPE_DLV, "2g1x" },
};

static const char *shape_of(uint16_t type)
{
	switch (type) {
	case TYPE_A: return "a";
	case TYPE_AAAA: return "A";
	case TYPE_NS:
	case TYPE_CNAME:
	case TYPE_PTR:
	case TYPE_DNAME: return "n";
	case TYPE_MX: return "2n";
	case TYPE_TXT: return "S";
	case TYPE_SOA: return "nn4pppp";
	case TYPE_SRV: return "222n";
	default: break;
	}
	for (size_t i = 0; i < sizeof(rare_types) / sizeof(rare_types[0]); i++) {
		if (rare_types[i].type == type)
			return rare_types[i].shape;
	}
	return NULL;
}

/* IPSECKEY's shape by gateway type (RFC 4025 section 2.3); the key may be absent. */
static const char *ipseckey_shape(uint32_t gateway, bool has_key)
{
	switch (gateway) {
	case 0: return has_key ? "111.b" : "111.";
	case 1: return has_key ? "111ab" : "111a";
	case 2: return has_key ? "111Ab" : "111A";
	case 3: return has_key ? "111nb" : "111n";
	default: return NULL;
	}
}

const char *shape_of_source(const struct rdata_source *source)
{
	uint32_t gateway;

	if (source->type != TYPE_IPSECKEY)
		return shape_of(source->type);
	return source->count > 1 && token_number(&source->tokens[1], UINT8_MAX, &gateway) ? ipseckey_shape(gateway, source->count != 4) : NULL;
}

const char *shape_of_rdata(uint16_t type, const uint8_t *rdata, size_t len)
{
	static const size_t address_len[] = { 0, 4, 16 };
	uint8_t name[NAME_MAX_LEN];

	if (type != TYPE_IPSECKEY)
		return shape_of(type);
	if (len < 3 || rdata[1] > 3)
		return NULL;
	struct rcursor cur = rcursor_over(rdata + 3, len - 3);
	if (rdata[1] == 3)
		name_read_plain(&cur, name);
	else
		rcursor_take(&cur, address_len[rdata[1]]);
	return cur.status == ZT_OK ? ipseckey_shape(rdata[1], rcursor_left(&cur) > 0) : NULL;
}

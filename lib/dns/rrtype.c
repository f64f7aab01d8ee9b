/* The descriptor table. Numbers and names are those of the IANA registry "Resource Record (RR) TYPEs" as of August 2026. UNECE and ISO
 * follow draft-woodcock-faltstrom-external-registry-rrtypes-01, CLA and IPN draft-johnson-dns-ipn-cla-07, DOA draft-durand-doa-over-dns-03. */
#include "lib/dns/rrtype.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

static const struct rr_descriptor table[] = {
	[TYPE_A] = { TYPE_A, "A", "4", "a" },
	[TYPE_NS] = { TYPE_NS, "NS", "c", "n" },
	[TYPE_MD] = { TYPE_MD, "MD", "c", "n" },
	[TYPE_MF] = { TYPE_MF, "MF", "c", "n" },
	[TYPE_CNAME] = { TYPE_CNAME, "CNAME", "c", "n" },
	[TYPE_SOA] = { TYPE_SOA, "SOA", "cc44444", "nn4pppp" },
	[TYPE_MB] = { TYPE_MB, "MB", "c", "n" },
	[TYPE_MG] = { TYPE_MG, "MG", "c", "n" },
	[TYPE_MR] = { TYPE_MR, "MR", "c", "n" },
	[TYPE_NULL] = { TYPE_NULL, "NULL", "b", NULL },
	[TYPE_WKS] = { TYPE_WKS, "WKS", "41b", NULL },
	[TYPE_PTR] = { TYPE_PTR, "PTR", "c", "n" },
	[TYPE_HINFO] = { TYPE_HINFO, "HINFO", "ss", "ss" },
	[TYPE_MINFO] = { TYPE_MINFO, "MINFO", "cc", "nn" },
	[TYPE_MX] = { TYPE_MX, "MX", "2c", "2n" },
	[TYPE_TXT] = { TYPE_TXT, "TXT", "S", "S" },
	[TYPE_RP] = { TYPE_RP, "RP", "dd", "nn" },
	[TYPE_AFSDB] = { TYPE_AFSDB, "AFSDB", "2d", "2n" },
	[TYPE_X25] = { TYPE_X25, "X25", "s", "s" },
	[TYPE_ISDN] = { TYPE_ISDN, "ISDN", "so", "so" },
	[TYPE_RT] = { TYPE_RT, "RT", "2d", "2n" },
	[TYPE_NSAP] = { TYPE_NSAP, "NSAP", "B", NULL },
	[TYPE_NSAP_PTR] = { TYPE_NSAP_PTR, "NSAP-PTR", "n", "n" },
	[TYPE_SIG] = { TYPE_SIG, "SIG", "2114442dB", "tg14zz2nb" },
	[TYPE_KEY] = { TYPE_KEY, "KEY", "211b", "21gc" },
	[TYPE_PX] = { TYPE_PX, "PX", "2dd", "2nn" },
	[TYPE_GPOS] = { TYPE_GPOS, "GPOS", "sss", "sss" },
	[TYPE_AAAA] = { TYPE_AAAA, "AAAA", "q", "A" },
	[TYPE_LOC] = { TYPE_LOC, "LOC", "1111444", NULL },
	[TYPE_NXT] = { TYPE_NXT, "NXT", "dB", NULL },
	[TYPE_EID] = { TYPE_EID, "EID", "B", "x" },
	[TYPE_NIMLOC] = { TYPE_NIMLOC, "NIMLOC", "B", "x" },
	[TYPE_SRV] = { TYPE_SRV, "SRV", "222d", "222n" },
	[TYPE_ATMA] = { TYPE_ATMA, "ATMA", "1B", NULL },
	[TYPE_NAPTR] = { TYPE_NAPTR, "NAPTR", "22sssd", "22sssn" },
	[TYPE_KX] = { TYPE_KX, "KX", "2d", "2n" },
	[TYPE_CERT] = { TYPE_CERT, "CERT", "221b", "k2gb" },
	[TYPE_A6] = { TYPE_A6, "A6", "B", NULL },
	[TYPE_DNAME] = { TYPE_DNAME, "DNAME", "d", "n" },
	[TYPE_SINK] = { TYPE_SINK, "SINK", "111b", "111c" },
	[TYPE_OPT] = { TYPE_OPT, "OPT", "b", NULL },
	[TYPE_APL] = { TYPE_APL, "APL", "a", NULL },
	[TYPE_DS] = { TYPE_DS, "DS", "211B", "2g1x" },
	[TYPE_SSHFP] = { TYPE_SSHFP, "SSHFP", "11B", "11x" },
	[TYPE_IPSECKEY] = { TYPE_IPSECKEY, "IPSECKEY", "i", NULL },
	[TYPE_RRSIG] = { TYPE_RRSIG, "RRSIG", "2114442dB", "tg1pzz2nb" },
	[TYPE_NSEC] = { TYPE_NSEC, "NSEC", "nt", "nT" },
	[TYPE_DNSKEY] = { TYPE_DNSKEY, "DNSKEY", "211b", "21gb" },
	[TYPE_DHCID] = { TYPE_DHCID, "DHCID", "B", "b" },
	[TYPE_NSEC3] = { TYPE_NSEC3, "NSEC3", "112sst", "112hiT" },
	[TYPE_NSEC3PARAM] = { TYPE_NSEC3PARAM, "NSEC3PARAM", "112s", "112h" },
	[TYPE_TLSA] = { TYPE_TLSA, "TLSA", "111B", "111x" },
	[TYPE_SMIMEA] = { TYPE_SMIMEA, "SMIMEA", "111B", "111x" },
	[TYPE_HIP] = { TYPE_HIP, "HIP", "h", NULL },
	[TYPE_NINFO] = { TYPE_NINFO, "NINFO", "S", "S" },
	[TYPE_RKEY] = { TYPE_RKEY, "RKEY", "211b", "21gb" },
	[TYPE_TALINK] = { TYPE_TALINK, "TALINK", "nn", "nn" },
	[TYPE_CDS] = { TYPE_CDS, "CDS", "211B", "2g1x" },
	[TYPE_CDNSKEY] = { TYPE_CDNSKEY, "CDNSKEY", "211b", "21gb" },
	[TYPE_OPENPGPKEY] = { TYPE_OPENPGPKEY, "OPENPGPKEY", "B", "b" },
	[TYPE_CSYNC] = { TYPE_CSYNC, "CSYNC", "42t", "42T" },
	[TYPE_ZONEMD] = { TYPE_ZONEMD, "ZONEMD", "411B", "411x" },
	[TYPE_SVCB] = { TYPE_SVCB, "SVCB", "2np", NULL },
	[TYPE_HTTPS] = { TYPE_HTTPS, "HTTPS", "2np", NULL },
	[TYPE_DSYNC] = { TYPE_DSYNC, "DSYNC", "212n", "ty2n" },
	[TYPE_HHIT] = { TYPE_HHIT, "HHIT", "B", "b" },
	[TYPE_BRID] = { TYPE_BRID, "BRID", "B", "b" },
	[TYPE_UNECE] = { TYPE_UNECE, "UNECE", "sssb", "uduV" },
	[TYPE_ISO] = { TYPE_ISO, "ISO", "sssb", "uduV" },
	[TYPE_SPF] = { TYPE_SPF, "SPF", "S", "S" },
	[TYPE_UINFO] = { TYPE_UINFO, "UINFO", "b", NULL },
	[TYPE_UID] = { TYPE_UID, "UID", "b", NULL },
	[TYPE_GID] = { TYPE_GID, "GID", "b", NULL },
	[TYPE_UNSPEC] = { TYPE_UNSPEC, "UNSPEC", "b", NULL },
	[TYPE_NID] = { TYPE_NID, "NID", "28", "2l" },
	[TYPE_L32] = { TYPE_L32, "L32", "24", "2a" },
	[TYPE_L64] = { TYPE_L64, "L64", "28", "2l" },
	[TYPE_LP] = { TYPE_LP, "LP", "2n", "2n" },
	[TYPE_EUI48] = { TYPE_EUI48, "EUI48", "6", "e" },
	[TYPE_EUI64] = { TYPE_EUI64, "EUI64", "8", "E" },
	[TYPE_NXNAME] = { TYPE_NXNAME, "NXNAME", "", NULL },
	[TYPE_TKEY] = { TYPE_TKEY, "TKEY", "B", NULL },
	[TYPE_TSIG] = { TYPE_TSIG, "TSIG", "B", NULL },
	[TYPE_IXFR] = { TYPE_IXFR, "IXFR", "", NULL },
	[TYPE_AXFR] = { TYPE_AXFR, "AXFR", "", NULL },
	[TYPE_MAILB] = { TYPE_MAILB, "MAILB", "", NULL },
	[TYPE_MAILA] = { TYPE_MAILA, "MAILA", "", NULL },
	[TYPE_ANY] = { TYPE_ANY, "ANY", "", NULL },
	[TYPE_URI] = { TYPE_URI, "URI", "22B", "22v" },
	[TYPE_CAA] = { TYPE_CAA, "CAA", "1sb", "1wv" },
	[TYPE_AVC] = { TYPE_AVC, "AVC", "S", "S" },
	[TYPE_DOA] = { TYPE_DOA, "DOA", "441sb", "441sB" },
	[TYPE_AMTRELAY] = { TYPE_AMTRELAY, "AMTRELAY", "r", NULL },
	[TYPE_RESINFO] = { TYPE_RESINFO, "RESINFO", "S", "S" },
	[TYPE_WALLET] = { TYPE_WALLET, "WALLET", "S", "S" },
	[TYPE_CLA] = { TYPE_CLA, "CLA", "S", "S" },
	[TYPE_IPN] = { TYPE_IPN, "IPN", "8", "8" },
};

/* Far from the others. */
static const struct rr_descriptor trust_table[] = {
	[TYPE_TA - TYPE_TA] = { TYPE_TA, "TA", "211B", "2g1x" },
	[TYPE_DLV - TYPE_TA] = { TYPE_DLV, "DLV", "211B", "2g1x" },
};

/* A hash table of the mnemonics: each type stands in the slot that mnemonic_slot says, or in the first free one after it. So does a new type;
 * the unit test of mnemonics fails where one is missing. */
static const uint16_t slots[256] = {
	[0] = TYPE_TA, [4] = TYPE_NXT, [7] = TYPE_DSYNC, [8] = TYPE_LP, [12] = TYPE_DOA, [14] = TYPE_RT, [15] = TYPE_AMTRELAY,
	[16] = TYPE_HTTPS, [21] = TYPE_MINFO, [27] = TYPE_SSHFP, [30] = TYPE_NINFO, [31] = TYPE_CDNSKEY, [34] = TYPE_RP,
	[35] = TYPE_DLV, [38] = TYPE_A6, [40] = TYPE_CSYNC, [42] = TYPE_PTR, [43] = TYPE_NS, [47] = TYPE_NID, [53] = TYPE_IXFR,
	[55] = TYPE_SMIMEA, [56] = TYPE_NSEC3PARAM, [58] = TYPE_KEY, [59] = TYPE_TLSA, [62] = TYPE_HIP, [63] = TYPE_MAILB,
	[66] = TYPE_EUI48, [68] = TYPE_MAILA, [69] = TYPE_A, [70] = TYPE_NSEC3, [71] = TYPE_ZONEMD, [72] = TYPE_URI, [74] = TYPE_NXNAME,
	[75] = TYPE_L64, [76] = TYPE_OPT, [77] = TYPE_CAA, [78] = TYPE_SOA, [79] = TYPE_NIMLOC, [88] = TYPE_SVCB, [95] = TYPE_NSAP_PTR,
	[99] = TYPE_DNAME, [107] = TYPE_NULL, [108] = TYPE_GID, [109] = TYPE_SIG, [110] = TYPE_TKEY, [113] = TYPE_IPSECKEY,
	[114] = TYPE_DS, [117] = TYPE_BRID, [119] = TYPE_AAAA, [120] = TYPE_APL, [126] = TYPE_NSAP, [127] = TYPE_EUI64, [129] = TYPE_PX,
	[132] = TYPE_OPENPGPKEY, [133] = TYPE_DNSKEY, [136] = TYPE_ANY, [137] = TYPE_SINK, [139] = TYPE_SRV, [143] = TYPE_MR,
	[150] = TYPE_ATMA, [151] = TYPE_UINFO, [152] = TYPE_KX, [153] = TYPE_IPN, [155] = TYPE_TSIG, [158] = TYPE_RKEY,
	[159] = TYPE_WALLET, [170] = TYPE_DHCID, [178] = TYPE_AFSDB, [179] = TYPE_AVC, [181] = TYPE_HHIT, [182] = TYPE_UNSPEC,
	[183] = TYPE_ISO, [184] = TYPE_UID, [185] = TYPE_CNAME, [186] = TYPE_HINFO, [192] = TYPE_NAPTR, [193] = TYPE_MX,
	[197] = TYPE_LOC, [205] = TYPE_CDS, [208] = TYPE_L32, [210] = TYPE_GPOS, [214] = TYPE_ISDN, [215] = TYPE_NSEC,
	[219] = TYPE_TALINK, [221] = TYPE_UNECE, [223] = TYPE_MB, [227] = TYPE_RESINFO, [228] = TYPE_CLA, [233] = TYPE_EID,
	[235] = TYPE_RRSIG, [237] = TYPE_X25, [238] = TYPE_MG, [243] = TYPE_MF, [244] = TYPE_AXFR, [249] = TYPE_WKS, [250] = TYPE_TXT,
	[252] = TYPE_CERT, [253] = TYPE_MD, [254] = TYPE_SPF,
};

static uint8_t upper(char c)
{
	return (uint8_t)(c >= 'a' && c <= 'z' ? c - 0x20 : c);
}

static uint8_t mnemonic_slot(const char *text, size_t len)
{
	uint32_t hash = 0;
	for (size_t i = 0; i < len; i++)
		hash = (hash ^ upper(text[i])) * UINT32_C(0x503b0bf);
	return (uint8_t)(hash >> 24);
}

/* Whether the `len` characters are the word, which is in upper case. */
static bool is_word(const char *text, size_t len, const char *word)
{
	for (size_t i = 0; i < len; i++) {
		if (word[i] == '\0' || upper(text[i]) != (uint8_t)word[i])
			return false;
	}
	return word[len] == '\0';
}

const struct rr_descriptor *rr_descriptor(uint16_t type)
{
	const struct rr_descriptor *row = NULL;

	if (type < sizeof(table) / sizeof(table[0]))
		row = &table[type];
	else if (type >= TYPE_TA && type - TYPE_TA < (int)(sizeof(trust_table) / sizeof(trust_table[0])))
		row = &trust_table[type - TYPE_TA];
	return row && row->mnemonic ? row : NULL;
}

char *rr_type_to_text(uint16_t type, char out[RR_TYPE_TEXT_SIZE])
{
	const struct rr_descriptor *row = rr_descriptor(type);
	if (row)
		snprintf(out, RR_TYPE_TEXT_SIZE, "%s", row->mnemonic);
	else
		snprintf(out, RR_TYPE_TEXT_SIZE, "TYPE%u", type);
	return out;
}

/* "TYPE123" and "CLASS123" of RFC 3597 section 5; the prefix is in upper case. */
static bool generic_from_chars(const char *text, size_t len, const char *prefix, uint16_t *value)
{
	size_t prefix_len = strlen(prefix);
	uint32_t number = 0;

	if (len <= prefix_len || !is_word(text, prefix_len, prefix))
		return false;
	for (size_t i = prefix_len; i < len; i++) {
		if (text[i] < '0' || text[i] > '9' || number > UINT16_MAX)
			return false;
		number = number * 10 + (uint32_t)(text[i] - '0');
	}
	*value = (uint16_t)number;
	return number <= UINT16_MAX;
}

bool rr_type_from_chars(const char *text, size_t len, uint16_t *type)
{
	if (len > 0 && len < RR_TYPE_TEXT_SIZE) {
		for (uint8_t slot = mnemonic_slot(text, len); slots[slot] != 0; slot++) {
			const struct rr_descriptor *row = rr_descriptor(slots[slot]);
			if (row && is_word(text, len, row->mnemonic)) {
				*type = slots[slot];
				return true;
			}
		}
	}
	return generic_from_chars(text, len, "TYPE", type);
}

bool rr_type_from_text(const char *text, uint16_t *type)
{
	return rr_type_from_chars(text, strlen(text), type);
}

struct class_name {
	uint16_t rr_class;
	const char *mnemonic;
};

static const struct class_name classes[] = {
	{ CLASS_IN, "IN" }, { CLASS_CH, "CH" }, { CLASS_HS, "HS" }, { CLASS_NONE, "NONE" }, { CLASS_ANY, "ANY" },
};

char *rr_class_to_text(uint16_t rr_class, char out[RR_CLASS_TEXT_SIZE])
{
	for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]); i++) {
		if (classes[i].rr_class == rr_class) {
			snprintf(out, RR_CLASS_TEXT_SIZE, "%s", classes[i].mnemonic);
			return out;
		}
	}
	snprintf(out, RR_CLASS_TEXT_SIZE, "CLASS%u", rr_class);
	return out;
}

bool rr_class_from_text(const char *text, uint16_t *rr_class)
{
	for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]); i++) {
		if (strcasecmp(text, classes[i].mnemonic) == 0) {
			*rr_class = classes[i].rr_class;
			return true;
		}
	}
	return generic_from_chars(text, strlen(text), "CLASS", rr_class);
}

bool rr_type_is_meta(uint16_t type)
{
	return type == 0 || type == TYPE_OPT || (type >= 128 && type <= 255);
}

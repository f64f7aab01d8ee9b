/* The descriptor table. Numbers and names are those of the IANA registry "Resource Record (RR) TYPEs". */
#include "lib/dns/rrtype.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Sorted by type. HIP, IPSECKEY, AMTRELAY, APL, A6 and ISDN have layouts that depend on their own content; they are carried as bytes. */
static const struct rr_descriptor table[] = {
	{ 1, "A", "4" },
	{ 2, "NS", "c" },
	{ 3, "MD", "c" },
	{ 4, "MF", "c" },
	{ 5, "CNAME", "c" },
	{ 6, "SOA", "cc44444" },
	{ 7, "MB", "c" },
	{ 8, "MG", "c" },
	{ 9, "MR", "c" },
	{ 10, "NULL", "b" },
	{ 11, "WKS", "41b" },
	{ 12, "PTR", "c" },
	{ 13, "HINFO", "ss" },
	{ 14, "MINFO", "cc" },
	{ 15, "MX", "2c" },
	{ 16, "TXT", "S" },
	{ 17, "RP", "dd" },
	{ 18, "AFSDB", "2d" },
	{ 19, "X25", "s" },
	{ 20, "ISDN", "S" },
	{ 21, "RT", "2d" },
	{ 22, "NSAP", "B" },
	{ 23, "NSAP-PTR", "d" },
	{ 24, "SIG", "2114442dB" },
	{ 25, "KEY", "211b" },
	{ 26, "PX", "2dd" },
	{ 27, "GPOS", "sss" },
	{ 28, "AAAA", "q" },
	{ 29, "LOC", "1111444" },
	{ 30, "NXT", "dB" },
	{ 31, "EID", "B" },
	{ 32, "NIMLOC", "B" },
	{ 33, "SRV", "222d" },
	{ 34, "ATMA", "B" },
	{ 35, "NAPTR", "22sssd" },
	{ 36, "KX", "2d" },
	{ 37, "CERT", "221b" },
	{ 38, "A6", "B" },
	{ 39, "DNAME", "d" },
	{ 40, "SINK", "11b" },
	{ 41, "OPT", "b" },
	{ 42, "APL", "b" },
	{ 43, "DS", "211B" },
	{ 44, "SSHFP", "11B" },
	{ 45, "IPSECKEY", "B" },
	{ 46, "RRSIG", "2114442dB" },
	{ 47, "NSEC", "nt" },
	{ 48, "DNSKEY", "211b" },
	{ 49, "DHCID", "B" },
	{ 50, "NSEC3", "112sst" },
	{ 51, "NSEC3PARAM", "112s" },
	{ 52, "TLSA", "111B" },
	{ 53, "SMIMEA", "111B" },
	{ 55, "HIP", "B" },
	{ 56, "NINFO", "S" },
	{ 57, "RKEY", "211b" },
	{ 58, "TALINK", "nn" },
	{ 59, "CDS", "211B" },
	{ 60, "CDNSKEY", "211b" },
	{ 61, "OPENPGPKEY", "B" },
	{ 62, "CSYNC", "42t" },
	{ 63, "ZONEMD", "411B" },
	{ 64, "SVCB", "2nb" },
	{ 65, "HTTPS", "2nb" },
	{ 66, "DSYNC", "212n" },
	{ 67, "HHIT", "B" },
	{ 68, "BRID", "B" },
	{ 99, "SPF", "S" },
	{ 100, "UINFO", "B" },
	{ 101, "UID", "B" },
	{ 102, "GID", "B" },
	{ 103, "UNSPEC", "B" },
	{ 104, "NID", "28" },
	{ 105, "L32", "24" },
	{ 106, "L64", "28" },
	{ 107, "LP", "2n" },
	{ 108, "EUI48", "6" },
	{ 109, "EUI64", "8" },
	{ 128, "NXNAME", "" },
	{ 249, "TKEY", "B" },
	{ 250, "TSIG", "B" },
	{ 251, "IXFR", "" },
	{ 252, "AXFR", "" },
	{ 253, "MAILB", "" },
	{ 254, "MAILA", "" },
	{ 255, "ANY", "" },
	{ 256, "URI", "22B" },
	{ 257, "CAA", "1sb" },
	{ 258, "AVC", "S" },
	{ 259, "DOA", "441sb" },
	{ 260, "AMTRELAY", "B" },
	{ 261, "RESINFO", "S" },
	{ 262, "WALLET", "S" },
	{ 263, "CLA", "S" },
	{ 264, "IPN", "8" },
	{ 32768, "TA", "211B" },
	{ 32769, "DLV", "211B" },
};

static int row_cmp(const void *key, const void *row)
{
	return (int)*(const uint16_t *)key - (int)((const struct rr_descriptor *)row)->type;
}

const struct rr_descriptor *rr_descriptor(uint16_t type)
{
	return bsearch(&type, table, sizeof(table) / sizeof(table[0]), sizeof(table[0]), row_cmp);
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

/* "TYPE123" and "CLASS123" of RFC 3597 section 5. */
static bool generic_from_text(const char *text, const char *prefix, uint16_t *value)
{
	size_t prefix_len = strlen(prefix);
	if (strncasecmp(text, prefix, prefix_len) != 0 || text[prefix_len] < '0' || text[prefix_len] > '9')
		return false;
	char *end;
	unsigned long number = strtoul(text + prefix_len, &end, 10);
	if (*end != '\0' || number > UINT16_MAX)
		return false;
	*value = (uint16_t)number;
	return true;
}

bool rr_type_from_text(const char *text, uint16_t *type)
{
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		if (strcasecmp(text, table[i].mnemonic) == 0) {
			*type = table[i].type;
			return true;
		}
	}
	return generic_from_text(text, "TYPE", type);
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
	return generic_from_text(text, "CLASS", rr_class);
}

bool rr_type_is_meta(uint16_t type)
{
	return type == 0 || type == TYPE_OPT || (type >= 128 && type <= 255);
}

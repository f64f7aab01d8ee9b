/* Resource record types and classes, and the descriptor table of their rdata.
 *
 * One row describes a type; every walker (validate, decompress, canonicalise, compress, find names) works from it, so a new type is one row.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum rr_class { CLASS_IN = 1, CLASS_CH = 3, CLASS_HS = 4, CLASS_NONE = 254, CLASS_ANY = 255 };

enum rr_type {
	TYPE_A = 1, TYPE_NS = 2, TYPE_MD = 3, TYPE_MF = 4, TYPE_CNAME = 5, TYPE_SOA = 6, TYPE_MB = 7, TYPE_MG = 8,
	TYPE_MR = 9, TYPE_NULL = 10, TYPE_WKS = 11, TYPE_PTR = 12, TYPE_HINFO = 13, TYPE_MINFO = 14, TYPE_MX = 15,
	TYPE_TXT = 16, TYPE_RP = 17, TYPE_AFSDB = 18, TYPE_X25 = 19, TYPE_ISDN = 20, TYPE_RT = 21, TYPE_NSAP = 22,
	TYPE_NSAP_PTR = 23, TYPE_SIG = 24, TYPE_KEY = 25, TYPE_PX = 26, TYPE_GPOS = 27, TYPE_AAAA = 28, TYPE_LOC = 29,
	TYPE_NXT = 30, TYPE_EID = 31, TYPE_NIMLOC = 32, TYPE_SRV = 33, TYPE_ATMA = 34, TYPE_NAPTR = 35, TYPE_KX = 36,
	TYPE_CERT = 37, TYPE_A6 = 38, TYPE_DNAME = 39, TYPE_SINK = 40, TYPE_OPT = 41, TYPE_APL = 42, TYPE_DS = 43,
	TYPE_SSHFP = 44, TYPE_IPSECKEY = 45, TYPE_RRSIG = 46, TYPE_NSEC = 47, TYPE_DNSKEY = 48, TYPE_DHCID = 49,
	TYPE_NSEC3 = 50, TYPE_NSEC3PARAM = 51, TYPE_TLSA = 52, TYPE_SMIMEA = 53, TYPE_HIP = 55, TYPE_NINFO = 56,
	TYPE_RKEY = 57, TYPE_TALINK = 58, TYPE_CDS = 59, TYPE_CDNSKEY = 60, TYPE_OPENPGPKEY = 61, TYPE_CSYNC = 62,
	TYPE_ZONEMD = 63, TYPE_SVCB = 64, TYPE_HTTPS = 65, TYPE_DSYNC = 66, TYPE_HHIT = 67, TYPE_BRID = 68, TYPE_UNECE = 69,
	TYPE_ISO = 70, TYPE_SPF = 99, TYPE_UINFO = 100, TYPE_UID = 101, TYPE_GID = 102, TYPE_UNSPEC = 103, TYPE_NID = 104,
	TYPE_L32 = 105, TYPE_L64 = 106, TYPE_LP = 107, TYPE_EUI48 = 108, TYPE_EUI64 = 109, TYPE_NXNAME = 128, TYPE_TKEY = 249,
	TYPE_TSIG = 250, TYPE_IXFR = 251, TYPE_AXFR = 252, TYPE_MAILB = 253, TYPE_MAILA = 254, TYPE_ANY = 255, TYPE_URI = 256,
	TYPE_CAA = 257, TYPE_AVC = 258, TYPE_DOA = 259, TYPE_AMTRELAY = 260, TYPE_RESINFO = 261, TYPE_WALLET = 262,
	TYPE_CLA = 263, TYPE_IPN = 264, TYPE_TA = 32768, TYPE_DLV = 32769,
};

/* Field codes of a descriptor, in the order of the rdata:
 *   c  name; may be compressed both ways (RFC 1035 types); lower-cased in canonical form
 *   d  name; decompressed when read, never compressed when written (RFC 3597 section 4); lower-cased in canonical form
 *   n  name; never compressed, case kept in canonical form (RFC 6840 section 5.1)
 *   1 2 4 6 8 q  fixed fields of 1, 2, 4, 6, 8 and 16 bytes
 *   s  character string (a length byte and that many bytes)
 * and to the end of the rdata, with a layout of their own (lib/dns/layout.h):
 *   S  one or more character strings                      o  one or none
 *   t  type bitmap (RFC 4034 section 4.1.2)               p  SvcParams (RFC 9460 section 2.2)
 *   a  address prefixes (RFC 3123 section 4)              h  HIP (RFC 8005 section 5)
 *   i  IPSECKEY (RFC 4025 section 2)                      r  AMTRELAY (RFC 8777 section 4.2)
 *   b  any bytes                                          B  the same, at least one
 *
 * `text` has the codes of lib/dns/shape.h, one a token; NULL for a type whose text is not so regular, or is not known at all.
 */
struct rr_descriptor {
	uint16_t type;
	const char *mnemonic;
	const char *fields;
	const char *text;
};

/* NULL for a type without a row; such rdata is opaque (RFC 3597). Takes the same time for every type, as does the way back from a mnemonic. */
const struct rr_descriptor *rr_descriptor(uint16_t type);

enum { RR_TYPE_TEXT_SIZE = 16, RR_CLASS_TEXT_SIZE = 16 };

/* "AAAA", or "TYPE731"; returns `out`. */
char *rr_type_to_text(uint16_t type, char out[RR_TYPE_TEXT_SIZE]);
/* Case-insensitive mnemonic or TYPEnnn. */
bool rr_type_from_text(const char *text, uint16_t *type);
/* The same for text that does not end in NUL. */
bool rr_type_from_chars(const char *text, size_t len, uint16_t *type);
char *rr_class_to_text(uint16_t rr_class, char out[RR_CLASS_TEXT_SIZE]);
bool rr_class_from_text(const char *text, uint16_t *rr_class);

/* Types that may only stand in questions or messages, never in a zone (OPT, TSIG, TKEY, IXFR, AXFR, MAILA, MAILB, ANY and the rest of 128..255). */
bool rr_type_is_meta(uint16_t type);

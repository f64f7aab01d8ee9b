/* lib/dns/lexer, lib/dns/present: rdata text, compared with ldns. */
#include <ldns/ldns.h>
#include <stdlib.h>
#include <string.h>

#include "lib/dns/present.h"
#include "lib/dns/rdata.h"
#include "tests/support/random_rdata.h"
#include "tests/support/suite.h"

static uint8_t bytes[RDATA_MAX_LEN];

/* Reads text; returns the length, or a negative status. */
static int from_text(const char *type_text, const char *text, const char *origin_text, struct text_error *error)
{
	uint8_t origin[NAME_MAX_LEN];
	uint16_t type;
	struct wcursor out = wcursor_over(bytes, sizeof(bytes));
	ck_assert(rr_type_from_text(type_text, &type));
	ck_assert_int_eq(name_from_text(origin, origin_text, NULL), ZT_OK);
	int status = rdata_from_text(type, text, origin, &out, error);
	return status == ZT_OK ? (int)out.pos : status;
}

struct pair {
	const char *type;
	const char *text;        /* as a person may write it */
	const char *written;     /* as we write it; NULL: the same */
};

/* At least one of every type that has a presentation form here. */
static const struct pair good[] = {
	{ "A", "192.0.2.1", NULL },
	{ "NS", "ns", "ns.example." },
	{ "MD", "@", "example." },
	{ "MF", "a.b", "a.b.example." },
	{ "CNAME", "a.b.", NULL },
	{ "SOA", "ns host\\.master 1 1h30m 15m 2w 0", "ns.example. host\\.master.example. 1 5400 900 1209600 0" },
	{ "SOA", ". . 4294967295 4294967295 0 1 2", NULL },
	{ "MB", "m", "m.example." },
	{ "MG", "m", "m.example." },
	{ "MR", "m", "m.example." },
	{ "PTR", "\\001\\.x.", NULL },
	{ "HINFO", "PC Linux", "\"PC\" \"Linux\"" },
	{ "MINFO", "a b.", "a.example. b." },
	{ "MX", "10 mail", "10 mail.example." },
	{ "TXT", "\"a b\" c \"\"", "\"a b\" \"c\" \"\"" },
	{ "TXT", "\"\\\"\\\\\\001\\255;()\" a\\;b", "\"\\\"\\\\\\001\\255;()\" \"a;b\"" },
	{ "RP", "a b", "a.example. b.example." },
	{ "AFSDB", "1 a", "1 a.example." },
	{ "X25", "311061700956", "\"311061700956\"" },
	{ "ISDN", "150862028003217 004", "\"150862028003217\" \"004\"" },
	{ "RT", "2 a.", NULL },
	{ "NSAP-PTR", "a.", NULL },
	{ "SIG", "A 8 2 3600 20300101000000 20200101000000 12345 x AQID", "A 8 2 3600 20300101000000 20200101000000 12345 x.example. AQID" },
	{ "KEY", "256 3 RSASHA256 AQ ID", "256 3 8 AQID" },
	{ "PX", "1 a b", "1 a.example. b.example." },
	{ "GPOS", "-32.6882 116.8652 10.0", "\"-32.6882\" \"116.8652\" \"10.0\"" },
	{ "AAAA", "2001:DB8::1", "2001:db8::1" },
	{ "LOC", "52 22 23.000 N 4 53 32.000 E -2.00m 0.00m 10000m 10m", "52 22 23.000 N 04 53 32.000 E -2m 0.00m 10000m 10m" },
	{ "SRV", "0 5 443 www", "0 5 443 www.example." },
	{ "NAPTR", "100 50 \"s\" \"z3950+I2L+I2C\" \"\" _z3950._tcp", "100 50 \"s\" \"z3950+I2L+I2C\" \"\" _z3950._tcp.example." },
	{ "KX", "10 a.", NULL },
	{ "CERT", "PKIX 1 RSASHA256 AQ ID", "1 1 8 AQID" },
	{ "DNAME", "a", "a.example." },
	{ "APL", "1:192.168.32.0/21 !1:192.168.38.0/28", NULL },
	{ "DS", "60485 RSASHA1 1 2BB183AF5F225881 79A53B0A98631FAD1A292118", "60485 5 1 2bb183af5f22588179a53b0a98631fad1a292118" },
	{ "SSHFP", "2 1 12 34", "2 1 1234" },
	{ "IPSECKEY", "10 1 2 192.0.2.38 AQNRU3mG7TVTO2BkR47usntb102uFJtugbo6BSGvgqt4AQ==", NULL },
	{ "IPSECKEY", "10 3 2 gw AQNRU3mG", "10 3 2 gw.example. AQNRU3mG" },
	{ "IPSECKEY", "10 0 2 . AQNR U3mG", "10 0 2 . AQNRU3mG" },
	{ "IPSECKEY", "10 2 0 2001:db8::1", NULL },
	{ "RRSIG", "TYPE731 13 2 86400 1924992000 20200101000000 1 . AQ==", "TYPE731 13 2 86400 20310101000000 20200101000000 1 . AQ==" },
	{ "NSEC", "next A MX RRSIG NSEC TYPE1234", "next.example. A MX RRSIG NSEC TYPE1234" },
	{ "NSEC", "next.", NULL },
	{ "DNSKEY", "257 3 ECDSAP256SHA256 AQIDBA==", "257 3 13 AQIDBA==" },
	{ "DHCID", "AAIBY2/AuCccgoJbsaxcQc9TUapptP69lOjxfNuVAA2kjEA=", NULL },
	{ "NSEC3", "1 1 12 AABBCCDD 2T7B4G4VSA5SMI47K61MV5BV1A22BOJR A RRSIG", "1 1 12 aabbccdd 2t7b4g4vsa5smi47k61mv5bv1a22bojr A RRSIG" },
	{ "NSEC3", "1 0 0 - 2t7b4g4vsa5smi47k61mv5bv1a22bojr", NULL },
	{ "NSEC3PARAM", "1 0 0 -", NULL },
	{ "TLSA", "3 1 1 abcdef", NULL },
	{ "SMIMEA", "3 1 1 abcdef", NULL },
	{ "HIP", "2 200100107B1A74DF365639CC39F1D578 AwEAAbdxyhNuSutc rvs", "2 200100107b1a74df365639cc39f1d578 AwEAAbdxyhNuSutc rvs.example." },
	{ "NINFO", "a \"b c\"", "\"a\" \"b c\"" },
	{ "TALINK", "a b", "a.example. b.example." },
	{ "CDS", "0 0 0 00", NULL },
	{ "CDNSKEY", "0 3 0 AA==", NULL },
	{ "OPENPGPKEY", "AQIDBA==", NULL },
	{ "CSYNC", "66 3 A NS AAAA", NULL },
	{ "ZONEMD", "2018031500 1 1 a3b69bad980a3504e1cc21f1", NULL },
	{ "SVCB", "16 foo alpn=\"h2,h3\" ipv4hint=192.0.2.1 mandatory=alpn", "16 foo.example. mandatory=alpn alpn=h2,h3 ipv4hint=192.0.2.1" },
	{ "HTTPS", "0 @", "0 example." },
	{ "HTTPS", "1 . alpn=h3 no-default-alpn port=8443 ech=AAEC ipv6hint=2001:db8::1,2001:db8::2", "1 . alpn=h3 no-default-alpn port=8443 ech=AAEC ipv6hint=2001:db8::1,2001:db8::2" },
	{ "SVCB", "1 svc key667=hello", "1 svc.example. key667=hello" },
	/* RFC 9460 appendix D. */
	{ "HTTPS", "0 foo", "0 foo.example." },
	{ "SVCB", "16 foo port=53", "16 foo.example. port=53" },
	{ "SVCB", "1 foo key667=\"hello\\210qoo\"", "1 foo.example. key667=\"hello\\210qoo\"" },
	{ "SVCB", "1 foo ipv6hint=\"2001:db8::1,2001:db8::53:1\"", "1 foo.example. ipv6hint=2001:db8::1,2001:db8::53:1" },
	{ "SVCB", "1 . ipv6hint=\"2001:db8:ffff:ffff:ffff:ffff:198.51.100.100\"", "1 . ipv6hint=2001:db8:ffff:ffff:ffff:ffff:c633:6464" },
	{ "SVCB", "16 foo. alpn=h2,h3-19 mandatory=ipv4hint,alpn ipv4hint=192.0.2.1", "16 foo. mandatory=alpn,ipv4hint alpn=h2,h3-19 ipv4hint=192.0.2.1" },
	{ "SVCB", "16 foo. alpn=\"f\\\\\\\\oo\\\\,bar,h2\"", "16 foo. alpn=\"f\\\\\\\\oo\\\\,bar,h2\"" },
	{ "SVCB", "16 foo. alpn=f\\\\\\092oo\\092,bar,h2", "16 foo. alpn=\"f\\\\\\\\oo\\\\,bar,h2\"" },
	/* The keys registered later, generic forms of known keys, keys that need no value. */
	{ "SVCB", "1 . dohpath=/dns-query{?dns}", NULL },
	{ "SVCB", "1 . alpn=h2 ohttp", NULL },
	{ "SVCB", "1 . tls-supported-groups=29,23", NULL },
	{ "SVCB", "1 . alpn=co docpath=n,s", NULL },
	{ "SVCB", "1 . docpath", NULL },
	{ "SVCB", "1 . pvd", NULL },
	{ "SVCB", "1 . oots=do53:100,dot:10", NULL },
	{ "SVCB", "1 . key3=\\001\\187 key1=\"\\002h2\"", "1 . alpn=h2 port=443" },
	{ "SVCB", "1 . key5000", NULL },
	{ "SVCB", "0 alias. port=1", NULL },
	{ "SPF", "\"v=spf1 -all\"", NULL },
	{ "NID", "10 0014:4fff:ff20:ee64", NULL },
	{ "NID", "10 14:4FFF:ff20:0", "10 0014:4fff:ff20:0000" },
	{ "L32", "10 10.1.2.0", NULL },
	{ "L64", "10 2001:0db8:1140:1000", NULL },
	{ "LP", "10 l64", "10 l64.example." },
	{ "EUI48", "00-00-5E-00-53-2a", "00-00-5e-00-53-2a" },
	{ "EUI64", "00-00-5e-ef-10-00-00-2a", NULL },
	{ "URI", "10 1 \"ftp://ftp1.example.com/public\"", NULL },
	{ "CAA", "128 issue \"ca.example; policy=\\\"ev\\\"\"", NULL },
	{ "CAA", "0 iodef mailto:a@b", "0 iodef \"mailto:a@b\"" },
	{ "AVC", "\"a\"", NULL },
	{ "RESINFO", "qnamemin exterr=15,16", "\"qnamemin\" \"exterr=15,16\"" },
	{ "DLV", "1 8 2 abcd", NULL },
	{ "TA", "1 8 2 abcd", NULL },
	{ "NSAP", "0x47.0005.80005A0000000001e133ffffff000161.00", "0x47000580005a0000000001e133ffffff00016100" },
	{ "NSAP", "\\# 3 470005", "0x470005" },
	{ "EID", "abcd", NULL },
	{ "NIMLOC", "ab cd", "abcd" },
	{ "ATMA", "47.0005.80.ffde00.0000.0000.ffff.ffffffffffff.00", "47000580ffde0000000000ffffffffffffffff00" },
	{ "ATMA", "+1.2345", "+12345" },
	{ "ATMA", "\\# 2 0231", NULL },
	{ "RKEY", "0 255 1 AQID", NULL },
	{ "SINK", "1 2 3 AQID", NULL },
	{ "SINK", "1 2 3", NULL },
	{ "ISDN", "150862028003217", "\"150862028003217\"" },
	/* RFC 9859 section 2.3, RFC 9886 section 5 and the drafts that the registry names. */
	{ "DSYNC", "CDS NOTIFY 5359 cds-scanner", "CDS NOTIFY 5359 cds-scanner.example." },
	{ "DSYNC", "TYPE1000 3 0 .", NULL },
	{ "HHIT", "gwppM2Zm OCAwMDAw", "gwppM2ZmOCAwMDAw" },
	{ "BRID", "owAA", NULL },
	{ "UNECE", "20 -18 CEL \"cold-chain storage temperature\"", NULL },
	{ "UNECE", "16 - JPTYO", NULL },
	{ "UNECE", "20 2400000\\(50000\\) KGM", "20 \"2400000(50000)\" KGM" },
	{ "ISO", "4217 12.5 CHF", NULL },
	{ "DOA", "1234567890 1234567890 1 image/gif R0lG ODlh", "1234567890 1234567890 1 \"image/gif\" R0lGODlh" },
	{ "DOA", "0 0 1 \"\" -", NULL },
	{ "WALLET", "ETH 0x123", "\"ETH\" \"0x123\"" },
	{ "CLA", "TCP-v4-v7 TCP-v6-v7", "\"TCP-v4-v7\" \"TCP-v6-v7\"" },
	{ "IPN", "18446744073709551615", NULL },
	{ "IPN", "0", NULL },
	{ "TYPE731", "\\# 3 ab CDef", "\\# 3 abcdef" },
	{ "TYPE731", "\\# 0", NULL },
	{ "A", "\\# 4 c0000201", "192.0.2.1" },
	{ "AMTRELAY", "\\# 2 0a00", "10 0 0 ." },
	{ "AMTRELAY", "10 0 1 203.0.113.15", NULL },
	{ "AMTRELAY", "10 1 2 2001:db8::15", NULL },
	{ "AMTRELAY", "128 1 3 amtrelays", "128 1 3 amtrelays.example." },
	{ "AMTRELAY", "\\# 4 0a041234", NULL },
	{ "NULL", "\\# 2 0a00", NULL },
};

START_TEST(text_becomes_wire_and_text_again)
{
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		struct text_error error = { 0 };
		struct buf text;
		uint16_t type;
		int len = from_text(good[i].type, good[i].text, "example.", &error);
		ck_assert_msg(len >= 0, "%s %s: %s", good[i].type, good[i].text, error.text);
		ck_assert(rr_type_from_text(good[i].type, &type));
		ck_assert_msg(rdata_is_valid(type, bytes, (size_t)len), "%s", good[i].text);
		buf_init(&text);
		rdata_to_text(type, bytes, (size_t)len, &text);
		buf_add_u8(&text, '\0');
		ck_assert_int_eq(text.status, ZT_OK);
		ck_assert_str_eq((const char *)text.data, good[i].written ? good[i].written : good[i].text);
		buf_fini(&text);
	}
}
END_TEST

/* ldns reads the same text to the same bytes, where it knows the type at all. */
START_TEST(ldns_reads_our_text_to_the_same_bytes)
{
	unsigned compared = 0;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		struct buf line;
		struct text_error error;
		/* ldns 1.8 takes a name for a character string (RFC 1706 section 6) and leaves the format byte out (AF-DANS-0152.000). */
		if (strcmp(good[i].type, "NSAP-PTR") == 0 || strcmp(good[i].type, "ATMA") == 0)
			continue;
		const char *written = good[i].written ? good[i].written : good[i].text;
		if (strstr(written, "oo\\\\,"))      /* ldns 1.8 knows no escaped comma; RFC 9460 appendix D.2 */
			continue;
		int len = from_text(good[i].type, written, "example.", &error);
		ck_assert_int_ge(len, 0);
		buf_init(&line);
		buf_printf(&line, "x. 0 IN %s %s", good[i].type, written);
		ldns_rr *rr = NULL;
		if (ldns_rr_new_frm_str(&rr, (const char *)line.data, 0, NULL, NULL) == LDNS_STATUS_OK) {
			size_t pos = 0;
			for (size_t j = 0; j < ldns_rr_rd_count(rr); j++) {
				size_t size = ldns_rdf_size(ldns_rr_rdf(rr, j));
				ck_assert_msg(pos + size <= (size_t)len && memcmp(bytes + pos, ldns_rdf_data(ldns_rr_rdf(rr, j)), size) == 0,
					      "%s", (const char *)line.data);
				pos += size;
			}
			ck_assert_msg(pos == (size_t)len, "%s", (const char *)line.data);
			compared++;
			ldns_rr_free(rr);
		}
		buf_fini(&line);
	}
	ck_assert_uint_ge(compared, 60);
}
END_TEST

struct vector {
	const char *type;
	const char *text;
	const char *generic;
};

/* The bytes that the documents give beside their examples: RFC 9460 appendix D, RFC 8777 section 4.3.2, RFC 9859 section 2.3. */
static const struct vector vectors[] = {
	{ "HTTPS", "0 foo.example.com.", "\\# 19 000003666f6f076578616d706c6503636f6d00" },
	{ "SVCB", "1 .", "\\# 3 000100" },
	{ "SVCB", "16 foo.example.com. port=53", "\\# 25 001003666f6f076578616d706c6503636f6d00000300020035" },
	{ "SVCB", "1 foo.example.com. key667=hello", "\\# 28 000103666f6f076578616d706c6503636f6d00029b000568656c6c6f" },
	{ "SVCB", "1 foo.example.com. key667=\"hello\\210qoo\"", "\\# 32 000103666f6f076578616d706c6503636f6d00029b000968656c6c6fd2716f6f" },
	{ "SVCB", "16 foo.example.org. alpn=h2,h3-19 mandatory=ipv4hint,alpn ipv4hint=192.0.2.1",
	  "\\# 48 001003666f6f076578616d706c65036f726700000000040001000400010009026832056833""2d313900040004c0000201" },
	{ "SVCB", "16 foo.example.org. alpn=f\\\\\\092oo\\092,bar,h2", "\\# 35 001003666f6f076578616d706c65036f7267000001000c08665c6f6f2c626172026832" },
	{ "SVCB", "1 . oots=\"do53:100,dot:10\"", "\\# 18 000100000c000b04646f35336403646f740a" },
	{ "SVCB", "1 dns.example.org. alpn=co docpath=n,s", "\\# 34 000103646e73076578616d706c65036f726700000100030263""6f000a0004016e0173" },
	{ "AMTRELAY", "10 0 1 203.0.113.15", "\\# 6 0a01cb00710f" },
	{ "AMTRELAY", "128 1 3 amtrelays.example.com.", "\\# 25 8083""09616d7472656c617973076578616d706c6503636f6d00" },
	{ "DSYNC", "CDS NOTIFY 5359 cds-scanner.example.net.", "\\# 30 003b0114ef0b6364732d7363616e6e6572076578616d706c65036e657400" },
	{ "APL", "1:192.168.32.0/21 !1:192.168.38.0/28", "\\# 14 00011503c0a8200001""1c83c0a826" },
	{ "LOC", "42 21 54 N 71 06 18 W -24m 30m", "\\# 16 0033161389""17""2dd070be15f000988d20" },
};

START_TEST(examples_of_the_documents_have_the_bytes_given_there)
{
	static uint8_t expected[RDATA_MAX_LEN];
	for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
		struct text_error error = { .text = "" };
		int expected_len = from_text(vectors[i].type, vectors[i].generic, "example.", &error);
		ck_assert_msg(expected_len >= 0, "%s: %s", vectors[i].generic, error.text);
		memcpy(expected, bytes, (size_t)expected_len);
		int len = from_text(vectors[i].type, vectors[i].text, "example.", &error);
		ck_assert_msg(len == expected_len && memcmp(expected, bytes, (size_t)len) == 0, "%s: %s", vectors[i].text, error.text);
	}
}
END_TEST

static const struct pair bad[] = {
	{ "A", "192.0.2", "IPv4" },
	{ "A", "192.0.2.256", "IPv4" },
	{ "A", "192.0.2.01", "IPv4" },
	{ "A", "192.0.2.1.", "IPv4" },
	{ "A", "192..2.1", "IPv4" },
	{ "A", "0xc0000201", "IPv4" },
	{ "A", "192.0.2.1 x", "end of the line" },
	{ "A", "", "too early" },
	{ "A", "192.0.2.1\n192.0.2.2", "after the first line" },
	{ "AAAA", "1::2::3", "IPv6" },
	{ "AAAA", "00001:0002:0003:0004:0005:0006:0007:0008:0009:000a", "IPv6" },
	{ "NS", "a..b", "domain name" },
	{ "MX", "70000 a", "65535" },
	{ "MX", "-1 a", "65535" },
	{ "MX", "10", "too early" },
	{ "SOA", "a b 1 2 3 4", "a time" },
	{ "SOA", "a b 1 1h30 3 4h5x 5", "time" },
	{ "SOA", "a b 4294967296 1 1 1 1", "4294967295" },
	{ "TXT", "\"open", "quote" },
	{ "TXT", "a\\300", "backslash" },
	{ "TXT", "", "too early" },
	{ "DS", "300000 8 2 abcd", "65535" },
	{ "DS", "1 8 2 abc", "two digits" },
	{ "DS", "1 8 2 abxy", "two digits" },
	{ "DS", "1 8 2", "hexadecimal" },
	{ "DNSKEY", "256 3 8", "base64" },
	{ "DNSKEY", "256 3 8 AQ=", "base64" },
	{ "DNSKEY", "256 3 8 AQ=A", "base64" },
	{ "DNSKEY", "256 3 8 AR==", "base64" },
	{ "DNSKEY", "256 3 NOSUCH AQ==", "algorithm" },
	{ "NSEC", "a. A FOO", "FOO" },
	{ "NSEC3", "1 0 0 zz 2t7b4g4vsa5smi47k61mv5bv1a22bojr A", "salt" },
	{ "NSEC3", "1 0 0 - 2t7!", "base32hex" },
	{ "RRSIG", "A 8 2 3600 20300001000000 20200101000000 1 . AQ==", "YYYYMMDD" },
	{ "RRSIG", "A 8 2 3600 20230229000000 20200101000000 1 . AQ==", "YYYYMMDD" },
	{ "CAA", "0 is-sue \"x\"", "letters and digits" },
	{ "CAA", "0 issue \"a\" b", "end of the line" },
	{ "URI", "1 1 \"\"", "no data of URI" },
	{ "EUI48", "00-00-5e-00-53", "EUI" },
	{ "EUI48", "0-00-5e-00-53-2a", "EUI" },
	{ "L64", "10 1:2:3:4:5", "64-bit" },
	{ "SVCB", "1 . port=1 port=2", "each key once" },
	{ "SVCB", "70000 .", "65535" },
	{ "SVCB", "1", "too early" },
	{ "SVCB", "1 . nosuch=1", "registered key" },
	{ "SVCB", "1 . key65535=1", "registered key" },
	{ "SVCB", "1 . key03=1", "registered key" },
	{ "SVCB", "1 . \"port=1\"", "registered key" },
	{ "SVCB", "1 . alpn=\"h2\"x", "quotes" },
	{ "SVCB", "1 . mandatory=alpn", "mandatory names" },
	{ "SVCB", "1 . mandatory=mandatory", "mandatory names" },
	{ "SVCB", "1 . mandatory=port,port port=1", "mandatory names" },
	{ "SVCB", "1 . no-default-alpn", "beside" },
	{ "SVCB", "1 . no-default-alpn=abc alpn=h2", "no value" },
	{ "SVCB", "1 . alpn", "values" },
	{ "SVCB", "1 . alpn=h2,,h3", "between commas" },
	{ "SVCB", "1 . alpn=\"h2\\\\\"", "between commas" },
	{ "SVCB", "1 . port", "one port" },
	{ "SVCB", "1 . port=1,2", "one port" },
	{ "SVCB", "1 . port=65536", "one port" },
	{ "SVCB", "1 . ipv4hint=1.2.3", "IPv4" },
	{ "SVCB", "1 . ipv6hint=", "IPv6" },
	{ "SVCB", "1 . ech=A", "base64" },
	{ "SVCB", "1 . key3=1", "forms" },
	{ "SVCB", "1 . tls-supported-groups=x", "65535" },
	{ "SVCB", "1 . oots=dot", "WEIGHT" },
	{ "SVCB", "1 . oots=:5", "WEIGHT" },
	{ "HTTPS", "1 . dohpath=\\300", "backslash" },
	{ "LOC", "x y z", "no part" },
	{ "IPSECKEY", "256 1 2 192.0.2.38 AQID", "255" },
	{ "IPSECKEY", "10 4 2 192.0.2.38 AQID", "IPSECKEY" },
	{ "IPSECKEY", "10 0 2 gw AQID", "dot" },
	{ "IPSECKEY", "10 3 2 gw AQ!D", "base64" },
	{ "HIP", "2 20x0 AwEAAbdxyhNuSutc", "tag" },
	{ "HIP", "2 20", "HIP" },
	{ "NSAP", "47", "0xHEX" },
	{ "NSAP", "0x470", "two digits" },
	{ "AMTRELAY", "10 0 1", "AMTRELAY" },
	{ "AMTRELAY", "10 2 1 192.0.2.1", "discovery" },
	{ "AMTRELAY", "10 0 4 192.0.2.1", "relay type" },
	{ "AMTRELAY", "10 0 1 x", "IPv4" },
	{ "AMTRELAY", "\\# 3 0a0000", "no data of AMTRELAY" },
	{ "ATMA", "4", "two digits" },
	{ "ATMA", "+12a", "digits" },
	{ "ATMA", "+", "ATMA" },
	{ "DSYNC", "CDS UNKNOWN 1 .", "scheme" },
	{ "DSYNC", "CDS 256 1 .", "scheme" },
	{ "IPN", "18446744073709551616", "18446744073709551615" },
	{ "IPN", "ipn:1", "18446744073709551615" },
	{ "DOA", "0 0 1 \"\"", "base64" },
	{ "DOA", "0 0 1 \"\" - AQID", "end of the line" },
	{ "ISDN", "1 2 3", "end of the line" },
	{ "APL", "\\# 5 0001180100", "no data of APL" },
	{ "APL", "\\# 5 00012101ff", "no data of APL" },
	{ "HIP", "\\# 4 00020001", "no data of HIP" },
	{ "NULL", "abc", "generic" },
	{ "TYPE731", "abc", "generic" },
	{ "TYPE731", "\\# x", "length" },
	{ "TYPE731", "\\# 65536 00", "length" },
	{ "TYPE731", "\\# 2 00", "2 bytes and 1" },
	{ "TYPE731", "\\# 1 0", "two digits" },
	{ "TYPE731", "\\# 1 0g", "two digits" },
	{ "A", "\\# 3 000000", "no data of A" },
	{ "NS", "\\# 2 c00c", "uncompressed" },
};

START_TEST(bad_text_is_refused_with_a_reason)
{
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct text_error error = { 0 };
		int status = from_text(bad[i].type, bad[i].text, "example.", &error);
		ck_assert_msg(status == ZT_ESYNTAX, "%s %s", bad[i].type, bad[i].text);
		ck_assert_msg(strstr(error.text, bad[i].written), "%s %s: %s", bad[i].type, bad[i].text, error.text);
		/* Nobody has to ask for the reason. */
		ck_assert_int_eq(from_text(bad[i].type, bad[i].text, "example.", NULL), ZT_ESYNTAX);
	}
}
END_TEST

START_TEST(every_type_survives_text_and_back)
{
	struct rng rng;
	uint8_t rdata[RANDOM_RDATA_MAX];
	rng_seed(&rng, suite_seed("every_type_survives_text_and_back"));
	for (unsigned type = 0; type < 65536; type++) {
		if (!rr_descriptor((uint16_t)type) && type % 997 != 0)
			continue;
		for (unsigned long round = suite_rounds(40); round > 0; round--) {
			size_t len = random_rdata(&rng, (uint16_t)type, rdata);
			struct wcursor out = wcursor_over(bytes, sizeof(bytes));
			struct text_error error = { 0 };
			struct buf text;
			buf_init(&text);
			rdata_to_text((uint16_t)type, rdata, len, &text);
			buf_add_u8(&text, '\0');
			ck_assert_int_eq(text.status, ZT_OK);
			ck_assert_msg(!strchr((const char *)text.data, '\n'), "%u %s", type, (const char *)text.data);
			int status = rdata_from_text((uint16_t)type, (const char *)text.data, NULL, &out, &error);
			ck_assert_msg(status == ZT_OK, "type %u: %s: %s", type, (const char *)text.data, error.text);
			ck_assert_msg(out.pos == len && memcmp(bytes, rdata, len) == 0, "type %u: %s", type, (const char *)text.data);
			buf_fini(&text);
		}
	}
}
END_TEST

/* Types whose text ldns 1.8 does not know, or reads otherwise than their documents say. */
struct exception {
	uint16_t type;
	const char *reason;
};

static const struct exception ldns_exceptions[] = {
	{ TYPE_NSAP_PTR, "reads the name as a character string (RFC 1706 section 6)" },
	{ TYPE_ATMA, "leaves the format byte out (AF-DANS-0152.000)" },
	{ TYPE_SINK, "unknown" }, { TYPE_NINFO, "unknown" }, { TYPE_RKEY, "unknown" }, { TYPE_DSYNC, "unknown" }, { TYPE_HHIT, "unknown" },
	{ TYPE_BRID, "unknown" }, { TYPE_UNECE, "unknown" }, { TYPE_ISO, "unknown" }, { TYPE_AVC, "unknown" }, { TYPE_DOA, "unknown" },
	{ TYPE_AMTRELAY, "unknown" }, { TYPE_RESINFO, "unknown" }, { TYPE_WALLET, "unknown" }, { TYPE_CLA, "unknown" }, { TYPE_IPN, "unknown" },
	{ TYPE_TA, "unknown" },
};

static const char *ldns_exception(uint16_t type)
{
	for (size_t i = 0; i < sizeof(ldns_exceptions) / sizeof(ldns_exceptions[0]); i++) {
		if (ldns_exceptions[i].type == type)
			return ldns_exceptions[i].reason;
	}
	return rr_type_is_meta(type) ? "not in zones" : NULL;
}

/* A word; a type by its number where ldns does not know its name. */
static void add_word(struct buf *line, const char *word, bool is_type)
{
	uint16_t type;
	if (is_type && rr_type_from_text(word, &type) && ldns_get_rr_type_by_name(word) != (ldns_rr_type)type)
		buf_printf(line, " TYPE%u", type);
	else
		buf_printf(line, " %s", word);
}

/* The rdata that ldns makes of a record's text; NULL where it does not read it. */
static ldns_rr *ldns_of_text(uint16_t number, const char *type, char *text)
{
	const char *shape = rr_descriptor(number)->text;
	bool has_bitmap = shape && strchr(shape, 'T'), has_type = shape && strchr(shape, 't');
	struct buf line;
	ldns_rr *rr = NULL;
	char *rest = NULL;
	unsigned words = 0;
	buf_init(&line);
	buf_printf(&line, "x. 0 IN %s", type);
	for (char *word = has_bitmap || has_type ? strtok_r(text, " ", &rest) : NULL; word; word = strtok_r(NULL, " ", &rest), words++)
		add_word(&line, word, has_bitmap ? words > 0 : words == 0);
	if (!has_bitmap && !has_type)
		buf_printf(&line, " %s", text);
	if (line.status != ZT_OK || ldns_rr_new_frm_str(&rr, (const char *)line.data, 0, NULL, NULL) != LDNS_STATUS_OK)
		rr = NULL;
	buf_fini(&line);
	return rr;
}

static bool ldns_has_rdata(const ldns_rr *rr, const uint8_t *rdata, size_t len)
{
	size_t pos = 0;
	for (size_t i = 0; i < ldns_rr_rd_count(rr); i++) {
		const ldns_rdf *field = ldns_rr_rdf(rr, i);
		if (!field)
			continue;
		size_t size = ldns_rdf_size(field);
		if (pos + size > len || memcmp(rdata + pos, ldns_rdf_data(field), size) != 0)
			return false;
		pos += size;
	}
	return pos == len;
}

/* The two read every type to the same bytes. */
START_TEST(random_rdata_of_every_type_reads_the_same_with_ldns)
{
	struct rng rng;
	uint8_t rdata[RANDOM_RDATA_MAX];
	char type_text[RR_TYPE_TEXT_SIZE];
	struct buf text;
	rng_seed(&rng, suite_seed("random_rdata_of_every_type_reads_the_same_with_ldns"));
	buf_init(&text);
	for (unsigned type = 0; type < 65536; type++) {
		if (!rr_descriptor((uint16_t)type) || ldns_exception((uint16_t)type))
			continue;
		rr_type_to_text((uint16_t)type, type_text);
		unsigned long rounds = suite_rounds(100);
		unsigned compared = 0;
		for (unsigned long round = rounds; round > 0; round--) {
			size_t len = random_rdata(&rng, (uint16_t)type, rdata);
			buf_clear(&text);
			rdata_to_text((uint16_t)type, rdata, len, &text);
			buf_add_u8(&text, '\0');
			/* ldns takes an escaped comma inside an item of a list (RFC 9460 appendix A.1) for one between items. */
			bool is_beyond_ldns = strstr((char *)text.data, "\\\\,") != NULL;
			ldns_rr *rr = is_beyond_ldns ? NULL : ldns_of_text((uint16_t)type, type_text, (char *)text.data);
			ck_assert_msg(!rr || ldns_has_rdata(rr, rdata, len), "ldns reads otherwise: %s %s", type_text, (const char *)text.data);
			compared += rr != NULL;
			ldns_rr_free(rr);
		}
		ck_assert_msg(compared >= rounds / 10, "ldns reads %u of %lu of %s", compared, rounds, type_text);      /* it wants whole hashes in NSEC3 */
	}
	buf_fini(&text);
}
END_TEST

START_TEST(rdata_is_bounded_by_65535_and_by_the_buffer)
{
	struct buf text;
	uint8_t small[8] = { 0 };
	struct wcursor out = wcursor_over(small, 3);
	struct text_error error;
	ck_assert_int_eq(rdata_from_text(TYPE_A, "192.0.2.1", NULL, &out, &error), ZT_ESPACE);
	ck_assert_uint_eq(out.pos, 0);
	ck_assert_int_eq(out.status, ZT_OK);
	buf_init(&text);
	buf_add(&text, "\\# 65535 ", 9);
	for (int i = 0; i < 65535; i++)
		buf_add(&text, "5a", 2);
	buf_add_u8(&text, '\0');
	ck_assert_int_eq(from_text("TYPE731", (const char *)text.data, ".", &error), 65535);
	/* 257 strings of 255 bytes are too many. */
	buf_clear(&text);
	for (int i = 0; i < 257; i++) {
		for (int j = 0; j < 255; j++)
			buf_add_u8(&text, 'x');
		buf_add_u8(&text, i == 255 ? '\0' : ' ');
	}
	ck_assert_int_eq(from_text("TXT", (const char *)text.data, ".", &error), ZT_ESPACE);
	ck_assert_ptr_nonnull(strstr(error.text, "65535"));
	buf_fini(&text);
	/* One string of 256. */
	char string[257];
	memset(string, 'x', 256);
	string[256] = '\0';
	ck_assert_int_eq(from_text("TXT", string, ".", &error), ZT_ESYNTAX);
	string[255] = '\0';
	ck_assert_int_eq(from_text("TXT", string, ".", &error), 256);
}
END_TEST

START_TEST(records_are_written_on_one_line)
{
	struct buf out;
	uint8_t owner[NAME_MAX_LEN];
	ck_assert_int_eq(name_from_text(owner, "w\\032w.example.", NULL), ZT_OK);
	struct record_out record = { owner, TYPE_MX, CLASS_IN, 300, (const uint8_t *)"\0\12\1m", 5, false };
	buf_init(&out);
	record_to_text(&record, &out);
	buf_add_u8(&out, '\0');
	ck_assert_str_eq((const char *)out.data, "w\\032w.example. 300 IN MX 10 m.");
	buf_fini(&out);
}
END_TEST

/* ---- lexer --------------------------------------------------------------------------------------------------------------- */

/* The tokens of an entry joined with |, quotes shown. */
static void joined(const struct lexer *lexer, struct buf *out)
{
	buf_clear(out);
	for (size_t i = 0; i < lexer->count; i++)
		buf_printf(out, "%s%s%.*s%s", i ? "|" : "", lexer->tokens[i].quoted ? "\"" : "", (int)lexer->tokens[i].len, lexer->tokens[i].at,
			   lexer->tokens[i].quoted ? "\"" : "");
	buf_add_u8(out, '\0');
}

START_TEST(entries_are_split_into_tokens)
{
	static const char text[] = "; comment\r\n\r\na b\tc ; d\n\n  x ( y ; in\n  \"z ;)\" ) w\n\\( k=\"v w\" \"q\"r \"\"";
	static const char *const expected[] = { "a|b|c", "x|y|\"z ;)\"|w", "\\(|k=\"v w\"|\"q\"|r|\"\"" };
	static const unsigned lines[] = { 3, 5, 7 };
	struct lexer lexer;
	struct buf got;
	buf_init(&got);
	lexer_init(&lexer);
	lexer_set_text(&lexer, text, sizeof(text) - 1, true);
	for (size_t i = 0; i < 3; i++) {
		ck_assert_int_eq(lexer_next(&lexer), ZT_OK);
		joined(&lexer, &got);
		ck_assert_str_eq((const char *)got.data, expected[i]);
		ck_assert_uint_eq(lexer.entry_line, lines[i]);
		ck_assert_int_eq(lexer.starts_blank, i == 1);
	}
	ck_assert_int_eq(lexer_next(&lexer), ZT_EDONE);
	lexer_fini(&lexer);
	buf_fini(&got);
}
END_TEST

START_TEST(a_broken_line_does_not_hide_the_next)
{
	static const char text[] = "a \"b\nc )\nd \\\ne\0f g\n( h\ni";
	static const uint32_t error_lines[] = { 1, 2, 3, 4, 5 };
	struct lexer lexer;
	lexer_init(&lexer);
	lexer_set_text(&lexer, text, sizeof(text) - 1, true);
	for (size_t i = 0; i < 5; i++) {
		ck_assert_int_eq(lexer_next(&lexer), ZT_ESYNTAX);
		ck_assert_uint_eq(lexer.error_line, error_lines[i]);
	}
	ck_assert_int_eq(lexer_next(&lexer), ZT_OK);
	ck_assert_uint_eq(lexer.entry_line, 6);
	ck_assert_int_eq(lexer_next(&lexer), ZT_EDONE);
	lexer_fini(&lexer);
}
END_TEST

START_TEST(text_in_blocks_of_any_size_gives_the_same_entries)
{
	static const char text[] = "a ( b ; c\n\"d\\\"e\" ) f\\046\n; x\n  g k=\"h i\" \\\\\nlast";
	struct buf whole, part;
	struct lexer lexer;
	buf_init(&whole);
	buf_init(&part);
	for (size_t size = 1; size < sizeof(text); size++) {
		size_t start = 0, end = size, entries = 0;
		struct lexer all;
		lexer_init(&lexer);
		lexer_init(&all);
		lexer_set_text(&all, text, sizeof(text) - 1, true);
		lexer_set_text(&lexer, text, end, false);
		for (;;) {
			int status = lexer_next(&lexer);
			if (status == ZT_EAGAIN) {
				start = (size_t)(lexer.at - text);
				end = end + size < sizeof(text) - 1 ? end + size : sizeof(text) - 1;
				lexer_set_text(&lexer, text + start, end - start, end == sizeof(text) - 1);
				continue;
			}
			if (status == ZT_EDONE)
				break;
			ck_assert_int_eq(status, ZT_OK);
			ck_assert_int_eq(lexer_next(&all), ZT_OK);
			joined(&lexer, &part);
			joined(&all, &whole);
			ck_assert_str_eq((const char *)part.data, (const char *)whole.data);
			ck_assert_uint_eq(lexer.entry_line, all.entry_line);
			entries++;
		}
		ck_assert_uint_eq(entries, 3);
		lexer_fini(&lexer);
		lexer_fini(&all);
	}
	buf_fini(&whole);
	buf_fini(&part);
}
END_TEST

START_TEST(periods_have_units_and_limits)
{
	static const struct { const char *text; uint32_t value; bool is_good; } cases[] = {
		{ "0", 0, true }, { "3600", 3600, true }, { "1h30m", 5400, true }, { "1W2D3H4M5S", 788645, true }, { "1h5", 3605, true },
		{ "2147483647", 2147483647, true }, { "2147483648", 0, false }, { "99999999999999999999", 0, false }, { "9999w", 0, false },
		{ "", 0, false }, { "h", 0, false }, { "1hh", 0, false }, { "1x", 0, false }, { "-1", 0, false }, { "1.5h", 0, false },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct token token = { .at = cases[i].text, .len = (uint32_t)strlen(cases[i].text) };
		uint32_t value = 0;
		ck_assert_msg(token_period(&token, 0x7fffffff, &value) == cases[i].is_good, "%s", cases[i].text);
		if (cases[i].is_good)
			ck_assert_uint_eq(value, cases[i].value);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("present");
	TCase *text = tcase_create("text"), *lexer = tcase_create("lexer");
	tcase_add_test(text, text_becomes_wire_and_text_again);
	tcase_add_test(text, ldns_reads_our_text_to_the_same_bytes);
	tcase_add_test(text, examples_of_the_documents_have_the_bytes_given_there);
	tcase_add_test(text, bad_text_is_refused_with_a_reason);
	tcase_add_test(text, every_type_survives_text_and_back);
	tcase_add_test(text, random_rdata_of_every_type_reads_the_same_with_ldns);
	tcase_add_test(text, rdata_is_bounded_by_65535_and_by_the_buffer);
	tcase_add_test(text, records_are_written_on_one_line);
	suite_add_tcase(suite, text);
	tcase_add_test(lexer, entries_are_split_into_tokens);
	tcase_add_test(lexer, a_broken_line_does_not_hide_the_next);
	tcase_add_test(lexer, text_in_blocks_of_any_size_gives_the_same_entries);
	tcase_add_test(lexer, periods_have_units_and_limits);
	suite_add_tcase(suite, lexer);
	return suite_run(suite);
}

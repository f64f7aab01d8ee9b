/* Regular rdata text: reading it. */
#include "lib/dns/shape.h"

#include <arpa/inet.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "lib/dns/encoding.h"
#include "lib/dns/escape.h"

enum { SHOWN_TOKEN_MAX = 60, STRING_MAX_LEN = 255 };

int text_error_set(struct text_error *error, uint32_t line, const char *format, ...)
{
	if (error) {
		va_list args;
		va_start(args, format);
		vsnprintf(error->text, sizeof(error->text), format, args);
		va_end(args);
		for (char *p = error->text; *p; p++) {      /* foreign bytes must not steer a terminal */
			if ((uint8_t)*p < 0x20 || *p == 0x7f)
				*p = '?';
		}
		error->line = line;
	}
	return ZT_ESYNTAX;
}

int text_error_token(struct text_error *error, const struct token *token, const char *what)
{
	bool is_long = token->len > SHOWN_TOKEN_MAX;
	int shown = (int)(is_long ? SHOWN_TOKEN_MAX : token->len);
	return text_error_set(error, token->line, "'%.*s%s' is no %s", shown, token->at, is_long ? "..." : "", what);
}

/* ---- reading --------------------------------------------------------------------------------------------------------- */

static bool ipv4_read(const struct token *token, uint8_t out[4])
{
	const char *p = token->at, *end = p + token->len;
	for (int i = 0; i < 4; i++) {
		unsigned value = 0, digits = 0;
		for (; p < end && *p >= '0' && *p <= '9' && digits < 4; p++, digits++)
			value = value * 10 + (unsigned)(*p - '0');
		if (digits == 0 || value > 255 || (digits > 1 && p[-(int)digits] == '0'))
			return false;
		out[i] = (uint8_t)value;
		if (i < 3 && (p == end || *p++ != '.'))
			return false;
	}
	return p == end;
}

static bool ipv6_read(const struct token *token, uint8_t out[16])
{
	char text[INET6_ADDRSTRLEN];
	if (token->len >= sizeof(text))
		return false;
	memcpy(text, token->at, token->len);
	text[token->len] = '\0';
	return inet_pton(AF_INET6, text, out) == 1;
}

int shape_name(const struct token *token, const uint8_t *origin, uint8_t out[NAME_MAX_LEN], struct text_error *error)
{
	switch (name_from_chars(out, token->at, token->len, origin)) {
	case ZT_OK:
		return ZT_OK;
	case ZT_ELIMIT:
		return text_error_token(error, token, "domain name: longer than 255 bytes, or a label longer than 63");
	default:
		return text_error_token(error, token, "domain name; expected labels separated by single dots");
	}
}

/* Where a read stands: `token` is the current field's. */
struct shape_read {
	const struct rdata_source *source;
	const struct token *token;
	const struct token *end;
	struct wcursor *out;
	struct text_error *error;
};

static int wrong(const struct shape_read *read, const char *what)
{
	return text_error_token(read->error, read->token, what);
}

static int name_field(struct shape_read *read)
{
	uint8_t name[NAME_MAX_LEN];
	int status = shape_name(read->token++, read->source->origin, name, read->error);
	if (status == ZT_OK)
		wcursor_put(read->out, name, name_len(name));
	return status;
}

static int dot_field(struct shape_read *read)
{
	if (!token_is(read->token, "."))
		return wrong(read, "dot; expected . where there is no gateway");
	read->token++;
	return ZT_OK;
}

/* The token's bytes with escapes resolved, at most `max` of them. Returns their count, or a negative status. */
static int unescape(const struct shape_read *read, uint8_t *out, size_t max)
{
	const struct token *token = read->token;
	size_t len = 0;

	for (uint32_t i = 0; i < token->len; i++) {
		uint8_t c = (uint8_t)token->at[i];
		if (c == '\\') {
			unsigned used = escape_read(token->at + i + 1, token->len - i - 1, &c);
			if (used == 0)
				return wrong(read, "character string; after a backslash expected a character or three digits of at most 255");
			i += used;
		}
		if (len == max)
			return wrong(read, "character string: longer than 255 bytes; split it into several in quotes");
		out[len++] = c;
	}
	return (int)len;
}

static int string_field(struct shape_read *read)
{
	uint8_t string[1 + STRING_MAX_LEN];
	int len = unescape(read, string + 1, STRING_MAX_LEN);

	if (len < 0)
		return len;
	string[0] = (uint8_t)len;
	wcursor_put(read->out, string, (size_t)len + 1);
	read->token++;
	return ZT_OK;
}

bool shape_is_word(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (!((text[i] >= '0' && text[i] <= '9') || ((text[i] | 0x20) >= 'a' && (text[i] | 0x20) <= 'z')))
			return false;
	}
	return len > 0;
}

static int word_field(struct shape_read *read)
{
	return shape_is_word(read->token->at, read->token->len) ? string_field(read) : wrong(read, "word of letters and digits");
}

/* One string of any length; escapes only make it shorter than its text. */
static int value_field(struct shape_read *read)
{
	if (wcursor_left(read->out) < read->token->len) {
		read->out->status = ZT_ESPACE;
		return ZT_OK;
	}
	int len = unescape(read, read->out->base + read->out->pos, read->token->len);
	if (len < 0)
		return len;
	read->out->pos += (size_t)len;
	read->token++;
	return ZT_OK;
}

/* IANA "DNS Security Algorithm Numbers" and RFC 4398 section 2.1. */
static const struct mnemonic algorithms[] = {
	{ 1, "RSAMD5" }, { 2, "DH" }, { 3, "DSA" }, { 5, "RSASHA1" }, { 6, "DSA-NSEC3-SHA1" }, { 7, "RSASHA1-NSEC3-SHA1" }, { 8, "RSASHA256" },
	{ 10, "RSASHA512" }, { 12, "ECC-GOST" }, { 13, "ECDSAP256SHA256" }, { 14, "ECDSAP384SHA384" }, { 15, "ED25519" }, { 16, "ED448" },
	{ 252, "INDIRECT" }, { 253, "PRIVATEDNS" }, { 254, "PRIVATEOID" }, { 0, NULL },
};

static const struct mnemonic certificates[] = {
	{ 1, "PKIX" }, { 2, "SPKI" }, { 3, "PGP" }, { 4, "IPKIX" }, { 5, "ISPKI" }, { 6, "IPGP" }, { 7, "ACPKIX" }, { 8, "IACPKIX" },
	{ 253, "URI" }, { 254, "OID" }, { 0, NULL },
};

/* RFC 9859 section 6.2. */
const struct mnemonic mnemonics_dsync[] = { { 1, "NOTIFY" }, { 0, NULL } };

static bool mnemonic_read(const struct token *token, const struct mnemonic *table, uint32_t max, uint32_t *out)
{
	for (; table->text; table++) {
		if (token_is(token, table->text)) {
			*out = table->value;
			return true;
		}
	}
	return token_number(token, max, out);
}

static int long_field(struct shape_read *read)
{
	const struct token *token = read->token;
	uint64_t value = 0;

	for (uint32_t i = 0; i < token->len; i++) {
		unsigned digit = (unsigned)(uint8_t)token->at[i] - '0';
		if (digit > 9 || value > (UINT64_MAX - digit) / 10)
			return wrong(read, "number of 0 to 18446744073709551615");
		value = value * 10 + digit;
	}
	if (token->len == 0)
		return wrong(read, "number of 0 to 18446744073709551615");
	wcursor_u64(read->out, value);
	read->token++;
	return ZT_OK;
}

/* Fields that are one number. */
static int number_field(struct shape_read *read, char code)
{
	const struct token *token = read->token++;
	uint32_t value;
	uint16_t type;

	switch (code) {
	case '1':
	case 'g':
		if (code == '1' ? !token_number(token, UINT8_MAX, &value) : !mnemonic_read(token, algorithms, UINT8_MAX, &value))
			return text_error_token(read->error, token, code == '1' ? "number of 0 to 255" : "DNSSEC algorithm; expected 0 to 255 or a name");
		wcursor_u8(read->out, (uint8_t)value);
		return ZT_OK;
	case 'y':
		if (!mnemonic_read(token, mnemonics_dsync, UINT8_MAX, &value))
			return text_error_token(read->error, token, "DSYNC scheme; expected NOTIFY or 0 to 255");
		wcursor_u8(read->out, (uint8_t)value);
		return ZT_OK;
	case '2':
	case 'k':
		if (code == '2' ? !token_number(token, UINT16_MAX, &value) : !mnemonic_read(token, certificates, UINT16_MAX, &value))
			return text_error_token(read->error, token, "number of 0 to 65535");
		wcursor_u16(read->out, (uint16_t)value);
		return ZT_OK;
	case 't':
		if (!type_from_token(token, &type))
			return text_error_token(read->error, token, "record type; expected one as A or MX, or TYPEnnn");
		wcursor_u16(read->out, type);
		return ZT_OK;
	case '4':
		if (!token_number(token, UINT32_MAX, &value))
			return text_error_token(read->error, token, "number of 0 to 4294967295");
		break;
	case 'z':
		if (!time_from_token(token, &value))
			return text_error_token(read->error, token, "time; expected YYYYMMDDHHmmSS or seconds since 1970");
		break;
	default:
		if (!token_period(token, UINT32_MAX, &value))
			return text_error_token(read->error, token, "time; expected seconds, or units as in 1h30m");
		break;
	}
	wcursor_u32(read->out, value);
	return ZT_OK;
}

static int address_field(struct shape_read *read, char code)
{
	uint8_t address[16];

	if (code == 'a' ? !ipv4_read(read->token, address) : !ipv6_read(read->token, address))
		return wrong(read, code == 'a' ? "IPv4 address; expected one as 192.0.2.1" : "IPv6 address; expected one as 2001:db8::1");
	wcursor_put(read->out, address, code == 'a' ? 4 : 16);
	read->token++;
	return ZT_OK;
}

/* Groups of hex digits with a separator: EUI-48, EUI-64, 64-bit locators. A locator's groups may leave leading zeroes out. */
static int groups_field(struct shape_read *read, char code)
{
	unsigned groups = code == 'l' ? 4 : code == 'e' ? 6 : 8, width = code == 'l' ? 4 : 2;
	const char *p = read->token->at, *end = p + read->token->len;
	char separator = code == 'l' ? ':' : '-';

	for (unsigned i = 0; i < groups; i++) {
		char padded[4] = { '0', '0', '0', '0' };
		const char *stop = memchr(p, separator, (size_t)(end - p));
		size_t len = (size_t)((stop ? stop : end) - p);
		struct token group = { .at = padded, .len = width };
		if (len == 0 || len > width || (code != 'l' && len < width) || (i + 1 < groups) != (stop != NULL))
			return wrong(read, code == 'l' ? "64-bit value; expected one as 2001:db8:0:1" : "EUI address; expected one as 00-00-5e-00-53-2a");
		memcpy(padded + width - len, p, len);
		if (!hex_from_tokens(&group, 1, read->out))
			return wrong(read, "hexadecimal number");
		p = stop ? stop + 1 : end;
	}
	read->token++;
	return ZT_OK;
}

/* A field with a length byte whose text is hex or base32hex. */
static int counted_field(struct shape_read *read, char code)
{
	uint8_t bytes[STRING_MAX_LEN];
	struct wcursor out = wcursor_over(bytes, sizeof(bytes));
	bool is_empty = code == 'h' && token_is(read->token, "-");

	if (!is_empty && !(code == 'h' ? hex_from_tokens(read->token, 1, &out) : base32hex_from_token(read->token, &out)))
		return wrong(read, code == 'h' ? "salt; expected hexadecimal digits, or - for none" : "hash; expected base32hex without padding");
	if (out.status != ZT_OK)
		return wrong(read, "field of at most 255 bytes");
	wcursor_u8(read->out, (uint8_t)out.pos);
	wcursor_put(read->out, bytes, out.pos);
	read->token++;
	return ZT_OK;
}

/* Fields that take all tokens that are left. */
static int rest_field(struct shape_read *read, char code)
{
	size_t count = (size_t)(read->end - read->token), bad = 0;

	if (code == 'x' && !hex_from_tokens(read->token, count, read->out))
		return wrong(read, "hexadecimal data; expected two digits a byte");
	if (code == 'b' && !base64_from_tokens(read->token, count, read->out))
		return wrong(read, "base64 data; expected groups of four characters, the last one padded with =");
	if (code == 'T' && !types_from_tokens(read->token, count, read->out, &bad))
		return text_error_token(read->error, read->token + bad, "record type; expected one as A or MX, or TYPEnnn");
	read->token = read->end;
	return ZT_OK;
}

static int strings_field(struct shape_read *read)
{
	int status;
	do
		status = string_field(read);
	while (status == ZT_OK && read->token < read->end);
	return status;
}

/* "-" for an empty string. */
static int dash_string_field(struct shape_read *read)
{
	if (read->token->quoted || !token_is(read->token, "-"))
		return string_field(read);
	wcursor_u8(read->out, 0);
	read->token++;
	return ZT_OK;
}

/* Fields that may be left out, or say "-" for nothing. */
static int optional_field(struct shape_read *read, char code)
{
	if (read->token == read->end)
		return ZT_OK;
	if (code == 'B' && !read->token->quoted && token_is(read->token, "-")) {
		read->token++;
		return ZT_OK;
	}
	return code == 'o' ? string_field(read) : code == 'V' ? value_field(read) : rest_field(read, 'b');
}

static int field_read(struct shape_read *read, char code)
{
	switch (code) {
	case '8': return long_field(read);
	case 'd': return dash_string_field(read);
	case 'o':
	case 'V':
	case 'c':
	case 'B': return optional_field(read, code);
	case 'a':
	case 'A': return address_field(read, code);
	case 'n': return name_field(read);
	case '.': return dot_field(read);
	case 's':
	case 'u': return string_field(read);
	case 'S': return strings_field(read);
	case 'w': return word_field(read);
	case 'v': return value_field(read);
	case 'h':
	case 'i': return counted_field(read, code);
	case 'l':
	case 'e':
	case 'E': return groups_field(read, code);
	case 'x':
	case 'b':
	case 'T': return rest_field(read, code);
	default: return number_field(read, code);
	}
}

static const char *field_text(char code)
{
	switch (code) {
	case 'a': return "an IPv4 address";
	case 'A': return "an IPv6 address";
	case 'n': return "a domain name";
	case '.': return "a dot";
	case 's':
	case 'S':
	case 'u':
	case 'd':
	case 'v': return "a character string";
	case 'w': return "a word";
	case 'p':
	case 'z': return "a time";
	case 't': return "a record type";
	case 'h':
	case 'x': return "hexadecimal data";
	case 'i': return "a hash in base32hex";
	case 'b':
	case 'B': return "base64 data";
	default: return "a number";
	}
}

/* Whether a record may end where the field would be. */
static bool may_be_missing(char code)
{
	return code == 'T' || code == 'o' || code == 'V' || code == 'c';
}

int shape_from_tokens(const char *shape, const struct rdata_source *source, struct wcursor *out, struct text_error *error)
{
	struct shape_read read = {
		.source = source,
		.token = source->tokens,
		.end = source->tokens + source->count,
		.out = out,
		.error = error,
	};
	for (const char *code = shape; *code; code++) {
		if (read.token == read.end && !may_be_missing(*code)) {
			char type[RR_TYPE_TEXT_SIZE];
			return text_error_set(error, source->line, "the data of %s ends too early; expected %s", rr_type_to_text(source->type, type),
					      field_text(*code));
		}
		int status = field_read(&read, *code);
		if (status != ZT_OK || out->status != ZT_OK)
			return status;
	}
	return read.token == read.end ? ZT_OK : wrong(&read, "part of the data of this type; expected the end of the line");
}

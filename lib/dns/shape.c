/* Regular rdata text. */
#include "lib/dns/shape.h"

#include <arpa/inet.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "lib/dns/escape.h"

enum { SHOWN_TOKEN_MAX = 60, STRING_MAX_LEN = 255 };

struct type_shape {
	uint16_t type;
	const char *shape;
};

static const struct type_shape rare_types[] = {
	{ TYPE_MD, "n" }, { TYPE_MF, "n" }, { TYPE_MB, "n" }, { TYPE_MG, "n" }, { TYPE_MR, "n" }, { TYPE_HINFO, "ss" },
	{ TYPE_MINFO, "nn" }, { TYPE_RP, "nn" }, { TYPE_AFSDB, "2n" }, { TYPE_X25, "s" }, { TYPE_ISDN, "S" }, { TYPE_RT, "2n" },
	{ TYPE_NSAP_PTR, "n" }, { TYPE_PX, "2nn" }, { TYPE_GPOS, "sss" }, { TYPE_NAPTR, "22sssn" }, { TYPE_KX, "2n" },
	{ TYPE_NINFO, "S" }, { TYPE_TALINK, "nn" }, { TYPE_SPF, "S" }, { TYPE_LP, "2n" }, { TYPE_AVC, "S" },
	{ TYPE_RESINFO, "S" }, { TYPE_WALLET, "S" }, { TYPE_CLA, "S" },
};

const char *shape_of(uint16_t type)
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

static int name_put(const struct token *token, const uint8_t *origin, struct wcursor *out, struct text_error *error)
{
	uint8_t name[NAME_MAX_LEN];
	int status = shape_name(token, origin, name, error);
	if (status == ZT_OK)
		wcursor_put(out, name, name_len(name));
	return status;
}

static int string_put(const struct token *token, struct wcursor *out, struct text_error *error)
{
	uint8_t string[1 + STRING_MAX_LEN];
	size_t len = 0;

	for (uint32_t i = 0; i < token->len; i++) {
		uint8_t c = (uint8_t)token->at[i];
		if (c == '\\') {
			unsigned used = escape_read(token->at + i + 1, token->len - i - 1, &c);
			if (used == 0)
				return text_error_token(error, token, "character string; after a backslash expected a character or three digits of at most 255");
			i += used;
		}
		if (len == STRING_MAX_LEN)
			return text_error_token(error, token, "character string: longer than 255 bytes; split it into several in quotes");
		string[++len] = c;
	}
	string[0] = (uint8_t)len;
	wcursor_put(out, string, len + 1);
	return ZT_OK;
}

static int number_put(const struct token *token, char code, struct wcursor *out, struct text_error *error)
{
	uint32_t value;
	switch (code) {
	case '1':
		if (!token_number(token, UINT8_MAX, &value))
			return text_error_token(error, token, "number of 0 to 255");
		wcursor_u8(out, (uint8_t)value);
		return ZT_OK;
	case '2':
		if (!token_number(token, UINT16_MAX, &value))
			return text_error_token(error, token, "number of 0 to 65535");
		wcursor_u16(out, (uint16_t)value);
		return ZT_OK;
	case '4':
		if (!token_number(token, UINT32_MAX, &value))
			return text_error_token(error, token, "number of 0 to 4294967295");
		break;
	default:
		if (!token_period(token, UINT32_MAX, &value))
			return text_error_token(error, token, "time; expected seconds, or units as in 1h30m");
		break;
	}
	wcursor_u32(out, value);
	return ZT_OK;
}

static int field_put(char code, const struct rdata_source *source, size_t i, struct wcursor *out, struct text_error *error)
{
	const struct token *token = &source->tokens[i];
	uint8_t address[16];

	switch (code) {
	case 'a':
		if (!ipv4_read(token, address))
			return text_error_token(error, token, "IPv4 address; expected one as 192.0.2.1");
		wcursor_put(out, address, 4);
		return ZT_OK;
	case 'A':
		if (!ipv6_read(token, address))
			return text_error_token(error, token, "IPv6 address; expected one as 2001:db8::1");
		wcursor_put(out, address, 16);
		return ZT_OK;
	case 'n':
		return name_put(token, source->origin, out, error);
	case 's':
	case 'S':
		return string_put(token, out, error);
	default:
		return number_put(token, code, out, error);
	}
}

static const char *field_text(char code)
{
	switch (code) {
	case 'a': return "an IPv4 address";
	case 'A': return "an IPv6 address";
	case 'n': return "a domain name";
	case 's':
	case 'S': return "a character string";
	case 'p': return "a time";
	default: return "a number";
	}
}

int shape_from_tokens(const char *shape, const struct rdata_source *source, struct wcursor *out, struct text_error *error)
{
	size_t i = 0;
	for (const char *code = shape; *code; code++) {
		if (i == source->count) {
			char type[RR_TYPE_TEXT_SIZE];
			return text_error_set(error, source->line, "the data of %s ends too early; expected %s", rr_type_to_text(source->type, type),
					      field_text(*code));
		}
		do {
			int status = field_put(*code, source, i++, out, error);
			if (status != ZT_OK)
				return status;
		} while (*code == 'S' && i < source->count);
	}
	return i == source->count ? ZT_OK : text_error_token(error, &source->tokens[i], "part of the data of this type; expected the end of the line");
}

/* ---- writing --------------------------------------------------------------------------------------------------------- */

static void string_to_text(const uint8_t *string, struct buf *out)
{
	char text[2 + 4 * STRING_MAX_LEN], *p = text;

	*p++ = '"';
	for (unsigned i = 1; i <= string[0]; i++) {
		uint8_t c = string[i];
		if (c < 0x20 || c >= 0x7f) {
			*p++ = '\\';
			*p++ = (char)('0' + c / 100);
			*p++ = (char)('0' + c / 10 % 10);
			*p++ = (char)('0' + c % 10);
			continue;
		}
		if (c == '"' || c == '\\')
			*p++ = '\\';
		*p++ = (char)c;
	}
	*p++ = '"';
	buf_add(out, text, (size_t)(p - text));
}

static void number_to_text(uint32_t value, struct buf *out)
{
	char digits[10];
	size_t at = sizeof(digits);
	do
		digits[--at] = (char)('0' + value % 10);
	while (value /= 10);
	buf_add(out, digits + at, sizeof(digits) - at);
}

/* Writes one field; returns its bytes in wire form. */
static size_t field_to_text(char code, const uint8_t *data, struct buf *out)
{
	char text[NAME_TEXT_SIZE];

	switch (code) {
	case 'a':
		inet_ntop(AF_INET, data, text, sizeof(text));
		buf_add(out, text, strlen(text));
		return 4;
	case 'A':
		inet_ntop(AF_INET6, data, text, sizeof(text));
		buf_add(out, text, strlen(text));
		return 16;
	case 'n':
		name_to_text(data, text);
		buf_add(out, text, strlen(text));
		return name_len(data);
	case 's':
	case 'S':
		string_to_text(data, out);
		return (size_t)data[0] + 1;
	case '1':
		number_to_text(data[0], out);
		return 1;
	case '2':
		number_to_text(wire_get_u16(data), out);
		return 2;
	default:
		number_to_text(wire_get_u32(data), out);
		return 4;
	}
}

void shape_to_text(const char *shape, const uint8_t *rdata, size_t len, struct buf *out)
{
	size_t pos = 0;
	for (const char *code = shape; *code; code++) {
		do {
			if (pos > 0)
				buf_add_u8(out, ' ');
			pos += field_to_text(*code, rdata + pos, out);
		} while (*code == 'S' && pos < len);
	}
}

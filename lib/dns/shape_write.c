/* Regular rdata text: writing it. */
#include <arpa/inet.h>
#include <string.h>

#include "lib/dns/encoding.h"
#include "lib/dns/shape.h"

static void string_to_text(const uint8_t *data, size_t len, struct buf *out)
{
	uint8_t *start = buf_reserve(out, 2 + 4 * len), *p = start;
	if (!p)
		return;
	*p++ = '"';
	for (size_t i = 0; i < len; i++) {
		uint8_t c = data[i];
		if (c < 0x20 || c >= 0x7f) {
			*p++ = '\\';
			*p++ = (uint8_t)('0' + c / 100);
			*p++ = (uint8_t)('0' + c / 10 % 10);
			*p++ = (uint8_t)('0' + c % 10);
			continue;
		}
		if (c == '"' || c == '\\')
			*p++ = '\\';
		*p++ = c;
	}
	*p++ = '"';
	out->len += (size_t)(p - start);
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

static void long_to_text(uint64_t value, struct buf *out)
{
	char digits[20];
	size_t at = sizeof(digits);
	do
		digits[--at] = (char)('0' + value % 10);
	while (value /= 10);
	buf_add(out, digits + at, sizeof(digits) - at);
}

static void mnemonic_to_text(const struct mnemonic *table, uint16_t value, struct buf *out)
{
	while (table->text && table->value != value)
		table++;
	if (table->text)
		buf_add(out, table->text, strlen(table->text));
	else
		number_to_text(value, out);
}

/* A string that the lexer takes for one word and gives back unchanged. */
static bool is_bare(const uint8_t *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (!shape_is_word((const char *)text + i, 1) && (text[i] == 0 || !strchr("-+.?_:/", text[i])))
			return false;
	}
	return len > 0 && !(len == 1 && text[0] == '-');
}

static void bare_to_text(const uint8_t *data, size_t len, struct buf *out)
{
	if (is_bare(data, len))
		buf_add(out, data, len);
	else
		string_to_text(data, len, out);
}

static size_t number_field_to_text(char code, const uint8_t *data, struct buf *out)
{
	char type[RR_TYPE_TEXT_SIZE];

	switch (code) {
	case '1':
	case 'g':
		number_to_text(data[0], out);
		return 1;
	case '2':
	case 'k':
		number_to_text(wire_get_u16(data), out);
		return 2;
	case 'y':
		mnemonic_to_text(mnemonics_dsync, data[0], out);
		return 1;
	case 't':
		rr_type_to_text(wire_get_u16(data), type);
		buf_add(out, type, strlen(type));
		return 2;
	case 'z':
		time_to_text(wire_get_u32(data), out);
		return 4;
	case '8':
		long_to_text(wire_get_u64(data), out);
		return 8;
	default:
		number_to_text(wire_get_u32(data), out);
		return 4;
	}
}

static size_t address_to_text(char code, const uint8_t *data, struct buf *out)
{
	char text[INET6_ADDRSTRLEN];
	inet_ntop(code == 'a' ? AF_INET : AF_INET6, data, text, sizeof(text));
	buf_add(out, text, strlen(text));
	return code == 'a' ? 4 : 16;
}

static size_t groups_to_text(char code, const uint8_t *data, struct buf *out)
{
	size_t len = code == 'e' ? 6 : 8, group = code == 'l' ? 2 : 1;
	for (size_t i = 0; i < len; i += group) {
		if (i > 0)
			buf_add_u8(out, code == 'l' ? ':' : '-');
		hex_to_text(data + i, group, out);
	}
	return len;
}

static size_t counted_to_text(char code, const uint8_t *data, struct buf *out)
{
	if (code == 'i')
		base32hex_to_text(data + 1, data[0], out);
	else if (data[0] == 0)
		buf_add_u8(out, '-');
	else
		hex_to_text(data + 1, data[0], out);
	return (size_t)data[0] + 1;
}

static size_t rest_to_text(char code, const uint8_t *data, size_t len, struct buf *out)
{
	if (code == 'x')
		hex_to_text(data, len, out);
	else if (code == 'B' && len == 0)
		buf_add_u8(out, '-');
	else if (code == 'b' || code == 'B' || code == 'c')
		base64_to_text(data, len, out);
	else if (code == 'T')
		types_to_text(data, len, out);
	else
		string_to_text(data, len, out);
	return len;
}

/* Writes one field; returns its bytes in wire form. */
static size_t field_to_text(char code, const uint8_t *data, size_t left, struct buf *out)
{
	char text[NAME_TEXT_SIZE];

	switch (code) {
	case 'a':
	case 'A': return address_to_text(code, data, out);
	case 'n':
		name_to_text(data, text);
		buf_add(out, text, strlen(text));
		return name_len(data);
	case '.':
		buf_add_u8(out, '.');
		return 0;
	case 's':
	case 'o':
	case 'S':
		string_to_text(data + 1, data[0], out);
		return (size_t)data[0] + 1;
	case 'd':
		if (data[0] == 0) {
			buf_add_u8(out, '-');
			return 1;
		}
		bare_to_text(data + 1, data[0], out);
		return (size_t)data[0] + 1;
	case 'u':
		bare_to_text(data + 1, data[0], out);
		return (size_t)data[0] + 1;
	case 'w':
		buf_add(out, data + 1, data[0]);
		return (size_t)data[0] + 1;
	case 'l':
	case 'e':
	case 'E': return groups_to_text(code, data, out);
	case 'h':
	case 'i': return counted_to_text(code, data, out);
	case 'x':
	case 'b':
	case 'B':
	case 'c':
	case 'T':
	case 'V':
	case 'v': return rest_to_text(code, data, left, out);
	default: return number_field_to_text(code, data, out);
	}
}

/* What the text form has no way to say. */
static bool is_inexpressible(char code, const uint8_t *data, size_t left)
{
	return ((code == 'b' || code == 'x') && left == 0) || (code == 'i' && data[0] == 0) ||
	       (code == 'w' && !shape_is_word((const char *)data + 1, data[0]));
}

bool shape_to_text(const char *shape, const uint8_t *rdata, size_t len, struct buf *out)
{
	size_t pos = 0, start = out->len;
	for (const char *code = shape; *code; code++) {
		if (is_inexpressible(*code, rdata + pos, len - pos)) {
			out->len = start;
			return false;
		}
		do {
			bool is_absent = pos == len && strchr("ToVc", *code);
			if (is_absent)
				break;
			if (pos > 0)
				buf_add_u8(out, ' ');
			pos += field_to_text(*code, rdata + pos, len - pos, out);
		} while (*code == 'S' && pos < len);
	}
	return true;
}

/* Plain rdata from text. */
#include "lib/dns/quick.h"

#include <string.h>

#include "lib/dns/encoding.h"
#include "lib/dns/quick_run.h"
#include "lib/dns/rrtype.h"

enum { W = QUICK_WORD | QUICK_STRING, B = QUICK_BLANK | QUICK_STRING, STRING_MAX_LEN = 255 };

/* As the lexer has it: white space, and what has a meaning of its own. */
const uint8_t quick_class[256] = {
	0, W, W, W, W, W, W, W, W, B, QUICK_END, B, B, B, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W,
	['!'] = W, ['#'] = W, W, W, W, W, ['('] = QUICK_STRING, QUICK_STRING, W, W, W, W, ['.'] = QUICK_DOT | QUICK_STRING, W,
	['0'] = W, W, W, W, W, W, W, W, W, W, W, [';'] = QUICK_END | QUICK_STRING, W, W, W, W,
	['@'] = W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, ['\\'] = 0, W, W, W,
	['`'] = W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W,
	[0x80] = W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W,
	[0xa0] = W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W,
	[0xc0] = W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W,
	[0xe0] = W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W, W,
	[' '] = B, ['"'] = 0,
};

static bool is_at(const struct quick *quick, uint8_t classes)
{
	return quick_is(*quick->at, classes);
}

/* The end of a relative name: the label that begins at `label` is whole up to `len`. */
static bool name_complete(struct quick *quick, uint8_t *out, size_t label, size_t *len)
{
	size_t label_len = *len - label - 1;

	if (*len == 2 && out[1] == '@') {
		memcpy(out, quick->origin, quick->origin_len);
		*len = quick->origin_len;
		return true;
	}
	if (label_len == 0 || label_len > LABEL_MAX_LEN || *len + quick->origin_len > NAME_MAX_LEN)
		return false;
	out[label] = (uint8_t)label_len;
	memcpy(out + *len, quick->origin, quick->origin_len);
	*len += quick->origin_len;
	return true;
}

bool quick_name(struct quick *quick, uint8_t out[NAME_MAX_LEN], size_t *out_len)
{
	const char *at = quick->at;
	size_t label = 0, len = 1;      /* as in name_from_chars */

	for (;;) {
		if (QUICK_RUN_PAYS && quick->end - at >= QUICK_RUN && len <= NAME_MAX_LEN - QUICK_RUN) {
			unsigned run = quick_run_word(at);
			memcpy(out + len, at, QUICK_RUN);
			len += run;
			at += run;
		}
		while (quick_is(*at, QUICK_WORD) && len < NAME_MAX_LEN)
			out[len++] = (uint8_t)*at++;
		if (!quick_is(*at, QUICK_DOT))
			break;
		size_t label_len = len - label - 1;
		bool is_root = at++ == quick->at && quick_is(*at, QUICK_STOP);
		if (!is_root) {
			if (label_len == 0 || label_len > LABEL_MAX_LEN || len >= NAME_MAX_LEN)
				return false;
			out[label] = (uint8_t)label_len;
			label = len++;
		}
		if (quick_is(*at, QUICK_STOP)) {
			out[label] = 0;
			quick->at = at;
			*out_len = len;
			return true;
		}
	}
	if (!quick_is(*at, QUICK_STOP))
		return false;
	quick->at = at;
	*out_len = len;
	return name_complete(quick, out, label, out_len);
}

bool quick_number(struct quick *quick, uint32_t max, uint32_t *out)
{
	const char *at = quick->at;
	uint64_t value = 0;
	unsigned digit;

	while ((digit = (unsigned)(uint8_t)*at - '0') <= 9) {
		value = value * 10 + digit;
		if (++at - quick->at > 10)
			return false;
	}
	if (at == quick->at || !quick_is(*at, QUICK_STOP) || value > max)
		return false;
	quick->at = at;
	*out = (uint32_t)value;
	return true;
}

/* A word up to the next blank, as a token. */
static bool word_take(struct quick *quick, struct token *out)
{
	const char *at = quick->at;

	while (quick_is(*at, QUICK_WORD | QUICK_DOT))
		at++;
	*out = (struct token){ .at = quick->at, .len = (uint32_t)(at - quick->at) };
	quick->at = at;
	return out->len > 0 && quick_is(*at, QUICK_STOP);
}

/* One byte of an IPv4 address, without leading zeroes. */
static bool byte_take(const char **at, uint8_t *out)
{
	unsigned value = (unsigned)(uint8_t)**at - '0', digit;

	if (value > 9)
		return false;
	++*at;
	for (unsigned i = 0; i < 2 && (digit = (unsigned)(uint8_t)**at - '0') <= 9; i++) {
		if (value == 0)
			return false;
		value = value * 10 + digit;
		++*at;
	}
	*out = (uint8_t)value;
	return value <= 255;
}

/* The number of one to three digits that ends before `end`; anything over 255 where it is none. Four bytes before `end` are readable: even
 * the shortest line has a type and two blanks before an address. */
static inline unsigned byte_before(const char *end, unsigned len)
{
	static const uint32_t digits[4] = { 0, 0xf, 0xf0f, 0xf0f0f };
	static const uint8_t least[4] = { 0, 0, 10, 100 };
	uint32_t text;

	if (len == 0 || len > 3)
		return UINT16_MAX;
	text = wire_get_u32((const uint8_t *)end - sizeof(text)) & digits[len];
	unsigned value = (text & 0xff) + 10 * (text >> 8 & 0xff) + 100 * (text >> 16);
	return value >= least[len] ? value : UINT16_MAX;
}

/* An address whose text, and what ends it, lies in the next QUICK_RUN bytes: four runs of digits, found at once. */
static bool ipv4_at_once(struct quick *quick, uint8_t out[4])
{
	const char *at = quick->at;
	unsigned ends = quick_run_not_digit(at), all = 0, start = 0;

	for (unsigned i = 0; i < 4; i++) {
		if (ends == 0)
			return false;
		unsigned last = (unsigned)__builtin_ctz(ends), value = byte_before(at + last, last - start);
		ends &= ends - 1;
		out[i] = (uint8_t)value;
		all |= value;
		if (i < 3 && at[last] != '.')
			return false;
		start = last + 1;
	}
	quick->at = at + start - 1;
	return all <= 255 && quick_is(*quick->at, QUICK_STOP);
}

static bool ipv4_field(struct quick *quick)
{
	const char *at = quick->at;
	uint8_t *out = wcursor_room(&quick->out, 4);

	if (QUICK_RUN_PAYS && out && quick->end - at >= QUICK_RUN)
		return ipv4_at_once(quick, out);
	if (!out || !byte_take(&at, &out[0]) || *at++ != '.' || !byte_take(&at, &out[1]) || *at++ != '.' || !byte_take(&at, &out[2]) || *at++ != '.' ||
	    !byte_take(&at, &out[3]))
		return false;
	quick->at = at;
	return quick_is(*at, QUICK_STOP);
}

/* One group of an IPv6 address. */
static bool group_take(const char **at, uint8_t out[2])
{
	unsigned value = 0, digits = 0;
	uint8_t digit;

	for (; (digit = hex_values[(uint8_t)**at]) < 16 && digits < 5; digits++, ++*at)
		value = value << 4 | digit;
	wire_put_u16(out, (uint16_t)value);
	return digits > 0 && digits < 5;
}

enum { IPV6_GROUPS = 8, IPV6_NO_GAP = IPV6_GROUPS };

static bool ipv6_field(struct quick *quick)
{
	const char *at = quick->at;
	uint8_t groups[2 * IPV6_GROUPS], *out = wcursor_room(&quick->out, sizeof(groups));
	unsigned count = 0, gap = IPV6_NO_GAP;

	if (at[0] == ':' && at[1] == ':') {
		gap = 0;
		at += 2;
	}
	while (count < IPV6_GROUPS && !(count == gap && quick_is(*at, QUICK_STOP))) {
		if (!group_take(&at, &groups[2 * count]))
			return false;
		if (++count == IPV6_GROUPS || *at != ':')
			break;
		at++;
		if (*at == ':') {
			if (gap != IPV6_NO_GAP)
				return false;
			gap = count;
			at++;
		}
	}
	if (!out || !quick_is(*at, QUICK_STOP) || (count == IPV6_GROUPS) != (gap == IPV6_NO_GAP))
		return false;
	size_t before = 2 * (size_t)(gap < count ? gap : count), after = 2 * (size_t)count - before;
	memset(out, 0, sizeof(groups));
	memcpy(out, groups, before);
	memcpy(out + sizeof(groups) - after, groups + before, after);
	quick->at = at;
	return true;
}

static bool name_field(struct quick *quick)
{
	uint8_t name[NAME_MAX_LEN];
	size_t len;

	if (!quick_name(quick, name, &len))
		return false;
	wcursor_put(&quick->out, name, len);
	return true;
}

static bool number_field(struct quick *quick, char code)
{
	uint32_t value;
	struct token token;
	uint16_t type;

	switch (code) {
	case '1':
	case 'g':
		if (!quick_number(quick, UINT8_MAX, &value))
			return false;
		wcursor_u8(&quick->out, (uint8_t)value);
		return true;
	case '2':
	case 'k':
		if (!quick_number(quick, UINT16_MAX, &value))
			return false;
		wcursor_u16(&quick->out, (uint16_t)value);
		return true;
	case 't':
		if (!word_take(quick, &token) || !rr_type_from_chars(token.at, token.len, &type))
			return false;
		wcursor_u16(&quick->out, type);
		return true;
	case 'z':
		if (!word_take(quick, &token) || !time_from_token(&token, &value))
			return false;
		break;
	default:
		if (!quick_number(quick, UINT32_MAX, &value))
			return false;
		break;
	}
	wcursor_u32(&quick->out, value);
	return true;
}

/* The text of a string with or without quotes; `at` ends behind it. */
static bool text_take(struct quick *quick, const char **text, size_t *len)
{
	bool is_quoted = *quick->at == '"';
	const char *at = *text = quick->at + is_quoted;
	uint8_t inside = is_quoted ? QUICK_STRING : QUICK_WORD | QUICK_DOT;

	while (quick_is(*at, inside))
		at++;
	*len = (size_t)(at - *text);
	if (is_quoted && *at++ != '"')
		return false;
	quick->at = at;
	return quick_is(*at, QUICK_STOP) && (is_quoted || *len > 0);
}

static bool string_field(struct quick *quick)
{
	const char *text;
	size_t len;

	if (!text_take(quick, &text, &len) || len > STRING_MAX_LEN)
		return false;
	wcursor_u8(&quick->out, (uint8_t)len);
	wcursor_put(&quick->out, text, len);
	return true;
}

/* An empty one is none in some types, so that the long way has to look. */
static bool value_field(struct quick *quick)
{
	const char *text;
	size_t len;

	if (!text_take(quick, &text, &len) || len == 0)
		return false;
	wcursor_put(&quick->out, text, len);
	return true;
}

static bool tag_field(struct quick *quick)
{
	const char *at = quick->at;

	while ((*at >= '0' && *at <= '9') || ((*at | 0x20) >= 'a' && (*at | 0x20) <= 'z'))
		at++;
	return quick_is(*at, QUICK_STOP) && string_field(quick);
}

static bool strings_field(struct quick *quick)
{
	do {
		if (!string_field(quick))
			return false;
		quick_skip_blanks(quick);
	} while (!is_at(quick, QUICK_END));
	return true;
}

/* Hex or base32hex behind a length byte. */
static bool counted_field(struct quick *quick, char code)
{
	size_t start = quick->out.pos;
	struct token token;

	if (!word_take(quick, &token))
		return false;
	wcursor_u8(&quick->out, 0);
	if (code == 'h' && token_is(&token, "-"))
		return true;
	if (!(code == 'h' ? hex_from_tokens(&token, 1, &quick->out) : base32hex_from_token(&token, &quick->out)))
		return false;
	size_t len = quick->out.pos - start - 1;
	if (quick->out.status != ZT_OK || len > STRING_MAX_LEN)
		return false;
	quick->out.base[start] = (uint8_t)len;
	return true;
}

static bool hex_field(struct quick *quick)
{
	struct token token;

	do {
		if (!word_take(quick, &token) || !hex_from_tokens(&token, 1, &quick->out))
			return false;
		quick_skip_blanks(quick);
	} while (!is_at(quick, QUICK_END));
	return true;
}

/* Whole groups of four digits, up to the first that is not one. */
static bool base64_groups(struct quick *quick)
{
	const char *at = quick->at;
	uint8_t *out = quick->out.base + quick->out.pos, *end = quick->out.base + quick->out.len;
	uint8_t a, b, c, d;

	while ((a = base64_values[(uint8_t)at[0]]) < 64 && (b = base64_values[(uint8_t)at[1]]) < 64 && (c = base64_values[(uint8_t)at[2]]) < 64 &&
	       (d = base64_values[(uint8_t)at[3]]) < 64) {
		if (end - out < 3)
			return false;
		*out++ = (uint8_t)(a << 2 | b >> 4);
		*out++ = (uint8_t)(b << 4 | c >> 2);
		*out++ = (uint8_t)(c << 6 | d);
		at += 4;
	}
	quick->at = at;
	quick->out.pos = (size_t)(out - quick->out.base);
	return true;
}

/* A group that ends in padding. */
static bool base64_last(struct quick *quick)
{
	const char *at = quick->at;
	uint8_t a = base64_values[(uint8_t)at[0]], b = a < 64 ? base64_values[(uint8_t)at[1]] : 64, c;

	if (b >= 64)
		return false;
	wcursor_u8(&quick->out, (uint8_t)(a << 2 | b >> 4));
	c = base64_values[(uint8_t)at[2]];
	if (c < 64) {
		wcursor_u8(&quick->out, (uint8_t)(b << 4 | c >> 2));
		quick->at = at + 4;
		return (c & 3) == 0 && at[3] == '=' && quick_is(at[4], QUICK_STOP);
	}
	if ((b & 15) != 0 || at[2] != '=' || at[3] != '=')
		return false;
	quick->at = at + 4;
	return quick_is(at[4], QUICK_STOP);
}

static bool base64_field(struct quick *quick)
{
	size_t start = quick->out.pos;

	do {
		if (quick->out.status != ZT_OK || !base64_groups(quick))
			return false;
		if (!is_at(quick, QUICK_STOP) && !base64_last(quick))
			return false;
		bool is_padded = quick->at[-1] == '=';
		quick_skip_blanks(quick);
		if (is_padded && !is_at(quick, QUICK_END))
			return false;
	} while (!is_at(quick, QUICK_END));
	return quick->out.pos > start;
}

enum { TYPE_WINDOWS = 2, WINDOW_BYTES = 32 };

/* Of the types below 512. */
static bool types_field(struct quick *quick)
{
	uint8_t bitmap[TYPE_WINDOWS][WINDOW_BYTES] = { { 0 } };
	uint8_t used[TYPE_WINDOWS] = { 0 };
	struct token token;
	uint16_t type;

	for (; !is_at(quick, QUICK_END); quick_skip_blanks(quick)) {
		if (!word_take(quick, &token) || !rr_type_from_chars(token.at, token.len, &type) || type >> 8 >= TYPE_WINDOWS)
			return false;
		uint8_t window = (uint8_t)(type >> 8), byte = (type & 255) / 8;
		bitmap[window][byte] |= (uint8_t)(0x80 >> type % 8);
		if (used[window] < byte + 1)
			used[window] = (uint8_t)(byte + 1);
	}
	for (uint8_t window = 0; window < TYPE_WINDOWS; window++) {
		if (used[window] == 0)
			continue;
		wcursor_u8(&quick->out, window);
		wcursor_u8(&quick->out, used[window]);
		wcursor_put(&quick->out, bitmap[window], used[window]);
	}
	return true;
}

static bool field_read(struct quick *quick, char code)
{
	switch (code) {
	case 'a': return ipv4_field(quick);
	case 'A': return ipv6_field(quick);
	case 'n': return name_field(quick);
	case '1':
	case '2':
	case '4':
	case 'g':
	case 'k':
	case 'p':
	case 't':
	case 'z': return number_field(quick, code);
	case 's': return string_field(quick);
	case 'S': return strings_field(quick);
	case 'v': return value_field(quick);
	case 'w': return tag_field(quick);
	case 'h':
	case 'i': return counted_field(quick, code);
	case 'x': return hex_field(quick);
	case 'b': return base64_field(quick);
	case 'T': return types_field(quick);
	default: return false;
	}
}

bool quick_rdata(struct quick *quick, const char *shape)
{
	for (; *shape; shape++) {
		quick_skip_blanks(quick);
		if (!field_read(quick, *shape))
			return false;
	}
	return quick->out.status == ZT_OK;
}

bool quick_line_end(struct quick *quick)
{
	quick_skip_blanks(quick);
	if (*quick->at == ';')
		quick->at = strchrnul(quick->at, '\n');
	return *quick->at++ == '\n';
}

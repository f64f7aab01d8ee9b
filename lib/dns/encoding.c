/* Text encodings of rdata fields. */
#include "lib/dns/encoding.h"

#include <string.h>

#include "lib/dns/rrtype.h"

enum { WINDOWS = 256, WINDOW_BYTES = 32, X = 0xff };      /* X: no digit */

static const char base64_digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char base32_digits[] = "0123456789abcdefghijklmnopqrstuv";

const uint8_t hex_values[256] = {
	X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X,
	X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, X, X, X, X, X, X,
	X, 10, 11, 12, 13, 14, 15, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X,
	X, 10, 11, 12, 13, 14, 15, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X,
	X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X,
	X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X,
	X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X,
	X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X,
};

/* Bad digits leave their high bits in the sum of all. */
static bool hex_token_read(const struct token *token, struct wcursor *out)
{
	const uint8_t *text = (const uint8_t *)token->at;
	size_t len = token->len / 2;
	uint8_t *to = wcursor_room(out, len), all = 0;

	if (token->len % 2 != 0 || len == 0)
		return false;
	for (size_t i = 0; i < len; i++) {
		uint8_t high = hex_values[text[2 * i]], low = hex_values[text[2 * i + 1]];
		all |= high | low;
		if (to)
			to[i] = (uint8_t)(high << 4 | low);
	}
	return all < 16;
}

bool hex_from_tokens(const struct token *tokens, size_t count, struct wcursor *out)
{
	for (size_t i = 0; i < count; i++) {
		if (!hex_token_read(&tokens[i], out))
			return false;
	}
	return count > 0;
}

void hex_to_text(const uint8_t *data, size_t len, struct buf *out)
{
	static const char digits[] = "0123456789abcdef";
	uint8_t *p = buf_reserve(out, 2 * len);
	if (!p)
		return;
	for (size_t i = 0; i < len; i++) {
		*p++ = (uint8_t)digits[data[i] >> 4];
		*p++ = (uint8_t)digits[data[i] & 15];
	}
	out->len += 2 * len;
}

const uint8_t base64_values[256] = {
	X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X,
	X, X, X, X, X, X, X, X, X, X, X, 62, X, X, X, 63, 52, 53, 54, 55, 56, 57, 58, 59, 60, 61, X, X, X, X, X, X,
	X, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, X, X, X, X, X,
	X, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, X, X, X, X, X,
	X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X,
	X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X,
	X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X,
	X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X,
};

/* Bits collected from digits until they make bytes. */
struct bits {
	uint32_t value;
	unsigned count;
	size_t digits;
	size_t bytes;
};

static void bits_add(struct bits *bits, int digit, unsigned width, struct wcursor *out)
{
	bits->value = bits->value << width | (uint32_t)digit;
	bits->count += width;
	bits->digits++;
	if (bits->count >= 8) {
		bits->count -= 8;
		bits->bytes++;
		wcursor_u8(out, (uint8_t)(bits->value >> bits->count));
		bits->value &= (1U << bits->count) - 1;
	}
}

bool base64_from_tokens(const struct token *tokens, size_t count, struct wcursor *out)
{
	struct bits bits = { 0 };
	size_t padding = 0;

	for (size_t i = 0; i < count; i++) {
		for (uint32_t j = 0; j < tokens[i].len; j++) {
			if (tokens[i].at[j] == '=') {
				padding++;
				continue;
			}
			uint8_t digit = base64_values[(uint8_t)tokens[i].at[j]];
			if (digit == X || padding > 0)
				return false;
			bits_add(&bits, digit, 6, out);
		}
	}
	/* Left-over bits are padding and must be zero, as the '=' say. */
	return bits.bytes > 0 && bits.value == 0 && padding <= 2 && (bits.digits + padding) % 4 == 0;
}

void base64_to_text(const uint8_t *data, size_t len, struct buf *out)
{
	uint8_t *p = buf_reserve(out, (len + 2) / 3 * 4);
	if (!p)
		return;
	for (size_t i = 0; i < len; i += 3) {
		size_t left = len - i;
		uint32_t group = (uint32_t)data[i] << 16 | (left > 1 ? (uint32_t)data[i + 1] << 8 : 0) | (left > 2 ? data[i + 2] : 0);
		*p++ = (uint8_t)base64_digits[group >> 18];
		*p++ = (uint8_t)base64_digits[group >> 12 & 63];
		*p++ = (uint8_t)(left > 1 ? base64_digits[group >> 6 & 63] : '=');
		*p++ = (uint8_t)(left > 2 ? base64_digits[group & 63] : '=');
	}
	out->len += (len + 2) / 3 * 4;
}

bool base32hex_from_token(const struct token *token, struct wcursor *out)
{
	struct bits bits = { 0 };

	for (uint32_t i = 0; i < token->len; i++) {
		char c = token->at[i];
		char lower = (char)(c | 0x20);
		int digit = c >= '0' && c <= '9' ? c - '0' : lower >= 'a' && lower <= 'v' ? lower - 'a' + 10 : -1;
		if (digit < 0)
			return false;
		bits_add(&bits, digit, 5, out);
	}
	return bits.bytes > 0 && bits.value == 0 && bits.count < 5;
}

void base32hex_to_text(const uint8_t *data, size_t len, struct buf *out)
{
	uint32_t value = 0;
	unsigned count = 0;

	for (size_t i = 0; i < len; i++) {
		value = value << 8 | data[i];
		for (count += 8; count >= 5; count -= 5)
			buf_add_u8(out, (uint8_t)base32_digits[value >> (count - 5) & 31]);
		value &= (1U << count) - 1;
	}
	if (count > 0)
		buf_add_u8(out, (uint8_t)base32_digits[value << (5 - count) & 31]);
}

/* Days from 1970-01-01 to a date of the Gregorian calendar: years are counted from March, so that leap days come last. */
static int64_t days_to(unsigned year, unsigned month, unsigned day)
{
	int64_t y = month > 2 ? year : (int64_t)year - 1;
	int64_t day_of_year = (153 * (int64_t)(month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
	return y * 365 + y / 4 - y / 100 + y / 400 + day_of_year - 719468;
}

static bool date_is_valid(unsigned year, unsigned month, unsigned day)
{
	static const uint8_t days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	bool is_leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
	return month >= 1 && month <= 12 && day >= 1 && day <= days[month - 1] + (month == 2 && is_leap ? 1U : 0U);
}

bool time_from_token(const struct token *token, uint32_t *out)
{
	uint64_t digits = 0;

	if (token->len != 14)
		return token_number(token, UINT32_MAX, out);
	for (uint32_t i = 0; i < token->len; i++) {
		if (token->at[i] < '0' || token->at[i] > '9')
			return false;
		digits = digits * 10 + (unsigned)(token->at[i] - '0');
	}
	unsigned second = digits % 100, minute = digits / 100 % 100, hour = digits / 10000 % 100;
	unsigned day = digits / 1000000 % 100, month = digits / 100000000 % 100, year = (unsigned)(digits / UINT64_C(10000000000));
	if (!date_is_valid(year, month, day) || hour > 23 || minute > 59 || second > 59)
		return false;
	int64_t time = days_to(year, month, day) * 86400 + hour * 3600 + minute * 60 + second;
	*out = (uint32_t)time;
	return time >= 0;
}

void time_to_text(uint32_t time, struct buf *out)
{
	unsigned days = time / 86400, left = time % 86400, year = 1970, month = 1;

	while (days_to(year + 1, 1, 1) <= days)
		year++;
	while (month < 12 && days_to(year, month + 1, 1) <= days)
		month++;
	unsigned day = (unsigned)(days - days_to(year, month, 1)) + 1;
	buf_printf(out, "%04u%02u%02u%02u%02u%02u", year, month, day, left / 3600, left / 60 % 60, left % 60);
}

bool type_from_token(const struct token *token, uint16_t *out)
{
	return rr_type_from_chars(token->at, token->len, out);
}

bool types_from_tokens(const struct token *tokens, size_t count, struct wcursor *out, size_t *bad)
{
	uint8_t bitmap[WINDOWS][WINDOW_BYTES];
	uint8_t used[WINDOWS] = { 0 };      /* bytes of each window; without any, its bitmap is not made yet */

	for (size_t i = 0; i < count; i++) {
		uint16_t type;
		*bad = i;
		if (!type_from_token(&tokens[i], &type))
			return false;
		uint8_t window = (uint8_t)(type >> 8), byte = (type & 255) / 8;
		if (used[window] == 0)
			memset(bitmap[window], 0, WINDOW_BYTES);
		bitmap[window][byte] |= (uint8_t)(0x80 >> type % 8);
		if (used[window] < byte + 1)
			used[window] = (uint8_t)(byte + 1);
	}
	for (unsigned window = 0; window < WINDOWS; window++) {
		if (used[window] == 0)
			continue;
		wcursor_u8(out, (uint8_t)window);
		wcursor_u8(out, used[window]);
		wcursor_put(out, bitmap[window], used[window]);
	}
	return true;
}

void types_to_text(const uint8_t *data, size_t len, struct buf *out)
{
	char text[RR_TYPE_TEXT_SIZE];
	bool is_first = true;

	for (const uint8_t *end = data + len; data < end; data += 2 + data[1]) {
		for (unsigned bit = 0; bit < data[1] * 8U; bit++) {
			if ((data[2 + bit / 8] & 0x80 >> bit % 8) == 0)
				continue;
			rr_type_to_text((uint16_t)(data[0] << 8 | bit), text);
			if (!is_first)
				buf_add_u8(out, ' ');
			buf_add(out, text, strlen(text));
			is_first = false;
		}
	}
}

/* $GENERATE ranges and templates. */
#include "lib/zone/generate.h"

#include <string.h>

enum { NUMBER_MAX = 0x7fffffff, WIDTH_MAX = 255 };

static bool digits_read(const char **at, const char *end, uint32_t *out)
{
	uint64_t value = 0;
	const char *start = *at;
	for (; *at < end && **at >= '0' && **at <= '9'; (*at)++) {
		value = value * 10 + (unsigned)(**at - '0');
		if (value > NUMBER_MAX)
			return false;
	}
	*out = (uint32_t)value;
	return *at > start;
}

static bool char_read(const char **at, const char *end, char c)
{
	if (*at == end || **at != c)
		return false;
	(*at)++;
	return true;
}

bool generate_range_read(const struct token *token, struct generate_range *out)
{
	const char *at = token->at, *end = token->at + token->len;

	out->step = 1;
	if (!digits_read(&at, end, &out->start) || !char_read(&at, end, '-') || !digits_read(&at, end, &out->stop))
		return false;
	if (char_read(&at, end, '/') && !digits_read(&at, end, &out->step))
		return false;
	if (at != end || out->step == 0 || out->stop < out->start)
		return false;
	out->count = (out->stop - out->start) / out->step + 1;
	return true;
}

/* How ${} writes a number. */
struct modifier {
	int64_t offset;
	uint32_t width;
	char base;
};

/* From after "${" to after "}". */
static bool modifier_read(const char **at, const char *end, struct modifier *out)
{
	uint32_t offset;
	bool is_negative = char_read(at, end, '-');

	if (!is_negative)
		char_read(at, end, '+');
	*out = (struct modifier){ .base = 'd' };
	if (!digits_read(at, end, &offset))
		return false;
	out->offset = is_negative ? -(int64_t)offset : (int64_t)offset;
	if (char_read(at, end, ',')) {
		if (!digits_read(at, end, &out->width) || out->width > WIDTH_MAX)
			return false;
		if (char_read(at, end, ',')) {
			if (*at == end || !strchr("doxXnN", **at) || **at == '\0')
				return false;
			out->base = *(*at)++;
		}
	}
	return char_read(at, end, '}');
}

static void nibbles_add(uint32_t value, uint32_t width, bool is_upper, struct buf *out)
{
	const char *digits = is_upper ? "0123456789ABCDEF" : "0123456789abcdef";
	uint32_t written = 0;

	do {
		if (written > 0) {
			buf_add_u8(out, '.');
			written++;
		}
		buf_add_u8(out, (uint8_t)digits[value & 15]);
		written++;
		value >>= 4;
	} while (value != 0 || written + 1 < width);
	if (written < width)
		buf_add_u8(out, '.');
}

static int number_add(uint32_t number, const struct modifier *modifier, struct buf *out)
{
	int64_t value = (int64_t)number + modifier->offset;
	int width = (int)modifier->width;

	if (value < 0 || value > NUMBER_MAX)
		return ZT_ESYNTAX;
	switch (modifier->base) {
	case 'd': buf_printf(out, "%0*u", width, (unsigned)value); break;
	case 'o': buf_printf(out, "%0*o", width, (unsigned)value); break;
	case 'x': buf_printf(out, "%0*x", width, (unsigned)value); break;
	case 'X': buf_printf(out, "%0*X", width, (unsigned)value); break;
	default: nibbles_add((uint32_t)value, modifier->width, modifier->base == 'N', out); break;
	}
	return out->status;
}

int generate_expand(const char *template, size_t len, uint32_t number, struct buf *out)
{
	const char *at = template, *end = template + len;

	while (at < end) {
		char c = *at++;
		if (c == '\\' && at < end) {
			buf_add_u8(out, '\\');
			buf_add_u8(out, (uint8_t)*at++);
		} else if (c != '$') {
			buf_add_u8(out, (uint8_t)c);
		} else if (char_read(&at, end, '$')) {
			buf_add(out, "\\$", 2);
		} else {
			struct modifier modifier = { .base = 'd' };
			if (char_read(&at, end, '{') && !modifier_read(&at, end, &modifier))
				return ZT_ESYNTAX;
			int status = number_add(number, &modifier, out);
			if (status != ZT_OK)
				return status;
		}
	}
	return out->status;
}

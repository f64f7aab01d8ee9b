/* Escapes of presentation format (RFC 1035 section 5.1): \DDD is a byte in decimal, \X is the character X. */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* The byte that an escape stands for; `text` follows the backslash. Returns the characters consumed after it, 0 on a bad escape. */
static inline unsigned escape_read(const char *text, size_t len, uint8_t *out)
{
	if (len == 0)
		return 0;
	if (text[0] < '0' || text[0] > '9') {
		*out = (uint8_t)text[0];
		return 1;
	}
	unsigned value = 0;
	for (unsigned i = 0; i < 3; i++) {
		if (i >= len || text[i] < '0' || text[i] > '9')
			return 0;
		value = value * 10 + (unsigned)(text[i] - '0');
	}
	*out = (uint8_t)value;
	return value <= 255 ? 3 : 0;
}

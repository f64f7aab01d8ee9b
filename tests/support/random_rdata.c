/* Random names and rdata. */
#include "tests/support/random_rdata.h"

#include <string.h>

size_t random_name(struct rng *rng, uint8_t out[NAME_MAX_LEN])
{
	static const char *const words[] = { "a", "b", "WWW", "www", "example", "Net", "*", "x\377y", "a.b", " " };
	size_t len = 0;
	for (unsigned count = (unsigned)rng_below(rng, 5); count > 0; count--) {
		const char *word = words[rng_below(rng, sizeof(words) / sizeof(words[0]))];
		out[len] = (uint8_t)strlen(word);
		memcpy(out + len + 1, word, out[len]);
		len += out[len] + 1U;
	}
	out[len++] = 0;
	return len;
}

static size_t random_bytes(struct rng *rng, size_t min, size_t max, uint8_t *out)
{
	size_t len = min + rng_below(rng, max - min + 1);
	rng_fill(rng, out, len);
	return len;
}

static size_t random_string(struct rng *rng, uint8_t *out)
{
	static const char *const words[] = { "", "a", "issue", "plain text", "quo\"te", "back\\slash", ";", "\001\377" };
	if (rng_below(rng, 2) == 0) {
		out[0] = (uint8_t)random_bytes(rng, 0, rng_below(rng, 20) == 0 ? 255 : 10, out + 1);
	} else {
		const char *word = words[rng_below(rng, sizeof(words) / sizeof(words[0]))];
		out[0] = (uint8_t)strlen(word);
		memcpy(out + 1, word, out[0]);
	}
	return out[0] + 1U;
}

static size_t random_bitmap(struct rng *rng, uint8_t *out)
{
	size_t len = 0;
	for (unsigned window = (unsigned)rng_below(rng, 3); window < 256; window += 1 + (unsigned)rng_below(rng, 250)) {
		size_t size = 1 + rng_below(rng, 32);
		out[len++] = (uint8_t)window;
		out[len++] = (uint8_t)size;
		rng_fill(rng, out + len, size);
		out[len + size - 1] |= 1;
		len += size;
	}
	return len;
}

static size_t random_field(struct rng *rng, char code, uint8_t *out)
{
	size_t len = 0;
	switch (code) {
	case '1': return random_bytes(rng, 1, 1, out);
	case '2': return random_bytes(rng, 2, 2, out);
	case '4': return random_bytes(rng, 4, 4, out);
	case '6': return random_bytes(rng, 6, 6, out);
	case '8': return random_bytes(rng, 8, 8, out);
	case 'q': return random_bytes(rng, 16, 16, out);
	case 's': return random_string(rng, out);
	case 'S':
		for (unsigned count = 1 + (unsigned)rng_below(rng, 4); count > 0; count--)
			len += random_string(rng, out + len);
		return len;
	case 't': return random_bitmap(rng, out);
	case 'b': return random_bytes(rng, 0, 40, out);
	case 'B': return random_bytes(rng, 1, 40, out);
	default: return random_name(rng, out);
	}
}

size_t random_rdata(struct rng *rng, uint16_t type, uint8_t out[RANDOM_RDATA_MAX])
{
	const struct rr_descriptor *row = rr_descriptor(type);
	size_t len = 0;
	for (const char *code = row ? row->fields : "b"; *code; code++)
		len += random_field(rng, *code, out + len);
	return len;
}

uint16_t random_type(struct rng *rng)
{
	for (;;) {
		uint16_t type = (uint16_t)rng_below(rng, rng_below(rng, 2) ? 70 : 265);
		if (rr_descriptor(type) && !rr_type_is_meta(type))
			return type;
	}
}

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

/* Keys that ascend; values of any bytes, or of the form of `port`. */
static size_t random_params(struct rng *rng, uint8_t *out)
{
	size_t len = 0;
	for (unsigned key = (unsigned)rng_below(rng, 14); key < 70; key += 1 + (unsigned)rng_below(rng, 20)) {
		size_t value_len = rng_below(rng, 3) == 0 ? 2 : rng_below(rng, 20);
		out[len++] = 0;
		out[len++] = (uint8_t)key;
		out[len++] = 0;
		out[len++] = (uint8_t)value_len;
		rng_fill(rng, out + len, value_len);
		len += value_len;
	}
	return len;
}

static size_t random_prefixes(struct rng *rng, uint8_t *out)
{
	size_t len = 0;
	for (unsigned count = (unsigned)rng_below(rng, 4); count > 0; count--) {
		unsigned family = 1 + (unsigned)rng_below(rng, 3), part_len = (unsigned)rng_below(rng, family == 1 ? 5 : 17);
		out[len++] = 0;
		out[len++] = (uint8_t)family;
		out[len++] = (uint8_t)rng_below(rng, family == 1 ? 33 : 129);
		out[len++] = (uint8_t)(part_len | (rng_below(rng, 2) ? 0x80 : 0));
		rng_fill(rng, out + len, part_len);
		len += part_len;
		if (part_len > 0)
			out[len - 1] |= 1;
	}
	return len;
}

/* None, IPv4, IPv6 or a name. */
static size_t random_gateway(struct rng *rng, unsigned form, uint8_t *out)
{
	size_t len = form == 1 ? 4 : form == 2 ? 16 : 0;
	rng_fill(rng, out, len);
	return form == 3 ? random_name(rng, out) : len;
}

static size_t random_ipseckey(struct rng *rng, uint8_t *out)
{
	rng_fill(rng, out, 3);
	out[1] &= 3;
	size_t len = 3 + random_gateway(rng, out[1], out + 3);
	return len + random_bytes(rng, 0, 20, out + len);
}

static size_t random_amtrelay(struct rng *rng, uint8_t *out)
{
	rng_fill(rng, out, 2);
	out[1] &= 0x83;
	return 2 + random_gateway(rng, out[1] & 3, out + 2);
}

static size_t random_hip(struct rng *rng, uint8_t *out)
{
	size_t tag_len = 1 + rng_below(rng, 20), key_len = 1 + rng_below(rng, 40), len = 4 + tag_len + key_len;
	out[0] = (uint8_t)tag_len;
	rng_fill(rng, out + 1, len - 1);
	out[2] = 0;
	out[3] = (uint8_t)key_len;
	for (unsigned count = (unsigned)rng_below(rng, 3); count > 0; count--)
		len += random_name(rng, out + len);
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
	case 'o': return rng_below(rng, 2) ? random_string(rng, out) : 0;
	case 'p': return random_params(rng, out);
	case 'a': return random_prefixes(rng, out);
	case 'h': return random_hip(rng, out);
	case 'i': return random_ipseckey(rng, out);
	case 'r': return random_amtrelay(rng, out);
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

/* Domain names in wire form. */
#include "lib/dns/name.h"

#include <stdio.h>
#include <string.h>

#include "lib/dns/escape.h"

const uint8_t name_root[1] = { 0 };

size_t name_len(const uint8_t *name)
{
	const uint8_t *p = name;
	while (*p)
		p += *p + 1;
	return (size_t)(p - name) + 1;
}

unsigned name_label_count(const uint8_t *name)
{
	unsigned count = 0;
	for (; *name; name += *name + 1)
		count++;
	return count;
}

const uint8_t *name_parent(const uint8_t *name)
{
	return *name ? name + *name + 1 : name;
}

const uint8_t *name_strip(const uint8_t *name, unsigned count)
{
	while (count-- > 0)
		name = name_parent(name);
	return name;
}

size_t name_copy(uint8_t *out, const uint8_t *name)
{
	size_t len = name_len(name);
	memmove(out, name, len);
	return len;
}

void name_lower(uint8_t *name)
{
	/* Length bytes are below 'A', so folding every byte changes letters only. */
	size_t len = name_len(name);
	for (size_t i = 0; i < len; i++)
		name[i] = name_fold(name[i]);
}

static bool bytes_equal_folded(const uint8_t *a, const uint8_t *b, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (a[i] != b[i] && name_fold(a[i]) != name_fold(b[i]))
			return false;
	}
	return true;
}

bool name_equal(const uint8_t *a, const uint8_t *b)
{
	size_t len = name_len(a);
	return len == name_len(b) && bytes_equal_folded(a, b, len);
}

/* Offsets of the labels of a name, leftmost first; returns their count. */
static unsigned label_starts(const uint8_t *name, uint8_t starts[NAME_MAX_LABELS])
{
	unsigned count = 0;
	for (const uint8_t *p = name; *p; p += *p + 1)
		starts[count++] = (uint8_t)(p - name);
	return count;
}

static int label_cmp(const uint8_t *a, const uint8_t *b)
{
	unsigned shorter = *a < *b ? *a : *b;
	for (unsigned i = 1; i <= shorter; i++) {
		int diff = name_fold(a[i]) - name_fold(b[i]);
		if (diff != 0)
			return diff;
	}
	return *a - *b;
}

int name_cmp(const uint8_t *a, const uint8_t *b)
{
	uint8_t a_starts[NAME_MAX_LABELS], b_starts[NAME_MAX_LABELS];
	unsigned a_count = label_starts(a, a_starts), b_count = label_starts(b, b_starts);

	while (a_count > 0 && b_count > 0) {
		int diff = label_cmp(a + a_starts[--a_count], b + b_starts[--b_count]);
		if (diff != 0)
			return diff;
	}
	return (int)a_count - (int)b_count;
}

bool name_is_within(const uint8_t *name, const uint8_t *ancestor)
{
	unsigned name_count = name_label_count(name), ancestor_count = name_label_count(ancestor);
	return name_count >= ancestor_count && name_equal(name_strip(name, name_count - ancestor_count), ancestor);
}

unsigned name_common_labels(const uint8_t *a, const uint8_t *b)
{
	uint8_t a_starts[NAME_MAX_LABELS], b_starts[NAME_MAX_LABELS];
	unsigned a_count = label_starts(a, a_starts), b_count = label_starts(b, b_starts);
	unsigned common = 0;

	while (a_count > 0 && b_count > 0 && label_cmp(a + a_starts[--a_count], b + b_starts[--b_count]) == 0)
		common++;
	return common;
}

bool name_is_wildcard(const uint8_t *name)
{
	return name[0] == 1 && name[1] == '*';
}

uint64_t name_hash(const uint8_t *name, uint64_t seed)
{
	/* Multiply-rotate over folded 8-byte words; the seed keeps strangers from choosing collisions cheaply. */
	uint64_t h = seed ^ UINT64_C(0x9e3779b97f4a7c15);
	size_t len = name_len(name);
	size_t i = 0;

	for (; i + 8 <= len; i += 8) {
		uint64_t word;
		memcpy(&word, name + i, 8);
		/* SWAR lower case: bit 5 is set in every byte that is A..Z (length bytes stay below 'A'). */
		uint64_t heptets = word & UINT64_C(0x7f7f7f7f7f7f7f7f);
		uint64_t above_z = heptets + UINT64_C(0x2525252525252525);
		uint64_t from_a = heptets + UINT64_C(0x3f3f3f3f3f3f3f3f);
		uint64_t upper = (from_a ^ above_z) & ~word & UINT64_C(0x8080808080808080);
		word |= upper >> 2;
		h = (h ^ word) * UINT64_C(0xd6e8feb86659fd93);
		h ^= h >> 32;
	}
	uint64_t tail = (uint64_t)len << 56;
	for (unsigned shift = 0; i < len; i++, shift += 8)
		tail ^= (uint64_t)name_fold(name[i]) << shift;
	h = (h ^ tail) * UINT64_C(0xd6e8feb86659fd93);
	h ^= h >> 32;
	h *= UINT64_C(0xd6e8feb86659fd93);
	return h ^ (h >> 29);
}

int name_join(uint8_t out[NAME_MAX_LEN], const uint8_t *prefix, size_t prefix_len, const uint8_t *suffix)
{
	size_t suffix_len = name_len(suffix);
	if (prefix_len + suffix_len > NAME_MAX_LEN)
		return ZT_ELIMIT;
	memmove(out, prefix, prefix_len);
	memcpy(out + prefix_len, suffix, suffix_len);
	return ZT_OK;
}

int name_substitute(uint8_t out[NAME_MAX_LEN], const uint8_t *name, const uint8_t *owner, const uint8_t *target)
{
	size_t prefix_len = name_len(name) - name_len(owner);
	return name_join(out, name, prefix_len, target);
}

static size_t read_fail(struct rcursor *cur, int status)
{
	if (cur->status == ZT_OK)
		cur->status = status;
	return 0;
}

size_t name_read(struct rcursor *cur, uint8_t out[NAME_MAX_LEN])
{
	const uint8_t *base = cur->base;
	size_t at = cur->pos, end = 0, len = 0;
	/* Each pointer must lead to before the run of labels it ends, so that the walk is finite. */
	size_t barrier = at;

	if (cur->status != ZT_OK)
		return 0;
	for (;;) {
		if (at >= cur->len)
			return read_fail(cur, ZT_ETRUNC);
		uint8_t c = base[at];
		if (c >= 0xc0) {
			if (at + 1 >= cur->len)
				return read_fail(cur, ZT_ETRUNC);
			size_t target = (size_t)(c & 0x3f) << 8 | base[at + 1];
			if (end == 0)
				end = at + 2;
			if (target >= barrier)
				return read_fail(cur, ZT_EMALFORMED);
			at = barrier = target;
			continue;
		}
		if (c > LABEL_MAX_LEN || len + c + 1 > NAME_MAX_LEN)
			return read_fail(cur, ZT_EMALFORMED);
		if (cur->len - at < (size_t)c + 1)
			return read_fail(cur, ZT_ETRUNC);
		memcpy(out + len, base + at, (size_t)c + 1);
		len += (size_t)c + 1;
		at += (size_t)c + 1;
		if (c == 0)
			break;
	}
	cur->pos = end ? end : at;
	return len;
}

size_t name_read_plain(struct rcursor *cur, uint8_t out[NAME_MAX_LEN])
{
	size_t len = 0;
	uint8_t c;
	do {
		c = rcursor_u8(cur);
		const uint8_t *label = c <= LABEL_MAX_LEN ? rcursor_take(cur, c) : NULL;
		if (cur->status != ZT_OK)
			return 0;
		if (!label || len + c + 1 > NAME_MAX_LEN)
			return read_fail(cur, ZT_EMALFORMED);
		out[len] = c;
		memcpy(out + len + 1, label, c);
		len += (size_t)c + 1;
	} while (c != 0);
	return len;
}

bool name_is_valid(const uint8_t *wire, size_t len)
{
	uint8_t name[NAME_MAX_LEN];
	struct rcursor cur = rcursor_over(wire, len);
	return name_read_plain(&cur, name) == len && len > 0;
}

int name_from_chars(uint8_t out[NAME_MAX_LEN], const char *text, size_t text_len, const uint8_t *origin)
{
	size_t label = 0, len = 1;      /* out[label] will be the length of the label being read, out[len] its next byte */

	if (text_len == 1 && text[0] == '@' && origin) {
		name_copy(out, origin);
		return ZT_OK;
	}
	if (text_len == 1 && text[0] == '.') {
		out[0] = 0;
		return ZT_OK;
	}
	for (size_t i = 0; i < text_len; i++) {
		uint8_t c = (uint8_t)text[i];
		if (c == '.') {
			size_t label_len = len - label - 1;
			if (label_len == 0)
				return ZT_ESYNTAX;
			if (label_len > LABEL_MAX_LEN || len >= NAME_MAX_LEN)
				return ZT_ELIMIT;
			out[label] = (uint8_t)label_len;
			label = len++;
			continue;
		}
		if (c == '\\') {
			unsigned used = escape_read(text + i + 1, text_len - i - 1, &c);
			if (used == 0)
				return ZT_ESYNTAX;
			i += used;
		}
		if (len >= NAME_MAX_LEN)
			return ZT_ELIMIT;
		out[len++] = c;
	}
	size_t last_len = len - label - 1;
	if (last_len == 0) {      /* empty, or ended by a dot: absolute */
		out[label] = 0;
		return text_len > 0 ? ZT_OK : ZT_ESYNTAX;
	}
	if (last_len > LABEL_MAX_LEN)
		return ZT_ELIMIT;
	out[label] = (uint8_t)last_len;
	const uint8_t *suffix = origin ? origin : name_root;
	size_t suffix_len = name_len(suffix);
	if (len + suffix_len > NAME_MAX_LEN)
		return ZT_ELIMIT;
	memcpy(out + len, suffix, suffix_len);
	return ZT_OK;
}

int name_from_text(uint8_t out[NAME_MAX_LEN], const char *text, const uint8_t *origin)
{
	return name_from_chars(out, text, strlen(text), origin);
}

char *name_to_text(const uint8_t *name, char out[NAME_TEXT_SIZE])
{
	char *p = out;

	if (*name == 0)
		*p++ = '.';
	for (; *name; name += *name + 1) {
		for (unsigned i = 1; i <= *name; i++) {
			uint8_t c = name[i];
			if (c <= 0x20 || c >= 0x7f) {
				*p++ = '\\';
				*p++ = (char)('0' + c / 100);
				*p++ = (char)('0' + c / 10 % 10);
				*p++ = (char)('0' + c % 10);
			} else {
				if (strchr(".\\\"();@$", c))
					*p++ = '\\';
				*p++ = (char)c;
			}
		}
		*p++ = '.';
	}
	*p = '\0';
	return out;
}

/* Places in the canonical order. */
#include "lib/xfr/reconcile_bound.h"

#include <string.h>

enum { BETWEEN = 0, ESCAPE = 1 };

static void byte_add(struct reconcile_bound *bound, uint8_t byte)
{
	if (byte <= ESCAPE) {
		bound->bytes[bound->len++] = ESCAPE;
		byte++;
	}
	bound->bytes[bound->len++] = byte;
}

/* 250 bytes in four labels, all escaped, and what stands between them are 503. */
void reconcile_bound_of(struct reconcile_bound *bound, const uint8_t *name, size_t apex_len)
{
	const uint8_t *labels[NAME_MAX_LABELS];
	size_t left = name_len(name) - apex_len;
	unsigned count = 0;

	for (; left > 0; left -= 1u + name[0], name += 1 + name[0])
		labels[count++] = name;
	bound->len = 0;
	while (count > 0) {
		const uint8_t *label = labels[--count];
		for (unsigned i = 1; i <= label[0]; i++)
			byte_add(bound, name_fold(label[i]));
		if (count > 0)
			bound->bytes[bound->len++] = BETWEEN;
	}
}

void reconcile_bound_between(struct reconcile_bound *bound, const uint8_t *before, const uint8_t *name, size_t apex_len)
{
	struct reconcile_bound lower;

	reconcile_bound_of(&lower, before, apex_len);
	reconcile_bound_of(bound, name, apex_len);
	unsigned len = reconcile_bound_shared(&lower, bound) + 1;
	/* Where the name goes on below `before`, the first byte of its next label too; and no escape is cut in two (where the two bytes of one differ,
	 * that of the later name is 2). */
	if (len < bound->len && bound->bytes[len - 1] == BETWEEN)
		len++;
	if (len < bound->len && bound->bytes[len - 1] == ESCAPE)
		len++;
	if (len < bound->len)
		bound->len = (uint16_t)len;
}

/* Reads one label into out[0…], its length first; false when it is none. */
static bool label_read(const struct reconcile_bound *bound, unsigned *at, uint8_t out[1 + LABEL_MAX_LEN])
{
	unsigned len = 0;

	for (; *at < bound->len && bound->bytes[*at] != BETWEEN; (*at)++) {
		uint8_t byte = bound->bytes[*at];
		if (byte == ESCAPE) {
			if (++*at == bound->len || bound->bytes[*at] == BETWEEN || bound->bytes[*at] > ESCAPE + 1)
				return false;
			byte = (uint8_t)(bound->bytes[*at] - 1);
		}
		if (len == LABEL_MAX_LEN || name_fold(byte) != byte)
			return false;
		out[++len] = byte;
	}
	out[0] = (uint8_t)len;
	return len > 0;
}

int reconcile_bound_name(const struct reconcile_bound *bound, const uint8_t *apex, uint8_t out[NAME_MAX_LEN])
{
	uint8_t label[1 + LABEL_MAX_LEN];
	size_t apex_len = name_len(apex), start = NAME_MAX_LEN - apex_len;

	memcpy(out + start, apex, apex_len);
	for (unsigned at = 0; at < bound->len;) {
		if (!label_read(bound, &at, label) || start < 1u + label[0] || (at < bound->len && ++at == bound->len))
			return ZT_EMALFORMED;
		start -= 1u + label[0];
		memcpy(out + start, label, 1u + label[0]);
	}
	memmove(out, out + start, NAME_MAX_LEN - start);
	return ZT_OK;
}

int reconcile_bound_cmp(const struct reconcile_bound *a, const struct reconcile_bound *b)
{
	int order = memcmp(a->bytes, b->bytes, a->len < b->len ? a->len : b->len);
	return order ? order : (int)a->len - (int)b->len;
}

unsigned reconcile_bound_shared(const struct reconcile_bound *a, const struct reconcile_bound *b)
{
	unsigned len = 0;

	while (len < a->len && len < b->len && a->bytes[len] == b->bytes[len])
		len++;
	return len;
}

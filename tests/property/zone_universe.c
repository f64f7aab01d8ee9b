/* Random names and rdata, nasty ones among them. */
#include <stdlib.h>
#include <string.h>

#include "lib/dns/rdata.h"
#include "lib/dns/rrtype.h"
#include "tests/property/zone_model.h"
#include "tests/support/suite.h"

const struct model_slot model_slot[MODEL_SLOTS] = {
	{ TYPE_A, 0 }, { TYPE_NS, 0 }, { TYPE_CNAME, 0 }, { TYPE_SOA, 0 }, { TYPE_MX, 0 }, { TYPE_TXT, 0 }, { TYPE_DNAME, 0 },
	{ TYPE_DS, 0 }, { TYPE_RRSIG, TYPE_A }, { TYPE_RRSIG, TYPE_SOA }, { TYPE_RRSIG, TYPE_ZONEMD }, { TYPE_NSEC3, 0 }, { TYPE_ZONEMD, 0 },
	{ 65280, 0 },
};

static size_t draw_label(struct rng *rng, uint8_t *out)
{
	static const uint8_t plain[] = "abcxyz019-_AZ", odd[] = { 0, 1, '*', '.', '\\', '@', '[', '^', '`', '{', ':', ',', '/', 0x29,
								 0x7f, 0x80, 0xa6, 0xa7, 0xd2, 0xd3, 0xfe, 0xff };
	unsigned kind = (unsigned)rng_below(rng, 20);
	size_t len = 1 + rng_below(rng, 3);

	if (kind == 0)
		len = LABEL_MAX_LEN;
	if (kind == 1 || kind == 2) {
		memcpy(out, "\1*", 2);
		return 2;
	}
	out[0] = (uint8_t)len;
	for (size_t i = 1; i <= len; i++) {
		if (kind < 14)
			out[i] = plain[rng_below(rng, sizeof(plain) - 1)];
		else
			out[i] = kind < 18 ? odd[rng_below(rng, sizeof(odd))] : (uint8_t)rng_u64(rng);
	}
	/* Few first bytes at that length, so that names share long beginnings. */
	if (kind == 0)
		memset(out + 1, 'a', 60);
	return len + 1;
}

/* `parent` with a label before it; the parent itself where it would be too long. */
static void draw_child(struct rng *rng, const uint8_t *parent, uint8_t out[NAME_MAX_LEN])
{
	uint8_t label[LABEL_MAX_LEN + 1];
	size_t len = draw_label(rng, label);

	if (name_join(out, label, len, parent) != ZT_OK)
		name_copy(out, parent);
}

static void draw_chain(struct rng *rng, const uint8_t *parent, uint8_t out[NAME_MAX_LEN])
{
	uint8_t label[2] = { 1, 'a' };

	name_copy(out, parent);
	for (uint64_t left = rng_below(rng, 128); left > 0; left--) {
		uint8_t longer[NAME_MAX_LEN];
		label[1] = rng_below(rng, 30) == 0 ? 0xff : 'a';
		if (name_join(longer, label, 2, out) != ZT_OK)
			return;
		name_copy(out, longer);
	}
}

void scramble_name(struct rng *rng, uint8_t *name)
{
	uint64_t bits = rng_u64(rng);

	if (bits % 4 != 0)
		return;
	for (; *name; name += *name + 1) {
		for (unsigned i = 1; i <= *name; i++) {
			bits = bits >> 1 | bits << 63;
			if (bits & 1 && ((name[i] >= 'a' && name[i] <= 'z') || (name[i] >= 'A' && name[i] <= 'Z')))
				name[i] ^= 0x20;
		}
	}
}

/* Where the labels begin, leftmost first; returns their count. */
static unsigned split(const uint8_t *name, const uint8_t *label[NAME_MAX_LABELS])
{
	unsigned count = 0;

	for (; *name; name += *name + 1)
		label[count++] = name;
	return count;
}

int naive_name_cmp(const uint8_t *a, const uint8_t *b)
{
	const uint8_t *a_label[NAME_MAX_LABELS], *b_label[NAME_MAX_LABELS];
	unsigned a_count = split(a, a_label), b_count = split(b, b_label);

	for (unsigned i = 1; i <= a_count && i <= b_count; i++) {
		const uint8_t *x = a_label[a_count - i], *y = b_label[b_count - i];
		for (unsigned j = 1; j <= *x && j <= *y; j++) {
			int diff = name_fold(x[j]) - name_fold(y[j]);
			if (diff != 0)
				return diff;
		}
		if (*x != *y)
			return *x - *y;
	}
	return (int)a_count - (int)b_count;
}

static void draw_names(struct universe *uni, struct rng *rng)
{
	unsigned wanted = 1 + (unsigned)rng_below(rng, MODEL_NAMES);

	name_copy(uni->name[0], uni->apex);
	uni->name_count = 1;
	for (unsigned tries = 0; uni->name_count < wanted && tries < 200; tries++) {
		uint8_t name[NAME_MAX_LEN];
		const uint8_t *parent = uni->name[rng_below(rng, uni->name_count)];
		if (rng_below(rng, 60) == 0)
			draw_chain(rng, parent, name);
		else
			draw_child(rng, parent, name);
		unsigned at = 0;
		while (at < uni->name_count && naive_name_cmp(uni->name[at], name) < 0)
			at++;
		if (at < uni->name_count && naive_name_cmp(uni->name[at], name) == 0)
			continue;
		memmove(uni->name[at + 1], uni->name[at], (uni->name_count - at) * sizeof(uni->name[0]));
		name_copy(uni->name[at], name);
		uni->name_count++;
	}
}

static size_t draw_rdata(const struct universe *uni, struct rng *rng, unsigned slot, uint8_t *out)
{
	uint16_t type = model_slot[slot].type;
	size_t at = 0, tail = 0;

	switch (type) {
	case TYPE_A: tail = 4; break;
	case TYPE_MX: at = 2; break;
	case TYPE_DS: at = 4; tail = 20; break;
	case TYPE_ZONEMD: at = 6; tail = 48; break;
	case TYPE_NSEC3: at = 4; break;
	case TYPE_RRSIG: at = 18; tail = 1 + rng_below(rng, 40); break;
	case TYPE_SOA: tail = 20; break;
	case TYPE_TXT: tail = 1 + rng_below(rng, 30); break;
	/* Now and then RRsets so large that their hashes are put off. */
	case 65280: tail = uni->key.bytes[0] % 4 ? rng_below(rng, 20) : 700 + rng_below(rng, 600); break;
	default: break;
	}
	rng_fill(rng, out, at);
	if (type == TYPE_RRSIG)
		wire_put_u16(out, model_slot[slot].covers);
	if (type == TYPE_NSEC3) {
		static const uint8_t hash_and_types[] = { 0, 2, 'h', '1', 0, 1, 0x40 };
		memcpy(out + at, hash_and_types, sizeof(hash_and_types));
		at += sizeof(hash_and_types);
	}
	if (type == TYPE_NS || type == TYPE_CNAME || type == TYPE_DNAME || type == TYPE_MX || type == TYPE_RRSIG || type == TYPE_SOA)
		at += name_copy(out + at, uni->name[rng_below(rng, uni->name_count)]);
	if (type == TYPE_SOA)
		at += name_copy(out + at, uni->name[rng_below(rng, uni->name_count)]);
	rng_fill(rng, out + at, tail);
	if (type == TYPE_TXT)
		out[at] = (uint8_t)(tail - 1);
	return at + tail;
}

static int compare(uint16_t type, const struct model_rdata *a, const struct model_rdata *b)
{
	return rdata_cmp(type, a->data, a->len, b->data, b->len);
}

/* Sorted, without duplicates; where the type hasn't that many different rdata, opaque bytes cannot help and fewer are kept (len 0, no data). */
static void draw_rdata_of_slot(struct universe *uni, struct rng *rng, unsigned slot)
{
	struct model_rdata *list = uni->rdata[slot];
	unsigned count = 0;

	for (unsigned tries = 0; count < MODEL_RDATA && tries < 40; tries++) {
		uint8_t bytes[2048];
		struct model_rdata made = { bytes, (uint16_t)draw_rdata(uni, rng, slot, bytes) };
		unsigned at = 0;
		while (at < count && compare(model_slot[slot].type, &list[at], &made) < 0)
			at++;
		if (at < count && compare(model_slot[slot].type, &list[at], &made) == 0)
			continue;
		made.data = malloc(made.len + 1);
		MUST(made.data != NULL);
		memcpy(made.data, bytes, made.len);
		memmove(list + at + 1, list + at, (count - at) * sizeof(*list));
		list[at] = made;
		count++;
	}
}

void universe_draw(struct universe *uni, struct rng *rng)
{
	static const char *const apexes[] = { "", "\7example", "\3com", "\3sub\7example\3org" };

	memset(uni, 0, sizeof(*uni));
	rng_fill(rng, uni->key.bytes, sizeof(uni->key.bytes));
	name_copy(uni->apex, (const uint8_t *)apexes[rng_below(rng, 4)]);
	draw_names(uni, rng);
	for (unsigned slot = 0; slot < MODEL_SLOTS; slot++)
		draw_rdata_of_slot(uni, rng, slot);
}

void universe_fini(struct universe *uni)
{
	for (unsigned slot = 0; slot < MODEL_SLOTS; slot++) {
		for (unsigned i = 0; i < MODEL_RDATA; i++)
			free(uni->rdata[slot][i].data);
	}
}

void universe_draw_name(const struct universe *uni, struct rng *rng, uint8_t out[NAME_MAX_LEN])
{
	const uint8_t *name = uni->name[rng_below(rng, uni->name_count)];
	unsigned below_apex = name_label_count(name) - name_label_count(uni->apex);

	if (rng_below(rng, 4) == 0)
		name = name_strip(name, (unsigned)rng_below(rng, below_apex + 1));
	if (rng_below(rng, 2) == 0)
		draw_child(rng, name, out);
	else
		name_copy(out, name);
	scramble_name(rng, out);
}

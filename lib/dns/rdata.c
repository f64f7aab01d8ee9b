/* The generic walkers over rdata. */
#include "lib/dns/rdata.h"

#include <string.h>

#include "lib/dns/layout.h"

static bool is_name_field(char code)
{
	return code == 'c' || code == 'd' || code == 'n';
}

static size_t fixed_size(char code)
{
	switch (code) {
	case '1': return 1;
	case '2': return 2;
	case '4': return 4;
	case '6': return 6;
	case '8': return 8;
	case 'q': return 16;
	default: return 0;
	}
}

/* Copies one name field, decompressed where its code allows, to `out`. */
static void name_field_copy(struct rcursor *cur, char code, struct wcursor *out)
{
	uint8_t name[NAME_MAX_LEN];
	size_t len = code == 'n' ? name_read_plain(cur, name) : name_read(cur, name);
	wcursor_put(out, name, len);
}

int rdata_read(struct rcursor *cur, uint16_t type, uint16_t rdata_len, struct wcursor *out)
{
	const struct rr_descriptor *row = rr_descriptor(type);
	const char *fields = row ? row->fields : "b";
	size_t start = cur->pos;

	if (!rcursor_take(cur, rdata_len))
		return cur->status;
	/* Names may point anywhere before, but the rdata itself ends where its length says. */
	struct rcursor in = { .base = cur->base, .pos = start, .len = start + rdata_len, .status = ZT_OK };
	for (; *fields; fields++) {
		size_t len = fixed_size(*fields);
		bool is_rest = len == 0 && *fields != 's';
		if (is_name_field(*fields)) {
			name_field_copy(&in, *fields, out);
			continue;
		}
		if (*fields == 's')
			len = in.pos < in.len ? (size_t)in.base[in.pos] + 1 : 1;
		else if (is_rest)
			len = in.status == ZT_OK ? in.len - in.pos : 0;
		const uint8_t *data = rcursor_take(&in, len);
		if (data && is_rest && !layout_is_valid(*fields, data, len))
			in.status = ZT_EMALFORMED;
		if (data)
			wcursor_put(out, data, len);
	}
	if (in.status == ZT_OK && in.pos != in.len)
		in.status = ZT_EMALFORMED;
	if (in.status != ZT_OK) {
		cur->status = ZT_EMALFORMED;
		return ZT_EMALFORMED;
	}
	return out->status;
}

bool rdata_is_valid(uint16_t type, const uint8_t *rdata, size_t len)
{
	const struct rr_descriptor *row = rr_descriptor(type);
	const char *fields = row ? row->fields : "b";
	struct rcursor cur = rcursor_over(rdata, len);
	uint8_t name[NAME_MAX_LEN];

	if (len > RDATA_MAX_LEN)
		return false;
	for (; *fields && cur.status == ZT_OK; fields++) {
		if (is_name_field(*fields)) {
			name_read_plain(&cur, name);
		} else if (*fields == 's') {
			rcursor_take(&cur, rcursor_u8(&cur));
		} else if (fixed_size(*fields)) {
			rcursor_take(&cur, fixed_size(*fields));
		} else {
			size_t left = cur.len - cur.pos;
			if (!layout_is_valid(*fields, cur.base + cur.pos, left))
				return false;
			rcursor_take(&cur, left);
		}
	}
	return cur.status == ZT_OK && cur.pos == cur.len;
}

void rdata_walk_init(struct rdata_walk *walk, uint16_t type, const uint8_t *rdata, size_t len)
{
	const struct rr_descriptor *row = rr_descriptor(type);
	walk->fields = row ? row->fields : "b";
	walk->at = rdata;
	walk->end = rdata + len;
}

bool rdata_walk_next(struct rdata_walk *walk, struct rdata_field *field)
{
	char code = *walk->fields;
	if (code == '\0')
		return false;
	walk->fields++;
	field->code = code;
	field->data = walk->at;
	if (is_name_field(code))
		field->len = name_len(walk->at);
	else if (code == 's')
		field->len = (size_t)walk->at[0] + 1;
	else
		field->len = fixed_size(code) ? fixed_size(code) : (size_t)(walk->end - walk->at);
	walk->at += field->len;
	return true;
}

void rdata_canonical(uint16_t type, uint8_t *rdata, size_t len)
{
	struct rdata_walk walk;
	struct rdata_field field;

	rdata_walk_init(&walk, type, rdata, len);
	while (rdata_walk_next(&walk, &field)) {
		if (field.code == 'c' || field.code == 'd')
			name_lower(rdata + (field.data - rdata));
	}
}

static int bytes_cmp(const uint8_t *a, size_t a_len, const uint8_t *b, size_t b_len)
{
	int diff = memcmp(a, b, a_len < b_len ? a_len : b_len);
	return diff ? diff : (a_len > b_len) - (a_len < b_len);
}

static int folded_cmp(const uint8_t *a, size_t a_len, const uint8_t *b, size_t b_len)
{
	size_t shorter = a_len < b_len ? a_len : b_len;
	for (size_t i = 0; i < shorter; i++) {
		int diff = name_fold(a[i]) - name_fold(b[i]);
		if (diff)
			return diff;
	}
	return (a_len > b_len) - (a_len < b_len);
}

static bool has_folded_names(uint16_t type)
{
	const struct rr_descriptor *row = rr_descriptor(type);

	for (const char *code = row ? row->fields : ""; *code; code++) {
		if (*code == 'c' || *code == 'd')
			return true;
	}
	return false;
}

int rdata_cmp(uint16_t type, const uint8_t *a, size_t a_len, const uint8_t *b, size_t b_len)
{
	if (!has_folded_names(type))
		return bytes_cmp(a, a_len, b, b_len);
	/* Canonical order is byte order of the canonical forms. As long as the fields agree they have equal lengths, so comparing field by
	 * field, each with its own folding, gives that order without making copies. */
	struct rdata_walk a_walk, b_walk;
	struct rdata_field a_field, b_field;
	rdata_walk_init(&a_walk, type, a, a_len);
	rdata_walk_init(&b_walk, type, b, b_len);
	while (rdata_walk_next(&a_walk, &a_field) && rdata_walk_next(&b_walk, &b_field)) {
		bool folded = a_field.code == 'c' || a_field.code == 'd';
		int diff = (folded ? folded_cmp : bytes_cmp)(a_field.data, a_field.len, b_field.data, b_field.len);
		if (diff)
			return diff;
	}
	return 0;
}

const uint8_t *rdata_target(uint16_t type, const uint8_t *rdata, size_t len)
{
	size_t offset;
	switch (type) {
	case TYPE_NS:
		offset = 0;
		break;
	case TYPE_MX:
	case TYPE_AFSDB:
	case TYPE_RT:
	case TYPE_KX:
	case TYPE_SVCB:
	case TYPE_HTTPS:
		offset = 2;
		break;
	case TYPE_SRV:
		offset = 6;
		break;
	default:
		return NULL;
	}
	return offset < len ? rdata + offset : NULL;
}

enum { SOA_NUMBERS_SIZE = 20 };

bool soa_from_rdata(struct soa *soa, const uint8_t *rdata, size_t len)
{
	if (!rdata_is_valid(TYPE_SOA, rdata, len))
		return false;
	soa->mname = rdata;
	soa->rname = rdata + name_len(rdata);
	struct rcursor cur = rcursor_over(rdata + len - SOA_NUMBERS_SIZE, SOA_NUMBERS_SIZE);
	soa->serial = rcursor_u32(&cur);
	soa->refresh = rcursor_u32(&cur);
	soa->retry = rcursor_u32(&cur);
	soa->expire = rcursor_u32(&cur);
	soa->minimum = rcursor_u32(&cur);
	return true;
}

void soa_set_serial(uint8_t *rdata, size_t len, uint32_t serial)
{
	wire_put_u32(rdata + len - SOA_NUMBERS_SIZE, serial);
}

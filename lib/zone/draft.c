/* Records of one name. */
#include "lib/zone/draft.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/wire.h"
#include "lib/dns/rdata.h"
#include "lib/dns/rrtype.h"

void drafts_init(struct drafts *drafts)
{
	*drafts = (struct drafts){ 0 };
	buf_init(&drafts->rdata);
}

void drafts_fini(struct drafts *drafts)
{
	for (unsigned i = 0; i < drafts->capacity; i++)
		free(drafts->list[i].at);
	free(drafts->list);
	buf_fini(&drafts->rdata);
}

void drafts_clear(struct drafts *drafts)
{
	drafts->count = 0;
	buf_clear(&drafts->rdata);
}

static struct draft *draft_get(const struct drafts *drafts, uint16_t type, uint16_t covers)
{
	for (unsigned i = 0; i < drafts->count; i++) {
		if (drafts->list[i].type == type && drafts->list[i].covers == covers)
			return &drafts->list[i];
	}
	return NULL;
}

/* NULL when memory is out. */
static struct draft *draft_add(struct drafts *drafts, uint16_t type, uint16_t covers)
{
	if (drafts->count == drafts->capacity) {
		unsigned capacity = drafts->capacity ? 2 * drafts->capacity : 4;
		struct draft *grown = realloc(drafts->list, capacity * sizeof(*grown));
		if (!grown)
			return NULL;
		memset(grown + drafts->capacity, 0, (capacity - drafts->capacity) * sizeof(*grown));
		drafts->list = grown;
		drafts->capacity = capacity;
	}
	struct draft *draft = &drafts->list[drafts->count++];
	draft->type = type;
	draft->covers = covers;
	draft->count = 0;
	draft->size = 0;
	return draft;
}

static int order_at(const struct drafts *drafts, const struct draft *draft, unsigned index, const struct change_record *record)
{
	const uint8_t *other = drafts->rdata.data + draft->at[index];
	uint16_t len;

	memcpy(&len, other, sizeof(len));
	return rdata_cmp(draft->type, record->rdata, record->rdata_len, other + sizeof(len), len);
}

/* How many of the draft's rdata lie before the record's; most files have them in order. */
static unsigned place_of(const struct drafts *drafts, const struct draft *draft, const struct change_record *record, bool *is_there)
{
	unsigned begin = 0, end = draft->count;

	*is_there = false;
	if (end > 0) {
		int order = order_at(drafts, draft, end - 1, record);
		if (order > 0)
			return end;
		*is_there = order == 0;
		end--;
	}
	while (begin < end && !*is_there) {
		unsigned middle = begin + (end - begin) / 2;
		int order = order_at(drafts, draft, middle, record);
		*is_there = order == 0;
		if (order > 0)
			begin = middle + 1;
		else
			end = middle;
	}
	return begin;
}

static int draft_insert(struct drafts *drafts, struct draft *draft, unsigned place, const struct change_record *record)
{
	if (draft->count == draft->capacity) {
		uint32_t capacity = draft->capacity ? 2 * draft->capacity : 4;
		uint32_t *grown = realloc(draft->at, capacity * sizeof(*grown));
		if (!grown)
			return ZT_ENOMEM;
		draft->at = grown;
		draft->capacity = capacity;
	}
	memmove(draft->at + place + 1, draft->at + place, (draft->count - place) * sizeof(*draft->at));
	draft->at[place] = (uint32_t)drafts->rdata.len;
	draft->count++;
	draft->size += sizeof(record->rdata_len) + (size_t)record->rdata_len;
	buf_add(&drafts->rdata, &record->rdata_len, sizeof(record->rdata_len));
	buf_add(&drafts->rdata, record->rdata, record->rdata_len);
	return drafts->rdata.status;
}

int drafts_add(struct drafts *drafts, const struct change_record *record, uint32_t *ttl)
{
	uint16_t covers = record->type == TYPE_RRSIG && record->rdata_len >= 2 ? wire_get_u16(record->rdata) : 0;
	struct draft *draft = draft_get(drafts, record->type, covers);
	bool is_there;

	if (!draft) {
		if (drafts->count == UINT16_MAX)
			return ZT_ELIMIT;
		draft = draft_add(drafts, record->type, covers);
		if (!draft)
			return ZT_ENOMEM;
		draft->ttl = record->ttl;
	}
	*ttl = draft->ttl;
	unsigned place = place_of(drafts, draft, record, &is_there);
	if (is_there)
		return ZT_EEXIST;
	if (draft->count == UINT16_MAX || drafts->rdata.len + record->rdata_len > UINT32_MAX - 2u)
		return ZT_ELIMIT;
	return draft_insert(drafts, draft, place, record);
}

bool drafts_have(const struct drafts *drafts, uint16_t type, uint16_t covers)
{
	return draft_get(drafts, type, covers) != NULL;
}

int drafts_add_rrset(struct drafts *drafts, const struct rrset *set)
{
	struct change_record record = { .type = set->type, .ttl = set->ttl };
	const uint8_t *p = set->rdata;
	uint32_t ttl;
	int status = ZT_OK;

	while (status == ZT_OK && rrset_next(set, &p, &record.rdata, &record.rdata_len))
		status = drafts_add(drafts, &record, &ttl);
	return status;
}

static int order_of_drafts(const void *a, const void *b)
{
	const struct draft *x = a, *y = b;
	return x->type != y->type ? x->type - y->type : x->covers - y->covers;
}

void drafts_sort(struct drafts *drafts)
{
	if (drafts->count > 1)
		qsort(drafts->list, drafts->count, sizeof(*drafts->list), order_of_drafts);
}

bool draft_equals(const struct drafts *drafts, const struct draft *draft, const struct rrset *set)
{
	const uint8_t *p = set->rdata, *data, *mine;
	uint16_t len, my_len;

	if (draft->count != set->count || draft->ttl != set->ttl || draft->size != set->rdata_size)
		return false;
	for (uint32_t i = 0; i < draft->count && rrset_next(set, &p, &data, &len); i++) {
		mine = drafts->rdata.data + draft->at[i];
		memcpy(&my_len, mine, sizeof(my_len));
		if (my_len == len && memcmp(mine + sizeof(my_len), data, len) == 0)
			continue;
		if (rdata_cmp(draft->type, mine + sizeof(my_len), my_len, data, len) != 0)
			return false;
	}
	return true;
}

uint8_t *draft_write(const struct drafts *drafts, const struct draft *draft, uint8_t *out)
{
	const uint8_t *rdata = drafts->rdata.data;
	uint16_t len;

	for (uint32_t i = 0; i < draft->count; i++) {
		memcpy(&len, rdata + draft->at[i], sizeof(len));
		memcpy(out, rdata + draft->at[i], sizeof(len) + (size_t)len);
		out += sizeof(len) + (size_t)len;
	}
	return out;
}

/* Catalog zones: no content may crash the reader, and what it takes for sound keeps the rules; writing over it leaves a sound one.
 *
 * Input: records as a byte of kind (0 PTR, 1 TXT, 2 A), a byte of length and the owner's name in front of the apex (without its root label), a byte of length and the
 * rdata. Names that are no names and rdata that is none are left out. A kind of 3 puts the member itself: the owner is the label.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/dns/rdata.h"
#include "lib/dns/rrtype.h"
#include "lib/zone/catalog.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct fingerprint_key key = { "fuzz_catalog" };
static const uint8_t apex[] = "\3cat", zones[] = "\5zones\3cat", kept[] = "\4kept\7example";
static const uint16_t types[] = { TYPE_PTR, TYPE_TXT, TYPE_A, TYPE_PTR };

static void require(bool holds)
{
	if (!holds)
		abort();
}

/* One string of the input; an exact copy, so that AddressSanitizer sees a read past the end. */
static uint8_t *string_take(const uint8_t **data, size_t *size, size_t *len)
{
	*len = *size > 0 ? **data : 0;
	if (*size > 0) {
		(*data)++;
		(*size)--;
	}
	if (*len > *size)
		*len = *size;
	uint8_t *copy = malloc(*len + 1);
	require(copy != NULL);
	memcpy(copy, *data, *len);
	copy[*len] = 0;
	*data += *len;
	*size -= *len;
	return copy;
}

static void record_add(struct zone_edit *edit, const uint8_t **data, size_t *size)
{
	uint8_t owner[NAME_MAX_LEN];
	unsigned kind = **data % 4;
	size_t prefix_len, rdata_len;

	(*data)++;
	(*size)--;
	uint8_t *prefix = string_take(data, size, &prefix_len), *rdata = string_take(data, size, &rdata_len);
	if (kind == 3 ? prefix_len > 0 && prefix_len <= LABEL_MAX_LEN : name_is_valid(prefix, prefix_len + 1)) {
		uint8_t label[LABEL_MAX_LEN + 1] = { (uint8_t)prefix_len };
		if (kind == 3)
			memcpy(label + 1, prefix, prefix_len);
		int joined = kind == 3 ? name_join(owner, label, prefix_len + 1, zones) : name_join(owner, prefix, prefix_len, apex);
		struct change_record record = { owner, types[kind], 0, rdata, (uint16_t)rdata_len };
		if (joined == ZT_OK && rdata_is_valid(record.type, rdata, rdata_len)) {
			int status = zone_edit_add(edit, &record);
			require(status == ZT_OK || status == ZT_EEXIST);
		}
	}
	free(prefix);
	free(rdata);
}

static void sound_check(const struct catalog *catalog)
{
	for (size_t i = 0; i < catalog->count; i++) {
		const struct catalog_member *member = &catalog->members[i];
		require(member->zone && name_is_within(member->node, zones) && name_label_count(member->node) == 3);
		require(catalog_find(catalog, member->zone) == member);
		for (size_t k = 0; k < member->group_count; k++)
			require(member->groups[k].bytes[member->groups[k].len] == '\0');
	}
}

static void over_write(struct zone_edit *edit, const struct catalog *before, bool is_sound)
{
	struct catalog_wish wishes[2] = { { kept, "group" } };
	struct catalog_writer writer = { .wishes = wishes, .count = 1, .serial = 7 };
	char error[CATALOG_ERROR_SIZE];
	struct catalog_outcome outcome;
	struct catalog catalog;
	struct rng rng;

	rng_seed(&rng, 1);
	writer.rng = &rng;
	const struct catalog_member *first = is_sound && before->count > 0 ? &before->members[0] : NULL;
	if (first && !name_equal(first->zone, kept))
		wishes[writer.count++] = (struct catalog_wish){ first->zone, NULL };
	require(catalog_write(edit, &writer, &outcome) == ZT_OK);
	require(catalog_read(&catalog, zone_edit_view(edit), 2, error) == ZT_OK && catalog.count == writer.count);
	for (size_t i = 0; i < writer.count; i++) {
		const struct catalog_member *former = is_sound ? catalog_find(before, wishes[i].zone) : NULL, *member = catalog_find(&catalog, wishes[i].zone);
		require(member && member->group_count == (wishes[i].group ? 1 : 0));
		require(!former || catalog_label_equal(former->node, member->node));
	}
	catalog_fini(&catalog);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char error[CATALOG_ERROR_SIZE];
	struct catalog catalog;
	struct zone_edit *edit;
	struct zone *zone;

	require(zone_new(apex, &key, &zone) == ZT_OK && zone_edit_begin(zone, &edit) == ZT_OK);
	while (size > 0)
		record_add(edit, &data, &size);
	int status = catalog_read(&catalog, zone_edit_view(edit), 1, error);
	require(status == ZT_OK || status == ZT_EZONE);
	require((status == ZT_OK) == (error[0] == '\0'));
	if (status == ZT_OK)
		sound_check(&catalog);
	over_write(edit, &catalog, status == ZT_OK);
	catalog_fini(&catalog);
	zone_edit_abort(edit);
	zone_free(zone);
	return 0;
}

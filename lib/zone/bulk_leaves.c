/* The index of a bulk build's leaves: finding a name among them, sorting them. */
#include "lib/zone/bulk_leaves.h"

#include <stdlib.h>
#include <xxhash.h>

enum { SLOTS_LEAST = 1024 };

static uint64_t prefix_of(const struct key *key)
{
	uint64_t prefix = 0;
	unsigned len = key->len < PREFIX_SYMBOLS ? key->len : PREFIX_SYMBOLS;

	for (unsigned i = 0; i < len; i++)
		prefix = prefix << 6 | key->sym[i];
	return prefix << 6 * (PREFIX_SYMBOLS - len);
}

void bulk_name_make(struct bulk_name *name, const uint8_t *owner, size_t apex_len)
{
	key_make(&name->key, owner, apex_len);
	name->prefix = prefix_of(&name->key);
}

void bulk_leaves_fini(struct bulk_leaves *leaves)
{
	free(leaves->leaf);
	free(leaves->slot);
}

static int order_of_keys(const struct key *a, const struct key *b)
{
	unsigned common = key_common(a, b);

	if (common == a->len && common == b->len)
		return 0;
	return (int)key_at(a, common) - (int)key_at(b, common);
}

/* The name's order to a leaf. No key is the beginning of another, so a prefix that holds the whole key tells all. */
static int order_to(struct bulk_leaves *leaves, const struct bulk_name *name, const struct bulk_leaf *leaf)
{
	if (name->prefix != leaf->prefix)
		return name->prefix < leaf->prefix ? -1 : 1;
	if (name->key.len <= PREFIX_SYMBOLS)
		return 0;
	key_make(&leaves->scratch, bulk_node(leaves, leaf)->bytes, leaves->apex_len);
	return order_of_keys(&name->key, &leaves->scratch);
}

static int leaf_append(struct bulk_leaves *leaves, const struct bulk_name *name, uint32_t hash)
{
	if (leaves->count == leaves->capacity) {
		size_t capacity = leaves->capacity ? 2 * leaves->capacity : 8;
		struct bulk_leaf *grown = capacity < UINT32_MAX ? realloc(leaves->leaf, capacity * sizeof(*grown)) : NULL;
		if (!grown)
			return ZT_ENOMEM;
		leaves->leaf = grown;
		leaves->capacity = capacity;
	}
	leaves->leaf[leaves->count++] = (struct bulk_leaf){ .prefix = name->prefix, .hash = hash };
	return ZT_OK;
}

/* ---- many runs: a hash table -------------------------------------------------------------------------------------------------- */

static uint32_t hash_of(const struct key *key)
{
	return (uint32_t)XXH3_64bits(key->sym, key->len);
}

static void slot_fill(struct bulk_leaves *leaves, size_t index)
{
	size_t at = leaves->leaf[index].hash & leaves->slot_mask;

	while (leaves->slot[at])
		at = (at + 1) & leaves->slot_mask;
	leaves->slot[at] = (uint32_t)index + 1;
}

/* A table at most half full when there is one leaf more. */
static int slots_fit(struct bulk_leaves *leaves)
{
	size_t size = leaves->slot ? leaves->slot_mask + 1 : SLOTS_LEAST;

	if (leaves->slot && 2 * (leaves->count + 1) <= size)
		return ZT_OK;
	while (size < 4 * (leaves->count + 1))
		size *= 2;
	uint32_t *slot = calloc(size, sizeof(*slot));
	if (!slot)
		return ZT_ENOMEM;
	free(leaves->slot);
	leaves->slot = slot;
	leaves->slot_mask = size - 1;
	for (size_t i = 0; i < leaves->count; i++)
		slot_fill(leaves, i);
	return ZT_OK;
}

static int hash_begin(struct bulk_leaves *leaves)
{
	for (size_t i = 0; i < leaves->count; i++) {
		key_make(&leaves->scratch, bulk_node(leaves, &leaves->leaf[i])->bytes, leaves->apex_len);
		leaves->leaf[i].hash = hash_of(&leaves->scratch);
	}
	return slots_fit(leaves);
}

static int hash_find(struct bulk_leaves *leaves, const struct bulk_name *name, size_t *index, bool *is_new)
{
	uint32_t hash = hash_of(&name->key);

	int status = slots_fit(leaves);
	if (status != ZT_OK)
		return status;
	for (size_t at = hash & leaves->slot_mask; leaves->slot[at]; at = (at + 1) & leaves->slot_mask) {
		*index = leaves->slot[at] - 1;
		if (leaves->leaf[*index].hash == hash && order_to(leaves, name, &leaves->leaf[*index]) == 0) {
			*is_new = false;
			return ZT_OK;
		}
	}
	*is_new = true;
	*index = leaves->count;
	status = leaf_append(leaves, name, hash);
	if (status == ZT_OK)
		slot_fill(leaves, *index);
	return status;
}

/* ---- few runs: a cursor in each -------------------------------------------------------------------------------------------------- */

/* The first leaf of a run, from `begin`, that the name does not lie behind. */
static size_t run_search(struct bulk_leaves *leaves, size_t begin, size_t end, const struct bulk_name *name)
{
	while (begin < end) {
		size_t middle = begin + (end - begin) / 2;
		if (order_to(leaves, name, &leaves->leaf[middle]) > 0)
			begin = middle + 1;
		else
			end = middle;
	}
	return begin;
}

/* Moves a run's cursor to the name; whether it is there. */
static bool run_has(struct bulk_leaves *leaves, struct bulk_run *run, const struct bulk_name *name)
{
	while (run->cursor < run->end) {
		int order = order_to(leaves, name, &leaves->leaf[run->cursor]);
		if (order <= 0)
			return order == 0;
		run->cursor++;
	}
	return false;
}

static bool is_in_earlier_run(struct bulk_leaves *leaves, const struct bulk_name *name, size_t *index)
{
	for (unsigned i = 0; i + 1 < leaves->run_count; i++) {
		struct bulk_run *run = &leaves->run[i];
		*index = run->cursor;
		if (run_has(leaves, run, name)) {
			*index = run->cursor;
			return true;
		}
	}
	return false;
}

/* The name does not lie behind what the cursors have reached: it may be anywhere. */
static bool is_in_any_run(struct bulk_leaves *leaves, const struct bulk_name *name, size_t *index)
{
	for (unsigned i = 0; i < leaves->run_count; i++) {
		const struct bulk_run *run = &leaves->run[i];
		*index = run_search(leaves, run->begin, run->end, name);
		if (*index < run->end && order_to(leaves, name, &leaves->leaf[*index]) == 0)
			return true;
	}
	return false;
}

static int run_append(struct bulk_leaves *leaves, const struct bulk_name *name, size_t *index)
{
	*index = leaves->count;
	leaves->reach = leaves->count;
	int status = leaf_append(leaves, name, 0);
	if (status == ZT_OK)
		leaves->run[leaves->run_count - 1].end = leaves->count;
	return status;
}

/* Sets the cursors back to the name. */
static void cursors_set(struct bulk_leaves *leaves, const struct bulk_name *name)
{
	for (unsigned i = 0; i + 1 < leaves->run_count; i++)
		leaves->run[i].cursor = run_search(leaves, leaves->run[i].begin, leaves->run[i].end, name);
}

/* The name is in no run and lies before what the cursors have reached. */
static int run_insert(struct bulk_leaves *leaves, const struct bulk_name *name, size_t *index, bool *is_new)
{
	bool goes_on = order_to(leaves, name, &leaves->leaf[leaves->count - 1]) > 0;

	if (!goes_on && leaves->run_count == RUNS_MAX) {
		int status = hash_begin(leaves);
		return status == ZT_OK ? hash_find(leaves, name, index, is_new) : status;
	}
	if (!goes_on)
		leaves->run[leaves->run_count++] = (struct bulk_run){ leaves->count, leaves->count, 0 };
	cursors_set(leaves, name);
	return run_append(leaves, name, index);
}

int bulk_leaf_find(struct bulk_leaves *leaves, const struct bulk_name *name, size_t *index, bool *is_new)
{
	if (leaves->slot)
		return hash_find(leaves, name, index, is_new);
	*is_new = true;
	if (leaves->count == 0) {
		leaves->run_count = 1;
		return run_append(leaves, name, index);
	}
	if (order_to(leaves, name, &leaves->leaf[leaves->reach]) <= 0) {
		*is_new = !is_in_any_run(leaves, name, index);
		return *is_new ? run_insert(leaves, name, index, is_new) : ZT_OK;
	}
	*is_new = !is_in_earlier_run(leaves, name, index);
	if (*is_new)
		return run_append(leaves, name, index);
	leaves->reach = *index;
	return ZT_OK;
}

/* ---- sorting: the runs that are there are merged, two and two --------------------------------------------------------------------- */

static bool is_before(struct bulk_leaves *leaves, const struct bulk_leaf *a, const struct bulk_leaf *b)
{
	if (a->prefix != b->prefix)
		return a->prefix < b->prefix;
	return name_cmp(bulk_node(leaves, a)->bytes, bulk_node(leaves, b)->bytes) < 0;
}

/* The end of the ascending run that begins there. */
static size_t run_end(struct bulk_leaves *leaves, size_t at)
{
	if (at == leaves->count)
		return at;
	for (at++; at < leaves->count && is_before(leaves, &leaves->leaf[at - 1], &leaves->leaf[at]); at++)
		;
	return at;
}

/* Merges each two neighbouring runs into `out`; returns how many were merged. */
static size_t merge_pass(struct bulk_leaves *leaves, struct bulk_leaf *out)
{
	const struct bulk_leaf *leaf = leaves->leaf;
	size_t merged = 0, written = 0;

	for (size_t begin = 0, middle, end; begin < leaves->count; begin = end) {
		middle = run_end(leaves, begin);
		end = run_end(leaves, middle);
		merged += middle < end;
		size_t a = begin, b = middle;
		while (a < middle && b < end)
			out[written++] = is_before(leaves, &leaf[b], &leaf[a]) ? leaf[b++] : leaf[a++];
		while (a < middle)
			out[written++] = leaf[a++];
		while (b < end)
			out[written++] = leaf[b++];
	}
	return merged;
}

int bulk_leaves_sort(struct bulk_leaves *leaves)
{
	free(leaves->slot);
	leaves->slot = NULL;
	leaves->run_count = 0;
	if (run_end(leaves, 0) == leaves->count)
		return ZT_OK;
	struct bulk_leaf *other = malloc(leaves->count * sizeof(*other));
	if (!other)
		return ZT_ENOMEM;
	while (merge_pass(leaves, other) > 0) {
		struct bulk_leaf *sorted = other;
		other = leaves->leaf;
		leaves->leaf = sorted;
	}
	leaves->capacity = leaves->count;
	free(other);
	return ZT_OK;
}

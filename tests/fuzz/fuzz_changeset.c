/* Stored changesets: whatever the bytes, reading refuses them or gives records that can be stepped through, joined, applied and written to the
 * same bytes again. The check at the end is made right first, for no fuzzer finds it. */
#include <stdlib.h>
#include <string.h>

#include "lib/base/fingerprint.h"
#include "lib/zone/edit.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int holds)
{
	if (!holds)
		abort();
}

/* The input with a right check in the place of its last 16 bytes. */
static uint8_t *seal(const uint8_t *data, size_t size)
{
	static const struct fingerprint_key key = { "zonetide journal" };
	uint8_t *sealed = malloc(size);

	require(sealed != NULL);
	memcpy(sealed, data, size);
	struct fingerprint check = fingerprint_of(&key, data, size - 16);
	wire_put_u64(sealed + size - 16, check.hi);
	wire_put_u64(sealed + size - 8, check.lo);
	return sealed;
}

/* The records go into a zone; what came in must come out as the difference, or be refused. */
static void apply(const struct changeset *change)
{
	static const struct fingerprint_key key = { "0123456789abcdef" };
	struct zone *zone;
	struct zone_edit *edit;
	struct changeset diff;

	require(zone_new((const uint8_t *)"", &key, &zone) == ZT_OK);
	require(zone_edit_begin(zone, &edit) == ZT_OK);
	changeset_init(&diff);
	if (zone_edit_apply(edit, change) == ZT_OK) {
		require(zone_edit_changeset(edit, &diff) == ZT_OK);
		require(diff.removed_count == 0 && diff.added_count <= change->added_count);
		zone_edit_publish(edit);
	} else {
		zone_edit_abort(edit);
	}
	changeset_fini(&diff);
	zone_free(zone);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct changeset change, again;
	struct buf bytes;

	if (size < 16)
		return 0;
	uint8_t *sealed = seal(data, size);
	changeset_init(&change);
	changeset_init(&again);
	buf_init(&bytes);
	if (changeset_read(&change, sealed, size) == ZT_OK) {
		require(changeset_write(&change, &bytes) == ZT_OK);
		require(bytes.len == size && memcmp(bytes.data, sealed, size) == 0);
		require(changeset_read(&again, sealed, size) == ZT_OK);
		require(changeset_condense(&again, &change) == ZT_OK);
		apply(&change);
	}
	buf_fini(&bytes);
	changeset_fini(&again);
	changeset_fini(&change);
	free(sealed);
	return 0;
}

/* The journal's rows as a damaged or hostile file may hold them: reading must stay within the bytes and end in data or ZT_ECORRUPT; what was read
 * must be accepted by a zone or refused by it, and be written again as it was read.
 *
 * Input: the row's kind (I Z B O H G, S: a whole value with its checksum, F: the whole file for journal_file_check), then the payload.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/zone/journal_row.h"
#include "lib/zone/journal_store.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct fingerprint_key key = { "fuzz_journal" };
static const uint8_t apex[] = "\7example";

static void require(bool holds)
{
	if (!holds)
		abort();
}

static void read_info(struct rcursor *payload)
{
	struct journal_info info;
	int status = journal_info_read(&info, payload);
	require(status == ZT_OK || status == ZT_ECORRUPT || status == ZT_EUNSUPPORTED);
}

static void read_meta(struct rcursor *payload)
{
	struct journal_meta meta;
	struct buf again;

	if (journal_meta_read(&meta, payload) != ZT_OK)
		return;
	buf_init(&again);
	journal_meta_write(&again, &meta);
	require(again.status != ZT_OK || again.len == payload->len);
	buf_fini(&again);
}

static void read_chunk(struct rcursor *payload)
{
	struct zone_edit *edit;
	struct zone *zone;
	const uint8_t *owner;
	struct rrset set;
	struct buf rdata;
	int status = ZT_OK;

	require(zone_new(apex, &key, &zone) == ZT_OK && zone_edit_begin(zone, &edit) == ZT_OK);
	buf_init(&rdata);
	while (status == ZT_OK && rcursor_left(payload) > 0) {
		status = journal_owner_read(&owner, payload);
		if (status == ZT_OK)
			status = journal_rrset_read(&set, payload, &rdata);
		if (status == ZT_OK && set.count > 0)
			status = zone_edit_put_rrset(edit, owner, &set);
	}
	buf_fini(&rdata);
	if (status == ZT_OK)
		zone_edit_publish(edit);
	else
		zone_edit_abort(edit);
	zone_free(zone);
}

static void read_side(const uint8_t *bytes, size_t len)
{
	struct rcursor cur = rcursor_over(bytes, len);
	struct rrset set;
	struct buf rdata, again;

	buf_init(&rdata);
	buf_init(&again);
	if (journal_rrset_read(&set, &cur, &rdata) == ZT_OK) {
		journal_rrset_write(&again, &set);
		require(again.status == ZT_OK && again.len == cur.pos && memcmp(again.data, bytes, cur.pos) == 0);
		require(journal_rrset_is_none(bytes, len) == (set.count == 0));
	}
	buf_fini(&rdata);
	buf_fini(&again);
}

static void read_overlay(struct rcursor *payload)
{
	struct journal_overlay overlay;

	if (journal_overlay_read(&overlay, payload) != ZT_OK)
		return;
	read_side(overlay.base, overlay.base_len);
	read_side(overlay.current, overlay.current_len);
}

static void read_history(struct rcursor *payload)
{
	struct journal_row_history row;
	struct changeset change;

	if (journal_row_history_read(&row, payload) != ZT_OK)
		return;
	changeset_init(&change);
	int status = changeset_read(&change, payload->base + payload->pos, payload->len - payload->pos);
	require(status == ZT_OK || status == ZT_ECORRUPT || status == ZT_ENOMEM);
	changeset_fini(&change);
}

static void read_garbage(struct rcursor *payload)
{
	struct journal_garbage garbage;
	if (journal_garbage_read(&garbage, payload) == ZT_OK)
		require(garbage.first_len > 0 && garbage.end_len > 0 && garbage.first_len + garbage.end_len + 2 == payload->len);
}

static void read_sealed(const uint8_t *data, size_t size)
{
	struct rcursor payload;
	struct buf row;

	int status = journal_row_open(&payload, "key", 3, data, size);
	require(status == ZT_ECORRUPT || payload.len == size - JOURNAL_SUM_LEN);
	buf_init(&row);
	journal_row_begin(&row);
	buf_add(&row, data, size);
	journal_row_seal(&row, "key", 3);
	require(row.status != ZT_OK || journal_row_open(&payload, "key", 3, row.data, row.len) == ZT_OK);
	require(row.status != ZT_OK || journal_row_open(&payload, "kez", 3, row.data, row.len) == ZT_ECORRUPT);
	buf_fini(&row);
}

static void read_file(const uint8_t *data, size_t size)
{
	char path[32];
	int fd = memfd_create("fuzz_journal", 0);

	if (fd < 0)
		return;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (size == 0 || write(fd, data, size) == (ssize_t)size) {
		int status = journal_file_check(path);
		require(status == ZT_OK || status == ZT_ECORRUPT || status == ZT_ENOMEM);
	}
	close(fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0)
		return 0;
	struct rcursor payload = rcursor_over(data + 1, size - 1);
	switch (data[0]) {
	case 'I': read_info(&payload); break;
	case 'Z': read_meta(&payload); break;
	case 'B': read_chunk(&payload); break;
	case 'O': read_overlay(&payload); break;
	case 'H': read_history(&payload); break;
	case 'G': read_garbage(&payload); break;
	case 'S': read_sealed(data + 1, size - 1); break;
	case 'F': read_file(data + 1, size - 1); break;
	default: break;
	}
	return 0;
}

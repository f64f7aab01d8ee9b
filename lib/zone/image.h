/* A zone version as one file that is read back in one piece: the fast way into service after a restart.
 *
 * The file holds the version's trie as it lies in memory, leaves in canonical order and then the branches, which lead to each other relative to
 * where they lie, behind a header that says what it is: format, byte order and layout of the structures, apex, fingerprint key, serial, content
 * fingerprint, the journal's number of that content, sizes, and digests (XXH3-128) of itself and of the rest. An image that is
 * damaged, cut short, of another zone, key or build is refused; whether it is the content that is wanted is the caller's to say (image_info).
 * The digests are against accidents, not against whoever can write to the folder, who could as well write to the journal.
 *
 * A file is written under a temporary name, synced and renamed, so that a name always leads to a whole one. It is copied to memory rather than
 * mapped: see doc/decisions/0005-images.md.
 */
#pragma once

#include <stdatomic.h>

#include "lib/base/clock.h"
#include "lib/zone/edit.h"
#include "lib/zone/zone.h"

struct image;

struct image_info {
	uint32_t serial;
	struct zone_summary sum;
	uint64_t sequence;         /* journal_content_sequence of the content */
	uint64_t size;             /* bytes of the file */
};

/* What to write, and where. All borrowed. */
struct image_job {
	const struct zone_version *version;   /* pinned */
	uint64_t sequence;
	const char *path;
	const atomic_bool *cancel;            /* may be NULL */
	const struct clock *clock;            /* gently: in slices, each on disk before the next, and with rests, so that others' syncs do not wait for all of it. NULL: at
	                                       * once */
};

/* Any thread. ZT_ENOSPC, ZT_EIO and the like, ZT_EDONE when cancelled; the file of before is still there then. */
int image_write(const struct image_job *job) ZT_MUST_CHECK;

/* Opens the image of a zone and checks its header. ZT_ENOENT: there is no file. ZT_EIO, ZT_ENOMEM. ZT_ECORRUPT, ZT_EUNSUPPORTED: it is refused, *why says
 * for what reason ("it …"). */
int image_open(const char *path, const struct zone *zone, struct image **out, const char **why) ZT_MUST_CHECK;
/* NULL is allowed. */
void image_close(struct image *image);
const struct image_info *image_info(const struct image *image);
/* Puts its content into an edit whose view is empty. As image_open, and the edit is unchanged on failure. */
int image_load(const struct image *image, struct zone_edit *edit, const char **why) ZT_MUST_CHECK;

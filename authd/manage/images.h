/* Images of large zones in state-dir, for fast restarts: writing them in the background, taking zones from them at start.
 *
 * An image is only ever a copy of what the journal holds, of now or of a while ago. At start it is used if the journal's history leads from it to the
 * current content and the outcome has the journal's fingerprint; otherwise it is refused with a log line and the journal is read.
 * Whether an image is due is looked at once a second: a large zone without one, or one that has changed by more than a
 * small part since, so that a start never has much history to apply. One thread writes one image at a time, from a pinned version.
 */
#pragma once

#include "authd/manage/manage.h"
#include "lib/zone/edit.h"

struct images;

int images_new(struct images **out) ZT_MUST_CHECK;
/* Stops what is being written. NULL is allowed. Before the zones go. */
void images_free(struct images *images);

/* Where a manage has no images, as in tests of other parts, restoring gives ZT_ENOENT and changes are noted in the entry only. */

/* Puts a zone's stored content into an edit whose view is empty. ZT_ENOENT: there is no image for it; anything else: refused, which is
 * logged. Abort the edit then. */
int images_restore(struct manage *manage, struct zone_entry *entry, struct zone_edit *edit) ZT_MUST_CHECK;
/* A first content is about to be stored. An image that lies there is of another journal, whose numbers mean nothing in this one: it is removed. */
void images_on_first(struct manage *manage, const struct zone_entry *entry, const struct zone_version *version);
/* The zone has a new version, which differs by so many records (SIZE_MAX: by all). */
void images_on_change(struct manage *manage, struct zone_entry *entry, size_t records);
/* The zone goes for good. */
void images_forget(struct manage *manage, const struct zone_entry *entry);
/* Once a second: ends and begins writing. */
void images_tick(struct manage *manage);

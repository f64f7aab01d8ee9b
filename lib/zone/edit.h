/* A transaction on a zone: changes go to private copies of what they touch, invisible until published.
 *
 *     edit = zone_edit_begin(zone)  ->  add / remove …  ->  zone_edit_seal -> (check, journal) -> zone_edit_publish
 *                                                      \-> zone_edit_abort at any time before publish
 *
 * One edit per zone at a time. Operations on records that are not there (removing) or already there (adding) are told apart from
 * failures by their return value, because IXFR, UPDATE and reload differ in what they make of them.
 */
#pragma once

#include "lib/zone/changeset.h"
#include "lib/zone/zone.h"

struct zone_edit;

int zone_edit_begin(struct zone *zone, struct zone_edit **out) ZT_MUST_CHECK;
/* Discards everything; `edit` is gone. NULL is allowed. */
void zone_edit_abort(struct zone_edit *edit);

/* The zone as it would be now. Valid until the next operation on the edit. Look-ups, iteration and summaries work on it. */
const struct zone_version *zone_edit_view(const struct zone_edit *edit);

/* Adds one record; rdata is uncompressed wire form, valid for its type. A TTL that differs from the RRset's replaces the RRset's TTL
 * (RFC 2181 section 5.2; the caller warns). ZT_EEXIST: the very record is there already (its RRset's TTL may have changed all the same);
 * ZT_EOUTOFZONE; ZT_ENOMEM; ZT_ELIMIT past 65535 records. */
int zone_edit_add(struct zone_edit *edit, const struct change_record *record) ZT_MUST_CHECK;
/* Removes one record, whatever its TTL. ZT_ENOENT: not there. */
int zone_edit_remove(struct zone_edit *edit, const uint8_t *owner, uint16_t type, const uint8_t *rdata, uint16_t len) ZT_MUST_CHECK;
/* Replaces or creates the RRset; set->rdata need not be sorted. */
int zone_edit_put_rrset(struct zone_edit *edit, const uint8_t *owner, const struct rrset *set) ZT_MUST_CHECK;
/* ZT_ENOENT: not there. covers as in struct rrset. */
int zone_edit_remove_rrset(struct zone_edit *edit, const uint8_t *owner, uint16_t type, uint16_t covers) ZT_MUST_CHECK;
int zone_edit_remove_name(struct zone_edit *edit, const uint8_t *owner) ZT_MUST_CHECK;
/* Empties the zone (an AXFR starts from nothing). */
int zone_edit_clear(struct zone_edit *edit) ZT_MUST_CHECK;
/* Applies a changeset strictly: a record to remove that is missing, or one to add that is present, gives ZT_EDIFF. */
int zone_edit_apply(struct zone_edit *edit, const struct changeset *change) ZT_MUST_CHECK;

/* The net difference between the zone's current version and the edit, O(touched names): records removed and added, SOAs included.
 * `out` is initialised by the caller and owns its bytes. */
int zone_edit_changeset(const struct zone_edit *edit, struct changeset *out) ZT_MUST_CHECK;
/* Whether nothing differs from the current version. */
bool zone_edit_is_empty(const struct zone_edit *edit);

/* Makes the edited version the zone's current one; cannot fail; `edit` is gone. Displaced memory is reclaimed after a grace period. */
void zone_edit_publish(struct zone_edit *edit);

/* The net difference from `from` to `to`, which may belong to different zones of one apex (a reloaded file, an AXFR).
 * Subtrees that both share, or whose fingerprints agree, are skipped. */
int zone_diff(const struct zone_version *from, const struct zone_version *to, struct changeset *out) ZT_MUST_CHECK;

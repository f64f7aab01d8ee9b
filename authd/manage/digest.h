/* ZONEMD that is made here (zonemd-generate): each version of the zone has the digest of its own content (RFC 8976), whoever brings the change.
 *
 * The whole zone is hashed for each version; changes that are committed together share it. A signed zone can't be given a record without a signature: it is taken as it is
 * where it has a ZONEMD that is right, and refused where it has not.
 */
#pragma once

#include "authd/manage/manage.h"
#include "lib/zone/edit.h"

/* Gives the edit's content its digest, as far as the zone's settings ask for one. ZT_EZONE: it is signed, and without a right one; what is wrong in `error`. ZT_ENOMEM. */
int digest_make(const struct zone_entry *entry, struct zone_edit *edit, char error[512]) ZT_MUST_CHECK;
/* The same for a change of what is served. An edit that changes nothing else gets a serial of its own where the digest is missing, and stays empty where it is not. */
int digest_renew(const struct zone_entry *entry, struct zone_edit *edit, char error[512]) ZT_MUST_CHECK;
/* Before a content that was read from the file is compared with what is served: the digest in force is no difference. */
int digest_carry(const struct zone_entry *entry, struct zone_edit *edit) ZT_MUST_CHECK;
/* Whether the settings ask for another digest than what is served has, or for none where there is one that was made here. */
bool digest_is_due(struct manage *manage, const struct zone_entry *entry);
/* Keeps in the journal whether what is served has a digest that was made here. */
void digest_note(struct manage *manage, const struct zone_entry *entry);

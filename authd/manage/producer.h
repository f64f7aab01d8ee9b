/* Making catalog zones (RFC 9432): the content of each zone with `catalog: producer` is the list of zones that name it as their catalog-member.
 *
 * The catalog's own content, kept in the journal as every zone's, is what remembers the members' unique labels: a zone that goes on being a member keeps
 * its label over reloads and restarts, one that comes back gets a new one. The content is made by the configuration alone, so that is when this runs.
 */
#pragma once

#include "authd/manage/manage.h"

/* Brings all producers up to the configuration in force. What fails is logged and in the zone's last_error; it is tried again with the next reload. */
void producers_run(struct manage *manage);
/* Zones that the configuration lists in a producer. */
size_t producer_member_count(const struct manage *manage, const struct zone_entry *entry);

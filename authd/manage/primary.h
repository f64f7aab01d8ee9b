/* Telling others: NOTIFY to the servers of a zone's notify list after each change, and what each of them has been seen at.
 *
 * Every zone has one, also a secondary's (chains of secondaries pass the news on). What is still to be told is a queue that survives everything without being
 * written at a commit: for each server the journal has a row with the serial it was last *seen* at, and the version that is served is in the journal too.
 * Who was not seen at that version is to be told of it, after any kind of end. Rows are written behind (primaries_tick), so a crash costs at most that somebody is
 * told once too often.
 *
 * Parts: courier.h sends, standing.h is what is known of a server, hosts.h are the servers of all zones, strangers.c those that are not in a list,
 * peers.h shows it all.
 */
#pragma once

#include "authd/manage/manage.h"
#include "authd/serve/evidence.h"
#include "authd/serve/request.h"

/* Reads what the journal knows of the targets (entry->options->notify); what is not settled is sent at once. */
int primary_new(struct manage *manage, struct zone_entry *entry, struct primary **out) ZT_MUST_CHECK;
/* Puts what is not stored into the journal's hands. NULL is fine. */
void primary_free(struct primary *primary);
/* The entry's options were replaced by a reload: targets that stay keep their state. */
int primary_reconfigure(struct zone_entry *entry) ZT_MUST_CHECK;
/* Stores what was learned of peers since the last time, some thousand rows at once. The caller flushes the journal afterwards. */
void primaries_tick(struct manage *manage);
/* All of it, before the end. */
void primaries_finish(struct manage *manage);

/* A new version of entry->zone is published: NOTIFY leaves before this returns. */
void primary_on_change(struct manage *manage, struct zone_entry *entry);
/* What a peer's question or transfer tells of it. */
void primary_on_evidence(struct manage *manage, struct zone_entry *entry, const struct evidence_subject *subject, const struct evidence *evidence);
/* The mailbox's REQUEST_EVIDENCE; finds the zone. The caller frees the request. */
void primary_on_request(struct manage *manage, const struct request *request);
/* Tells again at once: the target at this address, or with NULL all. Returns how many. */
unsigned primary_requeue(struct zone_entry *entry, const struct netaddr *address);

/* Who waits for the zone's peers (watch.h). */
struct cds_list_head *primary_watches(struct primary *primary);

/* How many targets are known to hold `serial` or newer, out of how many. */
void primary_count_at(const struct zone_entry *entry, uint32_t serial, uint32_t *reached, uint32_t *total);

/* The commit pipeline: the only way a zone's data changes. Check, journal, publish, announce.
 *
 * Whoever has new data (loader, updater, secondary) builds a zone_edit and hands it over. Several edits of different zones share one transaction of
 * the journal, so one wait for the disk; each is checked on its own, and one that breaks a rule does not hold up the others.
 * The durable point is the journal's commit: before it nothing is visible, after it nothing can fail.
 */
#pragma once

#include "authd/manage/manage.h"
#include "lib/zone/edit.h"
#include "lib/zone/journal.h"

struct commit_item {
	struct zone_entry *entry;
	struct zone_edit *edit;               /* taken over: published or aborted, and NULL afterwards */
	enum journal_source source;
	const struct zone_version *base;      /* loader: content of the zone file, and what identifies the file (see struct journal_commit) */
	const uint8_t *origin;
	size_t origin_len;
	const struct journal_state *states;   /* stored in the same transaction */
	size_t state_count;
	bool is_pledged;                      /* pledge.h: nothing is stored now */

	/* Filled by commit_edits. */
	int status;                           /* ZT_EZONE: breaks a rule of the DNS; ZT_ESERIAL: the serial does not move forward (only JOURNAL_AXFR
	                                       * and _REPAIR may replace the content regardless); ZT_ENOSPC, ZT_EIO, ZT_ENOMEM: not stored */
	bool changed;                         /* a new version was published */
	char error[512];                      /* for the log and for people; empty when status is ZT_OK */
};

/* Whether the content of a file or a transfer has the digest that its ZONEMD records state (RFC 8976), as far as the zone's settings want to know; logs what
 * is found. Otherwise ZT_EZONE and what is wrong in `error` (or ZT_ENOMEM). */
int commit_digest_check(struct manage *manage, const struct zone_entry *entry, const struct zone_version *version, char error[512]) ZT_MUST_CHECK;

/* At most one item per zone. A published version makes the zone SERVED_OK, sets loaded_wall and goes to primary_on_change (unless its content and serial are
 * what was served). An edit that changes nothing stores only base and states. Failures are logged here. */
void commit_edits(struct manage *manage, struct commit_item *items, size_t count);

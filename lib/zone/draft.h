/* The records of one name, drawn together until all of them are known: for what builds or compares whole names.
 *
 * Each RRset's rdata are kept in canonical order without duplicates; an RRset keeps the TTL of its first record.
 */
#pragma once

#include "lib/base/buf.h"
#include "lib/zone/changeset.h"
#include "lib/zone/zone.h"

/* One RRset. */
struct draft {
	uint16_t type;
	uint16_t covers;
	uint32_t ttl;
	uint32_t count;
	uint32_t capacity;
	uint32_t *at;              /* in canonical order, where each rdata (length 16, bytes) lies in drafts->rdata; kept for later drafts */
	size_t size;               /* of all */
};

struct drafts {
	struct draft *list;
	unsigned count;
	unsigned capacity;
	struct buf rdata;
};

void drafts_init(struct drafts *drafts);
void drafts_fini(struct drafts *drafts);
/* For the next name. */
void drafts_clear(struct drafts *drafts);
/* Adds a record, whose owner does not matter. *ttl: that of its RRset, which is the record's own where it is the first. ZT_EEXIST: the very record
 * is there already. ZT_ELIMIT: past 65535 records. ZT_ENOMEM. */
int drafts_add(struct drafts *drafts, const struct change_record *record, uint32_t *ttl) ZT_MUST_CHECK;
/* Whether there is a record of the RRset. */
bool drafts_have(const struct drafts *drafts, uint16_t type, uint16_t covers);
/* Adds all records of an RRset. */
int drafts_add_rrset(struct drafts *drafts, const struct rrset *set) ZT_MUST_CHECK;
/* By type and covers, as nodes have them. */
void drafts_sort(struct drafts *drafts);
/* Whether the RRset is the draft; letter case within rdata does not count where it has no meaning. */
bool draft_equals(const struct drafts *drafts, const struct draft *draft, const struct rrset *set);
/* Writes the draft's rdata, draft->size bytes in the form of struct rrset; returns where they end. */
uint8_t *draft_write(const struct drafts *drafts, const struct draft *draft, uint8_t *out);

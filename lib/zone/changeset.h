/* A difference between two versions of a zone: the records removed, then the records added.
 *
 * Records are stored one after another as owner (uncompressed), type, class, TTL, rdata length, rdata: RFC 1035 section 3.2.1 form, network
 * order, so an IXFR answer or a journal row is made by copying. In both lists the SOA, when it changes, is the first record (RFC 1995 section 4).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/buf.h"
#include "lib/base/status.h"

struct changeset {
	struct buf removed;
	struct buf added;
	uint32_t removed_count;
	uint32_t added_count;
};

/* One record of a changeset, borrowed from its bytes. */
struct change_record {
	const uint8_t *owner;
	uint16_t type;
	uint32_t ttl;
	const uint8_t *rdata;
	uint16_t rdata_len;
};

void changeset_init(struct changeset *change);
void changeset_fini(struct changeset *change);
void changeset_clear(struct changeset *change);
/* Sticky: a failure shows in changeset_status. */
void changeset_remove(struct changeset *change, const struct change_record *record);
void changeset_add(struct changeset *change, const struct change_record *record);
int changeset_status(const struct changeset *change) ZT_MUST_CHECK;
bool changeset_is_empty(const struct changeset *change);

/* Steps through one list: size_t pos = 0; while (change_record_next(&change.added, &pos, &record)) …
 * False at the end; bytes that do not parse also end the list (changeset_read has validated them before). */
bool change_record_next(const struct buf *list, size_t *pos, struct change_record *out);

/* Serial of the SOA in a list; false where it holds none. */
bool changeset_from_serial(const struct changeset *change, uint32_t *serial);
bool changeset_to_serial(const struct changeset *change, uint32_t *serial);

/* Joins `next` (which follows) onto `change`, so that `change` covers both with nothing superfluous (RFC 1995 section 5 condensation). */
int changeset_condense(struct changeset *change, const struct changeset *next) ZT_MUST_CHECK;
/* The same for many at a time: `chain` has their lists one behind the other, removed, added, removed, …, each beginning with its SOA; `records` in all. `out` is
 * initialised, and where it fails (ZT_ENOMEM) holds nothing. */
int changeset_condense_chain(const struct buf *chain, size_t records, struct changeset *out) ZT_MUST_CHECK;

/* One self-checking byte string, for the journal. */
int changeset_write(const struct changeset *change, struct buf *out) ZT_MUST_CHECK;
/* ZT_ECORRUPT when the bytes are not a whole changeset. */
int changeset_read(struct changeset *change, const uint8_t *data, size_t len) ZT_MUST_CHECK;

/* The rows of the journal as bytes: keys, values, checksums. Pure; whatever a damaged file holds, reading gives ZT_ECORRUPT.
 *
 * All integers are in network order. A value is its checksum (8 bytes, over key and payload), then the payload:
 *
 *   I                               struct journal_info; part of every transaction
 *   Z apex                          struct journal_meta
 *   F id                            origin of the base, opaque
 *   B id generation chunk           RRsets: owner, then the RRset
 *   O id generation owner type covers   owner as written, length u32 of the base's RRset, that RRset, the current RRset
 *   H id sequence                   struct journal_row_history, then the changeset
 *   T id name                       state, opaque
 *   G number                        garbage: length u16 of the first key, that key, the key after the last
 *
 * An RRset is type u16, covers u16, TTL u32, count u16, size u32, then rdata: length u16 and bytes each. A count of 0 says that there is none of the type.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/buf.h"
#include "lib/base/clock.h"
#include "lib/base/cursor.h"
#include "lib/base/fingerprint.h"
#include "lib/dns/name.h"
#include "lib/zone/journal.h"
#include "lib/zone/zone.h"

enum { JOURNAL_FORMAT = 1, JOURNAL_KEY_MAX = 1 + 4 + 8 + NAME_MAX_LEN + 4, JOURNAL_SUM_LEN = 8 };

/* A key under construction or read. */
struct journal_key {
	size_t len;
	uint8_t bytes[JOURNAL_KEY_MAX];
};

void journal_key_info(struct journal_key *key);
void journal_key_meta(struct journal_key *key, const uint8_t *apex);
void journal_key_origin(struct journal_key *key, uint32_t id);
void journal_key_chunk(struct journal_key *key, uint32_t id, uint64_t generation, uint32_t chunk);
/* The key that all overlay rows of a generation begin with. */
void journal_key_overlays(struct journal_key *key, uint32_t id, uint64_t generation);
void journal_key_overlay(struct journal_key *key, uint32_t id, uint64_t generation, const struct rrset *set, const uint8_t *owner);
void journal_key_history(struct journal_key *key, uint32_t id, uint64_t sequence);
/* `name` may be a prefix. */
void journal_key_state(struct journal_key *key, uint32_t id, const char *name);
void journal_key_garbage(struct journal_key *key, uint64_t number);
/* The first key of a kind ('B', 'O', …) of a zone, and with id + 1 the end of them. */
void journal_key_first(struct journal_key *key, char kind, uint32_t id);

/* Keeps room for the checksum at the start of an empty buffer; journal_row_seal fills it in when the payload is complete. */
void journal_row_begin(struct buf *row);
void journal_row_seal(struct buf *row, const void *key, size_t key_len);
/* Checks the sum and puts a cursor over the payload. ZT_ECORRUPT. */
int journal_row_open(struct rcursor *payload, const void *key, size_t key_len, const void *value, size_t len) ZT_MUST_CHECK;

struct journal_info {
	uint64_t next_number;
	uint64_t transaction;            /* LMDB's number of the transaction that wrote it, which must be the last one */
};

void journal_info_write(struct buf *row, const struct journal_info *info);
/* ZT_EUNSUPPORTED: another format. */
int journal_info_read(struct journal_info *info, struct rcursor *payload) ZT_MUST_CHECK;

/* A fingerprint and which key it was made with. */
struct journal_fingerprint {
	uint32_t key_tag;
	struct fingerprint value;
};

/* What the journal knows of one zone. */
struct journal_meta {
	uint32_t id;                     /* 0: nothing on disk yet */
	bool has_content;
	bool has_origin;                 /* the base is a zone file's content */
	uint8_t source;
	uint32_t serial;
	struct journal_fingerprint fingerprint;
	usec_t wall;
	uint64_t generation;             /* of base and overlay */
	uint32_t chunk_count;
	uint64_t base_bytes;
	uint64_t overlay_count;
	uint64_t overlay_bytes;
	uint32_t first_serial;           /* from_serial of the first history row */
	bool has_first;                  /* first_fingerprint is known; not so in journals of former releases */
	struct journal_fingerprint first_fingerprint;      /* of the content at first_serial */
	uint64_t first_sequence;         /* history rows first .. next - 1 exist */
	uint64_t next_sequence;
	uint64_t history_bytes;
};

void journal_meta_write(struct buf *row, const struct journal_meta *meta);
int journal_meta_read(struct journal_meta *meta, struct rcursor *payload) ZT_MUST_CHECK;

struct journal_row_history {
	struct journal_version version;  /* but bytes */
	uint32_t key_tag;                /* of version.fingerprint */
};

void journal_row_history_write(struct buf *row, const struct journal_row_history *history);
/* Leaves the cursor at the changeset. */
int journal_row_history_read(struct journal_row_history *history, struct rcursor *payload) ZT_MUST_CHECK;

void journal_rrset_write(struct buf *row, const struct rrset *set);
/* set->rdata points into `rdata`, which is cleared first. */
int journal_rrset_read(struct rrset *set, struct rcursor *payload, struct buf *rdata) ZT_MUST_CHECK;
/* An owner name; borrowed from the payload. */
int journal_owner_read(const uint8_t **owner, struct rcursor *payload) ZT_MUST_CHECK;

struct journal_overlay {
	const uint8_t *owner;            /* borrowed from the payload, like the rest */
	const uint8_t *base;             /* an RRset's bytes */
	size_t base_len;
	const uint8_t *current;
	size_t current_len;
};

void journal_overlay_write(struct buf *row, const struct journal_overlay *overlay);
int journal_overlay_read(struct journal_overlay *overlay, struct rcursor *payload) ZT_MUST_CHECK;
/* Whether an RRset's bytes say that there is none. */
bool journal_rrset_is_none(const uint8_t *bytes, size_t len);

/* Rows with first <= key < end are of no use any more and go away little by little. */
struct journal_garbage {
	const uint8_t *first;
	size_t first_len;
	const uint8_t *end;
	size_t end_len;
};

void journal_garbage_write(struct buf *row, const struct journal_garbage *garbage);
int journal_garbage_read(struct journal_garbage *garbage, struct rcursor *payload) ZT_MUST_CHECK;

/* Range-based set reconciliation of two versions of a zone: what goes over the wire (doc/protocol-zonesync.md).
 *
 * The client makes its version equal to the server's. Both look at the zone as the list of its RRsets in canonical order (the apex SOA and ZONEMD and
 * their signatures apart, which are sent as they are). The client cuts its list into 16 ranges and sends each range's count and fingerprint; the server
 * skips those that are the same on its side and cuts each of the others into 16 of its own; and so on in turns, until a range holds at most 16
 * RRsets, or one name: then their short hashes are listed, and what the other side lacks is known. The records themselves travel as ordinary
 * records in the Answer section.
 *
 * Messages are queries of type RECONCILE_TYPE for the zone over TCP or TLS, and their answers. What is special stands in one EDNS option,
 * RECONCILE_OPTION, of both:
 *
 *     query   version u8 (1) | flags u8 | key id u8 | 0 | serial u32 | count u64 | fingerprint 16 | entries
 *     answer  version u8 (1) | flags u8 | status u8 | 0 | digest 48 if the flag says so | entries
 *
 * Serial, count and fingerprint of a query say which version of the server's is meant; with RECONCILE_FIRST the one it has now, whose ZSYNC option,
 * SOA and ZONEMD then come with the answer. An answer may have several messages; the last one says so.
 *
 * Entries (reconcile_entry.h) go through the canonical order, each about the names from the last one's end up to its own.
 *
 * Server: reconcile_server.h; client: reconcile_client.h. Every message is a stranger's.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/cursor.h"
#include "lib/dns/message.h"
#include "lib/xfr/zsync.h"
#include "lib/zone/digest.h"

enum {
	RECONCILE_TYPE = 65377,          /* of the range for private use (RFC 6895 section 3.1) */
	RECONCILE_OPTION = 65378,
	RECONCILE_VERSION = 1,
	RECONCILE_WAYS = 16,             /* ranges that a range is cut into */
	RECONCILE_LEAF = 16,             /* RRsets of a range that is listed */
	RECONCILE_LIST_MAX = 4096,       /* hashes in one list: what one name may have */
	RECONCILE_QUERY_HEAD = 32,
	RECONCILE_ANSWER_HEAD = 4,
	RECONCILE_ROOM = 1024,           /* bytes that messages leave for a signature */
};

enum reconcile_query_flag {
	RECONCILE_FIRST = 1,             /* any version: the one the server has now */
	RECONCILE_DIGEST = 2,            /* the answer is to end with the digest of the server's version */
};

enum reconcile_answer_flag {
	RECONCILE_LAST = 1,              /* nothing more belongs to this answer */
	RECONCILE_HAS_DIGEST = 2,
};

enum reconcile_status {
	RECONCILE_GOES_ON = 0,
	RECONCILE_STALE = 1,             /* the version asked about is gone: begin anew */
	RECONCILE_BUDGET = 2,            /* this costs the server too much: use AXFR */
	RECONCILE_OTHER_KEY = 3,         /* fingerprints are made with another key here: use AXFR */
};

struct reconcile_query {
	uint8_t flags;
	uint8_t key_id;
	uint32_t serial;
	struct zone_summary summary;
	const uint8_t *entries;          /* borrowed */
	size_t entries_len;
};

struct reconcile_answer {
	uint8_t flags;
	uint8_t status;                  /* enum reconcile_status, or a later one */
	struct zone_digest digest;       /* with RECONCILE_HAS_DIGEST */
	const uint8_t *entries;
	size_t entries_len;
};

/* ZT_ENOENT: the message has no such option, or one of another version; ZT_EMALFORMED. */
int reconcile_query_read(const struct edns *edns, struct reconcile_query *out) ZT_MUST_CHECK;
int reconcile_answer_read(const struct edns *edns, struct reconcile_answer *out) ZT_MUST_CHECK;
void reconcile_query_head_write(const struct reconcile_query *query, uint8_t out[RECONCILE_QUERY_HEAD]);
/* Returns how many of the bytes were used: RECONCILE_ANSWER_HEAD, and with RECONCILE_HAS_DIGEST the digest. */
size_t reconcile_answer_head_write(const struct reconcile_answer *answer, uint8_t out[RECONCILE_ANSWER_HEAD + ZONE_DIGEST_LEN]);

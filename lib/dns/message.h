/* Reading DNS messages (RFC 1035 section 4): header, question, OPT; then the records of a section, one at a time.
 *
 * Nothing is allocated and nothing of the message is changed; a struct message borrows the wire bytes. message_read looks at the whole
 * message once, so that later iteration can't meet a broken record boundary (rdata itself is checked by rdata_read).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/dns/edns.h"
#include "lib/dns/name.h"
#include "lib/dns/rcode.h"
#include "lib/dns/rdata.h"
#include "lib/dns/rrtype.h"

enum { MESSAGE_HEADER_LEN = 12, MESSAGE_MAX_LEN = 65535 };

enum message_flag {
	FLAG_QR = 0x8000, FLAG_AA = 0x0400, FLAG_TC = 0x0200, FLAG_RD = 0x0100, FLAG_RA = 0x0080, FLAG_AD = 0x0020, FLAG_CD = 0x0010,
	FLAG_OPCODE_MASK = 0x7800, FLAG_RCODE_MASK = 0x000f,
};

static inline unsigned flags_opcode(uint16_t flags) { return (flags & FLAG_OPCODE_MASK) >> 11; }
static inline uint16_t opcode_flags(unsigned opcode) { return (uint16_t)(opcode << 11 & FLAG_OPCODE_MASK); }

/* For UPDATE the same four are zone, prerequisite, update and additional (RFC 2136). */
enum section { SECTION_QUESTION, SECTION_ANSWER, SECTION_AUTHORITY, SECTION_ADDITIONAL };

struct message {
	const uint8_t *wire;
	size_t len;
	uint16_t id;
	uint16_t flags;
	uint16_t count[4];                  /* by enum section, as the header says */
	uint16_t qtype;                     /* the first question; meaningful when count[SECTION_QUESTION] > 0 */
	uint16_t qclass;
	size_t qname_len;
	size_t section_at[4];               /* offset of each section's first record */
	struct edns edns;                   /* .present tells whether there was an OPT record */
	size_t tsig_at;                     /* offset of the TSIG record (RFC 8945), 0 if none */
	uint8_t qname[NAME_MAX_LEN];        /* last, so that what is used of all this lies close together */
};

/* ZT_ETRUNC: shorter than a header, drop it. ZT_EMALFORMED: id, flags and as much as was readable are set, answer FORMERR
 * (RFC 1035 section 4.1.1); bytes after the last record, two OPTs or a TSIG that is not last are malformed too. */
int message_read(struct message *message, const uint8_t *wire, size_t len) ZT_MUST_CHECK;

/* The response code, with the upper bits of EDNS. */
unsigned message_rcode(const struct message *message);

/* One record as it stands in a message. */
struct record {
	uint8_t owner[NAME_MAX_LEN];
	size_t owner_len;
	uint16_t type;
	uint16_t rr_class;
	uint32_t ttl;                       /* as sent; a TTL with its top bit set means 0 (RFC 2181 section 8), the reader decides */
	uint16_t rdata_len;                 /* still compressed */
	size_t rdata_at;                    /* offset in the message */
	size_t at;                          /* offset of the record itself */
};

struct record_iter {
	struct rcursor cur;
	unsigned left;
};

void record_iter_init(struct record_iter *iter, const struct message *message, enum section section);
/* False at the section's end, and at a record whose owner name has pointers that lead nowhere. */
bool record_iter_next(struct record_iter *iter, struct record *out);
/* After that: whether it was such a record, so that it and those behind it have not been seen. Who needs all records must ask. */
static inline bool record_iter_is_broken(const struct record_iter *iter) { return iter->cur.status != ZT_OK; }

/* The record's rdata, decompressed and checked, appended to `out`. */
int record_rdata(const struct message *message, const struct record *record, struct wcursor *out) ZT_MUST_CHECK;

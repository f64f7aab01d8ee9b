/* Rdata in wire form: validate, decompress, canonicalise, compare, find the names in it; all driven by the descriptor table. */
#pragma once

#include <stdint.h>

#include "lib/base/cursor.h"
#include "lib/dns/name.h"
#include "lib/dns/rrtype.h"

enum { RDATA_MAX_LEN = 65535 };

/* Whether `len` bytes are well-formed, uncompressed rdata of the type. Types without a descriptor accept anything. */
bool rdata_is_valid(uint16_t type, const uint8_t *rdata, size_t len);

/* Reads rdata_len bytes at the cursor of a whole message (cur->base is the message), decompresses and validates them.
 * Writes the uncompressed form to `out` (sticky ZT_ESPACE there when it does not fit) and leaves cur after the rdata.
 * ZT_EMALFORMED or ZT_ETRUNC when the bytes are no rdata of the type. */
int rdata_read(struct rcursor *cur, uint16_t type, uint16_t rdata_len, struct wcursor *out) ZT_MUST_CHECK;

/* Lower-cases the names that canonical form lower-cases (RFC 4034 section 6.2, RFC 6840 section 5.1), in place. Valid rdata only. */
void rdata_canonical(uint16_t type, uint8_t *rdata, size_t len);
/* Canonical order of two valid rdata of one type (RFC 4034 section 6.3); 0 means the same record. */
int rdata_cmp(uint16_t type, const uint8_t *a, size_t a_len, const uint8_t *b, size_t b_len);

/* One field as a walker sees it. */
struct rdata_field {
	char code;                /* of struct rr_descriptor */
	const uint8_t *data;
	size_t len;
};

struct rdata_walk {
	const char *fields;
	const uint8_t *at;
	const uint8_t *end;
};

/* Steps through the fields of valid rdata. */
void rdata_walk_init(struct rdata_walk *walk, uint16_t type, const uint8_t *rdata, size_t len);
bool rdata_walk_next(struct rdata_walk *walk, struct rdata_field *field);

/* The name that additional-section processing follows (NS, MX, SRV, … targets); NULL for other types. Valid rdata only. */
const uint8_t *rdata_target(uint16_t type, const uint8_t *rdata, size_t len);

/* The parts of an SOA's rdata. Names are borrowed. */
struct soa {
	const uint8_t *mname;
	const uint8_t *rname;
	uint32_t serial, refresh, retry, expire, minimum;      /* seconds, but the serial */
};

/* False when the bytes are no SOA rdata. */
bool soa_from_rdata(struct soa *soa, const uint8_t *rdata, size_t len);
/* Overwrites the serial within SOA rdata. */
void soa_set_serial(uint8_t *rdata, size_t len, uint32_t serial);

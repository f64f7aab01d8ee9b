/* What is known of one server's copy of one zone: the serial it was last seen at, and the last transfer it took from us. As a row of the journal's state
 * table it outlives a restart. Small, because there may be millions. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "authd/serve/evidence.h"
#include "lib/base/clock.h"
#include "lib/base/status.h"

struct standing {
	usec_t seen_wall;
	usec_t fetched_wall;
	uint64_t fetched_bytes;
	uint32_t seen_serial;
	uint32_t fetched_serial;
	uint32_t fetched_ms;             /* how long it took */
	uint16_t seen_by;                /* TYPE_SOA (asked by us), TYPE_IXFR or TYPE_AXFR; 0 = never seen */
	uint8_t fetched_type;            /* TYPE_IXFR or TYPE_AXFR, as asked; 0 = never */
	uint8_t fetched_kind;            /* enum transfer_kind */
	uint8_t fetched_reason;          /* enum transfer_reason */
	bool has_seen;
	bool is_dirty;                   /* not stored since */
};

enum { STANDING_ROW_LEN = 48 };

/* `told` is the zone's serial at that time. */
void standing_write(const struct standing *standing, uint32_t told, uint8_t out[STANDING_ROW_LEN]);
/* ZT_ECORRUPT: all zero. */
int standing_read(struct standing *standing, uint32_t *told, const uint8_t *data, size_t len) ZT_MUST_CHECK;

bool standing_has_reached(const struct standing *standing, uint32_t serial);
/* Seen at `serial`, by a question of that type. */
void standing_see(struct standing *standing, uint32_t serial, uint16_t by, usec_t wall);
/* Took a transfer to its end. */
void standing_fetch(struct standing *standing, const struct evidence *evidence, usec_t wall);

/* "ixfr", "ixfr condensed", "axfr", "axfr for ixfr", "reconciliation"; NULL: none. */
const char *standing_transfer_text(const struct standing *standing);
/* Why the whole zone went where the difference was asked for; NULL: it did not. */
const char *standing_reason_text(const struct standing *standing);
/* The members of a row of `peers` that come from here. NULL when memory is out. */
json_t *standing_json(const struct standing *standing);

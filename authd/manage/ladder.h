/* What a secondary tried, step by step, and with what outcome: for `zonectl zone`, and counted over all zones for metrics.
 *
 * A zone keeps its last LADDER_STEPS steps. Confirmations of the same primary in a row are one step, so that they do not push out what was of interest.
 */
#pragma once

#include <jansson.h>
#include <stdint.h>

#include "lib/base/clock.h"
#include "lib/base/netaddr.h"

enum ladder_kind { LADDER_SOA, LADDER_IXFR, LADDER_RECONCILIATION, LADDER_AXFR, LADDER_KINDS };
enum ladder_result {
	LADDER_TAKEN,          /* a version was received and is served */
	LADDER_CURRENT,        /* the primary has what we have */
	LADDER_NEWER,          /* SOA: it has something newer */
	LADDER_OLDER,          /* it has something older */
	LADDER_DIVERGED,       /* it has our serial with other content */
	LADDER_OFFERED,        /* IXFR: no differences lead from ours to its version, but it reconciles */
	LADDER_FAILED,
	LADDER_RESULTS,
};
enum { LADDER_STEPS = 8, LADDER_REASON_SIZE = 200 };

/* Of all zones, since the start. */
struct ladder_counters {
	uint64_t steps[LADDER_KINDS][LADDER_RESULTS];
	uint64_t diverged;     /* primaries found with our serial and other content */
	uint64_t disagreed;    /* the same, where ours is another primary's */
	uint64_t behind;       /* primaries found older than we */
	uint64_t adopted;      /* former versions taken, because the primaries had gone back to them */
	uint64_t expired;      /* zones */
	uint64_t mismatches;   /* reconciliations that did not lead to the primary's version */
};

struct ladder_step {
	enum ladder_kind kind;
	enum ladder_result result;
	struct netaddr from;
	uint32_t serial;       /* the primary's; meaningful unless it failed */
	uint64_t bytes;        /* of messages received */
	usec_t duration;
	usec_t wall;           /* of its end */
};

struct ladder {
	struct ladder_row *rows;      /* ring of LADDER_STEPS; NULL until the first */
	unsigned count, next;
};

const char *ladder_kind_text(enum ladder_kind kind);
const char *ladder_result_text(enum ladder_result result);

void ladder_fini(struct ladder *ladder);
/* reason: "" where there is nothing to say. Without memory the step is counted only. */
void ladder_note(struct ladder *ladder, struct ladder_counters *counters, const struct ladder_step *step, const char *reason);
/* The steps, oldest first; NULL when memory is out. */
json_t *ladder_json(const struct ladder *ladder);

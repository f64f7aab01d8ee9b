/* The option by which an UPDATE says when it wants its answer, and the answer says how far the change has come; see doc/protocol-update-level.md.
 *
 * A private EDNS option. Who does not know it ignores it (RFC 6891 section 6.1.2) and answers as RFC 2136 has it. Pure functions.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/fingerprint.h"
#include "lib/base/status.h"
#include "lib/dns/edns.h"

enum {
	LEVEL_OPTION = 65380,        /* of the range for local use (RFC 6891 section 9) */
	LEVEL_QUESTION_LEN = 12,     /* code and length included, as below */
	LEVEL_ANSWER_LEN = 40,
};

/* How far a change has come; each includes those before. The numbers go over the wire. */
enum level {
	LEVEL_LOCAL,                 /* durable here */
	LEVEL_QUORUM,                /* served by more than half of the zone's servers, this one counted */
	LEVEL_ALL,                   /* served by all that are notified */
	LEVEL_VISIBLE,               /* and no cache that counts TTLs down gives the old data any more */
};

struct level_question {
	enum level level;
	uint32_t timeout_ms;
};

enum level_flag {
	LEVEL_REACHED = 1,           /* what was asked for */
	LEVEL_CROWDED = 2,           /* too many wait already: nobody was waited for */
};

#define LEVEL_UNKNOWN UINT32_MAX

struct level_answer {
	enum level asked;
	enum level reached;
	uint8_t flags;               /* enum level_flag */
	uint32_t serial;             /* the receipt: of the version that has the change, … */
	struct fingerprint fingerprint;      /* … and its content */
	uint16_t confirmed;          /* peers seen at the serial */
	uint16_t total;
	uint32_t visible_in_s;       /* until VISIBLE, where all have it; LEVEL_UNKNOWN where that was not asked for, or not all have it */
	uint32_t waited_ms;
};

/* ZT_ENOENT: there is none, or of a version not known here, which is the same. ZT_EMALFORMED: answer FORMERR. */
int level_question_read(const struct edns *edns, struct level_question *out) ZT_MUST_CHECK;
void level_question_write(const struct level_question *question, uint8_t out[LEVEL_QUESTION_LEN]);
/* False: there is none that can be understood. */
bool level_answer_read(const struct edns *edns, struct level_answer *out);
void level_answer_write(const struct level_answer *answer, uint8_t out[LEVEL_ANSWER_LEN]);

/* "local", "quorum", "all", "visible"; false for anything else. */
bool level_from_text(const char *text, enum level *level);
const char *level_to_text(enum level level);

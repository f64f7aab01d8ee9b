/* From RRsets to the records of a response: writes them once, notes where the TTLs stand, so that the result can be kept as a
 * ready-made message and sent to any client that asks the same.
 */
#pragma once

#include "lib/base/arena.h"
#include "resolverd/cache/messages.h"
#include "resolverd/cache/negative.h"
#include "resolverd/resolve/lookup.h"

enum { RESPOND_MAX_RECORDS = 5500 };      /* more do not fit a message */

/* What a response says. */
struct content {
	enum rcode rcode;
	bool authoritative;
	struct rrset *const *answer;
	unsigned answer_count;
	struct rrset *const *authority;
	unsigned authority_count;
	usec_t authority_expires;         /* caps their lives (RFC 2308); INT64_MAX = no cap */
};

/* A worker's scratch memory. */
struct responder {
	struct arena arena;               /* for one query; reset by its user */
	uint8_t wire[MESSAGE_MAX_LEN];
	struct message_life lives[MESSAGE_MAX_LIVES];
	uint16_t offsets[RESPOND_MAX_RECORDS];
	struct message_draft draft;       /* the last one made; points into the above */
};

struct responder *responder_new(void);
void responder_free(struct responder *responder);

/* Makes responder->draft: the records behind a question for `name`. What does not fit a message is left out and makes it a failure: false. */
bool responder_draft(struct responder *responder, const uint8_t *name, uint16_t type, const struct content *content, bool with_dnssec);
/* Copies the draft's records to `found` as messages_get would, with the TTLs left at `now`. */
void responder_copy(const struct responder *responder, struct message_found *found, usec_t now);

/* Plain DNS questions, many at a time: UDP, repeated when lost; TCP when the answer was cut short; without EDNS where a server can't read it.
 *
 * Blocking, with one poll loop for the whole batch: the slowest server sets the time, not the sum. Answers are only accepted from the
 * address that was asked, with the id and the question that were sent.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/clock.h"
#include "lib/base/netaddr.h"
#include "lib/base/rng.h"
#include "lib/base/status.h"
#include "lib/dns/message.h"

struct asker {
	const struct clock *clock;
	struct secure_rng rng;           /* ids; the kernel picks the ports */
	unsigned timeout_ms;             /* of one try */
	unsigned tries;
};

struct question {
	struct netaddr to;
	const uint8_t *name;             /* borrowed */
	uint16_t type;
	bool recurse;                    /* sets RD; never towards authoritative servers */
	/* the answer: */
	int status;                      /* ZT_OK: message is there; ZT_ETIMEOUT, ZT_EREFUSED (port closed), ZT_EMALFORMED, … */
	double rtt_s;                    /* of the try that was answered */
	unsigned sent, lost;
	uint8_t *wire;                   /* owned; message borrows it */
	struct message message;
};

void asker_init(struct asker *asker, const struct clock *clock, unsigned timeout_ms, unsigned tries);

/* Asks all at once; returns when each is answered or given up. Only memory running out is an error of the batch. */
int ask_all(struct asker *asker, struct question *questions, size_t count) ZT_MUST_CHECK;
/* Frees the answers; the questions can be asked again. */
void ask_free(struct question *questions, size_t count);

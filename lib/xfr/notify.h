/* NOTIFY (RFC 1996): the message with the new SOA in it, the reply, and the machine that tells one target about one zone.
 *
 * The machine's rule: a target is told of the newest serial at once, again with growing pauses (1 to 60 s) until it has acknowledged it, and
 * is *settled* when it has been seen to have it: it asked for IXFR with that serial, or answered a SOA query of ours (a probe). An acknowledgement
 * alone is not evidence: it says only that the message came through. Nor is a transfer that was sent to the end: what came of it a probe tells, soon.
 * A target that answers no probes, but acknowledges that it is told again and does not come for another, is told less and less. Who acknowledged and is still not seen there is told again, after 5 s, then with growing
 * pauses up to a minute. So nobody is left alone for longer than a minute, and a sign of life brings forward what an unanswered message waits for.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/clock.h"
#include "lib/base/rng.h"
#include "lib/base/status.h"
#include "lib/dns/message.h"
#include "lib/zone/zone.h"

/* ---- messages --------------------------------------------------------------------------------------------------------------------- */

struct notify {
	uint8_t apex[NAME_MAX_LEN];    /* lower case */
	bool has_serial;               /* a SOA stood in the answer section (RFC 1996 section 3.7): a hint, not yet a fact */
	uint32_t serial;
};

/* What a NOTIFY says. All borrowed. */
struct notify_out {
	uint16_t id;
	const uint8_t *apex;
	const struct rrset *soa;       /* of the zone; NULL to leave it out */
};

int notify_write(const struct notify_out *notify, uint8_t *out, size_t size, size_t *len) ZT_MUST_CHECK;
/* ZT_EMALFORMED: no NOTIFY we understand (answer FORMERR); ZT_EUNSUPPORTED: a NOTIFY for another type or class (answer NOTIMP). */
int notify_read(const struct message *message, struct notify *out) ZT_MUST_CHECK;
/* The reply: the question back, no records (RFC 1996 section 4.7). */
int notify_reply_write(uint8_t *out, size_t size, const struct message *query, enum rcode rcode, size_t *len) ZT_MUST_CHECK;
/* Whether `message` replies to the NOTIFY of this id and zone. */
bool notify_is_reply(const struct message *message, uint16_t id, const uint8_t *apex);

/* ---- the sender ------------------------------------------------------------------------------------------------------------------- */

enum notify_state {
	NOTIFY_SETTLED,        /* seen at the newest serial, or nothing was ever announced */
	NOTIFY_PENDING,        /* not acknowledged: sent, or to be sent at wake_at */
	NOTIFY_ACKNOWLEDGED,   /* acknowledged, not yet seen at the serial */
};

struct notify_sender {
	enum notify_state state;
	uint32_t serial;               /* the newest to announce; meaningful when has_serial */
	uint32_t seen_serial;          /* what the target was last seen to have */
	bool has_serial, has_seen;
	bool in_flight;                /* the last message has neither been answered nor given up */
	uint32_t flight_serial;        /* what it said */
	bool has_fetched;              /* it took a transfer of … */
	uint32_t fetched_serial;
	bool was_heard;                /* … and has said what it has afterwards */
	unsigned told_since;           /* … and has acknowledged so many messages afterwards */
	bool is_held, held_was_asked;  /* see notify_sender_hold */
	unsigned attempts;             /* of the present serial */
	unsigned unanswered;           /* messages in a row without a good reply, whatever the serial */
	unsigned hurries;              /* signs of life that made it be told or asked earlier, since its last answer */
	unsigned rounds;               /* how often it was told again after an acknowledgement, of the present serial */
	unsigned probes;               /* since the acknowledgement or transfer */
	usec_t probe_pause;            /* until the next one */
	bool probe_answered;           /* the last one */
	unsigned last_rcode;           /* of the last reply */
	usec_t wake_at;                /* call notify_sender_step then; NOTIFY_NEVER = only after an event */
	usec_t announced_at, sent_at, acked_at, seen_at;      /* when last */
	uint64_t sent_count;
};

#define NOTIFY_NEVER INT64_MAX

enum notify_action {
	NOTIFY_WAIT,           /* nothing before wake_at */
	NOTIFY_SEND,           /* send a message with sender->serial and a fresh id; replies to earlier ids count no more */
	NOTIFY_RESEND,         /* send the last message again */
	NOTIFY_PROBE,          /* ask the target for the zone's SOA */
};

/* Nothing of it outlives a restart: the caller keeps what the target was last seen to have, and reports that again (notify_sender_on_evidence) before it announces. */
void notify_sender_init(struct notify_sender *sender);
/* A new version is published. Due at once, unless the last message is still under way: then after its reply, or soon (later where the
 * target has long been silent). */
void notify_sender_announce(struct notify_sender *sender, uint32_t serial, usec_t now);
/* Right after an announcement: others will tell the target, so it is only asked at `until`, and told when it has not got the version by then. Nothing changes
 * where a message of an earlier version is still on its way, or was not answered. */
void notify_sender_hold(struct notify_sender *sender, usec_t until);
/* What to do now. Jitter comes from `rng`. */
enum notify_action notify_sender_step(struct notify_sender *sender, usec_t now, struct rng *rng);
/* The reply to the last message. An rcode other than NOERROR and NOTIMP is no acknowledgement: the target may not be ready yet. */
void notify_sender_on_reply(struct notify_sender *sender, unsigned rcode, usec_t now);
/* The network says that nobody is there. */
void notify_sender_on_unreachable(struct notify_sender *sender, usec_t now);
/* The answer to a probe. */
void notify_sender_on_probe(struct notify_sender *sender, uint32_t serial, usec_t now);
/* The target is there: a message or probe that it has not answered is repeated at `at` (now, or a little later where many are brought forward at
 * once), and pauses begin anew; not more than thrice in vain. Nothing changes where it did answer. */
void notify_sender_on_sign(struct notify_sender *sender, usec_t at);
/* Somebody who may be the target took a transfer: worth asking, or telling again, soon. */
void notify_sender_ask(struct notify_sender *sender, usec_t now);
/* The target was sent a transfer that leads to `serial`, to the end. */
void notify_sender_on_fetched(struct notify_sender *sender, uint32_t serial, usec_t now);
/* The target was seen to hold `serial`. */
void notify_sender_on_evidence(struct notify_sender *sender, uint32_t serial, usec_t now);
/* Tells it again, settled or not. */
void notify_sender_requeue(struct notify_sender *sender, usec_t now);
/* Whether it is known to hold `serial` or a newer one. */
bool notify_sender_has_reached(const struct notify_sender *sender, uint32_t serial);

/* NOTIFY messages and the machine that tells one target about one zone. */
#include "lib/xfr/notify.h"

#include "lib/dns/serial.h"
#include "lib/dns/writer.h"

#define BACKOFF_MAX (60 * USEC_PER_SEC)
#define FLIGHT_HOLDOFF (50 * USEC_PER_MSEC)      /* a new serial waits that long for the reply to the last message … */
#define SILENT_HOLDOFF USEC_PER_SEC              /* … and that long where the target does not answer at all */
#define PROBE_FIRST (50 * USEC_PER_MSEC)         /* evidence by itself commonly comes sooner */
#define HELD_ANSWER (500 * USEC_PER_MSEC)        /* who is asked whether others have told it is told when it does not answer for so long */
#define PROBE_SOON (2 * USEC_PER_MSEC)           /* it has the zone, give it the time to serve it */
#define PROBE_AGAIN USEC_PER_SEC                 /* of one that was told again; longer each time up to … */
#define PROBE_AGAIN_MAX (8 * USEC_PER_SEC)
#define LAGGING_FIRST (5 * USEC_PER_SEC)         /* from the acknowledgement until it is told again */
#define LAGGING_MAX (60 * USEC_PER_SEC)
#define TACITURN_PAUSE (3600 * USEC_PER_SEC)
enum { SILENT_AFTER = 3, TOLD_OFTEN = 5, ROUNDS_MAX = 16, HURRIES_MAX = 3 };

/* ---- messages --------------------------------------------------------------------------------------------------------------------- */

int notify_write(const struct notify_out *notify, uint8_t *out, size_t size, size_t *len)
{
	const struct rrset *soa = notify->soa;
	struct record_out record = { .owner = notify->apex, .type = TYPE_SOA, .rr_class = CLASS_IN };
	struct message_writer writer;

	message_writer_init(&writer, out, size, notify->id, (uint16_t)(opcode_flags(OPCODE_NOTIFY) | FLAG_AA));
	int status = message_write_question(&writer, notify->apex, TYPE_SOA, CLASS_IN);
	if (status == ZT_OK && soa) {
		const uint8_t *at = soa->rdata;
		record.ttl = soa->ttl;
		if (rrset_next(soa, &at, &record.rdata, &record.rdata_len))
			status = message_write_record(&writer, SECTION_ANSWER, &record);
	}
	*len = message_writer_finish(&writer);
	return status;
}

int notify_read(const struct message *message, struct notify *out)
{
	uint8_t rdata[2 * NAME_MAX_LEN + 20];
	struct record_iter iter;
	struct record record;
	struct soa soa;

	if (flags_opcode(message->flags) != OPCODE_NOTIFY || (message->flags & FLAG_QR) || message->count[SECTION_QUESTION] != 1)
		return ZT_EMALFORMED;
	if (message->qtype != TYPE_SOA || message->qclass != CLASS_IN)
		return ZT_EUNSUPPORTED;
	name_copy(out->apex, message->qname);
	name_lower(out->apex);
	out->has_serial = false;
	out->serial = 0;
	record_iter_init(&iter, message, SECTION_ANSWER);
	while (record_iter_next(&iter, &record)) {
		struct wcursor cur = wcursor_over(rdata, sizeof(rdata));
		if (record.type != TYPE_SOA || record.rr_class != CLASS_IN || !name_equal(record.owner, out->apex))
			continue;
		if (record_rdata(message, &record, &cur) != ZT_OK || !soa_from_rdata(&soa, rdata, cur.pos))
			return ZT_EMALFORMED;
		out->has_serial = true;
		out->serial = soa.serial;
	}
	return ZT_OK;
}

int notify_reply_write(uint8_t *out, size_t size, const struct message *query, enum rcode rcode, size_t *len)
{
	struct message_writer writer;
	uint16_t flags = (uint16_t)(FLAG_QR | FLAG_AA | (query->flags & FLAG_OPCODE_MASK) | (rcode & FLAG_RCODE_MASK));
	int status = ZT_OK;

	message_writer_init(&writer, out, size, query->id, flags);
	if (query->count[SECTION_QUESTION] > 0 && query->qname_len > 0)
		status = message_write_question(&writer, query->qname, query->qtype, query->qclass);
	if (status == ZT_OK && query->edns.present) {
		struct edns_out edns = { .udp_size = EDNS_UDP_SIZE, .rcode = rcode };
		status = message_write_edns(&writer, &edns);
	}
	*len = message_writer_finish(&writer);
	return status;
}

bool notify_is_reply(const struct message *message, uint16_t id, const uint8_t *apex)
{
	if (!(message->flags & FLAG_QR) || flags_opcode(message->flags) != OPCODE_NOTIFY || message->id != id)
		return false;
	/* Servers that do not know NOTIFY may leave the question out of their error. */
	if (message->count[SECTION_QUESTION] == 0)
		return message_rcode(message) != RCODE_NOERROR;
	return message->count[SECTION_QUESTION] == 1 && message->qtype == TYPE_SOA && name_equal(message->qname, apex);
}

/* ---- the sender ------------------------------------------------------------------------------------------------------------------- */

void notify_sender_init(struct notify_sender *sender)
{
	*sender = (struct notify_sender){ .state = NOTIFY_SETTLED, .wake_at = NOTIFY_NEVER };
}

static bool is_at_least(uint32_t a, uint32_t b)
{
	return a == b || serial_is_newer(a, b);
}

bool notify_sender_has_reached(const struct notify_sender *sender, uint32_t serial)
{
	return sender->has_seen && is_at_least(sender->seen_serial, serial);
}

static void settle(struct notify_sender *sender)
{
	sender->state = NOTIFY_SETTLED;
	sender->wake_at = NOTIFY_NEVER;
	sender->in_flight = false;
}

/* When the newest serial may be sent: at once, but not on the heels of a message without a reply. */
static usec_t due_at(const struct notify_sender *sender, usec_t now)
{
	if (!sender->in_flight)
		return now;
	usec_t due = sender->sent_at + (sender->unanswered >= SILENT_AFTER ? SILENT_HOLDOFF : FLIGHT_HOLDOFF);
	return due > now ? due : now;
}

void notify_sender_announce(struct notify_sender *sender, uint32_t serial, usec_t now)
{
	bool is_back = sender->has_serial && serial != sender->serial && !serial_is_newer(serial, sender->serial);

	if (sender->has_serial && serial == sender->serial)
		return;
	/* A serial that went back tells that what is known of the target is of another line of versions. */
	if (is_back)
		sender->has_seen = false;
	/* So may be what a target had that was ahead of us. */
	if (sender->has_serial && sender->has_seen && serial_is_newer(sender->seen_serial, sender->serial))
		sender->has_seen = false;
	sender->has_serial = true;
	sender->serial = serial;
	sender->announced_at = now;
	sender->attempts = 0;
	sender->rounds = 0;
	sender->is_held = false;
	if (notify_sender_has_reached(sender, serial)) {
		settle(sender);
		return;
	}
	sender->state = NOTIFY_PENDING;
	sender->wake_at = due_at(sender, now);
}

void notify_sender_hold(struct notify_sender *sender, usec_t until)
{
	if (sender->state != NOTIFY_PENDING || sender->in_flight || sender->attempts > 0 || sender->unanswered > 0)
		return;
	sender->is_held = true;
	sender->held_was_asked = false;
	sender->wake_at = until;
}

/* Jitter only shortens, so that a minute is a minute. */
static usec_t backoff(unsigned attempts, struct rng *rng)
{
	usec_t wait = attempts > 6 ? BACKOFF_MAX : USEC_PER_SEC << (attempts - 1);
	if (wait > BACKOFF_MAX)
		wait = BACKOFF_MAX;
	return wait - wait / 30 - (usec_t)rng_below(rng, (uint64_t)wait / 5);
}

/* What it fetched is what it is to have. */
static bool has_fetched_all(const struct notify_sender *sender)
{
	return sender->has_fetched && is_at_least(sender->fetched_serial, sender->serial);
}

/* It took the transfer, was told again and again since then, has acknowledged that, did not come for another, and answers no probe: it will have it, but nothing
 * proves that (a transfer may be lost on the way, or in a crash). */
static bool is_taciturn(const struct notify_sender *sender)
{
	return has_fetched_all(sender) && !sender->was_heard && sender->told_since >= TOLD_OFTEN;
}

/* When a target that has acknowledged is told again. */
static usec_t lagging_at(const struct notify_sender *sender)
{
	usec_t wait = sender->rounds > 3 ? LAGGING_MAX : LAGGING_FIRST << sender->rounds;

	if (is_taciturn(sender))
		return sender->acked_at + TACITURN_PAUSE;
	return sender->acked_at + (wait < LAGGING_MAX ? wait : LAGGING_MAX);
}

static void probe_schedule(struct notify_sender *sender, usec_t now)
{
	usec_t due = now + sender->probe_pause, last = lagging_at(sender);

	sender->wake_at = due < last ? due : last;
	if (sender->probe_pause < LAGGING_MAX)
		sender->probe_pause *= 2;
}

/* From now on it is asked what it has. */
static void probing_begin(struct notify_sender *sender, usec_t pause, usec_t now)
{
	sender->probes = 0;
	sender->probe_answered = false;
	sender->probe_pause = pause;
	probe_schedule(sender, now);
}

static void acknowledge(struct notify_sender *sender, usec_t now)
{
	usec_t pause = PROBE_FIRST;

	if (sender->rounds > 0)
		pause = sender->rounds > 3 ? PROBE_AGAIN_MAX : PROBE_AGAIN << (sender->rounds - 1);
	sender->state = NOTIFY_ACKNOWLEDGED;
	sender->acked_at = now;
	probing_begin(sender, pause, now);
}

static enum notify_action probe_step(struct notify_sender *sender, usec_t now)
{
	sender->probes++;
	sender->probe_answered = false;
	probe_schedule(sender, now);
	return NOTIFY_PROBE;
}

enum notify_action notify_sender_step(struct notify_sender *sender, usec_t now, struct rng *rng)
{
	if (now < sender->wake_at || sender->state == NOTIFY_SETTLED)
		return NOTIFY_WAIT;
	if (sender->is_held && !sender->held_was_asked) {
		sender->held_was_asked = true;
		sender->wake_at = now + HELD_ANSWER;
		return NOTIFY_PROBE;
	}
	sender->is_held = false;
	if (sender->state == NOTIFY_ACKNOWLEDGED && now < lagging_at(sender))
		return probe_step(sender, now);
	if (sender->state == NOTIFY_ACKNOWLEDGED) {
		sender->state = NOTIFY_PENDING;
		sender->attempts = 0;
		if (sender->rounds < ROUNDS_MAX)
			sender->rounds++;
	}
	bool is_again = sender->attempts > 0;
	sender->attempts++;
	sender->unanswered++;
	sender->in_flight = true;
	sender->flight_serial = sender->serial;
	sender->sent_at = now;
	sender->sent_count++;
	sender->wake_at = now + backoff(sender->attempts, rng);
	return is_again ? NOTIFY_RESEND : NOTIFY_SEND;
}

void notify_sender_on_reply(struct notify_sender *sender, unsigned rcode, usec_t now)
{
	if (!sender->in_flight)
		return;
	sender->in_flight = false;
	sender->hurries = 0;
	sender->last_rcode = rcode;
	bool has_newer = sender->serial != sender->flight_serial;
	if (rcode == RCODE_NOERROR || rcode == RCODE_NOTIMP) {
		sender->unanswered = 0;
		if (sender->told_since < TOLD_OFTEN)
			sender->told_since++;
		if (!has_newer && sender->state == NOTIFY_PENDING)
			acknowledge(sender, now);
	}
	if (has_newer && sender->state == NOTIFY_PENDING)
		sender->wake_at = now;
}

void notify_sender_on_unreachable(struct notify_sender *sender, usec_t now)
{
	if (!sender->in_flight)
		return;
	sender->in_flight = false;
	if (sender->serial != sender->flight_serial && sender->state == NOTIFY_PENDING) {
		usec_t due = sender->sent_at + SILENT_HOLDOFF;
		sender->wake_at = due > now ? due : now;
	}
}

void notify_sender_on_evidence(struct notify_sender *sender, uint32_t serial, usec_t now)
{
	sender->has_seen = true;
	sender->seen_serial = serial;
	sender->seen_at = now;
	if (!sender->has_serial)
		return;
	sender->was_heard = true;
	if (is_at_least(serial, sender->serial)) {
		settle(sender);
	} else if (sender->state == NOTIFY_SETTLED) {
		/* It has lost what it had, and is about to fetch it again. */
		sender->rounds = 0;
		acknowledge(sender, now);
	}
}

void notify_sender_on_fetched(struct notify_sender *sender, uint32_t serial, usec_t now)
{
	sender->has_fetched = true;
	sender->fetched_serial = serial;
	sender->was_heard = false;
	sender->told_since = 0;
	if (!sender->has_serial || sender->state == NOTIFY_SETTLED || !has_fetched_all(sender))
		return;
	/* It need not be told any more. */
	sender->in_flight = false;
	sender->state = NOTIFY_ACKNOWLEDGED;
	sender->acked_at = now;
	probing_begin(sender, PROBE_SOON, now);
}

static void wake_by(struct notify_sender *sender, usec_t at)
{
	if (at < sender->wake_at)
		sender->wake_at = at;
}

/* A message that was just sent may still be answered. */
static usec_t repeated_at(const struct notify_sender *sender, usec_t at)
{
	usec_t earliest = sender->sent_at + SILENT_HOLDOFF;
	return sender->attempts == 0 || at > earliest ? at : earliest;
}

/* A sign that brings nothing forward is not counted: the messages of other zones are answered meanwhile. False also for who lives, but does not answer this;
 * two servers that ask each other would go on for ever. */
static bool hurry(struct notify_sender *sender, usec_t at)
{
	if (at >= sender->wake_at || sender->hurries >= HURRIES_MAX)
		return false;
	sender->hurries++;
	sender->wake_at = at;
	return true;
}

void notify_sender_on_sign(struct notify_sender *sender, usec_t at)
{
	if (sender->state == NOTIFY_PENDING && (sender->in_flight || sender->attempts == 0)) {
		/* It is back: pauses are short again. */
		if (hurry(sender, repeated_at(sender, at)) && sender->attempts > 1)
			sender->attempts = 1;
	} else if (sender->state == NOTIFY_ACKNOWLEDGED && sender->probes > 0 && !sender->probe_answered) {
		if (hurry(sender, at + PROBE_SOON))
			sender->probe_pause = PROBE_FIRST;
	}
}

void notify_sender_ask(struct notify_sender *sender, usec_t now)
{
	if (sender->state == NOTIFY_PENDING) {
		wake_by(sender, repeated_at(sender, now));
	} else if (sender->state == NOTIFY_ACKNOWLEDGED) {
		sender->probe_pause = PROBE_SOON;
		wake_by(sender, now + PROBE_SOON);
	}
}

void notify_sender_on_probe(struct notify_sender *sender, uint32_t serial, usec_t now)
{
	sender->probe_answered = true;
	sender->hurries = 0;
	notify_sender_on_evidence(sender, serial, now);
	if (sender->is_held && sender->state == NOTIFY_PENDING) {      /* nobody else has told it */
		sender->is_held = false;
		wake_by(sender, now);
	}
	/* It lives and has not got it: where it was told long ago, it is told again at once. */
	if (sender->state == NOTIFY_ACKNOWLEDGED)
		wake_by(sender, lagging_at(sender));
}

void notify_sender_requeue(struct notify_sender *sender, usec_t now)
{
	if (!sender->has_serial)
		return;
	sender->state = NOTIFY_PENDING;
	sender->is_held = false;
	sender->attempts = 0;
	sender->rounds = 0;
	sender->has_fetched = false;
	sender->wake_at = due_at(sender, now);
}

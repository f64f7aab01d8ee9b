/* Whose turn it is to ask a server something, and whether it is worth it. */
#include "lib/xfr/errands.h"

#include <assert.h>
#include <urcu/compiler.h>

/* So long after a sign of life silence may still be chance. */
#define LIFE_LASTS (400 * USEC_PER_MSEC)
#define LIFE_LONG_AGO (3600 * USEC_PER_SEC)

/* ---- the queue ---------------------------------------------------------------------------------------------------------------------- */

void errand_queue_init(struct errand_queue *queue)
{
	*queue = (struct errand_queue){ 0 };
	for (unsigned i = 0; i < ERRAND_URGENCIES; i++)
		CDS_INIT_LIST_HEAD(&queue->waiting[i]);
}

void errand_queue_add(struct errand_queue *queue, struct errand *errand, enum errand_urgency urgency)
{
	assert(!errand->is_queued);
	errand->urgency = urgency;
	errand->is_queued = true;
	cds_list_add_tail(&errand->link, &queue->waiting[urgency]);
	queue->count++;
}

void errand_queue_remove(struct errand_queue *queue, struct errand *errand)
{
	if (!errand->is_queued)
		return;
	errand->is_queued = false;
	cds_list_del(&errand->link);
	queue->count--;
}

void errand_queue_urge(struct errand_queue *queue, struct errand *errand, enum errand_urgency urgency)
{
	if (!errand->is_queued || errand->urgency <= urgency)
		return;
	errand_queue_remove(queue, errand);
	errand_queue_add(queue, errand, urgency);
}

/* The most urgent kind, from `from` on, of which somebody waits; ERRAND_URGENCIES when there is none. */
static unsigned kind_next(struct errand_queue *queue, unsigned from)
{
	while (from < ERRAND_URGENCIES && cds_list_empty(&queue->waiting[from]))
		from++;
	return from;
}

struct errand *errand_queue_first(struct errand_queue *queue)
{
	unsigned kind = kind_next(queue, 0), other = kind_next(queue, kind + 1);

	if (kind == ERRAND_URGENCIES)
		return NULL;
	if (queue->favoured >= ERRANDS_FAVOURED && other < ERRAND_URGENCIES)
		kind = other;
	return cds_list_first_entry(&queue->waiting[kind], struct errand, link);
}

struct errand *errand_queue_first_of(struct errand_queue *queue, enum errand_urgency urgency)
{
	return cds_list_empty(&queue->waiting[urgency]) ? NULL : cds_list_first_entry(&queue->waiting[urgency], struct errand, link);
}

struct errand *errand_queue_take(struct errand_queue *queue)
{
	struct errand *errand = errand_queue_first(queue);

	if (!errand)
		return NULL;
	bool is_favoured = kind_next(queue, 0) == errand->urgency && kind_next(queue, errand->urgency + 1U) < ERRAND_URGENCIES;
	queue->favoured = is_favoured ? queue->favoured + 1 : 0;
	errand_queue_remove(queue, errand);
	return errand;
}

/* ---- the gate ----------------------------------------------------------------------------------------------------------------------- */

void errand_gate_init(struct errand_gate *gate, const struct errand_limits *limits, usec_t now)
{
	assert(limits->per_second > 0 && limits->burst > 0 && limits->in_flight > 0);
	*gate = (struct errand_gate){ .limits = *limits, .due = now, .alive_at = now - LIFE_LONG_AGO };
}

static usec_t interval(const struct errand_gate *gate)
{
	usec_t each = USEC_PER_SEC / gate->limits.per_second;
	return each > 0 ? each : 1;
}

/* When the bucket has a token, so to speak. */
static usec_t token_at(const struct errand_gate *gate)
{
	return gate->due - (usec_t)(gate->limits.burst - 1) * interval(gate);
}

enum errand_verdict errand_gate_try(struct errand_gate *gate, usec_t now)
{
	if (!gate->down)
		return ERRAND_GO;
	if (now < gate->probe_at)
		return ERRAND_HOPELESS;
	gate->probe_at = now + ERRANDS_PROBE_PAUSE;
	return ERRAND_GO;
}

enum errand_verdict errand_gate_ask(struct errand_gate *gate, usec_t now)
{
	if (!gate->down && (gate->in_flight >= gate->limits.in_flight || now < token_at(gate)))
		return ERRAND_WAIT;
	if (errand_gate_try(gate, now) == ERRAND_HOPELESS)
		return ERRAND_HOPELESS;
	gate->due = (gate->due > now ? gate->due : now) + interval(gate);
	gate->in_flight++;
	return ERRAND_GO;
}

void errand_gate_done(struct errand_gate *gate)
{
	assert(gate->in_flight > 0);
	gate->in_flight--;
}

usec_t errand_gate_opens_at(const struct errand_gate *gate)
{
	return gate->in_flight >= gate->limits.in_flight ? ERRANDS_NEVER : token_at(gate);
}

bool errand_gate_on_life(struct errand_gate *gate, usec_t now)
{
	bool was_down = gate->was_down;

	gate->alive_at = now;
	gate->was_down = false;
	errand_gate_reset(gate);
	return was_down;
}

static bool silence_add(struct errand_gate *gate, unsigned by, usec_t now)
{
	gate->silent += by;
	if (gate->down || gate->silent < ERRANDS_SILENT_MAX || now - gate->alive_at < LIFE_LASTS)
		return false;
	gate->down = gate->was_down = true;
	gate->probe_at = now + ERRANDS_PROBE_PAUSE;
	return true;
}

bool errand_gate_on_silence(struct errand_gate *gate, usec_t now)
{
	return silence_add(gate, 1, now);
}

bool errand_gate_on_failure(struct errand_gate *gate, usec_t now)
{
	return silence_add(gate, ERRANDS_SILENT_MAX / 2, now);
}

void errand_gate_reset(struct errand_gate *gate)
{
	gate->down = false;
	gate->silent = 0;
}

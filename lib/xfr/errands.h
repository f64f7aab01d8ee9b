/* Whose turn it is to ask a server something, and whether it is worth it: a queue by urgency, and a gate, both for one server.
 *
 * The queue: what a NOTIFY asks for goes ahead of zones that have nothing to serve, these go ahead of what timers want; first come, first served
 * among equals. One turn in ERRANDS_FAVOURED + 1 goes to the less urgent, so that nobody waits for ever.
 *
 * The gate bounds questions: so many a second, a burst of some more, so many without an answer. A server from which nothing comes is *down*: one
 * errand in each ERRANDS_PROBE_PAUSE may try it, the others are told at once that it is hopeless, so that neither do they wait each for its own
 * timeout, nor do their questions add up. Any sign of life ends that.
 *
 * Pure: no sockets, no timers; the clock is an argument. Who uses it asks again when errand_gate_opens_at has come, or a question has ended.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <urcu/list.h>

#include "lib/base/clock.h"

#define ERRANDS_NEVER INT64_MAX
#define ERRANDS_PROBE_PAUSE (500 * USEC_PER_MSEC)
enum {
	ERRANDS_FAVOURED = 7,      /* turns in a row of the more urgent while others wait */
	ERRANDS_SILENT_MAX = 4,    /* questions in a row that were not answered in time; a connection that failed counts as half of that */
};

/* ---- the queue ---------------------------------------------------------------------------------------------------------------------- */

enum errand_urgency {
	ERRAND_NOTIFIED,           /* there is known, or said, to be something newer */
	ERRAND_UNSERVED,           /* the zone has no content, or has expired */
	ERRAND_TIMER,
	ERRAND_URGENCIES,
};

/* Lies in its owner's memory, zeroed at first. */
struct errand {
	struct cds_list_head link;
	enum errand_urgency urgency;
	bool is_queued;
};

struct errand_queue {
	struct cds_list_head waiting[ERRAND_URGENCIES];
	uint32_t count;
	unsigned favoured;         /* turns since a less urgent one, that waited, had one */
};

void errand_queue_init(struct errand_queue *queue);
/* At the end of its kind. It must not be queued. */
void errand_queue_add(struct errand_queue *queue, struct errand *errand, enum errand_urgency urgency);
/* Harmless when it is not queued. */
void errand_queue_remove(struct errand_queue *queue, struct errand *errand);
/* Makes a queued errand more urgent; one that is as urgent already keeps its place. */
void errand_queue_urge(struct errand_queue *queue, struct errand *errand, enum errand_urgency urgency);
/* Whose turn comes next; stays queued. NULL when nobody waits. */
struct errand *errand_queue_first(struct errand_queue *queue);
/* The same among those of one kind. */
struct errand *errand_queue_first_of(struct errand_queue *queue, enum errand_urgency urgency);
/* The same, taken out: its turn has come. */
struct errand *errand_queue_take(struct errand_queue *queue);

/* ---- the gate ----------------------------------------------------------------------------------------------------------------------- */

struct errand_limits {
	unsigned per_second;       /* not 0 */
	unsigned burst;            /* at once after a pause; not 0 */
	unsigned in_flight;        /* without an answer; not 0 */
};

struct errand_gate {
	struct errand_limits limits;
	usec_t due;                /* when the next question would leave if they left evenly */
	unsigned in_flight;
	bool down;
	bool was_down;             /* since the last sign of life */
	unsigned silent;           /* since the last sign of life */
	usec_t alive_at;           /* when that was */
	usec_t probe_at;           /* down: nobody tries before */
};

enum errand_verdict {
	ERRAND_GO,
	ERRAND_WAIT,
	ERRAND_HOPELESS,           /* the server is down, and others find out whether it still is */
};

void errand_gate_init(struct errand_gate *gate, const struct errand_limits *limits, usec_t now);
/* May a question leave now? After ERRAND_GO it is under way, until errand_gate_done. */
enum errand_verdict errand_gate_ask(struct errand_gate *gate, usec_t now);
void errand_gate_done(struct errand_gate *gate);
/* The same for what is bounded otherwise, such as transfers: never ERRAND_WAIT, nothing to be done afterwards. */
enum errand_verdict errand_gate_try(struct errand_gate *gate, usec_t now);
/* When to ask again after ERRAND_WAIT, if no question ends before; ERRANDS_NEVER: when one has ended. */
usec_t errand_gate_opens_at(const struct errand_gate *gate);

/* Something came from the server. True: it was down. */
bool errand_gate_on_life(struct errand_gate *gate, usec_t now);
/* A question was not answered in time. True: the server is down from now on. */
bool errand_gate_on_silence(struct errand_gate *gate, usec_t now);
/* There was no connection to be had. True as above. */
bool errand_gate_on_failure(struct errand_gate *gate, usec_t now);
/* Try again as if nothing had happened; that it was down is told by the next sign of life all the same. */
void errand_gate_reset(struct errand_gate *gate);

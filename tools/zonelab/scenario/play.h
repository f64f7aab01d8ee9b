/* The machine that plays a scenario: which step is next, what is to be asked, which expectations have come true.
 *
 * It knows no clock, socket or process. Whoever runs it does what play_next asks for, tells with play_acted how that ended, with play_seen what came of the
 * questions that play_wants, with play_heard of messages between nodes; `now` is the lab's time since the scenario's begin, never goes back, and passes in small steps.
 * A step that fails ends the scenario: what comes after it is skipped, and so are expectations in the background.
 *
 * An expectation with `within` must become true by then; with `holds-for` it must then stay true so long; with only that, it must be true from the first look on.
 * It has held when all were asked after that time, too, and have answered: a question that is not answered yet may be met with silence.
 * What was asked before the step began does not count.
 */
#pragma once

#include "tools/zonelab/scenario/judge.h"
#include "tools/zonelab/scenario/scenario.h"

enum play_state { PLAY_WAITING, PLAY_OPEN, PLAY_PASSED, PLAY_FAILED, PLAY_SKIPPED };

enum { PLAY_TEXT_SIZE = 600 };

struct play_step {
	enum play_state state;
	usec_t begun, ended;                   /* lab time since the scenario's begin */
	bool is_true;                          /* it has come true, and has to stay so: */
	usec_t true_since;
	uint32_t messages;
	char text[PLAY_TEXT_SIZE];             /* what was seen, or what went wrong */
};

struct play {
	const struct scenario *scenario;
	struct play_step *steps;               /* in the scenario's order */
	struct sight *sights;                  /* in the order of its questions */
	uint32_t next;                         /* the first step that has not begun */
	usec_t ready;                          /* when the step before it ended */
	bool has_failed;
};

/* A scenario that was bound. ZT_ENOMEM. */
int play_init(struct play *play, const struct scenario *scenario) ZT_MUST_CHECK;
void play_fini(struct play *play);

enum play_want {
	PLAY_ACT,      /* do the step, then play_acted */
	PLAY_WAIT,     /* ask what is wanted, and come again, at latest at `until` */
	PLAY_END,
};

struct play_next {
	enum play_want want;
	uint32_t step;
	usec_t until;
};

struct play_next play_next(struct play *play, usec_t now);
/* How a PLAY_ACT ended; `text` says what came of it. */
void play_acted(struct play *play, uint32_t step, bool is_fine, const char *text, usec_t now);
/* Whether somebody wants to know. */
bool play_wants(const struct play *play, uint32_t question);
/* `sight->value` is left out where it is silence; what was said before stays then. */
void play_seen(struct play *play, uint32_t question, const struct sight *sight, usec_t now);

struct play_message {
	const char *kind, *from, *to, *zone;   /* zone NULL where it has none */
	uint64_t bytes;
	usec_t at;
};

void play_heard(struct play *play, const struct play_message *message, usec_t now);
/* The user does not want it any more. */
void play_abandon(struct play *play, const char *why, usec_t now);

/* Playing a scenario. */
#include "tools/zonelab/scenario/play.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

int play_init(struct play *play, const struct scenario *scenario)
{
	*play = (struct play){ .scenario = scenario };
	play->steps = calloc(scenario->step_count, sizeof(*play->steps));
	play->sights = calloc(scenario->question_count + 1, sizeof(*play->sights));
	if (play->steps && play->sights)
		return ZT_OK;
	play_fini(play);
	return ZT_ENOMEM;
}

void play_fini(struct play *play)
{
	free(play->steps);
	free(play->sights);
	*play = (struct play){ 0 };
}

static struct judge judge_of(const struct play *play, uint32_t step)
{
	return (struct judge){
		.questions = play->scenario->questions, .sights = play->sights, .since = play->steps[step].begun, .until = INT64_MAX,
		.messages = play->steps[step].messages,
	};
}

/* What is seen now, as the step's text. */
static void seen_note(struct play *play, uint32_t step, const char *before)
{
	struct judge judge = judge_of(play, step);
	struct buf text;

	buf_init(&text);
	judge_seen_write(&judge, &play->scenario->steps[step].condition, &text);
	snprintf(play->steps[step].text, PLAY_TEXT_SIZE, "%s%.*s", before, (int)text.len, text.data ? (const char *)text.data : "");
	buf_fini(&text);
}

static void rest_skip(struct play *play, const char *why, usec_t now)
{
	for (uint32_t i = 0; i < play->scenario->step_count; i++) {
		struct play_step *step = &play->steps[i];
		if (step->state != PLAY_WAITING && step->state != PLAY_OPEN)
			continue;
		if (step->state == PLAY_WAITING)
			step->begun = now;
		step->state = PLAY_SKIPPED;
		step->ended = now;
		snprintf(step->text, PLAY_TEXT_SIZE, "%s", why);
	}
	play->next = play->scenario->step_count;
}

static void step_end(struct play *play, uint32_t index, bool is_fine, usec_t now)
{
	struct play_step *step = &play->steps[index];

	step->state = is_fine ? PLAY_PASSED : PLAY_FAILED;
	step->ended = now;
	if (!play->scenario->steps[index].is_background)
		play->ready = now;
	if (is_fine)
		return;
	char why[64];
	snprintf(why, sizeof(why), "step %u had failed", index + 1);
	play->has_failed = true;
	rest_skip(play, why, now);
}

static void fail(struct play *play, uint32_t index, const char *why, usec_t now)
{
	seen_note(play, index, why);
	step_end(play, index, false, now);
}

/* By when it has to have come true; what only has to hold is to be seen at all in that time. */
static usec_t deadline_of(const struct play *play, uint32_t index)
{
	const struct step *step = &play->scenario->steps[index];
	return play->steps[index].begun + (step->has_within ? step->within : step->holds);
}

/* Whether it was true for as long as it has to be. A question of that time that is not answered yet may be met with silence: all must have been asked after it,
 * too, when it does not matter any more what they say. */
static bool has_held(const struct play *play, uint32_t index, enum truth truth, usec_t now)
{
	const struct condition *condition = &play->scenario->steps[index].condition;
	const usec_t end = play->steps[index].true_since + play->scenario->steps[index].holds;
	bool is_seen = condition->reference == NO_QUESTION || play->sights[condition->reference].asked >= end;

	for (uint32_t i = 0; i < condition->question_count && is_seen; i++)
		is_seen = play->sights[condition->questions[i]].asked >= end;
	return now >= end && is_seen && (condition->question_count > 0 || truth == TRUTH_YES);
}

static void expectation_look(struct play *play, uint32_t index, usec_t now)
{
	const struct step *step = &play->scenario->steps[index];
	struct play_step *run = &play->steps[index];
	struct judge judge = judge_of(play, index);
	if (run->is_true && step->has_holds)
		judge.until = run->true_since + step->holds;
	enum truth truth = judge_condition(&judge, &step->condition);

	if (truth == TRUTH_YES && !run->is_true) {
		run->is_true = true;
		run->true_since = now;
	}
	if (run->is_true && (!step->has_holds || has_held(play, index, truth, now))) {
		seen_note(play, index, "");
		step_end(play, index, true, now);
	} else if (run->is_true && truth == TRUTH_NO) {
		char why[64];
		snprintf(why, sizeof(why), "no longer true after %.3f s: ", (double)(now - run->true_since) / USEC_PER_SEC);
		fail(play, index, why, now);
	} else if (!run->is_true && truth == TRUTH_NO && !step->has_within) {
		fail(play, index, "not true at the begin: ", now);
	} else if (!run->is_true && now >= deadline_of(play, index)) {
		fail(play, index, "not in time: ", now);
	}
}

/* All that are open. A failure ends them all. */
static void look(struct play *play, usec_t now)
{
	for (uint32_t i = 0; i < play->next; i++) {
		if (play->steps[i].state == PLAY_OPEN && play->scenario->steps[i].kind == STEP_EXPECT)
			expectation_look(play, i, now);
	}
}

static void earlier(usec_t *until, usec_t at)
{
	if (at < *until)
		*until = at;
}

/* Whether the next step has to wait for one that has begun. */
static bool is_busy(const struct play *play, usec_t *until, bool *any)
{
	bool busy = false;

	*any = false;
	for (uint32_t i = 0; i < play->next; i++) {
		const struct step *step = &play->scenario->steps[i];
		const struct play_step *run = &play->steps[i];
		if (run->state != PLAY_OPEN)
			continue;
		*any = true;
		busy = busy || !step->is_background;
		if (step->kind == STEP_EXPECT)
			earlier(until, run->is_true ? run->true_since + step->holds : deadline_of(play, i));
	}
	return busy;
}

static usec_t begin_of(const struct play *play, const struct step *step)
{
	return step->has_at ? step->at : play->ready + (step->has_after ? step->after : 0);
}

struct play_next play_next(struct play *play, usec_t now)
{
	struct play_next next = { .want = PLAY_WAIT, .until = INT64_MAX };
	bool any;

	look(play, now);
	while (!is_busy(play, &next.until, &any) && play->next < play->scenario->step_count) {
		const struct step *step = &play->scenario->steps[play->next];
		usec_t begin = begin_of(play, step);
		if (now < begin) {
			earlier(&next.until, begin);
			return next;
		}
		next.step = play->next++;
		play->steps[next.step].state = PLAY_OPEN;
		play->steps[next.step].begun = now;
		if (step->kind != STEP_EXPECT) {
			next.want = PLAY_ACT;
			next.until = now;
			return next;
		}
		if (step->is_background)      /* what comes next does not wait */
			play->ready = now;
		look(play, now);
	}
	if (!any && play->next == play->scenario->step_count)
		next.want = PLAY_END;
	return next;
}

void play_acted(struct play *play, uint32_t step, bool is_fine, const char *text, usec_t now)
{
	if (play->steps[step].state != PLAY_OPEN)
		return;
	snprintf(play->steps[step].text, PLAY_TEXT_SIZE, "%s", text);
	step_end(play, step, is_fine, now);
}

bool play_wants(const struct play *play, uint32_t question)
{
	for (uint32_t i = 0; i < play->next; i++) {
		const struct condition *condition = &play->scenario->steps[i].condition;
		if (play->steps[i].state != PLAY_OPEN || play->scenario->steps[i].kind != STEP_EXPECT)
			continue;
		if (condition->reference == question)
			return true;
		for (uint32_t k = 0; k < condition->question_count; k++) {
			if (condition->questions[k] == question)
				return true;
		}
	}
	return false;
}

/* A probe's records lie in itself. */
static void probe_copy(struct probe *to, const struct probe *from)
{
	*to = *from;
	for (unsigned i = 0; i < from->count; i++)
		to->rdata[i] = to->bytes + (from->rdata[i] - from->bytes);
}

void play_seen(struct play *play, uint32_t question, const struct sight *sight, usec_t now)
{
	struct sight *kept = &play->sights[question];

	kept->is_known = true;
	kept->asked = sight->asked;
	kept->is_silent = sight->is_silent;
	if (!sight->is_silent) {
		kept->has_value = true;
		probe_copy(&kept->value, &sight->value);
		kept->exit = sight->exit;
		kept->prints = sight->prints;
		snprintf(kept->text, sizeof(kept->text), "%s", sight->text);
	}
	look(play, now);
}

static bool is_about(const struct condition *condition, const struct play_message *message)
{
	return strcasecmp(condition->message, message->kind) == 0 && (!condition->from || strcasecmp(condition->from->name, message->from) == 0) &&
	       (!condition->to || strcasecmp(condition->to->name, message->to) == 0) &&
	       (!condition->zone || (message->zone && strcasecmp(condition->zone->text, message->zone) == 0)) &&
	       (condition->bytes_at_most == 0 || message->bytes <= condition->bytes_at_most);
}

void play_heard(struct play *play, const struct play_message *message, usec_t now)
{
	for (uint32_t i = 0; i < play->scenario->step_count; i++) {
		const struct step *step = &play->scenario->steps[i];
		if (step->kind != STEP_EXPECT || step->condition.kind != CONDITION_MESSAGE || !is_about(&step->condition, message))
			continue;
		const struct play_step *since = &play->steps[step->condition.since];
		if (since->state != PLAY_WAITING && message->at >= since->begun)
			play->steps[i].messages++;
	}
	look(play, now);
}

void play_abandon(struct play *play, const char *why, usec_t now)
{
	if (play->next == play->scenario->step_count && !play->has_failed) {
		bool any;
		usec_t until = INT64_MAX;
		is_busy(play, &until, &any);
		if (!any)
			return;      /* it was over already */
	}
	play->has_failed = true;
	rest_skip(play, why, now);
}

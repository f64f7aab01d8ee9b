/* What came of a scenario. */
#include "tools/zonelab/scenario/report.h"

#include <string.h>

static const char *const state_texts[] = { [PLAY_WAITING] = "waiting", [PLAY_OPEN] = "begun", [PLAY_PASSED] = "passed", [PLAY_FAILED] = "failed",
					   [PLAY_SKIPPED] = "skipped" };

static double seconds(usec_t time)
{
	return (double)time / USEC_PER_SEC;
}

/* "converged … (within 10 s)". */
static void promise_write(FILE *to, const struct step *step)
{
	fprintf(to, "%s %s", step_kind_text(step->kind), step->text);
	if (step->has_within)
		fprintf(to, ", within %g s", seconds(step->within));
	if (step->has_holds)
		fprintf(to, ", for %g s", seconds(step->holds));
	if (step->is_background)
		fputs(", in the background", to);
}

void report_step(FILE *to, const struct play *play, uint32_t index)
{
	const struct step *step = &play->scenario->steps[index];
	const struct play_step *run = &play->steps[index];

	if (run->state == PLAY_SKIPPED || (run->state == PLAY_OPEN && !step->is_background))
		return;
	fprintf(to, "%9.3f  %2u  %-7s ", seconds(run->state == PLAY_OPEN ? run->begun : run->ended), index + 1, state_texts[run->state]);
	promise_write(to, step);
	if (run->state != PLAY_OPEN && step->kind == STEP_EXPECT)
		fprintf(to, ": after %.3f s", seconds(run->ended - run->begun));
	if (run->state == PLAY_FAILED)
		fprintf(to, "\n               %s:%u: %s", play->scenario->file, step->place.line, run->text);
	else if (step->kind == STEP_EXEC && run->text[0])
		fprintf(to, ": %s", run->text);
	fputc('\n', to);
	fflush(to);
}

static uint32_t count_of(const struct play *play, enum play_state state)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < play->scenario->step_count; i++)
		count += play->steps[i].state == state;
	return count;
}

void report_end(FILE *to, const struct play *play)
{
	uint32_t skipped = count_of(play, PLAY_SKIPPED);

	fprintf(to, "%s: %u of %u steps passed", play->has_failed ? "FAILED" : "passed", count_of(play, PLAY_PASSED), play->scenario->step_count);
	if (skipped > 0)
		fprintf(to, ", %u skipped", skipped);
	fputc('\n', to);
}

static json_t *step_json(const struct play *play, uint32_t index)
{
	const struct step *step = &play->scenario->steps[index];
	const struct play_step *run = &play->steps[index];

	return json_pack("{s:i, s:i, s:s?, s:s, s:s, s:s, s:f, s:f, s:s}", "step", (int)index + 1, "line", (int)step->place.line, "name", step->name, "kind",
			 step_kind_text(step->kind), "text", step->text, "state", state_texts[run->state], "begun", seconds(run->begun), "ended",
			 seconds(run->ended), "seen", run->text);
}

json_t *report_json(const struct play *play, const struct report_about *about)
{
	json_t *steps = json_array(), *kinds = json_array();

	for (uint32_t i = 0; i < play->scenario->step_count; i++)
		json_array_append_new(steps, step_json(play, i));
	for (size_t i = 0; i < about->kind_count; i++)
		json_array_append_new(kinds, json_string(about->kinds[i]));
	return json_pack("{s:s, s:s, s:b, s:s, s:f, s:o, s:o}", "scenario", play->scenario->file, "title", play->scenario->title, "passed", !play->has_failed,
			 "mode", about->mode, "speed", about->speed, "kinds", kinds, "steps", steps);
}

/* A cell of a table: no bar, no line's end. */
static void cell_write(FILE *to, const char *text)
{
	for (; *text; text++) {
		if (*text == '|')
			fputc('\\', to);
		fputc(*text == '\n' ? ' ' : *text, to);
	}
}

void report_markdown(FILE *to, const struct play *play, const struct report_about *about)
{
	const struct scenario *scenario = play->scenario;

	fprintf(to, "# %s\n\n", scenario->title);
	if (scenario->teaches)
		fprintf(to, "%s\n\n", scenario->teaches);
	fprintf(to, "`%s`, %s mode, speed %g", scenario->file, about->mode, about->speed);
	for (size_t i = 0; i < about->kind_count; i++)
		fprintf(to, ", %s", about->kinds[i]);
	fputs(". Times are seconds of the lab.\n\n| at | step | | what came of it |\n|---:|---|---|---|\n", to);
	for (uint32_t i = 0; i < scenario->step_count; i++) {
		const struct step *step = &scenario->steps[i];
		const struct play_step *run = &play->steps[i];
		fprintf(to, "| %.3f | %s ", seconds(run->begun), step_kind_text(step->kind));
		cell_write(to, step->text);
		fprintf(to, " | %s | ", state_texts[run->state]);
		if (step->kind == STEP_EXPECT && run->state != PLAY_SKIPPED)
			fprintf(to, "after %.3f s: ", seconds(run->ended - run->begun));
		cell_write(to, run->text);
		fputs(" |\n", to);
	}
	fputc('\n', to);
	report_end(to, play);
}
